"""Ordered effects: a token goes from each ordered host call to the next, through calls, loops and branches."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.bindings import context, ir
from weft_compiler.callback_sites import ORDERED
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register

create = ir.Operation.create


@register("weft-order-effects")
@dataclass(frozen=True)
class OrderEffects(ModulePass):
    """Threads a token through every function that makes ordered host calls, directly or not.

    Needs:  StableHLO, with ordered custom calls marked `weft.ordered`.
    Leaves: no such mark; private functions that make ordered calls take and give one more value, a token.
    """

    def run(self, module: Module) -> None:
        with context():
            ordered = _Ordered(module)
            for function in module.defined():
                if ordered.has(function.name):
                    _Threading(ordered, function).run()
        module.invalidate()


class _Ordered:
    """Which functions and ops make ordered calls. It is asked while they change, so answers are noted first."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[str, bool] = {}
        for function in module.defined():
            self.has(function.name)

    def has(self, name: str) -> bool:
        """Whether a function makes ordered calls."""
        if name not in self._known:
            function = self._module.function(name)
            self._known[name] = any(self.is_ordered(op) for op in function.operations())
        return self._known[name]

    def is_ordered(self, op: ir.Operation) -> bool:
        """Whether an op is or holds an ordered call."""
        if op.name == "func.call":
            return self.has(ir.FlatSymbolRefAttr(op.attributes["callee"]).value)
        if ORDERED in op.attributes:
            return True
        return any(
            self.is_ordered(inner.operation)
            for region in op.regions
            for block in region.blocks
            for inner in block.operations
        )


class _Threading:
    """The work on one function."""

    def __init__(self, ordered: _Ordered, function: Function) -> None:
        self.ordered, self.function = ordered, function
        self.token = ir.Type.parse("!stablehlo.token")

    def run(self) -> None:
        function = self.function
        function.steps = None
        if function.is_public:
            loc, ip = function.op.location, ir.InsertionPoint.at_block_begin(function.body)
            first = create("stablehlo.create_token", [self.token], [], None, None, 0, loc, ip)
            self.block(function.body, first.result, returns=False)
            return
        self.block(function.body, function.body.add_argument(self.token, function.op.location))
        ty = ir.FunctionType(ir.TypeAttr(function.op.attributes["function_type"]).value)
        made = ir.FunctionType.get([*ty.inputs, self.token], [*ty.results, self.token])
        function.op.attributes["function_type"] = ir.TypeAttr.get(made)
        for name in ("arg_attrs", "res_attrs"):
            if name in function.op.attributes:
                attrs = ir.ArrayAttr(function.op.attributes[name])
                function.op.attributes[name] = ir.ArrayAttr.get([*attrs, ir.DictAttr.get({})])

    def block(self, block: ir.Block, token: ir.Value, *, returns: bool = True) -> None:
        """Threads a token through a block, and out of it behind what it returns."""
        *ops, last = [o.operation for o in block.operations]
        for op in ops:
            if self.ordered.is_ordered(op):
                token = self.op(op, token)
        if returns:
            self.remade(last, [*last.operands, token], [])

    def op(self, op: ir.Operation, token: ir.Value) -> ir.Value:
        """One op with a token among its operands and results; the token that comes out."""
        types = [v.type for v in op.results]
        if op.name == "stablehlo.custom_call":
            made = self.remade(op, [token, *op.operands], [self.token, *types], shift=1)
            return made.results[0]
        if op.name in ("stablehlo.if", "stablehlo.case"):
            for region in op.regions:
                self.block(region.blocks[0], token)
            return self.remade(op, list(op.operands), [*types, self.token]).results[-1]
        if op.name == "stablehlo.while":
            cond, body = (region.blocks[0] for region in op.regions)
            inside = cond.add_argument(self.token, op.location)
            # What the condition's calls give last is lost: the condition runs before the body, which gets `inside`.
            self.block(cond, inside, returns=False)
            self.block(body, body.add_argument(self.token, op.location))
        return self.remade(op, [*op.operands, token], [*types, self.token]).results[-1]

    def remade(
        self, op: ir.Operation, operands: Sequence[ir.Value], types: Sequence[ir.Type], shift: int = 0
    ) -> ir.Operation:
        """The op with other operands and results, in its place; old results are those from `shift` on."""
        attrs = {name: op.attributes[name] for name in op.attributes if name != ORDERED}
        made = create(
            op.name, types, operands, attrs, None, len(op.regions), op.location, ir.InsertionPoint(op)
        )
        for old, new in zip(op.regions, made.regions, strict=True):
            for block in list(old.blocks):
                block.append_to(new)
        for i, result in enumerate(op.results):
            result.replace_all_uses_with(made.results[i + shift])
        op.erase()
        return made
