"""Reductions: the elements along `axes` become one, and these axes are absent from the result."""

import numpy as np

from weft_compiler.attributes import Axes
from weft_compiler.dialect.op import Attr, Number, Op, Operand, op
from weft_compiler.dialect.samples import numbers


class Reduction(Op):
    """Elements along `axes` combined by an associative function; over no elements, its neutral element."""

    axes: Attr[Axes]

    combiner = ""
    """The StableHLO op that combines two elements."""

    def infer(self, x):
        for axis in self.axes:
            if not 0 <= axis < x.ndim:
                self.fail(f"axis {axis} is out of range for {x}")
        if any(p >= q for p, q in zip(self.axes, self.axes[1:], strict=False)):
            self.fail(f"axes {list(self.axes)} must increase")
        return x.with_shape(tuple(x.shape[i] for i in self.kept(x)))

    def batch(self, b, x):
        return b.emit(self.replace(axes=tuple(a + 1 for a in self.axes)), (x,))

    def lower(self, b, x):
        return b.stablehlo.reduce(x, self.neutral(b, x), self.axes, self.combiner) if self.axes else x

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

    def neutral(self, b, x):
        """The scalar that leaves every element as it is when combined with it."""
        raise NotImplementedError


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

    def neutral(self, b, x):
        return b.zeros(x.aval.with_shape(()))

    def reference(self, x):
        return np.sum(x, axis=self.axes, dtype=x.dtype)

    samples = numbers(shapes=[(3,), (2, 3), (2, 0), (0, 2), (2, 1, 3)], attrs=AXES)
