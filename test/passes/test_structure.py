"""Keys by structure: equal for the same ops on the same types, and None where nothing was noted."""

import numpy as np

from weft_compiler import locations
from weft_compiler.avals import Aval
from weft_compiler.module import Module
from weft_compiler.structure import structure

VECTOR = Aval.of((3,), np.dtype("f4"))


def written(body, avals=(VECTOR, VECTOR), name="f", line=1):
    module = Module.new()
    function = module.add_function(name, avals, locations.in_file("a.py", line, 1))
    builder = module.builder(function)
    builder.loc = locations.in_file("a.py", line, 1)
    function.finish([body(builder, *function.args)], builder.loc)
    return module


def key(*args, **kwargs):
    return structure(written(*args, **kwargs), kwargs.get("name", "f"))


def test_same_ops_on_same_types():
    assert key(lambda b, x, y: b.add(b.sin(x), y)) == key(lambda b, p, q: b.add(b.sin(p), q))
    assert key(lambda b, x, y: b.add(x, y)) == key(lambda b, x, y: b.add(x, y), name="g", line=7)


def test_what_makes_a_difference():
    bodies = [
        lambda b, x, y: b.add(x, y),
        lambda b, x, y: b.add(y, x),
        lambda b, x, y: b.sub(x, y),
        lambda b, x, y: b.add(x, 1.0),
        lambda b, x, y: b.add(x, 2.0),
        lambda b, x, y: b.sin(b.add(x, y)),
        lambda b, x, y: (b.sin(x), b.add(x, y))[1],
        lambda b, x, y: x,
        lambda b, x, y: y,
    ]
    keys = {key(body) for body in bodies} | {key(bodies[0], (Aval.of((2,), np.dtype("f4")),) * 2)}
    assert len(keys) == len(bodies) + 1 and None not in keys


def test_functions_that_are_named_belong_to_it():
    def calling(inner):
        module = written(inner, (VECTOR,), name="inner")
        outer = module.add_function("f", (VECTOR,), locations.unknown())
        (made,) = module.builder(outer).call("inner", outer.args)
        outer.finish([made], locations.unknown())
        return structure(module, "f")

    assert calling(lambda b, x: b.sin(x)) == calling(lambda b, x: b.sin(x)) != calling(lambda b, x: b.cos(x))


def test_nothing_is_noted_of_what_comes_from_a_file():
    text = written(lambda b, x, y: b.add(x, y)).text()
    assert structure(Module.parse(text), "f") is None
