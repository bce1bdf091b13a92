"""Neighbours of floats, and floats with fewer bits."""

import numpy as np

from weft_compiler.attributes import I64
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.hyperbolic import Chlo
from weft_compiler.dialect.op import NOTHING_TO_FOLD, ZERO_TANGENT, Attr, Floating, Operand, OpValueError, op
from weft_compiler.dialect.samples import floats
from weft_compiler.stablehlo import parsed


@op("nextafter")
class Nextafter(Chlo):
    """The next float after x in the direction of y."""

    x: Operand[Floating]
    y: Operand[Floating]

    chlo_name = "next_after"
    jvp = ZERO_TANGENT
    samples = floats(operands=2, smooth=False)

    def reference(self, x, y):
        return np.nextafter(x, y)


def _rounded(x, exponent_bits, mantissa_bits):
    """Ties to even; below the least exponent 0, above the greatest infinite."""
    greatest = 2 ** (exponent_bits - 1) - 1
    fraction, exponent = np.frexp(x)
    scale = 2.0 ** (mantissa_bits + 1)
    rounded = np.ldexp(np.rint(fraction * scale) / scale, exponent)
    rounded = np.where(np.abs(rounded) < 2.0 ** (1 - greatest), np.copysign(0.0, x), rounded)
    return np.where(np.abs(rounded) >= 2.0 ** (greatest + 1), np.copysign(np.inf, x), rounded)


@op("reduce_precision")
class ReducePrecision(Elementwise):
    """x rounded to the floats with `exponent_bits` and `mantissa_bits`, kept in x's dtype."""

    x: Operand[Floating]
    exponent_bits: Attr[I64]
    mantissa_bits: Attr[I64]

    linear_in = ("x",)

    def infer(self, x):
        if self.exponent_bits < 1:
            self.fail(f"exponent_bits must be positive; got {self.exponent_bits}", OpValueError)
        if self.mantissa_bits < 0:
            self.fail(f"mantissa_bits must be non-negative; got {self.mantissa_bits}", OpValueError)
        return x

    def transpose(self, b, ct, x):
        return b.emit(self, (ct,))

    def lower(self, b, x):
        return b.stablehlo.reduce_precision(
            x,
            exponent_bits=parsed(f"{self.exponent_bits} : i32"),
            mantissa_bits=parsed(f"{self.mantissa_bits} : i32"),
        )

    fold = NOTHING_TO_FOLD

    def reference(self, x):
        return _rounded(x.astype(np.float64), self.exponent_bits, self.mantissa_bits).astype(x.dtype)

    samples = floats(
        smooth=False,
        tolerance=5e3,  # its tangent is rounded as coarsely as its result
        attrs=({"exponent_bits": 5, "mantissa_bits": 3}, {"exponent_bits": 8, "mantissa_bits": 7}),
    )
