"""Where along an axis the greatest or least element is."""

import numpy as np

from weft_compiler.attributes import I64, DtypeAttr
from weft_compiler.avals import Aval, kind_of, whole_bytes
from weft_compiler.dialect.op import NOT_LINEAR, ZERO_TANGENT, Anything, Attr, Op, Operand, OpValueError, op
from weft_compiler.dialect.reduction import highest, lowest
from weft_compiler.dialect.samples import FLOATS, INTEGERS, samples
from weft_compiler.symbolic import surely_at_least

WIDE = 64
"""From this axis size on two vectorized reductions beat one over pairs (CPU: 2x at 1e3, 4x at 1e6)."""


class IndexOfExtremum(Op):
    """Index of the first greatest or least element along `axis`; of the first nan where there is one."""

    axis: Attr[I64]
    index_dtype: Attr[DtypeAttr]

    direction = ""
    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def infer(self, x):
        if x.kind in "ck":
            self.fail(f"{x} has no order")
        if not 0 <= self.axis < x.ndim:
            self.fail(f"axis {self.axis} is out of range for {x}", OpValueError)
        if not x.shape[self.axis]:
            self.fail(f"axis {self.axis} of {x} has no elements, so none has an index", OpValueError)
        if kind_of(self.index_dtype) not in "iu":
            self.fail(f"index_dtype must be an integer dtype, got {self.index_dtype}")
        return Aval.of((*x.shape[: self.axis], *x.shape[self.axis + 1 :]), self.index_dtype)

    def batch(self, b, x):
        return b.emit(self.replace(axis=self.axis + 1), (x,))

    def lower(self, b, x):
        if whole_bytes(x.dtype) != x.dtype:
            return b.emit(self, (b.convert(x, dtype=whole_bytes(x.dtype)),))
        return (self._lower_wide if surely_at_least(x.shape[self.axis], WIDE) else self._lower_pairs)(b, x)

    def _lower_wide(self, b, x):
        """The extremum, then the least index that has it: two reductions, but both are vectorized."""
        best = self.extremum(b, x)
        kept = tuple(i for i in range(x.ndim) if i != self.axis)
        hit = b.compare(x, b.broadcast_in_dim(best, shape=x.shape, dims=kept), direction="EQ")
        if x.aval.kind == "f":
            hit = b.or_(hit, b.compare(x, x, direction="NE"))
        index = b.iota(shape=x.shape, dtype=self.index_dtype, dimension=self.axis)
        hits = b.select(hit, index, b.full(index.aval, highest(index.aval)))
        return b.reduce_min(hits, axes=(self.axis,))

    def _lower_pairs(self, b, x):
        """One reduction over pairs of element and index."""
        outs = b.outs[0].with_dtype(x.dtype), b.outs[0]
        index = b.iota(shape=x.shape, dtype=self.index_dtype, dimension=self.axis)
        value, position = x.aval.with_shape(()), index.aval.with_shape(())
        init = b.full(value, self.neutral(value)), b.full(position, highest(position))
        made = b.stablehlo.op("stablehlo.reduce", (x, index, *init), outs, 1, dimensions=(self.axis,))
        b.stablehlo.region(0, (value, position) * 2, lambda *pairs: self._first_of(b, *pairs))
        return made[1]

    def _first_of(self, b, p, i, q, j):
        """The pair that wins: nan over numbers, the lower index where both are nan or equal."""
        wins, ties = b.compare(p, q, direction=self.direction), b.compare(p, q, direction="EQ")
        if p.aval.kind == "f":
            p_is_nan, q_is_nan = b.compare(p, p, direction="NE"), b.compare(q, q, direction="NE")
            wins = b.or_(wins, b.and_(p_is_nan, b.not_(q_is_nan)))
            ties = b.or_(ties, b.and_(p_is_nan, q_is_nan))
        earlier = b.and_(ties, b.compare(i, j, direction="LT"))
        return b.select(wins, p, q), b.select(b.or_(wins, earlier), i, j)

    def fold(self, b, x):
        return b.zeros(b.out.aval) if x.shape[self.axis] == 1 else None

    def extremum(self, b, x):
        """The value whose index is asked for."""
        raise NotImplementedError

    def neutral(self, aval):
        """A number that no element loses to."""
        raise NotImplementedError

    samples = samples(
        (*FLOATS, *INTEGERS, "bool"),
        shapes=((1,), (4,), (2, 3), (2, 1), (3, 0), (WIDE, 2)),
        smooth=False,
        low=0,
        high=3,
        attrs=(
            {"axis": 0, "index_dtype": np.dtype(np.int32)},
            {"axis": 0, "index_dtype": np.dtype(np.uint8)},
        ),
    )


@op("argmax")
class ArgMax(IndexOfExtremum):
    """Index of the first greatest element along `axis`, or of the first nan."""

    x: Operand[Anything]

    direction = "GT"

    def extremum(self, b, x):
        return b.reduce_max(x, axes=(self.axis,))

    def neutral(self, aval):
        return lowest(aval)

    def reference(self, x):
        return np.asarray(np.argmax(x, axis=self.axis)).astype(self.index_dtype)  # type: ignore[arg-type] # an integer's


@op("argmin")
class ArgMin(IndexOfExtremum):
    """Index of the first least element along `axis`, or of the first nan."""

    x: Operand[Anything]

    direction = "LT"

    def extremum(self, b, x):
        return b.reduce_min(x, axes=(self.axis,))

    def neutral(self, aval):
        return highest(aval)

    def reference(self, x):
        return np.asarray(np.argmin(x, axis=self.axis)).astype(self.index_dtype)  # type: ignore[arg-type] # an integer's
