"""Compiled programs on disk, shared by all processes of a user.

An entry is one file, named after a hash of all that the compiled code depends on. Writers never meet: each
writes a file of its own and renames it. Nothing about this folder can make a compilation fail.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import math
import os
import platform
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from weft_runtime import pjrt

_MAGIC = b"weft executable 1\n"
_DIGEST_BYTES = 32
_SWEEP_EVERY_S = 3600.0
_SUFFIX, _NEW = ".xla", ".new-"
_log = logging.getLogger("weft.cache")


@dataclass
class CompileCache:
    """A folder of serialized executables, kept below `limit_bytes` by removing what was unused longest."""

    folder: Path
    limit_bytes: int = 2 << 30
    least_compile_s: float = 0.0
    """What took less to compile is not stored."""
    _written_bytes: int = 0  # since this process last measured the folder
    _is_warned: bool = False

    def load(self, key: str) -> bytes | None:
        """The stored bytes, or None where there are none or they are not as they were written."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        digest, payload = stored[len(_MAGIC) :][:_DIGEST_BYTES], stored[len(_MAGIC) + _DIGEST_BYTES :]
        if not stored.startswith(_MAGIC) or _digest(payload) != digest:
            _log.info("ignoring a damaged entry %s", path)
            return None
        with contextlib.suppress(OSError):  # a folder that is only readable keeps its times
            os.utime(path)
        return payload

    def store(self, key: str, payload: bytes) -> None:
        """Write an entry. Where the folder cannot be written, nothing happens, but one warning."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._path(key), _MAGIC + _digest(payload) + payload)
            self._sweep_if_due(len(payload))
        except OSError as error:
            self._warn(error)

    def _warn(self, error: OSError) -> None:
        level = logging.DEBUG if self._is_warned else logging.WARNING
        self._is_warned = True
        _log.log(
            level,
            "compiled programs are not kept, as the folder %s cannot be written: %s; "
            "set WEFT_CACHE_DIR to another folder, or WEFT_CACHE=0",
            self.folder,
            error,
        )

    def discard(self, key: str) -> None:
        """Remove an entry, if it is there."""
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _write(self, path: Path, content: bytes) -> None:
        temporary = self.folder / f"{_NEW}{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}"
        try:
            with open(temporary, "xb") as file:
                file.write(content)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _sweep_if_due(self, size_bytes: int) -> None:
        """Measuring a folder costs a call per entry: all processes together do it about once an hour."""
        self._written_bytes += size_bytes
        marker = self.folder / ".swept"
        try:
            age_s = time.time() - marker.stat().st_mtime
        except FileNotFoundError:
            age_s = math.inf
        if self._written_bytes > self.limit_bytes // 16 or age_s > _SWEEP_EVERY_S:
            self._written_bytes = 0
            marker.touch()
            self.sweep()

    def sweep(self) -> None:
        """Remove the entries unused longest until nine tenths of the limit are left, if it is exceeded."""
        entries = sorted(_entries(self.folder))
        total = sum(size for _, size, _ in entries)
        if total <= self.limit_bytes:
            return
        for _, size, path in entries:
            if total <= self.limit_bytes * 9 // 10:
                break
            with contextlib.suppress(FileNotFoundError):  # another process sweeps too
                os.unlink(path)
            total -= size


def _entries(folder: Path) -> Iterable[tuple[float, int, str]]:
    with os.scandir(folder) as found:
        for entry in found:
            if not entry.name.endswith(_SUFFIX) and not entry.name.startswith(_NEW):
                continue  # not ours
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                yield status.st_mtime, status.st_size, entry.path


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).digest()


class Settings:
    """What the program says about the cache; what it does not say, the environment decides."""

    def __init__(self) -> None:
        self.is_on: bool | None = None
        self.folder: str | None = None
        self.least_compile_s = 0.0


SETTINGS = Settings()


@functools.lru_cache(maxsize=8)
def _cache_at(folder: str, limit_bytes: int) -> CompileCache:
    return CompileCache(Path(folder), limit_bytes)


def current() -> CompileCache | None:
    """The cache that the program or the environment asks for, or None.

    WEFT_CACHE=0 turns it off, WEFT_CACHE_DIR is its folder, WEFT_CACHE_MAX_BYTES its size (2 GiB).
    """
    off = os.environ.get("WEFT_CACHE", "1").lower() in ("0", "false", "off")
    if off or SETTINGS.is_on is False:
        return None
    limit = os.environ.get("WEFT_CACHE_MAX_BYTES") or str(2 << 30)
    if not limit.isdecimal():
        raise ValueError(f"WEFT_CACHE_MAX_BYTES must be a number of bytes, got {limit!r}")
    folder = SETTINGS.folder or os.environ.get("WEFT_CACHE_DIR")
    cache = _cache_at(folder or _usual_folder(), int(limit))
    cache.least_compile_s = SETTINGS.least_compile_s
    return cache


def _usual_folder() -> str:
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "weft")


def key_of(module: str | bytes, options: bytes, client: pjrt.Client, devices: Iterable[pjrt.Device]) -> str:
    """A hash of all that the code depends on: jaxlib loads an entry of another version without a word."""
    parts = [
        module.encode() if isinstance(module, str) else module,
        options,
        pjrt.jaxlib_version.encode(),
        client.platform.encode(),
        client.platform_version.encode(),
        *(device.device_kind.encode() for device in devices),
        os.environ.get("XLA_FLAGS", "").encode(),
        os.environ.get("LIBTPU_INIT_ARGS", "").encode(),
        cpu_description().encode(),
    ]
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.hexdigest()


@functools.cache
def cpu_description() -> str:
    """The instructions that this CPU has, or what comes closest: code for one may not run on another."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return " ".join(platform.uname()[i] for i in (0, 4, 5))
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in text.splitlines() if line.startswith(wanted)}))
