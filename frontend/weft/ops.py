"""Sums, products and extremes of the rows that belong together."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as jnp
from weft._tracing.concrete import concrete
from weft._tracing.library import library
from weft.errors import ConcretizationTypeError
from weft.lax.operands import check_no_sharding

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]


def segment_sum(
    data: Any,
    segment_ids: Any,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Row i of the result is the sum of the rows of `data` whose number in `segment_ids` is i.

    Shapes: data[n, ...], segment_ids[n] -> [num_segments, ...]; without `num_segments` the largest number decides.
    Rows whose number is out of range are left out. An empty sum is 0. With `bucket_size`, so many rows are
    added at a time, and then their sums, which rounds less.

    Raises: ValueError for a negative number of segments; ConcretizationTypeError under `jit` without one.
    """
    settings = (num_segments, indices_are_sorted, unique_indices, bucket_size, mode, out_sharding)
    return _segments("segment_sum", "add", data, segment_ids, *settings)


def segment_prod(
    data: Any,
    segment_ids: Any,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
    out_sharding: Any = None,
) -> Any:
    """As `segment_sum`, with products; an empty one is 1."""
    settings = (num_segments, indices_are_sorted, unique_indices, bucket_size, mode, out_sharding)
    return _segments("segment_prod", "multiply", data, segment_ids, *settings)


def segment_max(
    data: Any,
    segment_ids: Any,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
    out_sharding: Any = None,
) -> Any:
    """As `segment_sum`, with maxima; that of no row is the smallest number of the dtype."""
    settings = (num_segments, indices_are_sorted, unique_indices, bucket_size, mode, out_sharding)
    return _segments("segment_max", "max", data, segment_ids, *settings)


def segment_min(
    data: Any,
    segment_ids: Any,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: Any = None,
    out_sharding: Any = None,
) -> Any:
    """As `segment_sum`, with minima; that of no row is the largest number of the dtype."""
    settings = (num_segments, indices_are_sorted, unique_indices, bucket_size, mode, out_sharding)
    return _segments("segment_min", "min", data, segment_ids, *settings)


def _segments(
    name: str,
    op: str,
    data: Any,
    segment_ids: Any,
    num_segments: int | None,
    is_sorted: bool,
    is_unique: bool,
    bucket_size: int | None,
    mode: Any,
    out_sharding: Any,
) -> Any:
    check_no_sharding(name, out_sharding)
    data, segment_ids = jnp.asarray(data), jnp.asarray(segment_ids)
    if not dtypes.issubdtype(segment_ids.dtype, np.integer):
        raise TypeError(f"{name}: segment_ids must be integers, got {segment_ids.dtype}")
    if segment_ids.ndim != 1 or data.shape[:1] != segment_ids.shape:
        raise ValueError(
            f"{name}: segment_ids must have one number for each row of data, got shapes {segment_ids.shape} "
            f"and {data.shape}"
        )
    if num_segments is None:
        known = concrete(segment_ids)
        if known is None:
            raise ConcretizationTypeError(segment_ids, f"{name} needs num_segments under jit.")
        num_segments = int(np.max(np.asarray(known), initial=-1)) + 1
    if num_segments < 0:
        raise ValueError(f"{name}: num_segments must be non-negative, got {num_segments}")
    return _reduced(data, segment_ids, int(num_segments), op, is_sorted, is_unique, bucket_size, mode)


@library("data", "ids")
def _reduced(
    data: Any, ids: Any, count: int, op: str, is_sorted: bool, is_unique: bool, bucket: int | None, mode: Any
) -> Any:
    flags: dict[str, Any] = dict(unique_indices=is_unique, mode=lax.GatherScatterMode.from_any(mode))
    is_clipped = flags["mode"] is lax.GatherScatterMode.CLIP
    # A negative number would count from the end: it is out of range too, above or below.
    ids = jnp.where(ids < 0, 0 if is_clipped else count, ids)
    flags["indices_are_sorted"] = is_sorted and is_clipped
    empty = jnp.full((count, *data.shape[1:]), _identity(op, data.dtype), data.dtype)
    rows = data.shape[0]
    if bucket is None or rows <= bucket:
        return getattr(empty.at[ids], op)(data, **flags)
    parts = [
        getattr(empty.at[ids[start : start + bucket]], op)(data[start : start + bucket], **flags)
        for start in range(0, rows, bucket)
    ]
    whole: Any = {"add": jnp.sum, "multiply": jnp.prod, "max": jnp.max, "min": jnp.min}[op]
    return whole(jnp.stack(parts), 0).astype(data.dtype)


def _identity(op: str, dtype: Any) -> Any:
    """What changes nothing."""
    if op in ("add", "multiply"):
        return op == "multiply"
    if dtype == np.bool_:
        return op == "min"
    if dtypes.issubdtype(dtype, np.inexact):
        return -np.inf if op == "max" else np.inf
    info = dtypes.iinfo(dtype)
    return info.min if op == "max" else info.max
