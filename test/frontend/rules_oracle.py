"""The same program in weft and in jax (where that is installed), and slopes by finite differences."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

import weft
import weft.custom_batching
import weft.custom_derivatives
import weft.lax


def library() -> Any:
    """weft, with its numpy as `np`."""
    return SimpleNamespace(**{**vars(weft), "np": weft.numpy})


def _jax() -> Any:
    try:
        import jax
        import jax.custom_batching
        import jax.custom_derivatives
    except ImportError:
        return None
    return SimpleNamespace(**{**vars(jax), "np": jax.numpy})


def leaves(tree: Any) -> list[Any]:
    """Leaves of plain containers, in order; None is none."""
    if isinstance(tree, dict):
        return [x for key in sorted(tree) for x in leaves(tree[key])]
    if isinstance(tree, (tuple, list)):
        return [x for part in tree for x in leaves(part)]
    return [] if tree is None else [tree]


def same_as_jax(program: Callable[[Any], Any], rtol: float = 1e-5) -> Any:
    """The result of `program(library)`, which must be the same in both libraries."""
    made = program(library())
    jax = _jax()
    if jax is not None:
        wanted = leaves(program(jax))
        got = leaves(made)
        assert len(got) == len(wanted)
        for x, y in zip(got, wanted, strict=True):
            np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=rtol, atol=1e-6)
    return made


def error_as_jax(program: Callable[[Any], Any], kind: type[Exception], *words: str) -> None:
    """`program(library)` raises `kind` in both libraries; weft's message has all the words."""
    try:
        program(library())
    except kind as error:
        text = str(error)
    else:
        raise AssertionError(f"no {kind.__name__}")
    for word in words:
        assert word in text, f"{word!r} is not in: {text}"
    jax = _jax()
    if jax is not None:
        try:
            program(jax)
        except Exception as error:  # noqa: BLE001  what jax raises is what is looked at
            assert type(error).__name__ == kind.__name__ or isinstance(error, kind), error
        else:
            raise AssertionError(f"jax raises no {kind.__name__}")


def slope(f: Callable[[Any], Any], x: float, step: float = 1e-2) -> float:
    """f'(x) by central differences of fourth order."""
    values = [float(f(x + k * step)) for k in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
