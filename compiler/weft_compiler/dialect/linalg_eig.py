"""Eigenvalues of general matrices, their Schur form and their Hessenberg form."""

from weft_compiler.attributes import Flag
from weft_compiler.dialect.linalg_lapack import info_aval, lapack, letter, nan_where_failed
from weft_compiler.dialect.linalg_lu import solve
from weft_compiler.dialect.linalg_matrices import (
    DTYPES,
    Stacked,
    adjoint,
    along_columns,
    along_rows,
    as_complex,
    aval_like,
    check_square,
    complex_dtype,
    diagonal,
    eye,
    matmul,
    well_conditioned,
)
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, Attr, Inexact, Operand, no_rule, op
from weft_compiler.dialect.samples import Sample


def _general(*shapes):
    return [well_conditioned(shape, dtype) for shape in shapes for dtype in DTYPES]


@op("eig")
class Eig(Stacked):
    """Eigenvalues of x, and, of length 1 and as columns, its left eigenvectors and its right ones, if asked for.

    All are complex. u is a left eigenvector if u^H x = w u^H. As LAPACK does, the largest component of a vector
    is made real; slopes of vectors, given only with `vector_slopes`, rest on that, so they are wrong where two
    components tie, and not finite where eigenvalues do.
    """

    x: Operand[Inexact]
    left: Attr[Flag]
    right: Attr[Flag]
    vector_slopes: Attr[Flag] = False

    results = None

    def infer(self, x):
        check_square(self, x)
        dtype = complex_dtype(x)
        vectors = aval_like(x, x.shape[-2:], dtype)
        return (aval_like(x, (x.shape[-1],), dtype), *[vectors] * (self.left + self.right))

    def jvp(self, b, x, dx):
        if (self.left or self.right) and not self.vector_slopes:
            raise NotImplementedError(
                "eig: the derivative of eigenvectors depends on how their phases are chosen; "
                "it is given with enable_eigvec_derivs=True, that of the eigenvalues always"
            )
        # What follows does not depend on phases, so the slopes of these vectors serve as well as any.
        w, v = b.eig(x, left=False, right=True, vector_slopes=True)
        dw, dv = _slopes(b, w, v, as_complex(b, dx))
        made = [dw]
        if self.left:
            # Left eigenvectors are the right ones of the adjoint, whose values are the conjugates.
            change = adjoint(b, as_complex(b, dx))
            made.append(_slopes(b, b.conj(w), b.out[1], change)[1])
        if self.right:
            made.append(dv)
        return tuple(made)

    def lower(self, b, x):
        if not x.aval.size:
            return tuple(b.zeros(a) for a in b.outs)
        values, vectors = b.outs[0], aval_like(x, x.shape[-2:], complex_dtype(x))
        choice = {
            "compute_left": letter("V" if self.left else "N"),
            "compute_right": letter("V" if self.right else "N"),
        }
        tail = (vectors, vectors, info_aval(x))
        if x.aval.kind == "c":
            w, u, v, info = lapack(b, "geev", (x,), (values, *tail), x.ndim - 2, **choice)
        else:
            part = values.with_dtype(x.dtype)
            re, im, u, v, info = lapack(b, "geev", (x,), (part, part, *tail), x.ndim - 2, **choice)
            w = b.complex(re, im)
        made = [w, *([u] if self.left else []), *([v] if self.right else [])]
        return tuple(nan_where_failed(b, info, m) for m in made)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        values = [Sample((x,), {"left": False, "right": False}) for x in _general((3, 3), (2, 2, 2), (0, 0))]
        both = {"left": True, "right": True, "vector_slopes": True}
        return [*values, *[Sample((x,), both, tolerance=4.0) for x in _general((3, 3))]]


def _slopes(b, w, v, dx):
    """Tangents of eigenvalues and of right eigenvectors: V^-1 dx V has the former on its diagonal."""
    inner = solve(b, v, matmul(b, dx, v))
    gaps = b.sub(along_rows(b, w, inner.shape), along_columns(b, w, inner.shape))
    ones = eye(b, gaps)
    turned = b.div(b.mul(inner, b.sub(b.full(ones.aval, 1), ones)), b.add(gaps, ones))
    dv = matmul(b, v, turned)
    # Without what lies along the vector itself its length stays, and the largest component real.
    length = b.real(b.reduce_sum(b.mul(b.conj(v), dv), axes=(v.ndim - 2,)))
    along = b.complex(length, _phase_slope(b, v, dv))
    return diagonal(b, inner), b.sub(dv, b.mul(v, along_rows(b, along, v.shape)))


def _phase_slope(b, v, dv):
    """By how much the phase of the largest component of each vector turns; that component is real."""
    sizes = b.abs(v)
    greatest = b.reduce_max(sizes, axes=(v.ndim - 2,))
    is_it = b.compare(sizes, along_rows(b, greatest, v.shape), direction="EQ")
    turns = b.select(is_it, b.div(b.imag(dv), b.real(v)), b.zeros(sizes.aval))
    return b.reduce_sum(turns, axes=(v.ndim - 2,))


@op("schur")
class Schur(Stacked):
    """x = Z T Z^H: T upper triangular (of real x, with 2 by 2 blocks for complex eigenvalues), and Z if asked for."""

    x: Operand[Inexact]
    compute_vectors: Attr[Flag] = True

    results = None

    def infer(self, x):
        check_square(self, x)
        return (x, x) if self.compute_vectors else (x,)

    def lower(self, b, x):
        if not x.aval.size:
            return (x,) * len(b.outs)
        vector, info = aval_like(x, (x.shape[-1],)), info_aval(x)
        values = (vector,) if x.aval.kind == "c" else (vector, vector)
        mode = letter("V" if self.compute_vectors else "N")
        outs = (x.aval, x.aval, *values, info, info)
        t, z, *_, info = lapack(b, "gees", (x,), outs, x.ndim - 2, mode=mode, sort=letter("N"))
        return tuple(nan_where_failed(b, info, m) for m in ([t, z] if self.compute_vectors else [t]))

    jvp = no_rule(
        "a Schur form is not differentiable where eigenvalues meet, and weft has no derivative of it"
    )
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        attrs: tuple[dict[str, bool], ...] = ({}, {"compute_vectors": False})
        return [Sample((x,), a) for a in attrs for x in _general((3, 3), (2, 2, 2), (0, 0))]


@op("hessenberg")
class Hessenberg(Stacked):
    """x = Q H Q^H, H with zeros below the diagonal next to the main one: H, with reflections there, and scales."""

    x: Operand[Inexact]

    results = 2

    def infer(self, x):
        check_square(self, x)
        if not x.shape[-1]:
            self.fail(f"takes matrices of at least one row, got {x}")
        return x, aval_like(x, (x.shape[-1] - 1,))

    def lower(self, b, x):
        if not x.aval.size:
            return x, b.zeros(b.outs[1])
        ends = {"low": "1 : i32", "high": f"{x.shape[-1]} : i32"}
        *made, info = lapack(b, "gehrd", (x,), (*b.outs, info_aval(x)), x.ndim - 2, **ends)
        return nan_where_failed(b, info, *made)

    jvp = no_rule("reflections have no derivative here")
    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD

    def samples():  # type: ignore[misc]
        return [Sample((x,)) for x in _general((3, 3), (2, 2, 2), (1, 1))]
