"""`in_shardings` and `out_shardings` of `jit`: constraints at both ends of the function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft.lax.constraints import with_sharding_constraint
from weft_runtime import NamedSharding, PartitionSpec, Sharding, pytree


def with_shardings(
    fun: Callable[..., Any], ins: Any, outs: Any, static: Sequence[int]
) -> tuple[Callable[..., Any], Any]:
    """`fun` with its arguments and results laid out so, and the device that shardings of one device name.

    `ins` is for the positional arguments that are not static; None is for what may lie anyhow. A `PartitionSpec` is
    of the mesh of `set_mesh`.

    Raises: ValueError if shardings name several single devices; TypeError for entries that are no shardings.
    """
    wanted = [s for tree in (ins, outs) for s in pytree.flatten(tree)[0]]
    for sharding in wanted:
        if not isinstance(sharding, (Sharding, PartitionSpec)):
            raise TypeError(f"jit: in_shardings and out_shardings must be shardings, got {sharding!r:.80}")
    places = [s for s in wanted if isinstance(s, Sharding)]
    single = {s.devices[0] for s in places if not isinstance(s, NamedSharding)}
    if len(single) > 1 or (single and len(single) < len({s.devices for s in places})):
        raise ValueError(f"jit: shardings name different devices: {sorted(map(str, single))}")

    @functools.wraps(fun)
    def laid_out(*args: Any, **kwargs: Any) -> Any:
        if ins is not None:
            if kwargs:
                raise ValueError(
                    "jit: arguments given by name are not supported when in_shardings is specified."
                )
            numbers = {n % len(args) for n in static if -len(args) <= n < len(args)}
            dynamic = [i for i in range(len(args)) if i not in numbers]
            own = tuple(ins) if isinstance(ins, list) else ins
            placed = with_sharding_constraint(tuple(args[i] for i in dynamic), own)
            by_position = dict(zip(dynamic, placed, strict=True))
            args = tuple(by_position.get(i, x) for i, x in enumerate(args))
        made = fun(*args, **kwargs)
        return made if outs is None else with_sharding_constraint(made, outs)

    return laid_out, next(iter(single), None)
