"""Dead code: ops whose results nobody uses and functions that nobody calls."""

from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import read_op
from weft_compiler.dialect.op import REGISTRY
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-dce")
@dataclass(frozen=True)
class Dce(ModulePass):
    """Removes ops without used results or effects, then private functions that are out of reach.

    Needs:  nothing.
    Leaves: public functions and ops with effects.
    """

    def run(self, module: Module) -> None:
        effects: dict[str, bool] = {}
        for function in module:
            remove_dead_ops(module, function, effects)
        remove_dead_functions(module)


def remove_dead_ops(module: Module, function: Function, effects: dict[str, bool]) -> None:
    """Erases the dead ops of one function, last to first."""
    live = set(function.returned())
    function.steps = None
    for op in reversed(function.operations()):
        results = op.results
        if any(v in live for v in results) or op_has_effect(module, op, effects):
            live.update(op.operands)
        else:
            op.erase()


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
        effects[name] = False  # while it is looked at; functions do not recurse
        ops = module.function(name).operations()
        effects[name] = any(op_has_effect(module, op, effects) for op in ops)
    return effects[name]


def remove_dead_functions(module: Module) -> None:
    """Erases private functions that no public one reaches."""
    reached: set[str] = set()
    todo = [f.name for f in module if f.is_public]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo.extend(module.function(name).callees())
    for function in module:
        if function.name not in reached:
            module.remove_function(function.name)
    module.memo.clear()
