"""LU factors of matrices, and the permutation that their pivots stand for."""

import numpy as np

from weft_compiler.attributes import I64
from weft_compiler.avals import INT32, Aval
from weft_compiler.dialect.linalg_lapack import info_aval, lapack, nan_where_failed
from weft_compiler.dialect.linalg_matrices import (
    DTYPES,
    Stacked,
    aval_like,
    block,
    check_matrices,
    eye,
    matmul,
    padded,
    tril,
    triu,
    well_conditioned,
)
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Attr,
    Inexact,
    Integer,
    Operand,
    op,
)
from weft_compiler.dialect.samples import Sample


def permuted_rows(b, x, permutation):
    """Row permutation[i] of `x` as row i."""
    n = x.ndim
    lead = tuple(range(n - 2))
    return b.gather(
        x,
        b.reshape(permutation, shape=(*permutation.shape, 1)),
        offset_dims=(n - 1,),
        collapsed_slice_dims=(n - 2,),
        start_index_map=(n - 2,),
        operand_batching_dims=lead,
        start_indices_batching_dims=lead,
        slice_sizes=(*(1 for _ in lead), 1, x.shape[-1]),
        mode="promise_in_bounds",
    )


def solve(b, a, y):
    """The z with a z = y, for square a."""
    packed, _, permutation = b.lu(a)
    below = b.triangular_solve(
        packed, permuted_rows(b, y, permutation), left_side=True, is_lower=True, unit_diagonal=True
    )
    return b.triangular_solve(packed, below, left_side=True, is_lower=False)


@op("lu")
class Lu(Stacked):
    """Factors of x with rows permuted: x[permutation] = L U, L with ones on its diagonal.

    Results: L below the diagonal and U on and above it, in one matrix; pivots (row i was exchanged with row
    pivots[i], in order); the permutation.
    """

    x: Operand[Inexact]

    results = 3

    def infer(self, x):
        check_matrices(self, x)
        rows, columns = x.shape[-2:]
        return x, aval_like(x, (min(rows, columns),), INT32), aval_like(x, (rows,), INT32)

    def jvp(self, b, x, dx):
        # With M = L^-1 dx U^-1: dL = L stril(M), dU = triu(M) U, for L and U made square by ones.
        packed, _, permutation = b.out
        rows, columns = x.shape[-2:]
        k = min(rows, columns)
        left = tril(b, padded(b, block(b, packed, (0, rows), (0, k)), (0, 0), (0, rows - k)), -1)
        left = b.add(left, eye(b, left))
        right = triu(b, padded(b, block(b, packed, (0, k), (0, columns)), (0, 0), (columns - k, 0)))
        if columns > k:
            ones = eye(b, block(b, right, (k, columns), (k, columns)))
            right = b.add(right, padded(b, ones, (k, k), (0, 0)))
        change = permuted_rows(b, dx, permutation)
        change = b.triangular_solve(left, change, left_side=True, is_lower=True, unit_diagonal=True)
        change = b.triangular_solve(right, change, left_side=False, is_lower=False)
        return (
            b.add(matmul(b, left, tril(b, change, -1)), matmul(b, triu(b, change), right)),
            None,
            None,
        )

    def lower(self, b, x):
        rows = x.shape[-2]
        _, pivots, permutation = b.outs
        if not x.aval.size:
            order = b.iota(shape=permutation.shape, dtype=INT32, dimension=len(permutation.shape) - 1)
            return x, b.zeros(pivots), order
        packed, pivots, info = lapack(b, "getrf", (x,), (x.aval, pivots, info_aval(x)), x.ndim - 2)
        pivots = b.sub(pivots, 1)  # LAPACK counts from 1
        order = b.lu_pivots_to_permutation(pivots, permutation_size=rows)
        return nan_where_failed(b, info, packed, direction="GE"), pivots, order

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        made = [
            Sample((well_conditioned(shape, dtype)[..., ::-1, :].copy(),), tolerance=2.0)
            for dtype in DTYPES
            for shape in ((3, 3), (2, 3, 3), (0, 0))
        ]
        tall = well_conditioned((4, 4), "float32")
        return [
            *made,
            Sample((tall[:, :2].copy(),)),
            Sample((tall[:2].copy(),)),
            Sample((tall[:, :0].copy(),)),
        ]


@op("lu_pivots_to_permutation")
class LuPivotsToPermutation(Stacked):
    """The permutation that comes of exchanging row i with row pivots[i], in order."""

    pivots: Operand[Integer]
    permutation_size: Attr[I64]

    def infer(self, pivots):
        if pivots.dtype != INT32 or pivots.ndim < 1:
            self.fail(f"takes vectors of i32, got {pivots}")
        if self.permutation_size < pivots.shape[-1]:
            self.fail(f"permutation_size {self.permutation_size} is less than the {pivots.shape[-1]} pivots")
        return Aval.of((*pivots.shape[:-1], self.permutation_size), INT32)

    def lower(self, b, pivots):
        result = b.outs[0]
        order = b.iota(shape=result.shape, dtype=INT32, dimension=len(result.shape) - 1)
        if not pivots.aval.size:
            return order
        return _exchanged(b, order, pivots)

    def reference(self, pivots):
        made = np.empty((*pivots.shape[:-1], self.permutation_size), np.int32)
        for where in np.ndindex(pivots.shape[:-1]):
            order = np.arange(self.permutation_size)
            for i, j in enumerate(pivots[where]):
                order[[i, j]] = order[[j, i]]
            made[where] = order
        return made

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        return [
            Sample((np.array([2, 1, 2], np.int32),), {"permutation_size": 3}),
            Sample((np.array([[2, 4, 2], [0, 1, 3]], np.int32),), {"permutation_size": 5}),
            Sample((np.zeros((2, 0), np.int32),), {"permutation_size": 2}),
        ]


def _exchanged(b, order, pivots):
    """A loop over the pivots; element i and element pivots[i] change places."""
    count = pivots.shape[-1]
    last = order.ndim - 1
    places = b.iota(shape=order.shape, dtype=INT32, dimension=last)
    zero = b.constant(np.zeros((), np.int32))
    avals = (zero.aval, order.aval)
    ends = (order.shape[:-1], (*order.shape[:-1], 1))

    def goes_on(i, now):
        return [b.compare(i, count, direction="LT")]

    def at(values, i):
        starts = [zero] * last + [i]
        one = b.dynamic_slice(values, *starts, sizes=ends[1])
        return b.broadcast_in_dim(b.reshape(one, shape=ends[0]), shape=order.shape, dims=tuple(range(last)))

    def step(i, now):
        there = b.compare(places, at(pivots, i), direction="EQ")
        here = b.compare(places, b.broadcast_in_dim(i, shape=order.shape, dims=()), direction="EQ")
        found = b.reduce_sum(b.select(there, now, b.zeros(now.aval)), axes=(last,))
        found = b.broadcast_in_dim(found, shape=order.shape, dims=tuple(range(last)))
        moved = b.select(here, found, b.select(there, at(now, i), now))
        return [b.add(i, 1), moved]

    _, made = b.stablehlo.op("stablehlo.while", (zero, order), avals, 2)
    b.stablehlo.region(0, avals, goes_on)
    b.stablehlo.region(1, avals, step)
    return made
