"""Verification: the shape and dtype rules of every op, as located errors."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.avals import Aval, aval_of
from weft_compiler.bindings import ir
from weft_compiler.body import read_op, signatures
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.op import REGISTRY
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-verify")
@dataclass(frozen=True)
class Verify(ModulePass):
    """Checks every weft op against its own `infer` rule; the first mistake is reported at its place.

    Needs:  nothing; ops of other dialects are left to their own verifiers.
    Leaves: the module as it was.
    """

    def run(self, module: Module) -> None:
        for function in module:
            if function.block is not None:
                for op in function.operations():
                    if op.name in REGISTRY or op.name.startswith(("weft.", "weftn.")):
                        verify_op(module, op)


def verify_op(module: Module, op: ir.Operation) -> None:
    """Raises DiagnosticError if operands, attributes or result types of an op do not go together."""
    inst = read_op(op)
    avals = _avals(inst.name, op, [v.type for v in op.operands])
    actual = _avals(inst.name, op, [v.type for v in op.results])
    try:
        if inst.callee_attrs:
            plan = inst.plan_with(signatures(module, inst), avals)
        else:
            plan = inst.plans.get(avals) or inst.plan(avals)
    except DiagnosticError as error:
        raise DiagnosticError(str(error.args[0]), op.location) from error
    except (TypeError, ValueError) as error:
        raise DiagnosticError(str(error), op.location) from error
    if actual != plan.avals:
        wanted, got = (", ".join(map(str, a)) for a in (plan.avals, actual))
        raise DiagnosticError(f"{inst.name}: the result is {wanted}, not {got}", op.location)


def _avals(name: str, op: ir.Operation, types: Sequence[ir.Type]) -> tuple[Aval, ...]:
    try:
        return tuple([aval_of(t) for t in types])
    except TypeError as error:
        raise DiagnosticError(f"{name}: {error}", op.location) from error
