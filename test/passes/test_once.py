"""A function is transformed once for each configuration, however often and from wherever it is asked for."""

import pytest
from written import after, define, ops

from weft_compiler.bindings import ir
from weft_compiler.module import Module
from weft_compiler.transforms import TransformBuilder


@pytest.fixture
def module():
    made = Module.new()
    define(made, "g", "f32[3] f32[3]", lambda b, x, y: (b.mul(b.sin(x), y), b.floor(y)), public=False)
    return made


def builder(module):
    return TransformBuilder(module, None, ir.Location.unknown(module.ir.context))


@pytest.mark.parametrize(
    "ask",
    [
        lambda b: b.jvp_of("g", (True, False)),
        lambda b: b.linearize_of("g", (True, True)),
        lambda b: b.batch_of("g", (False, True), 4),
        lambda b: b.transpose_of(b.linearize_of("g", (True, False)).lin, (True, False, False), (True,)),
        lambda b: b.dependence("g", (True, False)),
    ],
    ids=["jvp", "linearize", "batch", "transpose", "dependence"],
)
def test_the_same_answer(module, ask):
    first = ask(builder(module))
    count = len(module.functions)
    assert ask(builder(module)) is first
    assert len(module.functions) == count


def test_nothing_asked_for_is_the_same_as_asking_for_nothing(module):
    b = builder(module)
    assert b.jvp_of("g", (True, False), (False, False)) is b.jvp_of("g", (True, False))
    assert b.linearize_of("g", (True, False), (False, False)) is b.linearize_of("g", (True, False))
    assert b.batch_of("g", (True, False), 4, (False, False)) is b.batch_of("g", (True, False), 4)


def test_another_configuration_is_another_function(module):
    b = builder(module)
    made = {
        b.jvp_of("g", (True, False)).fn,
        b.jvp_of("g", (False, True)).fn,
        b.jvp_of("g", (False, True), (True, True)).fn,
        b.batch_of("g", (True, False), 4).fn,
        b.batch_of("g", (True, False), 5).fn,
    }
    assert len(made) == 5


def test_requests_in_different_functions_share(module):
    """Two callers, one of them in a loop, ask for the same derivative of the same function."""

    def slope(b, x, y):
        return b.jvp(x, y, x, callee="g", wrt=(0,))[2]

    define(module, "step", "f32[3] f32[3]", slope, public=False)
    define(module, "one", "f32[3] f32[3]", slope)
    define(
        module,
        "other",
        "f32[3] f32[4,3]",
        lambda b, x, xs: b.scan(x, xs, body="step", consts=0, carry=1, length=4),
    )
    expanded = after(module, "weft-expand-transforms")
    made = [f.name for f in expanded if f.name.startswith("g.")]
    assert made == ["g.jvp"]
    assert [o.name for o in ops(expanded)].count("weft.cos") == 1


def test_a_pass_that_rewrites_functions_forgets_what_was_derived_from_them():
    """Names come again: what was derived from an older function of the name must not answer for the new one."""
    module = Module.new()
    define(module, "f", "f32[]", lambda b, x: b.sin(x), public=False)
    define(module, "main", "f32[]", lambda b, x: b.jvp(x, x, callee="f", wrt=(0,)))
    made = after(module, "weft-expand-transforms,weft-inline,weft-dce")
    assert list(made.functions) == ["main"]
    define(made, "f", "f32[]", lambda b, x: b.exp(x), public=False)
    define(made, "again", "f32[]", lambda b, x: b.jvp(x, x, callee="f", wrt=(0,)))
    names = [o.name for o in ops(after(made, "weft-expand-transforms,weft-inline"), "again")]
    assert "weft.exp" in names
    assert "weft.cos" not in names


@pytest.mark.parametrize(("size", "asks", "wanted"), [(1009, False, 1), (1013, True, 3)])
def test_a_rule_that_writes_one_op_is_asked_once(monkeypatch, size, asks, wanted):
    """But not one that asks for the module, as it may have something to say there. No other test has these sizes."""
    module = Module.new()
    define(module, "f", f"f32[{size}]", lambda b, x: b.sin(b.sin(b.sin(x))))
    sin, asked = type(module.function("f").steps[0].inst), []
    lower = sin.lower

    def counted(self, b, x):
        asked.append(b.module if asks else None)
        return lower(self, b, x)

    monkeypatch.setattr(sin, "lower", counted)
    made = after(module, "weft-to-stablehlo")
    assert [op.name for op in ops(made, "f")] == ["stablehlo.sine"] * 3
    assert len(asked) == wanted
