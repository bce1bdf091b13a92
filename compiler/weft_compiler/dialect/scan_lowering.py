"""Lowering a scan: a counted loop that takes slices of `xs` and puts slices of `ys` into their places."""

from collections.abc import Sequence
from typing import Any

from weft_compiler.avals import INT32, INT64, Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.masks import parts

_INT32_LIMIT = 2**31


def lower_scan(b: Any, scan: Any, operands: Sequence[Val]) -> tuple[Val, ...]:
    """A scan in StableHLO. What is left over when `unroll` does not divide the length follows the loop."""
    return _Lowering(b, scan, operands).results()


class _Lowering:
    def __init__(self, b: Any, scan: Any, operands: Sequence[Val]) -> None:
        self.b, self.scan = b, scan
        physical = [Val(v.ir, v.aval.physical) for v in operands]
        self.consts, self.carry, self.xs = scan.groups(physical)
        self.outs: tuple[Aval, ...] = b.outs
        self.ys = [a.physical for a in self.outs[scan.carry :]]
        is_known = isinstance(scan.length, int)
        self.unroll = max(1, min(scan.unroll, scan.length)) if is_known else 1
        self.counter = Aval.of((), INT32 if scan.length < _INT32_LIMIT else INT64)

    def results(self) -> tuple[Val, ...]:
        turns = self.scan.length // self.unroll
        if isinstance(turns, int) and turns <= 1:
            carry, ys = self._straight()
        else:
            carry, ys = self._loop(turns * self.unroll)
        return tuple(self.b.keys(v, a) for v, a in zip((*carry, *ys), self.outs, strict=True))

    def _straight(self) -> tuple[Sequence[Val], Sequence[Val]]:
        """All steps one after the other: no loop, and every index is known."""
        b, carry = self.b, self.carry
        rows: list[list[Val]] = [[] for _ in self.ys]
        order = range(self.scan.length)
        for i in reversed(order) if self.scan.reverse else order:
            carry, made = self._step(carry, [self._slice_at(x, i) for x in self.xs])
            for row, y in zip(rows, made, strict=True):
                row.append(b.reshape(y, shape=(1, *y.shape)))
        if self.scan.reverse:
            rows = [row[::-1] for row in rows]
        zipped = zip(rows, self.ys, strict=True)
        return carry, [b.concatenate(*row, axis=0) if row else b.zeros(a) for row, a in zipped]

    def _step(self, carry: Sequence[Val], slices: Sequence[Val]) -> tuple[Sequence[Val], Sequence[Val]]:
        inputs = self.b.module.signature(self.scan.body).inputs
        given = zip((*self.consts, *carry, *slices), inputs, strict=True)
        outs = self.b.call_lowered(self.scan.body, [self.b.keys(v, a) for v, a in given])
        physical = [Val(v.ir, v.aval.physical) for v in outs]
        last, ys = parts(physical, self.scan.carry)
        return last, ys

    def _slice_at(self, x: Val, i: int) -> Val:
        rest = x.shape[1:]
        start, limit = (i, *(0 for _ in rest)), (i + 1, *rest)
        return self.b.reshape(self.b.slice(x, start=start, limit=limit, strides=(1,) * x.ndim), shape=rest)

    def _loop(self, covered: int) -> tuple[Sequence[Val], Sequence[Val]]:
        """`covered` steps in a loop, the rest behind it. What does not change goes round as it is."""
        b = self.b
        buffers = [b.zeros(a) for a in self.ys]
        state = [b.zeros(self.counter), *self.consts, *self.carry, *self.xs, *buffers]
        avals = [v.aval for v in state]
        made = b.stablehlo.op("stablehlo.while", state, avals, 2)

        def goes_on(i: Val, *_: Val) -> list[Val]:
            return [b.compare(i, b.full(self.counter, covered), direction="LT")]

        b.stablehlo.region(0, avals, goes_on)
        b.stablehlo.region(1, avals, self._turn)
        carry: Sequence[Val]
        ys: Sequence[Val]
        _, _, carry, _, ys = self._cut(made if type(made) is tuple else (made,))
        for step in range(covered, self.scan.length) if covered != self.scan.length else ():
            carry, ys = self._one(b.full(self.counter, step), carry, self.xs, ys)
        return carry, ys

    def _cut(self, state: Sequence[Val]) -> list[tuple[Val, ...]]:
        return parts(state, 1, len(self.consts), len(self.carry), len(self.xs))

    def _turn(self, *state: Val) -> list[Val]:
        b = self.b
        carry: Sequence[Val]
        ys: Sequence[Val]
        (i,), consts, carry, xs, ys = self._cut(state)
        outer, self.consts = self.consts, consts
        try:
            for k in range(self.unroll):
                at = b.add(i, b.full(self.counter, k)) if k else i
                carry, ys = self._one(at, carry, xs, ys)
        finally:
            self.consts = outer
        return [b.add(i, b.full(self.counter, self.unroll)), *consts, *carry, *xs, *ys]

    def _one(
        self, step: Val, carry: Sequence[Val], xs: Sequence[Val], ys: Sequence[Val]
    ) -> tuple[Sequence[Val], Sequence[Val]]:
        b = self.b
        at = b.sub(b.full(self.counter, self.scan.length - 1), step) if self.scan.reverse else step
        carry, rows = self._step(carry, [self._dynamic_slice(x, at) for x in xs])
        return carry, [self._updated(y, row, at) for y, row in zip(ys, rows, strict=True)]

    def _indices(self, at: Val, ndim: int) -> list[Val]:
        return [at, *(self.b.zeros(self.counter) for _ in range(ndim - 1))]

    def _dynamic_slice(self, x: Val, at: Val) -> Val:
        sizes = (1, *x.shape[1:])
        indices = self._indices(at, x.ndim)
        row = self.b.stablehlo.dynamic_slice(x, *indices, result=x.aval.with_shape(sizes), slice_sizes=sizes)
        return self.b.reshape(row, shape=x.shape[1:])

    def _updated(self, y: Val, row: Val, at: Val) -> Val:
        update = self.b.reshape(row, shape=(1, *row.shape))
        return self.b.stablehlo.dynamic_update_slice(y, update, *self._indices(at, y.ndim), result=y.aval)
