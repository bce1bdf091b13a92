"""The processes that measure: workers that stay, and scripts that run once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from case import SYSTEMS, Script

HERE = Path(__file__).parent


class MeasureError(Exception):
    """A case that could not be measured; the text says why."""


class Client:
    """A worker process and the line to it."""

    def __init__(self, system: str, *, is_quick: bool, log: Path) -> None:
        self._system, self._log = system, log
        command = [sys.executable, str(HERE / "worker.py"), system, *(["--quick"] if is_quick else [])]
        with log.open("ab") as errors:
            # Programs are compiled here, not read back: what a cache returns could run differently.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=_environment(system, "off", None),
            )
        self._reply()

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to a request. Raises MeasureError if the case failed or the process ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        answer = json.loads(line)
        if "error" in answer:
            raise MeasureError(answer["error"])
        return answer

    def _ended(self) -> MeasureError:
        return MeasureError(f"the {self._system} process ended with {self._process.wait()}; see {self._log}")

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()


class Workers:
    """One worker for each system, started when first asked and again when one has died."""

    def __init__(self, *, is_quick: bool, log: Path) -> None:
        self._is_quick, self._log = is_quick, log
        self._clients: dict[str, Client] = {}

    def __getitem__(self, system: str) -> Client:
        client = self._clients.get(system)
        if client is None or not client.is_alive:
            client = self._clients[system] = Client(system, is_quick=self._is_quick, log=self._log)
        return client

    def close(self) -> None:
        """Ends all."""
        for client in self._clients.values():
            client.close()


@contextmanager
def script_runs(case: Script, systems: list[str], *, is_quick: bool, log: Path) -> Iterator[Any]:
    """A function that runs a script for a system and returns its figure; caches on disk live as long."""
    with tempfile.TemporaryDirectory(prefix="weft-bench-") as scratch:

        def run(system: str) -> float:
            cache = case.cache if system == SYSTEMS[0] else case.peer_cache
            if cache == "cold":
                with tempfile.TemporaryDirectory(dir=scratch) as folder:
                    return _run_script(case, system, cache, folder, is_quick, log)
            return _run_script(case, system, cache, os.path.join(scratch, system), is_quick, log)

        for system in systems:
            if not is_quick or "warm" in (case.cache, case.peer_cache):
                run(system)  # files come into the system's memory, warm caches are filled
        yield run


def _run_script(case: Script, system: str, cache: str, folder: str, is_quick: bool, log: Path) -> float:
    command = [sys.executable, str(HERE / "startup" / case.file), system]
    quick = ["--quick"] if is_quick else []
    with log.open("ab") as errors:
        done = subprocess.run(
            [*command, str(time.monotonic()), *quick],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment(system, cache, folder),
        )
    if done.returncode:
        raise MeasureError(f"{case.file} {system} ended with {done.returncode}: {_last_line(log)}")
    return float(json.loads(done.stdout.splitlines()[-1])[case.figure])


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"


def _environment(system: str, cache: str, folder: str | None) -> dict[str, str]:
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="1", PYTHONDONTWRITEBYTECODE="")
    environment["WEFT_CACHE"] = "0" if cache == "off" else "1"
    if folder is None or cache == "off":
        return environment
    environment["WEFT_CACHE_DIR"] = folder
    environment["JAX_COMPILATION_CACHE_DIR"] = folder
    environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    environment["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    return environment
