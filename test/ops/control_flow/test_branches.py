"""cond: numbers of every branch, derivatives and batches of it to depth two."""

import numpy as np
import pytest

X, Y = np.array([0.3, -1.2, 0.7]), np.array([1.1, 0.4, -0.6])
SIGNATURE = "f64[3] f64[3]"


@pytest.fixture
def choice(functions):
    """A cond of three branches whose residuals differ in number and type."""
    f = functions
    f.define("wave", SIGNATURE, lambda b, x, y: (b.exp(b.sin(x)), b.reduce_sum(b.mul(x, x), axes=(0,))))
    f.define("product", SIGNATURE, lambda b, x, y: (b.mul(x, b.tanh(y)), b.reduce_sum(y, axes=(0,))))
    f.define("second", SIGNATURE, lambda b, x, y: (y, b.zeros(b.reduce_sum(x, axes=(0,)).aval)))
    return f.define(
        "choice",
        f"i32[] {SIGNATURE}",
        lambda b, i, x, y: b.cond(i, x, y, branches=("wave", "product", "second")),
    )


def numbers(i):
    i = min(max(i, 0), 2)
    if i == 0:
        return np.exp(np.sin(X)), np.sum(X * X)
    return (X * np.tanh(Y), np.sum(Y)) if i == 1 else (Y, 0.0)


@pytest.mark.parametrize("i", [-7, 0, 1, 2, 9])
def test_index_is_limited(functions, choice, i):
    for got, wanted in zip(functions(choice, np.int32(i), X, Y), numbers(i), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.parametrize("i", [0, 1, 2])
def test_transformations(checks, choice, i):
    checks.everything(choice, np.int32(i), X, Y)


def test_predicate(functions, checks):
    f = functions
    f.define("no", "f64[]", lambda b, x: b.neg(b.mul(x, x)))
    f.define("yes", "f64[]", lambda b, x: b.sin(x))

    def write(b, x):
        index = b.convert(b.compare(x, 0.5, direction="GT"), dtype=np.dtype("int32"))
        return b.cond(index, x, branches=("no", "yes"))

    f.define("either", "f64[]", write)
    assert "stablehlo.if" in f.text("either", "weft-to-stablehlo")
    checks.everything("either", 0.49, depth=3)
    checks.everything("either", 0.7, depth=3)


def test_residuals_share_slots(functions, choice):
    f = functions
    text = f.text(f.vjp("choice"), "weft-inline weft-simplify weft-cse")
    forward = next(line for line in text.splitlines() if "wave.fwd.slots" in line and "weftn.cond" in line)
    # results (f64[3], f64[]), and one slot: the cosine of one branch, the tanh of the other needs two
    assert forward.split("->")[-1].count("tensor<3xf64>") == 1 + 2
