"""Compiled programs in the form that a quick call wants: a tuple of what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.staging import Traced
from weft_runtime import Array, Executable, pytree

Entry = tuple[Callable[..., Any], Sequence[Any], Any, Any, list[Any], Executable]
"""`run` and its handlers; the spec of the result and None, or the specs of the results and what puts them into
their containers; the buffers that follow those of the arguments; the executable."""


def entry_of(traced: Traced, executable: Executable) -> Entry:
    """A traced function with its executable, ready to be called."""
    is_leaf = traced.out_tree == _LEAF
    specs = executable.out_specs[0] if is_leaf else executable.out_specs
    unflatten = None if is_leaf else traced.out_tree.unflatten
    consts = [x._b for x in traced.captures]
    return executable.run, executable.handlers, specs, unflatten, consts, executable


def run_entry(entry: Entry, buffers: list[Any]) -> Any:
    """Starts a program; the quickest paths have this in line."""
    run, handlers, specs, unflatten, consts, executable = entry
    if consts:
        buffers += consts
    try:
        out = run(buffers).consume_with_handlers(handlers)
    except (RuntimeError, ValueError) as error:
        raise executable.explain_run(error, buffers) from None
    return Array(specs, out[0]) if unflatten is None else unflatten(map(Array, specs, out))


_LEAF = pytree.flatten(0)[1]
