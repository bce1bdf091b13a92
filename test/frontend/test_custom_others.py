"""`closure_convert`, `custom_gradient`, `linear_call`, and rules inside of rules, as in JAX."""

import numpy as np
import pytest
from rules_oracle import error_as_jax, library, same_as_jax, slope

import weft
import weft.numpy as jnp

X = np.linspace(0.1, 1, 3, dtype=np.float32)


# closure_convert


def test_closed_over_values_become_arguments():
    def program(lib):
        def outer(scale, x):
            converted, closed_over = lib.closure_convert(lambda y: lib.np.sin(y) * scale, x)
            return converted(x, *closed_over) + converted(x, *[2 * c for c in closed_over])

        return [
            lib.grad(outer)(2.0, 0.5),
            lib.grad(outer, 1)(2.0, 0.5),
            lib.vmap(lib.grad(outer), (0, None))(X, 0.5),
            lib.jit(lib.grad(outer))(2.0, 0.5),
        ]

    same_as_jax(program)


def test_nothing_is_closed_over():
    def program(lib):
        table = np.arange(3.0, dtype=np.float32)
        converted, closed_over = lib.closure_convert(lambda y: y * table, X)
        assert closed_over == []
        return converted(X)

    same_as_jax(program)


def test_closures_in_a_custom_rule():
    """What the function is for: a rule that takes a function and differentiates what it closes over."""

    def program(lib):
        from functools import partial

        @partial(lib.custom_vjp, nondiff_argnums=(0,))
        def call(f, x, *consts):
            return f(x, *consts)

        def fwd(f, x, *consts):
            y, pull = lib.vjp(f, x, *consts)
            return y, pull

        def bwd(f, pull, ct):
            return tuple(2.0 * c for c in pull(ct))

        call.defvjp(fwd, bwd)

        def loss(a, x):
            f, consts = lib.closure_convert(lambda x: lib.np.sin(x * a), x)
            return call(f, x, *consts)

        return lib.grad(loss, (0, 1))(2.0, 0.3)

    made = same_as_jax(program)
    np.testing.assert_allclose(made[0], 2 * 0.3 * np.cos(0.6), rtol=1e-5)


def test_trees_and_errors_of_closure_convert():
    def program(lib):
        converted, consts = lib.closure_convert(lambda t: t["a"] + t["b"], {"a": 1.0, "b": 2.0})
        return converted({"a": 3.0, "b": 4.0}, *consts)

    same_as_jax(program)
    error_as_jax(lambda lib: lib.closure_convert(lambda t: t["a"], {"a": 1.0})[0]([1.0]), TypeError)


# custom_gradient


def test_custom_gradient():
    def program(lib):
        @lib.custom_gradient
        def f(x):
            return x**2, lambda g: (g * 10.0 * x,)

        @lib.custom_gradient
        def g(x, y):
            return {"p": x * y}, lambda ct: (ct["p"] * 2.0, ct["p"] * 3.0)

        return [
            f(3.0),
            lib.grad(f)(3.0),
            lib.vmap(lib.grad(f))(X),
            lib.jit(lib.grad(lambda x: f(x) * 2.0))(3.0),
            lib.grad(lambda x, y: g(x, y)["p"], (0, 1))(2.0, 5.0),
            lib.grad(lib.grad(f))(3.0),
        ]

    same_as_jax(program)


# linear_call


def test_linear_call():
    def program(lib):
        def divided(x, y):
            linear_call = lib.custom_derivatives.linear_call
            return linear_call(lambda y, x: x / y, lambda y, ct: ct / y, y, x)

        return [
            divided(3.0, 2.0),
            lib.jit(divided)(3.0, 2.0),
            lib.linear_transpose(lambda x: divided(x, 2.0), 1.0)(5.0),
        ]

    same_as_jax(program)


def test_linear_call_in_a_batch():
    """JAX has no batching rule for it."""

    def divided(x, y):
        return weft.custom_derivatives.linear_call(lambda y, x: x / y, lambda y, ct: ct / y, y, x)

    np.testing.assert_allclose(weft.vmap(divided)(X, X + 1), X / (X + 1), rtol=1e-6)
    batch = weft.linear_transpose(lambda x: weft.vmap(divided, (0, None))(x, 4.0), X)
    np.testing.assert_allclose(batch(X)[0], X / 4, rtol=1e-6)


def test_linear_call_has_the_transpose_that_it_is_given():
    def times_seven(x):
        return weft.custom_derivatives.linear_call(lambda _, x: 7.0 * x, lambda _, ct: 100.0 * ct, (), x)

    assert times_seven(2.0) == 14.0
    assert weft.grad(times_seven)(2.0) == 100.0
    assert weft.jvp(times_seven, (2.0,), (1.0,))[1] == 7.0


def test_the_transpose_must_fit():
    with pytest.raises(TypeError):
        weft.linear_transpose(
            lambda x: weft.custom_derivatives.linear_call(lambda _, x: x, lambda _, ct: (ct, ct), (), x), 1.0
        )(1.0)


# Rules inside of rules


def nested(lib):
    """A custom_jvp that uses a custom_vjp, which uses a function with a rule for vmap."""

    @lib.custom_batching.custom_vmap
    def inner(x):
        return lib.np.sin(x)

    @inner.def_vmap
    def _(size, marks, x):
        return lib.np.sin(x), True

    @lib.custom_vjp
    def middle(x):
        return inner(x) * x

    middle.defvjp(lambda x: (middle(x), x), lambda x, ct: (ct * (lib.np.cos(x) * x + lib.np.sin(x)),))

    @lib.custom_jvp
    def outer(x):
        return middle(x) + x

    @outer.defjvp
    def _(primals, tangents):
        (x,), (dx,) = primals, tangents
        return outer(x), dx * (lib.grad(middle)(x) + 1.0)

    return outer


NESTED = {
    "value": lambda lib, f: f(0.7),
    "grad": lambda lib, f: lib.grad(f)(0.7),
    "jvp": lambda lib, f: lib.jvp(f, (0.7,), (2.0,)),
    "jit_grad": lambda lib, f: lib.jit(lib.grad(f))(0.7),
    "vmap_grad": lambda lib, f: lib.vmap(lib.grad(f))(X),
    "checkpoint": lambda lib, f: lib.grad(lib.checkpoint(lambda x: f(f(x))))(0.7),
    "scan": lambda lib, f: lib.grad(
        lambda x: lib.lax.scan(lambda c, y: (f(c) * y, None), x, X)[0],
    )(0.7),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_rules(name):
    same_as_jax(lambda lib: NESTED[name](lib, nested(lib)))


def test_nested_rules_by_finite_differences():
    f = nested(library())
    np.testing.assert_allclose(weft.grad(f)(0.7), slope(f, 0.7), rtol=1e-3)


def test_optimize_remat():
    def program(lib):
        @lib.custom_vjp
        def f(x):
            return lib.np.sin(x)

        f.defvjp(lambda x: (lib.np.sin(x), lib.np.cos(x)), lambda c, ct: (ct * c * 3.0,), optimize_remat=True)
        return [
            f(0.5),
            lib.grad(f)(0.5),
            lib.jit(lib.grad(f))(0.5),
            lib.vmap(lib.grad(f))(X),
            lib.grad(lib.checkpoint(lambda x: f(f(x))))(0.5),
        ]

    same_as_jax(program)


def test_nondiff_arguments_of_both_kinds():
    def program(lib):
        from functools import partial

        @partial(lib.custom_jvp, nondiff_argnums=(0, 2))
        def f(fun, x, n):
            return fun(x) ** n

        @f.defjvp
        def _(fun, n, primals, tangents):
            (x,), (dx,) = primals, tangents
            return f(fun, x, n), n * dx

        @partial(lib.custom_vjp, nondiff_argnums=(0,))
        def g(fun, x):
            return fun(x)

        g.defvjp(lambda fun, x: (fun(x), x), lambda fun, x, ct: (ct * fun(x),))
        return [
            lib.grad(lambda x: f(lib.np.sin, x, 3))(0.5),
            lib.grad(lambda x: g(lib.np.cos, x))(0.5),
            lib.vmap(lib.grad(lambda x: f(lib.np.sin, x, 3) + g(lib.np.cos, x)))(X),
        ]

    same_as_jax(program)


def test_symbolic_zeros_in_both_kinds():
    seen = []

    @weft.custom_jvp
    def f(x, y):
        return x * y

    def rule(primals, tangents):
        seen.append([type(t).__name__ for t in tangents])
        (x, y), (dx, dy) = primals, tangents
        zero = weft.custom_derivatives.SymbolicZero
        parts = [y * dx if type(dx) is not zero else 0.0, x * dy if type(dy) is not zero else 0.0]
        return x * y, sum(parts)

    f.defjvp(rule, symbolic_zeros=True)
    assert weft.grad(f)(2.0, 3.0) == 3.0
    assert seen[-1][1] == "SymbolicZero"
    np.testing.assert_allclose(weft.vmap(weft.grad(f), (0, None))(jnp.asarray(X), 3.0), [3.0, 3.0, 3.0])
