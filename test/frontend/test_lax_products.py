"""Functions of `weft.lax` that sum products, and reductions by a function: contraction, convolution, windows."""

import ml_dtypes
import numpy as np
import pytest
from lax_oracle import Weak, check, jax, named

import weft
from weft import lax

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


X, Y, V = normal(2, 3), normal(3, 4), normal(3)
IMAGE, KERNEL = normal(2, 4, 6, 5), normal(6, 4, 3, 2)
LAST = ("NHWC", "HWIO", "NHWC")
W1 = Weak(np.array([0.5], np.float32))

DOTS = [
    named("dot", X, Y),
    named("dot", X, V),
    named("dot", V, V),
    named("dot", V, np.array([1, 2, 3], np.int32)),
    named("dot", W1, W1),
    named("dot", V, V, preferred_element_type=ml_dtypes.bfloat16),
    named(
        "dot", V.astype(ml_dtypes.bfloat16), V.astype(ml_dtypes.bfloat16), preferred_element_type=np.float32
    ),
    named("dot", *[np.array([100, 50], np.int8)] * 2, preferred_element_type=np.int32),
    named("dot_general", X, X, (((1,), (1,)), ((), ()))),
    named("dot_general", X, X, (([1], [1]), ([0], [0]))),
    named("dot_general", 2.0, X, (((), ()), ((), ()))),
    named("dot_general", X, V, (((1,), (0,)), ((), ())), "highest", np.float32),
    named("batch_matmul", normal(2, 3, 4), normal(2, 4, 5)),
    named("batch_matmul", X, Y, "high"),
    named("ragged_dot", normal(5, 2), normal(3, 2, 4), np.array([1, 0, 3], np.int32)),
    named("ragged_dot", normal(5, 2), normal(2, 2, 4), np.array([2, 3]), preferred_element_type=np.float16),
    named("scaled_dot", X, Y, preferred_element_type=np.float32),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), DOTS)
def test_products(name, args, kwargs):
    small = any(getattr(a, "dtype", None) == ml_dtypes.bfloat16 for a in args) or kwargs
    check(lambda lib, *xs: getattr(lib, name)(*xs, **kwargs), args, rtol=2e-2 if small else 1e-5)


def test_dot_against_numpy():
    np.testing.assert_allclose(lax.dot(X, Y), X @ Y, rtol=1e-5)
    x, y = normal(2, 3, 4), normal(4, 2, 5)
    made = lax.dot_general(x, y, (((2,), (0,)), ((0,), (1,))))
    np.testing.assert_allclose(made, np.einsum("bik,kbj->bij", x, y), rtol=1e-5, atol=1e-6)


def test_ragged_dot_against_numpy():
    x, y, sizes = normal(6, 3), normal(3, 3, 2), np.array([2, 0, 3], np.int32)
    wanted = np.concatenate([x[:2] @ y[0], x[2:5] @ y[2], np.zeros((1, 2), np.float32)])
    np.testing.assert_allclose(lax.ragged_dot(x, y, sizes), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shapes", "sizes", "dims"),
    [
        (((4, 5), (5, 3)), [2, 3], ((((1,), (0,)), ((), ())), [1], [])),
        (((2, 4, 5), (2, 5, 3)), [1, 1], ((((2,), (1,)), ((0,), (0,))), [0], [])),
        (((2, 4, 5), (3, 2, 5, 3)), [[1, 1, 2], [2, 2, 0]], ((((2,), (2,)), ((0,), (1,))), [1], [0])),
        (((2, 4, 5), (2, 5, 3)), [[1, 4], [3, 2]], ((((2,), (1,)), ((0,), (0,))), [2], [])),
    ],
)
def test_ragged_dot_general(shapes, sizes, dims):
    x, y = normal(*shapes[0]), normal(*shapes[1])
    check(
        lambda lib, x, y, s: lib.ragged_dot_general(x, y, s, lib.RaggedDotDimensionNumbers(*dims)),
        (x, y, np.array(sizes, np.int32)),
    )


def test_scaled_dot():
    x, y = normal(2, 3, 64).astype(ml_dtypes.bfloat16), normal(2, 64, 5).astype(ml_dtypes.bfloat16)
    a, b = (
        np.abs(normal(2, 3, 2)).astype(ml_dtypes.bfloat16),
        np.abs(normal(2, 4, 5)).astype(ml_dtypes.bfloat16),
    )
    made = lax.scaled_dot(x, y, lhs_scale=a, rhs_scale=b, preferred_element_type=np.float32)
    x, y, a, b = [v.astype(np.float32) for v in (x, y, a, b)]
    wanted = np.matmul(x * np.repeat(a, 32, 2), y * np.repeat(b, 16, 1))
    np.testing.assert_allclose(made, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "precision",
    [
        *(None, "default", "high", "highest", "float32", "tensorfloat32", lax.Precision.HIGH),
        *(("high", "default"), (lax.Precision.HIGH, lax.Precision.HIGHEST), "F32_F32_F32"),
        *(lax.DotAlgorithmPreset.BF16_BF16_F32, lax.DotAlgorithmPreset.BF16_BF16_F32_X3),
        *(lax.DotAlgorithmPreset.TF32_TF32_F32, lax.DotAlgorithmPreset.BF16_BF16_BF16),
        lax.DotAlgorithm(ml_dtypes.bfloat16, ml_dtypes.bfloat16, np.float32),
    ],
)
def test_precision(precision):
    made = lax.dot(X, Y, precision=precision)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, X @ Y, rtol=5e-2, atol=5e-2)


def test_algorithm_rounds_the_operands():
    x = np.array([1 + 2**-10], np.float32)
    assert float(lax.dot(x, x, precision=lax.DotAlgorithmPreset.BF16_BF16_F32)) == 1.0


def test_precision_names():
    assert lax.Precision("bfloat16_3x") is lax.Precision.HIGH
    assert lax.Precision(None) is lax.Precision.DEFAULT
    assert str(lax.Precision.HIGH) == "HIGH"


@pytest.mark.parametrize("precision", ["bogus", 3, ("high",), ("high", lax.Precision.HIGH)])
def test_no_precision(precision):
    with pytest.raises(ValueError, match="precision must be"):
        lax.dot(X, Y, precision=precision)


CONVOLUTIONS = [
    named("conv", IMAGE, KERNEL, (1, 1), "SAME"),
    named("conv", IMAGE, KERNEL, (2, 1), "VALID"),
    named("conv_general_dilated", IMAGE, KERNEL, (2, 2), "SAME_LOWER"),
    named("conv_general_dilated", IMAGE, KERNEL, (1, 2), [(1, 2), (0, -1)], (2, 1), (1, 2)),
    named("conv_general_dilated", IMAGE, KERNEL[:, :2], (1, 1), "SAME", feature_group_count=2),
    named("conv_general_dilated", IMAGE, KERNEL, (1, 1), "VALID", batch_group_count=2),
    named("conv_general_dilated", normal(2, 6, 5, 4), normal(3, 2, 4, 6), (1, 1), "SAME", None, None, LAST),
    named("conv_general_dilated", normal(2, 3, 9), normal(4, 3, 2), (2,), "SAME", precision="highest"),
    named("conv_general_dilated", normal(2, 3), normal(4, 3), (), "VALID"),
    named("conv_with_general_padding", IMAGE, KERNEL, (1, 1), [(0, 1), (0, 0)], None, (2, 1)),
    named("conv_transpose", normal(1, 4, 5, 2), normal(3, 2, 2, 6), (2, 2), "SAME"),
    named("conv_transpose", normal(1, 4, 5, 2), normal(3, 4, 2, 6), (3, 2), "VALID"),
    named("conv_transpose", normal(1, 4, 5, 2), normal(3, 2, 6, 2), (2, 1), "SAME", transpose_kernel=True),
    named("conv_transpose", normal(1, 5, 2), normal(3, 2, 6), (2,), [(1, 1)], (2,)),
    named("conv_transpose", normal(1, 5, 2), normal(3, 2, 6), (2,), [(1, 1)], use_consistent_padding=True),
    named("conv_transpose", normal(1, 5, 2), normal(3, 2, 6), (2,), "SAME", use_consistent_padding=True),
    named("conv_general_dilated_patches", IMAGE, (3, 2), (1, 2), "SAME"),
    named("conv_general_dilated_patches", normal(1, 5, 4, 2), (2, 2), (1, 1), "VALID", None, (2, 1), LAST),
    named("conv_general_dilated_local", IMAGE, normal(3, 24, 4, 4), (1, 1), "VALID", (3, 2)),
    named(
        *("conv_general_dilated_local", normal(2, 4, 5, 2), normal(3, 4, 8, 3), (1, 1), "VALID", (2, 2)),
        dimension_numbers=LAST,
    ),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), CONVOLUTIONS)
def test_convolutions(name, args, kwargs):
    check(lambda lib, *xs: getattr(lib, name)(*xs, **kwargs), args, rtol=1e-4)


def test_conv_against_numpy():
    made = lax.conv(IMAGE, KERNEL, (1, 1), "VALID")
    windows = np.lib.stride_tricks.sliding_window_view(IMAGE, (3, 2), (2, 3))
    wanted = np.einsum("bihwkl,oikl->bohw", windows, KERNEL)
    np.testing.assert_allclose(made, wanted, rtol=1e-4, atol=1e-5)


def test_conv_transpose_is_the_gradient_of_conv():
    x, kernel = normal(1, 6, 2), normal(3, 2, 4)
    numbers = ("NWC", "WIO", "NWC")
    ct = normal(1, 3, 4)

    def forward(x):
        return lax.conv_general_dilated(x, kernel, (2,), "SAME", dimension_numbers=numbers)

    (back,) = weft.vjp(forward, x)[1](ct)
    pads = lax.padtype_to_pads((6,), (3,), (2,), "SAME")
    made = lax.conv_transpose(ct, kernel, (2,), [(2 - pads[0][0], 2 - pads[0][1])], transpose_kernel=True)
    np.testing.assert_allclose(made, back, rtol=1e-4, atol=1e-5)


LINES, COLUMNS = (1, 4, 4, 1), (2, 2, 1, 3)
SIZES = [
    ("conv_dimension_numbers", ((1, 1, 4, 4), (1, 1, 2, 2), None), [[0, 1, 2, 3]] * 3),
    ("conv_dimension_numbers", (LINES, COLUMNS, LAST), [[0, 3, 1, 2], [3, 2, 0, 1], [0, 3, 1, 2]]),
    (
        "conv_dimension_numbers",
        (LINES, COLUMNS, ("NHWC", "WHIO", "NCHW")),
        [[0, 3, 2, 1], [3, 2, 0, 1], [0, 1, 3, 2]],
    ),
    ("conv_general_permutations", (LAST,), [[0, 3, 1, 2], [3, 2, 0, 1], [0, 3, 1, 2]]),
    ("conv_general_shape_tuple", (LINES, COLUMNS, (2, 1), "SAME", LAST), [1, 2, 4, 3]),
    ("conv_shape_tuple", ((1, 1, 4, 4), (3, 1, 2, 2), (1, 1), [(0, 0), (0, 1)]), [1, 3, 3, 4]),
    ("conv_transpose_shape_tuple", (LINES, COLUMNS, (2, 3), "SAME", LAST), [1, 8, 12, 3]),
    ("conv_transpose_shape_tuple", (LINES, (2, 5, 1, 3), (2, 3), "VALID", LAST), [1, 8, 14, 3]),
    ("padtype_to_pads", ((10, 7), (3, 4), (2, 3), "same"), [[0, 1], [1, 2]]),
    ("padtype_to_pads", ((10,), (3,), (2,), "SAME_LOWER"), [[1, 0]]),
    ("reduce_window_shape_tuple", ((10,), (3,), (2,), [(1, 1)], (2,), (2,)), [9]),
]


@pytest.mark.parametrize(("name", "args", "wanted"), SIZES)
def test_sizes_of_windows(name, args, wanted):
    np.testing.assert_array_equal(getattr(lax, name)(*args), wanted)
    if jax is not None:
        np.testing.assert_array_equal(getattr(jax.lax, name)(*args), wanted)


def fused(x, y):
    """A function of pairs: the sum of one element and the product of another."""
    return x[0] + y[0], x[1] * y[1]


WINDOWS = [
    ("add", np.float32(0), (2, 2), {}),
    ("max", -np.inf, (2, 2), {"padding": "SAME", "window_strides": (1, 2)}),
    ("min", np.inf, (1, 3), {"padding": "SAME_LOWER", "window_strides": (1, 2)}),
    ("mul", 1.0, (2, 2), {}),
    ("add", 0.0, (2, 2), {"padding": [(1, 1), (0, 2)], "base_dilation": (2, 1), "window_dilation": (1, 2)}),
    ("add", 0.0, (9, 9), {}),
    ("max", 0.25, (2, 2), {}),
]


@pytest.mark.parametrize(("name", "init", "window", "kwargs"), WINDOWS)
def test_reduce_window(name, init, window, kwargs):
    x = normal(4, 5)
    check(lambda lib, x: lib.reduce_window(x, init, getattr(lib, name), window, **kwargs), (x,))


def test_reduce_window_by_any_function():
    x, n = normal(5), np.arange(5, dtype=np.int32)
    check(lambda lib, x: lib.reduce_window(x, 0.0, lambda a, b: a + b, (3,)), (x,))
    check(lambda lib, x: lib.reduce_window(x, 1.0, lambda a, b: a * b * 1.0, (2,)), (x,))
    check(lambda lib, x, n: lib.reduce_window((x, n), (0.0, 1), fused, (2,)), (x, n))
    check(lambda lib, x: lib.reduce_window(x, 0.0, lib.add, (1,)), (W1,))


def test_pooling_against_numpy():
    x = normal(6, 6)
    views = np.lib.stride_tricks.sliding_window_view(x, (2, 3))[::2, ::3]
    made = lax.reduce_window(x, -np.inf, lax.max, (2, 3), (2, 3))
    np.testing.assert_array_equal(made, views.max((2, 3)))
    slope = weft.grad(
        lambda x: lax.reduce_sum(lax.reduce_window(x, -np.inf, lax.max, (2, 3), (2, 3)), (0, 1))
    )(x)
    assert float(lax.reduce_sum(slope, (0, 1))) == 6.0


REDUCTIONS = [
    ("add", 0.0, (0,)),
    ("add", 1.0, (0, 1)),
    ("mul", 1.0, (1,)),
    ("max", 0.5, (0, 1)),
    ("min", np.inf, (0,)),
]


@pytest.mark.parametrize(("name", "init", "axes"), REDUCTIONS)
def test_reduce(name, init, axes):
    check(lambda lib, x: lib.reduce(x, init, getattr(lib, name), axes), (X,))


def test_reduce_by_any_function():
    n, b = np.arange(6, dtype=np.int32).reshape(2, 3), np.array([True, False])
    check(lambda lib, x, n: lib.reduce((x, n), (0.0, 1), fused, (1,)), (X, n))
    check(lambda lib, x: lib.reduce({"a": x}, {"a": 0.0}, lambda p, q: {"a": p["a"] + q["a"]}, (0,)), (X,))
    check(lambda lib, x: lib.reduce(x, 1.0, lambda p, q: p * q * 1.0, (0, 1)), (X,))
    check(lambda lib, x: lib.reduce(x[:0], 2.0, lambda p, q: p * q * 1.0, (0,)), (X,))
    check(lambda lib, x: lib.reduce(x, 3, lib.bitwise_xor, (0,)), (n,))
    check(lambda lib, x: lib.reduce(x, True, lib.bitwise_and, (0,)), (b,))
    check(lambda lib, x: lib.reduce(x, False, lib.max, (0,)), (b,))
    check(lambda lib, x: lib.reduce(x, 0.0, lib.add, (0,)), (W1,))


def test_gradient_of_a_reduction_by_any_function():
    def product(x):
        return lax.reduce(x, 1.0, lambda p, q: p * q * 1.0, (0,))

    x = np.array([2.0, 3.0, 5.0], np.float32)
    np.testing.assert_allclose(weft.grad(product)(x), [15, 10, 6], rtol=1e-6)


ERRORS = [
    (ValueError, "dot", X, X),
    (ValueError, "dot", np.float32(1), V),
    (TypeError, "dot_general", X, X, (((1,), (0,)), ((), ()))),
    (TypeError, "dot_general", X, X, (((1,), (1,)), ((-2,), (0,)))),
    (TypeError, "dot_general", X, X, (((3,), (1,)), ((), ()))),
    (TypeError, "dot_general", X, X, (((1,), (1,)), ((1,), (1,)))),
    (ValueError, "batch_matmul", V, X),
    (TypeError, "ragged_dot", normal(5, 2), normal(3, 2, 4), np.array([1, 2])),
    (TypeError, "ragged_dot", normal(5, 2), normal(3, 3, 4), np.array([1, 2, 2])),
    (TypeError, "ragged_dot", normal(5, 2), normal(3, 2, 4), np.array([1.0, 2, 2])),
    (TypeError, "conv_dimension_numbers", (1, 1, 4, 4), (1, 1, 2), None),
    (TypeError, "conv_dimension_numbers", (1, 1, 4, 4), (1, 1, 2, 2), 3),
    (TypeError, "conv_dimension_numbers", (1, 1, 4, 4), (1, 1, 2, 2), ("NHWX", "HWIO", "NHWC")),
    (ValueError, "conv_general_dilated", IMAGE, KERNEL[:, :1], (1, 1), "SAME"),
    (ValueError, "conv_general_dilated", IMAGE, KERNEL, (1,), "SAME"),
    (RuntimeError, "conv_general_dilated", IMAGE, KERNEL, (1, 1), "BOGUS"),
    (TypeError, "conv_general_dilated", IMAGE, KERNEL.astype(np.int32), (1, 1), "SAME"),
    (ValueError, "conv_general_dilated", IMAGE, KERNEL, (1, 0), "SAME"),
    (TypeError, "conv_general_dilated", IMAGE, KERNEL, (1, 1), [(0, 0)]),
    (RuntimeError, "padtype_to_pads", (10,), (3,), (2,), "X"),
    (TypeError, "padtype_to_pads", (10,), (3,), (2,), 0),
    (TypeError, "reduce_window", X, 0.0, lax.add, (2,)),
    (TypeError, "reduce_window", X, 0.0, lax.add, (2, 2), (0, 1)),
    (ValueError, "reduce", X, 0.0, lax.add, (-1,)),
    (ValueError, "reduce", X, V, lax.add, (0,)),
    (TypeError, "reduce", X, 0.0, lambda x, y: x > y, (0,)),
]


@pytest.mark.parametrize(("kind", "name", "args"), [(k, n, a) for k, n, *a in ERRORS])
def test_errors(kind, name, args):
    with pytest.raises(kind):
        getattr(lax, name)(*args)
