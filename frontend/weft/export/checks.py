"""What a program must not have to be exported, and how a user says that it is meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from weft_compiler.callback_sites import CallbackSite

PLATFORMS = ("cpu", "cuda", "rocm", "tpu", "metal")
"""The platforms that weft knows; a name of another one is taken as it is."""
_CUSTOM_CALL = "custom_call:"


class DisabledSafetyCheck:
    """A check that is left out: `DisabledSafetyCheck.platform()`, `DisabledSafetyCheck.custom_call(name)`."""

    __slots__ = ("_impl",)

    def __init__(self, _impl: str) -> None:
        self._impl = _impl

    @classmethod
    def platform(cls) -> DisabledSafetyCheck:
        """The program may run on a platform that it was not exported for."""
        return cls("platform")

    @classmethod
    def custom_call(cls, target_name: str) -> DisabledSafetyCheck:
        """The program may call `target_name`, which other versions of jaxlib may not have."""
        return cls(f"{_CUSTOM_CALL}{target_name}")

    def is_custom_call(self) -> str | None:
        """The name of the call that is allowed, if it is that."""
        return self._impl.removeprefix(_CUSTOM_CALL) if self._impl.startswith(_CUSTOM_CALL) else None

    def __str__(self) -> str:
        return self._impl

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DisabledSafetyCheck) and self._impl == other._impl

    def __hash__(self) -> int:
        return hash(self._impl)


def checked_platforms(platforms: Sequence[str]) -> tuple[str, ...]:
    """Platforms as export takes them.

    Raises: ValueError for none, or a name that stands for several.
    """
    if isinstance(platforms, str):
        raise ValueError(f"platforms must be a sequence of names, got {platforms!r}\n  try ({platforms!r},)")
    names = tuple(dict.fromkeys(platforms))
    if not names:
        raise ValueError(f"platforms must name at least one of {', '.join(PLATFORMS)}")
    if "gpu" in names:
        raise ValueError("platforms: 'gpu' may be 'cuda' or 'rocm'; name the one that is meant, or both")
    return names


def check_calls(
    name: str,
    calls: Collection[str],
    callbacks: Sequence[CallbackSite],
    platforms: Sequence[str],
    disabled: Sequence[DisabledSafetyCheck],
) -> None:
    """Fails for a program that could not run in another process or on one of the platforms.

    Raises: NotImplementedError for Python functions; ValueError for calls that not every jaxlib has.
    """
    if callbacks:
        raise NotImplementedError(
            f"{name} calls Python functions of this process (pure_callback, debug.print, …), "
            f"{len(callbacks)} in all; a program that does cannot be exported"
        )
    allowed = {check.is_custom_call() for check in disabled}
    unknown = sorted(c for c in calls if not c.startswith("lapack_") and c not in allowed)
    if unknown:
        raise ValueError(
            f"{name} has custom calls that other versions of jaxlib may not have: {', '.join(unknown)}\n"
            "  try disabled_checks=[DisabledSafetyCheck.custom_call(name), ...]"
        )
    others = [p for p in platforms if p != "cpu"]
    lapack = sorted(c for c in calls if c.startswith("lapack_") and c not in allowed)
    if others and lapack:
        raise ValueError(
            f"{name} calls LAPACK ({', '.join(lapack)}), which only the CPU has; it was to be exported for "
            f"{', '.join(others)}"
        )
