"""Matrices in rules: products, triangles and diagonals of the last two axes; and what these ops share."""

import numpy as np

from weft_compiler.avals import INT32, Aval
from weft_compiler.dialect.op import Op
from weft_compiler.dialect.samples import random_array

DTYPES = ("float32", "float64", "complex64", "complex128")
REAL = {"complex64": np.dtype(np.float32), "complex128": np.dtype(np.float64)}
COMPLEX = {"float32": np.dtype(np.complex64), "float64": np.dtype(np.complex128)}


class Stacked(Op):
    """An op on matrices in the last two axes; the axes before number them, so a batch is one more of these."""

    def batch(self, b, *xs):
        return b.emit(self, [b.with_batch(x) for x in xs])


def check_matrices(inst, *xs):
    """Fails unless every operand holds matrices of a dtype that LAPACK has."""
    for x in xs:
        if x.dtype.name not in DTYPES:
            inst.fail(f"takes f32, f64, c64 or c128, got {x}")
        if x.ndim < 2:
            inst.fail(f"takes matrices in the last two axes, got {x}")


def check_square(inst, x):
    """Fails unless `x` holds square matrices."""
    check_matrices(inst, x)
    if x.shape[-1] != x.shape[-2]:
        inst.fail(f"takes square matrices, got {x}")


def real_dtype(x):
    """The dtype of the absolute values."""
    return REAL.get(x.dtype.name, x.dtype)


def complex_dtype(x):
    """The complex dtype of the same width."""
    return COMPLEX.get(x.dtype.name, x.dtype)


def as_complex(b, x):
    """The same values as complex numbers."""
    return x if x.aval.kind == "c" else b.complex(x, b.zeros(x.aval))


def matmul(b, x, y):
    """Products of matrices, one for each index of the axes before the last two."""
    lead = tuple(range(x.ndim - 2))
    return b.dot_general(
        x,
        y,
        lhs_batch=lead,
        rhs_batch=lead,
        lhs_contract=(x.ndim - 1,),
        rhs_contract=(y.ndim - 2,),
        precision="HIGHEST",
    )


def conj(b, x):
    """Complex conjugate; real numbers as they are."""
    return b.conj(x) if x.aval.kind == "c" else x


def flipped(b, x):
    """Rows as columns."""
    n = x.ndim
    return b.transpose(x, permutation=(*range(n - 2), n - 1, n - 2))


def adjoint(b, x):
    """Conjugate transpose."""
    return conj(b, flipped(b, x))


def _below(b, x, k, direction):
    """Where row + k compares with the column, in the shape of `x`."""
    square = x.aval.with_shape(x.shape[-2:])
    row = b.iota(shape=square.shape, dtype=INT32, dimension=0)
    column = b.iota(shape=square.shape, dtype=INT32, dimension=1)
    mask = b.compare(b.add(row, k) if k else row, column, direction=direction)
    if x.ndim == 2:
        return mask
    return b.broadcast_in_dim(mask, shape=x.shape, dims=(x.ndim - 2, x.ndim - 1))


def tril(b, x, k=0):
    """Zeros above the k-th diagonal."""
    return b.select(_below(b, x, k, "GE"), x, b.zeros(x.aval))


def triu(b, x, k=0):
    """Zeros below the k-th diagonal."""
    return b.select(_below(b, x, k, "LE"), x, b.zeros(x.aval))


def triangle(b, x, lower, k=0):
    """The lower or upper triangle without the k diagonals next to the main one, this included."""
    return tril(b, x, -k) if lower else triu(b, x, k)


def on_diagonal(b, x):
    """The main diagonal, zeros elsewhere."""
    return b.select(_below(b, x, 0, "EQ"), x, b.zeros(x.aval))


def eye(b, like):
    """Identity matrices in the shape and dtype of `like`."""
    return b.select(_below(b, like, 0, "EQ"), b.full(like.aval, 1), b.zeros(like.aval))


def half_triangle(b, x, lower=True):
    """The lower or upper triangle, with half of the diagonal."""
    kept = triangle(b, x, lower)
    return b.sub(kept, b.mul(on_diagonal(b, x), 0.5))


def hermitian_of(b, x, lower=True):
    """The Hermitian matrix of which one triangle is given; what the other holds does not matter."""
    half = half_triangle(b, x, lower)
    return b.add(half, adjoint(b, half))


def diagonal(b, x):
    """The main diagonals of square matrices, as the last axis."""
    return b.reduce_sum(on_diagonal(b, x), axes=(x.ndim - 1,))


def along_rows(b, d, shape):
    """d[..., j] at [..., i, j]."""
    n = len(shape)
    return b.broadcast_in_dim(d, shape=shape, dims=(*range(n - 2), n - 1))


def along_columns(b, d, shape):
    """d[..., i] at [..., i, j]."""
    n = len(shape)
    return b.broadcast_in_dim(d, shape=shape, dims=tuple(range(n - 1)))


def block(b, x, rows, columns):
    """Rows from rows[0] to below rows[1], and columns likewise."""
    lead = x.shape[:-2]
    return b.slice(
        x,
        start=(*(0 for _ in lead), rows[0], columns[0]),
        limit=(*lead, rows[1], columns[1]),
        strides=(1,) * x.ndim,
    )


def padded(b, x, low, high):
    """Zeros put around matrices: (rows, columns) before and behind."""
    lead = (0,) * (x.ndim - 2)
    zero = b.zeros(x.aval.with_shape(()))
    return b.pad(x, zero, low=(*lead, *low), high=(*lead, *high), interior=(0,) * x.ndim)


def matrices_of(shape, last):
    """The aval shape of other matrices or vectors with the same leading axes."""
    return (*shape[:-2], *last)


def aval_like(x, last, dtype=None):
    """The aval of matrices or vectors that belong to those of `x`."""
    return Aval.of(matrices_of(x.shape, last), dtype or x.dtype)


# Sample operands. Batches reverse the elements of a sample, so these stay of their kind when turned round.


def well_conditioned(shape, dtype, seed=0):
    """Square matrices far from singular."""
    n = shape[-1]
    scale = np.arange(1, n + 1) + 2.0 * n
    return (random_array(shape, dtype, -1.0, 1.0, seed) + np.diag(scale)).astype(dtype)


def positive_definite(shape, dtype):
    """Hermitian positive definite matrices."""
    x = well_conditioned(shape, dtype) / max(shape[-1], 1)
    return np.asarray(x @ np.conj(np.swapaxes(x, -1, -2))).astype(dtype)
