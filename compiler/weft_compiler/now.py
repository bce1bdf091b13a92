"""Transformations that cannot wait for the pipeline: `vjp` and `linearize` hand Python a function of residuals."""

from weft_compiler.bindings import context
from weft_compiler.module import Module
from weft_compiler.passes.expand_transforms import expand_in
from weft_compiler.transforms import Linearized, Mask, TransformBuilder, Transposed


def linearize(module: Module, fn: str, active: Mask) -> Linearized:
    """Splits a function of the module; `lin` maps all active tangents to tangents of all float results."""
    expand_in(module, fn, set())
    outputs = module.signature(fn).outputs
    return _builder(module, fn).linearize_of(fn, active, tuple(a.kind in "fc" for a in outputs))


def transpose(module: Module, fn: str, linear: Mask) -> Transposed:
    """Transposes a function of the module for cotangents of all its results; every linear argument gets one."""
    expand_in(module, fn, set())
    outputs = module.signature(fn).outputs
    return _builder(module, fn).transpose_of(fn, linear, (True,) * len(outputs), True)


def depends(module: Module, fn: str, mask: Mask) -> Mask:
    """Which results of a function depend on the masked arguments."""
    expand_in(module, fn, set())
    return _builder(module, fn).dependence(fn, mask)


def _builder(module: Module, fn: str) -> TransformBuilder:
    context()
    return TransformBuilder(module, None, module.function(fn).op.location)
