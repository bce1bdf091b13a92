"""weft.nn against JAX where it is installed, and against formulas always: values, dtypes and slopes."""

import numpy as np
import pytest

import weft
from weft import nn
from weft import numpy as jnp

X = np.linspace(-6, 6, 41).astype(np.float32)
# fmt: off
ELEMENTWISE = [
    "celu", "elu", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "identity", "leaky_relu",
    "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_sign", "softplus",
    "sparse_plus", "sparse_sigmoid", "squareplus", "tanh",
]
# fmt: on


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_agree_with_jax(name):
    jax = pytest.importorskip("jax")
    ours, theirs = getattr(nn, name), getattr(jax.nn, name)
    out, want = ours(X), theirs(X)
    assert out.dtype == want.dtype
    np.testing.assert_allclose(out, want, rtol=2e-6, atol=2e-6)
    points = X + 0.0123
    slope = weft.grad(lambda x: ours(x).sum())(points)
    np.testing.assert_allclose(slope, jax.grad(lambda x: theirs(x).sum())(points), rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(weft.jit(ours)(X), out, rtol=1e-6, atol=1e-6)


def test_slopes_at_the_kinks_and_far_out():
    assert float(weft.grad(nn.relu)(0.0)) == 0.0
    for f in (nn.elu, nn.celu, nn.selu, nn.softplus, nn.log_sigmoid, nn.gelu, nn.silu):
        for x in (-300.0, 300.0):
            assert np.isfinite(float(weft.grad(f)(x))), f


def test_relu_of_integers_keeps_the_dtype():
    out = nn.relu(jnp.array([-1, 2]))
    assert out.dtype == np.int32 and out.tolist() == [0, 2]


@pytest.mark.parametrize("axis", [0, 1, (0, 1)])
def test_softmax_and_sums_of_exponentials(axis):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32) * 50
    top = x.max(axis, keepdims=True)
    total = np.exp(x - top).sum(axis, keepdims=True)
    np.testing.assert_allclose(nn.softmax(x, axis), np.exp(x - top) / total, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(nn.log_softmax(x, axis), x - top - np.log(total), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(nn.logsumexp(x, axis), np.squeeze(top + np.log(total), axis), rtol=1e-5)
    slope = weft.grad(lambda v: nn.logsumexp(v, axis).sum())(x)
    np.testing.assert_allclose(slope, np.exp(x - top) / total, rtol=1e-5, atol=1e-6)


def test_masks():
    x, where = jnp.array([1.0, 2.0, 3.0]), jnp.array([True, False, True])
    np.testing.assert_allclose(
        nn.softmax(x, where=where), nn.softmax(x[jnp.array([0, 2])])[np.array([0, 0, 1])] * where
    )
    np.testing.assert_allclose(nn.logsumexp(x, where=where), np.log(np.exp(1) + np.exp(3)), rtol=1e-6)
    np.testing.assert_allclose(
        nn.logsumexp(x, b=jnp.array([1.0, 0.0, 2.0])), np.log(np.exp(1) + 2 * np.exp(3)), rtol=1e-6
    )
    assert float(nn.logsumexp(jnp.array([-jnp.inf, -jnp.inf]))) == -np.inf
    np.testing.assert_allclose(nn.logmeanexp(x), np.log(np.mean(np.exp([1.0, 2.0, 3.0]))), rtol=1e-6)


def test_one_hot():
    np.testing.assert_array_equal(nn.one_hot(jnp.array([0, 2, 5]), 3), [[1, 0, 0], [0, 0, 1], [0, 0, 0]])
    assert nn.one_hot(jnp.array([[0, 1]]), 4, axis=0, dtype=jnp.int32).shape == (4, 1, 2)


def test_standardize_and_glu():
    x = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    want = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    for algorithm in ("fast", "stable"):
        np.testing.assert_allclose(nn.standardize(x, algorithm=algorithm), want, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(nn.glu(x), x[:, :4] / (1 + np.exp(-x[:, 4:])), rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.5}, {"local_window_size": 1}])
def test_attention_agrees_with_jax(options):
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(2)
    q = rng.normal(size=(2, 5, 4, 8)).astype(np.float32)
    k, v = (rng.normal(size=(2, 5, 2, 8)).astype(np.float32) for _ in range(2))
    got, want = nn.dot_product_attention(q, k, v, **options), jax.nn.dot_product_attention(q, k, v, **options)
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)


def test_attention_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        nn.dot_product_attention(jnp.ones((1, 2, 3, 4)), jnp.ones((1, 2, 2, 4)), jnp.ones((1, 2, 2, 4)))
