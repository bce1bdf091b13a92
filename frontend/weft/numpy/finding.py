"""Where elements are: places of those that are not 0, and the elements at such places."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.concrete import concrete
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.errors import ConcretizationTypeError
from weft.numpy._arguments import array, axis_within, no_out
from weft.numpy._ops import compare, constant, emit, iota, like, ops, reshape_to, select
from weft.numpy.logic import truth


def value_of(name: str, x: Any, hint: str) -> np.ndarray:
    """The elements of an array, on which the shape of a result depends.

    Raises: ConcretizationTypeError where they are only known later.
    """
    found = concrete(x)
    if found is None:
        raise ConcretizationTypeError(
            x, f"The size of the result of weft.numpy.{name} depends on values. {hint}"
        )
    return np.asarray(found)


_GIVE_SIZE = "With the argument `size` the result has that many elements."


def indices_on_device(found: np.ndarray) -> Any:
    """Indices computed on the host as an array."""
    return weft_runtime.device_put(found, dtypes.default_int())


def nonzero(a: Any, *, size: int | None = None, fill_value: Any = None) -> tuple[Any, ...]:
    """Indices of the elements that are not 0, one array for each axis.

    With `size` there are exactly so many: the first ones, or followed by `fill_value` (0; or one for each axis).
    """
    x = array("nonzero", a)
    if x.ndim == 0:
        raise ValueError(
            "Calling nonzero on 0d arrays is not allowed. Use jnp.atleast_1d(scalar).nonzero() instead."
        )
    if size is None:
        return tuple(indices_on_device(found) for found in np.nonzero(value_of("nonzero", x, _GIVE_SIZE)))
    fills = fill_value if isinstance(fill_value, tuple) else (fill_value,) * x.ndim
    if len(fills) != x.ndim:
        raise ValueError(f"fill_value must have one entry for each of the {x.ndim} axes, got {len(fills)}")
    fills = tuple(0 if f is None else f for f in fills)
    return tuple(_nonzero(x, operator.index(size), fills))


@library("a", "fills")
def _nonzero(a: Any, size: int, fills: tuple[Any, ...]) -> tuple[Any, ...]:
    x = truth(array("nonzero", a))
    if x.size == 0 or size == 0:
        return tuple(broadcast_to(convert(f, dtypes.default_int(), False), (size,)) for f in fills)
    flat, is_found = places(reshape_to(x, (x.size,)), size)
    made = []
    for axis, fill in enumerate(fills):
        stride = math.prod(x.shape[axis + 1 :])
        index = bind(ops.rem, bind(ops.div, flat, like(flat, stride)), like(flat, x.shape[axis]))
        made.append(select(is_found, index, broadcast_to(convert(fill, flat.dtype, False), (size,))))
    return tuple(made)


def places(mask: Any, size: int) -> tuple[Any, Any]:
    """Indices of the first `size` true elements of a vector, and which of these there are."""
    int_ = dtypes.default_int()
    n = mask.shape[0]
    rank = emit("cumsum", convert(mask, int_, False), axis=0)
    total = reshape_to(emit("slice", rank, start=(n - 1,), limit=(n,), strides=(1,)), ())
    # Element i goes to place rank[i] - 1; the others go beyond the end, where they are dropped.
    to = select(mask, bind(ops.sub, rank, like(rank, 1)), like(rank, size))
    found = constant(0, (size,), int_).at[to].set(iota((n,), int_), mode="drop", unique_indices=False)
    return found, compare(iota((size,), int_), broadcast_to(total, (size,)), "LT")


def flatnonzero(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """Indices of the elements of the flattened array that are not 0."""
    x = array("flatnonzero", a)
    return nonzero(reshape_to(x, (x.size,)), size=size, fill_value=fill_value)[0]


def argwhere(a: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """Indices of the elements that are not 0, one row for each."""
    from weft.numpy.creation import zeros
    from weft.numpy.joining import stack

    x = array("argwhere", a)
    if x.ndim == 0:
        found = nonzero(reshape_to(x, (1,)), size=size, fill_value=fill_value)
        return zeros((found[0].shape[0], 0), found[0].dtype)
    return stack(list(nonzero(x, size=size, fill_value=fill_value)), axis=-1)


def extract(condition: Any, arr: Any, *, size: int | None = None, fill_value: Any = 0) -> Any:
    """The elements at which the condition is true, in one axis."""
    c, x = array("extract", condition), array("extract", arr, 1)
    return compress(reshape_to(c, (c.size,)), reshape_to(x, (x.size,)), size=size, fill_value=fill_value)


def compress(
    condition: Any,
    a: Any,
    axis: int | None = None,
    *,
    size: int | None = None,
    fill_value: Any = 0,
    out: None = None,
) -> Any:
    """The slices along an axis (elements of the flattened array) at which a vector of conditions is true."""
    no_out("compress", out)
    mask, x = array("compress", condition), array("compress", a, 1)
    if mask.ndim != 1:
        raise ValueError("condition must be a 1D array")
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    if size is None:
        found = np.nonzero(value_of("compress", mask, _GIVE_SIZE))[0]
        if found.size and found[-1] >= x.shape[at]:
            raise ValueError(f"condition is longer than axis {at} of {x.aval} and true beyond its end")
        return _rows_at(x, indices_on_device(found), at)
    return _compress(mask, x, fill_value, at, operator.index(size))


@library("x", "index")
def _rows_at(x: Any, index: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (index,)]


@library("mask", "x", "fill")
def _compress(mask: Any, x: Any, fill: Any, axis: int, size: int) -> Any:
    mask, x = truth(array("compress", mask)), array("compress", x)
    fill = broadcast_to(convert(fill, x.dtype, False), (*x.shape[:axis], size, *x.shape[axis + 1 :]))
    if mask.size == 0 or size == 0:
        return fill
    index, is_found = places(mask, size)
    made = x.at[(slice(None),) * axis + (index,)].get(mode="clip")
    shape = (1,) * axis + (size,) + (1,) * (x.ndim - axis - 1)
    return select(broadcast_to(reshape_to(is_found, shape), made.shape), made, fill)
