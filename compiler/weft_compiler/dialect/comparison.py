"""Comparison, choice and logic: bool results, and results chosen by bools."""

import numpy as np

from weft_compiler.attributes import Text
from weft_compiler.avals import BOOL, Aval
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import (
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Anything,
    Attr,
    Bits,
    Boolean,
    Op,
    Operand,
    Real,
    op,
)
from weft_compiler.dialect.samples import FLOATS, cases, samples

_NUMPY = {
    "EQ": np.equal,
    "NE": np.not_equal,
    "LT": np.less,
    "LE": np.less_equal,
    "GT": np.greater,
    "GE": np.greater_equal,
}


@op("compare")
class Compare(Elementwise):
    """`x direction y` elementwise, where direction is EQ, NE, LT, LE, GT or GE.

    With `total_order`, floats are ordered -nan < -inf < … < -0 < 0 < … < inf < nan.
    """

    x: Operand[Anything]
    y: Operand[Anything]
    direction: Attr[Text]
    order: Attr[Text] = ""
    """Empty, or TOTAL."""

    takes_keys = True
    key_use = "kept"
    jvp = ZERO_TANGENT

    def infer(self, x, y):
        super().infer(x, y)
        if self.direction not in _NUMPY:
            self.fail(f"direction is {self.direction}; it must be one of {', '.join(_NUMPY)}")
        if self.order not in ("", "TOTAL"):
            self.fail(f"order is {self.order}; it must be TOTAL or left out")
        if x.kind in "ck" and self.direction not in ("EQ", "NE"):
            self.fail(f"{x} has no order; only EQ and NE compare it")
        return Aval.of(x.shape, BOOL)

    def lower(self, b, x, y):
        if x.aval.kind == "k":  # keys are equal if all their words are
            same = b.compare(b.words(x), b.words(y), direction=self.direction)
            combined = b.reduce_and if self.direction == "EQ" else b.reduce_or
            return combined(same, axes=(x.ndim,))
        return b.stablehlo.compare(x, y, self.direction, total_order=self.order == "TOTAL")

    def fold(self, b, x, y):
        values = b.splat(x), b.splat(y)
        if values[0] is None or values[1] is None or self.order:
            return None
        return b.full(b.out.aval, _NUMPY[self.direction](*values))

    samples = samples(
        (*FLOATS, "int32", "uint8", "bool"),
        operands=2,
        smooth=False,
        attrs=(*({"direction": d} for d in _NUMPY), {"direction": "LT", "order": "TOTAL"}),
    )

    def reference(self, x, y):
        return _NUMPY[self.direction](
            x, y
        )  # the samples have neither nan nor -0, where the total order differs


@op("select")
class Select(Op):
    """on_true where pred, else on_false; pred is a scalar or of their shape."""

    pred: Operand[Boolean]
    on_true: Operand[Anything]
    on_false: Operand[Anything]

    linear_in = ("on_true", "on_false")

    def infer(self, pred, on_true, on_false):
        if on_true is not on_false:
            self.fail(f"the cases differ: {on_true} and {on_false}")
        if pred.ndim and pred.shape != on_true.shape:
            self.fail(f"pred {pred} is neither a scalar nor of the cases' shape {on_true}")
        return on_true

    def transpose(self, b, ct, pred, on_true, on_false):
        zero = b.zeros(ct.aval)
        return (
            None,
            b.select(pred, ct, zero) if b.is_linear(on_true) else None,
            b.select(pred, zero, ct) if b.is_linear(on_false) else None,
        )

    def batch(self, b, pred, on_true, on_false):
        if not b.is_batched(pred) and pred.ndim == 0:
            return b.select(pred, b.with_batch(on_true), b.with_batch(on_false))
        on_true, on_false = b.with_batch(on_true), b.with_batch(on_false)
        if not b.is_batched(pred):
            pred = b.with_batch(pred)
        if pred.ndim < on_true.ndim:
            pred = b.broadcast_in_dim(pred, shape=on_true.shape, dims=(0,))
        return b.select(pred, on_true, on_false)

    def lower(self, b, pred, on_true, on_false):
        return b.stablehlo.select(pred, on_true, on_false)

    def fold(self, b, pred, on_true, on_false):
        if on_true.ir == on_false.ir:
            return on_true
        value = b.splat(pred)
        return None if value is None else on_true if value else on_false

    samples = cases(
        *[
            ((((n, "bool")), (shape, dtype), (shape, dtype)), {})
            for dtype in ("float32", "int32", "complex64", "bfloat16")
            for n, shape in (((), ()), ((3,), (3,)), ((), (2, 3)), ((2, 3), (2, 3)))
        ]
    )
    reference = staticmethod(np.where)


@op("clamp")
class Clamp(Op):
    """x limited to [low, high], both scalars or of x's shape: min(max(x, low), high)."""

    low: Operand[Real]
    x: Operand[Real]
    high: Operand[Real]

    def infer(self, low, x, high):
        for name, bound in (("low", low), ("high", high)):
            if bound.dtype != x.dtype:
                self.fail(f"dtype of {name} {bound} is not that of x {x}")
            if bound.ndim and bound.shape != x.shape:
                self.fail(f"{name} {bound} is neither a scalar nor of x's shape {x}")
        return x

    def jvp(self, b, low, x, high, dlow, dx, dhigh):
        low, high = b.spread(low, x.shape), b.spread(high, x.shape)
        above, below = b.compare(x, low, direction="GT"), b.compare(x, high, direction="LT")
        zero = b.zeros(x.aval)
        total = None
        for tangent, where in (
            (dx, b.and_(above, below)),
            (dlow, b.compare(x, low, direction="LT")),
            (dhigh, b.compare(x, high, direction="GT")),
        ):
            if tangent is not None:
                part = b.select(where, b.spread(tangent, x.shape), zero)
                total = part if total is None else b.add(total, part)
        return total

    def batch(self, b, low, x, high):
        return b.clamp(*b.with_batch_spread(low, x, high))

    def lower(self, b, low, x, high):
        return b.stablehlo.clamp(low, x, high)

    transpose = Elementwise.transpose
    fold = NOTHING_TO_FOLD
    samples = cases(
        *[
            ((np.asarray(low, dtype), (shape, dtype), np.asarray(1, dtype)), {})
            for dtype, low in (("float32", -0.5), ("int32", -1))
            for shape in ((), (3,), (2, 3), (0,))
        ],
        ((np.full(3, -0.5, "float32"), ((3,), "float32"), np.full(3, 0.5, "float32")), {}),
    )

    def reference(self, low, x, high):
        return np.minimum(np.maximum(x, low), high)


class Logic(Elementwise):
    """Bitwise on integers, logical on bools."""

    jvp = ZERO_TANGENT
    samples = samples(("bool", "int32", "uint8", "int64"), operands=2, low=0, high=9, smooth=False)


@op("and")
class And(Logic):
    """x and y."""

    x: Operand[Bits]
    y: Operand[Bits]

    exact = np.bitwise_and

    def lower(self, b, x, y):
        return b.stablehlo.op("stablehlo.and", (x, y))

    reference = staticmethod(np.bitwise_and)


@op("or")
class Or(Logic):
    """x or y, or both."""

    x: Operand[Bits]
    y: Operand[Bits]

    exact = np.bitwise_or

    def lower(self, b, x, y):
        return b.stablehlo.op("stablehlo.or", (x, y))

    reference = staticmethod(np.bitwise_or)


@op("xor")
class Xor(Logic):
    """x or y, not both."""

    x: Operand[Bits]
    y: Operand[Bits]

    exact = np.bitwise_xor

    def lower(self, b, x, y):
        return b.stablehlo.xor(x, y)

    reference = staticmethod(np.bitwise_xor)


@op("not")
class Not(Logic):
    """Every bit of x flipped."""

    x: Operand[Bits]

    exact = np.invert

    def lower(self, b, x):
        return b.stablehlo.op("stablehlo.not", (x,))

    samples = samples(("bool", "int32", "uint8", "int64"), low=0, high=9, smooth=False)
    reference = staticmethod(np.invert)
