"""Exported functions: what `export` makes and `deserialize` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from weft._transforms.argument_types import ShapeDtypeStruct
from weft.export.checks import DisabledSafetyCheck
from weft_compiler import portable
from weft_runtime import Loaded, pytree
from weft_runtime.program import CALLING_CONVENTION, Program, ValueType, read

minimum_supported_calling_convention_version = 1
maximum_supported_calling_convention_version = CALLING_CONVENTION


@dataclass(frozen=True, eq=False)
class Exported:
    """A function in StableHLO, with the types of its arguments and results.

    Shapes may hold dimension expressions. Fields whose names begin with `_` may change.
    """

    fun_name: str
    in_tree: pytree.PyTreeDef
    """Structure of (args, kwargs)."""
    in_avals: tuple[ShapeDtypeStruct, ...]
    """Types of the leaves of the arguments."""
    out_tree: pytree.PyTreeDef
    out_avals: tuple[ShapeDtypeStruct, ...]
    _has_named_shardings: bool
    _in_named_shardings: tuple[Any, ...]
    _out_named_shardings: tuple[Any, ...]
    in_shardings_hlo: tuple[Any, ...]
    """None for each argument: a program runs where its arguments are."""
    out_shardings_hlo: tuple[Any, ...]
    nr_devices: int
    platforms: tuple[str, ...]
    ordered_effects: tuple[Any, ...]
    unordered_effects: tuple[Any, ...]
    disabled_safety_checks: tuple[DisabledSafetyCheck, ...]
    mlir_module_serialized: bytes
    """A portable StableHLO artifact; with dimension variables, StableHLO text with sizes in ⟦ ⟧."""
    calling_convention_version: int
    module_kept_var_idx: tuple[int, ...]
    """Positions of the leaves that the module takes: all but those of type float0."""
    uses_global_constants: bool
    """Whether sizes are known at the call only."""
    _get_vjp: Callable[[Exported], Exported] | None
    _program: Program = field(repr=False)
    _loaded: Loaded = field(repr=False)

    @staticmethod
    def _of(
        program: Program,
        in_avals: Sequence[ShapeDtypeStruct],
        out_avals: Sequence[ShapeDtypeStruct],
        get_vjp: Callable[[Exported], Exported] | None,
    ) -> Exported:
        assert program.in_tree is not None and program.out_tree is not None, "it was read with its trees"
        ins, outs = len(in_avals), len(out_avals)
        return Exported(
            fun_name=program.name,
            in_tree=program.in_tree,
            in_avals=tuple(in_avals),
            out_tree=program.out_tree,
            out_avals=tuple(out_avals),
            _has_named_shardings=False,
            _in_named_shardings=(None,) * ins,
            _out_named_shardings=(None,) * outs,
            in_shardings_hlo=(None,) * ins,
            out_shardings_hlo=(None,) * outs,
            nr_devices=program.devices,
            platforms=program.platforms,
            ordered_effects=(),
            unordered_effects=(),
            disabled_safety_checks=tuple(map(DisabledSafetyCheck, program.disabled_checks)),
            mlir_module_serialized=program.code,
            calling_convention_version=CALLING_CONVENTION,
            module_kept_var_idx=tuple(i for i, t in enumerate(program.in_types) if t.is_passed),
            uses_global_constants=program.is_template,
            _get_vjp=get_vjp,
            _program=program,
            _loaded=Loaded(program),
        )

    def mlir_module(self, serialized: bool = True) -> Any:
        """The StableHLO module: its text, or with `serialized=False` an MLIR module.

        Raises: ValueError for an MLIR module whose sizes are known at the call only.
        """
        if self._program.is_template:
            if not serialized:
                raise ValueError(
                    f"{self.fun_name} has sizes that are known at the call only; its module is a text"
                )
            return self.mlir_module_serialized.decode()
        module = portable.read_artifact(self.mlir_module_serialized)
        return module.text() if serialized else module.ir

    def in_shardings_jax(self, mesh: Any) -> tuple[Any, ...]:
        """Where each argument must be: None, as it may be anywhere."""
        return self.in_shardings_hlo

    def out_shardings_jax(self, mesh: Any) -> tuple[Any, ...]:
        """Where each result is: None, as the arguments and the program decide it."""
        return self.out_shardings_hlo

    def has_vjp(self) -> bool:
        """Whether its derivative is at hand."""
        return self._get_vjp is not None

    def vjp(self) -> Exported:
        """The derivative: takes the leaves of the arguments, then a cotangent for each leaf of the result.

        It returns a tuple of cotangents of the leaves of the arguments; those of integers are of type float0.

        Raises: ValueError if the function was serialized without it.
        """
        if self._get_vjp is None:
            raise ValueError(f"no VJP is available: {self.fun_name} was serialized with a smaller vjp_order")
        return self._get_vjp(self)

    def serialize(self, vjp_order: int = 0) -> bytearray:
        """The function as bytes, for `deserialize` and `weft_runtime.load`, with its derivatives up to an order.

        Raises: ValueError or TypeError for containers of arguments or results that cannot be written.
        """
        from weft import __version__

        return bytearray(with_derivatives(self, vjp_order).to_bytes(vjp_order, writer=__version__))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function, from Python or from another function of weft; grad goes through it.

        Raises: ValueError for arguments of other types than it was exported for, or on another platform.
        """
        from weft.export.calling import call

        return call(self, args, kwargs)

    def __str__(self) -> str:
        return f"Exported(fun_name={self.fun_name}, ...)"


def with_derivatives(exported: Exported, order: int) -> Program:
    """The program, with its derivatives up to an order at hand."""
    if order == 0:
        return exported._program
    from dataclasses import replace

    return replace(exported._program, vjp=with_derivatives(exported.vjp(), order - 1))


def deserialize(blob: bytes | bytearray | memoryview) -> Exported:
    """The function that `Exported.serialize` wrote.

    Raises: weft_runtime.ArtifactError for other or damaged bytes; ValueError for containers that are not
    registered in this process.
    """
    if not isinstance(blob, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"deserialize: expected bytes, got {type(blob).__name__}\n  try open(path, 'rb').read()"
        )
    program, _ = read(blob)
    return of_program(program)


def of_program(program: Program) -> Exported:
    """A program that was read, as it was exported."""
    from weft.export.symbolic import structs_of

    derivative = program.vjp
    get_vjp = None if derivative is None else lambda _: of_program(derivative)
    return Exported._of(program, *structs_of(program), get_vjp)


def value_type(struct: ShapeDtypeStruct, shape: Sequence[Any], donated: bool = False) -> ValueType:
    """The type of an argument or result as files have it; `shape` is that of `struct` in the form of files."""
    return ValueType(tuple(shape), struct.dtype, struct.weak_type, donated)
