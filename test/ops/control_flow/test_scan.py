"""scan: numbers in every order and unrolling, derivatives, batches, and what the derivative stacks."""

import itertools

import numpy as np
import pytest

RNG = np.random.default_rng(1)
W, H = RNG.normal(size=(3, 3)), RNG.normal(size=3)
PRODUCT = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}


def define_rnn(f, length, **attrs):
    """h <- tanh(sin(w) h + x); gives h * x of every step."""

    def cell(b, w, h, x):
        h = b.tanh(b.add(b.dot_general(b.sin(w), h, **PRODUCT), x))
        return h, b.mul(h, x)

    f.define("cell", "f64[3,3] f64[3] f64[3]", cell)
    attrs = {"body": "cell", "consts": 1, "carry": 1, "length": length, **attrs}
    return f.define("rnn", f"f64[3,3] f64[3] f64[{length},3]", lambda b, *args: b.scan(*args, **attrs))


def rnn(w, h, xs, reverse):
    ys = []
    for x in xs[::-1] if reverse else xs:
        h = np.tanh(np.sin(w) @ h + x)
        ys.append(h * x)
    return h, np.reshape(ys[::-1] if reverse else ys, xs.shape)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("length", "unroll"), [(0, 1), (1, 1), (5, 1), (5, 2), (5, 5), (6, 3), (4, 9)])
def test_numbers(functions, length, unroll, reverse):
    xs = RNG.normal(size=(length, 3))
    name = define_rnn(functions, length, unroll=unroll, reverse=reverse)
    for got, wanted in zip(functions(name, W, H, xs), rnn(W, H, xs, reverse), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.parametrize(("reverse", "unroll"), [(False, 1), (True, 2)])
def test_transformations(functions, checks, reverse, unroll):
    name = define_rnn(functions, 4, reverse=reverse, unroll=unroll)
    checks.everything(name, W, H, RNG.normal(size=(4, 3)))


@pytest.mark.parametrize("length", [0, 1])
def test_transformations_of_short_ones(functions, checks, length):
    checks.everything(define_rnn(functions, length), W, H, RNG.normal(size=(length, 3)), depth=1)


def test_three_deep(functions, checks):
    f = functions
    f.define("step", "f64[] f64[] f64[]", lambda b, a, c, x: (b.sin(b.mul(a, c)), b.mul(c, x)))
    f.define(
        "waves",
        "f64[] f64[] f64[3]",
        lambda b, a, c, x: b.scan(a, c, x, body="step", consts=1, carry=1, length=3),
    )
    checks.everything("waves", 0.7, 0.4, [0.1, -0.3, 0.8], depth=3)


def test_counter_and_integers(functions, checks):
    """A carry without tangent beside one with, integer slices and results."""

    def step(b, i, x, k):
        scale = b.mul(b.convert(b.add(i, k), dtype=np.dtype("float64")), 0.2)
        scale = b.broadcast_in_dim(scale, shape=(2,), dims=())
        return b.add(i, 1), b.sin(b.mul(x, scale)), b.mul(i, k), b.cos(x)

    f = functions
    f.define("step", "i32[] f64[2] i32[]", step)
    f.define(
        "counted",
        "f64[2] i32[4]",
        lambda b, x, ks: b.scan(
            b.constant(np.int32(3)), x, ks, body="step", consts=0, carry=2, length=4, reverse=True
        ),
    )
    checks.everything("counted", [0.3, 0.9], np.arange(4, dtype="int32"))


def test_tangents_only_where_needed(functions, checks):
    """Of three carried values, one never has a tangent, one gets it from another on the way."""

    def step(b, w, p, q, r):
        return b.mul(b.sin(p), w), b.add(q, p), b.add(b.stop_gradient(r), 1.0)

    f = functions
    f.define("step", "f64[] f64[] f64[] f64[]", step)

    def write(b, w, x):
        zero = b.zeros(x.aval)
        return b.scan(w, x, zero, zero, body="step", consts=1, carry=3, length=5)

    f.define("sums", "f64[] f64[]", write)
    checks.everything("sums", 0.8, 0.5)
    loop = next(line for line in f.text(f.jvp("sums")).splitlines() if "weftn.scan" in line)
    assert "carry = 5" in loop


def scans(text):
    """Result types of the scans of a program."""
    return [line.split("->")[-1] for line in text.splitlines() if "weftn.scan" in line]


def test_what_is_stacked(functions):
    """sin(w) and its cosine are computed once; slices of xs and of the results are not stacked again."""

    def step(b, w, h, x):
        h = b.mul(b.mul(h, b.sin(w)), b.exp(x))
        return h, b.exp(x)

    f = functions
    f.define("step", "f64[3] f64[3] f64[3]", step)
    attrs = {"body": "step", "consts": 1, "carry": 1, "length": 7}
    name = f.define("grow", "f64[3] f64[3] f64[7,3]", lambda b, *args: b.scan(*args, **attrs))
    text = f.text(f.vjp(name), "weft-inline weft-simplify weft-cse")
    forward, backward = scans(text)
    # exp(x) is a result already, h sin(w) is soon made again: only h is kept.
    assert forward.count("tensor<7x3xf64>") == 1 + 1
    assert backward.count("tensor<7x3xf64>") == 1
    before_loop = text[text.index("func.func @vjp_grow") :].split("weftn.scan")[0]
    assert before_loop.count("weft.sin") == before_loop.count("weft.cos") == 1
    step_text = text[text.index("@step.fwd.step(") :].split("func.func private")[0]
    assert "weft.sin" not in step_text


def test_carry_that_stays_is_not_stacked(functions, checks):
    """Parameters that are handed round in the carry count as constants."""
    f = functions
    f.define("inner", "f64[3] f64[3] f64[3]", lambda b, w, h, x: (w, b.mul(h, b.sin(b.mul(w, x)))))
    f.define("step", "f64[3] f64[3] f64[3]", lambda b, *args: b.call("inner", args))
    name = f.define(
        "same",
        "f64[3] f64[3] f64[4,3]",
        lambda b, *args: b.scan(*args, body="step", consts=0, carry=2, length=4),
    )
    checks.everything(name, W[0], H, RNG.normal(size=(4, 3)), depth=1)
    forward = scans(f.text(f"vjp_{name}", "weft-inline weft-simplify weft-cse"))[0]
    assert forward.count("tensor<4x3xf64>") <= 3


def test_calls_in_the_body_do_not_hide_constants(functions):
    """The matrix reaches the product through a call, and is still no residual of each step."""
    f = functions
    f.define("times", "f64[3,3] f64[3]", lambda b, w, h: b.tanh(b.dot_general(b.sin(w), h, **PRODUCT)))
    f.define("step", "f64[3,3] f64[3]", lambda b, w, h: b.call("times", (w, h)))
    name = f.define(
        "powers", "f64[3,3] f64[3]", lambda b, *args: b.scan(*args, body="step", consts=1, carry=1, length=9)
    )
    text = f.text(f.vjp(name), "weft-inline weft-simplify weft-cse")
    assert "tensor<9x3x3xf64>" not in text


def test_scan_in_cond_in_scan(functions, checks):
    f = functions
    f.define("deep", "f64[2] f64[2] f64[2]", lambda b, a, h, x: (b.mul(a, b.sin(b.add(h, x))), b.mul(h, x)))

    def loop(b, a, h, xs):
        h, ys = b.scan(a, h, xs, body="deep", consts=1, carry=1, length=3)
        return b.add(h, b.reduce_sum(ys, axes=(0,)))

    f.define("loop", "f64[2] f64[2] f64[3,2]", loop)
    f.define("plain", "f64[2] f64[2] f64[3,2]", lambda b, a, h, xs: b.tanh(b.mul(h, a)))

    def step(b, a, xs, h, i):
        out = b.cond(i, a, h, xs, branches=("plain", "loop"))[0]
        return out, b.reduce_sum(out, axes=(0,))

    f.define("step", "f64[2] f64[3,2] f64[2] i32[]", step)
    f.define(
        "nested",
        "f64[2] f64[3,2] f64[2] i32[4]",
        lambda b, *args: b.scan(*args, body="step", consts=2, carry=1, length=4),
    )
    xs = RNG.normal(size=(3, 2))
    checks.everything("nested", [0.7, -0.4], xs, [0.2, 0.5], np.array([0, 1, 1, 0], "int32"))


def test_while_in_scan(functions, checks):
    f = functions
    f.define("below", "f64[] f64[]", lambda b, limit, x: b.compare(x, limit, direction="LT"))
    f.define("grown", "f64[]", lambda b, x: b.add(x, b.add(b.sin(x), 0.5)))

    def step(b, h, x):
        (last,) = b.while_(
            b.constant(np.float64(2.0)),
            x,
            cond="below",
            body="grown",
            cond_consts=1,
            body_consts=0,
            max_trips=9,
        )
        return b.mul(h, last), last

    f.define("step", "f64[] f64[]", step)
    f.define(
        "loops", "f64[] f64[3]", lambda b, *args: b.scan(*args, body="step", consts=0, carry=1, length=3)
    )
    checks.everything("loops", 0.5, [0.1, 0.7, 2.5])


def test_requests_in_the_body(functions, checks):
    """A scan of gradient steps: the body asks for a derivative, and the whole is differentiated again."""
    f = functions
    f.define("loss", "f64[2] f64[2]", lambda b, p, x: b.reduce_sum(b.sin(b.mul(p, b.mul(p, x))), axes=(0,)))

    def step(b, p, x):
        value, slope = b.vjp(p, x, b.constant(np.float64(1.0)), callee="loss", wrt=(0,), ct_of=(0,))
        return b.sub(p, b.mul(slope, 0.1)), value

    f.define("step", "f64[2] f64[2]", step)
    f.define(
        "descent", "f64[2] f64[3,2]", lambda b, *args: b.scan(*args, body="step", consts=0, carry=1, length=3)
    )
    checks.everything("descent", [0.4, -0.9], RNG.normal(size=(3, 2)))


@pytest.mark.parametrize(("carry", "ys"), list(itertools.product([0, 1], [0, 1])), ids=lambda n: str(n))
def test_without_carry_or_results(functions, checks, carry, ys):
    f = functions

    def step(b, *args):
        total = b.mul(args[0], b.sin(args[-1]))
        return (*(b.mul(c, total) for c in args[1:-1]), *[total] * ys)

    f.define("step", " ".join(["f64[]"] * (2 + carry)), step)
    attrs = {"body": "step", "consts": 1, "carry": carry, "length": 3}
    name = f.define(
        "some", " ".join(["f64[]"] * (1 + carry) + ["f64[3]"]), lambda b, *args: b.scan(*args, **attrs)
    )
    checks.everything(name, *[0.4] * (1 + carry), [0.1, 0.2, 0.9], depth=1)


def test_rejected(functions):
    f = functions
    f.define("step", "f64[] f64[]", lambda b, c, x: (b.add(c, x), x))
    with pytest.raises(TypeError, match=r"scan: the first axis of f64\[3\] does not have the length 4"):
        f.define(
            "bad", "f64[] f64[3]", lambda b, *args: b.scan(*args, body="step", consts=0, carry=1, length=4)
        )
    f.define("widening", "f64[] f64[]", lambda b, c, x: (b.broadcast_in_dim(c, shape=(2,), dims=()), x))
    with pytest.raises(TypeError, match="scan: @widening must give the next carry as it takes it"):
        f.define(
            "bad",
            "f64[] f64[3]",
            lambda b, *args: b.scan(*args, body="widening", consts=0, carry=1, length=3),
        )
