"""Random programs, the same for the same seed: functions that call each other, made of ops on their own samples.

Functions of `Smooth` have results of moderate size and derivatives everywhere; `any_ops` are made of whatever ops
there are, so numbers mean little there, and only structure and agreement are checked.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from written import define

from weft_compiler import dialect
from weft_compiler.avals import FLOAT64, INT32, Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import REGISTRY, ZERO_TANGENT, NoRule, Op
from weft_compiler.dialect.samples import Sample
from weft_compiler.module import Module

VECTOR = Aval.of((3,), FLOAT64)
STATE = (VECTOR, VECTOR)
"""What every smooth function takes and gives, so that any can stand where another does."""

UNARY = ("sin", "cos", "tanh", "logistic", "neg", "atan", "asinh", "erf")
BINARY = ("add", "sub", "mul", "logaddexp")
PRODUCT = {"lhs_batch": (), "rhs_batch": (), "lhs_contract": (1,), "rhs_contract": (0,)}
MOST_REQUESTS = 2
"""Requests nest at most so deep: what they ask for grows by a factor with each."""


class Smooth:
    """A module whose last function `f` reaches others through calls, branches, loops and, if asked, requests."""

    def __init__(self, seed: int, *, functions: int = 6, ops: int = 5, requests: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.module = Module.new()
        self.ops = ops
        self.depths: dict[str, int] = {}
        """Function -> how deep requests nest in it."""
        self.ways = [self.unary, self.unary, self.binary, self.product, self.call, self.cond, self.scan]
        self.ways += [self.while_] + [self.jvp, self.vjp, self.vmap] * requests
        for i in range(functions):
            name = "f" if i == functions - 1 else f"f{i}"
            self.depth = 0
            define(self.module, name, STATE, self.body, public=name == "f")
            self.depths[name] = self.depth

    def body(self, b: Any, *args: Val) -> list[Val]:
        pool = list(args)
        for _ in range(self.ops):
            x, y = (pool[i] for i in self.rng.integers(len(pool), size=2))
            ways = self.ways if self.depths else self.ways[:4]
            pool.extend(ways[self.rng.integers(len(ways))](b, x, y))
        return pool[-2:]

    def callee(self, *, requests: int = MOST_REQUESTS) -> str:
        """Some function in which requests nest at most so deep."""
        name = str(self.rng.choice([f for f, depth in self.depths.items() if depth <= requests]))
        self.depth = max(self.depth, self.depths[name] + MOST_REQUESTS - requests)
        return name

    def unary(self, b: Any, x: Val, y: Val) -> list[Val]:
        return [getattr(b, str(self.rng.choice(UNARY)))(x)]

    def binary(self, b: Any, x: Val, y: Val) -> list[Val]:
        return [b.tanh(getattr(b, str(self.rng.choice(BINARY)))(x, y))]

    def product(self, b: Any, x: Val, y: Val) -> list[Val]:
        rows = b.broadcast_in_dim(x, shape=(3, 3), dims=(0,))
        columns = b.broadcast_in_dim(x, shape=(3, 3), dims=(1,))
        matrix = b.tanh(b.mul(rows, b.transpose(columns, permutation=(1, 0))))
        return [b.dot_general(matrix, y, **PRODUCT)]

    def call(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        return b.call(self.callee(), [x, y])

    def cond(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        index = b.convert(b.reduce_sum(b.sign(x), axes=(0,)), dtype=INT32)
        return b.cond(index, x, y, branches=(self.callee(), self.callee()))

    def scan(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        length, reverse = int(self.rng.integers(1, 4)), bool(self.rng.integers(2))
        return b.scan(x, y, body=self.callee(), consts=0, carry=2, length=length, reverse=reverse)

    def while_(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        """Three steps, of which nobody but the loop knows."""
        callee = self.callee()
        step, few = f"{callee}.counted", "few"
        avals = (Aval.of((), INT32), *STATE)
        if few not in self.module.functions:
            write = lambda b, i, *_: [b.compare(i, 3, direction="LT")]
            define(self.module, few, avals, write, public=False)
        if step not in self.module.functions:
            write = lambda b, i, *args: [b.add(i, 1), *b.call(callee, args)]
            define(self.module, step, avals, write, public=False)
        zero = b.zeros(avals[0])
        return b.while_(zero, x, y, cond=few, body=step, cond_consts=0, body_consts=0, max_trips=4)[1:]

    def jvp(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        callee = self.callee(requests=MOST_REQUESTS - 1)
        return [b.tanh(v) for v in b.jvp(x, y, y, callee=callee, wrt=(1,))]

    def vjp(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        callee = self.callee(requests=MOST_REQUESTS - 1)
        return [b.tanh(v) for v in b.vjp(x, y, x, callee=callee, wrt=(0, 1), ct_of=(1,))]

    def vmap(self, b: Any, x: Val, y: Val) -> Sequence[Val]:
        """A function on the rows of a matrix, of which the columns of the results are summed."""
        callee = self.callee(requests=MOST_REQUESTS - 1)
        rows = b.broadcast_in_dim(x, shape=(2, 3), dims=(1,))
        scaled = b.mul(rows, b.add(b.iota(shape=(2, 3), dtype=FLOAT64, dimension=0), 1))
        made = b.vmap(scaled, y, callee=callee, in_axes=(0, -1), out_axes=(0, 1), size=2)
        return [b.reduce_sum(made[0], axes=(0,)), b.reduce_sum(made[1], axes=(1,))]


SLOPE_ONCE = {"igamma", "igammac"}
"""Ops of which the derivative has none."""


def usable(cls: type[Op]) -> bool:
    """Whether an op can stand in a program that is differentiated and batched."""
    if isinstance(cls.samples, NoRule) or cls.callee_attrs or cls.no_slope_in or cls.name in SLOPE_ONCE:
        return False
    return (not isinstance(cls.jvp, NoRule) or cls.jvp is ZERO_TANGENT) and not isinstance(cls.batch, NoRule)


def any_ops(seed: int, ops: int = 12) -> tuple[Module, list[np.ndarray]]:
    """A module with one function `f` of ops on their samples, and arguments for it.

    Float operands are results of earlier ops where there are any of their type, others as the sample has them.
    """
    dialect.load()
    rng = np.random.default_rng(seed)
    classes = [cls for _, cls in sorted(REGISTRY.items()) if usable(cls)]
    chosen = []
    for i in rng.integers(len(classes), size=ops):
        samples = [s for s in classes[i].samples() if all(x.dtype != object for x in s.operands)]
        chosen.append((classes[i], samples[rng.integers(len(samples))]))
    shapes = [(), (3,), (2, 3)]
    arguments = [rng.uniform(-1, 1, s).astype(np.float32) for s in shapes]
    module = Module.new()
    avals = [Aval.of(x.shape, x.dtype) for x in arguments]
    define(module, "f", avals, lambda b, *xs: _any_body(b, rng, chosen, list(xs)))
    return module, arguments


def _any_body(
    b: Any, rng: np.random.Generator, chosen: Sequence[tuple[type[Op], Sample]], pool: list[Val]
) -> list[Val]:
    for cls, sample in chosen:
        made = b.emit(cls.of(**sample.attrs), [_operand(b, rng, pool, x) for x in sample.operands])
        for v in made if isinstance(made, tuple) else (made,):
            if v.aval.kind == "f" and v.aval.dtype.itemsize >= 4 and v.aval.size:
                v = b.tanh(v)  # values stay of moderate size, however long the program is
            pool.append(v)
    return [v for v in pool if v.aval.kind in "fc"][-8:]


def _operand(b: Any, rng: np.random.Generator, pool: Sequence[Val], array: np.ndarray) -> Val:
    aval = Aval.of(array.shape, array.dtype)
    found = [v for v in pool if v.aval is aval] if aval.kind in "fc" else []
    return found[rng.integers(len(found))] if found else b.constant(array)
