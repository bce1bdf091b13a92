"""Contraction: sums of products of two operands over paired axes, of which matrix multiplication is one."""

import string

import ml_dtypes
import numpy as np

from weft_compiler.attributes import Axes, Text
from weft_compiler.avals import DTYPES, Aval, bit_width, whole_bytes
from weft_compiler.bindings import stablehlo
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Anything, Attr, Op, Operand, OpTypeError, op
from weft_compiler.dialect.samples import cases
from weft_compiler.stablehlo import cached, parsed

PRECISIONS = ("", "DEFAULT", "HIGH", "HIGHEST")


def check_precision(inst):
    """Fails where `precision` of an op names none."""
    parts = inst.precision.split(",")
    if len(parts) > 2 or any(p not in PRECISIONS for p in parts):
        inst.fail(f"precision is {inst.precision}; it must be one or two of {', '.join(PRECISIONS[1:])}")


def precision_config(precision):
    """The StableHLO attribute of a precision: one word for each operand."""
    parts = [p or "DEFAULT" for p in precision.split(",")]
    words = ", ".join(f"#stablehlo<precision {p}>" for p in (parts * 2)[:2])
    return parsed(f"[{words}]")


def swapped_precision(precision):
    """The precision of the same product with its operands exchanged."""
    return ",".join(reversed(precision.split(",")))


def _rank(dtype):
    """Order of dtypes in a mixed product: complex over float over int, then range and width."""
    real = dtype.type(0).real.dtype if dtype.kind == "c" else dtype
    aval = Aval.of((), real)
    if aval.kind == "f":
        info = ml_dtypes.finfo(real)
        return (dtype.kind == "c", int(info.maxexp), int(info.nmant), int(info.bits), True)
    return (False, -1, -1, bit_width(real), aval.kind != "u")


def in_bytes(inst, b, x, y):
    """A product of 2-bit integers, for which XLA has none, by one of 8 bits: it wraps around to the same."""
    out = b.outs[0].dtype
    wide = inst.replace(preferred_dtype="") if bit_width(out) < 8 else inst
    operands = [b.convert(v, dtype=whole_bytes(v.dtype)) for v in (x, y)]
    return b.convert(b.emit(wide, operands), dtype=out)


def product_dtype(inst, x, y):
    """The dtype of a sum of products: the wider of the operands', or `preferred_dtype`."""
    for operand in (x, y):
        if operand.kind == "k":
            inst.fail(f"keys are not numbers: {operand}")
    p, q = _rank(x.dtype), _rank(y.dtype)
    if p == q and x.dtype != y.dtype:
        inst.fail(f"dtypes {x.dtype} and {y.dtype} have no common one")
    wider = x.dtype if p >= q else y.dtype
    if not inst.preferred_dtype:
        return wider
    if inst.preferred_dtype not in DTYPES:
        inst.fail(f"preferred_dtype {inst.preferred_dtype} is no dtype")
    preferred = DTYPES[inst.preferred_dtype]
    if Aval.of((), wider).kind != "f" and bit_width(preferred) < bit_width(wider):
        inst.fail(f"preferred_dtype {preferred} is narrower than {wider}, the dtype of the operands")
    return preferred


def accumulator_dtype(dtype):
    """The dtype that products of `dtype` are summed in: float32 for the 16-bit floats."""
    return np.dtype(np.float32) if dtype.itemsize == 2 and Aval.of((), dtype).kind == "f" else dtype


def _dims(lhs_batch, rhs_batch, lhs_contract, rhs_contract, **more):
    named = {"lhs_batch": lhs_batch, "rhs_batch": rhs_batch}
    return named | {"lhs_contract": lhs_contract, "rhs_contract": rhs_contract} | more


@op("dot_general")
class DotGeneral(Op):
    """Sum of products over the paired axes `lhs_contract`, `rhs_contract`, for each index of the batch axes.

    Result axes: batch, the other axes of x, the other axes of y. `precision` is one word for both operands or
    two joined by a comma; `preferred_dtype` is the dtype to accumulate in and to return.
    """

    x: Operand[Anything]
    y: Operand[Anything]
    lhs_batch: Attr[Axes]
    rhs_batch: Attr[Axes]
    lhs_contract: Attr[Axes]
    rhs_contract: Attr[Axes]
    precision: Attr[Text] = ""
    preferred_dtype: Attr[Text] = ""

    bilinear_in = ("x", "y")

    def infer(self, x, y):
        self._check_axes("lhs", x, self.lhs_batch, self.lhs_contract)
        self._check_axes("rhs", y, self.rhs_batch, self.rhs_contract)
        self._check_sizes("batch", x, y, self.lhs_batch, self.rhs_batch)
        self._check_sizes("contracted", x, y, self.lhs_contract, self.rhs_contract)
        check_precision(self)
        kept = [x.shape[i] for i in (*self.lhs_batch, *self.lhs_free(x))]
        return Aval.of((*kept, *(y.shape[i] for i in self.rhs_free(y))), product_dtype(self, x, y))

    def transpose(self, b, ct, x, y):
        batch = tuple(range(len(self.lhs_batch)))
        lhs_free, rhs_free = self.lhs_free(x), self.rhs_free(y)
        from_lhs = tuple(range(len(batch), len(batch) + len(lhs_free)))
        from_rhs = tuple(range(len(batch) + len(lhs_free), ct.ndim))
        if b.is_linear(x):
            # ct times y over y's free axes has the axes batch, free ones of x, contracted ones in y's order.
            paired = tuple(i for _, i in sorted(zip(self.rhs_contract, self.lhs_contract, strict=True)))
            axes = (*self.lhs_batch, *lhs_free, *paired)
            return self._cotangent(
                b, ct, y, x, batch, self.rhs_batch, from_rhs, rhs_free, axes, self.precision
            ), None
        paired = tuple(i for _, i in sorted(zip(self.lhs_contract, self.rhs_contract, strict=True)))
        axes = (*self.rhs_batch, *rhs_free, *paired)
        precision = swapped_precision(self.precision)
        return None, self._cotangent(b, ct, x, y, batch, self.lhs_batch, from_lhs, lhs_free, axes, precision)

    def _cotangent(self, b, ct, other, like, batch, other_batch, contract, other_contract, axes, precision):
        made = b.dot_general(
            ct,
            other,
            lhs_batch=batch,
            rhs_batch=other_batch,
            lhs_contract=contract,
            rhs_contract=other_contract,
            precision=precision,
            preferred_dtype=self.preferred_dtype,
        )
        back = tuple(sorted(range(len(axes)), key=axes.__getitem__))
        if back != tuple(range(len(axes))):
            made = b.transpose(made, permutation=back)
        return made if made.dtype == like.dtype else b.convert(made, dtype=like.dtype)

    def batch(self, b, x, y):
        def shifted(axes):
            return tuple(a + 1 for a in axes)

        both = b.is_batched(x) and b.is_batched(y)
        lhs = shifted if b.is_batched(x) else tuple
        rhs = shifted if b.is_batched(y) else tuple
        inst = self.replace(
            lhs_batch=(0, *shifted(self.lhs_batch)) if both else lhs(self.lhs_batch),
            rhs_batch=(0, *shifted(self.rhs_batch)) if both else rhs(self.rhs_batch),
            lhs_contract=lhs(self.lhs_contract),
            rhs_contract=rhs(self.rhs_contract),
        )
        made = b.emit(inst, (x, y))
        if both:
            return made
        # The batch axis of the one operand that has it is its first free axis.
        at = len(self.lhs_batch) + (0 if b.is_batched(x) else len(self.lhs_free(x)))
        return b.transpose(made, permutation=(at, *(i for i in range(made.ndim) if i != at)))

    def lower(self, b, x, y):
        if x.dtype != y.dtype:
            common = x.dtype if _rank(x.dtype) > _rank(y.dtype) else y.dtype
            x, y = b.convert(x, dtype=common), b.convert(y, dtype=common)
        if bit_width(x.dtype) == 2:
            return in_bytes(self, b, x, y)
        dims = (self.lhs_batch, self.rhs_batch, self.lhs_contract, self.rhs_contract)
        return b.stablehlo.dot_general(
            x,
            y,
            dot_dimension_numbers=cached(stablehlo().DotDimensionNumbers.get, *dims),
            precision_config=precision_config(self.precision),
        )

    def lhs_free(self, x):
        """The axes of x that are neither batch nor contracted."""
        return tuple(i for i in range(x.ndim) if i not in self.lhs_batch and i not in self.lhs_contract)

    def rhs_free(self, y):
        """The axes of y that are neither batch nor contracted."""
        return tuple(i for i in range(y.ndim) if i not in self.rhs_batch and i not in self.rhs_contract)

    def _check_axes(self, side, x, batch, contract):
        for axis in (*batch, *contract):
            if not 0 <= axis < x.ndim:
                self.fail(f"{side} axis {axis} is out of range for {x}", OpTypeError)
        if len({*batch, *contract}) < len(batch) + len(contract):
            self.fail(f"{side} batch axes {list(batch)} and contracted axes {list(contract)} name one twice")

    def _check_sizes(self, what, x, y, lhs, rhs):
        if len(lhs) != len(rhs):
            self.fail(f"{len(lhs)} {what} axes on the left, {len(rhs)} on the right")
        for i, j in zip(lhs, rhs, strict=True):
            if x.shape[i] != y.shape[j]:
                self.fail(
                    f"{what} sizes differ, {x.shape[i]} and {y.shape[j]}: axis {i} of {x}, axis {j} of {y}",
                    OpTypeError,
                )

    def reference(self, x, y):
        dtype = product_dtype(self, Aval.of(x.shape, x.dtype), Aval.of(y.shape, y.dtype))
        letters = iter(string.ascii_letters)
        lhs, rhs = [next(letters) for _ in x.shape], [next(letters) for _ in y.shape]
        for i, j in zip(self.lhs_batch + self.lhs_contract, self.rhs_batch + self.rhs_contract, strict=True):
            rhs[j] = lhs[i]
        out = [lhs[i] for i in (*self.lhs_batch, *self.lhs_free(x))] + [rhs[j] for j in self.rhs_free(y)]
        inner = accumulator_dtype(dtype)
        formula = f"{''.join(lhs)},{''.join(rhs)}->{''.join(out)}"
        return np.asarray(np.einsum(formula, x.astype(inner), y.astype(inner))).astype(dtype)

    fold = NOTHING_TO_FOLD
    samples = cases(
        *[
            ((((2, 3), dtype), ((3, 4), dtype)), _dims((), (), (1,), (0,)))
            for dtype in ("float32", "bfloat16", "float16", "float64", "complex64", "int32", "uint8")
        ],
        ((((3,), "float32"), ((3,), "float32")), _dims((), (), (0,), (0,), precision="HIGHEST")),
        ((((2,), "float32"), ((3,), "float32")), _dims((), (), (), (), precision="HIGH,DEFAULT")),
        ((((2, 3, 4, 5), "float32"), ((5, 3, 2, 4), "float32")), _dims((1,), (1,), (3, 0), (0, 2))),
        ((((5, 2, 3), "float32"), ((2, 3, 4), "float32")), _dims((), (), (2, 1), (1, 0))),
        ((((2, 0), "float32"), ((0, 3), "float32")), _dims((), (), (1,), (0,))),
        ((((2, 3), "bfloat16"), ((3, 2), "bfloat16")), _dims((), (), (1,), (0,), preferred_dtype="float32")),
        ((((2, 3), "int8"), ((2, 3, 4), "int8")), _dims((0,), (0,), (1,), (1,), preferred_dtype="int32")),
        ((((2, 3), "float32"), ((3, 2), "bfloat16")), _dims((), (), (1,), (0,))),
    )
