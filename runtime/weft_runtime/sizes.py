"""Sizes that are known at the call only: polynomials in dimension variables, evaluated and solved for.

An expression is a list of terms `[coefficient, [[atom, power], ...]]`; an atom is the name of a variable or
`[operation, expression, expression]` with floordiv, mod, max or min. Beside it stands its text, for messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # values of JSON

import numpy as np

Env = Mapping[str, Any]
"""Values of dimension variables: numbers, or whatever the operations work on."""

Operations = Mapping[str, Callable[[Any, Any], Any]]

ON_NUMBERS: Operations = {
    "floordiv": lambda x, y: x // y,
    "mod": lambda x, y: x % y,
    "max": max,
    "min": min,
}
LARGEST = 2**31 - 1
"""The largest value of a dimension variable; programs count on it."""
MARK = re.compile("⟦(.*?)⟧")
"""Where a template has a size: ⟦2*b + 1⟧."""
_VALUE = re.compile(r'weft\.size = "(u?int\d+)"} dense<⟦(.*?)⟧>')
"""Where it has the value of one, and the dtype of that."""


@dataclass(frozen=True)
class Size:
    """One expression."""

    text: str
    terms: tuple[Any, ...]

    @classmethod
    def from_json(cls, text: str, terms: Any) -> Size:
        """From the form in which a header holds it."""
        return cls(text, _frozen(terms))

    def evaluate(self, env: Env, operations: Operations = ON_NUMBERS) -> Any:
        """The value where all variables are known."""
        return _evaluate(self.terms, env, operations)

    def variables(self) -> set[str]:
        """The variables that it depends on."""
        return set(_variables(self.terms))

    def __str__(self) -> str:
        return self.text


def _frozen(x: Any) -> Any:
    return tuple(map(_frozen, x)) if isinstance(x, list) else x


def _evaluate(terms: Any, env: Env, operations: Operations) -> Any:
    total: Any = 0
    for coefficient, factors in terms:
        value = coefficient
        for atom, power in factors:
            value = value * _atom(atom, env, operations) ** power
        total = total + value
    return total


def _atom(atom: Any, env: Env, operations: Operations) -> Any:
    if isinstance(atom, str):
        return env[atom]
    operation, x, y = atom
    return operations[operation](_evaluate(x, env, operations), _evaluate(y, env, operations))


def _variables(terms: Any) -> Iterable[str]:
    for _, factors in terms:
        for atom, _ in factors:
            if isinstance(atom, str):
                yield atom
            else:
                yield from _variables(atom[1])
                yield from _variables(atom[2])


Dim = int | Size
Shape = tuple[Dim, ...]


@dataclass(frozen=True)
class Constraint:
    """`size` must be 0 (`is_equality`) or not negative; `text` is what the user wrote."""

    text: str
    size: Size
    is_equality: bool

    def holds(self, env: Env, operations: Operations = ON_NUMBERS) -> bool:
        """Whether these values satisfy it."""
        value = self.size.evaluate(env, operations)
        return value == 0 if self.is_equality else value >= 0


def solve(
    wanted: Sequence[tuple[str, Shape]],
    given: Sequence[tuple[Any, ...]],
    constraints: Sequence[Constraint],
    operations: Operations = ON_NUMBERS,
) -> dict[str, Any]:
    """Values of the variables for which the shapes `wanted` are those `given`; of equal rank each.

    Raises: ValueError where there are none, or where a variable is in no shape such that it can be solved for.
    """
    todo: list[tuple[str, Dim, Any]] = [
        (f"{where}.shape[{axis}]", dim, size)
        for (where, shape), sizes in zip(wanted, given, strict=True)
        for axis, (dim, size) in enumerate(zip(shape, sizes, strict=True))
    ]
    env: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def fail(message: str) -> ValueError:
        shapes = ", ".join(f"{where} = ({', '.join(map(str, shape))})" for where, shape in wanted if shape)
        known = "".join(f"; {name} = {env[name]} from {sources[name]}" for name in env)
        return ValueError(f"{message} (exported for {shapes}{known})")

    while todo:
        later: list[tuple[str, Dim, Any]] = []
        for where, dim, size in todo:
            if isinstance(dim, int) or not dim.variables() - env.keys():
                expected = dim if isinstance(dim, int) else dim.evaluate(env, operations)
                if expected != size:
                    said = str(dim) if isinstance(dim, int) else f"{dim}, which is {expected}"
                    raise fail(f"{where} is {size}, but must be {said}")
                continue
            name, value, remainder = _solve_one(dim, size, env, operations)
            if name is None:
                later.append((where, dim, size))
            elif remainder:
                raise fail(f"{where} is {size}, which {dim} is for no integer {name}")
            elif value > LARGEST:
                raise fail(f"{where} is {size}, so {name} would be larger than {LARGEST}")
            elif value < 1:
                raise fail(
                    f"{where} is {size}, so {name} would be {value}, but a dimension variable is at least 1"
                )
            else:
                env[name] = value
                sources[name] = f"{where} = {size}"
        if len(later) == len(todo):
            unknown = sorted(
                {n for _, dim, _ in todo if not isinstance(dim, int) for n in dim.variables()} - env.keys()
            )
            raise fail(
                f"cannot solve for the dimension variables {', '.join(unknown)}: each must be, in some shape, the only "
                "unknown of an expression that is linear in it"
            )
        todo = later
    for constraint in constraints:
        if constraint.size.variables() <= env.keys() and not constraint.holds(env, operations):
            raise fail(f"the shapes do not satisfy the constraint {constraint.text}")
    return env


def _solve_one(dim: Size, size: Any, env: Env, operations: Operations) -> tuple[str | None, Any, Any]:
    """(variable, value, remainder) where the expression is linear in one unknown variable, else (None, 0, 0)."""
    known: Any = 0
    slope: Any = 0
    name = None
    for coefficient, factors in dim.terms:
        unknown = [(atom, power) for atom, power in factors if _unknown(atom, env)]
        rest: Any = coefficient
        for atom, power in factors:
            if (atom, power) not in unknown:
                rest = rest * _atom(atom, env, operations) ** power
        if not unknown:
            known += rest
        elif len(unknown) == 1 and isinstance(unknown[0][0], str) and unknown[0][1] == 1:
            if name not in (None, unknown[0][0]):
                return None, 0, 0
            name, slope = unknown[0][0], slope + rest
        else:
            return None, 0, 0
    if name is None or not isinstance(slope, int) or slope == 0:
        return None, 0, 0
    return name, *divmod(size - known, slope)


def _unknown(atom: Any, env: Env) -> bool:
    if isinstance(atom, str):
        return atom not in env
    return bool(set(_variables(((1, ((atom, 1),)),))) - env.keys())


def fill(template: str, sizes: Mapping[str, Size], env: Env) -> str:
    """A template with the values of its sizes.

    Raises: ValueError where one is used as a number of a dtype that cannot hold it.
    """
    for mark in _VALUE.finditer(template):
        dtype, text = mark.groups()
        info, value = np.iinfo(dtype), sizes[text].evaluate(env)
        if not int(info.min) <= value <= int(info.max):
            raise ValueError(
                f"the size {text} is {value}, which is used as a value of {dtype}, and does not fit"
            )
    return MARK.sub(lambda mark: str(sizes[mark[1]].evaluate(env)), template)
