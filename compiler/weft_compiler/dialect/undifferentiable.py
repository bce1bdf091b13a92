"""A value that must not be differentiated with respect to."""

from weft_compiler.attributes import Text
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Anything, Attr, Operand, OpTypeError, no_rule, op
from weft_compiler.dialect.samples import cases


@op("undifferentiable")
class Undifferentiable(Elementwise):
    """x. A derivative with respect to it is the error that `message` tells."""

    x: Operand[Anything]
    message: Attr[Text]

    is_cheap = True
    key_use = "same"
    takes_keys = True

    def jvp(self, b, x, dx):
        raise OpTypeError(self.message)

    def lower(self, b, x):
        return x

    def reference(self, x):
        return x

    fold = NOTHING_TO_FOLD
    transpose = no_rule("it has no derivative")
    samples = cases(((((3,), "int32"),), {"message": "do not"}), ((((), "bool"),), {"message": "do not"}))
