"""Inlining: the body of a function that is called once takes the place of the call."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.call import Call
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-inline")
@dataclass(frozen=True)
class Inline(ModulePass):
    """Moves the body of every private function with a single call into the caller.

    Needs:  nothing.
    Leaves: functions that are called more than once, or named by other ops (loop bodies, branches).
    """

    def run(self, module: Module) -> None:
        inline_single_calls(module, module.defined())


def inline_single_calls(module: Module, functions: Sequence[Function]) -> None:
    """Inlines among `functions`: calls from others do not count, and are not looked at."""
    uses = Counter(name for function in functions for name in function.callees())
    candidates = {f.name for f in functions if uses[f.name] == 1 and not f.is_public}
    done: set[str] = set()
    for function in functions:
        if function.name not in done:
            _inline_in(module, function, candidates, done)
    for name in candidates & done:
        if module.function(name).is_spliced:
            module.remove_function(name)
    module.memo.clear()


def _inline_in(module: Module, function: Function, candidates: set[str], done: set[str]) -> None:
    """Inlines into one function, callees first, so that each op moves once per level."""
    done.add(function.name)
    calls = [s for s in read_body(module, function) if s.inst.callee_attrs]
    for step in calls:
        for callee in step.inst.callees():
            if callee in candidates and callee not in done:
                _inline_in(module, module.function(callee), candidates, done)
    spliced = {
        step.op: module.function(step.inst.callee)
        for step in calls
        if isinstance(step.inst, Call) and step.inst.callee in candidates
    }
    if spliced:
        _splice_all(function, spliced)


def _splice_all(function: Function, spliced: dict[ir.Operation, Function]) -> None:
    """Puts the bodies of `spliced` in the places of their calls, and keeps the notes of both in step."""
    old, function.steps = function.steps, None
    function.forget_returned()
    known = old is not None and all(f.steps is not None for f in spliced.values())
    new: dict[ir.Value, Val] = {}
    steps: list[Step] = []
    for step in old or ():
        callee = spliced.get(step.op)
        if callee is None:
            steps.append(_with_operands(step, new) if new else step)
        elif known:
            for formal, actual in zip(callee.args, step.operands, strict=True):
                new[formal.ir] = new.get(actual.ir, actual)
            assert callee.steps is not None
            steps.extend(_with_operands(s, new) for s in callee.steps)
            for result, value in zip(step.results, callee.returned(), strict=True):
                new[result.ir] = new.get(value) or Val(value, result.aval)
    for call, callee in spliced.items():
        _splice(call, callee)
    for call in spliced:
        call.erase()
    if known:
        function.steps = steps


def _with_operands(step: Step, new: dict[ir.Value, Val]) -> Step:
    return step._replace(operands=[new.get(v.ir, v) for v in step.operands])


def _splice(call: ir.Operation, callee: Function) -> None:
    for formal, actual in zip(callee.body.arguments, list(call.operands), strict=True):
        formal.replace_all_uses_with(actual)
    returned = list(callee.terminator.operands)  # after the formals have been replaced
    for op in callee.operations():
        op.move_before(call)
    for old, new in zip(call.results, returned, strict=True):
        old.replace_all_uses_with(new)
    callee.is_spliced = True
