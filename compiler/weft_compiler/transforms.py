"""What transformations of functions hand back: the names of the functions they made, and which values are zero.

`TransformBuilder` is how a rule of a higher-order op asks for its callee to be transformed. Each answer is
made once per module, function and configuration.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.dialect.builder import Builder, Val

Mask = tuple[bool, ...]


@dataclass(frozen=True)
class Jvp:
    """`fn`: (arguments, tangents of the active ones) -> (results, tangents of those that `out_active` marks)."""

    fn: str
    out_active: Mask

    def split(self, outs: Sequence[Val]) -> tuple[tuple[Val, ...], tuple[Val | None, ...]]:
        """Results, and tangents with None for zeros."""
        count = len(self.out_active)
        tangents = iter(outs[count:])
        return tuple(outs[:count]), tuple(next(tangents) if active else None for active in self.out_active)


@dataclass(frozen=True)
class Linearized:
    """`fwd`: arguments -> (results, residuals); `lin`: (active tangents, residuals) -> active result tangents."""

    fwd: str
    lin: str
    out_active: Mask
    residuals: int

    def spread_tangents(self, tangents: Sequence[Any]) -> tuple[Any, ...]:
        """One tangent for each result, None for zeros."""
        given = iter(tangents)
        return tuple(next(given) if active else None for active in self.out_active)


@dataclass(frozen=True)
class Transposed:
    """`fn`: (cotangents of the active results, non-linear arguments) -> cotangents of linear arguments not zero."""

    fn: str
    nonzero: Mask


@dataclass(frozen=True)
class Batched:
    """`fn`: arguments with the batch axis first where batched -> results, likewise."""

    fn: str
    out_batched: Mask

    def mark(self, b: Any, outs: Sequence[Val]) -> tuple[Val, ...]:
        """The results, each of them with the batch axis, as a batch rule returns them."""
        return tuple(v if is_batched else b.repeat_first(v, b.axis_size) for v, is_batched in zip(outs, self.out_batched, strict=True))


class TransformBuilder(Builder):
    """A builder that can ask for transformed functions, and for a few composed shape ops."""

    axis_size = 0

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """The value of `make()`, remembered by the module under `key`."""
        memo = self.module.memo
        if key not in memo:
            memo[key] = make()
        return memo[key]

    def jvp_of(self, fn: str, active: Mask, instantiate: Mask = ()) -> Jvp:
        """Forward derivative of a function; results that `instantiate` marks get a tangent even where it is zero."""
        from weft_compiler.passes.jvp import differentiate

        return self.once(("jvp", fn, active, instantiate), lambda: differentiate(self.module, fn, active, instantiate))

    def linearize_of(self, fn: str, active: Mask, instantiate: Mask = ()) -> Linearized:
        """A function split into what does not depend on tangents and what is linear in them."""
        from weft_compiler.passes.linearize import linearize

        return self.once(("linearize", fn, active, instantiate), lambda: linearize(self.module, fn, active, instantiate))

    def transpose_of(self, fn: str, linear: Mask, ct_active: Mask, instantiate: bool = False) -> Transposed:
        """A linear function run backwards."""
        from weft_compiler.passes.transpose import transpose

        return self.once(
            ("transpose", fn, linear, ct_active, instantiate),
            lambda: transpose(self.module, fn, linear, ct_active, instantiate),
        )

    def batch_of(self, fn: str, batched: Mask, size: int | None = None, instantiate: Mask = ()) -> Batched:
        """A function over one more axis, the first of every batched value."""
        from weft_compiler.passes.batch import batch

        size = self.axis_size if size is None else size
        return self.once(("batch", fn, batched, size, instantiate), lambda: batch(self.module, fn, batched, size, instantiate))

    def dependence(self, fn: str, mask: Mask, *, differentiable: bool = False) -> Mask:
        """Which results of a function depend on the masked arguments (through floats, if `differentiable`)."""
        from weft_compiler.dependence import dependence

        return self.once(
            ("depends", fn, mask, differentiable), lambda: dependence(self.module, fn, mask, differentiable)
        )

    def move_axis(self, x: Val, source: int, target: int) -> Val:
        """`x` with one axis moved."""
        if source == target:
            return x
        order = [i for i in range(x.ndim) if i != source]
        order.insert(target, source)
        return self.transpose(x, permutation=tuple(order))

    def repeat_first(self, x: Val, size: int) -> Val:
        """`x` repeated along a new first axis."""
        return self.broadcast_in_dim(x, shape=(size, *x.shape), dims=tuple(range(1, x.ndim + 1)))

    def spread(self, x: Val, shape: tuple[int, ...]) -> Val:
        """A scalar repeated into `shape`; what has the shape already stays."""
        return x if x.shape == shape else self.broadcast_in_dim(x, shape=shape, dims=())
