"""Residuals of alternatives: only one branch runs, so branches share the room for what they hand over."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.masks import Mask, parts, spread
from weft_compiler.transforms import Linearized, Source


class SharedSlots(NamedTuple):
    """Branches with one common signature.

    `fwd`: arguments -> (results, slots); `lin`: (active tangents, the `arguments` and `results` that are
    residuals of some branch, slots) -> tangents.
    """

    fwd: tuple[str, ...]
    lin: tuple[str, ...]
    arguments: tuple[int, ...]
    results: tuple[int, ...]


def share_slots(b: Any, made: Sequence[Linearized], wanted: Mask) -> SharedSlots:
    """Gives linearized branches a common signature; residuals of one type take the same slots."""
    count = len(wanted)
    sources = [b.residual_sources(m) for m in made]
    avals = [b.module.signature(m.fwd).outputs[count:] for m in made]
    places = [_places(s, a) for s, a in zip(sources, avals, strict=True)]
    room: Counter[Aval] = Counter()
    for own in places:
        room |= Counter(aval for aval, _ in own.values())
    slots = [(aval, i) for aval, size in room.items() for i in range(size)]
    arguments, results = (
        tuple(sorted({s.position for each in sources for s in each if s.kind == kind}))
        for kind in ("argument", "result")
    )
    plan = SharedSlots((), (), arguments, results)
    fwd, lin = [], []
    for m, s, own in zip(made, sources, places, strict=True):
        fwd.append(_forward(b, m, own, slots))
        lin.append(_linear(b, m, s, own, slots, plan, wanted))
    return plan._replace(fwd=tuple(fwd), lin=tuple(lin))


Places = dict[int, tuple[Aval, int]]


def _places(sources: Sequence[Source], avals: Sequence[Aval]) -> Places:
    """The slot of each residual that nothing else holds: its type and a number within that."""
    taken: dict[Aval, int] = defaultdict(int)
    places: Places = {}
    for i, (source, aval) in enumerate(zip(sources, avals, strict=True)):
        if source.kind == "own":
            places[i] = (aval, taken[aval])
            taken[aval] += 1
    return places


def _forward(b: Any, made: Linearized, own: Places, slots: Sequence[tuple[Aval, int]]) -> str:
    count = len(made.out_active)

    def write(inner: Any, *args: Val) -> list[Val]:
        outs = inner.call(made.fwd, args)
        filled = {slot: outs[count + i] for i, slot in own.items()}
        return [*outs[:count], *(filled.get(slot) or inner.filler(slot[0]) for slot in slots)]

    return b.define(f"{made.fwd}.slots", b.module.signature(made.fwd).inputs, write)


def _linear(
    b: Any,
    made: Linearized,
    sources: Sequence[Source],
    own: Places,
    slots: Sequence[tuple[Aval, int]],
    plan: SharedSlots,
    wanted: Mask,
) -> str:
    fwd = b.module.signature(made.fwd)
    tangents = b.module.signature(made.lin).inputs[: -len(sources) or None]
    passed = [fwd.inputs[i] for i in plan.arguments] + [fwd.outputs[i] for i in plan.results]

    def write(inner: Any, *args: Val) -> list[Val]:
        sizes = len(tangents), len(plan.arguments), len(plan.results)
        dxs, given, results, filled = parts(args, *sizes)
        held = {
            "argument": dict(zip(plan.arguments, given, strict=True)),
            "result": dict(zip(plan.results, results, strict=True)),
            "own": {i: filled[slots.index(slot)] for i, slot in own.items()},
        }
        outs = spread(made.out_active, inner.call(made.lin, (*dxs, *(held[k][i] for k, i in sources))))
        zipped = zip(outs, wanted, fwd.outputs[: len(wanted)], strict=True)
        return [inner.zeros(a) if v is None else v for v, is_wanted, a in zipped if is_wanted]

    avals = [*tangents, *passed, *(aval for aval, _ in slots)]
    return b.define(f"{made.lin}.slots", avals, write)
