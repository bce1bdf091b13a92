"""Forward-mode derivative: walks a function and asks each op for its `jvp` rule."""

from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import ZERO_TANGENT, NoRule
from weft_compiler.locations import derived
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.rule_errors import errors_located
from weft_compiler.transforms import Jvp, Mask, TransformBuilder, differentiable_mask, is_zero


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
        made = differentiate(module, self.fn, differentiable_mask(module, self.fn, self.wrt))
        module.function(made.fn).publish()


class JvpBuilder(TransformBuilder):
    """`out` is the result of the op whose rule runs: one value, or a tuple where it has not exactly one."""

    out: Val | tuple[Val, ...]


def differentiate(module: Module, fn: str, active: Mask, instantiate: Mask = ()) -> Jvp:
    """Makes the forward derivative of a function with respect to the `active` arguments."""
    source = module.function(fn)
    loc = source.op.location
    avals = source.signature.inputs
    given = [a for a, is_active in zip(avals, active, strict=True) if is_active]
    made = module.add_function(f"{fn}.jvp", [*avals, *given], loc)
    b = JvpBuilder(module, ir.InsertionPoint(made.body), loc, made.steps)
    env: dict[ir.Value, Val] = {}
    tangents: dict[ir.Value, Val] = {}
    dxs = iter(made.args[len(avals) :])
    for old, new, is_active in zip(source.args, made.args, active, strict=False):
        env[old.ir] = new
        if is_active:
            tangents[new.ir] = next(dxs)
    with errors_located(b):
        for step in read_body(module, source):
            b.loc = step.loc
            _differentiate_op(b, step, env, tangents)
    b.loc = loc
    results = [env[v] for v in source.returned()]
    douts = [tangents.get(v.ir) for v in results]
    for i, wanted in enumerate(instantiate):
        if wanted and douts[i] is None:
            douts[i] = b.zeros(results[i].aval)
    made.finish([*results, *(d for d in douts if d is not None)], loc)
    return Jvp(made.name, tuple(d is not None for d in douts))


def _differentiate_op(
    b: JvpBuilder, step: Step, env: dict[ir.Value, Val], tangents: dict[ir.Value, Val]
) -> None:
    inst = step.inst
    operands = [env[v.ir] for v in step.operands]
    dxs = [tangents.get(x.ir) for x in operands]
    is_active = not is_zero(dxs) and inst.jvp is not ZERO_TANGENT
    if is_active and type(inst.jvp) is NoRule:
        inst.rule("jvp")  # which says why there is none
    if is_active and inst.callee_attrs:
        b.loc = derived(b.loc, "jvp", inst.name)
        outs, douts = inst.jvp(b, *operands, *dxs)
    else:
        outs = b.copy(step, operands)
        douts = None
        if is_active:
            b.loc = derived(b.loc, "jvp", inst.name)
            b.out = outs[0] if len(outs) == 1 else outs
            douts = inst.jvp(b, *operands, *dxs)
    for old, new in zip(step.results, outs, strict=True):
        env[old.ir] = new
    if douts is not None:
        for result, tangent in zip(outs, douts if isinstance(douts, tuple) else (douts,), strict=True):
            if tangent is not None and result.aval.kind in "fc":
                tangents[result.ir] = tangent
