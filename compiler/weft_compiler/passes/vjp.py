"""Reverse-mode derivative in one function: forwards, and backwards through what was noted on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Builder, Val, step_of
from weft_compiler.dialect.op import Op, Plan
from weft_compiler.duals import Duals
from weft_compiler.masks import Mask, marks, picked, present
from weft_compiler.module import Module
from weft_compiler.passes.linearize import LinearVal, SplittingBuilder
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.passes.transpose import Backwards, TransposeBuilder
from weft_compiler.transforms import PulledBack, differentiable_mask


@register("weft-vjp")
@dataclass(frozen=True)
class VjpPass(ModulePass):
    """Adds `@f.vjp`, which maps inputs, then cotangents of the outputs `ct_of`, to outputs and cotangents of `wrt`.

    It computes what `weft-linearize` and then `weft-transpose` would, without functions between them: what is
    needed backwards is simply used there.

    Needs:  requests inside `@f` already expanded.
    Leaves: `@f` as it was; a cotangent that is always zero is no result.
    """

    fn: str
    """Function to differentiate."""
    wrt: tuple[int, ...] = (0,)
    """Positions of the inputs whose cotangents are wanted."""
    ct_of: tuple[int, ...] = (0,)
    """Positions of the outputs that have a cotangent; that of the others is zero."""

    def run(self, module: Module) -> None:
        active = differentiable_mask(module, self.fn, self.wrt)
        given = tuple(i in self.ct_of for i in range(len(module.signature(self.fn).outputs)))
        module.function(pull_back(module, self.fn, active, given).fn).publish()


class ForwardBuilder(SplittingBuilder):
    """Writes the forward part; what is linear in the tangents is only noted, in `linear`, for the way back."""

    def __init__(
        self, module: Module, ip: ir.InsertionPoint, loc: ir.Location, steps: list[Step] | None
    ) -> None:
        super().__init__(module, ip, loc, steps)
        self.linear: list[Step] = []

    def emit(self, inst: Op, operands: Sequence[Any]) -> Any:
        """Appends an op, or notes it as soon as one operand is linear."""
        for v in operands:
            if type(v) is LinearVal:
                return self._note(inst, operands, v)
        return Builder.emit(self, inst, operands)

    def _note(self, inst: Op, operands: Sequence[Any], like: Val) -> Any:
        try:
            avals = tuple([v.aval for v in operands])
        except AttributeError:  # a number becomes a constant of the forward part
            operands = [v if isinstance(v, Val) else self.full(like.aval, v) for v in operands]
            avals = tuple([v.aval for v in operands])
        plan: Plan = inst.plans.get(avals) or self.plan(inst, avals)
        results = tuple([linear_val(a) for a in plan.avals])
        self.linear.append(step_of((None, inst, operands, results, self.loc, plan)))
        return results if plan.single is None else results[0]

    def residual(self, v: Val) -> Val:
        """A forward value as the linear part has it: the same, as both are in one function."""
        return v


def linear_val(aval: Any) -> LinearVal:
    """A value that stands in no function of the IR: its place is taken by something that can be a key."""
    return LinearVal(object(), aval)


def pull_back(module: Module, fn: str, active: Mask, given: Mask) -> PulledBack:
    """Makes the reverse derivative for the `active` arguments and cotangents of the results marked in `given`."""
    source = module.function(fn)
    loc, signature = source.op.location, source.signature
    count = len(signature.inputs)
    made = module.add_function(f"{fn}.vjp", [*signature.inputs, *picked(signature.outputs, given)], loc)
    ip = ir.InsertionPoint(made.body)
    b = ForwardBuilder(module, ip, loc, made.steps)
    tangents = [linear_val(a) for a in picked(signature.inputs, active)]
    duals = Duals(source.args, made.args[:count], active, tangents)
    duals.walk(b, read_body(module, source))
    results, douts = duals.results(b, source.returned())
    behind = TransposeBuilder(module, ip, loc, made.steps)
    behind.follow(b)
    back = Backwards(behind, tangents)
    back.enter(b.linear)
    ends = [None if d is None else d.ir for d in picked(douts, given)]
    back.run(ends, made.args[count:])
    cotangents = [back.cotangents.get(v.ir) for v in tangents]
    made.finish([*results, *present(cotangents)], loc)
    return PulledBack(made.name, marks(cotangents))
