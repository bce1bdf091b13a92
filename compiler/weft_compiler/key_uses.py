"""Analysis: which keys a function consumes, and the second use of a key that has been consumed.

Every element of every array of keys in a function has a number; an array of keys is followed as the array of its
elements' numbers. What a function does to the keys it is given is found once, in these terms, and then applied to
the keys of each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.module import Module

Numbers = np.ndarray
"""The numbers of the elements of an array of keys, in its shape."""
Keys = Numbers | None
"""None for what holds no keys."""

NEW = -1
"""In the results of a function: a key that it has made."""


@dataclass(frozen=True)
class Use:
    """The consumption of a key by an op. `calls` are the places of the calls around it, the innermost first."""

    op: str
    loc: ir.Location
    calls: tuple[ir.Location, ...] = ()

    def inside(self, loc: ir.Location) -> Use:
        """The same, seen from a call of the function that it stands in."""
        return replace(self, calls=(*self.calls, loc))


class KeyReuse(DiagnosticError):
    """A key is consumed twice: by `first`, then by `second`; `places` are where the ways to the two part."""

    def __init__(self, first: Use, second: Use, *, at_once: bool = False) -> None:
        self.first, self.second, self.at_once = first, second, at_once
        self.in_loop = first == second and not at_once
        self.places = _parting(first, second)
        if at_once:
            what = "takes the same key twice"
            hint = "split it, for a key for each use"
        elif self.in_loop:
            what = "consumes the same key in each turn of a loop"
            hint = "split it, or fold in the number of the turn"
        else:
            what = f"consumes a key that is already consumed by {first.op}"
            hint = "split it, for a key for each use"
        self.hint = hint
        message = f"{second.op} {what}, so it gives the same numbers again: {hint}"
        notes = [] if first == second else [("first use", self.places[0])]
        super().__init__(message, self.places[1], notes)


def _parting(first: Use, second: Use) -> tuple[ir.Location, ir.Location]:
    """The innermost places, from the ops outwards, in which two uses differ."""
    pairs = zip((first.loc, *first.calls), (second.loc, *second.calls), strict=False)
    return next((pair for pair in pairs if pair[0] != pair[1]), (first.loc, second.loc))


@dataclass(frozen=True)
class Summary:
    """What a function does with the keys that it is given."""

    consumed: tuple[tuple[int, Numbers, Use], ...]
    """Arguments in order of consumption, which of their elements, and where."""
    results: tuple[Keys, ...]
    """For each element of the results its number among those of all arguments, or NEW."""
    starts: tuple[int, ...]
    """The number of the first element of each argument."""


class KeyUses:
    """The keys of a module. Raises KeyReuse as soon as a function that is asked for uses one twice."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._summaries: dict[str, Summary] = {}

    def summary(self, fn: str) -> Summary:
        """What a function does; the functions that it calls come first."""
        found = self._summaries.get(fn)
        if found is None:
            found = self._summaries[fn] = Walk(self, fn).run()
        return found


class Walk:
    """One walk over a function. Ops are asked for `use_keys(walk, *keys)`."""

    def __init__(self, uses: KeyUses, fn: str) -> None:
        self.module = uses.module
        self.summary = uses.summary
        self.function = self.module.function(fn)
        self._users: list[Use | None] = []  # by number
        self._log: list[tuple[Numbers, Use]] = []
        self._same: dict[Any, Any] = {}
        self._equal: dict[ir.Value, object] = {}
        self.step: Step

    def run(self) -> Summary:
        """Follows the keys from the arguments to the results."""
        function = self.function
        if function.is_declaration:
            return Summary((), tuple(None for _ in function.signature.outputs), ())
        env: dict[ir.Value, Keys] = {}
        starts = []
        for arg in function.args:
            starts.append(len(self._users))
            env[arg.ir] = self.new(arg.aval)
        given = len(self._users)
        for step in read_body(self.module, function):
            self.step = step
            xs = [env.get(v.ir) for v in step.operands]
            self._note_equal(step, xs)
            outs: Sequence[Keys] = (None,) * len(step.results)
            if step.inst.callee_attrs or any(x is not None for x in xs):
                outs = step.inst.use_keys(self, *xs) or outs
            for v, out in zip(step.results, outs, strict=True):
                env[v.ir] = self.new(v.aval) if out is None else out
        results = tuple(_seen(env.get(v), given) for v in function.returned())
        return Summary(self._consumed_arguments(starts, given), results, tuple(starts))

    def _consumed_arguments(self, starts: Sequence[int], given: int) -> tuple[tuple[int, Numbers, Use], ...]:
        made = []
        bounds = [*starts, given]
        told = np.zeros(given, bool)  # of what several branches use up, the first use is told
        for numbers, use in self._log:
            for i, start in enumerate(starts):
                own = numbers[(numbers >= start) & (numbers < bounds[i + 1])]
                own = own[~told[own]]
                told[own] = True
                if own.size:
                    made.append((i, own - start, use))
        return tuple(made)

    def _note_equal(self, step: Step, xs: Sequence[Keys]) -> None:
        """Equal values without keys get equal names, so that the same index twice is known as one."""
        if step.inst.callee_attrs or step.inst.has_effect:
            return
        key = (step.inst, self._operands(step, xs))
        for i, v in enumerate(step.results):
            self._equal[v.ir] = self._same.setdefault((key, i), v.ir)

    def _operands(self, step: Step, xs: Sequence[Keys]) -> tuple[object, ...]:
        pairs = zip(step.operands, xs, strict=True)
        return tuple(self._equal.get(v.ir, v.ir) if x is None else x.tobytes() for v, x in pairs)

    # What ops ask for

    def new(self, aval: Aval) -> Keys:
        """Keys that have not been used yet; None where `aval` holds none."""
        if aval.kind != "k":
            return None
        start = len(self._users)
        self._users.extend([None] * aval.size)
        return np.arange(start, start + aval.size, dtype=np.int64).reshape(aval.shape)

    def consume(self, numbers: Numbers, use: Use | None = None) -> None:
        """Uses keys up. Raises KeyReuse for one that is used up already."""
        use = use or Use(self.step.inst.name, self.step.loc)
        flat = np.unique(numbers)
        for n in flat:
            first = self._users[n]
            if first is not None:
                raise KeyReuse(first, use)
        for n in flat:
            self._users[n] = use
        if flat.size:
            self._log.append((flat, use))

    def consumed(self, xs: Sequence[Keys]) -> None:
        """The op uses its keys up, and gives new ones."""
        self._check_apart(xs)
        for x in xs:
            if x is not None:
                self.consume(x)

    def kept(self, xs: Sequence[Keys]) -> None:
        """The op looks at its keys without using them up."""

    def derived(self, xs: Sequence[Keys]) -> Sequence[Keys]:
        """The op makes new keys, the same ones whenever its operands are the same."""
        key = ("derived", self.step.inst, self._operands(self.step, xs))
        if key not in self._same:
            self._same[key] = [self.new(v.aval) for v in self.step.results]
        return self._same[key]

    def same(self, xs: Sequence[Keys]) -> Sequence[Keys]:
        """The op hands its operands on."""
        return xs

    def moved(self, xs: Sequence[Keys]) -> Sequence[Keys]:
        """The op puts elements elsewhere, as its `reference` does."""
        inst: Any = self.step.inst
        return (np.asarray(inst.reference(*xs)),)

    def joined(self, xs: Sequence[Keys]) -> Sequence[Keys]:
        """The same for arrays that are put together: none may be there twice."""
        self._check_apart(xs)
        return self.moved(xs)

    def _check_apart(self, xs: Sequence[Keys]) -> None:
        """Fails if two operands have a key in common."""
        apart = [np.unique(x) for x in xs if x is not None]
        if len(apart) > 1 and max(np.unique(np.concatenate(apart), return_counts=True)[1], default=0) > 1:
            use = Use(self.step.inst.name, self.step.loc)
            raise KeyReuse(use, use, at_once=True)

    def call(self, fn: str, xs: Sequence[Keys]) -> list[Keys]:
        """Calls a function with these keys; the keys among its results."""
        return self.apply(self.summary(fn), xs, self.module.signature(fn).outputs)

    def apply(self, summary: Summary, xs: Sequence[Keys], avals: Sequence[Aval]) -> list[Keys]:
        """What a function does, done to the keys of a call; `avals` are those of the results."""
        for i, which, use in summary.consumed:
            self.consume(_given(xs[i]).ravel()[which], use.inside(self.step.loc))
        return [
            self._result(summary, codes, xs, aval) for codes, aval in zip(summary.results, avals, strict=True)
        ]

    def _result(self, summary: Summary, codes: Keys, xs: Sequence[Keys], aval: Aval) -> Keys:
        if codes is None or aval.kind != "k":
            return None
        made = _given(self.new(aval)).ravel()
        for at, code in enumerate(codes.ravel()):
            if code != NEW:
                i = int(np.searchsorted(summary.starts, code, side="right")) - 1
                made[at] = _given(xs[i]).ravel()[code - summary.starts[i]]
        return made.reshape(aval.shape)

    def batched_call(
        self, fn: str, xs: Sequence[Keys], in_axes: Sequence[int], out_axes: Sequence[int], size: int
    ) -> list[Keys]:
        """Calls a function for each slice along the axes: what is the same for all is used once."""
        summary, outputs = self.summary(fn), self.module.signature(fn).outputs
        rows = []  # one row of elements for each slice
        for x, axis in zip(xs, in_axes, strict=True):
            moved = x if x is None or axis < 0 else np.moveaxis(x, axis, 0)
            rows.append(None if moved is None else moved.reshape(1 if axis < 0 else size, -1))
        for i, which, use in summary.consumed:
            self.consume(_given(rows[i])[:, which], use.inside(self.step.loc))
        made: list[Keys] = []
        for codes, aval, axis in zip(summary.results, outputs, out_axes, strict=True):
            count = 1 if axis < 0 else size
            out = self.new(aval.with_shape((count, aval.size)))
            if out is None or codes is None:
                made.append(None)
                continue
            for at, code in enumerate(codes.ravel()):
                if code != NEW:
                    i = int(np.searchsorted(summary.starts, code, side="right")) - 1
                    out[:, at] = _given(rows[i])[:, code - summary.starts[i]]
            whole = out.reshape((count, *aval.shape))
            made.append(whole[0] if axis < 0 else np.moveaxis(whole, 0, axis))
        return made

    def either(self, ways: Sequence[Callable[[], Sequence[Keys]]]) -> list[Keys]:
        """Several ways of which one is taken: what any of them uses up is used up."""
        before, seen = list(self._users), len(self._log)
        used: list[tuple[Numbers, Use]] = []
        outs: list[Sequence[Keys]] = []
        for way in ways:
            self._users[: len(before)] = before
            outs.append(way())
            used.extend(self._log[seen:])
            del self._log[seen:]
        for numbers, use in used:
            for n in numbers:
                self._users[n] = self._users[n] or use
            self._log.append((numbers, use))
        # Numbers grow: what was there before is told rather than what a branch has made.
        return [None if each[0] is None else np.minimum.reduce(each) for each in zip(*outs, strict=True)]


def _given(x: Keys) -> Numbers:
    assert x is not None, "a function consumes an argument that holds no keys"
    return x


def _seen(numbers: Keys, given: int) -> Keys:
    """Numbers as a caller sees them."""
    return None if numbers is None else np.where(numbers < given, numbers, NEW)
