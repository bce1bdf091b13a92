"""Arrays to and from files, buffers, strings and other libraries; and their text."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft._tracing.concrete import concrete
from weft._tracing.values import is_array
from weft.errors import TracerArrayConversionError
from weft.numpy.creation import asarray

get_printoptions = np.get_printoptions
set_printoptions = np.set_printoptions
printoptions = np.printoptions


def _host(x: Any) -> np.ndarray:
    """The elements of an array as NumPy's, which write and print them."""
    if not is_array(x):
        return np.asarray(x)
    value = concrete(x)
    if value is None:
        raise TracerArrayConversionError(x)
    return np.asarray(value)


def load(file: Any, *args: Any, **kwargs: Any) -> Any:
    """The array of an .npy file, or what an .npz file holds (as NumPy reads it)."""
    found = np.load(file, *args, **kwargs)
    if not isinstance(found, np.ndarray):
        return found
    if found.dtype.kind == "V" and found.dtype.itemsize == 2:
        # NumPy writes bfloat16 as two bytes without a name.
        import ml_dtypes

        found = found.view(ml_dtypes.bfloat16)
    return asarray(found)


def save(file: Any, arr: Any, allow_pickle: bool = True) -> None:
    """Writes an array to an .npy file."""
    np.save(file, _host(arr), allow_pickle=allow_pickle)


def savez(file: Any, *args: Any, allow_pickle: bool = True, **kwds: Any) -> None:
    """Writes arrays to one .npz file, by name or as arr_0, arr_1, …"""
    values = {name: _host(x) for name, x in kwds.items()}
    np.savez(file, *[_host(x) for x in args], allow_pickle=allow_pickle, **values)


def fromfile(*args: Any, **kwargs: Any) -> Any:
    """The numbers that a file holds, read now; the arguments are those of NumPy."""
    return asarray(np.fromfile(*args, **kwargs))


def fromiter(*args: Any, **kwargs: Any) -> Any:
    """The numbers that an iterator yields, taken now; the arguments are those of NumPy."""
    return asarray(np.fromiter(*args, **kwargs))


def fromstring(string: str, dtype: Any = float, count: int = -1, *, sep: str) -> Any:
    """The numbers of a text, separated by `sep`."""
    return asarray(np.fromstring(string, dtype=np.dtype(dtype), count=count, sep=sep))


def frombuffer(buffer: Any, dtype: Any = float, count: int = -1, offset: int = 0) -> Any:
    """The numbers that a buffer of bytes holds."""
    return asarray(np.frombuffer(buffer, dtype=np.dtype(dtype), count=count, offset=offset))


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """An array of another library, by the DLPack protocol."""
    from weft import dlpack

    return dlpack.from_dlpack(x, device=device, copy=copy)


def array_repr(
    arr: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
) -> str:
    """The text of an array with its type."""
    text = np.array_repr(_host(arr), max_line_width, precision, suppress_small)
    return text.replace("array(", "Array(", 1)


def array_str(
    a: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
) -> str:
    """The text of the elements of an array."""
    return np.array_str(_host(a), max_line_width, precision, suppress_small)
