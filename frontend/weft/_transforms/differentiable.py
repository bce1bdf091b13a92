"""What can be differentiated, and the errors for what cannot."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.values import as_value
from weft._transforms.signatures import argument_names


def is_inexact(x: Any) -> bool:
    """Whether an array or tracer holds floats or complex numbers."""
    return dtypes.issubdtype(x.dtype, np.inexact)


def as_leaves(name: str, fun: Any, args: tuple[Any, ...], leaves: list[Any]) -> list[Any]:
    """Leaves as arrays or tracers; the error for another object names the argument."""
    made = []
    for i, x in enumerate(leaves):
        try:
            made.append(as_value(x))
        except TypeError:
            where = (
                argument_names(fun, args, {})[i] if i < len(argument_names(fun, args, {})) else f"leaf {i}"
            )
            raise TypeError(
                f"{name}: argument {where} is {x!r:.80} of type {type(x).__name__}, which is not an array or a number"
            ) from None
    return made


def check_input(name: str, x: Any, holomorphic: bool, allow_int: bool) -> None:
    """The dtype rules for inputs of grad, jacrev and the like."""
    dtype = x.dtype
    if dtypes.issubdtype(dtype, dtypes.extended):
        raise TypeError(
            f"{name} does not differentiate with respect to PRNG keys; the input has dtype {dtype}"
        )
    if holomorphic:
        if not dtypes.issubdtype(dtype, np.complexfloating):
            raise TypeError(
                f"{name} with holomorphic=True requires inputs with complex dtype, but got {dtype.name}."
            )
        return
    if dtypes.issubdtype(dtype, np.integer) or dtype == np.bool_:
        if not allow_int:
            raise TypeError(
                f"{name} requires real- or complex-valued inputs (input dtype that is a sub-dtype of np.inexact), "
                f"but got {dtype.name}. If you want to use Boolean- or integer-valued inputs, use vjp or set "
                "allow_int to True."
            )
    elif not dtypes.issubdtype(dtype, np.inexact):
        raise TypeError(f"{name} requires numerical-valued inputs, but got {dtype.name}.")


def check_input_forward(name: str, x: Any, holomorphic: bool) -> None:
    """The dtype rules for inputs of jacfwd."""
    dtype = x.dtype
    if holomorphic:
        if not dtypes.issubdtype(dtype, np.complexfloating):
            raise TypeError(
                f"{name} with holomorphic=True requires inputs with complex dtype, but got {dtype.name}."
            )
    elif not dtypes.issubdtype(dtype, np.floating):
        raise TypeError(
            f"{name} requires real-valued inputs (input dtype that is a sub-dtype of np.floating), but got "
            f"{dtype.name}. For holomorphic differentiation, pass holomorphic=True. For differentiation of "
            "non-holomorphic functions involving complex inputs or integer inputs, use jvp directly."
        )


def check_output(name: str, aval: Any, holomorphic: bool) -> None:
    """The dtype rules for outputs of grad, jacrev and the like."""
    dtype = aval.dtype
    if holomorphic:
        if not dtypes.issubdtype(dtype, np.complexfloating):
            raise TypeError(
                f"{name} with holomorphic=True requires outputs with complex dtype, but got {dtype.name}."
            )
    elif dtypes.issubdtype(dtype, np.complexfloating):
        raise TypeError(
            f"{name} requires real-valued outputs (output dtype that is a sub-dtype of np.floating), but got "
            f"{dtype.name}. For holomorphic differentiation, pass holomorphic=True. For differentiation of "
            "non-holomorphic functions involving complex outputs, use vjp directly."
        )
    elif not dtypes.issubdtype(dtype, np.floating):
        raise TypeError(
            f"{name} requires real-valued outputs (output dtype that is a sub-dtype of np.floating), but got "
            f"{dtype.name}. For differentiation of functions with integer outputs, use vjp directly."
        )


def float0_zeros(shape: tuple[int, ...]) -> np.ndarray:
    """The (empty) tangent of an integer array."""
    return np.zeros(shape, dtypes.float0)
