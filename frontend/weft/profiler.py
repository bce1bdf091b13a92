"""Profiles: where time and memory go.

`with profiler.trace(folder):` writes what programs and Python do meanwhile, for TensorBoard and for Perfetto
(https://ui.perfetto.dev opens the `.json.gz` file). Names come from `named_scope` and `TraceAnnotation`.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = [
    "ProfileData",
    "ProfileEvent",
    "ProfileOptions",
    "ProfilePlane",
    "StepTraceAnnotation",
    "TraceAnnotation",
    "annotate_function",
    "device_memory_profile",
    "register_subprocess",
    "save_device_memory_profile",
    "start_server",
    "start_trace",
    "stop_server",
    "stop_trace",
    "trace",
]

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    ProfileData = ProfileEvent = ProfileOptions = ProfilePlane = StepTraceAnnotation = TraceAnnotation = Any

_wanted = {"link": False, "file": False}
"""What `stop_trace` makes beside the trace itself."""


def start_trace(
    log_dir: os.PathLike[str] | str,
    create_perfetto_link: bool = False,
    create_perfetto_trace: bool = False,
    profiler_options: Any = None,
) -> None:
    """Begins a trace of programs, devices and Python; `stop_trace` writes it below `log_dir`.

    With `create_perfetto_trace` it also writes `perfetto_trace.json.gz`; with `create_perfetto_link` it prints a
    link at which a browser on this machine shows the trace, and waits until it is opened.

    Raises: RuntimeError if a trace runs already.
    """
    from weft_runtime.profiling import PROFILER

    PROFILER.start(log_dir, profiler_options)
    _wanted.update(link=create_perfetto_link, file=create_perfetto_trace or create_perfetto_link)


def stop_trace() -> None:
    """Ends the trace and writes it to its folder.

    Raises: RuntimeError if none runs.
    """
    from weft_runtime.profiling import PROFILER

    folder = PROFILER.stop()
    if _wanted["file"]:
        path = _perfetto_file(folder)
        if _wanted["link"]:
            from weft._perfetto import serve

            serve(path)


@contextlib.contextmanager
def trace(
    log_dir: os.PathLike[str] | str,
    create_perfetto_link: bool = False,
    create_perfetto_trace: bool = False,
    profiler_options: Any = None,
) -> Iterator[None]:
    """A trace of what happens in the `with` block; the parameters are those of `start_trace`."""
    start_trace(log_dir, create_perfetto_link, create_perfetto_trace, profiler_options)
    try:
        yield
    finally:
        stop_trace()


def _perfetto_file(folder: Path) -> Path:
    (source,) = (path for path in folder.glob("*.trace.json.gz") if path.name != "perfetto_trace.json.gz")
    with gzip.open(source) as file:
        events = json.load(file)
    target = folder / "perfetto_trace.json.gz"
    with gzip.open(target, "wt") as file:
        json.dump(events, file)
    return target


def annotate_function(func: F, name: str | None = None, **decorator_kwargs: Any) -> F:
    """`func`, each call of which shows in traces, under its name or `name`."""
    shown = name or getattr(func, "__qualname__", None) or getattr(func, "__name__", type(func).__name__)

    @functools.wraps(func)
    def annotated(*args: Any, **kwargs: Any) -> Any:
        with __getattr__("TraceAnnotation")(shown, **decorator_kwargs):
            return func(*args, **kwargs)

    return annotated  # type: ignore[return-value]  # the same parameters and results


def start_server(port: int, requires_backend: bool = True) -> Any:
    """Starts a server from which TensorBoard takes traces while the process runs.

    Raises: ValueError if one runs already.
    """
    from weft_runtime.profiling import PROFILER

    return PROFILER.start_server(port, requires_backend)


def stop_server() -> None:
    """Stops the server.

    Raises: ValueError if none runs.
    """
    from weft_runtime.profiling import PROFILER

    PROFILER.stop_server()


def register_subprocess(pid: int, port: int) -> Callable[[], None]:
    """Takes the trace of a child process, whose own server listens on `port`, into those of this process.

    The function that is returned ends this.
    """
    from weft_runtime import pjrt

    return pjrt.profiler().register_subprocess(pid, port)


def device_memory_profile(backend: str | None = None) -> bytes:
    """The arrays and programs in a device's memory and where they were made, in the format of `pprof`."""
    from weft_runtime.profiling import memory_profile

    return memory_profile(backend)


def save_device_memory_profile(filename: os.PathLike[str] | str, backend: str | None = None) -> None:
    """Writes `device_memory_profile` to a file."""
    Path(filename).write_bytes(device_memory_profile(backend))


def __getattr__(name: str) -> Any:
    # jaxlib's profiler takes a while to load, and few programs use it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weft_runtime import pjrt
    from weft_runtime.profiling import annotation

    if name in ("TraceAnnotation", "StepTraceAnnotation"):
        found: Any = annotation(is_step=name.startswith("Step"))
    elif name == "ProfileOptions":
        found = pjrt.profiler().ProfileOptions
    else:
        found = getattr(pjrt.profile_data(), name)
    globals()[name] = found
    return found
