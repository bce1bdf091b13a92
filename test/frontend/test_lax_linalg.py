"""weft.lax.linalg: each function in every dtype, batched, empty, differentiated, against NumPy, SciPy and JAX."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import weft
import weft.lax
import weft.numpy
from weft.lax import linalg

try:
    import jax
    import jax.lax
    import jax.numpy
except ImportError:
    jax = None

needs_jax = pytest.mark.skipif(jax is None, reason="compares with jax, which is not installed")
DTYPES = ("float32", "float64", "complex64", "complex128")
SLACK = {"float32": 2e-4, "complex64": 2e-4, "float64": 1e-9, "complex128": 1e-9}


@pytest.fixture(autouse=True)
def _in_64_bits():
    with weft.enable_x64(True):
        yield


def random(dtype, *shape, seed=0):
    rng = np.random.default_rng([seed, *shape])
    x = rng.normal(size=shape)
    return (x + 1j * rng.normal(size=shape) if dtype.startswith("c") else x).astype(dtype)


def general(dtype, *batch, n=4, seed=0):
    """Matrices far from singular, with distinct eigenvalues."""
    return random(dtype, *batch, n, n, seed=seed) + np.diag(np.arange(4.0, 4.0 + n)).astype(dtype)


def definite(dtype, *batch, n=4):
    x = random(dtype, *batch, n, n)
    return (x @ x.conj().swapaxes(-1, -2) + 4 * np.eye(n)).astype(dtype)


def bands(dtype, *batch, n=4):
    """Sub-diagonal, diagonal and super-diagonal of matrices far from singular."""
    return [random(dtype, *batch, n, seed=k) + (5 if k == 1 else 0) for k in range(3)]


def adjoint(x):
    return x.conj().swapaxes(-1, -2)


@dataclass(frozen=True)
class Case:
    """A function on arguments of a dtype; `check(args, results)` says whether the results are right."""

    name: str
    args: Callable[..., list[np.ndarray]]
    check: Callable[..., None]
    kwargs: dict[str, Any] = field(default_factory=dict)
    slopes: bool = True
    """Whether both libraries have the same derivatives, and results that do not depend on a choice of sign.

    Where one triangle is read, weft's slopes are with respect to that; JAX takes tangents to be symmetric.
    """
    is_batched: bool = True
    dtypes: tuple[str, ...] = DTYPES

    def __str__(self):
        return "-".join([self.name, *(f"{k}={v}" for k, v in self.kwargs.items())])

    def of(self, library):
        """The function in weft or jax; always a list of arrays."""
        function = functools.partial(getattr(library.lax.linalg, self.name), **self.kwargs)
        return lambda *args: listed(function(*args))


def listed(made):
    return list(made) if isinstance(made, (tuple, list)) else [made]


def near(got, want, slack=None):
    got, want = np.asarray(got), np.asarray(want)
    slack = max(SLACK[x.dtype.name] for x in (got, want)) if slack is None else slack
    np.testing.assert_allclose(
        got, want, rtol=slack, atol=slack * max(1.0, np.max(np.abs(want), initial=0.0))
    )


def is_unitary(q):
    near(adjoint(q) @ q, np.broadcast_to(np.eye(q.shape[-1]), (*q.shape[:-2], q.shape[-1], q.shape[-1])))


def check_cholesky(args, outs):
    near(outs[0], np.linalg.cholesky(args[0]))


def check_update(args, outs):
    (r, w), (new,) = args, outs
    near(new.T @ new, r.T @ r + np.outer(w, w))
    near(np.tril(new, -1), np.zeros_like(new))


def check_triangular(left_side, lower, transpose, conjugate, unit):
    def check(args, outs):
        a, y = args
        a = np.tril(a) if lower else np.triu(a)
        if unit:
            a = (
                a
                - np.einsum("...i,ij->...ij", np.einsum("...ii->...i", a), np.eye(a.shape[-1]))
                + np.eye(a.shape[-1])
            )
        a = a.conj() if conjugate else a
        a = a.swapaxes(-1, -2) if transpose else a
        near(a @ outs[0] if left_side else outs[0] @ a, y)

    return check


def check_lu(args, outs):
    factors, pivots, order = outs
    n = min(factors.shape[-2:])
    low = np.tril(factors[..., :, :n], -1) + np.eye(factors.shape[-2], n)
    near(low @ np.triu(factors[..., :n, :]), np.take_along_axis(args[0], order[..., :, None].astype(int), -2))
    again = linalg.lu_pivots_to_permutation(pivots, factors.shape[-2])
    np.testing.assert_array_equal(again, order)


def check_householder(args, outs):
    is_unitary(outs[0])


def check_ormqr(left, transpose):
    def check(args, outs):
        a, taus, c = args
        q = np.asarray(linalg.householder_product(a, taus))
        q = adjoint(q) if transpose else q
        near(outs[0], q @ c if left else c @ q)

    return check


def check_qr(args, outs):
    q, r = outs[:2]
    is_unitary(q)
    near(np.tril(r, -1), np.zeros_like(r))
    x = args[0] if len(outs) == 2 else np.take_along_axis(args[0], outs[2][..., None, :].astype(int), -1)
    near(q @ r, x)


def check_eigh(args, outs):
    v, w = outs
    is_unitary(v)
    near(args[0] @ v, v * w[..., None, :])
    near(w, np.linalg.eigvalsh(args[0]))


def check_eig(args, outs):
    w, left, right = outs
    near(args[0] @ right, right * w[..., None, :])
    near(adjoint(left) @ args[0], w[..., :, None] * adjoint(left))


def check_svd(args, outs):
    u, s, vh = outs
    is_unitary(u)
    is_unitary(adjoint(vh))
    n = s.shape[-1]
    near((u[..., :n] * s[..., None, :]) @ vh[..., :n, :], args[0])
    near(s, np.linalg.svd(args[0], compute_uv=False))


def check_values(args, outs):
    near(outs[0], np.linalg.svd(args[0], compute_uv=False))


def check_schur(args, outs):
    t, z = outs
    is_unitary(z)
    near(z @ t @ adjoint(z), args[0])


def check_hessenberg(args, outs):
    packed, taus = outs
    assert packed.shape == args[0].shape and taus.shape == (*packed.shape[:-2], packed.shape[-1] - 1)
    if packed.ndim == 2:
        near(np.abs(np.triu(packed, -1)), np.abs(scipy.linalg.hessenberg(args[0])), 2e-3)


def check_tridiagonal(args, outs):
    _, d, e, _ = outs
    for x, main, beside in zip(
        *(v.reshape(-1, *v.shape[k:]) for v, k in ((args[0], -2), (d, -1), (e, -1))), strict=True
    ):
        made = np.diag(main) + np.diag(beside, 1) + np.diag(beside, -1)
        near(np.linalg.eigvalsh(made.astype(x.dtype)), np.linalg.eigvalsh(x), 2e-3)


def check_tridiagonal_solve(args, outs):
    dl, d, du, y = args
    x = outs[0]
    made = d[..., :, None] * x
    made[..., 1:, :] += dl[..., 1:, None] * x[..., :-1, :]
    made[..., :-1, :] += du[..., :-1, None] * x[..., 1:, :]
    near(made, y)


def check_product(args, outs):
    a, c = args
    near(outs[0], 2.0 * a @ a.swapaxes(-1, -2) + 0.5 * c)


def check_polar(args, outs):
    u, h = outs[:2]
    is_unitary(u)
    near(h, adjoint(h))
    near(u @ h, args[0])
    assert np.all(np.linalg.eigvalsh(h) > 0)


def packed(dtype, *batch):
    """Reflections as LAPACK packs them, of square matrices."""
    factors, taus = weft.lax.linalg.hessenberg(general(dtype, *batch, n=5))
    return [np.asarray(factors)[..., 1:, :4], np.asarray(taus)]


TALL = lambda dtype, *batch: [random(dtype, *batch, 5, 3)]
WIDE = lambda dtype, *batch: [random(dtype, *batch, 3, 5)]
SQUARE = lambda dtype, *batch: [general(dtype, *batch)]
DEFINITE = lambda dtype, *batch: [definite(dtype, *batch)]
CASES = [
    Case("cholesky", DEFINITE, check_cholesky),
    Case("cholesky", DEFINITE, check_cholesky, {"symmetrize_input": False}, slopes=False),
    Case(
        "cholesky_update",
        lambda dtype: [np.triu(random(dtype, 4, 4)) + 3 * np.eye(4, dtype=dtype), random(dtype, 4)],
        check_update,
        slopes=False,
        is_batched=False,
        dtypes=DTYPES[:2],
    ),
    *[
        Case(
            "triangular_solve",
            lambda dtype, *batch, left=left: [
                general(dtype, *batch),
                random(dtype, *batch, *((4, 2) if left else (2, 4)), seed=1),
            ],
            check_triangular(left, lower, transpose, conjugate, unit),
            {
                "left_side": left,
                "lower": lower,
                "transpose_a": transpose,
                "conjugate_a": conjugate,
                "unit_diagonal": unit,
            },
        )
        for left, lower, transpose, conjugate, unit in (
            (True, True, False, False, False),
            (True, False, True, False, False),
            (False, True, True, True, False),
            (False, False, False, True, True),
        )
    ],
    *[Case("lu", args, check_lu) for args in (SQUARE, TALL, WIDE)],
    Case("householder_product", packed, check_householder, slopes=False),
    *[
        Case(
            "ormqr",
            lambda dtype, *batch, left=left: [
                *packed(dtype, *batch),
                random(dtype, *batch, *((4, 2) if left else (2, 4))),
            ],
            check_ormqr(left, transpose),
            {"left": left, "transpose": transpose},
            slopes=False,
        )
        for left, transpose in ((True, False), (True, True), (False, False))
    ],
    Case("qr", TALL, check_qr, {"full_matrices": False}),
    Case("qr", SQUARE, check_qr),
    Case("qr", WIDE, check_qr, {"full_matrices": False}, slopes=False),
    Case("qr", TALL, check_qr, {"full_matrices": True}, slopes=False),
    Case("qr", TALL, check_qr, {"full_matrices": False, "pivoting": True}, slopes=False),
    Case("eigh", DEFINITE, check_eigh),
    Case("eigh", DEFINITE, check_eigh, {"lower": False, "symmetrize_input": False}, slopes=False),
    Case("eig", SQUARE, check_eig, slopes=False),
    *[
        Case("svd", args, check_svd, {"full_matrices": full}, slopes=not full)
        for args in (TALL, WIDE)
        for full in (False, True)
    ],
    Case("svd", TALL, check_values, {"compute_uv": False}),
    Case("schur", lambda dtype, *batch: [general(dtype, *batch)], check_schur, slopes=False),
    Case("hessenberg", SQUARE, check_hessenberg, slopes=False),
    Case("tridiagonal", DEFINITE, check_tridiagonal, slopes=False),
    Case(
        "tridiagonal_solve",
        lambda dtype, *batch: [*bands(dtype, *batch), random(dtype, *batch, 4, 2, seed=3)],
        check_tridiagonal_solve,
    ),
    *[
        Case(
            "symmetric_product",
            lambda dtype, *batch: [random(dtype, *batch, 4, 3), definite(dtype, *batch)],
            check_product,
            {"alpha": 2.0, "beta": 0.5, "symmetrize_output": full},
            slopes=False,
            dtypes=DTYPES[:2],
            is_batched=not full,
        )
        for full in (False, True)
    ],
    Case("qdwh", TALL, check_polar, slopes=False, is_batched=False),
]


def in_dtypes(*dtypes, slopes=False):
    """Parameters of a test: cases in the dtypes that they are for."""
    return [
        pytest.param(case, dtype, id=f"{i}-{case.name}-{dtype}")
        for i, case in enumerate(CASES)
        for dtype in dtypes
        if dtype in case.dtypes and (case.slopes or not slopes)
    ]


@pytest.mark.parametrize("case, dtype", in_dtypes(*DTYPES))
def test_values(case, dtype):
    """One matrix and a batch of them, and a batch by vmap."""
    function = case.of(weft)
    for batch in [(), (2,)] if case.is_batched else [()]:
        args = case.args(dtype, *batch)
        outs = [np.asarray(x) for x in function(*args)]
        case.check(args, outs)
    if case.is_batched:
        for got, want in zip(weft.vmap(function)(*args), outs, strict=True):
            near(got, want) if want.dtype.kind in "fc" else np.testing.assert_array_equal(got, want)


def sign_free(function):
    """Results that do not change where a factor's rows or columns are given other signs."""
    return lambda *args: [
        abs(x * x) if x.dtype.kind == "c" else x * x for x in function(*args) if x.dtype.kind in "fc"
    ]


@needs_jax
@pytest.mark.parametrize("case, dtype", in_dtypes("float64", "complex128", slopes=True))
def test_slopes_are_those_of_jax(case, dtype):
    """jvp, vjp and a second derivative of each function."""
    args = case.args(dtype)
    tangents = [random(dtype, *x.shape, seed=9) for x in args]
    made = [slopes(library, sign_free(case.of(library)), args, tangents) for library in (weft, jax)]
    for got, want in zip(*made, strict=True):
        near(got, np.asarray(want), 1e-7)


def slopes(library, function, args, tangents):
    """Tangents, cotangents, and tangents of the cotangents."""

    def all_of(args, tangents):
        outs, moved = library.jvp(function, args, tangents)
        pull = lambda *xs: library.vjp(function, *xs)[1]([library.numpy.sin(y) for y in outs])
        return moved, *library.jvp(pull, args, tangents)

    with jax.enable_x64(True):
        made = library.jit(all_of)(
            tuple(map(library.numpy.asarray, args)), tuple(map(library.numpy.asarray, tangents))
        )
        return [np.asarray(x) for x in jax.tree.leaves(jax.tree.map(np.asarray, made))]


EMPTY = {
    "cholesky": [np.zeros((0, 0))],
    "triangular_solve": [np.zeros((0, 0)), np.zeros((2, 0))],
    "lu": [np.zeros((0, 3))],
    "qr": [np.zeros((3, 0))],
    "eigh": [np.zeros((0, 0))],
    "eig": [np.zeros((0, 0))],
    "svd": [np.zeros((2, 0))],
    "symmetric_product": [np.zeros((0, 2)), np.zeros((0, 0))],
}


@pytest.mark.parametrize("batch", [(), (2,), (0,)], ids=str)
@pytest.mark.parametrize("name", EMPTY)
def test_empty_matrices(name, batch):
    args = [np.broadcast_to(x, (*batch, *x.shape)) for x in EMPTY[name]]
    if batch == (0,):
        args = [np.zeros((0, *(max(n, 2) for n in x.shape[1:]))) for x in args]
    outs = listed(getattr(linalg, name)(*args))
    assert all(np.all(np.isfinite(np.asarray(x))) for x in outs if np.asarray(x).dtype.kind in "fc")
    if jax is not None:
        with jax.enable_x64(True):
            for x, y in zip(outs, listed(getattr(jax.lax.linalg, name)(*args)), strict=True):
                assert (x.shape, x.dtype) == (y.shape, y.dtype)


def test_what_cannot_be_factored_is_nan():
    assert np.all(np.isnan(np.asarray(linalg.cholesky(-np.eye(3)))[np.tril_indices(3)]))
    assert np.all(np.isnan(np.asarray(linalg.eigh(np.full((2, 2), np.nan))[1])))


MISTAKES = [
    ("cholesky", [np.ones(3)], ValueError, "square matrices"),
    ("cholesky", [np.ones((2, 3))], ValueError, "square matrices"),
    ("cholesky", [np.ones((2, 2), "int32")], NotImplementedError, "int32"),
    ("cholesky", [np.ones((2, 2), "float16")], NotImplementedError, "float16"),
    ("eigh", [np.ones((2, 3))], ValueError, "square matrices"),
    ("eig", [np.ones((2, 3))], ValueError, "square matrices"),
    ("schur", [np.ones((2, 3))], ValueError, "square matrices"),
    ("svd", [np.ones(3)], ValueError, "matrices"),
    ("qr", [np.ones(3)], ValueError, "matrices"),
    ("triangular_solve", [np.ones((2, 2)), np.ones((3, 4))], (TypeError, ValueError), "triangular_solve"),
    (
        "triangular_solve",
        [np.ones((2, 2)), np.ones((2, 2), "float32")],
        (TypeError, ValueError),
        "triangular_solve",
    ),
    ("cholesky_update", [np.eye(3), np.ones(2)], ValueError, "vector of its size"),
    ("qdwh", [np.ones((2, 3))], ValueError, "at least as many rows"),
    (
        "tridiagonal_solve",
        [np.ones(3), np.ones(3), np.ones(2), np.ones((3, 1))],
        (TypeError, ValueError),
        "tridiagonal",
    ),
    ("lu_pivots_to_permutation", [np.zeros(3, "int32"), 2], (TypeError, ValueError), "permutation"),
]


@pytest.mark.parametrize(
    "name, args, kind, words", MISTAKES, ids=[f"{i}-{m[0]}" for i, m in enumerate(MISTAKES)]
)
def test_mistakes_are_told(name, args, kind, words):
    with pytest.raises(kind, match=words):
        getattr(linalg, name)(*args)
