"""SciPy's functions for arrays of weft, with the names of `jax.scipy`; each subpackage is imported by name."""

from weft.scipy import linalg as linalg
