"""Verification: the shape and dtype rules of every op, as located errors."""

from dataclasses import dataclass

from weft_compiler.body import Step, read_body, signatures
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.op import Plan
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-verify")
@dataclass(frozen=True)
class Verify(ModulePass):
    """Checks every op against its own `infer` rule; the first mistake is reported at its place.

    Needs:  nothing.
    Leaves: the module as it was.
    """

    def run(self, module: Module) -> None:
        for function in module:
            for step in read_body(module, function):
                verify_op(module, step)


def verify_op(module: Module, step: Step) -> None:
    """Raises DiagnosticError if operands, attributes or result types of an op do not go together."""
    inst = step.inst
    avals = tuple(v.aval for v in step.operands)
    try:
        plan: Plan | None = None if inst.callee_attrs else inst.plans.get(avals)
        if plan is None:
            plan = inst.plan_with(signatures(module, inst), avals) if inst.callee_attrs else inst.plan(avals)
    except (TypeError, ValueError, KeyError) as error:
        raise DiagnosticError(str(error.args[0] if error.args else error), step.op.location) from error
    actual = tuple(v.aval for v in step.results)
    if actual != plan.avals:
        wanted, got = (", ".join(map(str, a)) for a in (plan.avals, actual))
        raise DiagnosticError(f"{inst.name}: the result is {wanted}, not {got}", step.op.location)
