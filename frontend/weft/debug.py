"""Looking into running programs: `debug.print`, `debug.callback`, `debug.log`, `debug.breakpoint`.

They may stand in any traced function: under `jit`, in loops and branches, under `grad` (they see primal values and
have no derivative) and under `vmap` (they come once for each element).
"""

from __future__ import annotations

import functools
import logging
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from weft._debug.debugger import breakpoint as breakpoint
from weft._debug.sharding_text import inspect_array_sharding as inspect_array_sharding
from weft._debug.sharding_text import visualize_array_sharding as visualize_array_sharding
from weft._debug.sharding_text import visualize_sharding as visualize_sharding
from weft._transforms.callbacks import debug_callback

_logger = logging.getLogger("weft.debug")


class DebugEffect:
    """The effect of looking at a value; such calls come in any order."""

    def __str__(self) -> str:
        return "Debug"


class OrderedDebugEffect:
    """The effect of looking at a value, in the order of the program."""

    def __str__(self) -> str:
        return "OrderedDebug"


def callback(
    callback: Callable[..., None] | None = None,
    *args: Any,
    ordered: bool = False,
    partitioned: bool = False,
    **kwargs: Any,
) -> Callable[..., Any] | None:
    """Calls `callback(*args, **kwargs)` on the host with NumPy arrays, each time that the program comes by.

    Arguments that are no arrays or numbers are handed on as they are. Without `ordered` calls may overtake each
    other. Under `vmap` it is called for each element. Programs run on one device each, so `partitioned` changes
    nothing. Without `callback`, a function that takes it.

    Raises: TypeError if the callback cannot be called. What it raises in a compiled program comes with the
    results, or from `effects_barrier`.
    """
    if callback is None:
        return functools.partial(_callback, ordered=ordered, partitioned=partitioned)
    debug_callback("debug.callback", callback, args, kwargs, ordered=ordered)
    return None


_callback = callback


def print(
    fmt: str | None = None,
    *args: Any,
    ordered: bool = False,
    partitioned: bool = False,
    skip_format_check: bool = False,
    _use_logging: bool = False,
    **kwargs: Any,
) -> Callable[..., Any] | None:
    """Prints `fmt.format(*args, **kwargs)` when the values are there, also in compiled programs.

    The rest is as for `callback`. An f-string would be formatted while the function is traced: pass the values.

    Raises: TypeError if `fmt` is no str; IndexError or KeyError if it needs an argument that is not given;
    ValueError if it does not use one that is, unless `skip_format_check`.

    >>> debug.print("x = {x:.2f}", x=3.14159)
    x = 3.14
    """
    if fmt is None:
        return functools.partial(
            _print, ordered=ordered, partitioned=partitioned, skip_format_check=skip_format_check
        )
    if not isinstance(fmt, str):
        raise TypeError(f"expected str, got {type(fmt).__name__}")
    if not skip_format_check:
        _check_format("debug.print", fmt, args, kwargs)
    debug_callback("debug.print", _Printer(fmt, _use_logging), args, kwargs, ordered=ordered)
    return None


_print = print


def log(
    fmt: str | None = None,
    *args: Any,
    ordered: bool = False,
    partitioned: bool = False,
    skip_format_check: bool = False,
    _use_logging: bool = True,
    **kwargs: Any,
) -> Callable[..., Any] | None:
    """As `print`, to Python's logger `weft.debug` at level INFO."""
    return _print(
        fmt,
        *args,
        ordered=ordered,
        partitioned=partitioned,
        skip_format_check=skip_format_check,
        _use_logging=_use_logging,
        **kwargs,
    )


@dataclass(frozen=True)
class _Printer:
    """Equal for equal formats, so that programs that print the same way are compiled once."""

    fmt: str
    to_log: bool

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        import builtins

        text = self.fmt.format(*args, **kwargs)
        if self.to_log:
            _logger.info(text)
        else:
            builtins.print(text, flush=True)


class _Checker(string.Formatter):
    """Formats nothing, and notes which arguments would be."""

    def __init__(self) -> None:
        self.used: set[int | str] = set()

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Any) -> Any:
        value = super().get_value(key, args, kwargs)
        self.used.add(key)
        return value

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Any) -> Any:
        first = field_name.split(".")[0].split("[")[0]
        key: int | str = int(first) if first.isdigit() else first
        return self.get_value(key, args, kwargs), key

    def format_field(self, value: Any, format_spec: str) -> str:
        return ""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        return value


def _check_format(what: str, fmt: str, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
    checker = _Checker()
    checker.vformat(fmt, args, kwargs)
    unused = [x for i, x in enumerate(args) if i not in checker.used]
    if unused:
        raise ValueError(f"Unused positional arguments to `{what}`: {unused}")
    names = [name for name in kwargs if name not in checker.used]
    if names:
        raise ValueError(
            f"Unused keyword arguments to `{what}`: {names}. You may be passing an f-string "
            f'(i.e, `f"{{x}}"`) to `{what}`, which is formatted too early: pass a regular string.'
        )
