"""Means and variances along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import Axis, array, axes_within, explicit_dtype, no_out
from weft.numpy._ops import broadcast_in_dim, emit, kind, like, ops, reshape_to
from weft.numpy.logic import truth
from weft.numpy.reductions import masked, reduce_axes, wide
from weft.numpy.reductions import sum as sum_
from weft_compiler.avals import kind_of
from weft_compiler.symbolic import DimExpr


def count(x: Any, axes: tuple[int, ...], where: Any, dtype: Any, name: str) -> Any:
    """How many elements go into each result: a Python number, or an array if there is a mask."""
    if where is None:
        return math.prod([x.shape[i] for i in axes])
    mask = broadcast_to(truth(array(name, where)), x.shape)
    return reduce_axes("reduce_sum", convert(mask, dtype, False), axes, True)


def mean_dtype(name: str, x: Any, dtype: Any) -> Any:
    """The dtype of a mean of `x`."""
    wanted = explicit_dtype(dtype, name)
    return dtypes.narrow(dtypes.to_inexact(x.dtype)) if wanted is None else wanted


def divided(x: Any, number: Any) -> Any:
    """`x` divided by a Python number or by an array of its dtype that broadcasts."""
    if isinstance(number, (int, float, DimExpr)):
        return bind(ops.div, x, like(x, number))
    return bind(ops.div, x, broadcast_to(number, x.shape))


def _mean(name: str, x: Any, axes: tuple[int, ...], where: Any, keepdims: bool = True) -> Any:
    """Mean of a value that is wide enough to be summed."""
    if where is not None and not keepdims:
        return without_axes(_mean(name, x, axes, where), axes, False)
    total = reduce_axes("reduce_sum", masked(name, x, where, 0), axes, keepdims)
    return divided(total, count(x, axes, where, x.dtype, name))


def _spread_mask(name: str, x: Any, where: Any) -> Any:
    """`x` broadcast against a mask that has more axes."""
    if where is None:
        return x
    return broadcast_to(x, np.broadcast_shapes(x.shape, array(name, where).shape))


def without_axes(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """A result with reduced axes of size 1, without them unless they are to be kept."""
    return x if keepdims else reshape_to(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


@library("a", "where")
def mean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: Any = None,
) -> Any:
    """Arithmetic mean along axes; of integers a float. 16-bit floats are summed in float32."""
    no_out("mean", out)
    x = array("mean", a)
    target = mean_dtype("mean", x, dtype)
    x = _spread_mask("mean", wide(convert(x, target, False)), where)
    axes = axes_within(axis, x.ndim)
    return convert(_mean("mean", x, axes, where, keepdims), target, False)


def _variance(
    name: str,
    a: Any,
    axis: Axis,
    dtype: Any,
    ddof: float,
    keepdims: bool,
    where: Any,
    mean: Any,
    correction: Any,
) -> Any:
    if correction is not None:
        if ddof:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    x = array(name, a)
    target = mean_dtype(name, x, dtype)
    if kind_of(target) not in "fc":
        if name == "std":
            raise ValueError(f"dtype argument to jnp.std must be inexact; got {target}")
        target = dtypes.narrow(dtypes.to_inexact(target))
    if dtype is not None and kind(x) == "c" and kind_of(target) != "c":
        raise ValueError(
            f"{name}: the variance of complex values cannot be computed in {target}, which is real"
        )
    x = _spread_mask(name, wide(convert(x, target, False)), where)
    axes = axes_within(axis, x.ndim)
    center = _mean(name, x, axes, where) if mean is None else convert(array(name, mean), x.dtype, False)
    deviation = bind(ops.sub, x, broadcast_to(center, x.shape))
    if kind(x) == "c":
        parts = [bind(part, deviation) for part in (ops.real, ops.imag)]
        squares = bind(ops.add, *[bind(ops.mul, part, part) for part in parts])
    else:
        squares = bind(ops.mul, deviation, deviation)
    total = reduce_axes("reduce_sum", masked(name, squares, where, 0), axes, True)
    size = count(x, axes, where, squares.dtype, name)
    if isinstance(size, (int, float, DimExpr)):
        made = divided(total, size - ddof)
    else:
        made = divided(total, bind(ops.sub, size, like(size, ddof)))
    return convert(without_axes(made, axes, keepdims), dtypes.to_real(target), False)


@library("a", "where", "mean")
def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """Mean squared distance from the mean along axes; the sum is divided by the number of elements minus `ddof`."""
    no_out("var", out)
    return _variance("var", a, axis, dtype, ddof, keepdims, where, mean, correction)


@library("a", "where", "mean")
def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """Standard deviation along axes: the square root of `var`."""
    no_out("std", out)
    return bind(ops.sqrt, _variance("std", a, axis, dtype, ddof, keepdims, where, mean, correction))


@library("a", "weights")
def average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """Weighted mean along axes; with `returned`, a pair with the sum of the weights."""
    x = array("average", a)
    if weights is None:
        made = mean(x, axis, keepdims=keepdims)
        size = math.prod([x.shape[i] for i in axes_within(axis, x.ndim)])
        return (made, like(made, size)) if returned else made
    w = array("average", weights)
    target = dtypes.narrow(dtypes.to_inexact(dtypes.promote_types(x.dtype, w.dtype)))
    axes = axes_within(axis, x.ndim)
    if w.shape != x.shape:
        w = _weights_along(x, w, axis, axes)
    x, w = convert(x, target, False), broadcast_to(convert(w, target, False), x.shape)
    total = sum_(w, axis, keepdims=keepdims)
    made = bind(ops.div, sum_(bind(ops.mul, x, w), axis, keepdims=keepdims), total)
    return (made, total) if returned else made


def _weights_along(x: Any, w: Any, axis: Axis, axes: tuple[int, ...]) -> Any:
    if axis is None:
        raise ValueError("Axis must be specified when shapes of a and weights differ.")
    if w.shape != tuple(x.shape[i] for i in axes):
        raise ValueError(
            f"Shape of weights must be consistent with shape of a along specified axis: {w.shape} and {x.shape}."
        )
    order = sorted(range(len(axes)), key=axes.__getitem__)
    if order != list(range(len(axes))):
        w = emit("transpose", w, permutation=tuple(order))
    return broadcast_in_dim(w, x.shape, tuple(sorted(axes)))
