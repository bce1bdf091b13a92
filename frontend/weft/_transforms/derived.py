"""Functions that hold residuals: what `linearize` and `vjp` return. They are pytrees with the residuals as leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import InType
from weft._tracing.trace import STATE
from weft_compiler.module import Module
from weft_runtime import pytree


class DerivedFunction:
    """`fn` of `module` applied to what the call is given, and to residuals."""

    def __init__(
        self,
        module: Module,
        fn: str,
        residuals: Sequence[Any],
        in_tree: Any,
        in_types: Sequence[InType],
        out_tree: Any,
        out_types: Sequence[InType],
        has_aux: bool,
    ) -> None:
        self.module, self.fn, self.residuals = module, fn, list(residuals)
        self.in_tree, self.in_types = in_tree, in_types
        self.out_tree, self.out_types, self.has_aux = out_tree, out_types, has_aux

    def __init_subclass__(cls) -> None:
        pytree.register_node(cls, lambda f: (f.residuals, f), cls._from_tree)

    @classmethod
    def _from_tree(cls, like: DerivedFunction, residuals: Any) -> DerivedFunction:
        made = object.__new__(cls)
        made.__dict__.update(like.__dict__, residuals=list(residuals))
        return made

    def call_function(self, fn: str, operands: Sequence[Any]) -> Sequence[Any]:
        """Calls a function of `self.module` from the current trace."""
        trace = STATE.trace
        assert trace is not None
        if self.module is not trace.module:
            key = (id(self.module), fn)
            name = trace.root.imported.get(key)
            if name is None:
                name = trace.root.imported[key] = trace.module.import_from(self.module, fn)
                trace.root.imported[("keep", id(self.module))] = self.module  # so that the id stays its own
            fn = name
        return trace.emit(op_class("call").of(callee=fn), operands)

    # As the static part of a pytree: the same computation on residuals of the same kind.

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DerivedFunction)
            and type(self) is type(other)
            and (self.module, self.fn) == (other.module, other.fn)
        )

    def __hash__(self) -> int:
        return hash((id(self.module), self.fn))
