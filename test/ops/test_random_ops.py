"""Random ops: bit for bit against JAX, over generators, shapes, widths and batches of keys."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from weft_compiler.avals import KEY_DTYPES, Aval, key_dtype
from weft_compiler.bindings import context, ir
from weft_compiler.dialect.builder import Builder, Val
from weft_compiler.dialect.op import REGISTRY, OpTypeError
from weft_compiler.lowering import lower
from weft_compiler.module import Module
from weft_compiler.passes.batch import batch
from weft_compiler.passes.registry import make_pass
from weft_tools.backends import run_pjrt

jax = pytest.importorskip("jax")

SHAPES = ((), (1,), (3,), (2, 5), (0,), (3, 0, 2), (4, 1, 3))
IMPLS = tuple(KEY_DTYPES)


class Program:
    """A function `@f` written by `write(b, *arguments)`."""

    def __init__(self, write: Callable[..., Any], *avals: Aval) -> None:
        context()
        self.module = Module.new()
        with context(), ir.Location.unknown():
            made = self.module.add_function("f", avals, ir.Location.unknown())
            outs = write(self.module.builder(made), *made.args)
            made.finish([outs] if isinstance(outs, Val) else list(outs), ir.Location.unknown())
        self.module.function("f").publish()
        make_pass("weft-verify").run(self.module)

    def run(self, *arrays: np.ndarray, fn: str = "f") -> list[np.ndarray]:
        return run_pjrt(lower(self.module, fn), arrays)

    def batched(self, mask: tuple[bool, ...], size: int, *arrays: np.ndarray) -> list[np.ndarray]:
        made = batch(self.module, "f", mask, size)
        make_pass("weft-verify").run(self.module)
        return self.run(*arrays, fn=made.fn)


def keys_aval(impl: str, shape: tuple[int, ...] = ()) -> Aval:
    return Aval.of(shape, key_dtype(impl))


def key_words(impl: str, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Words of keys that differ in every bit position."""
    words = KEY_DTYPES[impl].physical_shape[0]
    return np.random.default_rng(len(shape)).integers(0, 2**32, (*shape, words), np.uint32)


def jax_keys(impl: str, words: np.ndarray) -> Any:
    return jax.random.wrap_key_data(words, impl=impl)


def same_bits(actual: np.ndarray, wanted: Any) -> None:
    if jax.dtypes.issubdtype(wanted.dtype, jax.dtypes.prng_key):
        wanted = jax.random.key_data(wanted)
    wanted = np.asarray(wanted)
    assert (actual.shape, actual.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize(
    ("seed", "dtype"),
    [
        (43, "int32"),
        (-7, "int32"),
        (2**31 + 5, "uint32"),
        (-3, "int8"),
        (200, "uint8"),
        (-(2**40), "int64"),
        (2**63 + 1, "uint64"),
    ],
)
def test_seeds(seed: int, dtype: str) -> None:
    value = np.array(seed, dtype)
    program = Program(
        lambda b, s: [b.random_unwrap(b.random_seed(s, impl=impl)) for impl in IMPLS],
        Aval.of((), np.dtype(dtype)),
    )
    with jax.enable_x64(value.itemsize == 8):
        wanted = [jax.random.key(jax.numpy.asarray(value), impl=impl) for impl in IMPLS]
    for actual, key in zip(program.run(value), wanted, strict=True):
        same_bits(actual, key)


def test_seeds_of_any_shape() -> None:
    seeds = np.arange(6, dtype=np.int32).reshape(2, 3)
    program = Program(
        lambda b, s: b.random_unwrap(b.random_seed(s, impl="threefry2x32")),
        Aval.of((2, 3), np.dtype("int32")),
    )
    wanted = jax.vmap(jax.vmap(jax.random.key))(seeds)
    same_bits(program.run(seeds)[0], wanted)


@pytest.mark.parametrize("partitionable", [True, False])
@pytest.mark.parametrize("batch_shape", [(), (2, 3)])
@pytest.mark.parametrize("impl", IMPLS)
def test_splits(impl: str, batch_shape: tuple[int, ...], partitionable: bool) -> None:
    def write(b: Builder, keys: Val) -> list[Val]:
        return [b.random_unwrap(b.random_split(keys, shape=s, partitionable=partitionable)) for s in SHAPES]

    words = key_words(impl, batch_shape)
    with jax.threefry_partitionable(partitionable):
        split = over_batch(lambda k: [jax.random.split(k, s) for s in SHAPES], len(batch_shape))
        wanted = jax.jit(split)(jax_keys(impl, words))
    for actual, w in zip(Program(write, keys_aval(impl, batch_shape)).run(words), wanted, strict=True):
        same_bits(actual, w)


def over_batch(fn: Callable[..., Any], depth: int) -> Callable[..., Any]:
    for _ in range(depth):
        fn = jax.vmap(fn)
    return fn


@pytest.mark.parametrize(
    ("impl", "partitionable"), [("threefry2x32", True), ("threefry2x32", False), ("rbg", True)]
)
@pytest.mark.parametrize("batch_shape", [(), (2, 3)])
def test_bits(impl: str, batch_shape: tuple[int, ...], partitionable: bool) -> None:
    asked = [(s, width) for s in SHAPES for width in (8, 16, 32, 64)]

    def write(b: Builder, keys: Val) -> list[Val]:
        return [b.random_bits(keys, shape=s, bit_width=n, partitionable=partitionable) for s, n in asked]

    words = key_words(impl, batch_shape)
    with jax.enable_x64(True), jax.threefry_partitionable(partitionable):
        draw = over_batch(lambda k: [jax.random.bits(k, s, f"uint{n}") for s, n in asked], len(batch_shape))
        wanted = jax.jit(draw)(jax_keys(impl, words))
    for actual, w in zip(Program(write, keys_aval(impl, batch_shape)).run(words), wanted, strict=True):
        same_bits(actual, w)


@pytest.mark.parametrize("impl", IMPLS)
@pytest.mark.parametrize(
    ("key_shape", "data_shape"),
    [((), ()), ((3,), ()), ((), (3,)), ((3,), (3,)), ((2, 3), (2, 1)), ((1, 3), (2, 1))],
)
def test_folding_in(impl: str, key_shape: tuple[int, ...], data_shape: tuple[int, ...]) -> None:
    words = key_words(impl, key_shape)
    data = np.random.default_rng(0).integers(0, 2**32, data_shape, np.uint32)
    program = Program(
        lambda b, k, d: b.random_unwrap(b.random_fold_in(k, d)),
        keys_aval(impl, key_shape),
        Aval.of(data_shape, np.dtype(np.uint32)),
    )
    wanted = jax._src.random.prng.random_fold_in(jax_keys(impl, words), data)
    same_bits(program.run(words, data)[0], wanted)


@pytest.mark.parametrize("impl", IMPLS)
@pytest.mark.parametrize("mask", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("shapes", [((), ()), ((3,), ()), ((), (3,))])
def test_folding_in_under_vmap(impl: str, mask: tuple[bool, bool], shapes: Any) -> None:
    key_shape, data_shape = shapes
    size = 4
    words = key_words(impl, (size, *key_shape) if mask[0] else key_shape)
    data = np.arange(12 * size, dtype=np.int32)[: size * 3].reshape(size, 3)
    data = data[:, 0] if not data_shape else data
    data = data if mask[1] else data[0]
    program = Program(
        lambda b, k, d: b.random_unwrap(b.random_fold_in(k, d)),
        keys_aval(impl, key_shape),
        Aval.of(data_shape, np.dtype(np.int32)),
    )
    fold = jax.vmap(jax._src.random.prng.random_fold_in, in_axes=tuple(0 if m else None for m in mask))
    wanted = fold(jax_keys(impl, words), jax.numpy.asarray(data))
    same_bits(program.batched(mask, size, words, data)[0], wanted)


@pytest.mark.parametrize("impl", IMPLS)
def test_bits_and_splits_under_vmap(impl: str) -> None:
    words = key_words(impl, (4,))

    def write(b: Builder, key: Val) -> tuple[Val, Val]:
        return b.random_bits(key, shape=(3,), bit_width=32), b.random_unwrap(b.random_split(key, shape=(2,)))

    bits, split = Program(write, keys_aval(impl)).batched((True,), 4, words)
    keys = jax_keys(impl, words)
    same_bits(bits, jax.vmap(lambda k: jax.random.bits(k, (3,)))(keys))
    same_bits(split, jax.vmap(jax.random.split)(keys))


def normal(b: Builder, key: Val) -> Val:
    """From the 23 highest of 32 bits a float in [1, 2), moved to (-1, 1), through erf_inv."""
    bits = b.random_bits(key, shape=(), bit_width=32)
    mantissa = b.or_(b.shift_right_logical(bits, 9), b.full(bits.aval, 0x3F800000))
    low = np.nextafter(np.float32(-1), np.float32(0))
    uniform = b.sub(b.bitcast_convert(mantissa, dtype=np.dtype("float32")), 1)
    uniform = b.max(b.add(b.mul(uniform, 1 - low), low), low)
    return b.mul(b.erf_inv(uniform), np.sqrt(np.float32(2)))


def test_known_normal_numbers() -> None:
    """JAX's numbers: of `normal(key(43))`, and of `key, sub = split(key); normal(sub)` three times."""

    def write(b: Builder, seed: Val) -> list[Val]:
        key = b.random_seed(seed, impl="threefry2x32")
        made = [normal(b, key)]
        for _ in range(3):
            pair = b.random_split(key, shape=(2,))
            key, sub = [
                b.reshape(b.slice(pair, start=(i,), limit=(i + 1,), strides=(1,)), shape=()) for i in (0, 1)
            ]
            made.append(normal(b, sub))
        return made

    numbers = Program(write, Aval.of((), np.dtype(np.int32))).run(np.array(43, np.int32))
    wanted = [0.07520543, -1.9133632183074951, -1.4749839305877686, -0.36703771352767944]
    np.testing.assert_allclose(numbers, wanted, rtol=1e-6)


@pytest.mark.parametrize("algorithm", ["DEFAULT", "THREE_FRY", "PHILOX"])
@pytest.mark.parametrize("state_dtype", ["uint32", "uint64"])
def test_rng_bit_generator(algorithm: str, state_dtype: str) -> None:
    state = np.arange(1, 5 if state_dtype == "uint32" else 3).astype(state_dtype)
    dtypes = [np.dtype(f"uint{n}") for n in (8, 16, 32, 64)]

    def write(b: Builder, s: Val) -> list[Val]:
        made = [b.rng_bit_generator(s, shape=(3, 4), dtype=d, algorithm=algorithm) for d in dtypes]
        return [v for pair in made for v in pair]

    chosen = getattr(jax.lax.RandomAlgorithm, f"RNG_{algorithm}")
    with jax.enable_x64(True):
        draw = jax.jit(lambda s: [jax.lax.rng_bit_generator(s, (3, 4), d, chosen) for d in dtypes])
        wanted = [v for pair in draw(state) for v in pair]
    for actual, w in zip(Program(write, Aval.of(state.shape, state.dtype)).run(state), wanted, strict=True):
        same_bits(actual, w)


def test_rng_bit_generator_under_vmap() -> None:
    states = np.arange(12, dtype=np.uint32).reshape(3, 4)
    program = Program(
        lambda b, s: b.rng_bit_generator(s, shape=(2,), dtype=np.dtype("uint32")),
        Aval.of((4,), np.dtype("uint32")),
    )
    wanted = jax.vmap(lambda s: jax.lax.rng_bit_generator(s, (2,)))(states)
    for actual, w in zip(program.batched((True,), 3, states), wanted, strict=True):
        same_bits(actual, w)


def test_threefry_known_answers() -> None:
    context()
    cls = REGISTRY["weft.threefry2x32"]
    for sample in cls.samples():
        avals = [Aval.of(o.shape, o.dtype) for o in sample.operands]
        program = Program(lambda b, *words: b.threefry2x32(*words), *avals)
        expected = cls.of().reference(*sample.operands)
        for actual, wanted in zip(program.run(*sample.operands), expected, strict=True):
            same_bits(actual, np.asarray(wanted))
    y0, y1 = cls.of().reference(*cls.samples()[0].operands)
    assert [hex(n) for n in y0] == ["0x6b200159", "0x1cb996fc", "0xc4923a9c"]
    assert [hex(n) for n in y1] == ["0x99ba4efe", "0xbb002be7", "0x483df7a0"]


def test_places_beyond_32_bits() -> None:
    """Elements past the first 2**32 get another high word: read from the text, as no memory holds them."""
    program = Program(
        lambda b, k: b.reduce_max(b.random_bits(k, shape=(2**17, 2**16), bit_width=8), axes=(0, 1)),
        keys_aval("threefry2x32"),
    )
    text = lower(program.module, "f").text()
    assert "tensor<131072x65536xui64>" in text


def test_keys_keep_their_words() -> None:
    words = key_words("rbg", (2, 3))
    program = Program(
        lambda b, w: b.random_unwrap(b.random_wrap(w, impl="rbg")), Aval.of(words.shape, words.dtype)
    )
    same_bits(program.run(words)[0], words)
    folded = lower(program.module, "f").text()
    assert "stablehlo" not in folded


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda b, k, i: b.random_bits(k, shape=(), bit_width=12),
            "bit_width is 12; it must be 8, 16, 32 or 64",
        ),
        (
            lambda b, k, i: b.random_seed(i, impl="fry"),
            "impl is 'fry'; it must be one of 'threefry2x32', 'rbg'",
        ),
        (lambda b, k, i: b.random_wrap(i, impl="rbg"), "uint32 arrays whose last axis has 4 words, got i32"),
        (lambda b, k, i: b.random_fold_in(k, i), "the shapes of key<fry>[3] and i32[2] do not broadcast"),
        (
            lambda b, k, i: b.random_split(i, shape=(2,)),
            "key has dtype int32 (i32[2]); it must be one of: key",
        ),
    ],
)
def test_wrong_uses(write: Callable[..., Any], message: str) -> None:
    with pytest.raises(OpTypeError, match=re.escape(message)):
        Program(write, keys_aval("threefry2x32", (3,)), Aval.of((2,), np.dtype("int32")))
