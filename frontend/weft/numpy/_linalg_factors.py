"""Factors and eigenvalues: what `weft.numpy.linalg` has of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft._tracing.library import library
from weft.lax import linalg as factors
from weft.numpy._linalg_solving import matrices, square
from weft.numpy._ops import transpose_by
from weft.numpy.arithmetic import abs as abs_
from weft.numpy.shapes import flip
from weft.numpy.sorting import argsort
from weft.numpy.taking import take_along_axis


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class EigResult(NamedTuple):
    """Eigenvalues, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """Orthonormal columns and an upper triangular matrix."""

    Q: Any
    R: Any


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values, right singular vectors as conjugated rows."""

    U: Any
    S: Any
    Vh: Any


@library("a")
def cholesky(a: Any, *, upper: bool = False, symmetrize_input: bool = True) -> Any:
    """The lower triangular L with L L^H = a, or the upper triangular adjoint; nan if a is not positive definite."""
    x = square("cholesky", a)
    if upper and not symmetrize_input:
        x = factors.adjoint(x)  # of which the lower triangle says what the upper one of a does
    made = factors.cholesky(x, symmetrize_input=symmetrize_input)
    return factors.adjoint(made) if upper else made


@library("a")
def eigh(a: Any, UPLO: str | None = None, symmetrize_input: bool = True) -> EighResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors of Hermitian matrices."""
    if UPLO not in (None, "L", "U"):
        raise ValueError("UPLO must be one of None, 'L', or 'U'")
    x = square("eigh", a)
    v, w = factors.eigh(x, lower=UPLO != "U", symmetrize_input=symmetrize_input)
    return EighResult(w, v)


def eigvalsh(a: Any, UPLO: str | None = "L", *, symmetrize_input: bool = True) -> Any:
    """Eigenvalues of Hermitian matrices, ascending."""
    return eigh(a, UPLO, symmetrize_input)[0]


@library("a")
def eig(a: Any) -> EigResult:
    """Eigenvalues and right eigenvectors of square matrices, complex; only the values have slopes."""
    w, v = factors.eig(square("eig", a), compute_left_eigenvectors=False)
    return EigResult(w, v)


@library("a")
def eigvals(a: Any) -> Any:
    """Eigenvalues of square matrices, complex."""
    x = square("eigvals", a)
    return factors.eig(x, compute_left_eigenvectors=False, compute_right_eigenvectors=False)[0]


@library("a")
def qr(a: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and upper triangular R with a = Q R.

    mode: "reduced" (Q has as many columns as the smaller size), "complete" (Q is square), "r" (only R), or
    "raw" (LAPACK's packed factors, transposed, and the scales of its reflections).
    """
    x = matrices("qr", a)
    if mode == "raw":
        packed, taus = factors.geqrf(x)
        lead = tuple(range(packed.ndim - 2))
        return transpose_by(packed, (*lead, packed.ndim - 1, packed.ndim - 2)), taus
    if mode not in ("reduced", "r", "full", "complete"):
        raise ValueError(f"Unsupported QR decomposition mode '{mode}'")
    q, r = factors.qr(x, full_matrices=mode in ("full", "complete"))
    return r if mode == "r" else QRResult(q, r)


@library("a")
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    hermitian: bool = False,
    subset_by_index: tuple[int, int] | None = None,
) -> Any:
    """U, s and V^H with a = U diag(s) V^H and s falling; only s without `compute_uv`."""
    x = matrices("svd", a)
    if hermitian:
        return _hermitian_svd(square("svd", x), compute_uv)
    made = factors.svd(x, full_matrices=full_matrices, compute_uv=compute_uv, subset_by_index=subset_by_index)
    return SVDResult(*made) if compute_uv else made


def _hermitian_svd(x: Any, compute_uv: bool) -> Any:
    """By eigenvalues, whose signs go to the right vectors."""
    v, w = factors.eigh(x)
    order = flip(argsort(abs_(w), -1), -1)
    w = take_along_axis(w, order, -1)
    s = abs_(w)
    if not compute_uv:
        return s
    u = take_along_axis(v, order[..., None, :], -1)
    signs = (w >= 0) * 2 - 1
    return SVDResult(u, s, factors.adjoint(u * signs[..., None, :].astype(u.dtype)))


def svdvals(x: Any, /) -> Any:
    """Singular values in falling order."""
    return svd(x, False, False)
