"""Transposing a scan: the steps in the other order, from cotangents of the last carry to those of the first.

What every step adds to the cotangent of a constant is summed in the carry; cotangents of slices are stacked.
"""

from collections.abc import Sequence
from typing import Any

from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.loop_bodies import settled, tangents_of
from weft_compiler.masks import Mask, inverse, marks, parts, picked, present, spread
from weft_compiler.transforms import Transposed


def transpose_scan(b: Any, scan: Any, cts: Sequence[Any], xs: Sequence[Any]) -> tuple[Any, ...]:
    """Cotangents of the linear operands of a scan, None for the others."""
    consts, first, slices = scan.groups(tuple(b.is_linear(x) for x in xs))
    carry = (True,) * len(first)  # one that starts as a constant starts as zero
    linear = (consts, carry, slices)
    every = (*consts, *carry, *slices)
    ct_last, ct_ys = parts(cts, scan.carry)
    made, live = settled(
        marks(ct_last),
        lambda k: b.transpose_of(scan.body, every, (*k, *marks(ct_ys))),
        lambda made: scan.groups(spread(every, made.nonzero))[1],
    )
    nonzero = tuple(tuple(m is True for m in group) for group in scan.groups(spread(every, made.nonzero)))
    known = scan.groups([None if b.is_linear(x) else x for x in xs])
    sums = [b.zeros(x.aval) for x in picked(scan.groups(xs)[0], nonzero[0])]
    ct_live = present(tangents_of(b, scan.groups(xs)[1], ct_last, live))
    body = b.once(
        ("scan.transpose", made.fn, scan.consts, scan.carry),
        lambda: _body(b, scan, made, linear, nonzero, live, marks(ct_ys)),
    )
    backwards = scan.replace(
        body=body,
        consts=len(present(known[0])),
        carry=len(sums) + len(ct_live),
        reverse=not scan.reverse,
    )
    outs = b.emit(backwards, (*present(known[0]), *sums, *ct_live, *present(ct_ys), *present(known[2])))
    of_consts, of_carry, of_slices = parts(outs, len(sums), len(ct_live))
    made_cts = (*spread(nonzero[0], of_consts), *spread(live, of_carry), *spread(nonzero[2], of_slices))
    return tuple(ct if b.is_linear(x) else None for ct, x in zip(made_cts, xs, strict=True))


def _body(
    b: Any,
    scan: Any,
    made: Transposed,
    linear: tuple[Mask, ...],
    nonzero: tuple[Mask, ...],
    live: Mask,
    ys: Mask,
) -> str:
    """The body of the backwards loop.

    (known constants; sums, cotangents of the carry; those of ys, known slices) -> (sums, carry; of slices)
    """
    forward = b.module.signature(scan.body)
    consts, carry, slices = scan.groups(forward.inputs)
    known = picked(consts, inverse(linear[0])), picked(slices, inverse(linear[2]))
    of_consts, of_carry = picked(consts, nonzero[0]), picked(carry, live)
    of_ys = picked(forward.outputs[scan.carry :], ys)

    def write(inner: Any, *args: Val) -> list[Val]:
        sizes = len(known[0]), len(of_consts), len(of_carry), len(of_ys)
        same, sums, cts, ct_ys, along = parts(args, *sizes)
        outs = inner.call(made.fn, (*cts, *ct_ys, *same, *along))
        parts_of = parts(outs, sum(nonzero[0]), sum(nonzero[1]))
        added = [inner.add(total, ct) for total, ct in zip(sums, parts_of[0], strict=True)]
        back = zip(spread(nonzero[1], parts_of[1]), live, carry, strict=True)
        new = [inner.zeros(a) if ct is None else ct for ct, is_live, a in back if is_live]
        return [*added, *new, *parts_of[2]]

    return b.define(f"{made.fn}.step", [*known[0], *of_consts, *of_carry, *of_ys, *known[1]], write)
