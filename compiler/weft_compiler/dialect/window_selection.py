"""Selection in windows: how slopes pass through the extremum of each box of neighbouring elements."""

import numpy as np

from weft_compiler.attributes import Text
from weft_compiler.avals import DTYPES, Aval, whole_bytes
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Attr, Number, Operand, Real, op
from weft_compiler.dialect.reduction import highest, lowest
from weft_compiler.dialect.window_samples import SELECTIONS, SOURCES
from weft_compiler.dialect.window_taps import MAX_TAPS, Windowed, padding_attribute


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
        wide = whole_bytes(x.dtype)
        if wide != x.dtype:
            made = b.emit(self, [b.convert(v, dtype=whole_bytes(v.dtype)) for v in (source, x)])
            return b.convert(made, dtype=source.dtype)
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
