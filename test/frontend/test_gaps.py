"""The page of gaps names what is not there, and nothing else."""

import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "gaps.md"
NAMES = re.findall(r"^\| `(weft[\w.]*)` \|", PAGE.read_text(), re.MULTILINE)


def test_the_page_lists_names_once():
    assert len(NAMES) > 10 and len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_gap_is_one(name):
    module, _, attribute = name.rpartition(".")
    found = importlib.import_module(module)
    assert not hasattr(found, attribute), f"{name} exists: take it off {PAGE.name}"
    with pytest.raises(ImportError):
        importlib.import_module(name)
