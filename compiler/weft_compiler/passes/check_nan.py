"""Checks for nan: every value of a float type is looked at where it is made."""

from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.diagnostics import Place, place_of
from weft_compiler.dialect.builder import Val
from weft_compiler.locations import derivation
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.rule_errors import errors_located

FREE = -1
"""In place of the number of a value: it is never nan, or not looked at."""


@register("weft-check-nan")
@dataclass(frozen=True)
class CheckNan(ModulePass):
    """Looks at every float value of every function, and reports at the function's end what it found.

    Needs:  requests expanded.
    Leaves: what is computed; functions that run on single elements (reductions) are not looked into.
    """

    nans: bool = True
    """Look for nan."""
    infs: bool = False
    """Look for infinities."""
    callback: int = 0
    """The number of the host function that is told; without one nothing is told."""

    def run(self, module: Module) -> None:
        names = reached(module, [f.name for f in module.defined() if f.is_public])
        check_functions(module, names, nans=self.nans, infs=self.infs, callback=self.callback)


@dataclass(frozen=True)
class Site:
    """One value that is looked at: an argument of a function (without `op`), or a result of an op."""

    op: str
    place: Place | None
    rules: tuple[tuple[str, str], ...]
    """How the op was derived: (rule, op), the last first."""
    position: int
    """Of the argument, or of the result among those of the op."""
    operands: tuple[int, ...]
    """The numbers of the op's operands among the values of the function; FREE for those not looked at."""
    callees: tuple[str, ...]
    """Functions that the op runs, which are looked into."""


@dataclass(frozen=True)
class Checked:
    """What is looked at in a function: its sites by number, and which of them it returns."""

    name: str
    sites: tuple[Site, ...]
    returned: tuple[int, ...]


def reached(module: Module, entries: Sequence[str]) -> list[str]:
    """Functions that run when these run, and that may call the host."""
    found = list(entries)
    for name in found:
        function = module.function(name)
        if not function.is_declaration:
            for step in read_body(module, function):
                if step.inst.callee_attrs:
                    found.extend(c for c in _run_callees(step) if c not in found)
    return [name for name in found if not module.function(name).is_declaration]


def _run_callees(step: Step) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.inst.run_callees()))  # type: ignore[attr-defined]


def check_functions(
    module: Module, names: Sequence[str], *, nans: bool, infs: bool, callback: int
) -> list[Checked]:
    """Adds the checks to some functions; what is looked at in each, by the number that reports give."""
    made = []
    for number, name in enumerate(names):
        work = _Checking(module, module.function(name), frozenset(names), nans, infs)
        made.append(work.run(number, callback))
    return made


class _Checking:
    """The work on one function."""

    def __init__(
        self, module: Module, function: Function, checked: frozenset[str], nans: bool, infs: bool
    ) -> None:
        self.module, self.function, self.checked = module, function, checked
        self.attrs = {"nans": nans, "infs": infs}
        self.number: dict[ir.Value, int] = {}
        self.sites: list[Site] = []
        self.found: list[Val] = []

    def run(self, number: int, callback: int) -> Checked:
        function = self.function
        steps = list(read_body(self.module, function))
        function.steps = None
        b = self.module.builder(function)
        with errors_located(b):
            start = function.body.operations[0]
            b.ip = ir.InsertionPoint(start)
            for i, x in enumerate(function.args):
                self.look(b, x, Site("", place_of(b.loc), (), i, (), ()))
            for step in steps:
                if step.operands or step.inst.callee_attrs:  # a constant is what its user made it
                    b.ip, b.loc = ir.InsertionPoint.after(step.op), step.loc
                    for i, x in enumerate(step.results):
                        self.look(b, x, self._site(step, i))
            b.ip, b.loc = ir.InsertionPoint(function.terminator), function.op.location
            if self.found:
                b.report_nan(*self.found, function=number, callback=callback)
        returned = tuple(self.number.get(v, FREE) for v in function.returned())
        return Checked(function.name, tuple(self.sites), returned)

    def look(self, b: object, x: Val, site: Site) -> None:
        """Puts a check of one value where `b` stands."""
        if x.aval.kind in "fc" and x.aval.size:
            self.number[x.ir] = len(self.sites)
            self.sites.append(site)
            self.found.append(b.find_nan(x, **self.attrs))  # type: ignore[attr-defined]

    def _site(self, step: Step, position: int) -> Site:
        callees: tuple[str, ...] = ()
        if step.inst.callee_attrs:
            callees = tuple(c for c in _run_callees(step) if c in self.checked)
        return Site(
            step.inst.name,
            place_of(step.loc),
            tuple(derivation(step.loc)),
            position,
            tuple(self.number.get(v.ir, FREE) for v in step.operands),
            callees,
        )
