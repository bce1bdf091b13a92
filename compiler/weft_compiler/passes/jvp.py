"""Forward-mode derivative: walks a function and asks each op for its `jvp` rule."""

from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import ZERO_TANGENT
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.transforms import Jvp, Mask, TransformBuilder


@register("weft-jvp")
@dataclass(frozen=True)
class JvpPass(ModulePass):
    """Adds `@f.jvp`, which maps inputs and tangents to outputs and tangents.

    Needs:  requests inside `@f` already expanded.
    Leaves: `@f` as it was; an output that does not depend on `wrt` gets no tangent.
    """

    fn: str
    """Function to differentiate."""
    wrt: tuple[int, ...] = (0,)
    """Positions of the inputs that carry a tangent."""

    def run(self, module: Module) -> None:
        count = len(module.signature(self.fn).inputs)
        made = differentiate(module, self.fn, tuple(i in self.wrt for i in range(count)))
        module.function(made.fn).publish()


class JvpBuilder(TransformBuilder):
    """`out` is the result of the op whose rule runs: one value, or a tuple where it has not exactly one."""

    out: Val | tuple[Val, ...]


def differentiate(module: Module, fn: str, active: Mask, instantiate: Mask = ()) -> Jvp:
    """Makes the forward derivative of a function with respect to the `active` arguments."""
    body = module.clone_function(fn, f"{fn}.jvp")
    b = JvpBuilder(module, ir.InsertionPoint(body.terminator), body.op.location)
    tangents = {
        a.ir: Val(body.body.add_argument(a.aval.ty, body.op.location), a.aval)
        for a, is_active in zip(body.args, active, strict=True)
        if is_active
    }
    for step in read_body(module, body):
        dxs = [tangents.get(v.ir) for v in step.operands]
        if any(d is not None for d in dxs):
            b.ip, b.loc = after(step.op), step.op.location
            _differentiate_op(b, step, dxs, tangents)
    returned = [(v, aval) for v, aval in zip(body.returned(), module.signature(fn).outputs, strict=True)]
    b.ip = ir.InsertionPoint(body.terminator)
    douts = [tangents.get(v) for v, _ in returned]
    for i, wanted in enumerate(instantiate):
        if wanted and douts[i] is None:
            douts[i] = b.zeros(returned[i][1])
    body.set_results([*(Val(v, aval) for v, aval in returned), *(d for d in douts if d is not None)])
    return Jvp(body.name, tuple(d is not None for d in douts))


def after(op: ir.Operation) -> ir.InsertionPoint:
    """The place behind an op."""
    return ir.InsertionPoint.after(op)


def _differentiate_op(
    b: JvpBuilder, step: Step, dxs: list[Val | None], tangents: dict[ir.Value, Val]
) -> None:
    inst = step.inst
    if inst.jvp is ZERO_TANGENT:
        return
    if inst.callee_attrs:
        outs, douts = inst.rule("jvp")(b, *step.operands, *dxs)
        replace_results(step, outs)
        results = list(outs)
    else:
        b.out = step.results[0] if len(step.results) == 1 else tuple(step.results)
        made = inst.rule("jvp")(b, *step.operands, *dxs)
        douts = made if isinstance(made, tuple) else (made,)
        results = step.results
    for result, tangent in zip(results, douts, strict=True):
        if tangent is not None and result.aval.kind in "fc":
            tangents[result.ir] = tangent


def replace_results(step: Step, outs: tuple[Val, ...]) -> None:
    """Puts `outs` in the place of an op's results, and erases it."""
    for old, new in zip(step.results, outs, strict=True):
        old.ir.replace_all_uses_with(new.ir)
    step.op.erase()
