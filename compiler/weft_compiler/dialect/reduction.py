"""Reductions: the elements along `axes` become one, and these axes are absent from the result."""

import math
from typing import Any, ClassVar

import ml_dtypes
import numpy as np

from weft_compiler.attributes import Axes
from weft_compiler.avals import FLOAT32, Aval
from weft_compiler.dialect.associative_scan import combined
from weft_compiler.dialect.elementwise import first_of
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    ZERO_TANGENT,
    Anything,
    Attr,
    Bits,
    Number,
    Op,
    Operand,
    op,
)
from weft_compiler.dialect.samples import COMPLEX, FLOATS, INTEGERS, joined, numbers, samples


def lowest(aval):
    """The least value of a dtype, as a Python number: -inf for floats that have it."""
    if aval.kind == "b":
        return False
    if aval.kind in "iu":
        return int(ml_dtypes.iinfo(aval.dtype).min)
    if aval.kind == "c":
        return complex(-math.inf, -math.inf)
    has_inf = np.isinf(np.asarray(-math.inf).astype(aval.dtype).astype(FLOAT32))
    return -math.inf if has_inf else float(ml_dtypes.finfo(aval.dtype).min)


def highest(aval):
    """The greatest value of a dtype, as a Python number."""
    if aval.kind == "b":
        return True
    if aval.kind in "iu":
        return int(ml_dtypes.iinfo(aval.dtype).max)
    low = lowest(aval)
    return complex(math.inf, math.inf) if aval.kind == "c" else -low


def check_axes(inst, x):
    """Fails unless the op's axes exist and increase."""
    for axis in inst.axes:
        if not 0 <= axis < x.ndim:
            inst.fail(f"axis {axis} is out of range for {x}")
    if any(p >= q for p, q in zip(inst.axes, inst.axes[1:], strict=False)):
        inst.fail(f"axes {list(inst.axes)} must increase")


class Reduction(Op):
    """Elements along `axes` combined by an associative function; over no elements, its neutral element."""

    axes: Attr[Axes]

    combiner = ""
    """The StableHLO op that combines two elements."""
    exact: ClassVar[Any] = np.add
    """NumPy's function for two elements, for the reference."""

    def infer(self, x):
        check_axes(self, x)
        return x.with_shape(tuple(x.shape[i] for i in self.kept(x)))

    def batch(self, b, x):
        return b.emit(self.replace(axes=tuple(a + 1 for a in self.axes)), (x,))

    def lower(self, b, x):
        if not self.axes:
            return x
        neutral = b.full(x.aval.with_shape(()), self.neutral(x.aval))
        return b.stablehlo.reduce(x, neutral, self.axes, self.combiner)

    def fold(self, b, x):
        if all(x.shape[a] == 1 for a in self.axes):
            return b.reshape(x, shape=b.out.shape)
        return None

    def kept(self, x):
        """The axes of x that are not reduced."""
        return tuple(i for i in range(x.ndim) if i not in self.axes)

    def spread(self, b, reduced, x):
        """A result repeated along the reduced axes to the shape of x."""
        return b.broadcast_in_dim(reduced, shape=x.shape, dims=self.kept(x))

    def neutral(self, aval):
        """The number that leaves every element as it is when combined with it."""
        raise NotImplementedError

    def reference(self, x):
        initial = np.asarray(self.neutral(Aval.of((), x.dtype))).astype(x.dtype)
        return np.asarray(type(self).exact.reduce(x, axis=self.axes, dtype=x.dtype, initial=initial))


FULL = ((3,), (2, 3), (2, 0), (2, 1, 3))
SHAPES = (*FULL, (0, 2))
AXES = ({"axes": ()}, {"axes": (0,)})


@op("reduce_sum")
class ReduceSum(Reduction):
    """Sum over `axes`, which are absent from the result. An empty sum is 0; integers wrap."""

    x: Operand[Number]

    linear_in = ("x",)
    combiner = "add"

    def transpose(self, b, ct, x):
        return self.spread(b, ct, x)

    def fold(self, b, x):
        return b.zeros(b.out.aval) if b.is_splat(x, 0) else super().fold(b, x)

    def neutral(self, aval):
        return 0

    samples = numbers(shapes=SHAPES, attrs=AXES)


@op("reduce_prod")
class ReduceProd(Reduction):
    """Product over `axes`. An empty product is 1; integers wrap."""

    x: Operand[Number]

    combiner = "multiply"
    exact = np.multiply

    def jvp(self, b, x, dx):
        # The product rule by halves: no division, so it holds at zeros and can be differentiated again.
        if not x.aval.size:
            return None
        scalar = x.aval.with_shape(())
        rows = tuple(_reduced_last(b, v, self.axes) for v in (x, dx))
        return combined(b, lambda p, q: _product(b, p, q), rows, (b.full(scalar, 1), b.zeros(scalar)))[1]

    def fold(self, b, x):
        return b.full(b.out.aval, 1) if b.is_splat(x, 1) else super().fold(b, x)

    def neutral(self, aval):
        return 1

    transpose = NOT_LINEAR
    samples = numbers(shapes=(*SHAPES, (5, 2)), attrs=AXES)


def _product(b, p, q):
    """A product with its tangent."""
    (x, dx), (y, dy) = p, q
    return b.mul(x, y), b.add(b.mul(dx, y), b.mul(x, dy))


def _reduced_last(b, x, axes):
    """x with `axes` merged into one, the last."""
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    moved = b.transpose(x, permutation=(*kept, *axes))
    shape = tuple(x.shape[i] for i in kept)
    return b.reshape(moved, shape=(*shape, math.prod(x.shape[i] for i in axes)))


class Extremum(Reduction):
    """Greatest or least along `axes`; nan where there is one. Complex numbers compare real part first."""

    direction = ""

    def infer(self, x):
        if x.kind == "k":
            self.fail(f"keys have no order: {x}")
        return super().infer(x)

    def jvp(self, b, x, dx):
        # Elements that tie share the slope equally. Of no elements the result is a constant.
        if not x.aval.size:
            return None
        hit = b.compare(x, self.spread(b, b.out, x), direction="EQ")
        wide = FLOAT32 if dx.dtype.itemsize < 4 else dx.dtype
        count = b.convert(b.reduce_sum(b.convert(hit, dtype=wide), axes=self.axes), dtype=dx.dtype)
        total = b.reduce_sum(b.select(hit, dx, b.zeros(dx.aval)), axes=self.axes)
        return b.div(total, count)

    def lower(self, b, x):
        if x.aval.kind != "c" or not self.axes:
            return super().lower(b, x)
        scalar = x.aval.with_shape(())
        init = b.full(scalar, self.neutral(scalar))
        made = b.stablehlo.op("stablehlo.reduce", (x, init), b.outs[0], 1, dimensions=self.axes)
        b.stablehlo.region(0, (scalar, scalar), lambda p, q: [first_of(b, p, q, self.direction)])
        return made

    transpose = NOT_LINEAR
    samples = joined(
        samples((*FLOATS, *COMPLEX, *INTEGERS, "bool"), shapes=FULL, low=0.0, attrs=AXES),
        samples((*FLOATS, "int32"), shapes=((0, 2),), smooth=False, attrs=AXES),  # infinite, or empty
    )


@op("reduce_max")
class ReduceMax(Extremum):
    """The greatest element along `axes`; of none, the least value of the dtype."""

    x: Operand[Anything]

    combiner = "maximum"
    direction = "GT"
    exact = np.maximum

    def neutral(self, aval):
        return lowest(aval)


@op("reduce_min")
class ReduceMin(Extremum):
    """The least element along `axes`; of none, the greatest value of the dtype."""

    x: Operand[Anything]

    combiner = "minimum"
    direction = "LT"
    exact = np.minimum

    def neutral(self, aval):
        return highest(aval)


class LogicalReduction(Reduction):
    """Bitwise on integers, logical on bools."""

    x: Operand[Bits]

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR
    samples = samples(
        ("bool", "int32", "uint8", "int64"), shapes=SHAPES, low=0, high=9, smooth=False, attrs=AXES
    )


@op("reduce_and")
class ReduceAnd(LogicalReduction):
    """Whether all are true along `axes`; on integers, the bits that all have. True (all bits) of none."""

    combiner = "and"
    exact = np.bitwise_and

    def neutral(self, aval):
        return True if aval.kind == "b" else -1 if aval.kind == "i" else highest(aval)


@op("reduce_or")
class ReduceOr(LogicalReduction):
    """Whether any is true along `axes`; on integers, the bits that any has. False (0) of none."""

    combiner = "or"
    exact = np.bitwise_or

    def neutral(self, aval):
        return 0


@op("reduce_xor")
class ReduceXor(LogicalReduction):
    """Whether an odd number is true along `axes`; on integers, bit by bit. False (0) of none."""

    combiner = "xor"
    exact = np.bitwise_xor

    def neutral(self, aval):
        return 0
