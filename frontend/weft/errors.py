"""Exceptions of weft, and the form that its messages have.

A message names the operation and what is wrong, then one row for each value involved (name, type, place and
source line), then what to try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

__all__ = [
    "ConcretizationTypeError",
    "InconclusiveDimensionOperation",
    "JAXIndexError",
    "JAXTypeError",
    "JaxRuntimeError",
    "JaxprTypeError",
    "KeyReuseError",
    "NonConcreteBooleanIndexError",
    "RetraceError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
    "UnexpectedTracerError",
]

Row = tuple[str, object, str, str]
"""Name of a value, its type (such as an aval), where it was made (`train.py:31`), the source line there."""


def explain(what: str, rows: Iterable[Row] = (), hint: str | Iterable[str] = ()) -> str:
    """The text of an error: `what` is wrong, a row for each value, and what to try (one line for each hint).

    >>> print(explain("matmul: inner sizes differ, 4 and 3", [("x", "f32[8,4]", "train.py:31", "h = x @ w")]))
    matmul: inner sizes differ, 4 and 3
      x f32[8,4] train.py:31  h = x @ w
    """
    cells = [(str(name), str(aval), str(where), str(source)) for name, aval, where, source in rows]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(3)]
    lines = [what]
    for name, aval, where, source in cells:
        columns = [
            text.ljust(width) for text, width in zip((name, aval, where), widths, strict=True) if width
        ]
        lines.append(f"  {' '.join(columns)}  {source}".rstrip())
    hints = (hint,) if isinstance(hint, str) else tuple(hint)
    lines.extend(f"  try {line}" for line in hints if line)
    return "\n".join(lines)


def _type_of(tracer: Any) -> str:
    return str(getattr(tracer, "aval", type(tracer).__name__))


def _about(tracer: Any, *hints: str, what: str) -> str:
    """`explain` for one traced value, whose origin (if it can tell) is the row."""
    lines = [what]
    origin: Callable[[], str] | None = getattr(tracer, "_origin", None)
    if origin is not None and (sentence := origin()):
        lines.append(f"  it comes from {sentence}")
    lines.extend(f"  try {line}" for line in hints)
    return "\n".join(lines)


def _restore(kind: type[Exception], args: tuple[Any, ...]) -> Exception:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class _Picklable(Exception):
    """An exception that pickles by its text, since what its constructor takes (a tracer) does not pickle."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args)


class JAXTypeError(_Picklable, TypeError):
    """Base of the TypeErrors that have to do with tracing."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class JAXIndexError(_Picklable, IndexError):
    """Base of the IndexErrors that have to do with tracing."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class RetraceError(RuntimeError):
    """Something would be traced or compiled inside of `no_retrace`."""


class ConcretizationTypeError(JAXTypeError):
    """The value of a traced array is needed in Python, where only its shape and dtype are known.

    Under `jit` a function runs once with stand-ins for its arguments, and later calls reuse what it did.
    Values that decide shapes, axes or Python control flow must be known then: pass them as static arguments,
    or derive them from `.shape`, which is known.
    """

    def __init__(self, tracer: Any, context: str = "") -> None:
        text = (
            f"the value of {_type_of(tracer)} is needed while tracing, and known only when the function runs"
        )
        super().__init__(
            _about(
                tracer,
                "marking the argument static: jit(f, static_argnums=...) or static_argnames=...",
                what=f"{text}\n  {context}" if context else text,
            )
        )


class TracerBoolConversionError(ConcretizationTypeError):
    """A traced array is used as a condition: in `if`, `while`, `and`, `or`, `not`, `assert` or `bool`.

    Which branch runs cannot depend on a value that is known only later. `jnp.where` chooses between values,
    `lax.cond` between functions, `lax.while_loop` repeats; `&`, `|` and `~` replace `and`, `or` and `not`.
    """

    def __init__(self, tracer: Any) -> None:
        text = _about(
            tracer,
            "jnp.where(c, x, y) to choose between values, or lax.cond(c, f, g, x) between functions",
            "lax.while_loop for a loop, and & | ~ in place of and, or, not",
            "jit(f, static_argnums=...) if the condition depends on no array",
            what=f"the truth value of {_type_of(tracer)} is needed while tracing, "
            "and known only when the function runs",
        )
        JAXTypeError.__init__(self, text)


class TracerArrayConversionError(JAXTypeError):
    """A traced array is handed to NumPy, or to another library that needs its elements.

    Use the function of the same name in `weft.numpy`; for code that cannot be traced, `pure_callback`.
    A NumPy array indexed by a traced array goes wrong the same way: make it an array of weft first.
    """

    def __init__(self, tracer: Any) -> None:
        text = _about(
            tracer,
            "the function of weft.numpy in place of that of numpy (and jnp.asarray(table)[i] for an index)",
            "weft.pure_callback for code that needs real arrays",
            what=f"{_type_of(tracer)} cannot become a NumPy array while tracing: its elements are known "
            "only when the function runs",
        )
        super().__init__(text)


class TracerIntegerConversionError(JAXTypeError):
    """A traced array is used as a Python integer: as an index of a list, in `range`, as a size or an axis.

    Sizes and axes must be known while tracing. Lists can be indexed once stacked into one array.
    """

    def __init__(self, tracer: Any) -> None:
        text = _about(
            tracer,
            "jnp.asarray(items)[i] or lax.switch in place of items[i], lax.fori_loop in place of range",
            "jit(f, static_argnums=...) if it decides a size or an axis",
            what=f"{_type_of(tracer)} is used as a Python integer while tracing, and its value is known "
            "only when the function runs",
        )
        super().__init__(text)


class NonConcreteBooleanIndexError(JAXIndexError):
    """An array is indexed by a traced array of booleans, so the result's size would depend on values.

    `jnp.where(mask, x, 0)` keeps the size, `x.at[mask].set(y)` writes where the mask is true, and functions
    with a `size` argument (`jnp.nonzero`, `jnp.where`) give a result of known size.
    """

    def __init__(self, tracer: Any) -> None:
        text = _about(
            tracer,
            "jnp.where(mask, x, fill) to keep the shape, or x.at[mask].set(y) to write",
            "jnp.nonzero(mask, size=n) if the number of elements is known",
            what=f"the index {_type_of(tracer)} is a traced mask: how many elements it selects is known "
            "only when the function runs",
        )
        super().__init__(text)


class UnexpectedTracerError(JAXTypeError):
    """A traced value is used after its function has ended, mostly because it was stored in an outer object.

    Return the value from the function in place of storing it. `weft.checking_leaks()` finds the place.
    """

    def __init__(self, msg: str) -> None:
        super().__init__(msg)


class KeyReuseError(JAXTypeError):
    """A random key is consumed a second time, which gives the same numbers again. Use `random.split`."""


class JaxprTypeError(TypeError):
    """A traced program is not well typed."""


class InconclusiveDimensionOperation(Exception):
    """A comparison of symbolic dimensions that holds for some of their values and fails for others."""


if TYPE_CHECKING:

    class JaxRuntimeError(RuntimeError):
        """An error while a program was compiled or run."""


def __getattr__(name: str) -> Any:
    # The runtime's own class, so that `except` catches what the runtime raises; found late, since the runtime
    # takes long to import.
    if name == "JaxRuntimeError":
        from weft_runtime import errors

        globals()[name] = errors.JaxRuntimeError
        return errors.JaxRuntimeError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
