"""Which function of two elements a Python function is, where the dialect has a reduction for it."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from weft._tracing.concrete import concrete
from weft._tracing.staging import trace_function
from weft._tracing.trace import Tracer
from weft_compiler.avals import Aval, kind_of
from weft_compiler.body import read_op


class Monoid(NamedTuple):
    """An associative and commutative op of two elements, and the reduction by it."""

    op: str
    reduction: str


MONOIDS = {
    "add": Monoid("add", "reduce_sum"),
    "mul": Monoid("mul", "reduce_prod"),
    "max": Monoid("max", "reduce_max"),
    "min": Monoid("min", "reduce_min"),
    "and": Monoid("and", "reduce_and"),
    "or": Monoid("or", "reduce_or"),
    "xor": Monoid("xor", "reduce_xor"),
}


def monoid_of(computation: Callable[[Any, Any], Any], dtype: Any) -> Monoid | None:
    """The monoid that a function of two scalars is: it is traced, and must be one op on its arguments."""
    if kind_of(dtype) in "iuf" and _is_known(computation):
        return MONOIDS[_functions()[computation]]
    if kind_of(dtype) == "k":
        return None
    found: list[str] = []

    def call(args: list[Tracer]) -> Any:
        out = computation(*args)
        if (
            type(out) is Tracer
            and out._trace is args[0]._trace
            and out.val.ir not in [a.val.ir for a in args]
        ):
            op = out.val.ir.owner
            operands = list(op.operands)
            straight = [a.val.ir for a in args]
            if operands in (straight, straight[::-1]):
                found.append(read_op(op).name)
        return ()

    scalar = Aval.of((), dtype)
    trace_function(call, [(scalar, False)] * 2, kind="reduce", fun=computation, staged=True, own_module=True)
    return MONOIDS.get(found[0]) if found else None


def _is_known(computation: Any) -> bool:
    return isinstance(computation, types.FunctionType) and computation in _functions()


@functools.cache
def _functions() -> dict[Callable[..., Any], str]:
    """Functions known without a look inside."""
    from weft.lax import bits, elementwise

    return {
        elementwise.add: "add",
        elementwise.mul: "mul",
        elementwise.max: "max",
        elementwise.min: "min",
        bits.bitwise_and: "and",
        bits.bitwise_or: "or",
        bits.bitwise_xor: "xor",
    }


def neutral(monoid: Monoid, dtype: Any) -> Any:
    """The number that leaves every element of a dtype as it is."""
    kind = kind_of(dtype)
    if monoid.op in ("add", "or", "xor"):
        return 0
    if monoid.op == "mul":
        return 1
    if monoid.op == "and":
        return True if kind == "b" else -1 if kind == "i" else int(ml_dtypes.iinfo(dtype).max)
    is_max = monoid.op == "max"
    if kind in "iu":
        info = ml_dtypes.iinfo(dtype)
        return int(info.min if is_max else info.max)
    sign = -1.0 if is_max else 1.0
    with np.errstate(all="ignore"):
        has_inf = np.isinf(np.asarray(math.inf).astype(dtype).astype(np.float64)) if kind == "f" else True
    if kind == "c":
        return complex(sign * math.inf, sign * math.inf)
    return sign * math.inf if has_inf else sign * float(ml_dtypes.finfo(dtype).max)


def is_neutral(monoid: Monoid, init: Any, dtype: Any) -> bool:
    """Whether an initial value is known to change nothing."""
    if type(init) is Tracer and init._trace.staged:
        return _constant_is(init, neutral(monoid, dtype))
    value = concrete(init)
    return value is not None and bool(np.asarray(value) == np.asarray(neutral(monoid, dtype)).astype(dtype))


def _constant_is(init: Tracer, wanted: Any) -> bool:
    """Whether a traced scalar is a literal of this value."""
    from weft_compiler.attributes import SPLATS

    owner = init.val.ir.owner
    if owner == init._trace.function.body:
        return False
    op = read_op(owner)
    if op.name != "constant":
        return False
    value = SPLATS.of(op.value)  # type: ignore[attr-defined]
    return value is not None and bool(value == np.asarray(wanted).astype(value.dtype))
