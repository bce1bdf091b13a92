"""A program under construction to which many checks add: it is compiled once, then each check looks at its results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.bindings import context, ir
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import Op
from weft_compiler.lowering import lower
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import make_pass
from weft_compiler.transforms import TransformBuilder
from weft_tools.backends import run_pjrt

Look = Callable[[list[np.ndarray]], None]
Check = Callable[["Program"], None]
"""Adds to a program what it wants to know, and says with `Program.then` how to judge the results."""
TOGETHER = 80
"""So many checks share a program at most: compiling takes longer than in proportion to the size."""


@dataclass
class Program:
    """A module under construction: `main` takes `inputs`, and each check adds results to it."""

    module: Module = field(default_factory=Module.new)
    inputs: list[np.ndarray] = field(default_factory=list)
    results: list[Val] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    main: Function = field(init=False)
    b: TransformBuilder = field(init=False)

    def __post_init__(self) -> None:
        self._given: dict[int, tuple[np.ndarray, Val]] = {}
        loc = ir.Location.unknown(context())
        self.main = self.module.add_function("main", (), loc, public=True)
        self.b = TransformBuilder(self.module, ir.InsertionPoint(self.main.body), loc, self.main.steps)

    def give(self, array: np.ndarray) -> Val:
        """An input of the program; the same array is one input."""
        known = self._given.get(id(array))
        if known is None:
            self.inputs.append(np.asarray(array, order="C"))
            known = self._given[id(array)] = array, self.main.add_arg(Aval.of(array.shape, array.dtype))
        return known[1]

    def take(self, values: Any) -> slice:
        """Makes values results; where they stand among them."""
        vals = list(values) if isinstance(values, (tuple, list)) else [values]
        start = len(self.results)
        self.results.extend(vals)
        return slice(start, len(self.results))

    def call(self, fn: str, arrays: Sequence[np.ndarray]) -> slice:
        """Calls a function on inputs; where its results stand."""
        return self.take(self.b.call(fn, [self.give(x) for x in arrays]))

    def define(self, inst: Op, operands: Sequence[np.ndarray]) -> str:
        """A function of one op."""
        avals = [Aval.of(x.shape, x.dtype) for x in operands]

        def write(b: TransformBuilder, *args: Val) -> Sequence[Val]:
            made = b.emit(inst, args)
            return made if isinstance(made, tuple) else [made]

        return self.b.define("op", avals, write)

    def then(self, look: Look) -> None:
        """What to do with the results."""
        self.looks.append(look)

    def run(self) -> list[np.ndarray]:
        """Verifies, lowers and runs the program."""
        self.main.finish(self.results, self.main.op.location)
        self.module.ir.operation.verify()
        make_pass("weft-verify").run(self.module)
        return [np.asarray(x) for x in run_pjrt(lower(self.module, "main"), self.inputs)]


def run_checks(checks: Sequence[Check]) -> None:
    """Runs all checks, many in one program; raises one AssertionError that tells of each that failed."""
    problems = [p for i in range(0, len(checks), TOGETHER) for p in _problems(checks[i : i + TOGETHER])]
    if problems:
        raise AssertionError(f"{len(problems)} of {len(checks)} checks failed\n" + "\n".join(problems))


def _problems(checks: Sequence[Check]) -> list[str]:
    program = Program()
    try:
        for check in checks:
            check(program)
        results = program.run()
    except Exception as error:  # noqa: BLE001 - a program that cannot be made has its cause in one check
        if len(checks) == 1:
            return [f"{type(error).__name__}: {error}"]
        half = len(checks) // 2
        return _problems(checks[:half]) + _problems(checks[half:])
    problems = []
    for look in program.looks:
        try:
            look(results)
        except AssertionError as error:
            problems.append(str(error))
    return problems
