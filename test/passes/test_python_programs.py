"""Random Python programs under random transformations: the numbers of jax, whatever optimisation is left out.

Each is run under jit, and in one of the `WAYS` besides, which take turns. By default a few programs; with
WEFT_THOROUGH=1 two thousand. Where jax is not installed, or has no derivative for a program, only the ways are
compared with each other.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from python_programs import Modules, Program, arguments, random_program, reduced

import weft
import weft.lax
import weft.nn
import weft.numpy
from weft.config import disabled_passes
from weft_compiler.lowering import OPTIMISATIONS

try:
    import jax
    import jax.lax
    import jax.nn
    import jax.numpy
except ImportError:
    jax = None

THOROUGH = os.environ.get("WEFT_THOROUGH") == "1"
SEEDS = range(2000) if THOROUGH else range(40)
WAYS = (*(name for name in OPTIMISATIONS if name != "weft-cut-fusions"), "eagerly")
"""In what other ways a program is run. Arrays are too small here for a fusion to be cut."""
FORGET_AFTER = 50
"""So many programs are compiled before the caches are emptied."""
TOLERANCE = 1e-8
"""Of the largest number of a result."""
NAMES = [
    "jit",
    "grad",
    "jvp",
    "vjp",
    "vmap",
    "checkpoint",
    "linearize",
    "value_and_grad",
    "custom_jvp",
    "custom_vjp",
]

Results = list[np.ndarray]


def modules(library: Any) -> Modules:
    """What a program finds under the names that it uses."""
    own = {name: getattr(library, name) for name in NAMES}
    return {"np": library.numpy, "lax": library.lax, "nn": library.nn, **own}


def by_weft(program: Program, args: Sequence[np.ndarray], *without: str) -> Results:
    """The results under jit, without some optimisations."""
    with weft.enable_x64(True), disabled_passes(without):
        return [np.asarray(v) for v in weft.jit(program.entry(modules(weft)))(*args)]


def by_weft_eagerly(program: Program, args: Sequence[np.ndarray]) -> Results:
    """The results without jit around all."""
    with weft.enable_x64(True):
        return [np.asarray(v) for v in program.entry(modules(weft))(*map(weft.numpy.asarray, args))]


def by_jax(program: Program, args: Sequence[np.ndarray]) -> Results | None:
    """The results of jax, where it has any: some derivatives it does not have."""
    if jax is None:
        return None
    with jax.enable_x64(True):
        try:
            return [np.asarray(v) for v in jax.jit(program.entry(modules(jax)))(*args)]
        except (NotImplementedError, TypeError, ValueError):
            return None


def difference(got: Results, want: Results) -> str:
    """What is wrong, in words; empty if nothing is."""
    for i, (x, y) in enumerate(zip(got, want, strict=True)):
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"result {i} is {x.dtype}{x.shape}, not {y.dtype}{y.shape}"
        finite = np.isfinite(y)
        if not np.array_equal(np.isfinite(x), finite):
            return f"result {i} is {x}, not {y}"
        size = max(1.0, float(np.max(np.abs(y[finite]), initial=0.0)))
        if float(np.max(np.abs(x - y)[finite], initial=0.0)) > TOLERANCE * size:
            return f"result {i} is {x}, not {y}"
    return ""


def problem(program: Program, args: Sequence[np.ndarray], ways: Sequence[str]) -> str:
    """What is wrong with what weft makes of a program; empty if nothing is."""
    want = by_jax(program, args)
    name = "weft.jit"
    try:
        got = by_weft(program, args)
        if want is not None and (found := difference(got, want)):
            return f"weft against jax: {found}"
        for name in ways:
            other = by_weft_eagerly(program, args) if name == "eagerly" else by_weft(program, args, name)
            if found := difference(other, got):
                return f"{name} against the jitted program: {found}"
    except Exception as error:  # noqa: BLE001 - whatever weft raises on a program that jax can run is the finding
        if want is None and jax is not None and name == "weft.jit":
            return ""  # neither has it
        return f"{name}: {type(error).__name__}: {error}"
    return ""


def report(program: Program, fails: Callable[[Program], bool], told: str, args: Sequence[np.ndarray]) -> str:
    """The failure of the smallest program that still has it, as Python that can be run and as IR."""
    small = reduced(program, fails)
    names = ", ".join(NAMES)
    header = f"import numpy\nfrom weft import {names}\nfrom weft import lax, nn, numpy as np\n"
    values = ", ".join(f"numpy.array({x.tolist()})" for x in args)
    call = f"print(jit(main)({values}))  # with x64; the same with jax for weft"
    try:
        with weft.enable_x64(True):
            ir = str(weft.make_ir(small.entry(modules(weft)))(*args))
    except Exception as error:  # noqa: BLE001 - the finding may be that it cannot be traced
        ir = f"not traced: {error}"
    return f"{told}\n\n{header}\n{small.text()}\n{call}\n\n{ir}"


@pytest.mark.parametrize("seed", SEEDS)
def test_program(seed):
    if seed % FORGET_AFTER == 0:
        weft.clear_caches()
        if jax is not None:
            jax.clear_caches()
    program, args = random_program(seed), arguments(seed)
    ways = [WAYS[seed % len(WAYS)]]
    told = problem(program, args, ways)
    if told:
        pytest.fail(report(program, lambda p: bool(problem(p, args, ways)), told, args), pytrace=False)


def test_reduction_finds_what_matters():
    """Of a program that is said to fail where it sorts, little else is left."""
    program = next(p for p in map(random_program, range(1000)) if "np.sort" in p.text() and p.stack)
    small = reduced(program, lambda p: "np.sort" in p.text())
    assert not small.stack and len(small.text().splitlines()) <= 12
    assert all(f.rule is None for f in small.functions)
