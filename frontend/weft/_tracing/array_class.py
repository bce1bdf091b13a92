"""`weft.Array`: the class of everything that behaves as an array, traced or not."""

from __future__ import annotations

from typing import Any

from weft._tracing.trace import Tracer
from weft._tracing.values import is_array
from weft_runtime import Array as ConcreteArray


class _ArrayMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return is_array(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is cls or issubclass(subclass, (ConcreteArray, Tracer))

    def __getattr__(cls, name: str) -> Any:
        return getattr(ConcreteArray, name)

    def __dir__(cls) -> list[str]:
        return dir(ConcreteArray)


class Array(metaclass=_ArrayMeta):
    """What all arrays are instances of, those included that are only traced; `weft.numpy.array` makes them."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("weft.Array should not be instantiated; use weft.numpy.array instead.")


Array.__module__ = "weft"
