"""while: numbers, forward mode, batches that end at different steps, and reverse mode under a bound."""

import numpy as np
import pytest

from weft_compiler.dialect.op import OpValueError

ONE = np.int32(1)


def define_growth(f, **attrs):
    """Adds sin(x) * a to x until it is over a limit; also counts the steps and keeps a value that stays."""
    f.define(
        "below",
        "f64[] i32[] f64[] f64[2]",
        lambda b, limit, i, x, same: b.compare(x, limit, direction="LT"),
    )
    f.define(
        "grown",
        "f64[] i32[] f64[] f64[2]",
        lambda b, a, i, x, same: (b.add(i, 1), b.add(x, b.mul(a, b.sin(x))), same),
    )

    def write(b, limit, a, x, same):
        i = b.constant(np.int32(0))
        return b.while_(
            limit, a, i, x, same, cond="below", body="grown", cond_consts=1, body_consts=1, **attrs
        )

    return f.define("growth", "f64[] f64[] f64[] f64[2]", write)


def growth(limit, a, x):
    steps = 0
    while x < limit:
        steps, x = steps + 1, x + a * np.sin(x)
    return steps, x


ARGS = (2.5, 0.4, 0.3, np.array([1.0, 2.0]))


@pytest.mark.parametrize("x", [0.3, 1.2, 2.6])
def test_numbers(functions, x):
    name = define_growth(functions)
    steps, last, same = functions(name, 2.5, 0.4, x, [1.0, 2.0])
    assert steps == growth(2.5, 0.4, x)[0]
    np.testing.assert_allclose(last, growth(2.5, 0.4, x)[1], rtol=1e-12)
    np.testing.assert_array_equal(same, [1.0, 2.0])


def test_forward_and_batched(functions, checks):
    checks.everything(define_growth(functions), *ARGS, depth=3, only="jvp vmap")


def test_bounded_in_reverse(functions, checks):
    checks.everything(define_growth(functions, max_trips=12), *ARGS)


def test_no_reverse_without_bound(functions):
    name = functions.vjp(define_growth(functions))
    with pytest.raises(OpValueError, match="Reverse-mode differentiation does not work"):
        functions(name, *ARGS, 1.0, [1.0, 1.0])


def test_reverse_of_what_has_no_tangent(functions, checks):
    """A loop over integers alone is no obstacle."""
    f = functions
    f.define("few", "i32[]", lambda b, i: b.compare(i, 5, direction="LT"))
    f.define("next", "i32[]", lambda b, i: b.add(i, 1))

    def write(b, x):
        (i,) = b.while_(b.constant(np.int32(2)), cond="few", body="next", cond_consts=0, body_consts=0)
        return b.mul(b.sin(x), b.convert(i, dtype=np.dtype("float64")))

    checks.everything(f.define("scaled", "f64[]", write), 0.4)


def test_predicate_batched_through_constants_only(functions):
    """Only the limit differs between elements, so each ends at a step of its own."""
    name = define_growth(functions)
    made = functions.vmap(name, [True, False, False, False])
    steps, last, same = functions(made, [1.0, 2.5], 0.4, 0.3, [1.0, 2.0])
    wanted = [growth(limit, 0.4, 0.3) for limit in (1.0, 2.5)]
    assert list(steps) == [w[0] for w in wanted]
    np.testing.assert_allclose(last, [w[1] for w in wanted], rtol=1e-12)
    np.testing.assert_array_equal(same, [[1.0, 2.0]] * 2)


def test_unbatched_stays_unbatched(functions):
    """The counter and the predicate do not depend on what is batched, and stay as they are."""
    f = functions
    f.define("few", "i32[] f64[]", lambda b, i, x: b.compare(i, 5, direction="LT"))
    f.define("doubled", "i32[] f64[]", lambda b, i, x: (b.add(i, 1), b.add(x, x)))

    def write(b, x):
        i = b.constant(np.int32(2))
        return b.while_(i, x, cond="few", body="doubled", cond_consts=0, body_consts=0)[1]

    name = f.vmap(f.define("eightfold", "f64[]", write), [True])
    np.testing.assert_array_equal(f(name, [1.0, 3.0]), [[8.0, 24.0]])
    loop = next(line for line in f.text(name).splitlines() if "weftn.while" in line)
    assert "-> (tensor<i32>, tensor<2xf64>)" in loop


def test_rejected(functions):
    f = functions
    f.define("yes", "f64[]", lambda b, x: b.compare(x, 1.0, direction="LT"))
    f.define("wide", "f64[]", lambda b, x: b.broadcast_in_dim(x, shape=(2,), dims=()))
    with pytest.raises(TypeError, match=r"while: @wide must give the next carry"):
        f.define(
            "bad", "f64[]", lambda b, x: b.while_(x, cond="yes", body="wide", cond_consts=0, body_consts=0)
        )
    with pytest.raises(TypeError, match=r"while: @wide must give one bool\[\]"):
        f.define(
            "bad", "f64[]", lambda b, x: b.while_(x, cond="wide", body="yes", cond_consts=0, body_consts=0)
        )
