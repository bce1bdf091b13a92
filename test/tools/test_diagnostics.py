"""Diagnostics are located, shown with their source line, and trimmed."""

import pytest

from weft_compiler.bindings import context, ir
from weft_compiler.diagnostics import Diagnostic, DiagnosticError, Place, Sources, place_of


def locations() -> dict[str, ir.Location]:
    with context():
        file = ir.Location.file("a.py", 3, 5)
        other = ir.Location.file("b.py", 7, 0)
        return {
            "file": file,
            "name": ir.Location.name("sin", file),
            "call": ir.Location.callsite(ir.Location.name("inner", file), [other]),
            "fused": ir.Location.fused([ir.Location.unknown(), other, file]),
            "unknown": ir.Location.unknown(),
        }


def test_places():
    places = {kind: place_of(location) for kind, location in locations().items()}
    a, b = Place("a.py", 3, 5), Place("b.py", 7)
    assert places == {"file": a, "name": a, "call": a, "fused": b, "unknown": None}
    assert place_of(None) is None
    assert (str(a), str(b)) == ("a.py:3:5", "b.py:7")


def test_rendering_shows_the_line_and_a_caret():
    sources = Sources({"a.py": "one\ntwo\n\tx = y + z\n"})
    error = DiagnosticError("no y", locations()["file"], notes=[("look there", None)])
    assert error.render(sources) == "a.py:3:5: error: no y\n\tx = y + z\n\t   ^\nnote: look there"


def test_callers_are_named():
    assert str(DiagnosticError("no y", locations()["call"])) == (
        "a.py:3:5: error: no y\nb.py:7: note: called from here"
    )


def test_without_a_place_the_message_stands_alone():
    assert str(DiagnosticError("no y")) == "error: no y"
    assert Diagnostic("warning", "old").render() == "warning: old"


def test_errors_of_mlir_are_trimmed():
    with context(), pytest.raises(ir.MLIRError) as raised:
        ir.Operation.parse(
            "module {\nfunc.func @f() { return }\nfunc.func @f() -> i32 {\n return\n}\n}",
            source_name="x.mlir",
        )
    error = DiagnosticError.from_mlir(raised.value)
    assert {d.place.line for d in error.diagnostics} <= {3, 4}
    assert "see current operation" not in str(error)
    assert str(error).startswith("x.mlir:")
