"""Random numbers from explicit keys, with the bits of JAX.

A key is a value: the same key gives the same numbers. `split` makes new keys from one.

>>> key = random.key(43)
>>> float(random.normal(key))
0.07520543038845062
"""

from weft.random._binomial import binomial, multinomial
from weft.random._continuous import (
    cauchy,
    exponential,
    gumbel,
    laplace,
    logistic,
    pareto,
    triangular,
    weibull_min,
)
from weft.random._discrete import bernoulli, categorical, geometric, rademacher
from weft.random._from_gamma import ball, beta, chisquare, dirichlet, f, generalized_normal, t
from weft.random._gamma import gamma, loggamma
from weft.random._keys import (
    PRNGKey,
    clone,
    fold_in,
    key,
    key_data,
    key_dtype,
    key_impl,
    split,
    wrap_key_data,
)
from weft.random._matrices import multivariate_normal, orthogonal
from weft.random._normal import (
    double_sided_maxwell,
    lognormal,
    maxwell,
    normal,
    rayleigh,
    truncated_normal,
    wald,
)
from weft.random._poisson import poisson
from weft.random._selection import choice, permutation
from weft.random._uniform import bits, randint, uniform
