"""What a checkpoint keeps for the backward pass: policies by name, decided op by op.

`nothing_saveable`, `everything_saveable`, `dots_saveable`, `dots_with_no_batch_dims_saveable`, and for values
named by `checkpoint_name`: `save_only_these_names:a,b`, `save_any_names_but_these:a,b`,
`save_anything_except_these_names:a,b`. Several policies joined by `|` keep what any of them keeps.
"""

from collections.abc import Callable
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


def saves(policy: str) -> Decision:
    """Whether the results of an op are kept; raises ValueError for a policy that there is not."""
    decisions = [_one(part.strip()) for part in policy.split("|")]
    return lambda inst: any(decides(inst) for decides in decisions)


def _one(policy: str) -> Decision:
    if policy in _PLAIN:
        return _PLAIN[policy]
    kind, colon, names = policy.partition(":")
    if colon and kind in _BY_NAMES:
        return _BY_NAMES[kind](frozenset(n.strip() for n in names.split(",") if n.strip()))
    known = ", ".join([*_PLAIN, *(f"{name}:<name>,..." for name in _BY_NAMES)])
    raise ValueError(f"there is no policy {policy!r}; there are {known}")
