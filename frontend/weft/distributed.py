"""Several processes that compute together: so far a program runs in one process, on all of its devices."""

from __future__ import annotations

from collections.abc import Sequence

from weft_runtime.devices import is_started

__all__ = ["initialize", "is_initialized", "shutdown"]

_state = {"is_initialized": False}


def initialize(
    coordinator_address: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    local_device_ids: int | Sequence[int] | None = None,
    cluster_detection_method: str | None = None,
    initialization_timeout: int = 300,
    heartbeat_timeout_seconds: int = 100,
    shutdown_timeout_seconds: int = 300,
    coordinator_bind_address: str | None = None,
    slice_index: int | None = None,
    partition_index: int | None = None,
) -> None:
    """Joins the processes of a computation: one process, which needs no coordinator.

    Raises: RuntimeError if a backend runs already, or this was called before; ValueError if the process has no
    place among the others; NotImplementedError for more than one process.
    """
    if _state["is_initialized"]:
        raise RuntimeError("distributed.initialize should only be called once.")
    if num_processes is None:
        raise ValueError(
            "Number of processes must be defined: weft asks no cluster for it\n"
            "  try distributed.initialize(num_processes=1, process_id=0)"
        )
    if num_processes != 1:
        raise NotImplementedError(
            f"distributed.initialize: weft computes in one process, not in {num_processes}\n"
            "  try one process with all devices of the machine; on a CPU, WEFT_NUM_CPU_DEVICES makes several"
        )
    if process_id not in (None, 0):
        raise ValueError(f"process_id must be 0 where num_processes is 1, got {process_id}")
    if is_started():
        raise RuntimeError(
            "distributed.initialize() must be called before any computation: the backends have started"
        )
    _state["is_initialized"] = True


def is_initialized() -> bool:
    """Whether `initialize` was called."""
    return _state["is_initialized"]


def shutdown() -> None:
    """Leaves the computation; without `initialize` before, it does nothing."""
    _state["is_initialized"] = False
