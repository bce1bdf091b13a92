"""`cond` and `switch`: one of several functions, chosen by a traced value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import bind, op_class
from weft._tracing.concrete import concrete
from weft._tracing.operands import convert
from weft._tracing.staging import Traced, type_of
from weft._tracing.trace import STATE
from weft._tracing.values import as_value
from weft._transforms.scope import evaluated
from weft.config import config
from weft.lax.control_flow.bodies import as_leaves, check_same, function_of, share_captures, trace_body
from weft_compiler.avals import BOOL, INT32, Aval

_NOT_GIVEN = object()


def cond(
    pred: Any,
    true_fun: Callable[..., Any],
    false_fun: Callable[..., Any],
    *operands: Any,
    operand: Any = _NOT_GIVEN,
) -> Any:
    """`true_fun(*operands)` where the scalar `pred` is true, else `false_fun(*operands)`; only one of them runs.

    Both give results of the same structure, shapes and dtypes.

    Raises: TypeError if they differ, or `pred` is no scalar.
    """
    if operand is not _NOT_GIVEN:
        if operands:
            raise TypeError("cond: pass operands either by position or as `operand`, not both")
        operands = (operand,)
    if not (callable(true_fun) and callable(false_fun)):
        raise TypeError("lax.cond: true_fun and false_fun arguments should be callable.")
    return evaluated("cond", lambda: _cond(pred, true_fun, false_fun, operands))


def _cond(pred: Any, true_fun: Any, false_fun: Any, operands: tuple[Any, ...]) -> Any:
    if pred is None or isinstance(pred, (list, tuple)):
        raise TypeError(f"cond: pred must be a scalar, got {pred!r:.60} of type {type(pred).__name__}")
    value = as_value(pred)
    if value.shape:
        raise TypeError(f"Pred must be a scalar, got {pred!r:.60} of shape {value.shape}.")
    if not (dtypes.issubdtype(value.dtype, np.number) or value.dtype == BOOL):
        raise TypeError(f"Pred type must be either boolean or number, got {value.dtype}.")
    known = concrete(value) if config.disable_jit else None
    if known is not None:
        return true_fun(*operands) if bool(known) else false_fun(*operands)
    if value.dtype != BOOL:
        zero = convert(0, value.dtype, False)
        value = bind(op_class("compare").of(direction="NE"), convert(value, value.dtype, False), zero)
    index = bind(op_class("convert").of(dtype=INT32), value, weak_type=False)
    return _branch("cond", index, (false_fun, true_fun), operands, ("false_fun", "true_fun"))


def switch(
    index: Any, branches: Sequence[Callable[..., Any]], *operands: Any, operand: Any = _NOT_GIVEN
) -> Any:
    """`branches[index](*operands)`; an index outside of the range counts as the nearest one inside."""
    if operand is not _NOT_GIVEN:
        operands = (operand,)
    branches = tuple(branches)
    if not branches:
        raise ValueError("Empty branch sequence")
    if not all(callable(f) for f in branches):
        raise TypeError("lax.switch: branches argument should be a sequence of callables.")
    return evaluated("switch", lambda: _switch(index, branches, operands))


def _switch(index: Any, branches: tuple[Any, ...], operands: tuple[Any, ...]) -> Any:
    value = as_value(index)
    if value.shape:
        raise TypeError(f"Branch index must be scalar, got {index!r:.60} of shape {value.shape}.")
    if not dtypes.issubdtype(value.dtype, np.integer):
        raise TypeError(f"Index type must be an integer, got {value.dtype}.")
    known = concrete(value) if config.disable_jit else None
    if known is not None:
        return branches[min(max(int(known), 0), len(branches) - 1)](*operands)
    if len(branches) == 1:
        return branches[0](*operands)
    if value.dtype != INT32:
        low, high = (as_value(np.asarray(n, value.dtype)) for n in (0, len(branches) - 1))
        value = bind(op_class("clamp").of(), low, value, high)
    number = convert(value, INT32, False)
    names = [f"branches[{i}]" for i in range(len(branches))]
    return _branch("switch", number, branches, operands, names)


def _branch(
    what: str, index: Any, branches: Sequence[Any], operands: tuple[Any, ...], names: Sequence[str]
) -> Any:
    leaves, tree = as_leaves(what, operands)
    types = [type_of(x) for x in leaves]
    traced = [trace_body(f, tree, types, what) for f in branches]
    _join_weak_types(traced)
    for name, other in zip(names[1:], traced[1:], strict=True):
        check_same(
            f"{what}: {names[0]} and {name} output must have identical types, but they differ",
            "output",
            (traced[0].out_tree, traced[0].out_types),
            (other.out_tree, other.out_types),
            "making both branches return the same structure, shapes and dtypes",
        )
    captures = share_captures(traced)
    trace = STATE.trace
    assert trace is not None
    inst = op_class("cond").of(branches=tuple(t.name for t in traced))
    outs = list(trace.emit(inst, [index, *leaves, *captures]))
    for i, out in enumerate(outs):
        out.weak_type = all(t.out_types[i][1] for t in traced)
    # What every branch hands on as it came needs no branch.
    places = [_forwarded(t) for t in traced]
    for i, here in enumerate(zip(*places, strict=True)):
        if here[0] is not None and len(set(here)) == 1 and here[0] < len(leaves):
            operand = leaves[here[0]]
            if operand.weak_type == outs[i].weak_type:
                outs[i] = operand
    return traced[0].out_tree.unflatten(outs)


def _forwarded(traced: Traced) -> list[int | None]:
    """For each result of a branch, the number of the argument that it is."""
    function = function_of(traced)
    places = {arg.ir: i for i, arg in enumerate(function.args)}
    return [places.get(x.ir) for x in function.results()]


def _join_weak_types(traced: Sequence[Traced]) -> None:
    """Where branches differ only because one result is weakly typed, it takes the dtype of the others."""
    counts = {len(t.out_types) for t in traced}
    if len(counts) != 1:
        return
    for i in range(counts.pop()):
        types = [t.out_types[i] for t in traced]
        if len({aval for aval, _ in types}) > 1 and len({aval.shape for aval, _ in types}) == 1:
            target, _ = dtypes.promote(*((aval.dtype, weak) for aval, weak in types))
            for t in traced:
                aval, weak = t.out_types[i]
                if weak and aval.dtype != target:
                    _convert_result(t, i, target)


def _convert_result(traced: Traced, position: int, dtype: Any) -> None:
    """Appends a conversion of one result to a finished function."""
    function = function_of(traced)
    results = function.results()
    builder = traced.module.reopened(function)
    results[position] = builder.convert(results[position], dtype=dtype)
    function.finish(results, function.op.location)
    traced.out_types[position] = (Aval.of(results[position].shape, dtype), False)


def platform_dependent(*args: Any, default: Callable[..., Any] | None = None, **per_platform: Any) -> Any:
    """The function given for the platform that the computation runs on, or `default`."""
    platform = weft_runtime.default_backend()
    fun = per_platform.get(platform, per_platform.get("cuda") if platform == "gpu" else None) or default
    if fun is None:
        raise NotImplementedError(
            f"platform_dependent: no function for {platform} among {sorted(per_platform)}, and no default"
        )
    return fun(*args)
