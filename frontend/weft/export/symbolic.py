"""Programs for a family of shapes: how dimension expressions go to files and come back.

The program of a function that was traced with dimension variables is a text in which sizes stand as
⟦expression⟧; the runtime puts numbers there at the call.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft._tracing.bind import bind, op_class
from weft._tracing.trace import STATE
from weft._transforms.argument_types import ShapeDtypeStruct
from weft.dtypes import default_int
from weft.export.scopes import SymbolicScope
from weft_compiler import portable
from weft_compiler.module import Module
from weft_compiler.symbolic import (
    DimExpr,
    InconclusiveDimensionOperation,
    encoded,
    expressions_in,
    in_use,
    max_dim,
    min_dim,
)
from weft_compiler.symbolic.expression import Operation
from weft_runtime import stablehlo_version
from weft_runtime.program import Program, ValueType
from weft_runtime.sizes import MARK, Constraint, Operations, Size, solve

if TYPE_CHECKING:
    from weft.export.exported import Exported


def _value(dim: DimExpr) -> Any:
    """A size as a weakly typed integer of the program that is traced."""
    trace = STATE.trace
    if trace is None or not trace.staged:
        raise InconclusiveDimensionOperation(
            f"the size {dim} has a value in functions that are exported only; it was used outside of them"
        )
    inst = op_class("dimension").of(size=dim, dtype=default_int())
    return bind(inst, weak_type=True)


DimExpr.to_array = _value


# Going out


def scope_of(name: str, structs: Sequence[ShapeDtypeStruct]) -> SymbolicScope | None:
    """The scope of the dimension variables in shapes, None where there are none.

    Raises: ValueError where they are of several.
    """
    found: dict[Any, str] = {}
    for i, struct in enumerate(structs):
        for n in struct.shape:
            if isinstance(n, DimExpr):
                found.setdefault(n.scope, f"{struct} of leaf {i}")
    if len(found) > 1:
        listed = "\n".join(f"  {what}: {scope}" for scope, what in found.items())
        raise ValueError(
            f"Invalid mixing of symbolic scopes when exporting {name}:\n{listed}\n"
            "  try making all shapes with one scope=SymbolicScope(...)"
        )
    return next(iter(found), None)


def code_of(module: Module, scope: SymbolicScope | None) -> tuple[bytes, str]:
    """The program as files hold it, and the version of StableHLO that reads it."""
    if scope is None:
        return portable.artifact(module, _newest_reader())
    return expressions_in(portable.linked_text(module))[0].encode(), _newest_reader()


@functools.cache
def _newest_reader() -> str:
    return portable.common_version(stablehlo_version())


def file_size(dim: DimExpr) -> Size:
    """An expression as files hold it."""
    return Size(str(dim), _terms(dim))


def _terms(dim: Any) -> tuple[Any, ...]:
    if not isinstance(dim, DimExpr):
        return ((dim, ()),) if dim else ()
    return tuple((n, tuple((_atom(atom), power) for atom, power in factors)) for factors, n in dim.terms)


def _atom(atom: Any) -> Any:
    return (atom.name, _terms(atom.x), _terms(atom.y)) if isinstance(atom, Operation) else atom


def file_shape(shape: Sequence[Any]) -> tuple[Any, ...]:
    """A shape as files hold it."""
    return tuple(file_size(n) if isinstance(n, DimExpr) else n for n in shape)


def sizes_of(
    name: str, module: Module, ins: Sequence[ShapeDtypeStruct], outs: Sequence[ShapeDtypeStruct]
) -> dict[str, Size]:
    """All expressions of a program and of the types of its arguments and results, by their text.

    Raises: ValueError for dimension variables that are in no argument, or of several scopes.
    """
    if not in_use():
        return {}
    found = expressions_in(portable.linked_text(module))[1]
    for struct in (*ins, *outs):
        found.update({str(n): n for n in struct.shape if isinstance(n, DimExpr)})
    of_arguments = {n.scope: n.scope for struct in ins for n in struct.shape if isinstance(n, DimExpr)}
    sizes = {text: file_size(dim) for text, dim in found.items()}
    known = {
        v for struct in ins for n in file_shape(struct.shape) if isinstance(n, Size) for v in n.variables()
    }
    strange = [text for text, dim in found.items() if dim.scope not in of_arguments]
    strange += [text for text, size in sizes.items() if not size.variables() <= known]
    if strange:
        raise ValueError(
            f"{name} has sizes in dimension variables that are in no shape of its arguments: "
            f"{', '.join(dict.fromkeys(strange))}"
        )
    return sizes


def file_constraints(scope: SymbolicScope) -> tuple[Constraint, ...]:
    """The constraints of a scope as files hold them."""
    return tuple(
        Constraint(text, Size(text, _terms(difference)), is_equality)
        for text, difference, is_equality in scope.constraints
    )


# Coming back


def structs_of(program: Program) -> tuple[list[ShapeDtypeStruct], list[ShapeDtypeStruct]]:
    """Types of the leaves of the arguments and of the result, in a scope of their own."""
    scope = SymbolicScope([c.text for c in program.constraints])

    def struct(kind: ValueType) -> ShapeDtypeStruct:
        shape = [n if isinstance(n, int) else scope._parsed(n.text, n.text) for n in kind.shape]
        return ShapeDtypeStruct(shape, kind.dtype, weak_type=kind.weak_type)

    return list(map(struct, program.in_types)), list(map(struct, program.out_types))


# Calls from functions that are traced: sizes of the caller may be expressions too

_ON_SIZES: Operations = {
    "floordiv": lambda x, y: x // y,
    "mod": lambda x, y: x % y,
    "max": max_dim,
    "min": min_dim,
}


def env_of(exported: Exported, shapes: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The values of the dimension variables for arguments of these shapes, float0 left out.

    Raises: ValueError where there are none.
    """
    program = exported._program
    wanted = [
        (exported._loaded._where(i), kind.shape) for i, kind in enumerate(program.in_types) if kind.is_passed
    ]
    try:
        return solve(wanted, shapes, program.constraints, _ON_SIZES)
    except ValueError as error:
        raise ValueError(f"{exported.fun_name}: {error}") from None


def shape_at(shape: Sequence[Any], env: Mapping[str, Any]) -> tuple[Any, ...]:
    """A shape for these values of the dimension variables."""
    return tuple(n.evaluate(env, _ON_SIZES) if isinstance(n, Size) else n for n in shape)


@functools.cache
def _text(program: Program) -> str:
    return portable.read_artifact(program.code).text()


def code_at(program: Program, env: Mapping[str, Any]) -> str:
    """The StableHLO text of a program for these values of the dimension variables."""
    if not program.is_template:
        return _text(program)
    sizes = program.sizes
    return MARK.sub(lambda mark: str(encoded(sizes[mark[1]].evaluate(env, _ON_SIZES))), program.code.decode())
