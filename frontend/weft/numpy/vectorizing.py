"""Functions of scalars, vectors and rows applied to whole arrays."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft._tracing.values import as_value, is_array
from weft.numpy._arguments import array, arrays, axis_within
from weft.numpy._ops import reshape_to
from weft.numpy.shapes import broadcast_shapes

_NAMES = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?,?\s*\)"
_SIGNATURE = re.compile(rf"^\s*{_NAMES}(\s*,\s*{_NAMES})*\s*->\s*{_NAMES}(\s*,\s*{_NAMES})*\s*$")

Core = tuple[str, ...]
"""Names of the axes of one operand that a function sees."""


def _parsed(signature: str) -> tuple[list[Core], list[Core]]:
    if not _SIGNATURE.match(signature):
        raise ValueError(f"not a valid gufunc signature: {signature}")
    sides = [
        [tuple(re.findall(r"\w+", group)) for group in re.findall(_NAMES, side)]
        for side in signature.split("->")
    ]
    return sides[0], sides[1]


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = frozenset(), signature: str | None = None
) -> Callable[..., Any]:
    """The function applied to all elements of arrays that broadcast, by `vmap`.

    `signature`, as in "(m,n),(n)->(m)", names the axes that one call takes and gives; without it calls take and
    give scalars. `excluded`: positions and names of arguments handed through as they are.
    """
    left_out = frozenset(excluded)
    if any(not isinstance(e, (str, int)) for e in left_out):
        raise TypeError(
            f"jax.numpy.vectorize can only exclude integer or string arguments, but excluded={excluded!r}"
        )
    if any(isinstance(e, int) and e < 0 for e in left_out):
        raise ValueError(f"excluded={excluded!r} contains negative numbers")

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        names = [k for k in kwargs if k not in left_out]
        fixed = {k: v for k, v in kwargs.items() if k in left_out}
        positions = [i for i, x in enumerate(args) if i not in left_out and x is not None]
        absent = [i for i, x in enumerate(args) if i not in left_out and x is None]

        def call(*values: Any) -> Any:
            full = list(args)
            for i, value in zip(positions, values, strict=False):
                full[i] = value
            named = dict(zip(names, values[len(positions) :], strict=True))
            return pyfunc(*full, **fixed, **named)

        given = [args[i] for i in positions] + [kwargs[k] for k in names]
        places = [i - sum(e < i for e in left_out if isinstance(e, int)) for i in absent]
        return _apply(call, given, signature, places)

    return vectorized


def _apply(
    call: Callable[..., Any], given: Sequence[Any], signature: str | None, absent: Sequence[int]
) -> Any:
    """The call on all elements; `absent` are the places in the signature of arguments that are None."""
    values = [as_value(x) if not isinstance(x, (list, tuple)) else array("vectorize", x) for x in given]
    if signature is None:
        inputs: list[Core] = [()] * len(values)
        outputs: list[Core] | None = None
    else:
        inputs, outputs = _parsed(signature)
        inputs = [core for i, core in enumerate(inputs) if i not in absent]
        if len(inputs) != len(values):
            raise TypeError(
                f"wrong number of positional arguments: expected {len(inputs)}, got {len(values)}"
            )
    sizes: dict[str, int] = {}
    for x, core in zip(values, inputs, strict=True):
        if x.ndim < len(core):
            raise ValueError(
                f"input with shape {x.shape} does not have enough dimensions for all core dimensions {core}"
            )
        _note_sizes(sizes, x.shape[x.ndim - len(core) :], core, "input")
    leads = [x.shape[: x.ndim - len(core)] for x, core in zip(values, inputs, strict=True)]
    lead = broadcast_shapes(*leads)
    checked = call if outputs is None else _checking(call, outputs, sizes)
    return _mapped(checked, values, leads, lead)


def _note_sizes(sizes: dict[str, int], shape: tuple[int, ...], core: Core, what: str) -> None:
    for name, n in zip(core, shape, strict=True):
        known = int(name) if name.isdigit() else sizes.setdefault(name, n)
        if known != n:
            raise ValueError(f"inconsistent size for core dimension {name!r} of an {what}: {n} vs {known}")


def _checking(call: Callable[..., Any], outputs: list[Core], sizes: dict[str, int]) -> Callable[..., Any]:
    """`call`, whose results must have the shapes that the signature says."""

    def checked(*values: Any) -> Any:
        made = call(*values)
        parts = made if isinstance(made, tuple) else (made,)
        if len(outputs) != len(parts):
            raise TypeError(f"wrong number of output arguments: expected {len(outputs)}, got {len(parts)}")
        known = dict(sizes)
        for part, core in zip(parts, outputs, strict=True):
            shape = np.shape(part) if not is_array(part) else part.shape
            if len(shape) != len(core):
                raise ValueError(f"output shape {shape} does not match core dimensions {core}")
            _note_sizes(known, shape, core, "output")
        return made

    return checked


def _mapped(
    call: Callable[..., Any], values: list[Any], leads: list[tuple[int, ...]], lead: tuple[int, ...]
) -> Any:
    """`call` mapped over the leading axes; operands without an axis, or of size 1 along it, are not repeated."""
    from weft._transforms.vmap import vmap

    padded = [(1,) * (len(lead) - len(own)) + own for own in leads]
    squeezed = []
    for x, own, full in zip(values, leads, padded, strict=True):
        kept = tuple(
            n
            for n, m in zip(full, lead, strict=True)
            if not (n == 1 and m != 1) and n == m and _is_mapped(n, m)
        )
        squeezed.append(_reshaped(x, kept + x.shape[len(own) :]))
    for i in reversed(range(len(lead))):
        axes = tuple(0 if full[i] == lead[i] and _is_mapped(full[i], lead[i]) else None for full in padded)
        if all(a is None for a in axes):
            call = _with_axis(call)
        else:
            call = vmap(call, in_axes=axes)
    return call(*squeezed)


def _is_mapped(n: int, m: int) -> bool:
    """Whether an operand of size n is mapped along an axis of size m: where all have size 1 none needs to be."""
    return not (n == 1 and m == 1)


def _with_axis(call: Callable[..., Any]) -> Callable[..., Any]:
    """Results with a new first axis of size 1."""
    from weft._tree.functions import tree_map
    from weft.numpy.shapes import expand_dims

    return lambda *values: tree_map(lambda x: expand_dims(x, 0), call(*values))


def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    from weft.numpy.shapes import reshape

    return x if x.shape == shape else reshape(x, shape)


def frompyfunc(func: Callable[..., Any], /, nin: int, nout: int, *, identity: Any = None) -> Any:
    """A ufunc of a Python function of scalars."""
    from weft.numpy.ufunc_class import ufunc

    return ufunc(func, nin, nout, identity=identity)


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """The function applied to each row along an axis; its result takes the place of the row."""
    from weft._transforms.vmap import vmap

    x = array("apply_along_axis", arr)
    at = axis_within(axis, x.ndim)

    def call(row: Any) -> Any:
        return func1d(row, *args, **kwargs)

    for i in range(1, x.ndim - at):
        call = vmap(call, in_axes=i, out_axes=-1)
    for _ in range(at):
        call = vmap(call, in_axes=0, out_axes=0)
    return call(x)


def apply_over_axes(func: Callable[[Any, int], Any], a: Any, axes: int | Sequence[int]) -> Any:
    """The function of (array, axis) applied for one axis after the other; reduced axes are kept."""
    from weft.numpy.shapes import expand_dims

    x = array("apply_over_axes", a)
    for axis in (axes,) if isinstance(axes, int) else axes:
        made = func(x, axis)
        if made.ndim == x.ndim - 1:
            made = expand_dims(made, axis)
        if made.ndim != x.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        x = made
    return x


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """For each element the function (or value) of the last condition that is true; a further one for the rest.

    Values and functions of scalars alike: functions see single elements.
    """
    from weft._transforms.vmap import vmap
    from weft.lax.control_flow import switch
    from weft.numpy.creation import asarray, full_like, zeros_like
    from weft.numpy.logic import truth
    from weft.numpy.selection import where_

    v = array("piecewise", x)
    if not isinstance(condlist, (list, tuple)):
        found = array("piecewise", condlist, 1)
        conditions = [found] if found.ndim == v.ndim else [found[i] for i in range(found.shape[0])]
    elif condlist and not is_array(condlist[0]) and not hasattr(condlist[0], "shape"):
        conditions = [asarray(condlist)] if np.ndim(condlist) == v.ndim else [asarray(c) for c in condlist]
    else:
        conditions = arrays("piecewise", *condlist)
    n = len(conditions)
    if len(funclist) not in (n, n + 1):
        raise ValueError(
            f"with {n} condition(s), either {n} or {n + 1} functions are expected; got {len(funclist)}"
        )
    functions = list(funclist) if len(funclist) == n + 1 else [*funclist, 0]
    branches = [_branch(f, args, kw, v.dtype) for f in (functions[n], *functions[:n])]
    index = zeros_like(v, dtype=int)
    for i, condition in enumerate(conditions, 1):
        index = where_(truth(condition), full_like(index, i), index)
    flat_index, flat = reshape_to(index, (index.size,)), reshape_to(v, (v.size,))
    made = vmap(lambda i, element: switch(i, branches, element))(flat_index, flat)
    return reshape_to(made, v.shape)


def _branch(function: Any, args: Any, kw: Any, dtype: Any) -> Callable[[Any], Any]:
    from weft.numpy.creation import asarray

    if callable(function):
        return lambda element: asarray(function(element, *args, **kw)).astype(dtype)
    return lambda element: asarray(function, dtype)


def fromfunction(function: Callable[..., Any], shape: Any, *, dtype: Any = float, **kwargs: Any) -> Any:
    """The array whose element at (i, j, …) is `function(i, j, …)`."""
    from weft._transforms.vmap import vmap
    from weft.numpy._arguments import shape_of
    from weft.numpy.ranges import arange

    sizes = shape_of(shape)
    call: Callable[..., Any] = functools.partial(function, **kwargs)
    for i in reversed(range(len(sizes))):
        call = vmap(call, in_axes=tuple(0 if j == i else None for j in range(len(sizes))))
    return call(*[arange(n, dtype=dtype) for n in sizes])
