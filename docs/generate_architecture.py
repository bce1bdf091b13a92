"""Makes docs/architecture.md from docs/architecture.in.md by running what stands in it.

    python docs/generate_architecture.py            writes the page
    python docs/generate_architecture.py --check    the exit status is 1 if the page is not what would be written

A fenced block of the template may say after its language

    run=mlir, run=text    the block is run, and what it printed follows as a block of that language
    file=NAME             what it printed goes to a file that later commands read
    only=NAME,NAME        of the functions that it printed, these are shown

`python` blocks run in one namespace; each line of a `sh` block is a `weft-opt` or `weft-run` command. What a
command writes with `-o` counts as printed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weft_tools import command, opt, run

HERE = Path(__file__).parent
TEMPLATE, PAGE = HERE / "architecture.in.md", HERE / "architecture.md"

_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?P<options>[^\n]*)\n(?P<code>.*?)^```\n", re.MULTILINE | re.DOTALL
)
_TOOLS = {"weft-opt": opt.main, "weft-run": run.main}


@dataclass
class Road:
    """What the blocks of a page share: Python's names and a folder for files."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "road"})

    def rendered(self, template: str) -> str:
        """The page: each block with what it printed below it."""
        return _BLOCK.sub(self._block, template)

    def _block(self, block: re.Match[str]) -> str:
        language, code = block["language"], block["code"]
        options = dict(option.split("=") for option in block["options"].split())
        shown = f"```{language}\n{code}```\n"
        if language not in ("python", "sh"):
            return shown
        printed = self._python(code) if language == "python" else self._commands(code)
        if "file" in options:
            (self.folder / options["file"]).write_text(printed)
        if "only" in options:
            printed = _functions(printed, options["only"].split(","))
        return shown + (f"\n```{options['run']}\n{printed}```\n" if "run" in options else "")

    def _python(self, code: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, "road.py", "exec"), self.names)
        return out.getvalue().rstrip("\n") + "\n"

    def _commands(self, code: str) -> str:
        with contextlib.chdir(self.folder):
            return "".join(_printed_by(shlex.split(line)) for line in code.splitlines())


def _printed_by(words: list[str]) -> str:
    """What a command prints, or writes to the file after -o. Raises RuntimeError if it fails."""
    out, err = io.BytesIO(), io.BytesIO()
    status = command.run(_TOOLS[words[0]], words[1:], command.Streams(io.BytesIO(), out, err))
    if status:
        raise RuntimeError(f"{shlex.join(words)}\n{err.getvalue().decode()}")
    if "-o" in words:
        return Path(words[words.index("-o") + 1]).read_text()
    return out.getvalue().decode()


def _functions(module: str, names: list[str]) -> str:
    """The text of some functions of a printed module."""
    found = {f[1]: f[0] for f in re.finditer(r"^  func\.func .*?@([\w.]+)\(.*?^  }\n", module, re.M | re.S)}
    return "".join(found[name] for name in names)


def page() -> str:
    """The text of docs/architecture.md."""
    with tempfile.TemporaryDirectory() as folder:
        return Road(Path(folder)).rendered(TEMPLATE.read_text(encoding="utf-8"))


def main() -> int:
    """The command; returns its exit status."""
    os.environ["WEFT_PLATFORMS"] = "cpu"  # the page is the same on every machine
    made = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == made else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
