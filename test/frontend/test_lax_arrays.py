"""Functions of `weft.lax` on whole arrays: shapes, conversion, reductions, indexing, sorting."""

import ml_dtypes
import numpy as np
import pytest
from lax_oracle import Weak, check, named

import weft
from weft import lax

A = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
F = np.array([0.3, -0.9, 0.55], np.float32)
H = np.arange(6, dtype=np.float32).reshape(2, 3)
N = np.array([3, -4, 7], np.int32)
B = np.array([True, False, True])
C = np.array([0.3 + 0.2j, -0.5 - 0.1j, 0.4j], np.complex64)
X = np.arange(5, dtype=np.float32)
W = Weak(np.float32(0.5))
W1 = Weak(np.array([0.5], np.float32))
ELEMENTS = {"g": ((), (0,), (0,)), "s": ((), (0,), (0,))}

SHAPES = [
    named("broadcast", F, (2, 4)),
    named("broadcast", 1.0, (2,)),
    named("broadcast_in_dim", F, (3, 2), (0,)),
    named("broadcast_in_dim", W, (2, 3), ()),
    named("broadcast_in_dim", H[:1], (4, 5, 3), (1, 2)),
    named("broadcast_to_rank", F, 3),
    named("broadcast_to_rank", F, 0),
    named("broadcast_like", F, H),
    named("broadcast_like", 1.0, H),
    named("reshape", A, (4, 6)),
    named("reshape", A, (24,), (2, 0, 1)),
    named("reshape", W, (1, 1)),
    named("reshape", H, 6),
    named("transpose", A, (2, 0, 1)),
    named("transpose", W, ()),
    named("squeeze", H[:1, None], (0, -2)),
    named("expand_dims", F, (0, -1)),
    named("collapse", A, 1),
    named("collapse", A, 0, 2),
    named("collapse", A, 2, 2),
    named("rev", H, (0, 1)),
    named("concatenate", [H, H + 1], 1),
    named("concatenate", [W1, W1], 0),
    named("concatenate", [W1, F], 0),
    named("concatenate", H, 0),
    named("stack", [F, F + 1], -1),
    named("unstack", H, 1),
    named("split", H, (1, 0, 2), -1),
    named("tile", H, (2, 3)),
    named("pad", H, 9.0, [(1, -1, 0), (0, 2, 1)]),
    named("pad", W1, 9.0, [(1, 1, 0)]),
    named("full", (2, 3), 1),
    named("full", (2, 3), 2.5, np.int32),
    named("full", 2, W),
    named("full", (2,), np.float64(1.5)),
    named("full", (2,), 1 + 2j),
    named("full_like", H, 7),
    named("full_like", W, 7, None, (2,)),
    named("full_like", N, 1.5),
    named("iota", np.float32, 4),
    named("iota", int, 4),
    named("broadcasted_iota", np.uint8, (2, 3), 1),
    named("convert_element_type", F, int),
    named("convert_element_type", W, np.float32),
    named("convert_element_type", C, np.float32),
    named("convert_element_type", N, bool),
    named("convert_element_type", N, np.float16),
    named("bitcast_convert_type", F, np.int32),
    named("bitcast_convert_type", F, np.uint8),
    named("bitcast_convert_type", np.arange(8, dtype=np.uint8).reshape(2, 4), np.int32),
    named("bitcast_convert_type", W, np.float32),
    named("reduce_precision", F, 5, 3),
    named("stop_gradient", [F, N, W]),
    named("optimization_barrier", [F, W]),
    named("dynamic_slice", A, (0, 1, 2), (1, 2, 2)),
    named("dynamic_slice", X, (-2,), (2,)),
    named("dynamic_slice", X, np.array([-2], np.int32), (2,)),
    named("dynamic_slice", X, [np.int8(-20)], (2,)),
    named("dynamic_slice", W1, [np.uint8(0)], (1,)),
    named("dynamic_slice_in_dim", A, np.int32(1), 2, -1),
    named("dynamic_slice_in_dim", A, np.uint8(1), 2, -1),
    named("dynamic_index_in_dim", A, np.int32(-1), 1, False),
    named("dynamic_update_slice", X, X[:2] + 9, (-2,)),
    named("dynamic_update_slice", W1, W1, (0,)),
    named("dynamic_update_slice_in_dim", H, H[:, :1] + 9, np.int32(1), 1),
    named("dynamic_update_index_in_dim", H, H[:, 0] + 9, -1, 1),
    named("slice", A, (0, 1, 0), (2, 3, 4), (1, 2, 3)),
    named("slice_in_dim", A, -3, None, 2, 1),
    named("index_in_dim", A, -1, 1, False),
    named("index_take", A, [np.array([0, 1]), np.array([0, -1])], (0, 2)),
    named("index_take", A, [np.array([0, 9])], (2,)),
    named("sort", F),
    named("sort", H[:, ::-1].copy(), 0),
    named("sort", [N, F]),
    named("sort", [B, F, N], num_keys=2),
    named("sort", C),
    named("sort", [W1, N[:1]]),
    named("sort_key_val", F, N),
    named("top_k", H, 2),
    named("top_k", H, 1, axis=0),
    named("top_k", W1, 1),
    named("approx_max_k", F, 2),
    named("approx_min_k", H, 1, 0),
]
REDUCTIONS = [
    *[named(f"reduce_{n}", A, (0, 2)) for n in ("sum", "prod", "max", "min")],
    *[named(f"reduce_{n}", x, (0,)) for n in ("and", "or", "xor") for x in (B, N)],
    named("reduce_sum", C, (0,)),
    named("reduce_sum", A, [2, 0]),
    named("reduce_sum", W1, (0,)),
    named("reduce_max", A[:0], (0,)),
    named("reduce_max", B, (0,)),
    *[named(n, F, 0, np.int32) for n in ("argmax", "argmin")],
    named("argmax", A, 1, np.uint8),
    *[named(f"cum{n}", A, 1) for n in ("sum", "prod", "max", "min", "logsumexp")],
    *[named(f"cum{n}", A, 2, True) for n in ("sum", "max")],
    *[named(f"cum{n}", C) for n in ("sum", "max", "min")],
    named("cumsum", W1),
]
NUMPY = {
    "reduce_sum": lambda x, axes: x.sum(tuple(axes)),
    "reduce_prod": lambda x, axes: x.prod(axes),
    "reduce_min": lambda x, axes: x.min(axes),
    "cumsum": lambda x, axis=0, reverse=False: (
        np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)
    ),
    "argmax": lambda x, axis, dtype: x.argmax(axis).astype(dtype),
    "argmin": lambda x, axis, dtype: x.argmin(axis).astype(dtype),
    "transpose": np.transpose,
    "tile": np.tile,
    "concatenate": lambda xs, axis: np.concatenate(xs, axis),
    "stack": lambda xs, axis: np.stack(xs, axis),
    "rev": np.flip,
    "convert_element_type": lambda x, dtype: x != 0 if dtype is bool else np.real(x).astype(dtype),
    "sort_key_val": lambda x, y: [np.sort(x), y[np.argsort(x)]],
}


@pytest.mark.parametrize(("name", "args", "kwargs"), SHAPES + REDUCTIONS)
def test_values(name, args, kwargs):
    check(lambda lib, *xs: getattr(lib, name)(*xs, **kwargs), args, NUMPY.get(name))


def numbers(kind, dims):
    """Dimension numbers of the library at hand."""
    return lambda lib: getattr(lib, f"{kind}DimensionNumbers")(*dims)


ELEMENT_DIMS = ((), (0,), (0,))
OUT_OF_RANGE = np.array([[1], [9], [-1]], np.int32)


@pytest.mark.parametrize(
    ("mode", "fill", "wanted"),
    [
        (None, None, [1, 4, 0]),
        ("clip", None, [1, 4, 0]),
        ("fill", None, [1, np.nan, np.nan]),
        ("fill", 7, [1, 7, 7]),
        (lax.GatherScatterMode.CLIP, None, [1, 4, 0]),
    ],
)
def test_gather_modes(mode, fill, wanted):
    dims = lax.GatherDimensionNumbers(*ELEMENT_DIMS)
    made = lax.gather(X, OUT_OF_RANGE, dims, (1,), mode=mode, fill_value=fill)
    np.testing.assert_array_equal(made, wanted)
    if not isinstance(mode, lax.GatherScatterMode):
        check(
            lambda lib, x, i: lib.gather(
                x, i, numbers("Gather", ELEMENT_DIMS)(lib), (1,), mode=mode, fill_value=fill
            ),
            (X, OUT_OF_RANGE),
        )


def test_gather_of_rows():
    dims = numbers("Gather", ((1,), (0,), (0,)))
    at = np.array([[1], [0], [1]], np.int32)
    check(lambda lib, x, i: lib.gather(x, i, dims(lib), (1, 3)), (H, at), H[[1, 0, 1]])
    check(lambda lib, x, i: lib.gather(x, i, numbers("Gather", ELEMENT_DIMS)(lib), (1,)), (W1, at))


SCATTERED = {
    "scatter": lambda x, i, v: np.put_along_axis(x, i, v, 0),
    "scatter_add": np.add.at,
    "scatter_sub": np.subtract.at,
    "scatter_mul": np.multiply.at,
    "scatter_min": np.minimum.at,
    "scatter_max": np.maximum.at,
}


@pytest.mark.parametrize("name", SCATTERED)
def test_scatters(name):
    at, values = np.array([[1], [4]], np.int32), np.array([-2.0, 9.0], np.float32)
    if name != "scatter":  # of updates that fall together it is not said which wins
        at, values = np.array([[1], [4], [1]], np.int32), np.array([-2.0, 9.0, 2.5], np.float32)
    wanted = X.copy()
    SCATTERED[name](wanted, at[:, 0], values)
    dims = numbers("Scatter", ELEMENT_DIMS)
    check(lambda lib, x, i, v: getattr(lib, name)(x, i, v, dims(lib)), (X, at, values), wanted)


@pytest.mark.parametrize(("mode", "wanted"), [(None, [0, 7, 2, 3, 4]), ("clip", [7, 7, 2, 3, 7])])
def test_scatter_modes(mode, wanted):
    values, dims = np.full(3, 7, np.float32), numbers("Scatter", ELEMENT_DIMS)
    check(
        lambda lib, x, i, v: lib.scatter(x, i, v, dims(lib), mode=mode),
        (X, OUT_OF_RANGE, values),
        np.array(wanted, np.float32),
    )
    check(lambda lib, x, i, v: lib.scatter(x, i, v, dims(lib)), (W1, OUT_OF_RANGE, values))


def test_scatter_apply_as_often_as_indices_say():
    dims, at = numbers("Scatter", ELEMENT_DIMS), np.array([[1], [1], [2], [9]], np.int32)
    check(
        lambda lib, x, i: lib.scatter_apply(x, i, lambda v: v * 2 + 1, dims(lib), update_shape=(4,)),
        (X, at),
        np.array([0, 7, 5, 3, 4], np.float32),
    )
    check(
        lambda lib, x, i: lib.scatter_apply(
            x, i, lambda v: v * v, dims(lib), update_shape=(2,), unique_indices=True
        ),
        (X, at[1:3]),
        np.array([0, 1, 4, 3, 4], np.float32),
    )


@pytest.mark.parametrize("shapes", [((2, 3), (1, 3)), ((2, 3), (3,)), ((4, 1), (1, 5), ()), ((0, 3), (1, 3))])
def test_broadcast_shapes(shapes):
    assert lax.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes)


def test_small_functions():
    assert lax.shape_as_value((2, 3)).tolist() == [2, 3]
    assert lax.dtype(F) == np.float32
    assert lax.dtype(1) == np.int32
    assert lax.stage(1.0).weak_type
    assert lax.dce_sink(F) is None
    assert lax.empty((2, 3), np.int32).shape == (2, 3)
    assert lax.composite(lambda x, *, by: x * by, "test.scaled")(F, by=2).tolist() == (F * 2).tolist()


def test_stop_gradient():
    slope = weft.grad(lambda x: lax.mul(lax.stop_gradient(x), x))(3.0)
    assert slope == 3.0


def test_rng_bit_generator():
    state = np.arange(4, dtype=np.uint32)
    after, bits = lax.rng_bit_generator(state, (1000,), np.uint8)
    assert after.tolist() != state.tolist()
    assert abs(np.asarray(bits).mean() - 127.5) < 15
    check(lambda lib, s: lib.rng_bit_generator(s, (3,)), (state,))
    check(
        lambda lib, s: lib.rng_bit_generator(s, (3,), algorithm=lib.RandomAlgorithm.RNG_THREE_FRY), (state,)
    )


def test_a_python_index_makes_no_select():
    text = str(weft.make_ir(lambda x: lax.dynamic_slice(x, (-2,), (2,)))(X))
    assert "weft.select" not in text


ERRORS = [
    (TypeError, "broadcast_in_dim", F, (3, 2), (1,)),
    (TypeError, "broadcast_in_dim", F, (3, 2), ()),
    (ValueError, "broadcast_shapes", (2, 3), (4, 3)),
    (ValueError, "broadcast_like", H, F),
    (TypeError, "reshape", H, (-1, 2)),
    (TypeError, "reshape", H, (7,)),
    (TypeError, "transpose", H, (1, 1)),
    (TypeError, "transpose", H, (-1, 0)),
    (ValueError, "squeeze", H, (0,)),
    (ValueError, "squeeze", H[:1], (3,)),
    (TypeError, "squeeze", H[:1], 0),
    (ValueError, "expand_dims", F, (5,)),
    (ValueError, "expand_dims", F, (0, 0)),
    (TypeError, "rev", H, (2,)),
    (TypeError, "rev", H, (1, 1)),
    (TypeError, "concatenate", [F, N], 0),
    (TypeError, "concatenate", [F, F], 1),
    (ValueError, "concatenate", [], 0),
    (TypeError, "stack", [F, N]),
    (ValueError, "split", H, (1, 1), 1),
    (TypeError, "tile", H, (2,)),
    (TypeError, "pad", F, 0, [(1, 1, 0)]),
    (ValueError, "pad", F, 0.0, [(1, 1)]),
    (ValueError, "pad", F, 0.0, [(1, 1, -1)]),
    (ValueError, "pad", F, 0.0, [(-2, -2, 0)]),
    (ValueError, "pad", F, F, [(1, 1, 0)]),
    (TypeError, "full", (2,), F),
    (TypeError, "full", (-2,), 1.0),
    (TypeError, "iota", bool, 3),
    (TypeError, "iota", int, 3.0),
    (ValueError, "broadcasted_iota", np.int32, (2, 3), 2),
    (ValueError, "convert_element_type", F, None),
    (TypeError, "convert_element_type", F, "bogus"),
    (TypeError, "bitcast_convert_type", B, np.int8),
    (TypeError, "bitcast_convert_type", C, np.float32),
    (ValueError, "bitcast_convert_type", np.zeros((2, 3), np.int8), np.int32),
    (TypeError, "reduce_precision", N, 5, 10),
    (ValueError, "reduce_precision", F, 0, 10),
    (ValueError, "reduce_sum", H, (-1,)),
    (ValueError, "reduce_sum", H, (0, 0)),
    (TypeError, "reduce_sum", H, 0),
    (TypeError, "reduce_sum", B, (0,)),
    (TypeError, "reduce_and", F, (0,)),
    (ValueError, "argmax", F, -1, np.int32),
    (TypeError, "argmax", F, 0, np.float32),
    (ValueError, "argmax", X[:0], 0, np.int32),
    (ValueError, "cumsum", H, -1),
    (TypeError, "cumsum", B),
    (TypeError, "slice", X, (0,), (9,)),
    (TypeError, "slice", X, (3,), (2,)),
    (TypeError, "slice", X, (-1,), (2,)),
    (IndexError, "index_in_dim", X, 9),
    (ValueError, "dynamic_slice", H, (0,), (2, 2)),
    (TypeError, "dynamic_slice", H, (0, 0.0), (2, 2)),
    (TypeError, "dynamic_slice", H, (0, 0), (2, 4)),
    (TypeError, "dynamic_slice", H, (np.uint8(0), np.int8(0)), (2, 2)),
    (TypeError, "dynamic_update_slice", F, N, (0,)),
    (TypeError, "dynamic_update_slice", F, H, (0,)),
    (ValueError, "gather", X, X[:, None], lax.GatherDimensionNumbers(*ELEMENT_DIMS), (1,)),
    (TypeError, "gather", X, N[:, None], lax.GatherDimensionNumbers(*ELEMENT_DIMS), (9,)),
    (TypeError, "gather", X, N[:, None], lax.GatherDimensionNumbers((3,), (0,), (0,)), (1,)),
    (TypeError, "scatter", X, N[:, None], N, lax.ScatterDimensionNumbers(*ELEMENT_DIMS)),
    (ValueError, "scatter", X, X[:3, None], F, lax.ScatterDimensionNumbers(*ELEMENT_DIMS)),
    (ValueError, "sort", [F, N], -1, True, 3),
    (TypeError, "sort", [F, H]),
    (TypeError, "sort", []),
    (ValueError, "top_k", F, 5),
    (ValueError, "top_k", C, 1),
    (ValueError, "approx_min_k", N, 2),
]


@pytest.mark.parametrize(("kind", "name", "args"), [(k, n, a) for k, n, *a in ERRORS])
def test_errors(kind, name, args):
    with pytest.raises(kind):
        getattr(lax, name)(*args)


def test_unknown_gather_mode():
    with pytest.raises(ValueError, match="bogus"):
        lax.GatherScatterMode.from_any("bogus")


def test_bfloat16_keeps_its_dtype():
    made = lax.reduce_sum(H.astype(ml_dtypes.bfloat16), (0,))
    assert made.dtype == ml_dtypes.bfloat16
