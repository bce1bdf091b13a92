"""Elementwise functions of `weft.lax`: values, dtypes, weak types and errors."""

import ml_dtypes
import numpy as np
import pytest
from lax_oracle import Weak, check, jax, named
from scipy import special

import weft
from weft import lax

F = np.array([0.3, 0.9, 0.55], np.float32)
G = np.array([1.5, 2.5, -0.5], np.float32)
N = np.array([3, -4, 7], np.int32)
J = np.array([2, 3, 1], np.int32)
U = np.array([3, 250, 7], np.uint8)
B = np.array([True, False, True])
C = np.array([0.3 + 0.2j, -0.5 - 0.1j, 0.4j], np.complex64)
H = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
BF = F.astype(ml_dtypes.bfloat16)
W = Weak(np.float32(0.5))
WI = Weak(np.int32(2))

NUMPY = {
    **{n: getattr(np, n) for n in ("abs", "sign", "floor", "ceil", "exp", "exp2", "expm1", "log", "log1p")},
    **{n: getattr(np, n) for n in ("sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{n: getattr(np, f"arc{n[1:]}") for n in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2")},
    "neg": np.negative,
    "is_finite": np.isfinite,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "rem": np.fmod,
    "pow": np.power,
    "max": np.maximum,
    "min": np.minimum,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "nextafter": np.nextafter,
    "square": np.square,
    "conj": np.conj,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "bitwise_not": np.invert,
    "shift_left": np.left_shift,
    "shift_right_arithmetic": np.right_shift,
    "population_count": lambda x: np.bitwise_count(np.asarray(x).view("u4")),
    "real": np.real,
    "imag": np.imag,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "logistic": lambda x: 1 / (1 + np.exp(-np.asarray(x))),
    "reciprocal": lambda x: 1 / x,
    "integer_pow": lambda x, y: x**y,
    "complex": lambda x, y: x + 1j * y,
    "erf": special.erf,
    "erfc": special.erfc,
    "erf_inv": special.erfinv,
    "lgamma": special.gammaln,
    "digamma": special.digamma,
    "zeta": special.zeta,
    "igamma": special.gammainc,
    "igammac": special.gammaincc,
    "betainc": special.betainc,
    "bessel_i0e": special.i0e,
    "bessel_i1e": special.i1e,
}

UNARY = [
    *[named(n, x) for n in ("neg", "abs", "sign", "square") for x in (F, N, C, BF, WI)],
    *[named(n, x) for n in ("exp", "log", "sqrt", "sin", "tanh", "logistic") for x in (F, C, BF, W, 0.5)],
    *[named(n, x) for n in ("exp2", "expm1", "log1p", "rsqrt", "cos", "tan") for x in (F, C)],
    *[named(n, x) for n in ("asin", "acos", "atan", "asinh", "atanh", "sinh", "cosh") for x in (F, C)],
    *[named(n, x) for n in ("floor", "ceil", "round", "is_finite", "cbrt") for x in (F, 2.5, W)],
    named("acosh", F + 1),
    named("round", np.array([0.5, 1.5, -0.5, 2.4], np.float32)),
    named("round", np.array([0.5, 1.5, -0.5, 2.4], np.float32), 1),
    *[named("reciprocal", x) for x in (F, C, 2.0)],
    *[named("integer_pow", x, y) for x, y in ((F, 3), (F, -2), (F, 0), (N, 5), (C, 2), (W, 1), (2, 3))],
    *[named(n, N) for n in ("population_count", "clz", "bitwise_not")],
    named("bitwise_not", B),
    named("bitwise_not", 1),
    *[named(n, x) for n in ("real", "imag", "conj") for x in (C, 1 + 2j)],
    named("conj", F),
    *[named(n, x) for n in ("erf", "erfc", "erf_inv", "lgamma", "digamma") for x in (F, BF, W)],
    *[named(n, F) for n in ("bessel_i0e", "bessel_i1e")],
]
BINARY = [
    *[named(n, x, x[::-1].copy()) for n in ("add", "sub", "mul", "max", "min") for x in (F, N, U, C, BF)],
    *[named(n, B, np.array([True, True, False])) for n in ("max", "min", "bitwise_and", "bitwise_xor", "eq")],
    *[named("add", x, y) for x, y in ((F, 1.0), (2, N), (W, F), (W, 1.0), (1, 2), (H[:1], H), (F, W))],
    *[
        named("add", x, y)
        for x, y in ((H, np.float32(2)), (H, np.float64(2)), (np.zeros((0, 3), np.float32), 1.0))
    ],
    *[named("mul", W, x) for x in (W, 2.0, F)],
    *[named("div", x, y) for x, y in ((F, G), (C, C[::-1].copy()), (F, 2.0))],
    *[named(n, N, J) for n in ("rem", "shift_left", "shift_right_arithmetic", "bitwise_or")],
    *[named(n, N, J) for n in ("div", "shift_right_logical", "mulhi")],
    *[named("rem", G, F), named("atan2", F, G), named("nextafter", F, G)],
    *[named("pow", x, y) for x, y in ((F, G), (F, J), (C, 2), (G, 2), (2.0, 3), (W, J))],
    *[named(n, x, y) for n in ("eq", "lt", "ge") for x, y in ((F, F[::-1].copy()), (N, 3), (W, 0.5))],
    *[named(n, U, U[::-1].copy()) for n in ("ne", "gt", "le")],
    *[named("complex", x, y) for x, y in ((F, G), (F, 1.0), (1.0, 2.0))],
    *[named(n, x, y) for n in ("igamma", "igammac") for x, y in ((F, F + 1), (0.5, F))],
    *[named("zeta", F + 2, F), named("polygamma", np.float32(1), F), named("igamma_grad_a", F, F)],
    *[named("random_gamma_grad", F, F), named("betainc", F, F + 1, F), named("betainc", 1.0, 2.0, F)],
]


@pytest.mark.parametrize(("name", "args", "kwargs"), UNARY + BINARY)
def test_values(name, args, kwargs):
    exact = None if args and getattr(args[0], "dtype", None) == ml_dtypes.bfloat16 else NUMPY.get(name)
    if name in ("div", "max", "min") and getattr(args[0], "dtype", np.float32) in (np.int32, np.complex64):
        exact = None  # NumPy rounds downwards; complex extrema are compared in test_complex_extrema
    is_small = any(getattr(a, "dtype", None) == ml_dtypes.bfloat16 for a in args)
    check(lambda lib, *xs: getattr(lib, name)(*xs, **kwargs), args, exact, rtol=2e-2 if is_small else 2e-5)


def test_div_of_integers_rounds_towards_zero():
    assert lax.div(N, J).tolist() == [1, -1, 7]


def test_complex_extrema():
    x = np.array([1 + 2j, 1 + 1j, 2 - 3j], np.complex64)
    y = np.array([1 + 1j, 1 + 3j, 1 + 9j], np.complex64)
    check(lambda lib, x, y: lib.max(x, y), (x, y), np.maximum)
    check(lambda lib, x, y: lib.min(x, y), (x, y), np.minimum)


def test_mul_with_out_dtype():
    check(lambda lib, x: lib.mul(x, x, out_dtype=np.int32), (U,), U.astype(np.int32) ** 2)
    check(lambda lib, x: lib.mul(x, 2, out_dtype=np.float32), (F,), F * 2)


@pytest.mark.parametrize("accuracy", [lax.AccuracyMode.HIGHEST, lax.Tolerance(1e-3, 1e-3, 2)])
def test_accuracy(accuracy):
    np.testing.assert_allclose(lax.exp(F, accuracy=accuracy), np.exp(F), rtol=1e-6)


CHOICES = [
    named("clamp", 0.4, F, 0.6),
    named("clamp", F[::-1].copy(), F, G + 3),
    named("clamp", -1, N, 5),
    named("clamp", 0.0, 1.0, 2.0),
    named("clamp", W, W, np.float32(1)),
    named("select", B, F, G),
    named("select", True, F, G),
    named("select", True, 1.0, 2.0),
    named("select", 1, F, G),
    named("select", B, N, J),
    named("select_n", B, F, G),
    named("select_n", np.array([0, 2, 1], np.int32), F, G, F + 1),
    named("select_n", np.array([-1, 9, 1], np.int32), F, G, F + 1),
    named("select_n", np.uint8(1), W, 1.0, 2.0),
    named("select_n", True, W, 1.0),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), CHOICES)
def test_choices(name, args, kwargs):
    check(lambda lib, *xs: getattr(lib, name)(*xs), args)


def test_select_against_numpy():
    np.testing.assert_array_equal(lax.select(B, F, G), np.where(B, F, G))
    np.testing.assert_array_equal(lax.clamp(0.4, F, 0.6), np.clip(F, np.float32(0.4), np.float32(0.6)))


ERRORS = [
    named("add", F, N),
    named("add", F, 1),
    named("add", BF, 1.0),
    named("add", F, H),
    named("add", B, B),
    named("add", [1, 2], F),
    named("add", None, F),
    named("sin", N),
    named("sin", 1),
    named("neg", B),
    named("is_finite", 1),
    named("round", 1),
    named("integer_pow", N, -1),
    named("reciprocal", 2),
    named("pow", N, 2),
    named("lt", C, C),
    named("bitwise_and", F, F),
    named("real", F),
    named("conj", N),
    named("complex", 1, 2),
    named("mulhi", F, F),
    named("clamp", 0, F, 1),
    named("clamp", F, H, F),
    named("select", B, F, 1.0),
    named("select", B, F, N),
    named("select", B, H, H),
    named("select_n", B, F, F, F),
    named("polygamma", 1, F),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), ERRORS)
def test_type_errors(name, args, kwargs):
    with pytest.raises(TypeError):
        getattr(lax, name)(*args)
    with pytest.raises(TypeError):
        weft.jit(lambda: getattr(lax, name)(*args))()


def test_message_names_both_operands():
    with pytest.raises(TypeError, match=r"lax.add: operands must have the same dtype") as caught:
        weft.jit(lambda x: lax.add(x, lax.exp(x).astype("bfloat16")))(F)
    assert "f32[3]" in str(caught.value)
    assert "bf16[3]" in str(caught.value)
    assert "weft.numpy.add" in str(caught.value)
    assert "test_lax_elementwise.py" in str(caught.value)


def test_tracers_of_one_shape_make_one_op():
    text = str(weft.make_ir(lambda x: lax.add(lax.mul(x, 2.0), x))(F))
    assert text.count('"weft.') == 3  # a constant of x's shape, a product, a sum


def test_oracle_sees_a_difference_in_weak_type():
    if jax is None:
        pytest.skip("jax is not installed")
    with pytest.raises(AssertionError):
        check(lambda lib, x: lib.add(x, x if lib is lax else np.float32(1)), (Weak(1.0),))


def test_oracle_sees_a_difference_to_numpy():
    with pytest.raises(AssertionError):
        check(lambda lib, x: lib.sin(x), (np.ones(2, np.float32),), np.cos)
