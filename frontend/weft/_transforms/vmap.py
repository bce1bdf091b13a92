"""`vmap`: a function of one example as a function of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from typing import Any

from weft._tracing.axes import AXES, Binding, label
from weft._tracing.bind import op_class
from weft._tracing.staging import Traced, trace_function, type_of
from weft._tracing.trace import STATE
from weft._tracing.values import can_be_value
from weft._transforms.differentiable import as_leaves
from weft._transforms.forward import set_weak
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names
from weft._tree.prefix import flatten_axes
from weft_compiler import now
from weft_compiler.avals import Aval
from weft_runtime import pytree

_NO_NAME = nullcontext()
Names = Callable[[], Sequence[str]]
"""What messages call the leaves of the arguments."""


def vmap(
    fun: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_name: Hashable | None = None,
    axis_size: int | None = None,
    spmd_axis_name: Hashable | None = None,
    sum_match: bool = False,
) -> Callable[..., Any]:
    """`fun` mapped over an axis of its arguments.

    `in_axes` says which axis, for all arguments, for each, or for each leaf; None where an argument is the same
    for all. `out_axes` says where the axis goes in the results. Inside of `fun` the collectives of `weft.lax`
    know the axis by `axis_name`.

    Raises: ValueError if axes differ in size or do not fit the arguments.
    """
    check_callable(fun, "vmap")
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if not (in_axes is None or isinstance(in_axes, (int, tuple, dict))):
        raise TypeError(
            "vmap in_axes must be an int, None, or a tuple of entries corresponding to the positional arguments "
            f"passed to the function, but got {in_axes}."
        )

    @functools.wraps(fun)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        return evaluated("vmap", lambda: _vmap(fun, in_axes, out_axes, axis_name, axis_size, args, kwargs))

    return mapped


def _vmap(
    fun: Any, in_axes: Any, out_axes: Any, axis_name: Any, axis_size: int | None, args: Any, kwargs: Any
) -> Any:
    if isinstance(in_axes, tuple) and len(in_axes) != len(args):
        raise ValueError(
            "vmap in_axes must be an int, None, or a tuple of entries corresponding to the positional arguments "
            f"passed to the function, but got {len(in_axes)=}, {len(args)=}"
        )
    flat, tree = pytree.flatten((args, kwargs))
    axes = flatten_axes("vmap in_axes", tree, 0 if in_axes == 0 and type(in_axes) is int else (in_axes, 0))
    names = functools.partial(argument_names, fun, args, kwargs)  # for messages alone: they cost time
    fixed = {
        i: x
        for i, (x, axis) in enumerate(zip(flat, axes, strict=True))
        if axis is None and not can_be_value(x)
    }
    if fixed:  # objects that are the same for all, functions say, are handed on as they are
        tree, flat, axes, names = _without_fixed(tree, flat, axes, names, fixed)
    leaves = as_leaves("vmap", fun, args, flat)
    axes = [_normalized(axis, x, i, names) for i, (axis, x) in enumerate(zip(axes, leaves, strict=True))]
    size = _size(leaves, axes, names, axis_size)
    in_types, outers = [], []
    for x, axis in zip(leaves, axes, strict=True):
        aval, weak = type_of(x)
        in_types.append((aval if axis < 0 else _without(aval, axis), weak))
        outers.append(x if axis < 0 else None)

    def call(tracers: list[Any]) -> Any:
        inner_args, inner_kwargs = tree.unflatten(tracers)
        return fun(*inner_args, **inner_kwargs)

    with _NO_NAME if axis_name is None else AXES.binding(Binding(axis_name, size)):
        traced = trace_function(
            call, in_types, kind="vmap", fun=fun, staged=False, outers=outers, arg_names=names
        )
    targets = _out_axes(traced, out_axes)
    all_axes = (*axes, *(-1 for _ in traced.captures))
    name = "" if axis_name is None else label(axis_name)
    _check_unmapped(traced, targets, all_axes, name)
    trace = STATE.trace
    assert trace is not None
    request = op_class("vmap").of(
        callee=traced.name, in_axes=all_axes, out_axes=tuple(targets), size=size, axis_name=name
    )
    outs = trace.emit(request, [*leaves, *traced.captures])
    set_weak(outs, traced.out_types)
    return traced.out_tree.unflatten(outs)


def _without_fixed(tree: Any, flat: Any, axes: Any, names: Names, fixed: dict[int, Any]) -> Any:
    """Structure, leaves, axes and names of the arguments but for the objects in `fixed`."""
    kept = [i for i in range(len(flat)) if i not in fixed]
    rest = _Rest(tree, fixed)
    return rest, [flat[i] for i in kept], [axes[i] for i in kept], lambda: [names()[i] for i in kept]


class _Rest:
    """A structure of which some leaves are known already."""

    def __init__(self, tree: Any, fixed: dict[int, Any]) -> None:
        self.tree = tree
        self.fixed = fixed

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        given = iter(leaves)
        count = len(leaves) + len(self.fixed)
        return self.tree.unflatten([self.fixed[i] if i in self.fixed else next(given) for i in range(count)])


def _normalized(axis: Any, x: Any, position: int, names: Names) -> int:
    if axis is None:
        return -1
    if not isinstance(axis, int):
        raise TypeError(f"vmap in_axes must be ints or None, got {axis!r} for {names()[position]}")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"vmap was requested to map its argument along axis {axis}, which implies that its rank should be at "
            f"least {axis + 1 if axis >= 0 else -axis}, but is only {x.ndim} (its shape is {x.shape}): "
            f"{names()[position]}"
        )
    return axis % x.ndim


def _size(leaves: Sequence[Any], axes: Sequence[int], names: Names, axis_size: int | None) -> int:
    found = {x.shape[a] for x, a in zip(leaves, axes, strict=True) if a >= 0}
    if not found:
        if axis_size is None:
            raise ValueError("vmap must have at least one non-None value in in_axes, or axis_size")
        return axis_size
    if axis_size is not None:
        found.add(axis_size)
    if len(found) > 1:
        mapped = [(n, x, a) for x, a, n in zip(leaves, axes, names(), strict=True) if a >= 0]
        rows = "\n".join(f"  * {n} of shape {x.shape}: axis {a} has size {x.shape[a]}" for n, x, a in mapped)
        wanted = "" if axis_size is None else f"\n  * axis_size is {axis_size}"
        raise ValueError(f"vmap got inconsistent sizes for array axes to be mapped:\n{rows}{wanted}")
    return found.pop()


def _without(aval: Aval, axis: int) -> Aval:
    return aval.with_shape(aval.shape[:axis] + aval.shape[axis + 1 :])


def _out_axes(traced: Traced, out_axes: Any) -> list[int]:
    axes = flatten_axes("vmap out_axes", traced.out_tree, out_axes)
    targets = []
    for axis, (aval, _) in zip(axes, traced.out_types, strict=True):
        if axis is None:
            targets.append(-1)
        elif not -aval.ndim - 1 <= axis <= aval.ndim:
            raise ValueError(
                f"vmap out_axes {axis} is out of range for a result {aval}, which gets one more axis"
            )
        else:
            targets.append(axis % (aval.ndim + 1))
    return targets


def _check_unmapped(traced: Traced, targets: Sequence[int], axes: Sequence[int], axis_name: str) -> None:
    if all(t >= 0 for t in targets):
        return
    varies = now.depends(traced.module, traced.name, tuple(a >= 0 for a in axes), axis_name)
    for target, out_varies in zip(targets, varies, strict=True):
        if target < 0 and out_varies:
            raise ValueError(
                "vmap has mapped output but out_axes is None: a result depends on a mapped argument"
            )
