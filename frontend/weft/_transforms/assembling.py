"""Arrays over several devices from their parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft_runtime import Array, Sharding


def make_array_from_callback(
    shape: Sequence[int],
    sharding: Sharding,
    data_callback: Callable[[tuple[slice, ...]], Any],
    dtype: Any = None,
) -> Array:
    """The array over the devices of `sharding` whose part at each index is `data_callback(index)`.

    The function is called once for each different index, a tuple of slices of the whole.
    Raises: ValueError if `sharding` does not divide `shape`, or a part has another shape.
    """
    wanted = None if dtype is None else dtypes.canonicalize_dtype(dtype)

    def part(index: tuple[slice, ...]) -> np.ndarray:
        value = np.asarray(data_callback(index))
        return np.asarray(value, dtypes.dtype(value) if wanted is None else wanted)

    return weft_runtime.from_callback(shape, sharding, part)


def make_array_from_single_device_arrays(
    shape: Sequence[int], sharding: Sharding, arrays: Sequence[Array], *, dtype: Any = None
) -> Array:
    """The array of `shape` whose parts are `arrays`, one on each device of `sharding`; nothing is copied.

    Raises: ValueError if a device has no part, or one of another shape or dtype.
    """
    made = weft_runtime.from_single_device_arrays(shape, sharding, list(arrays))
    if dtype is not None and made.dtype != dtypes.canonicalize_dtype(dtype):
        raise ValueError(f"make_array_from_single_device_arrays: the parts are {made.dtype}, not {dtype}")
    return made
