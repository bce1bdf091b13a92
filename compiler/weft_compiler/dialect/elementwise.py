"""Elementwise ops: each result element depends on the operand elements at the same index."""

from typing import Any, ClassVar

import numpy as np

from weft_compiler.avals import BOOL, Aval
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Floating,
    Inexact,
    Number,
    Op,
    Operand,
    Real,
    op,
)
from weft_compiler.dialect.samples import FLOATS, floats, inexact, joined, numbers, samples


class Elementwise(Op):
    """Operands of one shape and dtype, result alike."""

    def __init_subclass__(cls):
        # Without an exact NumPy function the family's rule finds nothing: it is not worth the call.
        if cls.exact is None and "fold" not in vars(cls) and cls.fold is Elementwise.fold:
            cls.fold = NOTHING_TO_FOLD  # type: ignore[method-assign]

    fold_needs_splat = True
    exact: ClassVar[Any] = None
    """NumPy's function of the same rounding, by which constants are folded."""

    def infer(self, *xs):
        first = xs[0]
        for x in xs[1:]:
            if x is not first:
                what = "shapes" if x.shape != first.shape else "dtypes"
                self.fail(f"{what} differ: {', '.join(map(str, xs))}")
        return first

    def batch(self, b, *xs):
        return b.emit(self, [b.with_batch(x) for x in xs])

    def fold(self, b, *xs):
        if self.exact is None:
            return None
        values = [b.splat(x) for x in xs]
        if any(v is None for v in values):
            return None
        with np.errstate(all="ignore"):
            return b.full(b.out.aval, type(self).exact(*values))

    transpose = NOT_LINEAR


class Unary(Elementwise):
    """One inexact operand; lowered to the StableHLO op `stablehlo_name`."""

    stablehlo_name = ""

    def lower(self, b, x):
        return b.stablehlo.op(f"stablehlo.{self.stablehlo_name or self.name}", (x,))


@op("neg")
class Neg(Elementwise):
    """-x."""

    x: Operand[Number]

    linear_in = ("x",)
    fold_needs_splat = False
    exact = np.negative

    def transpose(self, b, ct, x):
        return b.neg(ct)

    def lower(self, b, x):
        return b.stablehlo.negate(x)

    def fold(self, b, x):
        made = b.producer(x)
        if made is not None and isinstance(made[0], Neg):
            return made[1][0]
        return super().fold(b, x)

    samples = numbers()
    reference = staticmethod(np.negative)


@op("add")
class Add(Elementwise):
    """x + y."""

    x: Operand[Number]
    y: Operand[Number]

    linear_in = ("x", "y")
    exact = np.add

    def jvp(self, b, x, y, dx, dy):
        if dx is None or dy is None:
            return dx if dy is None else dy
        return b.add(dx, dy)

    def transpose(self, b, ct, x, y):
        return ct, ct

    def lower(self, b, x, y):
        return b.stablehlo.add(x, y)

    def fold(self, b, x, y):
        # For -0.0 + 0.0 this gives -0.0 where IEEE says 0.0; XLA takes the same liberty.
        if b.is_splat(y, 0):
            return x
        if b.is_splat(x, 0):
            return y
        return super().fold(b, x, y)

    samples = numbers(operands=2)
    reference = staticmethod(np.add)


@op("sub")
class Sub(Elementwise):
    """x - y."""

    x: Operand[Number]
    y: Operand[Number]

    linear_in = ("x", "y")
    exact = np.subtract

    def jvp(self, b, x, y, dx, dy):
        if dy is None:
            return dx
        return b.neg(dy) if dx is None else b.sub(dx, dy)

    def transpose(self, b, ct, x, y):
        return ct, (b.neg(ct) if b.is_linear(y) else None)

    def lower(self, b, x, y):
        return b.stablehlo.subtract(x, y)

    def fold(self, b, x, y):
        if b.is_splat(y, 0):
            return x
        if b.is_splat(x, 0) and (x.aval.kind in "iu" or np.signbit(b.splat(x))):
            return b.neg(y)  # not for 0.0: 0.0 - 0.0 is 0.0, its negative -0.0
        return super().fold(b, x, y)

    samples = numbers(operands=2, low=-2.0)
    reference = staticmethod(np.subtract)


@op("mul")
class Mul(Elementwise):
    """x * y."""

    x: Operand[Number]
    y: Operand[Number]

    bilinear_in = ("x", "y")
    exact = np.multiply

    def jvp(self, b, x, y, dx, dy):
        from_x = None if dx is None else b.mul(dx, y)
        if dy is None:
            return from_x
        from_y = b.mul(x, dy)
        return from_y if from_x is None else b.add(from_x, from_y)

    def transpose(self, b, ct, x, y):
        if b.is_linear(x):
            return b.mul(ct, y), None
        return None, b.mul(ct, x)

    def lower(self, b, x, y):
        return b.stablehlo.multiply(x, y)

    def fold(self, b, x, y):
        if b.is_splat(y, 1):
            return x
        if b.is_splat(x, 1):
            return y
        if b.is_splat(y, -1):
            return b.neg(x)
        if b.is_splat(x, -1):
            return b.neg(y)
        if x.aval.kind in "iu" and (b.is_splat(x, 0) or b.is_splat(y, 0)):
            return b.zeros(x.aval)  # not for floats: 0 * inf and 0 * nan are nan
        return super().fold(b, x, y)

    samples = numbers(operands=2)
    reference = staticmethod(np.multiply)


@op("div")
class Div(Elementwise):
    """x / y; on integers the quotient rounded towards zero."""

    x: Operand[Number]
    y: Operand[Number]

    linear_in = ("x",)

    def jvp(self, b, x, y, dx, dy):
        tangent = None if dx is None else b.div(dx, y)
        if dy is None:
            return tangent
        from_y = b.mul(b.mul(dy, x), b.integer_pow(y, y=-2))  # rounds and overflows as in JAX
        return b.neg(from_y) if tangent is None else b.sub(tangent, from_y)

    def transpose(self, b, ct, x, y):
        return b.div(ct, y), None

    def lower(self, b, x, y):
        return b.stablehlo.divide(x, y)

    def fold(self, b, x, y):
        if b.is_splat(y, 1):
            return x
        if x.aval.kind == "f":
            return self._fold_floats(b, x, y)
        return None

    def _fold_floats(self, b, x, y):
        values = b.splat(x), b.splat(y)
        if values[0] is None or values[1] is None:
            return None
        with np.errstate(all="ignore"):
            return b.full(b.out.aval, np.divide(*values))

    samples = numbers(operands=2, low=0.5)

    def reference(self, x, y):
        return np.trunc(x / y).astype(x.dtype) if x.dtype.kind in "iu" else x / y


@op("rem")
class Rem(Elementwise):
    """Remainder of x / y with the sign of x."""

    x: Operand[Real]
    y: Operand[Real]

    def jvp(self, b, x, y, dx, dy):
        if dy is None:
            return dx
        from_y = b.mul(dy, b.neg(b.round_toward_zero(b.div(x, y))))
        return from_y if dx is None else b.add(dx, from_y)

    def lower(self, b, x, y):
        return b.stablehlo.remainder(x, y)

    samples = samples((*FLOATS, "int32", "uint8"), operands=2, low=1.0, high=4.0)
    reference = staticmethod(np.fmod)


@op("pow")
class Pow(Elementwise):
    """x to the power y."""

    x: Operand[Number]
    y: Operand[Number]

    def jvp(self, b, x, y, dx, dy):
        from_x = from_y = None
        if dx is not None:
            # y = 0 has slope 0 even at x = 0, where x^(y-1) is infinite.
            exponent = b.select(b.compare(y, 0, direction="EQ"), b.full(y.aval, 1), b.sub(y, 1))
            from_x = b.mul(dx, b.mul(y, b.pow(x, exponent)))
        if dy is not None:
            # At x = 0 the result is 0 for every y > 0, so log(0) must not make nan.
            safe = b.select(b.compare(x, 0, direction="EQ"), b.full(x.aval, 1), x)
            from_y = b.mul(dy, b.mul(b.log(safe), b.out))
        return from_y if from_x is None else from_x if from_y is None else b.add(from_x, from_y)

    def lower(self, b, x, y):
        return b.stablehlo.power(x, y)

    def fold(self, b, x, y):
        if b.is_splat(y, 1):
            return x
        if b.is_splat(y, 2):
            return b.mul(x, x)
        if b.is_splat(y, 0.5) and x.aval.kind == "f":
            return None  # sqrt differs at -inf
        return None

    samples = inexact(operands=2, low=0.5)
    reference = staticmethod(np.power)


@op("max")
class Max(Elementwise):
    """The larger of x and y; nan where either is."""

    x: Operand[Number]
    y: Operand[Number]

    exact = np.maximum

    def jvp(self, b, x, y, dx, dy):
        return _extremum_tangent(b, x, y, dx, dy)

    def lower(self, b, x, y):
        return first_of(b, x, y, "GE") if x.aval.kind == "c" else b.stablehlo.maximum(x, y)

    samples = samples((*FLOATS, "int32", "uint8"), operands=2, low=0.0)
    reference = staticmethod(np.maximum)


@op("min")
class Min(Elementwise):
    """The smaller of x and y; nan where either is."""

    x: Operand[Number]
    y: Operand[Number]

    exact = np.minimum

    def jvp(self, b, x, y, dx, dy):
        return _extremum_tangent(b, x, y, dx, dy)

    def lower(self, b, x, y):
        return first_of(b, x, y, "LE") if x.aval.kind == "c" else b.stablehlo.minimum(x, y)

    samples = samples((*FLOATS, "int32", "uint8"), operands=2, low=0.0)
    reference = staticmethod(np.minimum)


def first_of(b, p, q, direction):
    """The one of two complex numbers that wins by `direction`, real parts compared before imaginary ones."""
    reals, imags = (b.real(p), b.real(q)), (b.imag(p), b.imag(q))
    wins = b.select(
        b.compare(*reals, direction="EQ"),
        b.compare(*imags, direction=direction),
        b.compare(*reals, direction=direction),
    )
    return b.select(wins, p, q)


def _extremum_tangent(b, x, y, dx, dy):
    """Each operand's tangent where it is the result; half of each where they are equal."""
    equal = b.compare(x, y, direction="EQ")
    half, zero, one = b.full(x.aval, 0.5), b.full(x.aval, 0), b.full(x.aval, 1)
    total = None
    for operand, tangent in ((x, dx), (y, dy)):
        if tangent is not None:
            share = b.select(equal, half, b.select(b.compare(operand, b.out, direction="EQ"), one, zero))
            part = b.mul(tangent, share)
            total = part if total is None else b.add(total, part)
    return total


@op("abs")
class Abs(Elementwise):
    """Absolute value; of complex numbers the modulus, a real number."""

    x: Operand[Number]

    def infer(self, x):
        if x.kind == "u":
            self.fail(f"{x} is its own absolute value")
        return x.with_dtype(REAL_OF[x.dtype.name]) if x.kind == "c" else x

    def jvp(self, b, x, dx):
        if x.aval.kind != "c":
            return b.select(b.compare(x, 0, direction="GE"), dx, b.neg(dx))  # 1 at 0, as JAX has it
        unit = b.sign(x)
        return b.add(b.mul(b.real(dx), b.real(unit)), b.mul(b.imag(dx), b.imag(unit)))

    def lower(self, b, x):
        return b.stablehlo.abs(x)

    fold = NOTHING_TO_FOLD
    samples = joined(inexact(low=0.3), samples(("int32", "int64"), low=-3, high=4, smooth=False))
    reference = staticmethod(np.abs)


REAL_OF = {"complex64": np.dtype(np.float32), "complex128": np.dtype(np.float64)}
COMPLEX_OF = {"float32": np.dtype(np.complex64), "float64": np.dtype(np.complex128)}


@op("sign")
class Sign(Elementwise):
    """-1, 0 or 1; x/|x| for complex numbers, 0 at 0."""

    x: Operand[Number]

    def jvp(self, b, x, dx):
        if x.aval.kind != "c":
            return None
        modulus = b.abs(x)
        at_zero = b.compare(modulus, 0, direction="EQ")
        safe = b.select(at_zero, b.full(modulus.aval, 1), modulus)
        d_modulus = b.add(b.mul(b.real(dx), b.real(b.out)), b.mul(b.imag(dx), b.imag(b.out)))
        real = b.div(b.sub(b.real(dx), b.mul(b.real(b.out), d_modulus)), safe)
        imag = b.div(b.sub(b.imag(dx), b.mul(b.imag(b.out), d_modulus)), safe)
        return b.select(at_zero, b.zeros(x.aval), b.complex(real, imag))

    def lower(self, b, x):
        if x.aval.kind == "u":
            return b.select(b.compare(x, 0, direction="EQ"), x, b.full(x.aval, 1))
        return b.stablehlo.sign(x)

    samples = numbers(low=0.3)
    reference = staticmethod(np.sign)


@op("exp")
class Exp(Unary):
    """Natural exponential."""

    x: Operand[Inexact]
    stablehlo_name = "exponential"

    def jvp(self, b, x, dx):
        return b.mul(dx, b.out)

    samples = inexact()
    reference = staticmethod(np.exp)


@op("expm1")
class Expm1(Unary):
    """exp(x) - 1, precise near 0."""

    x: Operand[Inexact]
    stablehlo_name = "exponential_minus_one"

    def jvp(self, b, x, dx):
        return b.mul(dx, b.add(b.out, 1))

    samples = inexact()
    reference = staticmethod(np.expm1)


@op("log")
class Log(Unary):
    """Natural logarithm."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.div(dx, x)

    samples = inexact(low=0.2)
    reference = staticmethod(np.log)


@op("log1p")
class Log1p(Unary):
    """log(1 + x), precise near 0."""

    x: Operand[Inexact]
    stablehlo_name = "log_plus_one"

    def jvp(self, b, x, dx):
        return b.div(dx, b.add(x, 1))

    samples = inexact(low=-0.5)
    reference = staticmethod(np.log1p)


@op("sqrt")
class Sqrt(Unary):
    """Square root."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.div(0.5, b.out))

    samples = inexact(low=0.2)
    reference = staticmethod(np.sqrt)


@op("rsqrt")
class Rsqrt(Unary):
    """1 / sqrt(x)."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.mul(b.div(b.out, x), -0.5))

    samples = inexact(low=0.2)

    def reference(self, x):
        return np.ones_like(x) / np.sqrt(x)


@op("cbrt")
class Cbrt(Unary):
    """Real cube root."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.div(b.out, b.mul(x, 3)))

    samples = floats(low=0.2)
    reference = staticmethod(np.cbrt)


@op("sin")
class Sin(Unary):
    """Sine of every element; `x` is in radians."""

    x: Operand[Inexact]
    stablehlo_name = "sine"

    def jvp(self, b, x, dx):
        return b.mul(dx, b.cos(x))

    samples = inexact()
    reference = staticmethod(np.sin)


@op("cos")
class Cos(Unary):
    """Cosine of every element; `x` is in radians."""

    x: Operand[Inexact]
    stablehlo_name = "cosine"

    def jvp(self, b, x, dx):
        return b.neg(b.mul(dx, b.sin(x)))

    samples = inexact()
    reference = staticmethod(np.cos)


@op("tan")
class Tan(Unary):
    """Tangent of every element; `x` is in radians."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.add(b.mul(b.out, b.out), 1))

    samples = inexact(low=-1.0, high=1.0)
    reference = staticmethod(np.tan)


@op("tanh")
class Tanh(Unary):
    """Hyperbolic tangent."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        # (1 + y)(1 - y) rather than 1 - y^2: no cancellation where |y| is near 1
        return b.mul(dx, b.mul(b.add(b.out, 1), b.sub(1, b.out)))

    samples = inexact()
    reference = staticmethod(np.tanh)


@op("logistic")
class Logistic(Unary):
    """1 / (1 + exp(-x))."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.mul(b.out, b.sub(1, b.out)))

    samples = inexact()

    def reference(self, x):
        one = np.ones_like(x)
        return one / (one + np.exp(-x))


@op("atan2")
class Atan2(Elementwise):
    """Angle of the point (y, x), in radians; the first operand is the ordinate."""

    y: Operand[Inexact]
    x: Operand[Inexact]

    def jvp(self, b, y, x, dy, dx):
        norm = b.add(b.mul(x, x), b.mul(y, y))
        from_y = None if dy is None else b.mul(dy, b.div(x, norm))
        if dx is None:
            return from_y
        from_x = b.mul(dx, b.div(b.neg(y), norm))
        return from_x if from_y is None else b.add(from_y, from_x)

    def lower(self, b, y, x):
        return b.stablehlo.atan2(y, x)

    samples = floats(operands=2, low=0.3)
    reference = staticmethod(np.arctan2)


class Rounding(Elementwise):
    """Piecewise constant: the derivative is zero wherever it is defined."""

    x: Operand[Floating]
    jvp = ZERO_TANGENT


@op("floor")
class Floor(Rounding):
    """Largest integer not above x."""

    exact = np.floor

    def lower(self, b, x):
        return b.stablehlo.floor(x)

    samples = floats(smooth=False)
    reference = staticmethod(np.floor)


@op("ceil")
class Ceil(Rounding):
    """Smallest integer not below x."""

    exact = np.ceil

    def lower(self, b, x):
        return b.stablehlo.ceil(x)

    samples = floats(smooth=False)
    reference = staticmethod(np.ceil)


@op("round_nearest_even")
class RoundNearestEven(Rounding):
    """Nearest integer, ties to the even one."""

    exact = np.rint

    def lower(self, b, x):
        return b.stablehlo.round_nearest_even(x)

    samples = floats(smooth=False)
    reference = staticmethod(np.rint)


@op("round_nearest_afz")
class RoundNearestAfz(Rounding):
    """Nearest integer, ties away from zero."""

    def lower(self, b, x):
        return b.stablehlo.round_nearest_afz(x)

    samples = floats(smooth=False)

    def reference(self, x):
        return np.copysign(np.floor(np.abs(x) + np.asarray(0.5, x.dtype)), x)


@op("round_toward_zero")
class RoundTowardZero(Rounding):
    """x without its fraction."""

    def lower(self, b, x):
        toward = b.select(b.compare(x, 0, direction="LT"), b.ceil(x), b.floor(x))
        return toward

    samples = floats(smooth=False)
    reference = staticmethod(np.trunc)


@op("is_finite")
class IsFinite(Elementwise):
    """Whether x is neither infinite nor nan."""

    x: Operand[Floating]
    jvp = ZERO_TANGENT

    def infer(self, x):
        return Aval.of(x.shape, BOOL)

    def lower(self, b, x):
        return b.stablehlo.is_finite(x)

    samples = floats(smooth=False)
    reference = staticmethod(np.isfinite)
