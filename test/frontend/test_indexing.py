"""`x[index]` and `x.at[index]` against NumPy, and where NumPy has no answer (out of bounds) against JAX."""

import warnings

import numpy as np
import pytest

import weft
import weft_runtime
from weft._indexing import IndexUpdateHelper, getitem, rows
from weft.errors import NonConcreteBooleanIndexError
from weft_compiler.avals import FRY

at = IndexUpdateHelper
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
V = np.arange(5, dtype=np.float32)


def array(value, dtype=None):
    value = np.asarray(value, dtype)
    return weft_runtime.device_put(value, value.dtype)


def same(got, wanted):
    assert got.shape == np.shape(wanted)
    np.testing.assert_array_equal(np.asarray(got), wanted)


# Random indices


def random_items(rng, shape):
    """Entries of an index that together use at most the axes of `shape`."""
    kinds = ["int", "slice", "slice", "array", "none", "ellipsis", "mask", "flag", "end"]
    chosen, used = [], 0
    for kind in rng.choice(kinds, size=6, p=[0.18, 0.12, 0.14, 0.24, 0.08, 0.08, 0.05, 0.03, 0.08]):
        needs = 0 if kind in ("none", "ellipsis", "flag") else 1
        if kind == "end" or used + needs > len(shape):
            break
        if kind != "ellipsis" or "ellipsis" not in chosen:
            chosen.append(kind)
            used += needs
    return chosen, len(shape) - used


def random_index(rng, shape):
    chosen, rest = random_items(rng, shape)
    axis, made = 0, []
    for kind in chosen:
        n = shape[axis] if axis < len(shape) else 0
        if kind == "none":
            made.append(None)
        elif kind == "ellipsis":
            made.append(Ellipsis)
            axis += rest
        elif kind == "flag":
            made.append(bool(rng.integers(4)))
        else:
            made.append(random_item(rng, kind, n))
            axis += 1
    return tuple(made)


def random_item(rng, kind, n):
    if kind == "int":
        return int(rng.integers(-n, n))
    if kind == "mask":
        return rng.random(n) < 0.5
    if kind == "slice":
        start, stop = (None if rng.random() < 0.4 else int(rng.integers(-n - 2, n + 3)) for _ in range(2))
        return slice(start, stop, (None, 1, 2, -1, -2, 3)[rng.integers(6)])
    shape = ((), (2,), (3, 2), (1,), (3, 1))[rng.integers(5)]
    return rng.integers(-n, n, size=shape).astype(("int32", "int8")[rng.integers(2)])


def on_device(rng, index):
    return tuple(array(i) if isinstance(i, np.ndarray) and rng.random() < 0.7 else i for i in index)


@pytest.mark.parametrize("seed", range(4))
def test_reading_and_writing_agree_with_numpy(seed):
    rng = np.random.default_rng(seed)
    for _ in range(25):
        shape = tuple(rng.integers(1, 5, size=rng.integers(1, 5)).tolist())
        x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        index = random_index(rng, shape)
        try:
            wanted = x[index]
        except IndexError:  # shapes of vectors do not broadcast
            with pytest.raises((IndexError, ValueError)):
                getitem(array(x), on_device(rng, index))
            continue
        same(getitem(array(x), on_device(rng, index)), wanted)
        same(weft.jit(lambda x, index=index: getitem(x, index))(array(x)), wanted)
        check_write(rng, x, index, wanted.shape)


OPS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
}


def check_write(rng, x, index, places):
    shape = tuple(1 if rng.random() < 0.2 else n for n in places[rng.integers(len(places) + 1) :])
    y = rng.integers(1, 5, size=shape).astype(np.float32)
    wanted = x.copy()
    numbers = np.arange(x.size).reshape(x.shape)[index]
    op = rng.choice(list(OPS))
    if len(np.unique(numbers)) == numbers.size and rng.random() < 0.4:
        op, wanted[index] = "set", y
    else:
        OPS[op].at(wanted, index, np.broadcast_to(y, places).copy())  # ufunc.at does not always broadcast
    same(getattr(at(array(x))[on_device(rng, index)], op)(array(y)), wanted)
    same(weft.jit(lambda x, y: getattr(at(x)[index], op)(y))(array(x), array(y)), wanted)


# Out of bounds


@pytest.mark.parametrize("mode", [None, "fill", "drop", "clip", "promise_in_bounds"])
def test_out_of_bounds_as_in_jax(mode):
    jax = pytest.importorskip("jax")
    for index in (
        10,
        -10,
        4,
        -1,
        np.array([10, -10, -1, 2], np.int32),
        (slice(None), 7),
        (1, np.array([0, 9])),
    ):
        value = X[0] if isinstance(index, tuple) else V
        theirs = jax.numpy.asarray(value).at[index]
        for wraps in (True, False):
            options = {"mode": mode, "wrap_negative_indices": wraps}
            same(at(array(value))[index].get(**options), theirs.get(**options))
            if mode != "promise_in_bounds":
                same(at(array(value))[index].set(7.0, **options), theirs.set(7.0, **options))
                same(at(array(value))[index].add(7.0, **options), theirs.add(7.0, **options))


def test_default_clamps_reads_and_drops_writes():
    same(getitem(array(V), 10), 4.0)
    same(getitem(array(V), -10), 0.0)
    same(getitem(array(V), array([10, -10, -1])), [4, 0, 4])
    same(at(array(V))[10].set(9.0), V)
    same(weft.jit(lambda x, i: at(x)[i].set(9.0))(array(V), 10), V)
    same(weft.jit(lambda x, i: getitem(x, i))(array(V), 10), 4.0)


def test_fill_value():
    same(at(array(V))[array([1, 9])].get(mode="fill", fill_value=-1), [1, -1])
    same(at(array([1, 2], np.int32))[5].get(mode="fill"), -(2**31))
    same(at(array(V))[9].get(fill_value=3.0), 4.0)  # without the mode it has no effect


def test_small_index_dtypes_reach_the_end_of_long_axes():
    x = np.arange(300)
    same(getitem(array(x, np.int32), array([-1, 127], np.int8)), [299, 127])
    same(getitem(array(x, np.int32), array([255], np.uint8)), [255])


# Numbers, masks, keys


def test_numbers_share_one_executable():
    from weft._indexing import getitem as module_function
    from weft._indexing.eager import READING

    x = array(np.arange(77, dtype=np.float32))
    module_function(x, 3)
    known = len(READING.by_tokens)
    assert [float(module_function(x, i)) for i in (4, -1, 76, 100)] == [4, 76, 76, 76]
    assert len(READING.by_tokens) == known


def test_traced_number():
    f = weft.jit(lambda x, i: getitem(x, (i, slice(1, None), i)))
    same(f(array(X), array(1)), X[1, 1:, 1])
    same(f(array(X), array(-1)), X[-1, 1:, -1])


def test_masks():
    mask = np.array([True, False, True, False, True])
    same(getitem(array(V), array(mask)), V[mask])
    same(getitem(array(X), array(X > 10)), X[X > 10])
    same(getitem(array(X), (slice(None), mask[:3], 1)), X[:, mask[:3], 1])
    same(at(array(V))[mask].set(array([7.0, 8.0, 9.0], np.float32)), [7, 1, 8, 3, 9])
    same(at(array(V))[mask].add(1), np.where(mask, V + 1, V))
    same(at(array(X))[:, mask[:3]].set(0.0), np.where(mask[:3, None], 0, X))


def test_mask_under_jit():
    with pytest.raises(NonConcreteBooleanIndexError, match=r"bool\[10\]"):
        weft.jit(lambda x, m: getitem(x, m))(
            array(np.arange(10.0, dtype=np.float32)), array(np.ones(10, bool))
        )
    with pytest.raises(NonConcreteBooleanIndexError, match=r"bool\[\]"):
        weft.jit(lambda x, m: getitem(x, m))(array(V), True)
    # Writing one value keeps all shapes, so the mask need not be known.
    same(weft.jit(lambda x, m: at(x)[m].set(0.0))(array(V), array(V > 2)), [0, 1, 2, 0, 0])


def test_keys_are_indexed_like_numbers():
    words = np.arange(8, dtype=np.uint32).reshape(4, 2)
    keys = weft_runtime.device_put(words, FRY)
    for index in (2, slice(1, 3), array([3, 0]), (None, -1)):
        got = getitem(keys, index)
        wanted = words[np.asarray(index)] if not isinstance(index, (slice, tuple)) else words[index]
        np.testing.assert_array_equal(np.asarray(got._b), wanted)
    got = at(keys)[0].set(getitem(keys, 3))
    np.testing.assert_array_equal(np.asarray(got._b), words[[3, 1, 2, 3]])


def test_rows():
    for got, wanted in zip(rows(array(X)), X, strict=True):
        same(got, wanted)
    long = np.arange(150, dtype=np.int32)
    assert [int(i) for i in rows(array(long))] == long.tolist()
    assert list(rows(array(np.zeros((0, 3), np.float32)))) == []
    with pytest.raises(TypeError, match="0-d"):
        rows(array(1.0))


# Dtypes of what is written


def test_values_take_the_dtype_of_the_array():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(at(array([1, 2], np.int8))[0].set(300), [44, 2])
        same(at(array([1, 2], np.uint8))[0].add(-2), [255, 2])
        same(at(array(V))[0].set(3), [3, 1, 2, 3, 4])
        assert at(array(V))[0].set(np.float32(1)).dtype == np.float32
    for value in (1.7, np.float32(1.7), array(1.7, np.float32)):
        with pytest.warns(FutureWarning, match="scatter inputs have incompatible types"):
            same(at(array([5, 6], np.int32))[0].set(value), [1, 6])


def test_bools():
    x = array([True, False, False])
    same(at(x)[:].max(True), [True, True, True])
    same(at(x)[:].min(False), [False, False, False])
    for name in ("add", "subtract", "multiply"):
        with pytest.raises(TypeError, match="dtype bool"):
            getattr(at(x)[0], name)(True)


# Errors


@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        ([0, 1], TypeError, "non-tuple sequence"),
        (1.0, TypeError, "Indexer must have integer or boolean type, got indexer with type float"),
        (np.ones(2, np.float32), TypeError, "got indexer with type float32"),
        ("a", TypeError, "string"),
        ({}, IndexError, "only integers, slices"),
        ((0, 0, 0, 0), IndexError, "Too many indices: array is 3-dimensional, but 4 were indexed"),
        ((..., 0, ...), IndexError, "a single ellipsis"),
        (np.ones(3, bool), IndexError, r"boolean index did not match.*got \(3,\), expected \[2\]"),
        (slice(1.5, None), TypeError, "slices take integers"),
        (slice(None, None, 0), ValueError, "step cannot be zero"),
        ((np.arange(2), np.arange(3)), ValueError, "Incompatible shapes for broadcasting"),
        (2**70, OverflowError, "too large"),
    ],
)
def test_errors(index, error, text):
    with pytest.raises(error, match=text):
        getitem(array(X), index)
    with pytest.raises(error, match=text):
        weft.jit(lambda x: getitem(x, index))(array(X))


def test_divide_power_and_apply():
    i = array([3, 3, 1])
    same(at(array(V))[i].divide(2.0), [0, 0.5, 2, 0.75, 4])
    same(at(array([4, 6], np.int32))[0].divide(8), [0.5, 6])
    same(at(array(V))[i].power(2.0), [0, 1, 2, 81, 4])
    same(at(array(V))[i].apply(lambda x: x * 2), [0, 2, 2, 12, 4])
    same(at(array(V))[::2].apply(lambda x: x + 1), [1, 1, 3, 3, 5])
    same(weft.jit(lambda x: at(x)[1].apply(lambda v: -v))(array(V)), [0, -1, 2, 3, 4])


def test_error_of_a_traced_slice_and_of_shapes():
    with pytest.raises(IndexError, match="Slice entries must be static integers"):
        weft.jit(lambda x, i: getitem(x, slice(i, None)))(array(V), 1)
    with pytest.raises(IndexError, match="axis 0 with size 0"):
        getitem(array(np.zeros((0, 3), np.float32)), 0)
    with pytest.raises(ValueError, match=r"\(3,\) for places of shape \(2,\)"):
        at(array(V))[:2].set(array([1.0, 2.0, 3.0], np.float32))
    with pytest.raises(ValueError, match="Unknown gather mode"):
        at(array(V))[0].get(mode="wrap")


# Transformations


def gradient_of_read(index):
    return weft.grad(lambda x: sum_of(getitem(x, index)))(array(X))


def sum_of(x):
    from weft._tracing.bind import bind, op_class

    return bind(op_class("reduce_sum").of(axes=tuple(range(x.ndim))), x)


@pytest.mark.parametrize(
    "index", [1, (slice(None), 2), (..., slice(None, None, -2)), (0, np.array([1, 1, 2])), (None, X > 11)]
)
def test_gradient_of_reading_counts_places(index):
    wanted = np.zeros_like(X)
    np.add.at(wanted, index[1:] if isinstance(index, tuple) and index[0] is None else index, 1)
    same(gradient_of_read(index), wanted)


def test_gradient_of_writing():
    def f(x, y):
        return sum_of(at(x)[array([0, 2])].multiply(array([2.0, 3.0], np.float32))), sum_of(at(x)[1:3].set(y))

    from_x = weft.grad(lambda x: f(x, array([1.0, 1.0], np.float32))[0])(array(V))
    same(from_x, [2, 1, 3, 1, 1])
    same(weft.grad(lambda x: f(x, array([1.0, 1.0], np.float32))[1])(array(V)), [1, 0, 0, 1, 1])
    same(weft.grad(lambda y: f(array(V), y)[1])(array([1.0, 1.0], np.float32)), [1, 1])


def test_vmap():
    i = array([0, 2, -1])
    same(weft.vmap(lambda k: getitem(array(X), (1, k)))(i), X[1, [0, 2, -1]])
    same(weft.vmap(lambda k: at(array(V))[k].set(9.0))(i), np.where(np.eye(5)[[0, 2, 4]] == 1, 9, V))
    same(
        weft.vmap(lambda x, k: getitem(x, (k, slice(1, None))))(array(X), array([0, 2])),
        X[[0, 1], [0, 2], 1:],
    )


def test_value_based_index_outside_of_jit():
    # Under grad alone the elements are known, so a mask may come from a tracer.
    from weft._tracing.bind import bind, op_class

    def f(x):
        mask = bind(op_class("compare").of(direction="GT"), x, array(np.full(5, 2, np.float32)))
        return sum_of(getitem(x, mask))

    same(weft.grad(f)(array(V)), [0, 0, 0, 1, 1])
