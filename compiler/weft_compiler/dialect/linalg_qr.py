"""QR factors of matrices, and the Householder reflections that they are made of."""

from typing import Any

import numpy as np

from weft_compiler.attributes import Flag
from weft_compiler.avals import INT32
from weft_compiler.dialect.linalg_lapack import lapack
from weft_compiler.dialect.linalg_lu import permuted_rows
from weft_compiler.dialect.linalg_matrices import (
    DTYPES,
    Stacked,
    adjoint,
    along_columns,
    aval_like,
    block,
    check_matrices,
    eye,
    flipped,
    matmul,
    on_diagonal,
    padded,
    tril,
    triu,
    well_conditioned,
)
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, Attr, Inexact, Integer, Operand, no_rule, op
from weft_compiler.dialect.samples import Sample

NO_SLOPE = no_rule("reflections have no derivative here; that of weft.lax.linalg.qr is known")


def rectangles(*shapes):
    """Samples of matrices of full rank, of every dtype."""
    made = []
    for dtype in DTYPES:
        for shape in shapes:
            n = max(shape[-2:])
            made.append(well_conditioned((*shape[:-2], n, n), dtype)[..., : shape[-2], : shape[-1]].copy())
    return made


@op("geqrf")
class Geqrf(Stacked):
    """QR factors as LAPACK packs them: R on and above the diagonal, reflections below it; and their scales."""

    x: Operand[Inexact]

    results = 2

    def infer(self, x):
        check_matrices(self, x)
        return x, aval_like(x, (min(x.shape[-2:]),))

    def lower(self, b, x):
        if not x.aval.size:
            return x, b.zeros(b.outs[1])
        return lapack(b, "geqrf", (x,), b.outs, x.ndim - 2)

    jvp = NO_SLOPE
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        return [Sample((x,)) for x in rectangles((3, 3), (2, 4, 2), (2, 3), (0, 2))]


@op("geqp3")
class Geqp3(Stacked):
    """`geqrf` of x with columns permuted, such that the diagonal of R falls; and the permutation, from 1.

    Columns whose entry in `first` is not 0 come first.
    """

    x: Operand[Inexact]
    first: Operand[Integer]

    results = 3

    def infer(self, x, first):
        check_matrices(self, x)
        wanted = aval_like(x, (x.shape[-1],), INT32)
        if first is not wanted:
            self.fail(f"first must be {wanted} for {x}, got {first}")
        return x, wanted, aval_like(x, (min(x.shape[-2:]),))

    def lower(self, b, x, first):
        if not x.aval.size:
            order = b.iota(shape=first.shape, dtype=INT32, dimension=first.ndim - 1)
            return x, b.add(order, 1), b.zeros(b.outs[2])
        return lapack(b, "geqp3", (x, first), b.outs, x.ndim - 2)

    jvp = NO_SLOPE
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        found = rectangles((3, 3), (2, 4, 2), (2, 3))
        return [Sample((x, np.zeros((*x.shape[:-2], x.shape[-1]), np.int32))) for x in found]


@op("householder_product")
class HouseholderProduct(Stacked):
    """The first columns of the product of the reflections that `geqrf` left below the diagonal of x."""

    x: Operand[Inexact]
    taus: Operand[Inexact]

    def infer(self, x, taus):
        check_matrices(self, x)
        rows, columns = x.shape[-2:]
        if rows < columns:
            self.fail(f"takes at least as many rows as columns, got {x}")
        if taus.dtype != x.dtype or taus.shape[:-1] != x.shape[:-2] or taus.shape[-1] > columns:
            self.fail(f"taus must hold at most {columns} scales for each matrix of {x}, got {taus}")
        return x

    def lower(self, b, x, taus):
        if not x.aval.size:
            return x
        if not taus.aval.size:
            return eye(b, x)
        routine = "ungqr" if x.aval.kind == "c" else "orgqr"
        return lapack(b, routine, (x, taus), b.outs, x.ndim - 2)[0]

    def reference(self, x, taus):
        rows, columns = x.shape[-2:]
        made = np.empty_like(x)
        for where in np.ndindex(x.shape[:-2]):
            product = np.eye(rows, dtype=x.dtype)
            for i, tau in enumerate(taus[where]):
                v = np.concatenate([np.zeros(i), [1], x[where][i + 1 :, i]]).astype(x.dtype)
                product = product @ (np.eye(rows) - tau * np.outer(v, v.conj()))
            made[where] = product[:, :columns]
        return made

    jvp = NO_SLOPE
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        found = rectangles((3, 3), (2, 4, 2), (3, 0))
        return [Sample((x, (0.1 + 0 * x[..., 0, :]).astype(x.dtype))) for x in found]


@op("ormqr")
class Ormqr(Stacked):
    """y multiplied by the product Q of the reflections below the diagonal of x: Q y, or y Q where not `left`.

    With `adjoint`, by the adjoint of Q.
    """

    x: Operand[Inexact]
    taus: Operand[Inexact]
    y: Operand[Inexact]
    left: Attr[Flag]
    adjoint: Attr[Flag] = False

    def infer(self, x, taus, y):
        check_matrices(self, x, y)
        if x.dtype != y.dtype or x.shape[:-2] != y.shape[:-2]:
            self.fail(f"dtypes and the axes before the last two must agree: {x} and {y}")
        if x.shape[-2] != y.shape[-2 if self.left else -1]:
            self.fail(f"reflections of {x} do not fit {y}")
        if taus.dtype != x.dtype or taus.shape[:-1] != x.shape[:-2] or taus.shape[-1] > min(x.shape[-2:]):
            self.fail(f"taus must hold at most {min(x.shape[-2:])} scales for each matrix of {x}, got {taus}")
        return y

    def lower(self, b, x, taus, y):
        if not y.aval.size or not taus.aval.size:
            return y
        routine = "unmqr" if x.aval.kind == "c" else "ormqr"
        choice = {"left": str(self.left).lower(), "transpose": str(self.adjoint).lower()}
        used = block(b, x, (0, x.shape[-2]), (0, taus.shape[-1]))
        return lapack(b, routine, (used, taus, y), b.outs, x.ndim - 2, **choice)[0]

    jvp = NO_SLOPE
    transpose = no_rule("reflections are only applied forward")
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        made = []
        for x in rectangles((3, 3), (2, 4, 2)):
            taus = (0.1 + 0 * x[..., 0, :]).astype(x.dtype)
            y = np.ones((*x.shape[:-2], x.shape[-2], 2), x.dtype)
            made.append(Sample((x, taus, y), {"left": True, "adjoint": x.ndim == 2}))
            made.append(Sample((x, taus, np.swapaxes(y, -1, -2).copy()), {"left": False}))
        return made


@op("qr")
class Qr(Stacked):
    """Orthonormal columns Q and upper triangular R with x = Q R.

    With `full_matrices`, Q is square. With `pivoting`, x[:, p] = Q R with falling diagonal of R; p comes third.
    """

    x: Operand[Inexact]
    full_matrices: Attr[Flag]
    pivoting: Attr[Flag] = False

    results = None

    def infer(self, x):
        check_matrices(self, x)
        rows, columns = x.shape[-2:]
        k = rows if self.full_matrices else min(rows, columns)
        factors = aval_like(x, (rows, k)), aval_like(x, (k, columns))
        return (*factors, aval_like(x, (columns,), INT32)) if self.pivoting else factors

    def jvp(self, b, x, dx):
        q, r, *rest = b.out
        rows, columns = x.shape[-2:]
        if rest:
            dx = flipped(b, permuted_rows(b, flipped(b, dx), rest[0]))
        if rows < columns:
            dq, dr = self._wide_slopes(b, q, r, dx)
        elif self.full_matrices and rows > columns:
            dq, dr = self._tall_slopes(b, q, r, dx)
        else:
            dq, dr = _thin_slopes(b, q, r, dx)
        return (dq, dr, *(None for _ in rest))

    def _wide_slopes(self, b, q, r, dx):
        """The first columns are a square matrix with the same Q; the rest of R is Q^H times the rest of x."""
        n, columns = r.shape[-2:]
        dq, dr_first = _thin_slopes(b, q, block(b, r, (0, n), (0, n)), block(b, dx, (0, n), (0, n)))
        x_rest = matmul(b, q, block(b, r, (0, n), (n, columns)))
        dr_rest = b.add(
            matmul(b, adjoint(b, dq), x_rest), matmul(b, adjoint(b, q), block(b, dx, (0, n), (n, columns)))
        )
        return dq, b.concatenate(dr_first, dr_rest, axis=r.ndim - 1)

    def _tall_slopes(self, b, q, r, dx):
        """Of the columns that complete Q too: those that its reflections give (arXiv:2409.13374, 32 and 33)."""
        m, n = dx.shape[-2:]
        thin = block(b, q, (0, m), (0, n))
        dthin, dr = _thin_slopes(b, thin, block(b, r, (0, n), (0, n)), dx)
        top, bottom = (block(b, thin, rows, (0, n)) for rows in ((0, n), (n, m)))
        dtop, dbottom = (block(b, dthin, rows, (0, n)) for rows in ((0, n), (n, m)))
        z = _divided(b, bottom, b.sub(top, eye(b, top)))
        others = b.add(thin, matmul(b, block(b, q, (0, m), (n, m)), z))
        turn = b.sub(dbottom, matmul(b, z, dtop))
        drest = b.sub(matmul(b, dthin, adjoint(b, z)), matmul(b, others, adjoint(b, turn)))
        return b.concatenate(dthin, drest, axis=q.ndim - 1), padded(b, dr, (0, 0), (m - n, 0))

    def lower(self, b, x):
        rows, columns = x.shape[-2:]
        k = b.outs[0].shape[-1]
        places = b.outs[2:]
        order: tuple[Any, ...] = ()
        if places:
            packed, order_from_1, taus = b.geqp3(x, b.zeros(places[0]))
            order = (b.sub(order_from_1, 1),)
        else:
            packed, taus = b.geqrf(x)
        if not x.aval.size:
            return (eye(b, b.zeros(b.outs[0])), b.zeros(b.outs[1]), *order)
        reflections = block(b, packed, (0, rows), (0, min(k, columns)))
        if k > columns:
            reflections = padded(b, reflections, (0, 0), (0, k - columns))
        r = triu(b, block(b, packed, (0, k), (0, columns)))
        return (b.householder_product(reflections, taus), r, *order)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        thin = [
            Sample((x,), {"full_matrices": False}, tolerance=2.0)
            for x in rectangles((3, 3), (4, 2), (2, 4), (2, 3, 3), (2, 0))
        ]
        pivoted = [
            Sample((x,), {"full_matrices": False, "pivoting": True}, tolerance=2.0)
            for x in rectangles((3, 3), (2, 4))
        ]
        full = [
            Sample((x,), {"full_matrices": True}, tolerance=4.0) for x in rectangles((3, 3), (4, 2), (2, 3))
        ]
        return [*thin, *pivoted, *full]


def _thin_slopes(b, q, r, dx):
    """Tangents of the factors of a matrix with at least as many rows as columns, Q being as wide as R."""
    # Q^H dx R^-1 = Q^H dQ + dR R^-1, antihermitian plus upper triangular with real diagonal.
    scaled = b.triangular_solve(r, dx, left_side=False, is_lower=False)
    inner = matmul(b, adjoint(b, q), scaled)
    below = tril(b, inner, -1)
    turn = b.sub(below, adjoint(b, below))
    if q.aval.kind == "c":
        phases = b.imag(on_diagonal(b, inner))
        turn = b.add(turn, b.complex(b.zeros(phases.aval), phases))
    rise = b.sub(inner, turn)
    return b.sub(scaled, matmul(b, q, rise)), matmul(b, rise, r)


def _divided(b, y, a):
    """The z with z a = y, for square matrices a."""
    factors, _, order = b.lu(a)
    z = b.triangular_solve(factors, y, left_side=False, is_lower=False)
    z = b.triangular_solve(factors, z, left_side=False, is_lower=True, unit_diagonal=True)
    row = along_columns(b, order, a.shape)
    column = b.iota(shape=a.shape, dtype=INT32, dimension=a.ndim - 1)
    return matmul(b, z, b.convert(b.compare(row, column, direction="EQ"), dtype=a.dtype))
