"""Solutions of systems of equations, and pseudoinverses, with derivatives that need no derivative of factors."""

import numpy as np

from weft_compiler.attributes import Text
from weft_compiler.avals import INT32
from weft_compiler.dialect.linalg_eigh import scaled
from weft_compiler.dialect.linalg_lu import permuted_rows
from weft_compiler.dialect.linalg_matrices import (
    DTYPES,
    Stacked,
    adjoint,
    along_columns,
    aval_like,
    check_matrices,
    check_square,
    conj,
    eye,
    flipped,
    matmul,
    real_dtype,
    well_conditioned,
)
from weft_compiler.dialect.linalg_qr import rectangles
from weft_compiler.dialect.linalg_triangular import TRANSPOSES
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    Attr,
    Floating,
    Inexact,
    Integer,
    Operand,
    op,
)
from weft_compiler.dialect.samples import Sample, random_array


@op("lu_solve")
class LuSolve(Stacked):
    """The z with op(a) z = y, by the factors of a that `lu` gives; op as in `triangular_solve`.

    As the factors only say what a says, the derivative looks at a alone: the factors need no slope.
    """

    a: Operand[Inexact]
    factors: Operand[Inexact]
    permutation: Operand[Integer]
    y: Operand[Inexact]
    transpose_a: Attr[Text] = "NO_TRANSPOSE"

    def infer(self, a, factors, permutation, y):
        check_square(self, a)
        check_matrices(self, y)
        if factors is not a or permutation is not aval_like(a, (a.shape[-1],), INT32):
            self.fail(f"factors {factors} and permutation {permutation} are not those of {a}")
        if a.dtype != y.dtype or a.shape[:-1] != y.shape[:-1]:
            self.fail(f"{a} does not fit the rows of {y}")
        if self.transpose_a not in TRANSPOSES:
            self.fail(f"transpose_a is {self.transpose_a}; it must be one of {', '.join(TRANSPOSES)}")
        return y

    def jvp(self, b, a, factors, permutation, y, da, dfactors, dpermutation, dy):
        change = dy
        if da is not None:
            moved = matmul(b, self._turned(b, da), b.out)
            change = b.neg(moved) if dy is None else b.sub(dy, moved)
        return None if change is None else b.emit(self, (a, factors, permutation, change))

    def transpose(self, b, ct, a, factors, permutation, y):
        if b.is_linear(a) or b.is_linear(factors):
            self.fail("not linear in a")
        if self.transpose_a == "ADJOINT":  # whose transpose is the conjugate
            made = b.emit(
                self.replace(transpose_a="NO_TRANSPOSE"), (conj(b, a), conj(b, factors), permutation, ct)
            )
        else:
            other = "TRANSPOSE" if self.transpose_a == "NO_TRANSPOSE" else "NO_TRANSPOSE"
            made = b.emit(self.replace(transpose_a=other), (a, factors, permutation, ct))
        return None, None, None, made

    def lower(self, b, a, factors, permutation, y):
        if not y.aval.size:
            return y
        if self.transpose_a == "NO_TRANSPOSE":
            made = permuted_rows(b, y, permutation)
            made = b.triangular_solve(factors, made, left_side=True, is_lower=True, unit_diagonal=True)
            return b.triangular_solve(factors, made, left_side=True, is_lower=False)
        how = {"left_side": True, "transpose_a": self.transpose_a}
        made = b.triangular_solve(factors, y, is_lower=False, **how)
        made = b.triangular_solve(factors, made, is_lower=True, unit_diagonal=True, **how)
        last = permutation.ndim - 1
        places = b.iota(shape=permutation.shape, dtype=INT32, dimension=last)
        _, inverse = b.sort(permutation, places, axis=last, num_keys=1, is_stable=False)
        return permuted_rows(b, made, inverse)

    def _turned(self, b, x):
        if self.transpose_a == "NO_TRANSPOSE":
            return x
        return flipped(b, x) if self.transpose_a == "TRANSPOSE" else adjoint(b, x)

    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        made = []
        for i, dtype in enumerate(DTYPES):
            for shape in ((3, 3), (2, 3, 3), (0, 0)):
                # Factors of the identity, the one matrix that is the same when a batch turns it round.
                a = np.broadcast_to(np.eye(shape[-1], dtype=dtype), shape).copy()
                order = np.broadcast_to(np.arange(shape[-1], dtype=np.int32), shape[:-1]).copy()
                y = random_array((*shape[:-1], 2), dtype, -1.0, 1.0)
                attrs = {"transpose_a": TRANSPOSES[(i + len(shape)) % 3]}
                # Central differences would move a without its factors.
                made.append(Sample((a, a, order, y), attrs, smooth=False))
        return made


@op("pinv")
class Pinv(Stacked):
    """The pseudoinverse of x, in which singular values up to `rtol` times the greatest count as 0."""

    x: Operand[Inexact]
    rtol: Operand[Floating]

    def infer(self, x, rtol):
        check_matrices(self, x)
        rows, columns = x.shape[-2:]
        wanted = aval_like(x, (), real_dtype(x))
        if rtol is not wanted:
            self.fail(f"rtol must be {wanted} for {x}, got {rtol}")
        return aval_like(x, (columns, rows))

    def jvp(self, b, x, rtol, dx, drtol):
        # Golub & Pereyra (1973): -P dx P + P P^H dx^H (1 - x P) + (1 - P x) dx^H P^H P.
        if dx is None:
            return None
        p = b.out
        ph, dxh = adjoint(b, p), adjoint(b, dx)
        made = b.neg(matmul(b, p, matmul(b, dx, p)))
        onto_rows, onto_columns = matmul(b, x, p), matmul(b, p, x)
        rest = b.sub(eye(b, onto_rows), onto_rows)
        made = b.add(made, matmul(b, p, matmul(b, ph, matmul(b, dxh, rest))))
        rest = b.sub(eye(b, onto_columns), onto_columns)
        return b.add(made, matmul(b, rest, matmul(b, dxh, matmul(b, ph, p))))

    def lower(self, b, x, rtol):
        if not x.aval.size:
            return b.zeros(b.outs[0])
        s, u, vh = b.svd(x, full_matrices=False)
        greatest = b.reduce_max(s, axes=(s.ndim - 1,))
        limit = b.broadcast_in_dim(b.mul(greatest, rtol), shape=s.shape, dims=tuple(range(rtol.ndim)))
        # A comparison that is false for nan, so that a failure is seen in the result.
        is_small = b.compare(s, limit, direction="LE")
        ones = b.full(s.aval, 1)
        inverse = b.select(is_small, b.zeros(s.aval), b.div(ones, b.select(is_small, ones, s)))
        uh = adjoint(b, u)
        return matmul(b, adjoint(b, vh), scaled(b, uh, along_columns(b, inverse, uh.shape)))

    def reference(self, x, rtol):
        return np.linalg.pinv(x, rtol).astype(x.dtype)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        found = [*rectangles((3, 3), (4, 2), (2, 2, 3)), well_conditioned((2, 2), "float32")]
        return [
            Sample((x, np.full(x.shape[:-2], 1e-4, np.zeros((), x.dtype).real.dtype)), tolerance=2.0)
            for x in found
        ]
