"""Diagnostics: an error that names a place in the user's file, and how it is shown."""

from __future__ import annotations

import linecache
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from weft_compiler.bindings import ir

_LONGEST_NOTE = 200


@dataclass(frozen=True)
class Place:
    """A position in a source file; `line` and `column` count from 1, 0 is unknown."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        numbers = [str(n) for n in (self.line, self.column) if n > 0]
        return ":".join([self.file, *numbers])


@dataclass(frozen=True)
class Sources:
    """Where source lines are found: in the texts given here by name, else in files.

    `moved` is a line that was parsed with its text moved right, and by how many columns.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    moved: Place | None = None

    def original(self, place: Place) -> Place:
        """The place in the text as it was written."""
        if self.moved is None or (place.file, place.line) != (self.moved.file, self.moved.line):
            return place
        return replace(place, column=max(place.column - self.moved.column, 1))

    def line(self, place: Place) -> str:
        text = self.texts.get(place.file)
        if text is None:
            return linecache.getline(place.file, place.line).rstrip("\n")
        lines = text.splitlines()
        return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


@dataclass(frozen=True)
class Diagnostic:
    """One message, `error`, `warning`, `remark` or `note`, with its place if it has one."""

    severity: str
    message: str
    place: Place | None = None
    notes: tuple[Diagnostic, ...] = ()

    def render(self, sources: Sources | None = None) -> str:
        """`file:line:column: error: message`, the source line and a caret, then the notes."""
        sources = sources or Sources()
        return "\n".join([*self._lines(sources), *(n.render(sources) for n in self.notes)])

    def _lines(self, sources: Sources) -> list[str]:
        if self.place is None:
            return [f"{self.severity}: {self.message}"]
        place = sources.original(self.place)
        lines = [f"{place}: {self.severity}: {self.message}"]
        source = sources.line(place)
        if source:
            lines.append(source)
        if source and place.column > 0:
            # Tabs stay tabs, so the caret stands under its column at any tab width.
            before = source[: place.column - 1]
            lines.append("".join(c if c == "\t" else " " for c in before) + "^")
        return lines


class DiagnosticError(Exception):
    """A mistake in the program being compiled, at `location`: what a pass raises to report one.

    `notes` are further (message, location) pairs that explain the message. `diagnostics` holds all of it in a
    form that outlives the IR; an error that comes from MLIR may hold several.
    """

    def __init__(
        self,
        message: str,
        location: ir.Location | None = None,
        notes: Sequence[tuple[str, ir.Location | None]] = (),
    ):
        super().__init__(message)
        self.message = message
        self.location = location
        self.diagnostics: tuple[Diagnostic, ...] = (
            Diagnostic(
                "error",
                message,
                place_of(location),
                (*(Diagnostic("note", text, place_of(at)) for text, at in notes), *_callers(location)),
            ),
        )

    @classmethod
    def from_mlir(cls, error: ir.MLIRError) -> DiagnosticError:
        """The same error in our words: located, its notes trimmed to what a reader can use."""
        found = list(error.error_diagnostics)
        if not found:
            return cls(str(error.message or error))
        made = cls(found[0].message, found[0].location)
        made.diagnostics = tuple(diagnostic_of(d) for d in found)
        return made

    def render(self, sources: Sources | None = None) -> str:
        return "\n".join(d.render(sources) for d in self.diagnostics)

    def __str__(self) -> str:
        return self.render()


def diagnostic_of(info: ir.Diagnostic | ir.DiagnosticInfo) -> Diagnostic:
    """Our record of a diagnostic that MLIR emitted."""
    severity = info.severity.name.lower()
    notes = (diagnostic_of(n) for n in info.notes if not n.message.startswith("see current operation"))
    message = info.message
    if severity == "note":
        # A note may print the whole operation, which is a function of thousands of lines.
        message = message.split("\n", 1)[0][:_LONGEST_NOTE]
    return Diagnostic(severity, message, place_of(info.location), (*notes, *_callers(info.location)))


def place_of(location: ir.Location | None) -> Place | None:
    """The innermost position in a file that `location` names, if it names one."""
    location = _as_its_own_class(location)
    if isinstance(location, ir.FileLineColLoc):
        return Place(location.filename, location.start_line, location.start_col)
    if isinstance(location, ir.NameLoc):
        return place_of(location.child_loc)
    if isinstance(location, ir.CallSiteLoc):
        return place_of(location.callee) or place_of(location.caller)
    if isinstance(location, ir.FusedLoc):
        return next((p for p in map(place_of, location.locations) if p), None)
    return None


def _as_its_own_class(location: ir.Location | None) -> ir.Location | None:
    """What an error carries has the base class `Location`, whatever it is."""
    return location and ir.Location.from_attr(location.attr, location.context)


def _callers(location: ir.Location | None) -> tuple[Diagnostic, ...]:
    """One note for each caller in a call-site location, from the inside out."""
    notes = []
    location = _as_its_own_class(location)
    while isinstance(location, ir.CallSiteLoc):
        location = location.caller
        place = place_of(location)
        if place is not None:
            notes.append(Diagnostic("note", "called from here", place))
    return tuple(notes)
