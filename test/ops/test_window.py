"""Windows against JAX, slopes of ties among them; and reductions by a function, which samples cannot hold."""

from typing import Any

import numpy as np
import pytest
from derivative_of import batched, cotangents, some, tangents, values

from weft_compiler.avals import INT32, Aval
from weft_compiler.dialect.window_samples import window

WINDOWS = (
    ((4, 6), window(2, 2, stride=(2, 2))),
    ((5, 6), window(3, 2, low=(1, 0), high=(1, 1))),
    ((3, 80), window(1, 70, stride=(1, 4), low=(0, 9), high=(0, 9))),  # too long to be lowered to slices
)


def jax_window(attrs: dict[str, Any]) -> dict[str, Any]:
    """The attributes as JAX names them."""
    names = ("window_dimensions", "window_strides", "base_dilation", "window_dilation")
    padding = list(zip(attrs["padding_low"], attrs["padding_high"], strict=True))
    return {name: attrs[name] for name in names} | {"padding": padding}


@pytest.mark.parametrize(("shape", "attrs"), WINDOWS)
@pytest.mark.parametrize("op", ["reduce_window_sum", "reduce_window_max", "reduce_window_min"])
def test_pooling_and_its_slope(op, shape, attrs):
    jax = pytest.importorskip("jax")
    x = np.random.default_rng(1).integers(0, 3, shape).astype(np.float64)  # many ties
    start, combine = {
        "sum": (0.0, jax.lax.add), "max": (-np.inf, jax.lax.max), "min": (np.inf, jax.lax.min)
    }[op[-3:]]  # fmt: skip

    def ours(b, v):
        return getattr(b, op)(v, **attrs)

    with jax.enable_x64(True):
        value, back = jax.vjp(lambda v: jax.lax.reduce_window(v, start, combine, **jax_window(attrs)), x)
        ct = some(*value.shape, seed=2)
        (wanted,) = back(jax.numpy.asarray(ct))
    np.testing.assert_allclose(values(ours, x)[0], value, rtol=1e-12)
    np.testing.assert_allclose(cotangents(ours, [x], [ct])[0], wanted, rtol=1e-12, atol=1e-12)


def test_second_slope_of_max_pooling():
    x, t, u = some(4, 6), some(4, 6, seed=1), some(4, 6, seed=2)
    attrs = window(2, 2, stride=(2, 2))

    def squared(b, v):
        y = b.reduce_window_max(v, **attrs)
        return b.mul(y, y)

    *_, second = tangents(squared, [x], [t], [u])
    boxes = [v.reshape(2, 2, 3, 2).transpose(0, 2, 1, 3).reshape(2, 3, 4) for v in (x, t, u)]
    at = boxes[0].argmax(-1)[..., None]
    dt, du = (np.take_along_axis(v, at, -1)[..., 0] for v in boxes[1:])
    np.testing.assert_allclose(second, 2 * dt * du, rtol=1e-12)


def logaddexp(b: Any, x: Any, y: Any) -> list[Any]:
    return [b.log(b.add(b.exp(x), b.exp(y)))]


def greater_with_index(b: Any, x: Any, i: Any, y: Any, j: Any) -> list[Any]:
    keeps = b.compare(x, y, direction="GE")
    return [b.select(keeps, x, y), b.select(keeps, i, j)]


def twice_the_product(b: Any, x: Any, y: Any) -> list[Any]:
    return [b.mul(b.mul(x, y), 2.0)]


def with_computation(b: Any, combine: Any, *dtypes: Any) -> str:
    """A computation as a function of the module."""
    scalars = [Aval.of((), np.dtype(d)) for d in dtypes] * 2
    return b.define("combine", scalars, combine)


@pytest.mark.parametrize("axes", [(), (0,), (1,), (0, 2), (0, 1, 2)])
def test_reduce_by_a_function(axes):
    x, start = some(3, 5, 2), np.array(-50.0)

    def ours(b, v, init):
        return b.reduce(v, init, axes=axes, computation=with_computation(b, logaddexp, np.float64))

    total = np.log(np.exp(x).sum(axes)) if axes else x
    np.testing.assert_allclose(values(ours, x, start)[0], total, rtol=1e-12)
    share = np.exp(x - np.expand_dims(total, axes)) if axes else np.ones_like(x)
    ct, t = some(*total.shape, seed=1), some(*x.shape, seed=2)
    grad = cotangents(ours, [x, start], [ct])[0]
    np.testing.assert_allclose(grad, np.expand_dims(ct, axes) * share, rtol=1e-10)
    (first,) = tangents(ours, [x, start], [t, start * 0])
    np.testing.assert_allclose(first, (share * t).sum(axes), rtol=1e-10)
    *_, second = tangents(ours, [x, start], [t, start * 0], [t, start * 0])
    wanted = (share * t * t).sum(axes) - first * first if axes else np.zeros_like(x)
    np.testing.assert_allclose(np.broadcast_to(second, wanted.shape), wanted, rtol=1e-8, atol=1e-12)


ROWS = np.array([0, 5, 10])
"""Number of the first element of each row of a 3 by 5 array."""


def test_reduce_of_values_and_indices():
    x, index = some(3, 5), np.arange(15, dtype=np.int32).reshape(3, 5)

    def ours(b, v, i):
        low, none = b.full(Aval.of((), np.dtype(np.float64)), -np.inf), b.full(Aval.of((), INT32), -1)
        combine = with_computation(b, greater_with_index, np.float64, np.int32)
        return b.reduce(v, i, low, none, axes=(1,), computation=combine)

    high, at = values(ours, x, index)
    np.testing.assert_array_equal(high, x.max(1))
    np.testing.assert_array_equal(at, x.argmax(1) + ROWS)
    (grad,) = cotangents(ours, [x, index], [np.ones(3)])
    np.testing.assert_array_equal(grad, x == x.max(1, keepdims=True))
    xs = some(4, 3, 5, seed=3)
    high, at = batched(ours, (True, False), 4, xs, index)
    np.testing.assert_array_equal(high, xs.max(2))
    np.testing.assert_array_equal(at, xs.argmax(2) + ROWS)


def test_start_values_may_be_batched():
    x, starts = some(4), np.array([0.5, 0.5, 0.5])

    def ours(b, v, init):
        return b.reduce(v, init, axes=(0,), computation=with_computation(b, twice_the_product, np.float64))

    (made,) = batched(ours, (False, True), 3, x, starts)
    np.testing.assert_allclose(made, np.full(3, 8 * x.prod()), rtol=1e-12)


def test_one_function_used_twice():
    x, half = some(3, 4), np.array(0.5)

    def ours(b, v, init):
        fn = with_computation(b, twice_the_product, np.float64)
        return [b.reduce(v, init, axes=(axis,), computation=fn)[0] for axis in (0, 1)]

    columns, rows = values(ours, x, half)
    np.testing.assert_allclose(columns, 4 * x.prod(0), rtol=1e-12)
    np.testing.assert_allclose(rows, 8 * x.prod(1), rtol=1e-12)


@pytest.mark.parametrize(
    "attrs",
    [
        window(2, 3, stride=(1, 2), low=(1, 0), high=(0, 1)),
        window(2, 2, base=(1, 2), dilation=(2, 1)),
        window(1, 1),
    ],
)
def test_reduce_window_by_a_function(attrs):
    jax = pytest.importorskip("jax")
    x, low = some(4, 6), np.array(-40.0)

    def ours(b, v):
        init = b.full(Aval.of((), np.dtype(np.float64)), -40.0)
        return b.reduce_window(v, init, computation=with_computation(b, logaddexp, np.float64), **attrs)

    def theirs(v):
        exps = jax.lax.reduce_window(jax.numpy.exp(v), 0.0, jax.lax.add, **jax_window(attrs))
        return jax.numpy.log(exps + np.exp(low))

    with jax.enable_x64(True):
        value, back = jax.vjp(theirs, x)
        ct = some(*value.shape, seed=1)
        (wanted,) = back(jax.numpy.asarray(ct))
    np.testing.assert_allclose(values(ours, x)[0], value, rtol=1e-10)
    np.testing.assert_allclose(cotangents(ours, [x], [ct])[0], wanted, rtol=1e-10, atol=1e-12)
    xs = some(3, 4, 6, seed=2)
    each = [values(ours, v)[0] for v in xs]
    np.testing.assert_allclose(batched(ours, (True,), 3, xs)[0], each, rtol=1e-12)
