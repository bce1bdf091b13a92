"""Which axes of a convolution are which, and the shapes that come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from weft.lax.operands import Shape, ints
from weft.lax.padding import Padding, dilated, padtype_to_pads


class ConvDimensionNumbers(NamedTuple):
    """The axes of a convolution's operands and result, each listed by role."""

    lhs_spec: Sequence[int]
    """Axes of the input: batch, feature, spatial."""
    rhs_spec: Sequence[int]
    """Axes of the kernel: output feature, input feature, spatial."""
    out_spec: Sequence[int]
    """Axes of the result: batch, feature, spatial."""


ConvGeneralDilatedDimensionNumbers = None | ConvDimensionNumbers | tuple[str, str, str]
"""`ConvDimensionNumbers`, texts such as ("NHWC", "HWIO", "NHWC"), or None for batch, feature, spatial."""

_ROLES = (("N", "C"), ("O", "I"), ("N", "C"))


def conv_dimension_numbers(lhs_shape: Any, rhs_shape: Any, dimension_numbers: Any) -> ConvDimensionNumbers:
    """`ConvDimensionNumbers` from whatever stands for them; the shapes tell the number of axes.

    Raises: TypeError unless they fit the shapes.
    """
    if len(lhs_shape) != len(rhs_shape):
        raise TypeError(
            f"convolution: lhs and rhs must have equally many axes, got {len(lhs_shape)} and {len(rhs_shape)}"
        )
    ndim = len(lhs_shape)
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        return dimension_numbers
    if dimension_numbers is None:
        return ConvDimensionNumbers(*[tuple(range(ndim))] * 3)
    if not isinstance(dimension_numbers, (tuple, list)):
        kind = type(dimension_numbers).__name__
        raise TypeError(f"convolution: dimension_numbers must be a tuple or None, got {kind}")
    if len(dimension_numbers) != 3:
        raise TypeError(f"convolution: dimension_numbers must have 3 entries, got {len(dimension_numbers)}")
    for i, text in enumerate(dimension_numbers):
        if len(text) != ndim:
            raise TypeError(
                f"convolution: dimension_numbers[{i}] {text!r} must have {ndim} letters, one an axis"
            )
    return ConvDimensionNumbers(*conv_general_permutations(dimension_numbers))


def conv_general_permutations(dimension_numbers: Sequence[str]) -> tuple[Shape, Shape, Shape]:
    """The axes that texts such as ("NHWC", "HWIO", "NHWC") list, by role; spatial ones in the kernel's order.

    Raises: TypeError unless each has its letters once and all have the same spatial ones.
    """
    spatial = []
    for i, (text, roles) in enumerate(zip(dimension_numbers, _ROLES, strict=True)):
        if any(text.count(r) != 1 for r in roles):
            raise TypeError(
                f"convolution: dimension_numbers[{i}] must have the letters {roles[0]!r}, {roles[1]!r} once, "
                f"got {text!r}"
            )
        if len(set(text)) != len(text):
            raise TypeError(f"convolution: dimension_numbers[{i}] {text!r} has a letter twice")
        spatial.append([c for c in text if c not in roles])
    if not set(spatial[0]) == set(spatial[1]) == set(spatial[2]):
        raise TypeError(
            f"convolution: dimension_numbers {tuple(dimension_numbers)} differ in their spatial letters"
        )
    lhs, rhs, out = [
        tuple([text.index(c) for c in (*roles, *spatial[1])])
        for text, roles in zip(dimension_numbers, _ROLES, strict=True)
    ]
    return lhs, rhs, out


def conv_shape_tuple(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    strides: Sequence[int],
    pads: Padding,
    batch_group_count: int = 1,
) -> Shape:
    """The shape of a convolution, from shapes in the default order of axes.

    Raises: TypeError for the wrong number of strides or paddings.
    """
    window = tuple(rhs_shape[2:])
    if isinstance(pads, str):
        pads = padtype_to_pads(lhs_shape[2:], window, strides, pads)
    if len(pads) != len(window):
        raise TypeError(
            f"convolution: {len(window)} spatial axes need as many pairs of padding, got {len(pads)}"
        )
    out = []
    for n, size, stride, (low, high) in zip(lhs_shape[2:], window, strides, pads, strict=True):
        padded = n + low + high
        out.append((padded - size) // stride + 1 if padded >= size else 0)
    return (lhs_shape[0] // batch_group_count, rhs_shape[0], *out)


def conv_general_shape_tuple(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: Padding,
    dimension_numbers: Sequence[str],
) -> Shape:
    """The shape of a convolution whose axes are listed by texts."""
    lhs, rhs, out = conv_general_permutations(dimension_numbers)
    made = conv_shape_tuple([lhs_shape[i] for i in lhs], [rhs_shape[i] for i in rhs], window_strides, padding)
    return _placed(made, out)


def conv_transpose_shape_tuple(
    lhs_shape: Sequence[int],
    rhs_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: Padding,
    dimension_numbers: Sequence[str],
) -> Shape:
    """The shape of a transposed convolution whose axes are listed by texts."""
    lhs, rhs, out = conv_general_permutations(dimension_numbers)
    x, kernel = [lhs_shape[i] for i in lhs], [rhs_shape[i] for i in rhs]
    if isinstance(padding, str):
        padding = [
            conv_transpose_padding(k, s, padding) for k, s in zip(kernel[2:], window_strides, strict=True)
        ]
    spread = [dilated(n, s) for n, s in zip(x[2:], window_strides, strict=True)]
    made = conv_shape_tuple([*x[:2], *spread], kernel, (1,) * len(spread), padding)
    return _placed(made, out)


def _placed(by_role: Shape, spec: Shape) -> Shape:
    shape = [0] * len(by_role)
    for axis, size in zip(spec, by_role, strict=True):
        shape[axis] = size
    return tuple(shape)


def conv_transpose_padding(size: int, stride: int, padding: str) -> tuple[int, int]:
    """The padding of one axis of the dilated input.

    SAME makes the result n * stride long, VALID as long as the kernels reach.

    Raises: ValueError for another name.
    """
    if padding.upper() == "SAME":
        total = size + stride - 2
        low = size - 1 if stride > size - 1 else -(-total // 2)
    elif padding.upper() == "VALID":
        total = size + stride - 2 + max(size - stride, 0)
        low = size - 1
    else:
        raise ValueError(f"conv_transpose: padding {padding!r} is neither 'SAME' nor 'VALID'")
    return low, total - low


def spatial(values: Sequence[int] | None, name: str, what: str, count: int) -> Shape:
    """One number for each spatial axis, 1 by default."""
    if values is None:
        return (1,) * count
    made = ints(values, name, what)
    if len(made) != count:
        raise ValueError(f"lax.{name}: {what} {made} must have {count} entries, one for each spatial axis")
    return made
