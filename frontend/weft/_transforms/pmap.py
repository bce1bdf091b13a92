"""`pmap`: a function of one example, one example on each device."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import weft_runtime
from weft._transforms.grad import check_callable
from weft._transforms.jit import jit
from weft._transforms.shard_map import Along, shard_map
from weft._tree.prefix import flatten_axes
from weft.lax.shapes import expand_dims, squeeze
from weft_runtime import Mesh, PartitionSpec, pytree


def pmap(
    fun: Callable[..., Any],
    axis_name: Hashable | None = None,
    *,
    in_axes: Any = 0,
    out_axes: Any = 0,
    static_broadcasted_argnums: int | Sequence[int] = (),
    devices: Sequence[Any] | None = None,
    backend: str | None = None,
    axis_size: int | None = None,
    donate_argnums: int | Sequence[int] = (),
) -> Callable[..., Any]:
    """`fun` mapped over an axis of its arguments, each element on a device of its own; compiled as by `jit`.

    The collectives of `weft.lax` know the axis by `axis_name`, a string. `in_axes` and `out_axes` are as for
    `vmap`. Static arguments are the same for all. Results stay on the devices. No memory is donated.

    Raises: ValueError if there are fewer devices than elements, or sizes differ.
    """
    check_callable(fun, "pmap")
    if axis_name is not None and not isinstance(axis_name, str):
        raise TypeError(f"pmap: axis_name must be a string, got {axis_name!r}")
    name = axis_name or "_pmap"
    given = static_broadcasted_argnums
    static = (given,) if isinstance(given, int) else tuple(given)

    @functools.lru_cache(maxsize=64)
    def program(mesh: Mesh, tree: Any, axes: tuple[int | None, ...], statics: tuple[Any, ...]) -> Any:
        def body(*leaves: Any) -> Any:
            parts = [x if a is None else squeeze(x, (a,)) for x, a in zip(leaves, axes, strict=True)]
            args, kwargs = tree.unflatten(parts)
            whole = list(args)
            for position, value in statics:
                whole.insert(position, value)
            flat, out_tree = pytree.flatten(fun(*whole, **kwargs))
            targets = flatten_axes("pmap out_axes", out_tree, out_axes)
            spread = [x if a is None else expand_dims(x, (a,)) for x, a in zip(flat, targets, strict=True)]
            return out_tree.unflatten(spread)

        functools.update_wrapper(body, fun, assigned=("__name__", "__qualname__", "__module__"), updated=())
        del body.__wrapped__  # type: ignore[attr-defined]  # its parameters are not those of `fun`
        leaves, outs = pytree.flatten(out_axes, lambda a: a is None)
        out_specs = outs.unflatten([_spec(name, a) for a in leaves])
        in_specs = tuple(_spec(name, a) for a in axes)
        return jit(shard_map(body, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False))

    @functools.wraps(fun)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        statics = tuple((i, args[i]) for i in sorted(static) if i < len(args))
        dynamic = tuple(x for i, x in enumerate(args) if i not in static)
        own = in_axes
        if isinstance(own, (tuple, list)) and len(own) == len(args):
            own = tuple(a for i, a in enumerate(own) if i not in static)
        leaves, tree = pytree.flatten((dynamic, kwargs))
        axes = tuple(flatten_axes("pmap in_axes", tree, (own, 0)))
        size = _size(leaves, axes, axis_size)
        return program(_mesh(size, name, devices, backend), tree, axes, statics)(*leaves)

    return mapped


def _spec(name: str, axis: int | None) -> Any:
    return PartitionSpec() if axis is None else Along(name, axis)


def _mesh(size: int, name: str, devices: Sequence[Any] | None, backend: str | None) -> Mesh:
    found = list(weft_runtime.local_devices(backend=backend) if devices is None else devices)
    if devices is not None and len(found) != size:
        raise ValueError(f"pmap: the axis has size {size}, but {len(found)} devices are given")
    if len(found) < size:
        raise ValueError(
            f"compiling computation that requires {size} logical devices, but only {len(found)} XLA devices are "
            f"available\n  try WEFT_NUM_CPU_DEVICES={size}, or vmap"
        )
    return weft_runtime.make_mesh((size,), (name,), devices=found[:size])


def _size(leaves: Sequence[Any], axes: Sequence[int | None], axis_size: int | None) -> int:
    sizes = {}
    for x, axis in zip(leaves, axes, strict=True):
        if axis is None:
            continue
        shape = tuple(getattr(x, "shape", ()))
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"pmap was requested to map along axis {axis} of an argument of shape {shape}")
        sizes[shape[axis]] = shape
    if axis_size is not None:
        sizes[axis_size] = ()
    if len(sizes) != 1:
        found = ", ".join(map(str, sorted(sizes))) or "none"
        raise ValueError(f"pmap got inconsistent sizes for array axes to be mapped: {found}")
    return next(iter(sizes))
