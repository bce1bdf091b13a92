"""Python functions called by compiled programs: `pure_callback`, `io_callback`, and what `weft.debug` builds on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import op_class
from weft._tracing.concrete import concrete
from weft._tracing.eager import run_op
from weft._tracing.effects import EFFECTS
from weft._tracing.host_functions import HostFunction, host_function
from weft._tracing.trace import STATE, Tracer, Value
from weft._tracing.values import as_value
from weft.config import config
from weft_compiler.avals import Aval
from weft_runtime import Array, pytree
from weft_runtime.callbacks import HostCallback

VMAP_METHODS = (
    "sequential",
    "sequential_unrolled",
    "expand_dims",
    "broadcast_all",
    "legacy_vectorized",
    None,
)


def pure_callback(
    callback: Callable[..., Any],
    result_shape_dtypes: Any,
    *args: Any,
    sharding: Any = None,
    vmap_method: str | None = None,
    **kwargs: Any,
) -> Any:
    """`callback(*args, **kwargs)`, called on the host with NumPy arrays, as part of a program.

    The callback must be a function of its arguments: it may be called any number of times, and is not called if
    nothing needs its results. They must have the structure, shapes and dtypes of `result_shape_dtypes`. It has
    no derivative: give it one with `custom_jvp`. `vmap_method` says how it is batched: "sequential",
    "sequential_unrolled" call it for each element; "expand_dims", "broadcast_all", "legacy_vectorized" once with
    one more axis, of size 1, full size or none where an argument is not batched.

    Raises: ValueError for an unknown vmap_method; TypeError if a result is not as announced. In a compiled
    program what the callback raises comes as JaxRuntimeError, with its traceback in the message.
    """
    _check_callable("pure_callback", callback)
    _check_sharding("pure_callback", sharding)
    if vmap_method not in VMAP_METHODS:
        raise ValueError(
            f"vmap_method must be one of the allowed methods {list(VMAP_METHODS)}, but got: {vmap_method}"
        )
    out_tree, avals = _announced("pure_callback", result_shape_dtypes)
    function, values = _host("pure_callback", callback, args, kwargs, out_tree, avals)
    outs = _call("pure_callback", function, values, avals, vmap_method=vmap_method or "")
    return out_tree.unflatten(outs)


def io_callback(
    callback: Callable[..., Any],
    result_shape_dtypes: Any,
    *args: Any,
    sharding: Any = None,
    ordered: bool = False,
    **kwargs: Any,
) -> Any:
    """`callback(*args, **kwargs)`, called on the host once each time that the program comes by.

    As `pure_callback`, but the callback may have effects and is called even if nothing needs its results.
    Ordered callbacks are called in the order of the program, also in loops and branches and from one program
    to the next; they cannot be batched. `vmap` calls others once for each element.
    """
    _check_callable("io_callback", callback)
    _check_sharding("io_callback", sharding)
    out_tree, avals = _announced("io_callback", result_shape_dtypes)
    function, values = _host("io_callback", callback, args, kwargs, out_tree, avals)
    return out_tree.unflatten(_call("effect_callback", function, values, avals, ordered=ordered))


def debug_callback(what: str, callback: Callable[..., Any], args: Any, kwargs: Any, *, ordered: bool) -> None:
    """Calls `callback` for what it does. Leaves of its arguments that are no arrays are handed on as they are."""
    _check_callable(what, callback)
    function, values = _host(what, callback, args, kwargs, None, (), static=True)
    trace = STATE.trace
    if trace is not None and not trace.staged:
        known = [concrete(x) for x in values]
        if all(x is not None for x in known):  # what has a value is shown at once, as Python comes by
            values = known
    _call("effect_callback", function, values, (), ordered=ordered, debug=True)


def _host(
    what: str,
    callback: Callable[..., Any],
    args: Any,
    kwargs: Any,
    out_tree: Any,
    avals: Sequence[Aval],
    *,
    static: bool = False,
) -> tuple[HostFunction, list[Value]]:
    """The function by number, and the arrays among its arguments."""
    leaves, tree = pytree.flatten((args, kwargs))
    statics, dynamic, values = list(leaves), [], []
    for i, x in enumerate(leaves):
        if not static or _is_number(x):
            values.append(as_value(x, what=f"{what}: an argument"))
            dynamic.append(i)
            statics[i] = None
    out_dtypes = tuple(aval.dtype for aval in avals)
    made = host_function(
        callback, what, tree, tuple(statics), tuple(dynamic), out_tree, out_dtypes, not config.enable_x64
    )
    return made, values


def _is_number(x: Any) -> bool:
    if isinstance(x, np.ndarray) and x.dtype.kind not in "biufcV":
        return False
    return isinstance(x, (Array, Tracer, np.ndarray, np.number, np.bool_, bool, int, float, complex))


def _call(
    op: str, function: HostFunction, values: Sequence[Value], avals: tuple[Aval, ...], **attrs: Any
) -> list[Value]:
    trace = STATE.trace
    is_eager = trace is None or (not trace.staged and all(type(x) is Array for x in values))
    if is_eager and not any(dtypes.is_extended(x.dtype) for x in values):
        return _call_now(function, values, avals, bool(attrs.get("ordered")))
    number = function.number if trace is None else function.held_by(trace.module)
    inst = op_class(op).of(callback=number, out_types=avals, **attrs)
    if is_eager:
        return list(run_op(inst, values))
    assert trace is not None
    return list(trace.emit(inst, values))


def _call_now(
    function: HostFunction, values: Sequence[Value], avals: Sequence[Aval], ordered: bool
) -> list[Value]:
    """The call without a program around it."""
    if ordered:
        EFFECTS.wait_for_ordered()
    call = HostCallback(function, [(a.shape, a.dtype) for a in avals], name=function.__name__)
    outs = call(*[np.asarray(x) for x in values])
    return [weft_runtime.device_put(x, a.dtype) for x, a in zip(outs, avals, strict=True)]  # type: ignore[arg-type]


def _announced(what: str, result_shape_dtypes: Any) -> tuple[Any, tuple[Aval, ...]]:
    leaves, tree = pytree.flatten(result_shape_dtypes)
    avals = []
    for x in leaves:
        if not (hasattr(x, "shape") and hasattr(x, "dtype")):
            raise TypeError(
                f"{what}: result_shape_dtypes must hold ShapeDtypeStructs or arrays, got {x!r:.80} of type "
                f"{type(x).__name__}"
            )
        if dtypes.is_extended(x.dtype):
            raise TypeError(f"{what}: the callback cannot return keys: let it return their words")
        if dtypes.dtype(x.dtype) != x.dtype:
            raise ValueError("result_shape_dtypes cannot specify 64-bit types when `enable_x64` is disabled")
        avals.append(Aval.of(tuple(x.shape), np.dtype(x.dtype)))
    return tree, tuple(avals)


def _check_callable(what: str, callback: Any) -> None:
    if not callable(callback):
        raise TypeError(
            f"first argument to {what} must be callable, but got an object of type {type(callback)}"
        )


def _check_sharding(what: str, sharding: Any) -> None:
    if sharding is not None:
        raise NotImplementedError(f"{what}: a callback runs where its program does; leave sharding=None")
