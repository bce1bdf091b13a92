"""Random words as the backend's generators make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.enums import RandomAlgorithm
from weft.lax.operands import check_no_sharding, class_of, rows, sizes

_NAMES = {
    RandomAlgorithm.RNG_DEFAULT: "DEFAULT",
    RandomAlgorithm.RNG_THREE_FRY: "THREE_FRY",
    RandomAlgorithm.RNG_PHILOX: "PHILOX",
}


def rng_bit_generator(
    key: Any,
    shape: Sequence[int],
    dtype: Any = np.uint32,
    algorithm: RandomAlgorithm = RandomAlgorithm.RNG_DEFAULT,
    *,
    out_sharding: Any = None,
) -> tuple[Any, Any]:
    """The next state of a generator, and random bits as unsigned integers.

    `key` is the state: 4 words of uint32 (or 2 of uint64). The bits differ between backends and versions.
    Raises: TypeError unless the state is one.
    """
    check_no_sharding("rng_bit_generator", out_sharding)
    state = as_value(key)
    if np.dtype(state.dtype).name not in ("uint32", "uint64"):
        what = "lax.rng_bit_generator: key must be the words of a state, of dtype uint32 or uint64"
        raise TypeError(explain(what, rows([state], ["key"])))
    inst = class_of("rng_bit_generator").of(
        shape=sizes(shape, "rng_bit_generator"),
        dtype=dtypes.canonicalize_explicit(dtype, "lax.rng_bit_generator"),
        algorithm=_NAMES[RandomAlgorithm(algorithm)],
    )
    after, bits = bind(inst, state, weak_type=False)
    return after, bits


def rng_uniform(a: Any, b: Any, shape: Sequence[int]) -> Any:
    """Uniform numbers in [a, b) from the state of the backend: other ones each time. For tests and benchmarks.

    `weft.random.uniform` has a key, a derivative, and works under `vmap`.
    Raises: ValueError unless `a` and `b` are scalars; TypeError if their dtypes differ.
    """
    low, high = as_value(a), as_value(b)
    if low.ndim or high.ndim:
        raise ValueError(
            f"Arguments to rng_uniform must be scalars; got shapes {low.shape} and {high.shape}."
        )
    if low.dtype != high.dtype:
        what = "lax.rng_uniform: arguments must have one dtype"
        raise TypeError(explain(what, rows([low, high], ["a", "b"])))
    return bind(class_of("rng_uniform").of(shape=sizes(shape, "rng_uniform")), low, high, weak_type=False)
