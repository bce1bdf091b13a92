"""`--verify-diagnostics`: compares what was reported with the `expected-error {{...}}` comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weft_compiler.diagnostics import Diagnostic

_EXPECTED = re.compile(
    r"expected-(?P<severity>error|warning|remark|note)(?:\s*@(?P<where>[+-]\d+|above|below|unknown))?"
    r"\s*\{\{(?P<message>.*?)\}\}"
)
_ONLY_EXPECTED = re.compile(r"\s*//.*\bexpected-\w+")
_INTENDED = re.compile(r"//.*\bexpected-\w+")


@dataclass(frozen=True)
class Expectation:
    """A diagnostic that the input asks for; `line` is None where it has no location."""

    severity: str
    message: str
    line: int | None
    written_at: int

    def is_met_by(self, diagnostic: Diagnostic) -> bool:
        line = diagnostic.place.line if diagnostic.place else None
        same_place = line == self.line
        return same_place and diagnostic.severity == self.severity and self.message in diagnostic.message


def expectations(text: str) -> Iterator[Expectation]:
    """The expectations in a text, with the lines they point at; ValueError for one that cannot be read."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        found = list(_EXPECTED.finditer(line))
        if _INTENDED.search(line) and not found:
            raise ValueError(f"line {number}: write expected-error@+1 {{{{text}}}}, not: {line.strip()}")
        for match in found:
            target = _target(match["where"], number, lines)
            yield Expectation(match["severity"], match["message"], target, number)


def _target(where: str | None, number: int, lines: list[str]) -> int | None:
    if where == "unknown":
        return None
    if where in ("above", "below"):
        step = -1 if where == "above" else 1
        at = number + step
        while 0 < at <= len(lines) and _ONLY_EXPECTED.match(lines[at - 1]):
            at += step
        return at
    return number + int(where or 0)


def mismatches(
    expected: Iterable[Expectation], reported: Iterable[Diagnostic]
) -> list[Diagnostic | Expectation]:
    """Expectations that nothing met, and reports that nothing expected. A note need not be expected."""
    open_expectations = list(expected)
    unexpected: list[Diagnostic | Expectation] = []
    for diagnostic in _flat(reported):
        met = next((e for e in open_expectations if e.is_met_by(diagnostic)), None)
        if met is not None:
            open_expectations.remove(met)
        elif diagnostic.severity != "note":
            unexpected.append(diagnostic)
    return [*unexpected, *open_expectations]


def _flat(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    for diagnostic in diagnostics:
        yield diagnostic
        yield from _flat(diagnostic.notes)
