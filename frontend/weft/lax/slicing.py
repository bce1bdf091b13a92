"""Slices: windows of an array, at places known in Python or computed."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.operands import axis_within, check_dtypes, class_of, ints, kind, nary, op_of, rows
from weft.lax.shapes import reshaped, squeeze
from weft_compiler.symbolic import as_dim

Flags = bool | Sequence[bool]


def slice(
    operand: Any,
    start_indices: Sequence[int],
    limit_indices: Sequence[int],
    strides: Sequence[int] | None = None,
) -> Any:
    """The elements from `start_indices` up to `limit_indices` along every axis, every `strides`-th of them.

    Raises: TypeError unless the window lies within the array.
    """
    x = as_value(operand)
    start, limit = (
        ints(start_indices, "slice", "start_indices"),
        ints(limit_indices, "slice", "limit_indices"),
    )
    steps = (1,) * x.ndim if strides is None else ints(strides, "slice", "strides")
    return bind(class_of("slice").of(start=start, limit=limit, strides=steps), x, weak_type=x.weak_type)


def slice_in_dim(
    operand: Any, start_index: int | None, limit_index: int | None, stride: int = 1, axis: int = 0
) -> Any:
    """The elements of `operand[start_index:limit_index:stride]` along one axis.

    Negative indices count from the end, None is an end.
    Raises: TypeError unless the window lies within the array.
    """
    x = as_value(operand)
    where = axis_within(axis, x.ndim, "slice_in_dim")
    size = x.shape[where]
    start = 0 if start_index is None else as_dim(start_index)
    limit = size if limit_index is None else as_dim(limit_index)
    first, last, steps = [0] * x.ndim, list(x.shape), [1] * x.ndim
    first[where] = start + size if start < 0 else start
    last[where] = limit + size if limit < 0 else limit
    steps[where] = operator.index(stride)
    return slice(x, first, last, steps)


def index_in_dim(operand: Any, index: int, axis: int = 0, keepdims: bool = True) -> Any:
    """The slice at one index along an axis, which it keeps with size 1 if `keepdims`.

    Raises: IndexError if the index is out of range.
    """
    x, at = as_value(operand), operator.index(index)
    where = axis_within(axis, x.ndim, "index_in_dim")
    size = x.shape[where]
    if not -size <= at < size:
        raise IndexError(f"lax.index_in_dim: index {at} is out of bounds for axis {where} with size {size}")
    made = slice_in_dim(x, at % size, at % size + 1, 1, where)
    return made if keepdims else squeeze(made, (where,))


def dynamic_slice(
    operand: Any, start_indices: Any, slice_sizes: Sequence[int], *, allow_negative_indices: Flags = True
) -> Any:
    """The window of shape `slice_sizes` that starts at `start_indices`.

    These are scalars, one for each axis, or an array of one axis. Negative indices count from the end, if
    allowed (for each axis). A window that reaches out is moved inside.
    Raises: TypeError unless all indices are integers of one dtype and the sizes fit.
    """
    x = as_value(operand)
    starts = _starts("dynamic_slice", x, start_indices, allow_negative_indices)
    shape = ints(
        slice_sizes if hasattr(slice_sizes, "__iter__") else (slice_sizes,), "dynamic_slice", "slice_sizes"
    )
    return bind(class_of("dynamic_slice").of(sizes=shape), x, *starts, weak_type=x.weak_type)


def dynamic_update_slice(
    operand: Any, update: Any, start_indices: Any, *, allow_negative_indices: Flags = True
) -> Any:
    """`operand` with `update` in place of the window at `start_indices`, which is as in `dynamic_slice`.

    Raises: TypeError unless dtypes agree and the update fits.
    """
    x, changed = as_value(operand), as_value(update)
    check_dtypes("dynamic_update_slice", (x, changed))
    starts = _starts("dynamic_update_slice", x, start_indices, allow_negative_indices)
    return bind(op_of("dynamic_update_slice"), x, changed, *starts, weak_type=False)


def _starts(name: str, x: Any, indices: Any, allow_negative: Flags) -> list[Any]:
    """Scalar indices of one dtype, none of them counted from the end."""
    given = _components(name, indices)
    if len(given) != x.ndim:
        raise ValueError(
            f"lax.{name}: {len(given)} indices for an array of shape {x.shape}; one for each axis"
        )
    allowed: list[Any] = (
        list(allow_negative) if isinstance(allow_negative, (list, tuple)) else [allow_negative] * x.ndim
    )
    made = [_start(name, i, n, flag) for i, n, flag in zip(given, x.shape, allowed, strict=True)]
    if any(i.dtype != made[0].dtype for i in made):
        raise TypeError(explain(f"lax.{name}: indices must be integers of one dtype", rows(made)))
    return made


def _components(name: str, indices: Any) -> list[Any]:
    """The index of each axis."""
    if isinstance(indices, (list, tuple)):
        return list(indices)
    if not getattr(indices, "ndim", 0):
        raise TypeError(f"lax.{name}: start_indices must be one index for each axis, got {indices!r:.60}")
    if indices.ndim != 1:
        raise ValueError(
            f"lax.{name}: an array of start_indices must have one axis, got shape {indices.shape}"
        )
    return list(indices) if isinstance(indices, np.ndarray) else list(_scalars(indices))


@library("indices")
def _scalars(indices: Any) -> tuple[Any, ...]:
    parts = [slice(indices, (i,), (i + 1,)) for i in range(indices.shape[0])]
    return tuple([reshaped(p, ()) for p in parts])


def _start(name: str, index: Any, size: int, allow_negative: bool) -> Any:
    if isinstance(index, (int, np.integer)):
        if index < 0:
            if not allow_negative:
                raise ValueError(
                    f"lax.{name}: index {index} is negative, and allow_negative_indices is False"
                )
            index = type(index)(index + size)
        return as_value(index)
    made = as_value(index)
    if kind(made) not in "iu" or made.shape:
        raise TypeError(explain(f"lax.{name}: indices must be scalar integers", rows([made], ["index"])))
    return _from_end(made, size) if allow_negative and kind(made) == "i" else made


@library("index")
def _from_end(index: Any, size: int) -> Any:
    wide = index if index.dtype.itemsize > 2 else convert(index, np.dtype(np.int32), False)
    wrapped = nary("add", wide, as_value(size, wide.dtype))
    return bind(op_of("select"), nary("lt", wide, as_value(0, wide.dtype)), wrapped, wide)


def dynamic_slice_in_dim(
    operand: Any, start_index: Any, slice_size: int, axis: int = 0, *, allow_negative_indices: bool = True
) -> Any:
    """`slice_size` elements from `start_index` on along one axis, all of the others; see `dynamic_slice`."""
    x = as_value(operand)
    where = axis_within(axis, x.ndim, "dynamic_slice_in_dim")
    shape = list(x.shape)
    shape[where] = as_dim(slice_size)
    starts = _one_start(start_index, where, x.ndim, allow_negative_indices)
    return dynamic_slice(x, starts, shape, allow_negative_indices=allow_negative_indices)


def _one_start(index: Any, axis: int, ndim: int, allow_negative: bool) -> list[Any]:
    """An index along one axis and 0 along the others, of one dtype."""
    if isinstance(index, (int, np.integer)):
        zero: Any = type(index)(0)
    else:
        index = as_value(index)
        is_widened = allow_negative and kind(index) == "i" and index.dtype.itemsize < 4
        zero = as_value(0, np.dtype(np.int32) if is_widened else index.dtype)
    return [index if i == axis else zero for i in range(ndim)]


def dynamic_index_in_dim(
    operand: Any, index: Any, axis: int = 0, keepdims: bool = True, *, allow_negative_indices: bool = True
) -> Any:
    """The slice at a computed index along an axis, which it keeps with size 1 if `keepdims`."""
    made = dynamic_slice_in_dim(operand, index, 1, axis, allow_negative_indices=allow_negative_indices)
    return made if keepdims else squeeze(made, (axis,))


def dynamic_update_slice_in_dim(
    operand: Any, update: Any, start_index: Any, axis: int, *, allow_negative_indices: bool = True
) -> Any:
    """`operand` with `update` in place of what starts at `start_index` along one axis."""
    x = as_value(operand)
    where = axis_within(axis, x.ndim, "dynamic_update_slice_in_dim")
    starts = _one_start(start_index, where, x.ndim, allow_negative_indices)
    return dynamic_update_slice(x, update, starts, allow_negative_indices=allow_negative_indices)


def dynamic_update_index_in_dim(
    operand: Any, update: Any, index: Any, axis: int, *, allow_negative_indices: bool = True
) -> Any:
    """`operand` with the slice at a computed index along an axis replaced; `update` may lack that axis."""
    x, changed = as_value(operand), as_value(update)
    where = axis_within(axis, x.ndim, "dynamic_update_index_in_dim")
    if changed.ndim == x.ndim - 1:
        changed = reshaped(changed, (*changed.shape[:where], 1, *changed.shape[where:]))
    return dynamic_update_slice_in_dim(
        x, changed, index, where, allow_negative_indices=allow_negative_indices
    )
