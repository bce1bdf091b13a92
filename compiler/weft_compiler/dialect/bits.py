"""Bit ops: integers as rows of bits."""

import numpy as np

from weft_compiler.avals import DTYPES, bit_width
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import NOTHING_TO_FOLD, ZERO_TANGENT, Integer, Operand, op
from weft_compiler.dialect.samples import Sample, samples

_INTEGERS = ("int32", "uint8", "int64", "uint32", "int8", "uint16")


class Shift(Elementwise):
    """Bits of x moved by as many places as y says, which is taken as unsigned."""

    jvp = ZERO_TANGENT

    def fold(self, b, x, y):
        return x if b.is_splat(y, 0) else None


def _shifts():
    """Positive and negative numbers, shifted by nothing, by some, by all and by more bits than there are."""
    made = []
    for dtype in _INTEGERS:
        info = np.iinfo(dtype)
        numbers = np.array([0, 1, info.max, info.min, 90, info.max // 3], dtype)
        for places in (0, 3, info.bits - 1, info.bits, info.bits + 5):
            made.append(Sample((numbers, np.full_like(numbers, places)), smooth=False))
        made.append(Sample((np.array(5, dtype), np.array(1, dtype)), smooth=False))
        made.append(Sample((np.zeros((2, 0), dtype),) * 2, smooth=False))
    return made


@op("shift_left")
class ShiftLeft(Shift):
    """x moved towards the high bits, zeros behind it; 0 where y is the width or more."""

    x: Operand[Integer]
    y: Operand[Integer]

    def lower(self, b, x, y):
        return b.stablehlo.shift_left(x, y)

    samples = _shifts

    def reference(self, x, y):
        width, places = _width_and_places(x, y)
        return np.where(places < width, np.left_shift(x, places % width, dtype=x.dtype), 0).astype(x.dtype)


@op("shift_right_logical")
class ShiftRightLogical(Shift):
    """x moved towards the low bits, zeros behind it; 0 where y is the width or more."""

    x: Operand[Integer]
    y: Operand[Integer]

    def lower(self, b, x, y):
        return b.stablehlo.shift_right_logical(x, y)

    samples = _shifts

    def reference(self, x, y):
        width, places = _width_and_places(x, y)
        unsigned = x.view(f"u{x.dtype.itemsize}")
        moved = np.right_shift(unsigned, (places % width).astype(unsigned.dtype))
        return np.where(places < width, moved, 0).astype(unsigned.dtype).view(x.dtype)


@op("shift_right_arithmetic")
class ShiftRightArithmetic(Shift):
    """x moved towards the low bits, copies of its highest bit behind it."""

    x: Operand[Integer]
    y: Operand[Integer]

    def lower(self, b, x, y):
        return b.stablehlo.shift_right_arithmetic(x, y)

    samples = _shifts

    def reference(self, x, y):
        width, places = _width_and_places(x, y)
        signed = x.view(f"i{x.dtype.itemsize}")
        return np.right_shift(signed, np.minimum(places, width - 1).astype(signed.dtype)).view(x.dtype)


def _width_and_places(x, y):
    return bit_width(x.dtype), y.view(f"u{y.dtype.itemsize}")


@op("population_count")
class PopulationCount(Elementwise):
    """Number of bits that are 1."""

    x: Operand[Integer]

    jvp = ZERO_TANGENT
    exact = staticmethod(lambda x: np.bitwise_count(x.view(f"u{x.dtype.itemsize}")).astype(x.dtype))

    def lower(self, b, x):
        return b.stablehlo.popcnt(x)

    samples = samples(_INTEGERS, low=0, high=120, smooth=False)

    def reference(self, x):
        return self.exact(x)


@op("clz")
class Clz(Elementwise):
    """Number of zeros above the highest bit that is 1."""

    x: Operand[Integer]

    jvp = ZERO_TANGENT

    def lower(self, b, x):
        return b.stablehlo.count_leading_zeros(x)

    fold = NOTHING_TO_FOLD
    samples = samples(_INTEGERS, low=0, high=120, smooth=False)

    def reference(self, x):
        width = bit_width(x.dtype)
        unsigned = x.view(f"u{x.dtype.itemsize}").astype(object)
        lengths = [width - int(n).bit_length() for n in unsigned.ravel()]
        return np.array(lengths, x.dtype).reshape(x.shape)


def _factors():
    """All pairs of small, large and negative numbers."""
    made = [
        Sample((np.array(5, np.int32),) * 2, smooth=False),
        Sample((np.zeros(0, np.uint8),) * 2, smooth=False),
    ]
    for dtype in (*_INTEGERS, "uint64"):
        info = np.iinfo(dtype)
        values = [0, 1, 7, info.max, info.min, info.max // 3, info.min // 3 + 5]
        pairs = np.array([(x, y) for x in values for y in values], dtype)
        made.append(Sample((pairs[:, 0].copy(), pairs[:, 1].copy()), smooth=False))
    return made


@op("mulhi")
class Mulhi(Elementwise):
    """High half of the product x * y, which has twice the width."""

    x: Operand[Integer]
    y: Operand[Integer]

    jvp = ZERO_TANGENT

    def lower(self, b, x, y):
        if x.dtype.itemsize == 8:
            return _mulhi64(b, x, y)
        width = bit_width(x.dtype)
        wide = DTYPES[f"{'u' if x.aval.kind == 'u' else ''}int{max(8, 2 * width)}"]
        product = b.mul(b.convert(x, dtype=wide), b.convert(y, dtype=wide))
        return b.convert(b.shift_right_logical(product, b.full(product.aval, width)), dtype=x.dtype)

    fold = NOTHING_TO_FOLD

    samples = _factors

    def reference(self, x, y):
        product = x.astype(object) * y.astype(object)
        return np.asarray(product // 2 ** bit_width(x.dtype)).astype(x.dtype)


def _mulhi64(b, x, y):
    """By halves of 32 bits.

    The product of signed numbers is that of their bit patterns, less y where x < 0 and less x where y < 0.
    """
    unsigned = np.dtype(np.uint64)
    aval = x.aval.with_dtype(unsigned)
    mask, half = b.full(aval, 0xFFFFFFFF), b.full(aval, 32)
    parts = []
    for number in (x, y):
        whole = b.convert(number, dtype=unsigned)
        parts.append((b.shift_right_logical(whole, half), b.and_(whole, mask)))
    (x1, x0), (y1, y0) = parts
    low = b.shift_right_logical(b.mul(x0, y0), half)
    middle = b.add(b.mul(x1, y0), low)  # at most (2^32-1)^2 + 2^32-1: no overflow
    carried = b.add(b.mul(x0, y1), b.and_(middle, mask))
    high = b.add(
        b.mul(x1, y1), b.add(b.shift_right_logical(middle, half), b.shift_right_logical(carried, half))
    )
    made = b.convert(high, dtype=x.dtype)
    if x.aval.kind == "u":
        return made
    zero = b.zeros(x.aval)
    for number, other in ((x, y), (y, x)):
        made = b.sub(made, b.select(b.compare(number, zero, direction="LT"), other, zero))
    return made
