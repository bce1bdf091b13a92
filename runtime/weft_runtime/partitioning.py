"""Programs over several devices: what XLA is told of the arguments, and where it left the results."""

from __future__ import annotations

from collections.abc import Sequence

from weft_runtime import pjrt
from weft_runtime.mesh import Mesh
from weft_runtime.named_sharding import NamedSharding, replicated, spec_of_tiles
from weft_runtime.spec import Spec


def arrivals(in_specs: Sequence[Spec], mesh: Mesh) -> list[NamedSharding]:
    """How the arguments lie when the program starts: what is not on its devices is copied to all of them."""
    return [
        spec.sharding
        if isinstance(spec.sharding, NamedSharding) and spec.sharding.devices == mesh.flat
        else replicated(mesh)
        for spec in in_specs
    ]


def annotated(
    module: str | bytes,
    in_specs: Sequence[Spec],
    shardings: Sequence[NamedSharding],
    results: Sequence[NamedSharding | None] = (),
    ranks: Sequence[int] = (),
) -> bytes:
    """The module with a sharding on every argument, and on the results that have one here."""
    meshes = {s.mesh.symbol: s.mesh.text for s in (*shardings, *results) if s is not None}
    inputs = [_text(s, len(spec.physical_shape)) for s, spec in zip(shardings, in_specs, strict=True)]
    outputs = [None if s is None else _text(s, n) for s, n in zip(results, ranks, strict=True)]
    return pjrt.with_shardings(module, meshes, inputs, outputs)


def _text(sharding: NamedSharding, ndim: int) -> str:
    labels = dict(zip(sharding.mesh.axis_names, sharding.mesh.labels, strict=True))
    dims = ", ".join("{" + ", ".join(f'"{labels[n]}"' for n in names) + "}" for names in sharding.axes(ndim))
    return f"#sdy.sharding<@{sharding.mesh.symbol}, [{dims}]>"


def result_shardings(
    loaded: pjrt.LoadedExecutable,
    shapes: Sequence[tuple[int, ...]],
    physical_ranks: Sequence[int],
    mesh: Mesh,
) -> list[NamedSharding | None]:
    """How XLA left the results, which have these shapes; None where no spec says it."""
    made = []
    layouts = pjrt.result_tiles(loaded, physical_ranks, mesh.size)
    for shape, layout in zip(shapes, layouts, strict=True):
        spec = None
        if layout is not None:
            tiles, numbers = layout
            rank = len(shape)  # the axes of a key are never split
            if all(n == 1 for n in tiles[rank:]) and _divides(tiles, shape):
                spec = spec_of_tiles(mesh, tiles[:rank], numbers[:, :rank])
        made.append(None if spec is None else NamedSharding(mesh, spec))
    return made


def _divides(tiles: Sequence[int], shape: Sequence[int]) -> bool:
    return all(size % count == 0 for size, count in zip(shape, tiles, strict=False))
