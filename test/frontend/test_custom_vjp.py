"""custom_vjp: rules under every transformation, what they see, and what they must return."""

from functools import partial

import numpy as np
import pytest
from rules_oracle import error_as_jax, library, same_as_jax, slope

import weft
import weft.numpy as jnp
from weft import errors, grad, jit, lax, vmap


def doubled_sine(m):
    """Sine with twice its slope: what follows the rule shows it."""

    @m.custom_vjp
    def f(x):
        return m.np.sin(x)

    f.defvjp(lambda x: (f(x), x), lambda x, ct: (2 * m.np.cos(x) * ct,))
    return f


def product(m):
    """sin(x) y, with twice the slope in x."""

    @m.custom_vjp
    def f(x, y):
        return m.np.sin(x) * y

    def fwd(x, y):
        return f(x, y), (m.np.cos(x), m.np.sin(x), y)

    def bwd(residuals, ct):
        cos_x, sin_x, y = residuals
        return 2 * cos_x * ct * y, sin_x * ct

    f.defvjp(fwd, bwd)
    return f


def test_every_transformation_uses_the_rule():
    def program(m):
        f = product(m)
        xs = m.np.arange(3.0)
        return (
            f(1.0, 2.0),
            m.jit(f)(1.0, 2.0),
            m.grad(f, (0, 1))(1.0, 2.0),
            m.jit(m.grad(f, (0, 1)))(1.0, 2.0),
            m.grad(m.jit(f))(1.0, 2.0),
            m.vmap(f)(xs, xs),
            m.vmap(m.grad(f))(xs, xs),
            m.jit(m.vmap(m.grad(f, 1), (0, None)))(xs, 2.0),
            m.grad(lambda y: m.vmap(f, (0, None))(xs, y).sum())(2.0),
            m.jit(m.grad(lambda y: m.vmap(f, (0, None))(xs, y).sum()))(2.0),
            m.jacrev(lambda x: f(x, xs))(xs),
            m.vjp(f, 1.0, 2.0)[1](3.0),
            m.jit(lambda x: m.vjp(f, x, 2.0)[1](3.0))(1.0),
        )

    same_as_jax(program)


def test_derivatives_of_the_rule():
    def program(m):
        f = doubled_sine(m)
        g = m.grad(f)
        return (
            m.grad(g)(1.0),
            m.jit(m.grad(m.grad(g)))(1.0),
            m.jit(m.vmap(m.grad(g)))(m.np.arange(3.0)),
            m.jacrev(m.grad(lambda x: f(x).sum()))(m.np.arange(2.0)),
        )

    same_as_jax(program)


def test_loops_branches_and_checkpoints_use_the_rule():
    def program(m):
        f = doubled_sine(m)

        def scanned(x):
            return m.lax.scan(lambda c, _: (f(c), None), x, None, length=3)[0]

        def branch(x):
            return m.lax.cond(x > 0, f, lambda x: x, x)

        again = m.checkpoint(lambda x: f(m.np.sin(f(x))))
        return (
            m.grad(scanned)(0.5),
            m.jit(m.grad(scanned))(0.5),
            m.vmap(m.grad(scanned))(m.np.array([0.1, 0.2])),
            m.vmap(m.grad(branch))(m.np.array([1.0, -1.0])),
            m.grad(again)(1.0),
            m.jit(m.grad(m.grad(again)))(1.0),
        )

    same_as_jax(program)


def test_slopes_by_finite_differences():
    @weft.custom_vjp
    def f(x):
        return jnp.log1p(jnp.exp(x))

    f.defvjp(lambda x: (f(x), x), lambda x, ct: (ct / (1 + jnp.exp(-x)),))
    g = lambda x: f(f(x) * x)
    np.testing.assert_allclose(grad(g)(0.7), slope(g, 0.7), rtol=1e-3)
    np.testing.assert_allclose(jit(grad(grad(g)))(0.7), slope(grad(g), 0.7), rtol=1e-3)


def test_none_stands_for_no_cotangent():
    def program(m):
        @m.custom_vjp
        def f(x, n, p):
            return x * n + p["a"], n

        f.defvjp(lambda x, n, p: (f(x, n, p), n), lambda n, ct: (ct[0] * n * 2, None, {"a": None}))
        g = lambda x, p: f(x, 3, p)[0]
        return m.grad(g, (0, 1))(1.0, {"a": 3.0}), m.jit(m.grad(g, (0, 1)))(1.0, {"a": 3.0})

    same_as_jax(program)


def test_integers_may_get_float0():
    def program(m):
        @m.custom_vjp
        def f(x, n):
            return x * n

        f.defvjp(lambda x, n: (f(x, n), n), lambda n, ct: (ct * n * 2, np.zeros((), m.float0)))
        return m.grad(f)(1.0, 3), m.jit(m.grad(f))(1.0, 3)

    same_as_jax(program)


def test_arguments_that_are_no_arrays():
    def program(m):
        @partial(m.custom_vjp, nondiff_argnums=(0,))
        def apply(f, x):
            return f(x)

        apply.defvjp(lambda f, x: (apply(f, x), x), lambda f, x, ct: (f(x) * ct * 5,))
        g = lambda x: apply(m.np.sin, x)
        scaled = lambda x, y: apply(lambda x: 3 * m.np.cos(x), x) * y
        return (
            m.grad(g)(1.0),
            m.jit(m.grad(g))(1.0),
            m.vmap(m.grad(g))(m.np.arange(2.0)),
            m.jit(m.grad(scaled, (0, 1)))(1.0, 2.0),
        )

    same_as_jax(program)


def test_python_control_flow_on_values():
    def program(m):
        @m.custom_vjp
        def f(x):
            return x**2 if x > 0 else x**3

        def fwd(x):
            return f(x), ((x, m.np.sin(x)) if x > 0 else (x,))

        def bwd(residuals, ct):
            return (2 * ct * residuals[0],) if len(residuals) == 2 and residuals[0] > 0 else (100 * ct,)

        f.defvjp(fwd, bwd)
        return f(2.0), f(-2.0), m.grad(f)(3.0), m.grad(f)(-3.0), m.grad(m.grad(f))(3.0)

    same_as_jax(program)


def closing_over(m, x):
    @m.custom_vjp
    def f(y):
        return x * y

    def bwd(residuals, ct):
        x, cos_y = residuals
        return (cos_y * ct * x,)

    f.defvjp(lambda y: (f(y), (x, m.np.cos(y))), bwd)
    return f


def test_rules_may_use_values_from_outside():
    def program(m):
        g = lambda x, y: closing_over(m, x)(y)
        xs = m.np.arange(3.0)
        return (
            m.jit(g)(2.0, 3.0),
            m.grad(g, 1)(2.0, 3.0),
            m.jit(m.grad(g, 1))(2.0, 3.0),
            m.jit(m.grad(m.grad(g, 1), 1))(2.0, 3.0),
            m.vmap(g)(xs, xs),
            m.vmap(m.grad(g, 1))(xs, xs),
            m.vmap(lambda x, y: m.grad(closing_over(m, x))(y))(xs, xs),
            m.jit(m.vmap(m.grad(g, 1), (0, None)))(xs, 1.0),
            m.grad(lambda y: m.vmap(g, (0, None))(xs, y).sum())(1.0),
        )

    same_as_jax(program)
    m = library()
    jitted = m.jit(lambda x, y: closing_over(m, x)(y))
    np.testing.assert_allclose(grad(jitted, 1)(2.0, 3.0), 2 * np.cos(3.0), rtol=1e-6)
    np.testing.assert_allclose(grad(grad(jitted, 1), 1)(2.0, 3.0), -2 * np.sin(3.0), rtol=1e-6)


def test_bwd_alone_may_use_values_from_outside():
    @jit
    def f(x, k):
        @weft.custom_vjp
        def g(y):
            return y * 1.0

        g.defvjp(lambda y: (g(y), None), lambda _, ct: (ct * k,))
        return g(x)

    assert grad(f)(1.0, 7.0) == 7.0
    assert vmap(grad(f), (None, 0))(1.0, jnp.arange(3.0)).tolist() == [0.0, 1.0, 2.0]


def test_a_derivative_with_respect_to_a_closed_over_value_is_an_error():
    g = lambda x, y: closing_over(library(), x)(y)
    for transformed in (grad(g), jit(grad(g)), grad(jit(g)), grad(grad(g, 1)), grad(jit(grad(g, 1)))):
        with pytest.raises(TypeError, match="with respect to a closed-over value"):
            transformed(2.0, 3.0)


def test_symbolic_zeros():
    seen = []

    def program(m):
        zero = m.custom_derivatives.SymbolicZero
        seen.clear()

        @m.custom_vjp
        def f(x, y):
            return x * y, x + y

        def fwd(x, y):
            seen.append((x.perturbed, y.perturbed))
            values = m.custom_derivatives.custom_vjp_primal_tree_values((x, y))
            return f(*values), values

        def bwd(values, cts):
            x, y = values
            seen.append(tuple(type(ct) is zero for ct in cts))
            a, b = (0.0 if type(ct) is zero else ct for ct in cts)
            return 2 * a * y + b, 3 * a * x + b

        f.defvjp(fwd, bwd, symbolic_zeros=True)
        made = (
            m.grad(lambda x: f(x, 3.0)[0])(2.0),
            m.grad(lambda y: f(2.0, y)[1])(2.0),
            m.jit(m.grad(lambda x, y: sum(f(x, y)), (0, 1)))(2.0, 3.0),
            m.vmap(m.grad(lambda x: f(x, 3.0)[0]))(m.np.arange(2.0)),
            m.grad(lambda x: m.vmap(f, (0, None))(x, 3.0)[0].sum())(m.np.arange(2.0)),
        )
        return made, list(seen)

    same_as_jax(program)


def test_a_symbolic_zero_may_be_returned():
    @weft.custom_vjp
    def f(x, y):
        return x * y

    zero = weft.custom_derivatives.SymbolicZero
    f.defvjp(
        lambda x, y: (f(x.value, y.value), y.value),
        lambda y, ct: (zero.from_primal_value(y), zero.from_primal_value(y)),
        symbolic_zeros=True,
    )
    assert grad(f, (0, 1))(2.0, 3.0) == (0.0, 0.0)
    f.defvjp(lambda x, y: (f(x, y), y), lambda y, ct: (zero(jnp.ones(3).aval), None))
    with pytest.raises(ValueError, match=r"SymbolicZero.*f32\[3\].*f32\[\]"):
        grad(f)(2.0, 3.0)


def test_rules_run_only_for_derivatives():
    def program(m):
        f = m.custom_vjp(lambda x: 2 * x)

        def fwd(x):
            raise ZeroDivisionError("no derivative")

        f.defvjp(fwd, fwd)
        made = f(1.0), m.jit(f)(1.0), m.vmap(f)(m.np.arange(3.0)), m.grad(lambda x: x * f(3.0))(1.0)
        for transformed in (m.grad(f), m.jit(m.grad(f)), m.grad(m.jit(f))):
            with pytest.raises(ZeroDivisionError):
                transformed(1.0)
        return made

    same_as_jax(program)


def test_forward_mode_is_an_error():
    f = lambda m: doubled_sine(m)
    error_as_jax(lambda m: m.jvp(f(m), (1.0,), (1.0,)), TypeError, "forward-mode", "custom_vjp")
    error_as_jax(lambda m: m.jit(m.jacfwd(f(m)))(1.0), TypeError, "forward-mode", "custom_vjp")


def test_rules_of_both_kinds_use_each_other():
    def program(m):
        @m.custom_jvp
        def f(x):
            return m.np.sin(x)

        @m.custom_vjp
        def g(x):
            return m.np.cos(x)

        f.defjvp(lambda primals, tangents: (f(*primals), 2 * g(*primals) * tangents[0]))
        g.defvjp(lambda x: (g(x), x), lambda x, ct: (-3 * f(x) * ct,))
        third = m.grad(m.grad(m.grad(f)))
        return (
            m.grad(f)(1.0),
            third(1.0),
            m.jit(third)(1.0),
            m.jit(m.vmap(m.grad(m.grad(f))))(m.np.arange(2.0)),
        )

    same_as_jax(program)


@pytest.mark.parametrize("wrap", [lambda m: lambda f: f, lambda m: m.jit], ids=["eager", "jit"])
@pytest.mark.parametrize(
    "fwd, bwd, kind, words",
    [
        (lambda x: x, lambda r, ct: (ct,), TypeError, ["fwd", "pair", "function f"]),
        (lambda x: ((x, x), x), lambda r, ct: (ct,), TypeError, ["output: f32[] became a tuple of 2"]),
        (lambda x: (x, "residual"), lambda r, ct: (ct,), TypeError, ["a residual", "'residual'"]),
        (lambda x: (x, x), lambda r, ct: (ct, ct), TypeError, ["tuple of length equal", "(*, *)"]),
        (lambda x: (x, x), lambda r, ct: ct, TypeError, ["must produce a tuple"]),
        (lambda x: (x, x), lambda r, ct: ([ct],), TypeError, ["container"]),
        (lambda x: (x, x), lambda r, ct: (np.ones(3, "f"),), ValueError, ["output[0]", "f32[3]", "f32[]"]),
    ],
    ids=["pair", "structure", "residual", "count", "no tuple", "tree", "shape"],
)
def test_errors_of_rules_name_what_differs(wrap, fwd, bwd, kind, words):
    def program(m):
        @m.custom_vjp
        def f(x):
            return x * 1.0

        f.defvjp(fwd, bwd)
        return wrap(m)(m.grad(lambda x: m.np.sum(m.np.asarray(f(x)))))(2.0)

    error_as_jax(program, kind, *words)


def test_errors_at_the_door():
    error_as_jax(lambda m: m.custom_vjp(np.sin)(1.0), AttributeError, "No VJP defined", "sin")

    def remat_and_zeros(m):
        f = m.custom_vjp(lambda x: x)
        f.defvjp(lambda x: x, lambda x: x, symbolic_zeros=True, optimize_remat=True)

    error_as_jax(remat_and_zeros, NotImplementedError, "symbolic zeros")

    def static_tracer(m):
        f = m.custom_vjp(lambda n, x: n * x, nondiff_argnums=(0,))
        f.defvjp(lambda n, x: (n * x, x), lambda n, x, ct: (ct,))
        return m.jit(f)(1.0, 2.0)

    with pytest.raises(errors.UnexpectedTracerError, match="argument 0 of the custom_vjp function"):
        static_tracer(weft)


def test_custom_vmap_inside():
    def program(m):
        @m.custom_vjp
        @m.custom_batching.custom_vmap
        def f(x):
            return x

        f.def_vmap(lambda size, batched, x: (x * 2, True))
        f.defvjp(lambda x: (f(x), None), lambda _, ct: (ct * 3,))
        xs = m.np.ones(2)
        return (
            m.vmap(f)(xs),
            m.grad(f)(1.0),
            m.vmap(m.grad(f))(xs),
            m.jit(m.grad(lambda x: m.vmap(f)(x).sum()))(xs),
        )

    same_as_jax(program)


def test_a_sum_over_a_batch_in_a_scan():
    def program(m):
        f = product(m)
        xs = m.np.arange(6.0).reshape(3, 2)

        def loss(y):
            step = lambda c, x: (c + m.vmap(f, (0, None))(x, y).sum(), None)
            return m.lax.scan(step, 0.0, xs)[0]

        return m.grad(loss)(2.0), m.jit(m.grad(loss))(2.0)

    same_as_jax(program)


def test_key_and_integer_residuals():
    @weft.custom_vjp
    def f(x, key):
        return x * weft.random.normal(key)

    def bwd(residuals, ct):
        key, n = residuals
        return ct * weft.random.normal(key) * n, None

    f.defvjp(lambda x, key: (f(x, key), (key, 2)), bwd)
    key = weft.random.key(0)
    wanted = 2 * float(weft.random.normal(key))
    for transformed in (grad(f), jit(grad(f)), grad(jit(f))):
        np.testing.assert_allclose(transformed(1.0, key), wanted, rtol=1e-6)
    loop = lambda x: lax.fori_loop(0, 2, lambda _, c: f(c, key), x)
    np.testing.assert_allclose(grad(loop)(1.0), wanted**2, rtol=1e-6)
