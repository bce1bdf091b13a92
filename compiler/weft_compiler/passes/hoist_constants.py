"""Constants as arguments: what is large is handed to a program rather than written into it."""

from dataclasses import dataclass
from typing import TypeAlias

from weft_compiler.bindings import context, ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.constants import Constant
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register

HOISTED = "weft.hoisted"
"""The attribute of a public function that holds the values of its last arguments, in order."""


@register("weft-hoist-constants")
@dataclass(frozen=True)
class HoistConstants(ModulePass):
    """Makes large constants arguments of the public functions that compute with them, also in loops and branches.

    The program is then compiled without them, and equal ones are one argument. The values are in the attribute
    `weft.hoisted` of the function, for who calls it. A constant of one value throughout takes no room and stays.

    Needs:  nothing.
    Leaves: constants in functions whose signature is fixed by what names them: rules of custom derivatives,
            what a reduction combines with, requests that have not been expanded.
    """

    min_bytes: int = 1024
    """Smaller constants stay where they are."""

    def run(self, module: Module) -> None:
        plan = _Plan(module, self.min_bytes)
        if any(plan.wanted.values()):
            for function in module.defined():
                _Rewriting(plan, function).run()
            module.memo.clear()


Value: TypeAlias = ir.Attribute
"""The value of a constant."""


class _Plan:
    """Which functions take which constants, and among which of their arguments."""

    def __init__(self, module: Module, min_bytes: int) -> None:
        self.module, self.min_bytes = module, min_bytes
        self.steps = {f.name: list(read_body(module, f)) for f in module.defined()}
        self.position = {name: self._position(name) for name in self.steps}
        self.wanted: dict[str, dict[Value, Val]] = {name: {} for name in self.steps}
        self.rank: dict[Value, int] = {}
        for name, steps in self.steps.items():
            for step in steps:
                if self.is_large(step):
                    value = step.inst.value  # type: ignore[attr-defined]
                    self.wanted[name][value] = step.results[0]
                    self.rank.setdefault(value, len(self.rank))
        while self._spread():
            pass

    def is_large(self, step: Step) -> bool:
        """Whether an op is a constant to hoist."""
        if type(step.inst) is not Constant or step.inst.splat() is not None:
            return False
        aval = step.results[0].aval
        return aval.size * aval.dtype.itemsize >= self.min_bytes

    def _position(self, name: str) -> int | None:
        """Where among its arguments a function takes constants; None where it cannot."""
        function = self.module.function(name)
        named = [s.inst for steps in self.steps.values() for s in steps if name in s.inst.callees()]
        found = {inst.capture_position(name, len(function.args)) for inst in named}
        if function.is_public:
            found.add(len(function.args))
        return found.pop() if len(found) == 1 else None

    def takes(self, name: str) -> dict[Value, Val]:
        """The constants that a function takes as arguments, in order."""
        is_able = name in self.wanted and self.position[name] is not None
        return self.wanted[name] if is_able else {}

    def of(self, step: Step) -> dict[Value, Val]:
        """The constants that the functions take which an op names."""
        found: dict[Value, Val] = {}
        for name in step.inst.callees():
            found |= self.takes(name)
        return found

    def _spread(self) -> bool:
        """Who names a function takes its constants too, and all functions that one op names take the same."""
        before = sum(map(len, self.wanted.values()))
        for name, steps in self.steps.items():
            for step in steps:
                if step.inst.callee_attrs and (found := self.of(step)):
                    self.wanted[name] |= found
                    for callee in step.inst.callees():
                        if self.takes(callee) or self.position.get(callee) is not None:
                            self.wanted[callee] |= found
        return sum(map(len, self.wanted.values())) > before


class _Rewriting:
    """The work on one function."""

    def __init__(self, plan: _Plan, function: Function) -> None:
        self.plan, self.function = plan, function

    def run(self) -> None:
        plan, function = self.plan, self.function
        steps, position = plan.steps[function.name], plan.position[function.name]
        own = plan.wanted[function.name]
        if not own:
            return
        order = sorted(own, key=plan.rank.__getitem__)
        function.steps = None
        given: dict[Value, Val] = {}
        if position is not None:
            args = list(function.args)
            function.set_args([*args[:position], *(own[v].aval for v in order), *args[position:]])
            given = dict(zip(order, function.args[position:], strict=False))
            if function.is_public:
                with context():
                    function.op.attributes[HOISTED] = ir.ArrayAttr.get(order)
        for step in steps:
            if position is not None and plan.is_large(step):
                step.results[0].ir.replace_all_uses_with(given[step.inst.value].ir)  # type: ignore[attr-defined]
                step.op.erase()
            elif step.inst.callee_attrs and plan.of(step):
                self._hand_over(step, given)

    def _hand_over(self, step: Step, given: dict[Value, Val]) -> None:
        """Gives an op the constants that its functions take."""
        needed = self.plan.of(step)
        b = self.plan.module.builder(self.function)
        b.ip, b.loc = ir.InsertionPoint(step.op), step.loc
        taken = sorted(needed, key=self.plan.rank.__getitem__)
        values = [given[v].ir if v in given else b.emit(Constant.of(value=v), ()).ir for v in taken]
        inst, at = step.inst.capturing(len(values))  # type: ignore[attr-defined]
        operands = list(step.op.operands)
        at = len(operands) if at is None else at
        types = [r.type for r in step.op.results]
        made = ir.Operation.create(
            inst.ir_name,
            types,
            [*operands[:at], *values, *operands[at:]],
            inst.attrs,
            None,
            0,
            step.loc,
            ir.InsertionPoint(step.op),
        )
        for old, new in zip(step.op.results, made.results, strict=True):
            old.replace_all_uses_with(new)
        step.op.erase()
