"""Singular values and vectors of matrices."""

from weft_compiler.attributes import Flag, Text
from weft_compiler.dialect.linalg_eigh import real_part, scaled
from weft_compiler.dialect.linalg_lapack import info_aval, lapack, letter, nan_where_failed
from weft_compiler.dialect.linalg_matrices import (
    Stacked,
    adjoint,
    along_columns,
    along_rows,
    aval_like,
    check_matrices,
    diagonal,
    eye,
    matmul,
    real_dtype,
)
from weft_compiler.dialect.linalg_qr import rectangles
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, Attr, Inexact, Operand, op
from weft_compiler.dialect.samples import Sample

ALGORITHMS = ("gesdd", "gesvd")


def _inverse(b, x):
    """1 / x, and 0 where x is 0."""
    is_zero = b.compare(x, 0, direction="EQ")
    ones = b.full(x.aval, 1)
    return b.select(is_zero, b.zeros(x.aval), b.div(ones, b.select(is_zero, ones, x)))


@op("svd")
class Svd(Stacked):
    """x = U diag(s) V^H: s in falling order, and with `compute_uv` U and V^H, square if `full_matrices`.

    `algorithm` is LAPACK's: gesdd (divide and conquer) or gesvd (QR iteration). The phases of the vectors are
    LAPACK's too; slopes leave the phases of V in place. Vectors of equal singular values are taken as fixed.
    """

    x: Operand[Inexact]
    full_matrices: Attr[Flag]
    compute_uv: Attr[Flag] = True
    algorithm: Attr[Text] = "gesdd"

    results = None

    def infer(self, x):
        check_matrices(self, x)
        if self.algorithm not in ALGORITHMS:
            self.fail(f"algorithm is {self.algorithm}; it must be one of {', '.join(ALGORITHMS)}")
        rows, columns = x.shape[-2:]
        k = min(rows, columns)
        s = aval_like(x, (k,), real_dtype(x))
        if not self.compute_uv:
            return (s,)
        left, right = (rows, columns) if self.full_matrices else (k, k)
        return s, aval_like(x, (rows, left)), aval_like(x, (right, columns))

    def jvp(self, b, x, dx):
        rows, columns = x.shape[-2:]
        if not self.compute_uv:
            _, u, vh = b.svd(x, full_matrices=False, algorithm=self.algorithm)
            return (real_part(b, diagonal(b, _between(b, u, dx, vh))),)
        if self.full_matrices and rows != columns:
            raise NotImplementedError(
                f"svd: the derivative with full_matrices=True is not known for {x.aval}, "
                "as the vectors beyond the smaller size are not determined; try full_matrices=False"
            )
        return _slopes(b, dx, *b.out)

    def lower(self, b, x):
        if not x.aval.size:
            if not self.compute_uv:
                return (b.zeros(b.outs[0]),)
            return b.zeros(b.outs[0]), eye(b, b.zeros(b.outs[1])), eye(b, b.zeros(b.outs[2]))
        rows, columns = x.shape[-2:]
        s, *vectors = b.outs
        if not vectors:
            k = min(rows, columns)
            vectors = aval_like(x, (rows, k)), aval_like(x, (k, columns))
        mode = "N" if not self.compute_uv else "A" if self.full_matrices else "S"
        outs = (x.aval, s, *vectors, info_aval(x))
        _, s, u, vh, info = lapack(b, self.algorithm, (x,), outs, x.ndim - 2, mode=letter(mode))
        if not self.compute_uv:
            return (nan_where_failed(b, info, s),)
        return nan_where_failed(b, info, s, u, vh)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        thin = rectangles((3, 3), (4, 2), (2, 2, 3), (2, 0))
        made = [Sample((x,), {"full_matrices": False}, x.dtype.kind == "f", 4.0) for x in thin]
        made.append(Sample((thin[0],), {"full_matrices": True}, tolerance=4.0))
        for i, x in enumerate(rectangles((3, 3), (2, 3, 2))):
            attrs = {"full_matrices": False, "compute_uv": False, "algorithm": ALGORITHMS[i % 2]}
            made.append(Sample((x,), attrs, tolerance=4.0))
        return made


def _between(b, u, x, vh):
    """U^H x V."""
    return matmul(b, matmul(b, adjoint(b, u), x), adjoint(b, vh))


def _slopes(b, dx, s, u, vh):
    """Tangents of s, U and V^H, from U^H dx V = U^H dU S + dS + S dV^H V with antihermitian U^H dU, V^H dV."""
    inner = _between(b, u, dx, vh)
    at_row, at_column = along_columns(b, s, inner.shape), along_rows(b, s, inner.shape)
    gaps = _inverse(b, b.mul(b.add(at_column, at_row), b.sub(at_column, at_row)))
    by_column, by_row = scaled(b, inner, at_column), scaled(b, inner, at_row)
    # The part of the diagonal that is not real is a turn of phases: all of it goes to U.
    turn = scaled(b, b.sub(inner, adjoint(b, inner)), b.mul(b.mul(eye(b, gaps), 0.5), _inverse(b, at_row)))
    left = b.add(scaled(b, b.add(by_column, adjoint(b, by_column)), gaps), turn)
    right = scaled(b, b.add(by_row, adjoint(b, by_row)), gaps)
    du, dv = matmul(b, u, left), matmul(b, adjoint(b, vh), right)
    rows, columns = dx.shape[-2:]
    if rows > columns:  # what leaves the space that the columns of U span
        moved = matmul(b, dx, adjoint(b, vh))
        du = b.add(du, _outside(b, moved, u, s))
    if columns > rows:
        moved = matmul(b, adjoint(b, dx), u)
        dv = b.add(dv, _outside(b, moved, adjoint(b, vh), s))
    return real_part(b, diagonal(b, inner)), du, adjoint(b, dv)


def _outside(b, moved, basis, s):
    """What of the columns of `moved` is outside the space of `basis`, over the singular values."""
    rest = b.sub(moved, matmul(b, basis, matmul(b, adjoint(b, basis), moved)))
    divisors = along_rows(b, s, rest.shape)
    return scaled(b, rest, b.div(b.full(divisors.aval, 1), divisors))
