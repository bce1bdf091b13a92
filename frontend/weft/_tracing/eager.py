"""Eager execution: one op on arrays, by an executable that is cached for the op and the types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft_runtime
from weft._tracing.executables import compile_module
from weft._tracing.trace import Tracer, aval_of_array, explained, leak_message
from weft.config import config
from weft.errors import UnexpectedTracerError
from weft_compiler import locations
from weft_compiler.avals import Aval
from weft_compiler.dialect.op import Op, OpTypeError, OpValueError
from weft_compiler.module import Module
from weft_runtime import Array, Executable, Spec

Entry = tuple[Callable[..., Any], Sequence[Any], Spec | None, Executable]

_entries: dict[tuple[Any, ...], Entry] = {}


def run_op(inst: Op, operands: Sequence[Array], weak_type: bool = False) -> Any:
    """The result of an op on arrays; a tuple where the op has several."""
    try:
        key = (inst, weak_type, config.trace_key, *[x.spec for x in operands])
    except AttributeError:
        raise _not_arrays(operands) from None
    entry = _entries.get(key)
    if entry is None:
        entry = _entries[key] = _compile(inst, operands, weak_type)
    run, handlers, spec, executable = entry
    try:
        out = run([x._b for x in operands]).consume_with_handlers(handlers)
    except (RuntimeError, ValueError) as error:
        raise executable.explain(error, operands) from None
    return tuple(map(Array, executable.out_specs, out)) if spec is None else Array(spec, out[0])


def _compile(inst: Op, operands: Sequence[Array], weak_type: bool) -> Entry:
    avals = [aval_of_array(x) for x in operands]
    module = Module.new()
    function = module.add_function(inst.name, avals, locations.unknown(), public=True)
    try:
        made = module.builder(function).emit(inst, function.args)
    except (OpTypeError, OpValueError) as error:
        raise explained(error, inst, operands) from None
    outs = made if type(made) is tuple else (made,)
    function.finish(outs, locations.unknown())
    out_types: list[tuple[Aval, bool]] = [(v.aval, weak_type) for v in outs]
    specs = [x.spec for x in operands]
    executable = compile_module(module, function.name, specs, out_types, name=inst.name, is_library=True)
    spec = None if type(made) is tuple else executable.out_specs[0]
    return executable.run, executable.handlers, spec, executable


def _not_arrays(operands: Sequence[Any]) -> Exception:
    for x in operands:
        if type(x) is Tracer:
            return UnexpectedTracerError(leak_message(x))
    kinds = ", ".join(type(x).__name__ for x in operands)
    return TypeError(f"operands must be arrays, got {kinds}")


def clear() -> None:
    """Forgets all cached ops."""
    _entries.clear()


def scalar(value: Any, dtype: Any, weak_type: bool) -> Array:
    """A Python number as an array."""
    return weft_runtime.scalar(value, dtype, weak_type)
