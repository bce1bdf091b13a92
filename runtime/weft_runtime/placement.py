"""Where a program runs, and arguments that have to come there first: computation follows committed data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft_runtime.array import Array
from weft_runtime.devices import default_sharding
from weft_runtime.named_sharding import NamedSharding, replicated
from weft_runtime.sharding import Sharding, SingleDeviceSharding
from weft_runtime.spec import Spec
from weft_runtime.transfer import Place, move, sharding_of

Run = Callable[..., Any]
"""jaxlib's `execute_sharded`: a list of buffers to a handle of the results."""


def sharding_for(in_specs: Sequence[Spec], device: Place | None, name: str) -> Sharding:
    """Where a program with these arguments runs: on `device`, or where its committed arguments are.

    Without any, on the default device; uncommitted arguments follow.

    Raises: ValueError if arguments are committed to different devices.
    """
    if device is not None:
        return _program_memory(sharding_of(device))
    committed = [(i, spec) for i, spec in enumerate(in_specs) if spec.committed]
    if not committed:
        return default_sharding()
    first, chosen = committed[0]
    for position, spec in committed[1:]:
        if spec.sharding.devices != chosen.sharding.devices:
            raise ValueError(
                f"{name}: received incompatible devices: argument {first}, {chosen}, is committed to "
                f"{place_name(chosen.sharding)}, and argument {position}, {spec}, to "
                f"{place_name(spec.sharding)}\n"
                "  try weft.device_put(x, device) on one of them"
            )
    return _program_memory(chosen.sharding)


def place_name(sharding: Sharding) -> str:
    """The devices of a sharding, as messages name them."""
    return ", ".join(map(str, sharding.devices))


def with_moves(run: Run, in_specs: Sequence[Spec], sharding: Sharding) -> Run:
    """`run` for a program on the devices of `sharding`, which first brings there what is elsewhere."""
    elsewhere = [
        (position, spec)
        for position, spec in enumerate(in_specs)
        if spec.sharding.devices != sharding.devices
    ]
    if not elsewhere:
        return run
    target = replicated(sharding.mesh) if isinstance(sharding, NamedSharding) else sharding

    def moving(buffers: list[Any], **options: Any) -> Any:
        buffers = list(buffers)
        for position, spec in elsewhere:
            buffers[position] = move(Array(spec, buffers[position]), target)._b
        return run(buffers, **options)

    return moving


def _program_memory(sharding: Sharding) -> Sharding:
    """Results are in the device's own memory, also where the arguments were in another (pinned host)."""
    return SingleDeviceSharding(sharding.devices[0]) if len(sharding.devices) == 1 else sharding
