"""`export`: from a jitted function to a program that other processes run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._transforms.argument_types import ShapeDtypeStruct, struct_of
from weft._transforms.jit import JitFunction
from weft._transforms.reverse import vjp
from weft._transforms.stages import Traced, Wrapped
from weft.config import config
from weft.export import symbolic
from weft.export.checks import DisabledSafetyCheck, check_calls, checked_platforms
from weft.export.exported import Exported, value_type
from weft_compiler import portable
from weft_compiler.lowering import tuned
from weft_runtime import pytree
from weft_runtime.loading import platform_of
from weft_runtime.program import FLOAT0, Constant, Program, physical
from weft_runtime.reading import read


def default_export_platform() -> str:
    """The platform that functions are exported for where none is named: that of the default device."""
    return platform_of(weft_runtime.default_sharding())


def export(
    fun_jit: Wrapped,
    *,
    platforms: Sequence[str] | None = None,
    disabled_checks: Sequence[DisabledSafetyCheck] = (),
    _override_lowering_rules: Sequence[Any] | None = None,
) -> Callable[..., Exported]:
    """A function that takes types of arguments (or arguments) and returns `fun_jit` exported for them.

    Shapes may hold dimension variables (`symbolic_shape`). The program runs on all of `platforms`, by default
    that of the default device.

    Raises: ValueError if `fun_jit` is not what `jit` returns. The function returned raises NotImplementedError
    for programs that call Python functions, and ValueError for custom calls that may not exist elsewhere.
    """
    if not isinstance(fun_jit, Wrapped):
        raise ValueError(
            f"export: expected a function made by jit, got {fun_jit!r:.80}\n  try export(jit(f))"
        )
    if _override_lowering_rules:
        raise ValueError("export: lowering rules cannot be replaced; they are methods of the ops")
    wanted = None if platforms is None else checked_platforms(platforms)

    def do_export(*args_specs: Any, **kwargs_specs: Any) -> Exported:
        traced = fun_jit.trace(*args_specs, **kwargs_specs)
        leaves = pytree.flatten(traced.args_info)[0]
        source = _Source(
            traced,
            [info._aval for info in leaves],
            [struct_of(*t) for t in traced._traced.out_types],
            traced.in_tree,
            traced.out_tree,
            traced.donate_argnums,
        )
        return _exported(source, wanted or (default_export_platform(),), tuple(disabled_checks))

    return do_export


@dataclass(frozen=True)
class _Source:
    """A traced function with all leaves of its arguments and results, also those of type float0.

    What was traced has the others only.
    """

    traced: Traced
    ins: Sequence[ShapeDtypeStruct]
    outs: Sequence[ShapeDtypeStruct]
    in_tree: pytree.PyTreeDef
    out_tree: pytree.PyTreeDef
    donated: Sequence[int] = ()


def _exported(
    source: _Source, platforms: tuple[str, ...], disabled: tuple[DisabledSafetyCheck, ...]
) -> Exported:
    traced = source.traced
    name = traced.fun_name
    lowering = traced._lowering((), platforms)  # calls of the program leave their arguments alone
    calls = portable.custom_calls(lowering.module)
    check_calls(name, calls, lowering.module.callbacks, platforms, disabled)
    scope = symbolic.scope_of(name, source.ins)
    sizes = symbolic.sizes_of(name, lowering.module, source.ins, source.outs)
    module = lowering.module
    if scope is None and len(platforms) == 1:
        module = tuned(module, platforms[0], without=config.disabled_passes)
    code, version = symbolic.code_of(module, scope)
    program = Program(
        name=name,
        platforms=platforms,
        in_types=tuple(
            value_type(s, symbolic.file_shape(s.shape), i in source.donated) for i, s in enumerate(source.ins)
        ),
        out_types=tuple(value_type(s, symbolic.file_shape(s.shape)) for s in source.outs),
        in_tree=source.in_tree,
        out_tree=source.out_tree,
        code=code,
        is_template=scope is not None,
        stablehlo_version=version,
        constants=tuple(map(_constant, lowering.traced.captures)),
        sizes=sizes,
        constraints=() if scope is None else symbolic.file_constraints(scope),
        disabled_checks=tuple(map(str, disabled)),
        devices=portable.device_count(lowering.module),
    )
    made: list[Exported] = []

    def derivative(_: Exported) -> Exported:
        if not made:
            made.append(_exported(_derivative(source), platforms, disabled))
        return made[0]

    return Exported._of(program, source.ins, source.outs, derivative)


def _constant(x: weft_runtime.Array) -> Constant:
    kind = value_type(ShapeDtypeStruct(x.shape, x.dtype, weak_type=x.weak_type), x.shape)
    shape, dtype = physical(kind)
    value = read(x._live(), x.spec)
    assert value.dtype == dtype and value.shape == shape, "arrays are read as they are stored"
    return Constant(kind, value)


def _has_slope(struct: ShapeDtypeStruct) -> bool:
    return struct.dtype != FLOAT0 and dtypes.issubdtype(struct.dtype, np.inexact)


def _cotangent(struct: ShapeDtypeStruct) -> ShapeDtypeStruct:
    dtype = struct.dtype if _has_slope(struct) else dtypes.float0
    return ShapeDtypeStruct(struct.shape, dtype)


def _derivative(source: _Source) -> _Source:
    """The function of (leaves of the arguments, cotangents of the leaves of the result)."""
    ins = [*source.ins, *map(_cotangent, source.outs)]
    outs = list(map(_cotangent, source.ins))
    count = sum(s.dtype != FLOAT0 for s in source.ins)
    sloped = [_has_slope(s) for s in source.ins if s.dtype != FLOAT0]

    def backward(*passed: Any) -> tuple[Any, ...]:
        primals, cts = passed[:count], passed[count:]

        def of_sloped(*xs: Any) -> list[Any]:
            given = iter(xs)
            leaves = [next(given) if has else x for x, has in zip(primals, sloped, strict=True)]
            args, kwargs = source.traced.in_tree.unflatten(leaves)
            made = pytree.flatten(source.traced(*args, **kwargs))[0]
            structs = [s for s in source.outs if s.dtype != FLOAT0]
            return [x for x, s in zip(made, structs, strict=True) if _has_slope(s)]

        _, pull = vjp(of_sloped, *(x for x, has in zip(primals, sloped, strict=True) if has))
        return pull(list(cts))

    backward.__name__ = f"{source.traced.fun_name}_vjp"
    traced = JitFunction(backward).trace(*(s for s in ins if s.dtype != FLOAT0))
    in_tree = pytree.flatten(((0,) * len(ins), {}))[1]
    out_tree = pytree.flatten((0,) * len(outs))[1]
    return _Source(traced, ins, outs, in_tree, out_tree)
