"""Reading the body of a function: each op once, as its op instance with operands and results as values."""

from collections.abc import Iterable, Iterator

from weft_compiler.avals import aval_of
from weft_compiler.bindings import ir
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.builder import Step, Val
from weft_compiler.dialect.op import REGISTRY, Op, Plan, Signature
from weft_compiler.module import Function, Module

__all__ = ["Step", "read_body", "read_op", "signatures"]


def read_op(op: ir.Operation) -> Op:
    """The instance that an operation is; a located error for one that is not of the dialect."""
    cls = REGISTRY.get(op.name)
    if cls is None:
        raise DiagnosticError(f"'{op.name}' is no op of the weft dialect", op.location)
    try:
        return cls.read(op)
    except (KeyError, TypeError, ValueError) as error:
        raise DiagnosticError(f"{cls.name}: {_wrong_attribute(cls, op)}", op.location) from error


def _wrong_attribute(cls: type[Op], op: ir.Operation) -> str:
    for spec in cls.attr_specs:
        if spec.name not in op.attributes:
            if spec.required:
                return f"attribute {spec.name} is missing"
            continue
        try:
            spec.kind.decode(op.attributes[spec.name])
        except (TypeError, ValueError):
            return f"attribute {spec.name} must be {spec.kind.words}, not {op.attributes[spec.name]}"
    raise AssertionError(f"every attribute of {cls.name} can be read by itself")


def read_body(module: Module, function: Function) -> Iterable[Step]:
    """The ops of a function in order, without its return: as noted by its builder, else read from the IR.

    The function may be edited behind the walk, after `function.steps = None`.
    """
    return function.steps if function.steps is not None else _read(function)


def _read(function: Function) -> Iterator[Step]:
    vals: dict[ir.Value, Val] = {a.ir: a for a in function.args}
    for op in function.operations():
        inst = read_op(op)
        operands = []
        for v in op.operands:
            val = vals.get(v)
            if val is None:  # an edit behind the walk has put a new value here
                val = vals[v] = Val(v, aval_of(v.type))
            operands.append(val)
        avals = tuple([v.aval for v in operands])
        plan = None if inst.callee_attrs else inst.plans.get(avals)
        results = op.results
        if plan is not None and plan.single is not None:
            made = [Val(results[0], plan.single)]
        else:
            made = [Val(r, aval_of(r.type)) for r in results]
            if plan is None:  # what the IR says: whether it is right, the verifier tells
                plan = Plan(avals, made[0].aval if inst.results == 1 else [v.aval for v in made])
        for v in made:
            vals[v.ir] = v
        yield Step(op, inst, operands, made, op.location, plan)


def signatures(module: Module, inst: Op) -> list[Signature]:
    """Signatures of the functions that an op names."""
    return [module.signature(name) for name in inst.callees()]
