"""Compiled functions as bytes, for the same jaxlib on the same kind of machine; `weft.export` is the portable way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft_runtime
from weft._transforms.stages import ArgInfo, Compiled, ShapeDtypeStruct
from weft_runtime import artifact, pytree, saved_executable


def serialize(compiled: Compiled) -> tuple[bytes, pytree.PyTreeDef, pytree.PyTreeDef]:
    """The program as bytes, and the structures of its arguments and results, which are the caller's to keep.

    Raises: ValueError for a function that captures arrays, calls Python functions, or runs on several devices.
    """
    if compiled._serialized is not None:
        return compiled._serialized, compiled.in_tree, compiled.out_tree
    if compiled._consts:
        raise ValueError(
            f"{compiled._executable.name} captures {len(compiled._consts)} arrays, so it cannot be serialized\n"
            "  try passing them as arguments"
        )
    donated = list(compiled.donate_argnums)
    payload = saved_executable.to_bytes(compiled._executable)
    return artifact.write({"donated": donated}, [payload]), compiled.in_tree, compiled.out_tree


def deserialize_and_load(
    serialized: bytes,
    in_tree: pytree.PyTreeDef,
    out_tree: pytree.PyTreeDef,
    backend: str | None = None,
    execution_devices: Sequence[Any] | None = None,
) -> Compiled:
    """The function that `serialize` wrote, on the first of `execution_devices` or of `backend`.

    The bytes are machine code that is run: they must come from a trusted place.

    Raises: weft_runtime.ArtifactError for other bytes, another jaxlib or another kind of machine.
    """
    header, (payload,) = artifact.read(serialized)
    devices = execution_devices or (weft_runtime.devices(backend) if backend else None)
    executable = saved_executable.from_bytes(payload, devices[0] if devices else None)
    infos = [
        ArgInfo(ShapeDtypeStruct(spec.shape, spec.dtype, weak_type=spec.weak_type), i in header["donated"])
        for i, spec in enumerate(executable.in_specs)
    ]
    made = Compiled(executable, (), in_tree.unflatten(infos), out_tree)
    made._serialized = bytes(serialized)
    return made
