"""The table of ops: where each rule of an op is, and what checks it; a rule that an op lacks with its reason."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from weft_compiler import dialect
from weft_compiler.avals import short_name
from weft_compiler.dialect import op as op_module
from weft_compiler.dialect.op import REGISTRY, NoRule, Op

COLUMNS = ("infer", "jvp", "transpose", "batch", "lower", "fold", "lit test", "numeric check")
_RULES = COLUMNS[:6]
_NAMED = re.compile(r"\b(?:weftn?|func)\.\w+")
_DERIVED = {"_linear_jvp": "linear", "_bilinear_jvp": "bilinear"}
_HEAD = """Every op of the dialect, by family, with the home of each of its rules:

* `own`: the class of the op has it; another name: a class that several ops share has it;
* `linear`, `bilinear`: follows from what the op says of itself (`linear_in`, `bilinear_in`);
* a letter: the op has no such rule, for the reason below the table.

The last columns name a `.mlir` test of the op, and the dtypes of the samples on which `test/ops/test_rules.py` checks
all rules by numbers: `infer` against execution (and against NumPy, where `=` says so), folding, batches, and
derivatives to the second order. It takes the other dtypes that an op accepts from these samples.
"""


def ops_page(root: Path) -> str:
    """The page. `root` is the folder of the repository, whose .mlir tests are looked up."""
    parts = ["# Ops\n", _HEAD]
    tests = lit_tests(root)
    for module, classes in families().items():
        parts.append(f"## {module.rpartition('.')[2]}\n")
        parts.append(_first_line(inspect.getdoc(inspect.getmodule(classes[0]))) + "\n")
        parts.append(_table(classes, tests))
    return "\n".join(parts)


def families() -> dict[str, list[type[Op]]]:
    """The ops by the file that has them, in alphabetical order."""
    dialect.load()
    found = defaultdict(list)
    for cls in REGISTRY.values():
        found[cls.__module__].append(cls)
    return {module: found[module] for module in sorted(found)}


def lit_tests(root: Path) -> dict[str, Path]:
    """For each op that a .mlir test mentions, the test: the first by `_preference`."""
    found: dict[str, Path] = {}
    tests = sorted((root / "test").rglob("*.mlir"), key=_preference)
    for path in tests:
        for name in _NAMED.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, path.relative_to(root))
    return found


def _preference(path: Path) -> tuple[bool, bool, str]:
    """Tests of ops come first, and those of what works."""
    return "ops" not in path.parts, path.stem in ("invalid", "rejected"), str(path)


def cells(cls: type[Op], tests: Mapping[str, Path]) -> dict[str, str | NoRule]:
    """What stands in each column: a text, or the reason why there is nothing. Empty text is a gap."""
    made: dict[str, str | NoRule] = {rule: _rule_cell(cls, rule) for rule in _RULES}
    path = tests.get(cls.ir_name)
    made["lit test"] = f"[{path.stem}](../{path.as_posix()})" if path else ""
    made["numeric check"] = _samples_cell(cls)
    return made


def _rule_cell(cls: type[Op], rule: str) -> str | NoRule:
    found = getattr(cls, rule)
    if isinstance(found, NoRule):
        return found
    if found.__name__ in _DERIVED and found.__module__ == op_module.__name__:
        return _DERIVED[found.__name__]
    home = next(base for base in cls.__mro__ if rule in vars(base))
    return "own" if home is cls else f"`{home.__name__}`"


def _samples_cell(cls: type[Op]) -> str | NoRule:
    if isinstance(cls.samples, NoRule):
        return cls.samples
    dtypes = {short_name(x.dtype) for s in cls.samples() for x in s.operands}
    listed = " ".join(sorted(dtypes, key=lambda name: (name.lstrip("biufc") == name, name)))
    return ("= " if hasattr(cls, "reference") else "") + (listed or "no operands")


def _table(classes: list[type[Op]], tests: Mapping[str, Path]) -> str:
    reasons: dict[str, str] = {}

    def shown(cell: str | NoRule) -> str:
        if not isinstance(cell, NoRule):
            return cell
        return f"({reasons.setdefault(cell.reason, chr(ord('a') + len(reasons)))})"

    lines = [f"| op | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for cls in classes:
        row = cells(cls, tests)
        lines.append(f"| `{cls.ir_name}` | {' | '.join(shown(row[c]) for c in COLUMNS)} |")
    lines.append("")
    lines += [f"* ({letter}) {reason}" for reason, letter in reasons.items()]
    return "\n".join(lines).rstrip() + "\n"


def _first_line(text: str | None) -> str:
    return (text or "").split("\n", 1)[0]
