"""Python functions that programs call on the host: known by number, alive as long as a program may call them.

Ops name a function by its number. A module that has such ops holds the function, and so does an executable;
equal calls of one function share a number, so that programs that differ in nothing are compiled once.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any  # a user's function, on trees of every kind

import numpy as np

from weft._tracing.trace import STATE
from weft_compiler.callback_sites import TARGET, CallbackSite
from weft_compiler.module import Module
from weft_runtime import pytree
from weft_runtime.callbacks import HostCallback, call_target

_WIDE = {"float64": "float32", "int64": "int32", "uint64": "uint32", "complex128": "complex64"}
_numbers = itertools.count(1)
_known: weakref.WeakValueDictionary[int, HostFunction] = weakref.WeakValueDictionary()
_equal: weakref.WeakValueDictionary[Hashable, HostFunction] = weakref.WeakValueDictionary()


class HostFunction:
    """`fun` on flat NumPy arrays. `dynamic` are the places of these among the leaves of its arguments."""

    def __init__(
        self,
        fun: Callable[..., Any],
        what: str,
        tree: Any,
        statics: tuple[Any, ...],
        dynamic: tuple[int, ...],
        out_tree: Any,
        out_dtypes: tuple[Any, ...],
        narrows: bool,
    ) -> None:
        self.fun, self.what, self.tree, self.statics, self.dynamic = fun, what, tree, statics, dynamic
        self.out_tree, self.out_dtypes, self.narrows = out_tree, out_dtypes, narrows
        self.number = next(_numbers)
        self.__name__ = f"{getattr(fun, '__name__', type(fun).__name__)} of {what}"
        _known[self.number] = self

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        leaves = list(self.statics)
        for position, x in zip(self.dynamic, arrays, strict=True):
            leaves[position] = x
        args, kwargs = self.tree.unflatten(leaves)
        outer = STATE.replace(None)  # the function is not part of what may be traced around the call
        try:
            out = self.fun(*args, **kwargs)
        finally:
            STATE.replace(outer)
        return self._results(out)

    def _results(self, out: Any) -> list[np.ndarray]:
        if self.out_tree is None:  # nobody looks at what it returns
            return []
        leaves, tree = pytree.flatten(out)
        if tree != self.out_tree:
            raise TypeError(
                f"{self.__name__}: the result must have the structure of result_shape_dtypes, "
                f"{self.out_tree}, got {tree}"
            )
        return [self._narrowed(x, dtype) for x, dtype in zip(leaves, self.out_dtypes, strict=True)]

    def _narrowed(self, x: Any, dtype: np.dtype) -> np.ndarray:
        """A result as an array; 64 bits become 32 where weft has no others, or where Python chose them."""
        value = np.asarray(x)
        may_narrow = self.narrows or isinstance(x, (int, float, complex))
        return value.astype(dtype) if may_narrow and _WIDE.get(value.dtype.name) == dtype.name else value

    def held_by(self, module: Module) -> int:
        """The number, for an op of `module`, which from now on keeps the function."""
        module.held[-self.number] = self  # the positive numbers are those of rules
        return self.number


def host_function(
    fun: Callable[..., Any],
    what: str,
    tree: Any,
    statics: tuple[Any, ...],
    dynamic: tuple[int, ...],
    out_tree: Any = None,
    out_dtypes: tuple[Any, ...] = (),
    narrows: bool = True,
) -> HostFunction:
    """The function with these properties: an earlier one, if the same is still known."""
    types = tuple(map(type, statics))
    parts = (fun, what, tree, statics, dynamic, out_tree, out_dtypes, narrows)
    key = (*parts, types)
    try:
        found = _equal.get(key)
    except TypeError:
        return HostFunction(*parts)  # it, or a static argument, cannot be hashed
    if found is None:
        found = _equal[key] = HostFunction(*parts)
    return found


def host_callbacks(sites: Sequence[CallbackSite]) -> list[HostCallback]:
    """What the runtime needs to know of the functions that a lowered program calls.

    Raises: ValueError for a function that is not of this process, or is gone.
    """
    made = []
    for site in sites:
        function = _known.get(site.callback)
        if function is None:
            raise ValueError(
                f"callback {site.callback} is a Python function of the process that wrote this module, "
                "and is not known here"
            )
        results = [(aval.shape, aval.dtype) for aval in site.results]
        made.append(HostCallback(function, results, site.is_ordered, function.__name__))
    return made


def for_platform(text: str, platform: str) -> str:
    """The text of a lowered program with the custom call of the platform it is for."""
    target = call_target(platform)
    return text if target == TARGET else text.replace(f"@{TARGET}(", f"@{target}(")
