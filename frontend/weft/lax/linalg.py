"""Factors of matrices and solutions of linear systems; matrices are the last two axes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import numpy as np

import weft_runtime
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.contraction import batch_matmul
from weft.lax.operands import class_of, rows


class EigImplementation(enum.Enum):
    """Whose routine `eig` calls."""

    CUSOLVER = "cusolver"
    MAGMA = "magma"
    LAPACK = "lapack"


class EighImplementation(enum.Enum):
    """The algorithm of `eigh`, where a backend has a choice."""

    QR = "qr"
    JACOBI = "jacobi"
    QDWH = "qdwh"


class SvdAlgorithm(enum.Enum):
    """The algorithm of `svd`: the CPU has DEFAULT (which is DIVIDE_AND_CONQUER) and QR."""

    DEFAULT = "default"
    QR = "QR"
    JACOBI = "Jacobi"
    POLAR = "polar"
    DIVIDE_AND_CONQUER = "divide_and_conquer"


_SVD_ROUTINES = {
    None: "gesdd",
    SvdAlgorithm.DEFAULT: "gesdd",
    SvdAlgorithm.DIVIDE_AND_CONQUER: "gesdd",
    SvdAlgorithm.QR: "gesvd",
}


def emit(name: str, *operands: Any, **attrs: Any) -> Any:
    """One op."""
    return bind(class_of(name).of(**attrs), *operands, weak_type=False)


def matrix(name: str, x: Any, *, square: bool = False) -> Any:
    """An argument that holds matrices."""
    value = as_value(x, what=f"{name}: an argument")
    if value.ndim < 2 or (square and value.shape[-1] != value.shape[-2]):
        what = "square matrices" if square else "matrices"
        raise ValueError(
            explain(f"lax.linalg.{name}: takes {what} in the last two axes", rows((value,), ("x",)))
        )
    if value.dtype.name not in ("float32", "float64", "complex64", "complex128"):
        hint = "lax.convert_element_type(x, float32)"
        raise NotImplementedError(
            explain(
                f"lax.linalg.{name}: not for {value.dtype}, only single and double precision",
                rows((value,), ("x",)),
                hint,
            )
        )
    return value


def on_host(name: str) -> None:
    """Fails on backends without LAPACK."""
    backend = weft_runtime.default_backend()
    if backend != "cpu":
        raise NotImplementedError(
            f"lax.linalg.{name}: runs on the CPU only, the default backend is {backend}\n"
            '  try with weft.default_device(weft.devices("cpu")[0])'
        )


def conj(x: Any) -> Any:
    """Complex conjugate; real numbers as they are."""
    return emit("conj", x) if x.dtype.kind == "c" else x


def flipped(x: Any) -> Any:
    """The transposed matrices."""
    n = x.ndim
    return emit("transpose", x, permutation=(*range(n - 2), n - 1, n - 2))


def adjoint(x: Any) -> Any:
    """The conjugate transposes."""
    return conj(flipped(x))


def symmetrized(x: Any) -> Any:
    """(x + x^H) / 2."""
    return (x + adjoint(x)) * 0.5


@library("x")
def cholesky(x: Any, *, symmetrize_input: bool = True) -> Any:
    """The lower triangular L with L L^H = x; nan where x is not positive definite.

    With `symmetrize_input`, x counts as (x + x^H) / 2; else only its lower triangle is read, and slopes are
    with respect to that.

    Shapes: x[..., n, n] -> [..., n, n].
    """
    value = matrix("cholesky", x, square=True)
    return emit("cholesky", symmetrized(value) if symmetrize_input else value)


@library("r_matrix", "w_vector")
def cholesky_update(r_matrix: Any, w_vector: Any) -> Any:
    """The upper triangular factor of R^T R + w w^T for upper triangular R.

    Shapes: r_matrix[n, n], w_vector[n] -> [n, n].
    """
    r, w = matrix("cholesky_update", r_matrix, square=True), as_value(w_vector)
    if r.ndim != 2 or w.shape != r.shape[:1]:
        message = "lax.linalg.cholesky_update: takes one square matrix and a vector of its size"
        raise ValueError(explain(message, rows((r, w), ("r_matrix", "w_vector"))))
    # R^T R + w w^T = M^T M for R with the row w below, and the factor is the triangle of M = Q T.
    below = emit("concatenate", r, emit("reshape", w, shape=(1, w.shape[0])), axis=0)
    triangle = qr(below, full_matrices=False)[1]
    signs = emit("sign", _diagonal(triangle))
    return triangle * emit("broadcast_in_dim", signs, shape=r.shape, dims=(0,))


def _diagonal(x: Any) -> Any:
    n = x.shape[-1]
    flat = emit("reshape", x, shape=(n * n,))
    return emit("slice", flat, start=(0,), limit=(n * n,), strides=(n + 1,))


@library("a", "b")
def triangular_solve(
    a: Any,
    b: Any,
    *,
    left_side: bool = False,
    lower: bool = False,
    transpose_a: bool = False,
    conjugate_a: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    """The x with op(a) x = b (`left_side`) or x op(a) = b, of which one triangle of a is read.

    op transposes and conjugates as told. `b` may lack its last axis, if left_side.

    Shapes: a[..., n, n], b[..., n, m] -> like b.
    """
    x, y = matrix("triangular_solve", a, square=True), as_value(b)
    is_vector = left_side and y.ndim == x.ndim - 1
    if is_vector:
        y = emit("reshape", y, shape=(*y.shape, 1))
    if conjugate_a and not transpose_a:
        x = conj(x)
    turn = "NO_TRANSPOSE" if not transpose_a else "ADJOINT" if conjugate_a else "TRANSPOSE"
    made = emit(
        "triangular_solve",
        x,
        y,
        left_side=left_side,
        is_lower=lower,
        transpose_a=turn,
        unit_diagonal=unit_diagonal,
    )
    return emit("reshape", made, shape=made.shape[:-1]) if is_vector else made


def lu(x: Any) -> tuple[Any, Any, Any]:
    """Factors of x with rows permuted: L (with ones on its diagonal, not stored) and U in one matrix.

    Returns (factors, pivots, permutation): row i was exchanged with row pivots[i], in order; x[permutation] = L U.
    """
    on_host("lu")
    return emit("lu", matrix("lu", x))


def lu_pivots_to_permutation(pivots: Any, permutation_size: int) -> Any:
    """The permutation that comes of exchanging row i with row pivots[i], in order."""
    value = convert(as_value(pivots), np.dtype(np.int32), False)
    return emit("lu_pivots_to_permutation", value, permutation_size=permutation_size)


def householder_product(a: Any, taus: Any) -> Any:
    """The first columns of the product of reflections, packed as `hessenberg` and LAPACK's geqrf leave them."""
    on_host("householder_product")
    return emit("householder_product", matrix("householder_product", a), as_value(taus))


def ormqr(a: Any, taus: Any, c: Any, *, left: bool = True, transpose: bool = False) -> Any:
    """c times the product Q of reflections (as packed by geqrf): Q c, or c Q; with `transpose`, its adjoint."""
    on_host("ormqr")
    operands = matrix("ormqr", a), as_value(taus), matrix("ormqr", c)
    return emit("ormqr", *operands, left=left, adjoint=transpose)


def geqrf(a: Any) -> tuple[Any, Any]:
    """QR factors as LAPACK packs them, and the scales of the reflections."""
    on_host("qr")
    return emit("geqrf", matrix("qr", a))


def qr(
    x: Any, *, pivoting: bool = False, full_matrices: bool = True, use_magma: bool | None = None
) -> tuple[Any, ...]:
    """Orthonormal Q and upper triangular R with x = Q R; Q is square if `full_matrices`.

    With `pivoting`, x[:, p] = Q R with falling diagonal of R, and p comes third.
    """
    on_host("qr")
    _no_magma("qr", use_magma)
    return emit("qr", matrix("qr", x), full_matrices=full_matrices, pivoting=pivoting)


def _no_magma(name: str, use_magma: bool | None) -> None:
    if use_magma:
        raise NotImplementedError(f"lax.linalg.{name}: MAGMA is for GPUs, and weft does not use it")


@library("x")
def eigh(
    x: Any,
    *,
    lower: bool = True,
    symmetrize_input: bool = True,
    sort_eigenvalues: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    implementation: EighImplementation | None = None,
) -> tuple[Any, Any]:
    """Orthonormal eigenvectors (columns) and eigenvalues, ascending, of Hermitian x.

    With `symmetrize_input`, x counts as (x + x^H) / 2; else one triangle is read.
    """
    on_host("eigh")
    value = matrix("eigh", x, square=True)
    if subset_by_index not in (None, (0, value.shape[-1])):
        raise NotImplementedError(
            f"lax.linalg.eigh: subset_by_index {subset_by_index} is not supported; all or none"
        )
    if implementation not in (None, EighImplementation.QR):
        raise NotImplementedError(f"lax.linalg.eigh: the CPU has no {implementation}; try QR, or None")
    return emit("eigh", symmetrized(value) if symmetrize_input else value, is_lower=lower)


def eig(
    x: Any,
    *,
    compute_left_eigenvectors: bool = True,
    compute_right_eigenvectors: bool = True,
    enable_eigvec_derivs: bool = False,
    implementation: EigImplementation | None = None,
    use_magma: bool | None = None,
) -> list[Any]:
    """Eigenvalues, then left and right eigenvectors (columns) as asked for, of general square x; all complex.

    Vectors have length 1 and a real largest component; `enable_eigvec_derivs` gives slopes that rest on this,
    valid where eigenvalues are distinct and no two components tie. Slopes of the values need no flag.
    """
    on_host("eig")
    _no_magma("eig", use_magma)
    if implementation not in (None, EigImplementation.LAPACK):
        raise NotImplementedError(f"lax.linalg.eig: the CPU has no {implementation}; try LAPACK, or None")
    made = emit(
        "eig",
        matrix("eig", x, square=True),
        left=compute_left_eigenvectors,
        right=compute_right_eigenvectors,
        vector_slopes=enable_eigvec_derivs,
    )
    return list(made)


def svd(
    x: Any,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    algorithm: SvdAlgorithm | None = None,
) -> Any:
    """U, s and V^H with x = U diag(s) V^H, s in falling order; only s without `compute_uv`.

    U and V^H are square if `full_matrices`.
    """
    on_host("svd")
    value = matrix("svd", x)
    if subset_by_index not in (None, (0, min(value.shape[-2:]))):
        raise NotImplementedError(
            f"lax.linalg.svd: subset_by_index {subset_by_index} is not supported; all or none"
        )
    if algorithm not in _SVD_ROUTINES:
        raise NotImplementedError(f"lax.linalg.svd: the CPU has no {algorithm}; try DEFAULT or QR")
    routine = _SVD_ROUTINES[algorithm]
    made = emit("svd", value, full_matrices=full_matrices, compute_uv=compute_uv, algorithm=routine)
    if not compute_uv:
        return made[0]
    s, u, vh = made
    return u, s, vh


def schur(
    x: Any,
    *,
    compute_schur_vectors: bool = True,
    sort_eig_vals: bool = False,
    select_callable: Callable[..., Any] | None = None,
) -> tuple[Any, ...]:
    """T and Z with x = Z T Z^H, T (quasi-)triangular, Z unitary; only T without `compute_schur_vectors`."""
    if sort_eig_vals or select_callable is not None:
        raise NotImplementedError("lax.linalg.schur: eigenvalues come unsorted")
    on_host("schur")
    return emit("schur", matrix("schur", x, square=True), compute_vectors=compute_schur_vectors)


def hessenberg(a: Any) -> tuple[Any, Any]:
    """Q^H a Q with zeros two below the diagonal, where the reflections of Q are packed; and their scales."""
    on_host("hessenberg")
    return emit("hessenberg", matrix("hessenberg", a, square=True))


def tridiagonal(a: Any, *, lower: bool = True) -> tuple[Any, Any, Any, Any]:
    """T = Q^H a Q for Hermitian a: T with reflections packed, its diagonal, the one beside it, and the scales."""
    on_host("tridiagonal")
    return emit("tridiagonal", matrix("tridiagonal", a, square=True), is_lower=lower)


def tridiagonal_solve(dl: Any, d: Any, du: Any, b: Any, *, perturb_singular: bool = False) -> Any:
    """The x with A x = b for tridiagonal A with d on, dl below (dl[0] unused) and du above (du[-1] unused)."""
    if perturb_singular:
        raise NotImplementedError("lax.linalg.tridiagonal_solve: perturb_singular is not supported")
    on_host("tridiagonal_solve")
    return emit("tridiagonal_solve", *[as_value(v) for v in (dl, d, du, b)])


@library("a_matrix", "c_matrix")
def symmetric_product(
    a_matrix: Any, c_matrix: Any, *, alpha: float = 1.0, beta: float = 0.0, symmetrize_output: bool = False
) -> Any:
    """alpha a a^T + beta c, for symmetric c; with `symmetrize_output` symmetric to the last bit.

    Shapes: a_matrix[..., n, k], c_matrix[..., n, n] -> [..., n, n].
    """
    a, c = matrix("symmetric_product", a_matrix), matrix("symmetric_product", c_matrix, square=True)
    made = batch_matmul(a, flipped(a), "highest") * alpha + c * beta
    if not symmetrize_output:
        return made
    row, column = [emit("iota", shape=c.shape[-2:], dtype=np.dtype(np.int32), dimension=i) for i in (0, 1)]
    is_below = broadcast_to(emit("compare", row, column, direction="GE"), made.shape)
    return emit("select", is_below, made, flipped(made))


@library("x")
def qdwh(
    x: Any,
    *,
    is_hermitian: bool = False,
    max_iterations: int | None = None,
    eps: float | None = None,
    dynamic_shape: tuple[int, int] | None = None,
) -> tuple[Any, Any, Any, Any]:
    """The polar factors x = U H, U with orthonormal columns and H Hermitian; iterations, and whether they met.

    Both come from the singular vectors, so there are no iterations to bound.
    """
    if dynamic_shape is not None:
        raise NotImplementedError("lax.linalg.qdwh: dynamic_shape is not supported")
    value = matrix("qdwh", x)
    if value.ndim != 2 or value.shape[0] < value.shape[1]:
        message = "lax.linalg.qdwh: takes one matrix with at least as many rows as columns"
        raise ValueError(explain(message, rows((value,), ("x",))))
    u, s, vh = svd(value, full_matrices=False)
    scaled = convert(emit("broadcast_in_dim", s, shape=vh.shape, dims=(0,)), vh.dtype, False) * vh
    h = symmetrized(batch_matmul(adjoint(vh), scaled, "highest"))
    return batch_matmul(u, vh, "highest"), h, as_value(np.int32(0)), as_value(np.bool_(True))
