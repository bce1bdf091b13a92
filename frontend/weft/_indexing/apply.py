"""`x.at[index].apply(func)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._indexing.getitem import getitem
from weft._indexing.reading import Options
from weft._indexing.update import update


def apply(x: Any, index: Any, func: Callable[[Any], Any], options: Options) -> Any:
    """`x` with `func` of its elements at an index; applied again where the index names a place again.

    `func` is elementwise and keeps the dtype.
    """
    from weft import numpy

    if options.unique_indices or not _may_repeat(index):
        new = func(getitem(x, index, options._replace(mode=options.mode or "clip")))
        return update("scatter", x, index, numpy.asarray(new), options)
    counts = update("scatter_add", numpy.zeros(x.shape, numpy.int32), index, 1, options)
    return _repeated(x, counts, func)


def _may_repeat(index: Any) -> bool:
    items = index if type(index) is tuple else (index,)
    return any(getattr(i, "ndim", 0) or isinstance(i, (list, tuple)) for i in items)


def _repeated(x: Any, counts: Any, func: Callable[[Any], Any]) -> Any:
    from weft import lax, numpy

    def is_unfinished(state: tuple[Any, Any]) -> Any:
        return numpy.any(state[1] > 0)

    def once(state: tuple[Any, Any]) -> tuple[Any, Any]:
        x, counts = state
        new = numpy.asarray(func(x)).astype(x.dtype)
        return numpy.where(counts > 0, new, x), counts - 1

    return lax.while_loop(is_unfinished, once, (x, counts))[0]
