"""A tree of arrays as one vector, and back."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any  # leaves are of every type that arrays can be made of

import numpy as np

from weft import dtypes
from weft._tree.functions import tree_flatten
from weft_runtime.pytree import PyTreeDef


@dataclass(frozen=True)
class _Unravel:
    """Vector to tree. Equal for equal structures, so it can be a static argument of a function under jit."""

    treedef: PyTreeDef
    shapes: tuple[tuple[int, ...], ...]
    leaf_dtypes: tuple[Any, ...]
    dtype: Any

    def __call__(self, vector: Any) -> Any:
        import weft.numpy as jnp  # late: weft.numpy needs trees

        vector = jnp.asarray(vector)
        sizes = [math.prod(shape) for shape in self.shapes]
        if vector.shape != (sum(sizes),):
            raise ValueError(f"unravel: expected a vector of shape ({sum(sizes)},), got shape {vector.shape}")
        if not self.shapes:
            return self.treedef.unflatten([])
        is_mixed = any(dtype != self.dtype for dtype in self.leaf_dtypes)
        if is_mixed and vector.dtype != self.dtype:
            raise TypeError(f"unravel: expected a vector of dtype {self.dtype}, got {vector.dtype}")
        parts = jnp.split(vector, np.cumsum(sizes[:-1]))
        leaves = [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        if is_mixed:
            leaves = [_as_dtype(leaf, dtype) for leaf, dtype in zip(leaves, self.leaf_dtypes, strict=True)]
        return self.treedef.unflatten(leaves)


def _as_dtype(x: Any, dtype: Any) -> Any:
    with warnings.catch_warnings():
        # Going back to a real dtype drops imaginary parts that ravel_pytree put in as zeros.
        warnings.simplefilter("ignore")
        return x.astype(dtype)


def ravel_pytree(pytree: Any) -> tuple[Any, Any]:
    """All leaves of `pytree` in one vector of the dtype they promote to, and the function that goes back.

    >>> vector, unravel = ravel_pytree({"w": jnp.ones((2, 2)), "b": jnp.zeros(1)})
    >>> vector.shape, unravel(vector)["w"].shape
    ((5,), (2, 2))
    """
    import weft.numpy as jnp  # late: weft.numpy needs trees

    leaves, treedef = tree_flatten(pytree)
    if not leaves:
        return jnp.zeros(0, np.float32), _Unravel(treedef, (), (), np.dtype(np.float32))
    shapes = tuple(np.shape(leaf) for leaf in leaves)
    leaf_dtypes = tuple(dtypes.dtype(leaf) for leaf in leaves)
    dtype = dtypes.result_type(*leaf_dtypes)
    vector = jnp.concatenate([jnp.ravel(leaf).astype(dtype) for leaf in leaves])
    return vector, _Unravel(treedef, shapes, leaf_dtypes, dtype)
