"""Calls of functions by symbol."""

from weft_compiler.attributes import Symbol
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Anything, Attr, Op, Operands, no_rule, op
from weft_compiler.masks import marks, picked, present, spread


class HigherOrder(Op):
    """Names functions. `infer` gets their signatures first; `jvp` and `linearize` return (results, tangents).

    A tangent or cotangent that is None is zero. `batch` returns (results, which of them have the batch axis).
    Beside the rules of every op there is `depends(self, b, mask)`: which results depend on the masked
    operands (where `b.differentiable`, as a derivative sees it).
    """

    takes_keys = True

    fold = NOTHING_TO_FOLD

    def run_callees(self):
        """Functions that a lowered program runs where the op stands, as whole functions that may call the host."""
        return self.callees()

    def save_inside(self, b, policy):
        """The op in two `Parts`, if a checkpoint's policy keeps values of the functions that it names."""
        return None

    def prune(self, b, used, xs):
        """The results that are `used` of an op without the others, None for these; None if that gains nothing."""
        return None

    def is_split(self):
        """Whether `linearize` keeps what does not depend on tangents out of the linear part."""
        return True

    def linearize(self, b, xs, dxs):
        """Results, and tangents linear in `dxs`; the default runs the whole jvp in the linear part."""
        return b.emit_primal(self, xs), b.linear_jvp(self, xs, dxs)


class TakesCaptures(HigherOrder):
    """Hands its last operands on to the last arguments of what it names."""

    def capture_position(self, callee, count):
        return count

    def capturing(self, count):
        """The op with `count` more operands that are handed on, and where they stand; None: at the end."""
        return self, None


def transposed_call(b, callee, cts, xs, emit=None):
    """Cotangents of the linear operands of a call; `emit(fn, operands)` calls the transposed function."""
    linear = tuple(b.is_linear(x) for x in xs)
    made = b.transpose_of(callee, linear, marks(cts))
    known = [x for x in xs if not b.is_linear(x)]
    outs = (emit or b.call)(made.fn, (*present(cts), *known))
    cotangents = iter(spread(made.nonzero, outs))
    return tuple(next(cotangents) if is_linear else None for is_linear in linear)


@op("call", ir_name="func.call")
class Call(TakesCaptures):
    """Calls `callee` on the operands."""

    args: Operands[Anything]
    callee: Attr[Symbol]

    results = None
    callee_attrs = ("callee",)

    def infer(self, signatures, *args):
        (callee,) = signatures
        if args != callee.inputs:
            self.fail(f"@{self.callee} takes {callee}, got ({', '.join(map(str, args))})")
        return callee.outputs

    def use_keys(self, walk, *xs):
        return walk.call(self.callee, xs)

    def depends(self, b, mask):
        return b.dependence(self.callee, mask)

    def prune(self, b, used, xs):
        needed = b.needed(self.callee, used)
        return spread(used, b.call(b.narrowed(self.callee, needed, used), picked(xs, needed)))

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        made = b.jvp_of(self.callee, tuple(d is not None for d in dxs))
        outs = b.call(made.fn, (*xs, *[d for d in dxs if d is not None]))
        return made.split(outs)

    def linearize(self, b, xs, dxs):
        made = b.linearize_of(self.callee, tuple(d is not None for d in dxs))
        count = len(made.out_active)
        outs = b.call(made.fwd, xs)
        residuals = [source.pick(xs, outs[:count], outs[count:]) for source in b.residual_sources(made)]
        tangents = b.call(made.lin, (*[d for d in dxs if d is not None], *residuals))
        return outs[:count], made.spread_tangents(tangents)

    def transpose(self, b, cts, *xs):
        return transposed_call(b, self.callee, cts, xs)

    def batch(self, b, *xs):
        made = b.batch_of(self.callee, tuple(b.is_batched(x) for x in xs))
        return b.call(made.fn, xs), made.out_batched

    def lower(self, b, *xs):
        return b.call_lowered(self.callee, xs)

    samples = no_rule("covered by the tests of every transformation of functions")
