"""Linearization: splits a function into what is computed now and what is linear in the tangents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.avals import Aval
from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Builder, Val
from weft_compiler.dialect.op import Op
from weft_compiler.duals import DualBuilder, Duals
from weft_compiler.masks import Mask, marks, picked, present
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.transforms import Linearized, differentiable_mask


@register("weft-linearize")
@dataclass(frozen=True)
class LinearizePass(ModulePass):
    """Adds `@f.fwd`, which maps inputs to outputs and residuals, and `@f.lin`, linear in the tangents.

    `@f.lin` maps the tangents of `wrt`, then the residuals, to the tangents of the outputs.
    An output that does not depend on `wrt` has none.

    Needs:  requests inside `@f` already expanded.
    Leaves: `@f` as it was; what can be had again for nothing (constants, broadcasts) is no residual.
    """

    fn: str
    """Function to linearize."""
    wrt: tuple[int, ...] = (0,)
    """Positions of the inputs that carry a tangent."""

    def run(self, module: Module) -> None:
        made = linearize(module, self.fn, differentiable_mask(module, self.fn, self.wrt))
        module.function(made.fwd).publish()
        module.function(made.lin).publish()


class LinearVal(Val):
    """A value of the linear part."""

    __slots__ = ()


class LinearPartBuilder(Builder):
    """Writes the linear part."""

    val = LinearVal


class SplittingBuilder(DualBuilder):
    """Keeps what depends on tangents apart: it consists of `LinearVal`s."""

    def residual(self, v: Val) -> Val:
        """A forward value as the linear part has it."""
        raise NotImplementedError

    def higher_order(self, inst: Any, xs: Sequence[Val], dxs: Sequence[Any]) -> tuple[Any, Any]:
        """Results and tangents of an op that names functions."""
        return inst.linearize(self, xs, dxs)

    def emit_primal(self, inst: Op, xs: Sequence[Val]) -> tuple[Val, ...]:
        """A higher-order op in the forward part, results as a tuple."""
        made = Builder.emit(self, inst, xs)
        return made if type(made) is tuple else (made,)

    def linear_jvp(self, inst: Op, xs: Sequence[Val], dxs: Sequence[Any]) -> tuple[Any, ...]:
        """The jvp of a higher-order op with all its work in the linear part; only the tangents are used."""
        known = [LinearVal(r.ir, r.aval) for r in map(self.residual, xs)]
        _, tangents = inst.rule("jvp")(self, *known, *dxs)
        return tangents


class LinearizeBuilder(SplittingBuilder):
    """Sends an op to the linear part as soon as one operand is there, else to the forward part.

    A forward value that the linear part needs becomes a residual, or is made again if it is cheap.
    """

    def __init__(self, module: Module, fwd: Function, lin: Function, loc: ir.Location) -> None:
        super().__init__(module, ir.InsertionPoint(fwd.body), loc, fwd.steps)
        self.lin = lin
        self.residuals: list[Val] = []
        self._lin_builder = LinearPartBuilder(module, ir.InsertionPoint(lin.body), loc, lin.steps)
        self._in_lin: dict[ir.Value, Val] = {}
        self._cheap: dict[ir.Value, tuple[Op, Sequence[Val]]] = {}

    def emit(self, inst: Op, operands: Sequence[Any]) -> Any:
        """Appends an op to the part where it belongs."""
        for v in operands:
            if type(v) is LinearVal:
                return self._emit_linear(inst, operands, v.aval)
        made = super().emit(inst, operands)
        if inst.is_cheap:
            self._cheap[made.ir] = (inst, operands)
        return made

    def copy(self, step: Step, operands: Sequence[Val]) -> tuple[Val, ...]:
        """Appends an op of the function itself to the forward part."""
        made = super().copy(step, operands)
        if step.inst.is_cheap:
            self._cheap[made[0].ir] = (step.inst, operands)
        return made

    def _emit_linear(self, inst: Op, operands: Sequence[Any], like: Aval) -> Any:
        b = self._lin_builder
        b.loc = self.loc
        moved: list[Val] = []
        for v in operands:
            if type(v) is LinearVal:
                moved.append(v)
            elif isinstance(v, Val):
                moved.append(self._in_lin.get(v.ir) or self.residual(v))
            else:
                moved.append(b.full(like, v))
        return b.emit(inst, moved)

    def residual(self, v: Val) -> Val:
        """A forward value inside the linear part."""
        found = self._in_lin.get(v.ir)
        if found is None:
            recipe = self._cheap.get(v.ir)
            if recipe is not None:
                inst, operands = recipe
                self._lin_builder.loc = self.loc
                found = self._lin_builder.emit(inst, [self.residual(x) for x in operands])
            else:
                found = self.lin.add_arg(v.aval)
                self.residuals.append(v)
            self._in_lin[v.ir] = found
        return found


def linearize(module: Module, fn: str, active: Mask, instantiate: Mask = ()) -> Linearized:
    """Splits a function with respect to the `active` arguments."""
    source = module.function(fn)
    loc = source.op.location
    inputs = source.signature.inputs
    fwd = module.add_function(f"{fn}.fwd", inputs, loc)
    lin = module.add_function(f"{fn}.lin", picked(inputs, active), loc)
    b = LinearizeBuilder(module, fwd, lin, loc)
    duals = Duals(source.args, fwd.args, active, [LinearVal(dx.ir, dx.aval) for dx in lin.args])
    duals.walk(b, read_body(module, source))
    b.loc = loc
    results, douts = duals.results(b, source.returned(), instantiate)
    # A tangent is a forward value where a rule gave one that does not depend on any tangent.
    inside = [d if d is None or type(d) is LinearVal else b.residual(d) for d in douts]
    fwd.finish([*results, *b.residuals], loc)
    lin.finish(present(inside), loc)
    return Linearized(fwd.name, lin.name, marks(douts), len(b.residuals))
