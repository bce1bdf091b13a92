"""Backends: which platforms start, and in which order. Each is started when it is first needed.

`WEFT_PLATFORMS` (as in `cuda,cpu`) says which may be used, the first being the default one; a platform that does
not start is reported once, and the next is used.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from dataclasses import dataclass, field

from weft_runtime import pjrt, plugins, xla_flags

_AUTOMATIC = ("tpu", "cuda", "rocm", "mps", "metal")
_ALIASES: dict[str, tuple[str, ...]] = {"gpu": ("cuda", "rocm"), "metal": ("metal", "mps")}


@dataclass
class Backends:
    """The backends of this process."""

    platforms: tuple[str, ...] | None = None
    """What was asked for; None: `WEFT_PLATFORMS`, or everything that is found."""
    num_cpu_devices: int | None = None
    clients: dict[str, pjrt.Client] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    default: pjrt.Client | None = None
    first_device: pjrt.Device | None = None
    """Of the default backend."""
    was_forked: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)


BACKENDS = Backends()


def configure(*, platforms: str | None = None, num_cpu_devices: int | None = None) -> None:
    """Say which platforms to use (as in `"cuda,cpu"`) and how many CPU devices to make, before any starts.

    Raises: RuntimeError if one has started, and what is asked for is not what it was started with.
    """
    wanted = None if platforms is None else _names(platforms)
    with BACKENDS.lock:
        if BACKENDS.clients:
            cpu = BACKENDS.clients.get("cpu")
            is_known = wanted in (None, BACKENDS.platforms) and (
                num_cpu_devices is None or (cpu is not None and cpu.local_device_count() == num_cpu_devices)
            )
            if is_known:
                return
            raise RuntimeError("the backends have started: configure them before the first array is made")
        if wanted is not None:
            BACKENDS.platforms = wanted
        if num_cpu_devices is not None:
            BACKENDS.num_cpu_devices = num_cpu_devices


def is_started() -> bool:
    """Whether any backend runs in this process."""
    return bool(BACKENDS.clients)


def client(backend: str | None = None) -> pjrt.Client:
    """The backend of a platform, started if need be; without a name the default one."""
    known = BACKENDS.default if backend is None else BACKENDS.clients.get(backend)
    if known is not None:
        return known
    if BACKENDS.was_forked:
        raise RuntimeError(
            "this process was forked from one in which weft's backends run, and cannot use them: their threads "
            "are not here\n  try multiprocessing.get_context('spawn')"
        )
    with BACKENDS.lock:
        return _default_client() if backend is None else _named_client(backend)


def first_device() -> pjrt.Device:
    """The device of the default backend where arrays go, if nothing else is said."""
    if BACKENDS.first_device is None:
        BACKENDS.first_device = client().local_devices()[0]
    return BACKENDS.first_device


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _wanted() -> tuple[str, ...] | None:
    if BACKENDS.platforms is not None:
        return BACKENDS.platforms or None
    return _names(os.environ.get("WEFT_PLATFORMS", "")) or None


def _default_client() -> pjrt.Client:
    wanted = _wanted()
    order = wanted or (*sorted(plugins.find(), key=_rank), "cpu")
    for position, name in enumerate(order):
        try:
            BACKENDS.default = _named_client(name)
        except RuntimeError as error:
            following = order[position + 1 :]
            if not following:
                raise
            reason = BACKENDS.failures.get(name, str(error))
            warnings.warn(
                f"platform {name!r} did not start ({reason}); falling back to {following[0]!r}. "
                f"WEFT_PLATFORMS={','.join(following)} leaves it out.",
                RuntimeWarning,
                stacklevel=_outside(),
            )
        else:
            return BACKENDS.default
    raise RuntimeError("WEFT_PLATFORMS names no platform")


def _rank(platform: str) -> int:
    return _AUTOMATIC.index(platform) if platform in _AUTOMATIC else -1


def _outside() -> int:
    """The stack level of the first caller outside this package, which is where a warning is of use."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("weft"):
        level, frame = level + 1, frame.f_back
    return level


def _named_client(name: str) -> pjrt.Client:
    """The backend `name`, started if it is not. RuntimeError with the reason where it cannot be."""
    known = BACKENDS.clients.get(name)
    if known is not None:
        return known
    wanted = _wanted()
    choices: tuple[str, ...] = _ALIASES.get(name, (name,))
    if wanted is not None and name not in wanted and not set(choices) & set(wanted):
        raise RuntimeError(f"platform {name!r} is not among WEFT_PLATFORMS={','.join(wanted)}")
    if len(choices) > 1:
        choices = tuple(filter(plugins.find().__contains__, choices)) or choices[:1]
    reasons = []
    for platform in choices:
        started = BACKENDS.clients.get(platform) or _start(platform)
        if started is not None:
            BACKENDS.clients[name] = started
            return started
        reasons.append(f"{platform}: " * (len(choices) > 1) + BACKENDS.failures[platform])
    BACKENDS.failures[name] = "; ".join(reasons)
    raise RuntimeError(f"platform {name!r} did not start: {BACKENDS.failures[name]}")


def _start(platform: str) -> pjrt.Client | None:
    """Start one platform. None, with the reason in `failures`, if that cannot be done; it is tried once."""
    if platform in BACKENDS.failures:
        return None
    if not BACKENDS.clients:
        xla_flags.check()
    try:
        started = _start_cpu() if platform == "cpu" else _start_plugin(platform)
    except (RuntimeError, OSError, ValueError, ImportError) as error:
        BACKENDS.failures[platform] = " ".join(str(error).split())
        return None
    if not BACKENDS.clients:
        os.register_at_fork(before=_warn_of_fork, after_in_child=_forget_after_fork)
    BACKENDS.clients[platform] = started
    return started


def _start_cpu() -> pjrt.Client:
    count = BACKENDS.num_cpu_devices
    if count is None and (text := os.environ.get("WEFT_NUM_CPU_DEVICES", "")):
        if not text.isdecimal() or int(text) < 1:
            raise RuntimeError(f"WEFT_NUM_CPU_DEVICES must be a positive number, got {text!r}")
        count = int(text)
    return pjrt.cpu_client(count)


def _start_plugin(platform: str) -> pjrt.Client:
    found = plugins.find()
    if platform not in found:
        known = ", ".join((*found, "cpu"))
        raise RuntimeError(f"no PJRT plugin for it is installed; this machine has: {known}")
    return plugins.start(found[platform])


def _warn_of_fork() -> None:
    if BACKENDS.clients:
        warnings.warn(
            "fork() in a process whose weft backends run: the child cannot use weft, and hangs or aborts when it "
            "runs a program that was compiled before. Start processes by spawn.",
            RuntimeWarning,
            stacklevel=2,
        )


def _forget_after_fork() -> None:
    # The clients are not freed: their threads are gone, and waiting for them would hang.
    if BACKENDS.clients:
        _ORPHANS.extend(BACKENDS.clients.values())
        BACKENDS.clients, BACKENDS.default, BACKENDS.first_device = {}, None, None
        BACKENDS.was_forked = True


_ORPHANS: list[pjrt.Client] = []
