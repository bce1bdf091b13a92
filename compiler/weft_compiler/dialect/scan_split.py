"""Linearizing a scan: one loop forward, which hands over what the other, linear one needs."""

from typing import Any, NamedTuple

from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.loop_bodies import settled
from weft_compiler.dialect.scan_residuals import Place, StepResiduals
from weft_compiler.masks import Mask, parts, picked
from weft_compiler.transforms import Linearized


class SplitScan(NamedTuple):
    """The two loops of a linearized scan.

    `hoist`: constants -> invariants. `forward`: (constants, invariants, carry, slices) -> (results, stacked).
    `linear`: (constants' tangents, the constants `consts`, invariants, carry's tangents, slices' tangents,
    slices of the arrays `slices` and of the results `results`, stacked) -> tangents.
    """

    hoist: str
    forward: str
    linear: str
    outputs: int
    carry: Mask
    out_active: Mask
    invariants: int
    consts: tuple[int, ...]
    slices: tuple[int, ...]
    results: tuple[int, ...]


def split_scan(b: Any, scan: Any, active: tuple[Mask, Mask, Mask], carry: Mask) -> SplitScan:
    """Linearizes the body of a scan and sorts its residuals."""
    made, carry = settled(
        carry,
        lambda k: b.linearize_of(scan.body, (*active[0], *k, *active[2]), scan.instantiated(b, k)),
        lambda made: made.out_active,
    )
    step = StepResiduals(b, scan, made)
    plan = SplitScan(
        hoist=step.hoist(),
        forward=step.forward(),
        linear="",
        outputs=len(made.out_active),
        carry=carry,
        out_active=made.out_active,
        invariants=len(step.of_kind("invariant")),
        consts=step.used("const"),
        slices=step.used("slice"),
        results=step.used("result"),
    )
    linear = _linear_body(b, scan, made, step, (active[0], carry, active[2]), plan)
    b.module.remove_function(step.flat.name)
    return plan._replace(linear=linear)


def _linear_body(
    b: Any,
    scan: Any,
    made: Linearized,
    step: StepResiduals,
    active: tuple[Mask, Mask, Mask],
    plan: SplitScan,
) -> str:
    fwd = b.module.signature(made.fwd)
    groups = scan.groups(fwd.inputs)
    dconsts, dcarry, dslices = (picked(g, mask) for g, mask in zip(groups, active, strict=True))
    same, along = _held(step, plan)
    avals = _avals(b, step, groups, fwd.outputs, plan)
    again, sources = step.again(), step.sources()

    def write(inner: Any, *args: Val) -> tuple[Val, ...]:
        sizes = len(dconsts), len(same), len(dcarry), len(dslices)
        of_consts, held, of_carry, of_slices, rest = parts(args, *sizes)
        at: dict[Place, Val] = dict(zip((*same, *along), (*held, *rest), strict=True))
        if again:
            made_again = inner.call(again, [at[p] for p in sources])
            at.update((("again", i), v) for i, v in enumerate(made_again))
        return inner.call(made.lin, (*of_consts, *of_carry, *of_slices, *(at[p] for p in step.places)))

    inputs = [*dconsts, *(avals[p] for p in same), *dcarry, *dslices, *(avals[p] for p in along)]
    return b.define(f"{made.lin}.step", inputs, write)


def _held(step: StepResiduals, plan: SplitScan) -> tuple[list[Place], list[Place]]:
    """Places of what is the same in every step, and of what comes slice by slice, as they are handed over."""
    same = [("const", i) for i in plan.consts] + [("invariant", i) for i in range(plan.invariants)]
    along = [("slice", i) for i in plan.slices] + [("result", i) for i in plan.results]
    return same, along + [("stacked", i) for i in range(len(step.of_kind("stacked")))]


def _avals(
    b: Any, step: StepResiduals, groups: list[tuple[Aval, ...]], outputs: tuple[Aval, ...], plan: SplitScan
) -> dict[Place, Aval]:
    """The type of what is at each place, in one step."""
    avals: dict[Place, Aval] = {("const", i): groups[0][i] for i in plan.consts}
    avals |= {("slice", i): groups[2][i] for i in plan.slices}
    avals |= {("result", i): outputs[i] for i in plan.results}
    if plan.invariants:
        avals |= {("invariant", i): a for i, a in enumerate(b.module.signature(plan.hoist).outputs)}
    stacked = b.module.signature(plan.forward).outputs[plan.outputs :]
    return avals | {("stacked", i): a for i, a in enumerate(stacked)}
