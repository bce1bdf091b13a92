"""Derivatives that are known to be zero, as objects in place of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind, op_class
from weft._tracing.trace import STATE
from weft._tracing.values import as_value, aval_of_value
from weft._transforms.differentiable import float0_zeros, is_inexact
from weft._transforms.stages import ShapeDtypeStruct
from weft.tree_util import tree_map
from weft_compiler.avals import Aval


class SymbolicZero:
    """A tangent or cotangent that is zero, of which there is only the type.

    Rules that were defined with `symbolic_zeros=True` get it, and may return it.
    """

    def __init__(self, aval: Any) -> None:
        """`aval` is anything with shape and dtype."""
        is_known = isinstance(aval, (Aval, ShapeDtypeStruct))
        self.aval = aval if is_known else Aval.of(tuple(aval.shape), aval.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.aval.shape

    @property
    def dtype(self) -> Any:
        """Element type: float0 for the tangent of integers."""
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.aval.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.aval.size

    def __repr__(self) -> str:
        return type(self).__name__

    @staticmethod
    def from_primal_value(val: Any) -> SymbolicZero:
        """The zero tangent of a value."""
        return SymbolicZero(tangent_type(aval_of_value(as_value(val))))


def tangent_type(aval: Aval) -> Any:
    """Shape and dtype of tangents: float0 where the values are not float or complex."""
    return aval if aval.kind in "fc" else ShapeDtypeStruct(aval.shape, dtypes.float0)


def zero_from_primal(val: Any, symbolic_zeros: bool = False) -> Any:
    """Zero tangents for a tree of values: arrays, or `SymbolicZero`s.

    >>> zero_from_primal(jnp.ones(3))
    Array([0., 0., 0.], dtype=float32)
    """
    return tree_map(SymbolicZero.from_primal_value if symbolic_zeros else _zero_tangent, val)


def _zero_tangent(x: Any) -> Any:
    x = as_value(x)
    return zeros(aval_of_value(x)) if is_inexact(x) else float0_zeros(x.shape)


def zeros(aval: Aval) -> Any:
    """Zeros of a float or complex type."""
    if STATE.trace is not None:
        return STATE.trace.constant(aval, 0)
    scalar = as_value(np.zeros((), aval.dtype))
    return bind(op_class("broadcast_in_dim").of(shape=aval.shape, dims=()), scalar)


def instantiated(x: Any) -> Any:
    """A `SymbolicZero` as zeros; anything else as it is."""
    if type(x) is not SymbolicZero:
        return x
    return float0_zeros(x.shape) if x.dtype == dtypes.float0 else zeros(x.aval)


@dataclass(slots=True)
class CustomVJPPrimal:
    """An argument as `fwd` gets it with `symbolic_zeros=True`."""

    value: Any
    """The argument."""
    perturbed: bool
    """Whether a derivative with respect to it is asked for."""


def custom_vjp_primal_tree_values(tree: Any) -> Any:
    """The values of a tree of `CustomVJPPrimal`s, which `fwd` gets with `symbolic_zeros=True`."""

    def value(leaf: Any) -> Any:
        if type(leaf) is not CustomVJPPrimal:
            raise TypeError(f"unexpected leaf type {type(leaf)}")
        return leaf.value

    return tree_map(value, tree)
