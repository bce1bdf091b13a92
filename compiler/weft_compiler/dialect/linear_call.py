"""A linear function that brings its transpose."""

from weft_compiler.attributes import I64, Symbol
from weft_compiler.dialect.call import HigherOrder
from weft_compiler.dialect.custom_rules import batched_cotangents
from weft_compiler.dialect.op import Anything, Attr, Operands, no_rule, op
from weft_compiler.masks import marks, parts, present


@op("linear_call")
class LinearCall(HigherOrder):
    """Calls `callee`, which is linear in the operands behind the first `residuals`.

    `transpose_callee` maps these residuals, then cotangents of the results, to those of the linear operands.
    """

    args: Operands[Anything]
    callee: Attr[Symbol]
    transpose_callee: Attr[Symbol]
    residuals: Attr[I64]

    results = None
    callee_attrs = ("callee", "transpose_callee")

    def infer(self, signatures, *args):
        callee, transposed = signatures
        if args != callee.inputs:
            self.fail(f"@{self.callee} takes {callee}, got ({', '.join(map(str, args))})")
        residuals, linear = parts(args, self.residuals)
        if transposed.inputs != (*residuals, *callee.outputs) or transposed.outputs != linear:
            self.fail(f"@{self.callee} is {callee}, so @{self.transpose_callee} cannot be {transposed}")
        return callee.outputs

    def depends(self, b, mask):
        return (any(mask),) * len(b.module.signature(self.callee).outputs)

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        (residuals, linear), (dresiduals, dlinear) = parts(xs, self.residuals), parts(dxs, self.residuals)
        outs = b.emit(self, xs)
        douts = (None,) * len(outs)
        if present(dlinear):
            moved = [b.zeros(x.aval) if d is None else d for x, d in zip(linear, dlinear, strict=True)]
            douts = b.emit(self, (*residuals, *moved))
        if present(dresiduals):
            active = (*marks(dresiduals), *(False,) * len(linear))
            made = b.jvp_of(self.callee, active)
            _, others = made.split(b.call(made.fn, (*xs, *present(dresiduals))))
            douts = tuple(_sum(b, d, e) for d, e in zip(douts, others, strict=True))
        return outs, douts

    def linearize(self, b, xs, dxs):
        residuals, dlinear = xs[: self.residuals], dxs[self.residuals :]
        if present(dxs[: self.residuals]):
            return super().linearize(b, xs, dxs)
        pairs = zip(xs[self.residuals :], dlinear, strict=True)
        moved = [b.zeros(x.aval) if d is None else d for x, d in pairs]
        return b.emit(self, xs), b.emit(self, (*residuals, *moved))

    def transpose(self, b, cts, *xs):
        residuals, linear = parts(xs, self.residuals)
        avals = b.module.signature(self.callee).outputs
        given = [b.zeros(a) if ct is None else ct for ct, a in zip(cts, avals, strict=True)]
        back = self.replace(callee=self.transpose_callee, transpose_callee=self.callee)
        outs = b.emit(back, (*residuals, *given))
        cotangents = [ct if b.is_linear(x) else None for ct, x in zip(outs, linear, strict=True)]
        return (*(None for _ in residuals), *cotangents)

    def batch(self, b, *xs):
        batched = tuple(b.is_batched(x) for x in xs)
        residuals, linear = parts(batched, self.residuals)
        every = (True,) * len(b.module.signature(self.callee).outputs)
        call = self.replace(
            callee=b.batch_of(self.callee, batched, instantiate=every).fn,
            transpose_callee=batched_cotangents(b, self.transpose_callee, (*residuals, *every), linear),
        )
        return b.emit(call, xs), every

    def run_callees(self):
        return (self.callee,)

    def use_keys(self, walk, *xs):
        return walk.call(self.callee, xs)

    def lower(self, b, *xs):
        return b.call_lowered(self.callee, xs)

    samples = no_rule("covered by test/ops/control_flow: it needs functions")


def _sum(b, x, y):
    return y if x is None else x if y is None else b.add(x, y)
