"""Series and continued fractions of the incomplete gamma and beta functions, as loops in StableHLO.

Every number is an array; a loop ends when every element has converged.
"""

import math

import numpy as np

from weft_compiler.avals import Aval

_MOST_TERMS = 100_000

# Stirling's series: log(gamma(a)) - (a - 1/2) log(a) + a - log(2 pi) / 2 = 1/(12 a) - 1/(360 a^3) + …
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
# log(a) - digamma(a) = 1/(2 a) + 1/(12 a^2) - 1/(120 a^4) + …
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760)


def loop(b, values, goes_on, step):
    """`values = step(*values)` while the scalar `goes_on(*values)` is true."""
    avals = [v.aval for v in values]
    outs = b.stablehlo.op("stablehlo.while", values, avals, 2)
    for region, write in ((0, lambda *vs: [goes_on(*vs)]), (1, step)):
        # A constant made inside a region is not to be used outside of it.
        constants, b._constants = b._constants, {}
        try:
            b.stablehlo.region(region, avals, write)
        finally:
            b._constants = constants
    return outs


def _any_left(b, mask, count):
    """Whether any element is true, and there have not been too many terms."""
    any_true = b.reduce_or(mask, axes=tuple(range(mask.ndim))) if mask.ndim else mask
    return b.and_(any_true, b.compare(count, b.full(count.aval, _MOST_TERMS), direction="LT"))


def polynomial(b, x, coefficients):
    """c0 + c1 x + c2 x^2 + …"""
    total = b.full(x.aval, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = b.add(b.mul(total, x), c)
    return total


def eps(x):
    """Spacing of floats at 1."""
    return float(np.finfo(x.dtype).eps)


def is_large(b, a):
    """Where the six terms of Stirling's series are precise."""
    return b.compare(a, b.full(a.aval, 10 if a.dtype.itemsize == 8 else 3), direction="GE")


def stirling(b, a):
    """What the logarithm of the gamma function exceeds Stirling's formula by, for large a."""
    inverse = b.div(1, a)
    return b.mul(inverse, polynomial(b, b.mul(inverse, inverse), _STIRLING))


def log_slopes(b, a, x):
    """log(x) - digamma(a) and log(x) - digamma(a + 1), without cancellation where both are large and near."""
    inverse = b.div(1, a)
    square = b.mul(inverse, inverse)
    from_a = b.add(b.mul(inverse, 0.5), b.mul(square, polynomial(b, square, _DIGAMMA)))
    large = b.add(log_ratio(b, a, x), from_a)
    log = b.log(x)
    small = b.sub(log, b.digamma(a)), b.sub(log, b.digamma(b.add(a, 1)))
    return [
        b.select(is_large(b, a), p, q) for p, q in zip((large, b.sub(large, inverse)), small, strict=True)
    ]


def log1p_minus(b, u):
    """log(1 + u) - u, without cancellation where u is small.

    With t = u / (2 + u), log(1 + u) = 2 atanh(t) = 2 (t + t^3/3 + …), and u - 2 t = t u.
    """
    t = b.div(u, b.add(u, 2))
    square = b.mul(t, t)
    terms = 17 if u.dtype.itemsize == 8 else 7
    series = polynomial(b, square, [2 / (2 * k + 3) for k in range(terms)])
    near = b.sub(b.mul(b.mul(square, t), series), b.mul(t, u))
    is_near = b.compare(b.abs(u), b.full(u.aval, 0.5), direction="LE")
    return b.select(is_near, near, b.sub(b.log1p(u), u))


def gamma_weight(b, a, x):
    """x^a exp(-x) / gamma(a + 1)."""
    u = b.div(b.sub(x, a), a)
    exponent = b.sub(b.mul(a, log1p_minus(b, u)), stirling(b, a))
    large = b.mul(b.exp(exponent), b.rsqrt(b.mul(a, 2 * math.pi)))
    small = b.exp(b.sub(b.sub(b.mul(a, b.log(x)), x), b.lgamma(b.add(a, 1))))
    return b.select(is_large(b, a), large, small)


def log_ratio(b, a, x):
    """log(x / a), without cancellation where x is near a."""
    u = b.div(b.sub(x, a), a)
    is_near = b.compare(b.abs(u), b.full(u.aval, 0.5), direction="LE")
    return b.select(is_near, b.log1p(u), b.sub(b.log(x), b.log(a)))


def gamma_series(b, a, x, with_slope):
    """The sum of x^n / ((a+1) … (a+n)) over n = 0, 1, …; and the negative of its derivative in a."""
    aval = a.aval
    zero, one = b.zeros(aval), b.full(aval, 1)
    precision = eps(x) / 64  # the terms may fall slowly, and what is left out is then many times the last

    def goes_on(k, r, term, total, harmonic=None, slope=None):
        unfinished = b.compare(term, b.mul(total, precision), direction="GT")
        if with_slope:
            change = b.mul(term, harmonic)
            unfinished = b.or_(unfinished, b.compare(change, b.mul(slope, precision), direction="GT"))
        return _any_left(b, unfinished, k)

    def step(k, r, term, total, harmonic=None, slope=None):
        r = b.add(r, 1)
        term = b.mul(term, b.div(x, r))
        made = [b.add(k, 1), r, term, b.add(total, term)]
        if with_slope:
            harmonic = b.add(harmonic, b.div(1, r))
            made += [harmonic, b.add(slope, b.mul(term, harmonic))]
        return made

    start = [_count(b, x), a, one, one]
    outs = loop(b, [*start, zero, zero] if with_slope else start, goes_on, step)
    return outs[3], outs[5] if with_slope else None


def gamma_fraction(b, a, x, with_slope):
    """1 / (x+1-a - 1(1-a) / (x+3-a - 2(2-a) / …)); and the derivative of its logarithm in a.

    By the modified Lentz method: the product of all c d, where c and d are ratios of successive numerators
    and denominators.
    """
    aval = a.aval

    def goes_on(k, denominator, c, d, h, change, *slopes):
        return _any_left(b, _is_open(b, change), k)

    def step(k, denominator, c, d, h, change, *slopes):
        k = b.add(k, 1)
        n = spread(b, k, aval)
        numerator = b.mul(n, b.sub(a, n))
        denominator = b.add(denominator, 2)
        new_d = b.div(1, away_from_zero(b, b.add(b.mul(numerator, d), denominator)))
        new_c = away_from_zero(b, b.add(denominator, b.div(numerator, c)))
        factor = b.mul(new_c, new_d)
        is_open = _is_open(b, change)
        h = b.select(is_open, b.mul(h, factor), h)
        made = [k, denominator, new_c, new_d, h]
        new_change = b.abs(b.sub(factor, 1))
        if not slopes:
            return [*made, b.select(is_open, new_change, change)]
        dc, dd, dlog = slopes
        ratio = b.div(1, c)
        inner = b.sub(b.add(b.mul(n, d), b.mul(numerator, dd)), 1)
        dd = b.neg(b.mul(b.mul(new_d, new_d), inner))
        dc = b.sub(b.mul(ratio, b.sub(n, b.mul(numerator, b.mul(dc, ratio)))), 1)
        more = b.add(b.div(dc, new_c), b.div(dd, new_d))
        dlog = b.select(is_open, b.add(dlog, more), dlog)
        new_change = b.max(new_change, b.div(b.abs(more), b.abs(dlog)))
        return [*made, b.select(is_open, new_change, change), dc, dd, dlog]

    first = b.add(b.sub(x, a), 1)
    d = b.div(1, first)
    start = [_count(b, x), first, b.full(aval, 1 / tiny(x)), d, d, b.full(aval, 1)]
    if with_slope:
        start += [b.zeros(aval), b.mul(d, d), d]
    outs = loop(b, start, goes_on, step)
    return outs[4], outs[8] if with_slope else None


def beta_fraction(b, a, c, x):
    """The continued fraction of the incomplete beta function, DLMF 8.17.22, by the modified Lentz method."""
    aval = a.aval

    def coefficients(m):
        twice = b.add(a, b.mul(m, 2))
        even = b.div(b.mul(b.mul(m, b.sub(c, m)), x), b.mul(b.sub(twice, 1), twice))
        odd = b.div(b.mul(b.mul(b.add(a, m), b.add(b.add(a, c), m)), x), b.mul(twice, b.add(twice, 1)))
        return even, b.neg(odd)

    def goes_on(k, top, bottom, h, change):
        return _any_left(b, _is_open(b, change), k)

    def step(k, top, bottom, h, change):
        k = b.add(k, 1)
        is_open = _is_open(b, change)
        for part in coefficients(spread(b, k, aval)):
            bottom = b.div(1, away_from_zero(b, b.add(b.mul(part, bottom), 1)))
            top = away_from_zero(b, b.add(b.div(part, top), 1))
            factor = b.mul(top, bottom)
            h = b.select(is_open, b.mul(h, factor), h)
        return [k, top, bottom, h, b.select(is_open, b.abs(b.sub(factor, 1)), change)]

    first = away_from_zero(b, b.sub(1, b.mul(b.add(a, c), b.div(x, b.add(a, 1)))))
    bottom = b.div(1, first)
    one = b.full(aval, 1)
    return loop(b, [_count(b, x), one, bottom, bottom, one], goes_on, step)[3]


def beta_weight(b, a, c, deviation, log_x, log_y):
    """x^a y^c / (a beta(a, c)), where y = 1 - x, and the deviation is (a + c) x - a.

    Large powers are those of 1 + deviation / a and 1 - deviation / c, times what Stirling's formula cancels.
    """
    total = b.add(a, c)
    u, v = b.div(deviation, a), b.div(b.neg(deviation), c)
    corrections = b.sub(b.add(stirling(b, a), stirling(b, c)), stirling(b, total))
    exponent = b.add(b.mul(a, log1p_minus(b, u)), b.mul(c, log1p_minus(b, v)))
    root = b.sqrt(b.div(c, b.mul(b.mul(a, total), 2 * math.pi)))
    both = b.mul(root, b.exp(b.sub(exponent, corrections)))
    log_gammas = _log_gammas(b, a, c)
    other = b.exp(b.sub(b.add(b.mul(a, log_x), b.mul(c, log_y)), log_gammas))
    return b.select(b.and_(is_large(b, a), is_large(b, c)), both, other)


def _log_gammas(b, a, c):
    """log(gamma(a+1) gamma(c) / gamma(a+c)), of which not both are large."""
    plain = b.sub(b.add(b.lgamma(b.add(a, 1)), b.lgamma(c)), b.lgamma(b.add(a, c)))
    a_large = b.add(b.add(b.log(a), _log_gamma_ratio(b, a, c)), b.lgamma(c))
    c_large = b.add(_log_gamma_ratio(b, c, a), b.lgamma(b.add(a, 1)))
    return b.select(is_large(b, a), a_large, b.select(is_large(b, c), c_large, plain))


def _log_gamma_ratio(b, m, s):
    """log(gamma(m) / gamma(m + s)) for large m, by Stirling's formula."""
    total = b.add(m, s)
    logs = b.add(b.mul(b.sub(m, 0.5), b.log1p(b.div(s, m))), b.mul(s, b.log(total)))
    return b.add(b.sub(s, logs), b.sub(stirling(b, m), stirling(b, total)))


def _is_open(b, change):
    """Where a fraction has not converged. Elsewhere it is left alone: factors that miss 1 by a rounding would
    add up.
    """
    return b.compare(change, b.full(change.aval, eps(change)), direction="GT")


def away_from_zero(b, x):
    """`x`, or a tiny number where it is nearer to 0: so that it can be divided by."""
    small = b.full(x.aval, tiny(x))
    return b.select(b.compare(b.abs(x), small, direction="LT"), small, x)


def tiny(x):
    """A number whose inverse can be multiplied without overflow."""
    return math.sqrt(float(np.finfo(x.dtype).tiny))


def _count(b, x):
    return b.zeros(Aval.of((), x.dtype))


def spread(b, scalar, aval):
    """A scalar repeated into the shape of `aval`."""
    return b.broadcast_in_dim(scalar, shape=aval.shape, dims=()) if aval.ndim else scalar
