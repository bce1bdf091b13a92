"""Checks for values that are no numbers: what `weft-check-nan` puts into a program."""

import numpy as np

from weft_compiler.attributes import I64, Flag
from weft_compiler.avals import INT32, UINT32, Aval
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    ZERO_TANGENT,
    Alike,
    Attr,
    Inexact,
    Integer,
    Op,
    Operand,
    no_rule,
    op,
)
from weft_compiler.dialect.samples import cases

NAN, INF = 1, 2
"""The bits of what `find_nan` gives."""


@op("find_nan")
class FindNan(Op):
    """A number that says what is among the elements of x: 1 for nan if `nans`, 2 for infinities if `infs`, or both."""

    x: Operand[Inexact]
    nans: Attr[Flag] = True
    infs: Attr[Flag] = False

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def infer(self, x):
        return Aval.of((), UINT32)

    def batch(self, b, x):
        return self._found(b, x, first=1)

    def lower(self, b, x):
        return self._found(b, x, first=0)

    def _found(self, b, x, first):
        """The numbers along the axes before `first`."""
        axes = tuple(range(first, x.ndim))
        asked = [(NAN, self._is_nan)] * self.nans + [(INF, self._is_infinite)] * self.infs
        found = b.zeros(Aval.of(x.shape[:first], UINT32))
        for bit, test in asked:
            where = test(b, x)
            some = b.reduce_or(where, axes=axes) if axes else where
            found = b.add(found, b.mul(b.convert(some, dtype=UINT32), bit))
        return found

    @staticmethod
    def _is_nan(b, x):
        return b.compare(x, x, direction="NE")

    @staticmethod
    def _is_infinite(b, x):
        parts = (b.real(x), b.imag(x)) if x.aval.kind == "c" else (x,)
        found = [b.compare(b.abs(p), float("inf"), direction="EQ") for p in parts]
        return found[0] if len(found) == 1 else b.or_(*found)

    fold = NOTHING_TO_FOLD
    samples = cases(
        ((((2, 3), "float32"),), {}),
        ((((), "float64"),), {"infs": True}),
        ((((2, 0), "complex64"),), {"nans": False, "infs": True}),
    )

    def reference(self, x):
        found = NAN * (self.nans and bool(np.isnan(x).any())) + INF * (self.infs and bool(np.isinf(x).any()))
        return np.asarray(found, np.uint32)


@op("report_nan")
class ReportNan(Op):
    """Tells the host what `find_nan` gave in a run of function number `function`, unless it is 0 throughout.

    `callback` is the number of the host function that is told; with 0 there is none, and nothing happens.
    """

    found: Alike[Integer]
    function: Attr[I64]
    callback: Attr[I64] = 0

    results = 0
    has_effect = True

    def infer(self, *found):
        for aval in found:
            if aval != Aval.of((), UINT32):
                self.fail(f"takes what find_nan gives, u32[], got {aval}")
        return ()

    def jvp(self, b, *args):
        return ()

    transpose = NOT_LINEAR

    def batch(self, b, *found):
        given = [b.reduce_max(x, axes=(0,)) if b.is_batched(x) else x for x in found]
        return b.emit(self, given)

    def lower(self, b, *found):
        if not self.callback or not found:
            return ()
        row = b.concatenate(*[b.reshape(x, shape=(1,)) for x in found], axis=0)
        some = b.compare(b.reduce_max(row, axes=(0,)), 0, direction="GT")
        number = b.full(Aval.of((), INT32), self.function)
        b.stablehlo.op("stablehlo.if", (some,), (), 2)

        def tell():
            b.effect_callback(number, row, callback=self.callback, out_types=())
            return ()

        b.stablehlo.region(0, (), tell)
        b.stablehlo.region(1, (), lambda: ())
        return ()

    fold = NOTHING_TO_FOLD
    samples = no_rule(
        "covered by test/passes/check-nan and test/frontend/test_debug_nans.py: it gives nothing"
    )
