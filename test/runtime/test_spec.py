"""Specs are interned, and say what an array is."""

import ml_dtypes
import numpy as np
import pytest

from weft_runtime import SingleDeviceSharding, Spec, devices

F4 = np.dtype("f4")


@pytest.fixture(scope="module")
def here():
    return SingleDeviceSharding(devices("cpu")[0])


def test_equal_specs_are_one_object(here):
    spec = Spec((2, 3), F4, here)
    assert Spec((2, 3), np.dtype("float32"), here) is spec
    assert Spec((2, np.int64(3)), "f4", here, False, np.False_) is spec
    assert spec.shape == (2, 3) and all(type(n) is int for n in spec.shape)
    assert (spec.ndim, spec.size, spec.dtype) == (2, 6, F4)


def test_each_field_makes_another_spec(here):
    spec = Spec((2,), F4, here)
    others = [
        Spec((3,), F4, here),
        Spec((2,), np.dtype("i4"), here),
        Spec((2,), F4, here, True),
        Spec((2,), F4, here, False, True),
    ]
    assert len({spec, *others}) == 5
    assert spec.update(weak_type=True) is others[2]
    assert spec.update(shape=(3,)) is others[0]


def test_byte_order_is_not_part_of_a_spec(here):
    assert Spec((2,), np.dtype(">f4"), here) is Spec((2,), F4, here)


@pytest.mark.parametrize("dtype", ["O", "U3", "S2", "M8[s]", [("a", "f4")]])
def test_dtypes_without_a_form_on_devices_are_refused(here, dtype):
    with pytest.raises(TypeError, match="no form on a device"):
        Spec((), np.dtype(dtype), here)


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        ("f4", "f32[2,3]"),
        ("bool", "bool[2,3]"),
        ("u1", "u8[2,3]"),
        ("c8", "c64[2,3]"),
        (ml_dtypes.bfloat16, "bf16[2,3]"),
        (ml_dtypes.int4, "i4[2,3]"),
        (ml_dtypes.float8_e4m3fn, "f8_e4m3fn[2,3]"),
    ],
)
def test_text(here, dtype, text):
    assert str(Spec((2, 3), np.dtype(dtype), here)) == text


def test_long_name(here):
    assert Spec((), F4, here).long_name == "float32[]"


def test_sharding_is_interned(here):
    device = here.device
    assert SingleDeviceSharding(device) is here
    assert SingleDeviceSharding(device, here.memory_kind) is here
    assert SingleDeviceSharding(device, "pinned_host") is not here
    assert repr(here) == "SingleDeviceSharding(device=CpuDevice(id=0), memory_kind=device)"


def test_sharding_says_where_the_parts_are(here):
    assert here.device_set == {here.device} == here.addressable_devices
    assert here.shard_shape((4, 5)) == (4, 5)
    assert here.devices_indices_map((4,)) == {here.device: (slice(None),)}
    assert here.is_fully_addressable and here.is_fully_replicated and here.num_devices == 1


def test_sharding_refuses_what_it_cannot_be(here):
    with pytest.raises(ValueError, match="no memory of kind 'nowhere', only device"):
        SingleDeviceSharding(here.device, "nowhere")
    with pytest.raises(TypeError, match="expected a device, got str 'cpu'"):
        SingleDeviceSharding("cpu")
