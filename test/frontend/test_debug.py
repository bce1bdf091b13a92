"""`weft.debug`: the debugger in running programs, and shardings as text."""

import io

import pytest

import weft
import weft.numpy as jnp
from weft import lax


def session(program, commands):
    """What the debugger says while `program(stdin, stdout)` runs, without its prompts."""
    stdin, stdout = io.StringIO(commands), io.StringIO()
    result = program(stdin, stdout)
    weft.block_until_ready(result)
    weft.effects_barrier()
    return stdout.getvalue().replace("(weft) ", "")


def test_values_of_a_compiled_program():
    def program(stdin, stdout):
        @weft.jit
        def f(x):
            scale = {"by": 3, "name": "scale"}
            y = x * scale["by"]
            weft.debug.breakpoint(stdin=stdin, stdout=stdout)
            return y

        return f(2.0)

    said = session(program, "p y\nscale['name']\ny + 1\nscale\nc\n")
    assert "test_debug.py(" in said
    assert ") f()" in said
    assert "array(6., dtype=float32)\n'scale'\n" in said
    assert "7.0" in said
    assert "{'by': 3, 'name': 'scale'}" in said


def test_frames():
    def program(stdin, stdout):
        def inner(x):
            weft.debug.breakpoint(stdin=stdin, stdout=stdout)
            return x

        def outer(x):
            label = "outer"
            return inner(x + 1), label

        return weft.jit(lambda x: outer(x)[0])(1.0)

    said = session(program, "u\nlabel\nx\nd\nx\nd\nbt\nl\na\nc\n")
    assert ") outer()\n'outer'\narray(1., dtype=float32)\n" in said
    assert "there is no further frame" in said
    assert "weft/_" not in said, "frames of weft are left out"
    assert "-> " in said
    assert "x = array(2., dtype=float32)" in said


def test_all_frames_and_few():
    def program(**options):
        def run(stdin, stdout):
            return weft.jit(lambda x: weft.debug.breakpoint(stdin=stdin, stdout=stdout, **options) or x)(1.0)

        return session(run, "bt\nc\n")

    assert "weft/_" in program(filter_frames=False).replace("\\", "/")
    assert program(num_frames=1).count(".py(") == 2  # once at the start, once for `bt`


def test_loops_and_derivatives():
    def loop(stdin, stdout):
        def step(c, x):
            weft.debug.breakpoint(stdin=stdin, stdout=stdout, ordered=True)
            return c + x, None

        return weft.jit(lambda x: lax.scan(step, x, jnp.arange(2.0))[0])(5.0)

    assert session(loop, "c, x\nc\nc, x\nc\n").count("array(5., dtype=float32)") == 2

    def slope(stdin, stdout):
        return weft.grad(lambda x: weft.debug.breakpoint(stdin=stdin, stdout=stdout) or x**2)(3.0)

    assert "array(3., dtype=float32)" in session(slope, "x\nc\n")

    def batch(stdin, stdout):
        return weft.vmap(lambda x: weft.debug.breakpoint(stdin=stdin, stdout=stdout) or x)(jnp.arange(2.0))

    assert session(batch, "x\nc\nx\nc\n").count("Entering") == 2


def test_outside_of_programs():
    def program(stdin, stdout):
        x = jnp.arange(2)
        weft.debug.breakpoint(stdin=stdin, stdout=stdout)
        return x

    assert "array([0, 1]" in session(program, "x\nc\n")


def test_mistakes_do_not_end_it():
    def program(stdin, stdout):
        return weft.jit(lambda x: weft.debug.breakpoint(stdin=stdin, stdout=stdout) or x)(1.0)

    said = session(program, "nothing\n1 +\npp x\nh\nh p\nc\n")
    assert "NameError: name 'nothing' is not defined" in said
    assert "SyntaxError" in said
    assert "p EXPRESSION" in said


def test_the_end_of_input_continues():
    def program(stdin, stdout):
        return weft.jit(lambda x: weft.debug.breakpoint(stdin=stdin, stdout=stdout) or x)(1.0)

    session(program, "")


def test_quit_ends_the_program():
    def program(stdin, stdout):
        return weft.jit(lambda x: weft.debug.breakpoint(stdin=stdin, stdout=stdout) or x)(1.0)

    with pytest.raises(weft.errors.JaxRuntimeError, match="BdbQuit"):
        session(program, "q\n")


def test_an_unknown_backend():
    with pytest.raises(ValueError, match="no backend 'web'"):
        weft.debug.breakpoint(backend="web")


def test_sharding_of_an_array(capsys):
    x = jnp.zeros((4, 4))
    seen = []
    weft.debug.inspect_array_sharding(x, callback=seen.append)
    assert seen == [x.sharding]
    weft.debug.visualize_array_sharding(x)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("┌")
    assert sum(f"{x.sharding.device.platform.upper()} {x.sharding.device.id}" in line for line in lines) == 1
    assert len({len(line) for line in lines}) == 1


def test_sharding_in_a_program():
    seen = []

    @weft.jit
    def f(x):
        weft.debug.inspect_array_sharding(x, callback=seen.append)
        return x

    weft.block_until_ready(f(jnp.zeros(3)))
    weft.effects_barrier()
    assert [s.num_devices for s in seen] == [1]


class Device:
    def __init__(self, number):
        self.id, self.platform = number, "cpu"


class Grid:
    """A sharding of rows by columns."""

    def __init__(self, rows, columns, copies=1):
        self.rows, self.columns, self.copies = rows, columns, copies

    def devices_indices_map(self, shape):
        made, number = {}, 0
        for i in range(self.rows):
            for j in range(self.columns):
                parts = [
                    slice(k * n // count, (k + 1) * n // count)
                    for k, n, count in ((i, shape[0], self.rows), (j, shape[-1], self.columns))
                ]
                for _ in range(self.copies):
                    made[Device(number)] = tuple(parts[-len(shape) :])
                    number += 1
        return made


def test_a_grid(capsys):
    weft.debug.visualize_sharding((8, 8), Grid(4, 2), use_color=False)
    assert capsys.readouterr().out.splitlines()[:4] == [
        "┌────────────┬────────────┐",
        "│   CPU 0    │   CPU 1    │",
        "├────────────┼────────────┤",
        "│   CPU 2    │   CPU 3    │",
    ]
    weft.debug.visualize_sharding((8,), Grid(1, 4, copies=2), min_width=5)
    text = capsys.readouterr().out
    assert "│CPU 0,1│CPU 2,3│CPU 4,5│CPU 6,7│" in text


def test_three_axes_have_no_picture():
    with pytest.raises(ValueError, match="1 and 2 dimensions"):
        weft.debug.visualize_sharding((2, 2, 2), Grid(1, 1))
