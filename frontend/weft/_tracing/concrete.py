"""Values of tracers: what was traced so far is evaluated when Python asks for a value.

Ops run one by one on cached executables, so a branch taken in Python compiles nothing twice.
"""

from __future__ import annotations

from typing import Any

from weft._tracing.axes import AXES
from weft._tracing.eager import run_op
from weft._tracing.executables import BY_STRUCTURE
from weft._tracing.key_checks import not_counted
from weft._tracing.trace import Trace, Tracer
from weft_compiler.avals import aval_of
from weft_compiler.body import read_op
from weft_compiler.dialect.builder import Val
from weft_compiler.module import Module
from weft_compiler.named_axes import axes_of
from weft_runtime import Array


def concrete(x: Any) -> Array | None:
    """The value of an array or tracer; None if it depends on something that has no value yet."""
    if type(x) is not Tracer:
        return x
    return None if x._trace.staged else _value(x._trace, x.val.ir)


def _value(trace: Trace, wanted: Any) -> Array | None:
    values = trace.values
    todo = [wanted]
    while todo:
        value = todo[-1]
        if value in values:
            todo.pop()
            continue
        if value in trace.sources:
            outer = concrete(trace.sources[value])
            if outer is None:
                return None
            values[value] = outer
            continue
        if value.owner == trace.function.body:  # an argument that stands for many values, or for none
            return None
        op = value.owner
        if AXES.bound and axes_of(trace.module, read_op(op)):
            return None
        missing = [v for v in op.operands if v not in values]
        if missing:
            todo.extend(missing)
            continue
        with not_counted():
            _run(trace, op)
    return values[wanted]


def _run(trace: Trace, op: Any) -> None:
    inst = read_op(op)
    operands = [trace.values[v] for v in op.operands]
    outs = _run_higher_order(trace, inst, operands, op) if inst.callee_attrs else run_op(inst, operands)
    for result, out in zip(op.results, outs if type(outs) is tuple else (outs,), strict=True):
        trace.values[result] = out


def _run_higher_order(trace: Trace, inst: Any, operands: list[Array], op: Any) -> tuple[Array, ...]:
    module = Module.new()
    entry = module.add_function("evaluate", [aval_of(v.type) for v in op.operands], op.location, public=True)
    renamed = {name: module.import_from(trace.module, name) for name in dict.fromkeys(inst.callees())}
    changes: dict[str, Any] = {}
    for attr in inst.callee_attrs:
        value = getattr(inst, attr)
        changes[attr] = renamed[value] if isinstance(value, str) else tuple(renamed[n] for n in value)
    made = module.builder(entry).emit(inst.replace(**changes), entry.args)
    outs: tuple[Val, ...] = made if type(made) is tuple else (made,)
    entry.finish(outs, op.location)
    executable = BY_STRUCTURE.get(
        module, entry.name, [x.spec for x in operands], [(v.aval, False) for v in outs], inst.name
    )
    return tuple(executable(operands))
