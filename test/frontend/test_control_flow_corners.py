"""Control flow at the corners where it once differed from JAX."""

from functools import partial

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import lax


def test_branches_not_taken_bring_no_nan():
    def safe_sqrt(x):
        return lax.cond(x < 1e-3, lambda x: 0.0 * x, jnp.sqrt, x)

    slopes = weft.grad(lambda x: weft.vmap(safe_sqrt)(x).sum())(jnp.array([0.0, 4.0]))
    np.testing.assert_allclose(slopes, [0.0, 0.25])


def test_a_batched_index_beyond_the_branches_takes_the_nearest():
    f = lambda i, x: lax.switch(i, [lambda x: x, lambda x: 2 * x, lambda x: 3 * x], x)
    made = weft.vmap(weft.value_and_grad(f, 1), (0, None))(jnp.array([-5, 1, 9]), 1.0)
    for values in made:
        np.testing.assert_allclose(values, [1.0, 2.0, 3.0])


def test_what_all_branches_hand_on_is_not_mapped():
    def f(x, y):
        return lax.cond(x < 3, lambda x, y: (x * 2, y), lambda x, y: (x * 3, y), x, y)

    made = weft.vmap(f, in_axes=(0, None), out_axes=(0, None))(jnp.arange(5), jnp.array(3.0))
    np.testing.assert_allclose(made[0], [0, 2, 4, 9, 12])
    assert made[1].shape == ()


def test_unrolling_by_zero_is_unrolling_whole():
    f = lambda unroll: weft.make_ir(lambda xs: lax.scan(lambda c, x: (c + x, c), 0.0, xs, unroll=unroll))
    assert "unroll = 4" in str(f(0)(jnp.arange(4.0)))
    with pytest.raises(ValueError, match="`unroll` must be"):
        f(-1)(jnp.arange(4.0))


def test_bounds_of_loops_may_be_floats():
    f = lambda x: lax.fori_loop(x, x + 2.0, lambda i, c: c * 2, x)
    assert weft.grad(f)(1.0) == 4.0


def test_without_jit_loops_and_branches_run_in_python():
    with weft.disable_jit():
        assert lax.fori_loop(0, 0, lambda i, x: x + i, 1.0) == 1.0
        assert lax.fori_loop(0, 3, lambda i, x: x + i, 1.0) == 4.0
        climb = lambda y: lax.while_loop(lambda x: x < 10.0, lambda x: x + 1.0, y)
        np.testing.assert_allclose(weft.vmap(climb)(jnp.array([3.0, 4.5])), [10.0, 10.5])
        sign = weft.vmap(lambda t: lax.cond(t > 0, lambda: 1, lambda: -1))
        np.testing.assert_allclose(sign(jnp.array([2, -2])), [1, -1])


def test_without_jit_the_initial_value_is_not_changed():
    def step(carry):
        x, y = carry
        x += 1  # would change an array of NumPy in place
        return x, y + x

    def run():
        start = np.array(1.0, np.float32)
        return lax.while_loop(lambda carry: carry[0] < 10, step, (start, start))[1]

    with weft.disable_jit():
        in_python = run()
    assert in_python == run()


def test_functions_without_a_name_can_be_jitted():
    add = weft.jit(lambda c, x: (c + x, c))
    assert weft.jit(partial(add, 1.0))(2.0)[0] == 3.0
    made = weft.vmap(lambda c, xs: lax.scan(weft.jit(partial(add)), c, xs))(jnp.ones(2), jnp.ones((2, 3)))
    np.testing.assert_allclose(made[0], [4.0, 4.0])
