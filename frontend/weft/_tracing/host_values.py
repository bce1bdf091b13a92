"""Python numbers and NumPy arrays as arguments of compiled programs: what is known of their types is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.values import as_value
from weft_runtime import Array, Spec, default_sharding, transfer

OnDevice = tuple[Spec, Any]
"""The spec of an array and its buffer."""
Put = Callable[[Any], OnDevice]

_NUMBERS = (float, int, bool, complex)
_KEPT = 4096

_numbers: dict[tuple[Any, ...], OnDevice] = {}
"""Numbers that come again and again, such as a learning rate. Never to be donated, nor handed out."""
_puts: dict[tuple[Any, ...], Put] = {}
"""How to bring arrays of a dtype and shape, or numbers of a type, to the device."""


def on_device(x: Any, key: int, is_fresh: bool = False) -> OnDevice | None:
    """A Python number or a NumPy array on the device; None for anything else, which needs a closer look.

    `key`: the call key. `is_fresh`: as an array that nobody else holds.

    Raises: OverflowError for an int that its dtype cannot hold.
    """
    kind = type(x)
    if kind is np.ndarray:
        put = _puts.get((key, x.dtype, x.shape))
        return put(x) if put is not None else _first_of_type(x, key)
    if kind in _NUMBERS:
        # 0.0 == -0.0, but they are not the same number
        name = (key, kind, x if x or kind is int else repr(x))
        found = None if is_fresh else _numbers.get(name)
        return found if found is not None else _new_number(x, name, is_fresh)
    if isinstance(x, np.generic):
        return on_device(np.asarray(x), key)
    return None


def host_value(x: Any, key: int, is_fresh: bool = False) -> Array | None:
    """As `on_device`, as an Array."""
    found = on_device(x, key, is_fresh)
    return None if found is None else Array(*found)


def _first_of_type(x: np.ndarray, key: int) -> OnDevice | None:
    """An array of a dtype and shape that has not come yet."""
    try:
        made = as_value(x)
    except TypeError:  # a dtype that no array has: the long way tells, with the name of the argument
        return None
    if type(made) is not Array or made.spec.physical is not made.spec:
        return None
    spec, dtype = made.spec, made.spec.dtype
    put = transfer.putter(spec)
    if x.dtype == dtype and x.dtype.isnative:
        _puts[key, x.dtype, x.shape] = lambda value: (spec, put(value))
    else:
        _puts[key, x.dtype, x.shape] = lambda value: (spec, put(value.astype(dtype)))
    return spec, made._b


def _new_number(x: Any, name: tuple[Any, ...], is_fresh: bool) -> OnDevice:
    key, kind, _ = name
    put = _puts.get((key, kind))
    if put is None:
        put = _puts[key, kind] = _put_of_numbers(kind)
    made = put(x)
    if is_fresh:
        return made
    if len(_numbers) >= _KEPT:
        _numbers.clear()
    _numbers[name] = made
    return made


def _put_of_numbers(kind: type) -> Put:
    """Numbers of a type become weakly typed scalars, booleans strongly typed ones."""
    dtype = dtypes.dtype(kind(0))
    spec = Spec((), dtype, default_sharding(), weak_type=kind is not bool)
    put = transfer.putter(spec)
    least, most = (np.iinfo(dtype).min, np.iinfo(dtype).max) if kind is int else (0, 0)

    def put_number(x: Any) -> OnDevice:
        if kind is int and not least <= x <= most:
            as_value(x)  # which raises
        return spec, put(np.asarray(x, dtype))

    return put_number
