"""checkpoint: the same numbers, less kept, more computed again, and policies that keep some of it."""

import re

import numpy as np
import pytest

RNG = np.random.default_rng(2)
W, X = RNG.normal(size=(3, 3)), RNG.normal(size=3)
PRODUCT = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}


def define_block(f, **attrs):
    """Two layers, called through a checkpoint."""

    def layer(b, w, x):
        return b.sin(b.checkpoint_name(b.dot_general(w, x, **PRODUCT), label="product"))

    f.define("layer", "f64[3,3] f64[3]", layer)

    def block(b, w, x):
        (h,) = b.call("layer", (w, x))
        h = b.checkpoint_name(b.exp(h), label="hidden")
        return b.call("layer", (w, h))

    f.define("block", "f64[3,3] f64[3]", block)

    def write(b, w, x):
        return b.checkpoint(w, x, callee="block", **attrs)

    return f.define("checkpointed", "f64[3,3] f64[3]", write)


def numbers(w, x):
    return np.sin(w @ np.exp(np.sin(w @ x)))


POLICIES = {
    "nothing_saveable": 0,
    "everything_saveable": 3,
    "dots_saveable": 2,
    "dots_with_no_batch_dims_saveable": 2,
    "save_only_these_names:hidden": 1,
    "save_only_these_names:hidden,product": 3,
    "save_any_names_but_these:hidden": 2,
    "save_anything_except_these_names:product": 3,
    "dots_saveable|save_only_these_names:hidden": 3,
}


@pytest.mark.parametrize("policy", POLICIES)
def test_transformations(functions, checks, policy):
    name = define_block(functions, policy=policy)
    np.testing.assert_allclose(functions(name, W, X)[0], numbers(W, X), rtol=1e-12)
    checks.everything(name, W, X, depth=1 if policy.startswith("save") else 2)


@pytest.mark.parametrize(("policy", "kept"), POLICIES.items())
def test_what_is_kept(functions, policy, kept):
    f = functions
    name = define_block(f, policy=policy)
    text = f.text(f.vjp(name), "weft-inline weft-simplify weft-cse")
    forward = next(line for line in text.splitlines() if "weftn.checkpoint" in line)
    count = forward.split("->")[-1].count("tensor<3xf64>") - 1
    assert count == kept


def backward_ops(text, op):
    """How many there are in what runs backwards."""
    name = re.search(r"callee = @([\w.]+), differentiated = true", text)[1]
    bodies = {part.split("(")[0]: part for part in text.split("func.func private @")[1:]}

    def count(name):
        calls = re.findall(r"call @([\w.]+)\(", bodies[name])
        return bodies[name].count(op) + sum(map(count, calls))

    return count(name)


def test_computes_again(functions):
    """Without a policy the backward pass has the products of the forward pass, beside its own."""
    f = functions
    text = f.text(f.vjp(define_block(f)), "weft-inline weft-simplify weft-cse")
    # backward: the first product again, then two for each of the two layers
    assert backward_ops(text, "weft.dot_general") == 2 + 4
    g = type(f)()
    kept = g.text(g.vjp(define_block(g, policy="dots_saveable")), "weft-inline weft-simplify weft-cse")
    assert backward_ops(kept, "weft.dot_general") == 4


def test_barrier(functions):
    f = functions
    assert "optimization_barrier" in f.text(f.vjp(define_block(f)), "weft-inline weft-to-stablehlo")
    g = type(f)()
    text = g.text(g.vjp(define_block(g, prevent_cse=False)), "weft-inline weft-to-stablehlo")
    assert "optimization_barrier" not in text


def test_in_scan(functions, checks):
    """A step keeps the carry it starts from, and nothing of its inside."""
    f = functions

    def step(b, w, h, x):
        h = b.tanh(b.add(b.dot_general(b.sin(w), b.exp(h), **PRODUCT), x))
        return h, b.reduce_sum(h, axes=(0,))

    f.define("step", "f64[3,3] f64[3] f64[3]", step)
    f.define(
        "again",
        "f64[3,3] f64[3] f64[3]",
        lambda b, *args: b.checkpoint(*args, callee="step", prevent_cse=False),
    )
    f.define(
        "loop",
        "f64[3,3] f64[3] f64[4,3]",
        lambda b, *args: b.scan(*args, body="again", consts=1, carry=1, length=4),
    )
    checks.everything("loop", W, X, RNG.normal(size=(4, 3)))
    text = f.text("vjp_loop", "weft-inline weft-simplify weft-cse")
    forward = next(line for line in text.splitlines() if "weftn.scan" in line)
    assert forward.split("->")[-1].count("tensor<4x3xf64>") == 1


def test_scan_inside(functions, checks):
    f = functions
    f.define("step", "f64[] f64[] f64[]", lambda b, a, c, x: (b.sin(b.mul(a, c)), b.mul(c, x)))
    f.define(
        "waves",
        "f64[] f64[] f64[3]",
        lambda b, *args: b.scan(*args, body="step", consts=1, carry=1, length=3),
    )
    f.define("again", "f64[] f64[] f64[3]", lambda b, *args: b.checkpoint(*args, callee="waves"))
    checks.everything("again", 0.7, 0.4, [0.1, -0.3, 0.8])


def test_nested(functions, checks):
    f = functions
    f.define("inner", "f64[]", lambda b, x: b.exp(b.sin(x)))

    def middle(b, x):
        (y,) = b.checkpoint(x, callee="inner")
        return b.checkpoint(b.mul(y, b.cos(x)), callee="inner")

    f.define("middle", "f64[]", middle)
    f.define("outer", "f64[]", lambda b, x: b.checkpoint(x, callee="middle"))
    checks.everything("outer", 0.3, depth=3)


def test_rejected(functions):
    f = functions
    f.define("inner", "f64[]", lambda b, x: b.exp(b.sin(x)))
    with pytest.raises(ValueError, match="there is no policy 'some'"):
        f.define("bad", "f64[]", lambda b, x: b.checkpoint(x, callee="inner", policy="some"))
