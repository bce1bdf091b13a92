"""Lowered modules for other processes: StableHLO that later versions read, and programs that came that way."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence

from weft_compiler.avals import Aval
from weft_compiler.bindings import context, ir, stablehlo
from weft_compiler.module import Module
from weft_compiler.symbolic import expressions_in

ENTRY = "main"
_CODE = "weft.code"
"""On a declaration: the text of the module whose entry it is."""
_AXIS = re.compile(r'"[^"]+"=(\d+)')
"""An axis of a mesh and its size."""
_MESH = re.compile(r'"sdy\.mesh"\(\).*sym_name = "(\w+)"')
_SYMBOL = re.compile(r'@(?:"([^"]+)"|([\w.$-]+))')
_DEFINITION = re.compile(r'func\.func (?:private |public )?@(?:"([^"]+)"|([\w.$-]+))')


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


def device_count(module: Module) -> int:
    """The number of devices that the module says to lay its values over; 1 where it says nothing."""
    meshes = [o.operation for o in module.ir.body.operations if o.operation.name == "sdy.mesh"]
    sizes = [math.prod(int(n) for n in _AXIS.findall(str(op.attributes["mesh"]))) for op in meshes]
    return max(sizes, default=1)


def add_to(target: ir.Operation, code: str, outputs: Sequence[Aval], inputs: Sequence[Aval]) -> str:
    """Adds the functions of a module in text to the module `target`, once; the name that `@main` has there.

    Text with sizes that are not known cannot be parsed: it is declared, and `linked_text` puts it in.
    """
    prefix = f"exported.{hashlib.blake2b(code.encode(), digest_size=8).hexdigest()}"
    entry = f"{prefix}.{ENTRY}"
    body = target.regions[0].blocks[0]
    known = {o.operation.attributes["sym_name"].value for o in body.operations if "sym_name" in o.attributes}
    if entry not in known:
        with context():
            if expressions_in(code)[1]:
                _declare(body, entry, code, outputs, inputs)
            else:
                _move_functions(ir.Module.parse(_with_own_meshes(code, prefix)), body, prefix)
    return entry


def _declare(body: ir.Block, entry: str, code: str, outputs: Sequence[Aval], inputs: Sequence[Aval]) -> None:
    ty = ir.FunctionType.get([a.physical.ty for a in inputs], [a.physical.ty for a in outputs])
    attributes = {
        "sym_name": ir.StringAttr.get(entry),
        "function_type": ir.TypeAttr.get(ty),
        "sym_visibility": ir.StringAttr.get("private"),
        _CODE: ir.StringAttr.get(code),
    }
    ip = ir.InsertionPoint.at_block_begin(body)
    ir.Operation.create("func.func", [], [], attributes, None, 1, ir.Location.unknown(), ip)


def _with_own_meshes(code: str, prefix: str) -> str:
    """A module in text whose meshes have names that no other module has."""
    for name in _MESH.findall(code):
        own = f"{prefix}.{name}".replace(".", "_")
        code = re.sub(rf'(@|sym_name = "){name}\b', rf"\g<1>{own}", code)
    return code


def _move_functions(source: ir.Module, body: ir.Block, prefix: str) -> None:
    meshes = [o.operation for o in source.body.operations if o.operation.name == "sdy.mesh"]
    for mesh in meshes:
        mesh.move_before(body.operations[0])
    functions = [o.operation for o in source.body.operations if o.operation.name == "func.func"]
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


def linked_text(module: Module) -> str:
    """The text of a module, with the functions that are declared with their text in place of declarations."""
    copy = Module(module.ir.operation.clone().opview)
    texts = []
    for function in copy:
        if _CODE in function.op.attributes:
            prefix = function.name.removesuffix(f".{ENTRY}")
            texts.append(_renamed(function.op.attributes[_CODE].value, prefix))
            function.op.erase()
    text = copy.ir.operation.get_asm(enable_debug_info=False, assume_verified=True)
    head, end, tail = text.rpartition("}")
    return "".join([head, *texts, end, tail])


def _renamed(code: str, prefix: str) -> str:
    """The functions of a module in text, private and with a prefix to their names."""
    _, _, inside = _with_own_meshes(code, prefix).partition("{")
    inside = inside.rpartition("}")[0]
    names = {a or b for a, b in _DEFINITION.findall(inside)}

    def rename(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return f'@"{prefix}.{name}"' if name in names else match[0]

    inside = re.sub(r"func\.func (?:private |public )?(?=@)", "func.func private ", inside)
    return _SYMBOL.sub(rename, inside)


def enclosing_module(ip: ir.InsertionPoint) -> ir.Operation:
    """The module that an insertion point is in."""
    op = ip.block.owner.operation
    while op.name != "builtin.module":
        op = op.parent.operation
    return op
