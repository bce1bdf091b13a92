"""Lowering to StableHLO: every op by its `lower` rule."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from weft_compiler.bindings import context, ir
from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.locations import in_scope, scope_of
from weft_compiler.meshes import declare_meshes
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.rule_errors import errors_located
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
        done = []  # erased at the end: what is lowered later reads what they name
        with context():
            for function in list(module):
                if _is_ours(function):
                    made = lower_function(module, function, module, function.name, folds=self.simplify)
                    made.move_before(function.op)
                    done.append(function.op)
        for op in done:
            op.erase()
        if done:
            declare_meshes(module, module.meshes)
            module.invalidate()


def _is_ours(function: Function) -> bool:
    """Whether there is anything to lower: a weft op, or a value of a type of weft."""
    types = {ir.TypeAttr(function.op.attributes["function_type"]).value}
    for op in function.operations() if not function.is_declaration else ():
        if op.name.startswith(("weft.", "weftn.")):
            return True
        types.update(v.type for v in op.results)
    return any("!weft." in str(t) for t in types)


def lower_function(
    source: Module,
    function: Function,
    target: Module,
    name: str,
    *,
    folds: bool,
    inlined: Collection[str] = (),
) -> ir.Operation:
    """Adds the lowered function to `target`, which may be the module that it comes from.

    A call of a function in `inlined` becomes what that function does.
    """
    loc = function.op.location
    signature = function.signature
    types = [a.physical.ty for a in signature.inputs]
    outputs = [a.physical.ty for a in signature.outputs]
    attributes = {n: function.op.attributes[n] for n in function.op.attributes}
    attributes["sym_name"] = ir.StringAttr.get(name)
    attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(types, outputs))
    made = ir.Operation.create(
        "func.func", [], [], attributes, None, 1, loc, ir.InsertionPoint(target.ir.body)
    )
    if function.is_declaration:
        return made
    block = made.regions[0].blocks.append(*types, arg_locs=[loc] * len(types))
    b = BodyBuilder(source, ir.InsertionPoint(block), loc, folds, inlined)
    values = [Val(new, old.aval) for old, new in zip(function.args, block.arguments, strict=True)]
    returned = [v.ir for v in b.lower_body(function, values)]
    target.scopes += b.scopes
    del b.stablehlo  # it refers back to the builder: the cycle would keep the whole module for the collector
    ir.Operation.create("func.return", [], returned, None, None, 0, loc, ir.InsertionPoint(block))
    return made


class BodyBuilder(LoweringBuilder):
    """Lowers whole bodies."""

    def __init__(
        self, source: Module, ip: ir.InsertionPoint, loc: ir.Location, folds: bool, inlined: Collection[str]
    ) -> None:
        super().__init__(source, ip, loc, folds=folds)
        self.inlined = inlined
        self.scope = ""
        """Names that the user gave to the calls that are being inlined."""
        self.scopes: list[str] = []
        """Names of the ops that have some."""

    def lower_body(self, function: Function, arguments: Sequence[Val]) -> list[Val]:
        """Lowers the ops of a function for these arguments; the values that it returns."""
        env: dict[ir.Value, Val] = {old.ir: new for old, new in zip(function.args, arguments, strict=True)}
        create = self.create
        with errors_located(self):
            for _, inst, operands, results, loc, plan in read_body(self.module, function):
                self.loc = loc
                if self.scope or isinstance(loc, ir.NameLoc):
                    self.loc = in_scope(loc, self.scope, inst.name)
                    self.scopes.append(scope_of(self.loc))
                outs = create(inst, plan, [env[v.ir] for v in operands])
                if type(outs) is not tuple:
                    env[results[0].ir] = outs
                else:
                    for v, new in zip(results, outs, strict=True):
                        env[v.ir] = new
        return [env[v] for v in function.returned()]

    def call_lowered(self, fn: str, operands: Sequence[Val]) -> tuple[Val, ...]:
        """A call of a function that is lowered on its own, or what it does."""
        if fn not in self.inlined:
            return super().call_lowered(fn, operands)
        loc, scope = self.loc, self.scope
        self.scope = scope_of(loc).rpartition("/")[0]  # without the call itself
        outs = self.lower_body(self.module.function(fn), operands)
        self.loc, self.scope = loc, scope
        return tuple(outs)

    def call_inside(self, fn: str, operands: Sequence[Val]) -> tuple[Val, ...]:
        """What a function does, and all that it calls: for regions in which no function can be named."""
        outer, self.inlined = self.inlined, _Everything()
        try:
            return self.call_lowered(fn, operands)
        finally:
            self.inlined = outer


class _Everything(frozenset[str]):
    """Has every name."""

    def __contains__(self, name: object) -> bool:
        return True
