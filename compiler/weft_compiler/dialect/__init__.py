"""The weft dialect: one class an op, one file a family."""

import functools
import importlib
import pkgutil

_MACHINERY = {"op", "irdl", "builder", "samples"}


@functools.cache
def load() -> None:
    """Imports every family and checks that no op lacks a rule without a reason."""
    from weft_compiler.dialect import builder, op

    for family in pkgutil.iter_modules(__path__):
        if family.name not in _MACHINERY:
            importlib.import_module(f"{__name__}.{family.name}")
    op.check_complete()
    builder.add_methods()
