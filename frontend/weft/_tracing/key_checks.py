"""`debug_key_reuse`: random keys that are consumed twice, in one program or by two.

What a program does with its keys is found when it is compiled. Outside of programs every element of an array of
keys has a record, which follows its buffer, of what has consumed it.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft._tracing import source
from weft.config import config
from weft.errors import KeyReuseError, explain
from weft_compiler.avals import Aval, KeyDtype
from weft_compiler.key_uses import NEW, KeyReuse, KeyUses, Summary
from weft_compiler.module import Module
from weft_runtime import Array, Executable

Records = np.ndarray
"""One record for each key of an array, in its shape."""

_SPLIT = "random.split for a new key for each use, or random.clone if the same numbers are wanted"
_FOLD = "random.fold_in(key, i) in turn i, or a carry that is split in each turn"


class Record:
    """What has consumed a key."""

    __slots__ = ("use",)

    def __init__(self) -> None:
        self.use: Use | None = None


@dataclass(frozen=True)
class Use:
    """The call of a program that has consumed a key."""

    program: str
    loc: Any  # an MLIR location, opaque here


class Ledger:
    """The records of the keys in buffers, as long as these live."""

    def __init__(self) -> None:
        self._records: dict[int, tuple[weakref.ref[Any], Records]] = {}

    def of(self, buffer: Any, shape: tuple[int, ...]) -> Records:
        """The records of the keys in a buffer."""
        found = self._records.get(id(buffer))
        if found is not None and found[0]() is buffer:
            return found[1].reshape(shape)
        return self.note(buffer, fresh(shape))

    def note(self, buffer: Any, records: Records) -> Records:
        """From now on these are the records of the keys in a buffer."""
        number = id(buffer)
        self._records[number] = weakref.ref(buffer, lambda _: self._records.pop(number, None)), records
        return records


LEDGER = Ledger()


def fresh(shape: tuple[int, ...]) -> Records:
    """Records of keys that nothing has consumed."""
    made = np.empty(shape, object)
    made.reshape(-1)[:] = [Record() for _ in range(made.size)]
    return made


class _Paused(threading.local):
    """Whether programs of this thread compute what others compute as well."""

    is_on = False


_PAUSED = _Paused()


@contextlib.contextmanager
def not_counted() -> Iterator[None]:
    """What runs inside is no use of a key: it computes ahead what the program at hand will compute."""
    outer, _PAUSED.is_on = _PAUSED.is_on, True
    try:
        yield
    finally:
        _PAUSED.is_on = outer


def counts() -> bool:
    """Whether uses of keys are counted now."""
    return bool(config.debug_key_reuse) and not _PAUSED.is_on


def picked(x: Array, index: Any, out: Any) -> None:
    """Notes that the keys `out` are those of `x` at `index`."""
    if isinstance(x.dtype, KeyDtype) and counts():
        parts = index if type(index) is tuple else (index,)
        plain = tuple(np.asarray(i) if type(i) is Array else i for i in parts)
        LEDGER.note(out._b, np.asarray(LEDGER.of(x._b, x.shape)[plain], object).reshape(out.shape))


class KeyWatch:
    """What one program does with its keys."""

    def __init__(self, name: str, summary: Summary, inputs: Sequence[Aval], outputs: Sequence[Aval]) -> None:
        self.name, self.summary = name, summary
        self.inputs = [(i, a.shape) for i, a in enumerate(inputs) if a.kind == "k"]
        self.outputs = [(i, a.shape) for i, a in enumerate(outputs) if a.kind == "k"]

    def around(self, executable: Executable) -> Executable:
        """Makes the calls of an executable count; one that consumes a key again raises, and is not run."""
        if not self.inputs and not self.outputs:
            return executable
        start = executable.run

        def run(buffers: list[Any]) -> Any:
            if not counts():
                return start(buffers)
            records = {i: LEDGER.of(buffers[i], shape) for i, shape in self.inputs}
            self._count(records)
            return _Noting(start(buffers), self, records)

        executable.run = run
        return executable

    def _count(self, records: dict[int, Records]) -> None:
        use = Use(self.name, source.location())
        for i, which, _ in self.summary.consumed:
            for record in records[i].ravel()[which]:
                if record.use is not None:
                    raise _used_up(record.use, use)
                record.use = use

    def note_results(self, buffers: Sequence[Any], records: dict[int, Records]) -> None:
        """Keys among the results that are keys of the arguments have the same records."""
        starts = self.summary.starts
        for i, shape in self.outputs:
            codes = self.summary.results[i]
            assert codes is not None
            made = fresh(shape)
            flat = made.reshape(-1)
            came_by: dict[Record, int] = {}
            for at, code in enumerate(codes.ravel()):
                if code != NEW:
                    arg = int(np.searchsorted(starts, code, side="right")) - 1
                    flat[at] = records[arg].ravel()[code - starts[arg]]
                    if came_by.setdefault(flat[at], arg) != arg:
                        raise KeyReuseError(explain(f"{self.name} takes the same key twice", hint=_SPLIT))
            LEDGER.note(buffers[i], made)


class _Noting:
    """The results of a program, which are noted when they become buffers."""

    __slots__ = ("_records", "_results", "_watch")

    def __init__(self, results: Any, watch: KeyWatch, records: dict[int, Records]) -> None:
        self._results, self._watch, self._records = results, watch, records

    def consume_with_handlers(self, handlers: Sequence[Any]) -> Any:
        """As of jaxlib's results."""
        buffers = self._results.consume_with_handlers(handlers)
        self._watch.note_results(buffers, self._records)
        return buffers


def watched(module: Module, entry: str, name: str) -> KeyWatch:
    """What a function of a module does with its keys.

    Raises: KeyReuseError if it consumes one twice by itself.
    """
    try:
        summary = KeyUses(module).summary(entry)
    except KeyReuse as found:
        raise _used_twice(found) from None
    signature = module.signature(entry)
    return KeyWatch(name, summary, signature.inputs, signature.outputs)


def _used_up(first: Use, second: Use) -> KeyReuseError:
    text = f"{second.program}: its key is already consumed by {first.program}, so it gives the same numbers again"
    return KeyReuseError(explain(text, [_row("first", first.loc), _row("again", second.loc)], _SPLIT))


def _used_twice(found: KeyReuse) -> KeyReuseError:
    first, second = found.places
    if found.in_loop:
        text = (
            f"{found.second.op}: the same key is consumed in each turn of a loop, and gives the same numbers"
        )
        return KeyReuseError(explain(text, [_row("use", second)], (_FOLD, _SPLIT)))
    if found.at_once:
        return KeyReuseError(
            explain(f"{found.second.op} takes the same key twice", [_row("use", second)], _SPLIT)
        )
    text = f"{found.second.op}: its key is already consumed by {found.first.op}, so it gives the same numbers again"
    return KeyReuseError(explain(text, [_row("first", first), _row("again", second)], _SPLIT))


def _row(name: str, loc: Any) -> tuple[str, str, str, str]:
    where, line = source.describe(loc)
    return name, "", where or "an unknown place", line
