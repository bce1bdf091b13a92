"""Sizes as values: what is known of a size where a function is exported for a family of shapes."""

import numpy as np

from weft_compiler.attributes import I64, DtypeAttr
from weft_compiler.avals import INT64, Aval
from weft_compiler.bindings import ir
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, ZERO_TANGENT, Attr, Op, op
from weft_compiler.dialect.samples import cases
from weft_compiler.symbolic import encoded


@op("dimension")
class Dimension(Op):
    """The number `size`, which may be a dimension expression, as a scalar."""

    size: Attr[I64]
    dtype: Attr[DtypeAttr]

    is_cheap = True

    def infer(self):
        return Aval.of((), self.dtype)

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def batch(self, b):
        return b.with_batch(b.dimension(size=self.size, dtype=self.dtype))

    def lower(self, b):
        # A constant of i64 is exact for every size. The mark says that it is no data, and what it must fit.
        scalar = Aval.of((), INT64)
        value = ir.DenseElementsAttr.get(np.array(encoded(self.size)), type=scalar.ty)
        made = b.stablehlo.op("stablehlo.constant", (), scalar, value=value, **{"weft.size": str(self.dtype)})
        return b.convert(made, dtype=self.dtype)

    fold = NOTHING_TO_FOLD

    samples = cases(
        ((), {"size": 3, "dtype": np.dtype("float32")}), ((), {"size": 0, "dtype": np.dtype("int64")})
    )
