"""Shape ops: the elements stay, their arrangement changes."""

import numpy as np

from weft_compiler.attributes import I64, Axes, Ints, Shape
from weft_compiler.avals import Aval, bit_width, whole_bytes
from weft_compiler.dialect.op import Anything, Attr, Op, Operand, Operands, op
from weft_compiler.dialect.samples import cases


def dims_text(shape):
    """A shape as messages write it: `[2,3]`."""
    return f"[{','.join(map(str, shape))}]"


@op("broadcast_in_dim")
class BroadcastInDim(Op):
    """x repeated into `shape`: operand axis i becomes result axis `dims[i]`, size 1 stretches."""

    x: Operand[Anything]
    shape: Attr[Shape]
    dims: Attr[Axes]

    key_use = "moved"
    linear_in = ("x",)
    is_cheap = True

    def infer(self, x):
        if len(self.dims) != x.ndim:
            self.fail(
                f"dims {list(self.dims)} must name one result axis for each of the {x.ndim} axes of {x}"
            )
        if any(p >= q for p, q in zip(self.dims, self.dims[1:], strict=False)):
            self.fail(f"dims {list(self.dims)} must increase")
        for size, axis in zip(x.shape, self.dims, strict=True):
            if not 0 <= axis < len(self.shape):
                self.fail(f"result axis {axis} is out of range for shape {dims_text(self.shape)}")
            if size not in (1, self.shape[axis]):
                self.fail(
                    f"{x} does not broadcast to {dims_text(self.shape)}: {size} against {self.shape[axis]}"
                )
        return x.with_shape(self.shape)

    def transpose(self, b, ct, x):
        new = tuple(i for i in range(len(self.shape)) if i not in self.dims)
        stretched = tuple(d for n, d in zip(x.shape, self.dims, strict=True) if n != self.shape[d])
        axes = tuple(sorted(new + stretched))
        summed = b.reduce_sum(ct, axes=axes) if axes else ct
        return summed if summed.shape == x.shape else b.reshape(summed, shape=x.shape)

    def batch(self, b, x):
        return b.broadcast_in_dim(x, shape=(b.axis_size, *self.shape), dims=(0, *(d + 1 for d in self.dims)))

    def lower(self, b, x):
        return b.stablehlo.broadcast_in_dim(x, broadcast_dimensions=self.dims)

    def fold(self, b, x):
        if x.shape == self.shape:
            return x
        value = b.splat(x)
        if value is not None:
            return b.full(b.out.aval, value)
        made = b.producer(x)
        if made is not None and isinstance(made[0], BroadcastInDim):
            inner, (source,) = made
            if all(n == m for n, m in zip(source.shape, (inner.shape[d] for d in inner.dims), strict=True)):
                return b.broadcast_in_dim(
                    source, shape=self.shape, dims=tuple(self.dims[d] for d in inner.dims)
                )
        return None

    samples = cases(
        ((((), "float32"),), {"shape": (2, 3), "dims": ()}),
        ((((3,), "float32"),), {"shape": (2, 3), "dims": (1,)}),
        ((((2,), "int32"),), {"shape": (2, 3), "dims": (0,)}),
        ((((1, 3), "bfloat16"),), {"shape": (2, 3), "dims": (0, 1)}),
        ((((1,), "complex64"),), {"shape": (4, 3), "dims": (1,)}),
        ((((0,), "float32"),), {"shape": (2, 0), "dims": (1,)}),
    )

    def reference(self, x):
        new = tuple(i for i in range(len(self.shape)) if i not in self.dims)
        return np.broadcast_to(np.expand_dims(x, new), self.shape)


@op("reshape")
class Reshape(Op):
    """x in row-major order as `shape`, of equal size."""

    x: Operand[Anything]
    shape: Attr[Shape]

    key_use = "moved"
    linear_in = ("x",)

    def infer(self, x):
        made = Aval.of(self.shape, x.dtype)
        if made.size != x.size:
            self.fail(f"{x} has {x.size} elements, shape {dims_text(self.shape)} has {made.size}")
        return made

    def transpose(self, b, ct, x):
        return b.reshape(ct, shape=x.shape)

    def batch(self, b, x):
        return b.reshape(x, shape=(b.axis_size, *self.shape))

    def lower(self, b, x):
        return b.stablehlo.reshape(x)

    def fold(self, b, x):
        if x.shape == self.shape:
            return x
        value = b.splat(x)
        if value is not None:
            return b.full(b.out.aval, value)
        made = b.producer(x)
        return b.reshape(made[1][0], shape=self.shape) if made and isinstance(made[0], Reshape) else None

    samples = cases(
        ((((2, 3), "float32"),), {"shape": (6,)}),
        ((((), "int32"),), {"shape": (1, 1)}),
        ((((2, 3), "complex64"),), {"shape": (3, 1, 2)}),
        ((((0, 4), "float32"),), {"shape": (2, 0)}),
    )

    def reference(self, x):
        return x.reshape(self.shape)


@op("transpose")
class Transpose(Op):
    """Axes reordered: result axis i is operand axis `permutation[i]`."""

    x: Operand[Anything]
    permutation: Attr[Axes]

    key_use = "moved"
    linear_in = ("x",)

    def infer(self, x):
        if sorted(self.permutation) != list(range(x.ndim)):
            self.fail(f"permutation {list(self.permutation)} does not order the {x.ndim} axes of {x}")
        return x.with_shape(tuple(x.shape[i] for i in self.permutation))

    def transpose(self, b, ct, x):
        inverse = [0] * len(self.permutation)
        for i, p in enumerate(self.permutation):
            inverse[p] = i
        return b.transpose(ct, permutation=tuple(inverse))

    def batch(self, b, x):
        return b.transpose(x, permutation=(0, *(p + 1 for p in self.permutation)))

    def lower(self, b, x):
        if self.permutation == tuple(range(x.ndim)):
            return x
        return b.stablehlo.transpose(x, permutation=self.permutation)

    def fold(self, b, x):
        if self.permutation == tuple(range(x.ndim)):
            return x
        value = b.splat(x)
        if value is not None:
            return b.full(b.out.aval, value)
        made = b.producer(x)
        if made and isinstance(made[0], Transpose):
            return b.transpose(
                made[1][0], permutation=tuple(made[0].permutation[p] for p in self.permutation)
            )
        return None

    samples = cases(
        ((((2, 3), "float32"),), {"permutation": (1, 0)}),
        ((((2, 3, 4), "int32"),), {"permutation": (2, 0, 1)}),
        ((((), "float32"),), {"permutation": ()}),
        ((((2, 3), "complex64"),), {"permutation": (0, 1)}),
    )

    def reference(self, x):
        return x.transpose(self.permutation)


@op("reverse")
class Reverse(Op):
    """The order of elements along each of `axes` turned round."""

    x: Operand[Anything]
    axes: Attr[Axes]

    key_use = "moved"
    linear_in = ("x",)

    def infer(self, x):
        for axis in self.axes:
            if not 0 <= axis < x.ndim:
                self.fail(f"axis {axis} is out of range for {x}")
        if len(set(self.axes)) != len(self.axes):
            self.fail(f"axes {list(self.axes)} name one twice")
        return x

    def transpose(self, b, ct, x):
        return b.reverse(ct, axes=self.axes)

    def batch(self, b, x):
        return b.reverse(x, axes=tuple(a + 1 for a in self.axes))

    def lower(self, b, x):
        return b.stablehlo.reverse(x, dimensions=self.axes)

    def fold(self, b, x):
        if not self.axes or b.splat(x) is not None:
            return x
        made = b.producer(x)
        return made[1][0] if made and made[0] is self else None

    samples = cases(
        ((((2, 3), "float32"),), {"axes": (1,)}),
        ((((2, 3), "int32"),), {"axes": (0, 1)}),
        ((((4,), "complex64"),), {"axes": ()}),
    )

    def reference(self, x):
        return np.flip(x, self.axes)


@op("slice")
class Slice(Op):
    """Elements `start`, `start + strides`, … below `limit` along every axis."""

    x: Operand[Anything]
    start: Attr[Ints]
    limit: Attr[Ints]
    strides: Attr[Ints]

    key_use = "moved"
    linear_in = ("x",)

    def infer(self, x):
        if not len(self.start) == len(self.limit) == len(self.strides) == x.ndim:
            self.fail(f"start, limit and strides must have one entry for each of the {x.ndim} axes of {x}")
        shape = []
        for axis, (n, i, j, s) in enumerate(zip(x.shape, self.start, self.limit, self.strides, strict=True)):
            if s < 1:
                self.fail(f"stride {s} of axis {axis} must be positive")
            if not 0 <= i <= j <= n:
                self.fail(f"{i}:{j} of axis {axis} does not lie within {x}")
            shape.append(-((i - j) // s))
        return x.with_shape(tuple(shape))

    def transpose(self, b, ct, x):
        high, interior = [], []
        for n, m, i, s in zip(x.shape, ct.shape, self.start, self.strides, strict=True):
            covered = i + (m - 1) * s + 1 if m else i
            high.append(n - covered)
            interior.append(s - 1 if m else 0)
        zero = b.zeros(ct.aval.with_shape(()))
        return b.pad(ct, zero, low=self.start, high=tuple(high), interior=tuple(interior))

    def batch(self, b, x):
        return b.slice(
            x, start=(0, *self.start), limit=(b.axis_size, *self.limit), strides=(1, *self.strides)
        )

    def lower(self, b, x):
        return b.stablehlo.slice(x, start_indices=self.start, limit_indices=self.limit, strides=self.strides)

    def fold(self, b, x):
        if x.shape == b.out.shape:
            return x
        value = b.splat(x)
        return None if value is None else b.full(b.out.aval, value)

    samples = cases(
        ((((5,), "float32"),), {"start": (1,), "limit": (4,), "strides": (1,)}),
        ((((5, 6), "float32"),), {"start": (0, 1), "limit": (5, 6), "strides": (2, 3)}),
        ((((5,), "int32"),), {"start": (2,), "limit": (2,), "strides": (1,)}),
        ((((5,), "complex64"),), {"start": (1,), "limit": (5,), "strides": (3,)}),
    )

    def reference(self, x):
        return x[tuple(map(slice, self.start, self.limit, self.strides))]


@op("pad")
class Pad(Op):
    """x with `low` and `high` copies of `value` at the ends of each axis and `interior` between elements.

    Negative `low` or `high` cut elements off.
    """

    x: Operand[Anything]
    value: Operand[Anything]
    low: Attr[Ints]
    high: Attr[Ints]
    interior: Attr[Ints]

    linear_in = ("x", "value")

    def infer(self, x, value):
        if value.ndim or value.dtype != x.dtype:
            self.fail(f"the padding value must be a scalar of x's dtype, got {value} for {x}")
        if not len(self.low) == len(self.high) == len(self.interior) == x.ndim:
            self.fail(f"low, high and interior must have one entry for each of the {x.ndim} axes of {x}")
        shape = []
        for axis, (n, low, high, i) in enumerate(
            zip(x.shape, self.low, self.high, self.interior, strict=True)
        ):
            if i < 0:
                self.fail(f"interior {i} of axis {axis} must not be negative")
            size = low + high + n + max(n - 1, 0) * i
            if size < 0:
                self.fail(f"axis {axis} of {x} has {n} elements; padding ({low},{high},{i}) leaves {size}")
            shape.append(size)
        return x.with_shape(tuple(shape))

    def transpose(self, b, ct, x, value):
        zero = b.zeros(ct.aval.with_shape(()))
        ct_x = None
        if b.is_linear(x) or b.is_linear(value):
            unpadded = b.pad(
                ct,
                zero,
                low=tuple(-n for n in self.low),
                high=tuple(-n for n in self.high),
                interior=(0,) * ct.ndim,
            )
            strides = tuple(i + 1 for i in self.interior)
            ct_x = b.slice(unpadded, start=(0,) * ct.ndim, limit=unpadded.shape, strides=strides)
        if not b.is_linear(value):
            return ct_x, None
        axes = tuple(range(ct.ndim))
        ct_value = b.sub(b.reduce_sum(ct, axes=axes), b.reduce_sum(ct_x, axes=axes))
        return ct_x, ct_value

    def batch(self, b, x, value):
        if not b.is_batched(value):
            return b.pad(x, value, low=(0, *self.low), high=(0, *self.high), interior=(0, *self.interior))
        x = b.with_batch(x)
        low, high, interior = (0, *self.low), (0, *self.high), (0, *self.interior)
        zero = b.zeros(x.aval.with_shape(()))
        padded = b.pad(x, zero, low=low, high=high, interior=interior)
        inside = b.pad(
            b.full(Aval.of(x.shape, np.dtype(bool)), True),
            b.full(Aval.of((), np.dtype(bool)), False),
            low=low,
            high=high,
            interior=interior,
        )
        return b.select(inside, padded, b.broadcast_in_dim(value, shape=padded.shape, dims=(0,)))

    def lower(self, b, x, value):
        return b.stablehlo.pad(
            x, value, edge_padding_low=self.low, edge_padding_high=self.high, interior_padding=self.interior
        )

    def fold(self, b, x, value):
        if all(n == 0 for n in (*self.low, *self.high, *self.interior)):
            return x
        return None

    samples = cases(
        ((((3,), "float32"), ((), "float32")), {"low": (1,), "high": (2,), "interior": (0,)}),
        ((((2, 3), "float32"), ((), "float32")), {"low": (0, -1), "high": (1, 1), "interior": (1, 0)}),
        ((((3,), "int32"), ((), "int32")), {"low": (-1,), "high": (0,), "interior": (2,)}),
        ((((0,), "float32"), ((), "float32")), {"low": (1,), "high": (1,), "interior": (1,)}),
        ((((4,), "float32"), ((), "float32")), {"low": (-1,), "high": (-1,), "interior": (2,)}),
    )

    def reference(self, x, value):
        for axis, (low, high, interior) in enumerate(zip(self.low, self.high, self.interior, strict=True)):
            x = np.moveaxis(x, axis, 0)
            spread = np.full((max(len(x) * (interior + 1) - interior, 0), *x.shape[1:]), value, x.dtype)
            spread[:: interior + 1] = x
            kept = spread[max(-low, 0) : len(spread) - max(-high, 0)]
            rims = [np.full((max(n, 0), *x.shape[1:]), value, x.dtype) for n in (low, high)]
            x = np.moveaxis(np.concatenate([rims[0], kept, rims[1]]), 0, axis)
        return x


@op("concatenate")
class Concatenate(Op):
    """Operands one after the other along `axis`."""

    xs: Operands[Anything]
    axis: Attr[I64]

    key_use = "joined"
    linear_in = ("xs",)

    def infer(self, *xs):
        if not xs:
            self.fail("needs at least one operand")
        first, total = xs[0], 0
        if not 0 <= self.axis < first.ndim:
            self.fail(f"axis {self.axis} is out of range for {first}")
        for x in xs:
            if x.dtype != first.dtype:
                self.fail(f"dtypes differ: {', '.join(map(str, xs))}")
            if x.ndim != first.ndim or any(
                n != m for i, (n, m) in enumerate(zip(x.shape, first.shape, strict=True)) if i != self.axis
            ):
                self.fail(f"shapes differ outside axis {self.axis}: {', '.join(map(str, xs))}")
            total += x.shape[self.axis]
        return first.with_shape((*first.shape[: self.axis], total, *first.shape[self.axis + 1 :]))

    def transpose(self, b, ct, *xs):
        cts, offset = [], 0
        for x in xs:
            size = x.shape[self.axis]
            if b.is_linear(x):
                start = [0] * ct.ndim
                limit = list(ct.shape)
                start[self.axis], limit[self.axis] = offset, offset + size
                cts.append(b.slice(ct, start=tuple(start), limit=tuple(limit), strides=(1,) * ct.ndim))
            else:
                cts.append(None)
            offset += size
        return tuple(cts)

    def batch(self, b, *xs):
        return b.concatenate(*[b.with_batch(x) for x in xs], axis=self.axis + 1)

    def lower(self, b, *xs):
        dtype = xs[0].dtype
        if bit_width(dtype) == 2:  # XLA:CPU ends the process
            wide = [b.convert(x, dtype=whole_bytes(dtype)) for x in xs]
            return b.convert(b.emit(self, wide), dtype=dtype)
        return b.stablehlo.concatenate(*xs, dimension=self.axis)

    def fold(self, b, *xs):
        if len(xs) == 1:
            return xs[0]
        full = [x for x in xs if x.shape[self.axis] != 0]
        if full and len(full) < len(xs):
            return b.concatenate(*full, axis=self.axis)
        return None

    samples = cases(
        ((((3,), "float32"), ((2,), "float32")), {"axis": 0}),
        ((((2, 1), "int32"), ((2, 3), "int32"), ((2, 0), "int32")), {"axis": 1}),
        ((((2, 3), "complex64"),), {"axis": 0}),
    )

    def reference(self, *xs):
        return np.concatenate(xs, self.axis)
