"""The passes in words, from their docstrings and option fields."""

import inspect
import textwrap

from weft_compiler.passes.options import PassOption, PipelineError, kind_in_words, option_docs, options_of
from weft_compiler.passes.pipelines import PIPELINES
from weft_compiler.passes.registry import ModulePass, find_pass, list_passes, pass_names, suggestion


def summary() -> str:
    """One line for each pass and pipeline."""
    rows = [(cls.pass_name, _first_line(cls)) for cls in list_passes()]
    text = "passes (the passes of MLIR and StableHLO can be named too):\n" + _table(rows)
    if PIPELINES:
        text += "pipelines:\n" + _table([(name, ", ".join(parts)) for name, parts in PIPELINES.items()])
    return text


def description(name: str) -> str:
    """All that the pass `name` says of itself."""
    cls = find_pass(name)
    if cls is None:
        raise PipelineError(f"there is no pass {name!r}{suggestion(name, pass_names())}")
    text = f"{name}\n" + textwrap.indent(inspect.cleandoc(cls.__doc__ or ""), "  ") + "\n"
    options = options_of(cls)
    if options:
        docs = option_docs(cls)
        text += "options:\n" + _table([(_signature(o), docs.get(o.field, "")) for o in options])
    return text


def _first_line(cls: type[ModulePass]) -> str:
    return inspect.cleandoc(cls.__doc__ or "").split("\n", 1)[0]


def _signature(option: PassOption) -> str:
    text = f"{option.name}=<{kind_in_words(option)}>"
    return text if option.is_required else f"{text} (default {_shown(option.default)})"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value) or "empty"


def _table(rows: list[tuple[str, str]]) -> str:
    width = max((len(left) for left, _ in rows), default=0)
    return "".join(f"  {left:{width}}  {right}".rstrip() + "\n" for left, right in rows)
