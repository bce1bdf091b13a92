"""The size of what passes make grows with the size of the program, not faster."""

import pytest
from written import after, define, ops

from weft_compiler.module import Module

DERIVATIVES = [
    "weft-jvp{fn=f}",
    "weft-linearize{fn=f}",
    "weft-linearize{fn=f},weft-transpose{fn=f.lin}",
    "weft-batch{fn=f size=3}",
    "weft-jvp{fn=f},weft-jvp{fn=f.jvp wrt=0,1}",
    "weft-jvp{fn=f},weft-batch{fn=f.jvp size=3},weft-linearize{fn=f.jvp.batch}",
    "weft-lower",
]


def chain(module, length):
    """One op on the result of the last."""

    def write(b, x):
        for _ in range(length):
            x = b.sin(x)
        return x

    define(module, "f", "f32[4]", write)


def fan(module, length):
    """Every op uses the first value and the last: as many uses of one value as there are ops."""

    def write(b, x):
        y = x
        for _ in range(length):
            y = b.mul(b.tanh(y), x)
        return y

    define(module, "f", "f32[4]", write)


def tower(module, height):
    """Each function calls the one below twice: written out it would be two to the power of `height` ops."""
    define(module, "f0", "f32[4]", lambda b, x: b.sin(x), public=False)
    for i in range(1, height + 1):
        name, below = ("f" if i == height else f"f{i}"), f"f{i - 1}"
        define(module, name, "f32[4]", lambda b, x, below=below: b.mul(*b.call(below, b.call(below, [x])), x))


def loops(module, length):
    """Loops of different bodies one after the other."""
    for i in range(length):
        define(module, f"step{i}", "f32[4] f32[4]", lambda b, c, x: b.mul(b.sin(c), x), public=False)

    def write(b, x):
        xs = b.repeat_first(x, 5)
        for i in range(length):
            (x,) = b.scan(x, xs, body=f"step{i}", consts=0, carry=1, length=5)
        return x

    define(module, "f", "f32[4]", write)


def size(program, scale, pipeline):
    module = Module.new()
    program(module, scale)
    return len(ops(after(module, pipeline)))


@pytest.mark.parametrize("pipeline", DERIVATIVES)
@pytest.mark.parametrize("program", [chain, fan, tower, loops], ids=lambda p: p.__name__)
def test_growth_is_linear(program, pipeline):
    sizes = [size(program, n, pipeline) for n in (4, 8, 12)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0], sizes
    assert sizes[0] > 0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_derivatives_grow_by_a_factor(order):
    """A derivative of a derivative has some times as many ops, and not more for each op the longer the program is."""
    pipeline = ",".join(
        f"weft-jvp{{fn=f{'.jvp' * i} wrt={','.join(map(str, range(2**i)))}}}" for i in range(order)
    )
    per_op = [size(chain, n, f"{pipeline},weft-simplify,weft-cse,weft-dce") / n for n in (4, 8)]
    assert per_op[0] == pytest.approx(per_op[1])
    assert per_op[0] <= 2 * 4**order
