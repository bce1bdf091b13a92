"""A traced function on its way to XLA: StableHLO, its text, and what XLA says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weft._tracing.debug_checks import Checked, with_checks
from weft._tracing.staging import Traced
from weft.config import config
from weft_compiler import lowering
from weft_compiler.module import Module
from weft_compiler.symbolic import expressions_in
from weft_runtime import hlo


class Lowering:
    """A function in StableHLO, with what is needed to compile it.

    `structs` are the types of the leaves of its arguments, `donated` the positions of those whose memory may be
    used for results, `platforms` what it is for, where that is said.
    """

    def __init__(
        self,
        traced: Traced,
        structs: Sequence[Any],
        donated: tuple[int, ...],
        name: str,
        options: Mapping[str, Any] | None,
        device: Any,
        platforms: Sequence[str],
    ) -> None:
        self.traced, self.structs, self.donated, self.name = traced, structs, donated, name
        self.options, self.device, self.platforms = options, device, tuple(platforms)
        self._module: Module | None = None
        self._checked: Checked | None = None

    @property
    def checked(self) -> Checked:
        """The function with the checks that the configuration asks for."""
        if self._checked is None:
            self._checked = with_checks(self.traced.module, self.traced.name, self.name)
        return self._checked

    @property
    def module(self) -> Module:
        """The StableHLO module."""
        if self._module is None:
            checked = self.checked
            self._module = lowering.lower(
                checked.module, checked.entry, self.donated, without=config.disabled_passes
            )
        return self._module

    def text(self, dialect: str, *, debug_info: bool = False) -> str:
        """The program as text."""
        if dialect == "hlo":
            return hlo.text(lowering.serialize(self.module), with_metadata=debug_info)
        return expressions_in(self._mlir(dialect).text(debug_info=debug_info))[0]

    def object(self, dialect: str) -> Any:
        """The program as an object of the library that has the dialect."""
        if dialect == "hlo":
            return hlo.computation(lowering.serialize(self.module))
        return self._mlir(dialect).ir

    def _mlir(self, dialect: str) -> Module:
        if dialect == "weft":
            return lowering.prepared(self.traced.module, self.traced.name)
        if dialect == "stablehlo":
            return self.module
        raise ValueError(f"unknown dialect: {dialect!r}; there are 'weft', 'stablehlo' and 'hlo'")

    def cost_analysis(self) -> dict[str, float]:
        """XLA's estimate for the program as it is."""
        return hlo.cost_analysis(lowering.serialize(self.module))
