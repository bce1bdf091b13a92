"""Linearizing a scan: what its linear part needs of the forward steps, and where it gets that from.

A value of a step that is a constant or a slice of `xs` or `ys` is at hand already. One that depends on
nothing but constants is computed once, before the loop. Only the rest is stacked, one entry a step.
"""

from typing import Any, NamedTuple

from weft_compiler.bindings import ir
from weft_compiler.dependence import dependence
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.loop_bodies import settled
from weft_compiler.flatten import extract, flattened
from weft_compiler.masks import Mask, parts, picked
from weft_compiler.module import Function
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
    count: int
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
    body = _Body(b, scan, made)
    invariants = body.of_kind("invariant")
    plan = SplitScan(
        hoist="",
        forward="",
        linear="",
        count=len(made.out_active),
        carry=carry,
        out_active=made.out_active,
        invariants=len(invariants),
        consts=body.indices("const"),
        slices=body.indices("slice"),
        results=body.indices("result"),
    )
    forward, hoist = body.forward(), body.hoist()
    linear = _linear_body(b, scan, made, body.places, (active[0], carry, active[2]), plan)
    b.module.remove_function(body.flat.name)
    return plan._replace(hoist=hoist, forward=forward, linear=linear)


Place = tuple[str, int]
"""Where a residual is: `("const", 2)`; kinds are const, slice, result, invariant, stacked."""


class _Body:
    """The forward body without calls, and the place of each of its residuals."""

    def __init__(self, b: Any, scan: Any, made: Linearized) -> None:
        self.b = b
        self.name = made.fwd
        self.count = len(made.out_active)
        self.flat: Function = flattened(b.module, made.fwd)
        self.arguments = scan.groups(list(self.flat.body.arguments))
        returned = self.flat.returned()
        self.results, self.residuals = returned[: self.count], returned[self.count :]
        moving = len(self.flat.args) - scan.consts
        varies = dependence(b.module, self.flat.name, (False,) * scan.consts + (True,) * moving)
        self.values: dict[Place, ir.Value] = {}
        self._place_of: dict[ir.Value, Place] = {}
        for i, v in enumerate(self.arguments[0]):
            self._place_of[v] = ("const", i)
        for i, v in enumerate(self.arguments[2]):
            self._place_of[v] = ("slice", i)
        for i in range(scan.carry, self.count):
            self._place_of.setdefault(self.results[i], ("result", i))
        self.places = tuple(
            self._place(v, is_varying)
            for v, is_varying in zip(self.residuals, varies[self.count :], strict=True)
        )

    def _place(self, value: ir.Value, varies: bool) -> Place:
        place = self._place_of.get(value)
        if place is None or (place[0] == "result" and not varies):
            kind = "stacked" if varies else "invariant"
            place = self._place_of[value] = (kind, len(self.of_kind(kind)))
        self.values[place] = value
        return place

    def of_kind(self, kind: str) -> list[ir.Value]:
        """Residuals of one kind, in the order of their numbers."""
        return [self.values[p] for p in sorted(p for p in self.values if p[0] == kind)]

    def indices(self, kind: str) -> tuple[int, ...]:
        """Numbers of the places of one kind."""
        return tuple(sorted(i for k, i in self.values if k == kind))

    def hoist(self) -> str:
        """A function of the constants that computes the invariants; none is made where there are none."""
        wanted = self.of_kind("invariant")
        if not wanted:
            return ""
        return extract(self.b.module, self.flat, f"{self.name}.hoist", self.arguments[0], wanted).name

    def forward(self) -> str:
        """The body that takes the invariants and gives, beside its results, what is stacked."""
        inputs = [*self.arguments[0], *self.of_kind("invariant"), *self.arguments[1], *self.arguments[2]]
        outputs = [*self.results, *self.of_kind("stacked")]
        name = f"{self.name}.step"
        return extract(self.b.module, self.flat, name, inputs, outputs, effects=True).name


def _linear_body(
    b: Any,
    scan: Any,
    made: Linearized,
    places: tuple[Place, ...],
    active: tuple[Mask, Mask, Mask],
    plan: SplitScan,
) -> str:
    fwd, lin = b.module.signature(made.fwd), b.module.signature(made.lin)
    avals = dict(zip(places, fwd.outputs[plan.count :], strict=True))
    dconsts, dcarry, dslices = (
        tuple(picked(group, mask)) for group, mask in zip(scan.groups(fwd.inputs), active, strict=True)
    )
    same = [("const", i) for i in plan.consts] + [("invariant", i) for i in range(plan.invariants)]
    along = [("slice", i) for i in plan.slices] + [("result", i) for i in plan.results]
    along += sorted(p for p in avals if p[0] == "stacked")

    def write(inner: Any, *args: Val) -> tuple[Val, ...]:
        sizes = len(dconsts), len(same), len(dcarry), len(dslices)
        of_consts, held, of_carry, of_slices, rest = parts(args, *sizes)
        at = dict(zip((*same, *along), (*held, *rest), strict=True))
        return inner.call(made.lin, (*of_consts, *of_carry, *of_slices, *(at[p] for p in places)))

    inputs = [*dconsts, *(avals[p] for p in same), *dcarry, *dslices, *(avals[p] for p in along)]
    assert len(lin.inputs) == len(dconsts) + len(dcarry) + len(dslices) + len(places)
    return b.define(f"{made.lin}.step", inputs, write)
