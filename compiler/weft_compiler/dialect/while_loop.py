"""The loop without a known number of steps: `while`."""

from weft_compiler.attributes import I64, Symbol
from weft_compiler.avals import BOOL, INT32, Aval
from weft_compiler.dialect.call import HigherOrder
from weft_compiler.dialect.loop_bodies import carried, jvp_body, settled, tangents_of, with_tangents
from weft_compiler.dialect.op import Anything, Attr, Operands, OpValueError, no_rule, op
from weft_compiler.dialect.scan import Scan
from weft_compiler.masks import marks, parts, picked, spread, union

_NO_REVERSE = (
    "Reverse-mode differentiation does not work for lax.while_loop or lax.fori_loop with dynamic start/stop "
    "values. Try using lax.scan, or using fori_loop with static start/stop."
)


@op("while")
class While(HigherOrder):
    """Runs `body` on the carry as long as `cond` gives true, and gives the last carry.

    Operands: constants of `cond`, constants of `body`, the first carry. `cond` maps its constants and the
    carry to a bool, `body` its constants and the carry to the next carry. A loop that is known to end after
    at most `max_trips` steps says so: then it has a reverse-mode derivative.
    """

    args: Operands[Anything]
    cond: Attr[Symbol]
    body: Attr[Symbol]
    cond_consts: Attr[I64]
    body_consts: Attr[I64]
    max_trips: Attr[I64] = -1
    """At most so many steps are taken; -1 if nobody knows."""

    results = None
    callee_attrs = ("cond", "body")

    def groups(self, values):
        """Values of the operands as constants of cond, constants of body, carry."""
        return parts(values, self.cond_consts, self.body_consts)

    def infer(self, signatures, *args):
        cond, body = signatures
        cond_consts, body_consts, carry = self.groups(args)
        if cond.inputs != (*cond_consts, *carry):
            self.fail(f"@{self.cond} takes {cond}, got ({', '.join(map(str, (*cond_consts, *carry)))})")
        if cond.outputs != (Aval.of((), BOOL),):
            self.fail(f"@{self.cond} must give one bool[], it is {cond}")
        if body.inputs != (*body_consts, *carry):
            self.fail(f"@{self.body} takes {body}, got ({', '.join(map(str, (*body_consts, *carry)))})")
        if body.outputs != carry:
            self.fail(f"@{self.body} must give the next carry of the same types, it is {body}")
        return carry

    def capture_position(self, callee, count):
        return self.body_consts if callee == self.body != self.cond else None

    def capturing(self, count):
        """See `TakesCaptures`."""
        return self.replace(body_consts=self.body_consts + count), self.cond_consts + self.body_consts

    def use_keys(self, walk, *xs):
        of_cond, of_body, carry = self.groups(xs)
        turns = 2 if self.max_trips < 0 else min(self.max_trips, 2)  # the second is as all that follow
        for _ in range(turns):
            walk.call(self.cond, (*of_cond, *carry))
            carry = walk.call(self.body, (*of_body, *carry))
        return carry

    def depends(self, b, mask):
        cond_consts, body_consts, carry = self.groups(mask)
        carry = carried(carry, lambda k: b.dependence(self.body, (*body_consts, *k)))
        if not b.differentiable and any(b.dependence(self.cond, (*cond_consts, *carry))):
            return (True,) * len(carry)
        return carry

    def prune(self, b, used, xs):
        cond_needs = b.needed(self.cond, (True,))
        body_count, cond_count = self.body_consts, self.cond_consts
        used = union([used, cond_needs[cond_count:]])
        carry = carried(used, lambda k: b.needed(self.body, k)[body_count:])
        if all(carry):
            return None
        needs = b.needed(self.body, carry)
        masks = cond_needs[:cond_count], needs[:body_count], carry
        loop = self.replace(
            cond=b.narrowed(self.cond, (*masks[0], *carry), (True,)),
            body=b.narrowed(self.body, (*masks[1], *carry), carry),
            cond_consts=sum(masks[0]),
            body_consts=sum(masks[1]),
        )
        groups = zip(self.groups(xs), masks, strict=True)
        return spread(carry, b.emit(loop, [x for group, mask in groups for x in picked(group, mask)]))

    def jvp(self, b, *args):
        groups, tangents = self.groups(args[: len(args) // 2]), self.groups(args[len(args) // 2 :])
        active = [marks(dxs) for dxs in tangents]
        carry = carried(active[2], lambda k: b.dependence(self.body, (*active[1], *k), differentiable=True))
        if not any(carry):
            return b.emit(self, args[: len(args) // 2]), (None,) * len(carry)
        made, carry = settled(
            carry, lambda k: b.jvp_of(self.body, (*active[1], *k), k), lambda made: made.out_active
        )
        moving = self.replace(
            cond=self._cond_ignoring(b, carry),
            body=self._jvp_body(b, made, active[1], carry),
            body_consts=self.body_consts + sum(active[1]),
        )
        dcarry = tangents_of(b, groups[2], tangents[2], carry)
        outs = b.emit(moving, (*groups[0], *with_tangents(groups[1:], (tangents[1], dcarry))))
        return outs[: len(carry)], spread(carry, outs[len(carry) :])

    def _jvp_body(self, b, made, consts, carry):
        avals = parts(b.module.signature(self.body).inputs, self.body_consts)
        key = ("while.jvp", made.fn, self.body_consts)
        return b.once(key, lambda: jvp_body(b, made, avals, (consts, carry), len(carry)))

    def _cond_ignoring(self, b, extra):
        """The condition on a carry that has tangents behind it."""
        inputs = b.module.signature(self.cond).inputs
        tangents = picked(inputs[self.cond_consts :], extra)

        def write(inner, *args):
            return inner.call(self.cond, args[: len(inputs)])

        return b.once(
            ("while.cond", self.cond, extra),
            lambda: b.define(f"{self.cond}.jvp", [*inputs, *tangents], write),
        )

    def is_split(self):
        return self.max_trips >= 0

    def linearize(self, b, xs, dxs):
        if not self.is_split():
            return super().linearize(b, xs, dxs)
        return self._bounded(b).linearize(b, xs, dxs)

    def _bounded(self, b):
        """The same loop as a scan of `max_trips` steps, in which a step after the end changes nothing."""
        cond_consts, body_consts, carry = self.groups(
            (*b.module.signature(self.cond).inputs[: self.cond_consts], *b.module.signature(self.body).inputs)
        )

        def stay(inner, *args):
            return args[self.body_consts :]

        def step(inner, *args):
            of_cond, of_body, state = self.groups(args)
            (goes_on,) = inner.call(self.cond, (*of_cond, *state))
            index = inner.convert(goes_on, dtype=INT32)
            return inner.cond(index, *of_body, *state, branches=(idle, self.body))

        idle = b.once(
            ("while.idle", self.body, self.body_consts),
            lambda: b.define(f"{self.body}.idle", [*body_consts, *carry], stay),
        )
        body = b.once(
            ("while.step", self.cond, self.body, self.cond_consts, self.body_consts),
            lambda: b.define(f"{self.body}.step", [*cond_consts, *body_consts, *carry], step),
        )
        return Scan.of(
            body=body, consts=self.cond_consts + self.body_consts, carry=len(carry), length=self.max_trips
        )

    def transpose(self, b, cts, *xs):
        raise OpValueError(_NO_REVERSE)

    def batch(self, b, *xs):
        cond_consts, body_consts, carry = self.groups(tuple(b.is_batched(x) for x in xs))
        carry = carried(carry, lambda k: b.dependence(self.body, (*body_consts, *k)))
        if any(b.dependence(self.cond, (*cond_consts, *carry))):
            return self._batch_selecting(b, xs, cond_consts, body_consts)
        body, carry = settled(
            carry,
            lambda k: b.batch_of(self.body, (*body_consts, *k), instantiate=k),
            lambda made: made.out_batched,
        )
        of_cond, of_body, first = self.groups(xs)
        first = [b.with_batch(x) if m else x for x, m in zip(first, carry, strict=True)]
        loop = self.replace(cond=b.batch_of(self.cond, (*cond_consts, *carry)).fn, body=body.fn)
        return b.emit(loop, (*of_cond, *of_body, *first)), carry

    def _batch_selecting(self, b, xs, cond_consts, body_consts):
        """An end for each element: the loop runs until all have ended, and who has ended stays as it is.

        Whether an element goes on is carried, so the condition is computed once a step.
        """
        operands = self.groups(xs)
        every = (True,) * len(operands[2])
        cond = b.batch_of(self.cond, (*cond_consts, *every), instantiate=(True,)).fn
        body = b.batch_of(self.body, (*body_consts, *every), instantiate=every).fn
        if b.acts(self.cond) or b.acts(self.body):
            raise NotImplementedError(
                "IO effects not supported in while_loop with batched predicate: "
                "they would happen for elements that have ended"
            )
        state = [b.with_batch(x) for x in operands[2]]
        (goes_on,) = b.call(cond, (*operands[0], *state))
        avals = [x.aval for x in (*operands[0], *operands[1], goes_on, *state)]

        def any_goes_on(inner, active, *_):
            return (inner.reduce_or(active, axes=(0,)),)

        def step(inner, *args):
            of_cond, of_body, (active, *old) = self.groups(args)
            new = inner.call(body, (*of_body, *old))
            kept = [inner.choose(active, x, y) for x, y in zip(new, old, strict=True)]
            (further,) = inner.call(cond, (*of_cond, *kept))
            return (inner.and_(active, further), *kept)

        consts = self.cond_consts + self.body_consts
        key = ("while.selecting", cond, body, self.cond_consts, self.body_consts)
        loop_cond, loop_body = b.once(
            key,
            lambda: (
                b.define(f"{cond}.any", avals[consts:], any_goes_on),
                b.define(f"{body}.step", avals, step),
            ),
        )
        loop = self.replace(cond=loop_cond, body=loop_body, cond_consts=0, body_consts=consts)
        return b.emit(loop, (*operands[0], *operands[1], goes_on, *state))[1:], every

    def run_callees(self):
        return (self.body,)  # the results do not come from `cond`

    def lower(self, b, *xs):
        # Constants go round unchanged: XLA's loops see nothing from outside, and it finds what is invariant.
        avals = [x.aval.physical for x in xs]

        def keyed(args):
            return self.groups([b.keys(v, x.aval) for v, x in zip(args, xs, strict=True)])

        count = self.cond_consts + self.body_consts
        outs = b.stablehlo.op("stablehlo.while", xs, avals, 2)

        def goes_on(*args):
            of_cond, _, carry = keyed(args)
            return b.call_lowered(self.cond, (*of_cond, *carry))

        def step(*args):
            _, of_body, carry = keyed(args)
            return (*args[:count], *b.call_lowered(self.body, (*of_body, *carry)))

        b.stablehlo.region(0, avals, goes_on)
        b.stablehlo.region(1, avals, step)
        results = outs if type(outs) is tuple else (outs,)
        return tuple(b.keys(v, a) for v, a in zip(results[count:], b.outs, strict=True))

    samples = no_rule("covered by test/ops/control_flow: it needs functions")
