"""The MLIR Python bindings: the only module that imports them.

One context serves the whole process: values, types and attributes cannot cross contexts, and every cache of
this package holds them.
"""

import functools
import importlib
from types import ModuleType

from torch_mlir import ir, passmanager
from torch_mlir._mlir_libs import _mlir

__all__ = ["PassManager", "context", "ir", "load_irdl", "passmanager", "stablehlo"]

PassManager = passmanager.PassManager

_mlir.globals.append_dialect_search_prefix("weft_compiler.mlirpy")


@functools.cache
def context() -> ir.Context:
    """The process-wide context, with the weft dialect loaded."""
    if _making:
        raise RuntimeError(
            "a module of the dialect asks for the context while it is imported; make types in functions"
        )
    _making.append(True)
    try:
        return _make_context()
    finally:
        _making.clear()


_making: list[bool] = []


def _make_context() -> ir.Context:
    made = ir.Context()
    stablehlo().register_dialect(made)
    # CHLO has no Python registration in the bindings; its ops pass through unregistered, in generic form.
    made.allow_unregistered_dialects = True
    from weft_compiler.dialect import irdl  # the dialect needs `ir` from this module

    with made, ir.Location.unknown():
        load_irdl(irdl.dialect_text())
    return made


def load_irdl(text: str) -> None:
    """Loads a dialect definition in IRDL text into the current context."""
    ir.Context.current.get_dialect_descriptor("irdl")
    loader = importlib.import_module("torch_mlir._mlir_libs._mlirDialectsIRDL")
    loader.load_dialects(ir.Module.parse(text))


@functools.cache
def stablehlo() -> ModuleType:
    """The StableHLO extension: attributes, portable artifacts, the reference interpreter."""
    return importlib.import_module("torch_mlir._mlir_libs._stablehlo")
