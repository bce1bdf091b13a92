"""A tangent or cotangent that is zero is no value: no zeros are made and nothing is computed with them."""

import pytest
from written import after, define, ops

from weft_compiler.avals import FLOAT32, INT32
from weft_compiler.module import Module

LARGE = "f32[1000]"


def names(module, function):
    return [o.name for o in ops(module, function)]


def zeros(module):
    return [o for o in ops(module) if o.name == "weft.constant" and "dense<0" in str(o)]


FLAT = {
    "floor": lambda b, x, y: b.add(y, b.floor(x)),
    "of an int": lambda b, x, y: b.mul(y, b.convert(b.convert(x, dtype=INT32), dtype=FLOAT32)),
    "of a comparison": lambda b, x, y: b.select(b.compare(x, y, direction="LT"), y, b.neg(y)),
    "stopped": lambda b, x, y: b.mul(b.stop_gradient(x), y),
}


@pytest.mark.parametrize("name", FLAT)
def test_results_without_tangent(name):
    """With respect to x these are flat: the derivative is the function."""
    module = Module.new()
    define(module, "f", f"{LARGE} {LARGE}", FLAT[name])
    made = after(module, "weft-jvp{fn=f wrt=0}")
    assert len(made.signature("f.jvp").outputs) == 1
    assert names(made, "f.jvp") == names(made, "f")
    made = after(module, "weft-linearize{fn=f wrt=0}")
    assert made.signature("f.lin").outputs == ()
    assert names(made, "f.lin") == []


def test_sums_of_a_tangent_and_none():
    module = Module.new()
    define(module, "f", f"{LARGE} {LARGE}", lambda b, x, y: b.sub(b.add(x, b.sin(y)), b.mul(y, y)))
    made = after(module, "weft-jvp{fn=f wrt=0}")
    assert names(made, "f.jvp") == names(made, "f")
    assert made.function("f.jvp").returned()[1] == made.function("f.jvp").body.arguments[2]


def test_cotangents_that_nothing_reaches():
    """Of two results one has a cotangent: what only the other needs is not transposed."""

    def write(b, x, y):
        return b.sin(x), b.exp(b.mul(x, y))

    module = Module.new()
    define(module, "f", f"{LARGE} {LARGE}", write)
    define(
        module,
        "grad",
        f"{LARGE} {LARGE} {LARGE}",
        lambda b, x, y, ct: b.vjp(x, y, ct, callee="f", wrt=(0,), ct_of=(0,))[2],
    )
    made = after(module, "weft-expand-transforms,weft-inline,weft-cse,weft-dce")
    assert sorted(names(made, "grad")) == ["weft.cos", "weft.mul"]
    assert not zeros(made)


def test_calls_loops_and_branches_carry_no_zeros():
    """A second value goes through call, branch and loop beside the first without getting a tangent."""
    module = Module.new()
    define(module, "g", f"{LARGE} {LARGE}", lambda b, x, y: (b.sin(x), b.cos(y)), public=False)

    def step(b, i, x, y):
        return (i, *b.cond(i, x, y, branches=("g", "g2")))

    define(module, "g2", f"{LARGE} {LARGE}", lambda b, x, y: (b.neg(x), y), public=False)
    define(module, "step", f"i32[] {LARGE} {LARGE}", step, public=False)

    def write(b, i, x, y):
        x, y = b.call("g", [x, y])
        return b.scan(i, x, y, body="step", consts=0, carry=3, length=4)

    define(module, "f", f"i32[] {LARGE} {LARGE}", write)
    made = after(module, "weft-jvp{fn=f wrt=1}")
    assert len(made.signature("f.jvp").outputs) == 4
    (scan,) = [o for o in ops(made, "f.jvp") if o.name == "weftn.scan"]
    assert len(scan.operands) == 4
    assert not zeros(made)


def test_zeros_are_made_where_a_signature_promises_them():
    """A request promises a tangent for every float result; one constant serves all results of a type."""
    module = Module.new()
    define(module, "f", f"{LARGE} {LARGE}", lambda b, x, y: (b.sin(x), b.floor(x), b.cos(y)))
    define(module, "main", f"{LARGE} {LARGE}", lambda b, x, y: b.jvp(x, y, x, callee="f", wrt=(0,)))
    made = after(module, "weft-expand-transforms")
    returned = made.function("main").returned()
    assert len(returned) == 6
    assert returned[4] == returned[5]
    assert len(zeros(made)) == 1
