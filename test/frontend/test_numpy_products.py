"""Products, einsum, convolution, polynomials and mapped functions of `weft.numpy`."""

import ml_dtypes
import numpy as np
import pytest
from numpy_oracle import Weak, case, check, check_error, error

import weft
import weft.numpy as jnp

M = np.array([[3, -1, 2], [5, 0, 4]], np.int32)
G = np.array([[0.3, -1.2, 0.7], [2, 1.5, -3.0]], np.float32)
V = np.array([1.0, 2, 3], np.float32)
V4 = np.array([1, 2, 3, 4.0], np.float32)
P = np.array([1.0, 1], np.float32)
C = np.array([[1 + 2j, 0.5j, 3], [1, -2j, 1]], np.complex64)
B = np.array([[True, False], [True, True]])
BF = np.array([3, 1, 2, 1], ml_dtypes.bfloat16)
T = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

PRODUCTS = [
    *[
        case("matmul", *a)
        for a in ((M, M.T), (G, V), (V, V), (M, C.T), (T, T.swapaxes(1, 2)), (T, V4), (V, T), (B, B))
    ],
    case("matmul", T[:, None], np.ones((5, 4, 2), np.float32)),
    case("matmul", np.ones((1, 2, 3), np.float32), np.ones((4, 3, 2), np.float32)),
    case("matmul", BF, BF, numpy=False),
    case("matmul", M, M.T, preferred_element_type=np.float32, numpy=False),
    *[case("dot", *a) for a in ((T, T.reshape(2, 4, 3)), (V, 2), (M, V), (V, V))],
    case("dot", Weak(2), 3, numpy=False),
    case("vdot", C, C),
    case("vdot", M, G),
    case("vecdot", C, C),
    case("vecdot", T, V4),
    case("matvec", T, V4),
    case("vecmat", V, T),
    case("inner", T, T[0]),
    case("inner", 2, V),
    case("outer", V, M),
    case("outer", B, B),
    *[
        case("tensordot", *a)
        for a in ((T, T.transpose(1, 2, 0)), (T, T, 3), (T, T.T, ((0, 1), (2, 1))), (V, V, 0))
    ],
    case("kron", M, V),
    case("kron", V, M),
    case("cross", G, V),
    case("cross", T.reshape(3, 8), T.reshape(3, 8) + 1, axis=0),
    case("cross", V, P, numpy=False),
    case("cross", P, P * 2, numpy=False),
]

EINSUM = [
    *[
        case("einsum", *a, numpy=n)
        for a, n in (
            (("ij,jk", M, M.T), True),
            (("ij->ji", G), True),
            (("ii->i", np.eye(3, dtype=np.float32)), True),
            (("ii", M[:, :2]), True),
            (("ijk,ikl->ijl", T, T.swapaxes(1, 2)), True),
            (("i,j->ij", V, V), True),
            (("ij,ij->", G, G), True),
            (("...ij,jk->...ik", T, np.ones((4, 2), np.float32)), True),
            (("ij,jk,kl->il", G, G.T, G), True),
            (("a,a,a->a", V, V, V), True),
            (("ij,kl->", G, G), True),
            (("ij,ij->ij", np.ones((1, 3), np.float32), G), False),
            (("bij,bjk->bik", T[:, :, :2], np.ones((1, 2, 5), np.float32)), False),
            (("iji->j", np.arange(12, dtype=np.float32).reshape(2, 3, 2)), True),
            (("i->", BF), False),
            ((G, [0, 1], G, [2, 1], [0, 2]), True),
        )
    ],
    case("einsum", "ij,jk,kl->il", G, G.T, G, optimize=False),
    case("einsum", "ij,j->i", M, M[0], preferred_element_type=np.float32, numpy=False),
]

VECTORS = [
    case("convolve", V, P),
    case("convolve", M[0], np.array([1, 2], np.int32), numpy=False),
    case("convolve", P, V, mode="same"),
    case("convolve", V, P, mode="valid"),
    case("correlate", V, P),
    case("correlate", P, V, mode="full"),
    case("correlate", V, np.array([1, 2j], np.complex64), mode="same"),
    case("correlate", np.array([1, 2j], np.complex64), V * 1j, mode="full"),
    case("polyval", V, G),
    case("polyval", np.ones(20, np.float32), 0.5),
    case("polyadd", V, P),
    case("polysub", P, V),
    case("polymul", V, P),
    case("polydiv", V, P, numpy=False),
    case("polydiv", P, V, numpy=False),
    case("polydiv", V, P, trim_leading_zeros=True, numpy=False, jit=False),
    case("polyder", V),
    case("polyder", M[1], 2),
    case("polyint", V),
    case("polyint", V, 2, P),
    case("poly", V),
]

MISTAKES = [
    error(ValueError, "matmul", 3, V),
    error(TypeError, "matmul", G, G),
    error(TypeError, "dot", G, G),
    error(TypeError, "tensordot", T, T, ((0,), (0, 1))),
    error(ValueError, "cross", V, np.ones(1)),
    error(ValueError, "einsum", "ij", V),
    error(ValueError, "convolve", M, V),
    error(ValueError, "convolve", V, P, mode="z"),
    error(ValueError, "polyder", V, -1),
]


@pytest.mark.parametrize("c", PRODUCTS)
def test_products(c):
    check(c)


@pytest.mark.parametrize("c", EINSUM)
def test_einsum(c):
    check(c)


@pytest.mark.parametrize("c", VECTORS)
def test_of_vectors(c):
    check(c)


@pytest.mark.parametrize(("c", "kind"), MISTAKES)
def test_mistakes(c, kind):
    check_error(c, kind)


def test_matmul_of_broadcast_batches_repeats_nothing():
    text = str(weft.make_ir(jnp.matmul)(np.ones((5, 1, 2, 3)), np.ones((4, 3, 2))))
    assert "broadcast_in_dim" not in text
    a, b = np.random.default_rng(0).normal(size=(2, 1, 3, 4)), np.random.default_rng(1).normal(size=(5, 4, 2))
    np.testing.assert_allclose(jnp.matmul(a, b), a @ b, rtol=1e-5)


def test_einsum_path_and_custom_product():
    path, _ = jnp.einsum_path("ij,jk,kl->il", G, G.T, G)
    assert len(path) == 2
    calls = []

    def product(x, y, numbers, **how):
        calls.append(numbers)
        return weft.lax.dot_general(x, y, numbers, **how)

    np.testing.assert_allclose(jnp.einsum("ij,kj->ik", G, G, _dot_general=product), G @ G.T, rtol=1e-6)
    assert len(calls) == 1


def test_slopes():
    made = weft.grad(lambda x: jnp.einsum("ij,kj->", x, x))(G)
    np.testing.assert_allclose(made, 2 * np.broadcast_to(G.sum(0), G.shape), rtol=1e-5)
    made = weft.grad(lambda x: jnp.sum(jnp.convolve(x, V)))(P)
    np.testing.assert_allclose(made, [6, 6])


class TestVectorize:
    """Functions of scalars and rows on whole arrays."""

    def test_elementwise(self):
        np.testing.assert_allclose(jnp.vectorize(lambda x, y: x * y + 1)(V, M), V * M + 1)
        np.testing.assert_allclose(jnp.vectorize(lambda x, p: x**p, excluded={1})(V, 2), V**2)
        np.testing.assert_allclose(jnp.vectorize(lambda x, y=1.0: x + y)(V, y=V), V + V)
        for made, wanted in zip(jnp.vectorize(lambda x: (x, -x))(M), (M, -M), strict=True):
            np.testing.assert_array_equal(made, wanted)

    def test_signatures(self):
        np.testing.assert_allclose(
            jnp.vectorize(jnp.dot, signature="(n),(n)->()")(G, V), G @ V, rtol=1e-5, atol=1e-6
        )
        a, b = np.ones((4, 1, 2, 3)), np.ones((5, 3, 2))
        made = jnp.vectorize(lambda a, b: a @ b, signature="(m,k),(k,n)->(m,n)")(a, b)
        np.testing.assert_allclose(made, a @ b)
        with pytest.raises(ValueError, match="not a valid gufunc signature"):
            jnp.vectorize(jnp.dot, signature="(n)->")(V)
        with pytest.raises(ValueError, match="inconsistent size"):
            jnp.vectorize(jnp.dot, signature="(n),(n)->()")(V, P)
        with pytest.raises(ValueError, match="does not match core dimensions"):
            jnp.vectorize(lambda x: x, signature="(n)->()")(V)

    def test_along_and_over_axes(self):
        np.testing.assert_array_equal(jnp.apply_along_axis(jnp.sort, 1, M), np.sort(M, 1))
        made = jnp.apply_along_axis(lambda row, k: jnp.stack([row.sum() * k, row[0]]), 1, T, 3)
        wanted = np.apply_along_axis(lambda row, k: np.stack([row.sum() * k, row[0]]), 1, T, 3)
        np.testing.assert_allclose(made, wanted)
        np.testing.assert_allclose(
            jnp.apply_over_axes(jnp.sum, T, [0, 2]), np.apply_over_axes(np.sum, T, [0, 2])
        )

    def test_piecewise_and_fromfunction(self):
        made = jnp.piecewise(V, [V < 2, V >= 2.5], [lambda x: -x, 7, lambda x: x * 10])
        assert made.tolist() == [-1, 20, 7]
        np.testing.assert_allclose(
            jnp.fromfunction(lambda i, j: 10 * i + j, (2, 3)), [[0, 1, 2], [10, 11, 12]]
        )

    def test_padding_by_a_function(self):
        def fill(row, width, axis, kwargs):
            return row.at[: width[0]].set(kwargs.get("value", 9))

        assert jnp.pad(jnp.asarray(V), (2, 0), fill, value=5).tolist() == [5, 5, 1, 2, 3]


def test_polynomials_with_roots():
    linalg = pytest.importorskip("weft.numpy.linalg")
    if not hasattr(linalg, "eigvals"):
        pytest.skip("weft.numpy.linalg has no eigvals")
    made = jnp.roots(np.array([0, 1.0, -6, 11, -6, 0], np.float32))
    np.testing.assert_allclose(np.sort(np.asarray(made).real), [0, 1, 2, 3], atol=1e-3)
    x = np.linspace(0, 1, 9).astype(np.float32)
    np.testing.assert_allclose(jnp.polyfit(x, 2 * x**2 - x + 3, 2), [2, -1, 3], atol=1e-3)
    np.testing.assert_allclose(jnp.poly(np.array([[2.0, 1], [1, 2]], np.float32)), [1, -4, 3], atol=1e-4)
