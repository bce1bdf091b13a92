"""Initial values of weights: functions of a key, a shape and a dtype.

>>> w = initializers.he_normal()(random.key(0), (784, 128))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from weft import dtypes, lax, random
from weft import numpy as wnp
from weft._tracing.library import library
from weft.numpy._arguments import shape_of
from weft_compiler.avals import kind_of

__all__ = [
    "Initializer",
    "constant",
    "delta_orthogonal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Shape = Sequence[int]
Axes = int | Sequence[int]


@runtime_checkable
class Initializer(Protocol):
    """What makes initial weights."""

    def __call__(self, key: Any, shape: Shape, dtype: Any = None, out_sharding: Any = None) -> Any:
        """Weights of a shape and a dtype, by default the one that the initializer was made with."""
        ...


def _dtype(dtype: Any) -> Any:
    return dtypes.default_float() if dtype is None else dtypes.canonicalize_explicit(dtype, "nn.initializers")


def _no_sharding(out_sharding: Any) -> None:
    if out_sharding is not None:
        raise NotImplementedError("nn.initializers: out_sharding is not supported")


# Constants


def zeros(key: Any, shape: Shape, dtype: Any = None, out_sharding: Any = None) -> Any:
    """Zeros; the key is not used."""
    _no_sharding(out_sharding)
    return wnp.zeros(shape, _dtype(dtype))


def ones(key: Any, shape: Shape, dtype: Any = None, out_sharding: Any = None) -> Any:
    """Ones; the key is not used."""
    _no_sharding(out_sharding)
    return wnp.ones(shape, _dtype(dtype))


def constant(value: Any, dtype: Any = None) -> Initializer:
    """An initializer that repeats `value`, which broadcasts to the shape."""

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        return wnp.full(shape, value, _dtype(dtype))

    return init


# Distributions of a given width


def uniform(scale: Any = 0.01, dtype: Any = None) -> Initializer:
    """An initializer that draws uniformly from [0, scale)."""

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        return _scaled(key, scale, shape_of(shape), _dtype(dtype), "uniform")

    return init


def normal(stddev: Any = 0.01, dtype: Any = None) -> Initializer:
    """An initializer that draws from a normal distribution of mean 0."""

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        return _scaled(key, stddev, shape_of(shape), _dtype(dtype), "normal")

    return init


def truncated_normal(
    stddev: Any = 0.01, dtype: Any = None, lower: float = -2.0, upper: float = 2.0
) -> Initializer:
    """An initializer that draws from a normal distribution of mean 0, cut off at `lower` and `upper`.

    The bounds are in units of `stddev`, which is the standard deviation before the cut.
    """

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        bounds = float(lower), float(upper)
        return _scaled(key, stddev, shape_of(shape), _dtype(dtype), "truncated_normal", bounds)

    return init


@library("key", "scale")
def _scaled(
    key: Any, scale: Any, shape: tuple[int, ...], dtype: Any, distribution: str, bounds: Any = None
) -> Any:
    return _times(_drawn(key, shape, dtype, distribution, bounds), wnp.asarray(scale, dtype))


def _drawn(key: Any, shape: tuple[int, ...], dtype: Any, distribution: str, bounds: Any) -> Any:
    if distribution == "uniform":
        return random.uniform(key, shape, dtype)
    if distribution == "normal":
        return random.normal(key, shape, dtype)
    return random.truncated_normal(key, bounds[0], bounds[1], shape, dtype)


# Widths that follow from the shape


def variance_scaling(
    scale: float,
    mode: str,
    distribution: str,
    in_axis: Axes = -2,
    out_axis: Axes = -1,
    batch_axis: Axes = (),
    dtype: Any = None,
) -> Initializer:
    """An initializer of variance scale / n, where n is the number of inputs or outputs that a weight connects.

    `mode` says which: "fan_in", "fan_out", or their mean "fan_avg" or "fan_geo_avg". `distribution` is
    "truncated_normal", "normal" or "uniform". All axes that are not named belong to the receptive field.

    Raises: ValueError, when called, for an unknown mode or distribution, or a shape without these axes.
    """

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        shape = shape_of(shape)
        variance = scale / _fan(mode, *_fans(shape, in_axis, out_axis, batch_axis))
        if distribution not in ("truncated_normal", "normal", "uniform"):
            raise ValueError(f"invalid distribution for variance scaling initializer: {distribution}")
        found = _dtype(dtype)
        return _of_width(key, _width(float(variance), found, distribution), shape, found, distribution)

    return init


def _fan(mode: str, fan_in: float, fan_out: float) -> float:
    fans = {
        "fan_in": fan_in,
        "fan_out": fan_out,
        "fan_avg": (fan_in + fan_out) / 2,
        "fan_geo_avg": (fan_in * fan_out) ** 0.5,
    }
    if mode not in fans:
        raise ValueError(f"invalid mode for variance scaling initializer: {mode}")
    return fans[mode]


def _fans(shape: tuple[int, ...], in_axis: Axes, out_axis: Axes, batch_axis: Axes) -> tuple[float, float]:
    """Numbers of inputs and outputs, each times the size of the receptive field."""
    if in_axis == -2 and len(shape) <= 1:
        raise ValueError(
            f"Can't compute input and output sizes of a {len(shape)}-dimensional weights tensor with default in_axis. "
            "Must be at least 2D or specify in_axis explicitly."
        )
    inputs, outputs, batch = (_size(shape, axes) for axes in (in_axis, out_axis, batch_axis))
    field = math.prod(shape) / inputs / outputs / batch
    return inputs * field, outputs * field


def _size(shape: tuple[int, ...], axes: Axes) -> int:
    return shape[axes] if isinstance(axes, int) else math.prod([shape[a] for a in axes])


_STDDEV_OF_CUT_NORMAL = 0.87962566103423978
"""Standard deviation of a standard normal variable, given that it lies within (-2, 2)."""
_STDDEV_OF_CUT_COMPLEX_NORMAL = 0.95311164380491208
"""The same of a complex one, given that its absolute value is less than 2."""


def _width(variance: float, dtype: Any, distribution: str) -> Any:
    """What samples of the distribution are multiplied with; computed here, so that it is rounded in one way only."""
    exact = np.asarray(variance, dtype)
    if distribution == "normal":
        return np.sqrt(exact)
    is_real = kind_of(dtype) == "f"
    if distribution == "uniform":
        return np.sqrt(np.asarray(3, dtype) * exact) if is_real else np.sqrt(exact)
    stddev = _STDDEV_OF_CUT_NORMAL if is_real else _STDDEV_OF_CUT_COMPLEX_NORMAL
    return np.sqrt(exact) / np.asarray(stddev, dtype)


@library("key", "width")
def _of_width(key: Any, width: Any, shape: tuple[int, ...], dtype: Any, distribution: str) -> Any:
    is_real = kind_of(dtype) == "f"
    if distribution == "normal":
        sample = random.normal(key, shape, dtype)
    elif distribution == "uniform":
        sample = random.uniform(key, shape, dtype, -1) if is_real else _in_disc(key, shape, dtype)
    elif is_real:
        sample = random.truncated_normal(key, -2, 2, shape, dtype)
    else:
        sample = _cut_complex_normal(key, 2, shape, dtype)
    return _times(sample, wnp.asarray(width))


def _times(sample: Any, factor: Any) -> Any:
    """The product, rounded as if both came from programs of their own: XLA must not combine factors."""
    return wnp.multiply(*lax.optimization_barrier((sample, factor)))


def _in_disc(key: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Complex numbers of variance 1, uniformly distributed in a disc."""
    keys = random.split(key)
    real = dtypes.to_real(dtype)
    radius = wnp.sqrt(2 * random.uniform(keys[0], shape, real)).astype(dtype)
    return radius * _direction(keys[1], shape, real, dtype)


def _cut_complex_normal(key: Any, limit: float, shape: tuple[int, ...], dtype: Any) -> Any:
    """Complex normal numbers, given that their absolute value is less than `limit`: its quantile function."""
    keys = random.split(key)
    real = dtypes.to_real(dtype)
    most = 1 - wnp.exp(wnp.asarray(-(limit**2), dtype))
    probability = most * random.uniform(keys[0], shape, real).astype(dtype)
    radius = wnp.sqrt(-wnp.log(1 - probability))
    return radius * _direction(keys[1], shape, real, dtype)


def _direction(key: Any, shape: tuple[int, ...], real: Any, dtype: Any) -> Any:
    angle = 2 * np.pi * random.uniform(key, shape, real).astype(dtype)
    return wnp.exp(1j * angle)


def glorot_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Uniform, of variance 1 / the mean of inputs and outputs.

    Source: Glorot & Bengio (2010), AISTATS.
    """
    return variance_scaling(1.0, "fan_avg", "uniform", in_axis, out_axis, batch_axis, dtype)


def glorot_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Truncated normal, of variance 1 / the mean of inputs and outputs.

    Source: Glorot & Bengio (2010), AISTATS.
    """
    return variance_scaling(1.0, "fan_avg", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


def lecun_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Uniform, of variance 1 / inputs.

    Source: LeCun, Bottou, Orr & Müller (1998), Neural Networks: Tricks of the Trade.
    """
    return variance_scaling(1.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def lecun_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Truncated normal, of variance 1 / inputs.

    Source: LeCun, Bottou, Orr & Müller (1998), Neural Networks: Tricks of the Trade.
    """
    return variance_scaling(1.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


def he_uniform(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Uniform, of variance 2 / inputs: for layers followed by relu.

    Source: He, Zhang, Ren & Sun (2015), ICCV.
    """
    return variance_scaling(2.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype)


def he_normal(
    in_axis: Axes = -2, out_axis: Axes = -1, batch_axis: Axes = (), dtype: Any = None
) -> Initializer:
    """Truncated normal, of variance 2 / inputs: for layers followed by relu.

    Source: He, Zhang, Ren & Sun (2015), ICCV.
    """
    return variance_scaling(2.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype)


xavier_uniform, xavier_normal = glorot_uniform, glorot_normal
kaiming_uniform, kaiming_normal = he_uniform, he_normal


# Orthogonal matrices


def orthogonal(scale: Any = 1.0, column_axis: int = -1, dtype: Any = None) -> Initializer:
    """An initializer of matrices with orthogonal columns, which stand along `column_axis`, of length `scale`.

    Shapes: at least two axes; those other than `column_axis` together number the rows.
    """

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        shape, found = shape_of(shape), _dtype(dtype)
        if len(shape) < 2:
            raise ValueError("orthogonal initializer requires at least a 2D shape")
        if 0 in shape:
            return wnp.zeros(shape, found)
        return _orthogonal(key, scale, shape, column_axis, found)

    return init


@library("key", "scale")
def _orthogonal(key: Any, scale: Any, shape: tuple[int, ...], column_axis: int, dtype: Any) -> Any:
    columns = shape[column_axis]
    rows = list(shape)
    del rows[column_axis]
    q = random.orthogonal(key, math.prod(rows), (), dtype, columns)
    q = wnp.moveaxis(wnp.reshape(q, (*rows, columns)), -1, column_axis)
    return wnp.asarray(scale, dtype) * q


def delta_orthogonal(scale: Any = 1.0, column_axis: int = -1, dtype: Any = None) -> Initializer:
    """An initializer of convolution kernels: an orthogonal matrix in the middle, zeros elsewhere.

    Shapes: 1, 2 or 3 spatial axes, then inputs and outputs; there must be no fewer outputs than inputs.
    Source: Xiao et al. (2018), ICML.
    """

    def init(key: Any, shape: Shape, dtype: Any = dtype, out_sharding: Any = None) -> Any:
        _no_sharding(out_sharding)
        shape, found = shape_of(shape), _dtype(dtype)
        if len(shape) not in (3, 4, 5):
            raise ValueError("Delta orthogonal initializer requires a 3D, 4D or 5D shape.")
        if shape[-1] < shape[-2]:
            raise ValueError("`fan_in` must be less or equal than `fan_out`. ")
        matrix = orthogonal(scale, column_axis, found)(key, shape[-2:])
        middle = tuple((n - 1) // 2 for n in shape[:-2])
        return wnp.zeros(shape, found).at[middle].set(matrix)

    return init
