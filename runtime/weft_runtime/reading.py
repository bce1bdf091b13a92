"""From a device's buffer to a numpy array, for every dtype, without jaxlib's calls that import jax."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from weft_runtime import pjrt
from weft_runtime.capsule import host_view

if TYPE_CHECKING:
    from weft_runtime.spec import Spec


def read(buffer: pjrt.ArrayImpl, spec: Spec) -> np.ndarray:
    """The elements of a live buffer, read-only: a view of CPU memory where numpy can have one.

    The view keeps the memory alive. For an extended dtype these are the physical elements.
    """
    buffer.block_until_ready()  # jaxlib ends the process if it is asked for memory that could not be had
    if len(spec.sharding.devices) > 1:
        return _joined(buffer, spec)
    try:
        return np.asarray(memoryview(buffer))
    except BufferError:  # bfloat16, float8, int4, ...; several devices; the memory of a GPU
        pass
    kept = None if spec.on_host else pjrt.kept_host_value(buffer)
    if kept is not None:
        return kept
    value = _read_copy(buffer, spec)
    value.flags.writeable = False
    if not spec.on_host:
        pjrt.keep_host_value(buffer, value)  # the way from the device is the expensive part
    return value


def _joined(buffer: pjrt.ArrayImpl, spec: Spec) -> np.ndarray:
    from weft_runtime.shards import parts_of  # it imports this module, through that of arrays

    value = np.empty(spec.physical_shape, spec.physical_dtype)
    for part, index, shard in parts_of(buffer, spec):
        value[index] = read(shard, part)
    value.flags.writeable = False
    return value


def _read_copy(buffer: pjrt.ArrayImpl, spec: Spec) -> np.ndarray:
    if pjrt.reads_everything(buffer) or not spec.on_host:
        return pjrt.read_copy(buffer)
    # What is left is jaxlib 0.10 on the CPU.
    shape, dtype = spec.physical_shape, spec.physical_dtype
    if dtype.name in _WIDER:
        device = spec.sharding.devices[0]
        wide = _widening(shape, dtype.name, device).execute_sharded([buffer])
        aval = pjrt.Aval(shape, np.dtype(_WIDER[dtype.name][2]))
        handler = pjrt.result_handler(aval, spec.sharding.impl_for(len(shape)), False)
        return np.asarray(memoryview(wide.consume_with_handlers([handler])[0])).astype(dtype)
    try:
        capsule = pjrt.to_dlpack(buffer, None)  # it keeps the memory in place while it is copied
    except pjrt.JaxRuntimeError:  # int1, uint1
        return pjrt.read_copy(buffer)
    return host_view(capsule).copy()


def address(buffer: pjrt.ArrayImpl, spec: Spec) -> int:
    """Where the elements of a live buffer begin, on its device."""
    buffer.block_until_ready()
    if spec.on_host and spec.size:  # jaxlib's own answer imports jax before 0.11
        try:
            return np.asarray(memoryview(buffer)).ctypes.data
        except BufferError:
            pass
    return pjrt.address(buffer)


# Integers of a few bits lie packed in memory that jaxlib 0.10 does not show; a tiny program widens them.
_WIDER = {
    "int2": ("i2", "i8", np.int8),
    "int4": ("i4", "i8", np.int8),
    "uint2": ("ui2", "ui8", np.uint8),
    "uint4": ("ui4", "ui8", np.uint8),
}


@functools.lru_cache(maxsize=64)
def _widening(shape: tuple[int, ...], name: str, device: pjrt.Device) -> pjrt.LoadedExecutable:
    dims = "".join(f"{n}x" for n in shape)
    narrow, wide, _ = _WIDER[name]
    program = f"""
      func.func @main(%x: tensor<{dims}{narrow}>) -> tensor<{dims}{wide}> {{
        %y = stablehlo.convert %x : (tensor<{dims}{narrow}>) -> tensor<{dims}{wide}>
        return %y : tensor<{dims}{wide}>
      }}"""
    options = pjrt.compile_options((device,), {}, None)
    return pjrt.compile_module(device.client, program, (device,), options)
