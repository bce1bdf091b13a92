"""Samples of `conv_general_dilated`: every role of an axis, every kind of group, windows that do not fit."""

from weft_compiler.dialect.samples import cases


def attributes(ndim, specs=None, **changed):
    """Attributes for `ndim` spatial axes: nothing strided, padded or dilated but what is `changed`."""
    plain = tuple(range(ndim + 2))
    lhs, rhs, out = specs or (plain, plain, plain)
    ones, zeros = (1,) * ndim, (0,) * ndim
    named = {"window_strides": ones, "padding_low": zeros, "padding_high": zeros, "lhs_dilation": ones}
    return named | {"rhs_dilation": ones, "lhs_spec": lhs, "rhs_spec": rhs, "out_spec": out} | changed


CONVOLUTIONS = cases(
    *[
        ((((2, 3, 5), dtype), ((4, 3, 2), dtype)), attributes(1, padding_low=(1,), window_strides=(2,)))
        for dtype in ("float32", "bfloat16", "float16", "float64", "complex64", "int32", "uint8")
    ],
    ((((2, 3), "float32"), ((4, 3), "float32")), attributes(0)),
    (
        (((2, 5, 6, 3), "float32"), ((3, 2, 3, 4), "float32")),
        attributes(
            2,
            specs=((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)),
            window_strides=(2, 1),
            padding_low=(1, -1),
            padding_high=(2, 0),
            rhs_dilation=(1, 2),
        ),
    ),
    (
        (((3, 2, 4, 3), "float32"), ((2, 3, 2, 5), "float32")),
        attributes(
            2,
            specs=((3, 1, 0, 2), (3, 2, 1, 0), (2, 0, 3, 1)),
            lhs_dilation=(2, 3),
            padding_low=(1, 0),
            padding_high=(0, 2),
        ),
    ),
    (
        (((2, 6, 5), "float32"), ((4, 3, 2), "float32")),
        attributes(1, feature_group_count=2, padding_high=(1,)),
    ),
    (
        (((4, 3, 5), "float32"), ((6, 3, 2), "float32")),
        attributes(1, batch_group_count=2, window_strides=(2,)),
    ),
    (
        (((2, 4, 4), "float32"), ((4, 1, 3), "float32")),
        attributes(1, feature_group_count=4, padding_low=(2,)),
    ),
    ((((1, 2, 2), "float32"), ((3, 2, 4), "float32")), attributes(1)),  # the kernel does not fit: no windows
    ((((0, 2, 3), "float32"), ((3, 2, 2), "float32")), attributes(1)),
    (
        (((2, 3, 5), "bfloat16"), ((4, 3, 2), "bfloat16")),
        attributes(1, preferred_dtype="float32", precision="HIGHEST"),
    ),
)
