"""Conversions between dtypes, and between real and complex numbers."""

import numpy as np

from weft_compiler.attributes import DtypeAttr
from weft_compiler.avals import BOOL, Aval, bit_width, kind_of
from weft_compiler.dialect.elementwise import COMPLEX_OF, REAL_OF, Elementwise
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Anything,
    Attr,
    Inexact,
    Op,
    Operand,
    op,
)
from weft_compiler.dialect.samples import COMPLEX, cases, samples


@op("convert")
class Convert(Elementwise):
    """x as `dtype`.

    Floats to integers truncate, anything to bool asks x != 0, complex to real drops the imaginary part.
    """

    x: Operand[Anything]
    dtype: Attr[DtypeAttr]

    linear_in = ("x",)
    fold_needs_splat = False

    def infer(self, x):
        if x.kind == "k" or kind_of(self.dtype) == "k":
            self.fail(f"keys are not numbers: {x} to {self.dtype}")
        return x.with_dtype(self.dtype)

    def jvp(self, b, x, dx):
        return b.convert(dx, dtype=self.dtype) if kind_of(self.dtype) in "fc" else None

    def transpose(self, b, ct, x):
        return b.convert(ct, dtype=x.dtype)

    def lower(self, b, x):
        if self.dtype == x.dtype:
            return x
        if self.dtype == BOOL:
            return b.compare(x, b.zeros(x.aval), direction="NE")
        if x.aval.kind == "c" and kind_of(self.dtype) != "c":
            return b.convert(b.real(x), dtype=self.dtype)
        return b.stablehlo.convert(x)

    def fold(self, b, x):
        if self.dtype == x.dtype:
            return x
        value = b.splat(x)
        if value is None or (x.aval.kind == "f" and kind_of(self.dtype) in "iu"):
            return None  # out-of-range floats: left to the backend's own rule
        return b.full(b.out.aval, value)

    samples = cases(
        *[
            (((shape, source),), {"dtype": target})
            for source in ("float32", "int32", "bfloat16", "bool")
            for target in ("float32", "int32", "float16", "bfloat16", "bool", "complex64", "uint8")
            for shape in ((), (3,))
            if not (source in ("float32", "bfloat16", "int32") and target == "uint8")
        ]
    )

    def reference(self, x):
        return x.astype(self.dtype)


@op("real")
class RealPart(Elementwise):
    """Real part."""

    x: Operand[Inexact]

    linear_in = ("x",)

    def infer(self, x):
        return _part(self, x)

    def transpose(self, b, ct, x):
        return b.complex(ct, b.zeros(ct.aval))

    def lower(self, b, x):
        return b.stablehlo.real(x)

    fold = NOTHING_TO_FOLD
    samples = samples(COMPLEX)
    reference = staticmethod(np.real)


@op("imag")
class Imag(Elementwise):
    """Imaginary part."""

    x: Operand[Inexact]

    linear_in = ("x",)

    def infer(self, x):
        return _part(self, x)

    def transpose(self, b, ct, x):
        # With the pairing Re(ct * x): ct * Im(x) = Re((-i ct) x).
        return b.complex(b.zeros(ct.aval), b.neg(ct))

    def lower(self, b, x):
        return b.stablehlo.imag(x)

    fold = NOTHING_TO_FOLD
    samples = samples(COMPLEX)
    reference = staticmethod(np.imag)


def _part(inst, x):
    if x.kind != "c":
        inst.fail(f"takes complex numbers, got {x}")
    return x.with_dtype(REAL_OF[x.dtype.name])


@op("complex")
class Complex(Elementwise):
    """x + iy from two real arrays."""

    x: Operand[Inexact]
    y: Operand[Inexact]

    linear_in = ("x", "y")

    def infer(self, x, y):
        super().infer(x, y)
        if x.dtype.name not in COMPLEX_OF:
            self.fail(f"takes f32 or f64, got {x}")
        return x.with_dtype(COMPLEX_OF[x.dtype.name])

    def transpose(self, b, ct, x, y):
        return b.real(ct), (b.neg(b.imag(ct)) if b.is_linear(y) else None)

    def lower(self, b, x, y):
        return b.stablehlo.complex(x, y)

    fold = NOTHING_TO_FOLD
    samples = samples(("float32", "float64"), operands=2)

    def reference(self, x, y):
        return (x + 1j * y).astype(COMPLEX_OF[x.dtype.name])


@op("conj")
class Conj(Elementwise):
    """Complex conjugate."""

    x: Operand[Inexact]

    linear_in = ("x",)

    def infer(self, x):
        if x.kind != "c":
            self.fail(f"takes complex numbers, got {x}")
        return x

    def transpose(self, b, ct, x):
        return b.conj(ct)

    def lower(self, b, x):
        return b.complex(b.real(x), b.neg(b.imag(x)))

    fold = NOTHING_TO_FOLD
    samples = samples(COMPLEX)
    reference = staticmethod(np.conj)


@op("bitcast_convert")
class BitcastConvert(Op):
    """The bits of x read as another dtype; a change of width adds or takes a trailing axis."""

    x: Operand[Anything]
    dtype: Attr[DtypeAttr]

    def infer(self, x):
        if x.kind in "bk" or kind_of(self.dtype) in "bk":
            self.fail(f"bool and keys have no bits to reinterpret: {x} to {self.dtype}")
        if (x.kind == "c") != (kind_of(self.dtype) == "c"):
            self.fail(f"bits of complex numbers are read as complex numbers only: {x} to {self.dtype}")
        old, new = bit_width(x.dtype), bit_width(self.dtype)
        if old == new:
            return x.with_dtype(self.dtype)
        if old > new:
            return Aval.of((*x.shape, old // new), self.dtype)
        if not x.shape or x.shape[-1] != new // old:
            self.fail(f"the last axis of {x} must be {new // old} to make {self.dtype}")
        return Aval.of(x.shape[:-1], self.dtype)

    def batch(self, b, x):
        return b.bitcast_convert(x, dtype=self.dtype)

    def lower(self, b, x):
        return x if x.dtype == self.dtype else b.stablehlo.bitcast_convert(x)

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def fold(self, b, x):
        return x if x.dtype == self.dtype else None

    samples = cases(
        ((((3,), "float32"),), {"dtype": "int32"}),
        ((((3,), "float32"),), {"dtype": "uint8"}),
        ((((3, 4), "uint8"),), {"dtype": "int32"}),
        ((((), "int32"),), {"dtype": "float32"}),
    )

    def reference(self, x):
        old, new = x.dtype.itemsize, self.dtype.itemsize
        if old < new:
            return x.view(self.dtype)[..., 0]
        return x.view(self.dtype) if old == new else x[..., None].view(self.dtype)
