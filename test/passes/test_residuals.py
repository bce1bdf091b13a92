"""What a linearized function hands over: only what cannot be had again for nothing, and each value once."""

import numpy as np
import pytest
from written import after, define, ops

from weft_compiler.module import Module
from weft_compiler.transforms import TransformBuilder

PRODUCT = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}


def residuals(inputs, write, wrt=(0,), setup=None):
    """Types of the residuals of a function, as text."""
    module = Module.new()
    if setup is not None:
        setup(module)
    function = define(module, "f", inputs, write)
    count = len(function.signature.outputs)
    made = after(module, f"weft-linearize{{fn=f wrt={','.join(map(str, wrt))}}}")
    return [str(a) for a in made.signature("f.fwd").outputs[count:]]


def spread(b, x):
    return b.broadcast_in_dim(x, shape=(100, 3), dims=(1,))


@pytest.mark.parametrize(
    ("write", "wanted"),
    [
        (lambda b, x, a: b.mul(x, 3.0), []),
        (
            lambda b, x, a: b.mul(b.mul(x, b.iota(shape=(3,), dtype=np.dtype("float32"), dimension=0)), 2.0),
            [],
        ),
        (lambda b, x, a: b.add(b.neg(x), b.sin(a)), []),
        (lambda b, x, a: b.reduce_sum(b.mul(spread(b, x), spread(b, a)), axes=(0,)), ["f32[3]"]),
        (lambda b, x, a: b.mul(b.mul(x, a), a), ["f32[3]"]),
        (lambda b, x, a: b.mul(b.sin(x), a), ["f32[3]", "f32[3]"]),
        (lambda b, x, a: b.select(b.compare(x, 0, direction="GT"), x, b.neg(x)), ["bool[3]"]),
        (lambda b, x, a: b.exp(x), ["f32[3]"]),
        (lambda b, x, a: (b.floor(x), b.mul(b.sin(a), 2.0)), []),
        (lambda b, x, a: b.slice(b.reverse(x, axes=(0,)), start=(1,), limit=(3,), strides=(1,)), []),
    ],
    ids=[
        "a number",
        "an iota",
        "nothing",
        "not what is broadcast",
        "once",
        "the slope and the other factor",
        "the choice",
        "the result",
        "no tangent",
        "arrangement",
    ],
)
def test_of_ops(write, wanted):
    assert sorted(residuals("f32[3] f32[3]", write)) == sorted(wanted)


def test_a_result_that_is_a_residual_is_the_same_value():
    module = Module.new()
    define(module, "f", "f32[3]", lambda b, x: b.exp(x))
    made = after(module, "weft-linearize{fn=f}")
    returned = made.function("f.fwd").returned()
    assert returned[0] == returned[1]


def test_of_a_product_of_matrices():
    """With respect to both, both; with respect to one, the other."""
    write = lambda b, x, w: b.dot_general(x, w, **PRODUCT)
    assert residuals("f32[8,4] f32[4,2]", write, (0,)) == ["f32[4,2]"]
    assert residuals("f32[8,4] f32[4,2]", write, (1,)) == ["f32[8,4]"]
    assert sorted(residuals("f32[8,4] f32[4,2]", write, (0, 1))) == ["f32[4,2]", "f32[8,4]"]


def test_calls_hand_over_nothing_that_the_caller_has():
    """A function called with the same values: its residuals are the caller's own, and so handed over once."""

    def setup(module):
        define(module, "g", "f32[3] f32[3]", lambda b, x, a: b.mul(x, a), public=False)

    def write(b, x, a):
        for _ in range(5):
            (x,) = b.call("g", [x, a])
        return x

    assert residuals("f32[3] f32[3]", write, setup=setup) == ["f32[3]"]


def test_a_loop_stacks_only_what_changes_from_step_to_step():
    """Of h <- tanh(sin(w) h + x): sin(w) is computed before the loop, the results h are there anyway."""

    def cell(b, w, h, x):
        h = b.tanh(b.add(b.dot_general(b.sin(w), h, **PRODUCT), x))
        return h, h

    def setup(module):
        define(module, "cell", "f32[3,3] f32[3] f32[3]", cell, public=False)

    def write(b, w, h, xs):
        return b.scan(w, h, xs, body="cell", consts=1, carry=1, length=7)

    found = residuals("f32[3,3] f32[3] f32[7,3]", write, (1, 2), setup)
    assert "f32[7,3,3]" not in found
    assert found.count("f32[7,3]") <= 1
    assert set(found) <= {"f32[3,3]", "f32[7,3]"}


def test_branches_share_the_room():
    """One of two branches runs: what either hands over lies in the same place."""

    def setup(module):
        define(module, "p", "f32[3] f32[3]", lambda b, x, a: b.mul(b.sin(x), b.exp(a)), public=False)
        define(module, "q", "f32[3] f32[3]", lambda b, x, a: b.mul(b.cosh(x), b.tanh(a)), public=False)

    def write(b, x, a, i):
        return b.cond(i, x, a, branches=("p", "q"))

    found = residuals("f32[3] f32[3] i32[]", write, setup=setup)
    assert sorted(found) == ["f32[3]", "f32[3]", "i32[]"]


def test_dependence_is_what_tangents_say():
    """An analysis without making the derivative agrees with the derivative."""
    module = Module.new()
    define(module, "g", "f32[3] f32[3]", lambda b, x, y: (b.floor(x), y, b.mul(x, y)), public=False)
    define(module, "f", "f32[3] f32[3]", lambda b, x, y: (*b.call("g", [x, y]), b.sin(y)))
    b = TransformBuilder(module, None, module.function("f").op.location)
    for mask in [(True, False), (False, True), (True, True), (False, False)]:
        found = b.dependence("f", mask, differentiable=True)
        assert found == b.jvp_of("f", mask).out_active
        assert all(m or not d for m, d in zip(b.dependence("f", mask), found, strict=True))


def test_the_linear_part_has_no_dead_ops():
    module = Module.new()
    define(module, "f", "f32[3] f32[3]", lambda b, x, a: b.mul(b.sin(b.mul(x, a)), b.exp(a)))
    made = after(module, "weft-linearize{fn=f}")
    before = len(ops(made, "f.lin"))
    assert len(ops(after(made, "weft-dce"), "f.lin")) == before
