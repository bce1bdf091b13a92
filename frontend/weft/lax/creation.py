"""Arrays from a shape: of one value throughout, or counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.trace import STATE
from weft._tracing.values import PYTHON_NUMBERS, as_value
from weft.lax.operands import check_no_sharding, class_of, integer, sizes
from weft_compiler.avals import Aval


def _shape(shape: Any, name: str) -> tuple[int, ...]:
    return sizes(shape if hasattr(shape, "__iter__") else (shape,), name)


def full(shape: Sequence[int] | int, fill_value: Any, dtype: Any = None, *, sharding: Any = None) -> Any:
    """An array with every element equal to the scalar `fill_value`.

    Without `dtype` it has that of the value: weakly typed for a Python number.
    Raises: TypeError unless the value is a scalar.
    """
    target = _shape(shape, "full")
    if np.shape(fill_value):
        raise TypeError(f"lax.full: fill_value must be a scalar, got shape {np.shape(fill_value)}")
    if dtype is None:
        wanted, weak = dtypes.dtype(fill_value), dtypes.is_weakly_typed(fill_value)
    else:
        wanted, weak = dtypes.canonicalize_explicit(dtype, "lax.full"), False
    return _placed(filled(target, fill_value, wanted, weak), sharding)


def _placed(x: Any, sharding: Any) -> Any:
    if sharding is None:
        return x
    from weft._transforms.transfers import device_put

    return device_put(x, sharding)


def filled(shape: tuple[int, ...], value: Any, dtype: Any, weak_type: bool) -> Any:
    """An array of a shape and dtype with every element equal to a scalar."""
    trace = STATE.trace
    if trace is not None and trace.staged and type(value) in PYTHON_NUMBERS and not dtypes.is_extended(dtype):
        return trace.constant(Aval.of(shape, dtype), value, weak_type)
    scalar = convert(_scalar(value, dtype), dtype, weak_type)
    return broadcast_to(scalar, shape)


def _scalar(value: Any, dtype: Any) -> Any:
    """A value as a scalar array; numbers by NumPy's conversion, which cuts off fractions."""
    if type(value) not in PYTHON_NUMBERS:
        return as_value(value)
    with np.errstate(all="ignore"):
        return as_value(np.asarray(value).astype(dtype)[()], dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None, sharding: Any = None) -> Any:
    """As `full`, with the shape and dtype of `x` where none is given."""
    like = x if hasattr(x, "shape") and hasattr(x, "dtype") else as_value(x)
    target = tuple(like.shape) if shape is None else _shape(shape, "full_like")
    if np.shape(fill_value):
        raise TypeError(f"lax.full_like: fill_value must be a scalar, got shape {np.shape(fill_value)}")
    if dtype is not None:
        wanted, weak = dtypes.canonicalize_explicit(dtype, "lax.full_like"), False
    else:
        wanted, weak = dtypes.dtype(like), dtypes.is_weakly_typed(like)
    return _placed(filled(target, fill_value, wanted, weak), sharding)


def empty(shape: Sequence[int] | int, dtype: Any, *, out_sharding: Any = None) -> Any:
    """An array whose elements matter not; they are zeros."""
    check_no_sharding("empty", out_sharding)
    return filled(_shape(shape, "empty"), 0, dtypes.canonicalize_explicit(dtype, "lax.empty"), False)


def iota(dtype: Any, size: int) -> Any:
    """0, 1, 2, ... up to but without `size`."""
    return broadcasted_iota(dtype, (size,), 0)


def broadcasted_iota(dtype: Any, shape: Sequence[int], dimension: int, *, out_sharding: Any = None) -> Any:
    """0, 1, 2, ... along the axis `dimension`, repeated along all others.

    Raises: ValueError if the axis is out of range; TypeError for booleans.
    """
    check_no_sharding("broadcasted_iota", out_sharding)
    target = _shape(shape, "broadcasted_iota")
    wanted = dtypes.canonicalize_explicit(dtype, "lax.iota")
    axis = integer(dimension, "broadcasted_iota", "dimension")
    if not 0 <= axis < len(target):
        raise ValueError(f"lax.broadcasted_iota: dimension {axis} is out of range for shape {target}")
    return bind(class_of("iota").of(shape=target, dtype=wanted, dimension=axis))


def shape_as_value(shape: Sequence[int]) -> Any:
    """A shape as an array of integers."""
    return as_value(np.asarray(sizes(shape, "shape_as_value"), dtypes.default_int()))


def dtype(x: Any) -> Any:
    """The dtype that a value has as an array."""
    return dtypes.dtype(x)
