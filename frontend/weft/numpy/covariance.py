"""Covariance and correlation."""

from __future__ import annotations

from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import array, inexact
from weft.numpy._ops import (
    concatenate_arrays,
    constant,
    kind,
    like,
    ops,
    reshape_to,
    transpose_by,
)
from weft.numpy.means import average
from weft.numpy.products import dot
from weft.numpy.reductions import reduce_axes
from weft_compiler.avals import kind_of


@library("m", "y", "fweights", "aweights")
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    dtype: Any = None,
) -> Any:
    """Covariance matrix of variables: the rows of m (its columns unless `rowvar`), and those of y."""
    parts = [array("cov", m)] + ([array("cov", y, 1)] if y is not None else [])
    if any(x.ndim > 2 for x in parts):
        raise ValueError(
            "m has more than 2 dimensions" if parts[0].ndim > 2 else "y has more than 2 dimensions"
        )
    if dtype is None:
        target = dtypes.narrow(dtypes.to_inexact(dtypes.promote(*[(x.dtype, x.weak_type) for x in parts])[0]))
    else:
        target = dtypes.canonicalize_explicit(dtype, "cov")
    rows = [_variables(convert(x, target, False), rowvar, i == 0) for i, x in enumerate(parts)]
    x = concatenate_arrays(rows, 0)
    if ddof is None:
        ddof = 0 if bias else 1
    w = _observation_weights(x, fweights, aweights)
    if w is None:
        center = average(x, axis=1, keepdims=True)
        total: Any = constant(float(x.shape[1]), (), dtypes.to_real(target))
        norm = bind(ops.sub, total, like(total, float(ddof)))
    else:
        center = average(x, axis=1, weights=w, keepdims=True)
        norm = _weighted_norm(w, aweights, ddof, target)
    x = bind(ops.sub, x, broadcast_to(center, x.shape))
    other = x if w is None else bind(ops.mul, x, broadcast_to(convert(w, x.dtype, False), x.shape))
    other = transpose_by(other, (1, 0))
    product = dot(x, bind(ops.conj, other) if kind(x) == "c" else other)
    made = bind(ops.div, product, broadcast_to(convert(norm, product.dtype, False), product.shape))
    return reshape_to(made, tuple(n for n in made.shape if n != 1) if made.size == 1 else made.shape)


def _variables(x: Any, rowvar: bool, is_first: bool) -> Any:
    if x.ndim < 2:
        return reshape_to(x, (1, x.size))
    return x if rowvar or (is_first and x.shape[0] == 1) else transpose_by(x, (1, 0))


def _observation_weights(x: Any, fweights: Any, aweights: Any) -> Any:
    w = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        v = array("cov", given)
        if v.ndim != 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if v.shape[0] != x.shape[1]:
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        if name == "fweights" and kind(v) not in "iu":
            raise TypeError("fweights must be integer.")
        if name == "fweights":
            w = bind(ops.abs, v) if kind(v) == "i" else v
        else:
            v = bind(ops.abs, inexact("cov", v))
            w = v if w is None else bind(ops.mul, convert(w, v.dtype, False), v)
    return w


def _weighted_norm(w: Any, aweights: Any, ddof: int, target: Any) -> Any:
    real = dtypes.to_real(target)
    w = convert(w, real, False)
    total = reduce_axes("reduce_sum", w, (0,))
    if ddof == 0:
        return total
    if aweights is None:
        return bind(ops.sub, total, like(total, float(ddof)))
    weighted = reduce_axes(
        "reduce_sum", bind(ops.mul, w, convert(bind(ops.abs, array("cov", aweights)), real, False)), (0,)
    )
    return bind(ops.sub, total, bind(ops.mul, like(total, float(ddof)), bind(ops.div, weighted, total)))


@library("x", "y")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, dtype: Any = None) -> Any:
    """Matrix of the correlation coefficients of variables, see `cov`."""
    from weft.numpy.matrices import diagonal_of

    if dtype is not None and kind_of(dtypes.as_dtype(dtype)) not in "fc":
        raise ValueError(f"corrcoef: dtype must be a subclass of float or complex; got {dtype!r}")
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return bind(ops.div, c, c)
    variances = diagonal_of(c, 0)
    if kind(c) == "c":
        variances = bind(ops.real, variances)
    deviations = convert(bind(ops.sqrt, variances), c.dtype, False)
    n = c.shape[0]
    c = bind(ops.div, c, broadcast_to(reshape_to(deviations, (n, 1)), c.shape))
    c = bind(ops.div, c, broadcast_to(reshape_to(deviations, (1, n)), c.shape))
    limits = like(c if kind(c) == "f" else bind(ops.real, c), 1)
    if kind(c) == "f":
        return _limited(c, limits)
    return bind(ops.complex, *[_limited(bind(part, c), limits) for part in (ops.real, ops.imag)])


def _limited(x: Any, limits: Any) -> Any:
    return bind(ops.clamp, bind(ops.neg, limits), x, limits)
