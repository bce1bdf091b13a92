"""PJRT plugins: libraries that drive a GPU, a TPU or Metal. They are found and loaded without jax.

A plugin package registers itself for jax; its own `initialize` imports jax, so it is never called. Only the
library inside is used, under a name of ours, so that jax can load the same file in the same process.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import json
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weft_runtime import pjrt

_LIBRARIES = (
    "xla_cuda_plugin.so",
    "xla_rocm_plugin.so",
    "pjrt_plugin_metal_14.dylib",
    "lib/libpjrt_plugin_mps.dylib",
    "libtpu.so",
)
_GROUP = "jax_plugins"
_PLATFORMS = ("cuda", "rocm", "metal", "mps", "tpu")
_GPU_OPTIONS = {"cuda": {"platform_name": "cuda"}, "rocm": {"platform_name": "ROCM"}}


@dataclass(frozen=True)
class Plugin:
    """A PJRT library that was found; whether it works is known once it is started."""

    platform: str
    library: str
    options: Mapping[str, Any] = field(default_factory=dict)


def find() -> dict[str, Plugin]:
    """The plugins of this machine by platform, those named in PJRT_NAMES_AND_LIBRARY_PATHS first."""
    found: dict[str, Plugin] = {}
    for plugin in (*_named_in_environment(), *_installed()):
        found.setdefault(plugin.platform, plugin)
    return found


def start(plugin: Plugin) -> pjrt.Client:
    """Load the plugin and start its backend.

    Raises: RuntimeError or OSError, with the plugin's own reason.
    """
    is_gpu = plugin.platform in _GPU_OPTIONS
    if plugin.platform == "cuda":
        preload_nvidia()
    name = f"weft_{plugin.platform}"
    capi = _load(name, plugin.library)
    if is_gpu:
        register_gpu_calls(plugin.platform, capi)
    options = {**(pjrt.gpu_client_options() if is_gpu else {}), **_GPU_OPTIONS.get(plugin.platform, {})}
    return pjrt.plugin_client(name, {**options, **plugin.options})


@functools.cache  # a name can be loaded only once in a process, also after its client failed
def _load(name: str, library: str) -> Any:
    _check_library(library)
    capi = pjrt.load_plugin(name, library)
    _LOADED.append(capi)
    return capi


_LOADED: list[Any] = []


def loaded() -> list[Any]:
    """The C APIs of the plugins that this process has loaded, in that order."""
    return list(_LOADED)


def _check_library(library: str) -> None:
    """OSError or RuntimeError for what jaxlib would take for a plugin, and crash on."""
    entry = getattr(ctypes.CDLL(library), "GetPjrtApi", None)
    if entry is None:
        raise RuntimeError(f"{library} is no PJRT plugin: it has no function GetPjrtApi")
    entry.restype = ctypes.c_void_p
    if not entry():
        raise RuntimeError(f"{library}: GetPjrtApi gives no API: the plugin does not work on this machine")


def _named_in_environment() -> Iterator[Plugin]:
    for pair in filter(None, os.environ.get("PJRT_NAMES_AND_LIBRARY_PATHS", "").split(",")):
        platform, _, path = pair.partition(os.pathsep)
        if not path:
            raise RuntimeError(f"PJRT_NAMES_AND_LIBRARY_PATHS: expected name{os.pathsep}path, got {pair!r}")
        if not path.endswith(".json"):
            yield Plugin(platform, path)
            continue
        described = json.loads(Path(path).read_text())
        yield Plugin(platform, described["library_path"], described.get("create_option", {}))


def _installed() -> Iterator[Plugin]:
    names = _registered() if any(map(_may_register, sys.path)) else set()
    namespace = importlib.util.find_spec("jax_plugins")
    if namespace is not None and namespace.submodule_search_locations:
        found = pkgutil.iter_modules(namespace.submodule_search_locations, "jax_plugins.")
        names.update(module.name for module in found)
    for name in (*sorted(names), "libtpu"):
        folder = _folder_of(name)
        for library in _LIBRARIES if folder else ():
            path = Path(folder, library)  # type: ignore[arg-type]
            if path.exists():
                yield Plugin(_platform_of(name), str(path))


def _registered() -> set[str]:
    """The modules that installed packages name as plugins."""
    import importlib.metadata  # with the search through all packages 25 ms, so only where there is one

    return {entry.value.partition(":")[0] for entry in importlib.metadata.entry_points(group=_GROUP)}


def _may_register(folder: str) -> bool:
    """Whether a package in a folder of `sys.path` may name a plugin."""
    try:
        with os.scandir(folder or ".") as entries:
            names = [e.name for e in entries if e.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return os.path.exists(folder)  # an archive, which we do not read
    return any(_names_group(os.path.join(folder, name, "entry_points.txt")) for name in names)


def _names_group(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _GROUP.encode() in file.read()
    except OSError:
        return False  # most packages have no such file


def _platform_of(module_name: str) -> str:
    last = module_name.rpartition(".")[2].lower()
    return next((platform for platform in _PLATFORMS if platform in last), last)


def _folder_of(module_name: str) -> str | None:
    """The folder of a package, found without importing it."""
    try:
        spec = importlib.util.find_spec(module_name)
    except ModuleNotFoundError:  # a parent package that is not installed
        return None
    return spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else None


# NVIDIA's libraries come as wheels of their own; the plugin finds those that are in the process already.
# Each needs the ones before it.
_NVIDIA = (
    "cudart",
    "nvrtc",
    "cublasLt",
    "cublas",
    "nccl",
    "cupti",
    "nvJitLink",
    "cusparse",
    "cusolver",
    "cufft",
    "nvshmem_host",
    "cudnn",
)


def preload_nvidia() -> list[str]:
    """Load the CUDA libraries of the nvidia-* wheels, and return their paths; the system's need no help."""
    loaded = []
    for name in _NVIDIA:
        for folder in _nvidia_folders():
            for path in sorted(folder.glob(f"lib/lib{name}.so.*")):
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
                loaded.append(str(path))
    return loaded


def _nvidia_folders() -> list[Path]:
    spec = importlib.util.find_spec("nvidia")
    roots = spec.submodule_search_locations if spec and spec.submodule_search_locations else ()
    return [folder for root in roots for folder in sorted(Path(root).iterdir()) if (folder / "lib").is_dir()]


@functools.cache
def cuda_data_dir() -> str | None:
    """Where the wheels keep libdevice and ptxas; None leaves it to XLA to look in the usual places."""
    spec = importlib.util.find_spec("nvidia")
    for root in spec.submodule_search_locations if spec and spec.submodule_search_locations else ():
        for folder in sorted(Path(root).iterdir()):
            if (folder / "nvvm" / "libdevice").is_dir():
                return str(folder)
    return None


_GPU_MODULES = ("_solver", "_linalg", "_prng", "_sparse", "_rnn", "_hybrid", "_triton")


def register_gpu_calls(platform: str, capi: Any) -> list[str]:
    """Register LU, QR, SVD, eigh, callbacks, ... of the plugin's kernel package, and return their names.

    Without that package (jax-cuda13-plugin and its like) there are none, and a program that calls one is
    refused by name when it is compiled. Nothing goes through jaxlib's own table of handlers: it is jax's.
    """
    package = _kernel_package(platform)
    if package is None:
        return []
    xla_name = {"cuda": "CUDA", "rocm": "ROCM"}[platform]
    extension = importlib.import_module(f"{package}.{platform}_plugin_extension")
    targets: dict[str, Any] = dict(extension.ffi_handlers())
    for name in _GPU_MODULES:
        if importlib.util.find_spec(f"{package}.{name}") is not None:
            registrations = getattr(importlib.import_module(f"{package}.{name}"), "registrations", dict)
            targets.update(registrations())
    for name, target in targets.items():
        extension.register_custom_call_target(capi, name, target, xla_name, 1, 0)
    for name, type_id in extension.ffi_types().items():
        extension.register_custom_type(capi, name, type_id)
    return sorted(targets)


@functools.cache
def ensure_hybrid_kernels(platform: str) -> None:
    """Ready the calls that leave their work to LAPACK on the host (`cuhybrid_eig_real`); it imports scipy."""
    package = _kernel_package(platform)
    if package is not None:
        importlib.import_module(f"{package}._hybrid").initialize()


def _kernel_package(platform: str) -> str | None:
    prefix = f"jax_{platform}"
    found = [
        m.name for m in pkgutil.iter_modules() if m.name.startswith(prefix) and m.name.endswith("_plugin")
    ]
    return max(found, default=None)
