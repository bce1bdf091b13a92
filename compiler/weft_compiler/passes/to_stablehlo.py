"""Lowering to StableHLO: every op by its `lower` rule."""

from dataclasses import dataclass

from weft_compiler.bindings import context, ir
from weft_compiler.body import read_body
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.builder import Val
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

    simplify: bool = False
    """Fold each op on the way, as `weft-simplify` would."""

    def run(self, module: Module) -> None:
        old = list(module)
        with context():
            for function in old:
                lower_function(module, function, module, function.name, folds=self.simplify)
        for function in old:
            function.op.erase()
        module.invalidate()


def lower_function(source: Module, function: Function, target: Module, name: str, *, folds: bool) -> None:
    """Adds the lowered function to `target`, which may be the module that it comes from."""
    loc = function.op.location
    arguments = function.args
    types = [a.aval.physical.ty for a in arguments]
    outputs = [a.physical.ty for a in function.signature.outputs]
    attributes = {n: function.op.attributes[n] for n in function.op.attributes}
    attributes["sym_name"] = ir.StringAttr.get(name)
    attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(types, outputs))
    made = ir.Operation.create("func.func", [], [], attributes, None, 1, loc, ir.InsertionPoint(target.ir.body))
    block = made.regions[0].blocks.append(*types, arg_locs=[loc] * len(types))
    b = LoweringBuilder(source, ir.InsertionPoint(block), loc, folds=folds)
    env: dict[ir.Value, Val] = {
        old.ir: Val(new, old.aval) for old, new in zip(arguments, block.arguments, strict=True)
    }
    for _, inst, operands, results, b.loc in read_body(source, function):
        try:
            outs = b.emit(inst, [env[v.ir] for v in operands])
        except NotImplementedError as error:
            raise DiagnosticError(str(error), b.loc) from error
        if type(outs) is not tuple:
            env[results[0].ir] = outs
        else:
            for v, new in zip(results, outs, strict=True):
                env[v.ir] = new
    returned = [env[v].ir for v in function.returned()]
    ir.Operation.create("func.return", [], returned, None, None, 0, loc, ir.InsertionPoint(block))
