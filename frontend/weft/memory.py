"""Memories of a device: `device_put(x, memory.Space.Host)` keeps an array where the host can reach it."""

from __future__ import annotations

import enum


class Space(enum.Enum):
    """Where an array may lie: in the device's own memory, in pinned memory of the host, or in either."""

    Device = enum.auto()
    Host = enum.auto()
    Any = enum.auto()

    def kind(self) -> str:
        """The name of such a memory in shardings: `device` or `pinned_host`."""
        return "pinned_host" if self is Space.Host else "device"


__all__ = ["Space"]
