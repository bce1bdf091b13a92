"""Einstein summation: any sum of products, in an order of pairwise contractions that opt_einsum chooses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft.lax.precision import PrecisionLike
from weft.numpy._arguments import array, no_out, no_sharding
from weft.numpy._ops import broadcast_in_dim, reshape_to, transpose_by
from weft.numpy.matrices import diagonal_of
from weft.numpy.products import contract
from weft.numpy.reductions import reduce_axes, wide

_USUAL_SIZE = 64
"""Stands for a size that is not known when the order of contractions is chosen."""


def einsum(
    subscripts: Any,
    /,
    *operands: Any,
    out: None = None,
    optimize: Any = "auto",
    precision: PrecisionLike = None,
    preferred_element_type: Any = None,
    _dot_general: Callable[..., Any] | None = None,
    out_sharding: Any = None,
) -> Any:
    """Sum of products: `einsum("ij,jk->ik", a, b)` is the matrix product of a and b.

    Letters name axes; those that are not in the result are summed over. "..." stands for axes that broadcast.
    `optimize` is True or "auto" or a strategy of opt_einsum, False for the order as written, or a path.

    Raises: ValueError if subscripts and operands do not fit together.
    """
    no_out("einsum", out)
    no_sharding("einsum", out_sharding=out_sharding)
    if not isinstance(subscripts, str):
        subscripts, operands = _interleaved(subscripts, operands)
    elif not operands:
        raise ValueError("must specify the operands to einsum")
    values = [array("einsum", x, i) for i, x in enumerate(operands)]
    formula, path = _plan(subscripts, tuple(x.shape for x in values), _optimize(optimize))
    return _einsum(formula, path, precision, preferred_element_type, _dot_general, *values)


def einsum_path(subscripts: Any, /, *operands: Any, optimize: Any = "auto") -> tuple[list[Any], Any]:
    """The order of contractions that `einsum` would use, and a description of it."""
    import opt_einsum

    if not isinstance(subscripts, str):
        subscripts, operands = _interleaved(subscripts, operands)
    shapes = [np.shape(x) for x in operands]
    strategy = _optimize(optimize)
    return opt_einsum.contract_path(subscripts, *shapes, shapes=True, optimize=strategy)


def _optimize(optimize: Any) -> Any:
    if optimize is True or optimize == "auto":
        return "optimal"
    if optimize is False:
        return False
    return tuple(tuple(step) for step in optimize) if isinstance(optimize, (list, tuple)) else optimize


def _interleaved(first: Any, rest: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """NumPy's other way to call: operand, list of axis numbers, operand, list, …, list for the result."""
    import opt_einsum

    items = (first, *rest)
    arrays = items[0 : len(items) // 2 * 2 : 2]
    stand_ins = [np.broadcast_to(0, np.shape(x)) for x in arrays]
    call = [
        stand_ins[i // 2] if i % 2 == 0 and i // 2 < len(stand_ins) else item for i, item in enumerate(items)
    ]
    inputs, output, _ = opt_einsum.parser.parse_einsum_input(tuple(call))
    return f"{inputs}->{output}", tuple(arrays)


@functools.lru_cache(maxsize=1024)
@functools.lru_cache(maxsize=1024)
def _plan(subscripts: str, shapes: tuple[tuple[int, ...], ...], optimize: Any) -> tuple[str, tuple[Any, ...]]:
    """The formula with every axis a letter, and the order of contractions."""
    import opt_einsum

    known = [tuple([n if isinstance(n, int) else _USUAL_SIZE for n in shape]) for shape in shapes]
    stand_ins = [np.broadcast_to(0, shape) for shape in known]
    inputs, output, _ = opt_einsum.parser.parse_einsum_input((subscripts, *stand_ins))
    _check_sizes(subscripts, inputs.split(","), shapes)
    formula = f"{inputs}->{output}"
    if optimize is False:
        return formula, (tuple(range(len(shapes))),)
    if isinstance(optimize, tuple):
        return formula, tuple(
            step for step in optimize if step != ("einsum_path",) and not isinstance(step, str)
        )
    path, _ = opt_einsum.contract_path(formula, *known, shapes=True, optimize=optimize)
    return formula, tuple(tuple(step) for step in path)


def _check_sizes(subscripts: str, inputs: list[str], shapes: tuple[tuple[int, ...], ...]) -> None:
    seen: dict[str, int] = {}
    for letters, shape in zip(inputs, shapes, strict=True):
        if len(letters) != len(shape):
            raise ValueError(
                f"einsum {subscripts!r}: {letters!r} names {len(letters)} axes of an array of shape {shape}"
            )
        for letter, n in zip(letters, shape, strict=True):
            known = seen.get(letter, 1)
            if known != 1 and n not in (1, known):
                raise ValueError(
                    f"einsum {subscripts!r}: axis {letter!r} has size {known} in one operand, {n} in another"
                )
            seen[letter] = n if known == 1 else known


@library("operands")
def _einsum(
    formula: str,
    path: tuple[tuple[int, ...], ...],
    precision: PrecisionLike,
    preferred: Any,
    dot_general: Callable[..., Any] | None,
    *operands: Any,
) -> Any:
    inputs, output = formula.split("->")
    wanted = None if preferred is None else dtypes.canonicalize_explicit(preferred, "einsum")
    values = [array("einsum", x) for x in operands]
    target, weak = dtypes.promote(*[(x.dtype, x.weak_type) for x in values])
    terms = [
        (convert(x, target, weak), letters) for x, letters in zip(values, inputs.split(","), strict=True)
    ]
    how = _Contractions(precision, wanted, dot_general)
    for step in path:
        taken = [terms.pop(i) for i in sorted(step, reverse=True)]
        needed = set(output).union(*[letters for _, letters in terms])
        terms.append(how.combine(taken[::-1], needed))
    x, letters = how.combine(terms, set(output)) if len(terms) > 1 else terms[0]
    x, letters = how.summed(x, letters, set(output))
    made = transpose_by(x, tuple(letters.index(letter) for letter in output))
    return convert(made, target if wanted is None else wanted, weak if wanted is None else False)


Term = tuple[Any, str]
"""An array and the letters of its axes."""


class _Contractions:
    """Pairwise products of terms."""

    def __init__(
        self, precision: PrecisionLike, preferred: Any, dot_general: Callable[..., Any] | None
    ) -> None:
        self.precision = precision
        self.preferred = preferred
        self.dot_general = dot_general

    def combine(self, terms: list[Term], needed: set[str]) -> Term:
        """The product of terms, one after the other, without axes that nothing needs."""
        result = terms[0]
        for i, term in enumerate(terms[1:], 2):
            later = needed.union(*[letters for _, letters in terms[i:]])
            result = self.product(result, term, later)
        return self.summed(*result, needed)

    def summed(self, x: Any, letters: str, needed: set[str]) -> Term:
        """Repeated letters as diagonals, and axes that nothing needs summed."""
        x, letters = _diagonals(x, letters)
        axes = tuple(i for i, letter in enumerate(letters) if letter not in needed)
        if axes:
            dtype = x.dtype
            x = convert(reduce_axes("reduce_sum", wide(x), axes), dtype, x.weak_type)
        return x, "".join(letter for letter in letters if letter in needed)

    def product(self, left: Term, right: Term, needed: set[str]) -> Term:
        """The product of two terms: shared axes are batch axes if needed later, else summed."""
        x, p = self.summed(*left, needed | set(right[1]))
        y, q = self.summed(*right, needed | set(left[1]))
        (x, p), (y, q) = _without_ones(x, p, y, q), _without_ones(y, q, x, p)
        shared = [letter for letter in p if letter in q]
        batch = [letter for letter in shared if letter in needed]
        contracted = [letter for letter in shared if letter not in needed]
        axes = (
            tuple(p.index(letter) for letter in batch),
            tuple(q.index(letter) for letter in batch),
            tuple(p.index(letter) for letter in contracted),
            tuple(q.index(letter) for letter in contracted),
        )
        if self.dot_general is None:
            made = contract(x, y, axes, self.precision, self.preferred)
        else:
            numbers = ((axes[2], axes[3]), (axes[0], axes[1]))
            made = self.dot_general(
                x, y, numbers, precision=self.precision, preferred_element_type=self.preferred
            )
        free = [letter for letter in p + q if letter not in shared]
        return made, "".join(batch + free)


def _without_ones(x: Any, p: str, y: Any, q: str) -> Term:
    """`x` without axes of size 1 that are larger in `y`: they broadcast."""
    keep = [
        i
        for i, letter in enumerate(p)
        if not (x.shape[i] == 1 and letter in q and y.shape[q.index(letter)] != 1)
    ]
    if len(keep) == len(p):
        return x, p
    return reshape_to(x, tuple(x.shape[i] for i in keep)), "".join(p[i] for i in keep)


def _diagonals(x: Any, letters: str) -> Term:
    """Axes with the same letter made one: their diagonal."""
    for letter in sorted(set(letters)):
        while letters.count(letter) > 1:
            i = letters.index(letter)
            j = letters.index(letter, i + 1)
            size = max(x.shape[i], x.shape[j])
            if x.shape[i] != x.shape[j]:
                x = broadcast_in_dim(
                    x, tuple(size if n in (i, j) else m for n, m in enumerate(x.shape)), tuple(range(x.ndim))
                )
            rest = tuple(n for n in range(x.ndim) if n not in (i, j))
            x = diagonal_of(transpose_by(x, (*rest, i, j)), 0)
            letters = "".join(letters[n] for n in rest) + letter
    return x, letters
