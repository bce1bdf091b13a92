"""Linearization: splits a function into what is computed now and what is linear in the tangents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import ZERO_TANGENT, Op
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.transforms import Linearized, Mask, TransformBuilder


@register("weft-linearize")
@dataclass(frozen=True)
class LinearizePass(ModulePass):
    """Adds `@f.fwd`, which maps inputs to outputs and residuals, and `@f.lin`, linear in the tangents.

    `@f.lin` maps the tangents of `wrt`, then the residuals, to the tangents of the outputs that depend on them.

    Needs:  requests inside `@f` already expanded.
    Leaves: `@f` as it was; what can be had again for nothing (constants, broadcasts) is no residual.
    """

    fn: str
    """Function to linearize."""
    wrt: tuple[int, ...] = (0,)
    """Positions of the inputs that carry a tangent."""

    def run(self, module: Module) -> None:
        count = len(module.signature(self.fn).inputs)
        made = linearize(module, self.fn, tuple(i in self.wrt for i in range(count)))
        module.function(made.fwd).publish()
        module.function(made.lin).publish()


class LinearVal(Val):
    """A value of the linear part."""

    __slots__ = ()


class LinearizeBuilder(TransformBuilder):
    """Sends an op to the linear part as soon as one operand is there, else to the forward part.

    A value of the forward part that the linear part needs becomes a residual; one that is cheap is made again.
    """

    out: Val | tuple[Val, ...]

    def __init__(self, module: Module, ip: ir.InsertionPoint, loc: ir.Location, lin: ir.Block) -> None:
        super().__init__(module, ip, loc)
        self.lin = lin
        self.lin_ip = ir.InsertionPoint(lin)
        self.residuals: list[Val] = []
        self._in_lin: dict[ir.Value, Val] = {}
        self._cheap: dict[ir.Value, tuple[Op, Sequence[Val]]] = {}

    def emit(self, inst: Op, operands: Sequence[Any]) -> Any:
        for v in operands:
            if type(v) is LinearVal:
                return self._emit_linear(inst, operands)
        made = super().emit(inst, operands)
        if inst.is_cheap:
            self._cheap[made.ir] = (inst, operands)
        return made

    def note_cheap(self, step: Step) -> None:
        """Remembers how a cheap op of the function itself is made again."""
        if step.inst.is_cheap:
            self._cheap[step.results[0].ir] = (step.inst, step.operands)

    def _emit_linear(self, inst: Op, operands: Sequence[Any]) -> Any:
        like = next(v.aval for v in operands if type(v) is LinearVal)
        moved = [
            v
            if type(v) is LinearVal
            else self.residual(v)
            if isinstance(v, Val)
            else self._linear_constant(like, v)
            for v in operands
        ]
        made = self._in_linear_part(inst, moved)
        if type(made) is tuple:
            return tuple([LinearVal(v.ir, v.aval) for v in made])
        return LinearVal(made.ir, made.aval)

    def _in_linear_part(self, inst: Op, operands: Sequence[Val]) -> Any:
        ip, self.ip = self.ip, self.lin_ip
        try:
            return super().emit(inst, operands)
        finally:
            self.ip = ip

    def _linear_constant(self, like: Any, value: Any) -> Val:
        """A number as a constant of the linear part."""
        saved, self._constants = self._constants, self._linear_constants
        ip, self.ip = self.ip, self.lin_ip
        try:
            return self.full(like, value)
        finally:
            self.ip, self._constants = ip, saved

    @property
    def _linear_constants(self) -> dict[Any, Val]:
        return self.__dict__.setdefault("_constants_of_lin", {})

    def residual(self, v: Val) -> Val:
        """A forward value inside the linear part."""
        found = self._in_lin.get(v.ir)
        if found is None:
            recipe = self._cheap.get(v.ir)
            if recipe is not None:
                inst, operands = recipe
                found = self._in_linear_part(inst, [self.residual(x) for x in operands])
            else:
                found = Val(self.lin.add_argument(v.aval.ty, self.loc), v.aval)
                self.residuals.append(v)
            self._in_lin[v.ir] = found
        return found

    def emit_primal(self, inst: Op, xs: Sequence[Val]) -> tuple[Val, ...]:
        """A higher-order op in the forward part, results as a tuple."""
        made = super().emit(inst, xs)
        return made if type(made) is tuple else (made,)

    def linear_jvp(self, inst: Op, xs: Sequence[Val], dxs: Sequence[Any]) -> tuple[Any, ...]:
        """The jvp of a higher-order op with all its work in the linear part; only the tangents are used."""
        known = [LinearVal(r.ir, r.aval) for r in map(self.residual, xs)]
        _, tangents = inst.rule("jvp")(self, *known, *dxs)
        return tangents


def linearize(module: Module, fn: str, active: Mask, instantiate: Mask = ()) -> Linearized:
    """Splits a function with respect to the `active` arguments."""
    fwd = module.clone_function(fn, f"{fn}.fwd")
    loc = fwd.op.location
    avals = [a.aval for a, is_active in zip(fwd.args, active, strict=True) if is_active]
    lin = module.add_function(f"{fn}.lin", avals, loc)
    b = LinearizeBuilder(module, ir.InsertionPoint(fwd.terminator), loc, lin.body)
    given = iter(lin.args)
    tangents: dict[ir.Value, Any] = {}
    for arg, is_active in zip(fwd.args, active, strict=True):
        if is_active:
            dx = next(given)
            tangents[arg.ir] = LinearVal(dx.ir, dx.aval)
    for step in read_body(module, fwd):
        dxs = [tangents.get(v.ir) for v in step.operands]
        b.note_cheap(step)
        if any(d is not None for d in dxs):
            b.ip, b.loc = ir.InsertionPoint.after(step.op), step.op.location
            _linearize_op(b, step, dxs, tangents)
    return _close(b, fn, fwd, lin, tangents, instantiate)


def _close(
    b: LinearizeBuilder, fn: str, fwd: Any, lin: Any, tangents: dict[ir.Value, Any], instantiate: Mask
) -> Linearized:
    outputs = b.module.signature(fn).outputs
    returned = [Val(v, aval) for v, aval in zip(fwd.returned(), outputs, strict=True)]
    douts = [tangents.get(v.ir) for v in returned]
    b.ip, b.loc = ir.InsertionPoint(fwd.terminator), fwd.op.location
    for i, wanted in enumerate(instantiate):
        if wanted and douts[i] is None:
            douts[i] = b.zeros(outputs[i])
    # A tangent is a forward value where a rule gave one that does not depend on any tangent.
    inside = [d if d is None or type(d) is LinearVal else b.residual(d) for d in douts]
    fwd.set_results([*returned, *b.residuals])
    lin.finish([d for d in inside if d is not None], fwd.op.location)
    return Linearized(fwd.name, lin.name, tuple(d is not None for d in douts), len(b.residuals))


def _linearize_op(b: LinearizeBuilder, step: Step, dxs: list[Any], tangents: dict[ir.Value, Any]) -> None:
    inst = step.inst
    if inst.jvp is ZERO_TANGENT:
        return
    results = step.results
    if inst.callee_attrs:
        outs, douts = inst.linearize(b, step.operands, dxs)  # type: ignore[attr-defined]
        for old, new in zip(results, outs, strict=True):
            old.ir.replace_all_uses_with(new.ir)
        step.op.erase()
        results = list(outs)
    else:
        b.out = results[0] if len(results) == 1 else tuple(results)
        made = inst.rule("jvp")(b, *step.operands, *dxs)
        douts = made if isinstance(made, tuple) else (made,)
    for result, tangent in zip(results, douts, strict=True):
        if tangent is not None and result.aval.kind in "fc":
            tangents[result.ir] = tangent
