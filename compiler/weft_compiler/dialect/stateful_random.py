"""Random numbers from a generator whose state is the backend's own: other numbers each time the program runs."""

import numpy as np

from weft_compiler.attributes import Shape
from weft_compiler.avals import Aval
from weft_compiler.bindings import stablehlo
from weft_compiler.dialect.op import NOT_LINEAR, Attr, Op, Operand, Real, no_rule, op
from weft_compiler.stablehlo import cached


@op("rng_uniform")
class RngUniform(Op):
    """Numbers in [low, high) of shape `shape`. Equal ops give different numbers, so none stands for another."""

    low: Operand[Real]
    high: Operand[Real]
    shape: Attr[Shape]

    has_effect = True

    def infer(self, low, high):
        if low.ndim or high.ndim:
            self.fail(f"low and high must be scalars, got {low} and {high}")
        if low.dtype != high.dtype:
            self.fail(f"dtypes differ: {low} and {high}")
        return Aval.of(self.shape, low.dtype)

    def jvp(self, b, low, high, dlow, dhigh):
        raise NotImplementedError("Differentiation rule for 'rng_uniform' not implemented")

    transpose = NOT_LINEAR

    def batch(self, b, low, high):
        raise NotImplementedError("Batching rule for 'rng_uniform' not implemented")

    def lower(self, b, low, high):
        sizes = b.constant(np.array(self.shape, np.int64))
        kind = cached(stablehlo().RngDistributionAttr.get, "UNIFORM")
        return b.stablehlo.rng(low, high, sizes, rng_distribution=kind)

    fold = no_rule("other numbers each time")
    samples = no_rule("covered by test/frontend/test_collectives.py: other numbers each time")
