"""What a checkpoint keeps for the backward pass: the values of `weft.checkpoint_policies`."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from weft._tracing.bind import op_names


@dataclass(frozen=True)
class Policy:
    """A policy; `text` is how the op `checkpoint` writes it."""

    text: str

    def __repr__(self) -> str:
        return f"checkpoint policy {self.text}"


everything_saveable = Policy("everything_saveable")
nothing_saveable = Policy("nothing_saveable")
dots_saveable = Policy("dots_saveable")
dots_with_no_batch_dims_saveable = Policy("dots_with_no_batch_dims_saveable")


def save_only_these_names(*names_which_can_be_saved: str) -> Policy:
    """Keeps values that `checkpoint_name` gave one of these names, and nothing else."""
    return _of_names("save_only_these_names", names_which_can_be_saved)


def save_any_names_but_these(*names_not_to_save: str) -> Policy:
    """Keeps values that `checkpoint_name` gave a name, but for these names; nothing without a name."""
    return _of_names("save_any_names_but_these", names_not_to_save)


def save_anything_except_these_names(*names_not_to_save: str) -> Policy:
    """Keeps every value, but for those that `checkpoint_name` gave one of these names."""
    return _of_names("save_anything_except_these_names", names_not_to_save)


def _of_names(kind: str, names: Iterable[str]) -> Policy:
    found = sorted(set(names))
    for name in found:
        check_name(name, kind)
    return Policy(f"{kind}:{','.join(found)}")


def check_name(name: Any, what: str, reserved: str = ",|:") -> None:
    """TypeError for what is no string, ValueError for a name that policies could not list."""
    if not isinstance(name, str):
        raise TypeError(f"{what}: a name must be a string, got {name!r:.60} of type {type(name).__name__}")
    if not name.strip() or name != name.strip() or any(c in name for c in reserved):
        raise ValueError(
            f"{what}: {name!r} cannot be a name: it must not be empty, begin or end with spaces, or hold one of "
            f"{reserved}"
        )


def save_from_both_policies(policy_1: Policy, policy_2: Policy) -> Policy:
    """Keeps what either policy keeps."""
    return Policy(f"{text_of(policy_1)}|{text_of(policy_2)}")


def save_and_offload_only_these_names(
    *,
    names_which_can_be_saved: Iterable[str],
    names_which_can_be_offloaded: Iterable[str],
    offload_src: str,
    offload_dst: str,
) -> Policy:
    """Keeps values of the first names where they are, and those of the second in the memory `offload_dst`.

    Memories are named by their kinds, such as "device" and "pinned_host". On a device that has only one memory
    the values stay in it.
    """
    saved, offloaded = set(names_which_can_be_saved), set(names_which_can_be_offloaded)
    if saved & offloaded:
        raise ValueError(
            "The names should be exclusive and should not intersect in `names_which_can_be_saved` and "
            f"`names_which_can_be_offloaded`. Got names_which_can_be_saved={sorted(saved)}, "
            f"names_which_can_be_offloaded={sorted(offloaded)} and the intersection={sorted(saved & offloaded)}"
        )
    kept = _of_names("save_only_these_names", saved)
    away = _of_names(f"offload_only_these_names{_way(offload_src, offload_dst)}", offloaded)
    return save_from_both_policies(kept, away)


def offload_dot_with_no_batch_dims(offload_src: str, offload_dst: str) -> Policy:
    """Keeps products without batch dimensions, in the memory `offload_dst`."""
    return Policy(f"offload_dot_with_no_batch_dims{_way(offload_src, offload_dst)}")


def _way(source: str, kept: str) -> str:
    """From one memory to another, as the op has it."""
    for name in (source, kept):
        check_name(name, "checkpoint_policies: a kind of memory", ",|:@>")
    return f"@{source}>{kept}"


def text_of(policy: Any) -> str:
    """A policy as the op has it; TypeError for what is none."""
    if policy is None:
        return nothing_saveable.text
    if isinstance(policy, Policy):
        return policy.text
    if not callable(policy):
        raise TypeError(f"checkpoint: policy must be one of weft.checkpoint_policies, got {policy!r:.80}")
    return _chosen_ops(policy)


class OpName:
    """What a policy that is a function is asked about: `name`, and `str(op)`, are those of an op of the IR."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _chosen_ops(policy: Any) -> str:
    """The ops whose results a function keeps; it is asked once for each name, so it can look at no types."""
    names = op_names()
    try:
        kept = [name for name in names if policy(OpName(name))]
    except Exception as error:
        raise TypeError(
            f"checkpoint: policy {policy!r:.80} must decide by the name of an op alone, policy(op, *_, **__): {error}\n"
            "  try save_only_these_names with checkpoint_name, which can choose any value"
        ) from error
    if len(kept) == len(names):
        return everything_saveable.text
    return f"save_only_these_ops:{','.join(kept)}" if kept else nothing_saveable.text


checkpoint_policies = types.SimpleNamespace(
    everything_saveable=everything_saveable,
    nothing_saveable=nothing_saveable,
    dots_saveable=dots_saveable,
    checkpoint_dots=dots_saveable,
    dots_with_no_batch_dims_saveable=dots_with_no_batch_dims_saveable,
    checkpoint_dots_with_no_batch_dims=dots_with_no_batch_dims_saveable,
    offload_dot_with_no_batch_dims=offload_dot_with_no_batch_dims,
    save_anything_except_these_names=save_anything_except_these_names,
    save_any_names_but_these=save_any_names_but_these,
    save_only_these_names=save_only_these_names,
    save_from_both_policies=save_from_both_policies,
    save_and_offload_only_these_names=save_and_offload_only_these_names,
)
"""Policies for `checkpoint`: what is kept for the backward pass. Everything else is computed again."""
