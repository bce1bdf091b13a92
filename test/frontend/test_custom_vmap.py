"""`custom_vmap`: the rule is used under vmap, to any depth, and beside every other transformation, as in JAX."""

import numpy as np
import pytest
from rules_oracle import error_as_jax, library, same_as_jax

import weft
import weft.numpy as jnp
from weft import lax
from weft.custom_batching import custom_vmap, sequential_vmap

X = np.linspace(-1, 1, 3, dtype=np.float32)
XS = np.linspace(-1, 2, 6, dtype=np.float32).reshape(2, 3)


def marked(lib):
    """A function whose rule adds 10 to each element: so one sees where it was used."""

    @lib.custom_batching.custom_vmap
    def f(x, y):
        return lib.np.sin(x) * y

    @f.def_vmap
    def _(axis_size, in_batched, x, y):
        x_batched, y_batched = in_batched
        x = x if x_batched else lib.np.broadcast_to(x, (axis_size, *lib.np.shape(x)))
        y = y if y_batched else lib.np.broadcast_to(y, (axis_size, *lib.np.shape(y)))
        return f(x, y) + 10.0, True

    return f


PROGRAMS = {
    "call": lambda lib, f: f(0.5, 2.0),
    "jit": lambda lib, f: lib.jit(f)(0.5, 2.0),
    "vmap": lambda lib, f: lib.vmap(f)(X, X),
    "some": lambda lib, f: lib.vmap(f, in_axes=(0, None))(X, 3.0),
    "others": lambda lib, f: lib.vmap(f, in_axes=(None, 0))(2.0, X),
    "axes": lambda lib, f: lib.vmap(f, in_axes=(1, 1), out_axes=1)(XS, XS),
    "nested": lambda lib, f: lib.vmap(lib.vmap(f, in_axes=(0, None)), in_axes=(0, 0))(XS, XS[:, 0]),
    "outer_only": lambda lib, f: lib.vmap(lib.vmap(f, in_axes=(None, 0)), in_axes=(0, None))(X, X),
    "jit_vmap": lambda lib, f: lib.jit(lib.vmap(f))(X, X),
    "vmap_jit": lambda lib, f: lib.vmap(lib.jit(f))(X, X),
    "jvp": lambda lib, f: lib.jvp(f, (0.5, 2.0), (1.0, 0.0)),
    "jvp_vmap": lambda lib, f: lib.jvp(lib.vmap(f), (X, X), (X, X)),
    "scan": lambda lib, f: lib.vmap(lambda x: lib.lax.scan(lambda c, y: (f(c, y), c), x, X))(X),
    "cond": lambda lib, f: lib.vmap(lambda x: lib.lax.cond(x > 0, lambda: f(x, x), lambda: x))(X),
    "while": lambda lib, f: lib.vmap(
        lambda x: lib.lax.fori_loop(0, 2, lambda i, c: f(c, x), x),
    )(X),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_jax(name):
    same_as_jax(lambda lib: PROGRAMS[name](lib, marked(lib)))


def test_a_batch_of_tangents():
    """JAX does not come back from this one."""
    f = marked(library())
    values, tangents = weft.vmap(lambda x: weft.jvp(f, (x, 2.0), (1.0, 0.0)))(X)
    np.testing.assert_allclose(values, 2 * np.sin(X) + 10, rtol=1e-6)
    np.testing.assert_allclose(tangents, 2 * np.cos(X), rtol=1e-6)


def test_the_rule_gets_marks_in_the_structure_of_the_arguments():
    def program(lib):
        seen = []

        @lib.custom_batching.custom_vmap
        def f(tree, scale):
            return {"sum": tree["a"] + tree["b"] * scale, "same": scale}

        @f.def_vmap
        def _(axis_size, in_batched, tree, scale):
            seen.append((axis_size, in_batched))
            assert not in_batched[1]
            out = {"sum": tree["a"] + tree["b"] * scale, "same": scale}
            return out, {"sum": True, "same": False}

        out = lib.vmap(lambda a: f({"a": a, "b": 2.0}, 3.0))(X)
        (size, (marks, scale)), *_ = seen
        assert (size, marks["a"], marks["b"], scale) == (3, True, False, False)
        return out

    same_as_jax(program)


def test_values_from_outside():
    def program(lib):
        factor = lib.np.float32(3)

        @lib.custom_batching.custom_vmap
        def f(x):
            return x * factor

        @f.def_vmap
        def _(axis_size, in_batched, x):
            return x * factor + 1, True

        return lib.vmap(f)(X), f(2.0)

    same_as_jax(program)


def test_sequential_vmap():
    def program(lib):
        @lib.custom_batching.sequential_vmap
        def f(x, y):
            return lib.np.sin(x) + y, x

        return [
            lib.vmap(f)(X, X),
            lib.vmap(f, in_axes=(0, None))(X, 1.0),
            lib.vmap(lib.vmap(f, in_axes=(None, 0)), in_axes=(0, None))(X, X),
            f(0.5, 1.0),
        ]

    same_as_jax(program)


def test_sequential_vmap_sees_single_elements():
    shapes = []

    @sequential_vmap
    def f(x):
        shapes.append(x.shape)
        return x + 1

    np.testing.assert_allclose(weft.vmap(f)(XS), XS + 1)
    assert set(shapes) == {(3,)}


def test_reverse_mode_over_the_batched_rule():
    """JAX differentiates the rule's result too: the batched function is the rule."""

    def program(lib):
        f = marked(lib)
        return lib.grad(lambda x: lib.vmap(lambda x: f(x, 2.0))(x).sum())(lib.np.asarray(X))

    made = program(library())
    np.testing.assert_allclose(made, 2 * np.cos(X), rtol=1e-5)


def test_a_batch_within_a_loop_within_a_batch():
    f = marked(library())

    def program(x):
        return lax.scan(lambda c, y: (c, weft.vmap(f)(jnp.stack([c, y]), jnp.stack([y, c]))), x, X)[1]

    wanted = [[[np.sin(x) * y + 10, np.sin(y) * x + 10] for y in X] for x in X]
    made = weft.vmap(program)(jnp.asarray(X))
    assert made.shape == (3, 3, 2)
    # The inner rule is used, and the outer batch uses it once more: it adds 10 for each.
    np.testing.assert_allclose(made - 10, wanted, rtol=1e-4, atol=1e-4)


def test_errors():
    def no_rule(lib):
        return lib.vmap(lib.custom_batching.custom_vmap(lambda x: x))(X)

    error_as_jax(no_rule, AttributeError, "def_vmap")

    def wrong_marks(lib):
        f = lib.custom_batching.custom_vmap(lambda x: (x, x))
        f.def_vmap(lambda size, marks, x: ((x, x), True))
        return lib.vmap(f)(X)

    error_as_jax(wrong_marks, ValueError)

    def wrong_result(lib):
        f = lib.custom_batching.custom_vmap(lambda x: (x, x))
        f.def_vmap(lambda size, marks, x: (x, True))
        return lib.vmap(f)(X)

    error_as_jax(wrong_result, ValueError)

    @custom_vmap
    def f(x):
        return x

    f.def_vmap(lambda size, marks, x: (x[:1], True))
    with pytest.raises((ValueError, TypeError), match="3"):
        weft.vmap(f)(X)
