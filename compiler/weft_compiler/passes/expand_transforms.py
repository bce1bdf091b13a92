"""Resolves requests: `weft.jvp`, `weft.vjp`, `weft.vmap` become calls of the functions that they ask for."""

from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.request import Request
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.transforms import TransformBuilder


@register("weft-expand-transforms")
@dataclass(frozen=True)
class ExpandTransforms(ModulePass):
    """Replaces every request by calls, innermost first; a function is transformed once per configuration.

    Needs:  nothing.
    Leaves: no request anywhere.
    """

    def run(self, module: Module) -> None:
        expander = Expander(module)
        for function in list(module):
            expander.expand(function.name)
        for old, new in expander.names.items():
            if old != new:
                is_public = module.function(old).is_public
                module.remove_function(old)
                module.rename(new, old)
                if is_public:
                    module.function(old).publish()


class Expander:
    """Finds, for functions of a module, equal ones without requests; `names` says which they are."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.names: dict[str, str] = {}

    def expand(self, name: str) -> str:
        """The name of a function without requests that is equal to `name`: itself, or one that is added."""
        found = self.names.get(name)
        if found is None:
            found = self.names[name] = self._expand(self.module.function(name))
        return found

    def _expand(self, function: Function) -> str:
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
        for step in read_body(self.module, function):
            b.loc = step.loc
            operands = [env[v.ir] for v in step.operands]
            inst = step.inst
            if inst.callee_attrs:
                inst = inst.renamed(self.names)
            outs = inst.expand(b, *operands) if isinstance(inst, Request) else b.emit(inst, operands)  # type: ignore[attr-defined]
            for v, new in zip(step.results, outs if type(outs) is tuple else (outs,), strict=True):
                env[v.ir] = new
        made.finish([env[v] for v in function.returned()], made.op.location)
        return made.name
