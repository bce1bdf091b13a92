"""Making, shaping, joining, splitting and padding arrays with `weft.numpy`."""

import ml_dtypes
import numpy as np
import pytest
from numpy_oracle import Weak, case, check, check_error, error

import weft
import weft.numpy as jnp

M = np.array([[3, -1, 2], [5, 0, 4]], np.int32)
G = np.array([[0.3, -1.2, 0.7], [2, 1.5, -3.0]], np.float32)
V = np.array([1.0, 2, 3], np.float32)
U = np.array([1, 2], np.uint8)
B = np.array([True, False, True])
E = np.zeros((0, 3), np.float32)
T = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

CREATION = [
    *[
        case("arange", *a, numpy=n)
        for a, n in (
            ((5,), True),
            ((2, 8, 3), True),
            ((5.0,), True),
            ((0, 1, 0.3), True),
            ((5, 2, -1), True),
            ((3, 1), True),
            ((0, np.float32(3)), True),
        )
    ],
    case("arange", 5, dtype=np.float32),
    case("arange", 3, dtype=ml_dtypes.bfloat16),
    case("arange", 40000, rtol=0),
    case("linspace", 0, 1),
    case("linspace", 0, 1, 5, endpoint=False),
    case("linspace", 0, 10, 5, dtype=np.int32),
    case("linspace", 0, 1, 5, retstep=True),
    case("linspace", V, V * 2, 4, axis=1),
    case("linspace", 0, 1, 1),
    case("linspace", 0, 1, 0, retstep=True, numpy=False),
    case("linspace", 1 + 1j, 2, 3),
    case("logspace", 0, 2, 5),
    case("logspace", 0, 2, 5, base=2.0, endpoint=False),
    case("geomspace", 1, 256, 9),
    case("geomspace", -1, -100, 3, endpoint=False),
    case("geomspace", 1, 1j, 3),
    case("zeros", 3),
    case("ones", (2,), bool),
    case("empty", (2, 0)),
    case("full", (2, 3), V),
    case("full", 2, 3.5, np.int32),
    case("full", (2,), 300, np.uint8, numpy=False),
    case("full", (2,), -1, np.uint32, numpy=False),
    case("full", (2,), Weak(3.0), numpy=False),
    case("full_like", M, 2.5),
    case("full_like", 3.0, 7, numpy=False),
    case("ones_like", M, dtype=np.float16),
    case("zeros_like", Weak(2), numpy=False),
    case("zeros_like", M, shape=(2,)),
    case("array", [[1, 2.0], [3, 4]]),
    case("array", [True, 2]),
    case("array", []),
    case("array", [[], []]),
    case("array", 3, ndmin=2),
    case("array", [1, 2], dtype=np.float32),
    case("array", [V, V]),
    case("array", (1 + 2j, 2)),
    case("asarray", Weak(1.0), numpy=False),
    case("astype", G, np.int32),
    case("astype", G, bool),
    case("eye", 2, 4, 1),
    case("eye", 3, k=-1, dtype=np.int32),
    case("identity", 2),
    case("tri", 2, 4, 1),
    case("tril", T, -1),
    case("triu", M, 1),
    case("triu", B[None]),
    *[case("diagonal", *a) for a in ((T,), (T, 1, 1, 2), (M, -1), (M, 5))],
    *[case("diag", *a) for a in ((M,), (M, 1), (V, 1), (V, -2))],
    case("diagflat", M),
    case("trace", T, 1),
    case("trace", M, dtype=np.float32),
    case("vander", V),
    case("vander", M[0], 4, True),
    case("meshgrid", V, U),
    case("meshgrid", V, U, V, indexing="ij"),
    case("meshgrid", V, U, sparse=True),
    case("indices", (2, 3)),
    case("indices", (2, 3), sparse=True),
    *[
        case(n, *a, numpy=False)
        for n, a in (("bartlett", (5,)), ("blackman", (5,)), ("hamming", (1,)), ("hanning", (4,)))
    ],
    case("kaiser", 5, 3.0, numpy=False),
    case("fromstring", "1 2 3", sep=" ", jit=False),
    case("frombuffer", b"abcd", dtype=np.uint8),
]

SHAPES = [
    *[case("reshape", *a) for a in ((M, (3, 2)), (M, -1), (E, (-1, 3)), (M, 6))],
    case("reshape", Weak(3.0), (1, 1), numpy=False),
    case("reshape", M, (2, -1), order="F"),
    case("ravel", T, order="F"),
    case("transpose", T),
    case("transpose", T, (-1, 0, 1)),
    case("permute_dims", T, (2, 1, 0)),
    case("matrix_transpose", T),
    case("swapaxes", T, 0, -1),
    case("moveaxis", T, (0, 1), (1, 2)),
    case("rollaxis", T, 2),
    case("rollaxis", T, 0, 3),
    case("expand_dims", M, (0, -1)),
    case("squeeze", M[:, None]),
    case("squeeze", M[:, None], 1),
    case("broadcast_to", V, (2, 3)),
    case("broadcast_arrays", V, M, 2),
    case("broadcast_shapes", (2, 1), (3,), jit=False),
    case("atleast_1d", 3.0),
    case("atleast_2d", V, 2),
    case("atleast_3d", V),
    case("atleast_3d", M),
    case("flip", M),
    case("flip", T, (0, 2)),
    case("flipud", M),
    case("fliplr", M),
    *[case("rot90", M, k) for k in (1, 2, -1)],
    case("roll", M, -1, axis=1),
    case("roll", M, (1, 2), axis=(0, 1)),
    case("roll", M, 7),
    case("roll", M, np.array([1, 2], np.int32), axis=(0, 1)),
    case("resize", M, (2, 4)),
]

JOINING = [
    case("stack", [V, V], -1),
    case("stack", [1, 2.0]),
    case("stack", M),
    case("concatenate", [M, G]),
    case("concatenate", [M, G], None),
    case("concatenate", [V, U], dtype=np.int32, numpy=False),
    case("concat", [V, V], axis=0),
    case("hstack", [M, M]),
    case("vstack", [V, V]),
    case("dstack", [V, V]),
    case("column_stack", [V, M.T]),
    case("block", [[M, M], [G, G]]),
    case("block", [V, 2]),
    case("append", M, V),
    case("append", M, M, axis=1),
    *[case("tile", *a) for a in ((V, 2), (M, (2, 1, 2)), (3, (2, 2)))],
    case("repeat", V, 2),
    case("repeat", M, 2, axis=1),
    case("repeat", M, np.array([1, 2]), 0, jit=False),
    case("repeat", V, np.array([1, 2, 3]), total_repeat_length=4, numpy=False),
    case("repeat", V, np.array([1, 2, 3]), total_repeat_length=8, numpy=False),
    case("split", T, 3, 1),
    case("split", V, [1]),
    case("array_split", V, 2),
    case("array_split", V, 5),
    case("vsplit", M, 2),
    case("hsplit", V, 3),
    case("dsplit", T, 2),
    case("unstack", M, axis=1),
    case("delete", V, 1),
    case("delete", M, slice(0, 2)),
    case("delete", V, np.array([0, 1]), jit=False),
    case("delete", V, np.array([True, False, False]), jit=False),
    case("insert", M, 1, 7, axis=1),
    case("insert", M, np.array([0, 2]), np.array([7, 8]), axis=1),
    case("insert", V, np.array([1, 1]), np.array([5.0, 6.0])),
    case("insert", V, -1, 2),
    case("trim_zeros", np.array([0, 0, 1, 0, 2, 0]), jit=False),
    case("trim_zeros", np.array([0, 0, 1, 0]), trim="f", jit=False),
]

PADDING = [
    case("pad", V, 2),
    case("pad", M, ((1, 2), (0, 1)), constant_values=9),
    case("pad", M, (1, 2), constant_values=((1, 2), (3, 4))),
    case("pad", M, {-1: (1, 2)}, jax=False),
    case("pad", E, 1),
    *[case("pad", V, (4, 9), mode=m) for m in ("edge", "reflect", "symmetric", "wrap")],
    case("pad", V, (2, 7), mode="symmetric", reflect_type="odd"),
    case("pad", V, (2, 7), mode="reflect", reflect_type="odd"),
    case("pad", G, 2, mode="linear_ramp", end_values=5),
    case("pad", M, (3, 2), mode="linear_ramp", end_values=-4),
    *[case("pad", G, 1, mode=m) for m in ("mean", "median", "minimum")],
    case("pad", M, 2, mode="maximum", stat_length=2),
]

MISTAKES = [
    error(TypeError, "reshape", M, (4, 2)),
    error(TypeError, "reshape", M, (-1, -1)),
    error(TypeError, "transpose", T, (1, 0)),
    error(ValueError, "expand_dims", M, 5),
    error(ValueError, "squeeze", M, 0),
    error(ValueError, "broadcast_to", V, (3, 2)),
    error(ValueError, "broadcast_shapes", (2,), (3,)),
    error(ValueError, "stack", [V, M]),
    error(ValueError, "stack", []),
    error(ValueError, "concatenate", [1, 2]),
    error(TypeError, "concatenate", [M, np.array([[1, 2]])], 0),
    error(ValueError, "split", T, 2, 1),
    error(TypeError, "zeros", (2, -1)),
    error(TypeError, "zeros", 2.5),
    error(ValueError, "linspace", 0, 1, -1),
    error(TypeError, "array", ["a"]),
    error(ValueError, "array", None),
    error(OverflowError, "array", [1, 300], dtype=np.uint8),
    error(OverflowError, "asarray", 2**40),
    error(ValueError, "pad", V, -1),
    error(NotImplementedError, "pad", V, 1, mode="nope"),
    error(ValueError, "pad", V, 1, mode="edge", constant_values=1),
    error(ValueError, "pad", E, 1, mode="edge"),
    error(ValueError, "diagonal", V),
    error(ValueError, "repeat", V, np.array([1, 2])),
]


@pytest.mark.parametrize("c", CREATION)
def test_creation(c):
    check(c)


@pytest.mark.parametrize("c", SHAPES)
def test_shapes(c):
    check(c)


@pytest.mark.parametrize("c", JOINING + PADDING)
def test_joining_and_padding(c):
    check(c)


@pytest.mark.parametrize(("c", "kind"), MISTAKES)
def test_mistakes(c, kind):
    check_error(c, kind)


def test_array_copies_and_asarray_does_not():
    x = jnp.ones(3)
    assert jnp.asarray(x) is x
    assert jnp.array(x) is not x
    source = np.ones(3, np.float32)
    made = jnp.asarray(source)
    source[0] = 7
    assert made.tolist() == [1, 1, 1]


def test_lists_may_hold_traced_values():
    made = weft.jit(lambda x: jnp.array([[x[0], 1], [2.0, x[1]]]))(V)
    assert made.tolist() == [[1, 1], [2, 2]] and made.dtype == np.float32


def test_sizes_must_be_known():
    with pytest.raises(weft.errors.ConcretizationTypeError):
        weft.jit(jnp.arange)(3)
    with pytest.raises(weft.errors.TracerIntegerConversionError):
        weft.jit(jnp.zeros)(3)


def test_slopes():
    x = np.array([1.0, 2.0, 4.0], np.float32)
    made = weft.grad(lambda x: jnp.sum(jnp.pad(x, (2, 1), mode="reflect") ** 2))(x)
    np.testing.assert_allclose(made, [2.0, 12.0, 16.0])
    made = weft.grad(lambda x: jnp.sum(jnp.tile(x, 2) * jnp.arange(6.0)))(x)
    np.testing.assert_allclose(made, [3, 5, 7])
    assert float(weft.grad(lambda x: jnp.linspace(0.0, x, 3)[1])(2.0)) == 0.5


def test_dtype_names():
    assert jnp.float32 == np.float32 and np.dtype(jnp.bfloat16) == ml_dtypes.bfloat16
    assert jnp.int8([1, 2]).dtype == np.int8 and jnp.float32(3).weak_type is False
    assert hash(jnp.int32) == hash(np.int32) and isinstance(np.float32(1), jnp.float32)
    assert jnp.issubdtype(jnp.bfloat16, jnp.floating) and jnp.finfo(jnp.bfloat16).bits == 16
    assert jnp.isdtype(jnp.float32, ("bool", "real floating")) and not jnp.isdtype(
        jnp.int8, "unsigned integer"
    )
    assert (
        jnp.result_type(1, jnp.float16) == np.float16 and jnp.promote_types("int8", "float16") == np.float16
    )
    with pytest.raises(OverflowError):
        jnp.int8(300)


def test_instances_of_ndarray():
    assert isinstance(jnp.ones(2), jnp.ndarray) and not isinstance(np.ones(2), jnp.ndarray)
    seen = []
    weft.jit(lambda x: seen.append(isinstance(x, jnp.ndarray)) or x)(1.0)
    assert seen == [True]
    with pytest.raises(TypeError, match="instantiated"):
        jnp.ndarray((2,))


def test_questions_about_values():
    assert (jnp.shape([[1, 2]]), jnp.ndim(3), jnp.size(M), jnp.size(M, 1)) == ((1, 2), 0, 6, 3)
    assert jnp.isscalar(3) and jnp.isscalar(jnp.float32(3)) and not jnp.isscalar(jnp.ones(3))
    assert jnp.iscomplexobj(3j) and jnp.isrealobj(V) and jnp.iterable(V) and not jnp.iterable(jnp.ones(()))
    assert jnp.can_cast("int32", "float64") and not jnp.can_cast("float64", "int32")


class TestIndexTricks:
    """`mgrid` and its like."""

    def test_grids(self):
        np.testing.assert_array_equal(jnp.mgrid[0:3, 0:2], np.mgrid[0:3, 0:2])
        np.testing.assert_allclose(jnp.mgrid[0:1:5j], np.mgrid[0:1:5j])
        for ours, theirs in zip(jnp.ogrid[0:3, 0:1:3j], np.ogrid[0:3, 0:1:3j], strict=True):
            np.testing.assert_allclose(ours, theirs)

    def test_joining_by_brackets(self):
        for key in ((slice(1, 4), 9, V), ("-1", V, V), ("0,2", V, V), ("1,2,0", V, V), ("0,2,0", V, V)):
            np.testing.assert_allclose(jnp.r_[key], np.r_[key])
        np.testing.assert_allclose(jnp.c_[V, V], np.c_[V, V])
        np.testing.assert_allclose(jnp.c_[1:3, 5:7], np.c_[1:3, 5:7])

    def test_ix_and_slices(self):
        rows, columns = jnp.ix_(np.array([1, 0]), np.array([0, 2]))
        np.testing.assert_array_equal(jnp.asarray(M)[rows, columns], M[np.ix_([1, 0], [0, 2])])
        assert jnp.s_[1:2, ::3] == np.s_[1:2, ::3] == jnp.index_exp[1:2, ::3]


def test_files(tmp_path):
    jnp.save(tmp_path / "x.npy", jnp.asarray(M))
    np.testing.assert_array_equal(jnp.load(tmp_path / "x.npy"), M)
    x = jnp.asarray(V, jnp.bfloat16)
    jnp.save(tmp_path / "b.npy", x)
    assert jnp.load(tmp_path / "b.npy").dtype == jnp.bfloat16
    jnp.savez(tmp_path / "z.npz", jnp.asarray(M), v=jnp.asarray(V))
    found = jnp.load(tmp_path / "z.npz")
    np.testing.assert_array_equal(found["arr_0"], M)
    np.testing.assert_array_equal(found["v"], V)
    M.tofile(tmp_path / "raw")
    np.testing.assert_array_equal(jnp.fromfile(tmp_path / "raw", np.int32), M.ravel())
    assert jnp.fromiter((i * i for i in range(4)), int).tolist() == [0, 1, 4, 9]
    assert jnp.from_dlpack(V).tolist() == [1, 2, 3]


def test_text():
    assert jnp.array_repr(jnp.asarray(V)) == "Array([1., 2., 3.], dtype=float32)"
    with jnp.printoptions(precision=2):
        assert jnp.array_str(jnp.asarray(V) / 3) == "[0.33 0.67 1.  ]"
