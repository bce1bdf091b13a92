"""Functions of the dialect written in Python, for tests of passes: each op has a line of its own as its place."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from weft_compiler.avals import DTYPES, Aval
from weft_compiler.bindings import context, ir
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import Op
from weft_compiler.locations import in_file
from weft_compiler.module import Function, Module
from weft_compiler.passes.driver import check_rules, check_structure, run_pipeline
from weft_compiler.transforms import TransformBuilder

FILE = "user.py"
CHECKS = (check_structure, check_rules)


def aval(text: str) -> Aval:
    """`f32[2,3]` as an aval."""
    name, _, shape = text.rstrip("]").partition("[")
    dtype = {"f64": "float64", "f32": "float32", "i32": "int32", "bool": "bool"}[name]
    return Aval.of(tuple(int(n) for n in shape.split(",") if n), DTYPES[dtype])


class LineBuilder(TransformBuilder):
    """Gives every op the next line of the file."""

    lines = itertools.count(1)

    def emit(self, inst: Op, operands: Sequence[Any]) -> Any:
        self.loc = in_file(FILE, next(self.lines))
        return super().emit(inst, operands)


def define(
    module: Module, name: str, inputs: str | Sequence[Aval], write: Callable[..., Any], *, public: bool = True
) -> Function:
    """A function of `inputs`, such as "f32[2] i32[]"; `write(b, *arguments)` gives its results."""
    avals = [aval(text) for text in inputs.split()] if isinstance(inputs, str) else inputs
    place = in_file(FILE, next(LineBuilder.lines))
    with context():
        function = module.add_function(name, avals, place, public=public)
        b = LineBuilder(module, ir.InsertionPoint(function.body), place, function.steps)
        outs = write(b, *function.args)
        function.finish([outs] if isinstance(outs, Val) else list(outs), place)
    return function


def after(module: Module, pipeline: str) -> Module:
    """A copy of the module after a pipeline, checked after each pass."""
    copy = module.copy()
    run_pipeline(copy, pipeline, checks=CHECKS)
    return copy


def ops(module: Module, name: str | None = None) -> list[ir.Operation]:
    """The ops of one function, or of all, without returns."""
    functions = list(module) if name is None else [module.function(name)]
    return [o for f in functions for o in f.operations()]
