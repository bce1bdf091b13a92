"""Derivatives of integers: arrays of `float0`, which hold nothing and never reach a program."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes
from weft_runtime import pytree


class _Absent:
    """Stands for an array of float0 in a tree: a container without leaves."""

    __slots__ = ("shape",)

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape


pytree.register_node(_Absent, lambda x: ((), x.shape), lambda shape, _: np.zeros(shape, dtypes.float0))


def is_float0(x: Any) -> bool:
    """Whether `x` is an array of float0."""
    return type(x) is np.ndarray and x.dtype == dtypes.float0


def without_float0(tree: Any) -> Any:
    """A tree whose arrays of float0 are no leaves; they are there again in what its treedef unflattens."""
    leaves, treedef = pytree.flatten(tree)
    return treedef.unflatten([_Absent(x.shape) if is_float0(x) else x for x in leaves])


__all__ = ["is_float0", "without_float0"]
