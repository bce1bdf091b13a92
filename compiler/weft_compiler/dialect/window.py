"""Windows: an op on every box of neighbouring elements, as in pooling."""

from typing import Any, ClassVar

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.dialect.convolution import dilated
from weft_compiler.dialect.op import NOT_LINEAR, Number, Operand, Real, op
from weft_compiler.dialect.reduction import highest, lowest
from weft_compiler.dialect.window_samples import POOLINGS, SUMS
from weft_compiler.dialect.window_taps import MAX_TAPS, Windowed, pooled


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
