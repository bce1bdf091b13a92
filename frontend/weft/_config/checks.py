"""Checks of option values: each takes what a user gave and returns the stored form, or raises ValueError."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[object], object]

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off", ""})


def boolean(value: object) -> bool:
    """True or False; numbers 0 and 1 and NumPy booleans are taken too."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, int) and plain in (0, 1):
        return bool(plain)
    raise ValueError(f"expected True or False, got {value!r}")


def one_of(*names: str, or_none: bool = False) -> Check:
    """One of the given names; None as well when `or_none`."""

    def check(value: object) -> object:
        if value is None and or_none:
            return None
        if isinstance(value, str) and value in names:
            return value
        listed = ", ".join(repr(name) for name in names)
        raise ValueError(f"expected {'None or ' if or_none else ''}one of {listed}, got {value!r}")

    return check


def names(value: object) -> tuple[str, ...]:
    """Any number of names: in a text separated by commas, or a sequence of them; stored as a tuple."""
    listed = value.split(",") if isinstance(value, str) else value
    if isinstance(listed, (list, tuple)) and all(isinstance(name, str) for name in listed):
        return tuple(name.strip() for name in listed if name.strip())
    raise ValueError(f"expected names separated by commas, or a sequence of names, got {value!r}")


def whole_number(value: object) -> int:
    """An integer (not a boolean)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"expected an integer, got {value!r}")


def number(value: object) -> float:
    """A real number, stored as a float."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"expected a number, got {value!r}")


def text_or_none(value: object) -> str | None:
    """A string (or a path, stored as a string) or None."""
    if value is None or isinstance(value, str):
        return value
    if hasattr(value, "__fspath__"):
        return str(value)
    raise ValueError(f"expected a string or None, got {value!r}")


def device_or_none(value: object) -> object:
    """A device object, the name of a platform such as 'cpu', or None."""
    if value is None or (isinstance(value, str) and value):
        return value
    if hasattr(value, "platform") and hasattr(value, "id"):
        return value
    raise ValueError(
        f"expected a device (such as weft.devices()[0]), the name of a platform, or None, got {value!r}"
    )


def anything(value: object) -> object:
    """Any value at all."""
    return value


def from_text(check: Check, text: str) -> object:
    """The option value that an environment variable's `text` stands for."""
    if check is boolean:
        word = text.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ValueError(f"expected true or false, got {text!r}")
    if check is whole_number:
        return int(text)
    if check is number:
        return float(text)
    if check is text_or_none or check is device_or_none:
        return text or None
    return check(text)
