"""weft.scipy.linalg against SciPy, and slopes against JAX where it is installed."""

import numpy as np
import pytest
import scipy.linalg

import weft
import weft.numpy as wnp
from weft.scipy import linalg

RNG = np.random.default_rng(8)
A = (RNG.normal(size=(4, 4)) + 2 * np.eye(4)).astype(np.float32)
S = (A @ A.T).astype(np.float32)
B = RNG.normal(size=(4, 2)).astype(np.float32)
V = RNG.normal(size=4).astype(np.float32)
ours = wnp.asarray


def close(got, want, slack=1e-3):
    if isinstance(want, tuple):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            close(g, w, slack)
        return
    want = np.asarray(want)
    assert np.shape(got) == want.shape
    np.testing.assert_allclose(np.asarray(got), want, rtol=slack, atol=slack)


@pytest.mark.parametrize(
    ("name", "args", "kw"),
    [
        ("cholesky", (S,), {}),
        ("cholesky", (S,), {"lower": True}),
        ("det", (A,), {}),
        ("inv", (A,), {}),
        ("solve", (A, B), {}),
        ("solve", (S, V), {"assume_a": "pos"}),
        ("solve", (S, B), {"assume_a": "pos", "lower": True}),
        ("solve_triangular", (A, B), {"trans": 1}),
        ("solve_triangular", (A, V), {"lower": True, "unit_diagonal": True}),
        ("lu", (A,), {}),
        ("lu", (A[:, :2].copy(),), {"permute_l": True}),
        ("lu_factor", (A,), {}),
        ("qr", (A,), {"pivoting": True}),
        ("qr", (A[:, :2].copy(),), {"mode": "economic"}),
        ("svd", (A,), {"compute_uv": False}),
        ("eigh", (S,), {"eigvals_only": True}),
        ("hessenberg", (A,), {"calc_q": True}),
        ("polar", (A,), {}),
        ("polar", (A,), {"side": "left"}),
        ("expm", (A,), {}),
        ("expm", (np.stack([A * 5, S / 50]),), {}),
        ("expm_frechet", (A / 3, S / 20), {}),
        ("block_diag", (A, V, B), {}),
        ("toeplitz", (V,), {}),
        ("toeplitz", (V, B[:, 0]), {}),
        ("hankel", (V, B[:3, 0]), {}),
        ("circulant", (V,), {}),
    ],
)
def test_against_scipy(name, args, kw):
    got = getattr(linalg, name)(*[ours(x) for x in args], **kw)
    want = getattr(scipy.linalg, name)(*args, **kw)
    close(
        got,
        want,
        1e-3 * max(1.0, *[float(np.abs(w).max()) for w in (want if type(want) is tuple else [want])]),
    )


def test_factored_solutions():
    for lower in (False, True):
        close(linalg.cho_solve(linalg.cho_factor(ours(S), lower), ours(B)), np.linalg.solve(S, B))
    for trans, op in ((0, A), (1, A.T), (2, A.T)):
        close(linalg.lu_solve(linalg.lu_factor(ours(A)), ours(V), trans), np.linalg.solve(op, V))


def test_schur():
    t, z = linalg.schur(ours(A), "complex")
    close(z @ t @ wnp.conj(z).T, A.astype(np.complex64))
    assert not np.tril(np.asarray(t), -1).any()


def test_exponential_beyond_its_squarings_is_nan():
    assert np.isnan(np.asarray(linalg.expm(ours(A), max_squarings=0))).all()


@pytest.mark.parametrize("name", ["expm", "inv", "cho"])
def test_slopes_are_those_of_jax(name):
    jax = pytest.importorskip("jax")

    def loss(np_, api, x):
        if name == "cho":
            return (api.cho_solve(api.cho_factor(x @ x.T), np_.asarray(V)) ** 2).sum()
        return (getattr(api, name)(x) ** 2).sum()

    got = weft.grad(lambda x: loss(wnp, linalg, x))(ours(A))
    want = np.asarray(jax.grad(lambda x: loss(jax.numpy, jax.scipy.linalg, x))(A))
    close(got / np.abs(want).max(), want / np.abs(want).max())


def test_mistakes():
    with pytest.raises(ValueError, match="Invalid 'trans' value 3"):
        linalg.solve_triangular(ours(A), ours(B), 3)
    with pytest.raises(ValueError, match="Expected assume_a"):
        linalg.solve(ours(A), ours(B), assume_a="banded")
    with pytest.raises(NotImplementedError, match="b=None"):
        linalg.eigh(ours(A), ours(A))
