"""Windows along axes: strides, dilations, paddings by name, and the sizes that come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from weft.lax.operands import Shape, ints

Padding = str | Sequence[tuple[int, int]]


def dilated(size: int, dilation: int) -> int:
    """Size of an axis with `dilation - 1` gaps between its elements."""
    return (size - 1) * dilation + 1 if size else 0


def padtype_to_pads(
    in_shape: Sequence[int], window_shape: Sequence[int], window_strides: Sequence[int], padding: str
) -> list[tuple[int, int]]:
    """Low and high padding of each axis that "VALID", "SAME" or "SAME_LOWER" stands for.

    SAME gives results of the size of the input over the stride, with the odd element of padding at the high
    end; SAME_LOWER has it at the low end.
    Raises: RuntimeError for another name; TypeError if it is no name.
    """
    if not isinstance(padding, str):
        raise TypeError(f"padding must be a name or pairs of numbers, got {padding!r:.60}")
    name = padding.upper()
    if name == "VALID":
        return [(0, 0)] * len(window_shape)
    if name not in ("SAME", "SAME_LOWER"):
        raise RuntimeError(f"padding {padding!r} is not one of 'VALID', 'SAME' and 'SAME_LOWER'")
    pads = []
    for size, window, stride in zip(in_shape, window_shape, window_strides, strict=True):
        out = -(-size // stride)
        total = max((out - 1) * stride + window - size, 0)
        small, large = total // 2, total - total // 2
        pads.append((large, small) if name == "SAME_LOWER" else (small, large))
    return pads


class Windows(NamedTuple):
    """Windows that slide along every axis of an array."""

    sizes: Shape
    strides: Shape
    low: Shape
    high: Shape
    base_dilation: Shape
    window_dilation: Shape

    @classmethod
    def of(
        cls,
        name: str,
        shape: Shape,
        window: Sequence[int],
        strides: Sequence[int] | None,
        padding: Padding,
        base_dilation: Sequence[int] | None,
        window_dilation: Sequence[int] | None,
    ) -> Windows:
        """From what users write.

        Raises: TypeError unless there is one positive number for each axis.
        """
        ndim = len(shape)
        sizes = _numbers(name, "window_dimensions", window, ndim)
        steps = _numbers(name, "window_strides", strides, ndim)
        base = _numbers(name, "base_dilation", base_dilation, ndim)
        holes = _numbers(name, "window_dilation", window_dilation, ndim)
        if isinstance(padding, str):
            spread = [dilated(n, d) for n, d in zip(shape, base, strict=True)]
            covered = [dilated(n, d) for n, d in zip(sizes, holes, strict=True)]
            padding = padtype_to_pads(spread, covered, steps, padding)
        pads = [ints(p, name, "padding") for p in padding]
        if len(pads) != ndim or any(len(p) != 2 for p in pads):
            raise TypeError(f"lax.{name}: padding {pads} must have (low, high) for each of the {ndim} axes")
        low, high = tuple(p[0] for p in pads), tuple(p[1] for p in pads)
        return cls(sizes, steps, low, high, base, holes)

    def result_shape(self, shape: Shape) -> Shape:
        """Number of windows along each axis of an array."""
        made = []
        for i, n in enumerate(shape):
            padded = dilated(n, self.base_dilation[i]) + self.low[i] + self.high[i]
            window = dilated(self.sizes[i], self.window_dilation[i])
            made.append((padded - window) // self.strides[i] + 1 if padded >= window else 0)
        return tuple(made)

    def attrs(self) -> dict[str, Shape]:
        """The attributes of an op on windows."""
        return {
            "window_dimensions": self.sizes,
            "window_strides": self.strides,
            "padding_low": self.low,
            "padding_high": self.high,
            "base_dilation": self.base_dilation,
            "window_dilation": self.window_dilation,
        }


def _numbers(name: str, what: str, values: Sequence[int] | None, ndim: int) -> Shape:
    if values is None:
        return (1,) * ndim
    made = ints(values, name, what)
    if len(made) != ndim or any(n < 1 for n in made):
        raise TypeError(
            f"lax.{name}: {what} {made} must have one positive number for each of the {ndim} axes"
        )
    return made


def reduce_window_shape_tuple(
    operand_shape: Sequence[int],
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Padding,
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
) -> Shape:
    """The shape that `reduce_window` gives for an array of this shape."""
    shape = ints(operand_shape, "reduce_window_shape_tuple", "operand_shape")
    name = "reduce_window_shape_tuple"
    windows = Windows.of(
        name, shape, window_dimensions, window_strides, padding, base_dilation, window_dilation
    )
    return windows.result_shape(shape)
