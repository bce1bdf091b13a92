"""Arrays over several devices from their parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft_runtime import pjrt
from weft_runtime.array import Array
from weft_runtime.sharding import Sharding
from weft_runtime.spec import Spec
from weft_runtime.transfer import device_put


def from_single_device_arrays(shape: Sequence[int], sharding: Sharding, arrays: Sequence[Array]) -> Array:
    """The array of `shape` whose parts, in the order of the sharding's devices, are `arrays`; nothing is copied.

    Raises: ValueError if a part has another shape or dtype than the others, or is on another device.
    """
    part = sharding.shard_shape(tuple(shape))
    if len(arrays) != sharding.num_devices:
        raise ValueError(f"{sharding} has {sharding.num_devices} parts, got {len(arrays)} arrays")
    by_device = {x.sharding.devices[0]: x for x in arrays}
    ordered = [by_device.get(device) for device in sharding.devices]
    first = arrays[0]
    for x, device in zip(ordered, sharding.devices, strict=True):
        if x is None or len(x.sharding.devices) != 1:
            raise ValueError(f"no array of one device is on {device}")
        if x.shape != part or x.dtype != first.dtype:
            raise ValueError(f"the part on {device} is {x.spec}, it must be {first.dtype.name}{list(part)}")
    spec = Spec(tuple(shape), first.dtype, sharding, first.weak_type, True)
    impl = sharding.impl_for(len(spec.physical_shape))
    buffers = [x._live() for x in ordered if x is not None]
    return Array(spec, pjrt.put(spec.physical, impl, buffers, sharding.devices, committed=True, alias=True))


def from_callback(
    shape: Sequence[int], sharding: Sharding, data: Callable[[tuple[slice, ...]], Any], dtype: Any = None
) -> Array:
    """The array whose part at each index is `data(index)`, called once for each different index."""
    shape = tuple(shape)
    part = sharding.shard_shape(shape)
    known: dict[str, np.ndarray] = {}
    arrays = []
    for device, index in sharding.devices_indices_map(shape).items():
        if str(index) not in known:
            known[str(index)] = np.asarray(data(index), dtype)
            if known[str(index)].shape != part:
                raise ValueError(
                    f"data_callback gave shape {known[str(index)].shape} at {index}, a part has {part}"
                )
        value = known[str(index)]
        arrays.append(device_put(value, value.dtype, device=device))
    return from_single_device_arrays(shape, sharding, arrays)
