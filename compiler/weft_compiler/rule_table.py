"""Rules that are Python code: ops name them by number, and ask them for IR when a transformation needs it.

A rule is kept by the modules whose ops name it (`Module.held`), and goes with them. A module that has been
written to a file and read again has the number, but the rule stayed in the process that had it.
"""

import itertools
import weakref
from typing import Any

from weft_compiler.module import Module
from weft_compiler.transforms import TransformBuilder

_numbers = itertools.count(1)
_known: weakref.WeakValueDictionary[int, "PythonRule"] = weakref.WeakValueDictionary()


class PythonRule:
    """A rule with the number by which ops name it. What it is asked for is up to the op."""

    named_axes: tuple[str, ...] = ()
    """Names of axes that it may speak of when it is asked."""

    def __init__(self) -> None:
        self.number = next(_numbers)
        _known[self.number] = self

    def held_by(self, module: Module) -> int:
        """The number, for an op of `module`, which from now on keeps the rule."""
        module.held[self.number] = self
        return self.number


def rule_of(number: int) -> Any:  # a PythonRule with what the op that names it asks for
    """The rule with a number; raises LookupError where this process has none."""
    try:
        return _known[number]
    except KeyError:
        raise LookupError(
            f"rule {number} is Python code of the process that wrote this module, and is not known here"
        ) from None


def imported(b: TransformBuilder, module: Module, fn: str) -> str:
    """A function of another module in that of `b`, without requests: its name there. Copied once."""
    from weft_compiler.passes.expand_transforms import Expander

    def copy() -> str:
        return Expander(b.module).expand(b.module.import_from(module, fn))

    return b.once(("imported", module, fn), copy)
