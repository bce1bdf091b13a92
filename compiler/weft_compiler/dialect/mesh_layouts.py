"""How values lie over a mesh, as text: `[x][y,z] [] ()` is a matrix, a vector and a scalar.

For each axis of a value stand the mesh axes that it is split over.
"""

import functools
import math
import re

Layout = tuple[tuple[str, ...], ...]
_AXIS = re.compile(r"\[([^\]]*)\]")


@functools.cache
def layouts_of(text: str) -> tuple[Layout, ...]:
    """The layouts that a text lists."""
    return tuple(
        tuple(tuple(n for n in names.split(",") if n) for names in _AXIS.findall(each))
        for each in text.split()
    )


def text_of(layouts) -> str:
    """The text of layouts."""
    return " ".join("".join(f"[{','.join(names)}]" for names in each) or "()" for each in layouts)


def used(layout: Layout) -> set[str]:
    """The mesh axes that a value is split over."""
    return {name for names in layout for name in names}


def tiles(layout: Layout, sizes: dict[str, int]) -> tuple[int, ...]:
    """How many parts each axis of a value is cut into."""
    return tuple(math.prod(sizes[name] for name in names) for names in layout)


def shardy(mesh: str, layouts, ranks) -> str:
    """The layouts in Shardy's words; values have these ranks, which may be more than the axes that are named."""
    each = [sharding_text(mesh, *pair) for pair in zip(layouts, ranks, strict=True)]
    return f"#sdy.sharding_per_value<[{', '.join(each)}]>"


def sharding_text(mesh: str, layout: Layout, rank: int) -> str:
    """One layout in Shardy's words."""
    full = (*layout, *((),) * (rank - len(layout)))
    dims = ", ".join("{" + ", ".join("?" if n == "?" else f'"{n}"' for n in names) + "}" for names in full)
    return f"<@{mesh}, [{dims}]>"
