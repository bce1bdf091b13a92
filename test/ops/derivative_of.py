"""Values and derivatives of small functions written with a builder: `write(b, *arguments)` gives their results."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from closeness import direction
from programs import Program

from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Val

Write = Callable[..., Any]


def _defined(program: Program, write: Write, arrays: Sequence[np.ndarray]) -> str:
    def body(b: Any, *xs: Val) -> list[Val]:
        made = write(b, *xs)
        return [made] if isinstance(made, Val) else list(made)

    return program.b.define("f", [Aval.of(x.shape, x.dtype) for x in arrays], body)


def _active(arrays: Sequence[np.ndarray]) -> tuple[bool, ...]:
    return tuple(x.dtype.kind in "fc" for x in arrays)


def values(write: Write, *arrays: np.ndarray) -> list[np.ndarray]:
    """The results."""
    program = Program()
    fn = _defined(program, write, arrays)
    program.take(program.b.call(fn, [program.give(x) for x in arrays]))
    return program.run()


def tangents(
    write: Write, arrays: Sequence[np.ndarray], *directions: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Derivatives along one direction after the other; each has one array for every float argument."""
    program = Program()
    fn, b = _defined(program, write, arrays), program.b
    args, active = list(arrays), _active(arrays)
    count = 0
    for along in directions:
        made = b.jvp_of(fn, active)
        count = len(made.out_active)
        held = [x for x, a in zip(args[len(arrays) :], active[len(arrays) :], strict=True) if a]
        args += [*along, *(np.zeros_like(x) for x in held)]
        fn, active = made.fn, _active(args)
    outs = b.call(fn, [program.give(x) for x in args])
    program.take(outs[count:])
    return program.run()


def cotangents(write: Write, arrays: Sequence[np.ndarray], cts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Cotangents of the float arguments, for those of the float results."""
    program = Program()
    fn, b = _defined(program, write, arrays), program.b
    active = _active(arrays)
    made = b.linearize_of(fn, active)
    outs = b.call(made.fwd, [program.give(x) for x in arrays])
    residuals = outs[len(made.out_active) :]
    linear = (True,) * sum(active) + (False,) * made.residuals
    back = b.transpose_of(made.lin, linear, (True,) * sum(made.out_active), True)
    program.take(b.call(back.fn, (*map(program.give, cts), *residuals)))
    return program.run()


def batched(write: Write, mask: tuple[bool, ...], size: int, *arrays: np.ndarray) -> list[np.ndarray]:
    """Results for `size` values of the arguments that `mask` marks."""
    program = Program()
    slices = [np.empty(x.shape[1:], x.dtype) if m else x for x, m in zip(arrays, mask, strict=True)]
    fn, b = _defined(program, write, slices), program.b
    count = len(program.module.signature(fn).outputs)
    made = b.batch_of(fn, mask, size, (True,) * count)
    program.take(b.call(made.fn, [program.give(x) for x in arrays]))
    return program.run()


def some(*shape: int, dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
    """Random values of any dtype."""
    return direction(np.random.default_rng([seed, *shape]), np.empty(shape, dtype))
