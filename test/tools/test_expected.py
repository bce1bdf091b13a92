"""Expected diagnostics: where they point, and what does not match."""

import pytest

from weft_compiler.diagnostics import Diagnostic, Place
from weft_tools.expected import expectations, mismatches


def test_where_they_point():
    text = """
// expected-error@+2 {{a}} expected-note@-1 {{b}}
// expected-warning @below {{c}}
op  // expected-remark {{d}}
// expected-error@above {{e}}
// expected-error@unknown {{f {g} h}}
"""
    found = [(e.severity, e.message, e.line) for e in expectations(text)]
    assert found == [
        ("error", "a", 4),
        ("note", "b", 1),
        ("warning", "c", 4),
        ("remark", "d", 4),
        ("error", "e", 4),
        ("error", "f {g} h", None),
    ]


@pytest.mark.parametrize(
    "line", ["// expected-error: x", "// expected-error@+1 {x}", "// expected-fault {{x}}"]
)
def test_an_expectation_that_cannot_be_read_is_an_error(line):
    with pytest.raises(ValueError, match="line 2: write expected-error"):
        list(expectations(f"\n{line}\n"))


def test_mismatches():
    (wanted,) = expectations("op // expected-error {{wrong}}")
    right = Diagnostic("error", "it is wrong here", Place("x", 1, 3))
    note = Diagnostic("note", "because", Place("x", 9))
    elsewhere = Diagnostic("error", "it is wrong here", Place("x", 2))
    warning = Diagnostic("warning", "it is wrong here", Place("x", 1))
    assert mismatches([wanted], [Diagnostic("error", "wrong", Place("x", 1), (note,))]) == []
    assert mismatches([wanted], [right, right]) == [right]
    assert mismatches([wanted], [elsewhere]) == [elsewhere, wanted]
    assert mismatches([wanted], [warning, right]) == [warning]
    assert mismatches([wanted], []) == [wanted]
