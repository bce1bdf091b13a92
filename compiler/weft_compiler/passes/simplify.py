"""Simplification: constants folded, identities used, needless broadcasts, reshapes and transposes removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import Op, Plan
from weft_compiler.folding import Folding
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-simplify")
@dataclass(frozen=True)
class Simplify(ModulePass):
    """Replaces ops by simpler equal values, as their `fold` rules say.

    Needs:  nothing.
    Leaves: the ops that became useless, for `weft-dce`.
    """

    def run(self, module: Module) -> None:
        for function in module.defined():
            simplify(module, function)


class FoldBuilder(Folding):
    """Folds what a fold rule emits in its turn."""

    def create(self, inst: Op, plan: Plan, operands: Sequence[Val]) -> Any:
        """Folds at once what a rule asks for, else appends it."""
        if inst.can_fold:
            folded = self.fold(inst, plan.out, operands)
            if folded is not None:
                return folded
        made = super().create(inst, plan, operands)
        self.note(inst, operands, made if type(made) is tuple else (made,))
        return made


def simplify(module: Module, function: Function) -> None:
    """Simplifies one function in place."""
    b = FoldBuilder(module, None, function.op.location)
    replaced: dict[ir.Value, Val] = {}
    useless = []  # erased at the end: a new value could be taken for an erased one of the same address
    function.steps = None
    for op, inst, operands, results, loc, plan in read_body(module, function):
        if replaced:
            operands = [replaced.get(v.ir, v) for v in operands]
        if not inst.can_fold:
            b.note(inst, operands, results)
            continue
        b.ip, b.loc = ir.InsertionPoint(op), loc
        folded = b.fold(inst, plan.out, operands)
        if folded is None:
            b.note(inst, operands, results)
            continue
        for old, new in zip(results, folded if isinstance(folded, tuple) else (folded,), strict=True):
            old.ir.replace_all_uses_with(new.ir)
            replaced[old.ir] = new
        useless.append(op)
    for op in reversed(useless):
        op.erase()
