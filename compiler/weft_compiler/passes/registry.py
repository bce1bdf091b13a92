"""The registry of passes: a pass is found by its name, and its file is imported when it is first named.

The pass `weft-fuse-elementwise` is the class that `passes/fuse_elementwise.py` registers under that name.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import importlib.util
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from weft_compiler.passes.options import PipelineError, options_of, read_options, write_options

if TYPE_CHECKING:
    from weft_compiler.module import Module

_PREFIX = "weft-"
_REGISTRATION = re.compile(r"^@register\(\s*\"([\w-]+)\"", re.MULTILINE)


class ModulePass(ABC):
    """A transformation of a module, in place. Subclasses are frozen dataclasses of their options.

    A mistake in the user's program is raised as `weft_compiler.diagnostics.DiagnosticError` with the location
    of the op; any other exception is a fault of the pass.
    """

    pass_name: ClassVar[str] = ""

    @abstractmethod
    def run(self, module: Module) -> None: ...

    def __str__(self) -> str:
        """The pass as pipeline text, which parses back to an equal pass."""
        return self.pass_name + write_options(self)


P = TypeVar("P", bound=type[ModulePass])


class Registry:
    """Passes by name; those of the package `package` are imported when asked for."""

    def __init__(self, package: str):
        self.package = package
        self._classes: dict[str, type[ModulePass]] = {}

    def register(self, name: str) -> Callable[[P], P]:
        """Class decorator: makes the class known as pass `name`."""
        if not re.fullmatch(rf"{_PREFIX}[a-z0-9]+(-[a-z0-9]+)*", name):
            raise ValueError(f"{name!r}: the name of a pass is {_PREFIX}<verb>-<object> in lower case")

        def add(cls: P) -> P:
            if not dataclasses.is_dataclass(cls):
                raise TypeError(f"{cls.__name__}: put @register above @dataclass(frozen=True)")
            if name in self._classes and self._classes[name].__qualname__ != cls.__qualname__:
                raise ValueError(f"{name} is registered twice, by {self._classes[name]} and {cls}")
            options_of(cls)  # an option of a kind that has no text form is refused here
            cls.pass_name = name
            self._classes[name] = cls
            return cls

        return add

    def find(self, name: str) -> type[ModulePass] | None:
        """The class of pass `name`, or None if there is no such pass."""
        if name not in self._classes and name.startswith(_PREFIX):
            module = f"{self.package}.{name.removeprefix(_PREFIX).replace('-', '_')}"
            if importlib.util.find_spec(module) is not None:
                importlib.import_module(module)
        return self._classes.get(name)

    def make(self, name: str, options: str = "") -> ModulePass:
        """The pass `name` with the options in `options` (the text between the braces)."""
        cls = self.find(name)
        if cls is None:
            raise PipelineError(f"there is no pass {name!r}{suggestion(name, self.names())}")
        return cls(**read_options(name, cls, options))

    def own_names(self) -> list[str]:
        """Every pass of the package, without importing any."""
        found: set[str] = set()
        for folder in importlib.import_module(self.package).__path__:
            for file in Path(folder).glob("*.py"):
                found.update(_REGISTRATION.findall(file.read_text(encoding="utf-8")))
        return sorted(found)

    def names(self) -> list[str]:
        """Every pass of the package and every pass registered besides."""
        return sorted({*self._classes, *self.own_names()})

    def all(self) -> list[type[ModulePass]]:
        classes = [self.find(name) for name in self.names()]
        return [cls for cls in classes if cls is not None]


def suggestion(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` where `known` has something close to `name`, else nothing."""
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.7)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


_passes = Registry("weft_compiler.passes")
register = _passes.register
find_pass = _passes.find
make_pass = _passes.make
pass_names = _passes.names
own_pass_names = _passes.own_names
list_passes = _passes.all
