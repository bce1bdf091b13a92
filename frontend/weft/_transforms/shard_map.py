"""`shard_map`: a function of one device's parts as a function of whole arrays over a mesh."""

from __future__ import annotations

import functools
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from weft._tracing.axes import AXES, Binding, label
from weft._tracing.bind import op_class
from weft._tracing.meshes import get_mesh
from weft._tracing.staging import Traced, trace_function, type_of
from weft._tracing.trace import STATE
from weft._transforms.differentiable import as_leaves
from weft._transforms.forward import set_weak
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names
from weft._tree.paths import leaf_names
from weft._tree.prefix import flatten_axes
from weft_compiler import now
from weft_compiler.avals import Aval
from weft_runtime import Mesh, NamedSharding, PartitionSpec, pytree

Layout = tuple[tuple[str, ...], ...]
_MISSING: Any = object()


@dataclass(frozen=True)
class Along:
    """A spec that splits the array axis `axis`, which may be negative, over a mesh axis."""

    name: str
    axis: int

    def spec(self, ndim: int) -> PartitionSpec:
        """The spec for values of `ndim` axes."""
        if not -ndim <= self.axis < ndim:
            raise ValueError(f"axis {self.axis} is out of bounds for array of dimension {ndim}")
        return PartitionSpec(*(None,) * (self.axis % ndim), self.name)


def shard_map(
    f: Any = None,
    /,
    *,
    out_specs: Any,
    in_specs: Any = _MISSING,
    mesh: Mesh | None = None,
    axis_names: Set[Any] = frozenset(),
    check_vma: bool = True,
) -> Any:
    """`f` run by every device of `mesh` on its own parts of the arguments; the parts of results are put together.

    `in_specs` and `out_specs` are a `PartitionSpec` for all leaves, or trees of them that arguments and results
    begin with. An axis that a spec does not name is not split: every device along it has the same. Inside of `f`
    the collectives of `weft.lax` know the axes of the mesh, which by default is that of `set_mesh`. With
    `check_vma`, a result that may differ along an axis that its spec does not name is an error. Without `f`, a
    decorator.

    Raises: ValueError if sizes are not divisible, a spec has more entries than a value axes, or names no axis.
    """
    if f is None:
        return functools.partial(
            shard_map,
            out_specs=out_specs,
            in_specs=in_specs,
            mesh=mesh,
            axis_names=axis_names,
            check_vma=check_vma,
        )
    check_callable(f, "shard_map")
    mesh = get_mesh() if mesh is None else mesh
    if not isinstance(mesh, Mesh):
        raise ValueError(f"shard_map: a mesh of devices must be given or set by set_mesh, got mesh={mesh!r}")
    if in_specs is _MISSING:
        raise TypeError("shard_map: in_specs must be given: types of arrays do not say how they are split")
    if axis_names and set(axis_names) != set(mesh.axis_names):
        raise NotImplementedError(
            f"shard_map: f sees all axes of the mesh, {mesh.axis_names}, not only {set(axis_names)}"
        )
    for name in mesh.axis_names:
        if not isinstance(name, str):
            raise TypeError(f"shard_map: axis names of the mesh must be strings, got {name!r}")
    whole: Mesh = mesh

    @functools.wraps(f)
    def mapped(*args: Any) -> Any:
        return evaluated("shard_map", lambda: _call(f, whole, in_specs, out_specs, check_vma, args))

    return mapped


def _call(f: Any, mesh: Mesh, in_specs: Any, out_specs: Any, checks: bool, args: tuple[Any, ...]) -> Any:
    outer = [known.name for known in AXES.bound if known.mesh_shape]
    if outer:
        raise NotImplementedError(f"shard_map: already inside of a shard_map over the axes {outer}")
    flat, tree = pytree.flatten(args)
    specs = flatten_axes(
        "shard_map in_specs", tree, tuple(in_specs) if isinstance(in_specs, list) else in_specs
    )
    leaves = as_leaves("shard_map", f, args, flat)
    names = argument_names(f, args, {})
    layouts = [
        _layout("in_specs", mesh, s, type_of(x)[0], n) for s, x, n in zip(specs, leaves, names, strict=True)
    ]
    in_types = [
        (_part(mesh, type_of(x)[0], layout, name), x.weak_type)
        for x, layout, name in zip(leaves, layouts, names, strict=True)
    ]
    sizes = mesh.axis_sizes
    bindings = [Binding(n, size, sizes, i, checks) for i, (n, size) in enumerate(mesh.shape.items())]
    with AXES.binding(*bindings):
        traced = trace_function(
            lambda tracers: f(*tree.unflatten(tracers)),
            in_types,
            kind="shard_map",
            fun=f,
            staged=True,
            arg_names=names,
        )
    every = [*layouts, *(((),) * type_of(x)[0].ndim for x in traced.captures)]
    out_layouts = _out_layouts(mesh, traced, out_specs)
    if checks:
        _check_copies(mesh, traced, every, out_layouts)
    trace = STATE.trace
    assert trace is not None
    request = op_class("shard_map").of(
        callee=traced.name,
        mesh=mesh.symbol,
        axis_names=",".join(map(label, mesh.axis_names)),
        axis_sizes=sizes,
        in_layouts=_text(every),
        out_layouts=_text(out_layouts),
    )
    outs = trace.emit(request, [*leaves, *traced.captures])
    set_weak(outs, traced.out_types)
    return traced.out_tree.unflatten(outs)


def _layout(what: str, mesh: Mesh, spec: Any, aval: Aval, name: str) -> Layout:
    if spec is None:
        spec = PartitionSpec()
    if isinstance(spec, Along):
        spec = spec.spec(aval.ndim)
    if not isinstance(spec, PartitionSpec):
        raise TypeError(f"shard_map {what} must be PartitionSpecs, got {spec!r:.80} for {name}")
    for names in spec.names():
        for axis in names:
            if axis not in mesh.axis_names:
                raise ValueError(
                    f"shard_map {what} refers to {axis!r}, the mesh has the axes {mesh.axis_names}"
                )
    NamedSharding(mesh, spec)  # which refuses a name that comes twice
    if len(spec) > aval.ndim:
        raise ValueError(
            f"shard_map {what} entry {spec} has length {len(spec)}, but {name} is {aval}, of rank {aval.ndim}"
        )
    return (*spec.names(), *((),) * (aval.ndim - len(spec)))


def _part(mesh: Mesh, aval: Aval, layout: Layout, name: str) -> Aval:
    shape = []
    for axis, (size, names) in enumerate(zip(aval.shape, layout, strict=True)):
        count = 1
        for each in names:
            count *= mesh.shape[each]
        if size % count:
            raise ValueError(
                f"shard_map: axis {axis} of {name}, {aval}, is not evenly divisible by the mesh axis sizes: "
                f"{size} elements over {names} of size {count}"
            )
        shape.append(size // count)
    return aval.with_shape(tuple(shape))


def _out_layouts(mesh: Mesh, traced: Traced, out_specs: Any) -> list[Layout]:
    specs = flatten_axes("shard_map out_specs", traced.out_tree, out_specs)
    names = leaf_names(traced.out_tree, "result")
    return [
        _layout("out_specs", mesh, spec, aval, name)
        for spec, (aval, _), name in zip(specs, traced.out_types, names, strict=True)
    ]


def _check_copies(mesh: Mesh, traced: Traced, ins: Sequence[Layout], outs: Sequence[Layout]) -> None:
    """ValueError for a result that differs along an axis over which it is not split."""
    for axis in mesh.axis_names:
        mask = tuple(any(axis in names for names in layout) for layout in ins)
        varies = now.differs(traced.module, traced.name, mask, label(axis))
        for number, (layout, out_varies) in enumerate(zip(outs, varies, strict=True)):
            if out_varies and not any(axis in names for names in layout):
                raise ValueError(
                    "shard_map: out_specs require replication which can't be statically inferred: result "
                    f"{number} may differ along the axis {axis!r}, which its spec does not name\n"
                    f"  try psum or another reduction over {axis!r}, naming it in out_specs, or check_vma=False"
                )


def _text(layouts: Sequence[Layout]) -> str:
    return " ".join("".join(f"[{','.join(map(label, names))}]" for names in each) or "()" for each in layouts)
