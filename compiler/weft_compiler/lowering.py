"""From a traced module to what the runtime compiles: the standard pipeline, then StableHLO bytes."""

import functools
import io
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from weft_compiler import collector
from weft_compiler.bindings import PassManager, context, ir
from weft_compiler.meshes import declare_meshes
from weft_compiler.module import Module
from weft_compiler.passes.cut_fusions import CutFusions
from weft_compiler.passes.expand_transforms import Expander
from weft_compiler.passes.order_effects import OrderEffects
from weft_compiler.passes.to_stablehlo import lower_function

ENTRY = "main"
"""Name of the function that PJRT runs."""


OPTIMISATIONS = ("weft-inline", "weft-simplify", "weft-cse", "weft-cut-fusions")
"""What lowering can do without: to switch one off shows whether it is at fault. `weft-cse` stands for dead code too."""


def lower(
    module: Module, entry: str, donated: Sequence[int] = (), *, without: Collection[str] = ()
) -> Module:
    """A new module with `entry` in StableHLO as its public function `main`, and what it calls.

    The same as the pipeline `weft-lower`, without changing `module`: each function is read as it was noted
    while it was written. The memory of the arguments in `donated` may be used for results. The
    `OPTIMISATIONS` in `without` are left out.

    Raises: ValueError if `without` names anything else.
    """
    for name in without:
        if name not in OPTIMISATIONS:
            raise ValueError(f"{name} cannot be left out; {', '.join(OPTIMISATIONS)} can")
    with collector.held():
        return _lower(module, entry, donated, without)


def _lower(module: Module, entry: str, donated: Sequence[int], without: Collection[str]) -> Module:
    layer = Module.over(module)
    name = Expander(layer).expand(entry)
    uses = Counter(c for f in _reachable(layer, name) for c in layer.function(f).callees())
    inlined = {fn for fn, count in uses.items() if count == 1 and "weft-inline" not in without}
    folds = "weft-simplify" not in without
    target = Module.new()
    with context():
        for needed in _reachable(layer, name):
            if needed not in inlined:
                public = ENTRY if needed == name else needed
                function = layer.function(needed)
                lower_function(layer, function, target, public, folds=folds, inlined=inlined)
        target.invalidate()
        for made in target:
            if made.name != ENTRY:
                made.hide()
        target.function(ENTRY).publish()
        if donated:
            _mark_donated(target, donated)
        target.callbacks = layer.callbacks
        declare_meshes(target, layer.meshes)
        if any(site.is_ordered for site in layer.callbacks):
            OrderEffects().run(target)
        if "weft-cse" not in without:
            _cse().run(target.ir.operation)
    return target


@functools.cache
def _cse() -> PassManager:
    """MLIR's own pass: StableHLO ops say that they have no effects, so it also removes what is not used."""
    manager = PassManager.parse("builtin.module(cse)", context())
    manager.enable_verifier(False)
    return manager


def _reachable(module: Module, entry: str) -> list[str]:
    found = [entry]
    for name in found:
        found.extend(c for c in dict.fromkeys(module.function(name).callees()) if c not in found)
    return found


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


def identity(module: Module) -> bytes:
    """What the code of a lowered module depends on, in bytes: places in source files are left out.

    The names that the user gave to parts of it are not, as profiles show them.
    """
    copy = module.copy()
    _strip().run(copy.ir.operation)
    return _TUNING + serialize(copy) + "\n".join(module.scopes).encode()


_TUNING = b"1 "
"""Another number where `tuned` makes something else of the same module."""


@functools.cache
def _strip() -> PassManager:
    manager = PassManager.parse("builtin.module(strip-debuginfo)", context())
    manager.enable_verifier(False)
    return manager


def tuned(module: Module, platform: str, *, without: Collection[str] = ()) -> Module:
    """A lowered module as the backend of a platform compiles it best; `module` stays as it is."""
    if not _is_tuned(platform, without):
        return module
    copy = module.copy()
    CutFusions().run(copy)
    return copy


def backend_flags(identity: bytes, platform: str, *, without: Collection[str] = ()) -> dict[str, Any]:
    """The XLA flags that go with `tuned`, for a module of this identity."""
    if not _is_tuned(platform, without) or b"optimization_barrier" in identity:
        return {}  # the runtime sees to the barriers of a program
    return {
        "xla_disable_hlo_passes": "cse_barrier_expander"
    }  # ours are not in loops so small that they are one kernel


def _is_tuned(platform: str, without: Collection[str]) -> bool:
    """The other backends weigh for themselves what to compute again."""
    return platform == "cpu" and "weft-cut-fusions" not in without


def _mark_donated(module: Module, donated: Sequence[int]) -> None:
    function = module.function(ENTRY)
    with context():
        marks = [
            ir.DictAttr.get({"jax.buffer_donor": ir.BoolAttr.get(True)} if i in donated else {})
            for i in range(len(function.args))
        ]
        function.op.attributes["arg_attrs"] = ir.ArrayAttr.get(marks)
