"""Arrays that a backend holds."""

from __future__ import annotations

from weft_runtime.array import Array
from weft_runtime.backends import client
from weft_runtime.spec import Spec


def live(backend: str | None = None) -> list[Array]:
    """The arrays of a backend that nobody has deleted."""
    found = []
    for buffer in client(backend).live_arrays():
        spec = buffer.aval if isinstance(buffer.aval, Spec) else buffer.aval.owner
        if spec is not None:
            found.append(Array(spec, buffer))
    return found
