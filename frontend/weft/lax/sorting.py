"""Order: sorting along an axis, and the greatest or least few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import with_weak_type
from weft._tracing.values import as_value, is_array
from weft.errors import explain
from weft.lax.operands import axis_within, class_of, integer, kind, op_of, rows


def sort(operand: Any, dimension: int = -1, is_stable: bool = True, num_keys: int = 1) -> Any:
    """`operand` in rising order along an axis.

    Several arrays are moved together, in the order of the first `num_keys` of them. Floats come in the
    order -inf < ... < inf < nan, complex numbers by real part, then imaginary part.
    Raises: ValueError if there is no such axis or number of keys; TypeError if shapes differ.
    """
    if isinstance(operand, Sequence) and not is_array(operand):
        xs = [as_value(x, what="sort: an operand") for x in operand]
        if not xs:
            raise TypeError("lax.sort: at least one array is needed")
        return _sorted(xs, dimension, is_stable, num_keys)
    (made,) = _sorted([as_value(operand)], dimension, is_stable, num_keys)
    return made


def _sorted(xs: list[Any], dimension: int, is_stable: bool, num_keys: int) -> tuple[Any, ...]:
    if any(x.shape != xs[0].shape for x in xs):
        raise TypeError(explain("lax.sort: operands must have one shape", rows(xs)))
    if not 1 <= num_keys <= len(xs):
        raise ValueError(
            f"lax.sort: num_keys {num_keys} must be between 1 and {len(xs)}, the number of operands"
        )
    inst = class_of("sort").of(
        axis=axis_within(integer(dimension, "sort", "dimension"), xs[0].ndim, "sort"),
        is_stable=bool(is_stable),
        num_keys=int(num_keys),
    )
    made = bind(inst, *xs, weak_type=False)
    return tuple([with_weak_type(y, True) if x.weak_type else y for x, y in zip(xs, made, strict=True)])


def sort_key_val(keys: Any, values: Any, dimension: int = -1, is_stable: bool = True) -> tuple[Any, Any]:
    """`keys` in rising order along an axis, and `values` moved with them."""
    made = sort((keys, values), dimension, is_stable, num_keys=1)
    return made[0], made[1]


def top_k(operand: Any, k: int, *, axis: int = -1) -> list[Any]:
    """The k greatest elements along an axis in falling order, and their indices.

    Raises: ValueError if k is larger than the axis, or for complex numbers.
    """
    x = as_value(operand)
    where = axis_within(axis, x.ndim, "top_k")
    inst = class_of("top_k").of(k=integer(k, "top_k", "k"), axis=where)
    values, indices = bind(inst, x, weak_type=False)
    return [with_weak_type(v, x.weak_type) for v in (values, indices)]


def approx_max_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
) -> list[Any]:
    """The k greatest floats along an axis and their indices, as many of them as `recall_target` asks for.

    All of them are found, in falling order: the exact algorithm is what the backends of weft have.
    Raises: ValueError unless the operand has floats and k fits.
    """
    return _approximately(operand, k, reduction_dimension, recall_target, is_max=True)


def approx_min_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
) -> list[Any]:
    """The k least floats along an axis and their indices, in rising order; as `approx_max_k`."""
    return _approximately(operand, k, reduction_dimension, recall_target, is_max=False)


def _approximately(operand: Any, k: int, axis: int, recall: float, is_max: bool) -> list[Any]:
    x = as_value(operand)
    name = "approx_max_k" if is_max else "approx_min_k"
    if kind(x) != "f":
        raise ValueError(explain(f"lax.{name}: takes floats", rows([x], ["operand"])))
    if not 0.0 < recall <= 1.0:
        raise ValueError(f"lax.{name}: recall_target {recall} must lie between 0 and 1")
    return top_k(x, k, axis=axis) if is_max else list(_least(x, k, axis))


@library("x")
def _least(x: Any, k: int, axis: int) -> tuple[Any, Any]:
    values, indices = top_k(bind(op_of("neg"), x), k, axis=axis)
    return bind(op_of("neg"), values), indices
