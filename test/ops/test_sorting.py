"""Sorting of every dtype against JAX: nan, both zeros, ties; and slopes that follow the elements."""

import numpy as np
import pytest
from derivative_of import cotangents, some, tangents, values

from weft_compiler.avals import DTYPES

DTYPES_TO_SORT = (
    "float32", "float64", "float16", "bfloat16", "float8_e5m2", "int8", "uint8", "int16", "int32", "uint32",
    "int64", "uint64", "bool", "complex64", "complex128",
)  # fmt: skip


def tricky(dtype: str, size: int = 40) -> np.ndarray:
    """Values that tie, and of floats nan, infinities and negative zeros."""
    rng = np.random.default_rng(3)
    target = DTYPES[dtype]
    x = rng.integers(-3, 3, size).astype(np.float64)
    if target.kind in "iub":
        x = rng.integers(0, 2, size).astype(bool) if dtype == "bool" else x
        made = x.astype(np.int64).astype(target)
        if target.kind in "iu":
            made[:2] = np.iinfo(target).max, np.iinfo(target).min
        return made
    x[[5, 9]], x[[4, 7]], x[8], x[[1, 2]] = np.nan, -np.inf, np.inf, -0.0
    if target.kind == "c":
        with np.errstate(invalid="ignore"):  # 1j * inf has a nan
            x = x + 1j * rng.permutation(x)
    return x.astype(target)


@pytest.mark.parametrize("dtype", DTYPES_TO_SORT)
def test_order_is_that_of_jax(dtype):
    jax = pytest.importorskip("jax")
    x, index = tricky(dtype), np.arange(40, dtype=np.int32)
    with jax.enable_x64(True):
        wanted = [np.asarray(v) for v in jax.lax.sort((x, index), num_keys=1)]
    made = values(lambda b, *xs: b.sort(*xs, axis=0), x, index)
    np.testing.assert_array_equal(made[1], wanted[1])
    wide = np.complex128
    np.testing.assert_array_equal(made[0].astype(wide), wanted[0].astype(wide))
    (alone,) = values(lambda b, v: b.sort(v, axis=0), x)
    np.testing.assert_array_equal(alone.astype(wide), wanted[0].astype(wide))


def test_signs_of_zeros_stay_with_what_goes_with_them():
    x = np.array([0.0, -0.0, 0.0, -1.0], np.float32)
    made, index = values(lambda b, *xs: b.sort(*xs, axis=0), x, np.arange(4, dtype=np.int32))
    np.testing.assert_array_equal(index, [3, 0, 1, 2])  # -0 equals 0, and equal ones stay in order
    np.testing.assert_array_equal(np.signbit(made), [True, False, True, False])


@pytest.mark.parametrize("dtypes", [("int32", "float32"), ("int64", "float64"), ("bfloat16", "complex64")])
def test_by_two_keys(dtypes):
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 3, (40, 2)).astype(DTYPES[d]) for d in dtypes)
    third = np.broadcast_to(np.arange(40.0)[:, None], (40, 2)).copy()
    made = values(lambda b, *xs: b.sort(*xs, axis=0, num_keys=2), first, second, third)
    order = np.lexsort([second.real, first.astype(np.float64)], axis=0)
    for got, x in zip(made, (first, second, third), strict=True):
        np.testing.assert_array_equal(got, np.take_along_axis(x, order, 0))


@pytest.mark.parametrize("axis", [0, 1])
def test_slopes_follow_the_elements(axis):
    x, y, ct, ct2 = (some(4, 3, seed=i) for i in range(4))
    order = x.argsort(axis)
    tx, ty = tangents(lambda b, *xs: b.sort(*xs, axis=axis), [x, y], [ct, ct2])
    np.testing.assert_array_equal(tx, np.take_along_axis(ct, order, axis))
    np.testing.assert_array_equal(ty, np.take_along_axis(ct2, order, axis))
    dx, dy = cotangents(lambda b, *xs: b.sort(*xs, axis=axis), [x, y], [ct, ct2])
    back = order.argsort(axis)
    np.testing.assert_array_equal(dx, np.take_along_axis(ct, back, axis))
    np.testing.assert_array_equal(dy, np.take_along_axis(ct2, back, axis))


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "int32", "uint8"])
def test_top_k_is_that_of_jax(dtype):
    jax = pytest.importorskip("jax")
    x = tricky(dtype).reshape(4, 10)
    with jax.enable_x64(True):
        wanted, order = (np.asarray(v) for v in jax.lax.top_k(x, 4))
    made, index = values(lambda b, v: b.top_k(v, k=4), x)
    np.testing.assert_array_equal(index, order)
    np.testing.assert_array_equal(made.astype(np.float64), wanted.astype(np.float64))
    turned, index = values(lambda b, v: b.top_k(v, k=4, axis=0), x.T.copy())
    np.testing.assert_array_equal(index, order.T)
    assert turned.shape == (4, 4)


def test_slope_of_top_k():
    x, ct = some(3, 5), some(3, 2, seed=1)
    (grad,) = cotangents(lambda b, v: b.top_k(v, k=2), [x], [ct])
    wanted = np.zeros((3, 5))
    np.put_along_axis(wanted, (-x).argsort(1)[:, :2], ct, 1)
    np.testing.assert_array_equal(grad, wanted)
