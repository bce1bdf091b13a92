"""Threefry-2x32: a keyed bijection of 64-bit blocks, from which random bits are made."""

import numpy as np

from weft_compiler.avals import UINT32
from weft_compiler.dialect.op import NOT_LINEAR, NOTHING_TO_FOLD, ZERO_TANGENT, Integer, Op, Operand, op
from weft_compiler.dialect.samples import Sample

# Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3": rotations of the variant
# with two 32-bit words, in groups of four rounds, and the constant that makes the third word of the key.
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_GROUPS = 5


def _known_answers():
    """The known answers of the reference implementation (Random123), and scalar and empty shapes."""
    blocks = [[0, 0, 0, 0], [0xFFFFFFFF] * 4, [0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3]]
    columns = tuple(np.ascontiguousarray(c) for c in np.array(blocks, np.uint32).T)
    return [
        Sample(columns),
        Sample((np.array(7, np.uint32),) * 4),
        Sample((np.zeros((2, 0), np.uint32),) * 4),
    ]


@op("threefry2x32")
class Threefry2x32(Op):
    """The block (x0, x1) under the key (k0, k1) after 20 rounds; four uint32 arrays of one shape."""

    k0: Operand[Integer]
    k1: Operand[Integer]
    x0: Operand[Integer]
    x1: Operand[Integer]

    results = 2

    def infer(self, k0, k1, x0, x1):
        words = (k0, k1, x0, x1)
        if any(w.dtype != UINT32 or w.shape != x0.shape for w in words):
            self.fail(f"takes four uint32 arrays of one shape, got {', '.join(map(str, words))}")
        return x0, x1

    jvp = ZERO_TANGENT
    transpose = NOT_LINEAR

    def batch(self, b, k0, k1, x0, x1):
        return b.threefry2x32(*[b.with_batch(x) for x in (k0, k1, x0, x1)])

    def lower(self, b, k0, k1, x0, x1):
        return rounds(b, k0, k1, x0, x1)

    fold = NOTHING_TO_FOLD

    samples = _known_answers

    def reference(self, k0, k1, x0, x1):
        keys = (k0, k1, k0 ^ k1 ^ np.uint32(_PARITY))
        with np.errstate(over="ignore"):  # numbers modulo 2^32
            x0, x1 = x0 + k0, x1 + k1
            for group in range(_GROUPS):
                for turn in _ROTATIONS[group % 2]:
                    x0 = x0 + x1
                    x1 = (x1 << np.uint32(turn) | x1 >> np.uint32(32 - turn)) ^ x0
                x0 = x0 + keys[(group + 1) % 3]
                x1 = x1 + keys[(group + 2) % 3] + np.uint32(group + 1)
        return x0, x1


def rounds(b, k0, k1, x0, x1):
    """The StableHLO of the rounds.

    Written out: as a loop it compiles no faster and runs six times slower, since XLA fuses straight-line code
    into one kernel.
    """
    aval = x0.aval

    def emit(name, x, y):
        return b.stablehlo.op(name, (x, y), aval)

    def number(value):
        return b.full(aval, value)

    k2 = emit("stablehlo.xor", emit("stablehlo.xor", k0, k1), number(_PARITY))
    keys = (k0, k1, k2)
    x0, x1 = emit("stablehlo.add", x0, k0), emit("stablehlo.add", x1, k1)
    for group in range(_GROUPS):
        for turn in _ROTATIONS[group % 2]:
            x0 = emit("stablehlo.add", x0, x1)
            left = emit("stablehlo.shift_left", x1, number(turn))
            right = emit("stablehlo.shift_right_logical", x1, number(32 - turn))
            x1 = emit("stablehlo.xor", emit("stablehlo.or", left, right), x0)
        x0 = emit("stablehlo.add", x0, keys[(group + 1) % 3])
        x1 = emit("stablehlo.add", x1, emit("stablehlo.add", keys[(group + 2) % 3], number(group + 1)))
    return x0, x1
