"""Checks of an op as it is: what infer says, what it computes, what it folds to, what it makes of a batch."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from closeness import close, shuffled
from programs import Check, Program

from weft_compiler.avals import Aval
from weft_compiler.dialect.op import NoRule, Op
from weft_compiler.dialect.samples import Sample
from weft_compiler.masks import Mask

BATCH = 2
SPLATS = (0, 1, -1, 2, 0.5)
"""Constants in which identities begin."""


def values(inst: Op, sample: Sample) -> Check:
    """Result types as infer says, and numbers as NumPy has them where the op has a meaning there."""

    def add(program: Program) -> None:
        fn = program.define(inst, sample.operands)
        at = program.call(fn, sample.operands)
        expected = program.module.signature(fn).outputs
        program.then(lambda results: look(results[at], expected))

    def look(outs: Sequence[np.ndarray], expected: Sequence[Aval]) -> None:
        for out, aval in zip(outs, expected, strict=True):
            assert out.shape == aval.shape, f"{inst}: infer says {aval}, execution gives {out.shape}"
            assert out.dtype == aval.physical.dtype, f"{inst}: infer says {aval}, execution gives {out.dtype}"
        reference = getattr(inst, "reference", None)
        if reference is not None:
            with np.errstate(all="ignore"):
                wanted = reference(*sample.operands)
            for out, want in zip(outs, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
                close(out, np.asarray(want), f"{told(inst, sample)}: against NumPy", sample.tolerance)

    return add


def folding(inst: Op, sample: Sample) -> Iterator[Check]:
    """A constant operand gives the numbers that an unknown one gives, whatever folds."""
    if not inst.can_fold or any(x.size > 64 or x.dtype.kind == "c" for x in sample.operands):
        return
    positions = range(len(sample.operands))
    for i in positions:
        dtype = sample.operands[i].dtype
        for splat in {np.array(v).astype(dtype).item() for v in SPLATS if v >= 0 or dtype.kind != "u"}:
            held = np.full(sample.operands[i].shape, splat, dtype)
            operands = [held if k == i else x for k, x in enumerate(sample.operands)]
            yield _folded(
                inst, sample, operands, [k == i for k in positions], f"operand {i} constant {splat}"
            )
    yield _folded(inst, sample, sample.operands, [True] * len(positions), "all operands constant")


def _folded(
    inst: Op, sample: Sample, operands: Sequence[np.ndarray], constant: Sequence[bool], which: str
) -> Check:
    def add(program: Program) -> None:
        given = [program.give(x) for x in operands]
        held = [program.b.constant(x) if c else v for x, v, c in zip(operands, given, constant, strict=True)]
        plain, folded = (program.take(program.b.emit(inst, each)) for each in (given, held))

        def look(results: list[np.ndarray]) -> None:
            for got, want in zip(results[folded], results[plain], strict=True):
                close(got, want, f"{told(inst, sample)}: fold with {which}", sample.tolerance)

        program.then(look)

    return add


def batching(inst: Op, sample: Sample) -> Check | None:
    """A batch against a loop over it, for every combination of batched operands."""
    if not sample.operands or isinstance(inst.batch, NoRule):
        return None

    def add(program: Program) -> None:
        batched_like_loop(
            program, program.define(inst, sample.operands), sample.operands, told(inst, sample), sample
        )

    return add


def masks_of(count: int) -> list[Mask]:
    """Every combination of batched operands, but none batched."""
    return [m for m in itertools.product((False, True), repeat=count) if any(m)]


def batched_like_loop(
    program: Program,
    fn: str,
    operands: Sequence[np.ndarray],
    what: str,
    sample: Sample,
    masks: Sequence[Mask] | None = None,
) -> None:
    """Adds the batch of `fn` for each mask, and the calls that it stands for."""
    others = [shuffled(x) for x in operands]
    pairs = [np.stack(each) for each in zip(operands, others, strict=True)]
    first = program.call(fn, operands)
    count = len(program.module.signature(fn).outputs)
    for mask in masks_of(len(operands)) if masks is None else masks:
        made = program.b.batch_of(fn, mask, BATCH, (True,) * count)
        chosen = zip(mask, pairs, operands, strict=True)
        at_once = program.call(made.fn, [pair if m else x for m, pair, x in chosen])
        chosen = zip(mask, others, operands, strict=True)
        second = program.call(fn, [other if m else x for m, other, x in chosen])

        def look(
            results: list[np.ndarray], mask: Mask = mask, at_once: slice = at_once, second: slice = second
        ) -> None:
            for out, *each in zip(results[at_once], results[first], results[second], strict=True):
                close(out, np.stack(each), f"{what}: batch of {mask} against a loop", sample.tolerance)

        program.then(look)


def told(inst: Op, sample: Sample) -> str:
    """An op on a sample, for messages."""
    return f"{inst} on {', '.join(str(Aval.of(x.shape, x.dtype)) for x in sample.operands)}"
