"""Dead code: ops whose results nobody uses and functions that nobody calls."""

import functools
from dataclasses import dataclass

from weft_compiler.bindings import PassManager, context, ir
from weft_compiler.body import read_op
from weft_compiler.dialect.op import REGISTRY
from weft_compiler.masks import Mask
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.pruning import PruneBuilder, pruned


@register("weft-dce")
@dataclass(frozen=True)
class Dce(ModulePass):
    """Removes ops without used results or effects, then private functions that are out of reach.

    Of calls, branches and loops with some unused results, the others stay: what is called then is a copy that
    computes only these, and a loop carries only what they need.

    Needs:  nothing.
    Leaves: public functions and ops with effects.
    """

    def run(self, module: Module) -> None:
        effects: dict[str, bool] = {}
        for function in module.defined():
            remove_dead_ops(module, function, effects)
        _symbol_dce().run(module.ir.operation)
        module.invalidate()


def remove_dead_ops(module: Module, function: Function, effects: dict[str, bool]) -> None:
    """Erases the dead ops of one function, and the dead results of those that name functions."""
    live = set(function.returned())
    function.steps = None
    useless = []  # users first; erased at the end, as `live` must not meet a new value of an old address
    for op in reversed(function.operations()):
        used = tuple([v in live for v in op.results])
        is_dead = not any(used) and not op_has_effect(module, op, effects)
        if is_dead or (not all(used) and _prune(module, op, used, live, effects)):
            useless.append(op)
        else:
            live.update(op.operands if op.name in REGISTRY else _used_inside(op))
    for op in useless:
        op.erase()


def _prune(
    module: Module, op: ir.Operation, used: Mask, live: set[ir.Value], effects: dict[str, bool]
) -> bool:
    """Puts an op with fewer results in the place of one that names functions; whether that could be done."""
    cls = REGISTRY.get(op.name)
    if cls is None or not cls.callee_attrs:
        return False
    b = PruneBuilder(module, op, lambda function: remove_dead_ops(module, function, effects))
    outs = pruned(b, read_op(op), op, used)
    if outs is None:
        return False
    for old, new in zip(op.results, outs, strict=True):
        if new is not None:
            old.replace_all_uses_with(new.ir)
    assert b.steps is not None
    for step in b.steps:
        live.update([v.ir for v in step.operands])
    return True


def op_has_effect(module: Module, op: ir.Operation, effects: dict[str, bool]) -> bool:
    """Whether an op does anything beside computing its results."""
    cls = REGISTRY.get(op.name)
    if cls is None or cls.has_effect:
        return True
    if not cls.callee_attrs:
        return False
    return any(function_has_effect(module, name, effects) for name in read_op(op).callees())


def function_has_effect(module: Module, name: str, effects: dict[str, bool]) -> bool:
    """Whether calling a function does anything beside computing its results."""
    if name not in effects:
        effects[name] = False  # while it is looked at
        function = module.function(name)
        effects[name] = function.is_declaration or any(
            op_has_effect(module, op, effects) for op in function.operations()
        )
    return effects[name]


def _used_inside(op: ir.Operation) -> set[ir.Value]:
    """Operands of an op of another dialect, with those of the ops in its regions."""
    used = set[ir.Value]()

    def look(nested: ir.Operation) -> ir.WalkResult:
        used.update(nested.operands)
        return ir.WalkResult.ADVANCE

    op.walk(look)
    return used


@functools.cache
def _symbol_dce() -> PassManager:
    """MLIR's own pass: it sees symbols in the attributes of every dialect."""
    manager = PassManager.parse("builtin.module(symbol-dce)", context())
    manager.enable_verifier(False)
    return manager
