"""Common subexpressions: of ops that compute the same, the first stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.module import Function, Module
from weft_compiler.passes.dce import op_has_effect
from weft_compiler.passes.registry import ModulePass, register


@register("weft-cse")
@dataclass(frozen=True)
class Cse(ModulePass):
    """Replaces an op by an earlier one with the same operands and attributes.

    Needs:  nothing.
    Leaves: ops with effects as they were.
    """

    def run(self, module: Module) -> None:
        for function in module.defined():
            eliminate_common(module, function)


def eliminate_common(module: Module, function: Function) -> None:
    """Merges equal ops of one function."""
    first: dict[object, Sequence[Val]] = {}
    effects: dict[str, bool] = {}
    useless = []
    function.steps = None
    for op, inst, operands, results, _, _ in read_body(module, function):
        if inst.has_effect or (inst.callee_attrs and op_has_effect(module, op, effects)):
            continue
        # Operands are read after earlier replacements, so equal values are one value here.
        key = (inst, *[v.ir for v in operands])
        earlier = first.setdefault(key, results)
        if earlier is not results:
            for old, new in zip(results, earlier, strict=True):
                old.ir.replace_all_uses_with(new.ir)
            useless.append(op)
    for op in useless:
        op.erase()
