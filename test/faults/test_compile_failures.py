"""Programs and options that XLA refuses, and functions that fail while they are traced."""

import pytest

import weft
import weft.numpy as jnp
from weft.errors import JaxRuntimeError


def test_unknown_option():
    f = weft.jit(lambda x: x + 1, compiler_options={"xla_no_such_option": 1})
    for _ in range(2):
        with pytest.raises(JaxRuntimeError, match="xla_no_such_option"):
            f(1.0)


def test_option_of_the_wrong_type():
    f = weft.jit(lambda x: x + 1, compiler_options={"xla_cpu_enable_fast_math": "maybe"})
    with pytest.raises(JaxRuntimeError, match="maybe"):
        f(1.0)


def test_exception_while_tracing():
    is_broken = [True]

    @weft.jit
    def f(x):
        y = jnp.sin(x)
        if is_broken[0]:
            raise KeyError("not yet")
        return y * 2

    for transform in (lambda g: g, lambda g: weft.grad(lambda x: g(x).sum()), weft.vmap, weft.jit):
        with pytest.raises(KeyError, match="not yet"):
            transform(f)(jnp.ones((2, 3)))
    is_broken[0] = False
    assert f(jnp.zeros(3)).tolist() == [0.0] * 3


def test_error_of_types_while_tracing_inside_a_loop():
    def body(i, c):
        return c @ jnp.ones((4, 5))

    for _ in range(2):
        with pytest.raises(TypeError):
            weft.jit(lambda x: weft.lax.fori_loop(0, 3, body, x))(jnp.ones((2, 3)))


def test_tracer_that_left():
    kept = []
    weft.jit(lambda x: kept.append(x) or x)(1.0)
    with pytest.raises(weft.errors.UnexpectedTracerError, match="has left the function"):
        kept[0] + 1
