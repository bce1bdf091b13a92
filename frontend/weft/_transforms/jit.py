"""`jit`: a function traced and compiled once for each combination of argument types."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import weft_runtime
from weft._transforms.jit_function import JitFunction, clear_all
from weft._transforms.jit_shardings import with_shardings
from weft._transforms.signatures import resolve

__all__ = ["clear_all", "jit"]


def jit(
    fun: Callable[..., Any] | None = None,
    *,
    in_shardings: Any = None,
    out_shardings: Any = None,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    keep_unused: bool = False,
    device: Any = None,
    backend: str | None = None,
    inline: bool = False,
    compiler_options: dict[str, Any] | None = None,
) -> Any:
    """Compiles `fun`: it is traced once for each combination of argument types, then run by XLA.

    Static arguments are part of that combination by value: they may decide shapes and Python control flow, and
    must be hashable. The memory of donated arguments is reused for results; using them again is an error.
    `in_shardings` and `out_shardings`, trees that arguments and results begin with, say how these lie over devices.
    Without `fun`, a decorator.

    Raises: TypeError for arguments that are no arrays; ValueError for static arguments without a hash.
    """
    options: dict[str, Any] = dict(
        static_argnums=static_argnums,
        static_argnames=static_argnames,
        donate_argnums=donate_argnums,
        donate_argnames=donate_argnames,
        inline=inline,
        device=device,
        compiler_options=compiler_options,
    )
    if backend is not None:
        options["device"] = weft_runtime.devices(backend)[0]

    def make(f: Any) -> JitFunction:
        f, device = _checked(f), options["device"]
        if in_shardings is not None or out_shardings is not None:
            static = resolve(f, static_argnums, static_argnames, "static")[0]
            f, single = with_shardings(f, in_shardings, out_shardings, static)
            device = device or single
        return JitFunction(f, **{**options, "device": device})

    return make if fun is None else make(fun)


def _checked(fun: Any) -> Callable[..., Any]:
    if not callable(fun):
        raise TypeError(f"jit: expected a function, got {fun!r:.80} of type {type(fun).__name__}")
    if inspect.isgeneratorfunction(fun):
        raise TypeError(f"jit: expected a function, got a generator function: {fun!r:.80}; it has no results")
    return fun
