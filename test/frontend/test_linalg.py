"""Linear algebra against NumPy, and against JAX where it is installed: values, slopes, batches, mistakes."""

import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft.lax import linalg as lax_linalg
from weft.numpy import linalg

RNG = np.random.default_rng(5)
A = (RNG.normal(size=(2, 4, 4)) + 3 * np.eye(4)).astype(np.float32)
S = (A @ A.swapaxes(-1, -2)).astype(np.float32)
TALL = RNG.normal(size=(2, 5, 3)).astype(np.float32)
C = (A + 1j * RNG.normal(size=A.shape)).astype(np.complex64)
ONE = [A[0], TALL[0]]


def close(got, want, slack=2e-4):
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            close(g, w, slack)
        return
    want = np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(np.asarray(got), want, rtol=slack, atol=slack)


CASES = {
    "cholesky": [(S,)],
    "det": [(A,), (A[:, :3, :3],), (A[:, :2, :2],), (C,)],
    "slogdet": [(A,), (C,)],
    "inv": [(A,), (C,)],
    "eigvalsh": [(S,)],
    "svdvals": [(TALL,), (C,)],
    "pinv": [(TALL,), (TALL.swapaxes(-1, -2).copy(),), (C,)],
    "matrix_rank": [(A,), (np.ones((3, 3), np.float32),)],
    "cond": [(A,), (A, 1), (A, -2), (A, "fro")],
    "matrix_power": [(A, 3), (A, -2), (A, 0)],
    "norm": [(TALL,), (TALL[0], 1), (TALL[0], "nuc"), (TALL[0], -2), (TALL, np.inf, 1), (TALL, 3, 2)]
    + [(TALL, p, (0, 2)) for p in (1, -1, 2, np.inf, -np.inf, "fro")],
    "vector_norm": [(TALL,)],
    "matrix_norm": [(TALL,)],
    "matrix_transpose": [(TALL,)],
    "trace": [(A,)],
    "diagonal": [(A,)],
    "outer": [(A[0, 0], A[0, 1])],
    "cross": [(TALL, TALL[:, ::-1].copy())],
    "tensorinv": [(RNG.normal(size=(2, 3, 6)).astype(np.float32),)],
    "tensorsolve": [(RNG.normal(size=(2, 3, 6)).astype(np.float32), np.ones((2, 3), np.float32))],
    "multi_dot": [([A[0], A[1], TALL[0, :4]],), ([A[0, 0], A[1], A[0, 1]],)],
    "solve": [(A, TALL[:, :4]), (A[0], A[1, 0]), (C, TALL[:, :4])],
}


@pytest.mark.parametrize("name", CASES)
def test_against_numpy(name):
    for args in CASES[name]:
        ours = [
            wnp.asarray(a)
            if isinstance(a, np.ndarray)
            else [wnp.asarray(x) for x in a]
            if type(a) is list
            else a
            for a in args
        ]
        close(getattr(linalg, name)(*ours), getattr(np.linalg, name)(*args), 1e-3)


@pytest.mark.parametrize(
    "x", [A, TALL, C, TALL.swapaxes(-1, -2).copy()], ids=["square", "tall", "complex", "wide"]
)
def test_factors_multiply_to_the_matrix(x):
    value = wnp.asarray(x)
    for full in (False, True):
        u, s, vh = linalg.svd(value, full_matrices=full)
        k = s.shape[-1]
        close(wnp.matmul(u[..., :k] * s[..., None, :], vh[..., :k, :]), x)
        q, r = linalg.qr(value, "complete" if full else "reduced")
        close(wnp.matmul(q, r), x)
    packed, pivots, permutation = lax_linalg.lu(value)
    k = min(x.shape[-2:])
    lower = np.tril(np.asarray(packed), -1)[..., :k] + np.eye(x.shape[-2], k)
    close(
        wnp.asarray(lower.astype(x.dtype)) @ wnp.triu(packed)[..., :k, :],
        np.take_along_axis(x, np.asarray(permutation)[..., None], -2),
    )
    assert pivots.shape[-1] == k


def test_eigenvectors():
    w, v = linalg.eigh(wnp.asarray(S))
    close(wnp.matmul(wnp.asarray(S), v), np.asarray(v) * np.asarray(w)[..., None, :], 1e-3)
    for x in (A, C):
        w, v = linalg.eig(wnp.asarray(x))
        close(
            wnp.matmul(wnp.asarray(x.astype(np.complex64)), v),
            np.asarray(v) * np.asarray(w)[..., None, :],
            1e-3,
        )
        w, left = lax_linalg.eig(wnp.asarray(x), compute_right_eigenvectors=False)
        adjoint = np.conj(np.asarray(left)).swapaxes(-1, -2)
        close(wnp.asarray(adjoint @ x), np.asarray(w)[..., None] * adjoint, 1e-3)


def test_schur_hessenberg_tridiagonal():
    t, z = lax_linalg.schur(wnp.asarray(A))
    close(z @ t @ wnp.matrix_transpose(z), A)
    packed, taus = lax_linalg.hessenberg(wnp.asarray(A[0]))
    q = np.eye(4, dtype=np.float32)
    q[1:, 1:] = lax_linalg.householder_product(packed[1:, :3], taus)
    close(wnp.asarray(q @ np.triu(packed, -1) @ q.T), A[0])
    _, d, e, _ = lax_linalg.tridiagonal(wnp.asarray(S[0]))
    tridiagonal = np.diag(d) + np.diag(e, 1) + np.diag(e, -1)
    close(wnp.asarray(np.linalg.eigvalsh(tridiagonal)), np.linalg.eigvalsh(S[0]), 1e-3)


def test_tridiagonal_solve():
    d, du, dl = A[:, 0] + 5, A[:, 1], A[:, 2]
    made = lax_linalg.tridiagonal_solve(*[wnp.asarray(x) for x in (dl, d, du, A)])
    full = np.stack([np.diag(d[i]) + np.diag(du[i, :-1], 1) + np.diag(dl[i, 1:], -1) for i in range(2)])
    close(made, np.linalg.solve(full, A))


def test_failures_are_nan():
    indefinite = wnp.asarray(np.diag([1.0, -1.0]).astype(np.float32))
    assert np.isnan(np.asarray(linalg.cholesky(indefinite))[1, 1])
    # One bad matrix of a batch leaves the others alone.
    both = np.asarray(
        linalg.cholesky(wnp.asarray(np.stack([np.eye(2), np.diag([1.0, -1.0])]).astype(np.float32)))
    )
    assert np.isfinite(both[0]).all() and np.isnan(both[1]).any()


def test_lstsq():
    x, residuals, rank, s = linalg.lstsq(wnp.asarray(TALL[0]), wnp.asarray(A[0, 0].repeat(2)[:5]))
    close([x, rank, s], [np.linalg.lstsq(TALL[0], A[0, 0].repeat(2)[:5], rcond=None)[i] for i in (0, 2, 3)])
    assert residuals.shape == (1,)


SLOPES = {
    "det": lambda np_, x: np_.linalg.det(x).sum(),
    "slogdet": lambda np_, x: np_.linalg.slogdet(x)[1].sum(),
    "inv": lambda np_, x: (np_.linalg.inv(x) ** 2).sum(),
    "solve": lambda np_, x: (np_.linalg.solve(x, x[..., :2] ** 2) ** 2).sum(),
    "pinv": lambda np_, x: (np_.linalg.pinv(x[..., :2]) ** 2).sum(),
    "cholesky": lambda np_, x: (np_.linalg.cholesky(x @ np_.matrix_transpose(x)) ** 3).sum(),
    "eigh": lambda np_, x: sum((v**4).sum() for v in np_.linalg.eigh(x)),
    "svd": lambda np_, x: sum((v**4).sum() for v in np_.linalg.svd(x[..., :2], full_matrices=False)),
    "qr": lambda np_, x: sum((v**4).sum() for v in np_.linalg.qr(x[..., :2])),
    "eigvals": lambda np_, x: (abs(np_.linalg.eigvals(x)) ** 3).sum(),
    "norm": lambda np_, x: np_.linalg.norm(x, 2, (-2, -1)).sum() + np_.linalg.norm(x),
}


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_those_of_jax(name):
    jax = pytest.importorskip("jax")
    ours = weft.jit(weft.grad(lambda x: SLOPES[name](wnp, x)))(wnp.asarray(A))
    theirs = jax.grad(lambda x: SLOPES[name](jax.numpy, x))(jax.numpy.asarray(A))
    close(ours, theirs, 2e-3)


@pytest.mark.parametrize("name", ["inv", "solve", "pinv", "cholesky", "eigh"])
def test_second_slopes_are_those_of_jax(name):
    jax = pytest.importorskip("jax")
    direction = RNG.normal(size=A.shape).astype(np.float32)

    def second(api, grad, x, d):
        return grad(lambda y: (grad(lambda z: SLOPES[name](api, z))(y) * d).sum())(x)

    ours = second(wnp, weft.grad, wnp.asarray(A / 4), wnp.asarray(direction))
    theirs = second(jax.numpy, jax.grad, jax.numpy.asarray(A / 4), direction)
    scale = max(1.0, float(np.abs(theirs).max()))
    close(ours / scale, theirs / scale, 5e-3)


@pytest.mark.parametrize("name", ["inv", "det", "qr", "eigh", "svd", "cholesky"])
def test_vmap_is_the_batch(name):
    fun = getattr(linalg, name)
    close(weft.vmap(fun)(wnp.asarray(S)), [np.asarray(v) for v in fun(wnp.asarray(S))] if name not in (
        "inv", "det", "cholesky") else np.asarray(fun(wnp.asarray(S))))  # fmt: skip


def test_mistakes():
    with pytest.raises(ValueError, match=r"Argument to inv must have shape \[..., n, n\], got \(2, 3\)"):
        linalg.inv(wnp.ones((2, 3)))
    with pytest.raises(TypeError, match="Input 0 to svd must have rank at least 2"):
        linalg.svd(wnp.ones(2))
    with pytest.raises(ValueError, match="Invalid order '5' for matrix norm"):
        linalg.norm(wnp.ones((2, 2)), 5)
    with pytest.raises(TypeError, match="exponent must be an integer"):
        linalg.matrix_power(wnp.ones((2, 2)), 1.5)
    with pytest.raises(ValueError, match="inconsistent sizes, 2 and 3"):
        linalg.solve(wnp.eye(2), wnp.ones(3))
    with pytest.raises(NotImplementedError, match="only single and double precision"):
        lax_linalg.cholesky(wnp.eye(2, dtype=wnp.bfloat16))
    with pytest.raises(NotImplementedError, match="enable_eigvec_derivs=True"):
        weft.jvp(lambda x: linalg.eig(x)[1], (wnp.asarray(A[0]),), (wnp.asarray(A[0]),))
