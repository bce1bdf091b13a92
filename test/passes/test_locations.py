"""Every op that a pass makes points at the line of the op it comes from."""

from collections import defaultdict

import pytest
from written import FILE, LineBuilder, define, ops

from weft_compiler.diagnostics import place_of
from weft_compiler.lowering import lower
from weft_compiler.module import Module
from weft_compiler.passes.driver import run_pipeline


def places(module):
    """Op name -> lines that ops of the name point at. None stands for an op without a place."""
    found = defaultdict(set)
    for op in ops(module):
        place = place_of(op.location)
        assert place is None or place.file == FILE
        found[op.name].add(place and place.line)
    return found


def program():
    """A module, and the lines of its functions and ops: `f` with a call, a loop and a choice."""
    module = Module.new()
    define(module, "wave", "f32[3]", lambda b, x: b.sin(x), public=False)
    define(module, "square", "f32[3]", lambda b, x: b.mul(x, x), public=False)

    def step(b, i, x, a):
        (y,) = b.cond(i, x, branches=("wave", "square"))
        return i, b.add(y, a)

    define(module, "step", "i32[] f32[3] f32[3]", step, public=False)

    def write(b, x, i):
        (y,) = b.call("wave", [b.exp(x)])
        _, z = b.scan(i, y, b.repeat_first(x, 4), body="step", consts=0, carry=2, length=4)
        return b.reduce_max(b.div(z, b.logistic(x)), axes=(0,)), b.cumsum(z, axis=0)

    define(module, "f", "f32[3] i32[]", write)
    return module


@pytest.mark.parametrize(
    "pipeline",
    [
        "weft-jvp{fn=f}",
        "weft-linearize{fn=f}",
        "weft-linearize{fn=f},weft-transpose{fn=f.lin}",
        "weft-batch{fn=f size=3 batched=0,1}",
        "weft-jvp{fn=f},weft-batch{fn=f.jvp size=2},weft-linearize{fn=f.jvp.batch}",
        "weft-expand-transforms,weft-inline,weft-simplify,weft-cse,weft-dce",
        "weft-to-stablehlo",
        "weft-lower",
    ],
)
def test_every_op_has_a_line_of_the_program(pipeline):
    module = program()
    lines = set.union(*places(module).values())
    for function in module:
        lines.add(place_of(function.op.location).line)
    run_pipeline(module, pipeline)
    for name, found in places(module).items():
        assert found <= lines, f"{name} has no line of the program"
    for function in module:
        assert place_of(function.op.location).line in lines


def test_lowering_keeps_lines():
    module = program()
    define(module, "main", "f32[3] i32[] f32[]", lambda b, *xs: b.vjp(*xs, callee="f", wrt=(0,), ct_of=(0,)))
    lines = set.union(*places(module).values())
    lines.update(place_of(f.op.location).line for f in module)
    for name, found in places(lower(module, "main")).items():
        assert found <= lines, name


@pytest.mark.parametrize(
    ("pipeline", "derived"),
    [
        ("weft-jvp{fn=f}", {"weft.cos": "sin", "weft.sub": "logistic", "weft.neg": "cos"}),
        ("weft-linearize{fn=f}", {"weft.cos": "sin", "weft.sub": "logistic", "weft.neg": "cos"}),
        (
            "weft-linearize{fn=f},weft-transpose{fn=f.lin},weft-dce",
            {"weft.broadcast_in_dim": "reduce_sum", "weft.pad": "slice"},
        ),
        ("weft-batch{fn=f size=2 batched=0}", {"weft.slice": "slice", "weft.reduce_sum": "reduce_sum"}),
        (
            "weft-to-stablehlo",
            {"stablehlo.sine": "sin", "stablehlo.logistic": "logistic", "stablehlo.reduce": "reduce_sum"},
        ),
    ],
)
def test_a_derived_op_points_at_the_op_it_comes_from(pipeline, derived):
    """Each op of the function has a line of its own, and each op that is asked for comes from one of them."""
    module = Module.new()
    line = {}

    def write(b, x):
        def noted(name, *operands, **attrs):
            made = getattr(b, name)(*operands, **attrs)
            line[name] = place_of(b.loc).line
            return made

        y = noted("logistic", noted("cos", noted("sin", x)))
        z = noted("slice", y, start=(1,), limit=(4,), strides=(1,))
        return noted("reduce_sum", z, axes=(0,))

    define(module, "f", "f32[5]", write)
    run_pipeline(module, pipeline)
    found = defaultdict(set)
    for function in module:
        if function.name != "f" or pipeline == "weft-to-stablehlo":
            for op in function.operations():
                found[op.name].add(place_of(op.location).line)
    for made, source in derived.items():
        assert line[source] in found[made], f"{made} does not point at {source}"


def test_lines_of_a_file_differ():
    """What the tests above rest on."""
    assert next(LineBuilder.lines) < next(LineBuilder.lines)
