"""Calls of programs that were exported: StableHLO that nothing is known of but its types."""

from weft_compiler.attributes import Avals, Text
from weft_compiler.dialect.op import (
    NOTHING_TO_FOLD,
    Anything,
    Attr,
    Op,
    Operands,
    no_rule,
    op,
)
from weft_compiler.portable import add_to, enclosing_module
from weft_compiler.stablehlo import symbol

_OPAQUE = "what an exported program does is not known; only its exported derivative is"


@op("call_exported")
class CallExported(Op):
    """Results of `@main` of the StableHLO module `code`, which was exported from the function `fun`."""

    xs: Operands[Anything]
    code: Attr[Text]
    fun: Attr[Text]
    outputs: Attr[Avals]

    results = None
    takes_keys = True

    def infer(self, *xs):
        return self.outputs

    jvp = no_rule(_OPAQUE)
    transpose = no_rule(_OPAQUE)
    batch = no_rule(f"{_OPAQUE}; it has the batch sizes that it was exported with")

    def lower(self, b, *xs):
        fn = add_to(enclosing_module(b.ip), self.code, self.outputs, [x.aval for x in xs])
        made = b.stablehlo.op("func.call", xs, [a.physical for a in self.outputs], callee=symbol(fn))
        outs = made if isinstance(made, tuple) else (made,)
        return tuple(b.keys(v, aval) for v, aval in zip(outs, self.outputs, strict=True))

    fold = NOTHING_TO_FOLD

    samples = no_rule("covered by test/frontend/test_export.py: it needs a program")
