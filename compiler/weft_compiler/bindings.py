"""The MLIR Python bindings: the only module that imports them.

One context serves the whole process: values, types and attributes cannot cross contexts, and every cache of
this package holds them.
"""

import functools
import importlib
import threading
from types import ModuleType

from torch_mlir import ir, passmanager
from torch_mlir._mlir_libs import _mlir

__all__ = ["PassManager", "context", "ir", "load_irdl", "passmanager", "stablehlo"]

PassManager = passmanager.PassManager

_mlir.globals.append_dialect_search_prefix("weft_compiler.mlirpy")


@functools.cache
def context() -> ir.Context:
    """The process-wide context, with the weft dialect loaded."""
    return _MAKER.made()


class _Maker:
    """Makes the context once, also where several threads ask for it first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made: ir.Context | None = None
        self._is_making = False

    def made(self) -> ir.Context:
        with self._lock:
            if self._is_making:
                raise RuntimeError(
                    "a module of the dialect asks for the context while it is imported; make types in functions"
                )
            if self._made is None:
                self._is_making = True
                try:
                    self._made = _make_context()
                finally:
                    self._is_making = False
            return self._made


_MAKER = _Maker()
_WRITTEN = ("builtin", "func")
"""The dialects of the ops that are made in Python, beside StableHLO and weft."""


def _make_context() -> ir.Context:
    made = ir.Context(load_on_create_dialects=[])  # all of them would take 10 ms; text loads what it names
    for name in _WRITTEN:
        made.get_dialect_descriptor(name)
    stablehlo().register_dialect(made)
    # CHLO has no Python registration in the bindings; its ops pass through unregistered, in generic form.
    made.allow_unregistered_dialects = True
    from weft_compiler.dialect.registry import index  # the dialect needs `ir` from this module

    with made, ir.Location.unknown():
        load_irdl(index().irdl)
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
