"""Profiles of running programs: traces in time, and what lies in a device's memory."""

from __future__ import annotations

import functools
import gzip
import os
import threading
from pathlib import Path
from typing import Any  # jaxlib's profiler has no stubs

from weft_runtime import pjrt, plugins
from weft_runtime.backends import client


class Profiler:
    """The profiler of this process: one trace and one server at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Any = None
        self._server: Any = None
        self._folder = ""
        self._known_plugins = 0

    def start(self, folder: os.PathLike[str] | str, options: Any = None) -> None:
        """Begin a trace that `stop` writes below `folder`.

        Raises: RuntimeError if one runs already.
        """
        with self._lock:
            if self._session is not None:
                raise RuntimeError("Profile has already been started. Only one profile may be run at a time.")
            self._ready_backends()
            module = pjrt.profiler()
            self._session = module.ProfilerSession() if options is None else module.ProfilerSession(options)
            self._folder = str(folder)

    def stop(self) -> Path:
        """End the trace and write it; the folder of its files.

        Raises: RuntimeError if none runs.
        """
        with self._lock:
            if self._session is None:
                raise RuntimeError("No profile started")
            session, self._session = self._session, None
            before = self._runs()
            session.stop_and_export(self._folder)
            made = self._runs() - before or self._runs()
            return max(made, key=lambda path: path.stat().st_mtime)

    def start_server(self, port: int, requires_backend: bool) -> Any:
        """Answer TensorBoard on a port.

        Raises: ValueError if a server runs already.
        """
        with self._lock:
            if self._server is not None:
                raise ValueError("Only one profiler server can be active at a time.")
            if requires_backend:
                self._ready_backends()
            self._server = pjrt.profiler().start_server(port)
            return self._server

    def stop_server(self) -> None:
        """End the server.

        Raises: ValueError if none runs.
        """
        with self._lock:
            if self._server is None:
                raise ValueError("No active profiler server.")
            self._server = None  # its end is that of the object

    def _runs(self) -> set[Path]:
        return set(Path(self._folder).glob("plugins/profile/*"))

    def _ready_backends(self) -> None:
        """Start the default backend, and make the profilers of plugins known: later ones are not asked."""
        client()
        loaded = plugins.loaded()
        for capi in loaded[self._known_plugins :]:
            pjrt.profiler().register_plugin_profiler(capi)
        self._known_plugins = len(loaded)


PROFILER = Profiler()


def memory_profile(backend: str | None = None) -> bytes:
    """The arrays and programs in the memory of a backend, in pprof's format, compressed."""
    return gzip.compress(client(backend).heap_profile())


@functools.cache
def annotation(*, is_step: bool) -> type:
    """The class whose objects mark a stretch of time in a trace."""
    base = pjrt.profiler().TraceMe
    if not is_step:
        return type("TraceAnnotation", (base,), {"__doc__": "Names a stretch of time in a trace."})

    def begin(self: Any, name: str, **kwargs: Any) -> None:
        base.__init__(self, name, _r=1, **kwargs)

    doc = "Names a step, such as one of training, in a trace: `StepTraceAnnotation('train', step_num=i)`."
    return type("StepTraceAnnotation", (base,), {"__init__": begin, "__doc__": doc})
