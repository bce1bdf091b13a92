"""The table on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from case import SYSTEMS
from results import Derived, Row

_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
    "B": ((2**20, "MB"), (2**10, "kB"), (1, "B")),
}
_HEAD = ("case", "weft", "jax", "ratio", "of min", "of cpu", "bar", "goal", "")


def amount(value: float | None, unit: str) -> str:
    """A figure with three digits and its unit."""
    if value is None:
        return "-"
    scales = _SCALES[unit]
    scale, name = next((s for s in scales if abs(value) >= s[0]), scales[-1])
    return f"{value / scale:.3g} {name}" if abs(value / scale) < 1000 else f"{value / scale:.0f} {name}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _bar(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def row_cells(row: Row) -> tuple[str, ...]:
    """The cells of a measured case."""
    case = row.case
    limit = getattr(case, "limit", None)
    bar = amount(limit, case.unit) if limit is not None else _bar(case.bar)
    times = (amount(row.median(system), case.unit) for system in SYSTEMS)
    compared = (row.ratio, row.best_ratio, row.cpu_ratio) if limit is None else (None,) * 3
    ratios = (_ratio(r) for r in compared)
    return case.name, *times, *ratios, bar, _bar(case.goal), row.verdict


def derived_cells(figure: Derived) -> tuple[str, ...]:
    """The cells of a derived figure."""
    return figure.name, "", "", _ratio(figure.value), "", "", _bar(figure.bar), "", figure.verdict


def lines(rows: Mapping[str, Row], figures: Sequence[Derived]) -> Iterator[str]:
    """The table, one string a line, then what failed and why."""
    cells = [_HEAD, *(row_cells(r) for r in rows.values()), *(derived_cells(f) for f in figures)]
    widths = [max(len(c) for c in column) for column in zip(*cells, strict=True)]
    for line in cells:
        first, *rest = (
            c.ljust(w) if i in (0, 8) else c.rjust(w)
            for i, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()
    for row in rows.values():
        if row.error:
            yield f"{row.case.name}: {row.error}"
