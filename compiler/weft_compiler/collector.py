"""The garbage collector, held while a pass runs.

Passes make hundreds of thousands of small objects that all stay alive until the end: the collector would walk
over all of them again and again, which makes time grow faster than the program.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_holders = 0


@contextmanager
def held() -> Iterator[None]:
    """No collection inside, unless the user has switched it off anyway. Nests, also over threads."""
    global _holders
    with _lock:
        was_enabled = _holders > 0 or gc.isenabled()
        if was_enabled:
            _holders += 1
            gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            with _lock:
                _holders -= 1
                if _holders == 0:
                    gc.enable()
