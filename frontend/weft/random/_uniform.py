"""Bits, uniform floats, and integers of a range."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.numpy._arguments import shape_of
from weft.random._arguments import Shape, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._keys import as_key, draw, split_key
from weft_compiler.avals import DTYPES, Dtype, kind_of


@library("key")
def bits(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Uniform random bits as unsigned integers; by default of 32 bits (64 with enable_x64)."""
    no_sharding("bits", out_sharding)
    found = sample_dtype("bits", dtype, "u", np.dtype(f"uint{8 * dtypes.default_int().itemsize}"))
    return draw(as_key("bits", key), 8 * found.itemsize, shape_of(shape))


@library("key", "minval", "maxval")
def uniform(
    key: Any,
    shape: Shape = (),
    dtype: Any = None,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    *,
    out_sharding: Any = None,
) -> Any:
    """Floats of the half-open interval [minval, maxval), uniformly distributed.

    Shapes: minval and maxval broadcast to `shape`.
    """
    no_sharding("uniform", out_sharding)
    found = sample_dtype("uniform", dtype)
    return uniform_between(as_key("uniform", key), shape_of(shape), found, minval, maxval)


def uniform_between(key: Any, shape: Shape, dtype: Any, minval: Any = 0.0, maxval: Any = 1.0) -> Any:
    """`uniform` for a typed key and a checked dtype."""
    sample_shape("uniform", shape, minval, maxval)
    low, high = parameter(minval, dtype, shape), parameter(maxval, dtype, shape)
    spread = lax.sub(high, low)
    return lax.max(low, lax.add(lax.mul(_unit(key, shape, dtype), spread), low))


def _unit(key: Any, shape: Shape, dtype: Any) -> Any:
    """Floats of [0, 1): random bits as the mantissa of a number between 1 and 2, from which 1 is taken."""
    info = dtypes.finfo(dtype)
    width = info.bits
    if width not in (8, 16, 32, 64):
        raise TypeError(f"uniform only accepts 8-, 16-, 32-, or 64-bit dtypes, got {dtype}.")
    unsigned = DTYPES[f"uint{width}"]
    drawn = 8 if info.nmant < 8 else width
    words = convert(draw(key, drawn, shape), unsigned, False)
    mantissa = lax.shift_right_logical(words, lax.full_like(words, drawn - info.nmant))
    exponent = int(np.array(1.0, dtype).view(unsigned))
    between_1_and_2 = lax.bitwise_or(mantissa, lax.full_like(words, exponent))
    floats = lax.bitcast_convert_type(between_1_and_2, dtype)
    return lax.sub(floats, lax.full_like(floats, 1))


@library("key", "minval", "maxval")
def randint(
    key: Any, shape: Shape, minval: Any, maxval: Any, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Integers of the range minval, …, maxval - 1, nearly uniformly distributed; minval where that is empty.

    Shapes: minval and maxval broadcast to `shape`.
    """
    no_sharding("randint", out_sharding)
    found = dtypes.canonicalize_explicit(int if dtype is None else dtype, "random.randint")
    if kind_of(found) not in "iu":
        raise TypeError(f"randint only accepts integer dtypes, got {found}")
    key, shape = as_key("randint", key), shape_of(shape)
    info = dtypes.iinfo(found)
    if info.bits >= 32:
        return integers_between(key, shape, minval, maxval, found)
    word = np.dtype(np.int32)
    low = wnp.clip(convert(minval, word, False), int(info.min), int(info.max))
    high = wnp.clip(convert(maxval, word, False), int(info.min), int(info.max) + 1)
    return convert(integers_between(key, shape, low, high, word), found, False)


def integers_between(key: Any, shape: Shape, minval: Any, maxval: Any, dtype: Dtype) -> Any:
    """Twice as many bits as a number has, reduced to the range by two remainders: (h 2^n + l) mod span."""
    sample_shape("randint", shape, minval, maxval)
    low, high = _as_integer(minval), _as_integer(maxval)
    beyond = lax.gt(high, lax.full_like(high, _largest(dtype, high.dtype)))
    low, high = parameter(_clipped(low, dtype), dtype, shape), parameter(_clipped(high, dtype), dtype, shape)
    beyond = wnp.broadcast_to(beyond, shape)
    width = dtypes.iinfo(dtype).bits
    unsigned = DTYPES[f"uint{width}"]
    keys = split_key(key)
    upper, lower = draw(keys[0], width, shape), draw(keys[1], width, shape)
    span = convert(lax.sub(high, low), unsigned, False)
    one = lax.full_like(span, 1)
    is_empty = lax.le(high, low)
    span = lax.select(is_empty, one, span)
    # A span of all integers is 2^n, which is 0 here: a remainder by 0 is the number itself, as it should be.
    span = lax.select(lax.bitwise_and(beyond, lax.bitwise_not(is_empty)), lax.add(span, one), span)
    root = lax.rem(lax.full_like(span, 1 << (width // 2)), span)
    power = lax.rem(lax.mul(root, root), span)
    offset = lax.rem(lax.add(lax.mul(lax.rem(upper, span), power), lax.rem(lower, span)), span)
    return lax.add(low, convert(offset, dtype, False))


def _as_integer(x: Any) -> Any:
    x = as_value(x, what="randint: a bound")
    return convert(x, dtypes.default_int() if kind_of(x.dtype) not in "iu" else x.dtype, False)


def _largest(dtype: Any, other: Any) -> int:
    return min(int(dtypes.iinfo(dtype).max), int(dtypes.iinfo(other).max))


def _clipped(x: Any, dtype: Any) -> Any:
    least = max(int(dtypes.iinfo(dtype).min), int(dtypes.iinfo(x.dtype).min))
    return lax.clamp(lax.full_like(x, least), x, lax.full_like(x, _largest(dtype, x.dtype)))
