"""Analysis: which named axes a function speaks of. `weft-batch` gives an axis its name, collectives use it."""

from weft_compiler.body import read_body
from weft_compiler.dialect.op import Op
from weft_compiler.module import Module


def named_axes(module: Module, fn: str) -> frozenset[str]:
    """Names of axes that a function uses, itself or in what it calls, without those that are bound inside."""
    key = ("named_axes", fn)
    found: frozenset[str] | None = module.memo.get(key)
    if found is None:
        function = module.function(fn)
        used: set[str] = set()
        if not function.is_declaration:
            for step in read_body(module, function):
                used |= axes_of(module, step.inst)
        found = module.memo[key] = frozenset(used)
    return found


def axes_of(module: Module, inst: Op) -> frozenset[str]:
    """Names of axes that an op uses, also in the functions that it calls."""
    used = frozenset(inst.named_axes)
    for callee in inst.callees():
        used |= named_axes(module, callee)
    return used - set(inst.bound_axes)
