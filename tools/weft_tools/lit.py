"""Runs a lit test in this process: its RUN lines, with our tools, filecheck and pipes between them as calls.

A RUN line is what lit takes, less what no test here needs: commands joined by `|`, redirections `<` `>`
`2>` `2>&1`, `not` before a command that must fail, `%s` (the test), `%S` (its folder), `%t` (a new file).
"""

from __future__ import annotations

import io
import re
import shlex
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weft_tools import command, opt, run
from weft_tools.checks import check_options, filecheck, lint
from weft_tools.command import Exit, Main, Streams

_RUN = re.compile(r"\bRUN:\s*(.*?)\s*$")
_PIPE = "|"
_CRASHED = 128  # the status of a tool that raised: `not` does not accept it as a failure


class TestTextError(ValueError):
    """A RUN line that cannot be read."""

    __test__ = False  # the name begins with Test, but pytest has nothing to collect


@dataclass
class Stage:
    """One command of a pipe."""

    words: list[str] = field(default_factory=list)
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None  # a path, or _PIPE where it goes with standard output


def run_test(path: Path, scratch: Path) -> list[str]:
    """Runs the test; returns what went wrong, one text for each failure. `scratch` is a folder for `%t`."""
    try:
        pipes = [list(parse_run_line(line)) for line in run_lines(path, scratch)]
        if not pipes:
            return [f"{path}: there is no RUN line"]
        problems = lint(path, _prefixes(path, pipes))
        return problems or [p for pipe in pipes for p in _run_pipe(pipe)]
    except (TestTextError, Exit) as error:
        return [f"{path}: {error}"]


def run_lines(path: Path, scratch: Path) -> Iterator[str]:
    """The RUN lines with their substitutions made; a backslash at the end continues a line."""
    values = {"%s": str(path), "%S": str(path.parent), "%t": str(scratch / path.name) + ".tmp", "%%": "%"}
    whole = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        match = _RUN.search(line)
        if match is None:
            continue
        whole += match[1]
        if whole.endswith("\\"):
            whole = whole[:-1]
            continue
        yield re.sub(r"%%|%[sSt](?![A-Za-z0-9_])", lambda m: values[m[0]], whole)
        whole = ""
    if whole:
        raise TestTextError(f"the RUN line {whole!r} is not finished")


def parse_run_line(line: str) -> Iterator[Stage]:
    """The commands of a pipe. Raises TestTextError."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&<>;")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError as error:
        raise TestTextError(f"{error} in {line!r}") from None
    stage = Stage()
    while tokens:
        token = tokens.pop(0)
        if token == "|":
            yield _checked(stage, line)
            stage = Stage()
        elif token in ("<", ">", ">&"):
            _redirect(stage, token, tokens, line)
        elif re.fullmatch(r"[|&<>;]+", token):
            raise TestTextError(f"{token} is not understood in {line!r}; write two RUN lines")
        else:
            stage.words.append(token)
    yield _checked(stage, line)


def _checked(stage: Stage, line: str) -> Stage:
    if not stage.words:
        raise TestTextError(f"a command is missing in {line!r}")
    return stage


def _redirect(stage: Stage, token: str, tokens: list[str], line: str) -> None:
    if not tokens:
        raise TestTextError(f"a file is missing after {token} in {line!r}")
    target = tokens.pop(0)
    is_stderr = token != "<" and stage.words[-1:] == ["2"]
    if is_stderr:
        stage.words.pop()
    if token == ">&" and not (is_stderr and target == "1"):
        raise TestTextError(f"only 2>&1 is understood, not {token}{target}, in {line!r}")
    if is_stderr:
        stage.stderr = (stage.stdout or _PIPE) if token == ">&" else target
    elif token == "<":
        stage.stdin = target
    else:
        stage.stdout = target


def _prefixes(path: Path, pipes: Sequence[Sequence[Stage]]) -> set[str]:
    """The prefixes that the filecheck commands of a test look for in the test itself."""
    prefixes: set[str] = set()
    for stage in (stage for pipe in pipes for stage in pipe):
        words = stage.words[1:] if stage.words[0] == "not" else stage.words
        if words[0] == "filecheck":
            options = check_options(words[1:])
            if Path(options.match_filename) == path:
                prefixes.update(options.check_prefixes)
    return prefixes


def _run_pipe(pipe: Sequence[Stage]) -> list[str]:
    """Runs the stages one after the other; a pipe fails if one of them does."""
    data = b""
    log: list[str] = []
    has_failed = False
    for stage in pipe:
        status, data, said = _run_stage(stage, data)
        log.append(f"$ {shlex.join(stage.words)}\n{said.decode(errors='replace')}")
        if status:
            has_failed = True
            merged = data.decode(errors="replace") if stage.stderr else ""
            log.append(f"{merged}failed with status {status}")
    if not has_failed:
        return []
    return ["\n".join([*log, data.decode(errors="replace")])]


def _run_stage(stage: Stage, data: bytes) -> tuple[int, bytes, bytes]:
    stdin = Path(stage.stdin).read_bytes() if stage.stdin else data
    # Each place that output goes to has one buffer: two streams that go to one place stay in order.
    places: dict[str | None, io.BytesIO] = defaultdict(io.BytesIO)
    streams = Streams(io.BytesIO(stdin), places[stage.stdout or _PIPE], places[stage.stderr])
    status = _call(stage.words, streams)
    for place, content in places.items():
        if place not in (None, _PIPE):
            Path(place).write_bytes(content.getvalue())
    return status, places[_PIPE].getvalue(), places[None].getvalue()


def _call(words: Sequence[str], streams: Streams) -> int:
    name, *argv = words
    main = _COMMANDS.get(name)
    if main is None:
        raise TestTextError(f"there is no command {name!r} here, only {', '.join(sorted(_COMMANDS))}")
    try:
        return command.run(main, argv, streams)
    except TestTextError:
        raise
    except Exception:  # noqa: BLE001 - what would be a traceback of the tool's process
        streams.complain(traceback.format_exc())
        return _CRASHED


def _not(argv: Sequence[str], streams: Streams) -> int:
    """Succeeds where the command ends with a failure; a crash is no such ending."""
    status = _call(argv, streams)
    return status if status >= _CRASHED else int(status == 0)


def _cat(argv: Sequence[str], streams: Streams) -> int:
    for path in argv:
        streams.stdout.write(Path(path).read_bytes())
    if not argv:
        streams.stdout.write(streams.stdin.read())
    return 0


def _cmp(argv: Sequence[str], streams: Streams) -> int:
    """Succeeds where two files hold the same bytes; `-` is standard input."""
    contents = [streams.stdin.read() if path == "-" else Path(path).read_bytes() for path in argv]
    if len(contents) == 2 and contents[0] == contents[1]:
        return 0
    streams.complain(f"cmp: {' and '.join(argv)} differ")
    return 1


_COMMANDS: dict[str, Main] = {
    "weft-opt": opt.main,
    "weft-run": run.main,
    "filecheck": filecheck,
    "not": _not,
    "cat": _cat,
    "cmp": _cmp,
}
