"""The operations of the compiler as functions: strict about dtypes and shapes, a layer below `weft.numpy`."""

from weft.lax import linalg as linalg
from weft.lax.bits import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    clz,
    mulhi,
    population_count,
    shift_left,
    shift_right_arithmetic,
    shift_right_logical,
)
from weft.lax.collectives import axis_index, axis_size, pmax, pmean, pmin, psum
from weft.lax.composites import composite
from weft.lax.constraints import pcast, with_sharding_constraint
from weft.lax.contraction import DotDimensionNumbers, batch_matmul, dot, dot_general
from weft.lax.control_flow import (
    associative_scan,
    cond,
    custom_linear_solve,
    custom_root,
    fori_loop,
    map,
    platform_dependent,
    scan,
    switch,
    while_loop,
)
from weft.lax.conversion import (
    bitcast_convert_type,
    conj,
    convert_element_type,
    dce_sink,
    imag,
    optimization_barrier,
    real,
    reduce_precision,
    stage,
    stop_gradient,
)
from weft.lax.convolution import (
    conv,
    conv_general_dilated,
    conv_general_dilated_local,
    conv_general_dilated_patches,
    conv_transpose,
    conv_with_general_padding,
)
from weft.lax.convolution_shapes import (
    ConvDimensionNumbers,
    ConvGeneralDilatedDimensionNumbers,
    conv_dimension_numbers,
    conv_general_permutations,
    conv_general_shape_tuple,
    conv_shape_tuple,
    conv_transpose_shape_tuple,
)
from weft.lax.creation import (
    broadcasted_iota,
    dtype,
    empty,
    full,
    full_like,
    iota,
    shape_as_value,
)
from weft.lax.elementwise import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    complex,
    cos,
    cosh,
    div,
    eq,
    exp,
    exp2,
    expm1,
    floor,
    ge,
    gt,
    integer_pow,
    is_finite,
    le,
    log,
    log1p,
    logistic,
    lt,
    max,
    min,
    mul,
    ne,
    neg,
    nextafter,
    pow,
    reciprocal,
    rem,
    round,
    rsqrt,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    sub,
    tan,
    tanh,
)
from weft.lax.enums import (
    AccuracyMode,
    DotAlgorithm,
    DotAlgorithmPreset,
    FftType,
    GatherScatterMode,
    Precision,
    RandomAlgorithm,
    RoundingMethod,
    Tolerance,
)
from weft.lax.exchanges import (
    all_gather,
    all_to_all,
    pbroadcast,
    ppermute,
    pshuffle,
    psum_scatter,
    pswapaxes,
)
from weft.lax.fft import fft
from weft.lax.generators import rng_bit_generator, rng_uniform
from weft.lax.indexing import GatherDimensionNumbers, gather, index_take
from weft.lax.padding import padtype_to_pads, reduce_window_shape_tuple
from weft.lax.precision import PrecisionLike
from weft.lax.ragged import RaggedDotDimensionNumbers, ragged_dot, ragged_dot_general, scaled_dot
from weft.lax.ragged_exchange import ragged_all_to_all
from weft.lax.reductions import (
    argmax,
    argmin,
    cumlogsumexp,
    cummax,
    cummin,
    cumprod,
    cumsum,
    reduce_and,
    reduce_max,
    reduce_min,
    reduce_or,
    reduce_prod,
    reduce_sum,
    reduce_xor,
)
from weft.lax.scatter import (
    ScatterDimensionNumbers,
    scatter,
    scatter_add,
    scatter_apply,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_sub,
)
from weft.lax.selection import clamp, select, select_n
from weft.lax.shapes import (
    broadcast,
    broadcast_in_dim,
    broadcast_like,
    broadcast_shapes,
    broadcast_to_rank,
    collapse,
    concatenate,
    expand_dims,
    pad,
    reshape,
    rev,
    split,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
)
from weft.lax.slicing import (
    dynamic_index_in_dim,
    dynamic_slice,
    dynamic_slice_in_dim,
    dynamic_update_index_in_dim,
    dynamic_update_slice,
    dynamic_update_slice_in_dim,
    index_in_dim,
    slice,
    slice_in_dim,
)
from weft.lax.sorting import approx_max_k, approx_min_k, sort, sort_key_val, top_k
from weft.lax.special import (
    bessel_i0e,
    bessel_i1e,
    betainc,
    digamma,
    erf,
    erf_inv,
    erfc,
    igamma,
    igamma_grad_a,
    igammac,
    lgamma,
    polygamma,
    random_gamma_grad,
    zeta,
)
from weft.lax.windows import reduce, reduce_window
