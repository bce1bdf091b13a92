"""Calls of exported functions: at once by the runtime, or as an op of the function that is being traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind, op_class
from weft._tracing.operands import with_weak_type
from weft._tracing.trace import STATE
from weft._tracing.values import as_value
from weft._transforms.custom.custom_vjp import custom_vjp
from weft._tree.structure import mismatches
from weft.export import symbolic
from weft_compiler.avals import Aval
from weft_runtime import default_sharding, pytree
from weft_runtime.program import FLOAT0, ValueType

if TYPE_CHECKING:
    from weft.export.exported import Exported


def call(exported: Exported, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Results of an exported function."""
    leaves, tree = pytree.flatten((args, kwargs))
    if tree != exported.in_tree:
        found = "".join(
            f"\n  {m.where}exported with {m.first}, called with {m.second}"
            for m in mismatches(exported.in_tree, tree)
        )
        raise ValueError(f"{exported.fun_name}: the arguments do not have the structure of the export{found}")
    if STATE.trace is None:
        return exported.out_tree.unflatten(exported._loaded.flat(leaves))
    types = exported._program.in_types
    values = [
        _checked(exported, i, as_value(x), types[i]) for i, x in enumerate(leaves) if types[i].is_passed
    ]
    env = symbolic.env_of(exported, [x.shape for x in values])
    made = iter(_differentiable(exported, leaves)(*values))
    outs = [
        next(made) if t.is_passed else np.zeros(symbolic.shape_at(t.shape, env), dtypes.float0)
        for t in exported._program.out_types
    ]
    return exported.out_tree.unflatten(outs)


def _differentiable(exported: Exported, all_leaves: Sequence[Any]) -> Any:
    """The call on the leaves that are passed, with the exported derivative as its own."""
    in_types, out_types = exported._program.in_types, exported._program.out_types
    call_passed = custom_vjp(lambda *values: _emit(exported, values))

    def forward(*values: Any) -> tuple[Any, Any]:
        exported.vjp()  # says why there is none
        return call_passed(*values), values

    def backward(values: Any, cts: Any) -> tuple[Any, ...]:
        leaves = _merged(in_types, values, all_leaves)
        zeros = [np.zeros((), dtypes.float0)] * len(out_types)  # nobody looks at leaves of type float0
        made = call(exported.vjp(), (*leaves, *_merged(out_types, cts, zeros)), {})
        given = zip(made, in_types, strict=True)
        return tuple(ct if getattr(ct, "dtype", None) != FLOAT0 else None for ct, t in given if t.is_passed)

    call_passed.defvjp(forward, backward)
    return call_passed


def _merged(types: Sequence[ValueType], passed: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    given = iter(passed)
    return [next(given) if t.is_passed else x for t, x in zip(types, others, strict=True)]


def _emit(exported: Exported, passed: Sequence[Any]) -> list[Any]:
    """The call as an op."""
    program = exported._program
    env = symbolic.env_of(exported, [x.shape for x in passed])
    outs = [t for t in program.out_types if t.is_passed]
    inst = op_class("call_exported").of(
        code=symbolic.code_at(program, env),
        fun=exported.fun_name,
        outputs=tuple(Aval.of(symbolic.shape_at(t.shape, env), t.dtype) for t in outs),
    )
    constants = exported._loaded.constants(default_sharding())
    return [
        with_weak_type(x, t.weak_type)
        for x, t in zip(bind(inst, *passed, *constants, weak_type=False), outs, strict=True)
    ]


def _checked(exported: Exported, position: int, x: Any, kind: ValueType) -> Any:
    where = exported._loaded._where(position)
    if x.dtype != kind.dtype:
        raise ValueError(f"{exported.fun_name}: {where} must be {kind}, but has dtype {x.dtype.name}")
    fits = len(x.shape) == len(kind.shape) and all(
        n == m for n, m in zip(x.shape, kind.shape, strict=True) if isinstance(m, int)
    )
    if not fits:
        raise ValueError(
            f"{exported.fun_name}: {where} must be {kind}, but has shape [{','.join(map(str, x.shape))}]"
        )
    return x
