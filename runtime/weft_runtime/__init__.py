"""weft's runtime: devices, arrays and executables on PJRT, through jaxlib and without jax.

Importing it starts no backend.
"""

import importlib
from typing import TYPE_CHECKING, Any  # what is looked up by name is of every type

from weft_runtime import dlpack, pytree
from weft_runtime.array import Array
from weft_runtime.callbacks import HostCallback
from weft_runtime.devices import (
    configure,
    default_backend,
    default_device,
    default_sharding,
    device_count,
    devices,
    local_device_count,
    local_devices,
    process_count,
    process_index,
    process_indices,
    set_default_device,
    set_default_device_of_thread,
    use_default_device,
)
from weft_runtime.errors import CompileError, JaxRuntimeError
from weft_runtime.executable import Executable, compile
from weft_runtime.from_parts import from_callback, from_single_device_arrays
from weft_runtime.lapack import ensure_lapack
from weft_runtime.layout import Format, Layout
from weft_runtime.mesh import AxisType, Mesh, make_mesh
from weft_runtime.named_sharding import NamedSharding
from weft_runtime.partition_spec import PartitionSpec
from weft_runtime.pjrt import Device, jaxlib_version, stablehlo_version
from weft_runtime.sharding import Sharding, SingleDeviceSharding
from weft_runtime.shards import Shard
from weft_runtime.spec import ExtendedDtype, Spec
from weft_runtime.transfer import copy_array, device_put, from_dlpack, move, scalar

if TYPE_CHECKING:
    from weft_runtime.artifact import ArtifactError
    from weft_runtime.loading import Loaded, load
    from weft_runtime.trees_as_json import (
        register_namedtuple_serialization,
        register_pytree_node_serialization,
    )

_LAZY = {
    "ArtifactError": "artifact",
    "Loaded": "loading",
    "load": "loading",
    "register_namedtuple_serialization": "trees_as_json",
    "register_pytree_node_serialization": "trees_as_json",
}


def __getattr__(name: str) -> Any:
    """What only exported programs need is imported when it is named."""
    if name in _LAZY:
        return getattr(importlib.import_module(f"weft_runtime.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'weft_runtime' has no attribute {name!r}")


__all__ = [
    "Array",
    "ArtifactError",
    "AxisType",
    "CompileError",
    "Device",
    "Executable",
    "ExtendedDtype",
    "Format",
    "HostCallback",
    "JaxRuntimeError",
    "Layout",
    "Loaded",
    "Mesh",
    "NamedSharding",
    "PartitionSpec",
    "Shard",
    "Sharding",
    "SingleDeviceSharding",
    "Spec",
    "compile",
    "configure",
    "copy_array",
    "default_backend",
    "default_device",
    "default_sharding",
    "device_count",
    "device_put",
    "devices",
    "dlpack",
    "ensure_lapack",
    "from_callback",
    "from_dlpack",
    "from_single_device_arrays",
    "jaxlib_version",
    "load",
    "local_device_count",
    "local_devices",
    "make_mesh",
    "move",
    "process_count",
    "process_index",
    "process_indices",
    "pytree",
    "register_namedtuple_serialization",
    "register_pytree_node_serialization",
    "scalar",
    "set_default_device",
    "set_default_device_of_thread",
    "stablehlo_version",
    "use_default_device",
]
