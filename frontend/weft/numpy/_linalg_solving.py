"""Linear systems, determinants, inverses: what `weft.numpy.linalg` has of them."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weft import dtypes
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.lax import linalg as factors
from weft.lax.conversion import stop_gradient
from weft.lax.precision import PrecisionLike
from weft.numpy._arguments import array, axis_within, inexact
from weft.numpy._ops import emit, kind, like, reshape_to, select, transpose_by
from weft.numpy.arithmetic import abs as abs_
from weft.numpy.matrices import diagonal_of, eye
from weft.numpy.products import matmul, tensordot
from weft.numpy.reductions import prod
from weft.numpy.reductions import sum as sum_
from weft.numpy.selection import where
from weft.numpy.shapes import broadcast_shapes
from weft.numpy.transcendental import log


class SlogdetResult(NamedTuple):
    """Sign (or phase) and logarithm of the absolute value of a determinant."""

    sign: Any
    logabsdet: Any


def square(name: str, a: Any) -> Any:
    """An argument that holds square matrices of floats or complex numbers."""
    x = inexact(name, a)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"Argument to {name} must have shape [..., n, n], got {x.shape}.")
    return x


def matrices(name: str, a: Any) -> Any:
    """An argument that holds matrices of floats or complex numbers."""
    x = inexact(name, a)
    if x.ndim < 2:
        raise TypeError(f"Input 0 to {name} must have rank at least 2, but got shape={x.shape}")
    return x


def identity_like(x: Any) -> Any:
    """Identity matrices in the shape of square `x`."""
    return broadcast_to(eye(x.shape[-1], dtype=x.dtype), x.shape)


def solved(a: Any, y: Any, transpose_a: str = "NO_TRANSPOSE") -> Any:
    """The z with op(a) z = y for matrices y; a and y have one dtype and equal leading axes."""
    packed, _, permutation = factors.lu(stop_gradient(a))
    return emit("lu_solve", a, packed, permutation, y, transpose_a=transpose_a)


def with_lead(x: Any, lead: tuple[int, ...]) -> Any:
    """Matrices broadcast to leading axes `lead`."""
    return broadcast_to(x, (*lead, *x.shape[-2:]))


@library("a", "b")
def solve(a: Any, b: Any) -> Any:
    """The x with a x = b for square a. A vector b is one right side, for all matrices in a.

    Shapes: a[..., n, n], b[n] -> [..., n]; b[..., n, m] -> [..., n, m].
    """
    x, y = square("solve", a), array("solve", b, 1)
    if y.ndim == 0:
        raise ValueError("solve: b must have at least one axis")
    dtype, _ = dtypes.promote((x.dtype, False), (inexact("solve", y).dtype, False))
    x, y = convert(x, dtype, False), convert(y, dtype, False)
    is_vector = y.ndim == 1
    if is_vector:
        y = reshape_to(y, (*y.shape, 1))
    if y.shape[-2] != x.shape[-1]:
        raise ValueError(f"solve: inconsistent sizes, {x.shape[-1]} and {y.shape[-2]}: {x.aval} and {y.aval}")
    lead = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    made = solved(with_lead(x, lead), with_lead(y, lead))
    return reshape_to(made, made.shape[:-1]) if is_vector else made


@library("a")
def inv(a: Any) -> Any:
    """The inverses of square matrices; inf or nan where there is none."""
    x = square("inv", a)
    return solved(x, identity_like(x))


def _parity(pivots: Any) -> Any:
    """Whether the number of exchanges is odd."""
    places = broadcast_to(
        emit("iota", shape=pivots.shape[-1:], dtype=pivots.dtype, dimension=0), pivots.shape
    )
    return sum_(emit("compare", pivots, places, direction="NE"), -1) % 2 == 1


@library("a")
def slogdet(a: Any, *, method: str | None = None) -> SlogdetResult:
    """Sign and logarithm of the absolute value of the determinant; 0 and -inf where it is 0.

    For complex matrices the sign is a number of absolute value 1. `method` is "lu" or "qr".
    """
    x = square("slogdet()", a)
    if method not in (None, "lu", "qr"):
        raise ValueError(f"Unrecognized slogdet method: {method!r}.")
    if method == "qr":
        return _slogdet_by_qr(x)
    packed, pivots, _ = factors.lu(x)
    d = diagonal_of(packed, 0)
    sign = prod(emit("sign", d), -1)
    sign = select(_parity(pivots), emit("neg", sign), sign)
    return SlogdetResult(sign, sum_(log(abs_(d)), -1))


def _slogdet_by_qr(x: Any) -> SlogdetResult:
    """The reflections that are not the identity turn the sign."""
    if kind(x) == "c":
        raise NotImplementedError("slogdet: method='qr' is for real matrices")
    packed, taus = factors.geqrf(stop_gradient(x))
    sign = prod(emit("sign", diagonal_of(packed, 0)), -1)
    is_odd = sum_(emit("compare", taus, like(taus, 0), direction="NE"), -1) % 2 == 1
    sign = select(is_odd, emit("neg", sign), sign)
    return SlogdetResult(sign, slogdet(x)[1])


@library("a")
def det(a: Any) -> Any:
    """Determinants. Slopes of matrices of more than 3 rows are those of an invertible matrix."""
    x = square("_det()", a)
    n = x.shape[-1]
    if n == 0:
        return broadcast_to(convert(array("det", 1), x.dtype, False), x.shape[:-2])
    if n <= 3:
        return _small_det(x, n)
    packed, pivots, _ = factors.lu(x)
    made = prod(diagonal_of(packed, 0), -1)
    return select(_parity(pivots), emit("neg", made), made)


def _small_det(x: Any, n: int) -> Any:
    """By products of elements: also right, with slopes, for singular matrices."""

    def at(i: int, j: int) -> Any:
        return x[..., i, j]

    if n == 1:
        return at(0, 0)
    if n == 2:
        return at(0, 0) * at(1, 1) - at(0, 1) * at(1, 0)
    minors = [
        at(1, (j + 1) % 3) * at(2, (j + 2) % 3) - at(1, (j + 2) % 3) * at(2, (j + 1) % 3) for j in range(3)
    ]
    return at(0, 0) * minors[0] + at(0, 1) * minors[1] + at(0, 2) * minors[2]


def default_rtol(x: Any) -> float:
    """10 max(m, n) times the distance of 1 from the next float."""
    return 10.0 * max(x.shape[-2:]) * float(dtypes.finfo(x.dtype).eps)


@library("a", "rtol", "rcond")
def pinv(a: Any, rtol: Any = None, hermitian: bool = False, *, rcond: Any = None) -> Any:
    """The pseudoinverse; singular values up to `rtol` times the greatest count as 0.

    Slope: by Golub & Pereyra (1973), right where the rank does not change.
    """
    x = matrices("pinv", a)
    if rtol is not None and rcond is not None:
        raise ValueError("pinv: only one of rtol and rcond may be specified.")
    if rtol is None:
        rtol = rcond
    real = np.finfo(x.dtype).dtype
    if rtol is None:
        rtol = like(x, 0, real)[..., 0, 0] + default_rtol(x) if x.size else 0.0
    limit = broadcast_to(convert(array("pinv", rtol, 1), real, False), x.shape[:-2])
    return emit("pinv", x, limit)


@library("a")
def matrix_power(a: Any, n: int) -> Any:
    """Square matrices to a whole power, by squaring; negative powers are those of the inverse."""
    x = array("matrix_power", a)
    if x.ndim < 2:
        raise TypeError(f"{x.ndim}-dimensional array given. Array must be at least two-dimensional")
    if x.shape[-2] != x.shape[-1]:
        raise TypeError("Last 2 dimensions of the array must be square")
    try:
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"exponent must be an integer, got {n}") from None
    if count < 0:
        x, count = inv(x), -count
    if count == 0:
        return identity_like(x)
    made = None
    while count:
        if count & 1:
            made = x if made is None else matmul(made, x)
        count >>= 1
        x = matmul(x, x) if count else x
    return made


@library("a", "b")
def lstsq(
    a: Any, b: Any, rcond: float | None = None, *, numpy_resid: bool = False
) -> tuple[Any, Any, Any, Any]:
    """The x of least length for which |a x - b| is least.

    Returns x, the sums of squared residuals, the rank of a, its singular values. With `numpy_resid` the sums
    are empty where the rank is not full, as NumPy has it (then not under jit, as a size depends on values).
    """
    from weft._tracing.concrete import concrete

    x, y = promoted_pair("lstsq", a, b)
    if x.ndim != 2:
        raise TypeError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")
    if y.ndim not in (1, 2):
        raise TypeError(f"{y.ndim}-dimensional array given. Array must be one or two-dimensional")
    if x.shape[0] != y.shape[0]:
        raise ValueError("Leading dimensions of input arrays must match")
    is_vector = y.ndim == 1
    if is_vector:
        y = reshape_to(y, (*y.shape, 1))
    limit = float(dtypes.finfo(x.dtype).eps) * max(x.shape) if rcond is None or rcond < 0 else rcond
    u, s, vh = factors.svd(x, full_matrices=False)
    is_kept = (s > 0) & (s >= s[0] * limit) if s.size else s > 0
    inverse = where(is_kept, 1 / where(is_kept, s, 1), 0)
    projected = matmul(factors.adjoint(u), y)
    solution = matmul(factors.adjoint(vh), inverse[:, None] * projected)
    rank = sum_(is_kept, 0, dtype=np.int32)
    residuals = sum_(abs_(y - matmul(x, solution)) ** 2, 0)
    if numpy_resid:
        known = concrete(rank)
        if known is None or int(known) < x.shape[1] or x.shape[0] <= x.shape[1]:
            residuals = residuals[:0]
    return (solution[:, 0] if is_vector else solution), residuals, rank, s


def promoted_pair(name: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Two arguments of one floating or complex dtype, of whatever shapes."""
    x, y = inexact(name, a), inexact(name, b)
    dtype, _ = dtypes.promote((x.dtype, False), (y.dtype, False))
    return convert(x, dtype, False), convert(y, dtype, False)


@library("a")
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse with respect to `tensordot` over the first `ind` axes."""
    x = inexact("tensorinv", a)
    if ind <= 0:
        raise ValueError(f"ind must be a positive integer; got ind={ind}")
    rows, columns = math.prod(x.shape[:ind]), math.prod(x.shape[ind:])
    if rows != columns:
        raise ValueError(f"product of dimensions on each side of ind must match, got {rows} and {columns}")
    made = inv(reshape_to(x, (rows, columns)))
    return reshape_to(made, (*x.shape[ind:], *x.shape[:ind]))


@library("a", "b")
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    """The x with tensordot(a, x, x.ndim) = b; `axes` of a are moved behind the others first."""
    x, y = promoted_pair("tensorsolve", a, b)
    if axes is not None:
        last = [axis_within(i, x.ndim) for i in axes]
        x = transpose_by(x, (*[i for i in range(x.ndim) if i not in last], *last))
    shape = x.shape[y.ndim :]
    if math.prod(shape) != y.size:
        raise ValueError(
            f"After moving axes to end, leading shape of a must match shape of b. got a.shape={x.shape}, "
            f"b.shape={y.shape}"
        )
    return reshape_to(solve(reshape_to(x, (y.size, y.size)), reshape_to(y, (y.size,))), shape)


@library("arrays")
def multi_dot(arrays: Sequence[Any], *, precision: PrecisionLike = None) -> Any:
    """The product of matrices in the order that takes the least work; vectors may stand at the ends."""
    xs = promoted_inexact_list(arrays)
    if len(xs) < 2:
        raise ValueError(f"multi_dot requires at least two arrays; got len(arrays)={len(xs)}")
    for i, x in enumerate(xs):
        if x.ndim != 2 and not (x.ndim == 1 and i in (0, len(xs) - 1)):
            raise ValueError(f"multi_dot: array {i} must be two-dimensional, got shape {x.shape}")
    sizes = [xs[0].shape[0] if xs[0].ndim == 2 else 1, *[x.shape[-1] if x.ndim == 2 else 1 for x in xs]]
    order = _best_order(sizes)

    def product(i: int, j: int) -> Any:
        if i == j:
            return xs[i]
        k = order[i, j]
        return tensordot(product(i, k), product(k + 1, j), 1, precision=precision)

    return product(0, len(xs) - 1)


def promoted_inexact_list(xs: Sequence[Any]) -> list[Any]:
    """Arguments of one dtype, of whatever shapes."""
    values = [array("multi_dot", x, i) for i, x in enumerate(xs)]
    dtype, _ = dtypes.promote(*[(v.dtype, v.weak_type) for v in values])
    return [convert(v, dtype, False) for v in values]


def _best_order(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split the product of matrices i to j, so that multiplications are fewest."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            found = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(found)
    return split
