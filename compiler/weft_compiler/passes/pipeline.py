"""Pipelines: a list of weft and upstream passes, written as MLIR writes pass pipelines.

    weft-jvp{fn=f wrt=0,1},canonicalize,func.func(cse,canonicalize)

A weft pass works on the whole module, so it stands at the top level; `builtin.module(...)` around the list is
optional. Each step is one pass: what stands in `func.func(...)` becomes one step for each pass inside.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weft_compiler.bindings import context, ir, passmanager, stablehlo
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.passes.options import PipelineError, split_top
from weft_compiler.passes.pipelines import PIPELINES
from weft_compiler.passes.registry import ModulePass, find_pass, make_pass, pass_names, suggestion

if TYPE_CHECKING:
    from weft_compiler.module import Module

_ELEMENT = re.compile(r"([\w.-]+)\s*(?:\{(.*)\}|\((.*)\))?", re.DOTALL)
_ROOT = "builtin.module"


@dataclass(frozen=True)
class WeftStep:
    """A pass of ours, called directly."""

    name: str
    text: str
    weft_pass: ModulePass

    def run(self, module: Module) -> None:
        with module.ir.context:
            self.weft_pass.run(module)


@dataclass(frozen=True)
class UpstreamStep:
    """A pass of MLIR or StableHLO, with the ops it is nested in; run by a pass manager."""

    name: str
    text: str

    def run(self, module: Module) -> None:
        manager = self.manager(module.ir.context)
        manager.enable_verifier(False)  # the driver verifies, in the same way after every step
        try:
            manager.run(module.ir.operation)
        except ir.MLIRError as error:
            raise DiagnosticError.from_mlir(error) from None
        finally:
            module.invalidate()

    def manager(self, ctx: ir.Context) -> passmanager.PassManager:
        return passmanager.PassManager.parse(f"{_ROOT}({self.text})", context=ctx)


# One pass of a pipeline: `name` is the pass, `text` names it with its options and what it is nested in.
Step = WeftStep | UpstreamStep


@functools.lru_cache(maxsize=256)
def parse_pipeline(text: str) -> tuple[Step, ...]:
    """The steps of a pipeline; every name and option is checked. Raises PipelineError."""
    return tuple(_steps(text, nesting=(), inside=()))


def pipeline_text(steps: tuple[Step, ...] | list[Step]) -> str:
    return ",".join(step.text for step in steps)


def _steps(text: str, nesting: tuple[str, ...], inside: tuple[str, ...]) -> Iterator[Step]:
    if not text.strip():
        return
    for element in split_top(text, ","):
        if not element:
            raise PipelineError(f"an element is empty between the commas of {text!r}")
        match = _ELEMENT.fullmatch(element)
        if match is None:
            raise PipelineError(f"not a pass: {element!r}; write name, name{{option=value}} or op(passes)")
        yield from _element(match, nesting, inside)


def _element(match: re.Match[str], nesting: tuple[str, ...], inside: tuple[str, ...]) -> Iterator[Step]:
    name, options, nested = match.groups()
    if nested is not None:
        if not nested.strip():
            raise PipelineError(f"{name}() has no passes inside")
        yield from _steps(nested, nesting if name == _ROOT and not nesting else (*nesting, name), inside)
    elif name in PIPELINES:
        if options is not None:
            raise PipelineError(f"{name} is a pipeline, it has no options")
        if name in inside:
            raise PipelineError(f"the pipeline {name} contains itself: {' > '.join([*inside, name])}")
        for part in PIPELINES[name]:
            yield from _steps(part, nesting, (*inside, name))
    elif name.startswith("weft-") or find_pass(name) is not None:
        yield _weft_step(name, options or "", nesting)
    else:
        yield _upstream_step(match[0], name, nesting)


def _weft_step(name: str, options: str, nesting: tuple[str, ...]) -> WeftStep:
    known = [*pass_names(), *PIPELINES]
    if find_pass(name) is None:
        raise PipelineError(f"there is no pass {name!r}{suggestion(name, known)}")
    made = make_pass(name, options)
    if nesting:
        raise PipelineError(f"{name} works on a whole module; write it outside {nesting[-1]}(...)")
    return WeftStep(name, str(made), made)


def _upstream_step(element: str, name: str, nesting: tuple[str, ...]) -> UpstreamStep:
    text = element
    for op in reversed(nesting):
        text = f"{op}({text})"
    step = UpstreamStep(name, text)
    _register_stablehlo_passes()
    try:
        step.manager(context())
    except ValueError as error:
        raise PipelineError(_in_words(name, str(error))) from None
    return step


@functools.cache
def _register_stablehlo_passes() -> None:
    """Makes the passes of StableHLO known to MLIR; its own are registered when the bindings load."""
    stablehlo().register_stablehlo_passes()


def _in_words(name: str, message: str) -> str:
    if "does not refer to a registered pass" in message:
        return f"there is no pass {name!r}{suggestion(name, [*pass_names(), *PIPELINES])}"
    if restricted := re.search(r"restricted to '([\w.]+)'.* run on '([\w.]+)'", message):
        return _restricted(name, restricted[1], restricted[2])
    if unknown := re.search(r"no such option (\S+)", message):
        return f"{name}: no option {unknown[1]!r}"
    return f"{name}: " + " ".join(message.split())


def _restricted(name: str, works_on: str, given: str) -> str:
    where = f"write it outside {given}(...)" if works_on == _ROOT else f"write {works_on}({name})"
    return f"{name} works on {works_on}, not on {given}; {where}"
