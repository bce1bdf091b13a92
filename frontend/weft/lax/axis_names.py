"""Named axes as arguments: one name or several, groups of positions."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

from weft._tracing.axes import AXES, Binding, label
from weft._tracing.trace import STATE
from weft.lax.operands import class_of


class Groups(NamedTuple):
    """Positions, group by group; none where all are together."""

    positions: tuple[int, ...] = ()
    size: int = 0


TOGETHER = Groups()


def is_position(name: Any) -> bool:
    """Whether a name is the number of an array axis instead."""
    return isinstance(name, int)


def names_of(what: str, axis_name: Any) -> tuple[Binding, ...]:
    """The axes that `axis_name` names, one or a tuple of them.

    Raises: NameError for one that is not bound, ValueError for one that comes twice.
    """
    names = tuple(axis_name) if isinstance(axis_name, (tuple, list)) else (axis_name,)
    found = tuple(AXES.find(name, what) for name in names)
    if len(set(names)) < len(names):
        raise ValueError(f"{what}: axis names {names} name one twice")
    return found


def one_name(what: str, axis_name: Any) -> Binding:
    """The only axis that `axis_name` names."""
    found = names_of(what, axis_name)
    if len(found) != 1:
        raise NotImplementedError(f"{what}: takes one axis name, got {axis_name!r}")
    return found[0]


def total(names: Sequence[Binding]) -> int:
    """The number of positions along several axes."""
    return math.prod(axis.size for axis in names)


def groups_of(what: str, given: Any, names: Sequence[Binding]) -> Groups:
    """`axis_index_groups` as one list; ValueError unless every position is in one of them, and all have one size."""
    if given is None:
        return TOGETHER
    if len(names) != 1:
        raise ValueError(f"{what}: axis_index_groups need one axis name, got {[axis.name for axis in names]}")
    groups = [tuple(map(operator.index, group)) for group in given]
    positions = tuple(i for group in groups for i in group)
    name, size = names[0].name, names[0].size
    if sorted(positions) != list(range(size)):
        raise ValueError(
            f"{what}: axis_index_groups must cover all indices of axis {name!r} exactly once: "
            f"it has size {size}, got {groups}"
        )
    sizes = {len(group) for group in groups}
    if len(sizes) != 1:
        raise ValueError(f"{what}: axis_index_groups must all be of the same size, got {groups}")
    return Groups(positions, sizes.pop())


def emit(op: str, operands: Sequence[Any], axis: Binding, **attrs: Any) -> Any:
    """A collective in the current trace: also where its operands have values, it has none before the end."""
    trace = STATE.trace
    assert trace is not None, "an axis has a name only while something is traced"
    attrs |= {"axis_name": label(axis.name), "axis_size": axis.size}
    if axis.mesh_shape:
        attrs |= {"mesh_shape": axis.mesh_shape, "mesh_axis": axis.mesh_axis}
    inst = class_of(op).of(**attrs)
    weak = bool(operands) and all(x.weak_type for x in operands)
    return trace.emit(inst, operands, weak)


def emit_grouped(op: str, x: Any, axis: Binding, groups: Groups, **attrs: Any) -> Any:
    """A collective in groups of positions."""
    return emit(op, (x,), axis, groups=groups.positions, group_size=groups.size, **attrs)
