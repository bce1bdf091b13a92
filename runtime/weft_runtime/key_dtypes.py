"""Element types of PRNG keys in programs that come from files: those of weft, where weft is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np


class KeyDtype:
    """Element type of PRNG keys where weft itself is not loaded: an array of keys can be passed on."""

    def __init__(self, impl: str, name: str, words: int) -> None:
        self.impl, self.name = impl, name
        self.physical_dtype, self.physical_shape = np.dtype(np.uint32), (words,)
        self.itemsize = 4 * words

    def __repr__(self) -> str:
        return self.name


_key_dtypes: dict[str, Any] = {}
"""By the name of the generator: those of weft, once it is loaded."""


def register_key_dtype(dtype: Any) -> None:
    """Arrays of keys of this generator are to have this dtype."""
    _key_dtypes[dtype.impl] = dtype


def key_dtype(impl: str, name: str, words: int) -> Any:
    """The element type for the keys of a generator, each of which has so many words of 32 bits."""
    if impl not in _key_dtypes:
        _key_dtypes[impl] = KeyDtype(impl, name, words)
    return _key_dtypes[impl]
