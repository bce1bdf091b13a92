"""Rules that have been made before: programs that use the same rule are then the same program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._tracing.axes import AXES
from weft._transforms.arguments import Static
from weft._transforms.custom.arguments import Arguments
from weft._transforms.custom.captures import Captured
from weft.config import config


class RuleCache:
    """The rules of one function by the types of its arguments. Those that capture values are of one call only."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def get(self, key: tuple[Any, ...], given: Arguments, captured: Captured, make: Callable[[], Any]) -> Any:
        """The rule for `key` and these arguments."""
        if captured.values:
            return make()
        try:
            key = (
                *key,
                config.trace_key,
                AXES.bound,
                given.tree,
                tuple(given.types),
                tuple(map(Static, given.statics)),
            )
            hash(key)
        except TypeError:  # a static argument without a hash
            return make()
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]
