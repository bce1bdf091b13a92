"""Dynamic slices: one window of an array, at a place that is computed."""

import numpy as np

from weft_compiler.attributes import Shape
from weft_compiler.avals import INT32, Aval
from weft_compiler.dialect.index_windows import GATHER, SCATTER, Windows, index_vectors, signed_indices
from weft_compiler.dialect.op import Alike, Anything, Attr, Integer, Op, Operand, op
from weft_compiler.dialect.samples import cases


def _check_indices(inst, x, indices):
    if len(indices) != x.ndim:
        inst.fail(f"takes one index for each of the {x.ndim} axes of {x}, got {len(indices)}")
    for i in indices:
        if i.ndim or i.dtype != indices[0].dtype:
            inst.fail(f"indices must be scalars of one dtype, got {', '.join(map(str, indices))}")


def _any_batched(b, indices):
    return any(b.is_batched(i) for i in indices)


def _first_index(b, indices):
    """Index 0 along the batch axis, in the dtype of the others."""
    return b.zeros(indices[0].aval if indices else Aval.of((), INT32))


def _static_starts(b, x, sizes, indices):
    """The starts where every index is a constant, clamped; else None."""
    values = [b.splat(i) for i in indices]
    if any(v is None for v in values):
        return None
    return tuple(_clamped(values, x.shape, sizes))


def _clamped(starts, shape, sizes):
    return [max(0, min(int(i), n - m)) for i, n, m in zip(starts, shape, sizes, strict=True)]


def _window_at(starts, sizes):
    return tuple(slice(i, i + m) for i, m in zip(starts, sizes, strict=True))


_DTYPES = (("float32", "int32"), ("int32", "int8"), ("complex64", "uint8"), ("bfloat16", "int64"))


@op("dynamic_slice")
class DynamicSlice(Op):
    """The window of x of shape `sizes` that starts at `indices`, moved so that it lies within x."""

    x: Operand[Anything]
    indices: Alike[Integer]
    sizes: Attr[Shape]

    key_use = "derived"
    linear_in = ("x",)

    def infer(self, x, *indices):
        _check_indices(self, x, indices)
        if len(self.sizes) != x.ndim:
            self.fail(f"sizes {list(self.sizes)} must have one entry for each of the {x.ndim} axes of {x}")
        for axis, (m, n) in enumerate(zip(self.sizes, x.shape, strict=True)):
            if not 0 <= m <= n:
                self.fail(f"size {m} of axis {axis} does not lie within {x}")
        return x.with_shape(self.sizes)

    def transpose(self, b, ct, x, *indices):
        back = b.dynamic_update_slice(b.zeros(x.aval), ct, *indices)
        return (back, *(None for _ in indices)) if indices else back

    def batch(self, b, x, *indices):
        if not _any_batched(b, indices):
            return b.dynamic_slice(x, _first_index(b, indices), *indices, sizes=(b.axis_size, *self.sizes))
        every = tuple(range(len(indices)))
        windows, sizes = Windows(every, (), every), self.sizes
        if b.is_batched(x):
            windows, sizes = windows.batched(), (min(b.axis_size, 1), *sizes)
        else:
            windows = windows.batched_indices()
        return b.gather(
            x,
            index_vectors(b, indices),
            **windows.attrs(GATHER),
            slice_sizes=sizes,
            mode="clip",
            indices_are_sorted=b.is_batched(x),
            unique_indices=b.is_batched(x),
        )

    def lower(self, b, x, *indices):
        return b.stablehlo.dynamic_slice(
            x, *[signed_indices(b, i, x.shape) for i in indices], slice_sizes=self.sizes
        )

    def fold(self, b, x, *indices):
        if self.sizes == x.shape:
            return x
        value = b.splat(x)
        if value is not None:
            return b.full(b.out.aval, value)
        starts = _static_starts(b, x, self.sizes, indices)
        if starts is None:
            return None
        limit = tuple(i + m for i, m in zip(starts, self.sizes, strict=True))
        return b.slice(x, start=starts, limit=limit, strides=(1,) * x.ndim)

    def reference(self, x, *indices):
        return x[_window_at(_clamped(indices, x.shape, self.sizes), self.sizes)]

    samples = cases(
        *[
            ((((5,), dtype), np.asarray(start, index)), {"sizes": (3,)})
            for dtype, index in _DTYPES
            for start in (1, 4, 100)
        ],
        ((((5,), "float32"), np.array(-2, "int32")), {"sizes": (3,)}),
        ((((3, 4), "float32"), np.array(1, "int32"), np.array(2, "int32")), {"sizes": (2, 2)}),
        ((((3, 4), "float32"), np.array(1, "int32"), np.array(2, "int32")), {"sizes": (0, 2)}),
        ((((3, 4), "bool"), np.array(2**32 - 1, "uint32"), np.array(0, "uint32")), {"sizes": (1, 4)}),
        ((((300,), "float32"), np.array(-1, "int8")), {"sizes": (2,)}),
        ((((300,), "float32"), np.array(255, "uint8")), {"sizes": (2,)}),
        ((((), "float32"),), {"sizes": ()}),
    )


@op("dynamic_update_slice")
class DynamicUpdateSlice(Op):
    """x with `update` in place of the window that starts at `indices`, moved so that it lies within x."""

    x: Operand[Anything]
    update: Operand[Anything]
    indices: Alike[Integer]

    linear_in = ("x", "update")

    def infer(self, x, update, *indices):
        if update.dtype != x.dtype:
            self.fail(f"dtypes of x and update differ: {x} and {update}")
        if update.ndim != x.ndim or any(m > n for m, n in zip(update.shape, x.shape, strict=True)):
            self.fail(f"update {update} does not fit into {x}")
        _check_indices(self, x, indices)
        return x

    def transpose(self, b, ct, x, update, *indices):
        ct_x = ct_update = None
        if b.is_linear(x):
            ct_x = b.dynamic_update_slice(ct, b.zeros(update.aval), *indices)
        if b.is_linear(update):
            ct_update = b.dynamic_slice(ct, *indices, sizes=update.shape)
        return (ct_x, ct_update, *(None for _ in indices))

    def batch(self, b, x, update, *indices):
        x, update = b.with_batch(x), b.with_batch(update)
        if not _any_batched(b, indices):
            return b.dynamic_update_slice(x, update, _first_index(b, indices), *indices)
        every = tuple(range(len(indices)))
        return b.scatter(
            x,
            index_vectors(b, indices),
            update,
            **Windows(every, (), every).batched().attrs(SCATTER),
            mode="clip",
            indices_are_sorted=True,
            unique_indices=True,
        )

    def lower(self, b, x, update, *indices):
        return b.stablehlo.dynamic_update_slice(x, update, *[signed_indices(b, i, x.shape) for i in indices])

    def fold(self, b, x, update, *indices):
        if update.shape == x.shape:
            return update
        return x if update.aval.size == 0 else None

    def reference(self, x, update, *indices):
        out = np.array(x)
        out[_window_at(_clamped(indices, x.shape, update.shape), update.shape)] = update
        return out

    samples = cases(
        *[
            ((((5,), dtype), ((3,), dtype), np.asarray(start, index)), {})
            for dtype, index in _DTYPES
            for start in (1, 4, 100)
        ],
        ((((5,), "float32"), ((3,), "float32"), np.array(-2, "int32")), {}),
        ((((3, 4), "float32"), ((2, 2), "float32"), np.array(1, "int32"), np.array(2, "int32")), {}),
        ((((3, 4), "float32"), ((0, 2), "float32"), np.array(1, "int32"), np.array(2, "int32")), {}),
        ((((300,), "float32"), ((2,), "float32"), np.array(255, "uint8")), {}),
        ((((), "float32"), ((), "float32")), {}),
    )
