"""Values in other memories than the device's own: the annotation that the backend understands."""

from typing import Any

from weft_compiler.bindings import context, ir
from weft_compiler.dialect.builder import Val


def place_in_memory(b: Any, x: Val, kind: str) -> Val:
    """Lowers a value that is to be kept in a memory of this kind."""
    with context():
        attributes = ir.DictAttr.get({"_xla_buffer_placement": ir.StringAttr.get(kind)})
    made = b.stablehlo.op(
        "stablehlo.custom_call",
        (Val(x.ir, x.aval.physical),),
        x.aval.physical,
        call_target_name="annotate_device_placement",
        has_side_effect=True,
        **{"mhlo.frontend_attributes": attributes},
    )
    return Val(made.ir, x.aval)
