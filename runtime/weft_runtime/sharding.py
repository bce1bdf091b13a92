"""Where the parts of an array live."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from weft_runtime import pjrt


class Sharding(ABC):
    """Devices, and how a value is laid over them. Interned: the same sharding is the same object.

    `devices` are the devices in the order of their shards.
    """

    __slots__ = ("__weakref__", "devices", "memory_kind")

    devices: tuple[pjrt.Device, ...]
    memory_kind: str | None

    @property
    def device_set(self) -> set[pjrt.Device]:
        return set(self.devices)

    @property
    def num_devices(self) -> int:
        return len(self.devices)

    @property
    def addressable_devices(self) -> set[pjrt.Device]:
        return {device for device in self.devices if device.process_index == device.client.process_index()}

    @property
    def is_fully_addressable(self) -> bool:
        return len(self.addressable_devices) == len(self.devices)

    @property
    @abstractmethod
    def is_fully_replicated(self) -> bool: ...

    @abstractmethod
    def impl_for(self, ndim: int) -> Any:
        """The same for values of `ndim` axes as jaxlib's GSPMDSharding, which has no stubs."""

    @property
    @abstractmethod
    def whole(self) -> Sharding:
        """The same devices, each with the whole value."""

    @abstractmethod
    def with_memory_kind(self, kind: str) -> Sharding: ...

    def is_equivalent_to(self, other: Sharding, ndim: int) -> bool:
        """Whether values of `ndim` axes lie the same way."""
        return self is other

    @abstractmethod
    def shard_shape(self, global_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the part that one device holds."""

    @abstractmethod
    def devices_indices_map(self, global_shape: tuple[int, ...]) -> dict[pjrt.Device, tuple[slice, ...]]:
        """Which part of a value of `global_shape` each device holds."""


class SingleDeviceSharding(Sharding):
    """The whole value on one device, in the memory `memory_kind` (by default the device's own)."""

    __slots__ = ("impl",)
    impl: Any
    _known: ClassVar[dict[tuple[pjrt.Device, str | None], SingleDeviceSharding]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __new__(cls, device: pjrt.Device, memory_kind: str | None = None) -> SingleDeviceSharding:
        known = cls._known.get((device, memory_kind))
        if known is not None:
            return known
        if not isinstance(device, pjrt.Device):
            raise TypeError(
                f"SingleDeviceSharding: expected a device, got {type(device).__name__} {device!r}"
            )
        kinds = [memory.kind for memory in device.addressable_memories()]
        if memory_kind is not None and memory_kind not in kinds:
            raise ValueError(
                f"SingleDeviceSharding: {device} has no memory of kind {memory_kind!r}, "
                f"only {', '.join(kinds)}"
            )
        default_kind = device.default_memory().kind
        with cls._lock:
            self = cls._known.get((device, memory_kind or default_kind))
            if self is None:
                self = object.__new__(cls)
                self.devices = (device,)
                self.memory_kind = memory_kind or default_kind
                self.impl = pjrt.replicated_sharding((device,), self.memory_kind)
                cls._known[device, self.memory_kind] = self
            cls._known[device, memory_kind] = self  # the default kind is known by its name and as None
        return self

    @property
    def device(self) -> pjrt.Device:
        return self.devices[0]

    @property
    def is_fully_replicated(self) -> bool:
        return True

    @property
    def whole(self) -> SingleDeviceSharding:
        return self

    def impl_for(self, ndim: int) -> Any:
        return self.impl

    def with_memory_kind(self, kind: str) -> SingleDeviceSharding:
        return SingleDeviceSharding(self.device, kind)

    def shard_shape(self, global_shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(global_shape)

    def devices_indices_map(self, global_shape: tuple[int, ...]) -> dict[pjrt.Device, tuple[slice, ...]]:
        return {self.device: (slice(None),) * len(global_shape)}

    def __repr__(self) -> str:
        return f"SingleDeviceSharding(device={self.device!r}, memory_kind={self.memory_kind})"
