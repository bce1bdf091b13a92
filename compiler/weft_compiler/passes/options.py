"""Options of a pass: the fields of its dataclass, read from pipeline text and written back."""

import ast
import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_OPEN, _CLOSE, _QUOTES = "({[", ")}]", "\"'"
_NEEDS_QUOTES = set(" \t\n,=(){}[]\"'")


class PipelineError(ValueError):
    """The text of a pipeline is wrong: an unknown pass, a bad option, unbalanced brackets."""


@dataclass(frozen=True)
class PassOption:
    """One option; `name` is the field's name with hyphens, as MLIR writes options."""

    name: str
    field: str
    kind: Any  # the annotation: a class, or a generic alias such as tuple[int, ...]
    default: Any  # of that kind, or dataclasses.MISSING

    @property
    def is_required(self) -> bool:
        return self.default is dataclasses.MISSING


def split_top(text: str, separator: str) -> list[str]:
    """Splits at `separator` (" " is any white space) outside brackets and quotes; pieces are stripped."""
    pieces: list[str] = []
    current: list[str] = []
    closers: list[str] = []
    quote = ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in _QUOTES:
            quote = c
        elif c in _OPEN:
            closers.append(_CLOSE[_OPEN.index(c)])
        elif c in _CLOSE:
            if not closers or closers.pop() != c:
                raise PipelineError(f"unbalanced {c!r} in {text!r}")
        elif not closers and (c.isspace() if separator == " " else c == separator):
            pieces.append("".join(current).strip())
            current = []
            continue
        current.append(c)
    if quote or closers:
        raise PipelineError(f"missing {(quote or closers[-1])!r} at the end of {text!r}")
    pieces.append("".join(current).strip())
    return pieces


def _read_int(text: str) -> int:
    return int(text, 0)


def _read_bool(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _read_tuple(element: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda text: tuple(element(part.strip()) for part in text.split(",")) if text.strip() else ()


# kind of option -> (how its text is read, what a reader should have written)
_KINDS: dict[Any, tuple[Callable[[str], Any], str]] = {
    str: (str, "a name"),
    int: (_read_int, "an integer"),
    float: (float, "a number"),
    bool: (_read_bool, "true or false"),
    tuple[int, ...]: (_read_tuple(_read_int), "integers separated by commas"),
    tuple[str, ...]: (_read_tuple(str), "names separated by commas"),
}


def options_of(cls: type) -> tuple[PassOption, ...]:
    """The options of a pass class, in the order of its fields."""
    kinds = typing.get_type_hints(cls)
    options = []
    for field in dataclasses.fields(cls):
        kind = kinds[field.name]
        if kind not in _KINDS:
            raise TypeError(f"{cls.__name__}.{field.name}: {kind} cannot be an option of a pass")
        if field.default_factory is not dataclasses.MISSING:
            raise TypeError(f"{cls.__name__}.{field.name}: give a plain default value")
        name = field.name.replace("_", "-")
        options.append(PassOption(name, field.name, kind, field.default))
    return tuple(options)


def kind_in_words(option: PassOption) -> str:
    return _KINDS[option.kind][1]


def option_docs(cls: type) -> dict[str, str]:
    """The string literal after each field of a pass class, by field name."""
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):  # made in an interactive session: there is no text to read
        return {}
    definition = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(definition, ast.ClassDef)
    docs = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            docs[field.target.id] = inspect.cleandoc(str(after.value.value))
    return docs


def read_options(pass_name: str, cls: type, text: str) -> dict[str, Any]:
    """Field values from option text: `fn=f wrt=0,1`; a bare boolean option is true."""
    known = {option.name: option for option in options_of(cls)}
    values: dict[str, Any] = {}
    for item in filter(None, split_top(text, " ")):
        name, equals, value = item.partition("=")
        option = known.get(name.replace("_", "-"))
        if option is None:
            raise PipelineError(f"{pass_name}: no option {name!r}; {_known_in_words(known)}")
        if option.field in values:
            raise PipelineError(f"{pass_name}: option {option.name!r} is given twice")
        if not equals and option.kind is not bool:
            raise PipelineError(f"{pass_name}: option {option.name!r} needs a value, {kind_in_words(option)}")
        values[option.field] = _read_value(pass_name, option, value if equals else "true")
    missing = [o.name for o in known.values() if o.is_required and o.field not in values]
    if missing:
        first = known[missing[0]]
        raise PipelineError(
            f"{pass_name}: option {first.name!r} is missing; write {pass_name}{{{first.name}=...}}"
        )
    return values


def _read_value(pass_name: str, option: PassOption, text: str) -> Any:
    for outer in ('""', "''", "{}"):
        if len(text) >= 2 and text[0] + text[-1] == outer:
            text = text[1:-1]
            break
    try:
        return _KINDS[option.kind][0](text)
    except (ValueError, KeyError):
        message = f"{pass_name}: option {option.name!r} must be {kind_in_words(option)}, not {text!r}"
        raise PipelineError(message) from None


def _known_in_words(known: dict[str, PassOption]) -> str:
    if not known:
        return "it has no options"
    return "it has " + ", ".join(repr(name) for name in known)


def write_options(instance: Any) -> str:
    """Option text that reads back as `instance`, without options at their default; `{...}` or nothing."""
    items = []
    for option in options_of(type(instance)):
        value = getattr(instance, option.field)
        if value != option.default:
            items.append(f"{option.name}={_write_value(value)}")
    return "{" + " ".join(items) + "}" if items else ""


def _write_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(str(v) for v in value) if value else '""'
    text = str(value)
    if text and not _NEEDS_QUOTES & set(text):
        return text
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}"
