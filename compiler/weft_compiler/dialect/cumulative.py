"""Cumulative ops: result i along `axis` combines the elements 0 … i, or with `reverse` i … last."""

from typing import Any, ClassVar

import numpy as np

from weft_compiler.attributes import I64, Flag
from weft_compiler.avals import INT64, Aval
from weft_compiler.dialect.associative_scan import associative_scan
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import NOT_LINEAR, Attr, Floating, Number, Op, Operand, Real, op
from weft_compiler.dialect.samples import FLOATS, floats, numbers, samples


class Cumulative(Op):
    """All prefix combinations by an associative function, in a logarithmic number of steps.

    XLA's `reduce_window` would do in one op, but took twice the time on a CPU from 100 elements on.
    """

    axis: Attr[I64]
    reverse: Attr[Flag] = False

    exact: ClassVar[Any] = np.add
    """NumPy's function for two elements, for the reference."""

    def infer(self, x):
        if not 0 <= self.axis < x.ndim:
            self.fail(f"axis {self.axis} is out of range for {x}")
        return x

    def jvp(self, b, x, dx):
        def combine(p, q):
            made = self.combine(b, p[0], q[0])
            return made, self.combine_tangents(b, p, q, made)

        return associative_scan(b, combine, (x, dx), self.axis, self.reverse)[1]

    def batch(self, b, x):
        return b.emit(self.replace(axis=self.axis + 1), (x,))

    def lower(self, b, x):
        if not isinstance(x.shape[self.axis], int):
            return self._lower_unknown_size(b, x)
        (made,) = associative_scan(
            b, lambda p, q: (self.combine(b, p[0], q[0]),), (x,), self.axis, self.reverse
        )
        return made

    def _lower_unknown_size(self, b, x):
        """A loop over distances 1, 2, 4, …: each element is combined with the one that far before it."""
        axis, size = self.axis, x.shape[self.axis]
        distance = Aval.of((), INT64)
        ordered = b.reverse(x, axes=(axis,)) if self.reverse else x
        place = b.iota(shape=x.shape, dtype=INT64, dimension=axis)
        made = b.stablehlo.op("stablehlo.while", (b.full(distance, 1), ordered), (distance, x.aval), 2)

        def goes_on(far, _):
            return [b.compare(far, b.full(distance, size), direction="LT")]

        def step(far, y):
            start = b.sub(b.full(distance, size), far)
            starts = [start if i == axis else b.zeros(distance) for i in range(y.ndim)]
            before = b.dynamic_slice(b.concatenate(y, y, axis=axis), *starts, sizes=y.shape)
            is_there = b.compare(place, b.spread(far, y.shape), direction="GE")
            # Not far + far: XLA's search for loop counters ends the process on it.
            return [b.mul(far, b.full(distance, 2)), b.select(is_there, self.combine(b, before, y), y)]

        b.stablehlo.region(0, (distance, x.aval), goes_on)
        b.stablehlo.region(1, (distance, x.aval), step)
        return b.reverse(made[1], axes=(axis,)) if self.reverse else made[1]

    def fold(self, b, x):
        return x if x.shape[self.axis] in (0, 1) else None

    def combine(self, b, x, y):
        """Two partial results made one."""
        raise NotImplementedError

    def combine_tangents(self, b, p, q, made):
        """Tangent of `made`, the combination of two partial results that come with their tangents."""
        raise NotImplementedError

    def reference(self, x):
        ordered = np.flip(x, self.axis) if self.reverse else x
        made = type(self).exact.accumulate(ordered, axis=self.axis, dtype=x.dtype)
        return np.flip(made, self.axis) if self.reverse else made

    transpose = NOT_LINEAR


SHAPES = ((1,), (3,), (6,), (2, 3), (0, 2))
ALONG = ({"axis": 0}, {"axis": 0, "reverse": True})


@op("cumsum")
class CumSum(Cumulative):
    """Sum of the elements so far."""

    x: Operand[Number]

    linear_in = ("x",)

    def jvp(self, b, x, dx):
        return b.emit(self, (dx,))

    def transpose(self, b, ct, x):
        return b.cumsum(ct, axis=self.axis, reverse=not self.reverse)

    def combine(self, b, x, y):
        return b.add(x, y)

    samples = numbers(shapes=SHAPES, attrs=ALONG)


@op("cumprod")
class CumProd(Cumulative):
    """Product of the elements so far."""

    x: Operand[Number]

    exact = np.multiply

    def combine(self, b, x, y):
        return b.mul(x, y)

    def combine_tangents(self, b, p, q, made):
        return b.add(b.mul(p[1], q[0]), b.mul(p[0], q[1]))

    samples = numbers(shapes=SHAPES, attrs=ALONG)


class CumulativeExtremum(Cumulative):
    """The extremum so far; nan once there was one. Elements that tie share the slope equally."""

    direction = ""

    def combine_tangents(self, b, p, q, made):
        (x, dx), (y, dy) = p, q
        winner = b.select(b.compare(x, y, direction=self.direction), dx, dy)
        return b.select(b.compare(x, y, direction="EQ"), b.mul(b.add(dx, dy), 0.5), winner)

    samples = samples((*FLOATS, "int32", "uint8"), shapes=SHAPES, low=0.0, high=4.0, attrs=ALONG)


@op("cummax")
class CumMax(CumulativeExtremum):
    """The greatest element so far."""

    x: Operand[Real]

    exact = np.maximum
    direction = "GT"

    def combine(self, b, x, y):
        return b.max(x, y)


@op("cummin")
class CumMin(CumulativeExtremum):
    """The least element so far."""

    x: Operand[Real]

    exact = np.minimum
    direction = "LT"

    def combine(self, b, x, y):
        return b.min(x, y)


@op("cumlogsumexp")
class CumLogSumExp(Cumulative):
    """Logarithm of the sum of exponentials so far, without overflow."""

    x: Operand[Floating]

    exact = np.logaddexp

    def combine(self, b, x, y):
        return b.logaddexp(x, y)

    def combine_tangents(self, b, p, q, made):
        return _weighted(b, made, *p, *q)

    samples = floats(shapes=SHAPES, attrs=ALONG)


@op("logaddexp")
class LogAddExp(Elementwise):
    """log(exp(x) + exp(y)) without overflow.

    An op of its own, as the slopes exp(x - out) and exp(y - out) hold to every order, also where x = y.
    """

    x: Operand[Floating]
    y: Operand[Floating]

    def jvp(self, b, x, y, dx, dy):
        return _weighted(b, b.out, x, dx, y, dy)

    def lower(self, b, x, y):
        # x = y includes equal infinities, whose difference is nan.
        distance = b.select(b.compare(x, y, direction="EQ"), b.zeros(x.aval), b.abs(b.sub(x, y)))
        return b.add(b.max(x, y), b.log1p(b.exp(b.neg(distance))))

    def reference(self, x, y):
        return np.logaddexp(x, y).astype(x.dtype)

    samples = floats(operands=2)


def _weighted(b, out, x, dx, y, dy):
    """Tangent of out = log(exp(x) + exp(y)); an operand equal to an infinite result has the weight 1."""
    total = None
    for value, tangent in ((x, dx), (y, dy)):
        if tangent is not None:
            lag = b.select(b.compare(value, out, direction="EQ"), b.zeros(out.aval), b.sub(value, out))
            part = b.mul(tangent, b.exp(lag))
            total = part if total is None else b.add(total, part)
    return total
