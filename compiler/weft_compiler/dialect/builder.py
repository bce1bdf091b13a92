"""Creating ops: the builder that rules and tracers write to, and the values they get."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from weft_compiler.attributes import SPLATS, elements
from weft_compiler.avals import Aval, Dtype
from weft_compiler.bindings import ir
from weft_compiler.dialect.op import REGISTRY, Linear, Op, Plan
from weft_compiler.dialect.registry import import_op_of, method_name
from weft_compiler.symbolic import DimExpr

if TYPE_CHECKING:
    from weft_compiler.module import Module

__all__ = ["Builder", "Linear", "Step", "Val"]

create = ir.Operation.create


class Val:
    """A value of the IR with its aval at hand."""

    __slots__ = ("aval", "ir")

    def __init__(self, value: ir.Value, aval: Aval) -> None:
        self.ir = value
        self.aval = aval

    @property
    def shape(self) -> tuple[int, ...]:
        return self.aval.shape

    @property
    def dtype(self) -> Dtype:
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        return self.aval.ndim

    def __repr__(self) -> str:
        return f"Val({self.aval})"


class Step(NamedTuple):
    """One op of a body, as passes read it."""

    op: ir.Operation
    inst: Op
    operands: Sequence[Val]
    results: Sequence[Val]
    loc: ir.Location
    plan: Plan


step_of = functools.partial(tuple.__new__, Step)
"""`Step(*fields)` from a tuple of the fields, where time counts."""


class Builder:
    """Appends ops at an insertion point. Every op has a method: `b.sin(x)`, `b.reduce_sum(x, axes=(0,))`.

    Operands are `Val`s; beside one, an elementwise op also takes a Python number, which becomes a constant
    of that operand's type.
    """

    val: ClassVar[type[Val]] = Val
    """What results are made as."""

    def __init__(
        self, module: "Module", ip: ir.InsertionPoint, loc: ir.Location, steps: list[Step] | None = None
    ) -> None:
        self.module = module
        self.ip = ip
        self.loc = loc
        self.steps = steps
        """Where each op is noted as it is made, so that the next pass need not read it back from the IR."""
        self._constants: dict[Any, Val] = {}

    def follow(self, earlier: "Builder") -> None:
        """Uses the constants of a builder that has written before in the same block."""
        self._constants = earlier._constants

    def emit(self, inst: Op, operands: Sequence[Any]) -> Any:
        """Appends one op; its result as a Val, or a tuple of them where the op has not exactly one."""
        try:
            avals = tuple([v.aval for v in operands])
        except AttributeError:
            operands = self._with_constants(operands)
            avals = tuple([v.aval for v in operands])
        plan = inst.plans.get(avals)
        if plan is None:
            plan = self.plan(inst, avals)
        return self.create(inst, plan, operands)

    def plan(self, inst: Op, avals: tuple[Aval, ...]) -> Plan:
        """Result types of an op on operands of these avals."""
        return self.module.plan(inst, avals) if inst.callee_attrs else inst.plan(avals)

    def create(self, inst: Op, plan: Plan, operands: Sequence[Val]) -> Any:
        """Appends an op of known result types."""
        loc = self.loc
        made = create(inst.ir_name, plan.types, [v.ir for v in operands], inst.attrs, None, 0, loc, self.ip)
        if plan.single is not None:
            result = self.val(made.result, plan.single)
            if self.steps is not None:
                self.steps.append(step_of((made, inst, operands, (result,), loc, plan)))
            return result
        results = tuple([self.val(r, a) for r, a in zip(made.results, plan.avals, strict=True)])
        if self.steps is not None:
            self.steps.append(step_of((made, inst, operands, results, loc, plan)))
        return results

    def copy(self, step: Step, operands: Sequence[Val]) -> tuple[Val, ...]:
        """Appends the op of a step on other operands of the same types; a tuple of its results."""
        _, inst, _, _, loc, plan = step
        made = create(inst.ir_name, plan.types, [v.ir for v in operands], inst.attrs, None, 0, loc, self.ip)
        results: tuple[Val, ...]
        if plan.single is not None:
            results = (Val(made.result, plan.single),)
            if not operands:
                self._constants.setdefault(inst, results[0])
        else:
            results = tuple([Val(r, a) for r, a in zip(made.results, plan.avals, strict=True)])
        if self.steps is not None:
            self.steps.append(step_of((made, inst, operands, results, loc, plan)))
        return results

    def _with_constants(self, operands: Sequence[Any]) -> list[Val]:
        like = next((v.aval for v in operands if hasattr(v, "aval")), None)
        if like is None:
            raise TypeError("an op needs at least one operand that is a value of the IR")
        return [v if hasattr(v, "aval") else self.full(like, v) for v in operands]

    def full(self, aval: Aval, value: Any) -> Val:
        """A constant of `aval` with every element equal to the number `value`."""
        kind = type(value)
        if kind is DimExpr:
            scalar = self.dimension(size=value, dtype=aval.dtype)
            return self.broadcast_in_dim(scalar, shape=aval.shape, dims=()) if aval.shape else scalar
        # Not for the float 0.0, which is equal to -0.0.
        inst = _FULL.get((aval, kind, value)) if kind is int or (kind is float and value) else None
        if inst is not None:
            found = self._constants.get(inst)
            if found is None:
                found = self._constants[inst] = self.emit(inst, ())
            return found
        if aval.kind == "c":
            real = Aval.of(aval.shape, _REAL_PART[aval.dtype.name])
            return self.emit(
                REGISTRY["weft.complex"].of(),
                (self.full(real, np.real(value)), self.full(real, np.imag(value))),
            )
        scalar = np.asarray(value).astype(aval.dtype)  # type: ignore[arg-type] # keys are no constants
        inst = REGISTRY["weft.constant"].of(value=SPLATS.encode(aval, scalar))
        if kind is int or (kind is float and value):
            _FULL[aval, kind, value] = inst
        found = self._constants.get(inst)
        if found is None:
            found = self._constants[inst] = self.emit(inst, ())
        return found

    def zeros(self, aval: Aval) -> Val:
        """A constant of zeros."""
        return self.full(aval, 0)

    def constant(self, array: np.ndarray) -> Val:
        """A small array as a constant (it stays in the context for good: pass large ones as arguments)."""
        array = np.asarray(array)
        if array.dtype.kind == "c":
            return self.emit(
                REGISTRY["weft.complex"].of(), (self.constant(array.real), self.constant(array.imag))
            )
        return self.emit(REGISTRY["weft.constant"].of(value=elements(array)), ())

    def call(self, fn: str, operands: Sequence[Val]) -> tuple[Val, ...]:
        """A call of a function of the module."""
        return self.emit(REGISTRY["func.call"].of(callee=fn), operands)

    def __getattr__(self, name: str) -> Any:
        """The method of an op whose family is not imported yet, see add_methods."""
        if import_op_of(name):
            return getattr(self, name)
        raise AttributeError(f"there is no op {name}")


_FULL: dict[tuple[Aval, type, Any], Op] = {}
"""The constants of Python numbers that have been asked for."""
_REAL_PART: dict[str, Dtype] = {"complex64": np.dtype(np.float32), "complex128": np.dtype(np.float64)}


def add_methods() -> None:
    """Gives `Builder` one method for each op that is imported and has none yet."""
    for cls in REGISTRY.imported():
        name = method_name(cls.name)
        if name not in Builder.__dict__:
            setattr(Builder, name, _method(cls))


def _method(cls: type[Op]) -> Any:
    if cls._single is not None:
        inst = cls._single

        def plain(self: Builder, *operands: Any) -> Any:
            return self.emit(inst, operands)

        return plain

    def with_attrs(self: Builder, *operands: Any, **attrs: Any) -> Any:
        return self.emit(cls.of(**attrs), operands)

    return with_attrs
