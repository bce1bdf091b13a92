"""Images (and arrays of any rank) in another size."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as jnp
from weft._tracing.library import library

__all__ = ["ResizeMethod", "resize", "scale_and_translate"]


class ResizeMethod(enum.Enum):
    """How values between samples are found: from the nearest one, or by a weighted sum of those around."""

    NEAREST = 0
    LINEAR = 1
    LANCZOS3 = 2
    LANCZOS5 = 3
    CUBIC = 4

    @staticmethod
    def from_string(s: str) -> ResizeMethod:
        """The method of a name such as 'bilinear'; ValueError if there is none."""
        if s not in _NAMES:
            raise ValueError(f'Unknown resize method "{s}", expected one of {", ".join(_NAMES)}')
        return _NAMES[s]


_NAMES = {
    "nearest": ResizeMethod.NEAREST,
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), ResizeMethod.LINEAR),
    "lanczos3": ResizeMethod.LANCZOS3,
    "lanczos5": ResizeMethod.LANCZOS5,
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), ResizeMethod.CUBIC),
}


def resize(
    image: Any,
    shape: Sequence[int],
    method: str | ResizeMethod,
    antialias: bool = True,
    precision: Any = lax.Precision.HIGHEST,
) -> Any:
    """The image with another shape of the same rank; axes whose size stays are left alone.

    Methods: 'nearest'; 'linear' ('bilinear', 'trilinear', 'triangle'); 'cubic' (Keys, a = -1/2); 'lanczos3',
    'lanczos5'. With `antialias` the weights are widened where the image shrinks.
    Raises: ValueError for a shape of another rank, or an unknown method.
    """
    target = tuple(int(n) for n in shape)
    if len(target) != jnp.ndim(image):
        raise ValueError(
            f"shape must have length equal to the number of dimensions of x;  {shape} vs {np.shape(image)}"
        )
    kind = ResizeMethod.from_string(method) if isinstance(method, str) else method
    return _resized(image, target, kind, antialias, precision)


@library("image")
def _resized(image: Any, target: tuple[int, ...], kind: ResizeMethod, antialias: bool, precision: Any) -> Any:
    axes = [i for i, (old, new) in enumerate(zip(image.shape, target, strict=True)) if old != new]
    if kind is ResizeMethod.NEAREST:
        for axis in axes:
            old, new = image.shape[axis], target[axis]
            nearest = np.floor((np.arange(new) + 0.5) * old / new).astype(np.int32)
            image = jnp.take(image, nearest, axis)
        return image
    image = _inexact(image)
    scales = [target[axis] / image.shape[axis] for axis in axes]
    return _weighted(image, target, axes, scales, [0.0] * len(axes), kind, antialias, precision)


def scale_and_translate(
    image: Any,
    shape: Sequence[int],
    spatial_dims: Sequence[int],
    scale: Any,
    translation: Any,
    method: str | ResizeMethod,
    antialias: bool = True,
    precision: Any = lax.Precision.HIGHEST,
) -> Any:
    """The image stretched by `scale` and moved by `translation` (in pixels of the result) along `spatial_dims`.

    Pixel i covers [i, i + 1). What lies outside of the image is 0. `scale` and `translation` are arrays with an
    element for each spatial axis, and may be traced and differentiated.
    Raises: ValueError for 'nearest', or shapes that do not fit.
    """
    target = tuple(int(n) for n in shape)
    rank = jnp.ndim(image)
    if len(target) != rank:
        raise ValueError(
            f"shape must have length equal to the number of dimensions of x; {target} vs {np.shape(image)}"
        )
    kind = ResizeMethod.from_string(method) if isinstance(method, str) else method
    if kind is ResizeMethod.NEAREST:
        raise ValueError("Nearest neighbor resampling is not currently supported for scale_and_translate.")
    axes = tuple(axis + rank if axis < 0 else axis for axis in map(int, spatial_dims))
    for name, value in (("scale", scale), ("translation", translation)):
        if np.shape(value) != (len(axes),):
            raise ValueError(
                f"scale_and_translate: {name} must have an element for each of the {len(axes)} spatial axes, "
                f"got shape {np.shape(value)}"
            )
    return _placed(image, scale, translation, target, axes, kind, antialias, precision)


@library("image", "scale", "translation")
def _placed(
    image: Any,
    scale: Any,
    translation: Any,
    target: tuple[int, ...],
    axes: tuple[int, ...],
    kind: ResizeMethod,
    antialias: bool,
    precision: Any,
) -> Any:
    image = _inexact(image)
    scale, translation = jnp.asarray(scale), jnp.asarray(translation)
    scales = [scale[i] for i in range(len(axes))]
    moves = [translation[i] for i in range(len(axes))]
    return _weighted(image, target, axes, scales, moves, kind, antialias, precision)


def _weighted(
    image: Any,
    target: tuple[int, ...],
    axes: Sequence[int],
    scales: Sequence[Any],
    moves: Sequence[Any],
    kind: ResizeMethod,
    antialias: bool,
    precision: Any,
) -> Any:
    """One product with a matrix of weights for each axis."""
    for axis, scale, move in zip(axes, scales, moves, strict=True):
        weights = _weights(
            image.shape[axis], target[axis], scale, move, _KERNELS[kind], antialias, image.dtype
        )
        image = jnp.moveaxis(jnp.tensordot(image, weights, ((axis,), (0,)), precision=precision), -1, axis)
    return image


def _weights(
    old: int, new: int, scale: Any, move: Any, kernel: Callable[[Any], Any], antialias: bool, dtype: Any
) -> Any:
    """Column j holds the weights of the old pixels in new pixel j; they add up to 1, or are 0 outside."""
    real = jnp.zeros((), dtype).real.dtype
    inverse = jnp.asarray(1.0 / scale, real)
    width = jnp.maximum(inverse, 1.0) if antialias else jnp.ones((), real)
    places = ((np.arange(new) + 0.5).astype(real) - jnp.asarray(move, real)) * inverse - 0.5
    distances = jnp.abs(places[None, :] - np.arange(old).astype(real)[:, None]) / width
    weights = kernel(distances)
    total = jnp.sum(weights, 0, keepdims=True)
    is_some = jnp.abs(total) > 1000 * float(dtypes.finfo(real).eps)
    weights = jnp.where(is_some, weights / jnp.where(total != 0, total, 1), 0)
    is_inside = (places >= -0.5) & (places <= old - 0.5)
    return jnp.where(is_inside[None, :], weights, 0).astype(real)


def _triangle(x: Any) -> Any:
    return jnp.maximum(0, 1 - x)


def _cubic(x: Any) -> Any:
    # Keys (1981) with a = -1/2: two cubics that meet with the same slope.
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return jnp.where(x < 1, near, jnp.where(x < 2, far, 0))


def _lanczos(radius: int) -> Callable[[Any], Any]:
    def kernel(x: Any) -> Any:
        is_large = x > 1e-3
        safe = jnp.where(is_large, x, 1)
        window = radius * jnp.sin(math.pi * safe) * jnp.sin(math.pi * safe / radius)
        value = jnp.where(is_large, window / (math.pi * safe) ** 2, 1)
        return jnp.where(x > radius, 0, value)

    return kernel


_KERNELS: dict[ResizeMethod, Callable[[Any], Any]] = {
    ResizeMethod.LINEAR: _triangle,
    ResizeMethod.CUBIC: _cubic,
    ResizeMethod.LANCZOS3: _lanczos(3),
    ResizeMethod.LANCZOS5: _lanczos(5),
}


def _inexact(image: Any) -> Any:
    image = jnp.asarray(image)
    if dtypes.issubdtype(image.dtype, np.inexact):
        return image
    return image.astype(dtypes.default_float())
