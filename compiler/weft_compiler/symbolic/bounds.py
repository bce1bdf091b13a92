"""What is known of the value of a dimension expression: the least and the greatest that it can be.

Each variable is at least 1. A constraint c >= 0 helps where it shares a term with the expression e: with positive
k and l chosen so that the term cancels, e >= (l * e - k * c) / l.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft_compiler.symbolic.expression import Dim, DimExpr

DEPTH = 3
"""How many constraints one bound may rest on."""


def of(x: Dim) -> tuple[float, float]:
    """The least and the greatest value; infinities where there is none."""
    if isinstance(x, int):
        return x, x
    known = x.scope.bounds.get(x)
    if known is None:
        x.scope.bounds[x] = (-math.inf, math.inf)  # asked again on the way, nothing is known yet
        low, high = _least(x, DEPTH), -_least(-x, DEPTH)
        for least, most in _as_products(x):
            low, high = max(low, least), min(high, most)
        known = x.scope.bounds[x] = (low, high)
    return known


def _as_products(x: DimExpr) -> Iterator[tuple[float, float]]:
    """Bounds of a sum whose terms share a factor, as a product: b*s - b + 2 is b times s - 1, and 2."""
    from weft_compiler.symbolic.expression import divided, variable

    constant = dict(x.terms).get((), 0)
    rest: Any = x - constant
    if isinstance(rest, int) or len(rest.terms) < 2:
        return
    for atom, _ in rest.terms[0][0]:
        if isinstance(atom, str) and all(atom in dict(factors) for factors, _ in rest.terms):
            factor = variable(x.scope, atom)
            low, high = _times(of(factor), of(divided(rest, factor)[0]))
            yield low + constant, high + constant


def _least(x: Any, depth: int) -> float:
    if isinstance(x, int):
        return x
    best = _by_terms(x)
    if depth == 0:
        return best
    coefficients = dict(x.terms)
    for constraint in _constraints(x):
        for factors, n in constraint.terms:
            m = coefficients.get(factors, 0)
            if factors and m * n > 0:
                rest = x * abs(n) - constraint * abs(m)
                bound = _least(rest, depth - 1) / abs(n)
                best = max(best, math.ceil(bound) if math.isfinite(bound) else bound)
    return best


def _by_terms(x: DimExpr) -> float:
    """A lower bound from that of each term by itself."""
    total: float = 0
    for factors, n in x.terms:
        low: float = 1
        high: float = 1
        for atom, power in factors:
            for _ in range(power):
                low, high = _times((low, high), _of_atom(x, atom))
        total += _multiplied(n, low) if n > 0 else _multiplied(n, high)
    return total


def _times(x: tuple[float, float], y: tuple[float, float]) -> tuple[float, float]:
    ends = [_multiplied(a, b) for a in x for b in y]
    return min(ends), max(ends)


def _multiplied(x: float, y: float) -> float:
    return 0 if x == 0 or y == 0 else x * y  # zero times however much is zero


def _of_atom(x: DimExpr, atom: Any) -> tuple[float, float]:
    from weft_compiler.symbolic.expression import variable

    if isinstance(atom, str):
        alone = variable(x.scope, atom)
        return x.scope.range_of(atom) if alone == x or alone == -x else of(alone)
    (a, b), (c, d) = of(atom.x), of(atom.y)
    if atom.name == "max":
        return max(a, c), max(b, d)
    if atom.name == "min":
        return min(a, c), min(b, d)
    if c <= 0:
        return -math.inf, math.inf  # the sign of the divisor is not known
    if atom.name == "mod":
        return 0, min(d - 1, b) if a >= 0 else d - 1
    ends = [_floor(n, m) for n in (a, b) for m in (c, d)]
    return min(ends), max(ends)


def _floor(n: float, m: float) -> float:
    if math.isinf(n):
        return n
    return (-1 if n < 0 else 0) if math.isinf(m) else n // m


def _constraints(x: DimExpr) -> Iterator[DimExpr]:
    """Expressions that are not negative: those of the scope, and what operations in `x` mean."""
    from weft_compiler.symbolic.expression import DimExpr, Operation, operation

    found: list[Any] = list(x.scope.not_negative)
    for factors, _ in x.terms:
        for atom, _ in factors:
            if not isinstance(atom, Operation):
                continue
            value = operation(atom.name, atom.x, atom.y)
            if atom.name == "max":
                found += [value - atom.x, value - atom.y]
            elif atom.name == "min":
                found += [atom.x - value, atom.y - value]
            elif of(atom.y)[0] > 0 and atom.name == "floordiv":
                rest = atom.x - atom.y * value
                found += [rest, atom.y - 1 - rest]
            elif of(atom.y)[0] > 0:
                found += [atom.y - 1 - value, *([atom.x - value] if of(atom.x)[0] >= 0 else [])]
    return (c for c in found if isinstance(c, DimExpr))


def surely_at_least(x: Dim, least: int) -> bool:
    """Whether a size is at least so large, whatever the dimension variables are."""
    return x >= least if isinstance(x, int) else of(x - least)[0] >= 0
