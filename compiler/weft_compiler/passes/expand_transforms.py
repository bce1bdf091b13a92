"""Resolves requests: `weft.jvp`, `weft.vjp`, `weft.vmap` become calls of the functions that they ask for."""

from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import read_op
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import REGISTRY
from weft_compiler.dialect.request import Request
from weft_compiler.avals import aval_of
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
        done: set[str] = set()
        for function in module:
            expand_in(module, function.name, done)


def expand_in(module: Module, name: str, done: set[str]) -> None:
    """Resolves the requests in one function and in those that it names."""
    if name in done:
        return
    done.add(name)
    function = module.function(name)
    for op in function.operations():
        cls = REGISTRY.get(op.name)
        if cls is None or not cls.callee_attrs:
            continue
        inst = read_op(op)
        for callee in inst.callees():
            expand_in(module, callee, done)
        if isinstance(inst, Request):
            _expand(module, function, op, inst)


def _expand(module: Module, function: Function, op: ir.Operation, inst: Request) -> None:
    b = TransformBuilder(module, ir.InsertionPoint(op), op.location)
    outs = inst.expand(b, *[Val(v, aval_of(v.type)) for v in op.operands])  # type: ignore[attr-defined]
    for old, new in zip(op.results, outs, strict=True):
        old.replace_all_uses_with(new.ir)
    op.erase()
