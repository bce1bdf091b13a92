"""Values reach a device unchanged, and what the user does with his memory afterwards does not."""

import ml_dtypes
import numpy as np
import pytest

import weft_runtime as wr

F4, F8 = np.dtype("f4"), np.dtype("f8")
NARROW = [
    n
    for n in dir(ml_dtypes)
    if n.startswith(("bfloat", "float8", "float4", "int2", "int4", "uint2", "uint4"))
]
PLAIN = ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("dtype", PLAIN + NARROW)
@pytest.mark.parametrize("shape", [(), (9,), (2, 3), (0, 2)])
def test_round_trip(dtype, shape):
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    value = (np.arange(int(np.prod(shape)), dtype="i4").reshape(shape) % 2).astype(dtype)
    x = wr.device_put(value, dtype)
    assert x.dtype == dtype and x.shape == shape
    read = np.asarray(x)
    assert read.dtype == dtype and read.tobytes() == value.tobytes()


@pytest.mark.parametrize("name", ["int4", "uint4", "float4_e2m1fn", "bfloat16", "float8_e5m2"])
def test_all_bits_of_narrow_dtypes(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    values = {
        "int4": range(-8, 8),
        "uint4": range(16),
        "float4_e2m1fn": [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -6, 1],
    }.get(name, [0.0, -0.0, 1.5, -3.0, np.inf, 0.25])
    value = np.array(list(values)).astype(dtype)
    assert np.asarray(wr.device_put(value, dtype)).tobytes() == value.tobytes()


def test_value_is_converted():
    assert wr.device_put(np.array([1.9, -1.9]), np.dtype("i4")).tolist() == [1, -1]
    assert wr.device_put(1.5, F4).dtype == F4
    assert wr.device_put(np.float64(0.1), F8).item() == 0.1
    assert wr.device_put(2**40, np.dtype("i8")).item() == 2**40


def test_byte_order():
    big = np.arange(4, dtype=">f4")
    assert wr.device_put(big, F4).tolist() == [0, 1, 2, 3]
    assert wr.device_put(big, big.dtype).tolist() == [0, 1, 2, 3]
    assert wr.device_put(big, big.dtype).dtype == F4


@pytest.mark.parametrize("size", [16, 1 << 20])
def test_memory_of_the_user_is_never_used(size):
    memory = np.zeros(size * 4 + 64, np.uint8)
    start = -memory.ctypes.data % 64
    aligned = memory[start : start + size * 4].view(F4)
    x = wr.device_put(aligned, F4)
    aligned[:] = 1
    assert not np.asarray(x).any()


def test_layouts_of_numpy():
    value = np.arange(24).reshape(2, 3, 4)
    for view in (
        value.T,
        value[:, ::-1],
        value[::2, 1],
        np.asfortranarray(value),
        np.broadcast_to(value, (5, 2, 3, 4)),
    ):
        assert np.array_equal(wr.device_put(view, F4), view)


def test_commitment():
    device = wr.devices("cpu")[0]
    assert not wr.device_put(1, F4).committed
    assert wr.device_put(1, F4, device=device).committed
    assert not wr.device_put(1, F4, device=device, committed=False).committed


def test_move():
    x = wr.device_put([1.0, 2.0], F4)
    assert wr.move(x) is x
    here = wr.move(x, x.device)
    assert here.committed and here.unsafe_buffer_pointer() == x.unsafe_buffer_pointer()
    pinned = wr.move(x, wr.SingleDeviceSharding(x.device, "pinned_host"))
    assert pinned.sharding.memory_kind == "pinned_host" and pinned.tolist() == [1.0, 2.0]


def test_scalars_are_kept():
    assert wr.scalar(2.0, F4) is wr.scalar(2.0, F4)
    assert wr.scalar(2.0, F4) is not wr.scalar(2.0, F8)
    assert wr.scalar(2.0, F4) is not wr.scalar(2.0, F4, False)
    assert wr.scalar(True, F4) is not wr.scalar(1, F4)
    assert wr.scalar(float("nan"), F4) is wr.scalar(float("nan"), F4)
    assert str(wr.scalar(-0.0, F4)) == "-0.0" and str(wr.scalar(0.0, F4)) == "0.0"
    assert str(wr.scalar(complex(0.0, -0.0), np.dtype("c8"))) == "-0j"
    assert wr.scalar(3, F4).weak_type and not wr.scalar(3, F4, False).weak_type
    with pytest.raises(TypeError, match="expected a Python number, got str"):
        wr.scalar("3", F4)


def test_deleted_scalar_is_made_again():
    wr.scalar(17.0, F4).delete()
    assert float(wr.scalar(17.0, F4)) == 17.0


class TestDlpack:
    def test_to_numpy(self):
        x = wr.device_put([1.0, 2.0], F4)
        assert x.__dlpack_device__() == (1, 0)
        assert np.from_dlpack(x).tolist() == [1.0, 2.0]
        assert np.from_dlpack(x).ctypes.data == x.unsafe_buffer_pointer()
        assert np.from_dlpack(x, copy=True).ctypes.data != x.unsafe_buffer_pointer()

    def test_what_it_cannot_carry(self):
        with pytest.raises(BufferError, match=r"i4\[1\] cannot be shared"):
            wr.device_put([1], np.dtype(ml_dtypes.int4)).__dlpack__()
        with pytest.raises(BufferError, match="not on"):
            wr.device_put([1], F4).__dlpack__(dl_device=(2, 0))

    @pytest.mark.parametrize("order", ["C", "F"])
    def test_from_numpy_is_a_copy(self, order):
        value = np.array([[1.0, 2.0], [3.0, 4.0]], "f4", order=order)
        x = wr.from_dlpack(value)
        value[:] = 0
        assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]] and x.dtype == F4

    def test_negative_strides(self):
        assert wr.from_dlpack(np.arange(6)[::-2]).tolist() == [5, 3, 1]

    @pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "bool", "complex64", "float4_e2m1fn"])
    def test_dtypes_that_numpy_refuses(self, name):
        dtype = np.dtype(getattr(ml_dtypes, name, name))
        x = wr.device_put([0, 1, 1], dtype)
        y = wr.from_dlpack(x)
        assert y.dtype == dtype and y.tobytes() == x.tobytes()

    def test_sharing(self):
        memory = np.zeros(256, np.uint8)
        start = -memory.ctypes.data % 64
        value = memory[start : start + 64].view(F4)
        x = wr.from_dlpack(value, copy=False)
        assert x.unsafe_buffer_pointer() == value.ctypes.data
        with pytest.raises(ValueError, match="copy=False needs"):
            wr.from_dlpack(value[1:], copy=False)
