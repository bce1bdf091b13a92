"""Values with tangents: the walk over a function that forward and reverse mode have in common."""

from collections.abc import Iterable, Sequence
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.dialect.builder import Step, Val
from weft_compiler.dialect.op import ZERO_TANGENT, NoRule, Op
from weft_compiler.locations import DERIVATIONS, derived
from weft_compiler.masks import Mask
from weft_compiler.rule_errors import errors_located
from weft_compiler.transforms import TransformBuilder


class DualBuilder(TransformBuilder):
    """Writes the values and the tangents of a function."""

    out: Val | tuple[Val, ...]
    """The result of the op whose rule runs: one value, or a tuple where it has not exactly one."""

    def higher_order(self, inst: Any, xs: Sequence[Val], dxs: Sequence[Any]) -> tuple[Any, Any]:
        """Results and tangents of an op that names functions."""
        raise NotImplementedError


class Duals:
    """The values of a function as they are written anew, and the tangents of those that have one."""

    def __init__(
        self, olds: Sequence[Val], news: Sequence[Val], active: Mask, tangents: Sequence[Any]
    ) -> None:
        self._env: dict[ir.Value, Val] = {old.ir: new for old, new in zip(olds, news, strict=True)}
        given = iter(tangents)
        self._tangents: dict[ir.Value, Any] = {
            new.ir: next(given) for new, is_active in zip(news, active, strict=True) if is_active
        }

    def walk(self, b: DualBuilder, steps: Iterable[Step]) -> None:
        """Writes each op again, and the tangents of its results by its `jvp` rule."""
        env, tangents = self._env, self._tangents
        copy = b.copy
        with errors_located(b):
            for step in steps:
                _, inst, operands, results, b.loc, _ = step
                xs = [env[v.ir] for v in operands]
                for x in xs:
                    if x.ir in tangents:
                        outs, douts = self._differentiated(b, step, inst, xs)
                        break
                else:
                    outs, douts = copy(step, xs), None
                if len(outs) == 1:
                    env[results[0].ir] = result = outs[0]
                    if douts is not None:
                        tangent = douts[0] if type(douts) is tuple else douts
                        if tangent is not None and result.aval.kind in "fc":
                            tangents[result.ir] = tangent
                    continue
                for old, new in zip(results, outs, strict=True):
                    env[old.ir] = new
                if douts is not None:
                    for result, tangent in zip(outs, douts, strict=True):
                        if tangent is not None and result.aval.kind in "fc":
                            tangents[result.ir] = tangent

    def _differentiated(
        self, b: DualBuilder, step: Step, inst: Op, xs: Sequence[Val]
    ) -> tuple[Sequence[Val], Any]:
        rule = inst.jvp
        if rule is ZERO_TANGENT:
            return b.copy(step, xs), None
        if type(rule) is NoRule:
            inst.rule("jvp")  # which says why there is none
        tangents = self._tangents
        dxs = [tangents.get(x.ir) for x in xs]
        if inst.callee_attrs:
            if DERIVATIONS.named:
                b.loc = derived(b.loc, "jvp", inst.name)
            return b.higher_order(inst, xs, dxs)
        outs = b.copy(step, xs)
        if DERIVATIONS.named:
            b.loc = derived(b.loc, "jvp", inst.name)
        b.out = outs[0] if len(outs) == 1 else outs
        return outs, rule(b, *xs, *dxs)

    def results(
        self, b: DualBuilder, returned: Sequence[ir.Value], instantiate: Mask = ()
    ) -> tuple[list[Val], list[Any]]:
        """What the function returns, and the tangents: zeros are None except where `instantiate` marks them."""
        results = [self._env[v] for v in returned]
        douts = [self._tangents.get(v.ir) for v in results]
        for i, wanted in enumerate(instantiate):
            if wanted and douts[i] is None:
                douts[i] = b.zeros(results[i].aval)
        return results, douts
