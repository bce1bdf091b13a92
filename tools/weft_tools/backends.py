"""Running a StableHLO module with a function `@main`: by PJRT, or by StableHLO's reference interpreter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.bindings import context, ir, stablehlo
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.builder import Val
from weft_compiler.module import Function, Module
from weft_runtime import compile as compile_for_pjrt
from weft_runtime import device_put, stablehlo_version
from weft_tools.values import kind_of, numpy_dtype

# What the interpreter answers with an abort of the process; an op of any other dialect does so too.
_NOT_INTERPRETED = frozenset(
    f"stablehlo.{name}"
    for name in (
        "batch_norm_grad",
        "batch_norm_inference",
        "batch_norm_training",
        "cholesky",
        "create_token",
        "custom_call",
        "fft",
        "rng",
        "rng_bit_generator",
        "uniform_dequantize",
        "uniform_quantize",
    )
)
_INTERPRETED_BESIDES = frozenset({"builtin.module", "func.func", "func.call", "func.return"})


def run_pjrt(module: Module, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Runs `@main` on the default device."""
    outputs = [(aval.shape, numpy_dtype(aval), False) for aval in module.signature("main").outputs]
    arrays = [device_put(value, value.dtype) for value in arguments]
    executable = compile_for_pjrt(_portable(module), [x.spec for x in arrays], outputs)
    return [np.asarray(x) for x in executable(arrays)]


def _portable(module: Module) -> bytes:
    """The module in the newest StableHLO version that both sides know."""
    extension = stablehlo()
    version = extension.get_smaller_version(extension.get_current_version(), stablehlo_version())
    with context():
        copy = ir.Module.parse(module.text(debug_info=True))  # serialising changes its module
        return extension.serialize_portable_artifact(copy, version, True)


def run_interpreter(module: Module, arguments: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Runs `@main` op by op: slow, and right by definition."""
    _check_interpreted(module)
    with context(), ir.Location.unknown():
        types = [v.type for v in module.function("main").body.arguments]
        attributes = [_attribute(a, t) for a, t in zip(arguments, types, strict=True)]
        outputs = module.signature("main").outputs
        _return_readable(module.function("main"))
        results = stablehlo().eval_module(ir.Module.parse(module.text()), attributes)
        parts = iter([np.array(ir.DenseElementsAttr(r)) for r in results])
    return [_joined(aval, parts) for aval in outputs]


def _check_interpreted(module: Module) -> None:
    refused: list[ir.Operation] = []

    def look(op: ir.Operation) -> ir.WalkResult:
        known = op.name.startswith("stablehlo.") and op.name not in _NOT_INTERPRETED
        if not known and op.name not in _INTERPRETED_BESIDES:
            refused.append(op)
        return ir.WalkResult.ADVANCE

    module.ir.operation.walk(look)
    for op in refused:
        message = f"the reference interpreter cannot run {op.name}; use --backend=pjrt"
        raise DiagnosticError(message, op.location)


def _attribute(value: np.ndarray, ty: ir.Type) -> ir.Attribute:
    if _is_extension(value.dtype):
        value = value.view(f"u{value.dtype.itemsize}")
    return ir.DenseElementsAttr.get(np.ascontiguousarray(value), type=ty)


def _is_extension(dtype: np.dtype) -> bool:
    """Whether the dtype is one of ml_dtypes, which the bindings know only as bits."""
    return dtype.kind == "V"


def _return_readable(function: Function) -> None:
    """Lets the function return what the bindings can read: float32 for bfloat16, two parts for complex."""
    results: list[Val] = []
    at = function.terminator
    for value, aval in zip(function.returned(), function.signature.outputs, strict=True):
        ops, readable = _readable(aval)
        if not ops:
            results.append(Val(value, aval))
        for op in ops:
            ip = ir.InsertionPoint(at)
            made = ir.Operation.create(op, [readable.ty], [value], None, None, 0, at.location, ip)
            results.append(Val(made.result, readable))
    function.set_results(results)


def _readable(aval: Aval) -> tuple[tuple[str, ...], Aval]:
    """Ops whose results the bindings can read, instead of a value of type `aval`; and the type of these."""
    dtype = numpy_dtype(aval)
    if kind_of(dtype) == "c":
        part = np.float32 if dtype.itemsize == 8 else np.float64
        return ("stablehlo.real", "stablehlo.imag"), Aval.of(aval.shape, np.dtype(part))
    if _is_extension(dtype):
        wide = {"f": np.float32, "i": np.int32, "u": np.uint32}[kind_of(dtype)]
        return ("stablehlo.convert",), Aval.of(aval.shape, np.dtype(wide))
    return (), aval


def _joined(aval: Aval, parts: Iterator[np.ndarray]) -> np.ndarray:
    """One result from what `_return_readable` made of it."""
    value = next(parts)
    if kind_of(numpy_dtype(aval)) == "c":
        value = value + 1j * next(parts)
    return value.astype(numpy_dtype(aval))
