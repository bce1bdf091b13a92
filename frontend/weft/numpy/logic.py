"""Comparisons, logic, and operations on bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_all, convert, promoted, with_weak_type
from weft.dtypes import default_int
from weft.numpy._arguments import array, arrays
from weft.numpy._elementwise import binary_function
from weft.numpy._ops import compare, compare_to, constant, kind, like, ops, select
from weft.numpy.ufunc_class import binary_ufunc

_BOOL = np.dtype(np.bool_)


def _comparison(name: str, direction: str, doc: str) -> Callable[[Any, Any], Any]:
    def function(x: Any, y: Any, /) -> Any:
        x, y = promoted(name, x, y)
        if kind(x) == "c" and direction not in ("EQ", "NE"):
            return compare_complex(x, y, direction)
        return compare(x, y, direction)

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = doc
    return binary_function(function)


def compare_complex(x: Any, y: Any, direction: str) -> Any:
    """By the real parts, and by the imaginary parts where these are equal."""
    real_x, real_y = bind(ops.real, x), bind(ops.real, y)
    imag = compare(bind(ops.imag, x), bind(ops.imag, y), direction)
    return select(compare(real_x, real_y, "EQ"), imag, compare(real_x, real_y, direction))


equal = _comparison("equal", "EQ", "x == y elementwise.")
not_equal = _comparison("not_equal", "NE", "x != y elementwise.")
less = _comparison("less", "LT", "x < y elementwise.")
less_equal = _comparison("less_equal", "LE", "x <= y elementwise.")
greater = _comparison("greater", "GT", "x > y elementwise.")
greater_equal = _comparison("greater_equal", "GE", "x >= y elementwise.")


def truth(x: Any) -> Any:
    """Whether each element differs from 0."""
    return x if kind(x) == "b" else compare_to(x, 0, "NE")


def _logical(name: str, op: str, x: Any, y: Any) -> Any:
    x, y = arrays(name, x, y)
    x, y = broadcast_all(name, [truth(x), truth(y)])
    return bind(getattr(ops, op), x, y, weak_type=x.weak_type and y.weak_type)


@binary_ufunc(identity=True)
def logical_and(x: Any, y: Any, /) -> Any:
    """Whether both x and y are true (not 0), elementwise."""
    return _logical("logical_and", "and_", x, y)


@binary_ufunc(identity=False)
def logical_or(x: Any, y: Any, /) -> Any:
    """Whether x or y is true (not 0), elementwise."""
    return _logical("logical_or", "or_", x, y)


@binary_ufunc(identity=False)
def logical_xor(x: Any, y: Any, /) -> Any:
    """Whether exactly one of x and y is true (not 0), elementwise."""
    return _logical("logical_xor", "xor", x, y)


@library("x")
def logical_not(x: Any, /) -> Any:
    """Whether x is 0, elementwise."""
    return bind(ops.not_, truth(array("logical_not", x)))


def _bitwise(name: str, op: str, x: Any, y: Any) -> Any:
    x, y = promoted(name, x, y)
    _check_bits(name, x)
    return bind(getattr(ops, op), x, y)


def _check_bits(name: str, x: Any) -> None:
    if kind(x) not in "biu":
        raise TypeError(
            f"{name} does not accept dtype {x.dtype}. Accepted dtypes are subtypes of integer, bool."
        )


@binary_ufunc(identity=-1)
def bitwise_and(x: Any, y: Any, /) -> Any:
    """Bits that are set in both x and y, elementwise."""
    return _bitwise("bitwise_and", "and_", x, y)


@binary_ufunc(identity=0)
def bitwise_or(x: Any, y: Any, /) -> Any:
    """Bits that are set in x or y, elementwise."""
    return _bitwise("bitwise_or", "or_", x, y)


@binary_ufunc(identity=0)
def bitwise_xor(x: Any, y: Any, /) -> Any:
    """Bits that differ between x and y, elementwise."""
    return _bitwise("bitwise_xor", "xor", x, y)


@library("x")
def bitwise_not(x: Any, /) -> Any:
    """All bits inverted; of booleans: not x."""
    x = array("bitwise_not", x)
    _check_bits("bitwise_not", x)
    return bind(ops.not_, x)


invert = bitwise_invert = bitwise_not


@library("x")
def bitwise_count(x: Any, /) -> Any:
    """Number of set bits of |x|, as uint8."""
    x = array("bitwise_count", x)
    _check_bits("bitwise_count", x)
    if kind(x) == "b":
        return convert(x, np.dtype(np.uint8), False)
    if kind(x) == "i":
        x = bind(ops.abs, x)
    return convert(bind(ops.population_count, x), np.dtype(np.uint8), False)


def _shift_operands(name: str, x: Any, y: Any) -> list[Any]:
    x, y = promoted(name, x, y)
    if kind(x) == "b":
        return [convert(x, default_int(), False), convert(y, default_int(), False)]
    if kind(x) not in "iu":
        raise TypeError(f"{name} does not accept dtype {x.dtype}. Accepted dtypes are subtypes of integer.")
    return [x, y]


@binary_function
def left_shift(x: Any, y: Any, /) -> Any:
    """Bits of x moved up by y places, elementwise; 0 where y is at least the width."""
    return bind(ops.shift_left, *_shift_operands("left_shift", x, y))


@binary_function
def right_shift(x1: Any, x2: Any, /) -> Any:
    """Bits of x1 moved down by x2 places, elementwise; the sign of signed integers stays."""
    x, y = _shift_operands("right_shift", x1, x2)
    return bind(ops.shift_right_arithmetic if kind(x) == "i" else ops.shift_right_logical, x, y)


bitwise_left_shift, bitwise_right_shift = left_shift, right_shift


def isnan_(x: Any) -> Any:
    """Whether each element is nan, for a value in a traced function."""
    return compare(x, x, "NE") if kind(x) in "fc" else constant(False, x.shape, _BOOL, x.weak_type)


@library("x")
def isnan(x: Any, /) -> Any:
    """Whether each element is nan."""
    return isnan_(array("isnan", x))


@library("x")
def isfinite(x: Any, /) -> Any:
    """Whether each element is neither infinite nor nan."""
    x = array("isfinite", x)
    if kind(x) == "c":
        return bind(ops.and_, bind(ops.is_finite, bind(ops.real, x)), bind(ops.is_finite, bind(ops.imag, x)))
    return bind(ops.is_finite, x) if kind(x) == "f" else like(x, True, _BOOL)


@library("x")
def isinf(x: Any, /) -> Any:
    """Whether each element is infinite."""
    x = array("isinf", x)
    if kind(x) == "c":
        return bind(ops.or_, _is_inf(bind(ops.real, x)), _is_inf(bind(ops.imag, x)))
    return _is_inf(x) if kind(x) == "f" else like(x, False, _BOOL)


def _is_inf(x: Any) -> Any:
    return with_weak_type(compare_to(bind(ops.abs, x), float("inf"), "EQ"), False)


def _is_signed_inf(name: str, x: Any, value: float, out: Any) -> Any:
    if out is not None:
        raise NotImplementedError(
            f"The 'out' argument to weft.numpy.{name} is not supported: arrays are immutable."
        )
    x = array(name, x)
    if kind(x) == "c":
        raise ValueError(f"{name} is not well defined for complex numbers, got {x.dtype}")
    return with_weak_type(compare_to(x, value, "EQ"), False) if kind(x) == "f" else like(x, False, _BOOL)


@library("x")
def isposinf(x: Any, /, out: None = None) -> Any:
    """Whether each element is positive infinity."""
    return _is_signed_inf("isposinf", x, float("inf"), out)


@library("x")
def isneginf(x: Any, /, out: None = None) -> Any:
    """Whether each element is negative infinity."""
    return _is_signed_inf("isneginf", x, float("-inf"), out)
