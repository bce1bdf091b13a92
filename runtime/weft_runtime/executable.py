"""Compiled programs: from a StableHLO module to something that runs on Arrays."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from weft_runtime import compile_cache, lapack, partitioning, pjrt, plugins
from weft_runtime.array import Array
from weft_runtime.callbacks import HostCallback
from weft_runtime.errors import CompileError, JaxRuntimeError
from weft_runtime.in_flight import COMPILATIONS
from weft_runtime.loaded_programs import LOADED, Origin, Program
from weft_runtime.named_sharding import NamedSharding, replicated
from weft_runtime.placement import place_name, sharding_for, with_moves
from weft_runtime.sharding import Sharding
from weft_runtime.spec import Dtype, Shape, Spec
from weft_runtime.transfer import Place
from weft_runtime.turns import CPU_TURNS

Source = str | bytes | Callable[[], str | bytes]
"""A module, or what makes it."""
OutType = tuple[Shape, Dtype, bool]

_BYTES_LIMIT = 1 << 62  # XLA counts bytes in 64 bits, and ends the process where they do not suffice


class Executable:
    """A program on the device.

    The quick way to call it, once the arguments are known to have the specs it was compiled for:

        map(Array, out_specs, run([x._b for x in arrays]).consume_with_handlers(handlers))

    XLA looks only at the size of an argument in bytes, so what has another shape or dtype of that size is
    read as garbage; the specs of the arguments are the caller's cache key.
    """

    __slots__ = (
        "__weakref__",
        "callbacks",
        "donated",
        "handlers",
        "in_specs",
        "loaded",
        "name",
        "origin",
        "out_specs",
        "run",
        "stored_as",
    )

    def __init__(
        self,
        loaded: pjrt.LoadedExecutable,
        in_specs: Sequence[Spec],
        out_specs: Sequence[Spec],
        *,
        donated: Sequence[int] = (),
        callbacks: Sequence[HostCallback] = (),
        name: str = "main",
    ):
        self.loaded = loaded
        self.in_specs, self.out_specs = tuple(in_specs), tuple(out_specs)
        self.donated, self.callbacks, self.name = tuple(donated), tuple(callbacks), name
        self.run: Callable[[list[Any]], Any] = loaded.execute_sharded
        self.handlers = tuple(spec.handler for spec in out_specs)
        self.origin: Origin = "compiled"
        """Whether XLA compiled it now, or it came from the cache on disk or from an equal program in memory."""
        self.stored_as: str | None = None
        """The key of the entry of the compile cache that it was loaded from."""

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """Start the program on `arrays`; the results are there when they are read.

        Raises: RuntimeError if an argument was deleted or donated to an earlier call.
        """
        try:
            outs = self.run([x._b for x in arrays]).consume_with_handlers(self.handlers)
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise self.explain(error, arrays) from error
        return list(map(Array, self.out_specs, outs))

    def explain_run(self, error: Exception, buffers: Sequence[Any]) -> BaseException:
        """As `explain`, for a quick call: `buffers` are those of arrays of `in_specs`."""
        return self.explain(error, list(map(Array, self.in_specs, buffers)))

    def explain(self, error: Exception, arrays: Sequence[Array]) -> BaseException:
        """The exception to raise for a call that failed with `error`, in the user's words.

        The caller does the raising, so that a traceback ends in the call.
        """
        for callback in self.callbacks:
            if callback.interrupts:
                return callback.interrupts.pop()
        problem = self._problem(arrays)
        if problem is not None:
            return problem
        if isinstance(error, JaxRuntimeError):
            return JaxRuntimeError(f"{self.name}: {error}")
        return error

    def _problem(self, arrays: Sequence[Array]) -> Exception | None:
        if len(arrays) != len(self.in_specs):
            return TypeError(f"{self.name}: takes {len(self.in_specs)} arguments, got {len(arrays)}")
        for position, (x, spec) in enumerate(zip(arrays, self.in_specs, strict=True)):
            if not isinstance(x, Array):
                return TypeError(f"{self.name}: argument {position} must be an Array, got {type(x).__name__}")
            if x.shape != spec.shape or x.dtype != spec.dtype:
                return TypeError(f"{self.name}: argument {position} must be {spec}, got {x.spec}")
            if x.sharding is not spec.sharding:
                return ValueError(
                    f"{self.name}: argument {position} is on {place_name(x.sharding)}, "
                    f"but the program was compiled for {place_name(spec.sharding)}"
                )
        return self._deleted(arrays)

    def _deleted(self, arrays: Sequence[Array]) -> Exception | None:
        for position in self.donated:
            twins = [
                other for other, x in enumerate(arrays) if x._b is arrays[position]._b and other != position
            ]
            if twins:
                return RuntimeError(
                    f"{self.name}: argument {position} is donated, so its memory is overwritten, "
                    f"but the same array is also argument {twins[0]}; pass a copy there"
                )
        for position, x in enumerate(arrays):
            if x.is_deleted():
                return RuntimeError(
                    f"{self.name}: Array has been deleted with shape={x.spec.long_name}. "
                    f"It is argument {position}; delete() was called on it, or it was donated to an earlier "
                    "call, which overwrote its memory. Use the result of that call, or do not donate it."
                )
        return None

    def serialize(self) -> bytes:
        """The compiled code. Only the same jaxlib on the same kind of machine can load it."""
        if self.callbacks:
            raise ValueError(f"{self.name}: a program that calls Python functions cannot be serialized")
        if self.stored_as is None:
            return self.loaded.serialize()
        # What was loaded cannot be serialized again: XLA lets go of the code.
        cache = compile_cache.current()
        stored = None if cache is None else cache.load(self.stored_as)
        if stored is None:
            raise ValueError(
                f"{self.name} came from the compile cache, which no longer has it\n  try WEFT_CACHE=0"
            )
        return stored

    def cost_analysis(self) -> dict[str, float]:
        """XLA's estimate: `flops`, `bytes accessed`, ..."""
        return dict(self.loaded.cost_analysis())

    def memory_analysis(self) -> Any:
        """Bytes for arguments, outputs, temporaries and code, as attributes `..._size_in_bytes`."""
        return self.loaded.get_compiled_memory_stats()

    def as_text(self) -> str:
        """The optimised HLO."""
        return "\n".join(module.to_string() for module in self.loaded.hlo_modules())

    def __repr__(self) -> str:
        ins, outs = (", ".join(map(str, specs)) for specs in (self.in_specs, self.out_specs))
        return f"<Executable {self.name}: ({ins}) -> ({outs})>"


def compile(
    module: Source,
    in_specs: Sequence[Spec],
    out_types: Sequence[OutType],
    *,
    device: Place | None = None,
    donate: Sequence[int] = (),
    options: Mapping[str, Any] | None = None,
    host_callbacks: Sequence[HostCallback] = (),
    committed: bool | None = None,
    name: str = "main",
    use_cache: bool = True,
    identity: bytes | None = None,
) -> Executable:
    """Compile a StableHLO module (text, bytecode or portable artifact) with a function `@main`.

    module: with `identity` also a function that makes it, which is called if nothing that is known will do.
    in_specs: what the arguments will be; out_types: shape, dtype and weak type of each result.
    device: where it runs; by default where the committed arguments are, else the default device. Other
      arguments are brought there in each call.
    donate: arguments that the module marks as donated (`tf.aliasing_output`, `jax.buffer_donor`).
    options: XLA flags for this compilation alone.
    host_callbacks: the functions that the module calls, by index.
    committed: whether the results are; by default if `device` is given or an argument is.
    name: how messages call the program.
    use_cache: whether an equal program, of this process or on disk, will do.
    identity: what stands for the module in caches: the module without what the code does not depend on.

    Raises: CompileError with XLA's reason.
    """
    sharding = sharding_for(in_specs, device, name)
    for callback in host_callbacks:
        if not isinstance(callback, HostCallback):
            raise TypeError(f"{name}: a host callback must be a HostCallback, got {callback!r}")
    if committed is None:
        committed = device is not None or any(spec.committed for spec in in_specs)
    key = identity if use_cache and not host_callbacks else None
    if isinstance(sharding, NamedSharding):
        return _partitioned(
            _made(module),
            in_specs,
            out_types,
            sharding,
            donate,
            options or {},
            host_callbacks,
            name,
            use_cache,
        )
    out_specs = [Spec(shape, dtype, sharding, weak, committed) for shape, dtype, weak in out_types]
    for spec in (*in_specs, *out_specs):
        if spec.size * spec.dtype.itemsize >= _BYTES_LIMIT:
            raise CompileError(f"RESOURCE_EXHAUSTED: {name}: an array of {spec} is larger than any memory")
    with COMPILATIONS.one():
        program = _load(
            module if key is not None else _made(module),
            sharding,
            options or {},
            host_callbacks,
            name,
            key,
            use_cache,
        )
    made = Executable(
        program.loaded, in_specs, out_specs, donated=donate, callbacks=host_callbacks, name=name
    )
    made.origin, made.stored_as = program.origin, program.stored_as
    made.run = with_moves(made.run, in_specs, sharding)
    return made


def _partitioned(
    module: str | bytes,
    in_specs: Sequence[Spec],
    out_types: Sequence[OutType],
    sharding: NamedSharding,
    donate: Sequence[int],
    flags: Mapping[str, Any],
    callbacks: Sequence[HostCallback],
    name: str,
    use_cache: bool,
) -> Executable:
    """A program over several devices, whose results stay where XLA leaves them if a spec can say where."""
    if callbacks:
        raise NotImplementedError(f"{name}: a program over several devices cannot call Python functions")
    mesh = sharding.mesh
    arriving = partitioning.arrivals(in_specs, mesh)
    outs = [Spec(shape, dtype, replicated(mesh), weak, True) for shape, dtype, weak in out_types]
    ranks = [len(spec.physical_shape) for spec in outs]
    wanted: list[NamedSharding | None] = [None] * len(outs)
    while True:
        text = partitioning.annotated(module, in_specs, arriving, wanted, ranks)
        with COMPILATIONS.one():
            program = _load(text, sharding, flags, callbacks, name, None, use_cache)
        found = partitioning.result_shardings(program.loaded, [s.shape for s in outs], ranks, mesh)
        if all(s is not None for s in found):
            break
        wanted = [replicated(mesh) if s is None else w for s, w in zip(found, wanted, strict=True)]
    out_specs = [spec.update(sharding=s) for spec, s in zip(outs, found, strict=True)]
    made = Executable(program.loaded, in_specs, out_specs, donated=donate, name=name)
    made.origin, made.stored_as = program.origin, program.stored_as
    if len(sharding.devices) > 1 and sharding.devices[0].platform == "cpu":
        made.run = CPU_TURNS.around(made.run)
    made.run = with_moves(made.run, in_specs, sharding)
    return made


def _load(
    module: Source,
    sharding: Sharding,
    flags: Mapping[str, Any],
    callbacks: Sequence[HostCallback],
    name: str,
    identity: bytes | None,
    use_cache: bool,
) -> Program:
    client = sharding.devices[0].client
    known = _made(module) if identity is None else identity
    lapack.prepare(known, client.platform)
    data_dir = plugins.cuda_data_dir() if client.platform in ("gpu", "cuda") else None
    if client.platform == "cpu" and _has_barrier(known):
        flags = {**_KEEP_BARRIERS, **flags}
    options = pjrt.compile_options(sharding.devices, flags, data_dir)
    try:
        if callbacks:
            return Program(pjrt.compile_with_callbacks(client, known, sharding.devices, options, callbacks))
        if not use_cache:
            return Program(pjrt.compile_module(client, known, sharding.devices, options))
        return _cached(client, module, known, sharding, options)
    except JaxRuntimeError as error:
        raise CompileError(f"XLA cannot compile {name}: {error}") from error


_KEEP_BARRIERS = {"xla_disable_hlo_passes": "cse_barrier_expander,small-while-loop-hoisting"}
"""XLA's CPU pipeline takes the barriers away before it fuses; without this a checkpoint saves no memory. Small
loops become one kernel there, and a barrier in such a kernel ends the process."""


def _has_barrier(module: str | bytes) -> bool:
    word = "optimization_barrier"
    return word in module if isinstance(module, str) else word.encode() in module


def _made(module: Source) -> str | bytes:
    return module() if callable(module) else module


def _cached(
    client: pjrt.Client,
    module: Source,
    identity: str | bytes,
    sharding: Sharding,
    options: Any,
) -> Program:
    key = compile_cache.key_of(identity, options.SerializeAsString(), client, sharding.devices)
    with LOADED.making(key):
        found = LOADED.get(key)
        if found is not None:
            return replace(found, origin="memory")
        cache = compile_cache.current()
        made = None if cache is None else _stored(cache, key, client, sharding, options)
        if made is None:
            started = time.monotonic()
            made = Program(pjrt.compile_module(client, _made(module), sharding.devices, options))
            if cache is not None and time.monotonic() - started >= cache.least_compile_s:
                with contextlib.suppress(
                    JaxRuntimeError
                ):  # a backend that cannot serialize simply has no cache
                    cache.store(key, made.loaded.serialize())
        LOADED.add(key, made)
        return made


def _stored(
    cache: compile_cache.CompileCache, key: str, client: pjrt.Client, sharding: Sharding, options: Any
) -> Program | None:
    stored = cache.load(key)
    if stored is None:
        return None
    try:
        return Program(pjrt.deserialize(client, stored, sharding.devices, options), "disk", key)
    except JaxRuntimeError:
        cache.discard(key)  # whole, but not for this backend: compile it again
        return None
