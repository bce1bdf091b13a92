"""Random Python programs, the same for the same seed, which run on weft and on jax alike.

A program is a few functions of two float vectors to two float vectors; each is a list of statements made from
`TEMPLATES`, in which a placeholder such as `{f3}` stands for some earlier value of that type. The last function
is put through a stack of transformations. As every statement can be replaced by a value of its type (`PLAIN`), a
program that fails can be made smaller for as long as it fails.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy
from python_templates import CALLEES, PLAIN, RULES, STACK, TEMPLATES, Template

MOST_COST = 60
"""A function calls others as long as what it and they compute stays below so many statements."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")

Modules = dict[str, Any]
"""The names that a program finds: np, lax, nn, jit, grad, …"""


@dataclass(frozen=True)
class Statement:
    """`targets = code`; the targets are of `types`."""

    targets: tuple[str, ...]
    types: tuple[str, ...]
    code: str

    @property
    def is_plain(self) -> bool:
        """Whether it is the simplest of its kind already."""
        return self.code == plain_code(self.types)

    def text(self) -> str:
        return f"{', '.join(self.targets)} = {self.code}"


def plain_code(types: Sequence[str]) -> str:
    """A value of each of the types, from the arguments alone."""
    return ", ".join(PLAIN[t] for t in types)


@dataclass(frozen=True)
class Function:
    """Two vectors to two vectors. `rule` is a derivative rule of its own, by its place in `RULES`."""

    name: str
    statements: tuple[Statement, ...]
    results: tuple[str, str]
    rule: int | None = None

    def text(self) -> str:
        lines = [s.text() for s in self.statements] + [f"return {', '.join(self.results)}"]
        name = self.name if self.rule is None else f"{self.name}_plain"
        text = f"def {name}(x, y):\n" + "".join(f"    {line}\n" for line in lines)
        return text if self.rule is None else f"{text}\n\n{RULES[self.rule].definition.format(f=self.name)}"


@dataclass(frozen=True)
class Program:
    """Functions, of which the last is the one that the stack is applied to, innermost transformation first."""

    functions: tuple[Function, ...]
    stack: tuple[int, ...]

    def text(self) -> str:
        """The program as Python code that defines `main`."""
        parts = [f.text() for f in self.functions]
        name = self.functions[-1].name
        for level, choice in enumerate(self.stack):
            parts.append(STACK[choice].code.format(outer=f"t{level}", inner=name))
            name = f"t{level}"
        return "\n\n".join(parts) + f"\n\nmain = {name}\n"

    def entry(self, modules: Modules) -> Callable[..., Any]:
        """`main`, where the names of the program mean those of `modules`."""
        names = dict(modules)
        exec(compile(self.text(), "program.py", "exec"), names)
        return names["main"]


class Writer:
    """Writes a program from random choices."""

    def __init__(self, seed: int, *, functions: int = 4, statements: int = 5) -> None:
        self.rng = numpy.random.default_rng(seed)
        self.costs: dict[str, int] = {}
        self.no_reverse: set[str] = set()
        self.no_forward: set[str] = set()
        self.functions = [self.function(f"f{i}", statements) for i in range(functions)]

    def program(self) -> Program:
        """The program, with a stack that JAX has derivatives for."""
        last = self.functions[-1].name
        allowed = [
            i
            for i, t in enumerate(STACK)
            if not (t.is_reverse and last in self.no_reverse)
            and not (t.is_forward and last in self.no_forward)
        ]
        stack = self.rng.choice(allowed, size=self.rng.integers(0, 4))
        return Program(tuple(self.functions), tuple(int(i) for i in stack))

    def function(self, name: str, count: int) -> Function:
        self.costs[name] = 0
        pool: dict[str, list[str]] = {"f3": ["x", "y"]}
        statements = []
        for i in range(count):
            made = self.statement(name, i, pool)
            statements.append(made)
            for target, kind in zip(made.targets, made.types, strict=True):
                pool.setdefault(kind, []).append(target)
        vectors = pool["f3"][2:] or ["x"]
        results = (vectors[-1], vectors[self.rng.integers(len(vectors))])
        rule = None
        if self.rng.random() < 0.2 and name not in self.no_forward | self.no_reverse:
            rule = int(self.rng.integers(len(RULES)))
            if not RULES[rule].has_forward:
                self.no_forward.add(name)
        return Function(name, tuple(statements), results, rule)

    def statement(self, owner: str, number: int, pool: dict[str, list[str]]) -> Statement:
        """A random template filled in; its targets have names of their own."""
        while True:
            template = TEMPLATES[self.rng.choice(len(TEMPLATES), p=WEIGHTS)]
            code = self.filled(template, owner, pool)
            if code is not None:
                break
        targets = tuple(
            f"v{number}{chr(97 + k) if len(template.types) > 1 else ''}" for k in range(len(template.types))
        )
        return Statement(targets, template.types, code)

    def filled(self, template: Template, owner: str, pool: dict[str, list[str]]) -> str | None:
        """The code of a template, or None where there is nothing that a placeholder could stand for."""
        called: list[str] = []

        def pick(found: re.Match[str]) -> str:
            kind = found[1]
            if kind in CALLEES:
                options = self.callees(owner, kind, template.times)
            elif kind == "n":
                options = ["1", "2", "3"]
            else:
                options = pool.get(kind) or [f"({PLAIN[kind]})"]
            if not options:
                raise LookupError(kind)
            chosen = str(options[self.rng.integers(len(options))])
            if kind in CALLEES:
                called.append(chosen)
            return chosen

        try:
            code = PLACEHOLDER.sub(pick, template.code)
        except LookupError:
            return None
        self.costs[owner] += 1 + template.times * sum(self.costs[c] for c in called)
        for flags, is_own in ((self.no_reverse, template.no_reverse), (self.no_forward, False)):
            if is_own or any(c in flags for c in called):
                flags.add(owner)
        return code

    def callees(self, owner: str, kind: str, times: int) -> list[str]:
        """Functions written already that can be called here."""
        room = MOST_COST - self.costs[owner]
        names = [n for n, cost in self.costs.items() if n != owner and cost * times < room]
        if kind == "rev":
            names = [n for n in names if n not in self.no_reverse]
        if kind == "fwd":
            names = [n for n in names if n not in self.no_forward]
        return names


WEIGHTS = numpy.array([t.weight for t in TEMPLATES], float)
WEIGHTS /= WEIGHTS.sum()


def random_program(seed: int) -> Program:
    """The program of a seed."""
    return Writer(seed).program()


def arguments(seed: int) -> list[numpy.ndarray]:
    """Two vectors for it."""
    return list(numpy.random.default_rng([1, seed]).uniform(-1.0, 1.0, (2, 3)))


def reduced(program: Program, fails: Callable[[Program], bool]) -> Program:
    """A smaller program that still fails: no part of it can be left out."""
    shrinking = True
    while shrinking:
        shrinking = False
        for smaller in smaller_programs(program):
            if fails(smaller):
                program, shrinking = smaller, True
                break
    return program


def smaller_programs(program: Program) -> Iterator[Program]:
    """Each of what one step leaves of a program, the large steps first."""
    functions, stack = program.functions, program.stack
    for i in range(len(stack)):
        yield replace(program, stack=stack[:i] + stack[i + 1 :])
    for i, function in enumerate(functions):
        text = "".join(f.text() for f in functions[i + 1 :])
        if i < len(functions) - 1 and not re.search(rf"\b{function.name}\b", text):
            yield replace(program, functions=functions[:i] + functions[i + 1 :])
    for i, function in enumerate(functions):
        for changed in smaller_functions(function):
            yield replace(program, functions=(*functions[:i], changed, *functions[i + 1 :]))


def smaller_functions(function: Function) -> Iterator[Function]:
    """A function without its rule, without a statement, or with a plain one."""
    if function.rule is not None:
        yield replace(function, rule=None)
    for result in ({("x", "y"), ("x", "x")} | {(r, r) for r in function.results}) - {function.results}:
        if function.results not in (("x", "y"), ("x", "x")):
            yield replace(function, results=result)
    statements = function.statements
    for i, statement in enumerate(statements):
        rest = [s.code for s in statements[i + 1 :]] + list(function.results)
        if not any(re.search(rf"\b{t}\b", code) for t in statement.targets for code in rest):
            yield replace(function, statements=statements[:i] + statements[i + 1 :])
    for i, statement in enumerate(statements):
        if not statement.is_plain:
            plain = replace(statement, code=plain_code(statement.types))
            yield replace(function, statements=(*statements[:i], plain, *statements[i + 1 :]))
