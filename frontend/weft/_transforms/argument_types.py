"""What is known of arguments ahead of a call: shapes, dtypes, and whether their memory may be used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft import dtypes
from weft_compiler.avals import Aval
from weft_compiler.symbolic import as_dim
from weft_runtime import Array, pytree


class ShapeDtypeStruct:
    """Shape and dtype of an array, without one."""

    __slots__ = ("dtype", "shape", "sharding", "weak_type")

    def __init__(
        self,
        shape: Sequence[Any],
        dtype: Any,
        *,
        sharding: Any = None,
        weak_type: bool = False,
        manual_axis_type: Any = None,
        is_ref: bool = False,
    ) -> None:
        self.shape = tuple(as_dim(n) for n in shape)
        self.dtype = dtype if dtypes.is_extended(dtype) or dtype == dtypes.float0 else dtypes.dtype(dtype)
        self.sharding = sharding
        self.weak_type = weak_type

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def update(self, **changes: Any) -> ShapeDtypeStruct:
        """The struct that differs from this one in `changes`."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return ShapeDtypeStruct(**{**fields, **changes})

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    @property
    def _dtype_name(self) -> str:
        return "float0" if self.dtype == dtypes.float0 else self.dtype.name

    def __repr__(self) -> str:
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self._dtype_name}{weak})"

    def __str__(self) -> str:
        return f"{self._dtype_name}[{','.join(map(str, self.shape))}]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShapeDtypeStruct) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def _fields(self) -> tuple[Any, ...]:
        return self.shape, self.dtype, self.weak_type, self.sharding


class Placeholder:
    """An argument of which only the type is known; it stands where an array would."""

    __slots__ = ("spec",)

    def __init__(self, struct: ShapeDtypeStruct) -> None:
        self.spec = struct

    @property
    def weak_type(self) -> bool:
        """Whether the dtype gives way to another."""
        return self.spec.weak_type

    @property
    def aval(self) -> Aval:
        """Shape and dtype."""
        return Aval.of(self.spec.shape, self.spec.dtype)


def placeholder(x: Any) -> Any:
    """Arrays and numbers as they are; what only has a shape and a dtype as a `Placeholder`."""
    if isinstance(x, ShapeDtypeStruct):
        return Placeholder(x)
    if hasattr(x, "shape") and hasattr(x, "dtype") and not hasattr(x, "__array__") and not hasattr(x, "spec"):
        sharding = getattr(x, "sharding", None)
        weak = bool(getattr(x, "weak_type", False))
        return Placeholder(ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding, weak_type=weak))
    return x


def struct_of(aval: Aval, weak_type: bool) -> ShapeDtypeStruct:
    """The struct of an aval."""
    return _struct(aval.shape, aval.dtype, None, weak_type)


def _struct(shape: tuple[Any, ...], dtype: Any, sharding: Any, weak_type: bool) -> ShapeDtypeStruct:
    """A struct from what an array has: nothing is left to check."""
    made = object.__new__(ShapeDtypeStruct)
    made.shape, made.dtype, made.sharding, made.weak_type = shape, dtype, sharding, weak_type
    return made


def struct_of_argument(x: Any) -> ShapeDtypeStruct:
    """The struct of an array, a tracer or a placeholder; a committed array is to stay where it is."""
    if type(x) is Placeholder:
        return x.spec
    sharding = x.spec.sharding if type(x) is Array and x.committed else None
    return _struct(x.shape, x.dtype, sharding, x.weak_type)


@dataclass(frozen=True)
class ArgInfo:
    """What a stage knows of one argument."""

    _aval: ShapeDtypeStruct
    donated: bool
    """Whether its memory is used for results."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self._aval.shape

    @property
    def dtype(self) -> Any:
        """Its dtype."""
        return self._aval.dtype


class Stage:
    """What all stages tell of the arguments. `args_info`: a tree of `ArgInfo` for (args, kwargs)."""

    args_info: Any

    @property
    def in_tree(self) -> pytree.PyTreeDef:
        """Structure of (args, kwargs), static arguments left out."""
        return pytree.flatten(self.args_info)[1]

    @property
    def in_avals(self) -> Any:
        """Types of the arguments, as a tree for (args, kwargs)."""
        leaves, tree = pytree.flatten(self.args_info)
        return tree.unflatten([info._aval for info in leaves])

    @property
    def donate_argnums(self) -> tuple[int, ...]:
        """Positions of donated leaves."""
        return tuple(i for i, info in enumerate(pytree.flatten(self.args_info)[0]) if info.donated)
