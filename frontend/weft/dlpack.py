"""Arrays from and for other libraries, by DLPack: `other.from_dlpack(x)` takes an array of weft as it is."""

from __future__ import annotations

from typing import Any

import weft_runtime
from weft import dtypes
from weft_runtime import Array, Device

__all__ = ["from_dlpack", "is_supported_dtype"]

_UNSUPPORTED = ("int1", "int2", "int4", "uint1", "uint2", "uint4")


def from_dlpack(external_array: Any, device: Device | None = None, copy: bool | None = None) -> Array:
    """An array of another library, which must have `__dlpack__` and `__dlpack_device__`.

    CPU memory is copied, since its owner may write to it; `copy=False` shares it, and the owner must not. Arrays
    on other devices share their memory unless `copy` is True. Without `device` the array stays where it is,
    committed there.

    Raises: TypeError for what is no such array; BufferError or ValueError where the memory cannot be shared.
    """
    if not (hasattr(external_array, "__dlpack__") and hasattr(external_array, "__dlpack_device__")):
        raise TypeError(
            "The array passed to from_dlpack must have __dlpack__ and __dlpack_device__ methods, got "
            f"{type(external_array).__name__}; capsules are not taken, since they do not tell their device"
        )
    if device is None and external_array.__dlpack_device__()[0] == weft_runtime.dlpack.CPU:
        device = _cpu()
    made = weft_runtime.from_dlpack(external_array, device=device, copy=copy)
    wanted = dtypes.canonicalize_dtype(made.dtype)
    if wanted == made.dtype:
        return made
    if copy is False:
        raise ValueError(f"from_dlpack: {made.dtype} becomes {wanted} where x64 is off, which needs a copy")
    return made.astype(wanted)  # type: ignore[attr-defined]  # the methods are attached when weft is imported


def _cpu() -> Device | None:
    """The CPU, or the default device where weft may not use the CPU."""
    try:
        return weft_runtime.local_devices(backend="cpu")[0]
    except RuntimeError:
        return None


def is_supported_dtype(dtype: Any) -> bool:
    """Whether arrays of the dtype can be exchanged."""
    return not dtypes.is_extended(dtype) and dtypes.dtype(dtype).name not in _UNSUPPORTED
