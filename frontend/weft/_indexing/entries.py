"""What users write between the brackets, as tokens (hashable, all that shapes depend on) and operands.

Tokens are `None`, `Ellipsis`, an int, a slice as the tuple of its three fields, a `Vector` for an array of
integers, and a `Flag` for a boolean that is no array. Masks become vectors.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from weft._indexing import masks
from weft._indexing.tokens import Flag, Index, Token, Vector, kind
from weft._indexing.windows import Slice, SliceFound
from weft._tracing.concrete import concrete
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft.errors import ConcretizationTypeError, NonConcreteBooleanIndexError
from weft_compiler.symbolic import DimExpr
from weft_runtime import Array


def tokens_of(index: Any, shape: tuple[int, ...], wraps: bool = True) -> Index:
    """Tokens and operands of an index into an array of `shape`.

    Raises: TypeError or IndexError for what is no index; NonConcreteBooleanIndexError for a mask under jit.
    """
    items = list(index) if isinstance(index, tuple) else [_sole(index)]
    kinds = [_typed(item, position) for position, item in enumerate(items)]
    if any(_is_mask(x) for x in kinds):
        kinds = masks.expanded(kinds, shape)
    tokens: list[Token] = []
    operands: list[Any] = []
    for x in kinds:
        if type(x) is Array or type(x) is Tracer:
            tokens.append(Vector(x.shape, x.dtype, wraps and kind(x) == "i"))
            operands.append(x)
        elif isinstance(x, np.ndarray):
            has_negative = wraps and x.dtype.kind == "i" and bool((x < 0).any())
            x = as_value(x)
            tokens.append(Vector(x.shape, x.dtype, has_negative))
            operands.append(x)
        else:
            tokens.append(x)
    return tuple(tokens), operands


def _is_mask(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "b"


def _sole(index: Any) -> Any:
    """An index that is no tuple; sequences are refused, for NumPy's rules about them are ambiguous."""
    if isinstance(index, str):
        raise TypeError(f"indices are numbers, not strings; got {index!r}")
    if isinstance(index, (list, range)):
        raise TypeError(
            "Using a non-tuple sequence for multidimensional indexing is not allowed: each element would be "
            f"one more operation. Got {index!r:.80}\n  try x[jnp.array(index)], or x[tuple(index)]"
        )
    return index


def _typed(item: Any, position: int) -> Any:
    """One item: None, Ellipsis, an int, a slice tuple, a Flag, an integer array, or a mask of NumPy."""
    if type(item) is int or item is None or item is Ellipsis or isinstance(item, DimExpr):
        return item
    if type(item) is slice:
        return tuple([_bound(v, item, position) for v in (item.start, item.stop, item.step)])
    if isinstance(item, (Array, Tracer, np.ndarray)):
        return _typed_array(item)
    if isinstance(item, (bool, np.bool_)):
        return Flag(bool(item))
    if isinstance(item, (int, np.integer)):
        return int(item)
    if isinstance(item, str):
        raise TypeError(f"indices are numbers, not strings; got {item!r} at position {position}")
    if isinstance(item, (list, tuple)):
        return _typed_array(_array_of_list(item))
    if isinstance(item, (float, complex, np.inexact)):
        raise _wrong_dtype(np.asarray(item).dtype)
    if hasattr(item, "__array__") or hasattr(item, "__jax_array__"):
        return _typed_array(as_value(item))
    if type(item) is Slice:
        raise SliceFound
    try:
        return operator.index(item)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), newaxis (`None`) and integer or boolean arrays "
            f"are valid indices. Got {item!r:.80}"
        ) from None


def _bound(value: Any, whole: slice, position: int) -> Any:
    if value is None or type(value) is int or isinstance(value, DimExpr):
        return value
    try:
        return operator.index(value)
    except ConcretizationTypeError:
        pass
    except TypeError as error:
        if type(value) is not Tracer:
            raise TypeError(f"{error}; slices take integers, got {whole} at position {position}") from None
    raise IndexError(
        f"Slice entries must be static integers. Got {whole} at position {position}\n"
        "  Under jit the size of a slice must be known while tracing.\n"
        "  try lax.dynamic_slice_in_dim(x, start, size), or mark the argument static"
    )


def _array_of_list(items: Any) -> Any:
    if not items:
        return np.zeros(0, np.int32)
    try:
        return np.asarray(items)
    except ConcretizationTypeError:
        raise
    except TypeError:
        from weft import numpy

        return numpy.asarray(items)


def _typed_array(x: Any) -> Any:
    if kind(x) == "b":
        value = x if isinstance(x, np.ndarray) else concrete(x)
        if value is None:
            raise NonConcreteBooleanIndexError(x)
        value = np.asarray(value)
        return value if value.ndim else Flag(bool(value))
    if kind(x) not in "iu":
        raise _wrong_dtype(x.dtype)
    if isinstance(x, np.ndarray) and not x.ndim:
        return int(x)
    return x


def _wrong_dtype(dtype: Any) -> TypeError:
    return TypeError(f"Indexer must have integer or boolean type, got indexer with type {dtype}")
