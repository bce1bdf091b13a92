"""Systems of equations with tridiagonal matrices."""

import numpy as np

from weft_compiler.dialect.linalg_lapack import info_aval, lapack, nan_where_failed
from weft_compiler.dialect.linalg_matrices import DTYPES, Stacked, along_columns, check_matrices
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Inexact, Operand, op
from weft_compiler.dialect.samples import Sample, random_array


@op("tridiagonal_solve")
class TridiagonalSolve(Stacked):
    """The z with A z = y: row i of A has dl[i], d[i], du[i] before, on and behind the diagonal.

    dl[0] and du[-1] are outside of A and not read.
    """

    dl: Operand[Inexact]
    d: Operand[Inexact]
    du: Operand[Inexact]
    y: Operand[Inexact]

    def infer(self, dl, d, du, y):
        check_matrices(self, y)
        if not dl is d is du:
            self.fail(f"the diagonals differ: {dl}, {d} and {du}")
        if d.dtype != y.dtype or d.shape != y.shape[:-1]:
            self.fail(f"diagonals {d} do not fit the rows of {y}")
        return y

    def jvp(self, b, dl, d, du, y, ddl, dd, ddu, dy):
        z = b.out
        change = dy
        if any(t is not None for t in (ddl, dd, ddu)):
            below, on, above = (b.zeros(d.aval) if t is None else t for t in (ddl, dd, ddu))
            moved = b.neg(_product(b, below, on, above, z))
            change = moved if dy is None else b.add(dy, moved)
        return b.tridiagonal_solve(dl, d, du, change)

    def transpose(self, b, ct, dl, d, du, y):
        if any(b.is_linear(v) for v in (dl, d, du)):
            self.fail("not linear in the diagonals")
        return None, None, None, b.tridiagonal_solve(_shifted(b, du, 1), d, _shifted(b, dl, -1), ct)

    def lower(self, b, dl, d, du, y):
        if not y.aval.size:
            return y
        operands = (dl, d, du, y)
        outs = (*(v.aval for v in operands), info_aval(y))
        *_, made, info = lapack(b, "gtsv", operands, outs, d.ndim - 1)
        return nan_where_failed(b, info, made)

    def reference(self, dl, d, du, y):
        n = d.shape[-1]
        a = np.zeros((*d.shape, n), d.dtype)
        i = np.arange(n)
        a[..., i, i] = d
        a[..., i[1:], i[:-1]] = dl[..., 1:]
        a[..., i[:-1], i[1:]] = du[..., :-1]
        return np.linalg.solve(a, y)

    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        made = []
        for dtype in DTYPES:
            for shape in ((4,), (2, 3), (1,), (0,)):
                dl, du = random_array(shape, dtype, -1.0, 1.0), random_array(shape, dtype, -1.0, 1.0, 1)
                d = (random_array(shape, dtype, -1.0, 1.0, 2) + 4).astype(dtype)
                made.append(
                    Sample((dl, d, du, random_array((*shape, 2), dtype, -1.0, 1.0, 3)), tolerance=2.0)
                )
        return made


def _shifted(b, x, by):
    """Elements moved along the last axis by one place, 0 coming in."""
    none = (0,) * (x.ndim - 1)
    low, high = (1, -1) if by > 0 else (-1, 1)
    zero = b.zeros(x.aval.with_shape(()))
    return b.pad(x, zero, low=(*none, low), high=(*none, high), interior=(0,) * x.ndim)


def _rows_shifted(b, z, by):
    """Rows moved by one place, zeros coming in."""
    none = (0,) * (z.ndim - 2)
    low, high = (1, -1) if by > 0 else (-1, 1)
    zero = b.zeros(z.aval.with_shape(()))
    return b.pad(z, zero, low=(*none, low, 0), high=(*none, high, 0), interior=(0,) * z.ndim)


def _product(b, dl, d, du, z):
    """A z for tridiagonal A."""
    low, middle, high = [along_columns(b, v, z.shape) for v in (dl, d, du)]
    ends = b.add(b.mul(low, _rows_shifted(b, z, 1)), b.mul(high, _rows_shifted(b, z, -1)))
    return b.add(b.mul(middle, z), ends)
