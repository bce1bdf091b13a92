"""Products of groups of rows, each with a matrix of its own, and products of scaled blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.contraction import DotDimensionNumbers, dot_general
from weft.lax.creation import broadcasted_iota, filled
from weft.lax.operands import check_no_sharding, class_of, ints, kind, nary, op_of, rows
from weft.lax.precision import PrecisionLike
from weft.lax.shapes import reshaped, transpose


class RaggedDotDimensionNumbers:
    """The axes of `ragged_dot_general`: of the product, the one in groups, and that of the groups of rhs."""

    def __init__(
        self,
        dot_dimension_numbers: DotDimensionNumbers,
        lhs_ragged_dimensions: Sequence[int],
        rhs_group_dimensions: Sequence[int],
    ) -> None:
        (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = dot_dimension_numbers
        self.dot_dimension_numbers = (
            (tuple(lhs_contract), tuple(rhs_contract)),
            (tuple(lhs_batch), tuple(rhs_batch)),
        )
        self.lhs_ragged_dimensions = tuple(lhs_ragged_dimensions)
        self.rhs_group_dimensions = tuple(rhs_group_dimensions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RaggedDotDimensionNumbers) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.dot_dimension_numbers, self.lhs_ragged_dimensions, self.rhs_group_dimensions))

    def __repr__(self) -> str:
        return (
            f"RaggedDotDimensionNumbers(dot_dimension_numbers={self.dot_dimension_numbers}, "
            f"lhs_ragged_dimensions={self.lhs_ragged_dimensions}, "
            f"rhs_group_dimensions={self.rhs_group_dimensions})"
        )


_ROWS = RaggedDotDimensionNumbers((((1,), (1,)), ((), ())), (0,), (0,))


def ragged_dot(
    lhs: Any,
    rhs: Any,
    group_sizes: Any,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    group_offset: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Groups of rows of `lhs` (m, k), each times its own matrix of `rhs` (g, k, n).

    The first `group_sizes[0]` rows are the first group, and so on. Rows behind the last group give zeros.
    Raises: TypeError if sizes do not fit.
    """
    return ragged_dot_general(
        lhs, rhs, group_sizes, _ROWS, precision, preferred_element_type, group_offset, out_sharding
    )


def ragged_dot_general(
    lhs: Any,
    rhs: Any,
    group_sizes: Any,
    ragged_dot_dimension_numbers: RaggedDotDimensionNumbers,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    group_offset: Any = None,
    out_sharding: Any = None,
) -> Any:
    """`dot_general` in groups along one axis of `lhs`, whose sizes are `group_sizes`.

    An axis that is kept: each group is multiplied with its own slice of `rhs`. A contracted axis: a product
    for each group, along a new first axis. A batch axis: the product itself. `group_sizes` has one axis, or
    before it the batch axes and those of `lhs` before the ragged one.

    Raises: TypeError if sizes do not fit or group sizes are no integers.
    """
    check_no_sharding("ragged_dot_general", out_sharding)
    if group_offset is not None:
        raise NotImplementedError(
            "lax.ragged_dot_general: group_offset is for sharded groups, not implemented"
        )
    sizes = as_value(group_sizes)
    if kind(sizes) not in "iu":
        raise TypeError(
            explain("lax.ragged_dot_general: group_sizes must be integers", rows([sizes], ["sizes"]))
        )
    numbers = ragged_dot_dimension_numbers
    if len(numbers.lhs_ragged_dimensions) != 1:
        raise TypeError("lax.ragged_dot_general: lhs_ragged_dimensions must name one axis")
    _check_ragged(np.ndim(lhs), np.ndim(rhs), numbers)
    return _ragged(
        as_value(lhs),
        as_value(rhs),
        sizes,
        numbers,
        precision,
        None if preferred_element_type is None else np.dtype(preferred_element_type),
    )


def _check_ragged(lhs_ndim: int, rhs_ndim: int, numbers: RaggedDotDimensionNumbers) -> None:
    (ragged,), groups = numbers.lhs_ragged_dimensions, numbers.rhs_group_dimensions
    (lhs_contract, rhs_contract), (_, rhs_batch) = numbers.dot_dimension_numbers
    what = "lax.ragged_dot_general: "
    if not 0 <= ragged < lhs_ndim:
        raise TypeError(f"{what}lhs_ragged_dimensions: axis {ragged} is out of range for {lhs_ndim} axes")
    if ragged in lhs_contract or ragged in numbers.dot_dimension_numbers[1][0]:
        if groups:
            raise TypeError(
                f"{what}rhs_group_dimensions must be empty where the ragged axis is contracted or batched"
            )
        return
    if len(groups) != 1:
        raise TypeError(f"{what}rhs_group_dimensions must name one axis where the ragged axis is a free one")
    if not 0 <= groups[0] < rhs_ndim:
        raise TypeError(f"{what}rhs_group_dimensions: axis {groups[0]} is out of range for {rhs_ndim} axes")
    if groups[0] in (*rhs_contract, *rhs_batch):
        raise TypeError(f"{what}the group axis {groups[0]} of rhs must be neither contracted nor batched")


@library("lhs", "rhs", "sizes")
def _ragged(
    lhs: Any, rhs: Any, sizes: Any, numbers: RaggedDotDimensionNumbers, precision: Any, preferred: Any
) -> Any:
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = numbers.dot_dimension_numbers
    (ragged,) = numbers.lhs_ragged_dimensions
    if ragged in lhs_batch:
        return dot_general(lhs, rhs, numbers.dot_dimension_numbers, precision, preferred)
    groups = sizes.shape[-1]
    others = lhs_contract if ragged in lhs_contract else _free(lhs, lhs_contract, lhs_batch)
    leading = (*lhs_batch, *others[: others.index(ragged)])
    parts = _masked(lhs, _membership(lhs, sizes, ragged, leading))
    shifted = tuple(a + 1 for a in lhs_contract), tuple(a + 1 for a in lhs_batch)
    if ragged in lhs_contract:
        # The groups are a free axis of the parts; the result has it behind the batch axes.
        made = dot_general(
            parts, rhs, ((shifted[0], rhs_contract), (shifted[1], rhs_batch)), precision, preferred
        )
        at = len(lhs_batch)
        return transpose(made, (at, *[i for i in range(made.ndim) if i != at]))
    (group,) = numbers.rhs_group_dimensions
    if rhs.shape[group] != groups:
        what = f"lax.ragged_dot_general: {groups} group sizes, {rhs.shape[group]} groups on the right"
        raise TypeError(explain(what, rows((rhs, sizes), ("rhs", "group_sizes"))))
    contract = ((0, *shifted[0]), (group, *rhs_contract))
    return dot_general(parts, rhs, (contract, (shifted[1], rhs_batch)), precision, preferred)


def _free(x: Any, contract: Sequence[int], batch: Sequence[int]) -> tuple[int, ...]:
    return tuple(i for i in range(x.ndim) if i not in contract and i not in batch)


def _membership(x: Any, sizes: Any, axis: int, leading: tuple[int, ...]) -> Any:
    """Whether an element of x is in a group, by its place along `axis`: shape (groups, *x.shape)."""
    if sizes.ndim not in (1, 1 + len(leading)):
        raise TypeError(
            explain(
                f"lax.ragged_dot_general: group_sizes must have 1 or {1 + len(leading)} axes", rows([sizes])
            )
        )
    last = sizes.ndim - 1
    ends = bind(class_of("cumsum").of(axis=last), convert(sizes, np.dtype(np.int32), False))
    starts = nary("sub", ends, convert(sizes, np.dtype(np.int32), False))
    shape = (sizes.shape[-1], *x.shape)
    places = broadcasted_iota(np.int32, shape, axis + 1)
    bounds = []
    for bound in (starts, ends):
        ordered = transpose(bound, (last, *range(last)))
        axes = sorted(leading) if last else []
        moved = transpose(ordered, (0, *[1 + leading.index(a) for a in axes]))
        inst = class_of("broadcast_in_dim").of(shape=shape, dims=(0, *[a + 1 for a in axes]))
        bounds.append(bind(inst, moved))
    return bind(op_of("bitwise_and"), nary("ge", places, bounds[0]), nary("lt", places, bounds[1]))


def _masked(x: Any, mask: Any) -> Any:
    """x for each group, zeros where it is not in the group."""
    return bind(
        op_of("select"),
        mask,
        broadcast_to(x, mask.shape),
        filled(mask.shape, 0, x.dtype, x.weak_type),
        weak_type=x.weak_type,
    )


_MATRICES = (((1,), (0,)), ((), ()))
_BATCHES = (((2,), (1,)), ((0,), (0,)))


def scaled_dot(
    lhs: Any,
    rhs: Any,
    *,
    lhs_scale: Any = None,
    rhs_scale: Any = None,
    dimension_numbers: DotDimensionNumbers | None = None,
    preferred_element_type: Any = None,
) -> Any:
    """The product of arrays whose blocks along the contracted axes have scales, as bfloat16 by default.

    A scale has the shape of its operand but for the contracted axes, of which its sizes must be divisors.
    Raises: TypeError if a scale does not fit.
    """
    if dimension_numbers is None:
        dimension_numbers = _BATCHES if np.ndim(lhs) == 3 else _MATRICES
    preferred = dtypes.bfloat16 if preferred_element_type is None else preferred_element_type
    numbers = tuple(
        tuple(ints(a, "scaled_dot", "dimension_numbers") for a in pair) for pair in dimension_numbers
    )
    return _scaled_dot(
        as_value(lhs),
        as_value(rhs),
        None if lhs_scale is None else as_value(lhs_scale),
        None if rhs_scale is None else as_value(rhs_scale),
        numbers,
        dtypes.canonicalize_explicit(preferred, "lax.scaled_dot"),
    )


@library("lhs", "rhs", "lhs_scale", "rhs_scale")
def _scaled_dot(lhs: Any, rhs: Any, lhs_scale: Any, rhs_scale: Any, numbers: Any, preferred: Any) -> Any:
    inner = np.dtype(np.float64 if preferred == np.float64 else np.float32)
    (lhs_contract, rhs_contract), _ = numbers
    x = _scaled("lhs", convert(lhs, inner, False), lhs_scale, lhs_contract)
    y = _scaled("rhs", convert(rhs, inner, False), rhs_scale, rhs_contract)
    return convert(dot_general(x, y, numbers), preferred, False)


def _scaled(name: str, x: Any, scale: Any, contract: Sequence[int]) -> Any:
    if scale is None:
        return x
    fits = scale.ndim == x.ndim and all(
        (m and n % m == 0) if axis in contract else n == m
        for axis, (n, m) in enumerate(zip(x.shape, scale.shape, strict=False))
    )
    if not fits:
        what = f"lax.scaled_dot: sizes of {name}_scale must be those of {name}, or divide the contracted ones"
        raise TypeError(explain(what, rows((x, scale), (name, f"{name}_scale"))))
    blocks = tuple(
        size for n, m in zip(x.shape, scale.shape, strict=True) for size in (m, n // m if m else 1)
    )
    dims = tuple(range(0, 2 * x.ndim, 2))
    inst = class_of("broadcast_in_dim").of(shape=blocks, dims=dims)
    return nary("mul", x, reshaped(bind(inst, convert(scale, x.dtype, False)), x.shape))
