"""Poisson distribution: by products of uniform variables for small rates, by rejection for large ones.

Source: Knuth (1997), The Art of Computer Programming 2, 3.4.1; Hörmann (1993), Insurance: Mathematics and
Economics 12(1), algorithm PTRD.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft.random._arguments import Shape, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._keys import as_key, clone, split_key
from weft.random._uniform import uniform_between

_FLOAT = np.dtype(np.float32)


@library("key", "lam")
def poisson(
    key: Any, lam: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Poisson distribution of rate `lam`; -1 where that is nan."""
    no_sharding("poisson", out_sharding)
    found = sample_dtype("poisson", dtype, "iu", int)
    key = as_key("poisson", key)
    if key.dtype.impl != "threefry2x32":
        raise NotImplementedError(
            f"`poisson` is only implemented for the threefry2x32 RNG, not {key.dtype.impl}"
        )
    shape = sample_shape("poisson", shape, lam)
    lam = parameter(lam, _FLOAT, shape)
    is_small = lax.bitwise_or(lax.ne(lam, lam), lax.lt(lam, lax.full_like(lam, 10)))
    small = lax.select(is_small, lam, lax.full_like(lam, 0))
    large = lax.select(is_small, lax.full_like(lam, 1e5), lam)
    limit = min(int(dtypes.iinfo(found).max), 2**31 - 1)
    by_rejection = _by_rejection(clone(key), large, found, limit)  # of the two, each element is from one
    made = lax.select(is_small, _by_products(key, small, found, limit), by_rejection)
    return lax.select(lax.eq(lam, lax.full_like(lam, 0)), lax.full_like(made, 0), made)


def _by_products(key: Any, lam: Any, dtype: Any, limit: int) -> Any:
    """How many uniform variables have a product above exp(-lam)."""
    least = lax.neg(lam)

    def is_unfinished(state: tuple[Any, ...]) -> Any:
        trips, _, _, log_product = state
        return wnp.any(log_product > least) & (trips < limit)

    def again(state: tuple[Any, ...]) -> tuple[Any, ...]:
        trips, count, key, log_product = state
        keys = split_key(key)
        count = lax.select(lax.gt(log_product, least), count + 1, count)
        u = uniform_between(keys[1], lam.shape, _FLOAT)
        return trips + 1, count, keys[0], log_product + lax.log(u)

    start = (wnp.int32(0), lax.full(lam.shape, 0, dtype), key, lax.full_like(lam, 0))
    return lax.while_loop(is_unfinished, again, start)[1] - 1


def _by_rejection(key: Any, lam: Any, dtype: Any, limit: int) -> Any:
    """Transformed rejection: an approximate quantile of a uniform variable, accepted or tried again."""
    log_lam = lax.log(lam)
    b = 0.931 + 2.53 * lax.sqrt(lam)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    quick_bound = 0.9277 - 3.6224 / (b - 2)

    def is_unfinished(state: tuple[Any, ...]) -> Any:
        return wnp.any(~state[2]) & (state[0] < limit)

    def again(state: tuple[Any, ...]) -> tuple[Any, ...]:
        trips, found, is_accepted, key = state
        keys = split_key(key, 3)
        u = uniform_between(keys[1], lam.shape, _FLOAT) - 0.5
        v = uniform_between(keys[2], lam.shape, _FLOAT)
        us = 0.5 - abs(u)
        k = lax.floor((2 * a / us + b) * u + lam + 0.43)
        is_quick = (us >= 0.07) & (v <= quick_bound)
        is_out = (k < 0) | ((us < 0.013) & (v > us))
        hat = lax.log(v * inverse_alpha / (a / (us * us) + b))
        is_below = hat <= -lam + k * log_lam - lax.lgamma(k + 1)
        accept = is_quick | (~is_out & is_below)
        return trips + 1, lax.select(accept, k, found), is_accepted | accept, keys[0]

    nowhere = lax.full(lam.shape, False, np.dtype(bool))
    start = (wnp.int32(0), lax.full_like(lam, -1), nowhere, key)
    return lax.convert_element_type(lax.while_loop(is_unfinished, again, start)[1], dtype)
