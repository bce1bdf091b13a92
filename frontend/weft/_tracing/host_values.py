"""Python numbers and NumPy arrays as arguments of compiled programs: what is known of their types is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.values import as_value
from weft_runtime import Array, Spec, default_sharding, transfer

_NUMBERS = (float, int, bool, complex)
_KEPT = 4096

_numbers: dict[tuple[Any, ...], Array] = {}
"""Numbers that come again and again, such as a learning rate. Never to be donated, nor handed out."""
_makers: dict[tuple[Any, ...], Callable[[Any], Array]] = {}
"""How to bring arrays of a dtype and shape, or numbers of a type, to the device."""


def host_value(x: Any, key: int, is_fresh: bool = False) -> Any:
    """A Python number or a NumPy array as an Array; None for anything else, which needs a closer look.

    `key`: the call key. `is_fresh`: as an array that nobody else holds.

    Raises: OverflowError for an int that its dtype cannot hold.
    """
    kind = type(x)
    if kind is np.ndarray or kind is Array:
        make = _makers.get((key, x.dtype, x.shape))
        return make(x) if make is not None else _first_of_type(x, key)
    if kind in _NUMBERS:
        # 0.0 == -0.0, but they are not the same number
        name = (key, kind, x if x or kind is int else repr(x))
        found = None if is_fresh else _numbers.get(name)
        return found if found is not None else _new_number(x, name, is_fresh)
    if isinstance(x, np.generic):
        return host_value(np.asarray(x), key)
    return None


def _first_of_type(x: np.ndarray, key: int) -> Any:
    """An array of a dtype and shape that has not come yet."""
    try:
        made = as_value(x)
    except TypeError:  # a dtype that no array has: the long way tells, with the name of the argument
        return None
    if type(made) is Array and made.spec.physical is made.spec:
        put = transfer.putter(made.spec)
        dtype = made.spec.dtype
        same = x.dtype == dtype and x.dtype.isnative
        _makers[key, x.dtype, x.shape] = put if same else lambda value: put(value.astype(dtype))
        return made
    return None


def _new_number(x: Any, name: tuple[Any, ...], is_fresh: bool) -> Array:
    key, kind, _ = name
    make = _makers.get((key, kind))
    if make is None:
        make = _makers[key, kind] = _maker_of_numbers(kind)
    made = make(x)
    if is_fresh:
        return made
    if len(_numbers) >= _KEPT:
        _numbers.clear()
    _numbers[name] = made
    return made


def _maker_of_numbers(kind: type) -> Callable[[Any], Array]:
    """Numbers of a type become weakly typed scalars, booleans strongly typed ones."""
    dtype = dtypes.dtype(kind(0))
    put = transfer.putter(Spec((), dtype, default_sharding(), weak_type=kind is not bool))
    if kind is not int:
        return lambda x: put(np.asarray(x, dtype))
    limits = np.iinfo(dtype)
    least, most = limits.min, limits.max
    return lambda x: put(np.asarray(x, dtype)) if least <= x <= most else as_value(x)
