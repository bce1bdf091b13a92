"""From a traced module to what the runtime compiles: the standard pipeline, then StableHLO bytes."""

import io
from collections.abc import Sequence

from weft_compiler.bindings import context, ir
from weft_compiler.module import Module
from weft_compiler.passes.pipelines import PIPELINES
from weft_compiler.passes.registry import make_pass

ENTRY = "main"
"""Name of the function that PJRT runs."""


def lower(module: Module, entry: str, donated: Sequence[int] = ()) -> Module:
    """A lowered copy of a module with `entry` as its only public function, named `main`.

    The memory of the arguments in `donated` may be used for results.
    """
    copy = prepared(module, entry)
    if donated:
        _mark_donated(copy, donated)
    for name in PIPELINES["weft-lower"]:
        make_pass(name).run(copy)
    return copy


def prepared(module: Module, entry: str) -> Module:
    """A copy of a module in which `entry` is public, named `main`, and everything else private."""
    copy = module.copy()
    for function in copy:
        if function.name != entry:
            function.hide()
    if entry != ENTRY:
        if ENTRY in copy.functions:
            copy.rename(ENTRY, copy.unique_name(f"{ENTRY}_"))
        copy.rename(entry, ENTRY)
    copy.function(ENTRY).publish()
    return copy


def serialize(module: Module) -> bytes:
    """MLIR bytecode of a module."""
    out = io.BytesIO()
    module.ir.operation.write_bytecode(out)
    return out.getvalue()


def portable(module: Module, version: str) -> bytes:
    """A StableHLO artifact that readers of `version` and later understand; the module is used up."""
    from weft_compiler.bindings import stablehlo

    return stablehlo().serialize_portable_artifact(module.ir.operation, version)


def _mark_donated(module: Module, donated: Sequence[int]) -> None:
    function = module.function(ENTRY)
    with context():
        marks = [
            ir.DictAttr.get({"jax.buffer_donor": ir.BoolAttr.get(True)} if i in donated else {})
            for i in range(len(function.args))
        ]
        function.op.attributes["arg_attrs"] = ir.ArrayAttr.get(marks)
