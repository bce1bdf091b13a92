"""Transposes of linear functions with loops and branches in which not everything is linear."""

import numpy as np
import pytest

from weft_compiler.dialect.op import OpValueError

RNG = np.random.default_rng(3)
XS, FACTORS = RNG.normal(size=3), RNG.normal(size=4)


def matrix(functions, name, size, *known):
    """The matrix of a linear function, column by column."""
    return np.stack([functions(name, e, *known)[0] for e in np.eye(size)], axis=1)


def check(functions, name, *known):
    """The transposed function has the transposed matrix."""
    back = functions.transpose(name, (True, *(False for _ in known)))
    forward = matrix(functions, name, 3, *known)
    np.testing.assert_allclose(matrix(functions, back, forward.shape[0], *known), forward.T, rtol=1e-12)


def test_scan_with_counter(functions):
    """x <- x * (factor + i), and the sum of every other step."""
    f = functions

    def step(b, i, x, total, factor):
        scale = b.add(factor, b.convert(i, dtype=np.dtype("float64")))
        x = b.mul(x, b.broadcast_in_dim(scale, shape=(3,), dims=()))
        is_even = b.compare(b.and_(i, 1), 0, direction="EQ")
        return b.add(i, 1), x, b.select(is_even, b.add(total, x), total), b.neg(x)

    f.define("step", "i32[] f64[3] f64[3] f64[]", step)

    def write(b, x, factors):
        i = b.constant(np.int32(0))
        _, x, total, ys = b.scan(i, x, b.zeros(x.aval), factors, body="step", consts=0, carry=3, length=4)
        return b.concatenate(x, total, b.reshape(ys, shape=(12,)), axis=0)

    check(f, f.define("sums", "f64[3] f64[4]", write), FACTORS)


def test_call_with_known_results(functions):
    f = functions
    f.define("inner", "f64[3] f64[3]", lambda b, x, c: (b.mul(x, c), b.sin(c)))

    def write(b, x, c):
        y, s = b.call("inner", (x, c))
        return b.mul(y, s)

    check(f, f.define("outer", "f64[3] f64[3]", write), XS)


def test_cond(functions):
    f = functions
    f.define("scaled", "f64[3] f64[3]", lambda b, x, c: (b.mul(x, c), c))
    f.define("turned", "f64[3] f64[3]", lambda b, x, c: (b.reverse(x, axes=(0,)), b.exp(c)))

    def write(b, x, i, c):
        y, s = b.cond(i, x, c, branches=("scaled", "turned"))
        return b.mul(y, s)

    f.define("either", "f64[3] i32[] f64[3]", write)
    for i in range(2):
        check(f, "either", np.int32(i), XS)


def test_while(functions):
    """Known results of a loop are known; its linear ones have no transpose without a bound."""
    f = functions
    f.define("few", "i32[] f64[3]", lambda b, i, x: b.compare(i, 3, direction="LT"))
    f.define("doubled", "i32[] f64[3]", lambda b, i, x: (b.add(i, 1), b.add(x, x)))

    def loop(attrs, result):
        def write(b, x):
            i = b.constant(np.int32(0))
            n, y = b.while_(i, x, cond="few", body="doubled", cond_consts=0, body_consts=0, **attrs)
            count = b.broadcast_in_dim(b.convert(n, dtype=np.dtype("float64")), shape=(3,), dims=())
            return b.mul(y if result else x, count)

        return f.define("loop", "f64[3]", write)

    check(f, loop({}, False))
    check(f, loop({"max_trips": 5}, True))
    with pytest.raises(OpValueError, match="Reverse-mode differentiation does not work"):
        check(f, loop({}, True))
