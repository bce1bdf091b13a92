"""Checks of derivatives of any order: the same two identities, of an op, of its jvp, and of its vjp.

jvp        the tangent is the central difference, in 64 bits
transpose  <ct, J dx> = <J^T ct, dx>, where J is what linearize made
batch      of a derivative against a loop, and the derivative of a batch
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from closeness import SLACK, difference_close, direction, pairing, shuffled, widened
from programs import Check, Program
from rule_checks import BATCH, batched_like_loop, told

from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import NoRule, Op
from weft_compiler.dialect.samples import Sample
from weft_compiler.masks import Mask
from weft_compiler.transforms import TransformBuilder

STEP = 1e-6
FINE = (np.float64, np.complex128)
"""Dtypes with enough digits for differences."""


def active_operands(inst: Op, operands: Sequence[np.ndarray]) -> Mask:
    """The operands that can have a tangent."""
    specs = inst.operand_specs
    names = [specs[min(i, len(specs) - 1)].name for i in range(len(operands))]
    floats = [x.dtype.kind in "fc" for x in operands]
    return tuple(f and name not in inst.no_slope_in for f, name in zip(floats, names, strict=True))


def derivatives(inst: Op, sample: Sample, orders: int) -> Iterator[Check]:
    """Checks of the first derivatives, and of the second where `orders` is 2."""
    operands = [widened(x) for x in sample.operands]
    active = active_operands(inst, operands)
    if isinstance(inst.jvp, NoRule) or not any(active):
        return
    what = told(inst, sample)
    yield lambda p: along(p, p.define(inst, operands), operands, active, what, sample)
    if orders < 2 or not has_second_order(inst, operands, active):
        return
    rng = np.random.default_rng(11)
    dxs = [direction(rng, x) for x, a in zip(operands, active, strict=True) if a]

    def of_jvp(p: Program) -> None:
        """jvp of jvp, vjp of jvp, vmap of jvp."""
        made = p.b.jvp_of(p.define(inst, operands), active)
        arrays = [*operands, *dxs]
        along(p, made.fn, arrays, (*active, *[True] * len(dxs)), f"{what}, its jvp", sample)
        batched_like_loop(p, made.fn, arrays, f"{what}, its jvp", sample, [(True,) * len(arrays)])

    def of_vjp(p: Program) -> None:
        """jvp of vjp, vjp of vjp, vmap of vjp, vjp of vmap."""
        fn = p.define(inst, operands)
        back, count = vjp_function(p.b, fn, active)
        if not count:
            return
        inputs = p.module.signature(back).inputs
        cts = [direction(rng, np.empty(a.shape, a.dtype)) for a in inputs[len(operands) :]]
        arrays = [*operands, *cts]
        along(p, back, arrays, (*active, *[True] * count), f"{what}, its vjp", sample)
        batched_like_loop(p, back, arrays, f"{what}, its vjp", sample, [(True,) * len(arrays)])
        if not isinstance(inst.batch, NoRule):
            of_batch(p, fn, back, operands, active, cts, f"{what}, vjp of its vmap")

    yield of_jvp
    yield of_vjp


def has_second_order(inst: Op, operands: Sequence[np.ndarray], active: Mask) -> bool:
    """Whether the ops of the jvp have derivatives themselves; where not, an op says why."""
    program = Program()
    made = program.b.jvp_of(program.define(inst, operands), active)
    count = len(program.module.signature(made.fn).inputs) - len(active)
    try:
        program.b.jvp_of(made.fn, (*active, *[True] * count))
    except NotImplementedError:
        return False
    return True


def vjp_function(b: TransformBuilder, fn: str, active: Mask) -> tuple[str, int]:
    """A function of arguments and cotangents to the cotangents of active arguments; how many it takes."""
    lin = b.linearize_of(fn, active)
    signature = b.module.signature(fn)
    results = [a for a, is_active in zip(signature.outputs, lin.out_active, strict=True) if is_active]
    if not results:
        return fn, 0
    mask = (True,) * sum(active) + (False,) * lin.residuals
    back = b.transpose_of(lin.lin, mask, (True,) * len(results), True)
    arguments, count = len(signature.inputs), len(lin.out_active)

    def write(b: TransformBuilder, *args: Val) -> Sequence[Val]:
        outs = b.call(lin.fwd, args[:arguments])
        return b.call(back.fn, (*args[arguments:], *outs[count:]))

    return b.define(f"{fn}.vjp", [*signature.inputs, *results], write), len(results)


def along(
    p: Program, fn: str, operands: Sequence[np.ndarray], active: Mask, what: str, sample: Sample
) -> None:
    """Adds the jvp of a function against differences, and its transposed linearization by the inner product."""
    rng = np.random.default_rng(7)
    tangents = [direction(rng, x) if a else None for x, a in zip(operands, active, strict=True)]
    moved = [t for t in tangents if t is not None]
    made, lin = p.b.jvp_of(fn, active), p.b.linearize_of(fn, active)
    count, outputs = len(made.out_active), p.module.signature(fn).outputs
    forward = p.call(made.fn, [*operands, *moved])
    is_fine = sample.smooth and all(t.dtype in FINE for t in moved)  # narrower ones do not see the step
    ends = [
        p.call(fn, [x if t is None else x + sign * STEP * t for x, t in zip(operands, tangents, strict=True)])
        for sign in (1, -1)
        if is_fine
    ]
    residuals = p.b.call(lin.fwd, [p.give(x) for x in operands])[count:]
    linear = p.take(p.b.call(lin.lin, (*map(p.give, moved), *residuals)))
    pairs = zip(outputs, lin.out_active, strict=True)
    cts = [direction(rng, np.empty(a.shape, a.dtype)) for a, is_active in pairs if is_active]
    mask = (True,) * len(moved) + (False,) * lin.residuals
    back = p.b.transpose_of(lin.lin, mask, (True,) * len(cts), True)
    reverse = p.take(p.b.call(back.fn, (*map(p.give, cts), *residuals)))

    def look(results: list[np.ndarray]) -> None:
        tangents_out = results[forward][count:]
        at = iter(tangents_out)
        for k, is_active in enumerate(made.out_active):
            tangent = next(at) if is_active else None
            if is_fine and outputs[k].dtype in FINE:
                _difference(what, tangent, *(results[e][k] for e in ends), sample)
        for ours, again in zip(tangents_out, results[linear], strict=True):
            difference_close(ours, again, f"{what}: linearize against jvp", sample.tolerance)
        there = sum(pairing(ct, t) for ct, t in zip(cts, results[linear], strict=True))
        here = sum(pairing(ct, t) for ct, t in zip(results[reverse], moved, strict=True))
        rounded = (*results[linear], *results[reverse])
        coarsest = max([1.0, *(SLACK.get(x.dtype.name, 0) / 2e-5 for x in rounded)])
        size = max([1.0, *(float(np.max(np.abs(x), initial=0)) for x in rounded)])
        difference_close(
            np.asarray(there / size),
            np.asarray(here / size),
            f"{what}: transpose by the inner product",
            sample.tolerance * coarsest,
        )

    p.then(look)


def _difference(
    what: str, tangent: np.ndarray | None, high: np.ndarray, low: np.ndarray, sample: Sample
) -> None:
    tangent = np.zeros_like(high) if tangent is None else tangent
    known = np.isfinite(high) & np.isfinite(low)
    tangent, high, low = tangent[known], high[known], low[known]
    numeric = (high - low) / (2 * STEP)
    # What is subtracted has lost as many digits as it is larger than what is left.
    lost = float(np.max(np.abs(high), initial=1.0)) * 1e-5
    difference_close(
        tangent, numeric, f"{what}: jvp against central differences", sample.tolerance * (1 + lost)
    )


def of_batch(
    p: Program,
    fn: str,
    back: str,
    operands: Sequence[np.ndarray],
    active: Mask,
    cts: Sequence[np.ndarray],
    what: str,
) -> None:
    """Adds the vjp of the batch of `fn` against its vjp, slice by slice."""
    stack: Any = lambda x: np.stack([x, shuffled(x)])
    outputs = p.module.signature(fn).outputs
    batched = p.b.batch_of(fn, (True,) * len(operands), BATCH, (True,) * len(outputs))
    whole, count = vjp_function(p.b, batched.fn, active)
    assert count == len(cts), f"{what}: {count} results have slopes, {len(cts)} without a batch"
    at_once = p.call(whole, [stack(x) for x in (*operands, *cts)])
    each = [p.call(back, [*operands, *cts]), p.call(back, [shuffled(x) for x in (*operands, *cts)])]

    def look(results: list[np.ndarray]) -> None:
        for out, *slices in zip(results[at_once], *(results[e] for e in each), strict=True):
            difference_close(out, np.stack(slices), what)

    p.then(look)
