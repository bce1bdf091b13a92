"""Functions for other processes: `export(jit(f))(*types)`, `.serialize()`, `deserialize`.

What is serialized is also run by `weft_runtime.load`, which needs neither weft's tracing nor its compiler.
"""

from weft.export.checks import DisabledSafetyCheck as DisabledSafetyCheck
from weft.export.exported import Exported as Exported
from weft.export.exported import deserialize as deserialize
from weft.export.exported import (
    maximum_supported_calling_convention_version as maximum_supported_calling_convention_version,
)
from weft.export.exported import (
    minimum_supported_calling_convention_version as minimum_supported_calling_convention_version,
)
from weft.export.exporting import default_export_platform as default_export_platform
from weft.export.exporting import export as export
from weft.export.scopes import SymbolicScope as SymbolicScope
from weft.export.scopes import is_symbolic_dim as is_symbolic_dim
from weft.export.scopes import symbolic_args_specs as symbolic_args_specs
from weft.export.scopes import symbolic_shape as symbolic_shape
from weft_compiler.symbolic import InconclusiveDimensionOperation as InconclusiveDimensionOperation
from weft_runtime import register_namedtuple_serialization as register_namedtuple_serialization
from weft_runtime import register_pytree_node_serialization as register_pytree_node_serialization
