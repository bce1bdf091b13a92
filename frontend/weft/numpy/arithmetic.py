"""Arithmetic: sums, products, quotients, remainders, powers, and what else is exact on integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import binary, convert, promoted, with_weak_type
from weft.dtypes import default_int
from weft.numpy import _arguments
from weft.numpy._elementwise import binary_function
from weft.numpy._ops import compare, compare_to, emit, kind, like, ops, select
from weft.numpy.logic import compare_complex, isnan_
from weft.numpy.ufunc_class import binary_ufunc, unary_ufunc

_BOOL = np.dtype(np.bool_)


def _is_bool(x: Any, y: Any) -> bool:
    """Whether both operands are booleans, for which some operations mean another op."""
    return (x is True or x is False or getattr(x, "dtype", None) == _BOOL) and (
        y is True or y is False or getattr(y, "dtype", None) == _BOOL
    )


@binary_ufunc(identity=0)
def add(x: Any, y: Any, /) -> Any:
    """x + y elementwise; of booleans: x or y."""
    return binary(ops.or_ if _is_bool(x, y) else ops.add, x, y)


@binary_ufunc()
def subtract(x: Any, y: Any, /) -> Any:
    """x - y elementwise."""
    return binary(ops.sub, x, y)


@binary_ufunc(identity=1)
def multiply(x: Any, y: Any, /) -> Any:
    """x * y elementwise; of booleans: x and y."""
    return binary(ops.and_ if _is_bool(x, y) else ops.mul, x, y)


@unary_ufunc
def negative(x: Any, /) -> Any:
    """-x elementwise."""
    return bind(ops.neg, _arguments.array("negative", x))


@binary_function
def true_divide(x1: Any, x2: Any, /) -> Any:
    """x1 / x2 elementwise; the quotient of integers is a float."""
    return bind(ops.div, *_arguments.promoted_inexact("true_divide", x1, x2))


divide = true_divide


@library("x")
def positive(x: Any, /) -> Any:
    """x itself, as an array."""
    return _arguments.array("positive", x)


@library("x")
def absolute(x: Any, /) -> Any:
    """Absolute value elementwise; of complex numbers the modulus."""
    x = _arguments.array("absolute", x)
    return x if kind(x) in "bu" else bind(ops.abs, x)


abs = absolute


@library("x")
def fabs(x: Any, /) -> Any:
    """Absolute value elementwise, as a float."""
    x = _arguments.array("fabs", x)
    if kind(x) == "c":
        raise TypeError("ufunc 'fabs' does not support complex dtypes")
    return bind(ops.abs, _arguments.inexact("fabs", x))


@library("x")
def sign(x: Any, /) -> Any:
    """-1, 0 or 1 elementwise by the sign of x; x/|x| for complex numbers."""
    return bind(ops.sign, _arguments.array("sign", x))


def _as_integer(x: Any) -> Any:
    return convert(x, default_int(), False)


@library("x")
def square(x: Any, /) -> Any:
    """x * x elementwise."""
    x = _arguments.array("square", x)
    if kind(x) == "b":
        x = _as_integer(x)
    return emit("integer_pow", x, y=2)


@library("x")
def reciprocal(x: Any, /) -> Any:
    """1 / x elementwise, as a float."""
    x = _arguments.inexact("reciprocal", x)
    return bind(ops.div, like(x, 1), x)


def _real_pair(name: str, x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two operands promoted; booleans count as integers, complex numbers have no order."""
    x, y = promoted(name, x1, x2)
    if kind(x) == "c":
        raise TypeError(f"{name} does not support complex-valued inputs, got {x.aval}")
    return (_as_integer(x), _as_integer(y)) if kind(x) == "b" else (x, y)


@binary_function
def floor_divide(x1: Any, x2: Any, /) -> Any:
    """The largest integer not above x1 / x2, elementwise."""
    x, y = _real_pair("floor_divide", x1, x2)
    if kind(x) == "f":
        return _float_divmod(x, y)[0]
    quotient = bind(ops.div, x, y)
    if kind(x) == "u":
        return quotient
    is_inexact = compare_to(bind(ops.rem, x, y), 0, "NE")
    is_negative = compare(bind(ops.sign, x), bind(ops.sign, y), "NE")
    lower = bind(ops.sub, quotient, like(quotient, 1))
    return select(bind(ops.and_, is_inexact, is_negative), lower, quotient)


def _float_divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """Floored quotient and remainder; the quotient is exact where x is a multiple of y."""
    rest = bind(ops.rem, x, y)
    quotient = bind(ops.div, bind(ops.sub, x, rest), y)
    has_other_sign = compare(bind(ops.sign, y), bind(ops.sign, rest), "NE")
    is_below = bind(ops.and_, compare_to(rest, 0, "NE"), has_other_sign)
    rest = select(is_below, bind(ops.add, rest, y), rest)
    quotient = select(is_below, bind(ops.sub, quotient, like(quotient, 1)), quotient)
    quotient = select(compare_to(y, 0, "EQ"), bind(ops.div, x, y), bind(ops.round_nearest_even, quotient))
    return quotient, rest


def _rem(x: Any, y: Any) -> Any:
    """Remainder with the sign of x; of integers by 0 it is 0."""
    rest = bind(ops.rem, x, y)
    return rest if kind(x) == "f" else select(compare_to(y, 0, "EQ"), like(rest, 0), rest)


@binary_function
def remainder(x1: Any, x2: Any, /) -> Any:
    """x1 - x2 * floor(x1 / x2) elementwise: the remainder with the sign of x2. Of integers by 0 it is 0."""
    x, y = _real_pair("remainder", x1, x2)
    zero, rest = like(x, 0), _rem(x, y)
    if kind(x) == "u":
        return rest
    has_other_sign = compare(compare(rest, zero, "LT"), compare(y, zero, "LT"), "NE")
    is_below = bind(ops.and_, compare(rest, zero, "NE"), has_other_sign)
    return select(is_below, bind(ops.add, rest, y), rest)


mod = remainder


@binary_function
def fmod(x1: Any, x2: Any, /) -> Any:
    """Remainder of x1 / x2 with the sign of x1, elementwise."""
    x, y = _real_pair("fmod", x1, x2)
    return _rem(x, y)


@binary_function
def divmod(x1: Any, x2: Any, /) -> Any:
    """(floor_divide(x1, x2), remainder(x1, x2))."""
    x, y = _real_pair("divmod", x1, x2)
    if kind(x) == "f":
        return _float_divmod(x, y)
    return floor_divide(x, y), remainder(x, y)


def power(x1: Any, x2: Any, /) -> Any:
    """x1 to the power x2 elementwise. An exponent that is a Python integer becomes multiplications."""
    if type(x2) is int:
        return _integer_power(x1, x2)
    return _power(x1, x2)


pow = power


@library("x")
def _integer_power(x: Any, exponent: int) -> Any:
    x = _arguments.array("power", x)
    if kind(x) == "b":
        x = _as_integer(x)
    if exponent < 0 and kind(x) in "iu":
        raise TypeError(f"Integers cannot be raised to negative powers, got {x.aval} ** {exponent}")
    return emit("integer_pow", x, y=exponent)


@binary_function
def _power(x1: Any, x2: Any, /) -> Any:
    x, y = promoted("power", x1, x2)
    if (
        kind(x) in "fc"
        and getattr(x2, "dtype", None) is not None
        and kind(x2) in "iu"
        and not getattr(x2, "weak_type", False)
    ):
        x, y = with_weak_type(x, False), with_weak_type(y, False)
    if kind(x) in "fc":
        return bind(ops.pow, x, y)
    if kind(x) == "b":
        x, y = _as_integer(x), _as_integer(y)
    return _power_of_integers(x, y)


def _power_of_integers(x: Any, y: Any) -> Any:
    """By squaring, one step for each bit of the exponent. Inverses of other numbers than 1 and -1 are 0."""
    one = like(x, 1)
    result, base, left = one, x, y
    for _ in range(y.dtype.itemsize * 8 - (kind(y) == "i")):
        is_set = compare_to(bind(ops.and_, left, like(left, 1)), 0, "NE")
        result = select(is_set, bind(ops.mul, result, base), result)
        base = bind(ops.mul, base, base)
        left = bind(ops.shift_right_logical, left, like(left, 1))
    if kind(y) == "u":
        return result
    # The low bits of a negative exponent are those of an equally odd positive one: right for 1 and -1.
    has_inverse = compare_to(bind(ops.abs, x), 1, "EQ")
    return select(compare_to(y, 0, "LT"), select(has_inverse, result, like(x, 0)), result)


@binary_ufunc()
def maximum(x: Any, y: Any, /) -> Any:
    """The larger of x and y elementwise; nan where either is."""
    return _extremum("maximum", ops.max, ops.or_, "GT", x, y)


@binary_ufunc()
def minimum(x: Any, y: Any, /) -> Any:
    """The smaller of x and y elementwise; nan where either is."""
    return _extremum("minimum", ops.min, ops.and_, "LT", x, y)


def _extremum(name: str, op: Any, op_of_booleans: Any, direction: str, x: Any, y: Any) -> Any:
    if _is_bool(x, y):
        return binary(op_of_booleans, x, y)
    x, y = promoted(name, x, y)
    if kind(x) != "c":
        return bind(op, x, y)
    # Complex numbers are ordered by their real parts, then by the imaginary parts; nan wins.
    x_wins = bind(ops.or_, isnan_(x), compare_complex(x, y, direction))
    return select(bind(ops.and_, x_wins, bind(ops.not_, isnan_(y))), x, y)
