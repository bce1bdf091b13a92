"""Order statistics, covariance and correlation."""

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
    concatenate_arrays,
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
from weft.numpy.products import dot
from weft.numpy.reductions import average, reduce_axes
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
    dtype = dtypes.promote_types(x.dtype, share.dtype) if not share.weak_type else x.dtype
    x, share = convert(x, dtype, False), convert(share, dtype, False)
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
        made = _at(ordered, bind(ops.round_nearest_even, place))
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


# Covariance


@library("m", "y", "fweights", "aweights")
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    dtype: Any = None,
) -> Any:
    """Covariance matrix of variables: the rows of m (its columns unless `rowvar`), and those of y."""
    parts = [array("cov", m)] + ([array("cov", y, 1)] if y is not None else [])
    if any(x.ndim > 2 for x in parts):
        raise ValueError(
            "m has more than 2 dimensions" if parts[0].ndim > 2 else "y has more than 2 dimensions"
        )
    if dtype is None:
        target = dtypes.narrow(dtypes.to_inexact(dtypes.promote(*[(x.dtype, x.weak_type) for x in parts])[0]))
    else:
        target = dtypes.canonicalize_explicit(dtype, "cov")
    rows = [_variables(convert(x, target, False), rowvar, i == 0) for i, x in enumerate(parts)]
    x = concatenate_arrays(rows, 0)
    if ddof is None:
        ddof = 0 if bias else 1
    w = _observation_weights(x, fweights, aweights)
    if w is None:
        center = average(x, axis=1, keepdims=True)
        total: Any = constant(float(x.shape[1]), (), dtypes.to_real(target))
        norm = bind(ops.sub, total, like(total, float(ddof)))
    else:
        center = average(x, axis=1, weights=w, keepdims=True)
        norm = _weighted_norm(w, aweights, ddof, target)
    x = bind(ops.sub, x, broadcast_to(center, x.shape))
    other = x if w is None else bind(ops.mul, x, broadcast_to(convert(w, x.dtype, False), x.shape))
    other = transpose_by(other, (1, 0))
    product = dot(x, bind(ops.conj, other) if kind(x) == "c" else other)
    made = bind(ops.div, product, broadcast_to(convert(norm, product.dtype, False), product.shape))
    return reshape_to(made, tuple(n for n in made.shape if n != 1) if made.size == 1 else made.shape)


def _variables(x: Any, rowvar: bool, is_first: bool) -> Any:
    if x.ndim < 2:
        return reshape_to(x, (1, x.size))
    return x if rowvar or (is_first and x.shape[0] == 1) else transpose_by(x, (1, 0))


def _observation_weights(x: Any, fweights: Any, aweights: Any) -> Any:
    w = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        v = array("cov", given)
        if v.ndim != 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if v.shape[0] != x.shape[1]:
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        if name == "fweights" and kind(v) not in "iu":
            raise TypeError("fweights must be integer.")
        if name == "fweights":
            w = bind(ops.abs, v) if kind(v) == "i" else v
        else:
            v = bind(ops.abs, inexact("cov", v))
            w = v if w is None else bind(ops.mul, convert(w, v.dtype, False), v)
    return w


def _weighted_norm(w: Any, aweights: Any, ddof: int, target: Any) -> Any:
    real = dtypes.to_real(target)
    w = convert(w, real, False)
    total = reduce_axes("reduce_sum", w, (0,))
    if ddof == 0:
        return total
    if aweights is None:
        return bind(ops.sub, total, like(total, float(ddof)))
    weighted = reduce_axes(
        "reduce_sum", bind(ops.mul, w, convert(bind(ops.abs, array("cov", aweights)), real, False)), (0,)
    )
    return bind(ops.sub, total, bind(ops.mul, like(total, float(ddof)), bind(ops.div, weighted, total)))


@library("x", "y")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, dtype: Any = None) -> Any:
    """Matrix of the correlation coefficients of variables, see `cov`."""
    from weft.numpy.matrices import diagonal_of

    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return bind(ops.div, c, c)
    variances = diagonal_of(c, 0)
    if kind(c) == "c":
        variances = bind(ops.real, variances)
    deviations = convert(bind(ops.sqrt, variances), c.dtype, False)
    n = c.shape[0]
    c = bind(ops.div, c, broadcast_to(reshape_to(deviations, (n, 1)), c.shape))
    c = bind(ops.div, c, broadcast_to(reshape_to(deviations, (1, n)), c.shape))
    limits = like(c if kind(c) == "f" else bind(ops.real, c), 1)
    if kind(c) == "f":
        return _limited(c, limits)
    return bind(ops.complex, *[_limited(bind(part, c), limits) for part in (ops.real, ops.imag)])


def _limited(x: Any, limits: Any) -> Any:
    return bind(ops.clamp, bind(ops.neg, limits), x, limits)
