"""Declarations of meshes, for Shardy: it splits a program over devices after XLA has it."""

from collections.abc import Mapping

from weft_compiler.bindings import context, ir
from weft_compiler.module import Module
from weft_compiler.stablehlo import parsed


def declare_meshes(module: Module, meshes: Mapping[str, str]) -> None:
    """Puts meshes, by name with their axes, in front of the functions of a lowered module."""
    with context():
        for name, axes in meshes.items():
            attributes = {"sym_name": ir.StringAttr.get(name), "mesh": parsed(f"#sdy.mesh<[{axes}]>")}
            place = ir.InsertionPoint.at_block_begin(module.ir.body)
            ir.Operation.create("sdy.mesh", [], [], attributes, None, 0, ir.Location.unknown(), place)
    module.meshes = dict(meshes)
