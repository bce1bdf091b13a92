"""Exported programs: StableHLO with the types of its arguments and results, and how they are written to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any  # values of JSON

import ml_dtypes
import numpy as np

from weft_runtime import artifact, sizes, trees_as_json
from weft_runtime.key_dtypes import key_dtype
from weft_runtime.pytree import PyTreeDef
from weft_runtime.sizes import Constraint, Shape, Size

CALLING_CONVENTION = 1
"""`@main` takes the leaves of the arguments, then the captured arrays, and gives the leaves of the result.

PRNG keys are their words. Leaves of type float0 are not passed.
"""
FLOAT0 = np.dtype([("float0", np.void, 0)])
"""Type of the tangents of integers: there is nothing in it."""


@dataclass(frozen=True)
class ValueType:
    """What is known of an argument or a result."""

    shape: Shape
    dtype: Any  # a Dtype; its fields depend on which
    weak_type: bool = False
    donated: bool = False

    @property
    def is_passed(self) -> bool:
        """Whether the program takes or gives it."""
        return self.dtype != FLOAT0

    def __str__(self) -> str:
        name = self.dtype.name if self.is_passed else "float0"
        return f"{name}[{','.join(map(str, self.shape))}]"

    def to_json(self) -> dict[str, Any]:
        """For the header."""
        made: dict[str, Any] = {"shape": [n if isinstance(n, int) else n.text for n in self.shape]}
        if isinstance(self.dtype, np.dtype):
            made["dtype"] = "float0" if self.dtype == FLOAT0 else self.dtype.name
        else:
            made["key"] = [self.dtype.impl, self.dtype.name, *self.dtype.physical_shape]
        if self.weak_type:
            made["weak_type"] = True
        if self.donated:
            made["donated"] = True
        return made

    @classmethod
    def from_json(cls, made: Mapping[str, Any], known: Mapping[str, Size]) -> ValueType:
        """From a header, whose sizes are `known`."""
        shape = tuple(known[n] if isinstance(n, str) else n for n in made["shape"])
        dtype = key_dtype(*made["key"]) if "key" in made else _dtype(made["dtype"])
        return cls(shape, dtype, made.get("weak_type", False), made.get("donated", False))


def _dtype(name: str) -> np.dtype:
    return FLOAT0 if name == "float0" else np.dtype(getattr(ml_dtypes, name, name))


@dataclass(frozen=True, eq=False)
class Constant:
    """An array that the function captured: elements of the physical dtype of its type."""

    type: ValueType
    value: np.ndarray


@dataclass(frozen=True, eq=False)
class Program:
    """A function for any process that has jaxlib."""

    name: str
    platforms: tuple[str, ...]
    in_types: tuple[ValueType, ...]
    out_types: tuple[ValueType, ...]
    in_tree: PyTreeDef | None
    """Of (args, kwargs); None where only leaves are passed."""
    out_tree: PyTreeDef | None
    code: bytes
    """A portable StableHLO artifact, or a template: StableHLO text in which sizes stand in ⟦ ⟧."""
    is_template: bool
    stablehlo_version: str
    constants: tuple[Constant, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    disabled_checks: tuple[str, ...] = ()
    devices: int = 1
    """How many it lays its values over; one that says nothing runs on any number."""
    vjp: Program | None = None
    """Takes the leaves of the arguments, then a cotangent for each leaf of the result."""

    def to_bytes(self, vjp_order: int = 0, writer: str = "") -> bytes:
        """The content of a file, with the derivative up to this order.

        Raises: ValueError or TypeError where a container of the arguments or results cannot be written.
        """
        sections: list[bytes] = []
        programs, program = [], self
        for order in range(vjp_order + 1):
            programs.append(program._to_json(sections))
            if order < vjp_order:
                if program.vjp is None:
                    raise ValueError(f"{self.name}: no derivative of order {order + 1} is available")
                program = program.vjp
        return artifact.write({"weft": writer, "programs": programs}, sections)

    def _to_json(self, sections: list[bytes]) -> dict[str, Any]:
        def section(content: bytes) -> int:
            if content not in sections:  # derivatives share their constants with the function
                sections.append(content)
            return sections.index(content)

        if self.in_tree is None or self.out_tree is None:
            raise ValueError(f"{self.name} was loaded without its containers, so it cannot be written")
        return {
            "name": self.name,
            "calling_convention": CALLING_CONVENTION,
            "platforms": list(self.platforms),
            "inputs": [t.to_json() for t in self.in_types],
            "outputs": [t.to_json() for t in self.out_types],
            "in_tree": trees_as_json.to_json(self.in_tree),
            "out_tree": trees_as_json.to_json(self.out_tree),
            "code": section(self.code),
            "is_template": self.is_template,
            "stablehlo": self.stablehlo_version,
            "constants": [
                {**c.type.to_json(), "section": section(c.value.tobytes())} for c in self.constants
            ],
            "sizes": {text: size.terms for text, size in self.sizes.items()},
            "constraints": [
                {"text": c.text, "terms": c.size.terms, "is_equality": c.is_equality}
                for c in self.constraints
            ],
            "disabled_checks": list(self.disabled_checks),
            "devices": self.devices,
        }


def read(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, *, flat: bool = False
) -> tuple[Program, int]:
    """The program of a file with its derivatives, and how many there are; `flat` leaves the containers away.

    Raises: ArtifactError for another file; ValueError for a container that is not registered here.
    """
    header, sections = artifact.read(source)
    program = None
    for made in reversed(header["programs"]):
        program = _program(made, sections, program, flat)
    if program is None:
        raise artifact.ArtifactError("the artifact holds no program")
    return program, len(header["programs"]) - 1


def _program(made: Mapping[str, Any], sections: Sequence[bytes], vjp: Program | None, flat: bool) -> Program:
    if made["calling_convention"] > CALLING_CONVENTION:
        raise artifact.ArtifactError(
            f"{made['name']} has calling convention {made['calling_convention']}; "
            f"this weft knows those up to {CALLING_CONVENTION}"
        )
    known = {text: Size.from_json(text, terms) for text, terms in made["sizes"].items()}

    def constant(entry: Mapping[str, Any]) -> Constant:
        kind = ValueType.from_json(entry, known)
        shape, dtype = physical(kind)
        elements = np.frombuffer(sections[entry["section"]], dtype)
        return Constant(kind, elements.reshape([n for n in shape if isinstance(n, int)]))

    return Program(
        name=made["name"],
        platforms=tuple(made["platforms"]),
        in_types=tuple(ValueType.from_json(t, known) for t in made["inputs"]),
        out_types=tuple(ValueType.from_json(t, known) for t in made["outputs"]),
        in_tree=None if flat else trees_as_json.from_json(made["in_tree"]),
        out_tree=None if flat else trees_as_json.from_json(made["out_tree"]),
        code=sections[made["code"]],
        is_template=made["is_template"],
        stablehlo_version=made["stablehlo"],
        constants=tuple(map(constant, made["constants"])),
        sizes=known,
        constraints=tuple(
            Constraint(c["text"], Size.from_json(c["text"], c["terms"]), c["is_equality"])
            for c in made["constraints"]
        ),
        disabled_checks=tuple(made["disabled_checks"]),
        devices=made.get("devices", 1),
        vjp=vjp,
    )


def physical(kind: ValueType) -> tuple[Shape, np.dtype]:
    """Shape and dtype of what the memory of a value holds."""
    if isinstance(kind.dtype, np.dtype):
        return kind.shape, kind.dtype
    return kind.shape + tuple(kind.dtype.physical_shape), np.dtype(kind.dtype.physical_dtype)


def fill(program: Program, env: sizes.Env) -> str | bytes:
    """The code of a program for these values of its dimension variables."""
    return sizes.fill(program.code.decode(), program.sizes, env) if program.is_template else program.code
