"""What can be asked of an array, and what it answers after its memory is gone."""

import copy
import pickle
import sys

import ml_dtypes
import numpy as np
import pytest

import weft_runtime as wr
from weft_compiler.avals import FRY

F4, I4 = np.dtype("f4"), np.dtype("i4")


KEY = FRY  # the compiler's dtype of keys: the runtime knows no key dtype of its own


def put(value, dtype=None, **kwargs):
    value = np.asarray(value)
    return wr.device_put(value, np.dtype(dtype or value.dtype), **kwargs)


def test_facts():
    x = put(np.zeros((2, 3)), "f4")
    assert (x.shape, x.dtype, x.ndim, x.size, x.itemsize, x.nbytes) == ((2, 3), F4, 2, 6, 4, 24)
    assert len(x) == 2 and not x.weak_type and not x.committed
    assert x.devices() == {x.device} == {wr.default_device()}
    assert x.sharding is wr.SingleDeviceSharding(x.device)
    assert x.is_fully_addressable and x.is_fully_replicated
    assert x.block_until_ready() is x and x.is_ready()
    assert x.on_device_size_in_bytes() >= 24
    assert x.unsafe_buffer_pointer() == np.asarray(x).ctypes.data
    assert x.aval is x.spec


@pytest.mark.parametrize(
    ("x", "text", "short"),
    [
        (lambda: put([0.0, 1.0, 2.0], "f4"), "Array([0., 1., 2.], dtype=float32)", "[0. 1. 2.]"),
        (lambda: put(-1, "i4", weak_type=True), "Array(-1, dtype=int32, weak_type=True)", "-1"),
        (lambda: put(1.5, "f4"), "Array(1.5, dtype=float32)", "1.5"),
        (lambda: put(np.zeros((0, 3)), "f4"), "Array([], shape=(0, 3), dtype=float32)", "[]"),
        (lambda: put([True, False]), "Array([ True, False], dtype=bool)", "[ True False]"),
        (lambda: put(1 + 2j, "c8"), "Array(1.+2.j, dtype=complex64)", "(1+2j)"),
        (
            lambda: put(np.ones((2, 2)), ml_dtypes.bfloat16),
            "Array([[1, 1],\n       [1, 1]], dtype=bfloat16)",
            "[[1 1]\n [1 1]]",
        ),
        (
            lambda: put(np.ones(2000), "f4"),
            "Array([1., 1., 1., ..., 1., 1., 1.], dtype=float32)",
            "[1. 1. 1. ... 1. 1. 1.]",
        ),
    ],
)
def test_text(x, text, short):
    assert repr(x()) == text
    assert str(x()) == short


def test_text_of_long_lines():
    assert repr(put(np.arange(22), "i4")) == (
        "Array([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16,\n"
        "       17, 18, 19, 20, 21], dtype=int32)"
    )
    assert repr(put(np.arange(15), "f4")) == (
        "Array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12.,\n"
        "       13., 14.], dtype=float32)"
    )
    assert repr(put(np.arange(13), "f4")) == (
        "Array([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12.],      dtype=float32)"
    )


def test_text_is_that_of_jax():
    jnp = pytest.importorskip("jax.numpy")
    for n in range(1, 40):
        for dtype in ("int32", "float32"):
            value = np.arange(n).astype(dtype)
            assert repr(put(value)) == repr(jnp.asarray(value))
            assert repr(put(value.reshape(1, n))) == repr(jnp.asarray(value.reshape(1, n)))


def test_format():
    assert f"{put(1.5, 'f4'):.3f}" == "1.500"
    assert f"{put([0.0, 1.0], 'f4')}" == "[0. 1.]"
    with pytest.raises(TypeError):
        f"{put([0.0, 1.0], 'f4'):.2f}"


def test_to_numpy_is_a_read_only_view():
    x = put([1.0, 2.0], "f4")
    value = np.asarray(x)
    assert not value.flags.writeable and value.dtype == F4
    assert np.asarray(x).ctypes.data == value.ctypes.data
    assert np.array(x).flags.writeable
    assert np.asarray(x, np.int32).tolist() == [1, 2]
    with pytest.raises(ValueError):
        np.asarray(x, np.int32, copy=False)


def test_view_survives_the_array():
    x = put(np.arange(1000), "i4")
    value = np.asarray(x)
    x.delete()
    del x
    put(np.zeros(1000), "i4")
    assert value.tolist() == list(range(1000))


def test_python_numbers():
    x = put(2.5, "f4")
    assert (float(x), int(x), bool(x), complex(x), x.item()) == (2.5, 2, True, 2.5 + 0j, 2.5)
    assert [10, 20, 30][put(1, "i4")] == 20 and oct(put(8, "u1")) == "0o10"
    assert put([[1, 2], [3, 4]], "i4").item(1, 0) == 3
    assert put([[1], [2]], "i4").tolist() == [[1], [2]]
    assert put([1, 2], "u1").tobytes() == b"\x01\x02"
    assert type(put(1, ml_dtypes.bfloat16).tolist()) is float
    assert bool(put([[1]], "i4"))
    assert float(put(1, ml_dtypes.float8_e4m3fn)) == 1.0 and int(put(-3, ml_dtypes.int4)) == -3


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (
            lambda x: float(x),
            TypeError,
            "Only scalar arrays can be converted to Python scalars; got arr.ndim=1",
        ),
        (lambda x: bool(x), ValueError, "truth value of an array with more than one element is ambiguous"),
        (lambda x: bool(put([], "f4")), ValueError, "truth value of an empty array is ambiguous"),
        (lambda x: [1][put(0.0, "f4")], TypeError, "Only integer scalar arrays"),
        (lambda x: [1][put(False)], TypeError, "Only integer scalar arrays"),
        (lambda x: [1][put([0], "i4")], TypeError, "Only integer scalar arrays"),
        (lambda x: float(put(1j, "c8")), TypeError, "not 'complex'"),
        (lambda x: x.item(), ValueError, "can only convert an array of size 1"),
        (lambda x: len(put(0.0, "f4")), TypeError, "len\\(\\) of unsized object"),
        (lambda x: iter(put(0.0, "f4")), TypeError, "iteration over a 0-d array"),
        (lambda x: hash(x), TypeError, "unhashable type"),
        (lambda x: x.__setitem__(0, 1), TypeError, "x.at\\[idx\\].set\\(y\\)"),
    ],
)
def test_misuse(action, error, text):
    with pytest.raises(error, match=text):
        action(put([1.0, 2.0], "f4"))


def test_rows():
    rows = list(put([[1, 2], [3, 4]], "i4"))
    assert [repr(row) for row in rows] == ["Array([1, 2], dtype=int32)", "Array([3, 4], dtype=int32)"]


@pytest.mark.parametrize(
    "use",
    [
        repr,
        str,
        float,
        bool,
        np.asarray,
        pickle.dumps,
        copy.copy,
        lambda x: x.block_until_ready(),
        lambda x: x.is_ready(),
        lambda x: x.copy_to_host_async(),
        lambda x: x.unsafe_buffer_pointer(),
        lambda x: x.on_device_size_in_bytes(),
        lambda x: x.addressable_shards,
        lambda x: x.__dlpack__(),
        lambda x: wr.move(x, wr.SingleDeviceSharding(x.device, "pinned_host")),
        lambda x: wr.move(x, x.device),
    ],
)
def test_deleted(use):
    x = put(1.0, "f4")
    x.delete()
    x.delete()
    assert x.is_deleted() and x.shape == () and x.dtype == F4
    with pytest.raises(RuntimeError, match="Array has been deleted with shape=float32\\[\\]"):
        use(x)


def test_copies_have_their_own_memory():
    x = put([1.0, 2.0], "f4", weak_type=True)
    for other in (copy.copy(x), copy.deepcopy(x), copy.deepcopy({"a": x})["a"]):
        assert other.spec is x.spec and other is not x
        assert other.unsafe_buffer_pointer() != x.unsafe_buffer_pointer()
        other.delete()
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("dtype", ["f4", "i8", "bool", ml_dtypes.bfloat16, ml_dtypes.int4])
def test_pickle(dtype):
    x = put([[1, 0], [0, 1]], dtype, weak_type=True)
    again = pickle.loads(pickle.dumps(x))
    assert again.spec is x.spec and again.tolist() == x.tolist()


def test_shards():
    x = put([1.0], "f4")
    (shard,) = x.addressable_shards
    assert shard.data.tolist() == [1.0] == x.addressable_data(0).tolist()
    assert (
        repr(shard)
        == "Shard(device=CpuDevice(id=0), index=(slice(None, None, None),), replica_id=0, data=[1.])"
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python classes have no buffer protocol before 3.12")
def test_buffer():
    assert bytes(put([1, 2], "u1")) == b"\x01\x02"
    with pytest.raises(BufferError):
        memoryview(put([1], ml_dtypes.bfloat16))


class TestExtendedDtype:
    def keys(self):
        return wr.device_put(np.arange(6, dtype="u4").reshape(3, 2), KEY)

    def test_facts(self):
        keys = self.keys()
        assert keys.shape == (3,) and keys.dtype is KEY and keys.ndim == 1 and len(keys) == 3
        assert (keys.size, keys.itemsize, keys.nbytes) == (3, 8, 24)
        assert keys.spec is wr.Spec((3,), KEY, keys.sharding)
        assert str(keys.spec) == "key<fry>[3]"

    def test_text(self):
        assert repr(self.keys()) == "Array((3,), dtype=key<fry>) overlaying:\n[[0 1]\n [2 3]\n [4 5]]"
        assert str(self.keys()) == repr(self.keys())

    def test_is_not_numbers(self):
        for use in (np.asarray, lambda x: x.tolist(), lambda x: float(next(iter(x)))):
            with pytest.raises(TypeError, match=r"random\.key_data"):
                use(self.keys())

    def test_rows(self):
        rows = list(self.keys())
        assert [row.shape for row in rows] == [()] * 3
        assert repr(rows[1]) == "Array((), dtype=key<fry>) overlaying:\n[2 3]"

    def test_pickle_and_copy(self):
        keys = self.keys()
        for other in (pickle.loads(pickle.dumps(keys)), copy.deepcopy(keys)):
            assert repr(other) == repr(keys) and other.dtype is KEY

    def test_wrong_physical_shape(self):
        with pytest.raises(TypeError, match=r"must end in \(2,\), got \(3,\)"):
            wr.device_put(np.zeros(3, "u4"), KEY)

    def test_through_a_program(self):
        module = "func.func @main(%k: tensor<3x2xui32>) -> tensor<3x2xui32> { return %k : tensor<3x2xui32> }"
        keys = self.keys()
        (out,) = wr.compile(module, [keys.spec], [((3,), KEY, False)])([keys])
        assert out.spec is keys.spec and repr(out) == repr(keys)
