"""How the elements of an array lie in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weft_runtime import pjrt

if TYPE_CHECKING:
    from weft_runtime.array import Array
    from weft_runtime.sharding import Sharding

_AXES = re.compile(r"\{([\d,]*)")
_TILE = re.compile(r"\(([\d,*]+)\)")
_BITS = re.compile(r"E\((\d+)\)")


@dataclass(frozen=True)
class Layout:
    """The order of the axes from the slowest to the fastest, and the tiles that a device cuts arrays into."""

    major_to_minor: tuple[int, ...]
    tiling: tuple[tuple[int, ...], ...] | None = None
    sub_byte_element_size_in_bits: int = 0


@dataclass(frozen=True)
class Format:
    """A layout, and where the array is."""

    layout: Layout | None = None
    sharding: Sharding | None = None


def format_of(x: Array) -> Format:
    """Layout and place of a live array."""
    return Format(_parsed(pjrt.layout_text(x._live())), x.sharding)


def _parsed(text: str) -> Layout:
    """`{1,0:T(8,128)E(4)}`, which lists the fastest axis first."""
    axes = _AXES.match(text)
    order = tuple(int(n) for n in axes.group(1).split(",") if n) if axes else ()
    bits = _BITS.search(text)
    rest = _BITS.sub("", text)
    tiling = tuple(
        tuple(int(n) for n in tile.split(",") if n.isdigit())
        for tile in _TILE.findall(rest.partition("T")[2])
    )
    return Layout(order[::-1], tiling, int(bits.group(1)) if bits else 0)
