"""Transposition: a linear function run backwards, from cotangents of results to those of arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Linear, Val
from weft_compiler.dialect.op import REGISTRY, NoRule, Op, Plan
from weft_compiler.locations import derived
from weft_compiler.masks import picked
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.rule_errors import errors_located
from weft_compiler.transforms import Mask, TransformBuilder, Transposed, is_zero


@register("weft-transpose")
@dataclass(frozen=True)
class TransposePass(ModulePass):
    """Adds `@f.transpose`, which maps cotangents of the results to cotangents of the inputs `linear`.

    Its arguments are the cotangents, then the inputs of `@f` in which it is not linear.

    Needs:  `@f` linear in those inputs; `weft-linearize` makes such functions.
    Leaves: `@f` as it was; a cotangent that is always zero is no result.
    """

    fn: str
    """Function to transpose."""
    linear: tuple[int, ...] = (0,)
    """Positions of the inputs in which it is linear."""

    def run(self, module: Module) -> None:
        mask = module.mask(self.fn, self.linear, "linear")
        made = transpose(module, self.fn, mask, (True,) * len(module.signature(self.fn).outputs))
        module.function(made.fn).publish()


class TransposeBuilder(TransformBuilder):
    """Knows which operands are linear: they come to a rule as `Linear` placeholders."""

    @staticmethod
    def is_linear(x: Any) -> bool:
        """Whether an operand is one in which the op is linear."""
        return type(x) is Linear

    def sum_of(self, x: Val, y: Val | None) -> Val:
        """Accumulates cotangents."""
        return x if y is None else self.add(x, y)


def transpose(
    module: Module, fn: str, linear: Mask, ct_active: Mask, instantiate: bool = False
) -> Transposed:
    """Makes the transposed function for cotangents of the `ct_active` results.

    With `instantiate` every linear argument gets a cotangent, zeros where nothing reaches it.
    """
    source = module.function(fn)
    loc = source.op.location
    outputs = source.signature.outputs
    cts_in = [a for a, is_active in zip(outputs, ct_active, strict=True) if is_active]
    known_in = [a.aval for a, is_linear in zip(source.args, linear, strict=True) if not is_linear]
    made = module.add_function(f"{fn}.transpose", [*cts_in, *known_in], loc)
    b = TransposeBuilder(module, ir.InsertionPoint(made.body), loc, made.steps)
    args = iter(made.args)
    given = [next(args) for _ in cts_in]
    env: dict[ir.Value, Any] = {}
    for arg, is_linear in zip(source.args, linear, strict=True):
        env[arg.ir] = Linear(arg.aval) if is_linear else next(args)
    with errors_located(b):
        backwards = _forward_walk(module, source, b, env)
    cts: dict[ir.Value, Val] = {}
    for value, is_active in zip(source.returned(), ct_active, strict=True):
        if is_active:
            ct = given.pop(0)
            if type(env[value]) is Linear:
                cts[value] = b.sum_of(ct, cts.get(value))
    with errors_located(b):
        for step in reversed(backwards):
            _transpose_op(b, step, env, cts)
    b.loc = loc
    results = [cts.get(a.ir) for a, is_linear in zip(source.args, linear, strict=True) if is_linear]
    if instantiate:
        avals = [a.aval for a, is_linear in zip(source.args, linear, strict=True) if is_linear]
        results = [b.zeros(aval) if ct is None else ct for ct, aval in zip(results, avals, strict=True)]
    made.finish([ct for ct in results if ct is not None], loc)
    return Transposed(made.name, tuple(ct is not None for ct in results))


def _forward_walk(module: Module, source: Any, b: TransposeBuilder, env: dict[ir.Value, Any]) -> list[Step]:
    """Copies what does not depend on linear arguments; returns the rest in order."""
    linear_steps = []
    for step in read_body(module, source):
        operands = [env[v.ir] for v in step.operands]
        b.loc = step.loc
        if is_any_linear(operands):
            for v in step.results:
                env[v.ir] = Linear(v.aval)
            linear_steps.append(_linear_part(b, step, operands, env) if step.inst.callee_attrs else step)
        else:
            for v, new in zip(step.results, b.copy(step, operands), strict=True):
                env[v.ir] = new
    return linear_steps


def is_any_linear(operands: Sequence[Any]) -> bool:
    """Whether one of the operands is linear."""
    for x in operands:  # noqa: SIM110 - a generator costs twice the time, once an op
        if type(x) is Linear:
            return True
    return False


def _linear_part(b: TransposeBuilder, step: Step, operands: list[Any], env: dict[ir.Value, Any]) -> Step:
    """A higher-order op without results that do not depend on linear operands: these are known, as a counter is.

    The rest is the op's own derivative, for which the linear operands' values do not matter.
    """
    linear = tuple(type(x) is Linear for x in operands)
    inst: Any = step.inst
    depends = inst.depends(b, linear)
    if all(depends):
        return step
    zeros = [b.zeros(x.aval) if type(x) is Linear else x for x in operands]
    if not inst.is_split():
        _note_known(step, b.emit(inst, zeros), depends, env)
        return step
    avals = tuple(x.aval for x in operands)
    alone = b.once(
        ("alone", inst, avals), lambda: b.define(f"{inst.name}.alone", avals, lambda c, *xs: c.emit(inst, xs))
    )
    made = b.linearize_of(alone, linear)
    outs = b.call(made.fwd, zeros)
    residuals = outs[len(step.results) :]
    _note_known(step, outs[: len(step.results)], depends, env)
    env.update((r.ir, r) for r in residuals)
    given = [*picked(step.operands, linear), *residuals]
    call = REGISTRY["func.call"].of(callee=made.lin)
    results = picked(step.results, made.out_active)
    plan = Plan([v.aval for v in given], [v.aval for v in results])
    return Step(step.op, call, given, results, step.loc, plan)


def _note_known(step: Step, outs: Sequence[Val], depends: Mask, env: dict[ir.Value, Any]) -> None:
    """Results of a step that do not depend on linear operands."""
    known = zip(step.results, outs, depends, strict=True)
    env.update((v.ir, out) for v, out, is_linear in known if not is_linear)


def _transpose_op(
    b: TransposeBuilder, step: Step, env: dict[ir.Value, Any], cts: dict[ir.Value, Val]
) -> None:
    given = tuple([cts.pop(v.ir, None) for v in step.results])
    if is_zero(given):
        return
    b.loc = derived(step.loc, "transpose", step.inst.name)
    operands = [env[v.ir] for v in step.operands]
    rule = step.inst.transpose
    if type(rule) is NoRule:
        step.inst.rule("transpose")  # which says why there is none
    _check_linear(step.inst, operands)
    is_many = len(step.results) != 1 or step.inst.results is None
    made = rule(b, given if is_many else given[0], *operands)
    for v, x, ct in zip(step.operands, operands, made if isinstance(made, tuple) else (made,), strict=True):
        if ct is not None and type(x) is Linear:
            cts[v.ir] = b.sum_of(ct, cts.get(v.ir))


def _check_linear(inst: Op, operands: Sequence[Any]) -> None:
    """Refuses linear operands in which an op is not linear, or not jointly."""
    names = inst.linear_in or inst.bilinear_in
    if not names:
        return  # of a higher-order op, what it calls tells
    specs = inst.operand_specs
    linear = [specs[min(i, len(specs) - 1)].name for i, x in enumerate(operands) if type(x) is Linear]
    for name in linear:
        if name not in names:
            inst.fail(f"not linear in {name}, so it cannot be transposed in it")
    if inst.bilinear_in and len(linear) > 1:
        inst.fail(f"not linear in {' and '.join(linear)} at once, so it cannot be transposed in both")
