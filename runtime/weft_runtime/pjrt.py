"""All that weft knows of jaxlib: the only module that imports it, in weft's own words.

Nothing here starts a backend at import. Where jaxlib's versions differ (0.10.2 to 0.12), it is settled here.
"""

from __future__ import annotations

import functools
import gc
import io
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

# Without it every client writes its start-up log to the user's stderr. It is read when jaxlib is loaded.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

import jaxlib.version
import numpy as np
from jaxlib import _jax, xla_client

# jaxlib's own types. They carry no stubs, so a checker knows them as Any.
Device: TypeAlias = _jax.Device
Client: TypeAlias = _jax.Client
ArrayImpl: TypeAlias = _jax.ArrayImpl
LoadedExecutable: TypeAlias = _jax.LoadedExecutable
if TYPE_CHECKING:

    class JaxRuntimeError(RuntimeError):
        """What XLA raises."""
else:
    JaxRuntimeError = _jax.JaxRuntimeError

PyTreeRegistry = _jax.pytree.PyTreeRegistry
PyTreeDef = _jax.pytree.PyTreeDef
DictKey = _jax.pytree.DictKey
SequenceKey = _jax.pytree.SequenceKey
GetAttrKey = _jax.pytree.GetAttrKey
FlattenedIndexKey = _jax.pytree.FlattenedIndexKey

jaxlib_version: str = jaxlib.version.__version__

_COPY_DURING_CALL = xla_client.HostBufferSemantics.IMMUTABLE_ONLY_DURING_CALL
_ALIAS = xla_client.HostBufferSemantics.ZERO_COPY


def _drop_references(phase: str, info: dict[str, int]) -> None:
    """What jaxlib's own threads let go of is Python's again only when it is asked; 100 bytes for each call."""
    if phase == "stop":
        _jax.collect_garbage()


gc.callbacks.append(_drop_references)


# Clients


def cpu_client(num_devices: int | None = None) -> Client:
    """Start the built-in CPU backend; without `num_devices`, XLA_FLAGS decides, or there is one device."""
    return xla_client.make_cpu_client(num_devices=num_devices)


def load_plugin(name: str, path: str) -> Any:  # a PyCapsule: jaxlib gives it no type
    """Load the PJRT library at `path` under `name` and return its C API."""
    capi = xla_client.load_pjrt_plugin_dynamically(name, path)
    xla_client.initialize_pjrt_plugin(name)
    return capi


def plugin_client(name: str, options: Mapping[str, Any]) -> Client:
    """Start the backend of a plugin that `load_plugin` has loaded."""
    return xla_client.make_c_api_client(name, dict(options))


def gpu_client_options() -> dict[str, Any]:
    """Options that XLA's usual environment variables ask for (allocator, memory fraction, ...)."""
    return dict(xla_client.generate_pjrt_gpu_plugin_options())


def register_lapack() -> None:
    """Make the `lapack_*` custom calls known to the CPU backend, and ready; it imports scipy (0.3 s)."""
    import jaxlib.lapack
    from jaxlib.cpu import _lapack

    for name, target, api_version in jaxlib.lapack.registrations()["cpu"]:
        xla_client.register_custom_call_target(name, target, platform="cpu", api_version=api_version)
    _lapack.initialize()  # a LAPACK call before this is a segfault


def guards() -> Any:
    """jaxlib's state of what happens on transfers."""
    return _jax.guard_lib


@functools.cache
def profiler() -> Any:
    """jaxlib's profiler, loaded when it is first asked for."""
    from jaxlib import _profiler

    return _profiler


@functools.cache
def profile_data() -> Any:
    """jaxlib's classes for what the profiler has written."""
    from jaxlib import _profile_data

    return _profile_data


# Shardings and arrays


class Aval:
    """Shape and dtype in the form that jaxlib reads."""

    __slots__ = ("dtype", "owner", "shape", "weak_type")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, owner: Any = None):
        self.shape, self.dtype, self.weak_type = shape, dtype, False
        self.owner = owner  # whose memory this describes: jaxlib hands it back with the array


def replicated_sharding(devices: Sequence[Device], memory_kind: str | None) -> Any:
    """The sharding that puts the whole value on every one of `devices`."""
    return _jax.GSPMDSharding(
        xla_client.DeviceList(tuple(devices)), xla_client.HloSharding.replicate(), memory_kind=memory_kind
    )


def tiled_sharding(
    devices: Sequence[Device],
    tiles: Sequence[int],
    copies: int,
    mesh_shape: Sequence[int],
    order: Sequence[int],
    memory_kind: str | None,
) -> Any:
    """The sharding that cuts a value into `tiles`, each `copies` times.

    The devices are those of a mesh, row by row; parts and copies are counted over its axes in this order.
    """
    if all(n == 1 for n in tiles):
        return replicated_sharding(devices, memory_kind)
    dims, rest = list(tiles), []
    if copies > 1:
        dims.append(copies)
        rest.append(xla_client.OpSharding.Type.REPLICATED)
    made = xla_client.HloSharding.iota_tile(dims, list(mesh_shape), list(order), rest)
    return _jax.GSPMDSharding(xla_client.DeviceList(tuple(devices)), made, memory_kind=memory_kind)


def parts(buffer: ArrayImpl) -> list[ArrayImpl]:
    """What each device of this process holds of a live array. Imports jax, where it is installed."""
    return buffer._arrays


def result_handler(aval: Any, sharding: Any, committed: bool) -> Any:
    """What turns one output of an execution into an ArrayImpl; `aval` has shape, dtype and weak_type."""
    try:
        return _jax.array_result_handler(aval, sharding, committed, _skip_checks=True)
    except TypeError:  # newer jaxlib never checks and has no such argument
        return _jax.array_result_handler(aval, sharding, committed)


def put(
    aval: Any,
    sharding: Any,
    shards: Sequence[np.ndarray | ArrayImpl],
    devices: Sequence[Device],
    *,
    committed: bool,
    alias: bool = False,
) -> ArrayImpl:
    """Host arrays, or live arrays of one device, to devices, one shard each.

    Their dtype must be `aval.dtype`: jaxlib does not look.
    The host memory is copied before the call returns, unless `alias` says that it may be used as it is.
    """
    return xla_client.batched_device_put(
        aval,
        sharding,
        shards,
        devices,
        committed=committed,
        host_buffer_semantics=_ALIAS if alias else _COPY_DURING_CALL,
        enable_x64=True,  # said on every call: the global setting belongs to jax, if it is loaded
    )


def putter(
    aval: Any, sharding: Any, devices: Sequence[Device], committed: bool
) -> Callable[[np.ndarray], ArrayImpl]:
    """`put` for one type and one device: what is called again and again."""
    devices = list(devices)
    quick_put = xla_client.batched_device_put  # (..., force_copy, host_buffer_semantics, enable_x64)
    return lambda value: quick_put(
        aval, sharding, [value], devices, committed, False, _COPY_DURING_CALL, True
    )


def copy_to(buffer: ArrayImpl, devices: Sequence[Device], sharding: Any) -> ArrayImpl:
    """A copy of a live array on other devices, or in other memory, of the same client."""
    return xla_client.batched_copy_array_to_devices_with_sharding(
        [buffer],
        [xla_client.DeviceList(tuple(devices))],
        [sharding],
        [xla_client.ArrayCopySemantics.ALWAYS_COPY],
    )[0]


def reads_everything(buffer: ArrayImpl) -> bool:
    """Whether this jaxlib reads every dtype and sharding without importing jax."""
    return hasattr(buffer, "_to_np_array_did_copy")


def read_copy(buffer: ArrayImpl) -> np.ndarray:
    """The elements, from wherever they are. Before jaxlib 0.11 this imports jax, where it is installed."""
    if reads_everything(buffer):
        return np.array(buffer._to_np_array_did_copy()[0])
    return np.array(buffer._single_device_array_to_np_array_did_copy()[0])


def kept_host_value(buffer: ArrayImpl) -> np.ndarray | None:
    """What `keep_host_value` left with the buffer."""
    return buffer._npy_value


def keep_host_value(buffer: ArrayImpl, value: np.ndarray) -> None:
    """Leave a copy of the elements with the buffer."""
    buffer._npy_value = value


def start_host_copy(buffer: ArrayImpl) -> None:
    """Begin the way to the host. Before jaxlib 0.11 this imports jax, where it is installed."""
    buffer._copy_single_device_array_to_host_async()


def address(buffer: ArrayImpl) -> int:
    """Where the elements of a live array begin. Before jaxlib 0.11 this imports jax, if installed."""
    return buffer.unsafe_buffer_pointer()


def layout_text(buffer: ArrayImpl) -> str:
    """XLA's form of the layout of a live array, as in `{1,0}`."""
    return str(buffer._pjrt_layout)


def made_at(buffer: ArrayImpl) -> Any:  # jaxlib's Traceback
    """The Python frames in which an array was made, if jaxlib kept them."""
    return buffer.traceback


def to_dlpack(buffer: ArrayImpl, stream: int | None) -> Any:
    """A DLPack capsule that shares the memory of a live array."""
    return _jax.buffer_to_dlpack_managed_tensor(buffer, stream)


def from_dlpack(capsule: Any, device: Device, stream: int | None, copy: bool | None) -> ArrayImpl:
    """An array from a DLPack capsule of memory that is not the CPU's."""
    return _jax.dlpack_managed_tensor_to_buffer(capsule, device, stream, copy=copy)


# Programs


def compile_options(devices: Sequence[Device], flags: Mapping[str, Any], cuda_data_dir: str | None) -> Any:
    """Options of one compilation; `flags` are XLA flags, which raise where they are not known."""
    options = xla_client.CompileOptions()
    build = options.executable_build_options
    options.num_partitions = build.num_partitions = len(devices)
    options.num_replicas = build.num_replicas = 1
    ids = np.array([[device.id for device in devices]])
    options.device_assignment = build.device_assignment = xla_client.DeviceAssignment.create(ids)
    if len(devices) > 1:
        build.use_spmd_partitioning = build.use_shardy_partitioner = True
    if cuda_data_dir is not None:
        build.debug_options.xla_gpu_cuda_data_dir = cuda_data_dir
    if flags:
        options.env_option_overrides = sorted(flags.items())
    return options


def compile_module(
    client: Client, module: str | bytes, devices: Sequence[Device], options: Any
) -> LoadedExecutable:
    """Compile MLIR text, bytecode or a portable artifact that has a function `@main`."""
    return client.compile_and_load(module, xla_client.DeviceList(tuple(devices)), options)


def compile_with_callbacks(
    client: Client,
    module: str | bytes,
    devices: Sequence[Device],
    options: Any,
    callbacks: Sequence[Callable[..., Any]],
) -> LoadedExecutable:
    """As `compile_module`, for a program that calls back into Python by index into `callbacks`."""
    parsed = _parse(module)  # jaxlib takes callbacks only with a module of its own MLIR bindings
    return client.compile_and_load(parsed, xla_client.DeviceList(tuple(devices)), options, list(callbacks))


def with_shardings(
    module: str | bytes, meshes: Mapping[str, str], inputs: Sequence[str], outputs: Sequence[str | None]
) -> bytes:
    """The module with these meshes, and a sharding (in Shardy's words) on each argument and on some results."""
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import sdy

    parsed = _parse(module)
    with _mlir_context(), ir.Location.unknown():
        symbols = ir.SymbolTable(parsed.operation)
        for name, axes in meshes.items():
            if name not in symbols:
                declared = ir.Attribute.parse(f"#sdy.mesh<[{axes}]>")
                with ir.InsertionPoint.at_block_begin(parsed.body):
                    sdy.MeshOp(name, declared)
        main = symbols["main"]
        for attribute, shardings in (("arg_attrs", inputs), ("res_attrs", outputs)):
            if any(shardings):
                main.attributes[attribute] = _with_shardings(main.attributes, attribute, shardings)
    out = io.BytesIO()
    parsed.operation.write_bytecode(out)
    return out.getvalue()


def _with_shardings(attributes: Any, name: str, shardings: Sequence[str | None]) -> Any:
    from jaxlib.mlir import ir

    known = list(ir.ArrayAttr(attributes[name])) if name in attributes else [{} for _ in shardings]
    made = []
    for each, text in zip(known, shardings, strict=True):
        entries = {e.name: e.attr for e in ir.DictAttr(each)} if each else {}
        if text is not None:
            entries["sdy.sharding"] = ir.Attribute.parse(text)
        made.append(ir.DictAttr.get(entries))
    return ir.ArrayAttr.get(made)


def result_tiles(
    loaded: LoadedExecutable, ranks: Sequence[int], count: int
) -> list[tuple[tuple[int, ...], np.ndarray] | None]:
    """How each result of a program on `count` devices is cut, and which part each device has, by device and axis.

    None where that is no regular cut.
    """
    shardings = loaded.get_output_shardings()
    if shardings is None:
        return [((1,) * n, np.zeros((count, n), np.int64)) for n in ranks]
    return [
        _tiles(xla_client.HloSharding.from_proto(s), n, count) for s, n in zip(shardings, ranks, strict=True)
    ]


def _tiles(sharding: Any, ndim: int, count: int) -> tuple[tuple[int, ...], np.ndarray] | None:
    if sharding.is_replicated():
        return (1,) * ndim, np.zeros((count, ndim), np.int64)
    dims = list(sharding.tile_assignment_dimensions())
    if not sharding.is_tiled() or len(dims) not in (ndim, ndim + 1):
        return None
    where = np.empty((count, len(dims)), np.int64)
    where[list(sharding.tile_assignment_devices())] = np.indices(dims).reshape(len(dims), -1).T
    return tuple(dims[:ndim]), where[:, :ndim]


def deserialize(
    client: Client, serialized: bytes, devices: Sequence[Device], options: Any
) -> LoadedExecutable:
    """Load what `LoadedExecutable.serialize` wrote with the same jaxlib: jaxlib does not check that it is."""
    return client.deserialize_executable(serialized, xla_client.DeviceList(tuple(devices)), options)


def _parse(module: str | bytes) -> Any:
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    context = _mlir_context()
    if isinstance(module, bytes) and module[:4] == b"ML\xefR" and b"StableHLO_v" in module[:64]:
        return stablehlo.deserialize_portable_artifact(context, module)
    try:
        with context:
            return ir.Module.parse(module)
    except ir.MLIRError as error:
        raise JaxRuntimeError(str(error)) from error


@functools.cache  # some jaxlib versions register pass pipelines with it, which can be done once
def _mlir_context() -> Any:
    from jaxlib.mlir import ir
    from jaxlib.mlir._mlir_libs import _jax_mlir_ext
    from jaxlib.mlir.dialects import chlo, mhlo, sdy, stablehlo

    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context = ir.Context()
    context.append_dialect_registry(registry)
    mhlo.register_mhlo_dialect(context)
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    return context


@functools.cache
def stablehlo_version() -> str:
    """The newest StableHLO that this jaxlib reads, for the writer of portable artifacts."""
    from jaxlib.mlir.dialects import stablehlo

    return stablehlo.get_current_version()


# HLO


def hlo_computation(module: bytes) -> Any:
    """XLA's computation of an MLIR module in bytecode."""
    return _jax.mlir.mlir_module_to_xla_computation(module, use_tuple_args=False)


def hlo_text(module: bytes, with_metadata: bool) -> str:
    """The text of a module in HLO, as short as it can be read back."""
    from jaxlib import _hlo

    options = _hlo.HloPrintOptions.short_parsable()
    options.print_metadata = with_metadata
    return hlo_computation(module).as_hlo_module().to_string(options)


def hlo_cost_analysis(client: Client, module: bytes) -> dict[str, float]:
    """XLA's estimates for a module before it is optimised."""
    return dict(_jax.hlo_module_cost_analysis(client, hlo_computation(module).as_hlo_module()))
