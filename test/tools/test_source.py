"""Input is wrapped into a module, and diagnostics still point at the text as it was written."""

import pytest

from weft_compiler.diagnostics import DiagnosticError
from weft_tools.source import Source

BAD = "func.func @f() { oops }"


@pytest.mark.parametrize(
    "text",
    [
        "func.func @f() { return }\nfunc.func @g() { return }",
        "// a comment\nfunc.func @f() { return }",
        "#map = affine_map<(d0) -> (d0)>\nfunc.func @f() { return }",
        "// one\n#map = affine_map<(d0) -> (d0)>\n\nfunc.func @f() { return }",
        "module { func.func @f() { return } }",
        '// generic\n"builtin.module"() ({\n"func.func"() <{function_type = () -> (), sym_name = "f"}> ({\n'
        '"func.return"() : () -> ()\n}) : () -> ()\n}) : () -> ()',
        'func.func @f() { return }\n{-#\n  dialect_resources: { builtin: { a: "0x04000000ff" } }\n#-}',
    ],
)
def test_what_can_be_parsed(text):
    assert "f" in Source("x.mlir", text).parse().functions


@pytest.mark.parametrize("text", ["", "// only a comment\n", "#map = affine_map<(d0) -> (d0)>\n"])
def test_nothing_is_an_empty_module(text):
    assert Source("x.mlir", text).parse().functions == {}


@pytest.mark.parametrize(
    "before", ["", "\n\n", "// comment\n", "#a = 1 : i32\n", "// c\n#a = 1 : i32\n", "module {\n"]
)
def test_places_are_those_of_the_text(before):
    source = Source("x.mlir", before + BAD)
    with pytest.raises(DiagnosticError) as error:
        source.parse()
    line = before.count("\n") + 1
    shown = error.value.render(source.sources).splitlines()[:3]
    assert shown[0].startswith(f"x.mlir:{line}:18: error: custom op 'oops' is unknown")
    assert shown[1:] == [BAD, " " * 17 + "^"]


def test_chunks_keep_their_line_numbers():
    chunks = list(Source("x.mlir", "a\n// -----\nb\n  // ----- with words\n\nc\n").chunks())
    assert [c.content for c in chunks] == ["a\n", "\n\nb\n", "\n\n\n\n\nc\n"]
    assert [c.name for c in chunks] == ["x.mlir"] * 3
