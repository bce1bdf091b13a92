"""The weft dialect: one class an op, one file a family. A family is imported when one of its ops is asked for."""

from weft_compiler.dialect.registry import import_all as load

__all__ = ["load"]
