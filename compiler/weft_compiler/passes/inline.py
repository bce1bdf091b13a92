"""Inlining: the body of a function that is called once takes the place of the call."""

from collections import Counter
from dataclasses import dataclass

from weft_compiler.body import read_op
from weft_compiler.dialect.call import Call
from weft_compiler.dialect.op import REGISTRY
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
        uses = Counter(name for function in module for name in function.callees())
        done: set[str] = set()
        for function in module:
            inline_in(module, function.name, uses, done)
        for name, count in uses.items():
            if count == 0 and name in module.functions:
                module.remove_function(name)
        module.memo.clear()


def inline_in(module: Module, name: str, uses: Counter[str], done: set[str]) -> None:
    """Inlines into one function, callees first, so that each op moves once per level."""
    if name in done:
        return
    done.add(name)
    for op in module.function(name).operations():
        cls = REGISTRY.get(op.name)
        if cls is None or not cls.callee_attrs:
            continue
        inst = read_op(op)
        for callee in inst.callees():
            inline_in(module, callee, uses, done)
        if isinstance(inst, Call):
            callee_function = module.function(inst.callee)
            if uses[inst.callee] == 1 and not callee_function.is_public:
                _splice(op, callee_function)
                uses[inst.callee] = 0


def _splice(call: object, callee: Function) -> None:
    for formal, actual in zip(callee.body.arguments, list(call.operands), strict=True):  # type: ignore[attr-defined]
        formal.replace_all_uses_with(actual)
    returned = callee.returned()
    for op in callee.operations():
        op.move_before(call)
    for old, new in zip(call.results, returned, strict=True):  # type: ignore[attr-defined]
        old.replace_all_uses_with(new)
    call.erase()  # type: ignore[attr-defined]
