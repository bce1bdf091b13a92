"""Matrices by pattern: what `weft.scipy.linalg` has of them."""

from __future__ import annotations

from typing import Any

import weft.numpy as wnp
from weft._tracing.library import library
from weft.numpy._arguments import array


@library("arrs")
def block_diag(*arrs: Any) -> Any:
    """Matrices along the diagonal, zeros elsewhere; vectors and scalars are matrices of one row."""
    blocks = [wnp.atleast_2d(array("block_diag", x, i)) for i, x in enumerate(arrs)] or [wnp.zeros((1, 0))]
    for i, x in enumerate(blocks):
        if x.ndim != 2:
            raise ValueError(
                f"Arguments to jax.scipy.linalg.block_diag must have at most 2 dimensions, got {x} at argument {i}."
            )
    dtype = wnp.result_type(*blocks)
    columns, before, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        rows.append(wnp.pad(x.astype(dtype), ((0, 0), (before, columns - before - x.shape[1]))))
        before += x.shape[1]
    return wnp.concatenate(rows, 0)


@library("c", "r")
def toeplitz(c: Any, r: Any = None) -> Any:
    """Constant diagonals: `c` is the first column, `r` the first row but for its first element (conj(c) if None)."""
    column = wnp.atleast_1d(array("toeplitz", c))
    row = wnp.conj(column) if r is None else wnp.atleast_1d(array("toeplitz", r, 1))
    n, m = column.shape[-1], row.shape[-1]
    if column.ndim > 1 or row.ndim > 1:
        return wnp.vectorize(toeplitz, signature="(n),(m)->(n,m)")(column, row)
    values = wnp.concatenate([wnp.flip(column), row[1:]])
    return values[_places(n, m, -1) + n - 1]


def _places(n: int, m: int, sign: int) -> Any:
    """column + sign * row."""
    return wnp.arange(m)[None, :] + sign * wnp.arange(n)[:, None]


@library("c", "r")
def hankel(c: Any, r: Any = None) -> Any:
    """Constant antidiagonals: `c` is the first column, `r` the last row but for its first element (0 if None)."""
    column = wnp.ravel(array("hankel", c))
    row = wnp.zeros_like(column) if r is None else wnp.ravel(array("hankel", r, 1))
    values = wnp.concatenate([column, row[1:]])
    return values[_places(column.shape[0], row.shape[0], 1)]


@library("c")
def circulant(c: Any) -> Any:
    """Each column is the one before, moved down by one place and around."""
    column = wnp.atleast_1d(array("circulant", c))
    n = column.shape[-1]
    return column[..., (-_places(n, n, -1)) % n]


@library()
def hilbert(n: int) -> Any:
    """1 / (i + j + 1) at row i and column j."""
    return 1.0 / (_places(n, n, 1) + 1.0)
