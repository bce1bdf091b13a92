"""Floats taken apart and put together, their neighbours, and other elementwise functions of a special kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_all, convert, promoted, with_weak_type
from weft.numpy._arguments import array, arrays, inexact, no_out, promoted_inexact
from weft.numpy._elementwise import binary_function
from weft.numpy._ops import compare, compare_to, constant, emit, kind, like, ops, select
from weft.numpy.logic import isnan_
from weft.numpy.rounding import copysign, signbit_

_INT32 = np.dtype(np.int32)
_FLOAT32 = np.dtype(np.float32)


@binary_function
def float_power(x: Any, y: Any, /) -> Any:
    """x to the power y elementwise, as floats."""
    return bind(ops.pow, *promoted_inexact("float_power", x, y))


def _other_than_nan(name: str, op: Any, x1: Any, x2: Any) -> Any:
    from weft.numpy.arithmetic import maximum, minimum

    x, y = promoted(name, x1, x2)
    made = (maximum if op == "max" else minimum)(x, y)
    if kind(x) not in "fc":
        return made
    return select(isnan_(x), y, select(isnan_(y), x, made))


@binary_function
def fmax(x1: Any, x2: Any, /) -> Any:
    """The larger of x1 and x2 elementwise; the other one where one is nan."""
    return _other_than_nan("fmax", "max", x1, x2)


@binary_function
def fmin(x1: Any, x2: Any, /) -> Any:
    """The smaller of x1 and x2 elementwise; the other one where one is nan."""
    return _other_than_nan("fmin", "min", x1, x2)


@binary_function
def heaviside(x1: Any, x2: Any, /) -> Any:
    """0 where x1 is negative, 1 where it is positive, x2 where it is 0."""
    x, y = promoted_inexact("heaviside", x1, x2)
    if kind(x) == "c":
        raise TypeError("heaviside does not support complex-valued inputs")
    made = select(compare_to(x, 0, "LT"), like(x, 0), select(compare_to(x, 0, "GT"), like(x, 1), y))
    return select(isnan_(x), x, made)


@library("x")
def modf(x: Any, /, out: None = None) -> tuple[Any, Any]:
    """Fraction and whole part elementwise, both with the sign of x."""
    no_out("modf", out)
    v = inexact("modf", x)
    if kind(v) == "c":
        raise TypeError("modf does not support complex-valued inputs")
    whole = bind(ops.round_toward_zero, v)
    fraction = select(compare(bind(ops.abs, v), like(v, math.inf), "EQ"), like(v, 0), bind(ops.sub, v, whole))
    return copysign(fraction, v), whole


_LAYOUT = {2: (5, 10), 4: (8, 23), 8: (11, 52)}


def _layout(dtype: Any) -> tuple[int, int]:
    """Bits of the exponent and of the mantissa."""
    return (8, 7) if dtype.name == "bfloat16" else _LAYOUT[dtype.itemsize]


@library("x")
def frexp(x: Any, /) -> tuple[Any, Any]:
    """Mantissa between 1/2 and 1, and exponent, such that x = mantissa * 2**exponent."""
    v = inexact("frexp", x)
    if kind(v) == "c":
        raise TypeError("frexp does not support complex-valued inputs")
    # On the bits alone: backends count the numbers below the normal ones as 0.
    exponent_bits, mantissa_bits = _layout(v.dtype)
    bias, mask = (1 << (exponent_bits - 1)) - 1, (1 << exponent_bits) - 1
    uints = np.dtype(f"u{v.dtype.itemsize}")
    bits = emit("bitcast_convert", v, dtype=uints, weak_type=False)
    field = bind(ops.and_, bind(ops.shift_right_logical, bits, like(bits, mantissa_bits)), like(bits, mask))
    fraction = bind(ops.and_, bits, like(bits, (1 << mantissa_bits) - 1))
    is_subnormal = bind(ops.and_, compare_to(field, 0, "EQ"), compare_to(fraction, 0, "NE"))
    shift = bind(ops.sub, bind(ops.clz, fraction), like(bits, exponent_bits))
    shifted = bind(ops.shift_left, fraction, select(is_subnormal, shift, like(shift, 0)))
    shifted = bind(ops.and_, shifted, like(bits, (1 << mantissa_bits) - 1))
    sign = bind(ops.and_, bits, like(bits, 1 << (8 * uints.itemsize - 1)))
    half = bind(ops.or_, sign, like(bits, (bias - 1) << mantissa_bits))
    mantissa = emit("bitcast_convert", bind(ops.or_, half, shifted), dtype=v.dtype, weak_type=False)
    normal = bind(ops.sub, convert(field, _INT32, False), constant(bias - 1, v.shape, _INT32))
    small = bind(ops.sub, constant(2 - bias, v.shape, _INT32), convert(shift, _INT32, False))
    is_zero = bind(ops.and_, compare_to(field, 0, "EQ"), compare_to(fraction, 0, "EQ"))
    is_kept = bind(ops.or_, is_zero, compare_to(field, mask, "EQ"))
    exponent = select(is_kept, like(normal, 0), select(is_subnormal, small, normal))
    # The bits have no slope; this term has the value 0 and the slope of x * 2**-exponent.
    scale = bind(ops.exp2, convert(bind(ops.neg, exponent), v.dtype, False))
    rise = bind(ops.mul, bind(ops.sub, v, bind(ops.stop_gradient, v)), scale)
    is_flat = bind(ops.or_, is_kept, is_subnormal)
    mantissa = bind(ops.add, mantissa, select(is_flat, like(mantissa, 0), rise))
    return select(is_kept, with_weak_type(v, False), mantissa), exponent


@library("x1", "x2")
def ldexp(x1: Any, x2: Any, /) -> Any:
    """x1 * 2**x2 elementwise, without overflow of the power."""
    x, n = arrays("ldexp", x1, x2)
    if kind(x) == "c" or kind(n) not in "biu":
        raise ValueError(f"ldexp not supported for input types {(x.dtype.name, n.dtype.name)}")
    x = inexact("ldexp", x)
    dtype, weak = x.dtype, x.weak_type
    x, n = broadcast_all("ldexp", [x, convert(n, _INT32, False)])
    work = convert(x, _FLOAT32, False) if dtype.itemsize == 2 else convert(x, x.dtype, False)
    exponent_bits, mantissa_bits = _layout(work.dtype)
    limit = (1 << exponent_bits) + mantissa_bits
    n = bind(ops.max, bind(ops.min, n, like(n, limit)), like(n, -limit))
    # In four steps, so that no power overflows before the product does.
    quarter = bind(ops.shift_right_arithmetic, n, like(n, 2))
    last = bind(ops.sub, n, bind(ops.mul, quarter, like(n, 3)))
    for power in (quarter, quarter, quarter, last):
        work = bind(ops.mul, work, _power_of_two(power, work.dtype))
    return convert(work, dtype, weak and kind(array("ldexp", x1)) == "f")


def _power_of_two(n: Any, dtype: Any) -> Any:
    """2**n for whole n, exactly."""
    exponent_bits, mantissa_bits = _layout(dtype)
    bias = (1 << (exponent_bits - 1)) - 1
    ints = np.dtype(f"int{dtype.itemsize * 8}")
    field = bind(ops.add, convert(n, ints, False), constant(bias, n.shape, ints))
    bits = bind(ops.shift_left, field, like(field, mantissa_bits))
    return emit("bitcast_convert", bits, dtype=dtype)


@binary_function
def nextafter(x: Any, y: Any, /) -> Any:
    """The float next to x in the direction of y, elementwise."""
    x, y = promoted_inexact("nextafter", x, y)
    if kind(x) == "c":
        raise TypeError("nextafter does not support complex-valued inputs")
    return bind(ops.nextafter, x, y)


@library("x")
def spacing(x: Any, /) -> Any:
    """Distance to the next float away from 0, with the sign of x, elementwise."""
    v = array("spacing", x)
    if kind(v) == "c":
        raise TypeError(f"ufunc 'spacing' not supported for the input type {v.dtype}")
    v = inexact("spacing", v)
    outward = select(signbit_(v), like(v, -math.inf), like(v, math.inf))
    made = bind(ops.sub, bind(ops.nextafter, v, outward), v)
    return select(bind(ops.is_finite, v), made, like(v, math.nan))


def _integers(name: str, x1: Any, x2: Any) -> list[Any]:
    x, y = promoted(name, x1, x2)
    if kind(x) not in "iu":
        raise ValueError(f"Arguments to jax.numpy.{name} must be integers, got {x.dtype}")
    return [x, y]


@binary_function
def gcd(x1: Any, x2: Any, /) -> Any:
    """Greatest common divisor elementwise; gcd(0, 0) is 0."""
    x, y = _integers("gcd", x1, x2)
    return _gcd(bind(ops.abs, x), bind(ops.abs, y))


def _gcd(x: Any, y: Any) -> Any:
    """Euclid's algorithm, until the remainders are 0 everywhere."""
    from weft.lax.control_flow import while_loop
    from weft.numpy.reductions import reduce_axes

    def goes_on(pair: tuple[Any, Any]) -> Any:
        return reduce_axes("reduce_or", compare_to(pair[1], 0, "NE"), tuple(range(x.ndim)))

    def step(pair: tuple[Any, Any]) -> tuple[Any, Any]:
        a, b = pair
        is_done = compare_to(b, 0, "EQ")
        rest = bind(ops.rem, a, select(is_done, like(b, 1), b))
        return select(is_done, a, b), select(is_done, like(b, 0), rest)

    return while_loop(goes_on, step, (x, y))[0]


@binary_function
def lcm(x1: Any, x2: Any, /) -> Any:
    """Least common multiple elementwise."""
    x, y = [bind(ops.abs, v) for v in _integers("lcm", x1, x2)]
    divisor = _gcd(x, y)
    is_zero = compare_to(divisor, 0, "EQ")
    quotient = bind(ops.div, y, select(is_zero, like(divisor, 1), divisor))
    return select(is_zero, like(x, 0), bind(ops.mul, x, quotient))


@library("x")
def i0(x: Any, /) -> Any:
    """Modified Bessel function of the first kind of order 0, elementwise."""
    v = inexact("i0", array("i0", x))
    if kind(v) == "c":
        raise ValueError(f"Unsupported input type to jax.numpy.i0: {v.dtype}")
    size = bind(ops.abs, v)
    return bind(ops.mul, bind(ops.exp, size), bind(ops.bessel_i0e, size))


@library("x")
def iscomplex(x: Any) -> Any:
    """Whether each element has an imaginary part that is not 0."""
    v = array("iscomplex", x)
    if kind(v) != "c":
        return constant(False, v.shape, np.dtype(np.bool_))
    return compare_to(bind(ops.imag, v), 0, "NE")


@library("x")
def isreal(x: Any) -> Any:
    """Whether each element has no imaginary part, or one of 0."""
    return bind(ops.not_, iscomplex(x))


def _flag(value: bool) -> Any:
    return constant(value, (), np.dtype(np.bool_))


@library("a1", "a2")
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether two arrays have the same shape and elements."""
    from weft.numpy.creation import asarray
    from weft.numpy.logic import equal
    from weft.numpy.reductions import all as all_

    x, y = asarray(a1), asarray(a2)
    if x.shape != y.shape:
        return _flag(False)
    same = equal(x, y)
    if equal_nan:
        same = bind(ops.or_, same, bind(ops.and_, isnan_(x), isnan_(y)))
    return all_(same)


@library("a1", "a2")
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether two arrays have the same elements once they are broadcast."""
    from weft.numpy.creation import asarray
    from weft.numpy.logic import equal
    from weft.numpy.reductions import all as all_

    x, y = asarray(a1), asarray(a2)
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return _flag(False)
    return all_(equal(x, y))
