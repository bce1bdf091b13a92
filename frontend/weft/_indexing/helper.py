"""`x.at[index].set(y)` and the like: new arrays that differ from `x` at an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._indexing.getitem import getitem
from weft._indexing.reading import Options
from weft._indexing.update import update
from weft._tracing.trace import Value


class IndexUpdateHelper:
    """`x.at`: to be indexed like `x`."""

    __slots__ = ("array",)

    def __init__(self, array: Value) -> None:
        self.array = array

    def __getitem__(self, index: Any) -> IndexUpdateRef:
        return IndexUpdateRef(self.array, index)

    def __repr__(self) -> str:
        return f"IndexUpdateHelper({self.array!r})"


class IndexUpdateRef:
    """`x.at[index]`: its methods give a new array, in which the elements at `index` are changed.

    Where an index names a place twice, `add`, `multiply`, `min` and `max` take all values into account; of
    those of `set`, one wins. Places out of bounds are left out, unless `mode` is "clip". `mode` is one of
    "fill" or "drop", "clip", and "promise_in_bounds". The other options are promises that may save time.
    """

    __slots__ = ("array", "index")

    def __init__(self, array: Value, index: Any) -> None:
        self.array = array
        self.index = index

    def __repr__(self) -> str:
        return f"IndexUpdateRef({self.array!r}, {self.index!r})"

    def get(
        self,
        *,
        mode: Any = None,
        fill_value: Any = None,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        wrap_negative_indices: bool = True,
        out_sharding: Any = None,
    ) -> Any:
        """`x[index]`. Out of bounds: clamped; with mode "fill", `fill_value` (nan, or an extreme int)."""
        _no_sharding(out_sharding)
        options = Options(
            mode,
            bool(indices_are_sorted),
            bool(unique_indices),
            bool(wrap_negative_indices),
            _number(fill_value),
        )
        return getitem(self.array, self.index, options)

    def set(self, values: Any, **options: Any) -> Any:
        """`x[index] = values`."""
        return update("scatter", self.array, self.index, values, _options(**options))

    def add(self, values: Any, **options: Any) -> Any:
        """`x[index] += values`."""
        return update("scatter_add", self.array, self.index, values, _options(**options))

    def subtract(self, values: Any, **options: Any) -> Any:
        """`x[index] -= values`."""
        return update("scatter_sub", self.array, self.index, values, _options(**options))

    def multiply(self, values: Any, **options: Any) -> Any:
        """`x[index] *= values`."""
        return update("scatter_mul", self.array, self.index, values, _options(**options))

    mul = multiply

    def divide(self, values: Any, **options: Any) -> Any:
        """`x[index] /= values`; integers become floats."""
        from weft import numpy

        return numpy.true_divide(self.array, self._product(values, options))

    def power(self, values: Any, **options: Any) -> Any:
        """`x[index] **= values`."""
        from weft import numpy

        return numpy.power(self.array, self._product(values, options))

    def min(self, values: Any, **options: Any) -> Any:
        """`x[index] = minimum(x[index], values)`."""
        return update("scatter_min", self.array, self.index, values, _options(**options))

    def max(self, values: Any, **options: Any) -> Any:
        """`x[index] = maximum(x[index], values)`."""
        return update("scatter_max", self.array, self.index, values, _options(**options))

    def apply(self, func: Callable[[Any], Any], **options: Any) -> Any:
        """`x[index] = func(x[index])`, once for each time that a place is named."""
        from weft._indexing.apply import apply

        return apply(self.array, self.index, func, _options(**options))

    def _product(self, values: Any, options: dict[str, Any]) -> Any:
        """Ones with the values multiplied in: what all of x is divided by or raised to."""
        from weft import numpy

        return IndexUpdateRef(numpy.ones_like(self.array), self.index).multiply(values, **options)


def _options(
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Any = None,
    out_sharding: Any = None,
    wrap_negative_indices: bool = True,
) -> Options:
    _no_sharding(out_sharding)
    return Options(mode, bool(indices_are_sorted), bool(unique_indices), bool(wrap_negative_indices))


def _no_sharding(out_sharding: Any) -> None:
    if out_sharding is not None:
        raise NotImplementedError("out_sharding is not supported")


def _number(x: Any) -> Any:
    return x if x is None or isinstance(x, (bool, int, float, complex)) else x.item()
