"""Regularized incomplete gamma and beta functions, and derivatives of the former."""

import math

from weft_compiler.avals import FLOAT32
from weft_compiler.dialect import incomplete_sums as sums
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Floating, Operand, OpValueError, Rule, no_rule, op
from weft_compiler.dialect.samples import samples

_INF, _NAN = math.inf, math.nan


class Incomplete(Elementwise):
    """Floats in one dtype; computed in float32 where that is narrower."""

    fold = NOTHING_TO_FOLD
    compute: Rule
    """The same of floats of at least 32 bits."""

    def lower(self, b, *xs):
        dtype = xs[0].dtype
        if dtype.itemsize >= 4:
            return self.compute(b, *xs)
        return b.convert(self.compute(b, *[b.convert(x, dtype=FLOAT32) for x in xs]), dtype=dtype)


def _where(b, x, direction, number):
    return b.compare(x, b.full(x.aval, number), direction=direction)


def _put(b, x, mask, number):
    """`x` with a number where the mask is true."""
    return b.select(mask, b.full(x.aval, number), x)


def _is_nan(b, *xs):
    return _any(b, *[b.compare(x, x, direction="NE") for x in xs])


def _any(b, first, *masks):
    for mask in masks:
        first = b.or_(first, mask)
    return first


class GammaParts:
    """Both ways to the incomplete gamma function: the series below x = max(a, 1), the fraction above.

    Where one is not used, and where a or x is 0, infinite, negative or nan, it is given arguments for which
    it ends at once.
    """

    def __init__(self, b, a, x, with_slope=False):
        proper = b.and_(
            b.and_(_where(b, a, "GT", 0), _where(b, a, "LT", _INF)),
            b.and_(_where(b, x, "GE", 0), _where(b, x, "LT", _INF)),
        )
        self.above = b.and_(_where(b, x, "GE", 1), b.compare(x, a, direction="GT"))
        above, below = b.and_(proper, self.above), b.and_(proper, b.not_(self.above))
        a, x = _put(b, a, b.not_(proper), 1), _put(b, x, b.not_(proper), 0)
        self.series, self.series_slope = sums.gamma_series(
            b, a, b.select(below, x, b.zeros(x.aval)), with_slope
        )
        self.fraction, self.fraction_slope = sums.gamma_fraction(
            b, _put(b, a, b.not_(above), 1), _put(b, x, b.not_(above), 1), with_slope
        )
        self.a, self.x = a, x


def _lower_and_upper(b, a, x):
    """The lower and the upper function, with the cases at the ends of their domain, and nan beyond."""
    parts = GammaParts(b, a, x)
    weight = sums.gamma_weight(b, parts.a, parts.x)
    below, above = b.mul(weight, parts.series), b.mul(b.mul(weight, parts.a), parts.fraction)
    lower = b.select(parts.above, b.sub(1, above), below)
    upper = b.select(parts.above, above, b.sub(1, below))
    all_of_it = b.or_(_where(b, a, "EQ", 0), _where(b, x, "EQ", _INF))
    none_of_it = b.or_(_where(b, x, "EQ", 0), _where(b, a, "EQ", _INF))
    undefined = _any(
        b,
        b.and_(all_of_it, none_of_it),
        _where(b, a, "LT", 0),
        _where(b, x, "LT", 0),
        _is_nan(b, a, x),
    )
    made = []
    for value, full in ((lower, 1), (upper, 0)):
        value = _put(b, _put(b, value, all_of_it, full), none_of_it, 1 - full)
        made.append(_put(b, value, undefined, _NAN))
    return made


def _density(b, a, x):
    """Derivative of the lower function in x: x^(a-1) exp(-x) / gamma(a)."""
    return b.exp(b.sub(b.sub(b.mul(b.sub(a, 1), b.log(x)), x), b.lgamma(a)))


def _gamma_tangent(b, a, x, da, dx):
    from_a = None if da is None else b.mul(da, b.igamma_grad_a(a, x))
    from_x = None if dx is None else b.mul(dx, _density(b, a, x))
    return from_x if from_a is None else from_a if from_x is None else b.add(from_a, from_x)


_PAIRS = samples(("float32", "bfloat16", "float64"), low=0.5, high=5.0, operands=2, tolerance=4.0)


@op("igamma")
class Igamma(Incomplete):
    """Lower function: the integral of t^(a-1) exp(-t) from 0 to x, as a part of that to infinity."""

    a: Operand[Floating]
    x: Operand[Floating]

    def jvp(self, b, a, x, da, dx):
        return _gamma_tangent(b, a, x, da, dx)

    def compute(self, b, a, x):
        return _lower_and_upper(b, a, x)[0]

    samples = _PAIRS


@op("igammac")
class Igammac(Incomplete):
    """Upper function: 1 - igamma(a, x), precise where that is small."""

    a: Operand[Floating]
    x: Operand[Floating]

    def jvp(self, b, a, x, da, dx):
        return b.neg(_gamma_tangent(b, a, x, da, dx))

    def compute(self, b, a, x):
        return _lower_and_upper(b, a, x)[1]

    samples = _PAIRS


class GammaSlope(Incomplete):
    """The derivative of `igamma` in a, up to a factor."""

    a: Operand[Floating]
    x: Operand[Floating]

    jvp = no_rule("its derivative has no closed form")
    samples = _PAIRS
    scaled: Rule
    """The derivative from its values where x is below and above a."""

    def compute(self, b, a, x):
        parts = GammaParts(b, a, x, with_slope=True)
        # Derivatives of log(x^a exp(-x) / gamma(a)) and log(x^a exp(-x) / gamma(a + 1)).
        slope, slope_of_next = sums.log_slopes(b, parts.a, parts.x)
        below = b.sub(b.mul(parts.series, slope_of_next), parts.series_slope)
        above = b.neg(b.mul(parts.fraction, b.add(slope, parts.fraction_slope)))
        value = self.scaled(b, parts, below, above)
        undefined = _any(b, _where(b, a, "LE", 0), _where(b, x, "LT", 0), _is_nan(b, a, x))
        zero = b.or_(_where(b, x, "EQ", 0), _where(b, x, "EQ", _INF))
        return _put(b, _put(b, value, zero, 0), undefined, _NAN)


@op("igamma_grad_a")
class IgammaGradA(GammaSlope):
    """Derivative of `igamma` in a."""

    def scaled(self, b, parts, below, above):
        weight = sums.gamma_weight(b, parts.a, parts.x)
        return b.mul(weight, b.select(parts.above, b.mul(parts.a, above), below))


@op("random_gamma_grad")
class RandomGammaGrad(GammaSlope):
    """Derivative in a of a sample x of the gamma distribution, as the quantile that it is."""

    def scaled(self, b, parts, below, above):
        below = b.mul(b.div(parts.x, parts.a), below)
        return b.neg(b.select(parts.above, b.mul(parts.x, above), below))


@op("betainc")
class Betainc(Incomplete):
    """The integral of t^(a-1) (1-t)^(c-1) from 0 to x, as a part of that to 1."""

    a: Operand[Floating]
    c: Operand[Floating]
    x: Operand[Floating]

    no_slope_in = ("a", "c")

    def jvp(self, b, a, c, x, da, dc, dx):
        if da is not None or dc is not None:
            self.fail("gradient with respect to a and b is not supported", OpValueError)
        log_beta = b.sub(b.add(b.lgamma(a), b.lgamma(c)), b.lgamma(b.add(a, c)))
        powers = b.add(b.mul(b.sub(c, 1), b.log1p(b.neg(x))), b.mul(b.sub(a, 1), b.log(x)))
        return b.mul(dx, b.exp(b.sub(powers, log_beta)))

    def compute(self, b, a, c, x):
        at_a, at_c = self._mass_at_ends(b, a, c)
        outside = b.or_(_where(b, x, "LT", 0), _where(b, x, "GT", 1))
        negative = b.or_(_where(b, a, "LT", 0), _where(b, c, "LT", 0))
        undefined = _any(b, outside, negative, b.and_(at_a, at_c), _is_nan(b, a, c, x))
        improper = _any(b, undefined, at_a, at_c)
        proper = [_put(b, v, improper, n) for v, n in ((a, 1), (c, 1), (x, 0.5))]
        value = self._inside(b, *proper)
        value = b.select(at_a, self._step(b, x, "GT", 0), value)
        value = b.select(at_c, self._step(b, x, "GE", 1), value)
        return _put(b, value, undefined, _NAN)

    @staticmethod
    def _mass_at_ends(b, a, c):
        """Where the whole distribution is at 0, and where at 1."""
        at_0 = b.or_(_where(b, a, "EQ", 0), _where(b, c, "EQ", _INF))
        at_1 = b.or_(_where(b, c, "EQ", 0), _where(b, a, "EQ", _INF))
        return at_0, at_1

    @staticmethod
    def _step(b, x, direction, at):
        return b.convert(_where(b, x, direction, at), dtype=x.dtype)

    @staticmethod
    def _inside(b, a, c, x):
        """By the symmetry I(a, c, x) = 1 - I(c, a, 1 - x), on the side where the fraction converges fast."""
        y = b.sub(1, x)
        log_x, log_y = b.log(x), b.log1p(b.neg(x))
        mean = b.div(b.add(a, 1), b.add(b.add(a, c), 2))
        is_left = b.compare(x, mean, direction="LT")

        def chosen(left, right):
            return b.select(is_left, left, right)

        p, q, t = chosen(a, c), chosen(c, a), chosen(x, y)
        deviation = b.sub(b.mul(x, b.add(a, c)), a)  # that of y is its negative
        deviation = chosen(deviation, b.neg(deviation))
        weight = sums.beta_weight(b, p, q, deviation, chosen(log_x, log_y), chosen(log_y, log_x))
        value = b.mul(weight, sums.beta_fraction(b, p, q, t))
        return chosen(value, b.sub(1, value))

    samples = samples(("float32", "bfloat16", "float64"), low=0.1, high=0.9, operands=3, tolerance=4.0)
