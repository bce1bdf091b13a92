"""What a checkpoint keeps for the backward pass: policies by name, decided op by op.

`nothing_saveable`, `everything_saveable`, `dots_saveable`, `dots_with_no_batch_dims_saveable`, and for values
named by `checkpoint_name`: `save_only_these_names:a,b`, `save_any_names_but_these:a,b`,
`save_anything_except_these_names:a,b`. Several policies joined by `|` keep what any of them keeps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from weft_compiler.dialect.op import Op

Decision = Callable[[Op], bool]

NAMING_OP = "checkpoint_name"
_CONTRACTIONS = ("dot_general", "ragged_dot_general", "convolution")


def _is_contraction(inst: Op) -> bool:
    return inst.name in _CONTRACTIONS


def _is_plain_product(inst: Any) -> bool:
    return inst.name == "dot_general" and not inst.lhs_batch


_PLAIN: dict[str, Decision] = {
    "nothing_saveable": lambda inst: False,
    "everything_saveable": lambda inst: True,
    "dots_saveable": _is_contraction,
    "checkpoint_dots": _is_contraction,
    "dots_with_no_batch_dims_saveable": _is_plain_product,
    "checkpoint_dots_with_no_batch_dims": _is_plain_product,
}


def _only(names: frozenset[str]) -> Decision:
    return lambda inst: inst.name == NAMING_OP and inst.label in names  # type: ignore[attr-defined]


def _named_but(names: frozenset[str]) -> Decision:
    return lambda inst: inst.name == NAMING_OP and inst.label not in names  # type: ignore[attr-defined]


def _all_but(names: frozenset[str]) -> Decision:
    return lambda inst: inst.name != NAMING_OP or inst.label not in names  # type: ignore[attr-defined]


_BY_NAMES: dict[str, Callable[[frozenset[str]], Decision]] = {
    "save_only_these_names": _only,
    "save_any_names_but_these": _named_but,
    "save_anything_except_these_names": _all_but,
}


@dataclass(frozen=True)
class Policy:
    """The parts of a policy, joined by `|`."""

    decisions: tuple[Decision, ...]
    excluded: frozenset[str]
    """Names of values that are not kept, not even as what the name was given to."""

    def saves(self, inst: Op) -> bool:
        """Whether the results of an op are kept."""
        return any(decides(inst) for decides in self.decisions)

    def excludes(self, naming: Any) -> bool:
        """Whether what is named here must not be kept."""
        return naming.label in self.excluded and not self.saves(naming)


def policy_of(text: str) -> Policy:
    """Reads a policy; raises ValueError for one that there is not."""
    decisions, excluded = [], set[str]()
    for part in text.split("|"):
        kind, colon, listed = part.strip().partition(":")
        names = frozenset(n.strip() for n in listed.split(",") if n.strip())
        if colon and kind in _BY_NAMES:
            decisions.append(_BY_NAMES[kind](names))
        elif not colon and kind in _PLAIN:
            decisions.append(_PLAIN[kind])
        else:
            known = ", ".join([*_PLAIN, *(f"{name}:<name>,..." for name in _BY_NAMES)])
            raise ValueError(f"there is no policy {part.strip()!r}; there are {known}")
        if kind == "save_anything_except_these_names":
            excluded |= names
    return Policy(tuple(decisions), frozenset(excluded))
