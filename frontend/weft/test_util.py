"""Checks of derivatives against finite differences, for tests of one's own functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft import numpy as jnp
from weft._transforms.forward import jvp
from weft._transforms.reverse import vjp
from weft.tree import leaves as tree_leaves
from weft.tree import map as tree_map

__all__ = ["check_grads", "check_jvp", "check_vjp"]

STEP = 1.0 / 2048
"""Between rounding and curvature for float32; a power of two, so that adding it rounds little."""

_TOLERANCE = {2: 1e-2, 4: 2e-3, 8: 1e-5}
"""Of derivatives, by the bytes of a real number."""


def check_jvp(
    f: Callable[..., Any],
    f_jvp: Callable[..., Any],
    args: Sequence[Any],
    atol: float | None = None,
    rtol: float | None = None,
    eps: float = STEP,
    err_msg: str = "",
) -> None:
    """Checks `f_jvp(args, tangents)`, such as `functools.partial(jvp, f)`, in one random direction.

    Raises: AssertionError if a value or a tangent differs.
    """
    tangents = _random_like(args)
    value, slope = f_jvp(args, tangents)
    _check_close(value, f(*args), atol, rtol, _said(err_msg, "primal"))
    _check_close(slope, _difference(f, args, tangents, eps), atol, rtol, _said(err_msg, "tangent"))


def check_vjp(
    f: Callable[..., Any],
    f_vjp: Callable[..., Any],
    args: Sequence[Any],
    atol: float | None = None,
    rtol: float | None = None,
    eps: float = STEP,
    err_msg: str = "",
) -> None:
    """Checks `f_vjp(*args)`, such as `functools.partial(vjp, f)`, in one random direction.

    Raises: AssertionError if the value differs, or the products of cotangents and tangents.
    """
    value, pull_back = f_vjp(*args)
    _check_close(value, f(*args), atol, rtol, _said(err_msg, "primal"))
    tangents, cotangents = _random_like(args), _random_like(value)
    slope = _difference(f, args, tangents, eps)
    pulled = tree_map(_conj, pull_back(tree_map(_conj, cotangents)))
    got, wanted = _inner_product(tangents, pulled), _inner_product(slope, cotangents)
    _check_close(got, wanted, atol, rtol, _said(err_msg, "cotangent projection"))


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Checks the derivatives of `f` at `args` up to an order, forward ("fwd") and backward ("rev").

    Raises: AssertionError that names the derivative that differs, as in `VJP of JVP tangent`.
    """
    _check_order(f, tuple(args), order, tuple(modes), dict(atol=atol, rtol=rtol, eps=eps or STEP), "")


def _check_order(
    f: Any, args: Any, order: int, modes: tuple[str, ...], settings: dict[str, Any], said: str
) -> None:
    if "fwd" in modes:
        name = f"JVP of {said}" if said else "JVP"
        check_jvp(f, functools.partial(jvp, f), args, **settings, err_msg=name)
        if order > 1:
            _check_order(functools.partial(jvp, f), (args, args), order - 1, modes, settings, name)
    if "rev" in modes:
        name = f"VJP of {said}" if said else "VJP"
        check_vjp(f, functools.partial(vjp, f), args, **settings, err_msg=name)
        if order > 1:

            def pulled(*args: Any) -> Any:
                value, pull_back = vjp(f, *args)
                return pull_back(value)

            _check_order(pulled, args, order - 1, modes, settings, name)


def _said(prefix: str, what: str) -> str:
    return f"{prefix} {what}".strip()


def _random_like(tree: Any) -> Any:
    rng = np.random.default_rng(0)

    def draw(x: Any) -> Any:
        dtype = dtypes.dtype(x)
        shape = np.shape(x)
        if not dtypes.issubdtype(dtype, np.inexact):
            return np.zeros(shape, dtypes.float0)
        values = rng.normal(size=shape)
        if dtypes.issubdtype(dtype, np.complexfloating):
            values = values + 1j * rng.normal(size=shape)
        return jnp.asarray(values, dtype)

    return tree_map(draw, tree)


def _conj(x: Any) -> Any:
    return x if np.asarray(x).dtype == dtypes.float0 else jnp.conj(x)


def _wide(x: Any) -> np.ndarray:
    """As NumPy computes it with 64 bits; what has no derivative as it is."""
    value = np.asarray(x)
    if value.dtype == dtypes.float0:
        return value
    kind = np.complex128 if value.dtype.kind == "c" else np.float64
    return value.astype(kind) if dtypes.issubdtype(value.dtype, np.inexact) else value


def _difference(f: Any, args: Any, tangents: Any, step: float) -> Any:
    """Central difference of `f` along `tangents`."""

    def moved(amount: float) -> Any:
        def move(x: Any, dx: Any) -> Any:
            if getattr(dx, "dtype", None) == dtypes.float0:
                return x
            return jnp.asarray(_wide(x) + amount * _wide(dx), dtypes.dtype(x))

        return f(*tree_map(move, tuple(args), tuple(tangents)))

    def slope(above: Any, below: Any) -> Any:
        if not dtypes.issubdtype(dtypes.dtype(above), np.inexact):
            return np.zeros(np.shape(above), dtypes.float0)
        return ((_wide(above) - _wide(below)) / step).astype(dtypes.dtype(above))

    return tree_map(slope, moved(step / 2), moved(-step / 2))


def _inner_product(x: Any, y: Any) -> Any:
    """Of two trees; like a sum of the smaller type of their leaves, to be compared with its tolerance."""
    pairs = [
        (a, b)
        for a, b in zip(tree_leaves(x), tree_leaves(y), strict=True)
        if np.asarray(a).dtype != dtypes.float0 and np.asarray(b).dtype != dtypes.float0
    ]
    total = sum(np.vdot(_wide(a), _wide(b)).real for a, b in pairs)
    narrowest = min((np.dtype(np.asarray(a).real.dtype).itemsize for a, _ in pairs), default=8)
    return np.asarray(total, {2: np.float16, 4: np.float32}.get(narrowest, np.float64))


def _check_close(got: Any, wanted: Any, atol: float | None, rtol: float | None, message: str) -> None:
    for a, b in zip(tree_leaves(got), tree_leaves(wanted), strict=True):
        x, y = np.asarray(a), np.asarray(b)
        if x.dtype == dtypes.float0 or y.dtype == dtypes.float0:
            continue
        tolerance = _TOLERANCE.get(min(x.real.dtype.itemsize, y.real.dtype.itemsize), 1e-1)
        np.testing.assert_allclose(
            _wide(x),
            _wide(y),
            rtol=tolerance if rtol is None else rtol,
            atol=tolerance if atol is None else atol,
            err_msg=message,
        )
