"""Modified Bessel functions of the first kind, times exp(-|x|)."""

import functools
import math

import ml_dtypes
import numpy as np

from weft_compiler.avals import DTYPES
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.hyperbolic import Chlo
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Floating, Operand, op
from weft_compiler.dialect.samples import floats

_SPLIT = 8.0
"""Up to here a polynomial in x, beyond one in 1/x."""
_TERMS = 30


@op("bessel_i0e")
class BesselI0e(Elementwise):
    """Of order 0."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.sub(b.bessel_i1e(x), b.mul(b.sign(x), b.out)))

    def lower(self, b, x):
        if x.dtype.itemsize < 4:
            wide = b.convert(x, dtype=DTYPES["float32"])
            return b.convert(b.bessel_i0e(wide), dtype=x.dtype)
        x = b.abs(x)
        near_series, far_series = _chebyshev_series(x.dtype.itemsize)
        near = _chebyshev_sum(b, b.sub(b.mul(x, 2 / _SPLIT), 1), near_series)
        far = _chebyshev_sum(b, b.sub(b.div(2 * _SPLIT, x), 1), far_series)
        is_near = b.compare(x, b.full(x.aval, _SPLIT), direction="LE")
        return b.select(is_near, near, b.mul(far, b.rsqrt(x)))

    fold = NOTHING_TO_FOLD
    samples = floats(low=-12.0, high=12.0)

    def reference(self, x):
        return np.vectorize(_i0e, otypes=[np.float64])(np.abs(x.astype(np.float64))).astype(x.dtype)


@op("bessel_i1e")
class BesselI1e(Chlo):
    """Of order 1."""

    x: Operand[Floating]

    def jvp(self, b, x, dx):
        # I1'(x) = I0(x) - I1(x) / x, and I1(x) / x is 1/2 at 0.
        tiny = b.compare(b.abs(x), b.full(x.aval, 4 * ml_dtypes.finfo(x.dtype).tiny), direction="LT")
        safe = b.select(tiny, b.full(x.aval, 1), x)
        ratio = b.select(tiny, b.full(x.aval, 0.5), b.div(b.out, safe))
        slope = b.sub(b.sub(b.bessel_i0e(x), ratio), b.mul(b.sign(x), b.out))
        return b.mul(dx, slope)

    samples = floats(low=-12.0, high=12.0)


def _i0e(x):
    """The integral (1/pi) ∫ exp(x (cos t - 1)) dt over [0, pi] by the trapezoidal rule.

    The integrand is periodic: the rule converges exponentially, once the step resolves the peak at 0, which
    is 1 / sqrt(x) wide.
    """
    points = 64 + 16 * math.isqrt(int(x) + 1)
    t = np.linspace(0.0, np.pi, points + 1)
    weights = np.full(points + 1, 1.0 / points)
    weights[[0, -1]] *= 0.5
    return float(np.sum(weights * np.exp(-2.0 * x * np.sin(t / 2) ** 2)))


@functools.cache
def _chebyshev_series(itemsize):
    """Coefficients of i0e(x) on [0, 8] in 2x/8 - 1, and of sqrt(x) i0e(x) on [8, ∞) in 2 * 8/x - 1."""
    nodes = np.cos((np.arange(4 * _TERMS) + 0.5) * np.pi / (4 * _TERMS))
    near = [_i0e(_SPLIT * (1 + t) / 2) for t in nodes]
    at = [2 * _SPLIT / (1 + t) for t in nodes]
    far = [math.sqrt(x) * _i0e(x) for x in at]
    precision = 1e-17 if itemsize == 8 else 1e-9
    return tuple(_truncated(_coefficients(nodes, np.array(v)), precision) for v in (near, far))


def _coefficients(nodes, values):
    angles = np.arccos(nodes)
    made = [2 * float(np.mean(values * np.cos(k * angles))) for k in range(_TERMS)]
    return [made[0] / 2, *made[1:]]


def _truncated(coefficients, precision):
    while abs(coefficients[-1]) < precision:
        coefficients = coefficients[:-1]
    return coefficients


def _chebyshev_sum(b, t, coefficients):
    """Clenshaw's recurrence."""
    twice = b.mul(t, 2)
    after = last = b.zeros(t.aval)
    for c in reversed(coefficients[1:]):
        last, after = b.add(b.sub(b.mul(twice, last), after), c), last
    return b.add(b.sub(b.mul(t, last), after), coefficients[0])
