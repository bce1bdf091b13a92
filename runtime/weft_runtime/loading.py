"""Loading exported programs: what `weft.export` wrote, run by this package alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any  # arguments are arrays, numbers, and containers of them

import ml_dtypes
import numpy as np

from weft_runtime import program, sizes
from weft_runtime.array import Array
from weft_runtime.artifact import ArtifactError
from weft_runtime.errors import CompileError
from weft_runtime.executable import Executable, compile
from weft_runtime.pjrt import jaxlib_version, stablehlo_version
from weft_runtime.placement import sharding_for
from weft_runtime.program import FLOAT0, Program, ValueType
from weft_runtime.pytree import PyTreeDef, flatten, flatten_with_path
from weft_runtime.sharding import Sharding
from weft_runtime.spec import Spec
from weft_runtime.transfer import Place, device_put, put_physical

_WIDE = {"float32": "float64", "int32": "int64", "uint32": "uint64", "complex64": "complex128"}
"""NumPy computes in 64 bits where nothing else is said; such arguments are narrowed."""


def load(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview,
    *,
    device: Place | None = None,
    flat: bool = False,
) -> Loaded:
    """The function of an artifact, given by its path or its content, to be called as it was exported.

    Arguments may be arrays of weft or NumPy and numbers. It runs where its arguments are, or on `device`.
    With `flat`, it takes the leaves of the arguments one by one and returns a list of leaves.

    Raises: ArtifactError for a file that is no artifact or is damaged; ValueError for a container of the
    arguments that is not registered in this process.
    """
    found, _ = program.read(source, flat=flat)
    return Loaded(found, device=device)


class Loaded:
    """An exported program, compiled when it is first called with arguments of some type."""

    def __init__(self, source: Program, *, device: Place | None = None) -> None:
        self.program = source
        self._device = device
        self._programs: dict[tuple[Spec, ...], tuple[Executable, list[Array]]] = {}
        self._placed: dict[Sharding, list[Array]] = {}

    @property
    def name(self) -> str:
        """Name of the function that was exported."""
        return self.program.name

    @property
    def platforms(self) -> tuple[str, ...]:
        """What it was exported for: cpu, cuda, …"""
        return self.program.platforms

    @property
    def in_types(self) -> tuple[ValueType, ...]:
        """Types of the leaves of the arguments."""
        return self.program.in_types

    @property
    def out_types(self) -> tuple[ValueType, ...]:
        """Types of the leaves of the result."""
        return self.program.out_types

    def vjp(self) -> Loaded:
        """The derivative: takes the leaves of the arguments, then a cotangent for each leaf of the result.

        Raises: ValueError if the artifact was written without it.
        """
        if self.program.vjp is None:
            raise ValueError(
                f"{self.name} was serialized without its derivative\n  try serialize(vjp_order=1)"
            )
        return Loaded(self.program.vjp, device=self._device)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the function.

        Raises: ValueError for arguments of other types than it was exported for, or on another platform.
        """
        in_tree, out_tree = self.program.in_tree, self.program.out_tree
        if in_tree is None or out_tree is None:
            if kwargs:
                raise ValueError(
                    f"{self.name}: loaded with flat=True, it takes leaves, but got {', '.join(kwargs)}="
                )
            return self.flat(args)
        leaves, tree = flatten((args, kwargs))
        if tree != in_tree:
            raise ValueError(
                f"{self.name}: the arguments do not have the structure that it was exported for\n"
                f"  exported for  {_described(in_tree)}\n  called with   {_described(tree)}"
            )
        return out_tree.unflatten(self.flat(leaves))

    def flat(self, leaves: Sequence[Any]) -> list[Any]:
        """Leaves of the result for the leaves of the arguments."""
        arrays = self._arguments(leaves)
        key = tuple([x.spec for x in arrays])
        entry = self._programs.get(key)
        if entry is None:
            entry = self._programs[key] = self._compile(arrays)
        executable, constants = entry
        made = iter(executable([*arrays, *constants]))
        if len(executable.out_specs) == len(self.out_types):
            return list(made)
        env = self._sizes(arrays)
        return [next(made) if t.is_passed else np.zeros(_shape(t, env), FLOAT0) for t in self.out_types]

    # Arguments

    def _arguments(self, leaves: Sequence[Any]) -> list[Array]:
        if len(leaves) != len(self.in_types):
            raise ValueError(f"{self.name}: takes {len(self.in_types)} arrays, got {len(leaves)}")
        arrays = []
        for i, (x, kind) in enumerate(zip(leaves, self.in_types, strict=True)):
            if not kind.is_passed:
                continue
            if type(x) is not Array:
                x = self._array(x, kind, i)
            if x.dtype != kind.dtype:
                raise ValueError(f"{self.name}: {self._where(i)} must be {kind}, but is {x.spec.long_name}")
            if x.shape != kind.shape:
                self._check_shape(x, kind, i)
            arrays.append(x)
        return arrays

    def _array(self, x: Any, kind: ValueType, position: int) -> Array:
        """A NumPy array or a number as an array of the wanted dtype, if no other kind of number is wanted."""
        if not isinstance(x, (bool, int, float, complex, np.ndarray, np.generic)) and not hasattr(
            x, "__array__"
        ):
            raise TypeError(f"{self.name}: {self._where(position)} must be {kind}, got {x!r:.80}")
        if not isinstance(kind.dtype, np.dtype):
            raise TypeError(f"{self.name}: {self._where(position)} must be {kind.dtype.name}s, got {x!r:.80}")
        value = np.asarray(x)
        if isinstance(x, (np.ndarray, np.generic)) or not isinstance(x, (bool, int, float, complex)):
            is_right = value.dtype == kind.dtype or value.dtype.name == _WIDE.get(kind.dtype.name)
        else:
            is_right = _holds(kind.dtype, x)
        if not is_right:
            raise ValueError(
                f"{self.name}: {self._where(position)} must be {kind}, but is {value.dtype.name}"
                f"[{','.join(map(str, value.shape))}]"
            )
        return device_put(value, kind.dtype, weak_type=kind.weak_type, device=self._device)

    def _check_shape(self, x: Array, kind: ValueType, position: int) -> None:
        fits = len(x.shape) == len(kind.shape) and all(
            n == m for n, m in zip(x.shape, kind.shape, strict=True) if isinstance(m, int)
        )
        if not fits:
            raise ValueError(
                f"{self.name}: {self._where(position)} must be {kind}, but is {x.spec.long_name}"
            )

    def _where(self, position: int) -> str:
        """What messages call a leaf of the arguments: `args[0]['w']`."""
        if self.program.in_tree is None:
            return f"args[{position}]"
        path, _ = self._paths()[position]
        return ("args" if path[0].idx == 0 else "kwargs") + "".join(map(str, path[1:]))

    def _paths(self) -> list[Any]:
        assert self.program.in_tree is not None
        return flatten_with_path(self.program.in_tree.unflatten([...] * self.program.in_tree.num_leaves))[0]

    # Compiling

    def _sizes(self, arrays: Sequence[Array]) -> dict[str, int]:
        if not self.program.is_template:
            return {}
        passed = [(i, t) for i, t in enumerate(self.in_types) if t.is_passed]
        try:
            return sizes.solve(
                [(self._where(i), t.shape) for i, t in passed],
                [x.shape for x in arrays],
                self.program.constraints,
            )
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    def _compile(self, arrays: Sequence[Array]) -> tuple[Executable, list[Array]]:
        env = self._sizes(arrays)
        sharding = sharding_for([x.spec for x in arrays], self._device, self.name)
        self._check_platform(platform_of(sharding))
        if self.program.devices not in (1, len(sharding.devices)):
            raise ValueError(
                f"{self.name} was exported for {self.program.devices} devices, and is called on {len(sharding.devices)}"
            )
        constants = self.constants(sharding)
        try:
            executable = compile(
                program.fill(self.program, env),
                [x.spec for x in (*arrays, *constants)],
                [(_shape(t, env), t.dtype, t.weak_type) for t in self.out_types if t.is_passed],
                device=self._device,
                name=self.name,
            )
        except CompileError as error:
            self._check_version(error)
            raise
        return executable, constants

    def _check_version(self, error: CompileError) -> None:
        wanted, known = self.program.stablehlo_version, stablehlo_version()
        if [int(n) for n in wanted.split(".")] > [int(n) for n in known.split(".")]:
            raise ArtifactError(
                f"{self.name} was exported in StableHLO {wanted}; this jaxlib ({jaxlib_version}) reads versions up to "
                f"{known}\n  try a newer jaxlib"
            ) from error

    def _check_platform(self, platform: str) -> None:
        if platform not in self.platforms and "platform" not in self.program.disabled_checks:
            raise ValueError(
                f"{self.name} was exported for {', '.join(self.platforms)}, but would run on {platform}\n"
                f"  try export(..., platforms={(*self.platforms, platform)!r})"
            )

    def constants(self, sharding: Sharding) -> list[Array]:
        """The arrays that the function captured, on some devices."""
        found = self._placed.get(sharding)
        if found is None:
            found = []
            for constant in self.program.constants:
                kind = constant.type
                spec = Spec(_shape(kind, {}), kind.dtype, sharding, kind.weak_type)
                found.append(put_physical(spec, constant.value))
            self._placed[sharding] = found
        return found

    def __repr__(self) -> str:
        ins, outs = (", ".join(map(str, types)) for types in (self.in_types, self.out_types))
        return f"<Loaded {self.name}: ({ins}) -> ({outs})>"


def platform_of(sharding: Sharding) -> str:
    """The name by which programs are exported for the platform of some devices: cpu, cuda, rocm, tpu, metal."""
    client = sharding.devices[0].client
    name = client.platform.lower()
    if name == "gpu":
        return "rocm" if "rocm" in client.platform_version.lower() else "cuda"
    return "metal" if name == "mps" else name


def _shape(kind: ValueType, env: sizes.Env) -> tuple[int, ...]:
    return tuple([n if isinstance(n, int) else n.evaluate(env) for n in kind.shape])


_KINDS = (bool, int, float, complex)


def _kind(dtype: np.dtype) -> int:
    """Position in `_KINDS` of the numbers that a dtype holds."""
    name = dtype.name.removeprefix("u").removeprefix("b") if not dtype.name.startswith("bool") else "bool"
    return next(i for i, kind in enumerate(_KINDS) if name.startswith(kind.__name__))


def _holds(dtype: np.dtype, x: bool | int | float | complex) -> bool:
    """Whether a Python number can be meant as one of this dtype."""
    wanted, given = _kind(dtype), next(i for i, kind in enumerate(_KINDS) if isinstance(x, kind))
    if given != 1 or wanted != 1:
        return given <= wanted and (given == 0) == (wanted == 0)
    info = ml_dtypes.iinfo(dtype)
    return int(info.min) <= x <= int(info.max)  # type: ignore[operator]  # x is an int


def _described(tree: PyTreeDef) -> str:
    return str(tree).removeprefix("PyTreeDef")
