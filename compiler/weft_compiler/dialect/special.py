"""Special functions of one or two real numbers: error functions, gamma functions, zeta."""

import math

import numpy as np

from weft_compiler.dialect.hyperbolic import Chlo
from weft_compiler.dialect.op import Floating, Operand, OpValueError, op
from weft_compiler.dialect.samples import FLOATS, Sample, floats, samples

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


@op("erf")
class Erf(Chlo):
    """Error function: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.mul(b.exp(b.neg(b.mul(x, x))), _TWO_OVER_ROOT_PI))

    samples = floats(low=-3.0, high=3.0)

    def reference(self, x):
        return _elementwise(math.erf, x)


@op("erfc")
class Erfc(Chlo):
    """1 - erf(x), precise where erf(x) is near 1."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.mul(b.exp(b.neg(b.mul(x, x))), -_TWO_OVER_ROOT_PI))

    samples = floats(low=-3.0, high=3.0)

    def reference(self, x):
        return _elementwise(math.erfc, x)


@op("erf_inv")
class ErfInv(Chlo):
    """Number whose error function is x; infinite at -1 and 1, nan beyond."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.mul(b.exp(b.mul(b.out, b.out)), 1 / _TWO_OVER_ROOT_PI))

    samples = floats(low=-0.9, high=0.9)


@op("lgamma")
class Lgamma(Chlo):
    """Logarithm of the absolute value of the gamma function."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.digamma(x))

    samples = floats(low=0.3, high=6.0)

    def reference(self, x):
        return _elementwise(math.lgamma, x)


@op("digamma")
class Digamma(Chlo):
    """Derivative of `lgamma`."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.polygamma(b.full(x.aval, 1), x))

    samples = floats(low=0.5, high=6.0)


@op("polygamma")
class Polygamma(Chlo):
    """m-th derivative of `digamma` at x, for whole m, not negative."""

    m: Operand[Floating]
    x: Operand[Floating]

    no_slope_in = ("m",)

    def jvp(self, b, m, x, dm, dx):
        if dm is not None:
            self.fail("gradient with respect to m is not supported", OpValueError)
        return b.mul(dx, b.polygamma(b.add(m, 1), x))

    @staticmethod
    def samples():
        orders = [(np.full_like(x, order), x) for order in (0, 1, 3) for x in _positive()]
        return [Sample(pair, tolerance=10.0) for pair in orders]


@op("zeta")
class Zeta(Chlo):
    """Hurwitz zeta function: the sum of 1 / (q + n)^x over n = 0, 1, 2, …"""

    x: Operand[Floating]
    q: Operand[Floating]

    no_slope_in = ("x",)

    def jvp(self, b, x, q, dx, dq):
        if dx is not None:
            self.fail("gradient with respect to x is not supported", NotImplementedError)
        return b.neg(b.mul(dq, b.mul(x, b.zeta(b.add(x, 1), q))))

    @staticmethod
    def samples():
        return [Sample((np.full_like(q, x), q), tolerance=10.0) for x in (1.5, 2, 4) for q in _positive()]


def _positive():
    shapes = ((), (3,), (2, 0))
    return [s.operands[0] for s in samples(FLOATS, shapes=shapes, low=0.6, high=5.0)()]


def _elementwise(fn, x):
    return np.array([fn(float(v)) for v in x.ravel()], np.float64).astype(x.dtype).reshape(x.shape)
