"""Forgetting what was traced and compiled."""

from weft._indexing import eager as indexing
from weft._tracing import eager, library
from weft._tracing.executables import BY_STRUCTURE
from weft._transforms import jit
from weft_runtime.loaded_programs import LOADED


def clear_caches() -> None:
    """Forgets every trace and every compiled program of this process; what is on disk stays."""
    jit.clear_all()
    library.clear_all()
    eager.clear()
    indexing.clear()
    BY_STRUCTURE.clear()
    LOADED.clear()
