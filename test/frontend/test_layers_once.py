"""A model of many layers that are calls of one jitted function: the function is traced, differentiated, batched and
lowered once."""

import re

import numpy as np
import pytest

import weft
import weft.numpy as jnp


def model(count):
    """The loss of a chain of layers, its parameters, and how often Python ran the layer."""
    runs = []

    @weft.jit
    def layer(p, x):
        runs.append(1)
        return x + jnp.tanh(x @ p["w"] + p["b"])

    def loss(params, x):
        for p in params:
            x = layer(p, x)
        return jnp.sum(x * x)

    rng = np.random.default_rng(0)
    params = [
        {"w": rng.normal(0, 0.3, (4, 4)).astype("float32"), "b": np.zeros(4, "float32")} for _ in range(count)
    ]
    return loss, params, runs


TRANSFORMS = {
    "plain": lambda f: f,
    "grad": weft.grad,
    "value_and_grad": weft.value_and_grad,
    "vmap": lambda f: weft.vmap(f, in_axes=(None, 0)),
    "vmap-grad": lambda f: weft.vmap(weft.grad(f), in_axes=(None, 0)),
    "grad-vmap": lambda f: weft.grad(lambda params, x: jnp.sum(weft.vmap(f, in_axes=(None, 0))(params, x))),
    "jvp": lambda f: lambda params, x: weft.jvp(f, (params, x), (params, x)),
    "vjp": lambda f: lambda params, x: weft.vjp(f, params, x)[1](jnp.float32(1.0)),
}


def shape_of(transform, count):
    """Private functions of the lowered program, the ops in them, calls in `main`; runs of the layer in Python."""
    loss, params, runs = model(count)
    x = np.ones((3, 4), "float32")
    text = weft.jit(TRANSFORMS[transform](loss)).lower(params, x).as_text()
    main, *others = re.split(r"func\.func private", text)
    return len(others), sum(part.count("stablehlo.") for part in others), main.count("call @"), len(runs)


@pytest.mark.parametrize("transform", list(TRANSFORMS))
def test_size_does_not_grow_with_the_layers(transform):
    few, many = shape_of(transform, 3), shape_of(transform, 12)
    assert few[:2] == many[:2]
    assert many[2] - few[2] in (
        9,
        18,
    )  # a call forwards, and one back; the first layer may differ from the others
    assert few[3] == many[3] == 1


def test_gradient_is_that_of_the_layers_written_out():
    loss, params, _ = model(5)
    x = np.ones((3, 4), "float32")

    def written_out(params, x):
        for p in params:
            x = x + jnp.tanh(x @ p["w"] + p["b"])
        return jnp.sum(x * x)

    got, wanted = weft.jit(weft.grad(loss))(params, x), weft.jit(weft.grad(written_out))(params, x)
    for p, q in zip(got, wanted, strict=True):
        for name in p:
            np.testing.assert_allclose(np.asarray(p[name]), np.asarray(q[name]), rtol=1e-5)
