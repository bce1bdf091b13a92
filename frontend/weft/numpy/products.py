"""Products of arrays: of matrices, of vectors, over chosen axes, and of all pairs of elements."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_shapes, convert
from weft.lax.contraction import product
from weft.lax.precision import PrecisionLike, contraction
from weft.numpy._arguments import array, axes_within, axis_within, no_out, no_sharding
from weft.numpy._ops import broadcast_in_dim, kind, ops, reshape_to, transpose_by
from weft.numpy.shapes import moveaxis

Axes = tuple[int, ...]


def operands(name: str, a: Any, b: Any, preferred: Any) -> tuple[Any, Any, Any]:
    """Two operands of one dtype, or of different ones where the result's dtype is given; and that dtype."""
    x, y = array(name, a, 0), array(name, b, 1)
    wanted = None if preferred is None else dtypes.canonicalize_explicit(preferred, name)
    target, weak = dtypes.promote_pair(x.dtype, x.weak_type, y.dtype, y.weak_type)
    return convert(x, target, weak), convert(y, target, weak), wanted


def contract(
    x: Any, y: Any, axes: tuple[Axes, Axes, Axes, Axes], precision: PrecisionLike, preferred: Any
) -> Any:
    """Sum of products; axes are lhs batch, rhs batch, lhs contracted, rhs contracted."""
    return product(x, y, axes, contraction(precision, x, y), preferred)


@library("a", "b")
def dot(
    a: Any,
    b: Any,
    *,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Product over the last axis of a and the last but one of b (the only one of a vector); scalars multiply."""
    no_sharding("dot", out_sharding=out_sharding)
    x, y, wanted = operands("dot", a, b, preferred_element_type)
    if x.ndim == 0 or y.ndim == 0:
        axes: tuple[Axes, Axes] = ((), ())
    else:
        axes = ((x.ndim - 1,), (max(y.ndim - 2, 0),))
        _check_inner("dot", x, y, axes[0][0], axes[1][0])
    return contract(x, y, ((), (), *axes), precision, wanted)


def _check_inner(name: str, x: Any, y: Any, i: int, j: int) -> None:
    if x.shape[i] != y.shape[j]:
        raise TypeError(
            f"{name} requires contracting dimensions to have the same shape, got ({x.shape[i]},) and ({y.shape[j]},).\n"
            f"  axis {i} of {x.aval} and axis {j} of {y.aval} are summed over"
        )


@library("a", "b")
def matmul(
    a: Any,
    b: Any,
    *,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Matrix product of the last two axes; the axes before broadcast.

    A vector is a row on the left and a column on the right; the result lacks its axis.

    Raises: ValueError for scalars; TypeError if the inner sizes differ.
    """
    no_sharding("matmul", out_sharding=out_sharding)
    for i, value in enumerate((a, b)):
        if array("matmul", value, i).ndim == 0:
            raise ValueError(f"matmul input operand {i} must have ndim at least 1, but it has ndim 0")
    x, y, wanted = operands("matmul", a, b, preferred_element_type)
    inner = y.ndim - 2 if y.ndim > 1 else 0
    _check_inner("matmul", x, y, x.ndim - 1, inner)
    if x.ndim <= 2 and y.ndim <= 2:
        return contract(x, y, ((), (), (x.ndim - 1,), (inner,)), precision, wanted)
    return _batched_matmul(x, y, precision, wanted)


def _batched_matmul(x: Any, y: Any, precision: PrecisionLike, wanted: Any) -> Any:
    """Axes of size 1 in one operand become free axes of the other, so that nothing is repeated."""
    lead_x, lead_y = x.shape[:-2], y.shape[:-2]
    rank = max(len(lead_x), len(lead_y))
    try:
        lead = broadcast_shapes("matmul", [lead_x, lead_y])
    except TypeError:
        raise ValueError(f"Incompatible shapes for matmul: {x.aval} and {y.aval} do not broadcast") from None
    lead_x, lead_y = (1,) * (rank - len(lead_x)) + lead_x, (1,) * (rank - len(lead_y)) + lead_y
    batch = [i for i in range(rank) if lead_x[i] == lead_y[i] and lead[i] != 1]
    only_x = [i for i in range(rank) if lead_x[i] != 1 and i not in batch]
    only_y = [i for i in range(rank) if lead_y[i] != 1 and i not in batch]
    x_axes, y_axes = [i for i in range(rank) if lead_x[i] != 1], [i for i in range(rank) if lead_y[i] != 1]
    rows, columns = x.shape[-2:-1] if x.ndim > 1 else (), y.shape[-1:] if y.ndim > 1 else ()
    x = reshape_to(x, (*[lead_x[i] for i in x_axes], *rows, x.shape[-1]))
    y = reshape_to(y, (*[lead_y[i] for i in y_axes], y.shape[-2] if y.ndim > 1 else y.shape[0], *columns))
    axes = (
        tuple(x_axes.index(i) for i in batch),
        tuple(y_axes.index(i) for i in batch),
        (x.ndim - 1,),
        (len(y_axes),),
    )
    made = contract(x, y, axes, precision, wanted)
    # The result has the axes batch, only_x, rows, only_y, columns.
    places = [*batch, *only_x, *([rank] if rows else []), *only_y, *([rank + 1] if columns else [])]
    made = transpose_by(made, tuple(sorted(range(len(places)), key=places.__getitem__)))
    return reshape_to(made, (*lead, *rows, *columns))


@library("a", "b")
def vdot(a: Any, b: Any, *, precision: PrecisionLike = None, preferred_element_type: Any = None) -> Any:
    """Sum of the products of all elements, those of a conjugated."""
    x, y, wanted = operands("vdot", a, b, preferred_element_type)
    x, y = reshape_to(x, (x.size,)), reshape_to(y, (y.size,))
    if kind(x) == "c":
        x = bind(ops.conj, x)
    _check_inner("vdot", x, y, 0, 0)
    return contract(x, y, ((), (), (0,), (0,)), precision, wanted)


@library("x1", "x2")
def vecdot(
    x1: Any,
    x2: Any,
    /,
    *,
    axis: int = -1,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
) -> Any:
    """Sum along an axis of products with x1 conjugated; the other axes broadcast."""
    x, y, wanted = operands("vecdot", x1, x2, preferred_element_type)
    i, j = axis_within(axis, x.ndim), axis_within(axis, y.ndim)
    if x.shape[i] != y.shape[j]:
        raise ValueError(
            f"vecdot requires arguments to have equal length along axis {axis}: {x.aval} and {y.aval}"
        )
    if kind(x) == "c":
        x = bind(ops.conj, x)
    x, y = moveaxis(x, i, -1), moveaxis(y, j, -1)
    made = matmul(
        reshape_to(x, (*x.shape[:-1], 1, x.shape[-1])),
        reshape_to(y, (*y.shape, 1)),
        precision=precision,
        preferred_element_type=wanted,
    )
    return reshape_to(made, made.shape[:-2])


@library("x1", "x2")
def matvec(x1: Any, x2: Any, /) -> Any:
    """Matrices times vectors; the axes before broadcast."""
    x, y, _ = operands("matvec", x1, x2, None)
    _check_ranks("matvec", x, y, 2, 1)
    made = matmul(x, reshape_to(y, (*y.shape, 1)))
    return reshape_to(made, made.shape[:-1])


@library("x1", "x2")
def vecmat(x1: Any, x2: Any, /) -> Any:
    """Conjugated vectors times matrices; the axes before broadcast."""
    x, y, _ = operands("vecmat", x1, x2, None)
    _check_ranks("vecmat", x, y, 1, 2)
    if kind(x) == "c":
        x = bind(ops.conj, x)
    made = matmul(reshape_to(x, (*x.shape[:-1], 1, x.shape[-1])), y)
    return reshape_to(made, (*made.shape[:-2], made.shape[-1]))


def _check_ranks(name: str, x: Any, y: Any, least_x: int, least_y: int) -> None:
    for i, (value, least) in enumerate(((x, least_x), (y, least_y))):
        if value.ndim < least:
            raise ValueError(f"{name}: operand {i} needs at least {least} axes, got {value.aval}")
    inner = y.ndim - 1 if least_y == 1 else y.ndim - 2
    if x.shape[-1] != y.shape[inner]:
        raise ValueError(
            f"{name}: inner sizes differ, {x.shape[-1]} and {y.shape[inner]}: {x.aval} and {y.aval}"
        )


@library("a", "b")
def inner(a: Any, b: Any, *, precision: PrecisionLike = None, preferred_element_type: Any = None) -> Any:
    """Sum of products over the last axes of both; scalars multiply."""
    x, y, wanted = operands("inner", a, b, preferred_element_type)
    axes: tuple[Axes, Axes] = ((), ()) if x.ndim == 0 or y.ndim == 0 else ((x.ndim - 1,), (y.ndim - 1,))
    if axes[0]:
        _check_inner("inner", x, y, axes[0][0], axes[1][0])
    return contract(x, y, ((), (), *axes), precision, wanted)


@library("a", "b")
def outer(a: Any, b: Any, out: None = None) -> Any:
    """Products of all pairs of elements of a (rows) and b (columns), both flattened."""
    no_out("outer", out)
    x, y, _ = operands("outer", a, b, None)
    shape = (x.size, y.size)
    rows = broadcast_in_dim(reshape_to(x, (x.size,)), shape, (0,))
    columns = broadcast_in_dim(reshape_to(y, (y.size,)), shape, (1,))
    return bind(ops.mul if kind(x) != "b" else ops.and_, rows, columns)


@library("a", "b")
def tensordot(
    a: Any,
    b: Any,
    axes: int | Sequence[int] | Sequence[Sequence[int]] = 2,
    *,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Sum of products over pairs of axes: the last n of a with the first n of b, or those listed."""
    no_sharding("tensordot", out_sharding=out_sharding)
    x, y, wanted = operands("tensordot", a, b, preferred_element_type)
    pairs = _paired_axes(x, y, axes)
    for i, j in zip(*pairs, strict=True):
        _check_inner("tensordot", x, y, i, j)
    return contract(x, y, ((), (), *pairs), precision, wanted)


def _paired_axes(x: Any, y: Any, axes: Any) -> tuple[Axes, Axes]:
    if not isinstance(axes, (tuple, list)):
        n = operator.index(axes)
        if n > min(x.ndim, y.ndim):
            raise TypeError(
                f"Number of tensordot axes (axes {n}) exceeds input ranks ({x.aval} and {y.aval})"
            )
        return tuple(range(x.ndim - n, x.ndim)), tuple(range(n))
    if len(axes) != 2:
        raise TypeError(
            f"tensordot axes must be an int, a pair of ints or a pair of lists of ints, got {axes}"
        )
    left, right = axes_within(axes[0], x.ndim), axes_within(axes[1], y.ndim)
    if len(left) != len(right):
        raise TypeError(f"tensordot requires axes lists to have equal length, got {axes[0]} and {axes[1]}.")
    return left, right


@library("a", "b")
def kron(a: Any, b: Any) -> Any:
    """Kronecker product: every element of a times all of b, as blocks."""
    x, y, _ = operands("kron", a, b, None)
    rank = max(x.ndim, y.ndim)
    sizes_x, sizes_y = (1,) * (rank - x.ndim) + x.shape, (1,) * (rank - y.ndim) + y.shape
    shape = tuple(n for pair in zip(sizes_x, sizes_y, strict=True) for n in pair)
    left = broadcast_in_dim(reshape_to(x, sizes_x), shape, tuple(range(0, 2 * rank, 2)))
    right = broadcast_in_dim(reshape_to(y, sizes_y), shape, tuple(range(1, 2 * rank, 2)))
    made = bind(ops.mul if kind(x) != "b" else ops.and_, left, right)
    return reshape_to(made, tuple(n * m for n, m in zip(sizes_x, sizes_y, strict=True)))


@library("a", "b")
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """Cross product of vectors of two or three components along an axis; of two it is a number."""
    from weft.numpy.joining import stack, unstack_

    if axis is not None:
        axisa = axisb = axisc = axis
    x, y, _ = operands("cross", a, b, None)
    x, y = moveaxis(x, axisa, -1), moveaxis(y, axisb, -1)
    sizes = (x.shape[-1], y.shape[-1])
    if any(n not in (2, 3) for n in sizes):
        raise ValueError("Dimension must be either 2 or 3 for cross product")
    lead = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    u, v = [
        [
            broadcast_in_dim(c, lead, tuple(range(len(lead) - c.ndim, len(lead))))
            for c in unstack_(z, z.ndim - 1)
        ]
        for z in (x, y)
    ]

    def minor(i: int, j: int) -> Any:
        """u[i] v[j] - u[j] v[i], where a third component that is missing is 0."""
        terms = [
            bind(ops.mul, u[p], v[q]) if p < sizes[0] and q < sizes[1] else None for p, q in ((i, j), (j, i))
        ]
        if terms[1] is None:
            return terms[0]
        return bind(ops.neg, terms[1]) if terms[0] is None else bind(ops.sub, *terms)

    if sizes == (2, 2):
        return minor(0, 1)
    return moveaxis(stack([minor(1, 2), minor(2, 0), minor(0, 1)], axis=-1), -1, axisc)
