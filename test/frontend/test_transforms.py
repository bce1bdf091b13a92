"""Transformations end to end: jit, grad, jvp, vjp, linearize, vmap, Jacobians, nested and with Python control flow."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import (
    errors,
    grad,
    hessian,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    lax,
    linearize,
    value_and_grad,
    vjp,
    vmap,
)


def sum_logistic(x):
    return jnp.sum(1.0 / (1.0 + jnp.exp(-x)))


def branchy(x):
    y = jnp.sin(x) * x
    if x > 1.0:
        y = y * 3.0
    while y < 2.0:
        y = y + x
    return y


# jit


def test_a_traced_function_prints_tracers_once(capsys):
    @jit
    def f(x, y):
        print("x =", x, "y =", y)
        return jnp.dot(x + 1, y + 1)

    x, y = np.random.randn(3, 4), np.random.randn(4)
    first = f(x, y)
    assert capsys.readouterr().out == "x = JitTracer<float32[3,4]> y = JitTracer<float32[4]>\n"
    f(x * 2, y * 2)
    assert capsys.readouterr().out == ""
    np.testing.assert_allclose(first, np.dot(x + 1, y + 1), rtol=1e-4)
    assert first.dtype == np.float32


def test_static_arguments_may_decide_control_flow():
    def f(x, neg):
        return -x if neg else x

    with pytest.raises(errors.TracerBoolConversionError) as caught:
        jit(f)(1, True)
    text = str(caught.value)
    assert "`neg`" in text and "f at " in text and __file__ in text
    assert repr(jit(f, static_argnums=(1,))(1, True)) == "Array(-1, dtype=int32, weak_type=True)"
    assert repr(jit(f, static_argnames="neg")(1, neg=False)) == "Array(1, dtype=int32, weak_type=True)"


def test_pytrees_keywords_and_nesting():
    @jit
    def inner(p, *, scale):
        return {"out": p["w"] * scale, "pair": (p["b"], None)}

    @jit
    def outer(p):
        return inner(p, scale=2.0), inner(p, scale=3.0)["out"]

    p = {"w": jnp.arange(3.0), "b": jnp.ones(2)}
    (first, out) = outer(p)
    np.testing.assert_allclose(first["out"], [0, 2, 4])
    assert first["pair"][1] is None
    np.testing.assert_allclose(out, [0, 3, 6])


def test_closures_become_constants_and_outer_tracers_operands():
    table = jnp.arange(100.0)

    def f(x):
        return jit(lambda y: table[:3] * x + y)(x)

    np.testing.assert_allclose(jit(f)(2.0), [2, 4, 6])
    np.testing.assert_allclose(grad(lambda x: f(x).sum())(2.0), 6.0)


def test_donated_arguments_cannot_be_used_again():
    f = jit(lambda x: x + 1, donate_argnums=0)
    x = jnp.arange(8.0)
    f(x)
    assert x.is_deleted()
    with pytest.raises(RuntimeError, match="deleted"):
        f(x)


def test_unhashable_static_argument():
    with pytest.raises(ValueError, match="non-hashable"):
        jit(lambda x, s: x, static_argnums=1)(1.0, [1])


def test_arguments_that_are_no_arrays():
    with pytest.raises(TypeError, match="argument x is 'hello'"):
        jit(lambda x: x)("hello")


def test_leaked_tracers_are_named():
    leaked = []
    jit(lambda x: leaked.append(x * 2))(1.0)
    with pytest.raises(errors.UnexpectedTracerError, match=r"leaked\.append"):
        leaked[0] + 1


def test_conversion_errors():
    with pytest.raises(errors.TracerArrayConversionError):
        jit(lambda x: np.sin(x))(1.0)
    with pytest.raises(errors.TracerIntegerConversionError):
        jit(lambda x: [1, 2, 3][x])(1)
    with pytest.raises(errors.ConcretizationTypeError):
        jit(lambda x: float(x))(1.0)


# Derivatives


def test_gradients_of_the_tutorial():
    np.testing.assert_allclose(grad(sum_logistic)(jnp.arange(3.0)), [0.25, 0.19661197, 0.10499357], rtol=1e-6)
    np.testing.assert_allclose(grad(jit(grad(jit(grad(sum_logistic)))))(1.0), -0.0353256, rtol=1e-5)
    np.testing.assert_allclose(jacobian(jnp.exp)(jnp.arange(3.0)), np.diag(np.exp(np.arange(3.0))), rtol=1e-6)


def test_jit_of_jacobians_is_the_hessian():
    def f(x):
        return jnp.sum(jnp.sin(x) ** 2 * x[0]) + jnp.prod(x)

    x = jnp.arange(1.0, 4.0)
    np.testing.assert_allclose(jit(jacfwd(jacrev(f)))(x), hessian(f)(x), rtol=1e-5)


@pytest.mark.parametrize("point", [0.3, 2.0])
def test_python_control_flow_outside_jit(point):
    step = 1e-3
    numeric = (float(branchy(point + step)) - float(branchy(point - step))) / (2 * step)
    np.testing.assert_allclose(grad(branchy)(point), numeric, rtol=1e-2)
    np.testing.assert_allclose(jvp(branchy, (point,), (1.0,))[1], numeric, rtol=1e-2)
    np.testing.assert_allclose(vjp(branchy, point)[1](1.0)[0], numeric, rtol=1e-2)
    np.testing.assert_allclose(linearize(branchy, point)[1](1.0), numeric, rtol=1e-2)
    second = (grad(branchy)(point + step) - grad(branchy)(point - step)) / (2 * step)
    np.testing.assert_allclose(grad(grad(branchy))(point), second, rtol=2e-2)


def test_control_flow_on_values_that_vmap_does_not_map():
    out = vmap(lambda x, n: x * 2 if n > 1 else x, in_axes=(0, None))(jnp.arange(3.0), 2.0)
    np.testing.assert_allclose(out, [0, 2, 4])
    with pytest.raises(errors.TracerBoolConversionError):
        vmap(lambda x: x if x > 1 else -x)(jnp.arange(3.0))


def test_argnums_aux_and_value():
    def f(a, b, c):
        return jnp.sum(a * b["x"] ** 2) * c, {"seen": a + 1}

    args = jnp.arange(3.0), {"x": jnp.ones(3)}, 2.0
    (value, aux), (da, db) = value_and_grad(f, argnums=(0, 1), has_aux=True)(*args)
    np.testing.assert_allclose(value, 6.0)
    np.testing.assert_allclose(aux["seen"], [1, 2, 3])
    np.testing.assert_allclose(da, [2, 2, 2])
    np.testing.assert_allclose(db["x"], [0, 4, 8])
    gradient, aux = grad(f, has_aux=True)(*args)
    np.testing.assert_allclose(gradient, [2, 2, 2])


def test_errors_of_grad():
    with pytest.raises(TypeError, match="scalar-output"):
        grad(lambda x: x)(jnp.arange(3.0))
    with pytest.raises(TypeError, match="real- or complex-valued inputs"):
        grad(lambda x: x)(3)
    with pytest.raises(TypeError, match="real-valued outputs"):
        grad(lambda x: jnp.int32(x))(3.0)
    with pytest.raises(TypeError, match="at least 2 positional"):
        grad(lambda x: x, argnums=1)(3.0)


def test_residuals_are_reused_and_functions_cross_jit():
    _, pullback = vjp(lambda x: jnp.sin(x) * 2, jnp.arange(3.0))
    for ct in (1.0, 2.0):
        (dx,) = pullback(jnp.full(3, ct))
        np.testing.assert_allclose(dx, 2 * ct * np.cos(np.arange(3.0)), rtol=1e-6)
    returned = jit(lambda x: vjp(jnp.sin, x)[1])(jnp.arange(3.0))
    np.testing.assert_allclose(returned(jnp.ones(3))[0], np.cos(np.arange(3.0)), rtol=1e-6)
    np.testing.assert_allclose(
        jit(lambda f, c: f(c))(pullback, jnp.ones(3))[0], 2 * np.cos(np.arange(3.0)), rtol=1e-6
    )


def test_integer_inputs_have_float0_tangents():
    out, tangent = jvp(lambda x, n: x * n, (2.0, 3), (1.0, np.zeros((), weft.float0)))
    assert (float(out), float(tangent)) == (6.0, 3.0)
    dx, dn = grad(lambda x, n: x * n, argnums=(0, 1), allow_int=True)(2.0, 3)
    assert float(dx) == 3.0 and dn.dtype == weft.float0


def test_linear_transpose():
    transposed = weft.linear_transpose(lambda x: 2.0 * x[:2], jnp.zeros(3))
    np.testing.assert_allclose(transposed(jnp.ones(2))[0], [2, 2, 0])


# vmap


def test_matrix_products_by_vmap():
    mat, batch = np.random.randn(4, 5).astype("f"), np.random.randn(3, 5).astype("f")
    np.testing.assert_allclose(vmap(lambda v: jnp.dot(mat, v))(batch), batch @ mat.T, rtol=1e-5, atol=1e-5)
    both = vmap(vmap(jnp.dot, in_axes=(None, 1)), in_axes=(0, None))(mat, batch.T)
    np.testing.assert_allclose(both, mat @ batch.T, rtol=1e-5, atol=1e-5)


def test_per_example_gradients():
    def loss(w, x):
        return jnp.sum(jnp.tanh(w @ x) ** 2)

    w, xs = jnp.ones((2, 3)) * 0.1, jnp.arange(12.0).reshape(4, 3) * 0.1
    many = jit(vmap(grad(loss), in_axes=(None, 0)))(w, xs)
    assert many.shape == (4, 2, 3)
    for one, x in zip(many, xs, strict=True):
        np.testing.assert_allclose(one, grad(loss)(w, x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(many.sum(0), grad(lambda w: vmap(loss, (None, 0))(w, xs).sum())(w), rtol=1e-5)


def test_axes_of_trees():
    tree = {"a": jnp.arange(6.0).reshape(2, 3), "b": jnp.arange(3.0)}
    out = vmap(lambda t: t["a"] + t["b"], in_axes=({"a": 1, "b": 0},), out_axes=1)(tree)
    np.testing.assert_allclose(out, np.arange(6.0).reshape(2, 3) + np.arange(3.0))
    same = vmap(lambda x, y: (x, y * 2), in_axes=(0, None), out_axes=(0, None))(jnp.arange(3.0), 2.0)[1]
    assert same.shape == ()
    with pytest.raises(ValueError, match="out_axes is None"):
        vmap(lambda x: x, out_axes=None)(jnp.arange(3.0))


def test_errors_of_vmap():
    with pytest.raises(ValueError, match="inconsistent sizes"):
        vmap(lambda x, y: x)(jnp.ones(3), jnp.ones(4))
    with pytest.raises(ValueError, match="at least one non-None"):
        vmap(lambda x: x, in_axes=None)(jnp.ones(3))
    with pytest.raises(ValueError, match="rank should be at least"):
        vmap(lambda x: x, in_axes=1)(jnp.ones(3))


# Looking


def test_ir_shows_requests_and_parses():
    text = str(weft.make_ir(grad(sum_logistic))(jnp.arange(3.0)))
    assert '"weftn.vjp"' in text and "@sum_logistic" in text
    assert str(weft.make_jaxpr(grad(sum_logistic))(weft.ShapeDtypeStruct((3,), jnp.float32))) == text
    lowered = jit(grad(sum_logistic)).lower(jnp.arange(3.0))
    assert "stablehlo.exponential" in lowered.as_text()
    np.testing.assert_allclose(
        lowered.compile()(jnp.arange(3.0)), grad(sum_logistic)(jnp.arange(3.0)), rtol=1e-6
    )


def test_eval_shape():
    out = weft.eval_shape(
        lambda x, y: {"z": x @ y}, jnp.ones((2, 3)), weft.ShapeDtypeStruct((3, 4), np.float32)
    )
    assert out["z"].shape == (2, 4) and out["z"].dtype == np.float32


def test_ir_names_the_line_of_the_user():
    with pytest.raises(TypeError, match="contracting dimensions"):
        jit(lambda a, b: a @ b)(jnp.ones((2, 3)), jnp.ones((4, 2)))


# Control flow ops under transformations


def test_scan_fori_while_cond():
    xs = jnp.arange(5.0)

    def total(w):
        return lax.scan(lambda c, a: (c + jnp.sin(a * w), c), w, xs)[0]

    numeric = (total(2.01) - total(1.99)) / 0.02
    np.testing.assert_allclose(grad(total)(2.0), numeric, rtol=1e-2)
    np.testing.assert_allclose(jit(grad(total))(2.0), grad(total)(2.0), rtol=1e-5)
    np.testing.assert_allclose(vmap(total)(xs)[2], total(2.0), rtol=1e-6)
    assert float(lax.fori_loop(0, 4, lambda i, v: v * 2, 1.0)) == 16.0
    assert float(jit(lambda n: lax.fori_loop(0, n, lambda i, v: v * 2, 1.0))(3)) == 8.0
    assert float(lax.while_loop(lambda v: v < 10, lambda v: v * 2, 1.0)) == 16.0
    assert float(lax.cond(True, lambda a: a + 1, lambda a: a - 1, 1.0)) == 2.0
    assert float(lax.switch(5, [lambda a: a, lambda a: a * 10], 2.0)) == 20.0
    np.testing.assert_allclose(lax.map(lambda x: x**2, xs), np.arange(5.0) ** 2)
    np.testing.assert_allclose(lax.map(lambda x: x**2, xs, batch_size=2), np.arange(5.0) ** 2)
    np.testing.assert_allclose(lax.associative_scan(jnp.add, xs), np.cumsum(np.arange(5.0)))


def test_carry_mismatch_names_the_leaf():
    with pytest.raises(TypeError, match=r"carry\['h'\]\[1\]"):
        lax.scan(
            lambda c, _: ({"h": (c["h"][0], c["h"][1] + 0.5)}, None),
            {"h": (1.0, jnp.int32(1))},
            None,
            length=2,
        )


def test_reverse_through_while_says_what_to_do():
    with pytest.raises(ValueError, match="Reverse-mode differentiation does not work"):
        grad(lambda x: lax.while_loop(lambda v: v < 10.0, lambda v: v * x, x))(2.0)


def test_view_reads_the_same_bits():
    x = jnp.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(x.view(jnp.int32), np.asarray(x).view(np.int32))
    np.testing.assert_array_equal(x.view(jnp.uint8), np.asarray(x).view(np.uint8))
    np.testing.assert_array_equal(x.view(jnp.uint8).view(jnp.float32), x)
    with pytest.raises(ValueError, match="another width"):
        jnp.float32(1).view(jnp.uint8)
