"""`debug_nans` and `debug_infs`: the error that says which op of which line made a nan, and how it was derived."""

import pytest

import weft
import weft.numpy as jnp
from weft import lax
from weft.config import config


@pytest.fixture(autouse=True)
def checks_are_on():
    with weft.debug_nans(True):
        yield


def error_of(f, *args):
    with pytest.raises(FloatingPointError) as caught:
        f(*args)
    return str(caught.value)


def names_the_line(message, words):
    """Whether the message shows the line of this file that holds `words`."""
    return "test_debug_nans.py:" in message and words in message.splitlines()[-1]


def test_an_operation_by_itself():
    message = error_of(lambda: jnp.log(jnp.float32(-1)))
    assert message.startswith("invalid value (nan) encountered in log")
    assert names_the_line(message, "jnp.log(jnp.float32(-1))")


def test_the_place_is_that_of_the_call_at_hand():
    error_of(lambda: jnp.sqrt(jnp.float32(-1)))
    message = error_of(lambda: jnp.sqrt(jnp.float32(-2)))
    assert names_the_line(message, "jnp.sqrt(jnp.float32(-2))")


def test_a_library_function_is_named_beside_the_op():
    message = error_of(lambda: jnp.var(jnp.array([1.0, jnp.inf])))
    assert "of var" in message


def test_inside_of_jit():
    @weft.jit
    def f(x):
        y = jnp.sin(x)
        z = jnp.log(y)
        return z * 2

    message = error_of(f, -1.0)
    assert message.startswith("invalid value (nan) encountered in log")
    assert names_the_line(message, "z = jnp.log(y)")
    assert jnp.isfinite(f(1.0))


def test_what_is_not_chosen_may_be_nan():
    assert weft.jit(lambda x: jnp.where(x > 0, jnp.log(x), 0.0))(-1.0) == 0.0


def test_the_nan_that_reaches_the_result_is_told():
    @weft.jit
    def f(x):
        masked = jnp.where(x > 0, jnp.log(x), 0.0)
        return masked + jnp.sqrt(x)

    assert "sqrt" in error_of(f, -1.0)


def test_a_nested_function():
    @weft.jit
    def root(x):
        return jnp.sqrt(x)

    message = error_of(weft.jit(lambda x: root(x + 1.0) + root(x - 1.0)), 0.0)
    assert names_the_line(message, "return jnp.sqrt(x)")


def test_a_derivative_says_of_what():
    message = error_of(weft.grad(lambda x: jnp.sqrt(x) * 0.0), 0.0)
    assert "in the derivative of sqrt" in message
    assert names_the_line(message, "jnp.sqrt(x) * 0.0")


def test_a_derivative_under_jit():
    message = error_of(weft.jit(weft.grad(lambda x: jnp.where(x > 1, jnp.sqrt(x), x))), 0.0)
    assert "in the derivative of sqrt" in message


def test_a_forward_derivative():
    message = error_of(lambda x: weft.jvp(lambda y: jnp.sqrt(y), (x,), (0.0,)), jnp.float32(0))
    assert "in the derivative of sqrt" in message


def test_a_second_derivative():
    message = error_of(weft.grad(weft.grad(lambda x: jnp.cbrt(x) ** 3 * 0.0)), 0.0)
    assert "derivative of" in message


def test_batched():
    message = error_of(weft.vmap(lambda x: jnp.log(x)), jnp.array([1.0, -1.0]))
    assert "in log, batched by vmap" in message


def test_a_batched_derivative():
    message = error_of(weft.vmap(weft.grad(lambda x: jnp.sqrt(x) * 0.0)), jnp.array([1.0, 0.0]))
    assert "in the derivative of sqrt, batched by vmap" in message


def test_scan():
    @weft.jit
    def f(x):
        def step(c, _):
            c = c - 1.0
            return c, jnp.sqrt(c)

        return lax.scan(step, x, None, length=5)

    message = error_of(f, 3.0)
    assert names_the_line(message, "return c, jnp.sqrt(c)")
    f(30.0)


def test_while_loop():
    def f(x):
        return lax.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, jnp.log(c[1] - 1)), (0, x))

    assert "encountered in log" in error_of(f, jnp.float32(2))
    assert "encountered in log" in error_of(weft.jit(f), jnp.float32(2))


def test_cond():
    f = weft.jit(lambda x: lax.cond(x > 0, lambda y: y, lambda y: jnp.log(y), x))
    assert "encountered in log" in error_of(f, -2.0)
    assert f(2.0) == 2.0


def test_checkpoint_and_custom_rules():
    @weft.custom_jvp
    def f(x):
        return jnp.log(x)

    @f.defjvp
    def _(xs, dxs):
        return f(*xs), dxs[0] / xs[0]

    assert "encountered in log" in error_of(weft.jit(f), -1.0)
    message = error_of(weft.grad(weft.checkpoint(lambda x: jnp.sqrt(x) * 0.0)), 0.0)
    assert "in the derivative of sqrt" in message


def test_a_nan_from_outside():
    message = error_of(weft.jit(lambda x: jnp.sin(x + 1.0)), jnp.nan)
    assert message.startswith("invalid value (nan) encountered in add")
    assert "argument 0 of <lambda> is nan already" in message
    message = error_of(weft.jit(lambda x: x), jnp.nan)
    assert "argument 0 of" in message


def test_vjp_functions_are_looked_into():
    _, pull = weft.vjp(lambda x: jnp.sqrt(x), jnp.float32(0))
    assert "derivative of sqrt" in error_of(lambda: pull(jnp.float32(0)))


def test_complex_numbers():
    message = error_of(weft.jit(lambda x: (x + 1j) * jnp.log(x)), jnp.float32(-1))
    assert "encountered in log" in message


def test_infinities():
    with weft.debug_nans(False), weft.debug_infs(True):
        message = error_of(weft.jit(lambda x: 1 / x), 0.0)
        assert message.startswith("invalid value (inf) encountered in div")
        assert jnp.isnan(jnp.log(jnp.float32(-1)))


def test_nan_alone_is_asked_for():
    assert jnp.isinf(weft.jit(lambda x: 1 / x)(0.0))


def test_off_again():
    f = weft.jit(lambda x: jnp.log(x))
    error_of(f, -1.0)
    with weft.debug_nans(False):
        assert jnp.isnan(f(-1.0))
        assert "find_nan" not in f.lower(-1.0).as_text("weft")
        assert "custom_call" not in f.lower(-1.0).as_text()
    error_of(f, -1.0)


def test_by_the_name_of_jax():
    with weft.debug_nans(False):
        before = config.debug_nans
        assert before is False
    config.update("jax_debug_nans", True)
    try:
        error_of(lambda: jnp.log(jnp.float32(-1)))
    finally:
        config.update("jax_debug_nans", False)


def test_programs_with_other_effects():
    seen = []

    @weft.jit
    def f(x):
        weft.debug.callback(lambda v: seen.append(float(v)), x, ordered=True)
        return jnp.log(x)

    assert "log" in error_of(f, -1.0)
    assert seen == [-1.0]


def test_programs_that_are_compiled_ahead_of_time():
    compiled = weft.jit(lambda x: jnp.log(x) + 1).lower(jnp.float32(1)).compile()
    assert compiled(jnp.float32(1)) == 1
    assert "encountered in log" in error_of(compiled, jnp.float32(-1))
