"""Products of quantized arrays: by the formula, by hand-made blocks, and slopes near those of the plain product."""

import ml_dtypes
import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft.nn import get_scaled_dot_general_config, scaled_dot_general, scaled_matmul

RNG = np.random.default_rng(4)
X = RNG.normal(size=(2, 64, 64)).astype(np.float32)
Y = RNG.normal(size=(2, 32, 64)).astype(np.float32)
BATCHED = (((2,), (2,)), ((0,), (0,)))
PLAIN = np.einsum("bmk,bnk->bmn", X, Y)
NEAR = {"mxfp8": 0.06, "nvfp4": 0.2}


def test_scaled_matmul_is_its_formula():
    x = X.astype(ml_dtypes.float8_e4m3fn)
    y = Y.astype(ml_dtypes.float8_e4m3fn)
    of_x = np.exp2(RNG.integers(-3, 4, (2, 64, 2))).astype(ml_dtypes.float8_e8m0fnu)
    of_y = np.exp2(RNG.integers(-3, 4, (2, 32, 4))).astype(ml_dtypes.float8_e8m0fnu)
    wide = [
        v.astype(np.float32) * np.repeat(s.astype(np.float32), v.shape[2] // s.shape[2], 2)
        for v, s in ((x, of_x), (y, of_y))
    ]
    made = scaled_matmul(*map(jnp.asarray, (x, y, of_x, of_y)))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, np.einsum("bmk,bnk->bmn", *wide), rtol=1e-5, atol=1e-3)
    assert scaled_matmul(*map(jnp.asarray, (x, y, of_x, of_y)), jnp.bfloat16).dtype == jnp.bfloat16


@pytest.mark.parametrize("mode", NEAR)
def test_near_the_plain_product(mode):
    configs = [get_scaled_dot_general_config(mode)] * 3
    made = weft.jit(lambda x, y: scaled_dot_general(x, y, BATCHED, configs=configs))(X, Y)
    assert np.abs(made - PLAIN).mean() < NEAR[mode] * np.abs(PLAIN).mean()
    np.testing.assert_allclose(made, scaled_dot_general(X, Y, BATCHED, configs=configs), rtol=1e-4, atol=1e-4)


def test_powers_of_two_are_exact():
    """What the format can hold is not rounded: a scale of a power of two, small whole numbers."""
    x = RNG.integers(-8, 9, (1, 4, 32)).astype(np.float32) * 0.25
    configs = [get_scaled_dot_general_config("mxfp8")] * 3
    made = scaled_dot_general(x, x, BATCHED, configs=configs)
    np.testing.assert_array_equal(made, np.einsum("bmk,bnk->bmn", x, x))
    zeros = np.zeros((1, 2, 32), np.float32)
    np.testing.assert_array_equal(
        scaled_dot_general(zeros, zeros, BATCHED, configs=configs), np.zeros((1, 2, 2))
    )


@pytest.mark.parametrize("mode", NEAR)
def test_slopes(mode):
    configs = [get_scaled_dot_general_config(mode)] * 3

    def loss(x, y):
        return (scaled_dot_general(x, y, BATCHED, configs=configs) * PLAIN).sum()

    made = weft.jit(weft.grad(loss, (0, 1)))(X, Y)
    wanted = np.einsum("bmn,bnk->bmk", PLAIN, Y), np.einsum("bmn,bmk->bnk", PLAIN, X)
    for got, plain in zip(made, wanted, strict=True):
        assert got.shape == plain.shape
        assert np.abs(got - plain).mean() < 1.5 * NEAR[mode] * np.abs(plain).mean()


def test_slopes_with_axes_in_any_order():
    """The summed axes come in another order for each operand, and the batch is not first."""
    x = RNG.normal(size=(4, 2, 8, 32)).astype(np.float32)
    y = RNG.normal(size=(8, 32, 4, 2)).astype(np.float32)
    numbers = (((0, 2), (2, 0)), ((1,), (3,)))
    configs = [get_scaled_dot_general_config("mxfp8")] * 2

    def loss(product):
        return lambda x, y: (product(x, y) ** 2).sum()

    made = weft.grad(loss(lambda x, y: scaled_dot_general(x, y, numbers, configs=configs)), (0, 1))(x, y)
    wanted = weft.grad(loss(lambda x, y: weft.lax.dot_general(x, y, numbers)), (0, 1))(x, y)
    for got, plain in zip(made, wanted, strict=True):
        assert np.abs(got - plain).mean() < 0.1 * np.abs(np.asarray(plain)).mean()


def test_without_configs_it_is_dot_general():
    np.testing.assert_allclose(scaled_dot_general(X, Y, BATCHED), PLAIN, rtol=1e-4, atol=1e-4)


def test_a_global_scale():
    config = get_scaled_dot_general_config("nvfp4", jnp.array([0.5], jnp.float32))
    made = scaled_dot_general(X, Y, BATCHED, configs=[config] * 3)
    assert np.abs(made - PLAIN).mean() < NEAR["nvfp4"] * np.abs(PLAIN).mean()


def test_errors():
    with pytest.raises(ValueError, match="'nvfp4' or 'mxfp8'"):
        get_scaled_dot_general_config("fp4")
    with pytest.raises(ValueError, match="no global_scale"):
        get_scaled_dot_general_config("mxfp8", jnp.ones(1))
    with pytest.raises(ValueError, match="multiple of 32"):
        config = get_scaled_dot_general_config("mxfp8")
        scaled_dot_general(X[..., :20], Y[..., :20], BATCHED, configs=[config] * 3)
    with pytest.raises(ValueError, match="three axes"):
        scaled_matmul(X[0], Y[0], X[0], Y[0])
    with pytest.raises(ValueError, match="divides"):
        scaled_matmul(X, Y, X[..., :5], Y[..., :2])
