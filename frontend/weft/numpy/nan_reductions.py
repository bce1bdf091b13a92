"""Reductions that leave nan out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import Axis, array, no_out
from weft.numpy._ops import compare, constant, kind, like, ops, select
from weft.numpy.logic import isnan_, truth
from weft.numpy.means import mean_dtype
from weft.numpy.reductions import all as all_
from weft.numpy.reductions import argmax, argmin, prod
from weft.numpy.reductions import max as max_
from weft.numpy.reductions import min as min_
from weft.numpy.reductions import sum as sum_


def without_nan(x: Any, value: Any) -> Any:
    """`x` with a number in the place of nan."""
    return x if kind(x) not in "fc" else select(isnan_(x), constant(value, x.shape, x.dtype, x.weak_type), x)


def _extremum(name: str, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    x = array(name, a)
    is_max = name == "nanmax"
    function = max_ if is_max else min_
    if kind(x) not in "fc":
        return function(x, axis=axis, keepdims=keepdims, initial=initial, where=where)
    worst = -math.inf if is_max else math.inf
    filled = without_nan(x, worst if kind(x) == "f" else complex(worst, worst))
    made = function(filled, axis=axis, keepdims=keepdims, initial=initial, where=where)
    if initial is not None:
        return made
    only_nan = all_(isnan_(x), axis=axis, keepdims=keepdims)
    return select(only_nan, like(made, math.nan), made)


@library("a", "initial", "where")
def nanmax(
    a: Any,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """The largest element along axes that is not nan; nan if there is none."""
    no_out("nanmax", out)
    return _extremum("nanmax", a, axis, keepdims, initial, where)


@library("a", "initial", "where")
def nanmin(
    a: Any,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """The smallest element along axes that is not nan; nan if there is none."""
    no_out("nanmin", out)
    return _extremum("nanmin", a, axis, keepdims, initial, where)


@library("a", "initial", "where")
def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Sum along axes with nan counted as 0."""
    no_out("nansum", out)
    x = without_nan(array("nansum", a), 0)
    return sum_(x, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


@library("a", "initial", "where")
def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """Product along axes with nan counted as 1."""
    no_out("nanprod", out)
    x = without_nan(array("nanprod", a), 1)
    return prod(x, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


def _count(x: Any, axis: Axis, keepdims: bool, where: Any, dtype: Any) -> Any:
    """How many elements are not nan."""
    is_number = bind(ops.not_, isnan_(x)) if kind(x) in "fc" else constant(True, x.shape, np.dtype(np.bool_))
    if where is not None:
        mask = truth(array("nanmean", where))
        shape = np.broadcast_shapes(mask.shape, x.shape)
        is_number = bind(ops.and_, broadcast_to(is_number, shape), broadcast_to(mask, shape))
    made = sum_(convert(is_number, dtypes.default_int(), False), axis=axis, keepdims=keepdims)
    return convert(made, dtype, False)


@library("a", "where")
def nanmean(
    a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False, where: Any = None
) -> Any:
    """Mean along axes of the elements that are not nan; nan if there are none."""
    no_out("nanmean", out)
    x = array("nanmean", a)
    target = mean_dtype("nanmean", x, dtype)
    total = nansum(
        convert(x, target, False) if kind(x) not in "fc" else x, axis, target, None, keepdims, None, where
    )
    return bind(ops.div, total, _count(x, axis, keepdims, where, total.dtype))


def _nanvar(
    name: str, a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: bool, where: Any, mean: Any
) -> Any:
    x = array(name, a)
    target = mean_dtype(name, x, dtype)
    work = np.dtype(np.float32) if kind(x) == "f" and target.itemsize <= 2 else target
    x = convert(x, work, False)
    center = (
        nanmean(x, axis, keepdims=True, where=where)
        if mean is None
        else convert(array(name, mean), work, False)
    )
    deviation = bind(ops.sub, x, broadcast_to(center, x.shape))
    is_nan = isnan_(x)
    if kind(x) == "c":
        parts = [bind(part, deviation) for part in (ops.real, ops.imag)]
        squares = bind(ops.add, *[bind(ops.mul, part, part) for part in parts])
    else:
        squares = bind(ops.mul, deviation, deviation)
    squares = select(is_nan, like(squares, 0), squares)
    total = sum_(squares, axis=axis, keepdims=keepdims, where=where)
    size = _count(x, axis, keepdims, where, total.dtype)
    rest = bind(ops.sub, size, like(size, ddof))
    made = bind(ops.div, total, rest)
    # Too few numbers have no variance.
    made = select(compare(rest, like(rest, 0), "LE"), like(made, math.nan), made)
    return convert(made, dtypes.to_real(target), False)


@library("a", "where", "mean")
def nanvar(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
) -> Any:
    """Variance along axes of the elements that are not nan."""
    no_out("nanvar", out)
    return _nanvar("nanvar", a, axis, dtype, ddof, keepdims, where, mean)


@library("a", "where", "mean")
def nanstd(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
) -> Any:
    """Standard deviation along axes of the elements that are not nan."""
    no_out("nanstd", out)
    return bind(ops.sqrt, _nanvar("nanstd", a, axis, dtype, ddof, keepdims, where, mean))


def _index(name: str, a: Any, axis: int | None, keepdims: bool | None) -> Any:
    x = array(name, a)
    function, worst = (argmax, -math.inf) if name == "nanargmax" else (argmin, math.inf)
    if kind(x) != "f":
        return function(x, axis=axis, keepdims=keepdims)
    made = function(without_nan(x, worst), axis=axis, keepdims=keepdims)
    only_nan = all_(isnan_(x), axis=axis, keepdims=bool(keepdims))
    return select(only_nan, like(made, -1), made)


@library("a")
def nanargmax(a: Any, axis: int | None = None, out: None = None, keepdims: bool | None = None) -> Any:
    """Index of the largest element along an axis that is not nan; -1 if there is none."""
    no_out("nanargmax", out)
    return _index("nanargmax", a, axis, keepdims)


@library("a")
def nanargmin(a: Any, axis: int | None = None, out: None = None, keepdims: bool | None = None) -> Any:
    """Index of the smallest element along an axis that is not nan; -1 if there is none."""
    no_out("nanargmin", out)
    return _index("nanargmin", a, axis, keepdims)
