"""PRNG keys: made from seeds, split, folded with data, turned into bits. Bits agree with JAX's.

Generators are "threefry2x32" (two words a key), "rbg" and "unsafe_rbg" (four words a key). The latter two
draw bits from XLA's generator, which takes one state: under a batch of keys it is the state of the first.
"""

import math

import numpy as np

from weft_compiler.attributes import I64, DtypeAttr, Flag, Shape, Text
from weft_compiler.avals import DTYPES, KEY_DTYPES, UINT32, Aval, key_dtype
from weft_compiler.dialect import random_words as words_of
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Attr,
    Integer,
    Key,
    Op,
    Operand,
    no_rule,
    op,
)

_KEYS_ARE_OPAQUE = no_rule(
    "keys have no NumPy form; test/ops/test_random_ops.py compares their bits with JAX's"
)


class Random(Op):
    """Works on keys elementwise: axes that an op adds come after those of the keys."""

    takes_keys = True

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def batch(self, b, *xs):
        return b.emit(self, xs)

    fold = NOTHING_TO_FOLD
    samples = _KEYS_ARE_OPAQUE


def _check_impl(inst):
    if inst.impl not in KEY_DTYPES:
        inst.fail(f"impl is {inst.impl!r}; it must be one of {', '.join(map(repr, KEY_DTYPES))}")


@op("random_seed")
class RandomSeed(Random):
    """The key of each integer seed; of a seed of 64 bits all of them count."""

    seed: Operand[Integer]
    impl: Attr[Text]

    def infer(self, seed):
        _check_impl(self)
        return seed.with_dtype(key_dtype(self.impl))

    def lower(self, b, seed):
        (aval,) = b.outs
        words = words_of.of_seed(b, seed)
        if aval.physical.shape[-1] == 4:
            words = b.concatenate(words, words, axis=words.ndim - 1)
        return b.keys(words, aval)


@op("random_split")
class RandomSplit(Random):
    """An array of new keys, of `shape`, from each key.

    With `partitionable`, a new key depends on its place in `shape` alone, not on the size of `shape`.
    """

    key: Operand[Key]
    shape: Attr[Shape]
    partitionable: Attr[Flag] = True

    def infer(self, key):
        return key.with_shape((*key.shape, *self.shape))

    def lower(self, b, key):
        (aval,) = b.outs
        words = b.words(key)
        if aval.size == 0:
            return b.keys(b.zeros(aval.physical), aval)
        if key.dtype.impl == "threefry2x32":
            made = self._split(b, words)
        elif key.dtype.impl == "rbg":
            halves = b.reshape(words, shape=(*key.shape, 2, 2))
            split = self._split(b, halves)  # [*key.shape, half, *self.shape, word]
            before, after = range(key.ndim), range(key.ndim + 1, split.ndim)
            moved = b.transpose(split, permutation=(*before, *after[:-1], key.ndim, after[-1]))
            made = b.reshape(moved, shape=aval.physical.shape)
        else:
            made = self._rehash(b, words, key.shape)
        return b.keys(made, aval)

    def _split(self, b, words):
        split = words_of.split if self.partitionable else words_of.split_in_halves
        return split(b, words, self.shape)

    def _rehash(self, b, words, batch):
        """Every tenth block of the generator's output: ten rounds of it stand for a hash."""
        count = math.prod(self.shape)
        bits, _ = words_of.draw(b, words, Aval.of((*batch, 10 * count, 4), UINT32))
        full = (*batch, 10 * count, 4)
        strides = (*(1 for _ in batch), 10, 1)
        picked = b.slice(bits, start=(0,) * len(full), limit=full, strides=strides)
        return b.reshape(picked, shape=(*batch, *self.shape, 4))


@op("random_fold_in")
class RandomFoldIn(Random):
    """A new key from a key and an integer. Shapes are equal but for axes of size 1, or one is a scalar."""

    key: Operand[Key]
    data: Operand[Integer]

    key_use = "derived"

    def infer(self, key, data):
        if not key.ndim or not data.ndim:
            return key.with_shape(key.shape or data.shape)
        if key.ndim != data.ndim or any(1 not in p and p[0] != p[1] for p in self._pairs(key, data)):
            self.fail(f"the shapes of {key} and {data} do not broadcast")
        return key.with_shape(tuple(m if n == 1 else n for n, m in self._pairs(key, data)))

    @staticmethod
    def _pairs(key, data):
        return tuple(zip(key.shape, data.shape, strict=True))

    def batch(self, b, key, data):
        # A scalar stays one and an unbatched array gets an axis of size 1: unsafe_rbg draws from the first of
        # `data`, so repeating it would change the bits.
        ndim = max(x.ndim - b.is_batched(x) for x in (key, data))
        return b.random_fold_in(*[self._aligned(b, x, ndim) for x in (key, data)])

    @staticmethod
    def _aligned(b, x, ndim):
        if not b.is_batched(x):
            return b.reshape(x, shape=(1, *x.shape)) if x.ndim else x
        missing = ndim + 1 - x.ndim
        return b.reshape(x, shape=(x.shape[0], *(1,) * missing, *x.shape[1:])) if missing else x

    def lower(self, b, key, data):
        (aval,) = b.outs
        words = b.words(key)
        if aval.size == 0:
            return b.keys(b.zeros(aval.physical), aval)
        data = b.convert(data, dtype=UINT32)
        if key.dtype.impl == "unsafe_rbg":
            return b.keys(self._flip(b, words, data, aval), aval)
        words = words_of.stretched(b, words, aval.physical.shape)
        if key.dtype.impl == "rbg":
            halves = b.reshape(words, shape=(*aval.shape, 2, 2))
            folded = words_of.fold_in(b, halves, self._for_both_halves(b, data, aval), (*aval.shape, 2))
            return b.keys(b.reshape(folded, shape=aval.physical.shape), aval)
        return b.keys(words_of.fold_in(b, words, data, aval.shape), aval)

    @staticmethod
    def _for_both_halves(b, data, aval):
        data = b.broadcast_in_dim(data, shape=aval.shape, dims=()) if not data.ndim else data
        return b.reshape(data, shape=(*data.shape, 1))

    @staticmethod
    def _flip(b, words, data, aval):
        """The key, with bits flipped that the generator makes when `data` seeds it."""
        half = words_of.of_seed(b, data)
        state = b.concatenate(half, half, axis=half.ndim - 1)
        bits, _ = words_of.draw(b, state, Aval.of((*data.shape, 10, 4), UINT32))
        tenth = b.slice(
            bits,
            start=(*(0 for _ in data.shape), 9, 0),
            limit=bits.shape,
            strides=(1,) * bits.ndim,
        )
        mask = b.reshape(tenth, shape=(*data.shape, 4))
        return b.xor(
            words_of.stretched(b, words, aval.physical.shape),
            words_of.stretched(b, mask, aval.physical.shape),
        )


@op("random_bits")
class RandomBits(Random):
    """Uniform random bits from each key: unsigned integers of `bit_width`, an array of `shape` a key.

    With `partitionable`, an element depends on its place in `shape` alone, not on the size of `shape`.
    """

    key: Operand[Key]
    bit_width: Attr[I64]
    shape: Attr[Shape]
    partitionable: Attr[Flag] = True

    def infer(self, key):
        if self.bit_width not in (8, 16, 32, 64):
            self.fail(f"bit_width is {self.bit_width}; it must be 8, 16, 32 or 64")
        count = math.prod(self.shape) * self.bit_width
        if not self.partitionable and key.dtype.impl == "threefry2x32" and count > 32 * (2**32 - 1):
            self.fail(
                f"shape {list(self.shape)} needs more blocks than a key has unless partitionable is true"
            )
        return Aval.of((*key.shape, *self.shape), DTYPES[f"uint{self.bit_width}"])

    def lower(self, b, key):
        (aval,) = b.outs
        words = b.words(key)
        if aval.size == 0:
            return b.zeros(aval)
        if key.dtype.impl != "threefry2x32":
            return words_of.draw(b, words, aval)[0]
        bits = words_of.bits if self.partitionable else words_of.bits_in_halves
        return bits(b, words, self.shape, self.bit_width)


@op("random_clone")
class RandomClone(Random):
    """The same key, as one that has not been used yet."""

    key: Operand[Key]

    key_use = "kept"

    def infer(self, key):
        return key

    def lower(self, b, key):
        return key


@op("random_wrap")
class RandomWrap(Random):
    """Keys from their words, which are the last axis."""

    words: Operand[Integer]
    impl: Attr[Text]

    def infer(self, words):
        _check_impl(self)
        dtype = key_dtype(self.impl)
        if words.dtype != UINT32 or words.shape[-1:] != dtype.physical_shape:
            count = dtype.physical_shape[0]
            self.fail(f"keys of {self.impl} are uint32 arrays whose last axis has {count} words, got {words}")
        return Aval.of(words.shape[:-1], dtype)

    def lower(self, b, words):
        return b.keys(words, b.outs[0])

    def fold(self, b, words):
        made = b.producer(words)
        if made and isinstance(made[0], RandomUnwrap) and made[1][0].aval is b.out.aval:
            return made[1][0]
        return None


@op("random_unwrap")
class RandomUnwrap(Random):
    """The words of keys, as a last axis."""

    key: Operand[Key]

    key_use = "kept"

    def infer(self, key):
        return key.physical

    def lower(self, b, key):
        return b.words(key)

    def fold(self, b, key):
        made = b.producer(key)
        return made[1][0] if made and isinstance(made[0], RandomWrap) else None


@op("rng_bit_generator")
class RngBitGenerator(Op):
    """XLA's generator: the new state, and an array of `shape` of random unsigned integers.

    The state is u32[4] or u64[2]. Axes before it are a batch: bits for all are drawn from the first state,
    and only that one advances.
    """

    state: Operand[Integer]
    shape: Attr[Shape]
    dtype: Attr[DtypeAttr]
    algorithm: Attr[Text] = "DEFAULT"
    """DEFAULT is the backend's own; or THREE_FRY, or PHILOX."""

    results = 2

    def infer(self, state):
        if self.dtype not in [np.dtype(f"uint{n}") for n in (8, 16, 32, 64)]:
            self.fail(f"unsupported dtype {self.dtype}; it must be uint8, uint16, uint32 or uint64")
        if state.kind != "u" or (state.dtype.itemsize, state.shape[-1:]) not in ((4, (4,)), (8, (2,))):
            self.fail(f"the state must be u32[4] or u64[2], got {state}")
        if self.algorithm not in ("DEFAULT", "THREE_FRY", "PHILOX"):
            self.fail(f"algorithm is {self.algorithm}; it must be DEFAULT, THREE_FRY or PHILOX")
        return state, Aval.of((*state.shape[:-1], *self.shape), self.dtype)

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def batch(self, b, state):
        return b.emit(self, (state,))

    def lower(self, b, state):
        bits_aval = b.outs[1]
        if math.prod(state.shape) == 0 or bits_aval.size == 0:
            return state, b.zeros(bits_aval)
        bits, advanced = words_of.draw(b, state, bits_aval, self.algorithm)
        return words_of.with_first(b, state, advanced), bits

    fold = NOTHING_TO_FOLD
    samples = no_rule("the generator is the backend's own; test/ops/test_random_ops.py compares it with JAX")
