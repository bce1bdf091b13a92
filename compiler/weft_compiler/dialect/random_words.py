"""The words of PRNG keys in StableHLO: what the `lower` rules of random.py are made of.

The words of a key are the last axis of a uint32 array. A hash gives two words. Where both are wanted, both
are computed at every element of an array with a last axis of size 2, and one is selected: XLA then makes one
kernel of the whole, several times quicker to compile than two kernels and a concatenation.
"""

import math

from weft_compiler.avals import DTYPES, UINT32, Aval
from weft_compiler.bindings import stablehlo
from weft_compiler.dialect.threefry import rounds
from weft_compiler.stablehlo import cached
from weft_compiler.symbolic import surely_at_least

UINT64 = DTYPES["uint64"]


def of_seed(b, seed):
    """High and low word of each integer, sign-extended."""
    low = b.convert(seed, dtype=UINT32)
    high = b.zeros(low.aval)
    if seed.dtype.itemsize == 8:
        high = b.convert(b.shift_right_logical(seed, b.full(seed.aval, 32)), dtype=UINT32)
    return b.concatenate(*[b.reshape(w, shape=(*seed.shape, 1)) for w in (high, low)], axis=seed.ndim)


def split(b, words, shape):
    """New keys, [*batch, *shape, 2]: each the hash of its place in `shape`."""
    batch = words.shape[:-1]
    full = (*batch, *shape, 2)
    high, low = _places(b, shape, full, len(batch))
    return _both(b, _key(b, words, full, full_axis=len(full) - 1), high, low)


def split_in_halves(b, words, shape):
    """New keys, [*batch, *shape, 2]: the words of all are one run of hashes, first all first halves."""
    count = math.prod(shape)
    made = _hash_run(b, words, 2 * count)
    return b.reshape(made, shape=(*words.shape[:-1], *shape, 2))


def fold_in(b, words, data, shape):
    """New keys, [*shape, 2]: each the hash of the data."""
    full = (*shape, 2)
    aval = Aval.of(full, UINT32)
    column = b.reshape(data, shape=(*data.shape, 1))
    return _both(b, _key(b, words, full, full_axis=len(shape)), b.zeros(aval), stretched(b, column, full))


def bits(b, words, shape, width):
    """Bits, [*batch, *shape]: each element the hash of its place in `shape`."""
    batch = words.shape[:-1]
    full = (*batch, *shape)
    x0, x1 = rounds(b, *_key(b, words, full), *_places(b, shape, full, len(batch)))
    dtype = DTYPES[f"uint{width}"]
    if width == 64:
        return _joined(b, x0, x1)
    return b.convert(b.xor(x0, x1), dtype=dtype)


def bits_in_halves(b, words, shape, width):
    """Bits, [*batch, *shape]: the memory of one run of hashes, read as elements."""
    batch, size = words.shape[:-1], math.prod(shape)
    count = -(-size * width // 32)
    run = _hash_run(b, words, count)
    if width == 64:
        elements = _joined(b, *[_part(b, run, i * size, (i + 1) * size) for i in (0, 1)])
    elif width == 32:
        elements = run
    else:
        # Elements lie in a word from its low bits up.
        per_word = 32 // width
        full = Aval.of((*batch, count, per_word), UINT32)
        repeated = b.broadcast_in_dim(run, shape=full.shape, dims=tuple(range(run.ndim)))
        offsets = b.mul(b.iota(shape=full.shape, dtype=UINT32, dimension=full.ndim - 1), b.full(full, width))
        shifted = b.convert(b.shift_right_logical(repeated, offsets), dtype=DTYPES[f"uint{width}"])
        elements = _part(b, b.reshape(shifted, shape=(*batch, count * per_word)), 0, size)
    return b.reshape(elements, shape=(*batch, *shape))


def draw(b, state, aval, algorithm="DEFAULT"):
    """Bits of XLA's generator, of `aval`, and the state after them; under a batch of states, of the first."""
    if state.ndim > 1:
        width = state.shape[-1]
        flat = b.reshape(state, shape=(math.prod(state.shape[:-1]), width))
        first = b.slice(flat, start=(0, 0), limit=(1, width), strides=(1, 1))
        state = b.reshape(first, shape=(width,))
    is_u32 = state.dtype == UINT32
    if is_u32:
        state = b.bitcast_convert(b.reshape(state, shape=(2, 2)), dtype=UINT64)
    made, drawn = b.stablehlo.op(
        "stablehlo.rng_bit_generator",
        (state,),
        (state.aval, aval),
        rng_algorithm=cached(stablehlo().RngAlgorithmAttr.get, algorithm),
    )
    if is_u32:
        made = b.reshape(b.bitcast_convert(made, dtype=UINT32), shape=(4,))
    return drawn, made


def with_first(b, states, first):
    """A batch of states with the first of them replaced."""
    if states.ndim == 1:
        return first
    count, width = math.prod(states.shape[:-1]), states.shape[-1]
    flat = b.reshape(states, shape=(count, width))
    rest = b.slice(flat, start=(1, 0), limit=(count, width), strides=(1, 1))
    return b.reshape(b.concatenate(b.reshape(first, shape=(1, width)), rest, axis=0), shape=states.shape)


def stretched(b, x, shape):
    """`x` repeated into `shape`: of its rank, with axes of size 1 to stretch, or with the last axis alone."""
    if x.shape == shape:
        return x
    dims = tuple(range(len(shape))) if x.ndim == len(shape) else (len(shape) - 1,)
    return b.broadcast_in_dim(x, shape=shape, dims=dims)


def _key(b, words, full, full_axis=None):
    """The two words of each key over `full`, whose first axes are those of the keys.

    `full_axis` is an axis that does not belong to the keys; without it the words get no axis of their own.
    """
    batch = words.shape[:-1]
    made = []
    for i in (0, 1):
        word = b.slice(
            words,
            start=(*(0 for _ in batch), i),
            limit=(*batch, i + 1),
            strides=(1,) * words.ndim,
        )
        dims = tuple(range(len(batch)))
        if full_axis is None:
            word = b.reshape(word, shape=batch)
        else:
            dims = (*dims, full_axis)
        made.append(b.broadcast_in_dim(word, shape=full, dims=dims))
    return made


def _places(b, shape, full, offset):
    """High and low word of the row-major place in `shape`, whose axes are axes of `full` from `offset` on.

    A sum over axes, not a reshaped iota, so that a partition along any axis needs no communication.
    """
    word = Aval.of(full, UINT32)
    wide = word if surely_at_least(2**32 - math.prod(shape), 0) else word.with_dtype(UINT64)
    place = None
    for axis, size in enumerate(shape):
        if size != 1:
            term = b.iota(shape=full, dtype=wide.dtype, dimension=offset + axis)
            stride = math.prod(shape[axis + 1 :])
            term = term if stride == 1 else b.mul(term, b.full(wide, stride))
            place = term if place is None else b.add(place, term)
    if place is None:
        return b.zeros(word), b.zeros(word)
    if wide is word:
        return b.zeros(word), place
    high = b.shift_right_logical(place, b.full(wide, 32))
    return b.convert(high, dtype=UINT32), b.convert(place, dtype=UINT32)


def _both(b, key, x0, x1):
    """Hashes of blocks that are the same along the last axis, of size 2: the two words of each."""
    aval = x0.aval
    k0, k1 = key
    y0, y1 = rounds(b, k0, k1, x0, x1)
    lane = b.iota(shape=aval.shape, dtype=UINT32, dimension=aval.ndim - 1)
    return b.select(b.compare(lane, b.zeros(aval), direction="EQ"), y0, y1)


def _hash_run(b, words, count):
    """`count` words, [*batch, count]: the run 0, 1, … with each number of its first half hashed with one of
    its second. A run of odd length is followed by a 0.
    """
    batch, half = words.shape[:-1], -(-count // 2)
    aval = Aval.of((*batch, half), UINT32)
    x0 = b.iota(shape=aval.shape, dtype=UINT32, dimension=len(batch))
    x1 = b.add(x0, b.full(aval, half))
    if count % 2:
        x1 = b.select(b.compare(x1, b.full(aval, count), direction="EQ"), b.zeros(aval), x1)
    k0, k1 = _key(b, words, aval.shape)
    run = b.concatenate(*rounds(b, k0, k1, x0, x1), axis=len(batch))
    return _part(b, run, 0, count)


def _part(b, run, start, limit):
    """Elements `start` to `limit` of the last axis."""
    before = run.shape[:-1]
    if (start, limit) == (0, run.shape[-1]):
        return run
    return b.slice(run, start=(*(0 for _ in before), start), limit=(*before, limit), strides=(1,) * run.ndim)


def _joined(b, high, low):
    """The uint64 of a high and a low word."""
    wide = [b.convert(w, dtype=UINT64) for w in (high, low)]
    return b.or_(b.shift_left(wide[0], b.full(wide[0].aval, 32)), wide[1])
