"""Elementwise functions of `weft.numpy`: values, dtypes and weak types for all kinds of operands, and slopes."""

import ml_dtypes
import numpy as np
import pytest
from numpy_oracle import Weak, case, check, check_error, error

import weft
import weft.numpy as jnp

I8 = np.array([-3, 100], np.int8)
U8 = np.array([3, 200], np.uint8)
I32 = np.array([[-7, 0, 5]], np.int32)
U32 = np.array([1, 2**31], np.uint32)
F16 = np.array([0.5, 0.75], np.float16)
BF = np.array([0.5, 0.75], ml_dtypes.bfloat16)
F32 = np.array([[0.3, -0.9], [np.nan, 0.55]], np.float32)
C64 = np.array([0.3 + 0.2j, -0.5j], np.complex64)
B = np.array([True, False])
Z = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 2.5, -2.5, 3.5], np.float32)

UNARY = [
    *(
        "absolute",
        "square",
        "positive",
        "exp",
        "expm1",
        "exp2",
        "log1p",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "arcsin",
    ),
    *(
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arctanh",
        "real",
        "imag",
        "conj",
        "isnan",
        "isinf",
    ),
    "isfinite",
]
UNARY_REAL = [
    "fabs",
    "cbrt",
    "deg2rad",
    "floor",
    "ceil",
    "trunc",
    "signbit",
    "isposinf",
    "isneginf",
    "nan_to_num",
]
WHOLE = [case(n, x, numpy=x.dtype != BF.dtype) for n in ("invert", "bitwise_count") for x in (I8, U8, B)]
ROWS = [
    *[case(n, x, numpy=n not in ("isnan",)) for n in UNARY for x in (I32, F32, C64)],
    *[case(n, x) for n in UNARY_REAL for x in (I32, F32)],
    *[
        case(n, x, numpy=False)
        for n in ("sin", "sqrt", "floor", "log2", "round")
        for x in (F16, BF, Weak(0.7), 3)
    ],
    *[
        case(n, Z)
        for n in ("rint", "round", "floor", "sign", "signbit", "nan_to_num", "trunc", "reciprocal", "sinc")
    ],
    *WHOLE,
    case("sign", U8),
    case("sign", C64, numpy=False),
    case("negative", U8),
    case("negative", Weak(3)),
    case("reciprocal", I32[:, ::2], numpy=False),
    case("log10", U32),
    case("log2", 3),
    case("arccosh", np.array([1.5, 2.0], np.float32)),
    case("rint", C64),
    case("round", F32, 1),
    case("round", I32, -1, jax=False),
    case("round", np.array([15, 25, -15, 149], np.int32), -1, jax=False),
    case("around", F16, 1),
    case("angle", C64),
    case("angle", F32, numpy=False),
    case("angle", C64, deg=True),
    case("logical_not", F32),
    case("sqrt", np.float64(0.3)),
    case("abs", True),
    case("i0", np.array([0.1, 3.0], np.float32)),
    case("modf", np.array([1.5, -2.25], np.float32)),
    case("frexp", np.array([1.5, -2.25, 0.0], np.float32)),
    case("frexp", BF, numpy=False),
    case("spacing", np.array([1.5, -2.25], np.float32)),
    case("iscomplex", C64),
    case("isreal", C64),
]

PAIRS = [
    (I32, 2),
    (F32, 2),
    (2.5, F32),
    (B, I32[:, :1]),
    (U8, I8),
    (Weak(4), 0.5),
    (F16, BF),
    (3, 4),
    (U32, F32),
]
ARITHMETIC = ["add", "subtract", "multiply", "true_divide", "maximum", "minimum", "fmax", "fmin", "arctan2"]
COMPARISON = [
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_xor"),
]
WHOLE_PAIRS = [
    (I32, 3),
    (U8, U8),
    (I8, 5),
    (np.array([7, -7, 7, -7]), np.array([2, 2, -2, -2])),
    (I32, np.int32(0)),
]
BINARY = [
    *[case(n, x, y, numpy=False) for n in ARITHMETIC for x, y in PAIRS],
    *[case(n, x, y, numpy=False) for n in COMPARISON for x, y in PAIRS[:6]],
    *[
        case(n, np.array([7.5, -7.5, 7, -7], np.float32), np.array([2, 2, -2, -2.5], np.float32))
        for n in ("floor_divide", "remainder", "fmod", "divmod")
    ],
    *[
        case(n, x, y, numpy=False)
        for n in ("floor_divide", "remainder", "fmod", "divmod")
        for x, y in WHOLE_PAIRS
    ],
    *[case(n, 1.0, y, numpy=False) for n in ("floor_divide", "remainder") for y in (0.0, np.inf, -np.inf)],
    *[
        case(n, x, y, numpy=False)
        for n in ("bitwise_and", "bitwise_or", "bitwise_xor")
        for x, y in ((I8, 3), (B, True))
    ],
    *[
        case(n, x, y, numpy=False)
        for n in ("left_shift", "right_shift")
        for x, y in ((I8, 3), (U32, 1), (1, 40))
    ],
    *[
        case(n, x, y, numpy=False)
        for n in ("add", "multiply", "maximum", "less")
        for x, y in ((C64, 2), (B, True))
    ],
    case("power", I32, 3),
    case("power", F32, 2),
    case("power", F32, -2),
    case("power", F32, 0.5),
    case("power", B, 3, numpy=False),
    case("power", 2, I32[:, 1:], numpy=False),
    case("power", np.array([2, 3, 5], np.int32), np.array([0, 7, 13], np.int32)),
    case("power", np.array([2, 3], np.uint8), np.array([3, 4], np.uint8)),
    case("power", C64, 2),
    case("power", U8, np.float32(0.5)),
    case("float_power", 2, 3),
    case("hypot", np.array([3e30, -3, 0, np.inf], np.float32), np.array([4e30, 4, 0, np.nan], np.float32)),
    case("logaddexp", F32, 1.5),
    case("logaddexp", np.array([-np.inf, 500.0], np.float32), np.array([-np.inf, 501.0], np.float32)),
    case("logaddexp2", F32, 1.5),
    case("copysign", Z, -1.0),
    case("heaviside", Z, 0.5),
    case("nextafter", F32, np.float32(9)),
    case("ldexp", F32, 3),
    case("ldexp", np.array([1e38, 0, 1e-30], np.float32), np.array([-200, 3, 90], np.int32)),
    case("gcd", np.array([12, -18, 0, 0], np.int32), np.array([8, 8, 8, 0], np.int32)),
    case("lcm", np.array([12, -18, 0], np.int32), np.array([8, 8, 8], np.int32)),
    case("isclose", F32, F32 + 1e-6),
    case("isclose", Z, Z, equal_nan=True),
    case("allclose", I8, I8),
    case("array_equal", Z, Z, equal_nan=True),
    case("array_equiv", I8, np.array([I8, I8])),
]

MISTAKES = [
    error(TypeError, "sin", [1.0]),
    error(TypeError, "add", [1], 2),
    error(TypeError, "add", F32, None),
    error((TypeError, ValueError), "add", F32, np.ones(3)),
    error(TypeError, "subtract", True, False),
    error(TypeError, "sign", True),
    error(TypeError, "bitwise_and", 1.0, 2),
    error(TypeError, "left_shift", 1.0, 2),
    error(TypeError, "power", I32, -1),
    error(ValueError, "hypot", C64, 1.0),
    error(TypeError, "cbrt", C64),
    error(OverflowError, "add", 2**40, 1),
    error(NotImplementedError, "add", 1, 2, out=3),
]


@pytest.mark.parametrize("c", ROWS)
def test_of_one_operand(c):
    check(c)


@pytest.mark.parametrize("c", BINARY)
def test_of_two_operands(c):
    check(c)


@pytest.mark.parametrize(("c", "kind"), MISTAKES)
def test_mistakes(c, kind):
    check_error(c, kind)


def test_powers_of_integers_wrap_around_as_numpy_does():
    base, exponent = np.array([5, -7, 2], np.int32), np.array([200, 31, 33], np.int32)
    np.testing.assert_array_equal(jnp.power(base, exponent), base**exponent)
    assert jnp.power(jnp.array([1, -1, 2, -1]), jnp.array([-3, -3, -1, -2])).tolist() == [1, -1, 0, 1]


def test_frexp_of_the_smallest_numbers():
    x = np.array([1e-40, -1e-45, 1.17549435e-38], np.float32)
    for made, wanted in zip(jnp.frexp(x), np.frexp(x), strict=True):
        np.testing.assert_array_equal(made, wanted)


SLOPES = [
    ("sinc", 0.0, 0.0),
    ("sinc", 0.3, (np.pi * 0.3 * np.cos(np.pi * 0.3) - np.sin(np.pi * 0.3)) / (np.pi * 0.3**2)),
    ("abs", -2.0, -1.0),
    ("square", 3.0, 6.0),
    ("cbrt", 8.0, 1 / 12),
    ("log2", 3.0, 1 / (3 * np.log(2))),
    ("exp2", 2.0, 4 * np.log(2)),
    ("deg2rad", 2.0, np.pi / 180),
    ("nan_to_num", 2.0, 1.0),
]


@pytest.mark.parametrize(("name", "x", "slope"), SLOPES)
def test_slopes(name, x, slope):
    assert float(weft.grad(getattr(jnp, name))(x)) == pytest.approx(slope, rel=1e-5)


def test_slopes_of_two_operands():
    pairs = {
        "hypot": ((3.0, 4.0), (0.6, 0.8)),
        "logaddexp": ((1.0, 1.0), (0.5, 0.5)),
        "arctan2": ((1.0, 2.0), (0.4, -0.2)),
        "power": ((3.0, 2.0), (6.0, 9 * np.log(3))),
        "remainder": ((7.5, 2.0), (1.0, -3.0)),
        "maximum": ((1.0, 2.0), (0.0, 1.0)),
    }
    for name, (point, slopes) in pairs.items():
        made = weft.grad(getattr(jnp, name), argnums=(0, 1))(*point)
        np.testing.assert_allclose(made, slopes, rtol=1e-5, err_msg=name)
    assert float(weft.grad(weft.grad(jnp.sinc))(0.0)) == pytest.approx(-(np.pi**2) / 3, rel=1e-5)


def test_a_number_beside_an_array_takes_its_dtype():
    x = jnp.ones(3, jnp.bfloat16)
    assert (x + 1).dtype == (1.5 * x).dtype == jnp.bfloat16
    assert (jnp.uint8(200) + 100).tolist() == 44
    assert (jnp.uint32(1) + 4000000000).tolist() == 4000000001


class TestUfunc:
    """The methods of ufuncs."""

    M = np.array([[3, -1, 2], [5, 0, 4]], np.int32)
    V = np.array([1.0, 2, 3], np.float32)

    @pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "bitwise_xor", "logaddexp"])
    def test_reduce_and_accumulate(self, name):
        ours, theirs = getattr(jnp, name), getattr(np, name)
        x = self.M if name != "logaddexp" else self.M.astype(np.float32)
        for axis in (0, 1):
            np.testing.assert_allclose(ours.reduce(x, axis), theirs.reduce(x, axis), rtol=1e-6)
            np.testing.assert_allclose(ours.accumulate(x, axis), theirs.accumulate(x, axis), rtol=1e-6)
        np.testing.assert_allclose(
            ours.reduce(x, axis=0, keepdims=True), theirs.reduce(x, axis=0, keepdims=True)
        )

    def test_reduce_of_a_part(self):
        mask = self.M > 0
        assert jnp.add.reduce(self.M, axis=None, where=mask, initial=10).tolist() == 24
        assert jnp.bitwise_or.reduce(self.M, axis=1, where=mask).tolist() == [3, 5]

    def test_outer_at_and_reduceat(self):
        np.testing.assert_array_equal(jnp.add.outer(self.V, self.V), np.add.outer(self.V, self.V))
        index = np.array([0, 0, 2])
        assert jnp.add.at(self.V, index, 2.0, inplace=False).tolist() == [5, 2, 5]
        assert jnp.logaddexp.at(self.V, index, -np.inf, inplace=False).tolist() == [1, 2, 3]
        assert jnp.negative.at(self.V, np.array([1]), inplace=False).tolist() == [1, -2, 3]
        np.testing.assert_array_equal(jnp.add.reduceat(self.V, [0, 2, 1]), np.add.reduceat(self.V, [0, 2, 1]))
        with pytest.raises(NotImplementedError, match="inplace=False"):
            jnp.add.at(self.V, index, 2.0)

    def test_of_python_functions(self):
        f = jnp.frompyfunc(lambda x, y: x * y + 1, 2, 1)
        assert f(self.V, 2).tolist() == [3, 5, 7]
        assert float(f.reduce(self.V)) == 10
        assert (f.nin, f.nout, jnp.add.identity, jnp.add.__name__) == (2, 1, 0, "add")
        assert isinstance(jnp.add, jnp.ufunc) and repr(jnp.add) == "<weft.numpy.ufunc 'add'>"
