"""The lit runner: pipes and redirections, failing commands, and the lint of check directives."""

import pytest

from weft_tools.lit import Stage, TestTextError, parse_run_line, run_lines, run_test


@pytest.fixture
def problems(tmp_path):
    """What goes wrong in a test of this text."""

    def run(text: str) -> str:
        path = tmp_path / "case.mlir"
        path.write_text(text)
        return "\n".join(run_test(path, tmp_path))

    return run


def test_parse():
    assert list(parse_run_line("weft-opt a --passes='x{a=1 b=2},y' 2>&1 | not filecheck a > b")) == [
        Stage(["weft-opt", "a", "--passes=x{a=1 b=2},y"], stderr="|"),
        Stage(["not", "filecheck", "a"], stdout="b"),
    ]
    assert list(parse_run_line("cat < in 2> err")) == [Stage(["cat"], stdin="in", stderr="err")]
    assert list(parse_run_line("cat > out 2>&1")) == [Stage(["cat"], stdout="out", stderr="out")]


@pytest.mark.parametrize("line", ["a | | b", "a && b", "a; b", "| a", "a >", "a 1>&2", "a 'b"])
def test_lines_that_are_not_understood(line):
    with pytest.raises(TestTextError):
        list(parse_run_line(line))


def test_substitutions_and_continuations(tmp_path):
    path = tmp_path / "t.mlir"
    path.write_text("// RUN: cat %s \\\n// RUN:   %S/x %t %%x %x\n// RUN: cat\n")
    assert list(run_lines(path, tmp_path)) == [
        f"cat {path}   {tmp_path}/x {path}.tmp %x %x".replace("   ", " "),
        "cat",
    ]


def test_a_test_that_passes(problems):
    assert problems("// RUN: cat %s | filecheck %s\n// CHECK: func\nfunc\n") == ""


def test_a_check_that_fails_shows_the_input(problems):
    said = problems("// RUN: cat %S/case.mlir | filecheck %s\n// CHECK: {{absent[.]}}\n")
    assert "Couldn't match" in said and "filecheck read:" in said


def test_a_failure_in_the_middle_of_a_pipe_fails_the_test(problems):
    assert "failed with status 1" in problems("// RUN: weft-opt %S/absent.mlir | cat\n")
    assert problems("// RUN: not weft-opt %S/absent.mlir | cat\n") == ""
    assert "failed with status 1" in problems("// RUN: not cat %s\n")


def test_a_crash_is_not_the_failure_that_not_asks_for(problems, monkeypatch):
    def crash(argv, streams):
        raise RuntimeError("boom")

    monkeypatch.setitem(__import__("weft_tools.lit", fromlist=["_"])._COMMANDS, "cat", crash)
    assert "RuntimeError: boom" in problems("// RUN: not cat\n")


def test_what_is_no_test(problems):
    assert "there is no RUN line" in problems("func.func @f()\n")
    assert "there is no command 'rm' here" in problems("// RUN: rm -rf %s\n")
    assert "is not finished" in problems("// RUN: cat \\\n")
    assert "filecheck: Unconsumed arguments" in problems("// RUN: filecheck --no-such %s\n")


@pytest.mark.parametrize(
    ("directives", "message"),
    [
        ("// CHECK: f\n// CHEKC-NEXT: g", ":3: CHEKC-NEXT is not a directive here; did you mean CHECK-NEXT?"),
        ("// CHECK: f\n// CHECK-NXT: g", "did you mean CHECK-NEXT?"),
        ("// CHECK: f\n// CHECK_NOT: g", "did you mean CHECK-NOT?"),
        ("// CHECK: f\n// CHECK-NEXT g", "CHECK-NEXT without a colon right after it is a comment"),
        ("// CHECK: f\n// CHECK : g", "CHECK without a colon right after it"),
        ("// CHECK: f\n// VALUE: 1", "no RUN line checks for VALUE"),
        ("// comment", "no CHECK: line, although a RUN line checks for it"),
    ],
)
def test_directives_that_check_nothing(problems, directives, message):
    assert message in problems(f"// RUN: cat %s | filecheck %s\n{directives}\n")


def test_directives_of_several_prefixes(problems):
    run = "// RUN: cat %s | filecheck %s --check-prefixes=A,B\n"
    assert problems(run + "// A: A\n// B-DAG: B\n// NOTE: a word\n// I say\n") == ""
    assert "no B: line" in problems(run + "// A: A\n")
