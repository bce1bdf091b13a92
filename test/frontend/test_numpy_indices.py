"""Sorting, searching, sets, and taking and putting elements with `weft.numpy`."""

import ml_dtypes
import numpy as np
import pytest
from numpy_oracle import case, check, check_error, error

import weft
import weft.numpy as jnp

M = np.array([[3, -1, 2], [5, 0, 4]], np.int32)
G = np.array([[0.3, -1.2, 0.7], [2, 1.5, -3.0]], np.float32)
V = np.array([1.0, 2, 3], np.float32)
W = np.array([3, 1, 2, 1, 3], np.int32)
C = np.array([[1 + 2j, 0.5j, 3], [1, -2j, 1]], np.complex64)
B = np.array([[True, False, True], [True, True, True]])
E = np.zeros((0,), np.float32)
Z = np.array([3.0, np.nan, -0.0, 0.0, -np.inf, np.nan, 1], np.float32)
BF = np.array([3, 1, 2, 1], ml_dtypes.bfloat16)
S = np.array([1.0, 2, 2, 4, 7], np.float32)
Q = np.array([[0, 2], [7, np.nan]], np.float32)
R = np.array([[1, 2], [1, 2], [0, 3]], np.int32)

SORTED = [
    *[case("sort", x) for x in (M, Z, C, B)],
    case("sort", BF, numpy=False),
    case("sort", M, None),
    case("sort", Z, descending=True, numpy=False),
    case("sort", M, 0),
    case("argsort", W),
    case("argsort", W, descending=True, numpy=False),
    case("argsort", Z, descending=True, numpy=False),
    case("argsort", C),
    case("argsort", M, None),
    case("lexsort", [W, W[::-1].copy()]),
    case("sort_complex", W),
    case("partition", V, 1, numpy=False),
    case("argpartition", V, 1, numpy=False),
    *[case("searchsorted", S, Q, side=s) for s in ("left", "right")],
    *[
        case("searchsorted", S, Q, side="right", method=m, numpy=False)
        for m in ("sort", "compare_all", "scan_unrolled")
    ],
    case("searchsorted", V[::-1].copy(), 2.0, sorter=np.array([2, 1, 0])),
    case("searchsorted", E, 2.0),
    case("digitize", Q[0], S),
    case("digitize", Q[0], S[::-1].copy()),
    case("digitize", Q[0], S, right=True),
]

FOUND = [
    case("nonzero", M, jit=False),
    case("nonzero", M, size=4, numpy=False),
    case("nonzero", M, size=7, fill_value=(9, 8), numpy=False),
    case("nonzero", E, size=2, numpy=False),
    case("where", M > 0, jit=False),
    case("where", M > 0, size=3, numpy=False),
    case("where", B, M, 2.5),
    case("where", B, 1, 2, numpy=False),
    case("where", 1, M, V),
    case("where", M, M, G),
    case("argwhere", M, jit=False),
    case("argwhere", M, size=2, numpy=False),
    case("flatnonzero", M, size=8, fill_value=-3, numpy=False),
    case("extract", B, M, jit=False),
    case("compress", B[0], M, axis=1, jit=False),
    case("compress", B[0], M, axis=1, size=3, fill_value=7, numpy=False),
    case("select", [M > 0, M < 0], [M, -G], 9),
    case("clip", M, 0.5, 3),
    case("clip", G, max=V),
    case("choose", np.array([0, 1, 1], np.int32), [V, V * 2], jit=False),
    case("choose", np.array([0, 1, 5], np.int32), [V, V * 2], mode="clip"),
    case("choose", np.array([0, 1, -5], np.int32), [V, V * 2], mode="wrap"),
]

SETS = [
    case("unique", W, True, True, True, jit=False),
    case("unique", Z, True, True, True, jit=False, numpy=False),
    case("unique", Z, equal_nan=False, jit=False),
    case("unique", BF, jit=False, numpy=False),
    case("unique", R, True, True, True, axis=0, jit=False, numpy=False),
    case("unique", R, axis=1, jit=False),
    case("unique", W, True, True, True, size=5, numpy=False),
    case("unique", W, True, True, True, size=2, numpy=False),
    case("unique", Z, True, True, True, size=6, numpy=False),
    case("unique", R, True, True, True, axis=0, size=4, numpy=False),
    case("unique_counts", W, jit=False),
    case("unique_inverse", M, jit=False),
    case("union1d", W, np.array([9, 1], np.int32), jit=False),
    case("union1d", W, np.array([9, 1], np.int32), size=6, fill_value=-1, numpy=False),
    case("setdiff1d", W, np.array([9, 1], np.int32), jit=False),
    case("setdiff1d", W, np.array([9, 1], np.int32), size=4, numpy=False),
    case("setxor1d", W, np.array([9, 1], np.int32), jit=False),
    case("setxor1d", W, np.array([9, 1], np.int32), size=5, numpy=False),
    case("intersect1d", W, np.array([9, 1, 3], np.int32), return_indices=True, jit=False),
    case("intersect1d", W, np.array([9, 1, 3], np.int32), size=4, return_indices=True, numpy=False),
    case("isin", M, np.array([0, 5], np.int32), invert=True),
    case("isin", Z, np.array([np.nan, 0.0], np.float32)),
    case("isin", M, np.arange(50, dtype=np.int32)),
    case("isin", M, np.array([0, 5], np.int32), method="binary_search", numpy=False),
]

PLACES = np.array([0, 5, -1], np.int32)
TAKEN = [
    case("take", M, PLACES),
    case("take", M, np.array([0, 9], np.int32), numpy=False),
    case("take", G, np.array([[0, 2], [3, -1]], np.int32), axis=1, numpy=False),
    case("take", G, np.array([0, 7], np.int32), mode="clip"),
    case("take", G, np.array([0, 7, -8], np.int32), mode="wrap"),
    case("take", G, np.array([0, 7], np.int32), fill_value=4, numpy=False),
    case("take_along_axis", G, np.array([[0, 2], [1, -1]], np.int32), 1),
    case("take_along_axis", G, np.array([[0, 7, 1]], np.int32), 0, numpy=False),
    case("take_along_axis", M, np.array([[0, 9, 1]], np.int32), 0, numpy=False),
    case("take_along_axis", G, np.array([[0], [7]], np.int32), axis=1, mode="clip", numpy=False),
    case("take_along_axis", G, np.array([1, 7], np.int32), None, numpy=False),
    case("put_along_axis", G, np.array([[0], [1]], np.int32), 9.0, 1, inplace=False, numpy=False),
    case("put", M, np.array([0, 7], np.int32), np.array([9, 8], np.int32), inplace=False, numpy=False),
    case("put", M, np.array([0, -1], np.int32), 9, mode="wrap", inplace=False, numpy=False),
    case("place", M, B, np.array([7, 8], np.int32), inplace=False, numpy=False),
    case("fill_diagonal", G, np.array([7, 8], np.float32), inplace=False, numpy=False),
    case("diag_indices", 3),
    case("diag_indices_from", np.eye(2)),
    case("tril_indices", 3, 1),
    case("triu_indices", 2, -1, 4),
    case("tril_indices_from", M),
    case("mask_indices", 3, jnp.triu, jit=False, numpy=False, jax=False),
    case("ravel_multi_index", (np.array([0, 1]), np.array([2, 1])), (2, 3), jit=False),
    case("ravel_multi_index", (np.array([0, 1]), np.array([2, 9])), (2, 3), mode="clip"),
    case("ravel_multi_index", (np.array([0, 1]), np.array([2, 9])), (2, 3), mode="wrap", order="F"),
    case("unravel_index", np.array([0, 5, -1, 99], np.int32), (2, 3), numpy=False),
    case("packbits", np.array([1, 0, 1, 1, 0, 0, 0, 0, 1])),
    case("packbits", M, axis=1, bitorder="little"),
    case("unpackbits", np.array([[3], [200]], np.uint8), axis=1, count=5),
    case("unpackbits", np.array([3, 200], np.uint8), count=-3, bitorder="little"),
    case("unpackbits", np.array([3], np.uint8), count=10),
]

MISTAKES = [
    error(ValueError, "partition", V, 5),
    error(ValueError, "searchsorted", S, 3, side="x"),
    error(ValueError, "searchsorted", M, 3),
    error(ValueError, "nonzero", 3),
    error(TypeError, "where", B, M),
    error(ValueError, "where", B, M, V, size=1),
    error(ValueError, "compress", B, M),
    error(ValueError, "select", [], []),
    error(ValueError, "clip", C, 0, 1),
    error(ValueError, "choose", np.array([0, 5]), [V, V]),
    error(ValueError, "take", G, np.array([0.0, 1])),
    error(NotImplementedError, "take", G, np.array([0, 1]), mode="raise"),
    error(TypeError, "take", G, [0, 1]),
    error(ValueError, "take_along_axis", G, np.array([1]), 1),
    error(TypeError, "take_along_axis", G, np.array([[0.5]]), 1),
    error(ValueError, "put", M, np.array([0]), np.array([9])),
    error(ValueError, "ravel_multi_index", (np.array([0, 1]), np.array([2, 9])), (2, 3)),
    error(TypeError, "packbits", V),
]


@pytest.mark.parametrize("c", SORTED + FOUND)
def test_sorting_and_finding(c):
    check(c)


@pytest.mark.parametrize("c", SETS)
def test_sets(c):
    check(c)


@pytest.mark.parametrize("c", TAKEN)
def test_taking_and_putting(c):
    check(c)


@pytest.mark.parametrize(("c", "kind"), MISTAKES)
def test_mistakes(c, kind):
    check_error(c, kind)


@pytest.mark.parametrize("name", ["nonzero", "unique", "argwhere", "flatnonzero", "bincount"])
def test_sizes_that_depend_on_values_need_size_under_jit(name):
    with pytest.raises(weft.errors.ConcretizationTypeError, match=r"size|length"):
        weft.jit(getattr(jnp, name))(W)


def test_values_are_at_hand_outside_of_jit():
    made = weft.grad(lambda x: jnp.sum(x[jnp.nonzero(x > 0)] ** 2))(np.array([1.0, -2, 3], np.float32))
    np.testing.assert_allclose(made, [2, 0, 6])


def test_slopes():
    x = np.array([[3.0, 1.0], [2.0, 5.0]], np.float32)
    made = weft.grad(lambda x: jnp.sum(jnp.sort(x, axis=None) * jnp.arange(4.0)))(x)
    np.testing.assert_allclose(made, [[2, 0], [1, 3]])
    made = weft.grad(lambda x: jnp.sum(jnp.take_along_axis(x, jnp.argmax(x, 1, keepdims=True), 1) ** 2))(x)
    np.testing.assert_allclose(made, [[6, 0], [0, 10]])
    made = weft.grad(lambda x: jnp.sum(jnp.where(x > 2, x**2, 0.0)))(x)
    np.testing.assert_allclose(made, [[6, 0], [0, 10]])


def test_mapped():
    for function in (
        lambda x: jnp.sort(x),
        lambda x: jnp.searchsorted(S, x),
        lambda x: jnp.unique(x, size=3),
        lambda x: jnp.take(x, 1),
        lambda x: jnp.nonzero(x, size=2)[0],
    ):
        made = weft.vmap(function)(jnp.asarray(M))
        np.testing.assert_array_equal(made, np.stack([np.asarray(function(row)) for row in jnp.asarray(M)]))
