"""Order statistics: medians, quantiles and percentiles."""

from __future__ import annotations

import math
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import Axis, array, axes_within, inexact, no_sharding
from weft.numpy._ops import (
    compare,
    compare_to,
    constant,
    emit,
    kind,
    like,
    ops,
    reshape_to,
    select,
    transpose_by,
)
from weft.numpy.logic import isnan_
from weft.numpy.reductions import reduce_axes
from weft.numpy.sorting import sort_op
from weft.numpy.taking import gather_along

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")
_WEIGHTED = ("inverted_cdf",)


def _rows_last(x: Any, axes: tuple[int, ...]) -> Any:
    """The axes to reduce as one last axis."""
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    x = transpose_by(x, (*rest, *axes))
    return reshape_to(x, (*x.shape[: len(rest)], math.prod(x.shape[len(rest) :])))


def _quantile(
    name: str, a: Any, q: Any, axis: Axis, method: str, keepdims: bool, skips_nan: bool, weights: Any = None
) -> Any:
    x = array(name, a)
    if kind(x) == "c":
        raise ValueError(f"{name} does not support complex input, as the operation is poorly defined.")
    if weights is not None and method not in _WEIGHTED:
        raise ValueError(f"Only method '{_WEIGHTED[0]}' supports weights. Got: {method}.")
    if method not in (*_METHODS, *_WEIGHTED):
        raise ValueError(
            f"method can only be 'linear', 'lower', 'higher', 'midpoint', 'nearest' or 'inverted_cdf', got {method!r}"
        )
    x, share = inexact(name, x), inexact(name, q)
    if share.ndim > 2:
        raise ValueError(f"q must be have ndim <= 2, got shape {share.shape}")
    x, share = convert(x, x.dtype, False), convert(share, x.dtype, False)
    axes = axes_within(axis, x.ndim)
    shape = x.shape
    w = None
    if weights is not None:
        w = _rows_last(broadcast_to(_weights(name, weights, x, axis, axes), x.shape), axes)
    rows = _rows_last(x, axes)
    shares = reshape_to(share, (share.size,))
    if w is not None or method == "inverted_cdf":
        made = _inverted_cdf(rows, shares, w, skips_nan)
    else:
        made = _interpolated(rows, shares, method, skips_nan)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape)) if keepdims else made.shape[1:]
    return reshape_to(made, (*share.shape, *kept))


def _weights(name: str, weights: Any, x: Any, axis: Axis, axes: tuple[int, ...]) -> Any:
    w = convert(array(name, weights), x.dtype, False)
    if w.shape == x.shape:
        return w
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if w.shape != tuple(x.shape[i] for i in axes):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis")
    order = sorted(range(len(axes)), key=axes.__getitem__)
    w = transpose_by(w, tuple(order))
    return reshape_to(w, tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))


def _prepared(rows: Any, skips_nan: bool) -> tuple[Any, Any, Any]:
    """Sorted rows, how many numbers each has, and which results are nan for sure."""
    (ordered,) = sort_op([rows], rows.ndim - 1, 1)
    n = rows.shape[-1]
    has_nan = reduce_axes("reduce_or", isnan_(rows), (rows.ndim - 1,), True)
    if not skips_nan:
        return ordered, constant(n, has_nan.shape, rows.dtype), has_nan
    is_number = convert(bind(ops.not_, isnan_(rows)), rows.dtype, False)
    count = reduce_axes("reduce_sum", is_number, (rows.ndim - 1,), True)
    return ordered, count, compare_to(count, 0, "EQ")


def _at(ordered: Any, place: Any) -> Any:
    """Elements of sorted rows at places given as floats."""
    int_ = dtypes.default_int()
    index = convert(place, int_, False)
    index = bind(ops.max, bind(ops.min, index, like(index, ordered.shape[-1] - 1)), like(index, 0))
    return gather_along(ordered, index, ordered.ndim - 1)


def _interpolated(rows: Any, shares: Any, method: str, skips_nan: bool) -> Any:
    """Quantiles of the rows, as the first axis."""
    if rows.shape[-1] == 0:
        return constant(math.nan, (shares.shape[0], *rows.shape[:-1]), rows.dtype)
    ordered, count, is_nan = _prepared(rows, skips_nan)
    shape = (*rows.shape[:-1], shares.shape[0])
    spread = broadcast_to(shares, shape)
    last = bind(ops.sub, count, like(count, 1))
    place = bind(ops.mul, spread, broadcast_to(last, shape))
    low, high = bind(ops.floor, place), bind(ops.ceil, place)
    fraction = bind(ops.sub, place, low)
    if method == "lower":
        made = _at(ordered, low)
    elif method == "higher":
        made = _at(ordered, high)
    elif method == "nearest":
        made = select(compare_to(fraction, 0.5, "LE"), _at(ordered, low), _at(ordered, high))
    else:
        below, above = _at(ordered, low), _at(ordered, high)
        if method == "midpoint":
            made = bind(ops.mul, bind(ops.add, below, above), like(below, 0.5))
        else:
            rest = bind(ops.sub, like(fraction, 1), fraction)
            made = bind(ops.add, bind(ops.mul, below, rest), bind(ops.mul, above, fraction))
            # Equal neighbours may be infinite.
            made = select(compare(below, above, "EQ"), below, made)
    made = select(broadcast_to(is_nan, shape), like(made, math.nan), made)
    return transpose_by(made, (made.ndim - 1, *range(made.ndim - 1)))


def _inverted_cdf(rows: Any, shares: Any, weights: Any, skips_nan: bool) -> Any:
    """The first element at which the share of weights so far reaches q."""
    last = rows.ndim - 1
    weights = like(rows, 1) if weights is None else weights
    if skips_nan:
        weights = select(isnan_(rows), like(weights, 0), weights)
    ordered, weight = sort_op([rows, weights], last, 1)
    sums = emit("cumsum", weight, axis=last)
    total = reduce_axes("reduce_sum", weight, (last,), True)
    n = rows.shape[-1]
    shape = (*rows.shape[:-1], shares.shape[0], n)
    lead = tuple(range(last))
    reached = compare(
        emit("broadcast_in_dim", sums, shape=shape, dims=(*lead, last + 1)),
        bind(
            ops.mul,
            emit("broadcast_in_dim", shares, shape=shape, dims=(last,)),
            emit("broadcast_in_dim", reshape_to(total, rows.shape[:-1]), shape=shape, dims=lead),
        ),
        "GE",
    )
    has_weight = compare_to(emit("broadcast_in_dim", weight, shape=shape, dims=(*lead, last + 1)), 0, "GT")
    reached = bind(ops.and_, reached, has_weight)
    first = emit("argmax", reached, axis=last + 1, index_dtype=dtypes.default_int(), weak_type=False)
    made = gather_along(ordered, first, last)
    if skips_nan:
        is_nan = compare_to(total, 0, "EQ")
    else:
        is_nan = reduce_axes("reduce_or", isnan_(rows), (last,), True)
    made = select(broadcast_to(is_nan, made.shape), like(made, math.nan), made)
    return transpose_by(made, (last, *range(last)))


@library("a", "q", "weights")
def quantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """The value below which a share q (between 0 and 1) of the elements along axes lies; nan if any is nan.

    `method` says what lies between two elements: "linear", "lower", "higher", "midpoint", "nearest", or
    "inverted_cdf", which also takes weights. The axes of q come first in the result.
    """
    _no_overwriting("quantile", out, overwrite_input)
    return _quantile("quantile", a, q, axis, method, keepdims, False, weights)


@library("a", "q", "weights")
def nanquantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """`quantile` of the elements that are not nan."""
    _no_overwriting("nanquantile", out, overwrite_input)
    return _quantile("nanquantile", a, q, axis, method, keepdims, True, weights)


def _percent(q: Any) -> Any:
    x = inexact("percentile", q)
    return bind(ops.div, x, like(x, 100))


@library("a", "q", "weights")
def percentile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
    out_sharding: Any = None,
) -> Any:
    """`quantile` with q in percent."""
    no_sharding("percentile", out_sharding=out_sharding)
    _no_overwriting("percentile", out, overwrite_input)
    return _quantile("percentile", a, _percent(q), axis, method, keepdims, False, weights)


@library("a", "q", "weights")
def nanpercentile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: None = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """`percentile` of the elements that are not nan."""
    _no_overwriting("nanpercentile", out, overwrite_input)
    return _quantile("nanpercentile", a, _percent(q), axis, method, keepdims, True, weights)


def _no_overwriting(name: str, out: Any, overwrite_input: bool) -> None:
    if overwrite_input or out is not None:
        raise ValueError(f"jnp.{name} does not support overwrite_input=True or out != None")


@library("a")
def median(
    a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """The middle of the sorted elements along axes, or the mean of the two in the middle; nan if any is nan."""
    _no_overwriting("median", out, overwrite_input)
    return _quantile("median", a, 0.5, axis, "midpoint", keepdims, False)


@library("a")
def nanmedian(
    a: Any, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """`median` of the elements that are not nan."""
    _no_overwriting("nanmedian", out, overwrite_input)
    return _quantile("nanmedian", a, 0.5, axis, "midpoint", keepdims, True)
