"""Gather: many windows of an array, at places given by index vectors."""

import cmath
from typing import TYPE_CHECKING

import numpy as np

from weft_compiler.attributes import Axes, Flag, Kind, Shape, Text
from weft_compiler.avals import BOOL, Aval, kind_of
from weft_compiler.bindings import ir, stablehlo
from weft_compiler.dialect.index_windows import (
    GATHER,
    SCATTER,
    Windows,
    check_mode,
    integer_limits,
    limits_of,
    signed_indices,
)
from weft_compiler.dialect.op import Anything, Attr, Integer, Op, Operand, op
from weft_compiler.dialect.samples import cases
from weft_compiler.stablehlo import cached


def _number_text(value):
    """A number as text that gives it back exactly: 64-bit integers do not fit a float attribute."""
    if isinstance(value, str):
        return value
    value = np.asarray(value).item()
    return repr(int(value) if isinstance(value, bool) else value)


def _number(text):
    """The number of a text: an int, else a complex."""
    try:
        return int(text)
    except ValueError:
        return complex(text)


if TYPE_CHECKING:
    FillValue = str
else:
    FillValue = Kind(
        "a number", "#builtin.string", _number_text, ir.StringAttr.get, lambda a: ir.StringAttr(a).value
    )


# Dimension numbers of the samples.
ELEMENTS = {"offset_dims": (), "collapsed_slice_dims": (0,), "start_index_map": (0,), "slice_sizes": (1,)}
ROWS = {"offset_dims": (1,), "collapsed_slice_dims": (0,), "start_index_map": (0,)}
WHOLE = {"offset_dims": (1,), "collapsed_slice_dims": (), "start_index_map": ()}
CORNERS = {
    "offset_dims": (0, 2),
    "collapsed_slice_dims": (),
    "start_index_map": (1, 0),
    "slice_sizes": (2, 3),
}
EACH = {
    "offset_dims": (2,),
    "collapsed_slice_dims": (1,),
    "start_index_map": (1,),
    "operand_batching_dims": (0,),
    "start_indices_batching_dims": (0,),
    "slice_sizes": (1, 1, 3),
}


@op("gather")
class Gather(Op):
    """Windows of x of shape `slice_sizes`, one for each index vector along the last axis of `indices`.

    Component k of a vector is the start along axis `start_index_map[k]`. The result has the axes of a window
    at `offset_dims`, without `collapsed_slice_dims`, and the axes of `indices` but the last at the others.

    A window that reaches out of x: with `mode` clip it is moved inside; with fill its elements are
    `fill_value` (by default nan, the smallest signed or the largest unsigned integer, True);
    promise_in_bounds says that there is none.
    """

    x: Operand[Anything]
    indices: Operand[Integer]
    offset_dims: Attr[Axes]
    collapsed_slice_dims: Attr[Axes]
    start_index_map: Attr[Axes]
    slice_sizes: Attr[Shape]
    mode: Attr[Text]
    operand_batching_dims: Attr[Axes] = ()
    start_indices_batching_dims: Attr[Axes] = ()
    fill_value: Attr[FillValue] = ""
    """The number as text; empty for the default."""
    indices_are_sorted: Attr[Flag] = False
    unique_indices: Attr[Flag] = False

    key_use = "derived"
    linear_in = ("x",)

    def infer(self, x, indices):
        check_mode(self, self.mode)
        Windows.of(self, GATHER).check(self, GATHER, x, indices, "the result")
        self._check_sizes(x, indices)
        self._check_fill(x)
        return x.with_shape(self._result_shape(indices.shape))

    def _check_sizes(self, x, indices):
        if len(self.slice_sizes) != x.ndim:
            self.fail(f"slice_sizes {list(self.slice_sizes)} must have one entry for each axis of {x}")
        for axis, (size, n) in enumerate(zip(self.slice_sizes, x.shape, strict=True)):
            if not 0 <= size <= n and indices.size != 0:  # without index vectors no window is taken
                self.fail(f"slice size {size} of axis {axis} does not lie within {x}")
            if axis in self.collapsed_slice_dims and size != 1:
                self.fail(f"slice size {size} of axis {axis}, which collapsed_slice_dims drop, must be 1")
            if axis in self.operand_batching_dims and size > 1:
                self.fail(
                    f"slice size {size} of axis {axis}, which is in operand_batching_dims, must be at most 1"
                )

    def _check_fill(self, x):
        if not self.fill_value:
            return
        try:
            value = _number(self.fill_value)
        except ValueError:
            self.fail(f"fill_value {self.fill_value!r} is not a number")
        if x.kind not in "fck" and not cmath.isfinite(value):
            self.fail(f"fill_value {self.fill_value} is no value of {x}")

    def _result_shape(self, indices_shape):
        dropped = (*self.collapsed_slice_dims, *self.operand_batching_dims)
        sizes = iter([n for axis, n in enumerate(self.slice_sizes) if axis not in dropped])
        vectors = iter(indices_shape[:-1])
        ndim = len(self.offset_dims) + len(indices_shape) - 1
        return tuple(next(sizes if d in self.offset_dims else vectors) for d in range(ndim))

    def jvp(self, b, x, indices, dx, dindices):
        inst = self.replace(fill_value=0) if self.mode == "fill" else self  # what is filled in does not vary
        return b.emit(inst, (dx, indices))

    def transpose(self, b, ct, x, indices):
        back = b.scatter_add(
            b.zeros(x.aval),
            indices,
            ct,
            **Windows.of(self, GATHER).attrs(SCATTER),
            mode=self.mode,
            indices_are_sorted=self.indices_are_sorted,
            unique_indices=self.unique_indices,
        )
        return back, None

    def batch(self, b, x, indices):
        windows = Windows.of(self, GATHER)
        if not b.is_batched(indices):
            made = windows.batched_operand().attrs(GATHER)
            return b.emit(self.replace(**made, slice_sizes=(b.axis_size, *self.slice_sizes)), (x, indices))
        if b.is_batched(x):
            made = windows.batched().attrs(GATHER)
            return b.emit(
                self.replace(**made, slice_sizes=(min(b.axis_size, 1), *self.slice_sizes)), (x, indices)
            )
        made = windows.batched_indices().attrs(GATHER)
        return b.emit(self.replace(**made, indices_are_sorted=False, unique_indices=False), (x, indices))

    def lower(self, b, x, indices):
        aval = b.outs[0]
        if aval.size == 0:
            return b.zeros(aval)
        windows = Windows.of(self, GATHER)
        indices = signed_indices(b, indices, x.shape)
        taken = self._moved_inside(b, x, indices)
        if self.mode != "fill" or not self.start_index_map:
            return taken
        fits = _fits(b, indices, windows.last_starts(x.shape, self.slice_sizes))
        fits = b.broadcast_in_dim(fits, shape=aval.shape, dims=windows.vector_dims(aval.ndim))
        return b.select(fits, taken, b.full(aval, self._fill_number(x.dtype)))

    def _moved_inside(self, b, x, indices):
        """StableHLO's gather, which treats every index as `mode` clip says."""
        numbers = cached(
            stablehlo().GatherDimensionNumbers.get,
            self.offset_dims,
            self.collapsed_slice_dims,
            self.operand_batching_dims,
            self.start_indices_batching_dims,
            self.start_index_map,
            indices.ndim - 1,
        )
        return b.stablehlo.gather(
            x,
            indices,
            dimension_numbers=numbers,
            slice_sizes=self.slice_sizes,
            indices_are_sorted=self.indices_are_sorted,
        )

    def _fill_number(self, dtype):
        kind = kind_of(dtype)
        if self.fill_value:
            value = _number(self.fill_value)
            return value.real if isinstance(value, complex) and kind != "c" else value
        if kind in "iu":
            return integer_limits(dtype)["iu".index(kind)]
        return True if kind == "b" else np.nan

    def fold(self, b, x, indices):
        value = b.splat(x)
        return None if value is None or self.mode == "fill" else b.full(b.out.aval, value)

    def reference(self, x, indices):
        filled = self._fill_number(x.dtype) if self.mode == "fill" else 0
        out = np.full(self._result_shape(indices.shape), filled).astype(x.dtype)
        for here, there in Windows.of(self, GATHER).elements(indices, x.shape, out.shape, self.mode):
            out[here] = x[there]
        return out

    samples = cases(
        *[  # rows of a matrix, some of them not there
            (
                (((5, 3), dtype), np.array([[4], [0], [out], [2]], index)),
                {**ROWS, "slice_sizes": (1, 3), "mode": mode},
            )
            for dtype, index, out in (
                ("float32", "int32", -1),
                ("float32", "uint8", 255),
                ("int32", "int8", -100),
                ("uint8", "int64", 2**40),
                ("complex64", "uint32", 2**32 - 1),
                ("bfloat16", "int32", 5),
                ("bool", "int16", 5),
            )
            for mode in ("clip", "fill")
        ],
        ((((300,), "float32"), np.array([[-1], [127]], "int8")), {**ELEMENTS, "mode": "fill"}),
        ((((300,), "float32"), np.array([[0], [255]], "uint8")), {**ELEMENTS, "mode": "promise_in_bounds"}),
        ((((4,), "int64"), np.array([[9]])), {**ELEMENTS, "mode": "fill", "fill_value": 2**53 + 1}),
        ((((4,), "float32"), np.array([[9], [1]])), {**ELEMENTS, "mode": "fill", "fill_value": -0.5}),
        ((((0,), "float32"), np.zeros((0, 1), "int32")), {**ELEMENTS, "mode": "fill"}),
        ((((3,), "float32"), np.zeros((2, 0), "int32")), {**WHOLE, "slice_sizes": (3,), "mode": "fill"}),
        ((((4, 5), "float32"), np.array([[2, 1], [0, 0], [9, 2]], "int32")), {**CORNERS, "mode": "clip"}),
        ((((4, 5), "float32"), np.array([[2, 1], [0, 0], [2, 2]], "int32")), {**CORNERS, "mode": "fill"}),
        ((((2, 3, 4), "float32"), np.array([[[0], [5]], [[2], [1]]], "int32")), {**EACH, "mode": "clip"}),
        ((((2, 3, 4), "float32"), np.array([[[0], [5]], [[2], [1]]], "int32")), {**EACH, "mode": "fill"}),
    )


def _fits(b, indices, last):
    """For each index vector, whether every component lies between 0 and `last`."""
    above = b.compare(indices, b.zeros(indices.aval), direction="GE")
    below = b.compare(indices, limits_of(b, indices, last), direction="LE")
    inside, vectors = b.and_(above, below), indices.shape[:-1]
    if len(last) == 1:
        return b.reshape(inside, shape=vectors)
    one = Aval.of((), BOOL)
    fits = b.stablehlo.op(
        "stablehlo.reduce", (inside, b.full(one, True)), Aval.of(vectors, BOOL), 1, dimensions=(len(vectors),)
    )
    b.stablehlo.region(0, (one, one), lambda p, q: [b.stablehlo.op("stablehlo.and", (p, q), one)])
    return fits
