"""Devices in rows and columns: an array of devices whose axes have names."""

from __future__ import annotations

import enum
import math
import operator
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from weft_runtime import pjrt
from weft_runtime.devices import local_devices

_NAME = re.compile(r"[\w.\-]+")


class AxisType(enum.Enum):
    """Who says how arrays lie along an axis of a mesh.

    Auto: the compiler, for all that is not said. Manual: the function itself, in `shard_map`.
    """

    Auto = enum.auto()
    Explicit = enum.auto()
    Manual = enum.auto()

    def __repr__(self) -> str:
        return self.name


class Mesh:
    """An array of devices; `axis_names` has a name for each of its axes. Equal meshes are one object."""

    __slots__ = ("__weakref__", "axis_names", "axis_types", "devices", "number")
    _known: ClassVar[dict[Any, Mesh]] = {}
    _by_symbol: ClassVar[dict[str, Mesh]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    devices: np.ndarray
    axis_names: tuple[Any, ...]
    axis_types: tuple[AxisType, ...]
    number: int

    def __new__(cls, devices: Any, axis_names: Any, axis_types: Any = None) -> Mesh:
        grid = np.array(devices, dtype=object)
        names = (axis_names,) if isinstance(axis_names, str) else tuple(axis_names)
        if grid.ndim != len(names):
            raise ValueError(
                "Mesh requires the ndim of its first argument (`devices`) to equal the length of its second "
                f"argument (`axis_names`), but got devices.ndim == {grid.ndim} and len(axis_names) == {len(names)}."
            )
        if len(set(names)) < len(names):
            raise ValueError(f"Mesh axis names must be unique. Got {names}")
        for name in names:
            if isinstance(name, str) and not _NAME.fullmatch(name):
                raise ValueError(f"Mesh axis names must be letters, digits, _, - and dots. Got {name!r}")
        flat = tuple(grid.flat)
        for device in flat:
            if not isinstance(device, pjrt.Device):
                raise TypeError(f"Mesh: expected devices, got {type(device).__name__} {device!r:.80}")
        if len(set(flat)) < len(flat):
            raise ValueError("Mesh: a device comes twice")
        types = _axis_types(axis_types, names)
        key = (flat, grid.shape, names, types)
        with cls._lock:
            self = cls._known.get(key)
            if self is None:
                self = cls._known[key] = object.__new__(cls)
                grid.flags.writeable = False
                self.devices, self.axis_names, self.axis_types = grid, names, types
                self.number = len(cls._known)
                cls._by_symbol[self.symbol] = self
        return self

    @property
    def axis_sizes(self) -> tuple[int, ...]:
        return self.devices.shape

    @property
    def shape(self) -> OrderedDict[Any, int]:
        """Sizes by name."""
        return OrderedDict(zip(self.axis_names, self.devices.shape, strict=True))

    @property
    def shape_tuple(self) -> tuple[tuple[Any, int], ...]:
        return tuple(self.shape.items())

    @property
    def size(self) -> int:
        return self.devices.size

    @property
    def empty(self) -> bool:
        return not self.axis_names

    @property
    def device_ids(self) -> np.ndarray:
        ids = [device.id for device in self.devices.flat]
        return np.array(ids, dtype=np.int64).reshape(self.devices.shape)

    @property
    def flat(self) -> tuple[pjrt.Device, ...]:
        """The devices, row by row."""
        return tuple(self.devices.flat)

    @property
    def symbol(self) -> str:
        """The name of the mesh in programs of this process."""
        return f"mesh{self.number}"

    @classmethod
    def of_symbol(cls, symbol: str) -> Mesh:
        """The mesh of this process that programs call so; raises LookupError where there is none."""
        try:
            return cls._by_symbol[symbol]
        except KeyError:
            raise LookupError(f"mesh {symbol} is of the process that made this program") from None

    @property
    def whole(self) -> Any:
        """The sharding that puts whole values on every device."""
        from weft_runtime.named_sharding import replicated  # it imports this module

        return replicated(self)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the axes in programs."""
        return tuple(name if isinstance(name, str) else f"axis.{i}" for i, name in enumerate(self.axis_names))

    @property
    def text(self) -> str:
        """The axes as programs declare them: `"x"=4, "y"=2`."""
        return ", ".join(f'"{label}"={n}' for label, n in zip(self.labels, self.axis_sizes, strict=True))

    @property
    def local_devices(self) -> list[pjrt.Device]:
        """Those of this process."""
        return [d for d in self.devices.flat if d.process_index == d.client.process_index()]

    @property
    def is_multi_process(self) -> bool:
        return len(self.local_devices) < self.size

    def __reduce__(self) -> Any:
        raise TypeError("a Mesh names devices of this process and cannot be pickled")

    def __str__(self) -> str:
        sizes = ", ".join(f"{name!r}: {size}" for name, size in self.shape.items())
        return f"Mesh({sizes}, axis_types=({', '.join(map(repr, self.axis_types))}{',' * (len(self.axis_types) == 1)}))"

    def __repr__(self) -> str:
        types = f"({', '.join(map(repr, self.axis_types))}{',' * (len(self.axis_types) == 1)})"
        return f"Mesh(axis_sizes={self.axis_sizes}, axis_names={self.axis_names}, axis_types={types})"


def _axis_types(given: Any, names: Sequence[Any]) -> tuple[AxisType, ...]:
    types = (AxisType.Auto,) * len(names) if given is None else given
    types = (types,) * len(names) if isinstance(types, AxisType) else tuple(types)
    if len(types) != len(names):
        raise ValueError(f"Mesh: axis_types {types} must have one entry for each of {len(names)} axes")
    for kind in types:
        if not isinstance(kind, AxisType):
            raise TypeError(f"Mesh: axis_types must be AxisType, got {kind!r}")
        if kind is not AxisType.Auto:
            raise NotImplementedError(
                f"Mesh: axes of type {kind.name} are not there: types of arrays say nothing of shardings\n"
                "  try AxisType.Auto, or shard_map for a function of one device's part"
            )
    return types


def make_mesh(
    axis_shapes: Sequence[int],
    axis_names: Sequence[str],
    axis_types: tuple[AxisType, ...] | None = None,
    *,
    devices: Sequence[pjrt.Device] | None = None,
) -> Mesh:
    """A mesh of the sizes `axis_shapes` of the first of the devices, in the order in which they are listed.

    Raises: ValueError if there are too few devices, or not one name for each size.
    """
    shape = tuple(map(operator.index, axis_shapes))
    if len(shape) != len(tuple(axis_names)):
        raise ValueError(
            f"Number of axis names should match the number of axis_shapes. Got axis_shapes={shape} and "
            f"axis_names={tuple(axis_names)}."
        )
    found = list(local_devices() if devices is None else devices)
    count = math.prod(shape)
    if len(found) < count:
        raise ValueError(f"Number of devices {len(found)} must be >= the product of mesh_shape {shape}")
    grid = np.empty(count, dtype=object)
    grid[:] = found[:count]
    return Mesh(grid.reshape(shape), axis_names, axis_types)
