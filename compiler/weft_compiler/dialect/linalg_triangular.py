"""Cholesky factors, and systems of equations with triangular matrices."""

import numpy as np

from weft_compiler.attributes import Flag, Text
from weft_compiler.dialect.linalg_matrices import (
    DTYPES,
    Stacked,
    adjoint,
    check_matrices,
    check_square,
    conj,
    flipped,
    half_triangle,
    hermitian_of,
    matmul,
    positive_definite,
    triangle,
    tril,
    well_conditioned,
)
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, Attr, Inexact, Operand, op
from weft_compiler.dialect.samples import Sample, random_array
from weft_compiler.stablehlo import parsed

TRANSPOSES = ("NO_TRANSPOSE", "TRANSPOSE", "ADJOINT")


@op("cholesky")
class Cholesky(Stacked):
    """The lower triangular L with L L^H = x for Hermitian positive definite x.

    Only the lower triangle of x is read, of its diagonal the real part; a matrix that is not positive definite
    gives nan. The derivative is with respect to what is read, so slopes have zeros above the diagonal.
    """

    x: Operand[Inexact]

    def infer(self, x):
        check_square(self, x)
        return x

    def jvp(self, b, x, dx):
        # dL = L half_tril(L^-1 dx L^-H), from dx = dL L^H + L dL^H.
        factor = b.out
        right = b.triangular_solve(
            factor, hermitian_of(b, dx), left_side=False, is_lower=True, transpose_a="ADJOINT"
        )
        both = b.triangular_solve(factor, right, left_side=True, is_lower=True)
        return matmul(b, factor, half_triangle(b, both))

    def lower(self, b, x):
        if not x.aval.size:
            return x
        if x.aval.kind == "c":  # else imaginary parts of the diagonal come through
            x = hermitian_of(b, x)
        return tril(b, b.stablehlo.cholesky(x, lower=True))

    def reference(self, x):
        return np.linalg.cholesky(x)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        shapes = ((3, 3), (2, 3, 3), (1, 1), (2, 0, 0))
        return [Sample((positive_definite(s, d),), tolerance=2.0) for d in DTYPES for s in shapes]


@op("triangular_solve")
class TriangularSolve(Stacked):
    """Solves op(a) z = y, or z op(a) = y where not `left_side`, for one triangle of a.

    op is the identity, the transpose or the adjoint. The other triangle of a is not read, nor its diagonal
    with `unit_diagonal`, which stands for ones.
    """

    a: Operand[Inexact]
    y: Operand[Inexact]
    left_side: Attr[Flag]
    is_lower: Attr[Flag]
    transpose_a: Attr[Text] = "NO_TRANSPOSE"
    unit_diagonal: Attr[Flag] = False

    def infer(self, a, y):
        check_square(self, a)
        check_matrices(self, y)
        if a.dtype != y.dtype:
            self.fail(f"dtypes differ: {a} and {y}")
        if a.shape[:-2] != y.shape[:-2]:
            self.fail(f"the axes before the last two differ: {a} and {y}")
        if a.shape[-1] != y.shape[-2 if self.left_side else -1]:
            side = "rows" if self.left_side else "columns"
            self.fail(f"{a} does not fit the {side} of {y}")
        if self.transpose_a not in TRANSPOSES:
            self.fail(f"transpose_a is {self.transpose_a}; it must be one of {', '.join(TRANSPOSES)}")
        return y

    def jvp(self, b, a, y, da, dy):
        # op(a) dz = dy - op(da) z, where only the triangle of da counts.
        change = dy
        if da is not None:
            turned = triangle(b, da, self.is_lower, 1 if self.unit_diagonal else 0)
            turned = {"NO_TRANSPOSE": _as_is, "TRANSPOSE": flipped, "ADJOINT": adjoint}[self.transpose_a](
                b, turned
            )
            product = matmul(b, turned, b.out) if self.left_side else matmul(b, b.out, turned)
            change = b.neg(product) if dy is None else b.sub(dy, product)
        return b.emit(self, (a, change))

    def transpose(self, b, ct, a, y):
        if b.is_linear(a):
            self.fail("not linear in a")
        if self.transpose_a == "ADJOINT":  # whose transpose is the conjugate
            return None, b.emit(self.replace(transpose_a="NO_TRANSPOSE"), (conj(b, a), ct))
        other = "TRANSPOSE" if self.transpose_a == "NO_TRANSPOSE" else "NO_TRANSPOSE"
        return None, b.emit(self.replace(transpose_a=other), (a, ct))

    def batch(self, b, a, y):
        if b.is_batched(a) or a.ndim > 2:
            return b.emit(self, (b.with_batch(a), b.with_batch(y)))
        # One matrix for all: the batch is more columns (or rows) of y.
        size, rows, columns = y.shape
        if not self.left_side:
            flat = b.emit(self, (a, b.reshape(y, shape=(size * rows, columns))))
            return b.reshape(flat, shape=y.shape)
        side_by_side = b.reshape(b.transpose(y, permutation=(1, 0, 2)), shape=(rows, size * columns))
        made = b.reshape(b.emit(self, (a, side_by_side)), shape=(rows, size, columns))
        return b.transpose(made, permutation=(1, 0, 2))

    def lower(self, b, a, y):
        if not y.aval.size:
            return y
        return b.stablehlo.triangular_solve(
            a,
            y,
            left_side=self.left_side,
            lower=self.is_lower,
            unit_diagonal=self.unit_diagonal,
            transpose_a=parsed(f"#stablehlo<transpose {self.transpose_a}>"),
        )

    def reference(self, a, y):
        if self.unit_diagonal:
            a = a - a * np.eye(a.shape[-1], dtype=a.dtype) + np.eye(a.shape[-1], dtype=a.dtype)
        a = np.tril(a) if self.is_lower else np.triu(a)
        if self.transpose_a != "NO_TRANSPOSE":
            a = np.swapaxes(a, -1, -2)
        if self.transpose_a == "ADJOINT":
            a = np.conj(a)
        return np.linalg.solve(a, y) if self.left_side else y @ np.linalg.inv(a)

    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        made = []
        for i, dtype in enumerate(DTYPES):
            for shape, left in (((3, 3), True), ((2, 3, 3), False), ((3, 3), False), ((0, 0), True)):
                n = shape[-1]
                other = (*shape[:-2], *((n, 2) if left else (2, n)))
                attrs = {
                    "left_side": left,
                    "is_lower": (i + left) % 2 == 0,
                    "transpose_a": TRANSPOSES[(i + len(shape)) % 3],
                    "unit_diagonal": i == 1,
                }
                operands = well_conditioned(shape, dtype), random_array(other, dtype, -1.0, 1.0, 1)
                made.append(Sample(operands, attrs, tolerance=2.0))
        return made


def _as_is(b, x):
    return x
