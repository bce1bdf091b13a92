"""Convolution in all its forms, each of them one op or patches of the input times a matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.lax.contraction import dot_general
from weft.lax.convolution_shapes import (
    ConvDimensionNumbers,
    ConvGeneralDilatedDimensionNumbers,
    conv_dimension_numbers,
    conv_transpose_padding,
    spatial,
)
from weft.lax.creation import broadcasted_iota
from weft.lax.operands import all_weak, check_dtypes, check_no_sharding, class_of, ints, nary
from weft.lax.padding import Padding, dilated, padtype_to_pads
from weft.lax.precision import PrecisionLike, precision_words
from weft.lax.shapes import reshaped, rev, transpose


def conv_general_dilated(
    lhs: Any,
    rhs: Any,
    window_strides: Sequence[int],
    padding: Padding,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: ConvGeneralDilatedDimensionNumbers = None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Cross-correlation of an input with a kernel over any number of spatial axes.

    `dimension_numbers` tells the roles of the axes, such as ("NHWC", "HWIO", "NHWC"); by default they are
    batch, feature, spatial of the input and the result, output feature, input feature, spatial of the kernel.
    `padding` is "VALID", "SAME", "SAME_LOWER" or (low, high) for each spatial axis. Dilations put gaps
    between elements of the input (`lhs_dilation`, which makes a transposed convolution) or the kernel. The
    groups of `feature_group_count` (of the batch: `batch_group_count`) are convolved each with its own
    kernels.

    Raises: TypeError if dtypes or ranks differ; ValueError if sizes do not fit; RuntimeError for an unknown
    padding.
    """
    name = "conv_general_dilated"
    check_no_sharding(name, out_sharding)
    x, kernel = as_value(lhs), as_value(rhs)
    numbers = conv_dimension_numbers(x.shape, kernel.shape, dimension_numbers)
    check_dtypes(name, (x, kernel))
    count = x.ndim - 2
    strides = spatial(window_strides, name, "window_strides", count)
    gaps, holes = (
        spatial(d, name, w, count)
        for d, w in ((lhs_dilation, "lhs_dilation"), (rhs_dilation, "rhs_dilation"))
    )
    if isinstance(padding, str):
        sizes = [dilated(x.shape[a], d) for a, d in zip(numbers.lhs_spec[2:], gaps, strict=True)]
        window = [dilated(kernel.shape[a], d) for a, d in zip(numbers.rhs_spec[2:], holes, strict=True)]
        padding = padtype_to_pads(sizes, window, strides, padding) if min(strides, default=1) > 0 else ()
    pads = [ints(p, name, "padding") for p in padding]
    if len(pads) != count and min(strides, default=1) > 0:
        raise TypeError(
            f"lax.{name}: padding must have {count} pairs, one for each spatial axis, got {len(pads)}"
        )
    preferred = (
        None if preferred_element_type is None else dtypes.canonicalize_explicit(preferred_element_type, name)
    )
    inst = class_of(name).of(
        window_strides=strides,
        padding_low=tuple(p[0] for p in pads),
        padding_high=tuple(p[1] for p in pads),
        lhs_dilation=gaps,
        rhs_dilation=holes,
        lhs_spec=tuple(numbers.lhs_spec),
        rhs_spec=tuple(numbers.rhs_spec),
        out_spec=tuple(numbers.out_spec),
        feature_group_count=int(feature_group_count),
        batch_group_count=int(batch_group_count),
        precision=precision_words(precision, name),
        preferred_dtype="" if preferred is None else preferred.name,
    )
    return bind(inst, x, kernel, weak_type=all_weak((x, kernel)))


def conv(
    lhs: Any,
    rhs: Any,
    window_strides: Sequence[int],
    padding: str,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
) -> Any:
    """`conv_general_dilated` with the default roles of axes and no dilation."""
    return conv_general_dilated(
        lhs, rhs, window_strides, padding, precision=precision, preferred_element_type=preferred_element_type
    )


def conv_with_general_padding(
    lhs: Any,
    rhs: Any,
    window_strides: Sequence[int],
    padding: Padding,
    lhs_dilation: Sequence[int] | None,
    rhs_dilation: Sequence[int] | None,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
) -> Any:
    """`conv_general_dilated` with the default roles of axes."""
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def conv_transpose(
    lhs: Any,
    rhs: Any,
    strides: Sequence[int],
    padding: Padding,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: ConvGeneralDilatedDimensionNumbers = None,
    transpose_kernel: bool = False,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    use_consistent_padding: bool = False,
) -> Any:
    """Convolution of an input with gaps of `strides` between its elements: the gradient of a strided one.

    By default axes are channels-last: batch, spatial, feature of the input, spatial, input feature, output
    feature of the kernel. With `transpose_kernel` the kernel is turned round and its feature axes exchanged,
    so that this is the gradient of the convolution with that kernel. Explicit padding is of the dilated
    input; with `use_consistent_padding` it is the padding of the convolution that this transposes.

    Raises: as `conv_general_dilated`; ValueError if there are more than 3 spatial axes and no dimension
    numbers.
    """
    x, kernel = as_value(lhs), as_value(rhs)
    if dimension_numbers is None:
        dimension_numbers = _channels_last(x.ndim)
    numbers = conv_dimension_numbers(x.shape, kernel.shape, dimension_numbers)
    holes = spatial(rhs_dilation, "conv_transpose", "rhs_dilation", x.ndim - 2)
    window = [dilated(kernel.shape[a], d) for a, d in zip(numbers.rhs_spec[2:], holes, strict=True)]
    pads: Any = padding
    if isinstance(padding, str):
        pads = [conv_transpose_padding(k, s, padding) for k, s in zip(window, strides, strict=True)]
    elif use_consistent_padding:
        pads = [(k - 1 - low, k - 1 - high) for k, (low, high) in zip(window, padding, strict=True)]
    if transpose_kernel:
        kernel = rev(kernel, tuple(sorted(numbers.rhs_spec[2:])))
        out, inputs, *rest = numbers.rhs_spec
        numbers = numbers._replace(rhs_spec=(inputs, out, *rest))
    return conv_general_dilated(
        x,
        kernel,
        (1,) * (x.ndim - 2),
        pads,
        lhs_dilation=strides,
        rhs_dilation=holes,
        dimension_numbers=numbers,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def _channels_last(ndim: int) -> tuple[str, str, str]:
    letters = {2: "", 3: "H", 4: "HW", 5: "DHW"}.get(ndim)
    if letters is None:
        raise ValueError(f"lax.conv_transpose: {ndim - 2} spatial axes need dimension_numbers")
    return f"N{letters}C", f"{letters}IO", f"N{letters}C"


@library("lhs")
def conv_general_dilated_patches(
    lhs: Any,
    filter_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: Padding,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: ConvGeneralDilatedDimensionNumbers = None,
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
) -> Any:
    """The patches that the windows of a convolution see, as features: of each input feature all its places.

    The result has the shape of the convolution, with (input features) * prod(filter_shape) features, places
    in row-major order within each input feature.
    """
    x = as_value(lhs)
    window = ints(filter_shape, "conv_general_dilated_patches", "filter_shape")
    numbers = conv_dimension_numbers(x.shape, (0,) * x.ndim, _for_patches(dimension_numbers, x.ndim))
    features, places = x.shape[numbers.lhs_spec[1]], math.prod(window)
    kernel = _one_hot(places, x.dtype, x.weak_type)
    kernel = reshaped(kernel, (1, places, 1, *window))
    kernel = bind(
        class_of("broadcast_in_dim").of(
            shape=(features, places, 1, *window), dims=tuple(range(3 + len(window)))
        ),
        kernel,
    )
    kernel = reshaped(kernel, (features * places, 1, *window))
    return conv_general_dilated(
        x,
        transpose(kernel, tuple(np.argsort(numbers.rhs_spec).tolist())),
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        numbers,
        feature_group_count=features,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def _for_patches(numbers: Any, ndim: int) -> Any:
    return ConvDimensionNumbers(*[tuple(range(ndim))] * 3) if numbers is None else numbers


def _one_hot(size: int, dtype: Any, weak_type: bool) -> Any:
    """The identity matrix."""
    row, column = (broadcasted_iota(np.int32, (size, size), axis) for axis in (0, 1))
    return convert(nary("eq", row, column), dtype, weak_type)


@library("lhs", "rhs")
def conv_general_dilated_local(
    lhs: Any,
    rhs: Any,
    window_strides: Sequence[int],
    padding: Padding,
    filter_shape: Sequence[int],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers: ConvGeneralDilatedDimensionNumbers = None,
    precision: PrecisionLike = None,
) -> Any:
    """A convolution with a kernel of its own at every place of the result.

    The kernel's feature axes are output features and (input features) * prod(filter_shape), its spatial axes
    are those of the result.
    """
    x, kernel = as_value(lhs), as_value(rhs)
    numbers = conv_dimension_numbers(x.shape, kernel.shape, dimension_numbers)
    patches = conv_general_dilated_patches(
        x, filter_shape, window_strides, padding, lhs_dilation, rhs_dilation, numbers, precision
    )
    batch, features, *places = numbers.out_spec
    _, inputs, *sites = numbers.rhs_spec
    # Batch axes of the product are the places; it gives places, output features, batch.
    made = dot_general(kernel, patches, (((inputs,), (features,)), (tuple(sites), tuple(places))), precision)
    order = [0] * x.ndim
    for axis, source in zip((*places, features, batch), range(x.ndim), strict=True):
        order[axis] = source
    return transpose(made, order)
