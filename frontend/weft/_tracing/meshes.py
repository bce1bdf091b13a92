"""The mesh that is meant where a `PartitionSpec` stands alone."""

from __future__ import annotations

from typing import Any

from weft._config.checks import anything
from weft.config import config
from weft_runtime import Mesh, NamedSharding, PartitionSpec

_MESH = config.define(
    "mesh",
    None,
    anything,
    "The mesh of which a PartitionSpec by itself speaks; set_mesh sets it.",
    is_traced=True,  # functions are traced again, as their specs mean other places
    environment={},
)


class set_mesh:
    """From here on `mesh` is the mesh of this thread: specs, and `shard_map` without a mesh, speak of it.

    In a `with` statement, until its end.
    """

    def __init__(self, mesh: Mesh | None) -> None:
        if mesh is not None and not isinstance(mesh, Mesh):
            raise TypeError(f"set_mesh: expected a Mesh, got {type(mesh).__name__}")
        self._override = _MESH(mesh)
        self._override.__enter__()

    def __enter__(self) -> set_mesh:
        return self

    def __exit__(self, *_: object) -> None:
        self._override.__exit__()


def get_mesh() -> Mesh | None:
    """The mesh that `set_mesh` has set, None where there is none."""
    return _MESH.value


def placed(spec: Any, what: str) -> Any:
    """A `PartitionSpec` as a sharding over the current mesh; other things as they are.

    Raises: ValueError if no mesh is set. `what` asks.
    """
    if not isinstance(spec, PartitionSpec):
        return spec
    mesh = get_mesh()
    if mesh is None:
        raise ValueError(
            f"{what}: {spec} is of no mesh\n  try NamedSharding(mesh, {spec}), or with set_mesh(mesh) around the call"
        )
    return NamedSharding(mesh, spec)
