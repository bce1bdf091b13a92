"""Devices in the shape of a mesh."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np

import weft_runtime
from weft_runtime import Device


def create_device_mesh(
    mesh_shape: Sequence[int],
    devices: Sequence[Device] | None = None,
    *,
    contiguous_submeshes: bool = False,
    allow_split_physical_axes: bool = False,
) -> np.ndarray:
    """An array of devices of the shape `mesh_shape`, for `Mesh`: all devices, in the order in which they are listed.

    The options are for machines whose wiring the order should follow, which that of the devices does already.
    Raises: ValueError unless there are as many devices as the mesh has places.
    """
    shape = tuple(map(operator.index, mesh_shape))
    found = list(weft_runtime.devices() if devices is None else devices)
    if len(found) != math.prod(shape):
        raise ValueError(f"Number of devices {len(found)} must equal the product of mesh_shape {shape}")
    grid = np.empty(len(found), dtype=object)
    grid[:] = found
    return grid.reshape(shape)
