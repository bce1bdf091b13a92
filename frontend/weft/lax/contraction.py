"""Products of arrays summed over axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.operands import check_no_sharding, class_of, ints, rows
from weft.lax.precision import Contraction, PrecisionLike, contraction

DotDimensionNumbers = tuple[tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]]
"""((lhs contracting, rhs contracting), (lhs batch, rhs batch)) axes."""


def dot_general(
    lhs: Any,
    rhs: Any,
    dimension_numbers: DotDimensionNumbers,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """Sums of products over pairs of axes.

    `dimension_numbers` is ((lhs contracting, rhs contracting), (lhs batch, rhs batch)): sums run over the
    contracting axes, for each index of the batch axes. The result has the batch axes, the other axes of lhs,
    the other axes of rhs. `preferred_element_type` is the dtype to add up in and to return.

    Raises: TypeError if axes do not pair up.
    """
    check_no_sharding("dot_general", out_sharding)
    x, y = as_value(lhs), as_value(rhs)
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = dimension_numbers
    axes = [
        ints(a, "dot_general", "dimension_numbers")
        for a in (lhs_batch, rhs_batch, lhs_contract, rhs_contract)
    ]
    return product(x, y, axes, contraction(precision, x, y), preferred_element_type)


def product(x: Any, y: Any, axes: Sequence[tuple[int, ...]], how: Contraction, preferred: Any) -> Any:
    """`dot_general` with axes (lhs batch, rhs batch, lhs contracting, rhs contracting)."""
    weak = x.weak_type and y.weak_type
    wanted = None if preferred is None else dtypes.canonicalize_explicit(preferred, "lax.dot_general")
    result = wanted
    if how.operands is not None:
        result = wanted or _wider(x, y)
        x, y = [convert(v, d, v.weak_type) for v, d in zip((x, y), how.operands, strict=True)]
        wanted = how.sums or result
    inst = class_of("dot_general").of(
        lhs_batch=axes[0],
        rhs_batch=axes[1],
        lhs_contract=axes[2],
        rhs_contract=axes[3],
        precision=how.words,
        preferred_dtype="" if wanted is None else wanted.name,
    )
    made = bind(inst, x, y, weak_type=weak)
    return made if result is None else convert(made, result, weak)


def _wider(x: Any, y: Any) -> Any:
    return x.dtype if x.dtype == y.dtype else dtypes.promote_types(x.dtype, y.dtype)


def dot(
    lhs: Any,
    rhs: Any,
    *,
    dimension_numbers: DotDimensionNumbers | None = None,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
) -> Any:
    """The product of matrices and vectors; with `dimension_numbers`, `dot_general`.

    Raises: ValueError unless both are vectors or matrices whose inner sizes agree.
    """
    x, y = as_value(lhs), as_value(rhs)
    if dimension_numbers is None:
        if not (1 <= x.ndim <= 2 and 1 <= y.ndim <= 2 and x.shape[-1] == y.shape[0]):
            what = "lax.dot: without dimension_numbers it takes vectors and matrices whose inner sizes agree"
            raise ValueError(explain(what, rows((x, y), ("lhs", "rhs"))))
        dimension_numbers = (((x.ndim - 1,), (0,)), ((), ()))
    return dot_general(x, y, dimension_numbers, precision, preferred_element_type, out_sharding=out_sharding)


def batch_matmul(lhs: Any, rhs: Any, precision: PrecisionLike = None) -> Any:
    """Matrix products over the last two axes, for each index of the axes before, which must agree.

    Raises: ValueError for fewer than two axes; TypeError if ranks differ.
    """
    x, y = as_value(lhs), as_value(rhs)
    if x.ndim < 2 or y.ndim < 2:
        raise ValueError(explain("lax.batch_matmul: takes matrices", rows((x, y), ("lhs", "rhs"))))
    if x.ndim != y.ndim:
        raise TypeError(explain("lax.batch_matmul: ranks differ", rows((x, y), ("lhs", "rhs"))))
    batch = tuple(range(x.ndim - 2))
    return dot_general(x, y, (((x.ndim - 1,), (x.ndim - 2,)), (batch, batch)), precision)
