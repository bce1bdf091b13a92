"""Sorting: elements put in order along an axis, and the k greatest.

Backends sort single integers by `<` several times faster than tuples by a comparison of ours. So keys become
integers of the same order, and what goes with them follows by index: argsort of a million f32 takes a quarter
of the time on a CPU.
"""

import numpy as np

from weft_compiler.attributes import I64, Flag
from weft_compiler.avals import FLOAT32, INT32, INT64, Aval, bit_width, whole_bytes
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    Anything,
    Attr,
    Op,
    Operand,
    Operands,
    OpTypeError,
    OpValueError,
    op,
)
from weft_compiler.dialect.samples import FLOATS, INTEGERS, cases


def take_along(b, x, indices, axis):
    """x[i, indices[i, j], k] at [i, j, k] for `axis` in the place of j; no index may be out of range."""
    others = tuple(i for i in range(x.ndim) if i != axis)
    return b.gather(
        x,
        b.reshape(indices, shape=(*indices.shape, 1)),
        offset_dims=(),
        collapsed_slice_dims=(axis,),
        start_index_map=(axis,),
        operand_batching_dims=others,
        start_indices_batching_dims=others,
        slice_sizes=(1,) * x.ndim,
        mode="promise_in_bounds",
    )


def _mirrored(b, bits):
    """Integers in the order of the floats whose bits they are, and back: negative ones count downwards."""
    magnitude = b.full(bits.aval, np.iinfo(bits.dtype).max)
    return b.select(b.compare(bits, 0, direction="LT"), b.xor(bits, magnitude), bits)


def _float_key(b, x, *, equal_zeros):
    """Integers in the order of floats, nan last."""
    x = b.select(b.compare(x, x, direction="NE"), b.full(x.aval, np.nan), x)
    if equal_zeros:
        zero = b.zeros(x.aval)
        x = b.select(b.compare(x, zero, direction="EQ"), zero, x)
    return _mirrored(b, b.bitcast_convert(x, dtype=np.dtype(f"int{8 * x.dtype.itemsize}")))


def _keys(b, x):
    """Integers of 32 or 64 bits whose lexicographic order is that of x: nan last, -0 equal to 0."""
    kind, width = x.aval.kind, x.dtype.itemsize
    if kind == "c":
        return _keys(b, b.real(x)) + _keys(b, b.imag(x))
    if kind == "f":
        key = _float_key(b, x if width > 1 else b.convert(x, dtype=FLOAT32), equal_zeros=True)
        return [key if width > 2 else b.convert(key, dtype=INT32)]
    if kind == "u" and width == 4:
        return [b.bitcast_convert(b.xor(x, b.full(x.aval, 1 << 31)), dtype=INT32)]
    return [x if width >= 4 else b.convert(x, dtype=INT32)]


@op("sort")
class Sort(Op):
    """All operands in the order of the first `num_keys` of them, compared one after the other, along `axis`.

    Floats are ordered -inf < … < 0 = -0 < … < inf < nan, complex numbers by real, then imaginary part. A
    single operand comes back with -0 before 0, and every nan the same. Equal ones stay in their order if
    `is_stable`.
    """

    xs: Operands[Anything]
    axis: Attr[I64]
    num_keys: Attr[I64] = 1
    is_stable: Attr[Flag] = True

    results = None

    def infer(self, *xs):
        if not xs:
            self.fail("needs at least one operand")
        for x in xs:
            if x.kind == "k":
                self.fail(f"keys have no order: {x}")
            if x.shape != xs[0].shape:
                self.fail(f"shapes differ: {', '.join(map(str, xs))}")
        if not 0 <= self.axis < xs[0].ndim:
            self.fail(f"axis {self.axis} is out of range for {xs[0]}")
        if not 1 <= self.num_keys <= len(xs):
            self.fail(f"num_keys {self.num_keys} must be between 1 and {len(xs)}, the number of operands")
        return xs

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        order = b.emit(self, (*xs, self._index(b, xs[0].aval)))[-1]
        return tuple(None if dx is None else take_along(b, dx, order, self.axis) for dx in dxs)

    def batch(self, b, *xs):
        return b.emit(self.replace(axis=self.axis + 1), [b.with_batch(x) for x in xs])

    def lower(self, b, *xs):
        if len(xs) == 1 and xs[0].aval.kind != "c":
            return (self._lower_one(b, xs[0]),)
        order = self._order(b, [key for x in xs[: self.num_keys] for key in _keys(b, x)])
        return tuple(take_along(b, x, order, self.axis) for x in xs)

    def _lower_one(self, b, x):
        if bit_width(x.dtype) == 2:
            return b.convert(self._lower_one(b, b.convert(x, dtype=whole_bytes(x.dtype))), dtype=x.dtype)
        if x.aval.kind != "f":
            return self._lower_together(b, (x,), ())[0]
        if x.dtype.itemsize == 1:
            return b.convert(self._lower_one(b, b.convert(x, dtype=FLOAT32)), dtype=x.dtype)
        (key,) = self._lower_together(b, (_float_key(b, x, equal_zeros=False),), ())
        return b.bitcast_convert(_mirrored(b, key), dtype=x.dtype)

    def _order(self, b, keys):
        """The permutation that sorts by all keys: for narrow ones a stable sort each, the last key first."""
        index = self._index(b, keys[0].aval)
        if index.dtype == INT64 or any(key.dtype != INT32 for key in keys):
            return self._lower_together(b, keys, (index,))[-1]
        order = None
        for key in reversed(keys):
            if order is not None:
                key = take_along(b, key, order, self.axis)
            step = self._order_of(b, key)
            order = step if order is None else take_along(b, order, step, self.axis)
        return order

    def _index(self, b, aval):
        """The place of each element along the axis."""
        wide = INT64 if aval.shape[self.axis] > np.iinfo(INT32).max else INT32
        return b.iota(shape=aval.shape, dtype=wide, dimension=self.axis)

    def _order_of(self, b, key):
        """The stable permutation of one 32-bit key: key and index sorted as one 64-bit number."""
        index = b.iota(shape=key.shape, dtype=INT64, dimension=self.axis)
        pair = b.add(b.mul(b.convert(key, dtype=INT64), 1 << 32), index)
        (pair,) = self._lower_together(b, (pair,), ())
        return b.convert(b.and_(pair, b.full(pair.aval, (1 << 32) - 1)), dtype=INT32)

    def _lower_together(self, b, keys, xs):
        """Keys and what goes with them by one StableHLO sort."""
        operands = (*keys, *xs)
        avals = [v.aval for v in operands]
        made = b.stablehlo.op(
            "stablehlo.sort", operands, avals, 1, dimension=self.axis, is_stable=self.is_stable
        )
        scalars = [a.with_shape(()) for a in avals for _ in range(2)]
        b.stablehlo.region(0, scalars, lambda *pairs: [_is_before(b, pairs[: 2 * len(keys)])])
        return made if isinstance(made, tuple) else (made,)

    def fold(self, b, *xs):
        return xs if xs[0].shape[self.axis] in (0, 1) else None

    def reference(self, *xs):
        keys = []
        for x in xs[: self.num_keys]:
            keys += [x.real, x.imag] if x.dtype.kind == "c" else [x]
        # NumPy knows the order of nan only among its own float dtypes.
        comparable = [k.astype(np.float64) if k.dtype.itemsize <= 2 else k for k in reversed(keys)]
        order = np.lexsort(comparable, self.axis)
        return tuple(np.take_along_axis(x, order, self.axis) for x in xs)

    transpose = NOT_LINEAR
    samples = cases(
        *[
            ((((6,), dtype),), {"axis": 0})
            for dtype in (*FLOATS, *INTEGERS, "complex64", "bool", "uint32", "float8_e4m3fn")
        ],
        ((((3, 4), "float32"),), {"axis": 0}),
        ((((3, 4), "float32"), ((3, 4), "int32")), {"axis": 1}),
        ((((5,), "int32"), ((5,), "float32"), ((5,), "bfloat16")), {"axis": 0, "num_keys": 2}),
        ((((2, 5), "float64"), ((2, 5), "float32")), {"axis": 1}),
        ((((5,), "uint8"), ((5,), "complex64")), {"axis": 0, "num_keys": 2, "is_stable": False}),
        ((((2, 0), "float32"), ((2, 0), "int32")), {"axis": 1}),
    )


def _is_before(b, pairs):
    """Whether the left elements of some pairs come before the right ones, lexicographically."""
    before = None
    for i in reversed(range(0, len(pairs), 2)):
        less = b.compare(pairs[i], pairs[i + 1], direction="LT")
        if before is not None:
            equal = b.compare(pairs[i], pairs[i + 1], direction="EQ")
            less = b.or_(less, b.and_(equal, before))
        before = less
    return before


@op("top_k")
class TopK(Op):
    """The k greatest elements along `axis` (-1: the last) in falling order, and their indices as int32.

    Equal ones come in the order of their indices; nan (with positive sign) counts as greatest.
    """

    x: Operand[Anything]
    k: Attr[I64]
    axis: Attr[I64] = -1

    results = 2

    def infer(self, x):
        if x.kind in "ck":
            self.fail(f"{x} has no order", OpValueError)
        if not x.ndim:
            self.fail(f"needs an axis to look along, got {x}", OpTypeError)
        if not -1 <= self.axis < x.ndim:
            self.fail(f"axis {self.axis} is out of range for {x}", OpValueError)
        axis = self.axis_of(x)
        if not 0 <= self.k <= x.shape[axis]:
            self.fail(
                f"k {self.k} must be between 0 and {x.shape[axis]}, the size of axis {axis} of {x}",
                OpValueError,
            )
        shape = (*x.shape[:axis], self.k, *x.shape[axis + 1 :])
        return x.with_shape(shape), Aval.of(shape, INT32)

    def axis_of(self, x):
        """The axis, counted from 0."""
        return self.axis if self.axis >= 0 else x.ndim - 1

    def jvp(self, b, x, dx):
        return take_along(b, dx, b.out[1], self.axis_of(x)), None

    def batch(self, b, x):
        return b.emit(self if self.axis < 0 else self.replace(axis=self.axis + 1), (x,))

    def lower(self, b, x):
        axis, wide = self.axis_of(x), whole_bytes(x.dtype)
        if wide != x.dtype:
            values, indices = b.emit(self, (b.convert(x, dtype=wide),))
            return b.convert(values, dtype=x.dtype), indices
        if axis == x.ndim - 1:
            return b.stablehlo.op("chlo.top_k", (x,), b.outs, k=self.k)
        order = (*(i for i in range(x.ndim) if i != axis), axis)
        back = (*range(axis), x.ndim - 1, *range(axis, x.ndim - 1))
        made = b.top_k(b.transpose(x, permutation=order), k=self.k)
        return tuple(b.transpose(v, permutation=back) for v in made)

    def reference(self, x):
        axis = self.axis_of(x)
        order = np.flip(x.shape[axis] - 1 - np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
        order = np.take(order, range(self.k), axis)
        return np.take_along_axis(x, order, axis), order.astype(np.int32)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD
    samples = cases(
        *[((((6,), dtype),), {"k": 3}) for dtype in (*FLOATS, *INTEGERS)],
        ((((2, 5), "float32"),), {"k": 5}),
        ((((4, 2, 3), "float32"),), {"k": 2, "axis": 0}),
        ((((2, 3), "int32"),), {"k": 0}),
        ((((0, 3), "float32"),), {"k": 1}),
    )
