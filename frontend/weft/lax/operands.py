"""Operands as lax takes them: one dtype, one shape or scalars; nothing is promoted.

Ops without attributes go from here to `bind` with as few steps in between as possible.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft._tracing import source
from weft._tracing.bind import bind, op_class
from weft._tracing.library import library
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import PYTHON_NUMBERS, as_value
from weft.dtypes import dtype as dtype_of
from weft.errors import explain
from weft_compiler.avals import Aval, kind_of
from weft_compiler.symbolic import DimExpr
from weft_runtime import Array

Shape = tuple[int, ...]

COMPARISONS = {"eq": "EQ", "ne": "NE", "lt": "LT", "le": "LE", "gt": "GT", "ge": "GE"}
OP_NAMES = {"bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor", "bitwise_not": "not"}
NUMPY_NAMES = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "rem": "remainder",
    "pow": "power",
    "atan2": "arctan2",
    "max": "maximum",
    "min": "minimum",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "shift_left": "left_shift",
    "shift_right_arithmetic": "right_shift",
    "complex": "asarray(x, complex)",
}
PROMOTING = {*NUMPY_NAMES, "add", "nextafter", "bitwise_and", "bitwise_or", "bitwise_xor"} - {"complex"}


@functools.cache
def op_of(name: str) -> Any:
    """The instance of an op without attributes, by the name of its function here."""
    if name in COMPARISONS:
        return op_class("compare").of(direction=COMPARISONS[name])
    return op_class(OP_NAMES.get(name, name)).of()


class_of = functools.cache(op_class)
"""The class of an op with attributes."""


def unary(name: str, x: Any) -> Any:
    """An op of one operand."""
    return bind(op_of(name), as_value(x))


def binary(name: str, x: Any, y: Any) -> Any:
    """An op of two operands of equal dtype, of equal shape but for scalars and sizes of 1."""
    if type(x) is Array:
        if type(y) is Array and x.spec is y.spec:
            return bind(op_of(name), x, y)
    elif type(x) is Tracer and type(y) is Tracer and x.val.aval is y.val.aval:
        return bind(op_of(name), x, y)
    return nary(name, x, y)


def nary(name: str, *xs: Any) -> Any:
    """An op of several operands of equal dtype, of equal shape but for scalars and sizes of 1."""
    values = [x if type(x) in PYTHON_NUMBERS else as_value(x, what=f"{name}: an operand") for x in xs]
    check_dtypes(name, values)
    shape = common_shape(name, values)
    trace = STATE.trace
    if trace is not None and (trace.staged or any(type(x) is Tracer for x in values)):
        return bind(op_of(name), *[_spread(trace, x, shape) for x in values])
    arrays = [as_value(x) for x in values]
    if all(x.shape == shape for x in arrays):
        return bind(op_of(name), *arrays)
    return _spread_and_bind(name, *arrays)


def _spread(trace: Any, x: Any, shape: Shape) -> Any:
    """`x` in a shape; a number becomes a constant of that shape at once."""
    if type(x) in PYTHON_NUMBERS:
        return trace.constant(Aval.of(shape, dtype_of(x)), x, type(x) is not bool)
    return stretched(x, shape)


def stretched(x: Any, shape: Shape) -> Any:
    """`x` repeated into a shape: a scalar, or an array of as many axes some of which have size 1."""
    if x.shape == shape:
        return x
    dims = () if not x.shape else tuple(range(len(shape)))
    return bind(class_of("broadcast_in_dim").of(shape=shape, dims=dims), x, weak_type=x.weak_type)


@library("xs")
def _spread_and_bind(name: str, *xs: Any) -> Any:
    """An op on arrays of different shapes, as one program."""
    shape = common_shape(name, xs)
    return bind(op_of(name), *[stretched(x, shape) for x in xs])


def dtype_and_shape(x: Any) -> tuple[Any, Shape]:
    """Of an array, a tracer or a number."""
    return (x.dtype, x.shape) if hasattr(x, "shape") else (dtype_of(x), ())


def aval_of(x: Any) -> Aval:
    """Shape and dtype of an array, a tracer or a number, as messages print them."""
    dtype, shape = dtype_and_shape(x)
    return Aval.of(shape, dtype)


def rows(xs: Sequence[Any], names: Sequence[str] = ()) -> list[tuple[str, object, str, str]]:
    """The lines of an error message that tell of operands."""
    made: list[tuple[str, object, str, str]] = []
    for i, x in enumerate(xs):
        where, line = source.describe(x.val.ir.location) if type(x) is Tracer else ("", "")
        made.append((names[i] if i < len(names) else f"operand {i}", aval_of(x), where, line))
    return made


def check_dtypes(name: str, xs: Sequence[Any]) -> None:
    """Fails unless all operands have one dtype."""
    dtypes = [x.dtype if hasattr(x, "shape") else dtype_of(x) for x in xs]
    if any(d != dtypes[0] for d in dtypes[1:]):
        words = ", ".join(str(d) for d in dtypes)
        hint = (
            f"weft.numpy.{NUMPY_NAMES.get(name, name)}, which promotes its operands"
            if name in PROMOTING
            else "lax.convert_element_type on one of them"
        )
        raise TypeError(
            explain(f"lax.{name}: operands must have the same dtype, got {words}", rows(xs), hint)
        )


def common_shape(name: str, xs: Sequence[Any]) -> Shape:
    """The shape that the operands have in common; scalars fit every shape."""
    shapes = [x.shape for x in xs if getattr(x, "shape", ())]
    if not shapes:
        return ()
    first = shapes[0]
    if all(s == first for s in shapes):
        return first
    if any(len(s) != len(first) for s in shapes):
        hint = "lax.broadcast_to_rank, or the function of weft.numpy, which broadcasts"
        raise TypeError(
            explain(
                f"lax.{name}: operands must be scalars or have as many axes as each other", rows(xs), hint
            )
        )
    target = []
    for sizes in zip(*shapes, strict=True):
        larger = {n for n in sizes if n != 1}
        if len(larger) > 1:
            words = ", ".join(str(s) for s in shapes)
            raise TypeError(explain(f"lax.{name}: incompatible shapes for broadcasting: {words}", rows(xs)))
        target.append(larger.pop() if larger else 1)
    return tuple(target)


def kind(x: Any) -> str:
    """b, i, u, f, c or k: the kind of the elements of an array, a tracer or a number."""
    return kind_of(x.dtype if hasattr(x, "shape") else dtype_of(x))


def ints(values: Any, name: str, what: str) -> Shape:
    """A sequence of integers, such as axes or sizes, as a tuple."""
    if isinstance(values, (int, np.integer)) or not hasattr(values, "__iter__"):
        raise TypeError(f"lax.{name}: {what} must be a sequence of integers, got {values!r:.60}")
    return tuple([integer(v, name, what) for v in values])


def integer(value: Any, name: str, what: str) -> Any:
    """A size or an axis as a Python integer."""
    if type(value) is int or isinstance(value, DimExpr):
        return value
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError(
            f"lax.{name}: {what} must be of integers known in Python, got {value!r:.60}"
        ) from None


def sizes(values: Any, name: str, what: str = "shape") -> Shape:
    """A shape: sizes that are not negative."""
    made = ints(values, name, what)
    if any(n < 0 for n in made):
        raise TypeError(f"lax.{name}: {what} must not have negative sizes, got {made}")
    return made


def check_no_sharding(name: str, sharding: Any) -> None:
    """Fails where a layout is asked for that only explicit sharding has."""
    if sharding is not None:
        raise NotImplementedError(
            f"lax.{name}: out_sharding chooses the layout under explicit sharding, which weft does not have"
        )


def axis_within(axis: int, ndim: int, name: str) -> int:
    """An axis counted from the front."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"lax.{name}: axis {axis} is out of bounds for array of dimension {ndim}")
    return axis + ndim if axis < 0 else axis


def all_weak(xs: Sequence[Any]) -> bool:
    """Whether every operand is weakly typed."""
    return all(x.weak_type for x in xs)
