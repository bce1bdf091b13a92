"""The generated pages of docs/ have no gap and are what `make docs` writes."""

from pathlib import Path

import pytest

from weft_compiler.dialect.op import NoRule
from weft_compiler.passes.registry import own_pass_names
from weft_tools.docs import pages
from weft_tools.ops_page import cells, families, lit_tests
from weft_tools.pass_examples import example

ROOT = Path(__file__).parents[2]


def test_every_op_has_every_cell():
    tests = lit_tests(ROOT)
    gaps = []
    for classes in families().values():
        for cls in classes:
            for column, cell in cells(cls, tests).items():
                text = cell.reason if isinstance(cell, NoRule) else cell
                if not text.strip():
                    gaps.append(f"{cls.ir_name}: {column}")
    assert not gaps


def test_reasons_name_tests_that_are_there():
    """`covered by test/ops/control_flow` and the like."""
    for classes in families().values():
        for cls in classes:
            if isinstance(cls.samples, NoRule):
                for word in cls.samples.reason.replace(":", " ").replace(";", " ").replace(",", " ").split():
                    assert not word.startswith("test/") or (ROOT / word).exists(), f"{cls.ir_name}: {word}"


@pytest.mark.parametrize("name", own_pass_names())
def test_every_pass_has_an_example(name):
    assert example(name, ROOT)


def test_pages_are_what_is_generated():
    for name, text in pages(ROOT).items():
        stored = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert stored == text, f"docs/{name} is stale: run `make docs`"
