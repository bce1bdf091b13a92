"""Lowering to StableHLO: every op by its `lower` rule."""

from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import context, ir
from weft_compiler.body import read_body
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.stablehlo import LoweringBuilder


@register("weft-to-stablehlo")
@dataclass(frozen=True)
class ToStablehlo(ModulePass):
    """Rewrites every function from the weft dialect to StableHLO; PRNG keys become their words.

    Needs:  requests expanded.
    Leaves: no weft op; function names and argument attributes as they were.
    """

    def run(self, module: Module) -> None:
        old = list(module)
        signatures = {f.name: f.signature for f in old}
        with context():
            for function in old:
                lower_function(module, function)
        for function in old:
            function.op.erase()
        module.invalidate()
        assert set(signatures) == set(module.functions)


def lower_function(module: Module, function: Function) -> None:
    """Adds the lowered function under the same name; the old one is left to be erased."""
    loc = function.op.location
    arguments = function.args
    types = [a.aval.physical.ty for a in arguments]
    attributes = {name: function.op.attributes[name] for name in function.op.attributes}
    made = ir.Operation.create(
        "func.func", [], [], attributes, None, 1, loc, ir.InsertionPoint(module.ir.body)
    )
    block = made.regions[0].blocks.append(*types, arg_locs=[loc] * len(types))
    b = LoweringBuilder(module, ir.InsertionPoint(block), loc)
    env: dict[ir.Value, Any] = {}
    for old, new in zip(arguments, block.arguments, strict=True):
        env[old.ir] = type(old)(new, old.aval)
    for op, inst, operands, results in read_body(module, function):
        b.loc = op.location
        try:
            outs = b.emit(inst, [env[v.ir] for v in operands])
        except NotImplementedError as error:
            raise DiagnosticError(str(error), op.location) from error
        if type(outs) is not tuple:
            env[results[0].ir] = outs
        else:
            for v, new in zip(results, outs, strict=True):
                env[v.ir] = new
    returned = [env[v] for v in function.returned()]
    ir.Operation.create("func.return", [], [v.ir for v in returned], None, None, 0, loc, ir.InsertionPoint(block))
    outputs = [a.physical.ty for a in function.signature.outputs]
    made.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(types, outputs))
