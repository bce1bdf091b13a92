"""Solutions of linear equations by functions of a user, with derivatives by implicit differentiation."""

from weft_compiler.attributes import I64, Symbol, Symbols
from weft_compiler.dialect.call import Call, HigherOrder
from weft_compiler.dialect.op import Anything, Attr, Operands, OpTypeError, no_rule, op
from weft_compiler.masks import parts, present


@op("linear_solve")
class LinearSolve(HigherOrder):
    """x = solve(consts, rhs), where matvec(consts, x) = rhs is linear in x.

    Operands: `consts` values that the functions use, then rhs. Results: x, then anything else that `solve` gives.
    `transposed` is empty, or the pair of functions that are `matvec` and `solve` of the transposed equation.

    From A x = b follows A dx = db - dA x: so every derivative is one more solution of such an equation.
    """

    args: Operands[Anything]
    matvec: Attr[Symbol]
    solve: Attr[Symbol]
    transposed: Attr[Symbols]
    consts: Attr[I64]

    results = None
    callee_attrs = ("matvec", "solve", "transposed")

    def infer(self, signatures, *args):
        _, rhs = parts(args, self.consts)
        for name, signature in zip(self.callees(), signatures, strict=True):
            if signature.inputs != args or signature.outputs[: len(rhs)] != rhs:
                wanted = f"({', '.join(map(str, args))}) -> ({', '.join(map(str, rhs))})"
                self.fail(f"@{name} must be {wanted}, it is {signature}")
        return signatures[1].outputs

    def depends(self, b, mask):
        return (any(mask),) * len(b.module.signature(self.solve).outputs)

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        outs = b.emit(self, xs)
        return outs, self._tangents(b, xs, outs, dxs, lambda call, *duals: call.jvp(b, *duals[0], *duals[1]))

    def linearize(self, b, xs, dxs):
        outs = b.emit_primal(self, xs)
        return outs, self._tangents(b, xs, outs, dxs, lambda call, *duals: call.linearize(b, *duals))

    def _tangents(self, b, xs, outs, dxs, differentiate):
        """dx for each part of the solution; the results behind it have none."""
        consts, rhs = parts(xs, self.consts)
        dconsts, drhs = parts(dxs, self.consts)
        solution = outs[: len(rhs)]
        moved = list(drhs)
        if present(dconsts):
            matvec = Call.of(callee=self.matvec)
            _, products = differentiate(matvec, (*consts, *solution), (*dconsts, *(None for _ in rhs)))
            moved = [_difference(b, x, y) for x, y in zip(drhs, products, strict=True)]
        if not present(moved):
            return (None,) * len(outs)
        given = [b.zeros(x.aval) if d is None else d for x, d in zip(rhs, moved, strict=True)]
        made = b.emit(self, (*consts, *given))
        return (*made[: len(rhs)], *(None for _ in outs[len(rhs) :]))

    def transpose(self, b, cts, *xs):
        if not self.transposed:
            raise OpTypeError(
                "transpose_solve required for backwards mode automatic differentiation of custom_linear_solve"
            )
        consts, rhs = parts(xs, self.consts)
        matvec, solve = self.transposed
        back = self.replace(matvec=matvec, solve=solve, transposed=(self.matvec, self.solve))
        given = [b.zeros(x.aval) if ct is None else ct for ct, x in zip(cts, rhs, strict=False)]
        outs = b.emit(back, (*consts, *given))
        linear = [ct if b.is_linear(x) else None for ct, x in zip(outs, rhs, strict=False)]
        return (*(None for _ in consts), *linear)

    def batch(self, b, *xs):
        consts, rhs = parts(xs, self.consts)
        batched = (*(b.is_batched(x) for x in consts), *(True for _ in rhs))

        def over_axis(fn):
            every = (True,) * len(b.module.signature(fn).outputs)
            return b.batch_of(fn, batched, instantiate=every).fn

        call = self.replace(
            matvec=over_axis(self.matvec),
            solve=over_axis(self.solve),
            transposed=tuple(over_axis(fn) for fn in self.transposed),
        )
        outs = b.emit(call, (*consts, *(b.with_batch(x) for x in rhs)))
        return outs, (True,) * len(outs)

    def run_callees(self):
        return (self.solve,)

    def lower(self, b, *xs):
        return b.call_lowered(self.solve, xs)

    samples = no_rule("covered by test/frontend/test_custom_solves.py: it needs functions")


def _difference(b, x, y):
    """x - y, where None is zero."""
    if y is None:
        return x
    return b.neg(y) if x is None else b.sub(x, y)
