"""What a policy keeps of a function: its values, and those inside of loops and branches.

A loop from which values are kept becomes two: the first hands them over, stacked; the one that runs again takes
them as operands and computes the rest. What is kept is found in a copy of the function for each of the two.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from weft_compiler.avals import Aval, aval_of
from weft_compiler.bindings import ir
from weft_compiler.body import read_op
from weft_compiler.dialect.builder import Builder, Val
from weft_compiler.dialect.checkpoint_policies import NAMING_OP, Policy, Way
from weft_compiler.flatten import extract, flattened, needed_ops
from weft_compiler.module import Function


class Saved(NamedTuple):
    """One value that is kept: its type, and in which other memory."""

    aval: Aval
    way: Way | None


class Kept(NamedTuple):
    """A value that is kept: where it is made, where it is given when the function runs again."""

    made: ir.Value
    given: ir.Value
    way: Way | None

    @property
    def saved(self) -> Saved:
        return Saved(aval_of(self.made.type), self.way)


class Parts(NamedTuple):
    """A function, or an op, in two parts.

    `first`: arguments -> (results, saved). `again`: (arguments, saved) -> results.
    """

    first: Any
    again: Any
    saved: tuple[Saved, ...]


class Saving:
    """The values of a flattened function that a policy keeps.

    `first` is the function as it runs first, `again` a copy in which inner ops take what they have saved;
    `kept` are the values that are kept, in both.
    """

    def __init__(self, b: Any, flat: Function, policy: Policy) -> None:
        self.b, self.policy, self.first = b, policy, flat
        self._renamed = self._names()
        plans = self._plans()
        self._extend(plans)
        self.again = b.module.clone_function(flat.name, f"{flat.name}.again")
        self.kept = self._kept(plans)
        self._take(plans)

    def _names(self) -> set[ir.Value]:
        """Values that are kept, or not kept, under a name: everything uses the named copy."""
        instead: set[ir.Value] = set()
        for op in self.first.operations():
            inst: Any = read_op(op)
            if inst.name == NAMING_OP and (self.policy.saves(inst) or self.policy.excludes(inst)):
                value = op.operands[0]
                if not isinstance(value.owner, ir.Block):
                    op.move_after(value.owner)
                    value.replace_all_uses_except(op.result, op)
                instead.add(value)
        self.first.steps = None
        return instead

    def _plans(self) -> dict[int, Parts]:
        """For ops by their place, how they save what is inside of them."""
        if self.policy.saves_all:
            return {}
        insts: list[Any] = [read_op(op) for op in self.first.operations()]
        plans = {at: i.save_inside(self.b, self.policy) for at, i in enumerate(insts) if i.callee_attrs}
        return {at: plan for at, plan in plans.items() if plan is not None}

    def _extend(self, plans: dict[int, Parts]) -> None:
        """Makes the ops hand over what is saved inside of them, as further results."""
        ops = self.first.operations()
        for at, plan in plans.items():
            op = ops[at]
            made = self._emit(ir.InsertionPoint(op), op, plan.first, list(op.operands))
            for i, old in enumerate(op.results):
                old.replace_all_uses_with(made[i])
            op.erase()

    def _take(self, plans: dict[int, Parts]) -> None:
        """In the copy, behind each such op, one that takes what was saved computes the results again."""
        ops = self.again.operations()
        for at, plan in plans.items():
            op, count = ops[at], len(ops[at].results) - len(plan.saved)
            results = list(op.results)
            uses = [[(use.owner, use.operand_number) for use in v.uses] for v in results[:count]]
            ip = ir.InsertionPoint.after(op)
            made = self._emit(ip, op, plan.again, [*op.operands, *results[count:]])
            for new, places in zip(made, uses, strict=True):
                for owner, number in places:
                    owner.operation.operands[number] = new

    def _emit(
        self, ip: ir.InsertionPoint, op: ir.Operation, inst: Any, operands: Sequence[ir.Value]
    ) -> Sequence[ir.Value]:
        made = Builder(self.b.module, ip, op.location).emit(inst, [Val(v, aval_of(v.type)) for v in operands])
        return [v.ir for v in (made if isinstance(made, tuple) else (made,))]

    def _kept(self, plans: dict[int, Parts]) -> list[Kept]:
        kept: list[Kept] = []
        for at, (op, twin) in enumerate(zip(self.first.operations(), self.again.operations(), strict=True)):
            pairs = list(zip(op.results, twin.results, strict=True))
            if at in plans:
                inside = plans[at].saved
                kept.extend(Kept(*pair, s.way) for pair, s in zip(pairs[-len(inside) :], inside, strict=True))
                continue
            inst = read_op(op)
            if self.policy.saves(inst):
                way = self.policy.way(inst)
                kept.extend(Kept(v, w, way) for v, w in pairs if v not in self._renamed)
        return kept

    def needed(self, outputs: Sequence[ir.Value]) -> tuple[tuple[int, ...], list[Kept]]:
        """Which arguments and kept values it takes to compute some values of `again`."""
        arguments = list(self.again.body.arguments)
        given = {*arguments, *(k.given for k in self.kept)}
        touched = set(outputs)
        for op in needed_ops(self.b.module, self.again, given, outputs):
            touched.update(op.operands)
        numbers = tuple(i for i, v in enumerate(arguments) if v in touched)
        return numbers, [k for k in self.kept if k.given in touched]

    def close(self) -> None:
        """Removes the two copies."""
        self.b.module.remove_function(self.again.name)
        self.b.module.remove_function(self.first.name)


def parts_of(b: Any, fn: str, policy: Policy) -> Parts | None:
    """A function in two parts, None where the policy keeps nothing of it."""
    return b.once(("saved", fn, policy.text), lambda: _parts_of(b, fn, policy))


def _parts_of(b: Any, fn: str, policy: Policy) -> Parts | None:
    saving = Saving(b, flattened(b.module, fn), policy)
    outputs = saving.again.returned()
    _, kept = saving.needed(outputs)
    parts = None
    if kept:
        inputs = list(saving.first.body.arguments)
        results = [*saving.first.returned(), *(k.made for k in kept)]
        first = extract(b.module, saving.first, f"{fn}.save", inputs, results, effects=True)
        given = [*saving.again.body.arguments, *(k.given for k in kept)]
        again = extract(b.module, saving.again, f"{fn}.again", given, outputs)
        parts = Parts(first.name, again.name, tuple(k.saved for k in kept))
    saving.close()
    return parts
