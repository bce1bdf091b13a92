"""Keys: made from seeds, split, folded with data, wrapped and unwrapped.

A key is an array of the dtype `key<fry>` (or `key<rbg>`, …). Every function also takes a key in the old form, as
`PRNGKey` makes it: the array of its words, of dtype uint32.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind, op_class
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.trace import Tracer, Value
from weft._tracing.values import as_value
from weft.config import config
from weft_compiler.avals import KEY_DTYPES, UINT32, KeyDtype, kind_of
from weft_compiler.symbolic import as_dim
from weft_runtime import Array

Impl = str | KeyDtype | None
Num = int | Sequence[int]

F = TypeVar("F", bound=Callable[..., Any])


# Kinds of keys


def key_dtype(impl_spec: Impl = None) -> KeyDtype:
    """The dtype of keys of a generator, by default of the one that the configuration names.

    Raises: ValueError for a generator that weft does not have.
    """
    if isinstance(impl_spec, KeyDtype):
        return impl_spec
    name = config.default_prng_impl if impl_spec is None else impl_spec
    if not isinstance(name, str):
        raise TypeError(f"unrecognized type {type(name)} for specifying PRNG implementation.")
    if name not in KEY_DTYPES:
        known = ", ".join(f'"{impl}"' for impl in KEY_DTYPES)
        raise ValueError(f'unrecognized PRNG implementation "{name}". Did you mean one of: {known}?')
    return KEY_DTYPES[name]


def as_key(name: str, key: Any, *, is_single: bool = True) -> Value:
    """`key` as typed keys, for the function `name`."""
    typed = key if isinstance(getattr(key, "dtype", None), KeyDtype) else _wrapped(name, key)
    if is_single and typed.shape:
        raise ValueError(
            f"{name} accepts a single key, but was given a key array of shape {typed.shape} != (). "
            "Use weft.vmap for batching."
        )
    return typed


def _wrapped(name: str, key: Any) -> Value:
    if not hasattr(key, "dtype") or not hasattr(key, "shape"):
        raise TypeError(f"{name}: unexpected PRNG key type {type(key)}\n  try weft.random.key(seed)")
    dtype = key_dtype()
    if key.dtype != np.uint32 or tuple(key.shape[-1:]) != dtype.physical_shape:
        raise TypeError(
            f"{name} takes a PRNG key, got an array of dtype {key.dtype} and shape {key.shape}; the words of a key "
            f"have dtype uint32 and a last axis of size {dtype.physical_shape[0]}\n  try weft.random.key(seed)"
        )
    advice = (
        f"Legacy uint32 key array passed as key to {name}. Make keys with weft.random.key(). "
        'If use of a raw key array was intended, set legacy_prng_key="allow".'
    )
    if config.legacy_prng_key == "error":
        raise ValueError(advice)
    if config.legacy_prng_key == "warn":
        warnings.warn(advice, UserWarning, stacklevel=4)
    return bind(op_class("random_wrap").of(impl=dtype.impl), as_value(key), weak_type=False)


def _as_given(keys: Value, given: Any) -> Value:
    """New keys in the form in which the old one came: as words, if it did."""
    if isinstance(given.dtype, KeyDtype) or config.enable_custom_prng:
        return keys
    return bind(op_class("random_unwrap").of(), keys)


# Making keys


def key(seed: Any, *, impl: Impl = None, dtype: KeyDtype | None = None) -> Any:
    """The key of an integer seed.

    Raises: TypeError if the seed is no integer scalar; ValueError if both `impl` and `dtype` are given.
    """
    return _seeded("key", seed, _one_of("key", impl, dtype))


def PRNGKey(seed: Any, *, impl: Impl = None) -> Any:  # JAX's name
    """The key of an integer seed in the old form: the uint32 array of its words."""
    made = _seeded("PRNGKey", seed, impl)
    return made if config.enable_custom_prng else bind(op_class("random_unwrap").of(), made)


def _one_of(name: str, impl: Impl, dtype: KeyDtype | None) -> Impl:
    if dtype is not None and impl is not None:
        raise ValueError(f"Cannot specify both `impl` and `dtype` arguments to weft.random.{name}")
    return impl if dtype is None else dtype


def _seeded(name: str, seed: Any, impl: Impl) -> Value:
    found = key_dtype(impl)
    if isinstance(getattr(seed, "dtype", None), KeyDtype):
        raise TypeError(f"{name} accepts a scalar seed, but was given a PRNG key.")
    if type(seed) is int:
        seed = _truncated(seed)
    seed = as_value(seed, what=f"{name}: the seed")
    if seed.shape:
        raise TypeError(
            f"{name} accepts a scalar seed, but was given an array of shape {seed.shape} != (). "
            "Use weft.vmap for batching"
        )
    if kind_of(seed.dtype) not in "iu":
        raise TypeError(f"{name}: PRNG key seed must be an integer; got dtype {seed.dtype}")
    if config.random_seed_offset:
        offset = as_value(_truncated(config.random_seed_offset), seed.dtype)
        seed = bind(op_class("add").of(), convert(seed, seed.dtype, False), offset)
    return bind(op_class("random_seed").of(impl=found.impl), seed, weak_type=False)


def _truncated(seed: int) -> int:
    """An integer of 64 bits, of which the low ones count where 64-bit types are off."""
    seed = int(np.int64(seed))
    bits = 8 * dtypes.default_int().itemsize
    half = 1 << (bits - 1)
    return (seed + half) % (1 << bits) - half


def wrap_key_data(key_bits_array: Any, *, impl: Impl = None, dtype: KeyDtype | None = None) -> Any:
    """Keys from their words: a uint32 array whose last axis holds those of one key."""
    found = key_dtype(_one_of("wrap_key_data", impl, dtype))
    words = as_value(key_bits_array, what="wrap_key_data: the words")
    return bind(op_class("random_wrap").of(impl=found.impl), words, weak_type=False)


# Taking them apart


def key_data(keys: Any) -> Any:
    """The words of keys: a uint32 array with one more axis."""
    return bind(op_class("random_unwrap").of(), as_key("key_data", keys, is_single=False))


def key_impl(keys: Any) -> str:
    """The name of the generator that keys are for."""
    return as_key("key_impl", keys, is_single=False).dtype.impl


def clone(key: Any) -> Any:
    """The same key, as one that has not been used yet."""
    value = as_value(key, what="clone: the key")
    if not isinstance(value.dtype, KeyDtype):
        return value  # words have no record
    return bind(op_class("random_clone").of(), value, weak_type=False)


# New keys from old ones


@functools.cache
def _split_op(shape: tuple[int, ...], partitionable: bool) -> Any:
    return op_class("random_split").of(shape=shape, partitionable=partitionable)


def split_key(key: Value, num: Num = 2) -> Value:
    """Typed keys, of shape `num`, from a typed key."""
    shape = tuple([as_dim(n) for n in num]) if isinstance(num, Sequence) else (as_dim(num),)
    return bind(_split_op(shape, config.threefry_partitionable), key, weak_type=False)


@library("key")
def split(key: Any, num: Num = 2) -> Any:
    """`num` new keys from one (an array of that shape, if `num` is a tuple). The old one is not to be used again."""
    return _as_given(split_key(as_key("split", key), num), key)


def fold_in(key: Any, data: Any) -> Any:
    """A new key from a key and an integer, such as the number of a step."""
    if not isinstance(data, (Array, Tracer)):
        data = as_value(
            data, UINT32 if isinstance(data, (int, np.integer)) else None, what="fold_in: the data"
        )
    if data.shape:
        raise TypeError(
            f"fold_in accepts a scalar, but was given an array of shape {data.shape} != (). Use weft.vmap for batching."
        )
    return _fold_in(key, data)


@library("key", "data")
def _fold_in(key: Any, data: Any) -> Any:
    typed = as_key("fold_in", key)
    return _as_given(bind(op_class("random_fold_in").of(), typed, convert(data, UINT32, False)), key)


# Bits


@functools.cache
def _bits_op(width: int, shape: tuple[int, ...], partitionable: bool) -> Any:
    return op_class("random_bits").of(bit_width=width, shape=shape, partitionable=partitionable)


def draw(key: Value, width: int, shape: tuple[int, ...]) -> Any:
    """Uniform random bits from a typed key, as unsigned integers of `width`."""
    return bind(_bits_op(width, shape, config.threefry_partitionable), key, weak_type=False)


def unstacked(keys: Value, count: int) -> list[Any]:
    """The keys of an array of `count` of them, one by one."""
    return [keys[i] for i in range(count)]
