"""Malformed IR: every pass and tool answers with a located diagnostic and exit code 1, never with a traceback."""

import io
import re
from pathlib import Path

import pytest

from weft_compiler.passes.options import options_of
from weft_compiler.passes.registry import find_pass, pass_names
from weft_tools import opt, run
from weft_tools.command import Streams
from weft_tools.command import run as run_tool

CHUNKS = Path(__file__).with_name("malformed.txt").read_text(encoding="utf-8").split("// -----\n")
PROGRAMS = {chunk.splitlines()[0].removeprefix("// "): chunk for chunk in CHUNKS}
LOCATED = re.compile(r"^<stdin>:\d+:\d+: error: \S", re.MULTILINE)

FOREIGN = {"a dialect that there is not", "an op of another dialect in the middle"}
"""MLIR allows ops that it does not know; passes that need not read them leave them as they are."""
UNHELD = "a rule that this process does not hold"
"""Only what asks for the rule can say so."""
DERIVING = {"weft-jvp", "weft-linearize", "weft-vjp", "weft-remat", "weft-batch"}


def options(name):
    """The options that a pass needs."""
    needed = {"fn": "f", "size": "2"}
    cls = find_pass(name)  # None of a pipeline
    given = [f"{o.name}={needed[o.name]}" for o in options_of(cls) if o.name in needed] if cls else []
    return f"{name}{{{' '.join(given)}}}" if given else name


PASSES = [name for name in pass_names() if not name.startswith("weft-test-")]


def answer(main, argv, text):
    streams = Streams(io.BytesIO(text.encode()), io.BytesIO(), io.BytesIO())
    code = run_tool(main, argv, streams)
    return code, streams.stderr.getvalue().decode()


def check(code, said, *, may_pass):
    assert "Traceback" not in said
    assert "this is a bug in weft" not in said
    if not (may_pass and code == 0):
        assert code == 1
        assert LOCATED.search(said), said


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_pass(name):
    for pass_name in [*PASSES, "weft-lower"]:
        may_pass = name in FOREIGN or (name == UNHELD and pass_name not in DERIVING)
        code, said = answer(opt.main, ["-", f"--passes={options(pass_name)}"], PROGRAMS[name])
        check(code, said, may_pass=may_pass)


@pytest.mark.parametrize("name", PROGRAMS)
def test_running(name):
    code, said = answer(run.main, ["-", "--fn=f", "--random"], PROGRAMS[name])
    check(code, said, may_pass=name in FOREIGN or name == UNHELD)


@pytest.mark.parametrize("text", ["", "\n\n", "// nothing\n", "module {}", "module @m {}\n"])
def test_an_empty_module_is_none(text):
    for pass_name in PASSES:
        needs_function = options(pass_name) != pass_name
        code, said = answer(opt.main, ["-", f"--passes={options(pass_name)}"], text)
        assert "Traceback" not in said
        assert "this is a bug in weft" not in said
        assert code == (1 if needs_function else 0), said
        if needs_function:
            assert "no function @f" in said


def test_a_declaration_is_none_to_transform():
    text = "func.func private @f(tensor<f32>) -> tensor<f32>"
    for pass_name in PASSES:
        code, said = answer(opt.main, ["-", f"--passes={options(pass_name)}"], text)
        check(code, said, may_pass=options(pass_name) == pass_name)
