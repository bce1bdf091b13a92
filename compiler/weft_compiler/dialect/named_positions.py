"""Positions along a batch axis in another order."""

import numpy as np


def inverse(order):
    """The permutation that undoes one."""
    made = [0] * len(order)
    for i, p in enumerate(order):
        made[p] = i
    return tuple(made)


def rows(b, x, order):
    """Element `order[i]` of x along the first axis as element i; as many as x has."""
    count = x.shape[0]
    if not count or order == tuple(range(count)):
        return x
    first = order[0]
    if all(p == (first + i) % count for i, p in enumerate(order)):  # a rotation needs no indices
        return b.concatenate(_between(b, x, first, count), _between(b, x, 0, first), axis=0)
    return b.gather(
        x,
        b.constant(np.array(order, np.int32)[:, None]),
        offset_dims=tuple(range(1, x.ndim)),
        collapsed_slice_dims=(0,),
        start_index_map=(0,),
        slice_sizes=(1, *x.shape[1:]),
        mode="promise_in_bounds",
    )


def _between(b, x, start, limit):
    """The elements from `start` to `limit` along the first axis."""
    rest = x.shape[1:]
    return b.slice(x, start=(start, *(0 for _ in rest)), limit=(limit, *rest), strides=(1,) * x.ndim)
