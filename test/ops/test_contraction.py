"""Contractions and convolutions of random form against JAX: numbers, both slopes, batches."""

from typing import Any

import numpy as np
import pytest
from derivative_of import batched, cotangents, some, values

from weft_compiler.avals import DTYPES
from weft_compiler.dialect.convolution_samples import attributes


def agree(ours: Any, theirs: Any, x: np.ndarray, y: np.ndarray) -> None:
    """A bilinear function against JAX: its value, and its slopes in both operands."""
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        value, back = jax.vjp(theirs, x, y)
        ct = some(*value.shape, dtype=x.dtype, seed=5)
        slopes = back(jax.numpy.asarray(ct))
    np.testing.assert_allclose(values(ours, x, y)[0], value, rtol=1e-10, atol=1e-10)
    for made, wanted in zip(cotangents(ours, [x, y], [ct]), slopes, strict=True):
        np.testing.assert_allclose(made, wanted, rtol=1e-10, atol=1e-10)


def batches_agree(write: Any, x: np.ndarray, y: np.ndarray, size: int = 3) -> None:
    """Batches of either operand, and of both, against a loop."""
    xs, ys = some(size, *x.shape, dtype=x.dtype, seed=6), some(size, *y.shape, dtype=y.dtype, seed=7)
    for mask in ((True, False), (False, True), (True, True)):
        made = batched(write, mask, size, xs if mask[0] else x, ys if mask[1] else y)[0]
        each = [values(write, xs[i] if mask[0] else x, ys[i] if mask[1] else y)[0] for i in range(size)]
        np.testing.assert_allclose(made, each, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("seed", range(4))
def test_dot_general(seed, dtype):
    rng = np.random.default_rng(seed)
    batch, contract, free = rng.integers(0, 3, 3)
    paired = rng.integers(1, 4, batch + contract)
    x_axes, y_axes = (rng.permutation(batch + contract + free) for _ in range(2))
    x_shape, y_shape = ([int(n) for n in rng.integers(1, 4, len(x_axes))] for _ in range(2))
    for i, n in enumerate(paired):
        x_shape[x_axes[i]] = y_shape[y_axes[i]] = int(n)
    lhs, rhs = ([int(a) for a in axes[: batch + contract]] for axes in (x_axes, y_axes))
    dims = {"lhs_batch": lhs[:batch], "rhs_batch": rhs[:batch]}
    dims |= {"lhs_contract": lhs[batch:], "rhs_contract": rhs[batch:]}
    dims = {name: tuple(axes) for name, axes in dims.items()}

    def ours(b, x, y):
        return b.dot_general(x, y, **dims)

    def theirs(x, y):
        import jax

        contracted, batched_axes = (
            (dims[f"lhs_{kind}"], dims[f"rhs_{kind}"]) for kind in ("contract", "batch")
        )
        return jax.lax.dot_general(x, y, (contracted, batched_axes))

    x, y = some(*x_shape, dtype=dtype, seed=1), some(*y_shape, dtype=dtype, seed=2)
    agree(ours, theirs, x, y)
    batches_agree(ours, x, y)


@pytest.mark.parametrize(
    ("left", "right", "preferred", "made"),
    [
        ("bfloat16", "bfloat16", "", "bfloat16"),
        ("bfloat16", "float32", "", "float32"),
        ("float16", "bfloat16", "", "bfloat16"),
        ("int8", "int8", "int32", "int32"),
        ("uint8", "int8", "", "int8"),
        ("int32", "float32", "", "float32"),
        ("float32", "complex64", "", "complex64"),
        ("float32", "float32", "bfloat16", "bfloat16"),
        ("bool", "int32", "", "int32"),
    ],
)
def test_dtype_of_a_product(left, right, preferred, made):
    x, y = np.ones(3, DTYPES[left]), np.ones(3, DTYPES[right])
    dims = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (0,), "rhs_contract": (0,)}
    (out,) = values(lambda b, p, q: b.dot_general(p, q, **dims, preferred_dtype=preferred), x, y)
    assert out.dtype == DTYPES[made]
    assert complex(out) == 3


def random_convolution(seed: int) -> tuple[dict[str, Any], tuple[int, ...], tuple[int, ...]]:
    """Attributes, shape of x, shape of the kernel."""
    rng = np.random.default_rng(seed)
    ndim = int(rng.integers(1, 3))
    groups, batch_groups = [(1, 1), (2, 1), (1, 3), (3, 1)][seed % 4]
    strides, base, dilation = (tuple(int(v) for v in rng.integers(1, 3, ndim)) for _ in range(3))
    low, high = (tuple(int(v) for v in rng.integers(-1, 3, ndim)) for _ in range(2))
    specs = [tuple(int(v) for v in rng.permutation(ndim + 2)) for _ in range(3)]
    features = 2 * groups * batch_groups
    x_shape, kernel_shape = [0] * (ndim + 2), [0] * (ndim + 2)
    for axis, n in zip(specs[0], (2 * batch_groups, 2 * groups, *rng.integers(4, 6, ndim)), strict=True):
        x_shape[axis] = int(n)
    for axis, n in zip(specs[1], (features, 2, *rng.integers(1, 4, ndim)), strict=True):
        kernel_shape[axis] = int(n)
    attrs = attributes(
        ndim,
        specs,
        window_strides=strides,
        padding_low=low,
        padding_high=high,
        lhs_dilation=base,
        rhs_dilation=dilation,
        feature_group_count=groups,
        batch_group_count=batch_groups,
    )
    return attrs, tuple(x_shape), tuple(kernel_shape)


@pytest.mark.parametrize("seed", range(8))
def test_convolution(seed):
    attrs, x_shape, kernel_shape = random_convolution(seed)
    dtype = np.complex128 if seed == 5 else np.float64

    def ours(b, x, kernel):
        return b.conv_general_dilated(x, kernel, **attrs)

    def theirs(x, kernel):
        import jax

        padding = list(zip(attrs["padding_low"], attrs["padding_high"], strict=True))
        specs = jax.lax.ConvDimensionNumbers(attrs["lhs_spec"], attrs["rhs_spec"], attrs["out_spec"])
        same = ("window_strides", "lhs_dilation", "rhs_dilation", "feature_group_count", "batch_group_count")
        return jax.lax.conv_general_dilated(
            x, kernel, padding=padding, dimension_numbers=specs, **{name: attrs[name] for name in same}
        )

    x, kernel = some(*x_shape, dtype=dtype, seed=1), some(*kernel_shape, dtype=dtype, seed=2)
    agree(ours, theirs, x, kernel)
    batches_agree(ours, x, kernel)


def test_convolution_without_windows_has_zero_slopes():
    x, kernel = some(1, 2, 2), some(3, 2, 4)
    slopes = cotangents(
        lambda b, p, q: b.conv_general_dilated(p, q, **attributes(1)), [x, kernel], [some(1, 3, 0)]
    )
    assert [s.shape for s in slopes] == [x.shape, kernel.shape]
    assert not any(s.any() for s in slopes)


def test_a_batch_of_none():
    made = batched(
        lambda b, p, q: b.conv_general_dilated(p, q, **attributes(1)),
        (True, True),
        0,
        some(0, 1, 2, 5),
        some(0, 3, 2, 2),
    )
    assert made[0].shape == (0, 1, 3, 4)
