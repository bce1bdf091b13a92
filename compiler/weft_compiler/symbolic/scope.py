"""Scopes: the dimension variables of one family of shapes, and what is known of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft_compiler.symbolic.expression import Dim, DimExpr, Factors

LARGEST = 2**31 - 1
"""The largest value of a dimension variable: indices of 32 bits reach everything. The runtime checks it."""


class Scope:
    """Constraints on dimension variables. Expressions of different scopes do not mix."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        """The constraints as the user wrote them."""
        self.constraints: list[tuple[str, Dim, bool]] = []
        """(text, expression, whether it is zero rather than not negative)."""
        self.not_negative: list[DimExpr] = []
        self.bounds: dict[Any, tuple[float, float]] = {}
        """What has been found out of expressions."""
        self._ranges: dict[str, tuple[float, float]] = {}
        self._rules: dict[Factors, tuple[int, Dim]] = {}

    def add(self, text: str, left: Dim, right: Dim, is_equality: bool) -> None:
        """Says that left >= right, or left == right.

        Raises: ValueError if it is never so.
        """
        difference = left - right
        self.texts.append(text)
        self.constraints.append((text, difference, is_equality))
        self.bounds.clear()
        if isinstance(difference, int):
            if difference < 0 or (is_equality and difference):
                raise ValueError(f"the constraint {text} is never satisfied")
            return
        for expression in (difference, -difference) if is_equality else (difference,):
            self._add_not_negative(expression)
        if is_equality:
            self._add_rule(left, right)
        for name in {a for f, _ in difference.terms for a, _ in f if isinstance(a, str)}:
            low, high = self.range_of(name)
            if low > high:
                raise ValueError(
                    f"the constraint {text} is never satisfied with {', '.join(self.texts[:-1])}"
                )

    def _add_not_negative(self, x: DimExpr) -> None:
        self.not_negative.append(x)
        first, *rest = x.terms
        ((atom, power), *more) = first[0] or ((None, 0),)
        if (
            isinstance(atom, str)
            and power == 1
            and not more
            and (not rest or (len(rest) == 1 and not rest[0][0]))
        ):
            low, high = self.range_of(atom)
            n, constant = first[1], rest[0][1] if rest else 0
            if n > 0:
                low = max(low, math.ceil(-constant / n))
            else:
                high = min(high, math.floor(constant / -n))
            self._ranges[atom] = low, high

    def _add_rule(self, left: Dim, right: Dim) -> None:
        from weft_compiler.symbolic.expression import DimExpr, Operation, operation

        if isinstance(left, int):
            left, right = right, left
        if not isinstance(left, DimExpr) or len(left.terms) != 1:
            return  # of use in comparisons only
        ((factors, n),) = left.terms
        self._rules[factors] = n, right
        atom = factors[0][0] if len(factors) == 1 else None
        if isinstance(atom, Operation) and atom.name == "mod" and right == 0:
            floor = operation("floordiv", atom.x, atom.y)
            if isinstance(floor, DimExpr) and isinstance(atom.y, int):
                self._rules[floor.terms[0][0]] = atom.y, atom.x

    def rewritten(self, factors: Factors, n: int) -> Dim | None:
        """n times a product as the equalities say it, or None where they say nothing."""
        if not self._rules:
            return None
        for known, (m, right) in self._rules.items():
            powers = dict(factors)
            if n % m == 0 and all(powers.get(atom, 0) >= power for atom, power in known):
                rest = tuple((a, p - dict(known).get(a, 0)) for a, p in factors if p > dict(known).get(a, 0))
                return right * self._product(rest, n // m)
        return None

    def _product(self, factors: Factors, n: int) -> Dim:
        from weft_compiler.symbolic.expression import _sum

        return _sum(self, [(factors, n)])

    def range_of(self, name: str) -> tuple[float, float]:
        """The least and the greatest value of a variable by the constraints on it alone."""
        return self._ranges.get(name, (1, LARGEST))

    def __str__(self) -> str:
        return f"scope {id(self)}{f' with {chr(44).join(self.texts)}' if self.texts else ''}"
