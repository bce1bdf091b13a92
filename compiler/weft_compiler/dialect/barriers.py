"""Identities that hold something back: a derivative, or the optimiser."""

from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Anything,
    Op,
    Operand,
    Operands,
    no_rule,
    op,
)
from weft_compiler.dialect.samples import cases


@op("stop_gradient")
class StopGradient(Op):
    """x, with a derivative of zero. It stands until lowering, since derivatives may be taken at any time."""

    x: Operand[Anything]

    key_use = "same"
    takes_keys = True

    def infer(self, x):
        return x

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def batch(self, b, x):
        return b.stop_gradient(x)

    def lower(self, b, x):
        return x

    fold = no_rule("the derivative of what is left would not be zero")
    samples = cases(((((3,), "float32"),), {}), ((((), "int32"),), {}), ((((2, 0), "complex64"),), {}))

    def reference(self, x):
        return x


@op("optimization_barrier")
class OptimizationBarrier(Op):
    """Its operands. The backend has all of them before it uses one, and applies no identity across."""

    xs: Operands[Anything]

    key_use = "same"
    results = None
    takes_keys = True
    linear_in = ("xs",)

    def infer(self, *xs):
        return xs

    def jvp(self, b, *args):
        dxs = args[len(args) // 2 :]
        return self._through(b, dxs)

    def transpose(self, b, cts, *xs):
        return self._through(b, [ct if b.is_linear(x) else None for ct, x in zip(cts, xs, strict=True)])

    @staticmethod
    def _through(b, values):
        """A barrier around those that are not None."""
        made = iter(b.optimization_barrier(*[v for v in values if v is not None]))
        return tuple(None if v is None else next(made) for v in values)

    def batch(self, b, *xs):
        return b.optimization_barrier(*[b.with_batch(x) for x in xs])

    def lower(self, b, *xs):
        if not xs:
            return ()
        made = b.stablehlo.op("stablehlo.optimization_barrier", xs, [x.aval.physical for x in xs])
        values = made if isinstance(made, tuple) else (made,)
        return tuple(b.keys(v, x.aval) for v, x in zip(values, xs, strict=True))

    fold = NOTHING_TO_FOLD
    samples = cases(
        ((((3,), "float32"),), {}),
        ((((3,), "float32"), ((), "int32"), ((2, 0), "complex64")), {}),
    )

    def reference(self, *xs):
        return xs
