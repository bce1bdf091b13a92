"""filecheck in this process, and a lint for check directives that would silently check nothing."""

from __future__ import annotations

import contextlib
import difflib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from filecheck.finput import FInput
from filecheck.matcher import Matcher
from filecheck.options import Options, parse_argv_options
from filecheck.parser import Parser

from weft_tools.command import Exit, Streams

_SUFFIXES = ("DAG", "NOT", "EMPTY", "NEXT", "SAME", "LABEL")
# A comment that reads like a directive: capitals, perhaps a suffix, then a colon.
_DIRECTIVE = re.compile(r"//\s*([A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*)(\{LITERAL\})?(\s*:|(?=\s|$))")
_NOT_DIRECTIVES = {"RUN", "COM", "NOTE"}


def filecheck(argv: Sequence[str], streams: Streams) -> int:
    """The `filecheck` command, matching the standard input of `streams`."""
    options = check_options(argv)
    text = streams.stdin.read().decode()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = Matcher(options, FInput("<stdin>", text), Parser.from_opts(options)).run()
    if status:
        streams.complain(f"{said.getvalue()}\nfilecheck read:\n{text}")
    return status


def check_options(argv: Sequence[str]) -> Options:
    try:
        return parse_argv_options(["filecheck", *argv])
    except RuntimeError as error:
        raise Exit(2, f"filecheck: {error}") from None


def lint(path: Path, prefixes: Iterable[str]) -> list[str]:
    """What is wrong with the directives of a test whose RUN lines check for `prefixes`."""
    used = set(prefixes)
    seen: set[str] = set()
    problems = []
    for number, name, has_colon in _directives(path.read_text(encoding="utf-8")):
        prefix = _prefix_of(name, used)
        if prefix and has_colon:
            seen.add(prefix)
        elif problem := _problem(name, prefix, has_colon, used):
            problems.append(f"{path}:{number}: {problem}")
    problems += [f"{path}: no {prefix}: line, although a RUN line checks for it" for prefix in used - seen]
    return problems


def _directives(text: str) -> Iterator[tuple[int, str, bool]]:
    for number, line in enumerate(text.splitlines(), 1):
        match = _DIRECTIVE.search(line)
        if match and match[1] not in _NOT_DIRECTIVES:
            yield number, match[1], match[3] == ":"


def _prefix_of(name: str, used: set[str]) -> str | None:
    """The prefix of `used` that `name` is a directive of, with a suffix that filecheck knows or none."""
    for prefix in used:
        suffix = name.removeprefix(prefix)
        is_suffix = suffix == "" or suffix[1:] in _SUFFIXES or re.fullmatch(r"-COUNT-\d+", suffix)
        if name.startswith(prefix) and is_suffix and (suffix == "" or suffix[0] == "-"):
            return prefix
    return None


def _problem(name: str, prefix: str | None, has_colon: bool, used: set[str]) -> str | None:
    if prefix:
        return f"{name} without a colon right after it is a comment, not a check"
    known = [*used, *(f"{p}-{s}" for p in used for s in _SUFFIXES)]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    if close:
        return f"{name} is not a directive here; did you mean {close[0]}?"
    if has_colon and used:
        return f"no RUN line checks for {name}; write a comment in lower case, or --check-prefix={name}"
    return None
