"""Sums and products of the elements so far, and differences of neighbours."""

from __future__ import annotations

import operator
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import array, axis_within, explicit_dtype, no_out
from weft.numpy._ops import concatenate_arrays, constant, emit, kind, ops, reshape_to, select, slice_axis
from weft.numpy.logic import isnan_
from weft.numpy.reductions import sum_dtype, wide


def cumulate(name: str, op: str, a: Any, axis: int | None, dtype: Any, neutral: int | None = None) -> Any:
    """A cumulative op along an axis, or over the flattened array; `neutral` takes the place of nan."""
    x = array(name, a)
    if axis is None or x.ndim == 0:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    if neutral is not None and kind(x) in "fc":
        x = select(isnan_(x), constant(neutral, x.shape, x.dtype), x)
    wanted = explicit_dtype(dtype, name)
    target = sum_dtype(x.dtype, False) if wanted is None else wanted
    made = emit(op, wide(convert(x, target, False)), axis=at, weak_type=False)
    return convert(made, target, False)


@library("a")
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """Sum of the elements so far along an axis, or over the flattened array."""
    no_out("cumsum", out)
    return cumulate("cumsum", "cumsum", a, axis, dtype)


@library("a")
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """Product of the elements so far along an axis, or over the flattened array."""
    no_out("cumprod", out)
    return cumulate("cumprod", "cumprod", a, axis, dtype)


@library("a")
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """`cumsum` with nan counted as 0."""
    no_out("nancumsum", out)
    return cumulate("nancumsum", "cumsum", a, axis, dtype, neutral=0)


@library("a")
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    """`cumprod` with nan counted as 1."""
    no_out("nancumprod", out)
    return cumulate("nancumprod", "cumprod", a, axis, dtype, neutral=1)


def _array_api_cumulation(
    name: str, op: str, neutral: int, x: Any, axis: Any, dtype: Any, include: bool
) -> Any:
    x = array(name, x)
    if x.ndim == 0:
        raise ValueError(
            f"The input must be non-scalar to take {name}, however a scalar value or scalar array was given."
        )
    if axis is None:
        if x.ndim > 1:
            raise ValueError(
                f"The input array has rank {x.ndim}, however axis was not set to an explicit value."
            )
        axis = 0
    at = axis_within(axis, x.ndim)
    made = cumulate(name, op, x, at, sum_dtype(x.dtype, op == "cumsum") if dtype is None else dtype)
    if include:
        first = constant(neutral, (*made.shape[:at], 1, *made.shape[at + 1 :]), made.dtype)
        made = concatenate_arrays([first, made], at)
    return made


@library("x")
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Sum of the elements so far along an axis; with `include_initial` it starts with 0."""
    return _array_api_cumulation("cumulative_sum", "cumsum", 0, x, axis, dtype, include_initial)


@library("x")
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Product of the elements so far along an axis; with `include_initial` it starts with 1."""
    return _array_api_cumulation("cumulative_prod", "cumprod", 1, x, axis, dtype, include_initial)


@library("a", "prepend", "append")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis, taken n times; of booleans whether they differ."""
    x = array("diff", a)
    n = operator.index(n)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    if x.ndim == 0:
        raise ValueError(f"diff requires input that is at least one dimensional; got {x.aval}")
    if n == 0:
        return x
    at = axis_within(axis, x.ndim)
    parts = [_edge(part, x, at) for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        dtype, weak = dtypes.promote(*[(p.dtype, p.weak_type) for p in parts])
        x = concatenate_arrays([convert(p, dtype, weak) for p in parts], at)
    for _ in range(n):
        later = slice_axis(x, at, min(1, x.shape[at]), x.shape[at])
        earlier = slice_axis(x, at, 0, max(x.shape[at] - 1, 0))
        x = bind(ops.xor if kind(x) == "b" else ops.sub, later, earlier)
    return x


def _edge(part: Any, x: Any, axis: int) -> Any:
    """What `diff` puts before or after: a number stands for one element in each row."""
    part = array("diff", part)
    if part.ndim == 0:
        part = broadcast_to(part, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
    return part


@library("ary", "to_end", "to_begin")
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours of the flattened array, with values before and after."""
    x = array("ediff1d", ary)
    made = diff(reshape_to(x, (x.size,)))
    parts = [made]
    for extra, at in ((to_begin, 0), (to_end, len(parts) + 1)):
        if extra is not None:
            value = array("ediff1d", extra)
            parts.insert(at, convert(reshape_to(value, (value.size,)), made.dtype, made.weak_type))
    return concatenate_arrays(parts, 0)
