"""Reductions by a function of the user's: over whole axes, and over windows that slide along them.

A function that is one op the dialect has a reduction for becomes that reduction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.staging import Traced, trace_function
from weft._tracing.trace import STATE
from weft._tracing.values import as_value
from weft._transforms.scope import evaluated
from weft.errors import explain
from weft.lax.monoids import Monoid, is_neutral, monoid_of
from weft.lax.operands import check_no_sharding, class_of, ints, kind, op_of, rows
from weft.lax.padding import Padding, Windows
from weft.lax.reductions import reduced
from weft_compiler.avals import Aval
from weft_runtime import pytree

Computation = Callable[[Any, Any], Any]
Leaves = list[Any]


def reduce(
    operands: Any,
    init_values: Any,
    computation: Computation,
    dimensions: Sequence[int],
    out_sharding: Any = None,
) -> Any:
    """Elements along `dimensions` and the initial values combined by an associative, commutative function.

    `operands` and `init_values` are an array and a scalar, or trees of them; the function takes two such
    trees of scalars and gives one.
    Raises: ValueError unless the initial values are scalars and the axes exist.
    """
    check_no_sharding("reduce", out_sharding)
    xs, inits, tree = _operands("reduce", operands, init_values)
    axes = tuple(sorted(ints(dimensions, "reduce", "dimensions")))
    if len(set(axes)) != len(axes) or any(not 0 <= a < xs[0].ndim for a in axes):
        raise ValueError(explain(f"lax.reduce: axes {axes} are not all there, or named twice", rows(xs)))
    monoid = _monoid_of(computation, tree, xs)
    if monoid is not None:
        made = reduced(monoid.reduction, xs[0], axes)
        return tree.unflatten([_with_init(monoid, made, inits[0])])
    return _generic("reduce", computation, tree, xs, inits, {"axes": axes})


def _operands(name: str, operands: Any, init_values: Any) -> tuple[Leaves, Leaves, Any]:
    leaves, tree = pytree.flatten(operands)
    init_leaves, init_tree = pytree.flatten(init_values)
    if tree != init_tree or not leaves:
        raise ValueError(
            f"lax.{name}: operands and initial values differ in structure: {tree} and {init_tree}"
        )
    xs = [as_value(x, what=f"{name}: an operand") for x in leaves]
    if any(x.shape != xs[0].shape for x in xs):
        raise ValueError(explain(f"lax.{name}: operands must have one shape", rows(xs)))
    given = [as_value(v, what=f"{name}: an initial value") for v in init_leaves]
    if any(v.shape for v in given):
        raise ValueError(explain(f"lax.{name}: initial values must be scalars", rows(given)))
    return xs, [convert(v, x.dtype, v.weak_type) for v, x in zip(given, xs, strict=True)], tree


def _monoid_of(computation: Computation, tree: Any, xs: Leaves) -> Monoid | None:
    if len(xs) > 1:
        return None
    if tree == _LEAF:
        return monoid_of(computation, xs[0].dtype)

    def on_scalars(x: Any, y: Any) -> Any:
        return pytree.flatten(computation(tree.unflatten([x]), tree.unflatten([y])))[0][0]

    return monoid_of(on_scalars, xs[0].dtype)


_LEAF = pytree.flatten(0)[1]


def _with_init(monoid: Monoid, x: Any, init: Any) -> Any:
    return x if is_neutral(monoid, init, x.dtype) else _combined(monoid.op, x, init)


@library("x", "init")
def _combined(op: str, x: Any, init: Any) -> Any:
    return bind(op_of(op), broadcast_to(init, x.shape), x, weak_type=x.weak_type)


def _generic(
    name: str, computation: Computation, tree: Any, xs: Leaves, inits: Leaves, attrs: dict[str, Any]
) -> Any:
    """A reduction by any function, which is traced on scalars."""

    def emit() -> Any:
        traced = _traced(name, computation, tree, xs)
        trace = STATE.trace
        assert trace is not None
        outs = trace.emit(class_of(name).of(computation=traced.name, **attrs), [*xs, *inits])
        return tree.unflatten(list(outs))

    return evaluated(name, emit)


def _traced(name: str, computation: Computation, tree: Any, xs: Leaves) -> Traced:
    scalars = [(Aval.of((), x.dtype), False) for x in xs]
    count = len(xs)
    traced = trace_function(
        lambda args: computation(tree.unflatten(args[:count]), tree.unflatten(args[count:])),
        scalars * 2,
        kind=name,
        fun=computation,
        staged=True,
    )
    if traced.out_tree != tree or [aval for aval, _ in traced.out_types] != [aval for aval, _ in scalars]:
        made = ", ".join(str(aval) for aval, _ in traced.out_types)
        wanted = ", ".join(str(aval) for aval, _ in scalars)
        raise TypeError(
            f"lax.{name}: the function must give {wanted} in the structure of its arguments, got {made}"
        )
    if traced.captures:
        raise NotImplementedError(
            f"lax.{name}: the function uses an array from outside; it may use its arguments and numbers only"
        )
    return traced


def reduce_window(
    operand: Any,
    init_value: Any,
    computation: Computation,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int] | None = None,
    padding: Padding = "VALID",
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
) -> Any:
    """Elements in each window combined by an associative and commutative function, with the initial values.

    Windows slide by `window_strides`; `padding` is "VALID", "SAME", "SAME_LOWER" or (low, high) for each
    axis; dilations put gaps between the elements of the operand and of the window. Padding and gaps count as
    the initial value. The slope of an extremum goes to the first of equal elements.

    Raises: TypeError unless there is one number for each axis; ValueError unless the initial values are
    scalars.
    """
    name = "reduce_window"
    xs, inits, tree = _operands(name, operand, init_value)
    shape = xs[0].shape
    windows = Windows.of(
        name, shape, window_dimensions, window_strides, padding, base_dilation, window_dilation
    )
    monoid = _monoid_of(computation, tree, xs)
    if monoid is not None and monoid.op in _POOLINGS and kind(xs[0]) in _POOLINGS[monoid.op]:
        made = bind(class_of(f"reduce_window_{_SUFFIX[monoid.op]}").of(**windows.attrs()), xs[0])
        return tree.unflatten([_with_init(monoid, made, inits[0])])
    return _generic(name, computation, tree, xs, inits, windows.attrs())


_POOLINGS = {"add": "iufc", "max": "iuf", "min": "iuf"}
"""Kinds of elements that the ops for windows take."""
_SUFFIX = {"add": "sum", "max": "max", "min": "min"}
