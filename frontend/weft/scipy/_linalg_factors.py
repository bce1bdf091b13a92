"""Factors of matrices and systems of equations: what `weft.scipy.linalg` has of them."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft.numpy as wnp
from weft._tracing.library import library
from weft.lax import linalg as factors
from weft.numpy import linalg
from weft.numpy._linalg_solving import matrices, promoted_pair, square, with_lead


def _lower_factor(x: Any, lower: bool) -> Any:
    """The Cholesky factor, of which only one triangle of x says what it is."""
    made = factors.cholesky(x if lower else factors.adjoint(x), symmetrize_input=False)
    return made if lower else factors.adjoint(made)


@library("a")
def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The upper triangular U with U^H U = a, or the lower triangular L with L L^H = a; nan where there is none."""
    return _lower_factor(square("cholesky", a), lower)


def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Any, bool]:
    """The Cholesky factor and `lower`, for `cho_solve`."""
    return cholesky(a, lower), lower


def cho_solve(
    c_and_lower: tuple[Any, bool], b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """The x with a x = b, by `cho_factor(a)`."""
    c, lower = c_and_lower
    return _cho_solve(c, b, bool(lower))


@library("c", "b")
def _cho_solve(c: Any, b: Any, lower: bool) -> Any:
    first = solve_triangular(c, b, 0 if lower else 2, lower)
    return solve_triangular(c, first, 2 if lower else 0, lower)


@library("a", "b")
def solve_triangular(
    a: Any,
    b: Any,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    debug: Any = None,
    check_finite: bool = True,
) -> Any:
    """The x with op(a) x = b for triangular a; op by `trans`: 0 or "N" none, 1 or "T" transpose, 2 or "C" adjoint."""
    turns = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}
    if trans not in turns:
        raise ValueError(f"Invalid 'trans' value {trans}")
    x, y = promoted_pair("solve_triangular", square("solve_triangular", a), b)
    is_vector = y.ndim == 1
    y = y[:, None] if is_vector else y
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    made = factors.triangular_solve(
        with_lead(x, lead),
        with_lead(y, lead),
        left_side=True,
        lower=lower,
        transpose_a=turns[trans] > 0,
        conjugate_a=turns[trans] == 2,
        unit_diagonal=unit_diagonal,
    )
    return made[..., 0] if is_vector else made


@library("a", "b")
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    debug: bool = False,
    check_finite: bool = True,
    assume_a: str = "gen",
) -> Any:
    """The x with a x = b; with assume_a="pos" by the Cholesky factor, of which one triangle of a is read."""
    if assume_a not in ("gen", "sym", "her", "pos"):
        raise ValueError(f"Expected assume_a to be one of ('gen', 'sym', 'her', 'pos'); got {assume_a!r}")
    if assume_a != "pos":
        return linalg.solve(a, b)
    x, y = promoted_pair("solve", square("solve", a), b)
    return _cho_solve(_lower_factor(x, lower), y, lower)


def inv(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The inverse of a square matrix."""
    return linalg.inv(a)


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The determinant of a square matrix."""
    return linalg.det(a)


@library("a")
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """Packed LU factors and pivots, for `lu_solve`."""
    packed, pivots, _ = factors.lu(matrices("lu_factor", a))
    return packed, pivots


@library("lu_and_piv", "b")
def lu_solve(
    lu_and_piv: tuple[Any, Any], b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """The x with op(a) x = b, by `lu_factor(a)`; op by `trans`: 0 none, 1 transpose, 2 adjoint."""
    packed, pivots = lu_and_piv
    if trans not in (0, 1, 2):
        raise ValueError(f"'trans' value must be 0, 1, or 2, got {trans}")
    x, y = promoted_pair("lu_solve", square("lu_solve", packed), b)
    is_vector = y.ndim == x.ndim - 1
    y = y[..., None] if is_vector else y
    order = factors.lu_pivots_to_permutation(pivots, x.shape[-1])
    if trans == 0:
        made = wnp.take_along_axis(y, order[..., None], -2)
        made = solve_triangular(x, made, 0, True, True)
        made = solve_triangular(x, made)
    else:
        made = solve_triangular(x, y, trans)
        made = solve_triangular(x, made, trans, True, True)
        made = wnp.take_along_axis(made, wnp.argsort(order, -1)[..., None], -2)
    return made[..., 0] if is_vector else made


@library("a")
def lu(a: Any, permute_l: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Permutation P, lower L with ones on its diagonal and upper U with a = P L U; P L and U if `permute_l`."""
    x = matrices("lu", a)
    packed, _, order = factors.lu(x)
    rows, columns = x.shape[-2:]
    k = min(rows, columns)
    lower = wnp.tril(packed[..., :k], -1) + wnp.eye(rows, k, dtype=x.dtype)
    upper = wnp.triu(packed[..., :k, :])
    # Row i of L is row order[i] of a.
    places = wnp.arange(rows, dtype=order.dtype)
    permutation = (order[..., None, :] == places[:, None]).astype(np.finfo(x.dtype).dtype)
    if permute_l:
        return wnp.matmul(permutation.astype(x.dtype), lower, precision="highest"), upper
    return permutation, lower, upper


@library("a")
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """Q and R with a = Q R; mode "full" (Q square), "economic" or "r" (only R). With `pivoting`, p comes last."""
    if mode not in ("full", "r", "economic"):
        raise ValueError(f"Unsupported QR decomposition mode '{mode}'")
    q, *rest = factors.qr(matrices("qr", a), pivoting=pivoting, full_matrices=mode != "economic")
    return tuple(rest) if mode == "r" else (q, *rest)


@library("a")
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """U, s and V^H with a = U diag(s) V^H; only s without `compute_uv`."""
    algorithms = {"gesdd": factors.SvdAlgorithm.DEFAULT, "gesvd": factors.SvdAlgorithm.QR}
    if lapack_driver not in algorithms:
        raise ValueError(f"lapack_driver must be 'gesdd' or 'gesvd', got {lapack_driver!r}")
    x = matrices("svd", a)
    how = algorithms[lapack_driver]
    return factors.svd(x, full_matrices=full_matrices, compute_uv=compute_uv, algorithm=how)


@library("a", "b")
def eigh(
    a: Any,
    b: Any = None,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    turbo: bool = True,
    eigvals: None = None,
    type: int = 1,
    check_finite: bool = True,
) -> Any:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix, of which one triangle is read."""
    if b is not None:
        raise NotImplementedError("Only the b=None case of eigh is implemented")
    if type != 1:
        raise NotImplementedError("Only the type=1 case of eigh is implemented.")
    if eigvals is not None:
        raise NotImplementedError("Only the eigvals=None case of eigh is implemented.")
    v, w = factors.eigh(square("eigh", a), lower=lower, symmetrize_input=False)
    return w if eigvals_only else (w, v)


@library("a")
def schur(a: Any, output: str = "real") -> tuple[Any, Any]:
    """T and Z with a = Z T Z^H; T of a real matrix is triangular only with output="complex"."""
    if output not in ("real", "complex"):
        raise ValueError(f"Expected 'output' to be either 'real' or 'complex', got output={output}.")
    x = square("schur", a)
    if output == "complex":
        x = x.astype(wnp.promote_types(x.dtype, np.complex64))
    return factors.schur(x)


@library("a")
def hessenberg(a: Any, *, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """H = Q^H a Q with zeros two below the diagonal; and Q if `calc_q`."""
    x = square("hessenberg", a)
    n = x.shape[-1]
    if n == 0:
        return (x, x) if calc_q else x
    packed, taus = factors.hessenberg(x)
    h = wnp.triu(packed, -1)
    if not calc_q:
        return h
    inner = factors.householder_product(packed[..., 1:, : n - 1], taus)
    lead = [(0, 0)] * (x.ndim - 2)
    corner = wnp.pad(wnp.ones((1, 1), x.dtype), ((0, n - 1), (0, n - 1)))
    return h, wnp.pad(inner, [*lead, (1, 0), (1, 0)]) + corner


@library("a")
def polar(
    a: Any,
    side: str = "right",
    *,
    method: str = "qdwh",
    eps: float | None = None,
    max_iterations: int | None = None,
) -> tuple[Any, Any]:
    """U with orthonormal columns (or rows) and P, positive semidefinite, with a = U P, or P U if side="left"."""
    x = matrices("polar", a)
    if x.ndim != 2:
        raise ValueError("The input `a` must be a 2-D array.")
    if side not in ("right", "left"):
        raise ValueError(f"The argument `side` must be either 'right' or 'left', got {side}.")
    if method not in ("qdwh", "svd"):
        raise ValueError(f"Unknown polar decomposition method {method}.")
    u, s, vh = factors.svd(x, full_matrices=False)
    unitary = wnp.matmul(u, vh, precision="highest")
    basis = factors.adjoint(vh) if side == "right" else u
    return unitary, wnp.matmul(basis * s.astype(x.dtype), factors.adjoint(basis), precision="highest")
