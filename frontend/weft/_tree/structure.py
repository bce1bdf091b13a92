"""Comparison of tree structures, told in words: what differs, and at which path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any  # leaves and node data are of every type

from weft._tree.paths import KeyPath, is_leaf, keyed_children, keystr
from weft_runtime.pytree import PyTreeDef


@dataclass(frozen=True)
class Mismatch:
    """A place where two structures part: its path, and what each has there."""

    path: KeyPath
    first: str
    second: str

    @property
    def where(self) -> str:
        """`at ['h'][1]: `, or nothing for the top."""
        return f"at {keystr(self.path)}: " if self.path else ""


def described(treedef: PyTreeDef) -> str:
    """The top node in words: `a list of 2`, `a dict with keys 'a', 'b'`, `a leaf`."""
    node = treedef.node_data()
    if node is None:
        return "a leaf"
    kind, data = node
    count = len(treedef.children())
    if kind is type(None):
        return "None"
    if kind is dict:
        return f"a dict with {_listed(data)}" if data else "an empty dict"
    article = "an" if kind.__name__[0] in "AEIOUaeiou" else "a"
    text = f"{article} {kind.__name__} of {count}"
    is_plain = data is None or (isinstance(data, tuple) and not data)
    return text if is_plain else f"{text} with {_short(data)}"


def _listed(keys: Sequence[Any]) -> str:
    shown = ", ".join(repr(key) for key in keys[:8]) + (", ..." if len(keys) > 8 else "")
    return f"{'key' if len(keys) == 1 else 'keys'} {shown}"


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_same(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except (TypeError, ValueError):  # arrays in node data have no single truth value
        return a is b


def mismatch_here(first: PyTreeDef, second: PyTreeDef) -> tuple[str, str] | None:
    """What two top nodes are where they differ (not looking at their children), else None."""
    node, other = first.node_data(), second.node_data()
    if node is None or other is None or node[0] is not other[0]:
        return None if node is None and other is None else (described(first), described(second))
    if node[0] is dict and node[1] != other[1]:
        return _lacking(node[1], other[1]), _lacking(other[1], node[1])
    if len(first.children()) != len(second.children()) or not _is_same(node[1], other[1]):
        return described(first), described(second)
    return None


def _lacking(keys: Sequence[Any], others: Sequence[Any]) -> str:
    missing = [key for key in others if key not in set(keys)]
    return f"a dict without {_listed(missing)}" if missing else f"a dict with {_listed(keys)}"


def mismatches(prefix: PyTreeDef, full: PyTreeDef, path: KeyPath = ()) -> Iterator[Mismatch]:
    """Where `full` does not begin with `prefix`; a leaf of `prefix` stands for any subtree."""
    if is_leaf(prefix):
        return
    if differing := mismatch_here(prefix, full):
        yield Mismatch(path, *differing)
        return
    for (key, child), (_, other) in zip(keyed_children(prefix), keyed_children(full), strict=True):
        yield from mismatches(child, other, (*path, key))


def changes(
    name: str,
    before: tuple[PyTreeDef, Sequence[Any]],
    after: tuple[PyTreeDef, Sequence[Any]],
    describe: Callable[[Any], str] = str,
) -> list[str]:
    """How a value called `name` changed, a line for each place: `carry['h'][1]: f32[3] became i32[3]`.

    `before` and `after` are structures with their leaves; leaves are the same if `describe` says the same.
    """
    return list(_changes(name, before[0], list(before[1]), after[0], list(after[1]), describe))


def _changes(
    name: str,
    before: PyTreeDef,
    old: list[Any],
    after: PyTreeDef,
    new: list[Any],
    describe: Callable[[Any], str],
) -> Iterator[str]:
    def told(treedef: PyTreeDef, leaves: list[Any]) -> str:
        return describe(leaves[0]) if is_leaf(treedef) else described(treedef)

    if is_leaf(before) and is_leaf(after):
        if (text := describe(old[0])) != (other := describe(new[0])):
            yield f"{name}: {text} became {other}"
        return
    are_dicts = all(not is_leaf(tree) and tree.node_data()[0] is dict for tree in (before, after))
    if not are_dicts and mismatch_here(before, after):
        yield f"{name}: {told(before, old)} became {told(after, new)}"
        return
    earlier, later = _parts(before, old), _parts(after, new)
    for key, (child, leaves) in earlier.items():
        if key in later:
            other, others = later[key]
            yield from _changes(name + key, child, leaves, other, others, describe)
        else:
            yield f"{name}{key}: {told(child, leaves)} is missing"
    for key, (child, leaves) in later.items():
        if key not in earlier:
            yield f"{name}{key}: {told(child, leaves)} is new"


def _parts(treedef: PyTreeDef, leaves: list[Any]) -> dict[str, tuple[PyTreeDef, list[Any]]]:
    """The children of a node by their keys as text, each with its share of `leaves`."""
    parts = {}
    start = 0
    for key, child in keyed_children(treedef):
        stop = start + child.num_leaves
        parts[keystr((key,))] = child, leaves[start:stop]
        start = stop
    return parts
