"""Array values on the command line: read as arguments, written as results, in the same form.

A value is a number, a nested list `[[1, 2], [3, 4]]`, or a name: `random`, `random:SEED`, `data.npy`. A
number for an array fills it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from weft_compiler.avals import Aval

_TOKEN = re.compile(r"\s*([\[\],]|[^\[\],\s]+)")
_KINDS: dict[str, tuple[type, ...]] = {
    "b": (bool,),
    "i": (int,),
    "u": (int,),
    "f": (int, float),
    "c": (int, float, complex),
}


class ValueTextError(ValueError):
    """An argument that is not a value of the type that the function takes."""


def numpy_dtype(aval: Aval) -> np.dtype:
    """The dtype of a value of a lowered program, where keys have become words."""
    assert isinstance(aval.dtype, np.dtype), aval
    return aval.dtype


def kind_of(dtype: np.dtype) -> str:
    """The kind letter of a dtype, with the kinds that ml_dtypes adds sorted into them."""
    if dtype.kind in _KINDS:
        return dtype.kind
    if dtype.name.startswith(("int", "uint")):
        return dtype.name[0]
    return "f"


def read_value(text: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """The array that an argument stands for; raises ValueTextError."""
    if text == "random" or text.startswith("random:"):
        return random_value(_seed(text.partition(":")[2] or "0"), shape, dtype)
    if text.endswith(".npy"):
        return _load(Path(text), shape, dtype)
    value = _parse(text)
    if not isinstance(value, list):
        return np.full(shape, _element(value, dtype), dtype)
    found = _shape_of(value, text)
    # An empty list says nothing of the axes inside it.
    if found != (shape[: len(found)] if 0 in found else shape):
        raise ValueTextError(f"{text!r} has the shape {list(found)}, the argument has {list(shape)}")
    return np.array([_element(number, dtype) for number in _flat(value)], dtype).reshape(shape)


def random_value(seed: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Normal numbers, small integers or coin tosses, as the dtype asks; the same for the same seed."""
    rng = np.random.default_rng(seed)
    draw: dict[str, Callable[[], np.ndarray]] = {
        "b": lambda: rng.random(shape) < 0.5,
        "i": lambda: rng.integers(-5, 6, shape) if dtype.itemsize > 1 else rng.integers(-2, 2, shape),
        "u": lambda: rng.integers(0, 4, shape),
        "f": lambda: rng.standard_normal(shape),
        "c": lambda: rng.standard_normal(shape) + 1j * rng.standard_normal(shape),
    }
    return np.asarray(draw[kind_of(dtype)]()).astype(dtype)


def write_value(value: np.ndarray, digits: int | None = None) -> str:
    """A value as text that reads back as itself; `digits` rounds to so many significant digits."""
    if value.ndim:
        return "[" + ", ".join(write_value(part, digits) for part in value) + "]"
    kind = kind_of(value.dtype)
    if kind == "b":
        return "true" if value else "false"
    if kind in "iu":
        return str(int(value))
    if kind == "c":
        imaginary = _float_text(value.imag, digits)
        sign = "" if imaginary.startswith("-") else "+"
        return f"{_float_text(value.real, digits)}{sign}{imaginary}j"
    return _float_text(value, digits)


def _float_text(value: np.ndarray, digits: int | None) -> str:
    if digits is not None:
        text = f"{float(value):.{digits}g}"
    elif value.dtype in (np.float16, np.float32, np.float64):
        text = str(value[()])  # the shortest text that reads back as this number in this precision
    else:
        text = f"{float(value):g}"
    return text if re.search(r"[.einf]", text) else text + ".0"


def _seed(text: str) -> int:
    if not text.isdigit():
        raise ValueTextError(f"the seed after random: must be a number, not {text!r}")
    return int(text)


def _load(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    try:
        value = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ValueTextError(f"cannot read {path}: {error}") from None
    if value.shape != shape:
        raise ValueTextError(f"{path} has shape {list(value.shape)}, the argument has {list(shape)}")
    if value.dtype != dtype and not (value.dtype.kind == "f" == kind_of(dtype)):
        raise ValueTextError(f"{path} has dtype {value.dtype}, the argument has {dtype}")
    return value.astype(dtype)


def _parse(text: str) -> Any:
    """Nested lists of numbers from text."""
    tokens = _TOKEN.findall(text)
    value, rest = _parse_one(tokens, text)
    if rest:
        raise ValueTextError(f"{text!r}: {rest[0]!r} after the end of the value")
    return value


def _parse_one(tokens: list[str], text: str) -> tuple[Any, list[str]]:
    if not tokens or tokens[0] in ("]", ","):
        raise ValueTextError(f"{text!r}: a number or [ is missing")
    head, rest = tokens[0], tokens[1:]
    if head != "[":
        return _number(head), rest
    items: list[Any] = []
    while rest and rest[0] != "]":
        item, rest = _parse_one(rest, text)
        items.append(item)
        if rest and rest[0] == ",":
            rest = rest[1:]
        elif rest and rest[0] != "]":
            raise ValueTextError(f"{text!r}: a comma is missing before {rest[0]!r}")
    if not rest:
        raise ValueTextError(f"{text!r}: ] is missing at the end")
    return items, rest[1:]


def _number(text: str) -> bool | int | float | complex:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for read in (lambda t: int(t, 0), float, complex):
        try:
            return read(text)
        except ValueError:
            continue
    raise ValueTextError(f"{text!r} is not a number, a list, random or a .npy file")


def _shape_of(value: Any, text: str) -> tuple[int, ...]:
    """The shape of a nested list."""
    if not isinstance(value, list):
        return ()
    inner = {_shape_of(item, text) for item in value}
    if len(inner) > 1:
        raise ValueTextError(f"{text!r}: the rows are not all of one shape")
    return (len(value), *(inner.pop() if inner else ()))


def _flat(value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from _flat(item)


def _element(value: bool | int | float | complex, dtype: np.dtype) -> Any:
    kind = kind_of(dtype)
    if kind == "b" and value in (0, 1):
        return bool(value)
    if isinstance(value, bool) != (kind == "b") or not isinstance(value, _KINDS[kind]):
        raise ValueTextError(f"{value} is not a value of {dtype}")
    if kind in "iu" and int(np.array(value).astype(dtype)) != value:
        raise ValueTextError(f"{value} does not fit into {dtype}")
    return value
