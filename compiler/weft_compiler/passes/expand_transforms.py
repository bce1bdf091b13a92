"""Resolves requests: `weft.jvp`, `weft.vjp`, `weft.vmap` become calls of the functions that they ask for."""

from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import context, ir
from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import Op
from weft_compiler.dialect.request import Request
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.rule_errors import errors_located
from weft_compiler.transforms import TransformBuilder


@register("weft-expand-transforms")
@dataclass(frozen=True)
class ExpandTransforms(ModulePass):
    """Replaces every request by calls, innermost first; a function is transformed once per configuration.

    Needs:  nothing.
    Leaves: no request anywhere.
    """

    def run(self, module: Module) -> None:
        expander = InPlace(module)
        for function in module.defined():
            expander.expand(function.name)
        if expander.has_changed:
            module.memo.clear()


class Expander:
    """Finds, for functions of a module, equal ones without requests; the module remembers which they are."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def expand(self, name: str) -> str:
        """The name of a function without requests that is equal to `name`: itself, or one that is added."""
        memo, key = self.module.memo, ("expanded", name)
        found = memo.get(key)
        if found is None:
            found = memo[key] = self._expand(self.module.function(name))
        return found

    def _expand(self, function: Function) -> str:
        if function.is_declaration:
            return function.name
        is_changed = False
        for step in read_body(self.module, function):
            if step.inst.callee_attrs:
                is_changed |= isinstance(step.inst, Request)
                for callee in step.inst.callees():
                    is_changed |= self.expand(callee) != callee
        return self._rewrite(function) if is_changed else function.name

    def _rewrite(self, function: Function) -> str:
        signature = function.signature
        made = self.module.add_function(f"{function.name}.expanded", signature.inputs, function.op.location)
        b = TransformBuilder(self.module, ir.InsertionPoint(made.body), made.op.location, made.steps)
        env: dict[ir.Value, Val] = {old.ir: new for old, new in zip(function.args, made.args, strict=True)}
        with errors_located(b):
            for step in read_body(self.module, function):
                b.loc = step.loc
                outs = self._expand_op(b, step.inst, [env[v.ir] for v in step.operands])
                for v, new in zip(step.results, outs if type(outs) is tuple else (outs,), strict=True):
                    env[v.ir] = new
        made.finish([env[v] for v in function.returned()], made.op.location)
        return self._named(function, made)

    def _expand_op(self, b: TransformBuilder, inst: Op, operands: list[Val]) -> Any:
        if inst.callee_attrs:
            inst = inst.renamed({name: self.expand(name) for name in inst.callees()})
        return inst.expand(b, *operands) if isinstance(inst, Request) else b.emit(inst, operands)

    def _named(self, old: Function, new: Function) -> str:
        """The name under which what a function has become is found."""
        return new.name


class InPlace(Expander):
    """Puts each function without requests in the place of the old one, so that who names it need not change."""

    has_changed = False

    def _named(self, old: Function, new: Function) -> str:
        self.has_changed = True
        for name in old.op.attributes:
            if name not in ("sym_name", "function_type"):
                new.op.attributes[name] = old.op.attributes[name]
        if old.is_public:
            new.publish()
        new.op.move_before(old.op)
        self.module.remove_function(old.name)
        self.module.functions[old.name] = self.module.functions.pop(new.name)
        new.op.attributes["sym_name"] = ir.StringAttr.get(old.name, context())
        new.name = old.name
        return old.name
