"""Exponentials, logarithms, roots, trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft.numpy._arguments import inexact, promoted_inexact
from weft.numpy._elementwise import binary_function, unary_function
from weft.numpy._ops import compare, compare_to, constant, kind, like, ops, select
from weft.numpy.ufunc_class import binary_ufunc


def _unary(name: str, op: str, doc: str) -> Callable[[Any], Any]:
    """The function `name` that is one op on floats."""

    def function(x: Any, /) -> Any:
        return bind(getattr(ops, op), inexact(name, x))

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = doc
    return unary_function(function)


exp = _unary("exp", "exp", "e to the power x elementwise.")
exp2 = _unary("exp2", "exp2", "2 to the power x elementwise.")
expm1 = _unary("expm1", "expm1", "exp(x) - 1 elementwise, precise near 0.")
log = _unary("log", "log", "Natural logarithm elementwise.")
log1p = _unary("log1p", "log1p", "log(1 + x) elementwise, precise near 0.")
sqrt = _unary("sqrt", "sqrt", "Square root elementwise; nan for negative floats.")
sin = _unary("sin", "sin", "Sine elementwise, of radians.")
cos = _unary("cos", "cos", "Cosine elementwise, of radians.")
tan = _unary("tan", "tan", "Tangent elementwise, of radians.")
arcsin = _unary("arcsin", "asin", "Inverse sine elementwise, in radians.")
arccos = _unary("arccos", "acos", "Inverse cosine elementwise, in radians.")
arctan = _unary("arctan", "atan", "Inverse tangent elementwise, in radians.")
sinh = _unary("sinh", "sinh", "Hyperbolic sine elementwise.")
cosh = _unary("cosh", "cosh", "Hyperbolic cosine elementwise.")
tanh = _unary("tanh", "tanh", "Hyperbolic tangent elementwise.")
arcsinh = _unary("arcsinh", "asinh", "Inverse hyperbolic sine elementwise.")
arccosh = _unary("arccosh", "acosh", "Inverse hyperbolic cosine elementwise.")
arctanh = _unary("arctanh", "atanh", "Inverse hyperbolic tangent elementwise.")
asin, acos, atan = arcsin, arccos, arctan
asinh, acosh, atanh = arcsinh, arccosh, arctanh


def _logarithm(name: str, x: Any, base: float) -> Any:
    x = inexact(name, x)
    return bind(ops.div, bind(ops.log, x), constant(math.log(base), x.shape, x.dtype))


@library("x")
def cbrt(x: Any, /) -> Any:
    """Real cube root elementwise."""
    x = inexact("cbrt", x)
    if kind(x) == "c":
        raise TypeError(f"cbrt does not accept dtype {x.dtype}. Accepted dtypes are subtypes of floating.")
    return bind(ops.cbrt, x)


@library("x")
def log2(x: Any, /) -> Any:
    """Logarithm to base 2 elementwise."""
    return _logarithm("log2", x, 2.0)


@library("x")
def log10(x: Any, /) -> Any:
    """Logarithm to base 10 elementwise."""
    return _logarithm("log10", x, 10.0)


@library("x")
def deg2rad(x: Any, /) -> Any:
    """Degrees to radians."""
    x = inexact("deg2rad", x)
    return bind(ops.mul, x, like(x, math.pi / 180))


@library("x")
def rad2deg(x: Any, /) -> Any:
    """Radians to degrees."""
    x = inexact("rad2deg", x)
    return bind(ops.mul, x, like(x, 180 / math.pi))


radians, degrees = deg2rad, rad2deg


@binary_function
def arctan2(x1: Any, x2: Any, /) -> Any:
    """Angle in radians of the point with ordinate x1 and abscissa x2, elementwise."""
    return bind(ops.atan2, *promoted_inexact("arctan2", x1, x2))


atan2 = arctan2


@binary_function
def hypot(x1: Any, x2: Any, /) -> Any:
    """sqrt(x1**2 + x2**2) elementwise, without overflow of the squares."""
    x, y = promoted_inexact("hypot", x1, x2)
    if kind(x) == "c":
        raise ValueError("jnp.hypot is not well defined for complex-valued inputs")
    x, y = bind(ops.abs, x), bind(ops.abs, y)
    large, small = bind(ops.max, x, y), bind(ops.min, x, y)
    is_zero = compare_to(large, 0, "EQ")
    ratio = bind(ops.div, small, select(is_zero, like(large, 1), large))
    length = bind(ops.mul, large, bind(ops.sqrt, bind(ops.add, bind(ops.mul, ratio, ratio), like(ratio, 1))))
    infinite = like(x, math.inf)
    is_infinite = bind(ops.or_, compare(x, infinite, "EQ"), compare(y, infinite, "EQ"))
    return select(is_infinite, infinite, select(is_zero, large, length))


@binary_ufunc(identity=-math.inf)
def logaddexp(x: Any, y: Any, /) -> Any:
    """log(exp(x) + exp(y)) elementwise, without overflow."""
    x, y = promoted_inexact("logaddexp", x, y)
    if kind(x) == "f":
        return bind(ops.logaddexp, x, y)
    larger = select(compare(bind(ops.real, x), bind(ops.real, y), "GE"), x, y)
    sum_ = bind(ops.add, bind(ops.exp, bind(ops.sub, x, larger)), bind(ops.exp, bind(ops.sub, y, larger)))
    made = bind(ops.add, larger, bind(ops.log, sum_))
    # The angle between -pi and pi: whole turns are taken off.
    angle = bind(ops.imag, made)
    turns = bind(ops.round_nearest_even, bind(ops.div, angle, like(angle, 2 * math.pi)))
    angle = bind(ops.sub, angle, bind(ops.mul, turns, like(angle, 2 * math.pi)))
    return bind(ops.complex, bind(ops.real, made), angle)


@binary_ufunc(identity=-math.inf)
def logaddexp2(x: Any, y: Any, /) -> Any:
    """log2(2**x + 2**y) elementwise, without overflow."""
    x, y = promoted_inexact("logaddexp2", x, y)
    ln2 = like(x, math.log(2.0))
    return bind(ops.div, logaddexp(bind(ops.mul, x, ln2), bind(ops.mul, y, ln2)), ln2)


@library("x")
def sinc(x: Any, /) -> Any:
    """sin(pi x) / (pi x) elementwise, 1 at 0."""
    angle = inexact("sinc", x)
    angle = bind(ops.mul, angle, like(angle, math.pi))
    is_small = compare(bind(ops.abs, angle), like(_real(angle), 0.1), "LT")
    safe = select(is_small, like(angle, 1), angle)
    # The first terms of the series near 0, so that derivatives of every order are right there.
    square = bind(ops.mul, angle, angle)
    series = like(angle, _SINC_TERMS[-1])
    for term in reversed(_SINC_TERMS[:-1]):
        series = bind(ops.add, bind(ops.mul, series, square), like(angle, term))
    return select(is_small, series, bind(ops.div, bind(ops.sin, safe), safe))


def _real(x: Any) -> Any:
    return bind(ops.real, x) if kind(x) == "c" else x


_SINC_TERMS = tuple((-1) ** k / math.factorial(2 * k + 1) for k in range(6))
