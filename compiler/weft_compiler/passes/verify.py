"""Verification: the shape and dtype rules of every op, as located errors."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.avals import Aval, aval_of
from weft_compiler.bindings import ir
from weft_compiler.body import read_op, signatures
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.op import REGISTRY, Op
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-verify")
@dataclass(frozen=True)
class Verify(ModulePass):
    """Checks every weft op against its own `infer` rule, and that no function needs itself.

    The first mistake is reported at its place.

    Needs:  nothing; ops of other dialects are left to their own verifiers.
    Leaves: the module as it was.
    """

    def run(self, module: Module) -> None:
        calls: Calls = {}
        for op in (o.operation for o in module.ir.body.operations):
            if is_ours(op):
                raise DiagnosticError(f"'{op.name}' stands outside of functions", op.location)
        for function in module:
            named = calls[function.name] = []
            for op in (o.operation for block in function.op.regions[0].blocks for o in block.operations):
                if is_ours(op):
                    function.body  # noqa: B018  it fails if there are several blocks
                    inst = verify_op(module, op)
                    for callee in inst.callees():
                        named.append((callee, op.location))
                        if not module.function(callee).is_declaration:
                            module.function(callee).body  # noqa: B018
        finished: set[str] = set()
        for name in calls:
            _check_calls(calls, name, [], finished)


def is_ours(op: ir.Operation) -> bool:
    """Whether an op is for our passes to read."""
    return op.name in REGISTRY or op.name.startswith(("weft.", "weftn."))


Calls = dict[str, list[tuple[str, ir.Location]]]
"""What each function names, and where."""


def verify_op(module: Module, op: ir.Operation) -> Op:
    """Raises DiagnosticError if operands, attributes or result types of an op do not go together."""
    inst = read_op(op)
    _check_names(inst, op)
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
    except ir.MLIRError as error:  # a type that cannot be, such as one of negative size
        found = next(iter(error.error_diagnostics), None)
        raise DiagnosticError(
            f"{inst.name}: {found.message if found else error.message}", op.location
        ) from error
    if actual != plan.avals:
        wanted, got = (", ".join(map(str, a)) for a in (plan.avals, actual))
        raise DiagnosticError(f"{inst.name}: the result is {wanted}, not {got}", op.location)
    return inst


def _check_names(inst: Op, op: ir.Operation) -> None:
    """A misspelled optional attribute would go unnoticed. Names with a dot belong to other dialects."""
    if op.name == "func.call":
        return  # MLIR knows the names of its own op
    known = [spec.name for spec in inst.attr_specs]
    for name in op.attributes:
        if "." not in name and name not in known:
            has = f"its attributes are {', '.join(known)}" if known else "it has none"
            raise DiagnosticError(f"{inst.name}: there is no attribute {name}; {has}", op.location)


def _check_calls(calls: Calls, name: str, path: list[str], finished: set[str]) -> None:
    """Functions are transformed callees first: none may need itself."""
    if name in finished:
        return
    path.append(name)
    for callee, location in calls.get(name, ()):
        if callee in path:
            way = " > ".join(f"@{f}" for f in [*path[path.index(callee) :], callee])
            raise DiagnosticError(
                f"@{callee} calls itself: {way}; loops are weft.while and weft.scan", location
            )
        _check_calls(calls, callee, path, finished)
    path.pop()
    finished.add(name)


def _avals(name: str, op: ir.Operation, types: Sequence[ir.Type]) -> tuple[Aval, ...]:
    try:
        return tuple([aval_of(t) for t in types])
    except TypeError as error:
        raise DiagnosticError(f"{name}: {error}", op.location) from error
