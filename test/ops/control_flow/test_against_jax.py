"""Whole programs of loops, branches and checkpoints against the same programs in JAX."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

RNG = np.random.default_rng(5)
W, B, H = RNG.normal(size=(4, 4)) / 2, RNG.normal(size=4), RNG.normal(size=4)
XS, LENGTHS = RNG.normal(size=(6, 4)), np.array([2, 0, 5, 1, 3, 2], "int32")
SIGNATURE = "f64[4,4] f64[4] f64[4] f64[6,4] i32[6]"
PRODUCT = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}


@pytest.fixture(autouse=True)
def wide():
    with jax.enable_x64(True):
        yield


def define_network(f):
    """A recurrent cell under checkpoint, which every step runs or skips, and a loop whose length is data."""

    def cell(b, w, bias, h, x):
        return b.tanh(b.add(b.add(b.dot_general(w, h, **PRODUCT), x), bias))

    f.define("cell", "f64[4,4] f64[4] f64[4] f64[4]", cell)
    f.define("run", "f64[4,4] f64[4] f64[4] f64[4]", lambda b, *args: b.checkpoint(*args, callee="cell"))
    f.define("skip", "f64[4,4] f64[4] f64[4] f64[4]", lambda b, w, bias, h, x: b.mul(h, x))
    f.define("more", "i32[] i32[] f64[4]", lambda b, n, i, x: b.compare(i, n, direction="LT"))
    f.define("shrunk", "i32[] f64[4]", lambda b, i, x: (b.add(i, 1), b.mul(x, b.cos(x))))

    def step(b, w, bias, h, x, n):
        zero = b.constant(np.int32(0))
        _, x = b.while_(n, zero, x, cond="more", body="shrunk", cond_consts=1, body_consts=0, max_trips=5)
        (h,) = b.cond(b.rem(n, b.constant(np.int32(2))), w, bias, h, x, branches=("run", "skip"))
        return h, b.reduce_sum(b.mul(h, x), axes=(0,))

    f.define("step", "f64[4,4] f64[4] f64[4] f64[4] i32[]", step)

    def network(b, *args):
        last, ys = b.scan(*args, body="step", consts=2, carry=1, length=6, reverse=True)
        return b.add(b.reduce_sum(last, axes=(0,)), b.reduce_prod(ys, axes=(0,)))

    return f.define("network", SIGNATURE, network)


def network(w, bias, h, xs, lengths):
    def step(h, pair):
        x, n = pair
        shrunk = jax.lax.fori_loop(
            0, 5, lambda i, x: jax.lax.cond(i < n, lambda x: x * jnp.cos(x), lambda x: x, x), x
        )
        run = jax.checkpoint(lambda h, x: jnp.tanh(w @ h + x + bias))
        h = jax.lax.cond(n % 2 == 1, lambda h, x: h * x, run, h, shrunk)
        return h, jnp.sum(h * shrunk)

    last, ys = jax.lax.scan(step, h, (xs, lengths), reverse=True)
    return last.sum() + jnp.prod(ys)


def same(got, wanted):
    for x, y in zip(got, jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(x, np.asarray(y), rtol=1e-9, atol=1e-12)


ARGS = (W, B, H, XS, LENGTHS)
WRT = (0, 1, 2, 3)


def test_value_and_gradient(functions):
    name = functions.vjp(define_network(functions))
    same(functions(name, *ARGS, 1.0), jax.value_and_grad(network, WRT)(*ARGS))


def test_gradients_of_a_batch(functions):
    f = functions
    name = f.vmap(f.vjp(define_network(f)), (False, False, True, True, True, False))
    batch = (W, B, np.stack([H, -H]), np.stack([XS, XS[::-1]]), np.stack([LENGTHS, LENGTHS[::-1]]))
    wanted = jax.vmap(jax.value_and_grad(network, WRT), (None, None, 0, 0, 0))(*batch)
    same(f(name, *batch, 1.0), wanted)


def test_hessian_vector_product(functions):
    f = functions
    name = f.jvp(f.vjp(define_network(f)))
    tangents = [RNG.normal(size=np.shape(x)) for x in ARGS[:4]]
    got = f(name, *ARGS, 1.0, *tangents, 0.0)
    wanted = jax.jvp(
        lambda *args: jax.value_and_grad(network, WRT)(*args, LENGTHS), ARGS[:4], tuple(tangents)
    )
    same(got, wanted)


def test_gradient_of_a_gradient(functions):
    f = functions
    inner = f.vjp(define_network(f))
    f.define("slope", SIGNATURE, lambda b, *args: b.call(inner, (*args, b.constant(np.float64(1.0))))[3])
    name = f.vjp("slope")
    cts = RNG.normal(size=4)
    got = f(name, *ARGS, cts)
    wanted = jax.vjp(lambda *args: jax.grad(network, 2)(*args, LENGTHS), *ARGS[:4])
    same(got, (wanted[0], wanted[1](jnp.asarray(cts))))
