"""Choosing between values elementwise: where, select, clip, and what replaces nan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_all, broadcast_to, convert, promoted, with_weak_type
from weft._tracing.trace import STATE
from weft.numpy._arguments import array, arrays
from weft.numpy._elementwise import NUMBERS, number_beside
from weft.numpy._ops import compare, compare_to, constant, kind, ops, select
from weft.numpy.arithmetic import maximum, minimum
from weft.numpy.logic import isfinite, truth
from weft_runtime import Array


def where(
    condition: Any, x: Any = None, y: Any = None, /, *, size: int | None = None, fill_value: Any = None
) -> Any:
    """x where the condition is true, else y; with a condition alone the indices where it is true.

    Shapes: all three broadcast to the shape of the result.
    """
    if x is None and y is None:
        from weft.numpy.finding import nonzero

        return nonzero(condition, size=size, fill_value=fill_value)
    if size is not None or fill_value is not None:
        raise ValueError("size and fill_value arguments cannot be used in three-term where function.")
    if STATE.trace is None and (type(x) in NUMBERS) is not (type(y) in NUMBERS):
        if type(x) is Array:
            y = number_beside(x, y)
        elif type(y) is Array:
            x = number_beside(y, x)
    return _where(condition, x, y)


@library("condition", "x", "y")
def _where(condition: Any, x: Any, y: Any) -> Any:
    for i, value in enumerate((x, y)):
        if value is None or isinstance(value, (list, tuple)):
            array("where", value, i + 1)
    return where_(array("where", condition), x, y)


def where_(condition: Any, x: Any, y: Any) -> Any:
    """`where` for values in a traced function."""
    pred = truth(condition)
    x, y = promoted("where", x, y)
    if pred.shape != x.shape:
        if pred.ndim == 0:
            return select(pred, x, y)
        pred, x, y = broadcast_all("where", [pred, x, y])
    return select(pred, x, y)


@library("condlist", "choicelist", "default")
def select_(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """For each element the choice of the first true condition, else the default."""
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"condlist must have length equal to choicelist ({len(condlist)} vs {len(choicelist)})"
        )
    if not condlist:
        raise ValueError("condlist must be non-empty")
    conditions = arrays("select", *condlist)
    *choices, result = promoted("select", *choicelist, default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where_(condition, choice, result)
    return result


select_.__name__ = select_.__qualname__ = "select"


def clip(arr: Any = None, /, min: Any = None, max: Any = None) -> Any:
    """Elements limited to [min, max]; a limit that is None does not limit."""
    if STATE.trace is None and type(arr) is Array:
        min = number_beside(arr, min) if type(min) in NUMBERS else min
        max = number_beside(arr, max) if type(max) in NUMBERS else max
    return _clip(arr, min, max)


@library("arr", "min", "max")
def _clip(arr: Any, min: Any, max: Any) -> Any:
    x = array("clip", arr)
    if kind(x) == "c" or any(limit is not None and kind(array("clip", limit)) == "c" for limit in (min, max)):
        raise ValueError("Clip received a complex value either through the input or the min/max keywords.")
    if min is not None:
        x = maximum(x, min)
    if max is not None:
        x = minimum(x, max)
    return x


@library("x", "nan", "posinf", "neginf")
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """nan replaced by `nan`, infinities by `posinf` and `neginf` or the largest finite numbers."""
    x = array("nan_to_num", x)
    if kind(x) == "c":
        parts = [_nan_to_num(bind(part, x), nan, posinf, neginf) for part in (ops.real, ops.imag)]
        return bind(ops.complex, *parts)
    return x if kind(x) in "biu" else _nan_to_num(x, nan, posinf, neginf)


def _nan_to_num(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    info = dtypes.finfo(x.dtype)
    replacements = (
        (compare(x, x, "NE"), nan, 0.0),
        (compare_to(x, math.inf, "EQ"), posinf, float(info.max)),
        (compare_to(x, -math.inf, "EQ"), neginf, float(info.min)),
    )
    result = x
    for pred, value, default in replacements:
        value = (
            constant(default, (), x.dtype)
            if value is None
            else convert(array("nan_to_num", value), x.dtype, False)
        )
        result = select(pred, broadcast_to(value, x.shape), result)
    return result


@library("a", "b", "rtol", "atol")
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Whether |a - b| <= atol + rtol * |b|, elementwise; infinities are close to themselves only."""
    x, y = promoted("isclose", *arrays("isclose", a, b))
    if kind(x) in "bu" or kind(x) == "i":
        target = dtypes.narrow(dtypes.to_inexact(x.dtype))
        x, y = convert(x, target, False), convert(y, target, False)
    distance = bind(ops.abs, bind(ops.sub, x, y))
    size = bind(ops.abs, y)
    relative, absolute = [broadcast_to(convert(v, size.dtype, False), size.shape) for v in (rtol, atol)]
    limit = bind(ops.add, absolute, bind(ops.mul, relative, size))
    is_close = compare(distance, limit, "LE")
    is_finite = bind(ops.and_, isfinite(x), isfinite(y))
    result = select(is_finite, is_close, compare(x, y, "EQ"))
    if equal_nan:
        both_nan = bind(ops.and_, compare(x, x, "NE"), compare(y, y, "NE"))
        result = bind(ops.or_, result, both_nan)
    return with_weak_type(result, False)


@library("a", "b", "rtol", "atol")
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Whether all elements of a and b are close, see `isclose`."""
    from weft.numpy.reductions import all as all_

    return all_(isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan))
