"""docs/architecture.md is what its script makes, and what it names is there."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


def test_page_is_what_the_script_makes():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate_architecture.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (
        f"{done.stderr}\ndocs/architecture.md is out of date: run docs/generate_architecture.py"
    )


def test_files_it_names_exist():
    named = re.findall(r"`((?:frontend|compiler|runtime|tools|docs)/[\w./]+)`", PAGE.read_text())
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []
