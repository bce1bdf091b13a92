"""Functions written in the dialect, and checks of everything that can be made of them, to any depth."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from weft_compiler.avals import DTYPES, Aval
from weft_compiler.bindings import context, ir
from weft_compiler.lowering import lower, serialize
from weft_compiler.module import Module
from weft_compiler.passes.registry import make_pass
from weft_compiler.passes.transpose import transpose
from weft_compiler.transforms import TransformBuilder
from weft_runtime import compile as compile_for_pjrt
from weft_runtime import device_put

Arrays = Sequence[np.ndarray]
STEP = 1e-5
SIZE = 2


def aval(text: str) -> Aval:
    """`f64[2,3]` as an aval."""
    name, _, shape = text.rstrip("]").partition("[")
    dtype = {"f64": "float64", "f32": "float32", "i32": "int32", "bool": "bool"}[name]
    return Aval.of(tuple(int(n) for n in shape.split(",") if n), DTYPES[dtype])


def is_float(x: np.ndarray | Aval) -> bool:
    return np.dtype(x.dtype).kind == "f"


class Functions:
    """A module under construction, and its functions as callables on arrays."""

    def __init__(self) -> None:
        context()
        self.module = Module.new()
        self._compiled: dict[str, Callable[[Arrays], list[np.ndarray]]] = {}
        self.executables: dict[str, Any] = {}

    def define(self, name: str, inputs: str, write: Callable[..., Any]) -> str:
        """A function of `inputs`, such as "f64[2] i32[]"; `write(b, *args)` gives its results."""
        return self.define_for(name, [aval(text) for text in inputs.split()], write)

    def define_for(self, name: str, avals: Sequence[Aval], write: Callable[..., Any]) -> str:
        with context(), ir.Location.unknown():
            function = self.module.add_function(name, avals, ir.Location.unknown(), public=True)
            b = TransformBuilder(self.module, ir.InsertionPoint(function.body), ir.Location.unknown())
            outs = write(b, *function.args)
            function.finish(outs if isinstance(outs, tuple | list) else [outs], ir.Location.unknown())
        return function.name

    def __call__(self, name: str, *arrays: np.ndarray) -> list[np.ndarray]:
        """Runs a function."""
        if name not in self._compiled:
            self._compiled[name] = self._compile(name)
        return self._compiled[name](arrays)

    def _compile(self, name: str) -> Callable[[Arrays], list[np.ndarray]]:
        make_pass("weft-verify").run(self.module)
        signature = self.module.signature(name)
        outputs = [(a.shape, np.dtype(a.dtype), False) for a in signature.outputs]
        lowered = lower(self.module, name)
        lowered.ir.operation.verify()
        code = serialize(lowered)
        specs = [device_put(np.zeros(a.shape, a.dtype), a.dtype).spec for a in signature.inputs]
        executable = compile_for_pjrt(code, specs, outputs)
        self.executables[name] = executable

        def run(arrays: Arrays) -> list[np.ndarray]:
            given = [np.asarray(x, a.dtype) for x, a in zip(arrays, signature.inputs, strict=True)]
            return [np.asarray(x) for x in executable([device_put(x, x.dtype) for x in given])]

        return run

    def text(self, name: str, passes: str = "") -> str:
        """A function and what it needs after `passes`, as MLIR."""
        copy = self.module.copy()
        for function in copy:
            if function.name != name:
                function.hide()
        for each in ["weft-expand-transforms", *passes.split(), "weft-dce"]:
            make_pass(each).run(copy)
        return copy.text()

    def wrt(self, name: str) -> tuple[int, ...]:
        """Positions of the float arguments."""
        return tuple(i for i, a in enumerate(self.module.signature(name).inputs) if is_float(a))

    def jvp(self, name: str) -> str:
        """(arguments, tangents) -> (results, tangents)."""
        inputs, wrt = self.module.signature(name).inputs, self.wrt(name)
        avals = [*inputs, *(inputs[i] for i in wrt)]
        return self.define_for(f"jvp_{name}", avals, lambda b, *args: b.jvp(*args, callee=name, wrt=wrt))

    def vjp(self, name: str) -> str:
        """(arguments, cotangents of float results) -> (results, cotangents of float arguments)."""
        signature, wrt = self.module.signature(name), self.wrt(name)
        ct_of = tuple(i for i, a in enumerate(signature.outputs) if is_float(a))
        avals = [*signature.inputs, *(signature.outputs[i] for i in ct_of)]
        return self.define_for(
            f"vjp_{name}", avals, lambda b, *args: b.vjp(*args, callee=name, wrt=wrt, ct_of=ct_of)
        )

    def transpose(self, name: str, linear: tuple[bool, ...]) -> str:
        """(cotangents, arguments that are not `linear`) -> cotangents of those that are."""
        every = (True,) * len(self.module.signature(name).outputs)
        with context():
            made = transpose(self.module, name, linear, every, instantiate=True)
        self.module.function(made.fn).publish()
        return made.fn

    def vmap(self, name: str, batched: Sequence[bool]) -> str:
        """The function over SIZE inputs; those that are not `batched` are the same for all."""
        signature = self.module.signature(name)
        in_axes = tuple(0 if is_batched else -1 for is_batched in batched)
        avals = [
            a.with_shape((SIZE, *a.shape)) if is_batched else a
            for a, is_batched in zip(signature.inputs, batched, strict=True)
        ]
        out_axes = (0,) * len(signature.outputs)
        return self.define_for(
            f"vmap_{name}",
            avals,
            lambda b, *args: b.vmap(*args, callee=name, in_axes=in_axes, out_axes=out_axes, size=SIZE),
        )


class Checks:
    """Numeric checks of the transformations of a function, each against the function itself."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.rng = np.random.default_rng(0)

    def everything(self, name: str, *arrays: Any, depth: int = 2, only: str = "jvp vjp vmap") -> None:
        """jvp, vjp and vmap of a function, and the same of these, `depth` times."""
        args = [np.asarray(x) for x in arrays]
        if "jvp" in only:
            self.forward(name, args, depth, only)
        if "vjp" in only:
            self.reverse(name, args, depth, only)
        if "vmap" in only:
            self.batched(name, args, depth, only)

    def forward(self, name: str, args: Arrays, depth: int, only: str = "jvp") -> None:
        """The tangents against central differences."""
        made = self.functions.jvp(name)
        tangents = self._like([x for x in args if is_float(x)])
        outs = self.functions(made, *args, *tangents)
        count = len(self.functions.module.signature(name).outputs)
        plain = self.functions(name, *args)
        self._close(outs[:count], plain, f"{made}: results")
        slopes = self._slopes(name, args, tangents)
        self._close(outs[count:], slopes, f"{made}: tangents", 2e-6)
        if depth > 1:
            self.everything(made, *args, *tangents, depth=depth - 1, only=only)

    def reverse(self, name: str, args: Arrays, depth: int, only: str = "vjp") -> None:
        """The cotangents by the inner products that they must keep."""
        made = self.functions.vjp(name)
        plain = self.functions(name, *args)
        cts = self._like([x for x in plain if is_float(x)])
        outs = self.functions(made, *args, *cts)
        self._close(outs[: len(plain)], plain, f"{made}: results")
        for _ in range(2):
            tangents = self._like([x for x in args if is_float(x)])
            slopes = self._slopes(name, args, tangents)
            forward = sum(np.vdot(ct, t) for ct, t in zip(cts, slopes, strict=True))
            backward = sum(np.vdot(ct, t) for ct, t in zip(outs[len(plain) :], tangents, strict=True))
            self._close([backward], [forward], f"{made}: inner product", 2e-6)
        if depth > 1:
            self.everything(made, *args, *cts, depth=depth - 1, only=only)

    def batched(self, name: str, args: Arrays, depth: int, only: str = "vmap") -> None:
        """All inputs batched, then every second one, against one call an element."""
        for batched in ([True] * len(args), [i % 2 == 0 for i in range(len(args))]):
            made = self.functions.vmap(name, batched)
            stacked = [self._stack(x) if m else x for x, m in zip(args, batched, strict=True)]
            each = [
                self.functions(name, *(x[i] if m else x for x, m in zip(stacked, batched, strict=True)))
                for i in range(SIZE)
            ]
            wanted = [np.stack(column) for column in zip(*each, strict=True)]
            self._close(self.functions(made, *stacked), wanted, f"{made}: {batched}")
            if depth > 1:
                self.everything(made, *stacked, depth=depth - 1, only=only)

    def _stack(self, x: np.ndarray) -> np.ndarray:
        """SIZE values near x; integers and bools that differ."""
        if is_float(x):
            return np.stack([x + 0.05 * i for i in range(SIZE)])
        if x.dtype == bool:
            return np.stack([x ^ bool(i % 2) for i in range(SIZE)])
        return np.stack([x + x.dtype.type(i) for i in range(SIZE)])

    def _slopes(self, name: str, args: Arrays, tangents: Arrays) -> list[np.ndarray]:
        def moved(step: float) -> list[np.ndarray]:
            given = iter(tangents)
            return self.functions(name, *(x + step * next(given) if is_float(x) else x for x in args))

        high, low = moved(STEP), moved(-STEP)
        return [(p - q) / (2 * STEP) for p, q in zip(high, low, strict=True) if is_float(p)]

    def _like(self, arrays: Arrays) -> list[np.ndarray]:
        return [self.rng.normal(size=x.shape) for x in arrays]

    @staticmethod
    def _close(got: Arrays, wanted: Arrays, what: str, tolerance: float = 1e-9) -> None:
        assert len(got) == len(wanted), what
        for i, (x, y) in enumerate(zip(got, wanted, strict=True)):
            np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance, err_msg=f"{what}, {i}")


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def checks(functions: Functions) -> Checks:
    return Checks(functions)
