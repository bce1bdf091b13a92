"""`fwd_and_bwd`: the two passes of reverse mode as two functions, each compiled once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from weft._transforms.grad import check_callable
from weft._transforms.jit import jit
from weft._transforms.reverse import vjp


def fwd_and_bwd(
    fun: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool = False, jitted: bool = True
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The pair (fwd, bwd): `fwd(*args)` gives the result and residuals, `bwd(residuals, ct)` the cotangents.

    `argnums` says with respect to which arguments: for an integer there is one cotangent, else a tuple of them.
    With `has_aux`, `fun` returns a pair whose second part `fwd` hands back as a third result. Both are under
    `jit`, unless `jitted` is False.

    >>> fwd, bwd = fwd_and_bwd(lambda x, y: x * y, argnums=(0, 1))
    >>> y, residuals = fwd(3.0, 4.0)
    >>> [float(ct) for ct in bwd(residuals, 1.0)]
    [4.0, 3.0]
    """
    check_callable(fun, "fwd_and_bwd")
    is_one = not isinstance(argnums, Sequence)
    numbers = (operator.index(argnums),) if is_one else tuple(map(operator.index, argnums))  # type: ignore[arg-type]

    def fwd(*args: Any, **kwargs: Any) -> Any:
        wanted = [n + len(args) if n < 0 else n for n in numbers]
        if not all(0 <= n < len(args) for n in wanted):
            raise ValueError(f"fwd_and_bwd: argnums {argnums} do not fit a call with {len(args)} arguments")

        def partial(*chosen: Any) -> Any:
            full = list(args)
            for n, x in zip(wanted, chosen, strict=True):
                full[n] = x
            return fun(*full, **kwargs)

        return vjp(partial, *[args[n] for n in wanted], has_aux=has_aux)

    def bwd(residuals: Any, ct: Any) -> Any:
        cotangents = residuals(ct)
        return cotangents[0] if is_one else cotangents

    return (jit(fwd), jit(bwd)) if jitted else (fwd, bwd)
