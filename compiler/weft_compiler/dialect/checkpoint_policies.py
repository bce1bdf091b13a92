"""What a checkpoint keeps for the backward pass: policies by name, decided op by op.

`nothing_saveable`, `everything_saveable`, `dots_saveable`, `dots_with_no_batch_dims_saveable`, and for values
named by `checkpoint_name`: `save_only_these_names:a,b`, `save_any_names_but_these:a,b`,
`save_anything_except_these_names:a,b`. By the names of ops: `save_only_these_ops:sin,cos`. What is kept in
another memory says from where to where: `offload_only_these_names@device>pinned_host:a,b`,
`offload_dot_with_no_batch_dims@device>pinned_host`. Several policies joined by `|` keep what any of them keeps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from weft_compiler.dialect.op import Op

Rule = Callable[[Op], bool]

NAMING_OP = "checkpoint_name"
_CONTRACTIONS = ("dot_general", "ragged_dot_general", "conv_general_dilated")


def _is_contraction(inst: Op) -> bool:
    return inst.name in _CONTRACTIONS


def _is_plain_product(inst: Any) -> bool:
    return inst.name == "dot_general" and not inst.lhs_batch


_PLAIN: dict[str, Rule] = {
    "nothing_saveable": lambda inst: False,
    "everything_saveable": lambda inst: True,
    "dots_saveable": _is_contraction,
    "checkpoint_dots": _is_contraction,
    "dots_with_no_batch_dims_saveable": _is_plain_product,
    "checkpoint_dots_with_no_batch_dims": _is_plain_product,
}
_PLAIN_AWAY: dict[str, Rule] = {"offload_dot_with_no_batch_dims": _is_plain_product}


def _only(names: frozenset[str]) -> Rule:
    return lambda inst: inst.name == NAMING_OP and inst.label in names  # type: ignore[attr-defined]


def _named_but(names: frozenset[str]) -> Rule:
    return lambda inst: inst.name == NAMING_OP and inst.label not in names  # type: ignore[attr-defined]


def _all_but(names: frozenset[str]) -> Rule:
    return lambda inst: inst.name != NAMING_OP or inst.label not in names  # type: ignore[attr-defined]


def _of_ops(names: frozenset[str]) -> Rule:
    return lambda inst: inst.name in names


_BY_NAMES: dict[str, Callable[[frozenset[str]], Rule]] = {
    "save_only_these_names": _only,
    "save_any_names_but_these": _named_but,
    "save_anything_except_these_names": _all_but,
    "save_only_these_ops": _of_ops,
}
_BY_NAMES_AWAY: dict[str, Callable[[frozenset[str]], Rule]] = {"offload_only_these_names": _only}


@dataclass(frozen=True)
class Way:
    """Memories by their kinds: where a value is made, and where it is kept."""

    source: str
    kept: str


@dataclass(frozen=True)
class Policy:
    """The parts of a policy, joined by `|`: rules, with another memory or None."""

    text: str
    rules: tuple[tuple[Rule, Way | None], ...]
    excluded: frozenset[str]
    """Names of values that are not kept, not even as what the name was given to."""

    @property
    def saves_all(self) -> bool:
        """Whether every value is kept, so that there is no need to look."""
        return any(rule is _PLAIN["everything_saveable"] for rule, _ in self.rules)

    def saves(self, inst: Op) -> bool:
        """Whether the results of an op are kept."""
        return any(rule(inst) for rule, _ in self.rules)

    def way(self, inst: Op) -> Way | None:
        """In which other memory the results of an op are kept."""
        ways = [way for rule, way in self.rules if rule(inst)]
        return None if None in ways else next(iter(ways), None)

    def excludes(self, naming: Any) -> bool:
        """Whether what is named here must not be kept."""
        return naming.label in self.excluded and not self.saves(naming)


def policy_of(text: str) -> Policy:
    """Reads a policy; raises ValueError for one that there is not."""
    rules: list[tuple[Rule, Way | None]] = []
    excluded = set[str]()
    for part in text.split("|"):
        kind, colon, listed = part.strip().partition(":")
        kind, at, way_text = kind.partition("@")
        names = frozenset(n.strip() for n in listed.split(",") if n.strip())
        plain, by_names = (_PLAIN_AWAY, _BY_NAMES_AWAY) if at else (_PLAIN, _BY_NAMES)
        source, arrow, kept = way_text.partition(">")
        way = Way(source, kept) if at else None
        if colon and kind in by_names and bool(arrow) == bool(at):
            rules.append((by_names[kind](names), way))
        elif not colon and kind in plain and bool(arrow) == bool(at):
            rules.append((plain[kind], way))
        else:
            raise ValueError(f"there is no policy {part.strip()!r}; there are {_known()}")
        if kind == "save_anything_except_these_names":
            excluded |= names
    return Policy(text, tuple(rules), frozenset(excluded))


def _known() -> str:
    away = [f"{name}@<memory>><memory>" for name in _PLAIN_AWAY]
    named_away = [f"{name}@<memory>><memory>:<name>,..." for name in _BY_NAMES_AWAY]
    return ", ".join([*_PLAIN, *(f"{name}:<name>,..." for name in _BY_NAMES), *away, *named_away])
