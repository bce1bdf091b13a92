"""custom_jvp: rules under every transformation, what they see, and what they must return."""

import gc
from functools import partial

import numpy as np
import pytest
from rules_oracle import error_as_jax, same_as_jax, slope

import weft
import weft.numpy as jnp
from weft import grad, hessian, jit, jvp, lax, vmap
from weft_compiler import rule_table


def doubled_sine(m):
    """Sine with twice its slope: what follows the rule shows it."""

    @m.custom_jvp
    def f(x):
        return m.np.sin(x)

    f.defjvp(lambda primals, tangents: (f(*primals), 2 * m.np.cos(primals[0]) * tangents[0]))
    return f


def exact_sine():
    @weft.custom_jvp
    def f(x):
        return jnp.sin(x)

    f.defjvp(lambda primals, tangents: (f(*primals), jnp.cos(primals[0]) * tangents[0]))
    return f


def test_every_transformation_uses_the_rule():
    def program(m):
        f = doubled_sine(m)
        xs = m.np.arange(3.0)
        return (
            f(1.0),
            m.jit(f)(1.0),
            m.jvp(f, (1.0,), (3.0,)),
            m.grad(f)(1.0),
            m.jit(m.grad(f))(1.0),
            m.grad(m.jit(f))(1.0),
            m.grad(m.grad(f))(1.0),
            m.jit(m.grad(m.grad(m.grad(f))))(1.0),
            m.vmap(f)(xs),
            m.vmap(m.grad(f))(xs),
            m.jit(m.vmap(m.grad(m.grad(f))))(xs),
            m.grad(lambda x: m.vmap(f)(x).sum())(xs),
            m.jit(m.jacfwd(f))(xs),
            m.hessian(lambda x: f(x).sum())(xs),
            m.linearize(f, 1.0)[1](2.0),
            m.vjp(f, 1.0)[1](2.0),
            m.jit(lambda x: m.vjp(f, x)[1](2.0))(1.0),
        )

    same_as_jax(program)


def test_loops_and_branches_use_the_rule():
    def program(m):
        f = doubled_sine(m)

        def scanned(x):
            return m.lax.scan(lambda c, _: (f(c), c), x, None, length=3)[0]

        def branch(x):
            return m.lax.cond(x > 0, f, lambda x: x, x)

        def loop(x):
            return m.lax.while_loop(lambda s: s[1] < 3, lambda s: (f(s[0]), s[1] + 1), (x, 0))[0]

        return (
            m.grad(scanned)(0.5),
            m.jit(m.grad(scanned))(0.5),
            m.vmap(m.grad(scanned))(m.np.array([0.1, 0.2])),
            m.jvp(loop, (0.5,), (1.0,)),
            m.vmap(m.grad(branch))(m.np.array([1.0, -1.0])),
        )

    same_as_jax(program)


def test_slopes_to_any_order_by_finite_differences():
    f = exact_sine()
    chained = lambda x: f(f(x) * x)
    g = chained
    for _ in range(3):
        wanted = slope(g, 0.7)
        g = grad(g)
        np.testing.assert_allclose(g(0.7), wanted, rtol=2e-3)
        np.testing.assert_allclose(jit(g)(0.7), wanted, rtol=2e-3)


def test_a_rule_may_use_its_function_again_and_again():
    def program(m):
        @m.custom_jvp
        def f(x):
            return m.np.exp(x)

        @f.defjvp
        def f_jvp(primals, tangents):
            y = f(*primals)
            return y, y * tangents[0]

        g, found = f, []
        for _ in range(4):
            g = m.grad(g)
            found += [g(1.0), m.jit(g)(1.0)]
        return found

    same_as_jax(program)


def test_defjvps_gives_a_rule_to_each_argument():
    def program(m):
        @m.custom_jvp
        def f(x, y):
            return m.np.sin(x) * y

        f.defjvps(lambda t, out, x, y: 3 * t * y + 0 * out, None)
        return m.grad(f, (0, 1))(1.0, 2.0), m.jit(m.grad(f, (0, 1)))(1.0, 2.0)

    same_as_jax(program)


def test_trees_in_and_out():
    def program(m):
        @m.custom_jvp
        def f(p):
            return {"b": m.np.sin(p["a"][0]), "c": (p["a"][1], None)}

        @f.defjvp
        def f_jvp(primals, tangents):
            (p,), (t,) = primals, tangents
            return f(p), {"b": 2 * m.np.cos(p["a"][0]) * t["a"][0], "c": (7 * t["a"][1], None)}

        g = lambda p: f(p)["b"] * f(p)["c"][0]
        p = {"a": [1.0, 2.0]}
        return m.grad(g)(p), m.jit(m.hessian(g))(p)

    same_as_jax(program)


def test_integers_have_tangents_of_float0():
    def program(m):
        @m.custom_jvp
        def f(x, n, flag):
            return x**n, n + 1

        @f.defjvp
        def f_jvp(primals, tangents):
            _, n, _ = primals
            dx, dn, dflag = tangents
            assert dn.dtype == m.float0 and dflag.dtype == m.float0
            return f(*primals), (5.0 * dx * n, dn)

        g = lambda x, n: f(x, n, True)[0]
        return (
            m.grad(g)(2.0, 3),
            m.jit(m.grad(g))(2.0, 3),
            m.vmap(m.grad(g))(m.np.arange(3.0), m.np.arange(3)),
        )

    same_as_jax(program)


def test_arguments_that_are_no_arrays():
    def program(m):
        @partial(m.custom_jvp, nondiff_argnums=(0, 2))
        def apply(f, x, text):
            return f(x) * len(text)

        @apply.defjvp
        def apply_jvp(f, text, primals, tangents):
            return apply(f, *primals, text), 2 * tangents[0] * f(*primals)

        @partial(m.custom_jvp, nondiff_argnames=("n",))
        def times(x, n=3):
            return x * n

        times.defjvp(lambda n, primals, tangents: (times(primals[0], n), 10 * n * tangents[0]))
        g = lambda x: apply(m.np.sin, x, "ab")
        return (
            m.grad(g)(1.0),
            m.jit(m.grad(g))(1.0),
            m.grad(times)(1.0),
            m.jit(m.grad(lambda x: times(n=2, x=x)))(1.0),
        )

    same_as_jax(program)


def test_python_control_flow_on_values():
    def program(m):
        @m.custom_jvp
        def f(x):
            return m.np.sin(x) if x > 0 else m.np.cos(x)

        @f.defjvp
        def f_jvp(primals, tangents):
            (x,), (t,) = primals, tangents
            return (f(x), 2 * t) if x > 0 else (f(x), 3 * t * x)

        return f(2.0), f(-2.0), m.grad(f)(2.0), m.grad(f)(-2.0), m.grad(m.grad(f))(-2.0)

    same_as_jax(program)


def test_rules_may_use_values_from_outside():
    def program(m):
        def mapped(z):
            def f(x):
                @m.custom_jvp
                def g(y):
                    return x * y

                g.defjvp(lambda primals, tangents: (x * primals[0], x * tangents[0]))
                return g(z)

            return m.vmap(f)(m.np.arange(3.0))

        return m.jvp(mapped, (1.0,), (2.0,)), m.jit(lambda z: m.jvp(mapped, (z,), (2.0,)))(1.0)

    same_as_jax(program)
    table = jnp.arange(100.0)  # too large for a constant

    @jit
    def looked_up(x):
        @weft.custom_jvp
        def g(y):
            return y * table

        g.defjvp(lambda primals, tangents: (g(*primals), tangents[0] * table * 2))
        return g(x).sum()

    assert grad(looked_up)(1.0) == 2 * 4950


def test_what_is_closed_over_but_not_used_may_be_differentiated():
    def f(params, x):
        @weft.custom_jvp
        def g(y):
            return jnp.sin(y)

        rule = lambda primals, tangents: (g(*primals), tangents[0] * (2.0 if "w" in params else 3.0))
        g.defjvp(rule)
        return g(x) * params["w"]

    params = {"w": 5.0}
    for transformed in (grad(f), jit(grad(f)), grad(jit(f))):
        np.testing.assert_allclose(transformed(params, 1.0)["w"], np.sin(1.0), rtol=1e-6)


def test_a_derivative_with_respect_to_a_closed_over_value_is_an_error():
    def f(x, y):
        @weft.custom_jvp
        def g(y):
            return x * y

        g.defjvp(lambda primals, tangents: (g(*primals), tangents[0]))
        return g(y)

    assert grad(f, 1)(2.0, 3.0) == 1.0
    for transformed in (grad(f), jit(grad(f)), grad(jit(f))):
        with pytest.raises(TypeError, match="with respect to a closed-over value"):
            transformed(2.0, 3.0)


def test_symbolic_zeros():
    seen = []

    def program(m):
        zero = m.custom_derivatives.SymbolicZero
        seen.clear()

        @m.custom_jvp
        def f(x, y, n):
            return x * y, y * 1.0

        def f_jvp(primals, tangents):
            x, y, _ = primals
            dx, dy, dn = tangents
            assert type(dn) is zero and dn.dtype == m.float0
            seen.append((type(dx) is zero, type(dy) is zero))
            out = (0.0 * x if type(dx) is zero else dx * y) + (0.0 * x if type(dy) is zero else 9 * dy)
            return f(*primals), (out, dy)

        f.defjvp(f_jvp, symbolic_zeros=True)
        return (
            m.grad(lambda x: f(x, 3.0, 2)[0])(2.0),
            m.grad(lambda y: f(3.0, y, 2)[0])(2.0),
            m.jit(m.grad(lambda x: f(x, 3.0, 2)[0]))(2.0),
            m.vmap(m.grad(lambda x: f(x, 3.0, 2)[0]))(m.np.arange(2.0)),
            m.jvp(lambda x, y: f(x, y, 1), (1.0, 2.0), (1.0, 1.0)),
        )

    same_as_jax(program)


def test_zeros_from_primals():
    values = {"a": jnp.ones(3), "n": jnp.arange(2)}
    made = weft.custom_derivatives.zero_from_primal(values)
    assert made["a"].tolist() == [0.0, 0.0, 0.0] and made["n"].dtype == weft.float0
    symbolic = weft.custom_derivatives.zero_from_primal(values, symbolic_zeros=True)
    assert [(z.shape, z.dtype, z.ndim, z.size, repr(z)) for z in symbolic.values()] == [
        ((3,), np.float32, 1, 3, "SymbolicZero"),
        ((2,), weft.float0, 1, 2, "SymbolicZero"),
    ]
    assert jit(lambda: weft.custom_derivatives.zero_from_primal(jnp.ones(3)))().tolist() == [0.0, 0.0, 0.0]


def test_symbolic_zeros_are_seen_where_nothing_is_differentiated():
    seen = []

    @weft.custom_jvp
    def f(x, y):
        return x * y

    def f_jvp(primals, tangents):
        seen.append(tuple(type(t).__name__ == "SymbolicZero" for t in tangents))
        return f(*primals), weft.custom_derivatives.SymbolicZero.from_primal_value(primals[0])

    f.defjvp(f_jvp, symbolic_zeros=True)
    assert grad(lambda x: f(x, 2.0))(1.0) == 0.0
    assert jit(grad(lambda y: f(1.0, y)))(1.0) == 0.0
    assert vmap(grad(f), (0, None))(jnp.arange(2.0), 1.0).tolist() == [0.0, 0.0]
    assert seen == [(False, True), (True, False), (False, True)]


def test_a_rule_runs_only_for_derivatives():
    def program(m):
        f = m.custom_jvp(lambda x: 2 * x)

        @f.defjvp
        def f_jvp(primals, tangents):
            raise ZeroDivisionError("no derivative")

        xs = m.np.arange(3.0)
        made = f(1.0), m.jit(f)(1.0), m.vmap(f)(xs), m.grad(lambda x: x * f(3.0))(1.0)
        for transformed in (m.grad(f), m.jit(m.grad(f)), m.grad(m.jit(f))):
            with pytest.raises(ZeroDivisionError):
                transformed(1.0)
        return made

    same_as_jax(program)


def test_complex_numbers():
    def program(m):
        f = m.custom_jvp(lambda z: z * z)
        f.defjvp(lambda primals, tangents: (f(*primals), 3 * primals[0] * tangents[0]))
        g = m.grad(f, holomorphic=True)
        return g(1.0 + 2.0j), m.jit(g)(1.0 + 2.0j)

    same_as_jax(program)


def test_batches_of_some_arguments():
    def program(m):
        @m.custom_jvp
        def f(x, y):
            return x * y, y

        f.defjvp(lambda p, t: (f(*p), (2 * t[0] * p[1] + t[1] * p[0], 3 * t[1])))
        g = lambda x, y: m.vmap(f, (0, None))(x, y)
        xs = m.np.arange(3.0)
        return (
            m.jvp(g, (xs, 2.0), (xs, 1.0)),
            m.jit(lambda x, y: m.jvp(g, (x, y), (x, y)))(xs, 2.0),
            m.vmap(m.vmap(f, (None, 0)), (0, None))(xs, xs),
            m.jit(m.grad(lambda x, y: sum(a.sum() for a in g(x, y)), (0, 1)))(xs, 2.0),
        )

    same_as_jax(program)


@pytest.mark.parametrize("wrap", [lambda m: lambda f: f, lambda m: m.jit], ids=["eager", "jit"])
@pytest.mark.parametrize(
    "rule, fun, words",
    [
        (lambda m: lambda p, t: t, None, ["pair", "f_jvp", "function f"]),
        (lambda m: lambda p, t: (p[0], {"a": t[0]}), None, ["equal container (pytree) structures"]),
        (lambda m: lambda p, t: (m.np.sin(p[0]), m.np.ones(3)), None, ["f32[3]", "expected f32[]"]),
        (lambda m: lambda p, t: (m.np.sin(p[0]), m.np.ones((), "int32")), None, ["i32[]", "expected f32[]"]),
        (
            lambda m: lambda p, t: ((p[0], p[0]), (t[0], m.np.ones(2))),
            lambda m: lambda x: (x, x),
            ["output[1]", "expected f32[]", "f32[2]"],
        ),
    ],
    ids=["pair", "structure", "shape", "dtype", "leaf"],
)
def test_errors_of_rules_name_what_differs(wrap, rule, fun, words):
    def program(m):
        def f(x):
            return (fun(m) if fun else m.np.sin)(x)

        def f_jvp(primals, tangents):
            return rule(m)(primals, tangents)

        function = m.custom_jvp(f)
        function.defjvp(f_jvp)
        return wrap(m)(lambda x: m.jvp(function, (x,), (x,)))(2.0)

    error_as_jax(program, TypeError, *words)


def test_a_rule_with_another_result_is_an_error_that_names_the_leaf():
    @weft.custom_jvp
    def f(x):
        return {"a": x, "b": jnp.ones(2)}

    f.defjvp(lambda primals, tangents: ({"a": primals[0], "b": jnp.ones(3)}, f(*tangents)))
    with pytest.raises(TypeError, match=r"output\['b'\]: f32\[2\] became f32\[3\]"):
        jvp(f, (1.0,), (1.0,))


def test_errors_at_the_door():
    error_as_jax(lambda m: m.custom_jvp(np.sin)(1.0), AttributeError, "No JVP defined", "sin")

    def by_keyword_only(m):
        def f(x, *, y):
            return x

        function = m.custom_jvp(f)
        function.defjvp(lambda p, t: (p[0], t[0]))
        return function(1.0, y=2.0)

    error_as_jax(by_keyword_only, TypeError, "could not be resolved", "y")

    def rules_each(m):
        function = m.custom_jvp(lambda n, x: x, nondiff_argnums=(0,))
        function.defjvps(None)

    error_as_jax(rules_each, TypeError, "nondiff_argnums")
    with pytest.raises(AttributeError):
        _ = exact_sine().something


def test_rules_with_closures_do_not_stay_in_memory():
    def f(x, k):
        @weft.custom_jvp
        def g(y):
            return jnp.sin(y) * k

        g.defjvp(lambda primals, tangents: (g(*primals), jnp.cos(primals[0]) * tangents[0] * k))
        return lax.fori_loop(0, 3, lambda _, c: g(c), x)

    gc.collect()
    before = len(rule_table._known)
    for _ in range(3):
        grad(f)(1.0, 2.0)
    gc.collect()
    assert len(rule_table._known) <= before


def test_hessian_with_finite_differences():
    f = exact_sine()
    x = jnp.array([0.3, 0.8])
    h = hessian(lambda x: f(x[0] * x[1]) + f(x).sum())(x)
    for i in range(2):
        for j in range(2):
            g = lambda t, i=i, j=j: grad(lambda x: f(x[0] * x[1]) + f(x).sum())(x.at[j].set(t))[i]
            np.testing.assert_allclose(h[i, j], slope(g, float(x[j])), rtol=1e-3)
