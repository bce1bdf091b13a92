"""Copies of functions for surgery: with every call inlined, or only the part that some values need."""

from collections.abc import Iterable, Sequence

from weft_compiler.avals import aval_of
from weft_compiler.bindings import ir
from weft_compiler.body import read_op
from weft_compiler.dialect.builder import Val
from weft_compiler.module import Function, Module

_CALL = "func.call"
_Env = dict[ir.Value, ir.Value]


def flattened(module: Module, fn: str) -> Function:
    """A private copy of a function in which the bodies of called functions stand for the calls."""
    source = module.function(fn)
    made = module.add_function(f"{fn}.flat", source.signature.inputs, source.op.location)
    env: _Env = dict(zip(source.body.arguments, made.body.arguments, strict=True))
    _copy(module, source.operations(), env, ir.InsertionPoint(made.body))
    _finish(made, [env[v] for v in source.returned()])
    return made


def extract(
    module: Module,
    source: Function,
    name: str,
    inputs: Sequence[ir.Value],
    outputs: Sequence[ir.Value],
    *,
    effects: bool = False,
) -> Function:
    """A private function that computes the values `outputs` of `source` from its values `inputs`.

    These must be enough. It holds what the outputs need, and with `effects` also every op that has one.
    """
    made = module.add_function(name, [aval_of(v.type) for v in inputs], source.op.location)
    env: _Env = dict(zip(inputs, made.body.arguments, strict=True))
    needed = needed_ops(module, source, inputs, outputs, effects=effects)
    _copy(module, needed, env, ir.InsertionPoint(made.body))
    _finish(made, [env[v] for v in outputs])
    return made


def needed_ops(
    module: Module,
    source: Function,
    inputs: Iterable[ir.Value],
    outputs: Iterable[ir.Value],
    *,
    effects: bool = False,
) -> list[ir.Operation]:
    """The ops that compute `outputs` from `inputs`, in order; with `effects` also those that have one."""
    from weft_compiler.passes.dce import op_has_effect

    given, live = set(inputs), set(outputs)
    needed, known_effects = [], dict[str, bool]()
    for op in reversed(source.operations()):
        if any(v in live and v not in given for v in op.results) or (
            effects and op_has_effect(module, op, known_effects)
        ):
            needed.append(op)
            live.update(op.operands)
    return needed[::-1]


def _copy(module: Module, ops: Iterable[ir.Operation], env: _Env, ip: ir.InsertionPoint) -> None:
    for op in ops:
        if op.name == _CALL:
            callee = module.function(read_op(op).callee)  # type: ignore[attr-defined]
            inner = dict(zip(callee.body.arguments, [env[v] for v in op.operands], strict=True))
            _copy(module, callee.operations(), inner, ip)
            env.update(zip(op.results, [inner[v] for v in callee.returned()], strict=True))
        else:
            operands = [env[v] for v in op.operands]
            made = op.clone(ip).operation
            for i, v in enumerate(operands):
                made.operands[i] = v
            for old, new in zip(op.results, made.results, strict=True):
                env.setdefault(old, new)  # a result that is given stays as it is given


def _finish(made: Function, returned: Sequence[ir.Value]) -> None:
    made.finish([Val(v, aval_of(v.type)) for v in returned], made.op.location)
