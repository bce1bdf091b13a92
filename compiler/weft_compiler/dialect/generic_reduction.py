"""Reductions by a function of the user: `computation` maps two sets of scalars to one, and is associative.

The scalars to start with should change nothing when combined: how often they are is the backend's choice.
"""

import math

from weft_compiler.attributes import Axes, Symbol
from weft_compiler.dialect.associative_scan import part
from weft_compiler.dialect.call import Call, HigherOrder
from weft_compiler.dialect.loop_bodies import carried
from weft_compiler.dialect.op import NOT_LINEAR, Anything, Attr, Operands, no_rule, op
from weft_compiler.dialect.reduction import check_axes
from weft_compiler.dialect.window_taps import Windowed
from weft_compiler.masks import union


class GenericReduction(HigherOrder):
    """Operands are n arrays of one shape, then a scalar to start with for each of them; n results."""

    args: Operands[Anything]
    computation: Attr[Symbol]

    results = None
    callee_attrs = ("computation",)

    def infer(self, signatures, *args):
        (computation,) = signatures
        xs, inits = halves(args)
        if not xs or len(xs) != len(inits):
            self.fail(f"needs as many arrays as scalars to start with, got ({', '.join(map(str, args))})")
        for x, init in zip(xs, inits, strict=True):
            if x.kind == "k":
                self.fail(f"keys cannot be combined: {x}")
            if init is not x.with_shape(()):
                self.fail(f"{x} must start with a {x.with_shape(())}, got {init}")
            if x.shape != xs[0].shape:
                self.fail(f"shapes differ: {', '.join(map(str, xs))}")
        if computation.inputs != inits * 2 or computation.outputs != inits:
            wanted = ", ".join(map(str, inits))
            self.fail(f"@{self.computation} must map ({wanted}, {wanted}) to ({wanted}), it is {computation}")
        shape = self.result_shape(xs[0])
        return tuple(x.with_shape(shape) for x in xs)

    def result_shape(self, x):
        """Shape of each result."""
        raise NotImplementedError

    def rows(self, b, x, init):
        """What is combined along the first axis of an array, for each result along the second."""
        raise NotImplementedError

    def depends(self, b, mask):
        return carried(union(halves(mask)), lambda k: b.dependence(self.computation, (*k, *k)))

    def jvp(self, b, *args):
        return self._by_halves(b, args[: len(args) // 2]).jvp(b, *args)

    def linearize(self, b, xs, dxs):
        return self._by_halves(b, xs).linearize(b, xs, dxs)

    def _by_halves(self, b, args):
        """A call of a function that does the same with ops that every transformation knows."""
        avals = tuple(v.aval for v in args)

        def make():
            return b.define(f"{self.computation}.{self.name}", avals, self._write_by_halves)

        return Call.of(callee=b.once((self.name, self, avals), make))

    def _write_by_halves(self, b, *args):
        xs, inits = halves(args)
        if self.is_trivial():
            return list(xs)
        shape = self.result_shape(xs[0].aval)
        rows = [self.rows(b, x, init) for x, init in zip(xs, inits, strict=True)]
        count, width = rows[0].shape
        while count > 1:
            half = count // 2
            made = self._combine(
                b, *[[part(b, r, 0, i * half, (i + 1) * half) for r in rows] for i in (0, 1)]
            )
            if count % 2:
                made = [
                    b.concatenate(m, part(b, r, 0, count - 1, count), axis=0)
                    for m, r in zip(made, rows, strict=True)
                ]
            rows, count = made, half + count % 2
        starts = [b.broadcast_in_dim(init, shape=(1, width), dims=()) for init in inits]
        if count:
            starts = self._combine(b, starts, rows)
        return [b.reshape(v, shape=shape) for v in starts]

    def _combine(self, b, xs, ys):
        """The computation on every element of some arrays."""
        shape = xs[0].shape
        size = math.prod(shape)
        every = (True,) * len(xs)
        fn = b.batch_of(self.computation, every * 2, size, instantiate=every).fn
        outs = b.call(fn, [b.reshape(v, shape=(size,)) for v in (*xs, *ys)])
        return [b.reshape(v, shape=shape) for v in outs]

    def batch(self, b, *args):
        xs, inits = halves(args)
        if any(b.is_batched(init) for init in inits):
            avals = [v.aval.with_shape(v.shape[1:]) if b.is_batched(v) else v.aval for v in args]
            return self._by_halves(b, [_Shaped(a) for a in avals]).batch(b, *args)
        outs = b.emit(self.batched(), (*map(b.with_batch, xs), *inits))
        return outs, (True,) * len(outs)

    def batched(self):
        """The op on arrays with one more axis, the first."""
        raise NotImplementedError

    def run_callees(self):
        return ()  # the backend runs it on single elements

    def lower(self, b, *args):
        if self.is_trivial():
            return halves(args)[0]
        made = b.stablehlo.op(f"stablehlo.{self.name}", args, b.outs, 1, **self.stablehlo_attrs())
        scalars = [init.aval for init in halves(args)[1]]

        def combine(*values):
            b._constants.clear()  # the region sees nothing from outside
            return b.call_lowered(self.computation, values)

        b.stablehlo.region(0, scalars * 2, combine)
        return made if type(made) is tuple else (made,)

    def fold(self, b, *args):
        return halves(args)[0] if self.is_trivial() else None

    def is_trivial(self):
        """Whether there is nothing to combine."""
        raise NotImplementedError

    def stablehlo_attrs(self):
        """Attributes of the StableHLO op of the same name."""
        raise NotImplementedError

    transpose = NOT_LINEAR
    samples = no_rule("covered by test/ops/test_window.py: it needs functions")


class _Shaped:
    """Stands for a value of which only the aval matters."""

    def __init__(self, aval):
        self.aval = aval


def halves(values):
    """The first half of some values and the second."""
    count = len(values) // 2
    return tuple(values[:count]), tuple(values[count:])


@op("reduce")
class Reduce(GenericReduction):
    """Elements along `axes` combined by `computation`."""

    axes: Attr[Axes]

    def result_shape(self, x):
        check_axes(self, x)
        return tuple(n for i, n in enumerate(x.shape) if i not in self.axes)

    def rows(self, b, x, init):
        kept = tuple(i for i in range(x.ndim) if i not in self.axes)
        moved = b.transpose(x, permutation=(*self.axes, *kept))
        count = math.prod(x.shape[i] for i in self.axes)
        return b.reshape(moved, shape=(count, math.prod(x.shape[i] for i in kept)))

    def batched(self):
        return self.replace(axes=tuple(a + 1 for a in self.axes))

    def is_trivial(self):
        return not self.axes

    def stablehlo_attrs(self):
        return {"dimensions": self.axes}


@op("reduce_window")
class ReduceWindow(GenericReduction, Windowed):
    """Elements of every window combined by `computation`; padding counts as the start value."""

    def result_shape(self, x):
        return self.window_shape(x)

    def rows(self, b, x, init):
        shape = self.window_shape(x.aval)
        taps = [x]
        for stage in self.all_stages():
            taps = [tap for t in taps for tap in stage.taps(b, t, init)]
        width = math.prod(shape)
        return b.concatenate(*[b.reshape(t, shape=(1, width)) for t in taps], axis=0)

    def batched(self):
        return self.with_batch_axis()

    def is_trivial(self):
        return not self.stages()

    def stablehlo_attrs(self):
        return self.stablehlo_window()
