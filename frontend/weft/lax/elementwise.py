"""Elementwise functions: each is one op, on operands of one dtype and of one shape (or scalars)."""

from __future__ import annotations

import functools
import operator
from typing import Any

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import PYTHON_NUMBERS, as_value
from weft.dtypes import canonicalize_explicit
from weft.errors import explain
from weft.lax.enums import AccuracyMode, RoundingMethod, Tolerance
from weft.lax.operands import (
    all_weak,
    binary,
    check_dtypes,
    class_of,
    common_shape,
    kind,
    nary,
    op_of,
    rows,
    stretched,
    unary,
)

Accuracy = Tolerance | AccuracyMode | None


def _accurate(name: str, x: Any, accuracy: Accuracy) -> Any:
    """An op whose accuracy may be asked for; each backend has one way to compute it, its most accurate."""
    if accuracy is not None and not isinstance(accuracy, (Tolerance, AccuracyMode)):
        raise NotImplementedError(
            f"lax.{name}: accuracy must be a Tolerance or an AccuracyMode, got {accuracy!r}"
        )
    return unary(name, x)


# Signs and rounding


def neg(x: Any) -> Any:
    """-x; integers wrap around."""
    return bind(op_of("neg"), as_value(x))


def abs(x: Any) -> Any:
    """Absolute value; of complex numbers the modulus, a real number."""
    return bind(op_of("abs"), as_value(x))


def sign(x: Any) -> Any:
    """-1, 0 or 1 by the sign of x; x/|x| of complex numbers. Zeros keep their sign, nan stays."""
    return bind(op_of("sign"), as_value(x))


def floor(x: Any) -> Any:
    """The largest integer not above x, as a float."""
    return bind(op_of("floor"), as_value(x))


def ceil(x: Any) -> Any:
    """The smallest integer not below x, as a float."""
    return bind(op_of("ceil"), as_value(x))


def round(x: Any, rounding_method: RoundingMethod = RoundingMethod.AWAY_FROM_ZERO) -> Any:
    """The nearest integer as a float; halves go away from zero, or to the even neighbour."""
    method = RoundingMethod(rounding_method)
    nearest_even = method is RoundingMethod.TO_NEAREST_EVEN
    return bind(op_of("round_nearest_even" if nearest_even else "round_nearest_afz"), as_value(x))


def is_finite(x: Any) -> Any:
    """Whether x is neither infinite nor nan."""
    return bind(op_of("is_finite"), as_value(x))


# Exponentials, logarithms, powers and roots


def exp(x: Any, *, accuracy: Accuracy = None) -> Any:
    """e to the power x."""
    return bind(op_of("exp"), as_value(x)) if accuracy is None else _accurate("exp", x, accuracy)


def exp2(x: Any, *, accuracy: Accuracy = None) -> Any:
    """2 to the power x."""
    return _accurate("exp2", x, accuracy)


def expm1(x: Any, *, accuracy: Accuracy = None) -> Any:
    """exp(x) - 1, precise near 0."""
    return _accurate("expm1", x, accuracy)


def log(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Natural logarithm."""
    return bind(op_of("log"), as_value(x)) if accuracy is None else _accurate("log", x, accuracy)


def log1p(x: Any, *, accuracy: Accuracy = None) -> Any:
    """log(1 + x), precise near 0."""
    return _accurate("log1p", x, accuracy)


def sqrt(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Square root."""
    return bind(op_of("sqrt"), as_value(x)) if accuracy is None else _accurate("sqrt", x, accuracy)


def rsqrt(x: Any, *, accuracy: Accuracy = None) -> Any:
    """1 / sqrt(x)."""
    return _accurate("rsqrt", x, accuracy)


def cbrt(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Real cube root."""
    return _accurate("cbrt", x, accuracy)


def square(x: Any) -> Any:
    """x times x."""
    return bind(_power(2), as_value(x))


def reciprocal(x: Any) -> Any:
    """1 / x of floats and complex numbers."""
    return bind(_power(-1), as_value(x))


def integer_pow(x: Any, y: int) -> Any:
    """x to the power of the Python integer y, by repeated multiplication.

    Raises: TypeError for a negative power of integers.
    """
    return bind(_power(operator.index(y)), as_value(x))


@functools.cache
def _power(y: int) -> Any:
    return class_of("integer_pow").of(y=y)


def pow(x: Any, y: Any) -> Any:
    """x to the power y; x is inexact, and y has its dtype or is an integer."""
    x, y = as_value(x), as_value(y)
    if kind(x) not in "fc":
        raise TypeError(explain("lax.pow: takes floats or complex numbers", rows((x, y), ("x", "y"))))
    return binary("pow", x, convert(y, x.dtype, y.weak_type) if kind(y) in "iu" else y)


def logistic(x: Any, *, accuracy: Accuracy = None) -> Any:
    """1 / (1 + exp(-x))."""
    return _accurate("logistic", x, accuracy)


# Trigonometric and hyperbolic functions; angles are in radians


def sin(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Sine of x in radians."""
    return bind(op_of("sin"), as_value(x)) if accuracy is None else _accurate("sin", x, accuracy)


def cos(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Cosine of x in radians."""
    return bind(op_of("cos"), as_value(x)) if accuracy is None else _accurate("cos", x, accuracy)


def tan(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Tangent of x in radians."""
    return _accurate("tan", x, accuracy)


def tanh(x: Any, *, accuracy: Accuracy = None) -> Any:
    """Hyperbolic tangent."""
    return bind(op_of("tanh"), as_value(x)) if accuracy is None else _accurate("tanh", x, accuracy)


def asin(x: Any) -> Any:
    """The angle in [-pi/2, pi/2] whose sine is x."""
    return bind(op_of("asin"), as_value(x))


def acos(x: Any) -> Any:
    """The angle in [0, pi] whose cosine is x."""
    return bind(op_of("acos"), as_value(x))


def atan(x: Any) -> Any:
    """The angle in [-pi/2, pi/2] whose tangent is x."""
    return bind(op_of("atan"), as_value(x))


def atan2(x: Any, y: Any) -> Any:
    """The angle of the point of ordinate x and abscissa y, in [-pi, pi]."""
    return binary("atan2", x, y)


def sinh(x: Any) -> Any:
    """Hyperbolic sine."""
    return bind(op_of("sinh"), as_value(x))


def cosh(x: Any) -> Any:
    """Hyperbolic cosine."""
    return bind(op_of("cosh"), as_value(x))


def asinh(x: Any) -> Any:
    """Inverse hyperbolic sine."""
    return bind(op_of("asinh"), as_value(x))


def acosh(x: Any) -> Any:
    """Inverse hyperbolic cosine."""
    return bind(op_of("acosh"), as_value(x))


def atanh(x: Any) -> Any:
    """Inverse hyperbolic tangent."""
    return bind(op_of("atanh"), as_value(x))


# Arithmetic on two operands


def add(x: Any, y: Any) -> Any:
    """x + y; integers wrap around."""
    return binary("add", x, y)


def sub(x: Any, y: Any) -> Any:
    """x - y; integers wrap around."""
    return binary("sub", x, y)


def mul(x: Any, y: Any, *, out_dtype: Any = None) -> Any:
    """x * y; with `out_dtype`, of operands converted to it, whatever dtypes they have."""
    if out_dtype is None:
        return binary("mul", x, y)
    dtype = canonicalize_explicit(out_dtype, "lax.mul")
    return binary("mul", *[convert(as_value(v), dtype, False) for v in (x, y)])


def div(x: Any, y: Any) -> Any:
    """x / y; of integers the quotient rounded towards zero."""
    return binary("div", x, y)


def rem(x: Any, y: Any) -> Any:
    """The remainder of x / y, with the sign of x."""
    return binary("rem", x, y)


def max(x: Any, y: Any) -> Any:
    """The larger of x and y; nan where either is. Complex numbers compare real part first."""
    return _extremum("max", x, y)


def min(x: Any, y: Any) -> Any:
    """The smaller of x and y; nan where either is. Complex numbers compare real part first."""
    return _extremum("min", x, y)


_OF_BOOLS = {"max": "bitwise_or", "min": "bitwise_and"}


def _extremum(name: str, x: Any, y: Any) -> Any:
    x = x if type(x) in PYTHON_NUMBERS else as_value(x)
    of = kind(x)
    if of == "b":
        return binary(_OF_BOOLS[name], x, y)
    return binary(name, x, y) if of != "c" else _complex_extremum(name, as_value(x), as_value(y))


@library("x", "y")
def _complex_extremum(name: str, x: Any, y: Any) -> Any:
    check_dtypes(name, (x, y))
    shape, weak = common_shape(name, (x, y)), all_weak((x, y))
    (a, b), (c, d) = [[bind(op_of(part), v) for part in ("real", "imag")] for v in (x, y)]
    wins = "gt" if name == "max" else "lt"
    chosen = nary("select", nary("eq", a, c), nary(wins, b, d), nary(wins, a, c))
    return bind(op_of("select"), chosen, stretched(x, shape), stretched(y, shape), weak_type=weak)


def nextafter(x1: Any, x2: Any) -> Any:
    """The float next to x1 in the direction of x2."""
    return binary("nextafter", x1, x2)


def complex(x: Any, y: Any) -> Any:
    """x + iy of two real arrays."""
    return binary("complex", x, y)


# Comparison


def eq(x: Any, y: Any) -> Any:
    """x == y."""
    return binary("eq", x, y)


def ne(x: Any, y: Any) -> Any:
    """x != y."""
    return binary("ne", x, y)


def lt(x: Any, y: Any) -> Any:
    """x < y."""
    return binary("lt", x, y)


def le(x: Any, y: Any) -> Any:
    """x <= y."""
    return binary("le", x, y)


def gt(x: Any, y: Any) -> Any:
    """x > y."""
    return binary("gt", x, y)


def ge(x: Any, y: Any) -> Any:
    """x >= y."""
    return binary("ge", x, y)
