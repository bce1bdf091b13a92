"""Analysis: which results of a function depend on which of its arguments."""

from typing import Any

from weft_compiler.body import Step, read_body
from weft_compiler.dialect.op import ZERO_TANGENT
from weft_compiler.module import Module
from weft_compiler.transforms import Mask, TransformBuilder


def dependence(
    module: Module,
    fn: str,
    mask: Mask,
    differentiable: bool = False,
    axis_name: str = "",
    without_rules: bool = False,
) -> Mask:
    """For each result, whether it depends on an argument marked in `mask`.

    With `differentiable`, only dependence that a derivative sees: through float and complex values. With
    `axis_name`, what differs along that axis, where the marked arguments do. What the rule of a custom function
    depends on counts as well, unless `without_rules`.
    """
    function = module.function(fn)
    b = TransformBuilder(module, None, function.op.location)
    b.differentiable, b.axis_name, b.without_rules = differentiable, axis_name, without_rules
    marked = {a.ir for a, is_marked in zip(function.args, mask, strict=True) if is_marked}
    for step in read_body(module, function):
        inputs = tuple(v.ir in marked for v in step.operands)
        if any(inputs) or b.is_named_by(step.inst):
            outs = _outputs(b, step, inputs, differentiable)
            marked.update(
                v.ir
                for v, out in zip(step.results, outs, strict=True)
                if out and (not differentiable or v.aval.kind in "fc")
            )
    return tuple(v in marked for v in function.returned())


def _outputs(b: TransformBuilder, step: Step, inputs: Mask, differentiable: bool) -> Mask:
    if step.inst.callee_attrs and hasattr(step.inst, "depends"):
        return step.inst.depends(b, inputs)
    if b.is_named_by(step.inst):
        collective: Any = step.inst
        return (collective.varies(inputs),)
    if differentiable and step.inst.jvp is ZERO_TANGENT:
        return (False,) * len(step.results)
    return (True,) * len(step.results)
