"""Input of the tools: files, standard input and chunks of a file, read into modules with right locations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from weft_compiler.bindings import context, ir
from weft_compiler.diagnostics import DiagnosticError, Place, Sources
from weft_compiler.module import Module
from weft_tools.command import Exit, Streams

SEPARATOR = "// -----"
_BYTECODE = b"ML\xefR"
_BLANK_OR_COMMENT = re.compile(r"\s*(//.*)?$")
_ALIAS = re.compile(r"\s*[#!][\w.$-]+\s*=")
_RESOURCES = "{-#"  # the section after the last op that holds the data of dense_resource attributes
_OPENING = "module {"
_MODULE = re.compile(r"\s*\"?(builtin\.)?module\b")


@dataclass(frozen=True)
class Source:
    """A text or bytecode with the name its diagnostics carry."""

    name: str
    content: str | bytes

    @property
    def sources(self) -> Sources:
        """Where diagnostics find the lines of this text."""
        if isinstance(self.content, bytes):
            return Sources()
        _, moved = with_module(self.content)
        return Sources({self.name: self.content}, Place(self.name, moved, len(_OPENING)) if moved else None)

    def chunks(self) -> Iterator[Source]:
        """The parts between `// -----` lines, each padded so that its lines keep their numbers."""
        if isinstance(self.content, bytes):
            yield self
            return
        lines = self.content.splitlines(keepends=True)
        start = 0
        for i, line in enumerate([*lines, SEPARATOR]):
            if line.lstrip().startswith(SEPARATOR):
                yield Source(self.name, "\n" * start + "".join(lines[start:i]))
                start = i + 1

    def parse(self) -> Module:
        """The module in this text; raises DiagnosticError."""
        try:
            with context():
                if isinstance(self.content, bytes):
                    return Module(ir.Module.parse(self.content))
                return Module(ir.Operation.parse(with_module(self.content)[0], source_name=self.name))
        except ir.MLIRError as error:
            raise DiagnosticError.from_mlir(error) from None


def read_source(path: str, streams: Streams, tool: str) -> Source:
    """The content of the file `path`, or of standard input for `-`."""
    try:
        if path == "-":
            name, data = "<stdin>", streams.stdin.read()
        else:
            name = path
            with open(path, "rb") as file:
                data = file.read()
    except OSError as error:
        raise Exit(1, f"{tool}: cannot read {path}: {error.strerror}") from None
    if data.startswith(_BYTECODE):
        return Source(name, data)
    try:
        return Source(name, data.decode())
    except UnicodeDecodeError:
        raise Exit(1, f"{tool}: {path} is neither MLIR text nor MLIR bytecode") from None


def with_module(text: str) -> tuple[str, int]:
    """`text` with an explicit `module` around it, every op still on its line.

    The opening takes the place of the comment or empty line before the first op. Where there is none, the
    line of the first op moves right by the opening: its number is returned, 0 if none moves.
    """
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if not _before_ops(line)), len(lines))
    if first == len(lines):
        return text + f"\n{_OPENING}}}", 0
    if _MODULE.match(lines[first]):
        return text, 0
    moved = 0
    if first > 0 and not _ALIAS.match(lines[first - 1]):
        lines[first - 1] = _OPENING
    else:
        lines[first] = _OPENING + lines[first]
        moved = first + 1
    end = next((i for i, line in enumerate(lines) if line.startswith(_RESOURCES)), len(lines))
    return "\n".join([*lines[:end], "}", *lines[end:]]), moved


def _before_ops(line: str) -> bool:
    return bool(_BLANK_OR_COMMENT.match(line) or _ALIAS.match(line))
