"""Samples of the window ops: strides, paddings and dilations of every kind, windows that do not fit."""

import numpy as np

from weft_compiler.dialect.samples import COMPLEX, FLOATS, INTEGERS, Sample, random_array
from weft_compiler.dialect.window_taps import Stage


def window(*size, stride=None, low=None, high=None, base=None, dilation=None):
    """Attributes of a window: nothing strided, padded or dilated but what is given."""
    ones, zeros = (1,) * len(size), (0,) * len(size)
    named = {"window_dimensions": size, "window_strides": stride or ones, "padding_low": low or zeros}
    return named | {
        "padding_high": high or zeros,
        "base_dilation": base or ones,
        "window_dilation": dilation or ones,
    }


_CASES = (
    ((5,), window(2)),
    ((2, 7), window(1, 3, stride=(1, 2), low=(0, 1), high=(0, 1))),
    ((4, 5), window(2, 2, stride=(2, 2))),
    ((4, 5), window(3, 2, low=(2, 0), high=(1, 1), dilation=(2, 1))),
    ((3, 4), window(2, 3, stride=(2, 1), low=(1, 0), base=(2, 3), dilation=(1, 2))),
    ((6,), window(2, low=(-1,), high=(-2,))),
    ((2,), window(5)),
    ((2, 3), window(1, 1)),
    ((90,), window(70, stride=(3,), low=(10,))),
)
"""Shape of x, and the window: along one axis, boxes, dilated, cut, none, trivial, too long for slices."""


def _shuffled(shape, dtype, seed=0):
    """Different values, so that no two tie, at most 250 apart so that 16-bit floats hold them."""
    order = np.random.default_rng([seed, *shape]).permutation(int(np.prod(shape)))
    return (order.reshape(shape) - (0 if dtype == "uint8" else 20)).astype(
        random_array((), dtype, 0, 1).dtype
    )


def SUMS():
    """For sums: any numbers."""
    dtypes = (*FLOATS, *COMPLEX, *INTEGERS)
    made = [Sample((random_array(shape, "float32", -2, 2),), attrs) for shape, attrs in _CASES]
    return made + [Sample((random_array((2, 7), d, 0, 4),), _CASES[1][1]) for d in dtypes]


def POOLINGS():
    """For extrema."""
    made = [Sample((_shuffled(shape, "float32"),), attrs) for shape, attrs in _CASES]
    return made + [Sample((_shuffled((2, 7), d),), _CASES[1][1]) for d in (*FLOATS, *INTEGERS)]


def SELECTIONS():
    """Values, and what they are chosen by."""
    return [
        Sample((random_array(shape, values, -2, 2), _shuffled(shape, keys)), attrs | {"direction": direction})
        for shape, attrs in _CASES
        for values, keys, direction in (("float32", "float32", "GE"), ("complex64", "int32", "LE"))
    ]


def SOURCES():
    """What is added, and what its places are chosen by."""
    made = []
    for shape, attrs in _CASES:
        stages = [Stage(axis, *row) for axis, row in enumerate(zip(*attrs.values(), strict=True))]
        count = [stage.count(n) for stage, n in zip(stages, shape, strict=True)]
        for values, keys, direction in (("float32", "float32", "GE"), ("float64", "int32", "LE")):
            operands = random_array(count, values, -2, 2), _shuffled(shape, keys)
            made.append(Sample(operands, attrs | {"direction": direction}))
    return made
