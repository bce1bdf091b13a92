"""Pipelines are parsed into steps, run with checks between them, and leave a reproducer at a fault."""

import re
from dataclasses import dataclass

import pytest

from weft_compiler.bindings import context, ir
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.module import Module
from weft_compiler.passes import pipelines
from weft_compiler.passes.driver import (
    PassFault,
    PrintIR,
    Timing,
    check_rules,
    check_structure,
    run_pipeline,
)
from weft_compiler.passes.options import PipelineError
from weft_compiler.passes.pipeline import parse_pipeline, pipeline_text
from weft_compiler.passes.registry import ModulePass, register

TEXT = """module {
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %z = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
}"""


@register("weft-test-mark")
@dataclass(frozen=True)
class Mark(ModulePass):
    """Marks the first function."""

    count: int = 1
    """How often it was marked."""

    def run(self, module):
        operation = module.ir.body.operations[0].operation
        operation.attributes["mark"] = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), self.count)


@register("weft-test-misbehave")
@dataclass(frozen=True)
class Misbehave(ModulePass):
    """Goes wrong in the way asked for."""

    how: str
    """report, raise or break"""

    def run(self, module):
        operation = module.ir.body.operations[0].operation
        if self.how == "report":
            raise DiagnosticError("this program is wrong", operation.location)
        operation.attributes["broken"] = ir.UnitAttr.get()
        if self.how == "raise":
            raise ZeroDivisionError("by a bug")
        operation.attributes["function_type"] = ir.TypeAttr.parse("() -> ()")


@pytest.fixture
def module() -> Module:
    return Module.parse(TEXT, source_name="f.mlir")


def names(text: str) -> list[str]:
    return [step.name for step in parse_pipeline(text)]


def test_parse():
    assert names("") == []
    assert names(" weft-test-mark , cse ") == ["weft-test-mark", "cse"]
    assert names("builtin.module(func.func(cse,canonicalize{max-iterations=2}),weft-test-mark{count=2})") == [
        "cse",
        "canonicalize",
        "weft-test-mark",
    ]


def test_text_of_steps_parses_to_the_same_steps():
    steps = parse_pipeline("func.func(cse,canonicalize{max-iterations=2}),weft-test-mark{count=2},any(cse)")
    text = pipeline_text(steps)
    assert text == (
        "func.func(cse),func.func(canonicalize{max-iterations=2}),weft-test-mark{count=2},any(cse)"
    )
    assert parse_pipeline(text) == steps


def test_passes_of_stablehlo_are_known():
    assert names("func.func(stablehlo-legalize-to-linalg)") == ["stablehlo-legalize-to-linalg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weft-test-mrak", "there is no pass 'weft-test-mrak'; did you mean 'weft-test-mark'"),
        ("cse,,cse", "an element is empty between the commas"),
        ("cse cse", "not a pass: 'cse cse'"),
        ("func.func()", "func.func() has no passes inside"),
        ("func.func(weft-test-mark)", "weft-test-mark works on a whole module; write it outside func.func"),
        ("any(weft-test-mark)", "write it outside any(...)"),
        ("cse{", "missing '}'"),
        ("cse)", "unbalanced ')'"),
        ("func.func(one-shot-bufferize)", "works on builtin.module, not on func.func; write it outside"),
        ("canonicalize{no=1}", "canonicalize: no option 'no'"),
        ("func.func(nothing)", "there is no pass 'nothing'"),
    ],
)
def test_mistakes_are_sentences(text, message):
    with pytest.raises(PipelineError) as error:
        parse_pipeline(text)
    assert message in str(error.value)


def test_named_pipelines(monkeypatch):
    monkeypatch.setitem(pipelines.PIPELINES, "test-tidy", ("weft-test-mark", "func.func(cse,canonicalize)"))
    monkeypatch.setitem(pipelines.PIPELINES, "test-twice", ("test-tidy", "test-tidy"))
    monkeypatch.setitem(pipelines.PIPELINES, "test-endless", ("cse", "test-endless"))
    assert names("cse,test-twice") == ["cse", *(["weft-test-mark", "cse", "canonicalize"] * 2)]
    with pytest.raises(PipelineError, match="contains itself: test-endless > test-endless"):
        parse_pipeline("test-endless")
    with pytest.raises(PipelineError, match="test-tidy is a pipeline, it has no options"):
        parse_pipeline("test-tidy{a=1}")


def test_every_named_pipeline_parses():
    for name in pipelines.PIPELINES:
        assert parse_pipeline(name), name


def test_run_and_watch(module):
    printed, timing = [], Timing()
    pipeline = "weft-test-mark{count=7},func.func(cse)"
    watchers = [PrintIR(printed.append, before=["cse"], after=None), timing]
    run_pipeline(module, pipeline, checks=[check_structure, check_rules], watchers=watchers)
    assert "mark = 7" in module.text()
    assert [text.split("\n")[0] for text in printed] == [
        "// IR after weft-test-mark{count=7}",
        "// IR before func.func(cse)",
        "// IR after func.func(cse)",
    ]
    assert [text for text, _ in timing.seconds] == ["weft-test-mark{count=7}", "func.func(cse)"]
    assert re.search(r"100\.0% total$", timing.table(), re.MULTILINE)


def test_functions_are_read_anew_after_an_upstream_pass(module):
    assert list(module.functions) == ["f"]
    run_pipeline(module, "symbol-privatize{exclude=},symbol-dce")
    assert list(module.functions) == []


def test_a_mistake_of_the_program_is_passed_on(module):
    with pytest.raises(DiagnosticError) as error:
        run_pipeline(module, "weft-test-mark,weft-test-misbehave{how=report}")
    assert str(error.value) == "f.mlir:2:1: error: this program is wrong"


def test_an_error_of_an_upstream_pass_is_located():
    with context():
        text = "module {\nfunc.func @f(%x: tensor<?xf32>) -> tensor<f32> {\n  return %x : tensor<?xf32>\n}\n}"
    with pytest.raises(ir.MLIRError):
        Module.parse(text)
    module = Module.parse(
        "module {\nfunc.func @f() -> f32 {\n  %x = arith.constant 1.0 : f32\n  return %x : f32\n}\n}"
    )
    with pytest.raises(DiagnosticError) as error:
        run_pipeline(module, "stablehlo-legalize-to-vhlo{allow-other-dialects=false}")
    assert re.match(r"-:\d+:\d+: error: ", str(error.value))


def test_a_fault_leaves_a_reproducer(module, tmp_path, monkeypatch):
    monkeypatch.setenv("WEFT_REPRODUCER_DIR", str(tmp_path))
    with pytest.raises(PassFault) as error:
        run_pipeline(module, "weft-test-mark{count=3},weft-test-misbehave{how=raise},cse")
    fault = error.value
    assert "weft-test-misbehave raised ZeroDivisionError: by a bug" in str(fault)
    assert fault.command == f"weft-opt {fault.path} --passes='weft-test-misbehave{{how=raise}}'"
    text = fault.path.read_text()
    assert text.startswith("// RUN: weft-opt %s --passes='weft-test-misbehave{how=raise}'\n")
    assert "// ZeroDivisionError: by a bug" in text
    # The IR is from just before the pass: marked, and not yet touched by it.
    again = Module.parse(text)
    assert "mark = 3" in again.text() and "broken" not in again.text()
    with pytest.raises(PassFault, match="ZeroDivisionError: by a bug"):
        run_pipeline(again, "weft-test-misbehave{how=raise}")


def test_invalid_ir_is_a_fault_of_the_pass_that_left_it(module, tmp_path, monkeypatch):
    monkeypatch.setenv("WEFT_REPRODUCER_DIR", str(tmp_path))
    with pytest.raises(PassFault) as error:
        run_pipeline(module, "cse,weft-test-misbehave{how=break}", checks=[check_structure])
    assert "weft-test-misbehave left invalid IR: f.mlir:2:1: error: " in str(error.value)
    assert list(tmp_path.iterdir()) == [error.value.path]
