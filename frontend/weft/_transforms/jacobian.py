"""Jacobians and Hessians: derivatives along a basis, mapped over it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft._tracing.values import as_value
from weft._transforms.differentiable import as_leaves, check_input, check_input_forward, check_output
from weft._transforms.forward import jvp
from weft._transforms.grad import check_callable, positions
from weft._transforms.reverse import vjp
from weft._transforms.scope import evaluated
from weft._transforms.vmap import vmap
from weft_runtime import pytree


def jacfwd(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of `fun`, column by column in forward mode: good for few inputs and many outputs.

    Shapes: a result[...out] and an argument[...in] give [...out, ...in].
    """
    check_callable(fun, "jacfwd")

    @functools.wraps(fun)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        return evaluated("jacfwd", lambda: _jacfwd(fun, argnums, has_aux, holomorphic, args, kwargs))

    return jacobian_of


def _jacfwd(fun: Any, argnums: Any, has_aux: bool, holomorphic: bool, args: Any, kwargs: Any) -> Any:
    partial, dyn, single = _chosen(fun, argnums, args, kwargs, "jacfwd")
    for x in as_leaves("jacfwd", fun, dyn, pytree.flatten(dyn)[0]):
        check_input_forward("jacfwd", x, holomorphic)
    if has_aux:
        push = lambda *t: _reordered(jvp(partial, dyn, t, has_aux=True))  # noqa: E731
        (y, aux), jac = vmap(push, out_axes=((None, None), -1))(*_basis(dyn))
    else:
        y, jac = vmap(lambda *t: jvp(partial, dyn, t), out_axes=(None, -1))(*_basis(dyn))
    tree = pytree.flatten(y)[1]
    example = dyn[0] if single else dyn
    made = tree.unflatten([_unravel_last(j, example) for j in pytree.flatten(jac)[0]])
    return (made, aux) if has_aux else made


def _reordered(result: tuple[Any, Any, Any]) -> Any:
    y, dy, aux = result
    return (y, aux), dy


def jacrev(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of `fun`, row by row in reverse mode: good for many inputs and few outputs.

    Shapes: a result[...out] and an argument[...in] give [...out, ...in].
    """
    check_callable(fun, "jacrev")

    @functools.wraps(fun)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        return evaluated(
            "jacrev", lambda: _jacrev(fun, argnums, has_aux, holomorphic, allow_int, args, kwargs)
        )

    return jacobian_of


jacobian = jacrev


def _jacrev(
    fun: Any, argnums: Any, has_aux: bool, holomorphic: bool, allow_int: bool, args: Any, kwargs: Any
) -> Any:
    partial, dyn, single = _chosen(fun, argnums, args, kwargs, "jacrev")
    for x in as_leaves("jacrev", fun, dyn, pytree.flatten(dyn)[0]):
        check_input("jacrev", x, holomorphic, allow_int)
    if has_aux:
        y, pullback, aux = vjp(partial, *dyn, has_aux=True)
    else:
        y, pullback = vjp(partial, *dyn)
    leaves, out_tree = pytree.flatten(y)
    for x in leaves:
        check_output("jacrev", x, holomorphic)
    rows = vmap(pullback)(_basis(y))
    rows = rows[0] if single else rows
    per_out: list[list[Any]] = [[] for _ in leaves]
    row_leaves, in_tree = pytree.flatten(rows)
    for row in row_leaves:
        for i, part in enumerate(_split_first(row, leaves)):
            per_out[i].append(part)
    made = out_tree.unflatten([in_tree.unflatten(parts) for parts in per_out])
    return (made, aux) if has_aux else made


def hessian(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """Second derivatives of `fun`: forward mode over reverse mode.

    Shapes: a result[...out] and an argument[...in] give [...out, ...in, ...in].
    """
    return jacfwd(
        jacrev(fun, argnums, has_aux=has_aux, holomorphic=holomorphic),
        argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
    )


def _chosen(fun: Any, argnums: Any, args: tuple[Any, ...], kwargs: Any, name: str) -> Any:
    numbers = positions(argnums, args, name)

    def partial(*dyn: Any) -> Any:
        full = list(args)
        for n, x in zip(numbers, dyn, strict=True):
            full[n] = x
        return fun(*full, **kwargs)

    functools.update_wrapper(partial, fun, updated=())
    return partial, tuple(args[n] for n in numbers), isinstance(argnums, int)


def _basis(tree: Any) -> Any:
    """For each leaf the rows of the identity that belong to it, stacked: [total, *leaf.shape]."""
    from weft import numpy

    leaves, treedef = pytree.flatten(tree)
    arrays = [as_value(x) for x in leaves]
    total = sum(x.size for x in arrays)
    made, offset = [], 0
    for x in arrays:
        if isinstance(total, int):
            rows = np.zeros((total, x.size), np.bool_)
            rows[offset : offset + x.size] = np.eye(x.size, dtype=np.bool_)
            basis = as_value(rows.reshape((total, *x.shape))).astype(x.dtype)
        else:
            basis = numpy.eye(total, x.size, -offset, dtype=x.dtype).reshape((total, *x.shape))
        offset += x.size
        made.append(basis)
    return treedef.unflatten(made)


def _unravel_last(jac: Any, example: Any) -> Any:
    leaves, tree = pytree.flatten(example)
    parts, offset = [], 0
    for x in leaves:
        shape = np.shape(x)
        size = math.prod(shape)
        parts.append(jac[..., offset : offset + size].reshape(jac.shape[:-1] + shape))
        offset += size
    return tree.unflatten(parts)


def _split_first(row: Any, outs: Sequence[Any]) -> list[Any]:
    parts, offset = [], 0
    for y in outs:
        size = y.size
        parts.append(row[offset : offset + size].reshape(y.shape + row.shape[1:]))
        offset += size
    return parts
