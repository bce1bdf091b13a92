"""The dialect's ops as seen from here: looked up at first use, so that importing weft loads no dialect."""

from __future__ import annotations

from typing import Any

from weft._tracing.bind import bind, op_class
from weft._tracing.operands import convert
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft_compiler.avals import Aval, kind_of


class Ops:
    """Instances of the ops without attributes: `ops.add`, `ops.sin`; `ops.and_` where Python has the word."""

    def __getattr__(self, name: str) -> Any:
        inst = op_class(name.rstrip("_")).of()
        setattr(self, name, inst)
        return inst


ops = Ops()


def emit(name: str, *operands: Any, weak_type: bool | None = None, **attrs: Any) -> Any:
    """One op on values whose types fit it."""
    return bind(op_class(name).of(**attrs), *operands, weak_type=weak_type)


def kind(x: Any) -> str:
    """One letter for the dtype of a value: b, i, u, f, c, or k for keys."""
    return kind_of(x.dtype)


def constant(value: Any, shape: tuple[int, ...], dtype: Any, weak_type: bool = False) -> Any:
    """A Python number repeated into a shape."""
    trace = STATE.trace
    if trace is not None and trace.staged:
        return trace.constant(Aval.of(shape, dtype), value, weak_type)
    made = convert(as_value(value, dtype), dtype, weak_type)
    return broadcast_in_dim(made, shape, ()) if shape else made


def like(x: Any, value: Any, dtype: Any = None) -> Any:
    """A Python number in the shape of `x`, and of its dtype unless one is given."""
    if dtype is None:
        return constant(value, x.shape, x.dtype, x.weak_type)
    return constant(value, x.shape, dtype)


def broadcast_in_dim(x: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    """`x` repeated into `shape`; axis i of `x` becomes axis dims[i]."""
    if x.shape == shape:
        return x
    return emit("broadcast_in_dim", x, shape=shape, dims=dims)


def reshape_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The elements of `x` in row-major order in another shape."""
    return x if x.shape == shape else emit("reshape", x, shape=shape)


def transpose_by(x: Any, permutation: tuple[int, ...]) -> Any:
    """Axis i of the result is axis permutation[i] of `x`."""
    return x if permutation == tuple(range(x.ndim)) else emit("transpose", x, permutation=permutation)


def slice_axis(x: Any, axis: int, start: int, limit: int, stride: int = 1) -> Any:
    """Elements start, start + stride, … below limit along one axis."""
    if start == 0 and limit == x.shape[axis] and stride == 1:
        return x
    starts, limits, strides = [0] * x.ndim, list(x.shape), [1] * x.ndim
    starts[axis], limits[axis], strides[axis] = start, limit, stride
    return emit("slice", x, start=tuple(starts), limit=tuple(limits), strides=tuple(strides))


def concatenate_arrays(xs: list[Any], axis: int) -> Any:
    """Arrays of one dtype joined along an axis."""
    return xs[0] if len(xs) == 1 else emit("concatenate", *xs, axis=axis)


def iota(shape: tuple[int, ...], dtype: Any, dimension: int = 0) -> Any:
    """Index along one axis, as an array."""
    return emit("iota", shape=shape, dtype=dtype, dimension=dimension)


def compare(x: Any, y: Any, direction: str) -> Any:
    """`x direction y` on values of one type."""
    return emit("compare", x, y, direction=direction)


def compare_to(x: Any, number: Any, direction: str) -> Any:
    """`x direction number` for a Python number."""
    return compare(x, like(x, number), direction)


def select(pred: Any, on_true: Any, on_false: Any) -> Any:
    """`on_true` where `pred`, else `on_false`; the two have one type."""
    return bind(ops.select, pred, on_true, on_false, weak_type=on_true.weak_type and on_false.weak_type)


def is_traced(*xs: Any) -> bool:
    """Whether any value is a tracer, or what is computed now is staged anyway."""
    trace = STATE.trace
    return trace is not None and (trace.staged or any(type(x) is Tracer for x in xs))
