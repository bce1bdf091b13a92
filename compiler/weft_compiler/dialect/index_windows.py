"""Windows of an array placed by index vectors: what gather, scatter and the dynamic slices share."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from weft_compiler.avals import INT32, INT64, Aval
from weft_compiler.dialect.builder import Builder, Val
from weft_compiler.dialect.op import Op
from weft_compiler.symbolic import DimExpr

MODES = ("clip", "fill", "promise_in_bounds")

GATHER = {
    "window_dims": "offset_dims",
    "dropped_dims": "collapsed_slice_dims",
    "index_map": "start_index_map",
    "operand_batching": "operand_batching_dims",
    "indices_batching": "start_indices_batching_dims",
}
"""What gather calls the fields of `Windows`."""
SCATTER = {
    "window_dims": "update_window_dims",
    "dropped_dims": "inserted_window_dims",
    "index_map": "scatter_dims_to_operand_dims",
    "operand_batching": "operand_batching_dims",
    "indices_batching": "scatter_indices_batching_dims",
}
"""What scatter calls them."""

_RISING = ("window_dims", "dropped_dims", "operand_batching")


def _raised(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(d + 1 for d in dims)


@dataclass(frozen=True)
class Windows:
    """The dimension numbers of gather and of scatter, which are the same relation read in two directions.

    It relates an operand, index vectors (the last axis of the indices) and the slices: what gather returns
    and what scatter takes as updates.
    """

    window_dims: tuple[int, ...]
    """Axes of the slices that run within a window; the other axes number the index vectors."""
    dropped_dims: tuple[int, ...]
    """Operand axes along which a window has one element and the slices no axis."""
    index_map: tuple[int, ...]
    """Operand axis of each component of an index vector."""
    operand_batching: tuple[int, ...] = ()
    """Operand axes along which a window is where its index vector is along `indices_batching`."""
    indices_batching: tuple[int, ...] = ()

    @classmethod
    def of(cls, inst: Op, names: Mapping[str, str]) -> "Windows":
        """The dimension numbers of an op instance."""
        return cls(**{field: getattr(inst, name) for field, name in names.items()})

    def attrs(self, names: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
        """The attributes that say this on a gather or a scatter."""
        return {name: getattr(self, field) for field, name in names.items()}

    def batched_operand(self) -> "Windows":
        """For a batch axis of operand and slices: it is the first axis of every window."""
        return Windows(
            (0, *_raised(self.window_dims)),
            _raised(self.dropped_dims),
            _raised(self.index_map),
            _raised(self.operand_batching),
            self.indices_batching,
        )

    def batched_indices(self) -> "Windows":
        """For a batch axis of indices and slices."""
        return Windows(
            _raised(self.window_dims),
            self.dropped_dims,
            self.index_map,
            self.operand_batching,
            _raised(self.indices_batching),
        )

    def batched(self) -> "Windows":
        """For a batch axis of operand, indices and slices."""
        return Windows(
            _raised(self.window_dims),
            _raised(self.dropped_dims),
            _raised(self.index_map),
            (0, *_raised(self.operand_batching)),
            (0, *_raised(self.indices_batching)),
        )

    def vector_dims(self, slices_ndim: int) -> tuple[int, ...]:
        """Axes of the slices that number the index vectors."""
        return tuple(d for d in range(slices_ndim) if d not in self.window_dims)

    def window_axes(self, ndim: int) -> tuple[int, ...]:
        """Operand axes that `window_dims` run along."""
        return tuple(d for d in range(ndim) if d not in self.dropped_dims and d not in self.operand_batching)

    def sizes(self, ndim: int, slices: tuple[int, ...]) -> tuple[int, ...]:
        """Size of a window along each operand axis, from the shape of the slices."""
        made = [1] * ndim
        for axis, dim in zip(self.window_axes(ndim), self.window_dims, strict=True):
            made[axis] = slices[dim]
        return tuple(made)

    def last_starts(self, shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Largest start of a window within the operand for each component of an index vector."""
        return tuple(shape[axis] - sizes[axis] for axis in self.index_map)

    def check(self, inst: Op, names: Mapping[str, str], x: Aval, indices: Aval, slices: str) -> None:
        """What holds for gather and scatter alike; `slices` is what messages call the slices."""
        if indices.ndim == 0:
            inst.fail(f"indices {indices} must have an axis: the last one holds the index vectors")
        slices_ndim = indices.ndim - 1 + len(self.window_dims)
        bounds = {
            "window_dims": (slices_ndim, slices),
            "dropped_dims": (x.ndim, str(x)),
            "index_map": (x.ndim, str(x)),
            "operand_batching": (x.ndim, str(x)),
            "indices_batching": (indices.ndim - 1, f"indices {indices} without the last axis"),
        }
        for field, (ndim, whose) in bounds.items():
            dims, name = getattr(self, field), names[field]
            for dim in dims:
                if not 0 <= dim < ndim:
                    inst.fail(f"{name} {list(dims)}: axis {dim} is out of range for {whose} (rank {ndim})")
            if len(set(dims)) != len(dims):
                inst.fail(f"{name} {list(dims)} name an axis twice")
            if field in _RISING and list(dims) != sorted(dims):
                inst.fail(f"{name} {list(dims)} must increase")
        self._check_roles(inst, names, x, indices)

    def _check_roles(self, inst: Op, names: Mapping[str, str], x: Aval, indices: Aval) -> None:
        for field in ("dropped_dims", "index_map"):
            shared = set(getattr(self, field)) & set(self.operand_batching)
            if shared:
                inst.fail(f"axis {min(shared)} is both in {names[field]} and in {names['operand_batching']}")
        if len(self.index_map) != indices.shape[-1]:
            inst.fail(
                f"{names['index_map']} {list(self.index_map)} must have as many entries as index vectors of "
                f"{indices} have components, {indices.shape[-1]}"
            )
        of_operand = [x.shape[d] for d in self.operand_batching]
        of_indices = [indices.shape[d] for d in self.indices_batching]
        if of_operand != of_indices:
            inst.fail(
                f"{names['operand_batching']} of {x} have sizes {of_operand}, "
                f"{names['indices_batching']} of {indices} have {of_indices}"
            )
        counted = len(self.window_dims) + len(self.dropped_dims) + len(self.operand_batching)
        if counted != x.ndim:
            inst.fail(
                f"{names['window_dims']}, {names['dropped_dims']} and {names['operand_batching']} must have "
                f"together as many entries as {x} has axes, {x.ndim}; they have {counted}"
            )

    def elements(
        self, indices: np.ndarray, shape: tuple[int, ...], slices: tuple[int, ...], mode: str
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Pairs of positions: an element of the slices and the operand element it stands for.

        With `mode` clip windows are moved into the operand; else those that reach out of it are left out.
        """
        ndim, sizes = len(shape), self.sizes(len(shape), slices)
        last = self.last_starts(shape, sizes)
        vector_dims = self.vector_dims(len(slices))
        for position in itertools.product(*map(range, slices)):
            vector = tuple(position[d] for d in vector_dims)
            starts = [int(i) for i in indices[vector]]
            if mode == "clip":
                starts = [max(0, min(i, end)) for i, end in zip(starts, last, strict=True)]
            if any(not 0 <= i <= end for i, end in zip(starts, last, strict=True)):
                continue
            where = [0] * ndim
            for axis, start in zip(self.index_map, starts, strict=True):
                where[axis] = start
            for axis, dim in zip(self.operand_batching, self.indices_batching, strict=True):
                where[axis] = vector[dim]
            for axis, dim in zip(self.window_axes(ndim), self.window_dims, strict=True):
                where[axis] += position[dim]
            yield position, tuple(where)


def check_mode(inst: Op, mode: str) -> None:
    """`mode` is one of the three."""
    if mode not in MODES:
        inst.fail(f"mode is {mode!r}; it must be one of {', '.join(MODES)}", ValueError)


def integer_limits(dtype: Any) -> tuple[int, int]:
    """Smallest and largest value of an integer dtype."""
    limits = ml_dtypes.iinfo(dtype)
    return int(limits.min), int(limits.max)


def signed_indices(b: Builder, indices: Val, shape: tuple[int, ...]) -> Val:
    """Indices into `shape` as i32 or i64, so that every bound fits their dtype.

    An index too large for that dtype becomes its largest value: it was out of bounds and stays so.
    """
    wide = indices.dtype.name in ("int64", "uint64") or any(n > integer_limits(INT32)[1] for n in shape)
    target = INT64 if wide else INT32
    if indices.dtype == target:
        return indices
    most = integer_limits(target)[1]
    if integer_limits(indices.dtype)[1] > most:
        indices = b.min(indices, b.full(indices.aval, most))
    return b.convert(indices, dtype=target)


def limits_of(b: Builder, indices: Val, last: tuple[int, ...]) -> Val:
    """`last`, one number for each component of an index vector, in the shape of `signed_indices`."""
    if len(set(last)) <= 1:
        return b.full(indices.aval, *set(last) or (0,))
    dtype = INT64 if indices.dtype == INT64 else INT32
    if any(isinstance(n, DimExpr) for n in last):
        row = b.concatenate(*[b.full(Aval.of((1,), dtype), n) for n in last], axis=0)
    else:
        row = b.constant(np.asarray(last, dtype))
    return b.broadcast_in_dim(row, shape=indices.shape, dims=(indices.ndim - 1,))


def index_vectors(b: Any, indices: tuple[Val, ...]) -> Val:
    """Scalar indices, batched or not, as one batched array of index vectors; `b` is given to a batch rule."""
    columns = [b.reshape(b.with_batch(i), shape=(b.axis_size, 1)) for i in indices]
    return b.concatenate(*columns, axis=1)
