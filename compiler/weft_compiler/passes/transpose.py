"""Transposition: a linear function run backwards, from cotangents of results to those of arguments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Linear, Val
from weft_compiler.dialect.op import REGISTRY, NoRule, Op, Plan
from weft_compiler.locations import DERIVATIONS, derived
from weft_compiler.masks import inverse, marks, picked, present
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
    cts_in = picked(source.signature.outputs, ct_active)
    wrt, known = picked(source.args, linear), picked(source.args, inverse(linear))
    made = module.add_function(f"{fn}.transpose", [*cts_in, *[v.aval for v in known]], loc)
    b = TransposeBuilder(module, ir.InsertionPoint(made.body), loc, made.steps)
    back = Backwards(b, wrt, known, made.args[len(cts_in) :])
    back.enter(read_body(module, source))
    back.run(picked(source.returned(), ct_active), made.args[: len(cts_in)])
    b.loc = loc
    results = [back.cotangents.get(v.ir) for v in wrt]
    if instantiate:
        results = [b.zeros(v.aval) if ct is None else ct for ct, v in zip(results, wrt, strict=True)]
    made.finish(present(results), loc)
    return Transposed(made.name, marks(results))


class Backwards:
    """The way through linear ops and back: first `enter` their steps, then `run` for cotangents of results.

    `known` are the other values that the steps begin with, and `given` what stands for them at the builder.
    """

    def __init__(
        self, b: TransposeBuilder, linear: Sequence[Val], known: Sequence[Val] = (), given: Sequence[Val] = ()
    ) -> None:
        self.b = b
        self.cotangents: dict[ir.Value, Val] = {}
        """What has come back so far."""
        self._env: dict[ir.Value, Any] = {v.ir: Linear(v.aval) for v in linear}
        self._env.update((v.ir, x) for v, x in zip(known, given, strict=True))
        self._linear_steps: list[tuple[Step, list[Any]]] = []

    def enter(self, steps: Iterable[Step]) -> None:
        """Notes the ops that are linear, and does the others now. A value not heard of is what it is."""
        env, b, noted = self._env, self.b, self._linear_steps
        with errors_located(b):
            for step in steps:
                _, inst, given, results, b.loc, plan = step
                operands = [env.get(v.ir, v) for v in given]
                for x in operands:
                    if type(x) is Linear:
                        break
                else:
                    for v, new in zip(results, b.copy(step, operands), strict=True):
                        env[v.ir] = new
                    continue
                for v, placeholder in zip(results, plan.outs, strict=True):
                    env[v.ir] = placeholder
                if inst.callee_attrs:
                    step = _linear_part(b, step, operands, env)
                    operands = [env.get(v.ir, v) for v in step.operands]
                noted.append((step, operands))

    def run(self, results: Sequence[ir.Value], cotangents: Sequence[Val]) -> None:
        """Goes back from these cotangents of results."""
        b, cts = self.b, self.cotangents
        for value, ct in zip(results, cotangents, strict=True):
            if type(self._env.get(value)) is Linear:
                cts[value] = b.sum_of(ct, cts.get(value))
        with errors_located(b):
            for step, operands in reversed(self._linear_steps):
                made = _transposed(b, step, operands, cts)
                for v, x, part in zip(step.operands, operands, made, strict=True):
                    if part is not None and type(x) is Linear:
                        cts[v.ir] = b.sum_of(part, cts.get(v.ir))


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


def _transposed(
    b: TransposeBuilder, step: Step, operands: Sequence[Any], cts: dict[ir.Value, Val]
) -> Sequence[Val | None]:
    """The cotangents of the operands of one op."""
    _, inst, _, results, b.loc, _ = step
    given: Any
    if len(results) == 1:
        given = cts.pop(results[0].ir, None)
        if given is None:
            return (None,) * len(operands)
        if inst.results is None:
            given = (given,)
    else:
        given = tuple([cts.pop(v.ir, None) for v in results])
        if is_zero(given):
            return (None,) * len(operands)
    if DERIVATIONS.named:
        b.loc = derived(b.loc, "transpose", inst.name)
    rule = inst.transpose
    if type(rule) is NoRule:
        inst.rule("transpose")  # which says why there is none
    if inst.is_partly_linear:
        _check_linear(inst, operands)
    made = rule(b, given, *operands)
    return made if isinstance(made, tuple) else (made,)


def _check_linear(inst: Op, operands: Sequence[Any]) -> None:
    """Refuses linear operands in which an op is not linear, or not jointly."""
    names = inst.linear_in or inst.bilinear_in
    specs = inst.operand_specs
    linear = [specs[min(i, len(specs) - 1)].name for i, x in enumerate(operands) if type(x) is Linear]
    for name in linear:
        if name not in names:
            inst.fail(f"not linear in {name}, so it cannot be transposed in it")
    if inst.bilinear_in and len(linear) > 1:
        inst.fail(f"not linear in {' and '.join(linear)} at once, so it cannot be transposed in both")
