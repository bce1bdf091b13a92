"""Check of keys: no random key is consumed twice."""

from dataclasses import dataclass

from weft_compiler.key_uses import KeyUses
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register


@register("weft-check-key-reuse")
@dataclass(frozen=True)
class CheckKeyReuse(ModulePass):
    """Reports the second use of a key, with a note where the first one is.

    A key is used up by what draws bits from it or splits it, in a loop also by itself in the next turn; folding
    data in makes a new key and leaves the old one.

    Needs:  nothing; requests are seen through, and expanding them first makes no difference.
    Leaves: the module as it was.
    """

    def run(self, module: Module) -> None:
        uses = KeyUses(module)
        for function in module.defined():
            uses.summary(function.name)
