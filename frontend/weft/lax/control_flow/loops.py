"""`while_loop` and `fori_loop`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import op_class
from weft._tracing.concrete import concrete
from weft._tracing.staging import type_of
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft._transforms.scope import evaluated
from weft.config import config
from weft.lax.control_flow.bodies import (
    as_leaves,
    captures_first,
    check_same,
    needs_strengthening,
    strengthened,
    trace_body,
)
from weft.lax.control_flow.scans import scan
from weft_compiler.avals import BOOL, Aval
from weft_compiler.symbolic import DimExpr, as_dim, max_dim
from weft_runtime import pytree


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any) -> Any:
    """`val = body_fun(val)` as long as `cond_fun(val)` is true; the last value.

    The value keeps its structure, shapes and dtypes. Forward-mode derivatives only: see `scan` and `fori_loop`.

    Raises: TypeError if `cond_fun` gives no boolean scalar, or the value changes its type.
    """
    if not (callable(cond_fun) and callable(body_fun)):
        raise TypeError("lax.while_loop: body_fun and cond_fun arguments should be callable.")
    return evaluated("while_loop", lambda: _while_loop(cond_fun, body_fun, init_val))


def _while_loop(cond_fun: Any, body_fun: Any, init_val: Any, max_trips: int = -1) -> Any:
    carry, tree = as_leaves("while_loop", init_val)
    if config.disable_jit:
        value = tree.unflatten(carry)
        while (goes_on := concrete(as_value(cond_fun(value)))) is not None:
            if not bool(goes_on):
                return value
            value = body_fun(value)
        # The condition has many values, or none: from here on the loop is traced.
        carry, tree = as_leaves("while_loop", value)
    args_tree = pytree.flatten((init_val,))[1]
    while True:
        in_types = [type_of(x) for x in carry]
        body = trace_body(body_fun, args_tree, in_types, "while_loop")
        if body.out_tree == tree and needs_strengthening(carry, body.out_types):
            carry = strengthened(carry, body.out_types)
            body.module.remove_function(body.name)
            continue
        break
    cond = trace_body(cond_fun, args_tree, in_types, "while_loop")
    _check_predicate(cond)
    check_same(
        "body_fun output and input must have identical types, but they differ",
        "val",
        (tree, in_types),
        (body.out_tree, body.out_types),
        "making both the same, with astype or reshape in the body or on init_val",
    )
    captures_first(cond)
    captures_first(body)
    trace = STATE.trace
    assert trace is not None
    inst = op_class("while").of(
        cond=cond.name,
        body=body.name,
        cond_consts=len(cond.captures),
        body_consts=len(body.captures),
        max_trips=max_trips,
    )
    outs = trace.emit(inst, [*cond.captures, *body.captures, *carry])
    for out, (_, weak) in zip(outs, body.out_types, strict=True):
        out.weak_type = weak
    return tree.unflatten(outs)


def _check_predicate(cond: Any) -> None:
    types = cond.out_types
    if cond.out_tree.num_leaves != 1 or cond.out_tree != pytree.flatten(0)[1]:
        raise TypeError(f"cond_fun must return a boolean scalar, but got pytree {cond.out_tree}.")
    if types[0][0] is not Aval.of((), BOOL):
        raise TypeError(
            f"cond_fun must return a boolean scalar, but got output type(s) {[str(types[0][0])]}."
        )


def fori_loop(
    lower: Any,
    upper: Any,
    body_fun: Callable[[Any, Any], Any],
    init_val: Any,
    *,
    unroll: int | bool | None = None,
) -> Any:
    """`val = body_fun(i, val)` for i = lower, …, upper - 1; the last value.

    With bounds known while tracing it is a `scan`, so reverse-mode derivatives work.
    """
    if not callable(body_fun):
        raise TypeError("lax.fori_loop: body_fun argument should be callable.")
    return evaluated("fori_loop", lambda: _fori_loop(lower, upper, body_fun, init_val, unroll))


def _fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any, unroll: Any) -> Any:
    low, high = as_value(lower), as_value(upper)
    for name, x in (("lower", low), ("upper", high)):
        is_real = dtypes.issubdtype(x.dtype, np.integer) or dtypes.issubdtype(x.dtype, np.floating)
        if not is_real or x.shape:
            raise TypeError(f"fori_loop: {name} must be a scalar that can be counted to, got {type_of(x)[0]}")
    dtype = _index_dtype(low, high)
    known = _known(lower), _known(upper)
    if known[0] is not None and known[1] is not None:
        return _with_known_bounds(known[0], known[1], dtype, body_fun, init_val, unroll)
    if unroll is not None and unroll is not False and unroll != 1:
        raise ValueError("Can only use `unroll` in `fori_loop` if the loop bounds are statically known.")
    low, high = low.astype(dtype), high.astype(dtype)
    _, _, last = _while_loop(
        lambda s: s[0] < s[1], lambda s: (s[0] + 1, s[1], body_fun(s[0], s[2])), (low, high, init_val)
    )
    return last


def _index_dtype(low: Any, high: Any) -> Any:
    return dtypes.promote((low.dtype, low.weak_type), (high.dtype, high.weak_type))[0]


def _known(x: Any) -> Any:
    """The value of a loop bound, if it is known now."""
    if isinstance(x, (int, np.integer, DimExpr)):
        return as_dim(x)
    if type(x) is Tracer:
        value = concrete(x)
        return None if value is None else int(value)
    return int(x)


def _with_known_bounds(low: Any, high: Any, dtype: Any, body_fun: Any, init_val: Any, unroll: Any) -> Any:
    start = as_value(low).astype(dtype)
    count: Any = max_dim(high - low, 0)
    if config.disable_jit:
        for i in range(low, high):
            init_val = body_fun(as_value(i).astype(dtype), init_val)
        return init_val

    def step(carry: Any, _: Any) -> Any:
        i, value = carry
        return (i + 1, body_fun(i, value)), None

    (_, last), _ = scan(step, (start, init_val), None, length=count, unroll=unroll or 1)
    return last
