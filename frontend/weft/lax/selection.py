"""Functions that choose between values: by a bound, by a boolean, by a number."""

from __future__ import annotations

from typing import Any

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.operands import all_weak, check_dtypes, kind, nary, op_of, rows


def clamp(min: Any, x: Any, max: Any) -> Any:
    """x limited to [min, max], which are scalars or of x's shape.

    Where min > max the result is max.
    Raises: TypeError if dtypes or shapes differ.
    """
    values = as_value(min), as_value(x), as_value(max)
    check_dtypes("clamp", values)
    return bind(op_of("clamp"), *values)


def select(pred: Any, on_true: Any, on_false: Any) -> Any:
    """on_true where pred, else on_false; pred is a scalar or of their shape.

    Raises: TypeError unless both cases have one shape and dtype.
    """
    return select_n(pred, on_false, on_true)


def select_n(which: Any, *cases: Any) -> Any:
    """`cases[which]` elementwise; `which` is a boolean or an integer, a scalar or of the cases' shape.

    Numbers out of range choose the nearest case.
    Raises: ValueError without cases; TypeError unless all have one shape and dtype, or for a boolean and
    more than two of them.
    """
    if not cases:
        raise ValueError("lax.select_n: at least one case is needed")
    which, *values = as_value(which), *[as_value(x) for x in cases]
    check_dtypes("select_n", values)
    if any(x.shape != values[0].shape for x in values):
        raise TypeError(explain("lax.select_n: cases must have one shape", rows(values)))
    if which.shape and which.shape != values[0].shape:
        what = "lax.select_n: `which` must be a scalar or have the shape of the cases"
        raise TypeError(explain(what, rows([which, values[0]], ["which", "case 0"])))
    if kind(which) not in "biu":
        raise TypeError(explain("lax.select_n: `which` must be boolean or integer", rows([which], ["which"])))
    if kind(which) != "b":
        return values[0] if len(values) == 1 else _by_number(which, *values)
    if len(values) > 2:
        raise TypeError(f"lax.select_n: a boolean `which` chooses between two cases, not {len(values)}")
    if len(values) == 1:
        return values[0]
    return bind(op_of("select"), which, values[1], values[0], weak_type=all_weak(values))


@library("which", "cases")
def _by_number(which: Any, *cases: Any) -> Any:
    return _halved(which, 0, cases, all_weak(cases))


def _halved(which: Any, first: int, cases: tuple[Any, ...], weak: bool) -> Any:
    """The case by comparisons in a binary tree."""
    if len(cases) == 1:
        return cases[0]
    half = len(cases) // 2
    low = _halved(which, first, cases[:half], weak)
    high = _halved(which, first + half, cases[half:], weak)
    is_low = nary("lt", which, as_value(first + half, which.dtype))
    return bind(op_of("select"), is_low, low, high, weak_type=weak)
