"""The loop over the slices of arrays: `scan`."""

import numpy as np

from weft_compiler.attributes import I64, Flag, Symbol
from weft_compiler.dialect.call import HigherOrder
from weft_compiler.dialect.loop_bodies import carried, jvp_body, settled, tangents_of, with_tangents
from weft_compiler.dialect.op import Anything, Attr, Operands, no_rule, op
from weft_compiler.dialect.scan_fixed import without_fixed
from weft_compiler.dialect.scan_lowering import lower_scan
from weft_compiler.dialect.scan_split import split_scan
from weft_compiler.dialect.scan_transpose import transpose_scan
from weft_compiler.masks import marks, parts, picked, present, spread
from weft_compiler.saved_values import Parts, parts_of


@op("scan")
class Scan(HigherOrder):
    """Runs `body` on `length` slices one after the other, handing a carry from each to the next.

    Operands: constants, the first carry, arrays `xs` with `length` as first axis. `body` maps the constants,
    the carry and one slice of each of `xs` to the next carry and one slice of each of `ys`. Results: the last
    carry, `ys` stacked along a first axis. With `reverse` the last slice comes first; `ys` lie as `xs` do.
    `unroll` steps make one turn of the loop.
    """

    args: Operands[Anything]
    body: Attr[Symbol]
    consts: Attr[I64]
    carry: Attr[I64]
    length: Attr[I64]
    reverse: Attr[Flag] = False
    unroll: Attr[I64] = 1

    results = None
    callee_attrs = ("body",)

    def groups(self, values):
        """Values of the operands as constants, carry, slices."""
        return parts(values, self.consts, self.carry)

    def infer(self, signatures, *args):
        (body,) = signatures
        if len(args) < self.consts + self.carry:
            self.fail(f"has {self.consts} constants and a carry of {self.carry}, got {len(args)} operands")
        consts, carry, xs = self.groups(args)
        for x in xs:
            if not x.ndim or x.shape[0] != self.length:
                self.fail(f"the first axis of {x} does not have the length {self.length}")
        wanted = (*consts, *carry, *(x.with_shape(x.shape[1:]) for x in xs))
        if body.inputs != wanted:
            self.fail(f"@{self.body} takes {body}, a step gives it ({', '.join(map(str, wanted))})")
        after, ys = parts(body.outputs, self.carry)
        if after != carry:
            got, had = (f"({', '.join(map(str, each))})" for each in (after, carry))
            self.fail(f"@{self.body} must give the next carry as it takes it: {had}, not {got}")
        return (*carry, *(y.with_shape((self.length, *y.shape)) for y in ys))

    def capture_position(self, callee, count):
        return self.consts

    def capturing(self, count):
        """See `TakesCaptures`."""
        return self.replace(consts=self.consts + count), self.consts

    def save_inside(self, b, policy):
        made = parts_of(b, self.body, policy)
        if made is None:
            return None
        saved = [s._replace(aval=s.aval.with_shape((self.length, *s.aval.shape))) for s in made.saved]
        return Parts(self.replace(body=made.first), self.replace(body=made.again), tuple(saved))

    def use_keys(self, walk, *xs):
        consts, carry, slices = self.groups(xs)
        has_keys = any(x is not None for x in slices)
        turns = range(self.length if has_keys else min(self.length, 2))  # the second is as all that follow
        ys = []
        for turn in reversed(turns) if self.reverse else turns:
            given = (*consts, *carry, *(None if x is None else x[turn] for x in slices))
            carry, made = parts(walk.call(self.body, given), self.carry)
            ys.append(made)
        if not has_keys or not ys:
            return (*carry, *(None for _ in walk.step.results[self.carry :]))
        columns = zip(*(reversed(ys) if self.reverse else ys), strict=True)
        return (*carry, *(None if column[0] is None else np.stack(column) for column in columns))

    def depends(self, b, mask):
        consts, carry, xs = self.groups(mask)
        carry = carried(carry, lambda k: b.dependence(self.body, (*consts, *k, *xs)))
        return (*carry, *b.dependence(self.body, (*consts, *carry, *xs))[self.carry :])

    def prune(self, b, used, xs):
        carry, ys = parts(used, self.carry)
        carry = carried(carry, lambda k: self.groups(b.needed(self.body, (*k, *ys)))[1])
        if all(carry) and all(ys):
            return None
        consts, _, slices = self.groups(b.needed(self.body, (*carry, *ys)))
        masks = consts, carry, slices
        body = b.narrowed(self.body, (*consts, *carry, *slices), (*carry, *ys))
        loop = self.replace(body=body, consts=sum(consts), carry=sum(carry))
        groups = zip(self.groups(xs), masks, strict=True)
        outs = b.emit(loop, [x for group, mask in groups for x in picked(group, mask)])
        return spread((*carry, *ys), outs)

    def jvp(self, b, *args):
        groups, tangents = self.groups(args[: len(args) // 2]), self.groups(args[len(args) // 2 :])
        active, carry = self.active(b, tangents)
        made, carry = settled(
            carry,
            lambda k: b.jvp_of(self.body, (*active[0], *k, *active[2]), self.instantiated(b, k)),
            lambda made: made.out_active,
        )
        active = (active[0], carry, active[2])
        moving = self.replace(
            body=self._jvp_body(b, made, active),
            consts=self.consts + sum(active[0]),
            carry=self.carry + sum(carry),
        )
        dcarry = tangents_of(b, groups[1], tangents[1], carry)
        outs = b.emit(moving, with_tangents(groups, (tangents[0], dcarry, tangents[2])))
        last, dlast, ys = parts(outs, self.carry, sum(carry))
        count = len(made.out_active) - self.carry
        return (*last, *ys[:count]), (
            *spread(carry, dlast),
            *spread(made.out_active[self.carry :], ys[count:]),
        )

    def active(self, b, tangents):
        """Which constants, first carry and slices have tangents; which of the carry get one on the way."""
        active = tuple(marks(dxs) for dxs in tangents)
        carry = carried(
            active[1],
            lambda k: b.dependence(self.body, (*active[0], *k, *active[2]), differentiable=True),
        )
        return active, carry

    def instantiated(self, b, carry):
        """Results of the body that must have what the carry has."""
        return (*carry, *(False,) * (len(b.module.signature(self.body).outputs) - self.carry))

    def _jvp_body(self, b, made, active):
        avals = self.groups(b.module.signature(self.body).inputs)
        key = ("scan.jvp", made.fn, self.consts, self.carry)
        return b.once(key, lambda: jvp_body(b, made, avals, active, self.carry))

    def linearize(self, b, xs, dxs):
        simpler = b.once(("scan.unfixed", self), lambda: without_fixed(b, self))
        groups, tangents = self.groups(xs), self.groups(dxs)
        if simpler is None:
            return self._linearize(b, xs, dxs)
        outs, douts = simpler.inst.linearize(b, simpler.operands(groups), simpler.operands(tangents))
        return simpler.results(outs, groups[1]), simpler.results(douts, tangents[1])

    def _linearize(self, b, xs, dxs):
        groups, tangents = self.groups(xs), self.groups(dxs)
        active, carry = self.active(b, tangents)
        plan = b.once(("scan.linearize", self, active, carry), lambda: split_scan(b, self, active, carry))
        hoisted = b.call(plan.hoist, groups[0]) if plan.invariants else ()
        forward = self.replace(body=plan.forward, consts=self.consts + plan.invariants)
        outs = b.emit(forward, (*groups[0], *hoisted, *groups[1], *groups[2]))
        results, stacked = outs[: plan.outputs], outs[plan.outputs :]
        if not any(plan.out_active):
            return results, (None,) * plan.outputs
        consts = [*present(tangents[0]), *(groups[0][i] for i in plan.consts), *hoisted]
        dcarry = present(tangents_of(b, groups[1], tangents[1], plan.carry))
        slices = [groups[2][i] for i in plan.slices] + [results[i] for i in plan.results]
        linear = self.replace(body=plan.linear, consts=len(consts), carry=len(dcarry))
        douts = b.emit(linear, (*consts, *dcarry, *present(tangents[2]), *slices, *stacked))
        return results, spread(plan.out_active, douts)

    def transpose(self, b, cts, *xs):
        return transpose_scan(b, self, cts, xs)

    def batch(self, b, *xs):
        consts, carry, slices = self.groups(tuple(b.is_batched(x) for x in xs))
        carry = carried(carry, lambda k: b.dependence(self.body, (*consts, *k, *slices)))
        made, carry = settled(
            carry,
            lambda k: b.batch_of(self.body, (*consts, *k, *slices), instantiate=self.instantiated(b, k)),
            lambda made: made.out_batched,
        )
        same, first, arrays = self.groups(xs)
        first = [b.with_batch(x) if m else x for x, m in zip(first, carry, strict=True)]
        # The batch axis is the first of an operand, and the first of a slice: behind the scanned one.
        arrays = [b.move_axis(x, 1, 0) if m else x for x, m in zip(arrays, slices, strict=True)]
        outs = b.emit(self.replace(body=made.fn), (*same, *first, *arrays))
        batched = (*carry, *made.out_batched[self.carry :])
        last, ys = parts(outs, self.carry)
        moved = [b.move_axis(y, 1, 0) if m else y for y, m in zip(ys, batched[self.carry :], strict=True)]
        return (*last, *moved), batched

    def lower(self, b, *xs):
        return lower_scan(b, self, xs)

    samples = no_rule("covered by test/ops/control_flow: it needs functions")
