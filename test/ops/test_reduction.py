"""Reductions and cumulative ops where samples do not lead: ties, zeros, nan, nothing, derivatives twice."""

import numpy as np
import pytest
from derivative_of import cotangents, some, tangents, values

from weft_compiler.avals import DTYPES, INT32


@pytest.mark.parametrize("x", [[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
def test_prod_has_two_derivatives_at_zeros(x):
    x, t, u = np.array(x), some(3, seed=1), some(3, seed=2)
    (first,) = tangents(lambda b, v: b.reduce_prod(v, axes=(0,)), [x], [t])
    *_, second = tangents(lambda b, v: b.reduce_prod(v, axes=(0,)), [x], [t], [u])
    a, b, c = x
    np.testing.assert_allclose(first, t @ [b * c, a * c, a * b], atol=1e-12)
    hessian = np.array([[0, c, b], [c, 0, a], [b, a, 0]])
    np.testing.assert_allclose(second, t @ hessian @ u, atol=1e-12)


@pytest.mark.parametrize("op", ["reduce_max", "reduce_min"])
def test_elements_that_tie_share_the_slope(op):
    x = np.array([[3.0, 3.0, 1.0], [1.0, 1.0, 1.0]])
    (grad,) = cotangents(lambda b, v: getattr(b, op)(v, axes=(1,)), [x], [np.array([6.0, 9.0])])
    wanted = {"reduce_max": [3, 3, 0], "reduce_min": [0, 0, 6]}[op]
    np.testing.assert_allclose(grad, [wanted, [3, 3, 3]])


def test_an_extremum_of_nothing_is_a_constant():
    assert tangents(lambda b, v: b.reduce_max(v, axes=(0,)), [np.ones((0, 2))], [np.ones((0, 2))]) == []


@pytest.mark.parametrize("size", [5, 200])  # below and above the size from which it is lowered in two steps
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8", "bool"])
def test_arg_of_extremum_is_numpys(size, dtype):
    rng = np.random.default_rng(size)
    x = rng.integers(0, 2 if dtype == "bool" else 4, (size, 6)).astype(DTYPES[dtype])
    if dtype not in ("bool", "int8"):
        x[rng.integers(0, size, 3), [0, 2, 3]] = np.nan
        x[:, 4], x[:, 5] = -np.inf, np.inf
    both = values(
        lambda b, v: (b.argmax(v, axis=0, index_dtype=INT32), b.argmin(v, axis=0, index_dtype=INT32)), x
    )
    known = x.astype(np.float32)  # NumPy does not know nan of bfloat16
    np.testing.assert_array_equal(both[0], known.argmax(0))
    np.testing.assert_array_equal(both[1], known.argmin(0))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float8_e4m3fn", "int8", "uint16", "int64", "bool"])
def test_extrema_of_nothing_are_the_limits(dtype):
    x = np.zeros((0, 1), DTYPES[dtype])
    low, high = values(lambda b, v: (b.reduce_max(v, axes=(0,)), b.reduce_min(v, axes=(0,))), x)
    if dtype == "bool":
        assert not low[0]
        assert high[0]
    elif dtype == "float8_e4m3fn":  # it has no infinity
        assert (float(low[0]), float(high[0])) == (-448.0, 448.0)
    elif x.dtype.kind in "iu":
        assert (low[0], high[0]) == (np.iinfo(dtype).min, np.iinfo(dtype).max)
    else:
        assert (float(low[0]), float(high[0])) == (-np.inf, np.inf)


def test_complex_extrema_compare_real_parts_first():
    x = np.array([1 + 2j, 3 - 1j, 3 + 1j, 1 - 5j], np.complex64)
    high, low = values(lambda b, v: (b.reduce_max(v, axes=(0,)), b.reduce_min(v, axes=(0,))), x)
    assert high == 3 + 1j
    assert low == 1 - 5j


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("op", ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"])
def test_cumulative_agrees_with_jax_twice(op, reverse):
    jax = pytest.importorskip("jax")
    x = np.array([1.0, 1.0, 3.0, 0.0, 3.0, 2.0, 0.0])  # ties and zeros
    t, u = some(7, seed=1), some(7, seed=2)

    def theirs(v):
        return getattr(jax.lax, op)(v, 0, reverse)

    def ours(b, v):
        return getattr(b, op)(v, axis=0, reverse=reverse)

    with jax.enable_x64(True):
        value, first = jax.jvp(theirs, (x,), (t,))
        second = jax.jvp(lambda v: jax.jvp(theirs, (v,), (t,))[1], (x,), (u,))[1]
        (grad,) = jax.vjp(theirs, x)[1](jax.numpy.asarray(t))
    np.testing.assert_allclose(values(ours, x)[0], value, rtol=1e-12)
    np.testing.assert_allclose(tangents(ours, [x], [t])[0], first, rtol=1e-12)
    np.testing.assert_allclose(tangents(ours, [x], [t], [u])[-1], second, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(cotangents(ours, [x], [t])[0], grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 64, 65, 1000])
def test_prefix_sums_of_every_size(size):
    x = np.arange(size, dtype=np.int32)
    up, down = values(lambda b, v: (b.cumsum(v, axis=0), b.cumsum(v, axis=0, reverse=True)), x)
    np.testing.assert_array_equal(up, x.cumsum())
    np.testing.assert_array_equal(down, x[::-1].cumsum()[::-1])


def test_logaddexp_at_infinities_and_ties():
    inf = np.inf
    x, y = np.array([inf, -inf, inf, -inf, 0.0, 2.0]), np.array([inf, -inf, -inf, 0.0, inf, 2.0])
    (made,) = values(lambda b, p, q: b.logaddexp(p, q), x, y)
    np.testing.assert_allclose(made, [inf, -inf, inf, 0, inf, 2 + np.log(2)])
    dx, dy = cotangents(lambda b, p, q: b.logaddexp(p, q), [x, y], [np.ones(6)])
    np.testing.assert_allclose(dx[2:], [1, 0, 0, 0.5])
    np.testing.assert_allclose(dy[2:], [0, 1, 1, 0.5])
    assert np.isfinite([dx, dy]).all()
    one = np.array([2.0])
    *_, second = tangents(lambda b, p, q: b.logaddexp(p, q), [one, one], [one, one * 0], [one, one * 0])
    np.testing.assert_allclose(second, [1.0])  # 4 * p (1 - p) with p = 1/2
