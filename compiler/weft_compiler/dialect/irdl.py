"""The dialect definition in IRDL, from the op classes: what MLIR itself checks."""

from collections.abc import Iterable

from weft_compiler.dialect.op import Op

_HEADER = """irdl.dialect @weft {
  irdl.type @key {
    %0 = irdl.base "#builtin.string"
    irdl.parameters(impl: %0)
  }
"""


def dialect_text(classes: Iterable[type[Op]]) -> str:
    """IRDL text of the dialect that has these ops."""
    own = [cls for cls in classes if cls.ir_name.startswith("weft.")]
    return _HEADER + "".join(_operation(cls) for cls in own) + "}\n"


def _operation(cls: type[Op]) -> str:
    lines = [f"  irdl.operation @{cls.name} {{"]
    operands = []
    for i, spec in enumerate(cls.operand_specs):
        lines.append(f'    %x{i} = irdl.base "!builtin.tensor"')
        operands.append(f"{spec.name}: {'variadic ' if spec.variadic else ''}%x{i}")
    attributes = []
    for i, attr in enumerate(s for s in cls.attr_specs if s.required):
        lines.append(
            f'    %a{i} = irdl.base "{attr.kind.base}"' if attr.kind.base else f"    %a{i} = irdl.any"
        )
        attributes.append(f'"{attr.name}" = %a{i}')
    results = []
    for i in range(1 if cls.results is None else cls.results):
        lines.append(
            f"    %r{i} = irdl.any" if cls.results is None else f'    %r{i} = irdl.base "!builtin.tensor"'
        )
        results.append(f"result{i}: {'variadic ' if cls.results is None else ''}%r{i}")
    if operands:
        lines.append(f"    irdl.operands({', '.join(operands)})")
    if attributes:
        lines.append(f"    irdl.attributes {{{', '.join(attributes)}}}")
    if results:
        lines.append(f"    irdl.results({', '.join(results)})")
    return "\n".join([*lines, "  }\n"])
