"""Types for annotations of functions that take arrays."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, Union

import numpy as np

from weft_runtime import Array

__all__ = ["ArrayLike", "DTypeLike"]


class SupportsDType(Protocol):
    """Anything that has a dtype."""

    @property
    def dtype(self) -> np.dtype: ...


# `Union`, since `isinstance` and `typing.get_args` take it at run time on every Python that weft supports.
ArrayLike: TypeAlias = Union[Array, np.ndarray, np.bool_, np.number, bool, int, float, complex]  # noqa: UP007
"""What functions of weft take as an array: arrays, NumPy's arrays and scalars, Python's numbers."""

DTypeLike: TypeAlias = Union[str, type[Any], np.dtype, SupportsDType]  # noqa: UP007
"""What they take as a dtype."""
