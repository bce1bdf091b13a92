"""`Array`: an immutable value on a device, computed asynchronously.

Operators and NumPy methods are attached by the frontend; what is here needs no computation.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from weft_runtime import pjrt
from weft_runtime.array_text import array_repr
from weft_runtime.reading import address, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weft_runtime.layout import Format
    from weft_runtime.sharding import Sharding
    from weft_runtime.shards import Shard
    from weft_runtime.spec import Dtype, Shape, Spec


class Array:
    """A spec (what is known without the elements) and jaxlib's buffer. Made by the runtime, not by users."""

    __slots__ = ("__weakref__", "_b", "spec")

    __array_priority__ = 100  # numpy leaves `ndarray + Array` to Array
    __hash__ = None  # type: ignore[assignment]  # equality is elementwise

    def __init__(self, spec: Spec, buffer: pjrt.ArrayImpl):
        self.spec = spec
        self._b = buffer

    # What is known without the elements

    @property
    def shape(self) -> Shape:
        return self.spec.shape

    @property
    def dtype(self) -> Dtype:
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        return self.spec.ndim

    @property
    def size(self) -> int:
        return self.spec.size

    @property
    def itemsize(self) -> int:
        return self.spec.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.spec.size * self.spec.dtype.itemsize

    @property
    def weak_type(self) -> bool:
        """Whether the dtype gives way to that of the other operand, as that of a Python number does."""
        return self.spec.weak_type

    @property
    def aval(self) -> Spec:
        return self.spec

    @property
    def sharding(self) -> Sharding:
        return self.spec.sharding

    @property
    def committed(self) -> bool:
        """Whether the array was put on its device on purpose, so that computations must follow it there."""
        return self.spec.committed

    @property
    def device(self) -> pjrt.Device | Sharding:
        devices = self.spec.sharding.devices
        return devices[0] if len(devices) == 1 else self.spec.sharding

    def devices(self) -> set[pjrt.Device]:
        return self.spec.sharding.device_set

    @property
    def is_fully_addressable(self) -> bool:
        return self.spec.sharding.is_fully_addressable

    @property
    def is_fully_replicated(self) -> bool:
        return self.spec.sharding.is_fully_replicated

    def platform(self) -> str:
        """The kind of device that it is on: cpu, gpu, ..."""
        return self.spec.sharding.devices[0].platform

    @property
    def format(self) -> Format:
        """How the elements lie in memory, and where."""
        from weft_runtime.layout import format_of

        return format_of(self)

    @property
    def traceback(self) -> Any:  # jaxlib's Traceback, or None
        """Where in Python the array was made."""
        return pjrt.made_at(self._live())

    @property
    def flat(self) -> NoReturn:
        raise NotImplementedError("weft arrays do not implement the arr.flat property: use arr.flatten().")

    @property
    def device_buffer(self) -> NoReturn:
        raise AttributeError("arr.device_buffer has been removed: use arr.addressable_data(0)")

    @property
    def device_buffers(self) -> NoReturn:
        raise AttributeError(
            "arr.device_buffers has been removed: use [x.data for x in arr.addressable_shards]"
        )

    # Life of the buffer

    def is_deleted(self) -> bool:
        return self._b.is_deleted()

    def delete(self) -> None:
        """Free the memory now. Every later use of the array is an error."""
        self._b.delete()

    def _live(self) -> pjrt.ArrayImpl:
        """The buffer. Some jaxlib versions crash when a deleted one is used."""
        if self._b.is_deleted():
            raise RuntimeError(f"Array has been deleted with shape={self.spec.long_name}.")
        return self._b

    def is_ready(self) -> bool:
        """Whether the value has been computed."""
        return self._live().is_ready()

    def block_until_ready(self) -> Array:
        """Wait until the value has been computed, and return the array."""
        self._live().block_until_ready()
        return self

    def copy_to_host_async(self) -> None:
        """Start the transfer to the host, so that a later read finds it done."""
        buffer = self._live()
        if not self.spec.on_host:
            pjrt.start_host_copy(buffer)

    def on_device_size_in_bytes(self) -> int:
        return self._live().on_device_size_in_bytes()

    def unsafe_buffer_pointer(self) -> int:
        """Address of the elements on the device, once they are there. It is valid while the array lives."""
        return address(self._live(), self.spec)

    @property
    def addressable_shards(self) -> list[Shard]:
        """The parts of the array on this process's devices."""
        from weft_runtime.shards import shards_of  # it imports this module

        return shards_of(self)

    @property
    def global_shards(self) -> list[Shard]:
        return self.addressable_shards

    def addressable_data(self, index: int) -> Array:
        return self.addressable_shards[index].data

    # Reading the elements

    @property
    def _value(self) -> np.ndarray:
        """The elements as a read-only numpy array: on the CPU a view, which keeps the memory alive."""
        spec = self.spec
        if spec.physical is not spec:
            raise TypeError(
                f"an array of {spec.dtype.name} cannot become a NumPy array. "
                "Use weft.random.key_data(x) to get the integers it is made of."
            )
        return read(self._live(), spec)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = self._value
        if dtype is None and not copy:
            return value
        return np.array(value, dtype=dtype, copy=copy)

    if sys.version_info >= (3, 12):

        def __buffer__(self, flags: int) -> memoryview:
            if self.spec.is_extended:
                raise BufferError(f"an array of {self.spec.dtype.name} has no buffer")
            return memoryview(self.block_until_ready()._b)

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:  # a PyCapsule
        from weft_runtime import dlpack

        return dlpack.export(self, stream=stream, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        from weft_runtime import dlpack

        return dlpack.device_of(self)

    def item(self, *index: Any) -> bool | int | float | complex:
        """One element as a Python number: the only one, or the one at `index`."""
        return self._value.item(*index)

    def tolist(self) -> Any:  # nested lists, or a number
        return self._value.tolist()

    def tobytes(self, order: str = "C") -> bytes:
        return self._value.tobytes(order)  # type: ignore[arg-type]

    def _scalar(self) -> Any:  # a Python number
        if self.spec.shape:
            raise TypeError(
                f"Only scalar arrays can be converted to Python scalars; got arr.ndim={self.ndim}"
            )
        return self._value.item()

    def __float__(self) -> float:
        return float(self._scalar())

    def __int__(self) -> int:
        return int(self._scalar())

    def __complex__(self) -> complex:
        return complex(self._scalar())

    def __bool__(self) -> bool:
        size = self.spec.size
        if size == 0:
            raise ValueError(
                "The truth value of an empty array is ambiguous. "
                "Use `array.size > 0` to check that an array is not empty."
            )
        if size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
            )
        return bool(self._value)

    def __index__(self) -> int:
        if self.spec.shape or self.spec.is_extended:
            raise TypeError("Only integer scalar arrays can be converted to a scalar index.")
        value = self._value.item()
        if type(value) is not int:
            raise TypeError("Only integer scalar arrays can be converted to a scalar index.")
        return value

    def __len__(self) -> int:
        if not self.spec.shape:
            raise TypeError("len() of unsized object")
        return self.spec.shape[0]

    def __iter__(self) -> Iterator[Array]:
        """The rows, each copied through the host; the frontend has a faster way."""
        if not self.spec.shape:
            raise TypeError("iteration over a 0-d array")
        from weft_runtime.transfer import put_physical  # it imports this module

        spec = self.spec.update(shape=self.spec.shape[1:])
        return (put_physical(spec, row) for row in read(self._live(), self.spec))

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise TypeError(
            "weft arrays are immutable: elements cannot be assigned in place. "
            "Instead of x[idx] = y, use x = x.at[idx].set(y) or another method of x.at[idx]."
        )

    # Text and copies

    def clone(self) -> Array:
        """Another array that shares the memory of this one: deleting either deletes both."""
        return type(self)(self.spec, self._live())

    def to_device(self, device: pjrt.Device | Sharding, *, stream: Any = None) -> Array:
        """The array on another device, committed there."""
        from weft_runtime.transfer import move
        from weft_runtime.transfer_guards import explicit_put

        if stream is not None:
            raise NotImplementedError("to_device: there is no choice of stream; leave it out")
        with explicit_put():
            return move(self, device)

    def __repr__(self) -> str:
        return array_repr(self)

    def __str__(self) -> str:
        return repr(self) if self.spec.is_extended else str(self._value)

    def __format__(self, format_spec: str) -> str:
        if self.spec.is_extended:
            return format(repr(self), format_spec)
        value = self._value
        return format(value[()] if self.spec.ndim == 0 else value, format_spec)

    def __copy__(self) -> Array:
        from weft_runtime.transfer import copy_array

        return copy_array(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        from weft_runtime.transfer import from_pickle

        return from_pickle, (np.array(read(self._live(), self.spec)), self.spec.dtype, self.spec.weak_type)
