"""What a benchmark is: a name, how to make the thing that is timed, and the bar that it is held to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

SYSTEMS = ("weft", "jax")
"""The system that is measured, then the one that it is measured against."""

Thunk = Callable[[], object]

WALL, THREAD = "wall", "thread"
"""Clocks: the time that passes, for what runs on other threads too; the time this thread computes."""


@dataclass(frozen=True)
class Side:
    """One of the two systems, as a case sees it: the same program text gets one or the other."""

    name: str
    api: ModuleType
    numpy: ModuleType
    is_quick: bool = False

    @staticmethod
    def of(name: str, is_quick: bool = False) -> Side:
        """The side of an installed package, `weft` or `jax`."""
        return Side(name, import_module(name), import_module(f"{name}.numpy"), is_quick)

    def sized(self, full: int, quick: int) -> int:
        """A size of the program; a quick run only shows that the case works."""
        return quick if self.is_quick else full


@dataclass(frozen=True)
class Case:
    """One row of the table: `prepare` makes the thunk that is timed in a worker process."""

    name: str
    what: str
    prepare: Callable[[Side], Thunk]
    clock: str = WALL
    bar: float | None = None
    """Largest ratio to JAX that counts as met."""
    goal: float | None = None
    """The ratio to reach later."""
    unit = "s"


@dataclass(frozen=True)
class Script:
    """A row that needs a process of its own for every sample: a file of `startup/` and one of its figures."""

    name: str
    what: str
    file: str
    figure: str
    bar: float | None = None
    goal: float | None = None
    limit: float | None = None
    """Largest value of weft itself that counts as met, in `unit`; where a ratio says nothing."""
    unit: str = "s"
    cache: str = "cold"
    """Cache on disk: `off`, `cold` (empty), `warm` (after one run that is not counted)."""
    peer_cache: str = "off"
    """The same for JAX, which has its cache off unless it is asked."""


AnyCase = Case | Script
CASES: dict[str, AnyCase] = {}

F = TypeVar("F", bound=Callable[[Side], Thunk])


def case(
    name: str, *, bar: float | None = None, goal: float | None = None, clock: str = WALL
) -> Callable[[F], F]:
    """Registers the function as a case; its docstring says what is timed."""

    def register(prepare: F) -> F:
        what = (prepare.__doc__ or "").strip()
        add(Case(name, what, prepare, clock, bar, goal))
        return prepare

    return register


def add(made: AnyCase) -> None:
    """Registers a case; names are unique."""
    if made.name in CASES:
        raise ValueError(f"two cases are named {made.name}")
    CASES[made.name] = made


def load_cases() -> dict[str, AnyCase]:
    """All cases, in the order of the table."""
    for group in ("tracing", "calls", "eager", "transforms", "training", "starting", "resources"):
        import_module(f"cases.{group}")
    return CASES


def chosen(names: list[str]) -> dict[str, AnyCase]:
    """The cases named; a name chooses all that begin with it or contain it. None given: all."""
    cases = load_cases()
    if not names:
        return cases
    found: dict[str, Any] = {}
    for name in names:
        matching = {n: c for n, c in cases.items() if n == name} or {
            n: c for n, c in cases.items() if n.startswith(name)
        }
        matching = matching or {n: c for n, c in cases.items() if name in n}
        if not matching:
            raise LookupError(f"no case is named {name!r}; --list shows them")
        found |= matching
    return {n: c for n, c in cases.items() if n in found}
