"""Powers: whole ones of numbers, and those of 2.

There is no op for the square: `integer_pow` with y = 2 is it, and lowers to one multiplication.
"""

import math

import numpy as np

from weft_compiler.attributes import I64
from weft_compiler.avals import DTYPES
from weft_compiler.dialect.elementwise import Elementwise, Unary
from weft_compiler.dialect.op import Attr, Inexact, Number, Operand, op
from weft_compiler.dialect.samples import INTEGERS, inexact, joined, samples


@op("integer_pow")
class IntegerPow(Elementwise):
    """x to the whole power `y`; of integers y must not be negative."""

    x: Operand[Number]
    y: Attr[I64]

    def infer(self, x):
        if self.y < 0 and x.kind in "iu":
            self.fail(f"integers cannot be raised to negative powers, got {x} to the power {self.y}")
        return x

    def jvp(self, b, x, dx):
        if self.y == 0:
            return None
        if self.y == 1:
            return dx
        if self.y == 2:
            return b.mul(b.mul(dx, 2), x)  # in this order, what reverse mode keeps is x itself
        return b.mul(b.mul(dx, b.integer_pow(x, y=self.y - 1)), self.y)

    def lower(self, b, x):
        """By squarings and products."""
        if self.y == 0:
            return b.full(x.aval, 1)
        square, product, rest = x, None, abs(self.y)
        while rest:
            if rest & 1:
                product = square if product is None else b.mul(product, square)
            rest >>= 1
            if rest:
                square = b.mul(square, square)
        return b.div(1, product) if self.y < 0 else product

    def fold(self, b, x):
        if self.y == 0:
            return b.full(x.aval, 1)
        return x if self.y == 1 else None

    samples = joined(
        inexact(low=0.5, attrs=tuple({"y": y} for y in (-3, -1, 0, 1, 2, 3, 7))),
        samples(INTEGERS, low=1, high=4, smooth=False, attrs=tuple({"y": y} for y in (0, 1, 2, 3))),
    )

    def reference(self, x):
        return (x ** np.asarray(self.y, x.dtype)) if x.dtype.kind in "iu" else (x**self.y).astype(x.dtype)


@op("exp2")
class Exp2(Unary):
    """2 to the power x."""

    x: Operand[Inexact]

    def jvp(self, b, x, dx):
        return b.mul(dx, b.mul(b.out, math.log(2)))

    def lower(self, b, x):
        if x.dtype.itemsize < 4:  # their product with log(2) would not be precise enough
            return b.convert(b.exp2(b.convert(x, dtype=DTYPES["float32"])), dtype=x.dtype)
        return b.exp(b.mul(x, math.log(2)))

    samples = inexact()

    def reference(self, x):
        return np.exp(x * math.log(2)).astype(x.dtype) if x.dtype.kind == "c" else np.exp2(x)
