"""Windows: an op on every box of neighbouring elements, as in pooling, and how slopes pass through it."""

from typing import Any, ClassVar

import numpy as np

from weft_compiler.attributes import Text
from weft_compiler.avals import DTYPES, Aval
from weft_compiler.dialect.convolution import dilated
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, Attr, Number, Operand, Real, op
from weft_compiler.dialect.reduction import highest, lowest
from weft_compiler.dialect.window_samples import POOLINGS, SELECTIONS, SOURCES, SUMS
from weft_compiler.dialect.window_taps import MAX_TAPS, Windowed, padding_attribute, pooled


class Pooling(Windowed):
    """Every window of x combined into one element by an associative function."""

    combiner = ""
    """The StableHLO op that combines two elements."""
    exact: ClassVar[Any] = np.add
    """NumPy's function for two elements, for the reference."""

    def infer(self, x):
        return x.with_shape(self.window_shape(x))

    def batch(self, b, x):
        return b.emit(self.with_batch_axis(), (x,))

    def lower(self, b, x):
        stages, neutral = self.stages(), self.neutral(x.aval)
        if all(s.size <= MAX_TAPS for s in stages):
            return pooled(b, x, stages, neutral, lambda p, q: self.combine(b, p, q))
        scalar = x.aval.with_shape(())
        init = b.full(scalar, neutral)
        made = b.stablehlo.op("stablehlo.reduce_window", (x, init), b.outs[0], 1, **self.stablehlo_window())
        b.stablehlo.region(
            0, (scalar, scalar), lambda p, q: [b.stablehlo.op(f"stablehlo.{self.combiner}", (p, q), scalar)]
        )
        return made

    def fold(self, b, x):
        return None if self.stages() else x

    def neutral(self, aval):
        """The number that leaves every element as it is when combined with it."""
        raise NotImplementedError

    def combine(self, b, x, y):
        """Two arrays combined elementwise."""
        raise NotImplementedError

    def reference(self, x):
        fill = np.asarray(self.neutral(Aval.of((), x.dtype))).astype(x.dtype)
        return type(self).exact.reduce(self.windows(x, fill), axis=-1, dtype=x.dtype)


@op("reduce_window_sum")
class ReduceWindowSum(Pooling):
    """Sum of every window; padding counts as 0."""

    x: Operand[Number]

    linear_in = ("x",)
    combiner = "add"

    def transpose(self, b, ct, x):
        # The same window over ct, strides and base dilation exchanged.
        low, high = [], []
        for s, n, m in zip(self.all_stages(), x.shape, ct.shape, strict=True):
            span = dilated(s.size, s.dilation)
            low.append(span - 1 - s.low)
            high.append(dilated(n, s.base) + span - 1 - dilated(m, s.stride) - low[-1])
        return b.reduce_window_sum(
            ct,
            window_dimensions=self.window_dimensions,
            window_strides=self.base_dilation,
            padding_low=tuple(low),
            padding_high=tuple(high),
            base_dilation=self.window_strides,
            window_dilation=self.window_dilation,
        )

    def neutral(self, aval):
        return 0

    def combine(self, b, x, y):
        return b.add(x, y)

    samples = SUMS


class ExtremumPooling(Pooling):
    """The slope goes to the element that was chosen, the first of equal ones."""

    keeps = ""

    def jvp(self, b, x, dx):
        return b.select_and_gather_add(dx, x, direction=self.keeps, **self.by_name())

    transpose = NOT_LINEAR
    samples = POOLINGS


@op("reduce_window_max")
class ReduceWindowMax(ExtremumPooling):
    """The greatest element of every window; padding counts as the least value of the dtype."""

    x: Operand[Real]

    combiner = "maximum"
    exact = np.maximum
    keeps = "GE"

    def neutral(self, aval):
        return lowest(aval)

    def combine(self, b, x, y):
        return b.max(x, y)


@op("reduce_window_min")
class ReduceWindowMin(ExtremumPooling):
    """The least element of every window; padding counts as the greatest value of the dtype."""

    x: Operand[Real]

    combiner = "minimum"
    exact = np.minimum
    keeps = "LE"

    def neutral(self, aval):
        return highest(aval)

    def combine(self, b, x, y):
        return b.min(x, y)


class Selection(Windowed):
    """Chooses in every window of x the first element that is greatest (`direction` GE) or least (LE)."""

    direction: Attr[Text]

    def infer(self, operand, x):
        if self.direction not in ("GE", "LE"):
            self.fail(f"direction is {self.direction}; it must be GE or LE")
        return self.window_shape(x)

    def batch(self, b, operand, x):
        return b.emit(self.with_batch_axis(), (b.with_batch(operand), b.with_batch(x)))

    def loser(self, aval):
        """The number that is chosen last."""
        return lowest(aval) if self.direction == "GE" else highest(aval)

    def chosen(self, x):
        """NumPy array: the number of the chosen element within each window."""
        windows = self.windows(x, np.asarray(self.loser(Aval.of((), x.dtype))).astype(x.dtype))
        return windows.argmax(-1) if self.direction == "GE" else windows.argmin(-1)

    def is_small(self):
        """Whether windows are written out as slices."""
        return all(s.size <= MAX_TAPS for s in self.stages())

    fold = NOTHING_TO_FOLD


@op("select_and_gather_add")
class SelectAndGatherAdd(Selection):
    """Of each window the element of `values` at the place that is chosen in x; 0 where that is padding."""

    values: Operand[Number]
    x: Operand[Real]

    linear_in = ("values",)

    def infer(self, values, x):
        shape = super().infer(values, x)
        if values.shape != x.shape:
            self.fail(f"shapes differ: values {values}, x {x}")
        return values.with_shape(shape)

    def jvp(self, b, values, x, dvalues, dx):
        return None if dvalues is None else b.emit(self, (dvalues, x))

    def transpose(self, b, ct, values, x):
        return b.select_and_scatter_add(ct, x, **self.by_name()), None

    def lower(self, b, values, x):
        if not self.is_small():
            return self._lower_pairs(b, values, x)
        for stage in self.stages():
            pairs = list(zip(stage.taps(b, values, 0), stage.taps(b, x, self.loser(x.aval)), strict=True))
            values, x = pairs[0]
            for value, key in pairs[1:]:
                keeps = b.compare(x, key, direction=self.direction)
                values, x = b.select(keeps, values, value), b.select(keeps, x, key)
        return values

    def _lower_pairs(self, b, values, x):
        scalars = values.aval.with_shape(()), x.aval.with_shape(())
        init = b.zeros(scalars[0]), b.full(scalars[1], self.loser(x.aval))
        outs = b.outs[0], x.aval.with_shape(b.outs[0].shape)
        window = self.stablehlo_window()
        made = b.stablehlo.op("stablehlo.reduce_window", (values, x, *init), outs, 1, **window)

        def choose(value, key, other_value, other_key):
            keeps = b.compare(key, other_key, direction=self.direction)
            return b.select(keeps, value, other_value), b.select(keeps, key, other_key)

        b.stablehlo.region(0, scalars * 2, choose)
        return made[0]

    def reference(self, values, x):
        chosen = self.chosen(x)[..., None]
        return np.take_along_axis(self.windows(values, 0), chosen, -1)[..., 0]

    samples = SELECTIONS


@op("select_and_scatter_add")
class SelectAndScatterAdd(Selection):
    """Zeros of the shape of x, and each element of `source` added at the place chosen in its window of x."""

    source: Operand[Number]
    x: Operand[Real]

    linear_in = ("source",)

    def infer(self, source, x):
        shape = super().infer(source, x)
        if source.shape != shape:
            self.fail(f"source {source} must have the shape of the windows of {x}, {list(shape)}")
        return source.with_shape(x.shape)

    def jvp(self, b, source, x, dsource, dx):
        return None if dsource is None else b.emit(self, (dsource, x))

    def transpose(self, b, ct, source, x):
        return b.select_and_gather_add(ct, x, **self.by_name()), None

    def lower(self, b, source, x):
        # The StableHLO op has one dtype, and windows without gaps.
        if not self.is_small() and source.dtype == x.dtype and set(self.window_dilation) == {1}:
            return self._lower_together(b, source, x)
        choices = []
        for stage in self.stages():
            size = x.shape[stage.axis]
            x, number = _choice(b, stage.taps(b, x, self.loser(x.aval)), self.direction)
            choices.append((stage, number, size))
        for stage, number, size in reversed(choices):
            source = _returned(b, stage, source, number, size)
        return source

    def _lower_together(self, b, source, x):
        """By the StableHLO op, on an array that is padded before: XLA's own padding has crashed."""
        scalar, zeros = x.aval.with_shape(()), (0,) * x.ndim
        interior = tuple(d - 1 for d in self.base_dilation)
        loser = b.full(scalar, self.loser(x.aval))
        padded = b.pad(x, loser, low=self.padding_low, high=self.padding_high, interior=interior)
        made = b.stablehlo.op(
            "stablehlo.select_and_scatter",
            (padded, source, b.zeros(scalar)),
            padded.aval,
            2,
            window_dimensions=self.window_dimensions,
            window_strides=self.window_strides,
            padding=padding_attribute(zeros, zeros),
        )
        b.stablehlo.region(0, (scalar, scalar), lambda p, q: [b.compare(p, q, direction=self.direction)])
        b.stablehlo.region(1, (scalar, scalar), lambda p, q: [b.add(p, q)])
        back = tuple(-p for p in self.padding_low), tuple(-p for p in self.padding_high)
        made = b.pad(made, b.zeros(scalar), low=back[0], high=back[1], interior=zeros)
        return b.slice(made, start=zeros, limit=made.shape, strides=self.base_dilation)

    def reference(self, source, x):
        numbers = np.arange(x.size).reshape(x.shape)
        chosen = self.chosen(x)[..., None]
        at = np.take_along_axis(self.windows(numbers, -1), chosen, -1)[..., 0]
        made = np.zeros(x.size, source.dtype)
        np.add.at(made, at[at >= 0], source[at >= 0])
        return made.reshape(x.shape)

    samples = SOURCES


def _choice(b, taps, direction):
    """The chosen one of some arrays at each place, and its number among them."""
    best = taps[0]
    number = b.zeros(Aval.of(best.shape, DTYPES["int32"]))
    for i, tap in enumerate(taps[1:], 1):
        keeps = b.compare(best, tap, direction=direction)
        best, number = b.select(keeps, best, tap), b.select(keeps, number, b.full(number.aval, i))
    return best, number


def _returned(b, stage, source, number, size):
    """Each element of `source` added at the tap whose number it has."""
    total = None
    for i in range(stage.size):
        part = b.select(b.compare(number, i, direction="EQ"), source, b.zeros(source.aval))
        placed = stage.untap(b, part, i, size)
        total = placed if total is None else b.add(total, placed)
    return total
