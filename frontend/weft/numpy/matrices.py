"""Matrices by pattern: identity, triangles, diagonals, Vandermonde; and grids of coordinates."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert, with_weak_type
from weft._tracing.trace import Tracer
from weft.numpy._arguments import array, arrays, axis_within, explicit_dtype, no_out
from weft.numpy._ops import (
    broadcast_in_dim,
    compare,
    constant,
    emit,
    iota,
    kind,
    like,
    ops,
    reshape_to,
    select,
    slice_axis,
    transpose_by,
)
from weft.numpy.creation import float_dtype, placed
from weft_compiler.symbolic import as_dim

_INT32 = np.dtype(np.int32)


def on_diagonal(shape: tuple[int, int], k: Any, direction: str = "EQ") -> Any:
    """Whether row + k is equal to (or compares otherwise with) the column; k a Python number or an array."""
    row, column = iota(shape, _INT32, 0), iota(shape, _INT32, 1)
    is_known = isinstance(k, int)
    offset = constant(k, shape, _INT32) if is_known else broadcast_to(convert(k, _INT32, False), shape)
    return compare(bind(ops.add, row, offset), column, direction)


def _offset(name: str, k: Any) -> Any:
    """Which diagonal: a Python number, or a traced integer where it is known only later."""
    if type(k) is Tracer:
        if k.ndim or kind(k) not in "iu":
            raise TypeError(f"{name}: k must be an integer scalar, got {k!r}")
        return k
    return operator.index(k)


def eye(N: int, M: int | None = None, k: Any = 0, dtype: Any = None, *, device: Any = None) -> Any:
    """An N by M matrix (N by N without M) with ones on the k-th diagonal, else zeros."""
    columns = N if M is None else M
    rows, columns = as_dim(N), as_dim(columns)
    for size in (rows, columns):
        if size < 0:
            raise ValueError(f"negative dimensions are not allowed, got {rows} and {columns}")
    return placed(_eye(_offset("eye", k), rows, columns, float_dtype(dtype, "eye")), device)


@library("k")
def _eye(k: Any, rows: int, columns: int, dtype: Any) -> Any:
    return convert(on_diagonal((rows, columns), k), dtype, False)


def identity(n: int, dtype: Any = None) -> Any:
    """The n by n matrix with ones on the diagonal, else zeros."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """An N by M matrix with ones on and below the k-th diagonal, else zeros."""
    columns = N if M is None else M
    return _tri(
        _offset("tri", k),
        as_dim(N),
        as_dim(columns),
        explicit_dtype(dtype, "tri") or np.dtype(np.float32),
    )


@library("k")
def _tri(k: Any, rows: int, columns: int, dtype: Any) -> Any:
    return convert(on_diagonal((rows, columns), k, "GE"), dtype, False)


def _triangle(name: str, m: Any, k: int, direction: str) -> Any:
    x = array(name, m)
    if x.ndim < 2:
        raise ValueError(f"Argument to jax.numpy.{name} must be at least 2D")
    mask = on_diagonal(x.shape[-2:], k, direction)
    return select(broadcast_to(mask, x.shape), x, like(x, 0))


@library("m")
def tril(m: Any, k: int = 0) -> Any:
    """The matrix with zeros above the k-th diagonal."""
    return _triangle("tril", m, k, "GE")


@library("m")
def triu(m: Any, k: int = 0) -> Any:
    """The matrix with zeros below the k-th diagonal."""
    return _triangle("triu", m, k, "LE")


@library("a")
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of the matrices along two axes, as the last axis."""
    x = array("diagonal", a)
    if x.ndim < 2:
        raise ValueError("diagonal requires an array of at least two dimensions.")
    i, j = axis_within(axis1, x.ndim), axis_within(axis2, x.ndim)
    if i == j:
        raise ValueError(f"axis1 and axis2 cannot be the same, got {axis1} and {axis2}")
    rest = tuple(n for n in range(x.ndim) if n not in (i, j))
    x = transpose_by(x, (*rest, i, j))
    return diagonal_of(x, offset)


def diagonal_of(x: Any, offset: int) -> Any:
    """The diagonal of the last two axes: every (columns + 1)-th element of the rows put end to end."""
    rows, columns = x.shape[-2:]
    first_row, first_column = max(-offset, 0), max(offset, 0)
    size = max(min(rows - first_row, columns - first_column), 0)
    lead = x.ndim - 2
    x = slice_axis(x, lead, min(first_row, rows), min(first_row, rows) + size)
    x = slice_axis(x, lead + 1, min(first_column, columns), min(first_column, columns) + size)
    flat = reshape_to(x, (*x.shape[:lead], size * size))
    if size < 2:
        return flat
    return slice_axis(flat, lead, 0, size * size, size + 1)


@library("v")
def diag(v: Any, k: int = 0) -> Any:
    """The k-th diagonal of a matrix, or the matrix that has a vector as its k-th diagonal."""
    x = array("diag", v)
    if x.ndim == 2:
        return diagonal_of(x, k)
    if x.ndim != 1:
        raise ValueError("diag input must be 1d or 2d")
    return diag_matrix(x, k)


def diag_matrix(x: Any, k: int) -> Any:
    """The matrix that has a vector as its k-th diagonal, else zeros."""
    n = x.shape[0] + abs(k)
    zero = constant(0, (), x.dtype, x.weak_type)
    padded = emit("pad", x, zero, low=(max(k, 0),), high=(max(-k, 0),), interior=(0,))
    columns = broadcast_in_dim(padded, (n, n), (1,))
    return select(on_diagonal((n, n), k), columns, like(columns, 0))


@library("v")
def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix that has the flattened input as its k-th diagonal."""
    x = array("diagflat", v)
    return with_weak_type(diag_matrix(reshape_to(x, (x.size,)), k), False)


@library("a")
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
) -> Any:
    """Sum along the diagonal of the matrices along two axes."""
    from weft.numpy.reductions import sum as sum_

    no_out("trace", out)
    return sum_(diagonal(a, offset, axis1, axis2), -1, dtype)


@library("x")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Columns are powers of a vector: the N-1-th to the 0-th, or the other way round."""
    from weft.numpy.arithmetic import power

    v = array("vander", x)
    if v.ndim != 1:
        raise ValueError("x must be a one-dimensional array")
    n = v.shape[0] if N is None else operator.index(N)
    if n < 0:
        raise ValueError("N must be nonnegative")
    exponents = iota((v.shape[0], n), v.dtype if kind(v) in "iu" else dtypes.default_int(), 1)
    if not increasing:
        exponents = bind(ops.sub, like(exponents, n - 1), exponents)
    return power(broadcast_in_dim(v, (v.shape[0], n), (0,)), exponents)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> list[Any]:
    """Coordinate arrays of the grid whose axes have these coordinates; with `sparse` of size 1 along the others."""
    if not copy:
        raise ValueError("jax.numpy.meshgrid only supports copy=True")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Valid values for indexing are 'xy' and 'ij', got {indexing}")
    return list(_meshgrid(list(arrays("meshgrid", *xi)), sparse, indexing))


@library("xi")
def _meshgrid(xi: list[Any], sparse: bool, indexing: str) -> Any:
    vectors = []
    for x in arrays("meshgrid", *xi):
        if x.ndim > 1:
            raise ValueError(f"Arguments to jax.numpy.meshgrid must be 0D or 1D, got shape {x.shape}")
        vectors.append(reshape_to(x, (x.size,)))
    order = list(range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    shape = [0] * len(order)
    for x, axis in zip(vectors, order, strict=True):
        shape[axis] = x.shape[0]
    made = []
    for x, axis in zip(vectors, order, strict=True):
        sizes = tuple(n if not sparse or i == axis else 1 for i, n in enumerate(shape))
        made.append(broadcast_in_dim(x, sizes, (axis,)))
    return made


def indices(dimensions: Any, dtype: Any = None, sparse: bool = False) -> Any:
    """Index along each axis of a grid of this shape: an array with these as its rows, or a tuple if `sparse`."""
    sizes = tuple(operator.index(n) for n in dimensions)
    target = explicit_dtype(dtype, "indices") or dtypes.default_int()
    return _indices(sizes, target, sparse)


@library()
def _indices(sizes: tuple[int, ...], dtype: Any, sparse: bool) -> Any:
    from weft.numpy.joining import stack

    if sparse:
        rank = len(sizes)
        shapes = [tuple(n if j == i else 1 for j in range(rank)) for i, n in enumerate(sizes)]
        return tuple(iota(shape, dtype, i) for i, shape in enumerate(shapes))
    if not sizes:
        return constant(0, (0,), dtype)
    return stack([iota(sizes, dtype, i) for i in range(len(sizes))])
