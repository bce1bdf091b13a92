"""Collectives: every position along a named axis has its own value, and they are combined or exchanged.

The axis `axis_name` has `axis_size` positions. Where it is the axis of a batch, the batch rule makes plain ops of
a collective: the positions are the elements of the batch. Where it is an axis of a mesh, the positions are devices.
With `groups`, the positions of each group are by themselves; all groups have the size `group_size`.
"""

import numpy as np

from weft_compiler.attributes import I64, Ints, Text
from weft_compiler.avals import FLOAT32, INT32, Aval
from weft_compiler.dialect.mesh_collectives import (
    exchange_over_devices,
    gather_over_devices,
    permute_over_devices,
    position_of_device,
    reduce_over_devices,
    scatter_over_devices,
)
from weft_compiler.dialect.named_positions import inverse, rows
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Anything,
    Attr,
    Number,
    Op,
    Operand,
    RealOrBool,
    Rule,
    no_rule,
    op,
)


class Collective(Op):
    """Speaks of a named axis. `batch` returns the result and whether it has the batch axis."""

    axis_name: Attr[Text]
    axis_size: Attr[I64]
    mesh_shape: Attr[Ints] = ()
    """Sizes of the mesh of devices that the axis is of; none if it is that of a batch."""
    mesh_axis: Attr[I64] = 0
    """Which axis of the mesh it is."""

    takes_keys = True
    resolve: Rule
    """As `batch`, over the batch that the op speaks of: in plain ops."""
    over_devices: Rule
    """As `lower`, of an axis of a mesh; keys come and go as their words."""

    fold = NOTHING_TO_FOLD
    samples = no_rule("covered by test/ops/collectives: it needs an axis")

    @property
    def named_axes(self):
        """The axis that the op speaks of."""
        return (self.axis_name,)

    def varies(self, mask):
        """Whether the result differs along the axis, where the operands marked in `mask` do."""
        return True

    def batch(self, b, *xs):
        if b.axis_name != self.axis_name:
            return self.beside(b, *xs), True
        if b.axis_size != self.axis_size:
            self.fail(f"axis {self.axis_name} has the size {b.axis_size}, not {self.axis_size}")
        return self.resolve(b, *xs)

    def beside(self, b, x):
        """The result over a batch that the op does not speak of."""
        return b.emit(self, (x,))

    def lower(self, b, *xs):
        if not self.mesh_shape:
            self.fail(f"axis {self.axis_name} is not bound: no batch around the op has this name")
        (aval,) = b.outs
        return b.keys(self.over_devices(b, *[b.words(x) if x.aval.kind == "k" else x for x in xs]), aval)


class Grouped(Collective):
    """In each of `groups`, which lists the positions group by group."""

    groups: Attr[Ints] = ()
    group_size: Attr[I64] = 0

    @property
    def count(self):
        """How many positions take part together."""
        return self.group_size if self.groups else self.axis_size

    def check_groups(self):
        """Fails unless every position is in one group."""
        if not self.groups:
            return
        if sorted(self.groups) != list(range(self.axis_size)):
            self.fail(f"groups {list(self.groups)} must name each of {self.axis_size} positions once")
        if self.group_size < 1 or self.axis_size % self.group_size:
            self.fail(f"groups of {self.group_size} do not cover {self.axis_size} positions")

    def check_dim(self, dim, limit, x):
        """Fails unless an axis number is below `limit`."""
        if not 0 <= dim < limit:
            self.fail(f"axis {dim} is out of range for {x}")

    def by_group(self, b, x):
        """Batched x with two axes for the batch: groups, positions in a group."""
        shape = (self.axis_size // self.count if self.count else 1, self.count, *x.shape[1:])
        return b.reshape(rows(b, x, self.groups) if self.groups else x, shape=shape)

    def by_position(self, b, x):
        """Undoes `by_group`."""
        joined = b.reshape(x, shape=(self.axis_size, *x.shape[2:]))
        return rows(b, joined, inverse(self.groups)) if self.groups else joined


# Reductions


class AllReduce(Grouped):
    """A combination of the values at all positions, the same at each of them."""

    combine: str
    combiner: str
    """What StableHLO calls it."""

    def infer(self, x):
        self.check_groups()
        return x

    def varies(self, mask):
        return bool(self.groups) and any(mask)

    def over_devices(self, b, x):
        return reduce_over_devices(b, self, x, self.combiner)

    def combined(self, b, x, axis):
        """Batched x, combined along an axis."""
        return getattr(b, self.combine)(x, axes=(axis,))

    def repeated(self, b, x):
        """As many copies of x as take part, combined."""
        return x

    def resolve(self, b, x):
        if not b.is_batched(x):
            return self.repeated(b, x), False
        if not self.groups:
            return self.combined(b, x, 0), False
        grouped = self.by_group(b, x)
        result = self.combined(b, grouped, 1)
        kept = tuple(i for i in range(grouped.ndim) if i != 1)
        return self.by_position(b, b.broadcast_in_dim(result, shape=grouped.shape, dims=kept)), True


@op("all_reduce_sum")
class AllReduceSum(AllReduce):
    """The sum of the values at all positions."""

    x: Operand[Number]

    linear_in = ("x",)
    combine = "reduce_sum"
    combiner = "add"

    def transpose(self, b, ct, x):
        return b.emit(self, (ct,))

    def repeated(self, b, x):
        return b.mul(x, self.count)


class AllReduceExtremum(AllReduce):
    """One of the values, in a given order."""

    x: Operand[RealOrBool]

    def jvp(self, b, x, dx):
        # Positions that tie share the slope equally, as elements do in reduce_max.
        hit = b.compare(x, b.out, direction="EQ")
        wide = FLOAT32 if dx.dtype.itemsize < 4 else dx.dtype
        total = AllReduceSum.of(**self.by_name())
        count = b.convert(b.emit(total, (b.convert(hit, dtype=wide),)), dtype=dx.dtype)
        return b.div(b.emit(total, (b.select(hit, dx, b.zeros(dx.aval)),)), count)

    transpose = NOT_LINEAR


@op("all_reduce_max")
class AllReduceMax(AllReduceExtremum):
    """The greatest of the values at all positions; nan where there is one."""

    combine = "reduce_max"
    combiner = "maximum"


@op("all_reduce_min")
class AllReduceMin(AllReduceExtremum):
    """The least of the values at all positions; nan where there is one."""

    combine = "reduce_min"
    combiner = "minimum"


@op("reduce_scatter")
class ReduceScatter(Grouped):
    """The sum of the values at all positions; each position gets its own slice of it along axis `dim`."""

    x: Operand[Number]
    dim: Attr[I64]

    linear_in = ("x",)

    def infer(self, x):
        self.check_groups()
        self.check_dim(self.dim, x.ndim, x)
        if x.shape[self.dim] != self.count:
            self.fail(f"axis {self.dim} of {x} must have one element for each of {self.count} positions")
        return x.with_shape(x.shape[: self.dim] + x.shape[self.dim + 1 :])

    def transpose(self, b, ct, x):
        return b.emit(AllGather.of(**self.by_name()), (ct,))

    def beside(self, b, x):
        return b.emit(self.replace(dim=self.dim + 1), (x,))

    def resolve(self, b, x):
        if not b.is_batched(x) and not self.groups:
            return b.move_axis(b.mul(x, self.count), self.dim, 0), True
        summed = b.reduce_sum(self.by_group(b, b.with_batch(x)), axes=(1,))
        return self.by_position(b, b.move_axis(summed, self.dim + 1, 1)), True

    def over_devices(self, b, x):
        return scatter_over_devices(b, self, x)


# Exchanges


@op("all_gather")
class AllGather(Grouped):
    """The values at all positions, stacked along a new axis `dim`, at each of them."""

    x: Operand[Anything]
    dim: Attr[I64]

    linear_in = ("x",)

    def infer(self, x):
        self.check_groups()
        self.check_dim(self.dim, x.ndim + 1, x)
        return x.with_shape((*x.shape[: self.dim], self.count, *x.shape[self.dim :]))

    def varies(self, mask):
        return bool(self.groups) and any(mask)

    def transpose(self, b, ct, x):
        return b.emit(ReduceScatter.of(**self.by_name()), (ct,))

    def beside(self, b, x):
        return b.emit(self.replace(dim=self.dim + 1), (x,))

    def resolve(self, b, x):
        if not b.is_batched(x):
            return b.move_axis(b.repeat_first(x, self.count), 0, self.dim), False
        if not self.groups:
            # A value of its own, as x has a batch axis where this one has an axis of the array.
            same = b.broadcast_in_dim(x, shape=x.shape, dims=tuple(range(x.ndim)))
            return b.move_axis(same, 0, self.dim), False
        grouped = self.by_group(b, x)
        shape = (grouped.shape[0], self.count, *grouped.shape[1:])
        kept = (0, *range(2, len(shape)))
        made = self.by_position(b, b.broadcast_in_dim(grouped, shape=shape, dims=kept))
        return b.move_axis(made, 1, self.dim + 1), True

    def over_devices(self, b, x):
        return gather_over_devices(b, self, x, self.dim, self.count)


@op("all_to_all")
class AllToAll(Grouped):
    """Slice i of x along axis `split`, which goes away, is sent to position i.

    What comes from position j is slice j along a new axis `concat`.
    """

    x: Operand[Anything]
    split: Attr[I64]
    concat: Attr[I64]

    linear_in = ("x",)

    def infer(self, x):
        self.check_groups()
        self.check_dim(self.split, x.ndim, x)
        self.check_dim(self.concat, x.ndim, x)
        if x.shape[self.split] != self.count:
            self.fail(f"axis {self.split} of {x} must have one slice for each of {self.count} positions")
        rest = x.shape[: self.split] + x.shape[self.split + 1 :]
        return x.with_shape((*rest[: self.concat], self.count, *rest[self.concat :]))

    def transpose(self, b, ct, x):
        return b.emit(self.replace(split=self.concat, concat=self.split), (ct,))

    def beside(self, b, x):
        return b.emit(self.replace(split=self.split + 1, concat=self.concat + 1), (x,))

    def resolve(self, b, x):
        if not b.is_batched(x) and not self.groups:
            same = b.move_axis(x, self.split, 0)
            made = b.broadcast_in_dim(
                same,
                shape=(same.shape[0], self.count, *same.shape[1:]),
                dims=(0, *range(2, same.ndim + 1)),
            )
        else:
            grouped = self.by_group(b, b.with_batch(x))  # groups, from, ..., to, ...
            made = self.by_position(b, b.move_axis(grouped, self.split + 2, 1))
        return b.move_axis(made, 1, self.concat + 1), True

    def over_devices(self, b, x):
        order = (self.split, *(i for i in range(x.ndim) if i != self.split))
        made = exchange_over_devices(b, self, b.transpose(x, permutation=order), self.count)
        back = list(range(1, x.ndim))
        back.insert(self.concat, 0)
        return b.transpose(made, permutation=tuple(back))


@op("collective_permute")
class CollectivePermute(Collective):
    """For each pair `sources[k]`, `targets[k]` of positions, x of the first at the second; zeros elsewhere."""

    x: Operand[Anything]
    sources: Attr[Ints]
    targets: Attr[Ints]

    linear_in = ("x",)

    def infer(self, x):
        if len(self.sources) != len(self.targets):
            self.fail("sources and targets must be as many")
        for what, named in (("source", self.sources), ("target", self.targets)):
            if len(set(named)) != len(named):
                self.fail(f"{what}s {list(named)} name a position twice")
            for i in named:
                if not 0 <= i < self.axis_size:
                    self.fail(f"{what} {i} is no position of an axis of size {self.axis_size}")
        if not self.is_whole() and x.kind == "k":
            self.fail(f"keys have no zero, so every position must get one: {x}")
        return x

    def is_whole(self):
        """Whether every position gets something."""
        return len(self.targets) == self.axis_size

    def varies(self, mask):
        return any(mask) or not self.is_whole()

    def transpose(self, b, ct, x):
        return b.emit(self.replace(sources=self.targets, targets=self.sources), (ct,))

    def resolve(self, b, x):
        if self.is_whole() and not b.is_batched(x):
            return x, False
        given = dict(zip(self.targets, self.sources, strict=True))
        moved = rows(b, b.with_batch(x), tuple(given.get(i, i) for i in range(self.axis_size)))
        if not self.is_whole():
            gets = b.constant(np.array([i in given for i in range(self.axis_size)]))
            moved = b.choose(gets, moved, b.zeros(moved.aval))
        return moved, True

    def over_devices(self, b, x):
        return permute_over_devices(b, self, x)


@op("collective_broadcast")
class CollectiveBroadcast(Collective):
    """The value at position `source`, at every position."""

    x: Operand[Anything]
    source: Attr[I64]

    linear_in = ("x",)

    def infer(self, x):
        if not 0 <= self.source < self.axis_size:
            self.fail(f"source {self.source} is no position of an axis of size {self.axis_size}")
        return x

    def varies(self, mask):
        return False

    def transpose(self, b, ct, x):
        axis = self.by_name()
        del axis["source"]
        total = b.all_reduce_sum(ct, **axis)
        here = b.compare(b.axis_index(**axis), self.source, direction="EQ")
        return b.select(here, total, b.zeros(ct.aval))

    def resolve(self, b, x):
        if not b.is_batched(x):
            return x, False
        start = (self.source, *(0 for _ in x.shape[1:]))
        limit = (self.source + 1, *x.shape[1:])
        one = b.slice(x, start=start, limit=limit, strides=(1,) * x.ndim)
        return b.reshape(one, shape=x.shape[1:]), False

    def over_devices(self, b, x):
        every = gather_over_devices(b, self, x, 0, self.axis_size)
        start, limit = (self.source, *(0 for _ in x.shape)), (self.source + 1, *x.shape)
        return b.reshape(b.slice(every, start=start, limit=limit, strides=(1,) * every.ndim), shape=x.shape)


@op("axis_index")
class AxisIndex(Collective):
    """The number of the position, an int32 scalar."""

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def infer(self):
        return Aval.of((), INT32)

    def resolve(self, b):
        return b.iota(shape=(self.axis_size,), dtype=INT32, dimension=0), True

    def over_devices(self, b):
        return position_of_device(b, self)
