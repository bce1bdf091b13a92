"""Functions with derivatives of their own, and what goes with them."""

from weft._transforms.custom.closure_convert import closure_convert as closure_convert
from weft._transforms.custom.custom_gradient import custom_gradient as custom_gradient
from weft._transforms.custom.custom_jvp import custom_jvp as custom_jvp
from weft._transforms.custom.custom_vjp import custom_vjp as custom_vjp
from weft._transforms.custom.linear_call import linear_call as linear_call
from weft._transforms.custom.symbolic_zeros import CustomVJPPrimal as CustomVJPPrimal
from weft._transforms.custom.symbolic_zeros import SymbolicZero as SymbolicZero
from weft._transforms.custom.symbolic_zeros import (
    custom_vjp_primal_tree_values as custom_vjp_primal_tree_values,
)
from weft._transforms.custom.symbolic_zeros import zero_from_primal as zero_from_primal
