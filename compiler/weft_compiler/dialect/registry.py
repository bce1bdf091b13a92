"""Which file of the dialect has which op: a family is imported when one of its ops is first asked for.

The answer, and the definition of the dialect for MLIR, stand in an index beside the compiled Python files. Like
these it holds for the files as they are: when one changes, all families are imported and it is written anew.
"""

import functools
import importlib
import importlib.util
import keyword
import marshal
import os
import sys
import threading
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_PACKAGE = __name__.rpartition(".")[0]
_FOLDER = os.path.dirname(__file__)
_MACHINERY = frozenset({"__init__", "builder", "irdl", "op", "registry", "samples"})
_FORMAT = 1

Stamp = list[tuple[str, int, int]]
"""Name, time of change and size of every file of the dialect."""


@dataclass(frozen=True)
class Index:
    """What is known of the dialect without importing it."""

    families: dict[str, str]
    """IR name of an op -> its family."""
    methods: dict[str, str]
    """Name of a method of `Builder` -> the IR name of its op."""
    irdl: str
    """The definition of the dialect."""


class Registry(dict[str, Any]):
    """IR name -> op class. Asking for an op imports its family; walking over all of them imports all."""

    def __missing__(self, name: str) -> Any:
        family = index().families.get(name)
        if family is None:
            raise KeyError(name)
        import_family(family)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name)
        if found is None and name in index().families:
            return self[name]
        return default if found is None else found

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in index().families

    def add(self, cls: Any) -> None:
        """Notes an op class, while its family is imported."""
        if super().__contains__(cls.ir_name):
            raise ValueError(f"op {cls.ir_name} is defined twice")
        self[cls.ir_name] = cls

    def imported(self) -> list[Any]:
        """The classes that are there already."""
        return list(super().values())

    def __iter__(self) -> Iterator[str]:
        import_all()
        return super().__iter__()

    def __len__(self) -> int:
        import_all()
        return super().__len__()

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        import_all()
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        import_all()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        import_all()
        return super().items()


def method_name(op_name: str) -> str:
    """What `Builder` calls an op: its name, with `_` behind where that is a word of Python."""
    return f"{op_name}_" if keyword.iskeyword(op_name) else op_name


def import_family(name: str) -> None:
    """Imports a file of the dialect, and gives `Builder` its methods."""
    from weft_compiler.dialect import builder

    importlib.import_module(f"{_PACKAGE}.{name}")
    builder.add_methods()


def import_op_of(method: str) -> bool:
    """Imports the family of the op that `Builder` calls so; whether there is one."""
    name = index().methods.get(method)
    if name is None:
        return False
    import_family(index().families[name])
    return True


@functools.cache
def import_all() -> None:
    """Imports every family and checks that no op lacks a rule without a reason."""
    from weft_compiler.dialect import builder, op

    for name, _, _ in _stamp():
        if name not in _MACHINERY:
            importlib.import_module(f"{_PACKAGE}.{name}")
    op.check_complete()
    builder.add_methods()


@functools.cache
def index() -> Index:
    """The index: read where it holds, else made by importing all."""
    stamp = _stamp()
    path = importlib.util.cache_from_source(os.path.join(_FOLDER, "index.py")) + ".index"
    found = _read(path, stamp)
    if found is None:
        found = _made()
        if not sys.dont_write_bytecode:
            _write(path, stamp, found)
    return found


def _stamp() -> Stamp:
    with os.scandir(_FOLDER) as entries:
        files = [(e.name[:-3], e.stat()) for e in entries if e.name.endswith(".py")]
    return sorted((name, status.st_mtime_ns, status.st_size) for name, status in files)


def _made() -> Index:
    from weft_compiler.dialect import irdl, op

    import_all()
    classes = op.REGISTRY.imported()
    return Index(
        {cls.ir_name: cls.__module__.rpartition(".")[2] for cls in classes},
        {method_name(cls.name): cls.ir_name for cls in classes},
        irdl.dialect_text(classes),
    )


def _read(path: str, stamp: Stamp) -> Index | None:
    try:
        with open(path, "rb") as file:
            version, written, *fields = marshal.load(file)
    except (OSError, ValueError, EOFError, TypeError):
        return None  # not there, or not whole
    return Index(*fields) if (version, written) == (_FORMAT, stamp) else None


def _write(path: str, stamp: Stamp, made: Index) -> None:
    """Writes the index where that is possible: without it the next process takes longer, that is all."""
    with suppress(OSError):
        temporary = f"{path}.{os.getpid()}.{threading.get_ident()}"
        with open(temporary, "xb") as file:
            marshal.dump((_FORMAT, stamp, made.families, made.methods, made.irdl), file)
        os.replace(temporary, path)
