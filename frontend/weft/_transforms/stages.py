"""The stages of a jitted function one by one: traced, lowered, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft._tracing.executables import compile_lowered
from weft._tracing.staging import Traced
from weft_compiler import lowering


class ShapeDtypeStruct:
    """Shape and dtype of an array, without one."""

    __slots__ = ("dtype", "shape", "sharding", "weak_type")

    def __init__(
        self,
        shape: Sequence[int],
        dtype: Any,
        *,
        sharding: Any = None,
        weak_type: bool = False,
        manual_axis_type: Any = None,
        is_ref: bool = False,
    ) -> None:
        from weft import dtypes

        self.shape = tuple(int(n) for n in shape)
        self.dtype = dtypes.dtype(dtype) if not dtypes.is_extended(dtype) else dtype
        self.sharding = sharding
        self.weak_type = weak_type

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        import math

        return math.prod(self.shape)

    def __repr__(self) -> str:
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name}{weak})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShapeDtypeStruct) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())

    def _fields(self) -> tuple[Any, ...]:
        return self.shape, self.dtype, self.weak_type, self.sharding


class TracedStage:
    """A traced function: `.ir` is the text of the weft dialect."""

    def __init__(
        self, function: Any, traced: Traced, leaves: Sequence[Any], in_tree: Any, donated: Sequence[int]
    ) -> None:
        self._function, self._traced, self._leaves = function, traced, leaves
        self.in_tree, self._donated = in_tree, donated

    @property
    def ir(self) -> str:
        """The module in the weft dialect, as text."""
        return lowering.prepared(self._traced.module, self._traced.name).text()

    @property
    def out_info(self) -> Any:
        """Shapes and dtypes of the results."""
        structs = [ShapeDtypeStruct(a.shape, a.dtype, weak_type=w) for a, w in self._traced.out_types]
        return self._traced.out_tree.unflatten(structs)

    def lower(self) -> Lowered:
        """The next stage."""
        module = lowering.lower(self._traced.module, self._traced.name, self._donated)
        return Lowered(self, module)


class Lowered:
    """A function in StableHLO: `.as_text()`, `.compile()`."""

    def __init__(self, stage: TracedStage, module: Any) -> None:
        self._stage, self._module = stage, module
        self.in_tree = stage.in_tree
        self.out_tree = stage._traced.out_tree

    @property
    def out_info(self) -> Any:
        """Shapes and dtypes of the results."""
        return self._stage.out_info

    def as_text(self, dialect: str = "stablehlo", *, debug_info: bool = False) -> str:
        """The module as text; `dialect="weft"` shows it before lowering."""
        return self._stage.ir if dialect == "weft" else self._module.text(debug_info=debug_info)

    def compile(self, compiler_options: dict[str, Any] | None = None) -> Compiled:
        """The next stage."""
        from weft_runtime import Spec, default_sharding

        stage = self._stage
        traced = stage._traced
        sharding = default_sharding()
        specs = [
            getattr(x, "spec", None) or Spec(x.shape, x.dtype, sharding, x.weak_type)
            for x in (*stage._leaves, *traced.captures)
        ]
        executable = compile_lowered(
            self._module,
            specs,
            traced.out_types,
            donated=stage._donated,
            name=stage._function.__name__,
            options=compiler_options,
        )
        return Compiled(self, executable)


class Compiled:
    """A compiled function: call it with arguments of exactly the types that it was lowered for."""

    def __init__(self, lowered: Lowered, executable: Any) -> None:
        self._lowered, self._executable = lowered, executable
        self.in_tree, self.out_tree = lowered.in_tree, lowered.out_tree

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from weft._tracing.values import as_value

        function, traced = self._lowered._stage._function, self._lowered._stage._traced
        leaves, tree, _ = function._split(args, kwargs)
        if tree != self.in_tree:
            raise TypeError(f"compiled for arguments {self.in_tree}, called with {tree}")
        out = self._executable([as_value(x) for x in (*leaves, *traced.captures)])
        return traced.out_tree.unflatten(out)

    def as_text(self) -> str:
        """The optimised program as XLA prints it."""
        return self._executable.as_text()

    def cost_analysis(self) -> dict[str, float]:
        """XLA's estimate of operations and bytes."""
        return self._executable.cost_analysis()

    def memory_analysis(self) -> Any:
        """Bytes of arguments, results, temporaries and code."""
        return self._executable.memory_analysis()
