"""NumPy's `ufunc`: an elementwise function that also reduces, accumulates and forms outer products."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from weft.numpy._elementwise import Binary, Unary


class ufunc:
    """An elementwise function of `nin` arrays with `nout` results.

    `call` applies it to arrays; without it `func`, which takes scalars, is mapped over their elements.
    `reduce`, `accumulate`, `at` and `reduceat` are quicker forms of the methods, where there are any.
    """

    __name__: str
    __qualname__: str
    nin: int
    nout: int
    identity: Any

    def __init__(
        self,
        func: Callable[..., Any],
        /,
        nin: int,
        nout: int,
        *,
        name: str | None = None,
        nargs: int | None = None,
        identity: Any = None,
        call: Callable[..., Any] | None = None,
        reduce: Callable[..., Any] | None = None,
        accumulate: Callable[..., Any] | None = None,
        at: Callable[..., Any] | None = None,
        reduceat: Callable[..., Any] | None = None,
    ) -> None:
        self.__name__ = str(name or getattr(func, "__name__", "ufunc"))
        self.__qualname__ = self.__name__
        self.__doc__ = func.__doc__
        self.nin, self.nout, self.identity = nin, nout, identity
        self._func = func
        self._call = call
        self._quick_methods = {"reduce": reduce, "accumulate": accumulate, "at": at, "reduceat": reduceat}

    @property
    def nargs(self) -> int:
        """Number of operands, results included as NumPy counts them."""
        return self.nin

    def __call__(self, *args: Any, out: Any = None, where: Any = None) -> Any:
        check_out_and_where(self, out, where)
        if len(args) != self.nin:
            raise TypeError(f"{self!r} takes {self.nin} arguments, got {len(args)}")
        return self._elementwise()(*args)

    def _elementwise(self) -> Callable[..., Any]:
        if self._call is None:
            from weft.numpy.vectorizing import vectorize

            self._call = vectorize(self._func)
        return self._call

    # What a ufunc does beside being called; the long ways are in `ufunc_methods`.

    def reduce(
        self,
        a: Any,
        axis: int | None = 0,
        dtype: Any = None,
        out: None = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = None,
    ) -> Any:
        """All elements along an axis combined, from the first on."""
        from weft.numpy import ufunc_methods

        return ufunc_methods.reduce(self, a, axis, dtype, out, keepdims, initial, where)

    def accumulate(self, a: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
        """The combinations of the elements so far along an axis."""
        from weft.numpy import ufunc_methods

        return ufunc_methods.accumulate(self, a, axis, dtype, out)

    def at(self, a: Any, indices: Any, b: Any = None, *, inplace: bool = True) -> Any:
        """The array with elements replaced by their combination with `b`."""
        from weft.numpy import ufunc_methods

        return ufunc_methods.at(self, a, indices, b, inplace)

    def reduceat(self, a: Any, indices: Any, axis: int = 0, dtype: Any = None, out: None = None) -> Any:
        """Combinations of the elements from each index up to the next."""
        from weft.numpy import ufunc_methods

        return ufunc_methods.reduceat(self, a, indices, axis, dtype, out)

    def outer(self, A: Any, B: Any, /) -> Any:
        """Every element of A combined with every one of B."""
        from weft.numpy import ufunc_methods

        return ufunc_methods.outer(self, A, B)

    def __repr__(self) -> str:
        return f"<weft.numpy.ufunc '{self.__name__}'>"


def check_out_and_where(function: Any, out: Any, where: Any) -> None:
    """Fails where NumPy's `out` or `where` is given."""
    if out is not None:
        raise NotImplementedError(f"out argument of {function!r} is not supported: arrays are immutable")
    if where is not None:
        raise NotImplementedError(f"where argument of {function!r}; try weft.numpy.where(mask, f(x), x)")


def _signature_of_call(cls: type) -> inspect.Signature:
    signature = inspect.signature(cls.__call__)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


class BinaryUfunc(Binary, ufunc):
    """A ufunc of two arrays that is one op."""

    def __init__(self, fun: Callable[[Any, Any], Any], identity: Any) -> None:
        Binary.__init__(self, fun)
        self.__signature__ = _signature_of_call(BinaryUfunc)
        self.nin, self.nout, self.identity = 2, 1, identity
        self._func = self._call = self
        self._quick_methods = {}

    def __call__(  # type: ignore[override]
        self, x: Any, y: Any, /, out: Any = None, where: Any = None
    ) -> Any:
        if out is not None or where is not None:
            check_out_and_where(self, out, where)
        return Binary.__call__(self, x, y)

    __repr__ = ufunc.__repr__


class UnaryUfunc(Unary, ufunc):
    """A ufunc of one array that is one op."""

    def __init__(self, fun: Callable[[Any], Any]) -> None:
        Unary.__init__(self, fun)
        self.__signature__ = _signature_of_call(UnaryUfunc)
        self.nin, self.nout, self.identity = 1, 1, None
        self._func = self._call = self
        self._quick_methods = {}

    def __call__(self, x: Any, /, out: Any = None, where: Any = None) -> Any:  # type: ignore[override]
        if out is not None or where is not None:
            check_out_and_where(self, out, where)
        return Unary.__call__(self, x)

    __repr__ = ufunc.__repr__


def binary_ufunc(identity: Any = None) -> Callable[[Callable[[Any, Any], Any]], BinaryUfunc]:
    """Makes a ufunc of a function of two arrays."""
    return lambda fun: BinaryUfunc(fun, identity)


def unary_ufunc(fun: Callable[[Any], Any]) -> UnaryUfunc:
    """Makes a ufunc of a function of one array."""
    return UnaryUfunc(fun)
