"""Scaled dot-product attention and scaled matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import numpy as jnp
from weft._tracing.library import library
from weft.nn.normalization import logsumexp, softmax


@library("query", "key", "value", "bias", "mask", "query_seq_lengths", "key_value_seq_lengths")
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    *,
    scale: float | None = None,
    is_causal: bool = False,
    query_seq_lengths: Any = None,
    key_value_seq_lengths: Any = None,
    local_window_size: int | tuple[int, int] | None = None,
    implementation: str | None = None,
    return_residual: bool = False,
) -> Any:
    """softmax(q k^T * scale + bias) v for each head; heads of keys may be shared by groups of query heads.

    Shapes: query[B, T, N, H], key[B, S, K, H], value[B, S, K, H] with N a multiple of K -> [B, T, N, H]; the axis B
            may be left out. bias and mask broadcast to [B, N, T, S].
    Raises: ValueError if shapes do not fit; `implementation` may be None or "xla".
    """
    if implementation not in (None, "xla"):
        raise ValueError(
            f"dot_product_attention: implementation must be None or 'xla', got {implementation!r}"
        )
    batched = query.ndim == 4
    q, k, v = ((x if batched else x[None]) for x in (query, key, value))
    if q.ndim != 4 or k.shape != v.shape or q.shape[2] % k.shape[2] or q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"dot_product_attention: shapes do not fit: query {query.shape}, key {key.shape}, value {value.shape}"
        )
    groups = q.shape[2] // k.shape[2]
    if groups > 1:
        k, v = jnp.repeat(k, groups, axis=2), jnp.repeat(v, groups, axis=2)
    factor = 1.0 / np.sqrt(q.shape[-1]) if scale is None else scale
    logits = jnp.einsum("btnh,bsnh->bnts", q, k, preferred_element_type=np.float32) * np.float32(factor)
    if bias is not None:
        logits = logits + bias
    allowed = _allowed(q, k, mask, is_causal, query_seq_lengths, key_value_seq_lengths, local_window_size)
    if allowed is not None:
        logits = jnp.where(allowed, logits, np.float32(-0.7 * np.finfo(np.float32).max))
    weights = softmax(logits.astype(np.float32), axis=-1).astype(k.dtype)
    out = jnp.einsum("bnts,bsnh->btnh", weights, v)
    if query_seq_lengths is not None:
        rows = (
            jnp.arange(q.shape[1])[None, :, None, None] < jnp.asarray(query_seq_lengths)[:, None, None, None]
        )
        out = jnp.where(rows, out, 0)
    out = out if batched else out[0]
    if not return_residual:
        return out
    residual = jnp.moveaxis(logsumexp(logits, axis=-1), 1, 2)
    return out, (residual if batched else residual[0])


def _allowed(
    q: Any,
    k: Any,
    mask: Any,
    is_causal: bool,
    q_lengths: Any,
    k_lengths: Any,
    window: int | tuple[int, int] | None,
) -> Any:
    """Which keys each query may look at, as a mask that broadcasts to [B, N, T, S]; None for all."""
    rows, columns = jnp.arange(q.shape[1])[:, None], jnp.arange(k.shape[1])[None, :]
    parts = [] if mask is None else [jnp.asarray(mask)]
    if is_causal:
        parts.append(rows >= columns)
    if window is not None:
        left, right = (window, window) if isinstance(window, int) else window
        parts.append((columns >= rows - left) & (columns <= rows + right))
    if q_lengths is not None:
        parts.append(rows < jnp.asarray(q_lengths)[:, None, None, None])
    if k_lengths is not None:
        parts.append(columns < jnp.asarray(k_lengths)[:, None, None, None])
    allowed = None
    for part in parts:
        allowed = part if allowed is None else allowed & part
    return allowed
