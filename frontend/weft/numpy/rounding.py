"""Rounding, and the parts of complex numbers."""

from __future__ import annotations

import math
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert, with_weak_type
from weft.numpy._arguments import array, inexact, no_out, promoted_inexact
from weft.numpy._elementwise import binary_function
from weft.numpy._ops import compare, compare_to, emit, kind, like, ops, select


def _rounding(name: str, op: str, x: Any) -> Any:
    x = array(name, x)
    if kind(x) in "iub":
        return x
    if kind(x) == "c":
        raise TypeError(f"{name} does not support complex dtypes, got {x.dtype}")
    return bind(getattr(ops, op), x)


@library("x")
def floor(x: Any, /) -> Any:
    """The largest integer not above x, elementwise; integers stay as they are."""
    return _rounding("floor", "floor", x)


@library("x")
def ceil(x: Any, /) -> Any:
    """The smallest integer not below x, elementwise; integers stay as they are."""
    return _rounding("ceil", "ceil", x)


@library("x")
def trunc(x: Any, /) -> Any:
    """x without its fraction, elementwise; integers stay as they are."""
    return _rounding("trunc", "round_toward_zero", x)


@library("x")
def rint(x: Any, /) -> Any:
    """The nearest integer as a float, elementwise; halves go to the even one."""
    x = array("rint", x)
    if kind(x) in "iub":
        return with_weak_type(inexact("rint", x), False)
    return _round_parts(x)


def _round_parts(x: Any) -> Any:
    if kind(x) == "c":
        parts = [bind(ops.round_nearest_even, bind(part, x)) for part in (ops.real, ops.imag)]
        return bind(ops.complex, *parts)
    return bind(ops.round_nearest_even, x)


@library("a")
def round(a: Any, decimals: int = 0, out: None = None) -> Any:
    """Rounded to `decimals` digits after the point (before it if negative); halves go to the even digit."""
    no_out("round", out)
    x = array("round", a)
    if kind(x) == "b":
        raise ValueError(f"round does not support dtype {x.dtype}: it is neither an integer nor inexact")
    if kind(x) in "iu":
        return x if decimals >= 0 else _round_integer(x, 10**-decimals)
    if decimals == 0:
        return _round_parts(x)
    wide = x
    if x.dtype.itemsize == 2:
        wide = convert(x, dtypes.as_dtype("float32"), x.weak_type)
    factor = like(wide, 10.0**decimals)
    made = bind(ops.div, _round_parts(bind(ops.mul, wide, factor)), factor)
    return convert(made, x.dtype, x.weak_type)


def _round_integer(x: Any, unit: int) -> Any:
    from weft.numpy.arithmetic import floor_divide, remainder

    if unit > dtypes.iinfo(x.dtype).max:
        return like(x, 0)
    half, unit_array = like(x, unit // 2), like(x, unit)
    rest = remainder(x, unit_array)
    quotient = floor_divide(x, unit_array)
    is_odd = compare_to(bind(ops.and_, quotient, like(x, 1)), 1, "EQ")
    is_up = bind(
        ops.or_,
        compare(rest, half, "GT"),
        bind(ops.and_, compare(rest, half, "EQ"), is_odd),
    )
    base = bind(ops.sub, x, rest)
    return select(is_up, bind(ops.add, base, unit_array), base)


around = round


@library("x", "out")
def fix(x: Any, out: Any = None) -> Any:
    """x without its fraction, elementwise, as a float."""
    no_out("fix", out)
    return bind(ops.round_toward_zero, inexact("fix", x))


@library("val")
def real(val: Any, /) -> Any:
    """Real part elementwise."""
    x = array("real", val)
    return bind(ops.real, x) if kind(x) == "c" else x


@library("val")
def imag(val: Any, /) -> Any:
    """Imaginary part elementwise; 0 for real numbers."""
    x = array("imag", val)
    return bind(ops.imag, x) if kind(x) == "c" else like(x, 0)


@library("x")
def conjugate(x: Any, /) -> Any:
    """Complex conjugate elementwise."""
    x = array("conjugate", x)
    return bind(ops.conj, x) if kind(x) == "c" else x


conj = conjugate


@library("z")
def angle(z: Any, deg: bool = False) -> Any:
    """Argument of complex numbers: the angle from the positive real axis, in radians (or degrees)."""
    x = inexact("angle", z)
    if kind(x) == "c":
        made = bind(ops.atan2, bind(ops.imag, x), bind(ops.real, x))
    else:
        is_negative = compare_to(x, 0, "LT")
        made = select(compare(x, x, "NE"), x, select(is_negative, like(x, math.pi), like(x, 0)))
        made = with_weak_type(made, False)
    return bind(ops.mul, made, like(made, 180 / math.pi)) if deg else made


@binary_function
def copysign(x1: Any, x2: Any, /) -> Any:
    """|x1| with the sign of x2, elementwise; the sign of -0.0 counts."""
    x, y = promoted_inexact("copysign", x1, x2)
    if kind(x) == "c":
        raise TypeError("copysign does not support complex-valued inputs")
    magnitude = bind(ops.abs, x)
    return select(signbit_(y), bind(ops.neg, magnitude), magnitude)


def signbit_(x: Any) -> Any:
    """Whether the sign bit is set, for a value in a traced function."""
    if kind(x) in "iu":
        return compare_to(x, 0, "LT")
    if kind(x) == "b":
        return like(x, False)
    bits = dtypes.as_dtype(f"int{x.dtype.itemsize * 8}")
    return compare_to(emit("bitcast_convert", x, dtype=bits), 0, "LT")


@library("x")
def signbit(x: Any, /) -> Any:
    """Whether the sign bit is set, elementwise: true for negative numbers and -0.0."""
    x = array("signbit", x)
    if kind(x) == "c":
        raise ValueError("signbit is not well-defined for complex dtype complex64.")
    return signbit_(x)
