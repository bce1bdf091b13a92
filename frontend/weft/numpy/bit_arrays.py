"""Bits packed into bytes, and unpacked."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft.numpy._arguments import array, axis_within
from weft.numpy._ops import broadcast_in_dim, constant, emit, iota, kind, like, ops, reshape_to, slice_axis
from weft.numpy.logic import truth
from weft.numpy.reductions import reduce_axes
from weft.numpy.shapes import moveaxis

_UINT8 = np.dtype(np.uint8)


def _places(bitorder: str, shape: tuple[int, ...]) -> Any:
    """Place of each of eight bits along the last axis."""
    if bitorder not in ("big", "little"):
        raise ValueError("'order' must be either 'little' or 'big'")
    place = iota(shape, _UINT8, len(shape) - 1)
    return bind(ops.sub, like(place, 7), place) if bitorder == "big" else place


@library("a")
def packbits(a: Any, axis: int | None = None, bitorder: str = "big") -> Any:
    """Eight elements along an axis (or flattened) each as the bits of one uint8."""
    x = array("packbits", a)
    if kind(x) not in "biu":
        raise TypeError("Expected an input array of integer or boolean data type")
    x = truth(x)
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    x = moveaxis(convert(x, _UINT8, False), at, -1)
    missing = -x.shape[-1] % 8
    if missing:
        high = (0,) * (x.ndim - 1) + (missing,)
        x = emit("pad", x, constant(0, (), _UINT8), low=(0,) * x.ndim, high=high, interior=(0,) * x.ndim)
    x = reshape_to(x, (*x.shape[:-1], x.shape[-1] // 8, 8))
    made = reduce_axes("reduce_or", bind(ops.shift_left, x, _places(bitorder, x.shape)), (x.ndim - 1,))
    return moveaxis(made, -1, at)


@library("a")
def unpackbits(a: Any, axis: int | None = None, count: int | None = None, bitorder: str = "big") -> Any:
    """The bits of uint8 along an axis (or flattened), each as a uint8; `count` of them (less, if negative)."""
    x = array("unpackbits", a)
    if x.dtype != _UINT8:
        raise TypeError("Expected an input array of unsigned byte data type")
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    x = moveaxis(x, at, -1)
    shape = (*x.shape, 8)
    bits = bind(
        ops.shift_right_logical, broadcast_in_dim(x, shape, tuple(range(x.ndim))), _places(bitorder, shape)
    )
    bits = bind(ops.and_, bits, like(bits, 1))
    bits = reshape_to(bits, (*x.shape[:-1], x.shape[-1] * 8))
    if count is not None:
        n = bits.shape[-1]
        wanted = count if count >= 0 else max(n + count, 0)
        if wanted > n:
            high = (0,) * (bits.ndim - 1) + (wanted - n,)
            zero = constant(0, (), _UINT8)
            bits = emit("pad", bits, zero, low=(0,) * bits.ndim, high=high, interior=(0,) * bits.ndim)
        else:
            bits = slice_axis(bits, bits.ndim - 1, 0, wanted)
    return moveaxis(bits, -1, at)
