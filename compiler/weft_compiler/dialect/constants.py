"""Ops without operands: constants and iota."""

import numpy as np

from weft_compiler.attributes import I64, SPLATS, DtypeAttr, Elements, Shape
from weft_compiler.avals import Aval, aval_of
from weft_compiler.dialect.op import Attr, Op, no_rule, op
from weft_compiler.dialect.samples import cases

_NO_OPERANDS = no_rule("it has no operands")


class Source(Op):
    """No operands: nothing to differentiate or batch."""

    jvp = _NO_OPERANDS
    transpose = _NO_OPERANDS
    batch = _NO_OPERANDS
    fold = no_rule("a source has nothing simpler")
    is_cheap = True


@op("constant")
class Constant(Source):
    """A literal array of real numbers or integers."""

    value: Attr[Elements]

    def infer(self):
        return aval_of(self.value.type)

    def lower(self, b):
        return b.stablehlo.constant(value=self.value)

    def splat(self):
        """The one value of every element, or None."""
        return SPLATS.of(self.value)

    samples = no_rule("its value is an MLIR attribute; every other op's samples go through it")


@op("iota")
class Iota(Source):
    """0, 1, 2, … along `dimension`, constant along the others."""

    shape: Attr[Shape]
    dtype: Attr[DtypeAttr]
    dimension: Attr[I64]

    def infer(self):
        if not 0 <= self.dimension < len(self.shape):
            self.fail(f"dimension {self.dimension} is out of range for shape {list(self.shape)}")
        aval = Aval.of(self.shape, self.dtype)
        if aval.kind not in "iufc":
            self.fail(f"dtype must be a number, got {self.dtype}")
        return aval

    def lower(self, b):
        return b.stablehlo.iota(iota_dimension=self.dimension)

    def reference(self):
        shape = [1] * len(self.shape)
        shape[self.dimension] = -1
        line = np.arange(self.shape[self.dimension]).astype(self.dtype).reshape(shape)  # type: ignore[arg-type] # keys are refused
        return np.broadcast_to(line, self.shape)

    samples = cases(
        *[
            ((), {"shape": shape, "dtype": dtype, "dimension": dimension})
            for shape, dimension in (((4,), 0), ((2, 3), 0), ((2, 3), 1), ((0,), 0))
            for dtype in ("int32", "float32", "uint8", "bfloat16")
        ]
    )
