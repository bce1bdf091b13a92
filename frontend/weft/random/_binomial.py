"""Binomial and multinomial distributions.

Source: Kachitvichyanukul & Schmeiser (1988), Communications of the ACM 31(2), for few expected successes;
Hörmann (1993), Journal of Statistical Computation and Simulation 46, algorithm BTRS, for many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import promoted_inexact, shape_of
from weft.random._arguments import Shape, parameter, sample_dtype, sample_shape
from weft.random._keys import as_key, clone, split_key
from weft.random._uniform import uniform_between


@library("key", "n", "p")
def binomial(key: Any, n: Any, p: Any, shape: Shape | None = None, dtype: Any = None) -> Any:
    """Number of successes in `n` trials of probability `p`, as a float; nan where n or p make no sense."""
    found = sample_dtype("binomial", dtype)
    key, shape = as_key("binomial", key), sample_shape("binomial", shape, n, p)
    (p,) = promoted_inexact("binomial", p)
    return binomial_of(key, parameter(n, p.dtype, shape), parameter(p, p.dtype, shape), found)


def binomial_of(key: Any, n: Any, p: Any, dtype: Any) -> Any:
    """`binomial` for a typed key and parameters of one shape and float dtype."""
    is_rare = p < 0.5
    q = lax.select(is_rare, p, 1.0 - p)
    is_bad_n = lax.bitwise_or(lax.ne(n, n), n < 0)
    is_bad_q = lax.bitwise_or(lax.ne(q, q), q < 0)
    is_nan_q = lax.ne(q, q)
    is_infinite = wnp.isinf(n)
    q = lax.select(is_bad_q, lax.full_like(q, 0.01), q)
    is_few = is_bad_n | (n * q <= 10.0)
    n = lax.floor(n)
    few_n = lax.select(is_few, n, lax.full_like(n, 0))
    many_n = lax.select(is_few, lax.full_like(n, 1e4), n)
    many_q = lax.select(is_few, lax.full_like(q, 0.5), q)
    limit = min(int(float(dtypes.finfo(dtype).max)), 2**31 - 1)
    few = _by_waiting_times(key, few_n, q, limit)
    many = _by_rejection(clone(key), many_n, many_q, limit)  # of the two, each element is from one
    made = lax.select(is_few, convert(few, dtype, False), convert(many, dtype, False))
    is_bad = is_bad_q | is_bad_n
    made = lax.select(is_bad, lax.full_like(made, np.nan), made)
    made = lax.select(is_infinite & ~is_bad, lax.full_like(made, np.inf), made)
    as_counted = is_rare | is_bad_n | is_nan_q | is_infinite
    return lax.select(as_counted, made, convert(n, dtype, False) - made)


def _by_waiting_times(key: Any, n: Any, p: Any, limit: int) -> Any:
    """How many geometric waiting times fit into n trials."""
    log_failure = lax.log1p(lax.neg(p))

    def is_unfinished(state: tuple[Any, ...]) -> Any:
        return wnp.any(state[2] <= n) & (state[0] < limit)

    def again(state: tuple[Any, ...]) -> tuple[Any, ...]:
        trips, count, waited, key = state
        keys = split_key(key)
        count = lax.select(lax.le(waited, n), count + 1, count)
        u = uniform_between(keys[0], p.shape, p.dtype)
        return trips + 1, count, waited + lax.ceil(lax.log(u) / log_failure), keys[1]

    start = (wnp.int32(0), lax.full_like(p, 0), lax.full_like(p, 0), key)
    return lax.while_loop(is_unfinished, again, start)[1] - 1


def _by_rejection(key: Any, n: Any, p: Any, limit: int) -> Any:
    """Transformed rejection: an approximate quantile of a uniform variable, accepted or tried again."""
    deviation = lax.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    quick_bound = 0.92 - 4.2 / b
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    m = lax.floor((n + 1) * p)

    def log_density(k: Any) -> Any:
        """Relative to that of the mode m, by Stirling's approximation."""
        return (
            (m + 0.5) * lax.log((m + 1) / (odds * (n - m + 1)))
            + (n + 1) * lax.log((n - m + 1) / (n - k + 1))
            + (k + 0.5) * lax.log(odds * (n - k + 1) / (k + 1))
            + _stirling_tail(m)
            + _stirling_tail(n - m)
            - _stirling_tail(k)
            - _stirling_tail(n - k)
        )

    def is_unfinished(state: tuple[Any, ...]) -> Any:
        return wnp.any(~state[2]) & (state[0] < limit)

    def again(state: tuple[Any, ...]) -> tuple[Any, ...]:
        trips, found, is_accepted, key = state
        keys = split_key(key, 3)
        u = uniform_between(keys[1], p.shape, p.dtype) - 0.5
        v = uniform_between(keys[2], p.shape, p.dtype)
        us = 0.5 - lax.abs(u)
        is_quick = (us >= 0.07) & (v <= quick_bound)
        k = lax.floor((2 * a / us + b) * u + c)
        is_out = (k < 0) | (k > n)
        hat = lax.log(v * alpha / (a / (us * us) + b))
        accept = is_quick | (~is_out & (hat <= log_density(k)))
        return trips + 1, lax.select(accept, k, found), is_accepted | accept, keys[0]

    nowhere = lax.full(p.shape, False, np.dtype(bool))
    start = (wnp.int32(0), lax.full_like(p, -1), nowhere, key)
    return lax.while_loop(is_unfinished, again, start)[1]


_TAILS = (
    0.0810614667953272,
    0.0413406959554092,
    0.0277779256849983,
    0.02079067210376509,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.010411265261972,
    0.00925546218271273,
    0.00833056343336287,
)
"""What Stirling's approximation of log k! lacks, for k from 0 to 9."""


def _stirling_tail(k: Any) -> Any:
    is_small = k <= 9
    table = wnp.asarray(np.asarray(_TAILS, k.dtype))
    k = lax.clamp(lax.full_like(k, 0), k, lax.full_like(k, 9))
    square = (k + 1) * (k + 1)
    series = (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)
    return lax.select(is_small, table[lax.convert_element_type(lax.floor(k), np.int32)], series)


@library("key", "n", "p")
def multinomial(
    key: Any, n: Any, p: Any, *, shape: Shape | None = None, dtype: Any = None, unroll: int | bool = 1
) -> Any:
    """How often each outcome along the last axis of `p` occurs in `n` trials."""
    key = as_key("multinomial", key)
    n, p = _alike(n, p)
    shape = p.shape if shape is None else shape_of(shape)
    n, p = broadcast_to(n, shape[:-1]), wnp.moveaxis(broadcast_to(p, shape), -1, 0)
    left = lax.cumsum(p, 0, reverse=True)
    ratios = p / wnp.where(left == 0, 1, left)

    def draw(remaining: Any, given: tuple[Any, Any]) -> tuple[Any, Any]:
        ratio, key = given
        count = binomial_of(key, remaining, wnp.clip(ratio, 0, 1), remaining.dtype)
        return remaining - count, count

    counts = lax.scan(draw, n, (ratios, split_key(key, p.shape[0])), unroll=unroll)[1]
    made = wnp.moveaxis(counts, 0, -1)
    return convert(made, sample_dtype("multinomial", dtype, "biufc"), False)


def _alike(n: Any, p: Any) -> list[Any]:
    """Both in one float dtype, each in its shape."""
    dtype = dtypes.narrow(dtypes.to_inexact(dtypes.result_type(n, p)))
    return [convert(x, dtype, False) for x in (n, p)]
