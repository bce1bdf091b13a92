"""Shardings as text: which device holds which part of an array, and the sharding of a value in a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft_runtime
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft._transforms.callbacks import debug_callback
from weft_runtime import Array

_HEIGHT = 9
"""Lines of a picture of an array that is in one part."""


def inspect_array_sharding(value: Any, *, callback: Callable[[Any], None]) -> None:
    """Calls `callback` with the sharding of an array.

    Of a value in a traced function it is the sharding of what the program runs on, told each time it comes by.
    """
    x = as_value(value, what="inspect_array_sharding: the value")
    if type(x) is Array:
        callback(x.sharding)
        return
    assert type(x) is Tracer
    debug_callback("inspect_array_sharding", _Told(callback), (), {}, ordered=False)


class _Told:
    """Hands the sharding of a program of one device on."""

    def __init__(self, callback: Callable[[Any], None]) -> None:
        self.callback = callback

    def __call__(self) -> None:
        self.callback(weft_runtime.default_sharding())


def visualize_array_sharding(arr: Any, **kwargs: Any) -> None:
    """Prints which device holds which part of an array of one or two axes; options as of `visualize_sharding`."""
    shape = tuple(arr.shape)
    inspect_array_sharding(arr, callback=lambda sharding: visualize_sharding(shape, sharding, **kwargs))


def visualize_sharding(
    shape: Sequence[int],
    sharding: Any,
    *,
    use_color: bool = True,
    scale: float = 1.0,
    min_width: int = 9,
    max_width: int = 80,
    color_map: Any = None,
) -> None:
    """Prints which device holds which part of an array of `shape`, as a table.

    The text is plain, whatever `use_color` and `color_map` say. `scale` makes it larger; a part is at least
    `min_width` columns wide, and the table at most `max_width` as long as the numbers of the devices fit.

    Raises: ValueError unless the shape has one or two axes.
    """
    if len(shape) not in (1, 2):
        raise ValueError("`visualize_sharding` only works for shapes with 1 and 2 dimensions.")
    cells = _cells(tuple(shape), sharding)
    rows = sorted({row for row, _ in cells})
    columns = sorted({column for _, column in cells})
    texts = [[_label(cells.get((r, c), [])) for c in columns] for r in rows]
    print(_table(texts, scale, min_width, max_width))


Span = tuple[int, int]


def _cells(shape: tuple[int, ...], sharding: Any) -> dict[tuple[Span, Span], list[Any]]:
    """The devices of each part: rows and columns from where to where."""
    found: dict[tuple[Span, Span], list[Any]] = {}
    for device, index in sharding.devices_indices_map(shape).items():
        spans = [s.indices(n)[:2] for s, n in zip(index, shape, strict=True)]
        place = (spans[0], spans[1]) if len(spans) == 2 else ((0, 1), spans[0])
        found.setdefault(place, []).append(device)
    return found


def _label(devices: Sequence[Any]) -> str:
    numbers = ",".join(str(n) for n in sorted(d.id for d in devices))
    return f"{devices[0].platform.upper()} {numbers}" if devices else ""


def _table(texts: Sequence[Sequence[str]], scale: float, min_width: int, max_width: int) -> str:
    count = len(texts[0])
    longest = max(len(text) for row in texts for text in row)
    most = max((max_width - 1) // count - 1, 1)
    width = max(longest, min(max(min_width, round(24 * scale / count)), most))
    height = max(1, round(_HEIGHT * scale / len(texts) / 2) * 2 - 1) if len(texts) < _HEIGHT else 1
    edge = ["─" * width] * count
    lines = ["┌" + "┬".join(edge) + "┐"]
    for i, row in enumerate(texts):
        if i:
            lines.append("├" + "┼".join(edge) + "┤")
        for n in range(height):
            shown = [text.center(width) if n == height // 2 else " " * width for text in row]
            lines.append("│" + "│".join(shown) + "│")
    return "\n".join([*lines, "└" + "┴".join(edge) + "┘"])
