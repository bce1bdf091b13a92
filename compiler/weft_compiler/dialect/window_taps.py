"""How a window slides: its attributes and result shape, and windows written as slices, axis by axis.

An extremum or sum over a box is one over each axis after the other, and over one axis it combines as many
slices as the window has elements. On a CPU this is several times faster than one op over the box, backwards
ten times and more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft_compiler.attributes import Ints
from weft_compiler.avals import Aval
from weft_compiler.dialect.convolution import dilated
from weft_compiler.dialect.op import Attr, Op
from weft_compiler.stablehlo import parsed
from weft_compiler.symbolic import encoded

MAX_TAPS = 64
"""Up to this window size along an axis, slices are written out; beyond, it is one StableHLO op."""


class Windowed(Op):
    """Combines the elements of windows of x.

    x is dilated by `base_dilation`, then padded (cut, where negative); the elements of a window lie
    `window_dilation` apart, the windows `window_strides`.
    """

    window_dimensions: Attr[Ints]
    window_strides: Attr[Ints]
    padding_low: Attr[Ints]
    padding_high: Attr[Ints]
    base_dilation: Attr[Ints]
    window_dilation: Attr[Ints]

    def window_shape(self, x: Aval) -> tuple[int, ...]:
        """The number of windows along each axis; fails where the attributes do not fit x."""
        for name in WINDOW_ATTRS:
            values = getattr(self, name)
            if len(values) != x.ndim:
                self.fail(f"{name} {list(values)} must have one entry for each of the {x.ndim} axes of {x}")
            if "padding" not in name and any(v < 1 for v in values):
                self.fail(f"{name} {list(values)} must be positive")
        return tuple(stage.count(n) for stage, n in zip(self.all_stages(), x.shape, strict=True))

    def all_stages(self) -> list["Stage"]:
        """What the window does along each axis."""
        values = [getattr(self, name) for name in WINDOW_ATTRS]
        return [Stage(axis, *row) for axis, row in enumerate(zip(*values, strict=True))]

    def stages(self) -> list["Stage"]:
        """The axes along which there is something to do, last axis first."""
        return [s for s in reversed(self.all_stages()) if not s.is_trivial]

    def with_batch_axis(self) -> Op:
        """The op on operands that have a batch axis."""
        own = {n: (0 if "padding" in n else 1, *getattr(self, n)) for n in WINDOW_ATTRS}
        return self.replace(**own)

    def stablehlo_window(self) -> dict[str, Any]:
        """The attributes as StableHLO has them."""
        return {
            "window_dimensions": self.window_dimensions,
            "window_strides": self.window_strides,
            "base_dilations": self.base_dilation,
            "window_dilations": self.window_dilation,
            "padding": padding_attribute(self.padding_low, self.padding_high),
        }

    def windows(self, x: np.ndarray, fill: Any) -> np.ndarray:
        """NumPy array of all windows: their elements along one more axis, the last."""
        shape = self.window_shape(Aval.of(x.shape, x.dtype))
        if 0 in shape:
            return np.empty((*shape, int(np.prod(self.window_dimensions))), x.dtype)
        for s in self.all_stages():
            x = s.padded_array(x, fill)
        spans = tuple(dilated(s.size, s.dilation) for s in self.all_stages())
        views = np.lib.stride_tricks.sliding_window_view(x, spans)
        index = [slice(None, None, s.stride) for s in self.all_stages()]
        index += [slice(None, None, s.dilation) for s in self.all_stages()]
        views = views[tuple(index)]
        return views.reshape(*views.shape[: x.ndim], -1)


WINDOW_ATTRS = tuple(Windowed.__annotations__)


def padding_attribute(low: Sequence[int], high: Sequence[int]) -> Any:
    """Padding as StableHLO has it: a row of two for each axis."""
    rows = [[encoded(p), encoded(q)] for p, q in zip(low, high, strict=True)]
    return parsed(f"dense<{rows or ''}> : tensor<{len(rows)}x2xi64>")


@dataclass(frozen=True)
class Stage:
    """What a window does along one axis."""

    axis: int
    size: int
    stride: int
    low: int
    high: int
    base: int
    dilation: int

    @property
    def is_trivial(self) -> bool:
        """Whether every element is a window of its own."""
        return (self.size, self.stride, self.low, self.high, self.base) == (1, 1, 0, 0, 1)

    def count(self, size: int) -> int:
        """The number of windows along an axis of this size."""
        padded = dilated(size, self.base) + self.low + self.high
        span = dilated(self.size, self.dilation)
        return (padded - span) // self.stride + 1 if padded >= span else 0

    def padded_array(self, x: np.ndarray, fill: Any) -> np.ndarray:
        """NumPy array: x dilated and padded along this axis."""
        here = (slice(None),) * self.axis
        sizes = list(x.shape)
        sizes[self.axis] = dilated(sizes[self.axis], self.base)
        made = np.full(sizes, fill, x.dtype)
        made[(*here, slice(None, None, self.base))] = x
        ends = [(0, 0)] * x.ndim
        ends[self.axis] = (max(self.low, 0), max(self.high, 0))
        made = np.pad(made, ends, constant_values=fill)
        return made[(*here, slice(max(-self.low, 0), made.shape[self.axis] - max(-self.high, 0)))]

    def _along(self, ndim: int, value: int, others: int = 0) -> tuple[int, ...]:
        return tuple(value if i == self.axis else others for i in range(ndim))

    def taps(self, b: Any, x: Any, fill: Any) -> list[Any]:
        """The elements of all windows: first ones, second ones, …, each list of them one array.

        `fill` is what padding holds: a number, or a scalar of the IR.
        """
        count, ndim = self.count(x.shape[self.axis]), x.ndim
        x = b.pad(
            x,
            fill if hasattr(fill, "aval") else b.full(x.aval.with_shape(()), fill),
            low=self._along(ndim, self.low),
            high=self._along(ndim, self.high),
            interior=self._along(ndim, self.base - 1),
        )
        made = []
        for number in range(self.size):
            start = number * self.dilation if count else 0
            limit = list(x.shape)
            limit[self.axis] = start + dilated(count, self.stride)
            strides = self._along(ndim, self.stride, 1)
            made.append(b.slice(x, start=self._along(ndim, start), limit=tuple(limit), strides=strides))
        return made

    def untap(self, b: Any, part: Any, number: int, size: int) -> Any:
        """Puts what belongs to tap `number` of every window back where it was on an axis of `size`."""
        ndim, zero = part.ndim, b.zeros(part.aval.with_shape(()))
        low = number * self.dilation - self.low
        covered = low + dilated(part.shape[self.axis], self.stride)
        placed = b.pad(
            part,
            zero,
            low=self._along(ndim, low),
            high=self._along(ndim, dilated(size, self.base) - covered),
            interior=self._along(ndim, self.stride - 1),
        )
        if self.base == 1:
            return placed
        strides = self._along(ndim, self.base, 1)
        return b.slice(placed, start=(0,) * ndim, limit=placed.shape, strides=strides)


def pooled(b: Any, x: Any, stages: Sequence[Stage], fill: Any, combine: Callable[[Any, Any], Any]) -> Any:
    """Windows of x combined, one axis after the other."""
    for stage in stages:
        first, *rest = stage.taps(b, x, fill)
        for tap in rest:
            first = combine(first, tap)
        x = first
    return x
