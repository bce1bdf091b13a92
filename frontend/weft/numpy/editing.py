"""Arrays made longer, shorter, shifted and padded along axes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.concrete import concrete
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.values import is_array
from weft.errors import ConcretizationTypeError
from weft.numpy._arguments import array, axes_within, axis_within, no_sharding
from weft.numpy._ops import concatenate_arrays, constant, emit, iota, like, ops, reshape_to, slice_axis
from weft.numpy.arithmetic import remainder
from weft.numpy.finding import indices_on_device, value_of
from weft.numpy.joining import repeat_evenly
from weft_compiler.symbolic import DimExpr


def repeat(
    a: Any,
    repeats: Any,
    axis: int | None = None,
    *,
    total_repeat_length: int | None = None,
    out_sharding: Any = None,
) -> Any:
    """Each element several times in a row along an axis (or flattened): all as often, or each as told.

    With `total_repeat_length` the result is cut, or filled with the last element, to that length.
    """
    no_sharding("repeat", out_sharding=out_sharding)
    x = array("repeat", a)
    if axis is None or x.ndim == 0:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    count = _same_count(repeats)
    if count is not None and total_repeat_length is None:
        if count < 0:
            raise ValueError(f"repeats must not be negative, got {count}")
        return _repeat(x, count, at)
    return _repeat_each(x, repeats, at, total_repeat_length)


def _same_count(repeats: Any) -> int | None:
    """How often every element is repeated, if that is one number known now."""
    if is_array(repeats) and repeats.size == 1:
        value = concrete(repeats)
        return None if value is None else int(np.asarray(value).reshape(()))
    if isinstance(repeats, (list, tuple, np.ndarray)):
        return int(repeats[0]) if np.size(repeats) == 1 and np.ndim(repeats) else None
    return None if is_array(repeats) else operator.index(repeats)


@library("x")
def _repeat(x: Any, count: int, axis: int) -> Any:
    return repeat_evenly(x, count, axis)


def _repeat_each(x: Any, repeats: Any, axis: int, total: int | None) -> Any:
    from weft.numpy.creation import asarray

    counts = asarray(repeats)
    if counts.ndim > 1:
        raise ValueError("repeats must be a scalar or a vector")
    if counts.size != 1 and counts.size != x.shape[axis]:
        raise ValueError(
            f"repeats must have one entry or one for each of the {x.shape[axis]} elements, got {counts.size}"
        )
    if total is None:
        hint = "With the argument `total_repeat_length` the result has that length."
        index = np.repeat(np.arange(x.shape[axis]), value_of("repeat", counts, hint))
        return _taken(x, indices_on_device(index), axis)
    return _repeat_to_length(x, counts, axis, operator.index(total))


@library("x", "index")
def _taken(x: Any, index: Any, axis: int) -> Any:
    return x.at[(slice(None),) * axis + (index,)].get(mode="clip")


@library("x", "counts")
def _repeat_to_length(x: Any, counts: Any, axis: int, total: int) -> Any:
    from weft.numpy.sorting import searchsorted

    n = x.shape[axis]
    ends = emit("cumsum", broadcast_to(reshape_to(counts, (counts.size,)), (n,)), axis=0)
    index = searchsorted(ends, iota((total,), ends.dtype), side="right")
    return _taken(x, index, axis)


@library("a", "shift")
def _roll_by_values(a: Any, shift: Any, axis: tuple[int, ...]) -> Any:
    x, by = array("roll", a), array("roll", shift, 1)
    shifts = broadcast_to(by, (len(axis),)) if by.ndim <= 1 else by
    for i, at in enumerate(axis):
        n = x.shape[at]
        if n == 0:
            continue
        one = reshape_to(slice_axis(shifts, 0, i, i + 1), ())
        index = bind(ops.sub, iota((n,), shifts.dtype), broadcast_to(one, (n,)))
        x = _taken(x, remainder(index, like(index, n)), at)
    return x


def roll(a: Any, shift: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Elements moved along axes (or flattened); those that leave at one end come in at the other."""
    x = array("roll", a)
    if axis is None:
        flat = reshape_to(x, (x.size,))
        return reshape_to(_rolled(flat, shift, (0,)), x.shape)
    axes = (axis,) if not isinstance(axis, (tuple, list)) else tuple(axis)
    return _rolled(x, shift, tuple(axis_within(i, x.ndim) for i in axes))


def _rolled(x: Any, shift: Any, axes: tuple[int, ...]) -> Any:
    if is_array(shift) or (isinstance(shift, np.ndarray) and shift.ndim > 1):
        return _roll_by_values(x, shift, axes)
    shifts = (
        [operator.index(s) for s in shift]
        if isinstance(shift, (tuple, list, np.ndarray)) and np.ndim(shift)
        else [operator.index(shift)]
    )
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(axes) == 1:
        axes *= len(shifts)
    if len(shifts) != len(axes):
        raise ValueError("axis and shift lengths must match")
    return _roll(x, tuple(shifts), axes)


@library("x")
def _roll(x: Any, shifts: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    for by, at in zip(shifts, axes, strict=True):
        n = x.shape[at]
        by = by % n if n else 0
        if isinstance(by, DimExpr) or by:
            x = concatenate_arrays([slice_axis(x, at, n - by, n), slice_axis(x, at, 0, n - by)], at)
    return x


# Insertion and deletion


def delete(arr: Any, obj: Any, axis: int | None = None, *, assume_unique_indices: bool = False) -> Any:
    """The array without the subarrays at these indices along an axis (or flattened)."""
    x = array("delete", arr)
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    n = x.shape[at]
    if isinstance(obj, slice):
        return _without(x, np.arange(n)[obj], at)
    if is_array(obj) and concrete(obj) is None:
        return _delete_traced(x, obj, at, assume_unique_indices)
    index = np.asarray(concrete(obj) if is_array(obj) else obj)
    if index.dtype == bool:
        if index.shape != (n,):
            raise ValueError(
                f"delete: a mask must have one entry for each of the {n} places along the axis, got {index.shape}"
            )
        index = np.nonzero(index)[0]
    if index.size and index.dtype.kind not in "iu":
        raise ValueError("np.delete(arr, obj): for array indices, obj must be integer typed.")
    flat = index.ravel().astype(np.int64)
    if flat.size and index.ndim == 0 and not -n <= flat[0] < n:
        raise IndexError(f"index {flat[0]} is out of bounds for axis {at} with size {n}")
    return _without(x, np.where(flat < 0, flat + n, flat), at)


def _without(x: Any, index: np.ndarray, axis: int) -> Any:
    inside = index[(index >= 0) & (index < x.shape[axis])]
    kept = np.delete(np.arange(x.shape[axis]), inside)
    return _taken(x, indices_on_device(kept), axis)


@library("x", "index")
def _delete_traced(x: Any, index: Any, axis: int, is_unique: bool) -> Any:
    from weft.numpy.finding import places

    if index.ndim and index.size != 1 and not is_unique:
        raise ConcretizationTypeError(
            index, "The size of the result of jnp.delete depends on values unless assume_unique_indices=True."
        )
    n = x.shape[axis]
    flat = reshape_to(index, (index.size,))
    gone = (
        constant(False, (n,), np.dtype(np.bool_)).at[flat].set(constant(True, flat.shape, np.dtype(np.bool_)))
    )
    kept, _ = places(bind(ops.not_, gone), n - flat.size)
    return _taken(x, kept, axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """The array with values before these indices along an axis (or flattened)."""
    from weft.numpy.creation import asarray

    x, y = array("insert", arr), array("insert", values, 2)
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    n = x.shape[at]
    if isinstance(obj, slice):
        obj = np.arange(n)[obj]
    index = asarray(obj)
    if index.size and index.dtype == bool:
        index = indices_on_device(np.nonzero(value_of("insert", index, ""))[0])
    if index.ndim > 1:
        raise ValueError("insert(): obj must be a slice, a one-dimensional array, or a scalar.")
    return _insert(x, index, y, at)


@library("x", "index", "y")
def _insert(x: Any, index: Any, y: Any, axis: int) -> Any:
    from weft.numpy.shapes import moveaxis
    from weft.numpy.sorting import sort_op

    n = x.shape[axis]
    y = convert(y, x.dtype, x.weak_type)
    index = convert(index, dtypes.default_int(), False)
    if y.ndim < x.ndim:
        y = reshape_to(y, (1,) * (x.ndim - y.ndim) + y.shape)
    if index.ndim == 0:
        y = moveaxis(y, 0, axis)
    index = reshape_to(index, (index.size,))
    count = index.size if index.size != 1 else y.shape[axis]
    if count == 0:
        return x
    y = broadcast_to(y, tuple(count if i == axis else m for i, m in enumerate(x.shape)))
    wrapped = bind(ops.add, index, like(index, n))
    index = bind(ops.select, emit("compare", index, like(index, 0), direction="LT"), wrapped, index)
    index = broadcast_to(index, (count,))
    # What is inserted comes before the element of the same index, in the order given.
    places_x = bind(
        ops.add,
        bind(ops.mul, iota((n,), index.dtype), constant(2, (n,), index.dtype)),
        constant(1, (n,), index.dtype),
    )
    places_y = bind(ops.mul, index, like(index, 2))
    order = sort_op([emit("concatenate", places_y, places_x, axis=0), iota((n + count,), index.dtype)], 0, 1)[
        1
    ]
    return _taken(concatenate_arrays([y, x], axis), order, axis)


def trim_zeros(filt: Any, trim: str = "fb", axis: int | Sequence[int] | None = None) -> Any:
    """The array without zeros at the front ("f"), the back ("b") or both, along axes."""
    x = array("trim_zeros", filt)
    if trim.strip("fbFB"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    filled = value_of("trim_zeros", x, "") != 0
    starts, limits = [0] * x.ndim, list(x.shape)
    for at in axes_within(axis, x.ndim):
        found = np.nonzero(filled.any(axis=tuple(i for i in range(x.ndim) if i != at)))[0]
        first, last = (int(found[0]), int(found[-1]) + 1) if found.size else (x.shape[at], x.shape[at])
        if "f" in trim.lower():
            starts[at] = first
        if "b" in trim.lower():
            limits[at] = max(last, starts[at]) if found.size else starts[at]
    return _sliced(x, tuple(starts), tuple(limits))


@library("x")
def _sliced(x: Any, start: tuple[int, ...], limit: tuple[int, ...]) -> Any:
    return emit("slice", x, start=start, limit=limit, strides=(1,) * x.ndim)
