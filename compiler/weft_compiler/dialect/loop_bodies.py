"""What loops share: how a mark spreads through the carried values, and bodies that carry tangents too."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.masks import Mask, parts, picked, present, spread, union
from weft_compiler.transforms import Jvp

T = TypeVar("T")


def carried(carry: Mask, step: Callable[[Mask], Mask]) -> Mask:
    """Which carried values end up marked; `step` maps marks of the carry to marks of the body's results."""
    while True:
        grown = union([carry, step(carry)[: len(carry)]])
        if grown == carry:
            return carry
        carry = grown


def settled(carry: Mask, make: Callable[[Mask], T], marks_of: Callable[[T], Mask]) -> tuple[T, Mask]:
    """A transformed body whose carry comes out marked as it went in."""
    while True:
        made = make(carry)
        grown = union([carry, marks_of(made)[: len(carry)]])
        if grown == carry:
            return made, carry
        carry = grown


def with_tangents(groups: Sequence[Sequence[Any]], tangents: Sequence[Sequence[Any]]) -> list[Any]:
    """Each group of values, and behind it the tangents of those that have one."""
    return [v for group, dxs in zip(groups, tangents, strict=True) for v in (*group, *present(dxs))]


def tangents_of(b: Any, xs: Sequence[Val], dxs: Sequence[Any], wanted: Mask) -> list[Any]:
    """Tangents of the `wanted` values, zeros where they have none; None for the others."""
    zipped = zip(xs, dxs, wanted, strict=True)
    return [None if not is_wanted else b.zeros(x.aval) if d is None else d for x, d, is_wanted in zipped]


def jvp_body(b: Any, made: Jvp, groups: Sequence[Sequence[Aval]], active: Sequence[Mask], carry: int) -> str:
    """A loop body that keeps tangents beside their primals.

    Arguments: each group, then the tangents of its active values. Results: the carry, its tangents, the other
    results, theirs.
    """
    tangents = [spread(mask, picked(group, mask)) for group, mask in zip(groups, active, strict=True)]
    sizes = [n for group, mask in zip(groups, active, strict=True) for n in (len(group), sum(mask))]

    def write(inner: Any, *args: Val) -> list[Val]:
        cut = parts(args, *sizes)[:-1]
        primals = [v for group in cut[0::2] for v in group]
        given = [v for group in cut[1::2] for v in group]
        outs, douts = made.split(inner.call(made.fn, (*primals, *given)))
        return with_tangents(parts(outs, carry), parts(douts, carry))

    return b.define(f"{made.fn}.body", with_tangents(groups, tangents), write)
