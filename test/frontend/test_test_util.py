"""Checks of derivatives find wrong rules and pass right ones."""

import functools
import typing

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft.test_util import check_grads, check_jvp, check_vjp
from weft.typing import ArrayLike, DTypeLike


def right(x, y):
    return {"a": jnp.sin(x) * y, "b": (x**2).sum()}


@weft.custom_jvp
def wrong(x):
    return jnp.sin(x)


wrong.defjvp(lambda primals, tangents: (jnp.sin(primals[0]), 2 * jnp.cos(primals[0]) * tangents[0]))


def test_right_derivatives_pass():
    x, y = np.array([0.3, 1.2], "f4"), jnp.array([2.0, -1.0])
    check_grads(right, (x, y), order=2)
    check_jvp(right, functools.partial(weft.jvp, right), (x, y))
    check_vjp(right, functools.partial(weft.vjp, right), (x, y))
    check_grads(lambda a, n: a * n, (1.5, 3), order=1)
    check_grads(lambda z: z * z, (np.array([1 + 2j], "c8"),), order=2)


@pytest.mark.parametrize(("mode", "message"), [("fwd", "JVP tangent"), ("rev", "VJP cotangent projection")])
def test_wrong_derivative_is_found(mode, message):
    with pytest.raises(AssertionError, match=message):
        check_grads(wrong, (0.5,), order=1, modes=[mode])


def test_wrong_second_derivative_is_named():
    @weft.custom_jvp
    def f(x):
        return jnp.sin(x)

    f.defjvp(
        lambda primals, tangents: (
            jnp.sin(primals[0]),
            weft.lax.stop_gradient(jnp.cos(primals[0])) * tangents[0],
        )
    )
    check_grads(f, (0.5,), order=1)
    with pytest.raises(AssertionError, match=r"of (JVP|VJP)"):
        check_grads(f, (0.5,), order=2)


def test_wrong_value():
    with pytest.raises(AssertionError, match="primal"):
        check_jvp(jnp.sin, lambda args, tangents: (args[0], tangents[0]), (1.0,))


def test_forward_and_backward():
    calls = []

    def f(x, scale, y):
        calls.append(1)
        return (scale * x @ y).sum(), {"x": x}

    x, y = jnp.ones((2, 3)), jnp.arange(6.0).reshape(3, 2)
    fwd, bwd = weft.fwd_and_bwd(f, argnums=(0, -1), has_aux=True)
    for _ in range(3):
        value, residuals, aux = fwd(x, 2.0, y)
        dx, dy = bwd(residuals, jnp.ones(()))
    assert value == 30 * 2 and (aux["x"] == x).all() and len(calls) == 1 and bwd._cache_size() == 1
    np.testing.assert_allclose(dx, 2 * np.ones((2, 2)) @ np.asarray(y).T)
    np.testing.assert_allclose(dy, 2 * np.ones((3, 2)) * 2)
    fwd, bwd = weft.fwd_and_bwd(jnp.square, 0, jitted=False)
    value, residuals = fwd(3.0)
    assert value == 9 and bwd(residuals, 1.0) == 6
    with pytest.raises(ValueError, match="argnums 2 do not fit"):
        weft.fwd_and_bwd(jnp.square, 2)[0](1.0)


def test_types():
    assert all(
        isinstance(x, typing.get_args(ArrayLike))
        for x in (1, 2.0, True, 1j, np.ones(2), np.float32(1), jnp.ones(2))
    )
    assert not isinstance([1, 2], typing.get_args(ArrayLike))
    assert str in typing.get_args(DTypeLike) and np.dtype in typing.get_args(DTypeLike)
