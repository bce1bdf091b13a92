"""Reductions, cumulative sums, order statistics, histograms and covariance of `weft.numpy`."""

import ml_dtypes
import numpy as np
import pytest
from numpy_oracle import Weak, case, check, check_error, error

import weft
import weft.numpy as jnp

M = np.array([[3, -1, 2], [5, 0, 4]], np.int32)
G = np.array([[0.3, -1.2, 0.7], [2, 1.5, -3.0]], np.float32)
N = np.array([[0.3, np.nan, 0.7], [np.nan, np.nan, np.nan]], np.float32)
B = np.array([[True, False, True], [True, True, True]])
C = np.array([[1 + 2j, 0.5j, 3], [1, -2j, 1]], np.complex64)
I8 = np.array([[100, 100, 27], [1, 2, 3]], np.int8)
U8 = np.array([[200, 100, 27]], np.uint8)
BF = np.array([[0.5, 2, 3], [1, 2, 4]], ml_dtypes.bfloat16)
E = np.zeros((0, 3), np.float32)
V = np.array([1.0, 2, 3], np.float32)
W = np.array([3, 1, 2, 1, 3], np.int32)

PLAIN = [
    "sum",
    "prod",
    "max",
    "min",
    "mean",
    "var",
    "std",
    "any",
    "all",
    "ptp",
    "count_nonzero",
    "argmax",
    "argmin",
]
SUMS = [
    *[
        case(n, x, numpy=x.dtype.kind != "V")
        for n in PLAIN
        for x in (M, G, B, BF)
        if not (n == "ptp" and x is B)
    ],
    *[case(n, x, axis=1, keepdims=True) for n in PLAIN for x in (M, G)],
    *[case(n, x, axis=(0, -1)) for n in PLAIN[:9] for x in (G,)],
    *[case(n, C) for n in ("sum", "prod", "mean", "var", "std", "any")],
    *[case(n, Weak(3), numpy=False) for n in ("sum", "max", "mean", "argmax")],
    *[case(n, x) for n in ("sum", "prod", "max") for x in (I8, U8)],
    *[case(n, E, axis=0) for n in ("sum", "prod", "all", "any")],
    *[case(n, E, axis=1) for n in ("max", "argmin")],
    *[case(n, G, axis=0, where=B) for n in ("sum", "prod", "mean", "var", "std", "any", "all")],
    *[case(n, G, where=B, initial=-9.0) for n in ("max", "min", "sum")],
    *[case(n, M, dtype=np.float32) for n in ("sum", "mean", "var", "prod")],
    case("sum", I8, promote_integers=False, numpy=False),
    case("sum", G, axis=1, initial=2),
    case("max", np.array([1, np.nan], np.float32)),
    case("max", C, numpy=False),
    case("argmax", np.array([1, np.nan, 3, np.nan], np.float32)),
    case("var", G, ddof=1),
    case("std", G, axis=1, correction=1),
    case("var", G, mean=np.array([[0.5]], np.float32)),
    case("average", G, axis=0, weights=np.array([1.0, 3.0], np.float32)),
    case("average", M, returned=True, axis=1),
    case("average", G, weights=G * G, returned=True, keepdims=True),
]

NAN = [
    "nansum",
    "nanprod",
    "nanmax",
    "nanmin",
    "nanmean",
    "nanvar",
    "nanstd",
    "nanmedian",
    "nancumsum",
    "nancumprod",
]
WITHOUT_NAN = [
    *[case(n, x) for n in NAN for x in (N[:1], M)],
    *[case(n, N, axis=0) for n in NAN[:8]],
    case("nanargmax", N[:1], axis=1),
    case("nanargmin", N, axis=1, numpy=False),
    case("nanmean", N, axis=0, where=B),
    case("nanvar", N[:1], ddof=1),
    case("nanquantile", N[:1], 0.3),
    case("nanpercentile", N, 50, axis=1),
]

CUMULATIVE = [
    *[case(n, x, numpy=False) for n in ("cumsum", "cumprod") for x in (M, B, I8, Weak(2))],
    *[case(n, x, axis=1, numpy=x is not BF) for n in ("cumsum", "cumprod") for x in (G, BF, C)],
    case("cumsum", M, axis=0, dtype=np.float32),
    case("cumulative_sum", M, axis=1, include_initial=True),
    case("cumulative_prod", I8, axis=0, numpy=False),
    case("diff", M),
    case("diff", M, n=2, axis=0),
    case("diff", B, axis=1),
    case("diff", M, prepend=0, append=M, axis=1),
    case("ediff1d", M, to_end=3, to_begin=np.array([1, 2])),
    case("trapezoid", G, axis=0, dx=2),
    case("trapezoid", G, V),
    case("gradient", V),
    case("gradient", G),
    case("gradient", G, 2.0, V),
    case("gradient", M, axis=(0,)),
    case("unwrap", np.array([0, 3.0, 6.5, 1.0], np.float32)),
    case("unwrap", np.array([0, 3, 6, 1], np.int32), period=4),
    case("unwrap", G, axis=0, discont=2.0),
    case("interp", np.array([0.5, 1.5, 9, -1.0], np.float32), V, V * V),
    case("interp", G, V, V * V, left=-1, right=7),
    case("interp", G, V, V * V, period=4),
    case("interp", G, V, V * V, left="extrapolate", right="extrapolate", numpy=False),
]

STATISTICS = [
    case("median", W),
    case("median", G, axis=0),
    case("median", M, keepdims=True),
    case("median", np.array([1, np.nan], np.float32)),
    *[case("quantile", G, 0.3, method=m) for m in ("linear", "lower", "higher", "midpoint")],
    case("quantile", M, 0.3, method="nearest", numpy=False),
    case("quantile", G, np.array([0.1, 0.9], np.float32), axis=1),
    case("quantile", G, 0.5, axis=0, keepdims=True, method="lower"),
    case("quantile", G, 0.3, method="inverted_cdf", weights=G * G),
    case("quantile", BF, 0.3, numpy=False),
    case("percentile", M, np.array([30.0, 50.0], np.float32), axis=(0, 1)),
    case("cov", G),
    case("cov", V, V * V),
    case("cov", G, rowvar=False, bias=True),
    case("cov", G, aweights=V, fweights=np.array([1, 2, 3])),
    case("cov", C),
    case("corrcoef", G),
    case("corrcoef", C),
    case("bincount", W, jit=False),
    case("bincount", W, length=3, numpy=False),
    case("bincount", np.array([-1, 2], np.int32), length=3, numpy=False),
    case("bincount", W, weights=np.arange(5, dtype=np.float32), minlength=6, jit=False),
    case("histogram", G, numpy=False),
    case("histogram", W, bins=3),
    case("histogram", G, bins=np.array([-1.0, 0, 2], np.float32)),
    case("histogram", G, range=(0, 1), bins=4, density=True),
    case("histogram", G, weights=M, bins=3),
    case("histogram_bin_edges", G, 3),
    case("histogram2d", V, V * V, bins=[2, 3], density=True, weights=V),
    case("histogram2d", V, V * V, bins=3),
    case("histogramdd", G.T, bins=[2, 3], range=[(0, 1), (0, 2)]),
]

MISTAKES = [
    error(ValueError, "sum", M, axis=2),
    error(ValueError, "max", E, axis=0),
    error(ValueError, "max", G, where=B),
    error(ValueError, "argmax", E),
    error(TypeError, "argmax", M, axis=(0, 1)),
    error(ValueError, "std", G, dtype=np.int32),
    error(ValueError, "average", G, weights=V),
    error(ValueError, "diff", 3.0),
    error(ValueError, "quantile", G, 0.3, method="x"),
    error(TypeError, "bincount", V),
    error(ValueError, "gradient", np.array([1.0])),
    error(NotImplementedError, "sum", M, out=3),
]


@pytest.mark.parametrize("c", SUMS)
def test_reductions(c):
    check(c)


@pytest.mark.parametrize("c", WITHOUT_NAN)
def test_reductions_without_nan(c):
    check(c)


@pytest.mark.parametrize("c", CUMULATIVE)
def test_along_an_axis(c):
    check(c)


@pytest.mark.parametrize("c", STATISTICS)
def test_statistics(c):
    check(c)


@pytest.mark.parametrize(("c", "kind"), MISTAKES)
def test_mistakes(c, kind):
    check_error(c, kind)


def test_sums_of_small_floats_are_exact_enough():
    x = jnp.full((4096,), 0.1, jnp.bfloat16)
    assert abs(float(x.sum()) - 410) < 2 and float(x.mean()) == float(jnp.bfloat16(0.1))


SLOPES = {
    "std": (lambda x: jnp.std(x), lambda x: (x - x.mean()) / (len(x) * x.std())),
    "var": (lambda x: jnp.var(x), lambda x: 2 * (x - x.mean()) / len(x)),
    "max": (lambda x: jnp.max(x), lambda x: (x == x.max()).astype(float)),
    "prod": (lambda x: jnp.prod(x), lambda x: x.prod() / x),
    "median": (lambda x: jnp.median(x), lambda x: (x == np.median(x)).astype(float)),
    "cumsum": (lambda x: jnp.sum(jnp.cumsum(x)), lambda x: np.arange(len(x), 0, -1.0)),
    "nanmean": (lambda x: jnp.nanmean(jnp.append(x, jnp.nan)), lambda x: np.full(len(x), 1 / len(x))),
    "trapezoid": (lambda x: jnp.trapezoid(x, dx=0.5), lambda x: np.array([0.25, 0.5, 0.25])),
    "interp": (lambda x: jnp.sum(jnp.interp(x, V, V * V)), lambda x: np.array([0.0, 3.0, 5.0])),
}


@pytest.mark.parametrize("name", SLOPES)
def test_slopes(name):
    function, slope = SLOPES[name]
    x = np.array([0.5, 1.5, 2.25], np.float32)
    np.testing.assert_allclose(weft.grad(function)(x), slope(x), rtol=1e-5)


def test_mapped():
    for function in (jnp.nanmax, jnp.median, jnp.std, jnp.argmax, lambda x: jnp.histogram(x, bins=2)[0]):
        made = weft.vmap(function)(G)
        np.testing.assert_allclose(made, np.stack([np.asarray(function(row)) for row in G]), rtol=1e-6)
