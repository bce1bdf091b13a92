"""What is known of an array without looking at its elements, interned so that `is` means equal."""

from __future__ import annotations

import math
import operator
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from weft_runtime import pjrt
from weft_runtime.sharding import Sharding


@runtime_checkable
class ExtendedDtype(Protocol):
    """A dtype whose element is a small array of a plain one, such as a PRNG key (`uint32[2]`).

    It must be hashable and carry a `name`. The memory of an array has the shape `shape + physical_shape`.
    """

    name: str
    itemsize: int
    physical_dtype: np.dtype
    physical_shape: tuple[int, ...]


Dtype = np.dtype | ExtendedDtype
Shape = tuple[int, ...]

_SHORT = (("bfloat", "bf"), ("float", "f"), ("complex", "c"), ("uint", "u"), ("int", "i"))


class Spec:
    """Shape, dtype, sharding, weak type and whether the array is committed to its devices.

    Equal specs are one object, so a tuple of specs is a cache key that is hashed and compared by address.
    They are never freed: a program has few.

    `physical_shape` and `physical_dtype` are what the memory holds; they differ for an extended dtype only.
    `physical` says it to jaxlib. `handler` turns the output of an execution into the buffer of such an `Array`.
    """

    __slots__ = (
        "__weakref__",
        "committed",
        "dtype",
        "handler",
        "ndim",
        "on_host",
        "physical",
        "physical_dtype",
        "physical_shape",
        "shape",
        "sharding",
        "size",
        "weak_type",
    )
    _known: ClassVar[dict[tuple[Shape, Dtype, Sharding, bool, bool], Spec]] = {}

    shape: Shape
    dtype: Dtype
    sharding: Sharding
    weak_type: bool
    committed: bool
    ndim: int
    size: int
    on_host: bool
    physical_shape: Shape
    physical_dtype: np.dtype
    physical: Spec | pjrt.Aval
    handler: Any  # jaxlib's ResultHandler, which has no stubs

    def __new__(
        cls, shape: Shape, dtype: Dtype, sharding: Sharding, weak_type: bool = False, committed: bool = False
    ) -> Spec:
        known = cls._known.get((shape, dtype, sharding, weak_type, committed))
        if known is not None:
            return known
        shape, dtype = tuple(map(operator.index, shape)), _native(dtype)
        key = (shape, dtype, sharding, bool(weak_type), bool(committed))
        known = cls._known.get(key)
        return known if known is not None else cls._known.setdefault(key, cls._make(*key))

    @classmethod
    def _make(cls, shape: Shape, dtype: Dtype, sharding: Sharding, weak_type: bool, committed: bool) -> Spec:
        self = object.__new__(cls)
        self.shape, self.dtype, self.sharding = shape, dtype, sharding
        self.weak_type, self.committed = weak_type, committed
        self.ndim, self.size = len(shape), math.prod(shape)
        self.on_host = all(device.platform == "cpu" for device in sharding.devices)
        if isinstance(dtype, np.dtype):
            self.physical_shape, self.physical_dtype, self.physical = shape, dtype, self
        else:
            self.physical_shape = shape + tuple(dtype.physical_shape)
            self.physical_dtype = np.dtype(dtype.physical_dtype)
            self.physical = pjrt.Aval(self.physical_shape, self.physical_dtype, self)
        self.handler = pjrt.result_handler(
            self.physical, sharding.impl_for(len(self.physical_shape)), committed
        )
        return self

    @property
    def is_extended(self) -> bool:
        """Whether the dtype is an extended one."""
        return self.physical is not self

    def update(self, **changes: Any) -> Spec:
        """The spec that differs from this one in `changes` (shape, dtype, sharding, weak_type, committed)."""
        fields = dict(
            shape=self.shape,
            dtype=self.dtype,
            sharding=self.sharding,
            weak_type=self.weak_type,
            committed=self.committed,
        )
        return Spec(**{**fields, **changes})

    @property
    def long_name(self) -> str:
        """As in `float32[8,4]`."""
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"

    def __str__(self) -> str:
        """As in `f32[8,4]`."""
        return f"{_short(self.dtype)}[{','.join(map(str, self.shape))}]"

    def __repr__(self) -> str:
        extra = ", weak_type=True" * self.weak_type + ", committed=True" * self.committed
        return f"Spec({self}, {self.sharding}{extra})"

    def __reduce__(self) -> Any:
        raise TypeError("a Spec names devices of this process and cannot be pickled; pickle the array")


def _native(dtype: Any) -> Dtype:
    if isinstance(dtype, ExtendedDtype):
        return dtype
    dtype = np.dtype(dtype)
    if dtype.kind in "OSUMm" or dtype.names is not None:
        raise TypeError(f"dtype {dtype} has no form on a device")
    return dtype.newbyteorder("=")


def _short(dtype: Dtype) -> str:
    name = dtype.name
    for long, short in _SHORT:
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name
