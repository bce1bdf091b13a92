"""Transformations at the corners where they once differed from JAX."""

import warnings

import numpy as np
import pytest

import weft
import weft.numpy as jnp


def test_unmapped_arguments_of_vmap_may_be_any_objects():
    apply = weft.vmap(lambda f, x, scale: f(x) * scale["by"], in_axes=(None, 0, {"by": None}))
    np.testing.assert_allclose(apply(lambda x: x + 1, jnp.arange(3.0), {"by": 2.0}), [2.0, 4.0, 6.0])
    with pytest.raises(TypeError, match="argument f is"):
        weft.vmap(lambda f, x: f(x))(abs, jnp.arange(3.0))
    with pytest.raises(ValueError, match="y"):
        weft.vmap(lambda f, x, y: f(x) + y, (None, 0, 0))(abs, jnp.arange(3.0), jnp.ones(2))


def test_jit_has_the_attributes_of_its_function():
    def f(x):
        return x

    f.some_value = 4
    jitted = weft.jit(f)
    assert jitted.some_value == 4
    with pytest.raises(AttributeError):
        _ = jitted.other_value


def test_generators_are_not_jitted():
    def f():
        yield 1

    with pytest.raises(TypeError, match="generator function"):
        weft.jit(f)


def test_positions_beyond_any_arguments():
    weft.jit(lambda *args: args[0], static_argnums=(1, -999))
    with pytest.raises(ValueError, match="static_argnums"):
        weft.jit(lambda x: x, static_argnums=5)


def test_memory_that_no_result_can_take_is_told():
    double = weft.jit(lambda x: 2 * x, donate_argnums=0)
    shorten = weft.jit(lambda x: x[:2], donate_argnums=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        double(jnp.ones(3))
    with pytest.warns(UserWarning, match=r"donated buffers were not usable: f32\[3\]"):
        shorten(jnp.ones(3))


def test_float0_takes_part_in_nothing():
    with pytest.raises(TypeError, match="float0"):
        jnp.add(np.zeros(2, weft.float0), jnp.ones(2))


def test_a_rule_may_use_its_linear_function_on_tangents():
    @weft.custom_jvp
    def total(x):
        return jnp.sum(x, axis=0)

    @total.defjvp
    def total_jvp(primals, tangents):
        return total(*primals), total(*tangents)

    x = jnp.arange(3.0)
    for f in (total, weft.checkpoint(total), weft.jit(total)):
        np.testing.assert_allclose(weft.grad(lambda x, f=f: f(x) ** 2)(x), [6.0, 6.0, 6.0])
        np.testing.assert_allclose(weft.hessian(lambda x, f=f: f(x) ** 2)(x), np.full((3, 3), 2.0))


def residuals(policy):
    f = weft.checkpoint(lambda x: jnp.sin(jnp.sin(jnp.sin(x))), policy=policy)
    return str(weft.make_ir(lambda x: weft.vjp(f, x)[1](1.0))(1.0)), weft.grad(f)(1.0)


def test_a_policy_may_be_a_function_of_names_of_ops():
    kept, slope = residuals(lambda op, *_, **__: str(op) in ("sin", "cos"))
    assert "save_only_these_ops:cos,sin" in kept
    np.testing.assert_allclose(slope, weft.grad(lambda x: jnp.sin(jnp.sin(jnp.sin(x))))(1.0), rtol=1e-6)
    assert "everything_saveable" in residuals(lambda *_, **__: True)[0]
    assert residuals(lambda *_, **__: False)[0].count("cos") == residuals(None)[0].count("cos")
    with pytest.raises(TypeError, match="by the name of an op alone"):
        residuals(lambda op, x: x.ndim == 2)
    with pytest.raises(TypeError, match="must be one of"):
        residuals("dots")
