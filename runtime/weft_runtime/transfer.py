"""Values to devices: from numpy, from Python numbers, from other devices, from other libraries.

What arrives is always the device's own copy: later writes to the user's memory do not reach it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from weft_runtime import dlpack, pjrt
from weft_runtime.array import Array
from weft_runtime.capsule import host_view
from weft_runtime.devices import default_device, default_sharding, local_devices
from weft_runtime.reading import read
from weft_runtime.sharding import Sharding, SingleDeviceSharding
from weft_runtime.spec import Dtype, Spec

HostValue = np.ndarray | np.generic | bool | int | float | complex
Place = pjrt.Device | Sharding


def sharding_of(place: Place | None) -> Sharding:
    """A device or a sharding as a sharding; None is the default device."""
    if place is None:
        return default_sharding()
    return place if isinstance(place, Sharding) else SingleDeviceSharding(place)


def device_put(
    value: HostValue,
    dtype: Dtype,
    *,
    weak_type: bool = False,
    device: Place | None = None,
    committed: bool | None = None,
) -> Array:
    """A host value on a device, converted to `dtype`.

    Without `device` it goes to the default device, uncommitted. For an extended dtype `value` holds the
    elements of the physical dtype, so its shape ends in `dtype.physical_shape`.
    """
    sharding = sharding_of(device)
    is_committed = device is not None if committed is None else committed
    if isinstance(dtype, np.dtype):
        value = np.asarray(value, dtype)
        spec = Spec(value.shape, dtype, sharding, weak_type, is_committed)
    else:
        value = np.asarray(value, dtype.physical_dtype)
        suffix = tuple(dtype.physical_shape)
        rank = value.ndim - len(suffix)
        if rank < 0 or value.shape[rank:] != suffix:
            raise TypeError(
                f"{dtype.name}: the shape of its elements must end in {suffix}, got {value.shape}"
            )
        spec = Spec(value.shape[:rank], dtype, sharding, weak_type, is_committed)
    return put_physical(spec, value)


def put_physical(spec: Spec, value: np.ndarray, *, alias: bool = False) -> Array:
    """Elements that have the shape and dtype of `spec.physical` already, to the devices of `spec`."""
    if value.dtype is not spec.physical_dtype:
        value = np.asarray(value, spec.physical_dtype)  # the native byte order: jaxlib does not look at it
    sharding = spec.sharding
    shards = [value]
    if len(sharding.devices) > 1:
        places = sharding.devices_indices_map(spec.shape)
        # Copies that belong to the array: jaxlib 0.10 cannot copy several during the call.
        shards, alias = [np.array(value[places[d]], order="C") for d in sharding.devices], True
    impl = sharding.impl_for(value.ndim)
    made = pjrt.put(spec.physical, impl, shards, sharding.devices, committed=spec.committed, alias=alias)
    return Array(spec, made)


def putter(spec: Spec) -> Callable[[np.ndarray], pjrt.ArrayImpl]:
    """The buffers of many arrays of one spec, on one device; the dtype of the values is that of the spec."""
    sharding = spec.sharding
    return pjrt.putter(spec.physical, sharding.impl_for(spec.ndim), sharding.devices, spec.committed)


def move(x: Array, device: Place | None = None) -> Array:
    """The array on another device or in another memory, committed there; itself where it is there already.

    Where nothing has to move, the result shares the memory of `x`.
    """
    sharding = sharding_of(device)
    spec = x.spec.update(sharding=sharding, committed=x.committed or device is not None)
    if sharding is x.spec.sharding:
        return x if spec is x.spec else Array(spec, x._live())
    return _copy(x, spec)


def copy_array(x: Array) -> Array:
    """The same value in memory of its own."""
    return _copy(x, x.spec)


def _copy(x: Array, spec: Spec) -> Array:
    source, target = x.spec.sharding, spec.sharding
    ndim = len(spec.physical_shape)
    is_same = source is target or (len(source.devices) == len(target.devices) == 1)
    if is_same and source.devices[0].client is target.devices[0].client:
        return Array(spec, pjrt.copy_to(x._live(), target.devices, target.impl_for(ndim)))
    return put_physical(spec, read(x._live(), x.spec))


def from_pickle(value: np.ndarray, dtype: Dtype, weak_type: bool) -> Array:
    """What unpickling an Array calls: the value on the default device of the process that reads it."""
    return device_put(value, dtype, weak_type=weak_type)


# Python numbers come again and again (`x * 2.0`): a put costs microseconds, a look-up less than one.

_SCALARS_KEPT = 4096
_scalars: dict[tuple[Any, ...], Array] = {}


def scalar(value: bool | int | float | complex, dtype: np.dtype, weak_type: bool = True) -> Array:
    """A number as an array on the default device; the same number gives the same array.

    Such an array must never be donated: others hold it too.
    """
    kind = type(value)
    bits: object = value
    if kind is float:
        if value == 0 or value != value:  # 0.0 == -0.0, and nan is not even itself
            bits = struct.pack("d", value)
    elif kind is complex:
        bits = struct.pack("dd", value.real, value.imag)
    elif kind is not int and kind is not bool:
        raise TypeError(f"scalar: expected a Python number, got {kind.__name__} {value!r}")
    key = (kind, bits, dtype, weak_type, default_device())
    known = _scalars.get(key)
    if known is not None and not known._b.is_deleted():
        return known
    if len(_scalars) >= _SCALARS_KEPT:
        _scalars.clear()
    x = _scalars[key] = device_put(value, dtype, weak_type=weak_type)
    return x


def from_dlpack(x: Any, *, device: pjrt.Device | None = None, copy: bool | None = None) -> Array:
    """An array of another library. CPU memory is copied, unless `copy=False` asks to share it.

    Raises: BufferError or ValueError where the memory cannot be shared and copy is False.
    """
    kind, _ = x.__dlpack_device__()
    if kind in (dlpack.CPU, dlpack.CUDA_HOST):
        return _from_host(x.__dlpack__(), device, copy)
    source = _device_like(x.__dlpack_device__())
    stream = source.get_stream_for_external_ready_events() if kind == dlpack.CUDA else None
    buffer = pjrt.from_dlpack(x.__dlpack__(stream=stream), source, stream, copy)
    aval = buffer.aval
    array = Array(Spec(aval.shape, aval.dtype, SingleDeviceSharding(source), False, True), buffer)
    return array if device is None else move(array, device)


def _from_host(capsule: Any, device: pjrt.Device | None, copy: bool | None) -> Array:
    value = host_view(capsule)
    if copy is not False:
        return device_put(value, value.dtype, device=device)
    sharding = sharding_of(device)
    spec = Spec(value.shape, value.dtype, sharding, False, device is not None)
    if not spec.on_host or not value.flags.c_contiguous or value.ctypes.data % 64:
        raise ValueError(
            "from_dlpack: copy=False needs row-major memory at a multiple of 64 bytes, and a CPU device; "
            "leave copy out"
        )
    owner = _Owned(value, capsule)
    return put_physical(spec, owner, alias=True)


class _Owned(np.ndarray):
    """A view of a capsule's memory that keeps the capsule alive."""

    _capsule: Any

    def __new__(cls, value: np.ndarray, capsule: Any) -> _Owned:
        self = value.view(cls)
        self._capsule = capsule
        return self


def _device_like(dl_device: tuple[int, int]) -> pjrt.Device:
    for candidate in local_devices(backend="gpu"):
        if candidate.local_hardware_id == dl_device[1]:
            return candidate
    raise BufferError(f"from_dlpack: this process has no device {dl_device}")
