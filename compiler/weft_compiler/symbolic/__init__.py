"""Sizes that are not known while a function is traced: expressions in dimension variables.

Shapes hold them in place of integers; in the IR, which has integers only, each stands as a number of its own.
"""

from weft_compiler.symbolic.bounds import surely_at_least as surely_at_least
from weft_compiler.symbolic.expression import DimExpr as DimExpr
from weft_compiler.symbolic.expression import InconclusiveDimensionOperation as InconclusiveDimensionOperation
from weft_compiler.symbolic.expression import max_dim as max_dim
from weft_compiler.symbolic.expression import min_dim as min_dim
from weft_compiler.symbolic.expression import variable as variable
from weft_compiler.symbolic.numbers import as_dim as as_dim
from weft_compiler.symbolic.numbers import check_known as check_known
from weft_compiler.symbolic.numbers import decoded as decoded
from weft_compiler.symbolic.numbers import encoded as encoded
from weft_compiler.symbolic.numbers import expressions_in as expressions_in
from weft_compiler.symbolic.numbers import in_use as in_use
from weft_compiler.symbolic.scope import Scope as Scope
