"""Dimension expressions in the IR: each stands as a number that no size is ever as large as.

Types and attributes hold integers, so an expression is written as a number from `FIRST` on, and reading that
number gives the expression again. What passes through MLIR thus needs to know nothing of expressions. The
verifier of StableHLO does arithmetic on sizes, so such a module can be printed, but not verified.
"""

from __future__ import annotations

import operator
import re
import threading
from collections.abc import Callable
from typing import Any

from weft_compiler.symbolic.expression import DimExpr, InconclusiveDimensionOperation

FIRST = 1 << 62
"""Sizes, positions and strides of real programs are smaller."""
_NUMBER = re.compile(r"(?<![\d.])4\d{18}(?![\d.])")
_DATA = re.compile(r"stablehlo\.constant dense<(.*)> : ")
"""The elements of a constant, but not of one that is marked `weft.size`."""

_expressions: list[DimExpr] = []
_numbers: dict[DimExpr, int] = {}
_lock = threading.Lock()


def as_dim(n: Any) -> Any:
    """An integer of any kind as an int, an expression as it is."""
    return n if type(n) is DimExpr else operator.index(n)


def encoded(n: Any) -> int:
    """The integer that stands in the IR."""
    if type(n) is not DimExpr:
        if n >= FIRST:
            raise OverflowError(f"{n} is too large for a size or a position; they must be below {FIRST}")
        return n
    found = _numbers.get(n)
    if found is None:
        with _lock:
            found = _numbers.setdefault(n, FIRST + len(_expressions))
            if found == FIRST + len(_expressions):
                _expressions.append(n)
    return found


def decoded(n: int) -> Any:
    """The size that an integer of the IR stands for."""
    return n if n < FIRST else _expressions[n - FIRST]


def in_use() -> bool:
    """Whether any expression has been made in this process."""
    return bool(_expressions)


def expressions_in(text: str) -> tuple[str, dict[str, DimExpr]]:
    """IR in text with ⟦expression⟧ in place of each number that stands for one, and the expressions by their text.

    Elements of constants are data and stay, but for constants that are marked `weft.size`.
    """
    found: dict[str, DimExpr] = {}
    if not _expressions:
        return text, found  # nobody has made an expression in this process

    def mark(match: re.Match[str]) -> str:
        expression = decoded(int(match[0]))
        found[str(expression)] = expression
        return f"⟦{expression}⟧"

    lines = []
    for line in text.split("\n"):
        data = _DATA.search(line)
        if data is None:
            lines.append(_NUMBER.sub(mark, line))
        else:
            head, tail = line[: data.start(1)], line[data.end(1) :]
            lines.append(_NUMBER.sub(mark, head) + data[1] + _NUMBER.sub(mark, tail))
    return "\n".join(lines), found


def check_known(what: str, text: Callable[[], str]) -> None:
    """Fails if a program that is to be compiled has sizes that are not known; `text` gives its IR.

    Raises: InconclusiveDimensionOperation.
    """
    found = expressions_in(text())[1] if _expressions else {}
    if found:
        raise InconclusiveDimensionOperation(
            f"{what} has sizes that depend on dimension variables ({', '.join(found)}): it can be exported, but "
            "it cannot be compiled"
        )
