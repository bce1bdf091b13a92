"""`scan`: a loop over the slices of arrays with a carry, and `map` without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import type_of
from weft._tracing.trace import STATE
from weft._transforms.scope import evaluated
from weft._transforms.vmap import vmap
from weft.config import config
from weft.lax.control_flow.bodies import (
    as_leaves,
    captures_first,
    check_same,
    needs_strengthening,
    strengthened,
    trace_body,
)
from weft.tree_util import tree_map
from weft_compiler.avals import Aval
from weft_compiler.symbolic import as_dim
from weft_runtime import pytree


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    _split_transpose: bool = False,
) -> tuple[Any, Any]:
    """Calls `carry, y = f(carry, x)` on the slices of `xs` along their first axis; the last carry and stacked `ys`.

    The carry keeps its structure, shapes and dtypes. `unroll` steps (True: all) make one turn of the loop.

    Raises: TypeError if the carry changes its type; ValueError if the slices differ in number.
    """
    if not callable(f):
        raise TypeError(f"lax.scan: f argument should be a callable, got {type(f).__name__}")
    return evaluated("scan", lambda: _scan(f, init, xs, length, reverse, unroll))


def _scan(f: Any, init: Any, xs: Any, length: int | None, reverse: bool, unroll: int | bool) -> Any:
    carry, carry_tree = as_leaves("scan", init)
    slices, xs_tree = as_leaves("scan", xs)
    count = _length(slices, length)
    if config.disable_jit:
        return _scan_in_python(f, init, slices, xs_tree, count, reverse)
    args_tree = pytree.flatten((init, xs))[1]
    while True:
        in_types = [*(type_of(x) for x in carry), *(_slice_type(x) for x in slices)]
        body = trace_body(f, args_tree, in_types, "scan")
        out_tree = _pair_tree(body.out_tree, f)
        after = body.out_types[: out_tree.num_leaves]
        if out_tree == carry_tree and needs_strengthening(carry, after):
            carry = strengthened(carry, after)
            body.module.remove_function(body.name)
            continue
        break
    check_same(
        "scan body function carry input and carry output must have equal types (shapes and dtypes), but they differ",
        "carry",
        (carry_tree, [type_of(x) for x in carry]),
        (out_tree, after),
        "making both the same, with astype or reshape in the body or on init",
    )
    captures_first(body)
    trace = STATE.trace
    assert trace is not None
    inst = op_class("scan").of(
        body=body.name,
        consts=len(body.captures),
        carry=len(carry),
        length=count,
        reverse=bool(reverse),
        unroll=_unroll(unroll, count),
    )
    outs = trace.emit(inst, [*body.captures, *carry, *slices])
    for out, (_, weak) in zip(outs, body.out_types, strict=True):
        out.weak_type = weak
    return body.out_tree.unflatten(outs)


def _length(slices: list[Any], length: int | None) -> int:
    for x in slices:
        if x.ndim == 0:
            raise ValueError("scan got value with no leading axis to scan over: a scalar in xs")
    sizes = {x.shape[0] for x in slices}
    if length is not None:
        length = as_dim(length)
        if any(n != length for n in sizes):
            raise ValueError(
                f"scan got `length` argument of {length} which disagrees with leading axis sizes "
                f"{[x.shape[0] for x in slices]}."
            )
        return length
    if not sizes:
        raise ValueError("scan got no values to scan over and `length` not provided.")
    if len(sizes) > 1:
        raise ValueError(
            f"scan got values with different leading axis sizes: {', '.join(str(x.shape[0]) for x in slices)}."
        )
    return sizes.pop()


def _slice_type(x: Any) -> Any:
    aval, weak = type_of(x)
    return Aval.of(aval.shape[1:], aval.dtype), weak


def _unroll(unroll: int | bool, length: int) -> int:
    if unroll is True:
        return max(length, 1)
    if unroll is False:
        return 1
    if unroll < 0:
        raise ValueError(f"scan: `unroll` must be a `bool` or a non-negative `int`, got {unroll}")
    return int(unroll) or max(length, 1)


def _pair_tree(tree: Any, f: Any) -> Any:
    """Structure of the carry that the body returns."""
    children = tree.children()
    if len(children) != 2 or tree.node_data() is None or tree.node_data()[0] not in (tuple, list):
        raise TypeError(f"scan body output must be a pair, got {tree}: {getattr(f, '__name__', f)}")
    return children[0]


def _scan_in_python(f: Any, init: Any, slices: list[Any], xs_tree: Any, count: int, reverse: bool) -> Any:
    from weft import numpy

    carry, ys = init, []
    order = range(count - 1, -1, -1) if reverse else range(count)
    for i in order:
        carry, y = f(carry, xs_tree.unflatten([x[i] for x in slices]))
        ys.append(y)
    if not ys:
        raise ValueError("zero-length scan is not supported in disable_jit() mode")
    ys = ys[::-1] if reverse else ys
    return carry, tree_map(lambda *parts: numpy.stack(parts), *ys)


def map(f: Callable[[Any], Any], xs: Any, *, batch_size: int | None = None) -> Any:
    """`f` on every slice of `xs` along the first axis, results stacked; one by one, or `batch_size` at a time."""
    if batch_size is None:
        _, ys = scan(lambda _, x: ((), f(x)), (), xs)
        return ys
    return _map_in_batches(f, xs, batch_size)


def _map_in_batches(f: Any, xs: Any, batch_size: int) -> Any:
    from weft import numpy

    leaves, tree = as_leaves("map", xs)
    count = _length(leaves, None)
    whole = count // batch_size
    parts = []
    if whole:
        cut = whole * batch_size
        batched = tree.unflatten([x[:cut].reshape((whole, batch_size, *x.shape[1:])) for x in leaves])
        _, ys = scan(lambda _, x: ((), vmap(f)(x)), (), batched)
        parts.append(tree_map(lambda y: y.reshape((cut, *y.shape[2:])), ys))
    if count - whole * batch_size:
        parts.append(vmap(f)(tree.unflatten([x[whole * batch_size :] for x in leaves])))
    if len(parts) == 1:
        return parts[0]
    return tree_map(lambda *p: numpy.concatenate(p), *parts)
