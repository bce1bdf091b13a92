"""Looking at what a function becomes: `make_ir`, `eval_shape`, `typeof`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft import dtypes
from weft._tracing.values import as_value
from weft._transforms.grad import check_callable
from weft._transforms.jit import JitFunction
from weft._transforms.stages import ShapeDtypeStruct
from weft_compiler.avals import Aval
from weft_compiler.module import Module
from weft_runtime import Spec, default_sharding, pytree


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


class Placeholder:
    """An argument of which only the type is known; it stands where an array would."""

    __slots__ = ("spec",)

    def __init__(self, struct: Any) -> None:
        dtype = struct.dtype if dtypes.is_extended(struct.dtype) else dtypes.dtype(struct)
        self.spec = Spec(
            tuple(struct.shape), dtype, default_sharding(), bool(getattr(struct, "weak_type", False))
        )

    @property
    def weak_type(self) -> bool:
        """Whether the dtype gives way to another."""
        return self.spec.weak_type

    @property
    def aval(self) -> Aval:
        """Shape and dtype."""
        return Aval.of(self.spec.shape, self.spec.dtype)  # type: ignore[arg-type]  # as in aval_of_array


def placeholder(x: Any) -> Any:
    """Arrays and numbers as they are; what only has a shape and a dtype as a `Placeholder`."""
    if isinstance(x, ShapeDtypeStruct) or (
        hasattr(x, "shape") and hasattr(x, "dtype") and not hasattr(x, "__array__") and not hasattr(x, "spec")
    ):
        return Placeholder(x)
    return x


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
        stage = _stage(JitFunction(fun, static_argnums=static_argnums), args, kwargs)
        traced = stage._traced
        made = Ir(traced.module, stage.ir, traced.in_types, traced.out_types)
        return (made, stage.out_info) if return_shape else made

    return traced


make_jaxpr = make_ir
"""`make_ir` under the name that users of JAX know."""


def _stage(function: JitFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    leaves, tree = pytree.flatten((args, kwargs))
    args, kwargs = tree.unflatten([placeholder(x) for x in leaves])
    return function.trace(*args, **kwargs)


def eval_shape(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Shapes and dtypes of `fun(*args, **kwargs)`, without computing it."""
    check_callable(fun, "eval_shape")
    function = fun if isinstance(fun, JitFunction) else JitFunction(fun)
    return _stage(function, args, kwargs).out_info


def typeof(x: Any) -> Any:
    """Shape and dtype of a value, as `f32[8,4]`."""
    made = as_value(x)
    return made.aval
