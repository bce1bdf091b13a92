"""weft.random: the bits of JAX, as golden values and (where it is installed) against it; keys; errors; slopes."""

import numpy as np
import pytest

import weft
from weft import numpy as wnp
from weft import random
from weft.nn import initializers


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax")


def words(key):
    return np.asarray(random.key_data(key))


# Golden values: they need no JAX


def test_a_chain_of_normal_numbers():
    key = random.key(43)
    assert float(random.normal(key)) == pytest.approx(0.07520543, abs=5e-9)
    seen = []
    for _ in range(3):
        key, subkey = random.split(key)
        seen.append(float(random.normal(subkey)))
    assert seen == [-1.9133632183074951, -1.4749839305877686, -0.36703771352767944]


def test_keys_print_as_in_jax():
    assert repr(random.key(43)) == "Array((), dtype=key<fry>) overlaying:\n[ 0 43]"
    assert str(random.key(0).dtype) == "key<fry>"
    assert random.key_impl(random.key(0)) == "threefry2x32"


def test_seeds_of_all_sizes():
    assert words(random.key(0)).tolist() == [0, 0]
    assert words(random.key(-1)).tolist() == [0, 2**32 - 1]
    assert words(random.key(2**32 + 5)).tolist() == [0, 5]
    with weft.enable_x64(True):
        assert words(random.key(2**32 + 5)).tolist() == [1, 5]
    assert words(random.key(np.uint8(7))).tolist() == [0, 7]


# Against JAX

SAMPLERS = {
    "bits_u8": lambda r, n, k: r.bits(k, (7,), n.uint8),
    "bits_u32": lambda r, n, k: r.bits(k, (3, 4)),
    "uniform_f16": lambda r, n, k: r.uniform(k, (50,), n.float16),
    "uniform_bf16": lambda r, n, k: r.uniform(k, (50,), n.bfloat16),
    "uniform_range": lambda r, n, k: r.uniform(k, (3, 4), minval=n.arange(4.0), maxval=9),
    "normal": lambda r, n, k: r.normal(k, (100,)),
    "normal_bf16": lambda r, n, k: r.normal(k, (100,), n.bfloat16),
    "normal_c64": lambda r, n, k: r.normal(k, (100,), n.complex64),
    "truncated_normal": lambda r, n, k: r.truncated_normal(k, -1.0, n.array([0.5, 2.0]), (50, 2)),
    "lognormal": lambda r, n, k: r.lognormal(k, 0.5, (50,)),
    "rayleigh": lambda r, n, k: r.rayleigh(k, 2.0, (50,)),
    "wald": lambda r, n, k: r.wald(k, 2.0, (50,)),
    "exponential": lambda r, n, k: r.exponential(k, (50,)),
    "cauchy": lambda r, n, k: r.cauchy(k, (50,)),
    "laplace": lambda r, n, k: r.laplace(k, (50,)),
    "logistic": lambda r, n, k: r.logistic(k, (50,)),
    "gumbel": lambda r, n, k: r.gumbel(k, (50,)),
    "gumbel_high": lambda r, n, k: r.gumbel(k, (50,), mode="high"),
    "gumbel_highest": lambda r, n, k: r.gumbel(k, (50,), mode="highest"),
    "pareto": lambda r, n, k: r.pareto(k, 2.0, (50,)),
    "weibull_min": lambda r, n, k: r.weibull_min(k, 2.0, 3.0, (50,)),
    "triangular": lambda r, n, k: r.triangular(k, 0.0, 0.3, 1.0, (50,)),
    "bernoulli": lambda r, n, k: r.bernoulli(k, n.array([0.1, 0.9]), (50, 2)),
    "bernoulli_high": lambda r, n, k: r.bernoulli(k, 0.3, (50,), "high"),
    "rademacher": lambda r, n, k: r.rademacher(k, (50,), n.int8),
    "geometric": lambda r, n, k: r.geometric(k, 0.3, (50,)),
    "randint": lambda r, n, k: r.randint(k, (50,), -3, 1000),
    "randint_u8": lambda r, n, k: r.randint(k, (50,), 0, 256, n.uint8),
    "randint_u32": lambda r, n, k: r.randint(k, (50,), 0, 2**31 - 1, n.uint32),
    "randint_empty": lambda r, n, k: r.randint(k, (5,), 7, 3),
    "randint_arrays": lambda r, n, k: r.randint(k, (3, 2), n.array([0, 5]), n.array([10, 6])),
    "permutation": lambda r, n, k: r.permutation(k, 100),
    "permutation_rows": lambda r, n, k: r.permutation(k, n.arange(24.0).reshape(6, 4), axis=1),
    "permutation_each": lambda r, n, k: r.permutation(k, n.arange(24).reshape(6, 4), 1, independent=True),
    "choice": lambda r, n, k: r.choice(k, 10, (20,)),
    "choice_rows": lambda r, n, k: r.choice(k, n.arange(12.0).reshape(3, 4), (2, 5), axis=1),
    "choice_once": lambda r, n, k: r.choice(k, n.arange(12.0), (4,), replace=False),
    "choice_weighted": lambda r, n, k: r.choice(k, 4, (50,), p=n.array([0.1, 0.2, 0.3, 0.4])),
    "choice_weighted_once": lambda r, n, k: r.choice(k, 4, (3,), False, n.array([0.1, 0.2, 0.3, 0.4])),
    "categorical": lambda r, n, k: r.categorical(k, n.arange(6.0).reshape(2, 3)),
    "categorical_shape": lambda r, n, k: r.categorical(k, n.arange(6.0).reshape(2, 3), 0, (5, 3)),
    "categorical_once": lambda r, n, k: r.categorical(k, n.arange(6.0).reshape(2, 3), -1, (2, 2), False),
    "gamma": lambda r, n, k: r.gamma(k, n.array([0.1, 1.0, 30.0]), (20, 3)),
    "beta": lambda r, n, k: r.beta(k, 2.0, 3.0, (20,)),
    "dirichlet": lambda r, n, k: r.dirichlet(k, n.array([1.0, 2.0, 3.0]), (10,)),
    "f": lambda r, n, k: r.f(k, 3.0, 5.0, (20,)),
    "t": lambda r, n, k: r.t(k, 3.0, (20,)),
    "ball": lambda r, n, k: r.ball(k, 3, 2.0, (20,)),
    "poisson": lambda r, n, k: r.poisson(k, n.array([0.0, 1.0, 5.0, 11.0, 1000.0, n.nan])),
    "binomial": lambda r, n, k: r.binomial(k, n.array([10.0, 5.0, n.inf, -1.0, 1000.0]), 0.7),
    "multinomial": lambda r, n, k: r.multinomial(k, 20, n.array([0.2, 0.3, 0.5])),
    "fold_in": lambda r, n, k: r.key_data(r.fold_in(k, 2**31 + 5)),
    "split": lambda r, n, k: r.key_data(r.split(k, (2, 3))),
    "legacy": lambda r, n, k: r.split(r.PRNGKey(5), 3),
    "rbg": lambda r, n, k: r.bits(r.key(3, impl="rbg"), (5,)),
    "unsafe_rbg": lambda r, n, k: r.key_data(r.split(r.key(3, impl="unsafe_rbg"))),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_samples_are_those_of_jax(jax, name):
    sample = SAMPLERS[name]
    wanted = np.asarray(sample(jax.random, jax.numpy, jax.random.key(7)))
    got = sample(random, wnp, random.key(7))
    assert got.dtype == wanted.dtype
    assert got.shape == wanted.shape
    np.testing.assert_array_equal(np.asarray(got), wanted)


SUMMED = {
    "maxwell": lambda r, n, k: r.maxwell(k, (50,)),
    "double_sided_maxwell": lambda r, n, k: r.double_sided_maxwell(k, 1.0, 2.0, (50,)),
    "mvn_cholesky": lambda r, n, k: r.multivariate_normal(k, n.arange(2.0), covariance(n), (20,)),
    "mvn_eigh": lambda r, n, k: r.multivariate_normal(k, n.arange(2.0), covariance(n), (20,), method="eigh"),
    "mvn_svd": lambda r, n, k: r.multivariate_normal(k, n.arange(2.0), covariance(n), (20,), method="svd"),
    "orthogonal": lambda r, n, k: r.orthogonal(k, 3, (2,), m=5),
}


def covariance(n):
    return n.array([[2.0, 0.5], [0.5, 1.0]])


@pytest.mark.parametrize("name", SUMMED)
def test_samples_that_involve_sums_are_those_of_jax_but_for_rounding(jax, name):
    sample = SUMMED[name]
    wanted = sample(jax.random, jax.numpy, jax.random.key(7))
    np.testing.assert_allclose(np.asarray(sample(random, wnp, random.key(7))), wanted, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["normal", "randint", "bernoulli", "gamma", "choice", "poisson", "legacy"])
def test_under_jit_and_vmap_samples_are_the_same(name):
    sample = SAMPLERS[name]
    eager = np.asarray(sample(random, wnp, random.key(3)))
    np.testing.assert_array_equal(
        np.asarray(weft.jit(lambda k: sample(random, wnp, k))(random.key(3))), eager
    )
    keys = random.split(random.key(3), 3)
    batch = np.asarray(weft.vmap(lambda k: sample(random, wnp, k))(keys))
    each = np.stack([np.asarray(sample(random, wnp, k)) for k in keys])
    if each.dtype.kind == "f":
        np.testing.assert_allclose(batch, each, rtol=1e-6)
    else:
        np.testing.assert_array_equal(batch, each)


@pytest.mark.parametrize("width", [32, 64])
def test_64_bit_types(jax, width):
    with weft.enable_x64(width == 64), jax.enable_x64(width == 64):
        for name in ("normal", "randint", "bits_u32", "categorical"):
            wanted = np.asarray(SAMPLERS[name](jax.random, jax.numpy, jax.random.key(7)))
            got = SAMPLERS[name](random, wnp, random.key(7))
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(np.asarray(got), wanted)


# Keys as arrays


def test_keys_are_arrays():
    keys = random.split(random.key(0), 6)
    data = words(keys)
    assert keys.shape == (6,)
    assert weft.dtypes.issubdtype(keys.dtype, weft.dtypes.prng_key)
    np.testing.assert_array_equal(words(keys[2]), data[2])
    np.testing.assert_array_equal(words(keys[::2]), data[::2])
    np.testing.assert_array_equal(words(keys[wnp.array([5, 0])]), data[[5, 0]])
    np.testing.assert_array_equal(words(keys.reshape(2, 3)), data.reshape(2, 3, 2))
    np.testing.assert_array_equal(words(weft.jit(lambda k: k[1:3])(keys)), data[1:3])
    np.testing.assert_array_equal(words(random.wrap_key_data(wnp.asarray(data))), data)
    assert [words(k).tolist() for k in keys] == data.tolist()


def test_legacy_keys_stay_legacy():
    key = random.PRNGKey(5)
    assert key.dtype == np.uint32
    assert random.fold_in(key, 1).dtype == np.uint32
    np.testing.assert_array_equal(np.asarray(random.split(key)), words(random.split(random.key(5))))
    assert float(random.normal(key)) == float(random.normal(random.key(5)))


def test_a_key_is_no_numpy_array():
    with pytest.raises(TypeError, match="key_data"):
        np.asarray(random.key(0))


# Errors


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda k: random.normal(random.split(k)), ValueError, r"single key.*shape \(2,\).*vmap"),
        (lambda k: random.normal(3), TypeError, "PRNG key"),
        (lambda k: random.normal("key"), TypeError, "array or a number"),
        (lambda k: random.normal(wnp.arange(2)), TypeError, "uint32"),
        (
            lambda k: random.normal(k, dtype=wnp.int32),
            ValueError,
            "`normal` must be a float or complex dtype, got int32",
        ),
        (lambda k: random.bits(k, dtype=wnp.int32), ValueError, "must be an unsigned int dtype"),
        (lambda k: random.randint(k, (), 0, 1, wnp.float32), TypeError, "only accepts integer dtypes"),
        (lambda k: random.truncated_normal(k, wnp.zeros(2), wnp.zeros(2), (3,)), ValueError, "broadcasting"),
        (lambda k: random.bernoulli(k, 1), TypeError, "must have a floating dtype"),
        (lambda k: random.bernoulli(k, mode="x"), ValueError, "expected 'high' or 'low'"),
        (lambda k: random.choice(k, 3, (4,), replace=False), ValueError, "Cannot take a larger sample"),
        (lambda k: random.choice(k, 3, 4), TypeError, "must be a sequence"),
        (lambda k: random.choice(k, 3, (1,), p=wnp.ones(2)), ValueError, r"p has shape \(2,\)"),
        (lambda k: random.permutation(k, 1.5), TypeError, "integer or at least 1-dimensional"),
        (
            lambda k: random.categorical(k, wnp.zeros(2), shape=(3,), replace=False),
            ValueError,
            "cannot exceed",
        ),
        (lambda k: random.gumbel(k, mode="x"), ValueError, "valid mode"),
        (lambda k: random.pareto(k, wnp.ones(2), dtype=wnp.float16), ValueError, "cannot safely cast"),
        (lambda k: random.dirichlet(k, 1.0), ValueError, "alpha.ndim >= 1"),
        (lambda k: random.poisson(random.key(0, impl="rbg"), 1.0), NotImplementedError, "rbg"),
        (lambda k: random.multivariate_normal(k, wnp.zeros(3), wnp.eye(2)), ValueError, "n=3"),
        (lambda k: random.key(0, impl="x"), ValueError, "unrecognized PRNG implementation"),
        (lambda k: random.key(1.5), TypeError, "must be an integer"),
        (lambda k: random.key(k), TypeError, "scalar seed"),
        (lambda k: random.key(wnp.arange(2)), TypeError, r"shape \(2,\)"),
        (lambda k: random.fold_in(k, wnp.arange(2)), TypeError, "accepts a scalar"),
        (lambda k: random.fold_in(k, -1), OverflowError, "uint32"),
        (lambda k: random.key(2**70), OverflowError, "too large"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(random.key(0))


def test_raw_keys_can_be_refused():
    with weft.legacy_prng_key("error"), pytest.raises(ValueError, match="Legacy uint32 key"):
        random.normal(random.PRNGKey(0))
    with weft.legacy_prng_key("warn"), pytest.warns(UserWarning, match="Legacy uint32 key"):
        random.uniform(random.PRNGKey(0), (3, 1, 4))


# Slopes


def test_slopes_with_respect_to_parameters():
    key = random.key(3)
    # A uniform number is minval + u (maxval - minval).
    u = float(random.uniform(key))
    slope = weft.grad(lambda low: random.uniform(key, (), minval=low, maxval=2.0))(0.5)
    assert float(slope) == pytest.approx(1 - u, rel=1e-5)
    assert float(weft.grad(lambda s: random.lognormal(key, s))(0.5)) == pytest.approx(
        float(random.normal(key) * random.lognormal(key, 0.5)), rel=1e-5
    )


@pytest.mark.parametrize("name", ["gamma", "loggamma"])
def test_slope_of_gamma_is_that_of_its_quantile(name):
    from scipy import special

    sampler = getattr(random, name)
    a = np.array([0.5, 1.0, 2.5, 30.0], np.float32)
    x = np.asarray(sampler(random.key(3), a), np.float64)
    x = np.exp(x) if name == "loggamma" else x
    step = 1e-4 * a.astype(np.float64)
    probability = special.gammainc(a, x)
    quantiles = [special.gammaincinv(a + s * step, probability) for s in (1, -1)]
    wanted = (quantiles[0] - quantiles[1]) / (2 * step)
    wanted = wanted / x if name == "loggamma" else wanted
    got = weft.grad(lambda a: wnp.sum(sampler(random.key(3), a)))(wnp.asarray(a))
    np.testing.assert_allclose(np.asarray(got), wanted, rtol=2e-4)


# Initializers

INITIALIZERS = {
    "glorot_normal": lambda i, n, k: i.glorot_normal()(k, (30, 20)),
    "glorot_uniform": lambda i, n, k: i.glorot_uniform()(k, (30, 20)),
    "he_normal": lambda i, n, k: i.he_normal((0, 1), 2, 3)(k, (3, 4, 5, 6)),
    "he_uniform_bf16": lambda i, n, k: i.he_uniform(dtype=n.bfloat16)(k, (30, 20)),
    "lecun_normal": lambda i, n, k: i.lecun_normal()(k, (3, 20, 7)),
    "geometric_mean": lambda i, n, k: i.variance_scaling(1.0, "fan_geo_avg", "normal")(k, (3, 4)),
    "normal": lambda i, n, k: i.normal()(k, (30, 20), n.float16),
    "uniform": lambda i, n, k: i.uniform(0.5)(k, (30, 20)),
    "truncated_normal": lambda i, n, k: i.truncated_normal(0.1, lower=-1.0)(k, (30, 20)),
    "constant": lambda i, n, k: i.constant(3.0)(k, (2, 3)),
    "zeros": lambda i, n, k: i.zeros(k, (2, 3)),
    "ones": lambda i, n, k: i.ones(k, (2, 3), n.int32),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_are_those_of_jax(jax, name):
    make = INITIALIZERS[name]
    wanted = make(jax.nn.initializers, jax.numpy, jax.random.key(1))
    got = make(initializers, wnp, random.key(1))
    assert got.dtype == wanted.dtype
    np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))


def test_orthogonal_initializers():
    q = np.asarray(initializers.orthogonal(2.0)(random.key(0), (3, 4, 5)))
    columns = q.reshape(12, 5)
    np.testing.assert_allclose(columns.T @ columns, 4 * np.eye(5), atol=1e-5)
    kernel = np.asarray(initializers.delta_orthogonal()(random.key(0), (3, 3, 2, 4)))
    np.testing.assert_allclose(kernel[1, 1] @ kernel[1, 1].T, np.eye(2), atol=1e-5)
    assert not kernel[0].any()


def test_errors_of_initializers():
    key = random.key(0)
    for init, shape, text in (
        (initializers.he_normal(), (3,), "at least 2D"),
        (initializers.orthogonal(), (3,), "at least a 2D shape"),
        (initializers.delta_orthogonal(), (3, 4), "3D, 4D or 5D"),
        (initializers.delta_orthogonal(), (3, 4, 2), "less or equal"),
        (initializers.variance_scaling(1.0, "x", "normal"), (3, 4), "invalid mode"),
        (initializers.variance_scaling(1.0, "fan_in", "x"), (3, 4), "invalid distribution"),
    ):
        with pytest.raises(ValueError, match=text):
            init(key, shape)
