"""What the samplers take, checked: shapes, dtypes, and parameters that broadcast to the shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.operands import broadcast_to, convert
from weft.dtypes import TypePromotionError
from weft.numpy._arguments import shape_of
from weft.numpy.shapes import broadcast_shapes
from weft_compiler.avals import kind_of

Shape = tuple[int, ...]

_WORDS = {"f": "a float", "fc": "a float or complex", "iu": "an int", "u": "an unsigned int"}


def sample_dtype(name: str, dtype: Any, kinds: str = "f", default: Any = float) -> Any:
    """The dtype of samples: what the caller asks for, or the default, if its kind fits.

    Raises: ValueError if it does not.
    """
    found = dtypes.canonicalize_explicit(default if dtype is None else dtype, f"random.{name}")
    if kind_of(found) not in kinds:
        raise ValueError(f"dtype argument to `{name}` must be {_WORDS[kinds]} dtype, got {found}")
    return found


def sample_shape(name: str, shape: Any, *parameters: Any) -> Shape:
    """The shape of samples: `shape` if the parameters broadcast to it; by default what they broadcast to."""
    shapes = [np.shape(p) for p in parameters]
    if shape is None:
        return broadcast_shapes(*shapes)
    found = shape_of(shape)
    try:
        result = broadcast_shapes(found, *shapes)
    except ValueError:
        raise ValueError(
            f"Incompatible shapes for broadcasting: {name} got parameters of shapes {shapes} and shape {found}"
        ) from None
    if result != found:
        raise ValueError(
            f"{name} parameter shapes must be broadcast-compatible with shape argument, and the result of "
            "broadcasting the shapes must equal the shape argument, "
            f"but got result {result} for shape argument {found}."
        )
    return found


def parameter(x: Any, dtype: Any, shape: Shape | None = None) -> Any:
    """A parameter of a distribution in the dtype of the samples, and in their shape if that is given."""
    x = convert(x, dtype, False)
    return x if shape is None else broadcast_to(x, shape)


def check_castable(name: str, dtype: Any, *parameters: Any) -> None:
    """Parameters keep their values in `dtype`.

    Raises: TypePromotionError if one does not.
    """
    for x in parameters:
        found, weak = dtypes.typed(x)
        if dtypes.promote((dtype, False), (found, weak))[0] != dtype:
            raise TypePromotionError(
                f"In arguments to {name}, cannot safely cast argument of type {found} to {dtype}"
            )


def no_sharding(name: str, out_sharding: Any) -> None:
    """Samples are where the key is."""
    if out_sharding is not None:
        raise NotImplementedError(f"random.{name}: out_sharding is not supported")
