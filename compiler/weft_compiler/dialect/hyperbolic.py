"""Hyperbolic functions, and the inverses of these and of the trigonometric functions."""

import numpy as np

from weft_compiler.avals import DTYPES
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Inexact, Operand, op
from weft_compiler.dialect.samples import COMPLEX, floats, inexact, joined, samples


class Chlo(Elementwise):
    """Lowered to an op of XLA's CHLO dialect, `chlo_name` if that is not the op's own; XLA expands it.

    Floats of 8 bits and less are computed in float32: XLA does not expand every op for them.
    """

    chlo_name = ""
    fold = NOTHING_TO_FOLD

    def lower(self, b, *xs):
        dtype = xs[0].dtype
        if dtype.itemsize == 1:
            wide = [b.convert(x, dtype=DTYPES["float32"]) for x in xs]
            return b.convert(b.emit(self, wide), dtype=dtype)
        return b.stablehlo.op(f"chlo.{self.chlo_name or self.name}", xs)


@op("sinh")
class Sinh(Chlo):
    """Hyperbolic sine."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.cosh(x))

    samples = inexact()

    def reference(self, x):
        return np.sinh(x)


@op("cosh")
class Cosh(Chlo):
    """Hyperbolic cosine."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.sinh(x))

    samples = inexact()

    def reference(self, x):
        return np.cosh(x)


def _rsqrt_of_one_minus_square(b, x):
    """1 / sqrt(1 - x^2), as (1 - x)(1 + x): no cancellation where |x| is near 1."""
    return b.rsqrt(b.mul(b.sub(1, x), b.add(x, 1)))


@op("asin")
class Asin(Chlo):
    """Angle in radians whose sine is x, between -pi/2 and pi/2."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, _rsqrt_of_one_minus_square(b, x))

    samples = inexact(low=-0.9, high=0.9)

    def reference(self, x):
        return np.arcsin(x)


@op("acos")
class Acos(Chlo):
    """Angle in radians whose cosine is x, between 0 and pi."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.neg(b.mul(dx, _rsqrt_of_one_minus_square(b, x)))

    samples = inexact(low=-0.9, high=0.9)

    def reference(self, x):
        return np.arccos(x)


@op("atan")
class Atan(Chlo):
    """Angle in radians whose tangent is x, between -pi/2 and pi/2."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.div(dx, b.add(b.mul(x, x), 1))

    samples = joined(floats(), samples(COMPLEX, low=-0.9, high=0.9))

    def reference(self, x):
        return np.arctan(x)


@op("asinh")
class Asinh(Chlo):
    """Number whose hyperbolic sine is x."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.rsqrt(b.add(b.mul(x, x), 1)))

    samples = joined(floats(), samples(COMPLEX, low=-0.9, high=0.9))

    def reference(self, x):
        return np.arcsinh(x)


@op("acosh")
class Acosh(Chlo):
    """Number, not negative, whose hyperbolic cosine is x."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        # Two roots: where the real part of x is negative, the root of the product has the other sign.
        return b.mul(dx, b.mul(b.rsqrt(b.sub(x, 1)), b.rsqrt(b.add(x, 1))))

    samples = inexact(low=1.2, high=4.0)

    def reference(self, x):
        return np.arccosh(x)


@op("atanh")
class Atanh(Chlo):
    """Number whose hyperbolic tangent is x."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.div(b.div(dx, b.sub(1, x)), b.add(x, 1))

    samples = inexact(low=-0.9, high=0.9)

    def reference(self, x):
        return np.arctanh(x)
