"""PRNG keys as constants, carry, slices and results of loops and branches."""

import numpy as np
import pytest

from weft_compiler.avals import FRY, Aval

F64 = np.dtype("float64")


@pytest.fixture
def keyed(functions):
    """Adds functions that take a key; their arguments cannot be written as text."""
    key, vector = Aval.of((), FRY), Aval.of((2,), F64)
    f = functions

    def noise(b, k):
        bits = b.random_bits(k, shape=(2,), bit_width=32)
        return b.mul(b.convert(bits, dtype=F64), 1e-10)

    def step(b, w, k, x):
        pair = b.random_split(k, shape=(2,))
        k = b.reshape(b.slice(pair, start=(0,), limit=(1,), strides=(1,)), shape=())
        return k, b.add(b.sin(b.mul(w, x)), b.mul(noise(b, k), b.exp(x))), k

    def grown(b, k, x):
        moved = b.mul(b.add(noise(b, k), 0.3), b.exp(b.neg(x)))
        return b.random_fold_in(k, b.constant(np.uint32(1))), b.add(x, moved)

    def is_small(b, k, x):
        return b.compare(b.reduce_sum(x, axes=(0,)), 3.0, direction="LT")

    def loop(b, k, x):
        return b.while_(k, x, cond="is_small", body="grown", cond_consts=0, body_consts=0, max_trips=20)

    f.define_for("step", [vector, key, vector], step)
    f.define_for("is_small", [key, vector], is_small)
    f.define_for("grown", [key, vector], grown)
    f.define_for("loop", [key, vector], loop)
    f.define_for("plain", [key, vector], lambda b, k, x: (k, b.sin(x)))
    return f


def words(b, key):
    return b.convert(b.random_unwrap(key), dtype=F64)


@pytest.mark.parametrize(("length", "unroll"), [(1, 1), (3, 1), (3, 2)])
def test_scan(keyed, checks, length, unroll):
    def write(b, seed, w, x):
        k = b.random_seed(seed, impl="threefry2x32")
        last, x, each = b.scan(w, k, x, body="step", consts=1, carry=2, length=length, unroll=unroll)
        return x, words(b, last), words(b, each)

    name = keyed.define("walk", "i32[] f64[2] f64[2]", write)
    _, last, each = keyed(name, 3, [0.3, 0.4], [0.1, 0.9])
    assert each.shape == (length, 2)
    np.testing.assert_array_equal(each[-1], last)
    checks.everything(name, np.int32(3), [0.3, 0.4], [0.1, 0.9], depth=2 if unroll == 1 else 1)


@pytest.mark.parametrize("branch", [0, 1])
def test_cond_and_while(keyed, checks, branch):
    def write(b, seed, i, x):
        k = b.random_seed(seed, impl="threefry2x32")
        k, x = b.cond(i, k, x, branches=("plain", "loop"))
        return x, words(b, k)

    name = keyed.define("either", "i32[] i32[] f64[2]", write)
    checks.everything(name, np.int32(3), np.int32(branch), [0.1, 0.9])
