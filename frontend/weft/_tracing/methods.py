"""Operators and NumPy methods of `Array` and `Tracer`, attached to both classes when weft is imported.

Arithmetic goes straight to the op where both operands are alike; everything else is the function of
`weft.numpy` of the same name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from weft._tracing.bind import op_class
from weft._tracing.concrete import concrete
from weft._tracing.operands import binary
from weft._tracing.trace import Tracer
from weft.errors import (
    ConcretizationTypeError,
    TracerArrayConversionError,
    TracerBoolConversionError,
    TracerIntegerConversionError,
)
from weft_runtime import Array

_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
    "divmod": "divmod",
}
_ARITHMETIC = {
    "add": ("add", "iufc"),
    "sub": ("sub", "iufc"),
    "mul": ("mul", "iufc"),
    "truediv": ("div", "fc"),
}
_COMPARISON = {
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}
_UNARY = {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_not"}

# fmt: off
_METHODS = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip",
    "conj", "conjugate", "cumprod", "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero",
    "prod", "ptp", "ravel", "repeat", "round", "searchsorted", "sort", "squeeze", "std", "sum",
    "swapaxes", "take", "trace", "var",
)
# fmt: on


def _other_is_array_like(x: Any) -> bool:
    return not isinstance(x, (list, tuple, str, bytes, dict, set, type(None)))


def _binary_method(function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    if swapped:

        def method(self: Any, other: Any) -> Any:
            if not _other_is_array_like(other) or hasattr(other, "_weft_operator_priority"):
                return NotImplemented
            return function(other, self)
    else:

        def method(self: Any, other: Any) -> Any:
            kind = type(other)
            if kind is not Array and kind is not Tracer and not _other_is_array_like(other):
                return NotImplemented
            return function(self, other)

    return method


_EQUALITY = {"eq": "==", "ne": "!="}


def _equality_method(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`method`, but an error for containers: Python's own answer would be that they are never equal."""

    def equality(self: Any, other: Any) -> Any:
        if isinstance(other, (list, tuple, dict, set)):
            raise TypeError(
                f"unsupported operand type(s) for {_EQUALITY[name]}: '{type(self).__name__}' and "
                f"'{type(other).__name__}'\n  try weft.numpy.asarray(...) of the other one"
            )
        return method(self, other)

    return equality


def _arithmetic_method(
    name: str, kinds: str, general: Callable[..., Any], swapped: bool
) -> Callable[..., Any]:
    """`general`, but straight to the op `name` for tracers alike and for a number beside a float tracer."""

    def method(self: Any, other: Any) -> Any:
        if type(self) is Tracer:
            aval = self.val.aval
            kind = type(other)
            if (kind is Tracer and other.val.aval is aval and aval.kind in kinds) or (
                (kind is float or kind is int) and aval.kind == "f"
            ):
                return (
                    binary(op_class(name).of(), other, self)
                    if swapped
                    else binary(op_class(name).of(), self, other)
                )
        return general(self, other)

    return method


def _unary_method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any) -> Any:
        return function(self)

    return method


def _numpy_method(name: str) -> Callable[..., Any]:
    from weft import numpy

    function = getattr(numpy, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"`weft.numpy.{name}` of the array."
    return method


def attach() -> None:
    """Gives both classes their operators and methods."""
    from weft import numpy
    from weft.numpy._elementwise import Binary, quick_pair

    methods: dict[str, Any] = {}
    for name, function in _BINARY.items():
        found = getattr(numpy, function)
        methods[f"__{name}__"] = _binary_method(found, swapped=False)
        methods[f"__r{name}__"] = _binary_method(found, swapped=True)
    for name, (op, kinds) in _ARITHMETIC.items():
        for prefix, swapped in (("__", False), ("__r", True)):
            key = f"{prefix}{name}__"
            methods[key] = _arithmetic_method(op, kinds, methods[key], swapped)
    for name, function in _COMPARISON.items():
        method = _binary_method(getattr(numpy, function), swapped=False)
        methods[f"__{name}__"] = _equality_method(method, name) if name in _EQUALITY else method
    for name, function in _UNARY.items():
        methods[f"__{name}__"] = _unary_method(getattr(numpy, function))
    for name in _METHODS:
        if hasattr(numpy, name):
            methods[name] = _numpy_method(name)
    methods.update(_SHAPE_METHODS)
    for name, method in methods.items():
        setattr(Array, name, method)
        setattr(Tracer, name, method)
    for name, function in {**_BINARY, **_COMPARISON}.items():
        found = getattr(numpy, function)
        if isinstance(found, Binary):
            setattr(Array, f"__{name}__", found.operator(methods[f"__{name}__"]))
            if name in _BINARY:
                setattr(Array, f"__r{name}__", found.swapped_operator(methods[f"__r{name}__"]))
        elif function == "matmul":
            setattr(Array, f"__{name}__", quick_pair(found, methods[f"__{name}__"]))
    for name, method in _TRACER_METHODS.items():
        setattr(Tracer, name, method)


# Shape methods whose call differs from the function's.


def _getitem(self: Any, index: Any) -> Any:
    from weft._indexing import getitem

    return getitem(self, index)


def _setitem(self: Any, index: Any, value: Any) -> None:
    raise TypeError(
        f"{type(self).__name__} is immutable: assignment to elements is not supported.\n"
        "  Instead of x[idx] = y, use x = x.at[idx].set(y), which makes a new array."
    )


def _iter(self: Any) -> Any:
    from weft._indexing import rows

    if self.ndim == 0:
        raise TypeError("iteration over a 0-d array")
    return iter(rows(self))


def _contains(self: Any, value: Any) -> bool:
    from weft import numpy

    if self.ndim != 1:
        raise ValueError(f"Array.__contains__: search array must be one-dimensional, got shape {self.shape}")
    if np.ndim(value) != 0:
        raise ValueError(f"Array.__contains__: query value must be a scalar, got shape {np.shape(value)}")
    return bool(numpy.any(numpy.equal(self, value)))


def _round(self: Any, digits: int | None = None) -> Any:
    from weft import numpy

    return numpy.round(self, digits or 0)


def _compress(
    self: Any, condition: Any, axis: int | None = None, *, size: int | None = None, fill_value: Any = 0
) -> Any:
    from weft import numpy

    return numpy.compress(condition, self, axis, size=size, fill_value=fill_value)


def _len(self: Any) -> int:
    if self.ndim == 0:
        raise TypeError("len() of unsized object")
    return self.shape[0]


def _reshape(self: Any, *shape: Any, order: str = "C", **kwargs: Any) -> Any:
    from weft import numpy

    wanted = shape[0] if len(shape) == 1 else shape
    return numpy.reshape(self, wanted, order=order, **kwargs)


def _transpose(self: Any, *axes: Any) -> Any:
    from weft import numpy

    wanted = None if not axes or axes == (None,) else axes[0] if len(axes) == 1 else axes
    if isinstance(wanted, int):
        wanted = (wanted,)
    return numpy.transpose(self, wanted)


def _astype(self: Any, dtype: Any = None, copy: bool = False, device: Any = None) -> Any:
    from weft import numpy

    return numpy.astype(self, dtype)


def _at(self: Any) -> Any:
    from weft._indexing import IndexUpdateHelper

    return IndexUpdateHelper(self)


def _flatten(self: Any, order: str = "C") -> Any:
    from weft import numpy

    return numpy.ravel(self, order=order)


def _view(self: Any, dtype: Any = None, type: Any = None) -> Any:
    """The bits of the array read as another dtype; its width changes the last axis."""
    from weft import dtypes, lax

    if dtype is None:
        return self
    target = np.dtype(dtypes.dtype(dtype))
    old, new = self.dtype.itemsize, target.itemsize
    if old == new:
        return lax.bitcast_convert_type(self, target)
    if self.ndim == 0:
        raise ValueError(f"view: a scalar of {self.dtype} cannot become {target}, which has another width")
    *lead, last = self.shape
    if new < old:
        return lax.bitcast_convert_type(self, target).reshape(*lead, last * (old // new))
    if last * old % new:
        raise ValueError(f"view: the last axis of {self.aval} does not hold a whole number of {target}")
    return lax.bitcast_convert_type(self.reshape(*lead, last * old // new, new // old), target)


def _real(self: Any) -> Any:
    from weft import numpy

    return numpy.real(self)


def _imag(self: Any) -> Any:
    from weft import numpy

    return numpy.imag(self)


def _copy(self: Any) -> Any:
    from weft import numpy

    return numpy.array(self, copy=True)


def _array_namespace(self: Any, *, api_version: str | None = None) -> Any:
    """The module with the functions of the array API standard."""
    from weft import numpy

    if api_version not in (None, _API_VERSION):
        raise ValueError(f"{api_version=!r} is not available; available versions are: ['{_API_VERSION}']")
    return numpy


_API_VERSION = "2024.12"


def _byteswap(self: Any) -> Any:
    """The bytes of each element in the opposite order."""
    from weft import lax

    if self.dtype.kind == "c":
        return lax.complex(_byteswap(self.real), _byteswap(self.imag))
    if self.dtype.itemsize == 1:
        return self.copy()
    octets = lax.bitcast_convert_type(self, np.dtype(np.uint8))
    return lax.bitcast_convert_type(lax.rev(octets, (self.ndim,)), self.dtype)


def _matrix_transpose(self: Any) -> Any:
    from weft import numpy

    return numpy.swapaxes(self, -1, -2)


_SHAPE_METHODS: dict[str, Any] = {
    "__getitem__": _getitem,
    "__setitem__": _setitem,
    "__iter__": _iter,
    "__len__": _len,
    "__contains__": _contains,
    "__round__": _round,
    "compress": _compress,
    "reshape": _reshape,
    "transpose": _transpose,
    "astype": _astype,
    "flatten": _flatten,
    "view": _view,
    "copy": _copy,
    "byteswap": _byteswap,
    "__array_namespace__": _array_namespace,
    "at": property(_at),
    "T": property(_transpose),
    "mT": property(_matrix_transpose),
    "real": property(_real),
    "imag": property(_imag),
}


# What only a tracer does: it has a value only where nothing is staged.


def _value_or(self: Tracer, error: Callable[[Tracer], Exception]) -> Array:
    value = concrete(self)
    if value is None:
        raise error(self)
    return value


def _bool(self: Tracer) -> bool:
    return bool(_value_or(self, TracerBoolConversionError))


def _index(self: Tracer) -> int:
    return operator.index(_value_or(self, TracerIntegerConversionError))


def _as_number(kind: type) -> Callable[[Tracer], Any]:
    def method(self: Tracer) -> Any:
        return kind(
            _value_or(
                self, lambda t: ConcretizationTypeError(t, f"It arose from {kind.__name__}() on a tracer.")
            )
        )

    return method


def _array(self: Tracer, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    value = _value_or(self, TracerArrayConversionError)
    return np.asarray(value) if dtype is None else np.asarray(value).astype(dtype)


def _item(self: Tracer, *args: int) -> Any:
    return _value_or(self, lambda t: ConcretizationTypeError(t, "It arose from item() on a tracer.")).item(
        *args
    )


def _tolist(self: Tracer) -> Any:
    return _value_or(
        self, lambda t: ConcretizationTypeError(t, "It arose from tolist() on a tracer.")
    ).tolist()


def _tobytes(self: Tracer, order: str = "C") -> bytes:
    return _value_or(
        self, lambda t: ConcretizationTypeError(t, "It arose from tobytes() on a tracer.")
    ).tobytes(order)


def _same(self: Tracer, memo: Any = None) -> Tracer:
    return self  # it cannot be changed


def _tracer_repr(self: Tracer) -> str:
    shape = ",".join(map(str, self.shape))
    kind = self._trace.kind
    name = {"jit": "JitTracer", "grad": "GradTracer", "vmap": "BatchTracer", "jvp": "JVPTracer"}.get(kind)
    name = name or f"{kind.title().replace('_', '')}Tracer"
    weak = "~" if self.weak_type else ""
    return f"{name}<{weak}{getattr(self.dtype, 'name', self.dtype)}[{shape}]>"


def _tracer_format(self: Tracer, spec: str) -> str:
    return repr(self) if not spec else format(_item(self), spec)


def _block(self: Tracer) -> Tracer:
    return self


_TRACER_METHODS: dict[str, Any] = {
    "__bool__": _bool,
    "__index__": _index,
    "__int__": _as_number(int),
    "__float__": _as_number(float),
    "__complex__": _as_number(complex),
    "__array__": _array,
    "__repr__": _tracer_repr,
    "__str__": _tracer_repr,
    "__format__": _tracer_format,
    "item": _item,
    "tolist": _tolist,
    "tobytes": _tobytes,
    "__copy__": _same,
    "__deepcopy__": _same,
    "block_until_ready": _block,
    "itemsize": property(lambda self: self.dtype.itemsize),
    "nbytes": property(lambda self: self.size * self.dtype.itemsize),
}
