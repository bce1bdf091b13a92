"""Lowered modules for other processes: StableHLO that later versions read, and programs that came that way."""

from __future__ import annotations

import hashlib

from weft_compiler.bindings import context, ir, stablehlo
from weft_compiler.module import Module

create = ir.Operation.create


def artifact(module: Module, newest_reader: str) -> tuple[bytes, str]:
    """The module as a portable artifact, and the oldest StableHLO version that reads it.

    That is the version of twelve weeks ago, or `newest_reader` where the module has newer ops.

    Raises: ir.MLIRError for ops that have no portable form.
    """
    extension = stablehlo()
    requirement = extension.StablehloCompatibilityRequirement.WEEK_12
    older = extension.get_version_from_compatibility_requirement(requirement)
    versions = dict.fromkeys([extension.get_smaller_version(older, newest_reader), newest_reader])
    for version in versions:
        copy = without_locations(module)  # what is serialized is used up
        try:
            return extension.serialize_portable_artifact(copy.ir, version, allow_other_dialects=True), version
        except (ir.MLIRError, ValueError):
            if version == newest_reader:
                raise
    raise AssertionError("there is a version to try")


def common_version(newest_reader: str) -> str:
    """The newest StableHLO version that both this writer and the reader know."""
    return stablehlo().get_smaller_version(stablehlo().get_current_version(), newest_reader)


def read_artifact(content: bytes) -> Module:
    """The module of a portable artifact."""
    with context() as here:
        return Module(stablehlo().deserialize_portable_artifact(here, content))


def without_locations(module: Module) -> Module:
    """A copy that does not name the source files that it comes from."""
    with context():
        copy = ir.Module.parse(module.ir.operation.get_asm(enable_debug_info=False, assume_verified=True))
        return Module(copy)


def custom_calls(module: Module) -> set[str]:
    """Names of what the module calls outside of StableHLO."""
    found: set[str] = set()

    def note(op: ir.Operation) -> ir.WalkResult:
        if op.name == "stablehlo.custom_call":
            found.add(op.attributes["call_target_name"].value)
        return ir.WalkResult.ADVANCE

    module.ir.operation.walk(note)
    return found


def add_to(target: ir.Operation, code: str) -> str:
    """Adds the functions of a module in text to the module `target`, once; the name that `@main` has there."""
    prefix = f"exported.{hashlib.blake2b(code.encode(), digest_size=8).hexdigest()}"
    entry = f"{prefix}.main"
    body = target.regions[0].blocks[0]
    known = {o.operation.attributes["sym_name"].value for o in body.operations if "sym_name" in o.attributes}
    if entry in known:
        return entry
    source = ir.Module.parse(code, context())
    functions = [o.operation for o in source.body.operations if o.operation.name == "func.func"]
    with context():
        for function in functions:
            name = function.attributes["sym_name"].value
            ir.SymbolTable.replace_all_symbol_uses(name, f"{prefix}.{name}", source.operation)
            function.attributes["sym_name"] = ir.StringAttr.get(f"{prefix}.{name}")
            function.attributes["sym_visibility"] = ir.StringAttr.get("private")
            for attributes in ("arg_attrs", "res_attrs"):
                if attributes in function.attributes:
                    del function.attributes[attributes]
        for function in functions:
            body.append(function)
    return entry


def enclosing_module(ip: ir.InsertionPoint) -> ir.Operation:
    """The module that an insertion point is in."""
    op = ip.block.owner.operation
    while op.name != "builtin.module":
        op = op.parent.operation
    return op
