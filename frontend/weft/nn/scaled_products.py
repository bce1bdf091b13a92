"""Products of arrays that are quantized in blocks, each with a scale: the microscaling formats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ml_dtypes
import numpy as np

import weft.numpy as wnp
from weft import lax
from weft._tracing.library import library
from weft._tracing.values import as_value
from weft._transforms.custom.custom_vjp import custom_vjp

Axes = tuple[int, ...]
DotDimensionNumbers = tuple[tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]]

_F32 = np.dtype(np.float32)


@dataclass(frozen=True, eq=False)
class BlockScaleConfig:
    """How an array is quantized: elements of `data_type`, a scale of `scale_type` for each `block_size` of them."""

    mode: str
    block_size: int
    data_type: Any
    scale_type: Any
    global_scale: Any
    """One more scale for the whole array; None where the format has none."""
    infer_only: bool = False


def get_scaled_dot_general_config(
    mode: Literal["nvfp4", "mxfp8"], global_scale: Any = None
) -> BlockScaleConfig:
    """How `scaled_dot_general` quantizes an operand, by the name of a format.

    `global_scale` is for "nvfp4" alone, by default 1.

    Raises: ValueError for an unknown format, or a global scale where there is none.
    """
    if mode == "nvfp4":
        scale = wnp.ones((1,), _F32) if global_scale is None else as_value(global_scale)
        if scale.dtype != _F32:
            raise ValueError(
                f"get_scaled_dot_general_config: global_scale must be float32, got {scale.dtype}"
            )
        return BlockScaleConfig(mode, 16, ml_dtypes.float4_e2m1fn, ml_dtypes.float8_e4m3fn, scale)
    if mode == "mxfp8":
        if global_scale is not None:
            raise ValueError("get_scaled_dot_general_config: mxfp8 has no global_scale")
        return BlockScaleConfig(mode, 32, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e8m0fnu, None)
    raise ValueError(f"get_scaled_dot_general_config: mode must be 'nvfp4' or 'mxfp8', got {mode!r}")


@library("lhs", "rhs", "lhs_scales", "rhs_scales")
def scaled_matmul(
    lhs: Any, rhs: Any, lhs_scales: Any, rhs_scales: Any, preferred_element_type: Any = np.float32
) -> Any:
    """Batched `lhs @ rhs.T` of arrays that are multiplied by scales block by block along the last axis.

    Shapes: lhs[b, m, k], rhs[b, n, k], lhs_scales[b, m, k / block], rhs_scales[b, n, k / block] -> [b, m, n].
    Raises: TypeError, ValueError if the shapes do not go together. Products and sums are in float32.
    """
    for name, x, scales in (("lhs", lhs, lhs_scales), ("rhs", rhs, rhs_scales)):
        if x.ndim != 3 or scales.ndim != 3:
            raise ValueError(
                f"scaled_matmul: {name} and its scales must have three axes, got {x.shape}, {scales.shape}"
            )
        if x.shape[:2] != scales.shape[:2] or not scales.shape[2] or x.shape[2] % scales.shape[2]:
            raise ValueError(
                f"scaled_matmul: the scales of {name} must have its first axes and a last one that divides its "
                f"last, got {scales.shape} for {x.shape}"
            )
    if lhs.shape[0] != rhs.shape[0] or lhs.shape[2] != rhs.shape[2]:
        raise ValueError(
            f"scaled_matmul: lhs {lhs.shape} and rhs {rhs.shape} must agree in the first and last axis"
        )
    products = (((2,), (2,)), ((0,), (0,)))
    out = lax.dot_general(
        _scaled(lhs, lhs_scales), _scaled(rhs, rhs_scales), products, preferred_element_type=_F32
    )
    return out.astype(preferred_element_type)


def _scaled(x: Any, scales: Any) -> Any:
    blocks = x.astype(_F32).reshape((*scales.shape, -1))
    return (blocks * scales.astype(_F32)[..., None]).reshape(x.shape)


def scaled_dot_general(
    lhs: Any,
    rhs: Any,
    dimension_numbers: DotDimensionNumbers,
    preferred_element_type: Any = np.float32,
    configs: list[BlockScaleConfig] | None = None,
    implementation: Literal["cudnn"] | None = None,
) -> Any:
    """`lax.dot_general` of operands that are quantized first, in blocks along the axes that are summed over.

    `configs` say how: for `lhs`, `rhs` and, in derivatives, for the cotangent; without them nothing is quantized.
    The derivative is that of the product, quantized in its turn; rounding counts as the identity.

    Raises: ValueError if a quantized array has no whole number of blocks. `implementation` is not looked at.
    """
    (lhs_sum, rhs_sum), (lhs_batch, rhs_batch) = dimension_numbers
    numbers = ((tuple(lhs_sum), tuple(rhs_sum)), (tuple(lhs_batch), tuple(rhs_batch)))
    lhs, rhs = as_value(lhs), as_value(rhs)
    if configs is None:
        return lax.dot_general(lhs, rhs, numbers, preferred_element_type=preferred_element_type)
    if len(configs) not in (2, 3):
        raise ValueError(
            f"scaled_dot_general: configs are for lhs, rhs and the cotangent, got {len(configs)} of them"
        )
    return _with_rule(numbers, np.dtype(preferred_element_type), configs)(lhs, rhs)


def _with_rule(numbers: Any, dtype: Any, configs: Sequence[BlockScaleConfig]) -> Any:
    """The product with its derivative."""

    def product(lhs: Any, rhs: Any) -> Any:
        return _product(lhs, rhs, numbers, configs[0], configs[1]).astype(dtype)

    def forward(lhs: Any, rhs: Any) -> Any:
        return product(lhs, rhs), (lhs, rhs)

    def backward(residuals: Any, ct: Any) -> Any:
        lhs, rhs = residuals
        of_ct = configs[-1] if len(configs) == 3 else None
        (lhs_sum, rhs_sum), (lhs_batch, rhs_batch) = numbers
        swapped = (rhs_sum, lhs_sum), (rhs_batch, lhs_batch)
        count, lhs_free = len(lhs_batch), _free(lhs.ndim, lhs_sum, lhs_batch)
        rhs_free = _free(rhs.ndim, rhs_sum, rhs_batch)
        first = tuple(range(count, count + len(lhs_free)))
        second = tuple(range(count + len(lhs_free), ct.ndim))
        of_lhs = _slope(ct, rhs, second, rhs_free, numbers, lhs.ndim, (of_ct, configs[1]))
        of_rhs = _slope(ct, lhs, first, lhs_free, swapped, rhs.ndim, (of_ct, configs[0]))
        return _kept(of_lhs.astype(lhs.dtype), lhs, configs[0]), _kept(
            of_rhs.astype(rhs.dtype), rhs, configs[1]
        )

    made = custom_vjp(product)
    made.defvjp(forward, backward)
    return made


def _free(ndim: int, *taken: Axes) -> Axes:
    return tuple(i for i in range(ndim) if all(i not in axes for axes in taken))


def _slope(
    ct: Any, other: Any, ct_sum: Axes, other_sum: Axes, numbers: Any, ndim: int, configs: Sequence[Any]
) -> Any:
    """The cotangent of one operand of `ndim` axes: that of the product times the other operand."""
    (own_sum, sums_of_other), (own_batch, other_batch) = numbers
    batch = tuple(range(len(own_batch)))
    made = _product(ct, other, ((ct_sum, other_sum), (batch, other_batch)), *configs)
    # Its axes are the batch, what is free of this operand, and what is summed over as the other operand has it.
    by_other = sorted(range(len(sums_of_other)), key=lambda i: sums_of_other[i])
    order = [*own_batch, *_free(ndim, own_sum, own_batch), *(own_sum[i] for i in by_other)]
    return wnp.transpose(made, [order.index(axis) for axis in range(ndim)])


def _product(lhs: Any, rhs: Any, numbers: Any, of_lhs: Any, of_rhs: Any) -> Any:
    (lhs_sum, rhs_sum), _ = numbers
    return lax.dot_general(
        _rounded(lhs, lhs_sum, of_lhs),
        _rounded(rhs, rhs_sum, of_rhs),
        numbers,
        preferred_element_type=_F32,
    )


def _rounded(x: Any, axes: Axes, config: BlockScaleConfig | None) -> Any:
    """`x` as float32 after quantization in blocks along `axes`."""
    x = x.astype(_F32)
    if config is None:
        return x
    rest, along = _free(x.ndim, axes), tuple(sorted(axes))
    count = math.prod(x.shape[i] for i in along)
    if not count or count % config.block_size:
        raise ValueError(
            f"scaled_dot_general: {config.mode} needs a multiple of {config.block_size} elements along the axes "
            f"{along} of an array of shape {x.shape}, which has {count}"
        )
    moved = wnp.transpose(x, (*rest, *along))
    blocks = _quantized(moved.reshape((-1, config.block_size)), config)
    order = (*rest, *along)
    return wnp.transpose(blocks.reshape(moved.shape), [order.index(i) for i in range(x.ndim)])


def _quantized(blocks: Any, config: BlockScaleConfig) -> Any:
    """Rows of one block each, rounded to what the format can hold."""
    most = float(ml_dtypes.finfo(config.data_type).max)
    whole = 1.0 if config.global_scale is None else config.global_scale
    blocks = blocks / whole
    scales = wnp.max(abs(blocks), axis=-1, keepdims=True) / most
    if config.mode == "mxfp8":
        scales = _power_of_two_above(scales)
    else:
        limit = float(ml_dtypes.finfo(config.scale_type).max)
        scales = wnp.clip(scales, 0.0, limit).astype(config.scale_type).astype(_F32)
    is_zero = scales == 0
    scaled = wnp.where(is_zero, 0.0, blocks / wnp.where(is_zero, 1.0, scales))
    rounded = wnp.clip(scaled, -most, most).astype(config.data_type).astype(_F32)
    return rounded * scales * whole


def _power_of_two_above(x: Any) -> Any:
    """The least power of two that is not below x, as float8_e8m0fnu has them."""
    mantissa, exponent = wnp.frexp(x)
    power = wnp.where(mantissa == 0.5, exponent - 1, exponent)
    return wnp.where(x == 0, 2.0**-126, wnp.ldexp(wnp.float32(1), wnp.clip(power, -126, 127)))


def _kept(ct: Any, x: Any, config: BlockScaleConfig) -> Any:
    """A cotangent without what belongs to elements that the format has cut off."""
    if config.mode != "nvfp4":
        return ct
    most = float(ml_dtypes.finfo(config.data_type).max) * float(ml_dtypes.finfo(config.scale_type).max)
    return wnp.where(abs(x) <= config.global_scale * most, ct, 0)
