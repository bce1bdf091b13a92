"""Compiled programs as bytes: machine code for the same jaxlib on the same kind of machine.

`program` has the portable form. Loading runs the code that the bytes hold: they must come from a trusted place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any  # values of JSON

from weft_runtime import artifact, pjrt
from weft_runtime.artifact import ArtifactError
from weft_runtime.compile_cache import cpu_description
from weft_runtime.executable import Executable
from weft_runtime.program import ValueType
from weft_runtime.sharding import Sharding
from weft_runtime.spec import Spec
from weft_runtime.transfer import Place, sharding_of


def to_bytes(executable: Executable) -> bytes:
    """The content of a file.

    Raises: ValueError for a program that calls Python functions or runs on several devices.
    """
    devices = {device for spec in executable.out_specs for device in spec.sharding.devices}
    if len(devices) > 1:
        raise ValueError(f"{executable.name}: a program on {len(devices)} devices cannot be serialized")
    header = {
        "executable": executable.name,
        "machine": _machine(next(iter(devices), None) or sharding_of(None).devices[0]),
        "inputs": [_type(spec).to_json() for spec in executable.in_specs],
        "outputs": [_type(spec).to_json() for spec in executable.out_specs],
        "donated": list(executable.donated),
    }
    return artifact.write(header, [executable.serialize()])


def from_bytes(content: bytes, device: Place | None = None) -> Executable:
    """The program that `to_bytes` wrote, on `device` or the default one.

    Raises: ArtifactError for other or damaged bytes, and where it was compiled by another jaxlib or for
    another kind of machine.
    """
    header, (code,) = artifact.read(content)
    if "executable" not in header:
        raise ArtifactError(
            "these bytes hold an exported program, not a compiled one\n  try weft.export.deserialize"
        )
    sharding = sharding_of(device)
    _check_machine(header["executable"], header["machine"], _machine(sharding.devices[0]))
    client = sharding.devices[0].client
    loaded = pjrt.deserialize(
        client, code, sharding.devices, pjrt.compile_options(sharding.devices, {}, None)
    )
    in_specs, out_specs = (_specs(header[key], sharding, device) for key in ("inputs", "outputs"))
    return Executable(loaded, in_specs, out_specs, donated=header["donated"], name=header["executable"])


def _type(spec: Spec) -> ValueType:
    return ValueType(spec.shape, spec.dtype, spec.weak_type)


def _specs(types: Sequence[Mapping[str, Any]], sharding: Sharding, device: Place | None) -> list[Spec]:
    read = [ValueType.from_json(made, {}) for made in types]
    shapes = [tuple(n for n in kind.shape if isinstance(n, int)) for kind in read]
    return [
        Spec(shape, kind.dtype, sharding, kind.weak_type, device is not None)
        for shape, kind in zip(shapes, read, strict=True)
    ]


def _machine(device: pjrt.Device) -> dict[str, str]:
    platform = device.client.platform
    made = {"jaxlib": pjrt.jaxlib_version, "platform": platform, "device": device.device_kind}
    if platform == "cpu":
        made["cpu"] = hashlib.sha256(cpu_description().encode()).hexdigest()[:16]
    else:
        made["platform version"] = device.client.platform_version
    return made


def _check_machine(name: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    for key in sorted({*wanted, *found}):
        if wanted.get(key) != found.get(key):
            raise ArtifactError(
                f"{name} was compiled for {key} {wanted.get(key)}, but this is {found.get(key)}\n"
                "  try weft.export, whose artifacts run everywhere"
            )
