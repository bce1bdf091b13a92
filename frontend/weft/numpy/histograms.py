"""Counts of elements in bins."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.values import is_array
from weft.numpy._arguments import array, arrays, inexact, no_sharding
from weft.numpy._ops import compare, constant, kind, like, ops, reshape_to, select, slice_axis
from weft.numpy.cumulative import diff
from weft.numpy.finding import value_of
from weft.numpy.ranges import linspace
from weft.numpy.reductions import max as max_
from weft.numpy.reductions import min as min_
from weft.numpy.reductions import sum as sum_
from weft.numpy.sorting import searchsorted


def bincount(
    x: Any, weights: Any = None, minlength: int = 0, *, length: int | None = None, out_sharding: Any = None
) -> Any:
    """How often each of 0, 1, 2, … is among the elements, or the sum of the weights of those equal to it.

    With `length` the result has that many entries; larger elements are left out, negative ones count as 0.
    """
    no_sharding("bincount", out_sharding=out_sharding)
    v = array("bincount", x)
    if kind(v) not in "biu":
        raise TypeError(f"x argument to bincount must have an integer type; got {v.dtype}")
    if v.ndim != 1:
        raise ValueError("only 1-dimensional input supported.")
    least = operator.index(minlength)
    if length is None:
        found = value_of("bincount", v, "With the argument `length` the result has that many entries.")
        length = max(least, int(found.max(initial=-1)) + 1)
    else:
        length = operator.index(length)
    if weights is None:
        return _bincount(v, None, length)
    w = array("bincount", weights, 1)
    if w.shape != v.shape:
        raise ValueError("shape of weights must match shape of x.")
    return _bincount(v, w, length)


@library("x", "weights")
def _bincount(x: Any, weights: Any, length: int) -> Any:
    x = convert(x, dtypes.default_int(), False) if kind(x) == "b" else x
    if kind(x) == "i":
        x = bind(ops.max, x, like(x, 0))
    if weights is None:
        weights = constant(1, x.shape, dtypes.default_int())
    return constant(0, (length,), weights.dtype).at[x].add(weights, mode="drop")


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any | None = None, weights: Any = None) -> Any:
    """The edges of bins of one width over the range of the elements (or that given), or the given edges."""
    x = array("histogram_bin_edges", a)
    if isinstance(bins, str):
        raise NotImplementedError("string values for `bins` not implemented.")
    if np.ndim(bins) == 1 if not is_array(bins) else bins.ndim == 1:
        edges = array("histogram_bin_edges", bins if is_array(bins) else np.asarray(bins), 1)
        return convert(edges, dtypes.narrow(dtypes.to_inexact(x.dtype)), False)
    if (bins.ndim if is_array(bins) else np.ndim(bins)) > 1:
        raise ValueError("`bins` must be 1d, when an array")
    count = operator.index(bins)
    if count < 1:
        raise ValueError("`bins` must be positive, when an integer")
    limits = tuple(range) if isinstance(range, (tuple, list)) else range
    if limits is not None and not is_array(limits) and len(limits) != 2:
        raise ValueError(f"`range` must be either None or a sequence of scalars, got {range}")
    return _edges(x, limits, count)


@library("x", "limits")
def _edges(x: Any, limits: Any, count: int) -> Any:
    dtype = dtypes.narrow(dtypes.to_inexact(x.dtype))
    if limits is None:
        flat = reshape_to(x, (x.size,))
        low, high = (min_(flat), max_(flat)) if x.size else (constant(0, (), dtype), constant(1, (), dtype))
    else:
        low, high = limits[0], limits[1]
    low, high = [convert(array("histogram", v), dtype, False) for v in (low, high)]
    is_point = compare(low, high, "EQ")
    half = like(low, 0.5)
    low = select(is_point, bind(ops.sub, low, half), low)
    high = select(is_point, bind(ops.add, high, half), high)
    return linspace(low, high, count + 1, dtype=dtype)


def histogram(
    a: Any, bins: Any = 10, range: Any = None, weights: Any = None, density: bool | None = None
) -> tuple[Any, Any]:
    """How many elements (or what weight of them) lie in each bin, and the edges of the bins.

    The last bin includes its right edge. With `density` the integral over all bins is 1.
    """
    x = array("histogram", a)
    edges = histogram_bin_edges(x, bins, range, weights)
    return _histogram(x, edges, weights, bool(density)), edges


@library("x", "edges", "weights")
def _histogram(x: Any, edges: Any, weights: Any, density: bool) -> Any:
    w = None if weights is None else array("histogram", weights)
    if w is not None and w.shape != x.shape:
        raise ValueError("weights should have the same shape as a.")
    n = edges.shape[0] - 1
    values = reshape_to(inexact("histogram", x), (x.size,))
    dtype = dtypes.promote_types(values.dtype, edges.dtype)
    values, edges = convert(values, dtype, False), convert(edges, dtype, False)
    index, is_inside = _bins_of(values, edges)
    if w is None:
        w = constant(1, values.shape, dtype)
    else:
        w = convert(
            reshape_to(w, (w.size,)),
            dtypes.narrow(dtypes.to_inexact(w.dtype)) if kind(w) != "c" else w.dtype,
            False,
        )
    counts = constant(0, (n,), w.dtype).at[index].add(select(is_inside, w, like(w, 0)), mode="drop")
    if density:
        widths = convert(diff(edges), counts.dtype, False)
        total = broadcast_to(sum_(counts), counts.shape)
        counts = bind(ops.div, bind(ops.div, counts, widths), total)
    return counts


def _bins_of(values: Any, edges: Any) -> tuple[Any, Any]:
    """The bin of each value, and whether it lies in any."""
    n = edges.shape[0] - 1
    last = broadcast_to(reshape_to(slice_axis(edges, 0, n, n + 1), ()), values.shape)
    first = broadcast_to(reshape_to(slice_axis(edges, 0, 0, 1), ()), values.shape)
    index = searchsorted(edges, values, side="right")
    index = select(compare(values, last, "EQ"), like(index, n), index)
    index = bind(ops.sub, index, like(index, 1))
    is_inside = bind(ops.and_, compare(values, first, "GE"), compare(values, last, "LE"))
    return bind(ops.max, index, like(index, 0)), is_inside


def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Sequence[Any] | None = None,
    weights: Any = None,
    density: bool | None = None,
) -> tuple[Any, list[Any]]:
    """How many of the points (rows of `sample`) lie in each cell of a grid, and the edges along each axis."""
    points = (
        sample
        if is_array(sample)
        else array("histogramdd", sample)
        if not isinstance(sample, (list, tuple))
        else None
    )
    if points is None:
        from weft.numpy.joining import stack

        points = stack(list(sample), axis=-1)
    if points.ndim != 2:
        raise ValueError(f"histogramdd: sample must have two axes, got {points.aval}")
    dims = points.shape[1]
    per_axis = list(bins) if isinstance(bins, (list, tuple)) else [bins] * dims
    if len(per_axis) != dims:
        raise ValueError("should be a bin for each dimension.")
    if range is not None and len(range) != dims:
        raise ValueError(
            f"For sample.shape={points.shape}, range must be a sequence of length {dims}; got {range=}."
        )
    if weights is not None and array("histogramdd", weights).shape != points.shape[:1]:
        raise ValueError("should have one weight for each sample.")
    columns = [_column(points, i) for i in np.arange(dims)]
    edges = [
        histogram_bin_edges(column, b, None if range is None else range[i])
        for i, (column, b) in enumerate(zip(columns, per_axis, strict=True))
    ]
    return _histogramdd(points, edges, weights, bool(density)), edges


@library("x")
def _column(x: Any, i: int) -> Any:
    return reshape_to(slice_axis(x, 1, int(i), int(i) + 1), (x.shape[0],))


@library("points", "edges", "weights")
def _histogramdd(points: Any, edges: list[Any], weights: Any, density: bool) -> Any:
    dtype = dtypes.narrow(dtypes.to_inexact(points.dtype))
    points = convert(points, dtype, False)
    shape = tuple(e.shape[0] - 1 for e in edges)
    flat, is_inside = None, None
    for i, edge in enumerate(edges):
        index, inside = _bins_of(_column(points, i), convert(edge, dtype, False))
        if flat is None:
            flat, is_inside = index, inside
        else:
            flat = bind(ops.add, bind(ops.mul, flat, like(flat, shape[i])), index)
            is_inside = bind(ops.and_, is_inside, inside)
    ones = constant(1, (points.shape[0],), dtypes.default_int())
    w = ones if weights is None else array("histogramdd", weights)
    size = int(np.prod(shape))
    counts = constant(0, (size,), w.dtype).at[flat].add(select(is_inside, w, like(w, 0)), mode="drop")
    counts = reshape_to(counts, shape)
    if density:
        counts = inexact("histogramdd", counts)
        counts = bind(ops.div, counts, broadcast_to(sum_(counts), counts.shape))
        for i, edge in enumerate(edges):
            widths = convert(diff(edge), counts.dtype, False)
            widths = reshape_to(widths, tuple(n if j == i else 1 for j, n in enumerate(shape)))
            counts = bind(ops.div, counts, broadcast_to(widths, shape))
    return counts


def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, weights: Any = None, density: bool | None = None
) -> tuple[Any, Any, Any]:
    """How many of the points (x, y) lie in each cell of a grid, and the edges along both axes."""
    from weft.numpy.joining import stack

    a, b = arrays("histogram2d", x, y)
    per_axis = bins
    if (is_array(bins) or isinstance(bins, np.ndarray)) and np.ndim(bins) == 1:
        per_axis = [bins, bins]
    elif isinstance(bins, (list, tuple)) and len(bins) != 2:
        edges = np.asarray(bins)
        per_axis = [edges, edges]
    counts, edges_of = histogramdd(stack([a, b], axis=-1), per_axis, range, weights, density)
    return counts, edges_of[0], edges_of[1]
