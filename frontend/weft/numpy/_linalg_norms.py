"""Norms, ranks and condition numbers: what `weft.numpy.linalg` has of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.library import library
from weft.numpy._arguments import array, axis_within, inexact
from weft.numpy._linalg_factors import eigvalsh, svdvals
from weft.numpy._linalg_solving import inv, matrices
from weft.numpy._ops import emit, kind
from weft.numpy.arithmetic import abs as abs_
from weft.numpy.reductions import max as max_
from weft.numpy.reductions import min as min_
from weft.numpy.reductions import sum as sum_
from weft.numpy.selection import where
from weft.numpy.shapes import expand_dims, moveaxis, ravel, reshape
from weft.numpy.transcendental import sqrt

Axis = int | Sequence[int] | None


def _length(x: Any, axis: Any, keepdims: bool) -> Any:
    """The square root of the sum of squares."""
    if kind(x) == "c":
        re, im = emit("real", x), emit("imag", x)
        return sqrt(sum_(re * re + im * im, axis, keepdims=keepdims))
    return sqrt(sum_(x * x, axis, keepdims=keepdims))


def _of_vectors(x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    if order is None or order == 2:
        return _length(x, axis, keepdims)
    if isinstance(order, str):
        raise ValueError(f"Invalid order '{order}' for vector norm.")
    if order == np.inf:
        return max_(abs_(x), axis, keepdims=keepdims)
    if order == -np.inf:
        return min_(abs_(x), axis, keepdims=keepdims)
    if order == 0:
        return sum_(x != 0, axis, dtype=abs_(x).dtype, keepdims=keepdims)
    if order == 1:
        return sum_(abs_(x), axis, keepdims=keepdims)
    return sum_(abs_(x) ** order, axis, keepdims=keepdims) ** (1.0 / order)


def _of_matrices(x: Any, order: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    row, column = axes
    if order is None or order in ("f", "fro"):
        return _length(x, axes, keepdims)
    if order in (1, -1, np.inf, -np.inf):
        summed, kept = (row, column) if abs(order) == 1 else (column, row)
        extreme = max_ if order > 0 else min_
        if not keepdims and kept > summed:
            kept -= 1
        return extreme(sum_(abs_(x), summed, keepdims=keepdims), kept, keepdims=keepdims)
    if order not in (2, -2, "nuc"):
        raise ValueError(f"Invalid order '{order}' for matrix norm.")
    s = svdvals(moveaxis(x, axes, (-2, -1)))
    made = sum_(s, -1) if order == "nuc" else max_(s, -1) if order == 2 else min_(s, -1)
    return expand_dims(made, axes) if keepdims else made


@library("x")
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of vectors (one axis) or matrices (two axes), or of all elements where nothing else is said.

    ord of vectors: a number p, inf, -inf, or 0 (elements that are not 0). ord of matrices: "fro" (None), "nuc",
    1, -1, 2, -2, inf or -inf.
    """
    value = inexact("norm", x)
    rank = value.ndim
    if axis is None:
        if ord is None:
            return _length(value, None, keepdims)
        places = tuple(range(rank))
    else:
        given = axis if isinstance(axis, (tuple, list)) else (axis,)
        places = tuple([axis_within(i, rank) for i in given])
    if len(places) == 1:
        return _of_vectors(value, ord, places[0], keepdims)
    if len(places) == 2:
        if places[0] == places[1]:
            raise ValueError(f"norm: duplicate axes given, {axis}")
        return _of_matrices(value, ord, (places[0], places[1]), keepdims)
    raise ValueError(f"Improper number of axes for norm: axis={places}. Pass one axis to compute a vector-norm, "
                     "or two axes to compute a matrix-norm.")  # fmt: skip


@library("x")
def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of vectors along axes, which count as one; of all elements by default."""
    value = inexact("vector_norm", x)
    rank = value.ndim
    given = tuple(range(rank)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    places = tuple([axis_within(i, rank) for i in given])
    if axis is None:
        made = _of_vectors(ravel(value), ord, 0, False)
    else:
        rest = [n for i, n in enumerate(value.shape) if i not in places]
        moved = moveaxis(value, places, tuple(range(rank - len(places), rank)))
        made = _of_vectors(reshape(moved, (*rest, -1)), ord, len(rest), False)
    return expand_dims(made, places) if keepdims else made


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of the matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)


@library("M", "rtol", "tol")
def matrix_rank(M: Any, rtol: Any = None, *, hermitian: bool = False, tol: Any = None) -> Any:
    """The number of singular values above `rtol` times the greatest, or above `tol`."""
    if tol is not None and rtol is not None:
        raise ValueError("matrix_rank: only one of tol or rtol may be specified.")
    x = inexact("matrix_rank", M)
    if x.ndim < 2:
        return (x != 0).any().astype(dtypes.default_int())
    s = abs_(eigvalsh(x)) if hermitian else svdvals(x)
    if tol is not None:
        limit = array("matrix_rank", tol)[..., None]
    else:
        share = float(dtypes.finfo(x.dtype).eps) * max(x.shape[-2:]) if rtol is None else rtol
        share = share if rtol is None else array("matrix_rank", rtol)[..., None]
        limit = max_(s, -1, keepdims=True) * share
    return sum_(s > limit, -1)


@library("x")
def cond(x: Any, p: Any = None) -> Any:
    """The condition number: the norm of a matrix times that of its inverse; by default the 2-norm."""
    value = inexact("cond", x)
    if value.ndim < 2:
        raise ValueError(f"jnp.linalg.cond: input array must be at least 2D; got arr.shape={value.shape}")
    value = matrices("cond", value)
    if p is None or p in (2, -2):
        s = svdvals(value)
        made = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        return made
    if value.shape[-1] != value.shape[-2]:
        raise ValueError(f"jnp.linalg.cond: for p={p}, array must be square; got arr.shape={value.shape}")
    made = norm(value, p, (-2, -1)) * norm(inv(value), p, (-2, -1))
    has_nan = (value != value).any((-2, -1))
    return where((made != made) & ~has_nan, np.inf, made)
