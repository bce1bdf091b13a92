"""`debug_nans` and `debug_infs`: programs that look at their values, and the error that says where a nan was made.

A program that is compiled while one of them is on tells a `Watch` what its functions have seen. Once it has run,
and a result is nan, the watch follows the nan back to the op that made it.
"""

from __future__ import annotations

import linecache
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft._tracing import source
from weft._tracing.effects import EFFECTS
from weft._tracing.host_functions import HostFunction
from weft.config import config
from weft.dtypes import is_extended
from weft.errors import explain
from weft_compiler.avals import kind_of
from weft_compiler.diagnostics import Place, place_of
from weft_compiler.locations import DERIVATIONS
from weft_compiler.module import Module
from weft_compiler.passes.check_nan import FREE, Checked, Site, check_functions, reached
from weft_compiler.passes.expand_transforms import Expander
from weft_runtime import Array, Executable, pytree

KEPT_RUNS = 256
"""So many runs of one function are remembered in one run of a program."""
_NAN, _INF = 1, 2
_PAIR = pytree.flatten(((0, 0), {}))[1]

Run = tuple[int, np.ndarray]
"""A run of a function of a program: its number, and what is among its values."""


def are_on() -> bool:
    """Whether programs that are compiled now must check their values."""
    return bool(config.debug_nans or config.debug_infs)


def checked(module: Module, entry: str, name: str, *, is_library: bool) -> tuple[Module, str, Watch]:
    """A copy of a module with checks in all that `entry` runs, its name there, and who is told."""
    copy = module.copy()
    expanded = Expander(copy).expand(entry)
    watch = Watch(name, is_library)
    functions = check_functions(
        copy,
        reached(copy, [expanded]),
        nans=True,
        infs=True,
        callback=watch.function.held_by(copy),
    )
    watch.functions = functions
    return copy, expanded, watch


class _Users:
    """Where checks are on: in the process, in threads. While they are, ops note what they are derived from."""

    def __init__(self) -> None:
        self._places: set[tuple[str, int]] = set()

    def hook(self, option: str) -> Callable[[str, object], None]:
        """What the configuration calls when `option` changes."""

        def changed(scope: str, value: object) -> None:
            place = (option, 0 if scope == "process" else threading.get_ident())
            (self._places.add if value else self._places.discard)(place)
            DERIVATIONS.named = len(self._places)

        return changed


_USERS = _Users()
for _option in ("debug_nans", "debug_infs"):
    config.watch(_option, _USERS.hook(_option))


class Watch:
    """What is known of one program, and what the run at hand has told."""

    def __init__(self, name: str, is_library: bool) -> None:
        self.name, self.is_library = name, is_library
        self.functions: list[Checked] = []
        self.function = HostFunction(self._told, "debug_nans", _PAIR, (None, None), (0, 1), None, (), True)
        self._runs: list[Run] = []
        self._alone = threading.Lock()

    def _told(self, number: np.ndarray, found: np.ndarray) -> None:
        if number == 0 or len(self._runs) < KEPT_RUNS:
            self._runs.append((int(number), np.array(found)))

    def around(self, executable: Executable) -> Executable:
        """Makes the calls of an executable wait for the end, and raise if a result is nan."""
        start: Callable[[list[Any]], Any] = executable.run

        def run(buffers: list[Any]) -> Any:
            if not are_on():
                return start(buffers)
            with self._alone:
                self._runs = []
                results = start(buffers)
                EFFECTS.wait()
                runs, self._runs = self._runs, []
            asked = _NAN * config.debug_nans + _INF * config.debug_infs
            problem = self._problem([(number, found & np.uint32(asked)) for number, found in runs])
            if problem is not None:
                raise problem
            return results

        executable.run = run
        return executable

    def _problem(self, runs: Sequence[Run]) -> FloatingPointError | None:
        entry = next((found for number, found in runs if number == 0), None)
        if entry is None:
            return None
        bad = [n for n in self.functions[0].returned if n != FREE and entry[n]]
        return self._explained(_Trail(self.functions, runs).origin(bad[0])) if bad else None

    def _explained(self, origin: Origin) -> FloatingPointError:
        site, what = origin.site, "nan" if origin.kind & _NAN else "inf"
        text = f"invalid value ({what}) encountered in {site.op or self.name}"
        if site.op and self.is_library and self.name != site.op:
            text += f" of {self.name}"
        text += _words_of(site.rules)
        if origin.argument is not None:
            text += f"; argument {origin.argument} of {self.name} is {what} already"
        place = place_of(source.location()) if self.is_library else site.place
        return FloatingPointError(explain(text, [_row(site.op, place)] if site.op and place else []))


class ResultWatch:
    """Looks at the results of a program, where nothing inside of it can be looked at."""

    def __init__(self, name: str) -> None:
        self.name = name

    def around(self, executable: Executable) -> Executable:
        """Makes the calls of an executable raise if a result is nan."""
        start: Callable[[list[Any]], Any] = executable.run

        def run(buffers: list[Any]) -> Any:
            results = start(buffers)
            return _Looking(results, self.name, executable) if are_on() else results

        executable.run = run
        return executable


class _Looking:
    """Results that are looked at when they become buffers."""

    __slots__ = ("_executable", "_name", "_results")

    def __init__(self, results: Any, name: str, executable: Executable) -> None:
        self._results, self._name, self._executable = results, name, executable

    def consume_with_handlers(self, handlers: Sequence[Any]) -> Any:
        """As of jaxlib's results."""
        buffers = self._results.consume_with_handlers(handlers)
        for spec, buffer in zip(self._executable.out_specs, buffers, strict=True):
            if not is_extended(spec.dtype) and kind_of(spec.dtype) in "fc":  # type: ignore[arg-type]
                values = np.asarray(Array(spec, buffer)).astype(np.complex128)
                for is_asked, found, what in (
                    (config.debug_nans, np.isnan, "nan"),
                    (config.debug_infs, np.isinf, "inf"),
                ):
                    if is_asked and found(values).any():
                        raise FloatingPointError(f"invalid value ({what}) encountered in {self._name}")
        return buffers


def _row(op: str, place: Place) -> tuple[str, str, str, str]:
    line = linecache.getline(place.file, place.line).strip()
    return op, "", f"{os.path.basename(place.file)}:{place.line}", line


def _words_of(rules: Sequence[tuple[str, str]]) -> str:
    """How an op was derived: `, in the derivative of log`."""
    words = []
    derived = [op for rule, op in rules if rule in ("jvp", "transpose")]
    if derived:
        # The innermost is the op that the user wrote.
        order = sum(rule == "jvp" for rule, _ in rules)
        words.append(f", in the {'second ' if order == 2 else ''}derivative of {derived[-1]}")
    if any(rule == "batch" for rule, _ in rules):
        words.append(", batched by vmap")
    return "".join(words)


class Origin(NamedTuple):
    """Where a nan was made."""

    site: Site
    kind: int
    argument: int | None
    """The argument of the program by which the nan came in, so that the site has only handed it on."""


class _Trail:
    """The way back from a nan to where it was made."""

    def __init__(self, functions: Sequence[Checked], runs: Sequence[Run]) -> None:
        self.functions = functions
        self.number = {f.name: i for i, f in enumerate(functions)}
        self.runs = runs

    def origin(self, result: int) -> Origin:
        """Where the value number `result` of the entry comes from."""
        found = next(found for number, found in self.runs if number == 0)
        return self._back(self.functions[0], found, result, 0)

    def _back(self, function: Checked, found: np.ndarray, number: int, depth: int) -> Origin:
        while True:
            site, kind = function.sites[number], int(found[number])
            earlier = next((n for n in site.operands if n != FREE and found[n]), None)
            if earlier is None:
                break
            before = function.sites[earlier]
            if not before.op and function is self.functions[0]:
                return Origin(site, kind, before.position)
            number = earlier
        inside = self._inside(site, depth) if site.op else None
        return inside or Origin(site, kind, None if site.op else site.position)

    def _inside(self, site: Site, depth: int) -> Origin | None:
        """Where a function that an op runs made a nan, of arguments that are none."""
        if depth == len(self.functions):
            return None
        for name in site.callees:
            number = self.number[name]
            callee = self.functions[number]
            arguments = [n for n, s in enumerate(callee.sites) if not s.op]
            for told, found in self.runs:
                if told == number and not any(found[n] for n in arguments):
                    bad = [n for n in callee.returned if n != FREE and found[n]]
                    bad = bad or [n for n in range(len(callee.sites)) if found[n]]
                    return self._back(callee, found, bad[0], depth + 1)
        return None
