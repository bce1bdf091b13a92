"""Transformations that cannot wait for the pipeline: `vjp` and `linearize` hand Python their functions."""

from weft_compiler import collector
from weft_compiler.module import Module
from weft_compiler.passes.expand_transforms import Expander
from weft_compiler.transforms import Linearized, Mask, TransformBuilder, Transposed


def linearize(module: Module, fn: str, active: Mask) -> Linearized:
    """Splits a function of the module; `lin` maps all active tangents to tangents of all float results."""
    with collector.held():
        b, fn = _expanded(module, fn)
        return b.linearize_of(fn, active, tuple(a.kind in "fc" for a in module.signature(fn).outputs))


def transpose(module: Module, fn: str, linear: Mask) -> Transposed:
    """Transposes a function for cotangents of all its results; every linear argument gets one."""
    with collector.held():
        b, fn = _expanded(module, fn)
        return b.transpose_of(fn, linear, (True,) * len(module.signature(fn).outputs), True)


def differs(module: Module, fn: str, mask: Mask, axis_name: str) -> Mask:
    """Which results of a function differ along an axis of this name, if the masked arguments do."""
    b, fn = _expanded(module, fn)
    b.axis_name, b.without_rules = axis_name, True
    return b.dependence(fn, mask)


def depends(module: Module, fn: str, mask: Mask, axis_name: str = "") -> Mask:
    """Which results of a function depend on the masked arguments, or else differ along an axis of this name."""
    b, fn = _expanded(module, fn)
    b.axis_name = axis_name
    return b.dependence(fn, mask)


def _expanded(module: Module, fn: str) -> tuple[TransformBuilder, str]:
    expanded = Expander(module).expand(fn)
    return TransformBuilder(module, None, module.function(fn).op.location), expanded
