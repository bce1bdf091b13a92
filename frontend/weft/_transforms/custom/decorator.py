"""What `custom_jvp`, `custom_vjp` and `custom_vmap` share: a function that looks like the one it was made from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.staging import Traced, trace_function
from weft._tracing.trace import STATE
from weft._transforms.custom.arguments import Arguments, by_position, called, positions
from weft._transforms.custom.enclosing import begin_rule
from weft._transforms.forward import set_weak


class Decorated:
    """A function with a rule of its own. Without a trace around, calling it calls the function."""

    kind = ""
    """The decorator, as messages name it."""

    def __init__(
        self, fun: Callable[..., Any], nondiff_argnums: Any = (), nondiff_argnames: Any = ()
    ) -> None:
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.nondiff_argnums = positions(fun, nondiff_argnums, nondiff_argnames)

    def __getattr__(self, name: str) -> Any:
        # So that decorators can be stacked: each finds its own `def...` method on the outermost.
        if name.startswith("def") and "fun" in self.__dict__:
            return getattr(self.fun, name)
        raise AttributeError(f"{type(self).__name__} object has no attribute {name!r}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check_rule()
        args = by_position(self.kind, self.fun, args, kwargs)
        return self.fun(*args) if STATE.trace is None else self._traced_call(args)

    def _check_rule(self) -> None:
        """AttributeError while there is no rule."""
        raise NotImplementedError

    def _traced_call(self, args: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def _arguments(self, args: tuple[Any, ...]) -> Arguments:
        return Arguments(self.kind, self.fun, args, self.nondiff_argnums)

    def _primal(self, given: Arguments, staged: bool) -> Traced:
        """The function itself, traced."""

        def call(tracers: list[Any]) -> Any:
            begin_rule(None)
            return self.fun(*given.joined(tracers))

        outers = None if staged else given.leaves
        return trace_function(call, given.types, kind=self.kind, fun=self.fun, staged=staged, outers=outers)

    def _emit(self, inst: Any, operands: Sequence[Any], traced: Traced) -> Any:
        """Writes the op, and gives its results the structure that the function's have."""
        trace = STATE.trace
        assert trace is not None
        outs = trace.emit(inst, operands)
        set_weak(outs, traced.out_types)
        return traced.out_tree.unflatten(outs)

    def __repr__(self) -> str:
        return f"<{self.kind} {getattr(self.fun, '__qualname__', self.fun)!s}>"

    __name__: str


def name_of(what: str, rule: Any, fun: Any) -> str:
    """A rule of a function, as messages name it."""
    return f"{what} {called(rule)} for function {called(fun)}"
