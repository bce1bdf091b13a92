"""Traced modules to executables: lowering, handing over to the runtime, and the cache by structure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import weft_runtime
from weft._tracing.compile_log import compiling
from weft._tracing.debug_checks import with_checks
from weft._tracing.effects import with_effects
from weft._tracing.host_functions import for_platform, host_callbacks
from weft._tracing.nan_checks import are_on
from weft.config import config
from weft_compiler import lowering
from weft_compiler.avals import Aval
from weft_compiler.module import Module
from weft_compiler.structure import structure
from weft_compiler.symbolic import check_known
from weft_runtime import Executable, Mesh, Sharding, Spec
from weft_runtime.placement import sharding_for

OutType = tuple[Aval, bool]
"""Aval and weak type of a result."""


def compile_module(
    module: Module,
    entry: str,
    in_specs: Sequence[Spec],
    out_types: Sequence[OutType],
    *,
    donated: Sequence[int] = (),
    name: str = "main",
    options: Mapping[str, Any] | None = None,
    device: Any = None,
    is_library: bool = False,
) -> Executable:
    """Lowers a function of a module and compiles it; the module stays as it is.

    It has the checks that the configuration asks for; `is_library` says that the program is not of the user.
    """
    if config.no_execution:
        raise RuntimeError(f"weft was to execute {name}, but the no_execution config option is set")
    checked = with_checks(module, entry, name, is_library=is_library)
    if any(len(spec.sharding.devices) > 1 for spec in in_specs):
        checked = checked.on_several_devices(name)
    with compiling(name, in_specs) as report:
        lowered = lowering.lower(checked.module, checked.entry, donated, without=config.disabled_passes)
        if lowered.meshes and lowered.callbacks and checked.nans is not None:
            checked = checked.on_several_devices(name)
            lowered = lowering.lower(checked.module, checked.entry, donated, without=config.disabled_passes)
        report.end("transform and lower")
        executable = compile_lowered(
            lowered, in_specs, out_types, donated=donated, name=name, options=options, device=device
        )
        report.origin = executable.origin
        report.end("compile")
    return checked.around(executable)


def compile_lowered(
    lowered: Module,
    in_specs: Sequence[Spec],
    out_types: Sequence[OutType],
    *,
    donated: Sequence[int] = (),
    name: str = "main",
    options: Mapping[str, Any] | None = None,
    device: Any = None,
) -> Executable:
    """Compiles a lowered module."""
    if lowered.meshes:
        device = _all_of(lowered.meshes, name)
    check_known(name, lambda: lowered.ir.operation.get_asm(assume_verified=True))
    platform = sharding_for(in_specs, device, name).devices[0].client.platform
    identity = lowering.identity(lowered)
    callbacks, program = _program(lowered, platform)
    executable = weft_runtime.compile(
        program,
        in_specs,
        [(aval.shape, cast(Any, aval.dtype), weak) for aval, weak in out_types],
        donate=donated,
        name=name,
        options={
            **lowering.backend_flags(identity, platform, without=config.disabled_passes),
            **(options or {}),
        },
        device=device,
        host_callbacks=callbacks,
        identity=None if lowered.callbacks or lowered.meshes else identity,
    )
    if any(site.has_effect for site in lowered.callbacks):
        return with_effects(executable, any(site.is_ordered for site in lowered.callbacks))
    return executable


def _all_of(symbols: Iterable[str], name: str) -> Sharding:
    """The devices of the meshes that a program speaks of, which must be the same."""
    meshes = [Mesh.of_symbol(symbol) for symbol in symbols]
    for mesh in meshes[1:]:
        if mesh.flat != meshes[0].flat:
            raise ValueError(
                f"{name}: the program runs on {meshes[0]} and on {mesh}, which have other devices"
            )
    return meshes[0].whole


def _program(lowered: Module, platform: str) -> tuple[list[Any], Any]:
    """The Python functions that a program calls, and what the runtime compiles; a function makes it on demand."""

    def tuned() -> Module:
        return lowering.tuned(lowered, platform, without=config.disabled_passes)

    if lowered.callbacks:
        return host_callbacks(lowered.callbacks), for_platform(tuned().text(), platform)
    if lowered.meshes:
        return [], tuned().text()
    return [], lambda: lowering.serialize(tuned())


class ByStructure:
    """Executables by what they compute: traces of the same ops on the same types compile once.

    Those used last are kept; how many is held down by memory mappings, see `weft_runtime.loaded_programs`.
    """

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._known: dict[tuple[Any, ...], Executable] = {}

    def get(
        self, module: Module, entry: str, in_specs: Sequence[Spec], out_types: Sequence[OutType], name: str
    ) -> Executable:
        """The executable of a function of a module, compiled at the first request."""
        if config.no_execution:
            raise RuntimeError(f"weft was to execute {name}, but the no_execution config option is set")
        program: Any = None if are_on() else structure(module, entry)  # what looks for nan tells the place
        if program is None:
            program = lowering.serialize(lowering.prepared(module, entry))
        key = (program, tuple(in_specs), tuple(out_types), config.trace_key, config.disabled_passes)
        found = self._known.pop(key, None)
        if found is None:
            prepared = lowering.prepared(module, entry)
            found = compile_module(prepared, lowering.ENTRY, in_specs, out_types, name=name)
            if len(self._known) >= self._limit:
                self._known.pop(next(iter(list(self._known))), None)  # the least recently used
        self._known[key] = found
        return found

    def clear(self) -> None:
        """Forgets all."""
        self._known.clear()


BY_STRUCTURE = ByStructure()
