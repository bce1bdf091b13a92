"""What the linear part of a scan needs of the forward steps, and where it gets that from.

A value of a step that is a constant or a slice of `xs` or `ys` is at hand already. One that depends on
nothing but constants is computed once, before the loop. One that takes a few cheap operations on others is
computed again. Only the rest is stacked, one entry a step.
"""

from collections.abc import Iterable
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import read_op
from weft_compiler.flatten import extract, flattened, needed_ops
from weft_compiler.module import Function
from weft_compiler.transforms import Linearized

Place = tuple[str, int]
"""Where a value is: `("const", 2)`; kinds are const, slice, result, invariant, stacked, again."""

# A pass over memory costs more than these: one or two instructions for each element.
_LIGHT = {"abs", "add", "and", "clamp", "compare", "convert", "imag", "max", "min", "mul", "neg", "not", "or"}
_LIGHT |= {"real", "reshape", "select", "sign", "sub"}
_MOST_AGAIN = 12
"""So many operations are done again at most to save one value from being stacked."""


class StepResiduals:
    """The forward body of a scan, without calls, and the place of each residual: `places`."""

    def __init__(self, b: Any, scan: Any, made: Linearized) -> None:
        from weft_compiler.passes.cse import eliminate_common
        from weft_compiler.passes.simplify import simplify

        self.module = b.module
        self.name = made.fwd
        self.flat: Function = flattened(b.module, made.fwd)
        simplify(b.module, self.flat)
        eliminate_common(b.module, self.flat)
        count = len(made.out_active)
        returned = self.flat.returned()
        self.results, residuals = returned[:count], returned[count:]
        self.arguments = scan.groups(list(self.flat.body.arguments))
        self._place_of: dict[ir.Value, Place] = {}
        self._at_hand(scan, residuals)
        self._thin_out(residuals)
        self.places = tuple(self._place_of[v] for v in residuals)

    def _at_hand(self, scan: Any, residuals: list[ir.Value]) -> None:
        """Places of what is there anyway; what is left is stacked for now."""
        place_of = self._place_of
        varying = self._varying()
        place_of.update((v, ("const", i)) for i, v in enumerate(self.arguments[0]))
        place_of.update((v, ("slice", i)) for i, v in enumerate(self.arguments[2]))
        for i, v in enumerate(self.results):
            if i >= scan.carry and v in varying:
                place_of.setdefault(v, ("result", i))
        for v in residuals:
            kind = "stacked" if v in varying else "invariant"
            place_of.setdefault(v, (kind, len(self.of_kind(kind))))

    def _varying(self) -> set[ir.Value]:
        """Values for which ops are needed that take something of a step.

        This is more than what depends on it: the counter of an inner loop does not, but the loop does.
        """
        varying = {v for group in self.arguments[1:] for v in group}
        for op in self.flat.operations():
            if any(v in varying for v in op.operands):
                varying.update(op.results)
        return varying

    def _thin_out(self, residuals: list[ir.Value]) -> None:
        """Stacks nothing that a few cheap operations give again from what is kept, last to first."""
        candidates = [v for v in dict.fromkeys(residuals) if self._place_of[v][0] == "stacked"]
        kept, again = [], []
        for v in reversed(candidates):
            del self._place_of[v]
            if self._is_easy(v):
                again.append(v)
            else:
                kept.append(v)
                self._place_of[v] = ("stacked", 0)
        self._place_of.update((v, ("stacked", i)) for i, v in enumerate(reversed(kept)))
        self._sources = self._needed(again)
        self._place_of.update((v, ("again", i)) for i, v in enumerate(reversed(again)))

    def _is_easy(self, value: ir.Value) -> bool:
        todo, seen = [value], set[ir.Value]()
        while todo:
            v = todo.pop()
            if v in self._place_of or v in seen:
                continue
            seen.add(v)
            if isinstance(v.owner, ir.Block) or len(seen) > _MOST_AGAIN:
                return False
            inst = read_op(v.owner.operation)
            if not (inst.is_cheap or inst.name in _LIGHT):
                return False
            todo.extend(v.owner.operation.operands)
        return True

    def _needed(self, outputs: list[ir.Value]) -> list[ir.Value]:
        """Values at hand from which `outputs` are computed again."""
        inputs = list(self._place_of)
        touched = [v for o in needed_ops(self.module, self.flat, inputs, outputs) for v in o.operands]
        return [v for v in dict.fromkeys(touched) if v in self._place_of]

    def of_kind(self, kind: str) -> list[ir.Value]:
        """Values of one kind of place, in the order of their numbers."""
        found = [(i, v) for v, (k, i) in self._place_of.items() if k == kind]
        return [v for _, v in sorted(found, key=lambda pair: pair[0])]

    def used(self, kind: str) -> tuple[int, ...]:
        """Numbers of the places of a kind that the linear part looks at."""
        looked_at = {*self.places, *(self._place_of[v] for v in self._sources)}
        return tuple(sorted(i for k, i in looked_at if k == kind))

    def sources(self) -> tuple[Place, ...]:
        """Where what is computed again comes from: the arguments of `again()`."""
        return tuple(self._place_of[v] for v in self._sources)

    def hoist(self) -> str:
        """A function of the constants that computes the invariants; none is made where there are none."""
        wanted = self.of_kind("invariant")
        return self._extract("hoist", self.arguments[0], wanted) if wanted else ""

    def again(self) -> str:
        """A function of the sources that computes again what is not stacked; none where there is nothing."""
        wanted = self.of_kind("again")
        return self._extract("again", self._sources, wanted) if wanted else ""

    def forward(self) -> str:
        """The body that takes the invariants and gives, beside its results, what is stacked."""
        inputs = [*self.arguments[0], *self.of_kind("invariant"), *self.arguments[1], *self.arguments[2]]
        return self._extract("step", inputs, [*self.results, *self.of_kind("stacked")], effects=True)

    def _extract(
        self, suffix: str, inputs: Iterable[ir.Value], outputs: Iterable[ir.Value], *, effects: bool = False
    ) -> str:
        name = f"{self.name}.{suffix}"
        return extract(self.module, self.flat, name, list(inputs), list(outputs), effects=effects).name
