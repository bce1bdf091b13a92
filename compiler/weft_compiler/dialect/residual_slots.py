"""Residuals of alternatives: only one branch runs, so branches share the room for what they hand over."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.masks import Mask, parts, spread
from weft_compiler.saved_values import Parts, Saved, parts_of
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


def save_in_branches(b: Any, cond: Any, policy: Any) -> Parts | None:
    """A `cond` in two parts: what a policy keeps of the branches shares slots by type and memory."""
    made = [parts_of(b, f, policy) for f in cond.branches]
    room: Counter[Saved] = Counter()
    for each in made:
        room |= Counter(each.saved if each else ())
    slots = list(room.elements())
    if not slots:
        return None
    pairs = list(zip(cond.branches, made, strict=True))
    first = tuple(_saving_branch(b, f, each, slots) for f, each in pairs)
    again = tuple(_branch_again(b, f, each, slots) for f, each in pairs)
    return Parts(cond.replace(branches=first), cond.replace(branches=again), tuple(slots))


def _slots_of(made: Parts | None, slots: Sequence[Saved]) -> list[int]:
    """For each value that a branch saves, its slot."""
    free = list(range(len(slots)))
    taken = []
    for saved in made.saved if made else ():
        taken.append(next(i for i in free if slots[i] == saved))
        free.remove(taken[-1])
    return taken


def _saving_branch(b: Any, fn: str, made: Parts | None, slots: Sequence[Saved]) -> str:
    signature = b.module.signature(fn)
    count = len(signature.outputs)

    def write(inner: Any, *args: Val) -> list[Val]:
        outs = inner.call(made.first if made else fn, args)
        filled = dict(zip(_slots_of(made, slots), outs[count:], strict=True))
        return [*outs[:count], *(filled.get(i) or inner.filler(s.aval) for i, s in enumerate(slots))]

    return b.define(f"{fn}.save", signature.inputs, write)


def _branch_again(b: Any, fn: str, made: Parts | None, slots: Sequence[Saved]) -> str:
    inputs = b.module.signature(fn).inputs

    def write(inner: Any, *args: Val) -> list[Val]:
        given, filled = args[: len(inputs)], args[len(inputs) :]
        if made is None:
            return inner.call(fn, given)
        return inner.call(made.again, (*given, *(filled[i] for i in _slots_of(made, slots))))

    return b.define(f"{fn}.again", [*inputs, *(s.aval for s in slots)], write)
