"""Computing while a function is traced, instead of tracing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from weft._tracing.trace import STATE, Trace


class Suspended(threading.local):
    """The trace of this thread that an `ensure_compile_time_eval` block has set aside."""

    trace: Trace | None = None


SUSPENDED = Suspended()


@contextlib.contextmanager
def ensure_compile_time_eval() -> Iterator[None]:
    """Inside the block, operations on values that are known are done at once, also in a function under `jit`.

    Their results are arrays that Python may look at. Operations on traced values are traced as ever.
    """
    outer, before = STATE.replace(None), SUSPENDED.trace
    if outer is not None:
        SUSPENDED.trace = outer
    try:
        yield
    finally:
        STATE.replace(outer)
        SUSPENDED.trace = before
