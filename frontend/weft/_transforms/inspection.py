"""Looking at what a function becomes: `make_ir`, `eval_shape`, `typeof`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.values import as_value
from weft._transforms.grad import check_callable
from weft._transforms.jit import JitFunction
from weft_compiler.module import Module


class Ir:
    """A traced function in the weft dialect. `str` is MLIR text that `weft-opt` reads."""

    def __init__(self, module: Module, text: str, in_types: Sequence[Any], out_types: Sequence[Any]) -> None:
        self.module = module
        self._text = text
        self.in_avals = [aval for aval, _ in in_types]
        self.out_avals = [aval for aval, _ in out_types]

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def make_ir(
    fun: Callable[..., Any],
    static_argnums: int | Sequence[int] = (),
    axis_env: Any = None,
    return_shape: bool = False,
) -> Callable[..., Any]:
    """A function that traces `fun` for the given arguments and returns its IR in the weft dialect.

    The arguments may be arrays or anything with shape and dtype. Requests (`weftn.vjp`, …) are shown as the
    program made them; `weft-opt --passes=weft-expand-transforms` resolves them.
    """
    check_callable(fun, "make_ir")

    @functools.wraps(fun)
    def traced(*args: Any, **kwargs: Any) -> Any:
        stage = JitFunction(fun, static_argnums=static_argnums).trace(*args, **kwargs)
        traced = stage._traced
        made = Ir(traced.module, stage.ir, traced.in_types, traced.out_types)
        return (made, stage.out_info) if return_shape else made

    return traced


make_jaxpr = make_ir
"""`make_ir` under the name that users of JAX know."""


def eval_shape(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Shapes and dtypes of `fun(*args, **kwargs)`, without computing it."""
    check_callable(fun, "eval_shape")
    function = fun if isinstance(fun, JitFunction) else JitFunction(fun)
    return function.trace(*args, **kwargs).out_info


def typeof(x: Any) -> Any:
    """Shape and dtype of a value, as `f32[8,4]`."""
    made = as_value(x)
    return made.aval
