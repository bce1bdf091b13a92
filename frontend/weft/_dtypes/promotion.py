"""Promotion of values: the dtype and weak type of each, and of what an operation on them gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft._dtypes import kinds
from weft._dtypes.kinds import ALL, BOOL, as_dtype, is_extended, narrow, python_type
from weft._dtypes.lattice import Node, least_upper_bound
from weft.config import config

Typed = tuple[Any, bool]
"""A dtype, and whether it is weak."""

_WIDEST: dict[type, np.dtype[Any]] = {int: kinds.INTS[3], float: kinds.FLOATS[2], complex: kinds.COMPLEXES[1]}
_pairs: dict[tuple[int, Any, bool, Any, bool], Typed] = {}


def is_python_scalar(x: object) -> bool:
    """Whether `x` is a bool, int, float or complex of Python (a NumPy scalar is not)."""
    return isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic)


def is_weakly_typed(x: object) -> bool:
    """Whether `x` takes the dtype of what it meets: Python numbers except bool, and arrays made of them."""
    if is_python_scalar(x):
        return not isinstance(x, bool)
    return bool(getattr(x, "weak_type", False)) and not isinstance(x, type)


def dtype(x: Any) -> Any:
    """The dtype that the value (or dtype) `x` has as an array; 32 bits at most while enable_x64 is off.

    Raises: ValueError if `x` is None; TypeError if arrays cannot hold `x`.
    """
    if x is None:
        raise ValueError("None has no dtype")
    if isinstance(x, bool):
        return BOOL
    if is_python_scalar(x):
        return narrow(_WIDEST[next(scalar for scalar in (int, float, complex) if isinstance(x, scalar))])
    found = x if isinstance(x, (np.dtype, type)) else getattr(x, "dtype", x)
    if is_extended(found):
        if found is x:
            raise TypeError(f"{found} is a key dtype, where a value or a numeric dtype is expected")
        return found
    try:
        found = np.dtype(found)
    except (TypeError, ValueError):
        raise TypeError(f"{x!r} of type {type(x).__name__} is neither an array nor a dtype") from None
    if found not in ALL and found != kinds.float0:
        raise TypeError(f"arrays cannot have dtype {found}; got {x!r}")
    return narrow(found)


def typed(x: Any) -> Typed:
    """Dtype and weak type of the value or dtype `x`; the Python types int, float, complex are weak dtypes."""
    if isinstance(x, type) and x in _WIDEST:
        return narrow(_WIDEST[x]), True
    return dtype(x), is_weakly_typed(x)


def _node(item: Any, is_weak: bool) -> Node:
    return python_type(item) if is_weak and item != BOOL else item


def _promote(args: tuple[Typed, ...], strict: bool, x64: bool) -> Typed:
    """Least upper bound of canonical dtypes. Kept weak operands of one kind keep their own width."""
    all_weak = all(weak and item != BOOL for item, weak in args)
    if all_weak and not strict:
        bound = least_upper_bound(frozenset(item for item, _ in args), strict, x64)
    else:
        bound = least_upper_bound(frozenset(_node(item, weak) for item, weak in args), strict, x64)
    if isinstance(bound, type):
        return narrow(_WIDEST[bound]), True
    return narrow(bound), all_weak


def _check_numeric(items: tuple[Any, ...]) -> None:
    for item in items:
        if item == kinds.float0:
            raise TypeError(
                "a float0 array takes part in no operation: it is the tangent of an integer or boolean, which is 0"
            )
        if item not in ALL:
            raise ValueError(f"dtype {item} does not take part in type promotion")


def promote(*args: Typed) -> Typed:
    """Dtype and weak type that operands of the given (dtype, weak) are converted to before an operation.

    Raises: TypePromotionError if they have none in common; ValueError if one is no number.
    """
    if len({item for item, _ in args}) == 1 and (is_extended(args[0][0]) or args[0][0] == kinds.float0):
        return args[0][0], False
    _check_numeric(tuple(item for item, _ in args))
    strict = config.numpy_dtype_promotion == "strict"
    return _promote(tuple((narrow(item), weak) for item, weak in args), strict, config.x64)


def promote_pair(dtype_a: Any, weak_a: bool, dtype_b: Any, weak_b: bool) -> Typed:
    """`promote` for two operands, from a table: the hot path of tracing a binary operation."""
    key = (config.trace_key, dtype_a, weak_a, dtype_b, weak_b)
    found = _pairs.get(key)
    if found is None:
        found = _pairs[key] = promote((dtype_a, weak_a), (dtype_b, weak_b))
    return found


def promote_types(a: Any, b: Any) -> np.dtype[Any]:
    """The dtype that dtypes `a` and `b` promote to; the Python types int, float, complex stand for weak ones.

    Raises: TypePromotionError if there is none.
    """
    strict = config.numpy_dtype_promotion == "strict"
    nodes: tuple[Any, ...] = tuple(x if isinstance(x, type) and x in _WIDEST else as_dtype(x) for x in (a, b))
    if nodes[0] == nodes[1] and is_extended(nodes[0]):
        return nodes[0]
    _check_numeric(tuple(node for node in nodes if not isinstance(node, type)))
    bound = least_upper_bound(frozenset(nodes), strict, config.x64)
    return np.dtype(_WIDEST[bound] if isinstance(bound, type) else bound)


def result_type(*args: Any, return_weak_type_flag: bool = False) -> Any:
    """The dtype that an operation on `args` (arrays, scalars or dtypes) gives; None is the default float.

    A weak result has the default width of its kind. With `return_weak_type_flag`, a pair with the weak flag.

    Raises: ValueError without arguments; TypePromotionError if there is no common dtype.
    """
    if not args:
        raise ValueError("result_type: at least one array or dtype is needed")
    found, weak = promote(*(typed(kinds.default_float() if x is None else x) for x in args))
    if weak:
        is_unsigned = kinds.issubdtype(found, np.unsignedinteger)
        found = narrow(kinds.UINTS[3] if is_unsigned else _WIDEST[python_type(found)])
    return (found, weak) if return_weak_type_flag else found


def scalar_type_of(x: Any) -> type:
    """bool, int, float or complex: the Python type of the value (or elements of the array or dtype) `x`."""
    return python_type(dtype(x))
