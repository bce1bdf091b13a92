"""Simplification: constants folded, algebraic identities, needless broadcasts, reshapes and transposes removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft_compiler.bindings import ir
from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Linear, Val
from weft_compiler.dialect.constants import Constant
from weft_compiler.dialect.op import NoRule, Op, Plan
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.transforms import TransformBuilder


@register("weft-simplify")
@dataclass(frozen=True)
class Simplify(ModulePass):
    """Replaces ops by simpler equal values, as their `fold` rules say.

    Needs:  nothing.
    Leaves: the ops that became useless, for `weft-dce`.
    """

    def run(self, module: Module) -> None:
        for function in module:
            simplify(module, function)


class FoldBuilder(TransformBuilder):
    """Knows how values were made, and folds what a fold rule emits in its turn.

    `out` has the aval that the result of the op at hand must have.
    """

    out: Any

    def __init__(self, module: Module, ip: Any, loc: ir.Location) -> None:
        super().__init__(module, ip, loc)
        self._producers: dict[ir.Value, tuple[Op, Sequence[Val]]] = {}

    def note(self, inst: Op, operands: Sequence[Val], results: Sequence[Val]) -> None:
        """Remembers how values were made."""
        for v in results:
            self._producers[v.ir] = (inst, operands)

    def producer(self, x: Val) -> tuple[Op, Sequence[Val]] | None:
        """The op that made a value and its operands; None for an argument."""
        return self._producers.get(x.ir)

    def splat(self, x: Val) -> np.generic | None:
        """The one value of every element of `x`, if that is known."""
        made = self._producers.get(x.ir)
        return made[0].splat() if made is not None and type(made[0]) is Constant else None

    def is_splat(self, x: Val, value: float) -> bool:
        """Whether every element of `x` is known to be `value`."""
        known = self.splat(x)
        return known is not None and bool(known == value)

    def fold(self, inst: Op, avals: Sequence[Any], operands: Sequence[Val]) -> Any:
        """What an op folds to: a Val, a tuple of them for several results, or None."""
        if isinstance(inst.fold, NoRule):
            return None
        outer = getattr(self, "out", None)
        self.out = Linear(avals[0]) if len(avals) == 1 else tuple(Linear(a) for a in avals)
        try:
            return inst.fold(self, *operands)
        finally:
            self.out = outer

    def create(self, inst: Op, plan: Plan, operands: Sequence[Val]) -> Any:
        """Folds at once what a rule asks for, else appends it."""
        folded = self.fold(inst, plan.avals, operands)
        if folded is not None:
            return folded
        made = super().create(inst, plan, operands)
        self.note(inst, operands, made if type(made) is tuple else (made,))
        return made


def simplify(module: Module, function: Function) -> None:
    """Simplifies one function in place."""
    b = FoldBuilder(module, None, function.op.location)
    replaced: dict[ir.Value, Val] = {}
    for op, inst, operands, results in read_body(module, function):
        if replaced:
            operands = [replaced.get(v.ir, v) for v in operands]
        if type(inst) is Constant or isinstance(inst.fold, NoRule):
            b.note(inst, operands, results)
            continue
        b.ip, b.loc = ir.InsertionPoint(op), op.location
        folded = b.fold(inst, [v.aval for v in results], operands)
        if folded is None:
            b.note(inst, operands, results)
            continue
        for old, new in zip(results, folded if isinstance(folded, tuple) else (folded,), strict=True):
            old.ir.replace_all_uses_with(new.ir)
            replaced[old.ir] = new
        op.erase()
