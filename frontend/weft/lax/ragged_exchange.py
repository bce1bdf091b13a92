"""The exchange of rows in parts of different sizes: `ragged_all_to_all`."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft._tracing.operands import broadcast_to, convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.axis_names import groups_of, one_name
from weft.lax.bits import bitwise_and
from weft.lax.collectives import AxisName, IndexGroups
from weft.lax.creation import broadcasted_iota, full, iota
from weft.lax.elementwise import add, ge, lt, max, mul, sub
from weft.lax.exchanges import all_gather, all_to_all
from weft.lax.indexing import index_take
from weft.lax.operands import rows
from weft.lax.reductions import reduce_max
from weft.lax.selection import select
from weft.lax.shapes import reshape

_OFFSETS = ("input_offsets", "send_sizes", "output_offsets", "recv_sizes")


def ragged_all_to_all(
    operand: Any,
    output: Any,
    input_offsets: Any,
    send_sizes: Any,
    output_offsets: Any,
    recv_sizes: Any,
    *,
    axis_name: AxisName,
    axis_index_groups: IndexGroups = None,
) -> Any:
    """Rows of `operand` sent to all positions in parts of different sizes, over rows of `output`.

    Position j gets `send_sizes[j]` rows of `operand` from row `input_offsets[j]` on; they go where
    `output_offsets[j]` says, a row of the output at j. `recv_sizes` says what comes in, as `send_sizes` of the
    others do. Each position gathers the operands of all, so memory grows with their number.

    Slope:  linear in `operand` and `output`.
    Raises: NameError if no axis of that name is bound; ValueError if shapes or dtypes do not fit.
    """
    named = one_name("ragged_all_to_all", axis_name)
    count = groups_of("ragged_all_to_all", axis_index_groups, (named,)).size or named.size
    x, result = as_value(operand), as_value(output)
    offsets = [as_value(v) for v in (input_offsets, send_sizes, output_offsets, recv_sizes)]
    _check(x, result, offsets, count)
    incoming = [
        all_to_all(
            convert(v, np.dtype(np.int32), False), axis_name, 0, 0, axis_index_groups=axis_index_groups
        )
        for v in offsets[:3]
    ]
    sent = all_gather(x, axis_name, axis_index_groups=axis_index_groups)
    sender, row = _origins(incoming, result.shape[0])
    is_new = ge(sender, np.int32(0))
    if not x.shape[0] or not result.shape[0]:
        return result
    at = add(mul(max(sender, np.int32(0)), np.int32(x.shape[0])), row)
    flat = reshape(sent, (count * x.shape[0], *x.shape[1:]))
    taken = index_take(flat, (select(is_new, at, full(at.shape, np.int32(0))),), (0,))
    whole = reshape(is_new, (result.shape[0],) + (1,) * (result.ndim - 1))
    return select(broadcast_to(whole, result.shape), taken, result)


def _origins(incoming: list[Any], length: int) -> tuple[Any, Any]:
    """For each row of the output, who sends it (-1 for nobody; of several the last) and which of its rows."""
    starts, sizes, targets = incoming
    count = starts.shape[0]

    def wide(v: Any) -> Any:
        return broadcast_to(reshape(v, (count, 1)), (count, length))

    row = broadcasted_iota(np.int32, (count, length), 1)
    within = sub(row, wide(targets))
    covered = bitwise_and(ge(within, np.int32(0)), lt(within, wide(sizes)))
    nobody = full((count, length), np.int32(-1))
    senders = reduce_max(select(covered, broadcasted_iota(np.int32, (count, length), 0), nobody), (0,))
    position = max(senders, np.int32(0))
    flat = reshape(add(within, wide(starts)), (count * length,))
    return senders, index_take(flat, (add(mul(position, np.int32(length)), iota(np.int32, length)),), (0,))


def _check(x: Any, result: Any, offsets: list[Any], count: int) -> None:
    if x.dtype != result.dtype or x.shape[1:] != result.shape[1:] or not x.ndim or not result.ndim:
        what = (
            "ragged_all_to_all: operand and output must have one dtype, and one shape but for the first axis"
        )
        raise ValueError(explain(what, rows([x, result], ["operand", "output"])))
    for label, v in zip(_OFFSETS, offsets, strict=True):
        if v.shape != (count,) or v.dtype.kind not in "iu":
            what = f"ragged_all_to_all: {label} must be integers, one for each of {count} positions"
            raise ValueError(explain(what, rows([v], [label])))
