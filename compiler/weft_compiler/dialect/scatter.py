"""Scatter: an array with windows of it, at places given by index vectors, combined with updates."""

import math

import numpy as np

from weft_compiler.attributes import Axes, Flag, Text
from weft_compiler.avals import DTYPES
from weft_compiler.bindings import stablehlo
from weft_compiler.dialect.index_windows import (
    GATHER,
    SCATTER,
    Windows,
    check_mode,
    limits_of,
    signed_indices,
)
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    Anything,
    Attr,
    Integer,
    Number,
    Op,
    Operand,
    RealOrBool,
    op,
)
from weft_compiler.dialect.scatter_samples import scatter_samples
from weft_compiler.stablehlo import cached


class ScatterOp(Op):
    """x with windows of it combined with the windows of `updates`, one for each index vector.

    Component k of a vector along the last axis of `indices` is the start of its window along axis
    `scatter_dims_to_operand_dims[k]`. A window has the axes `update_window_dims` of the updates, and size 1
    along `inserted_window_dims`; the other axes of the updates are those of `indices` but the last.

    A window that reaches out of x: with `mode` clip it is moved inside, with fill it is left out;
    promise_in_bounds says that there is none. `unique_indices` says that no two windows overlap.
    """

    update_window_dims: Attr[Axes]
    inserted_window_dims: Attr[Axes]
    scatter_dims_to_operand_dims: Attr[Axes]
    mode: Attr[Text]
    operand_batching_dims: Attr[Axes] = ()
    scatter_indices_batching_dims: Attr[Axes] = ()
    indices_are_sorted: Attr[Flag] = False
    unique_indices: Attr[Flag] = False

    combiner = ""
    """StableHLO op of the old element and the update."""
    exact: np.ufunc | None = None
    """NumPy's function of the two; None where the update stays."""
    neutral: float | None = None
    """Updates of this value change nothing."""
    by_parts = False
    """Whether complex numbers combine part by part."""

    def infer(self, x, indices, updates):
        check_mode(self, self.mode)
        if updates.dtype != x.dtype:
            self.fail(f"dtypes of x and updates differ: {x} and {updates}")
        windows = Windows.of(self, SCATTER)
        windows.check(self, SCATTER, x, indices, "the updates")
        ndim = indices.ndim - 1 + len(windows.window_dims)
        if updates.ndim != ndim:
            self.fail(
                f"updates {updates} must have the axes update_window_dims {list(windows.window_dims)} and "
                f"those of indices {indices} but the last, {ndim} in all"
            )
        for axis, dim in zip(windows.window_axes(x.ndim), windows.window_dims, strict=True):
            if updates.shape[dim] > x.shape[axis]:
                self.fail(f"axis {dim} of updates {updates} is longer than axis {axis} of x {x}")
        for dim, n in zip(windows.vector_dims(updates.ndim), indices.shape, strict=False):
            if updates.shape[dim] != n:
                self.fail(f"axis {dim} of updates {updates} must have size {n}, as indices are {indices}")
        return x

    def batch(self, b, x, indices, updates):
        windows, x, updates = Windows.of(self, SCATTER), b.with_batch(x), b.with_batch(updates)
        made = windows.batched() if b.is_batched(indices) else windows.batched_operand()
        return b.emit(self.replace(**made.attrs(SCATTER)), (x, indices, updates))

    def lower(self, b, x, indices, updates):
        if x.aval.size == 0 or updates.aval.size == 0:
            return x
        if self.by_parts and x.dtype == DTYPES["complex128"]:  # XLA:GPU has no atomic update of 128 bits
            parts = [b.emit(self, (part(x), indices, part(updates))) for part in (b.real, b.imag)]
            return b.complex(*parts)
        windows = Windows.of(self, SCATTER)
        indices = signed_indices(b, indices, x.shape)
        if self.mode == "clip" and windows.index_map:
            last = windows.last_starts(x.shape, windows.sizes(x.ndim, updates.shape))
            indices = b.clamp(b.zeros(indices.aval), indices, limits_of(b, indices, last))
        numbers = cached(
            stablehlo().ScatterDimensionNumbers.get,
            self.update_window_dims,
            self.inserted_window_dims,
            self.operand_batching_dims,
            self.scatter_indices_batching_dims,
            self.scatter_dims_to_operand_dims,
            indices.ndim - 1,
        )
        made = b.stablehlo.op(
            "stablehlo.scatter",
            (x, indices, updates),
            x.aval,
            1,
            scatter_dimension_numbers=numbers,
            indices_are_sorted=self.indices_are_sorted,
            unique_indices=self.unique_indices,
        )
        one = x.aval.with_shape(())
        b.stablehlo.region(0, (one, one), lambda old, new: [self.combined(b, old, new)])
        return made

    def combined(self, b, old, new):
        """The element that takes the place of `old`, in StableHLO."""
        return b.stablehlo.op(f"stablehlo.{self.combiner}", (old, new), old.aval)

    def fold(self, b, x, indices, updates):
        if self.neutral is not None and b.is_splat(updates, self.neutral):
            return x
        return x if updates.aval.size == 0 else None

    def taken(self, b, x, indices, like):
        """The elements of x that the updates, which are `like`, go to; 0 for updates that are left out."""
        if x.aval.size == 0:
            return b.zeros(x.aval.with_shape(like.shape))
        windows = Windows.of(self, SCATTER)
        return b.gather(
            x,
            indices,
            **windows.attrs(GATHER),
            slice_sizes=windows.sizes(x.ndim, like.shape),
            mode=self.mode,
            fill_value=0,
            indices_are_sorted=self.indices_are_sorted,
            unique_indices=self.unique_indices,
        )

    def other(self, cls, b, x, indices, updates):
        """Another scatter op with these attributes."""
        attrs = {s.name: getattr(self, s.name) for s in self.attr_specs}
        return b.emit(cls.of(**attrs), (x, indices, updates))

    def reference(self, x, indices, updates):
        out = np.array(x)
        with np.errstate(over="ignore"):  # integers wrap around
            for here, there in Windows.of(self, SCATTER).elements(indices, x.shape, updates.shape, self.mode):
                new = updates[here]
                out[there] = new if self.exact is None else self.exact(out[there], new)
        return out


@op("scatter")
class Scatter(ScatterOp):
    """Each window replaced by its update. Where windows overlap, one of them wins.

    Which one is up to the backend (on CPU the last). It is taken to depend on the indices alone, which makes
    scatter linear in x and updates together.
    """

    x: Operand[Anything]
    indices: Operand[Integer]
    updates: Operand[Anything]

    linear_in = ("x", "updates")

    def transpose(self, b, ct, x, indices, updates):
        ct_x = ct_updates = None
        if b.is_linear(x):
            ct_x = b.emit(self, (ct, indices, b.zeros(updates.aval)))
        if b.is_linear(updates):
            ct_updates = self.taken(b, ct, indices, updates)
            if not self.unique_indices:
                won = self._won(b, indices, x, updates)
                ct_updates = b.select(won, ct_updates, b.zeros(updates.aval))
        return ct_x, None, ct_updates

    def _won(self, b, indices, x, updates):
        """For each update whether it is what the result has at its place: windows scatter their numbers."""
        dims = Windows.of(self, SCATTER).vector_dims(updates.ndim)
        shape = tuple(updates.shape[d] for d in dims)
        count = math.prod(shape)
        dtype = DTYPES["uint32" if count < 2**32 else "uint64"]
        numbers = b.add(b.iota(shape=(count,), dtype=dtype, dimension=0), 1)
        numbers = b.broadcast_in_dim(b.reshape(numbers, shape=shape), shape=updates.shape, dims=dims)
        landed = b.emit(self, (b.zeros(x.aval.with_dtype(dtype)), indices, numbers))
        return b.compare(numbers, self.taken(b, landed, indices, updates), direction="EQ")

    def combined(self, b, old, new):
        return new

    samples = scatter_samples("float32", "int32", "complex64", "bfloat16", "bool")


@op("scatter_add")
class ScatterAdd(ScatterOp):
    """Each update added to its window. Where windows overlap, all are added."""

    x: Operand[Number]
    indices: Operand[Integer]
    updates: Operand[Number]

    linear_in = ("x", "updates")
    combiner = "add"
    exact = np.add
    by_parts = True
    neutral = 0

    def jvp(self, b, x, indices, updates, dx, dindices, dupdates):
        if dupdates is None:
            return dx
        return b.emit(self, (b.zeros(x.aval) if dx is None else dx, indices, dupdates))

    def transpose(self, b, ct, x, indices, updates):
        return ct, None, self.taken(b, ct, indices, updates) if b.is_linear(updates) else None

    samples = scatter_samples("float32", "int32", "complex64", "complex128", "bfloat16", "uint8")


@op("scatter_sub")
class ScatterSub(ScatterOp):
    """Each update subtracted from its window. Where windows overlap, all are subtracted."""

    x: Operand[Number]
    indices: Operand[Integer]
    updates: Operand[Number]

    linear_in = ("x", "updates")
    combiner = "subtract"
    exact = np.subtract
    by_parts = True
    neutral = 0

    jvp = ScatterAdd.jvp

    def transpose(self, b, ct, x, indices, updates):
        ct_updates = b.neg(self.taken(b, ct, indices, updates)) if b.is_linear(updates) else None
        return ct, None, ct_updates

    samples = scatter_samples("float32", "int32", "complex64", "complex128", "uint8")


@op("scatter_mul")
class ScatterMul(ScatterOp):
    """Each window multiplied by its update. Where windows overlap, by all."""

    x: Operand[Number]
    indices: Operand[Integer]
    updates: Operand[Number]

    linear_in = ("x",)
    combiner = "multiply"
    exact = np.multiply
    neutral = 1

    def jvp(self, b, x, indices, updates, dx, dindices, dupdates):
        from_x = None if dx is None else b.emit(self, (dx, indices, updates))
        if dupdates is None:
            return from_x
        if not self.unique_indices:
            raise NotImplementedError(
                "scatter_mul: the derivative with respect to the updates needs unique_indices=True "
                "(where updates overlap, each slope is a product of all others)"
            )
        spread = self.other(ScatterAdd, b, b.zeros(x.aval), indices, dupdates)
        from_updates = b.mul(x, spread)
        return from_updates if from_x is None else b.add(from_x, from_updates)

    def transpose(self, b, ct, x, indices, updates):
        if b.is_linear(updates):
            raise NotImplementedError("scatter_mul: not linear in its updates")
        return b.emit(self, (ct, indices, updates)), None, None

    samples = scatter_samples("float32", "int32", "complex64", "uint8", unique=True)


class ExtremumScatter(ScatterOp):
    """Each element the extreme of the old one and the updates that go to it."""

    def jvp(self, b, x, indices, updates, dx, dindices, dupdates):
        """The mean of the tangents of all that tie for the result; nan, where it occurs, is the result."""
        x_won = _equal(b, x, b.out)
        updates_won = _equal(b, updates, self.taken(b, b.out, indices, updates))
        no_x, no_updates = b.zeros(x.aval), b.zeros(updates.aval)
        x_ones = b.select(x_won, b.full(x.aval, 1), no_x)
        updates_ones = b.select(updates_won, b.full(updates.aval, 1), no_updates)
        winners = self.other(ScatterAdd, b, x_ones, indices, updates_ones)
        total = no_x if dx is None else b.select(x_won, dx, no_x)
        if dupdates is not None:
            total = self.other(ScatterAdd, b, total, indices, b.select(updates_won, dupdates, no_updates))
        # Something won everywhere, unless XLA keeps more bits of one side of a comparison than of the other.
        return b.div(total, b.max(winners, 1))

    transpose = NOT_LINEAR


def _equal(b, x, result):
    """Whether x is the result, nan being the result of nan."""
    return b.or_(b.compare(x, result, direction="EQ"), b.compare(x, x, direction="NE"))


@op("scatter_min")
class ScatterMin(ExtremumScatter):
    """Each element the smallest of the old one and the updates that go to it; nan where one is."""

    x: Operand[RealOrBool]
    indices: Operand[Integer]
    updates: Operand[RealOrBool]

    combiner = "minimum"
    exact = np.minimum

    samples = scatter_samples("float32", "int32", "bfloat16", "uint8", "bool")


@op("scatter_max")
class ScatterMax(ExtremumScatter):
    """Each element the largest of the old one and the updates that go to it; nan where one is."""

    x: Operand[RealOrBool]
    indices: Operand[Integer]
    updates: Operand[RealOrBool]

    combiner = "maximum"
    exact = np.maximum

    samples = scatter_samples("float32", "int32", "bfloat16", "uint8", "bool")
