"""Eigenvalues and eigenvectors of Hermitian matrices, and their tridiagonal form."""

from weft_compiler.attributes import Flag
from weft_compiler.dialect.linalg_lapack import info_aval, lapack, letter, nan_where_failed
from weft_compiler.dialect.linalg_matrices import (
    DTYPES,
    Stacked,
    adjoint,
    along_columns,
    along_rows,
    aval_like,
    check_square,
    diagonal,
    eye,
    hermitian_of,
    matmul,
    positive_definite,
    real_dtype,
)
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, Attr, Inexact, Operand, no_rule, op
from weft_compiler.dialect.samples import Sample


def scaled(b, x, factors):
    """x times real factors, elementwise."""
    return b.mul(x, b.complex(factors, b.zeros(factors.aval)) if x.aval.kind == "c" else factors)


def real_part(b, x):
    """The real part; real numbers as they are."""
    return b.real(x) if x.aval.kind == "c" else x


@op("eigh")
class Eigh(Stacked):
    """Orthonormal eigenvectors, as columns, and the eigenvalues in ascending order, of Hermitian x.

    Only one triangle of x is read, of its diagonal the real part. Where eigenvalues are equal, slopes of the
    vectors are not finite. The phases of the vectors are LAPACK's; slopes are those that leave them in place.
    """

    x: Operand[Inexact]
    is_lower: Attr[Flag]

    results = 2

    def infer(self, x):
        check_square(self, x)
        return x, aval_like(x, (x.shape[-1],), real_dtype(x))

    def jvp(self, b, x, dx):
        # V^H dx V has the slopes of the values on its diagonal; V^H dV is the rest over differences of values.
        v, w = b.out
        inner = matmul(b, matmul(b, adjoint(b, v), hermitian_of(b, dx, self.is_lower)), v)
        square = x.shape
        gaps = b.sub(along_rows(b, w, square), along_columns(b, w, square))
        ones = eye(b, gaps)
        inverse = b.sub(b.div(b.full(gaps.aval, 1), b.add(gaps, ones)), ones)
        return matmul(b, v, scaled(b, inner, inverse)), real_part(b, diagonal(b, inner))

    def lower(self, b, x):
        if not x.aval.size:
            return x, b.zeros(b.outs[1])
        routine = "heevd" if x.aval.kind == "c" else "syevd"
        uplo = letter("L" if self.is_lower else "U")
        outs = (*b.outs, info_aval(x))
        v, w, info = lapack(b, routine, (x,), outs, x.ndim - 2, mode=letter("V"), uplo=uplo)
        return nan_where_failed(b, info, v, w)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        return [
            Sample((positive_definite(shape, dtype),), {"is_lower": i % 2 == 0}, dtype[0] == "f", 4.0)
            for i, shape in enumerate(((3, 3), (2, 3, 3), (1, 1), (2, 0, 0)))
            for dtype in DTYPES
        ]


@op("tridiagonal")
class Tridiagonal(Stacked):
    """x = Q T Q^H for Hermitian x: the diagonal of real tridiagonal T, the one beside it, and Q as reflections.

    Results: T's diagonals with the reflections in the other places of the triangle that is read, as LAPACK packs
    them; the diagonal; the one beside it; the scales of the reflections.
    """

    x: Operand[Inexact]
    is_lower: Attr[Flag]

    results = 4

    def infer(self, x):
        check_square(self, x)
        n = x.shape[-1]
        if not n:
            self.fail(f"takes matrices of at least one row, got {x}")
        real = real_dtype(x)
        return x, aval_like(x, (n,), real), aval_like(x, (n - 1,), real), aval_like(x, (n - 1,))

    def lower(self, b, x):
        if not x.aval.size:
            return tuple(b.zeros(a) for a in b.outs)
        routine = "hetrd" if x.aval.kind == "c" else "sytrd"
        outs = (*b.outs, info_aval(x))
        *made, info = lapack(b, routine, (x,), outs, x.ndim - 2, uplo=letter("L" if self.is_lower else "U"))
        return nan_where_failed(b, info, *made)

    jvp = no_rule("reflections have no derivative here; that of weft.lax.linalg.eigh is known")
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        return [
            Sample((positive_definite(shape, dtype),), {"is_lower": shape == (3, 3)})
            for shape in ((3, 3), (2, 3, 3), (1, 1), (0, 2, 2))
            for dtype in DTYPES
        ]
