"""What a DLPack capsule of CPU memory holds, as a numpy array.

numpy's own reader refuses bfloat16, float8 and float4, so the C structure is read here.
"""

from __future__ import annotations

import ctypes
from typing import Any  # a capsule has no type of its own

import ml_dtypes
import numpy as np


class _Tensor(ctypes.Structure):
    """DLTensor of dlpack.h, which a capsule without a version begins with."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("type_code", ctypes.c_uint8),
        ("type_bits", ctypes.c_uint8),
        ("type_lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


_LETTER = {0: "i", 1: "u", 2: "f", 5: "c"}
_NARROW = {
    (4, 16): ml_dtypes.bfloat16,
    (6, 8): np.bool_,
    (7, 8): ml_dtypes.float8_e3m4,
    (8, 8): ml_dtypes.float8_e4m3,
    (9, 8): ml_dtypes.float8_e4m3b11fnuz,
    (10, 8): ml_dtypes.float8_e4m3fn,
    (11, 8): ml_dtypes.float8_e4m3fnuz,
    (12, 8): ml_dtypes.float8_e5m2,
    (13, 8): ml_dtypes.float8_e5m2fnuz,
    (14, 8): ml_dtypes.float8_e8m0fnu,
    (17, 4): ml_dtypes.float4_e2m1fn,
}

_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = (ctypes.py_object, ctypes.c_char_p)


def host_view(capsule: Any) -> np.ndarray:
    """The tensor of a capsule in CPU memory: a view, valid while the capsule lives (4-bit floats: a copy).

    Raises: BufferError if numpy has no dtype for the elements.
    """
    tensor = _Tensor.from_address(_pointer_of(capsule, b"dltensor"))
    dtype = _dtype(tensor)
    shape = tuple(tensor.shape[: tensor.ndim])
    if 0 in shape:
        return np.empty(shape, dtype)
    if tensor.type_bits == 4:
        return _unpacked(tensor, shape, dtype)
    strides = _strides(tensor, shape)
    reach = [(n - 1) * step for n, step in zip(shape, strides, strict=True)]
    first, last = sum(min(0, r) for r in reach), sum(max(0, r) for r in reach)
    address = tensor.data + tensor.byte_offset + first * dtype.itemsize
    memory = (ctypes.c_char * ((last - first + 1) * dtype.itemsize)).from_address(address)
    steps = [step * dtype.itemsize for step in strides]
    return np.ndarray(shape, dtype, memory, offset=-first * dtype.itemsize, strides=steps)


def _dtype(tensor: _Tensor) -> np.dtype:
    code, bits, lanes = tensor.type_code, tensor.type_bits, tensor.type_lanes
    if lanes == 1 and (code, bits) in _NARROW:
        return np.dtype(_NARROW[code, bits])
    if lanes == 1 and code in _LETTER and bits in (8, 16, 32, 64, 128):
        return np.dtype(f"{_LETTER[code]}{bits // 8}")
    raise BufferError(f"DLPack: elements of type code {code}, {bits} bits and {lanes} lanes are not known")


def _strides(tensor: _Tensor, shape: tuple[int, ...]) -> list[int]:
    """In elements; a tensor that names none is row-major."""
    if tensor.strides:
        return tensor.strides[: tensor.ndim]
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return strides


def _unpacked(tensor: _Tensor, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Two elements to a byte, the low half first, row-major."""
    count = int(np.prod(shape))
    memory = (ctypes.c_char * ((count + 1) // 2)).from_address(tensor.data + tensor.byte_offset)
    pairs = np.frombuffer(memoryview(memory), np.uint8)
    return np.stack([pairs & 15, pairs >> 4], axis=-1).reshape(-1)[:count].view(dtype).reshape(shape)
