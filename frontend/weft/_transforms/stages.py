"""The stages of a jitted function one by one: traced, lowered, compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable  # arguments and results are trees of every kind

from weft._tracing import staging
from weft._tracing.executables import compile_lowered
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft._transforms.argument_types import ArgInfo as ArgInfo
from weft._transforms.argument_types import ShapeDtypeStruct as ShapeDtypeStruct
from weft._transforms.argument_types import Stage as Stage
from weft._transforms.argument_types import placeholder as placeholder
from weft._transforms.argument_types import struct_of as struct_of
from weft._transforms.argument_types import struct_of_argument as struct_of_argument
from weft._transforms.lowering_stage import Lowering
from weft._tree.structure import mismatches
from weft_compiler.avals import KEY_DTYPES
from weft_runtime import Array, Executable, Mesh, Sharding, Spec, default_sharding, move, pytree
from weft_runtime.key_dtypes import register_key_dtype
from weft_runtime.placement import place_name

for _dtype in KEY_DTYPES.values():
    register_key_dtype(_dtype)  # keys in programs that the runtime reads from files have weft's own dtypes

CompilerOptions = dict[str, Any]
"""XLA flags for one compilation, by name."""


class Traced(Stage):
    """A function traced for arguments of certain types, in the weft dialect.

    `meta_tys_flat` are the types of the leaves; `params` has the `name`, the trace and the options of `jit`;
    `consts` are the arrays that the function captured.
    """

    def __init__(
        self,
        meta_tys_flat: Sequence[ShapeDtypeStruct],
        params: Mapping[str, Any],
        in_tree: pytree.PyTreeDef,
        out_tree: pytree.PyTreeDef,
        consts: Sequence[Array],
    ) -> None:
        self._params = dict(params)
        self._traced: staging.Traced = params["traced"]
        self._consts = list(consts)
        donated = set(params["donated"])
        infos = [ArgInfo(struct, i in donated) for i, struct in enumerate(meta_tys_flat)]
        self.args_info = in_tree.unflatten(infos)
        self.out_tree = out_tree

    @property
    def fun_name(self) -> str:
        """Name of the Python function."""
        return self._params["name"]

    @property
    def ir(self) -> str:
        """The module in the weft dialect, as text."""
        return self._lowering((), ()).text("weft")

    @property
    def jaxpr(self) -> str:
        """`ir` under the name that users of JAX know."""
        return self.ir

    @property
    def out_info(self) -> Any:
        """Shapes and dtypes of the results."""
        return self.out_tree.unflatten([struct_of(*t) for t in self._traced.out_types])

    @property
    def out_avals(self) -> Any:
        """`out_info` under the name that users of JAX know."""
        return self.out_info

    def _lowering(self, donated: Sequence[int], platforms: Sequence[str]) -> Lowering:
        params = self._params
        structs = [info._aval for info in pytree.flatten(self.args_info)[0]]
        return Lowering(
            self._traced,
            structs,
            tuple(donated),
            params["name"],
            params["options"],
            params["device"],
            platforms,
        )

    def lower(self, *, lowering_platforms: Sequence[str] | None = None) -> Lowered:
        """The next stage: the function in StableHLO, for these platforms if they are named."""
        lowering = self._lowering(self.donate_argnums, tuple(lowering_platforms or ()))
        return Lowered(lowering, self.args_info, self.out_tree)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the traced function, or calls it from the function that is being traced."""
        leaves = checked_leaves(self, self.fun_name, args, kwargs)
        if STATE.trace is None:
            return self.lower().compile()(*args, **kwargs)
        return self.out_tree.unflatten(staging.call_traced(self._traced, leaves))


class Lowered(Stage):
    """A function in StableHLO: `.as_text()`, `.compile()`."""

    def __init__(
        self,
        lowering: Lowering,
        args_info: Any,
        out_tree: pytree.PyTreeDef,
        no_kwargs: bool = False,
        in_types: Any = None,
        out_types: Any = None,
    ) -> None:
        self._lowering, self.args_info, self.out_tree, self._no_kwargs = (
            lowering,
            args_info,
            out_tree,
            no_kwargs,
        )

    @property
    def out_info(self) -> Any:
        """Shapes and dtypes of the results."""
        return self.out_tree.unflatten([struct_of(*t) for t in self._lowering.traced.out_types])

    def as_text(self, dialect: str | None = None, *, debug_info: bool = False) -> str:
        """The program as text in "stablehlo", in "weft" (before lowering) or in "hlo" (what XLA makes of it).

        Raises: ValueError for another dialect.
        """
        return self._lowering.text(dialect or "stablehlo", debug_info=debug_info)

    def compiler_ir(self, dialect: str | None = None) -> Any:
        """The program as an object: an MLIR module for "stablehlo" and "weft", XLA's computation for "hlo"."""
        return self._lowering.object(dialect or "stablehlo")

    def cost_analysis(self) -> dict[str, float]:
        """XLA's estimate of operations and bytes, before any optimisation."""
        return self._lowering.cost_analysis()

    def compile(
        self,
        compiler_options: CompilerOptions | None = None,
        *,
        device_assignment: Sequence[Any] | None = None,
    ) -> Compiled:
        """The next stage: machine code, on the device of `device_assignment` if it is given."""
        lowering = self._lowering
        device = device_assignment[0] if device_assignment else lowering.device
        meshes = [Mesh.of_symbol(symbol).whole for symbol in lowering.module.meshes]
        place = meshes[0] if meshes else default_sharding()
        specs = [
            *(_spec(struct, place) for struct in lowering.structs),
            *(x.spec.update(committed=False) for x in lowering.traced.captures),
        ]
        executable = compile_lowered(
            lowering.module,
            specs,
            lowering.traced.out_types,
            donated=lowering.donated,
            name=lowering.name,
            options={**(lowering.options or {}), **(compiler_options or {})},
            device=device,
        )
        executable = lowering.checked.around(executable)
        return Compiled(executable, lowering.traced.captures, self.args_info, self.out_tree, self._no_kwargs)


def _spec(struct: ShapeDtypeStruct, place: Sharding) -> Spec:
    """What an argument will be, which is at `place` unless it says something else."""
    is_placed = isinstance(struct.sharding, Sharding)
    sharding = struct.sharding if is_placed else place
    return Spec(struct.shape, struct.dtype, sharding, struct.weak_type, is_placed)


class Compiled(Stage):
    """A compiled function: call it with arguments of exactly the types that it was lowered for."""

    def __init__(
        self,
        executable: Executable,
        const_args: Sequence[Array],
        args_info: Any,
        out_tree: pytree.PyTreeDef,
        no_kwargs: bool = False,
        in_types: Any = None,
        out_types: Any = None,
    ) -> None:
        self._executable, self._consts = executable, list(const_args)
        self.args_info, self.out_tree, self._no_kwargs = args_info, out_tree, no_kwargs
        self._serialized: bytes | None = None
        """What it was loaded from: XLA cannot serialize a program that it has loaded."""

    @property
    def out_info(self) -> Any:
        """Shapes and dtypes of the results."""
        return self.out_tree.unflatten(
            [ShapeDtypeStruct(s.shape, s.dtype, sharding=s.sharding) for s in self._executable.out_specs]
        )

    @property
    def input_shardings(self) -> Any:
        """Where the arguments must be."""
        count = self.in_tree.num_leaves
        return self.in_tree.unflatten([spec.sharding for spec in self._executable.in_specs[:count]])

    @property
    def output_shardings(self) -> Any:
        """Where the results are."""
        return self.out_tree.unflatten([spec.sharding for spec in self._executable.out_specs])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the program.

        Raises: TypeError for arguments of other types, and under a transformation.
        """
        if self._no_kwargs and kwargs:
            raise NotImplementedError(
                f"{self._executable.name} takes no keyword arguments, got {', '.join(kwargs)}"
            )
        name = self._executable.name
        leaves = checked_leaves(self, name, args, kwargs)
        for x in leaves:
            if type(x) is Tracer:
                raise TypeError(
                    f"{name} is compiled for arguments of certain types, so it cannot be transformed; it was called "
                    f"with a tracer of {x.aval}\n  try the jitted function itself"
                )
        return self.out_tree.unflatten(self._executable([*self._in_place(leaves), *self._consts]))

    def _in_place(self, arrays: Sequence[Array]) -> list[Array]:
        """The arguments where the program wants them: what is committed elsewhere is an error."""
        moved = []
        for position, (x, spec) in enumerate(zip(arrays, self._executable.in_specs, strict=False)):
            if x.spec.sharding is not spec.sharding:
                if x.committed and x.sharding.devices != spec.sharding.devices:
                    raise ValueError(
                        f"{self._executable.name}: leaf {position} of the arguments is on {place_name(x.sharding)}, "
                        f"but the program was compiled for {place_name(spec.sharding)}\n  try weft.device_put"
                    )
                x = move(x, spec.sharding)
            moved.append(x)
        return moved

    def as_text(self) -> str:
        """The optimised program as XLA prints it."""
        return self._executable.as_text()

    def cost_analysis(self) -> dict[str, float]:
        """XLA's estimate of operations and bytes."""
        return self._executable.cost_analysis()

    def memory_analysis(self) -> Any:
        """Bytes of arguments, results, temporaries and code."""
        return self._executable.memory_analysis()

    def runtime_executable(self) -> Any:
        """What the backend runs."""
        return self._executable.loaded


def checked_leaves(stage: Stage, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments of a call as arrays and tracers of the types that a stage was made for.

    Raises: TypeError where structure, shape or dtype are others.
    """
    leaves, tree = pytree.flatten((args, kwargs))
    if tree != stage.in_tree:
        found = "".join(
            f"\n  {_where(m.path)}: compiled for {m.first}, called with {m.second}"
            for m in mismatches(stage.in_tree, tree)
        )
        raise TypeError(
            f"{name}: the input tree differs from the one that it was compiled for{found or f': {tree}'}"
        )
    infos = pytree.flatten_with_path(stage.args_info)[0]
    made = []
    wrong = []
    for x, (path, info) in zip(leaves, infos, strict=True):
        value = as_value(x)
        wanted = info._aval
        if value.shape != wanted.shape or value.dtype != wanted.dtype:
            wrong.append(
                f"\n  {_where(path)}: compiled for {wanted}, called with {ShapeDtypeStruct(value.shape, value.dtype)}"
            )
        made.append(value)
    if wrong:
        raise TypeError(
            f"{name}: argument types differ from the types for which this computation was compiled{''.join(wrong)}"
        )
    return made


def _where(path: Sequence[Any]) -> str:
    """What messages call a place in (args, kwargs): `args[0]['w']`."""
    if not path:
        return "args"
    return ("args" if path[0].idx == 0 else "kwargs") + "".join(map(str, path[1:]))


@runtime_checkable
class Wrapped(Protocol):
    """A function that can be traced, lowered and compiled ahead of its calls, as `jit` returns it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function, compiling it as needed."""

    def trace(self, *args: Any, **kwargs: Any) -> Traced:
        """The function traced for arguments of these types."""

    def lower(self, *args: Any, **kwargs: Any) -> Lowered:
        """The function lowered for arguments of these types."""
