"""Functions with derivatives of their own: the rule is used, and only where a derivative is asked for."""

import numpy as np
import pytest

X = np.array([0.3, -0.8])
A = 1.7


def define_custom_jvp(f):
    """sin(x) * a, of which the derivative in x is said to be twice what it is."""
    f.define("value", "f64[] f64[2] i32[]", lambda b, a, x, n: (b.mul(b.sin(x), spread(b, a)), b.add(n, 1)))

    def derivative(b, a, x, n, da, dx):
        out = b.mul(b.sin(x), spread(b, a))
        slope = b.mul(b.mul(b.cos(x), spread(b, a)), 2.0)
        return out, b.add(n, 1), b.add(b.mul(slope, dx), b.mul(spread(b, da), b.sin(x)))

    f.define("derivative", "f64[] f64[2] i32[] f64[] f64[2]", derivative)

    def write(b, a, x, n):
        return b.custom_jvp_call(a, x, n, callee="value", jvp_callee="derivative")

    return f.define("custom", "f64[] f64[2] i32[]", write)


def spread(b, x):
    return b.broadcast_in_dim(x, shape=(2,), dims=())


def define_custom_vjp(f, scale=1.0):
    """a * x^2 with its derivative in reverse mode, times `scale`; the integer passes through."""
    f.define("value", "f64[] f64[2] i32[]", lambda b, a, x, n: (b.mul(b.mul(x, x), spread(b, a)), n))
    f.define(
        "forward",
        "f64[] f64[2] i32[]",
        lambda b, a, x, n: (b.mul(b.mul(x, x), spread(b, a)), n, a, x, n),
    )

    def backward(b, a, x, n, ct):
        ct_a = b.reduce_sum(b.mul(ct, b.mul(x, x)), axes=(0,))
        return b.mul(ct_a, scale), b.mul(b.mul(b.mul(ct, x), spread(b, a)), 2.0 * scale)

    f.define("backward", "f64[] f64[2] i32[] f64[2]", backward)

    def write(b, a, x, n):
        return b.custom_vjp_call(a, x, n, callee="value", fwd="forward", bwd="backward")

    return f.define("custom", "f64[] f64[2] i32[]", write)


N = np.int32(4)
DX = np.array([1.0, -2.0])


def test_jvp_rule_is_used(functions):
    f = functions
    name = define_custom_jvp(f)
    out, n = f(name, A, X, N)
    np.testing.assert_allclose(out, A * np.sin(X))
    assert n == 5
    tangent = f(f.jvp(name), A, X, N, 0.0, DX)[2]
    np.testing.assert_allclose(tangent, 2 * A * np.cos(X) * DX)
    ct_a, ct_x = f(f.vjp(name), A, X, N, DX)[2:]
    np.testing.assert_allclose(ct_x, 2 * A * np.cos(X) * DX)
    np.testing.assert_allclose(ct_a, np.sum(np.sin(X) * DX))


def test_jvp_rule_below_other_transformations(functions):
    f = functions
    name = define_custom_jvp(f)
    batched = f.vmap(f.vjp(name), [False, True, False, True])
    xs, cts = np.stack([X, X + 1]), np.stack([DX, 3 * DX])
    np.testing.assert_allclose(f(batched, A, xs, N, cts)[3], 2 * A * np.cos(xs) * cts)
    of_batched = f.vjp(f.vmap(name, [False, True, False]))
    ct_a, ct_x = f(of_batched, A, xs, N, cts)[2:]
    np.testing.assert_allclose(ct_x, 2 * A * np.cos(xs) * cts)
    np.testing.assert_allclose(ct_a, np.sum(np.sin(xs) * cts))
    second = f.jvp(f.vjp(name))
    tangent = f(second, A, X, N, DX, 0.0, DX, 0 * DX)[-1]
    np.testing.assert_allclose(tangent, -2 * A * np.sin(X) * DX * DX)


def test_true_jvp_rule_everywhere(functions, checks):
    """With a right rule everything is consistent, in loops and branches too."""
    f = functions
    f.define("value", "f64[]", lambda b, x: b.tanh(x))
    f.define(
        "derivative",
        "f64[] f64[]",
        lambda b, x, dx: (b.tanh(x), b.mul(dx, b.sub(1.0, b.mul(b.tanh(x), b.tanh(x))))),
    )
    f.define("custom", "f64[]", lambda b, x: b.custom_jvp_call(x, callee="value", jvp_callee="derivative"))
    checks.everything("custom", 0.4, depth=3)

    def step(b, w, h, x):
        (h,) = b.call("custom", (b.add(b.mul(w, h), x),))
        return h, h

    f.define("step", "f64[] f64[] f64[]", step)
    f.define(
        "loop", "f64[] f64[] f64[3]", lambda b, *args: b.scan(*args, body="step", consts=1, carry=1, length=3)
    )
    checks.everything("loop", 0.9, 0.2, [0.1, 0.5, -0.3])


def test_forward_part_of_a_jvp_rule_has_no_tangents(functions):
    """What the rule computes from tangents is not in the forward pass."""
    f = functions
    name = define_custom_jvp(f)
    text = f.text(f.vjp(name), "weft-inline weft-simplify weft-cse")
    assert text.count("weft.cos") == 1
    assert text.count("weft.sin") == 1


def test_vjp_rule_is_used(functions):
    f = functions
    name = define_custom_vjp(f, scale=3.0)
    out, n = f(name, A, X, N)
    np.testing.assert_allclose(out, A * X * X)
    assert n == 4
    ct_a, ct_x = f(f.vjp(name), A, X, N, DX)[2:]
    np.testing.assert_allclose(ct_x, 6 * A * X * DX)
    np.testing.assert_allclose(ct_a, 3 * np.sum(X * X * DX))


@pytest.mark.parametrize("batched", [(True, True, False), (False, True, False), (True, False, True)])
def test_vjp_rule_batched(functions, batched):
    """The cotangent of what all elements share is the sum of theirs."""
    f = functions
    name = define_custom_vjp(f)
    a = np.array([1.7, -0.4]) if batched[0] else 1.7
    x = np.stack([X, X + 1]) if batched[1] else X
    n = np.array([4, 5], "int32") if batched[2] else N
    cts = np.stack([DX, 3 * DX])
    ct_a, ct_x = f(f.vjp(f.vmap(name, batched)), a, x, n, cts)[2:]
    column = np.reshape(a, (-1, 1))
    for_x, for_a = 2 * column * x * cts, np.sum(x * x * cts, axis=1)
    np.testing.assert_allclose(ct_x, for_x if batched[1] else for_x.sum(0))
    np.testing.assert_allclose(ct_a, for_a if batched[0] else for_a.sum())


def test_vjp_rule_under_everything_but_forward_mode(functions, checks):
    f = functions
    name = define_custom_vjp(f)
    checks.reverse(name, [np.array(A), X, N], depth=2, only="vjp vmap jvp")
    checks.everything(
        f.vmap(name, (False, True, True)), A, np.stack([X, X + 1]), [4, 7], depth=1, only="vjp vmap"
    )

    def step(b, a, x, n):
        out, n = b.call("custom", (a, x, n))
        return b.sin(out), n, out

    f.define("step", "f64[] f64[2] i32[]", step)
    f.define(
        "loop", "f64[] f64[2] i32[]", lambda b, *args: b.scan(*args, body="step", consts=1, carry=2, length=3)
    )
    checks.reverse("loop", [np.array(A), X, N], depth=2, only="vjp vmap jvp")
    f.define("other", "f64[] f64[2] i32[]", lambda b, a, x, n: (b.sin(x), n))
    f.define(
        "either", "i32[] f64[] f64[2] i32[]", lambda b, *args: b.cond(*args, branches=("other", "custom"))
    )
    for i in range(2):
        checks.reverse("either", [np.int32(i), np.array(A), X, N], depth=2, only="vjp vmap jvp")


def test_vjp_rule_has_no_forward_mode(functions):
    f = functions
    name = f.jvp(define_custom_vjp(f))
    with pytest.raises(
        TypeError, match=r"can't apply forward-mode differentiation \(jvp\) to a custom_vjp function"
    ):
        f(name, A, X, N, 0.0, DX)


def define_linear_call(f):
    """x / r as a linear function of x with a transpose that is said."""
    f.define("divided", "f64[2] f64[2]", lambda b, r, x: b.div(x, r))
    f.define("back", "f64[2] f64[2]", lambda b, r, ct: b.div(ct, r))

    def write(b, r, x):
        return b.linear_call(r, x, callee="divided", transpose_callee="back", residuals=1)

    return f.define("linear", "f64[2] f64[2]", write)


def test_linear_call(functions, checks):
    f = functions
    name = define_linear_call(f)
    checks.everything(name, [2.0, 4.0], X, only="jvp vmap")
    f.define(
        "in_x",
        "f64[2]",
        lambda b, x: b.linear_call(
            b.constant(np.array([2.0, 4.0])), b.sin(x), callee="divided", transpose_callee="back", residuals=1
        ),
    )
    checks.everything("in_x", X, depth=3)
    assert "callee = @back" in f.text(f.vjp("in_x"))


def test_rejected(functions):
    f = functions
    f.define("value", "f64[]", lambda b, x: b.sin(x))
    with pytest.raises(
        TypeError, match=r"custom_jvp_call: @value must be \(f64\[\], f64\[\]\) -> \(f64\[\], f64\[\]\)"
    ):
        f.define("bad", "f64[]", lambda b, x: b.custom_jvp_call(x, callee="value", jvp_callee="value"))
    f.define("pair", "f64[]", lambda b, x: (x, x))
    with pytest.raises(
        TypeError, match=r"custom_vjp_call: @value must be \(f64\[\], f64\[\]\) -> \(f64\[\]\)"
    ):
        f.define("bad", "f64[]", lambda b, x: b.custom_vjp_call(x, callee="value", fwd="pair", bwd="value"))
