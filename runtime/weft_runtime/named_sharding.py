"""A value laid over the devices of a mesh: each of its axes split over axes of the mesh."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from weft_runtime import pjrt
from weft_runtime.mesh import Mesh
from weft_runtime.partition_spec import PartitionSpec
from weft_runtime.sharding import Sharding


class NamedSharding(Sharding):
    """Axis i of a value is split over the axes of `mesh` that entry i of `spec` names; over others it is copied."""

    __slots__ = ("_impls", "mesh", "spec")
    _known: ClassVar[dict[Any, NamedSharding]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    mesh: Mesh
    spec: PartitionSpec
    _impls: dict[int, Any]

    def __new__(
        cls,
        mesh: Mesh,
        spec: PartitionSpec,
        *,
        memory_kind: str | None = None,
        _logical_device_ids: Any = None,
    ) -> NamedSharding:
        known = cls._known.get((mesh, spec, memory_kind))
        if known is not None:
            return known
        if not isinstance(mesh, Mesh):
            raise TypeError(f"NamedSharding: expected a Mesh, got {type(mesh).__name__}")
        if not isinstance(spec, PartitionSpec):
            raise TypeError(
                f"NamedSharding: expected a PartitionSpec, got {type(spec).__name__} {spec!r:.80}"
            )
        _check_names(mesh, spec)
        kind = mesh.devices.flat[0].default_memory().kind
        if memory_kind not in (None, kind):
            raise NotImplementedError(
                f"NamedSharding: arrays over several devices are in their own memory, {kind!r}, not {memory_kind!r}"
            )
        with cls._lock:
            self = cls._known.get((mesh, spec, kind))
            if self is None:
                self = object.__new__(cls)
                self.mesh, self.spec = mesh, spec
                self.devices, self.memory_kind = mesh.flat, kind
                self._impls = {}
                cls._known[mesh, spec, kind] = self
            cls._known[mesh, spec, memory_kind] = self
        return self

    def impl_for(self, ndim: int) -> Any:
        found = self._impls.get(ndim)
        if found is None:
            tiles, order = self.tiles(ndim), self._axis_order(ndim)
            copies = self.num_devices // math.prod(tiles)
            made = pjrt.tiled_sharding(
                self.devices, tiles, copies, self.mesh.axis_sizes, order, self.memory_kind
            )
            found = self._impls[ndim] = made
        return found

    def axes(self, ndim: int) -> tuple[tuple[Any, ...], ...]:
        """For each axis of a value the mesh axes that it is split over; ValueError if the spec has more entries."""
        names = self.spec.names()
        if len(names) > ndim:
            raise ValueError(
                f"Sharding {self} is only valid for values of rank at least {len(names)}, but was applied to a "
                f"value of rank {ndim}"
            )
        return names + ((),) * (ndim - len(names))

    def tiles(self, ndim: int) -> tuple[int, ...]:
        """How many parts each axis of a value is cut into."""
        sizes = self.mesh.shape
        return tuple(math.prod(sizes[name] for name in names) for names in self.axes(ndim))

    def _axis_order(self, ndim: int) -> tuple[int, ...]:
        """Mesh axes by number: those of the first array axis, of the second, …, those that are not used."""
        used = [self.mesh.axis_names.index(name) for names in self.axes(ndim) for name in names]
        return (*used, *(i for i in range(self.mesh.devices.ndim) if i not in used))

    @property
    def is_fully_replicated(self) -> bool:
        return math.prod(self.tiles(len(self.spec))) == 1

    @property
    def whole(self) -> NamedSharding:
        return replicated(self.mesh)

    def with_memory_kind(self, kind: str) -> NamedSharding:
        return NamedSharding(self.mesh, self.spec, memory_kind=kind)

    def update(self, **changes: Any) -> NamedSharding:
        """The sharding with another `mesh` or `spec`."""
        return NamedSharding(changes.get("mesh", self.mesh), changes.get("spec", self.spec))

    def shard_shape(self, global_shape: Sequence[int]) -> tuple[int, ...]:
        shape, tiles = tuple(global_shape), self.tiles(len(global_shape))
        for axis, (size, count) in enumerate(zip(shape, tiles, strict=True)):
            if size % count:
                raise ValueError(
                    f"Sharding {self} implies that array axis {axis} is partitioned {count} times, but the "
                    f"dimension size is {size} (full shape: {shape}, per-dimension tiling factors: "
                    f"{list(tiles)} should evenly divide the shape)"
                )
        return tuple(size // count for size, count in zip(shape, tiles, strict=True))

    def devices_indices_map(self, global_shape: Sequence[int]) -> dict[pjrt.Device, tuple[slice, ...]]:
        shape = self.shard_shape(global_shape)
        tiles = self.tiles(len(shape))
        return {
            device: tuple(
                slice(None) if count == 1 else slice(int(i) * size, (int(i) + 1) * size)
                for i, size, count in zip(place, shape, tiles, strict=True)
            )
            for device, place in zip(self.devices, self.places(len(shape)), strict=True)
        }

    def places(self, ndim: int) -> np.ndarray:
        """For each device, the number of its part along each axis of a value."""
        mesh = self.mesh
        columns = []
        for names in self.axes(ndim):
            number = np.zeros(mesh.axis_sizes, np.int64)
            for name in names:
                axis = mesh.axis_names.index(name)
                shape = [1] * mesh.devices.ndim
                shape[axis] = -1
                number = number * mesh.axis_sizes[axis] + np.arange(mesh.axis_sizes[axis]).reshape(shape)
            columns.append(number.reshape(-1))
        return np.stack(columns, axis=1) if columns else np.zeros((mesh.size, 0), np.int64)

    def is_equivalent_to(self, other: Sharding, ndim: int) -> bool:
        if isinstance(other, NamedSharding):
            return self.devices == other.devices and bool(np.all(self.places(ndim) == other.places(ndim)))
        return self.num_devices == 1 and self.devices == other.devices

    def __reduce__(self) -> Any:
        raise TypeError("a NamedSharding names devices of this process and cannot be pickled")

    def __repr__(self) -> str:
        return f"NamedSharding(mesh={self.mesh!s}, spec={self.spec!r}, memory_kind={self.memory_kind})"


def _check_names(mesh: Mesh, spec: PartitionSpec) -> None:
    if any(part is PartitionSpec.UNCONSTRAINED for part in spec):
        raise NotImplementedError(f"NamedSharding: {spec} leaves an axis open; say for each axis how it lies")
    seen: set[Any] = set()
    for names in spec.names():
        for name in names:
            if name not in mesh.axis_names:
                raise ValueError(f"Resource axis: {name} of {spec} is not found in mesh: {mesh.axis_names}.")
            if name in seen:
                raise ValueError(
                    "A single NamedSharding spec specification can map every mesh axis to at most one positional "
                    f"dimension, but {spec} has duplicate entries for `{name}`"
                )
            seen.add(name)


def replicated(mesh: Mesh) -> NamedSharding:
    """The whole value on every device of a mesh."""
    return NamedSharding(mesh, PartitionSpec())


def spec_of_tiles(mesh: Mesh, tiles: Sequence[int], numbers: np.ndarray) -> PartitionSpec | None:
    """The spec of a layout in which device k of the mesh has the part `numbers[k]`; None if no spec is this."""

    def extended(axis: int, chosen: tuple[tuple[Any, ...], ...]) -> PartitionSpec | None:
        if axis == len(tiles):
            spec = PartitionSpec(*_without_trailing(chosen))
            made = NamedSharding(mesh, spec)
            return spec if np.array_equal(made.places(len(tiles)), numbers) else None
        free = [n for n in mesh.axis_names if all(n not in names for names in chosen)]
        for names in _products(mesh, free, tiles[axis]):
            found = extended(axis + 1, (*chosen, names))
            if found is not None:
                return found
        return None

    return extended(0, ())


def _without_trailing(names: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    while names and not names[-1]:
        names = names[:-1]
    return names


def _products(mesh: Mesh, free: Sequence[Any], size: int) -> list[tuple[Any, ...]]:
    """Ordered choices of mesh axes, larger than 1, whose sizes multiply to `size`."""
    if size == 1:
        return [()]
    found: list[tuple[Any, ...]] = []
    for name in free:
        count = mesh.shape[name]
        if count > 1 and size % count == 0:
            rest = [n for n in free if n != name]
            found.extend((name, *more) for more in _products(mesh, rest, size // count))
    return found
