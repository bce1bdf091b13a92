"""weft: numerical Python, compiled and differentiated through MLIR.

The names, semantics and random bits are JAX's: a program ports by changing its import. `make_ir(f)(x)` shows what
a function becomes; the tool `weft-opt` reads, transforms and prints it.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from weft._loading import guard as _guard

# isort: split
from weft import ad_checkpoint as ad_checkpoint
from weft import custom_batching as custom_batching
from weft import custom_derivatives as custom_derivatives
from weft import distributed as distributed
from weft import dlpack as dlpack
from weft import dtypes as dtypes
from weft import errors as errors
from weft import lax as lax
from weft import memory as memory
from weft import numpy as numpy
from weft import sharding as sharding
from weft import tree as tree
from weft import tree_util as tree_util
from weft import typing as typing
from weft._config import runtime as _runtime_options
from weft._environment import live_arrays as live_arrays
from weft._environment import print_environment_info as print_environment_info
from weft._indexing.windows import ds as ds
from weft._tracing import methods as _methods
from weft._tracing.compile_time import ensure_compile_time_eval as ensure_compile_time_eval
from weft._tracing.effects import effects_barrier as effects_barrier
from weft._tracing.meshes import set_mesh as set_mesh
from weft._tracing.scopes import named_call as named_call
from weft._tracing.scopes import named_scope as named_scope
from weft._transforms.assembling import make_array_from_callback as make_array_from_callback
from weft._transforms.assembling import (
    make_array_from_single_device_arrays as make_array_from_single_device_arrays,
)
from weft._transforms.caches import clear_caches as clear_caches
from weft._transforms.callbacks import pure_callback as pure_callback
from weft._transforms.custom.checkpoint import checkpoint as checkpoint
from weft._transforms.custom.checkpoint import remat as remat
from weft._transforms.custom.closure_convert import closure_convert as closure_convert
from weft._transforms.custom.custom_gradient import custom_gradient as custom_gradient
from weft._transforms.custom.custom_jvp import custom_jvp as custom_jvp
from weft._transforms.custom.custom_vjp import custom_vjp as custom_vjp
from weft._transforms.custom.policies import checkpoint_policies as checkpoint_policies
from weft._transforms.forward import jvp as jvp
from weft._transforms.forward import linearize as linearize
from weft._transforms.forward_and_backward import fwd_and_bwd as fwd_and_bwd
from weft._transforms.grad import grad as grad
from weft._transforms.grad import value_and_grad as value_and_grad
from weft._transforms.inspection import eval_shape as eval_shape
from weft._transforms.inspection import make_ir as make_ir
from weft._transforms.inspection import make_jaxpr as make_jaxpr
from weft._transforms.inspection import typeof as typeof
from weft._transforms.jacobian import hessian as hessian
from weft._transforms.jacobian import jacfwd as jacfwd
from weft._transforms.jacobian import jacobian as jacobian
from weft._transforms.jacobian import jacrev as jacrev
from weft._transforms.jit import jit as jit
from weft._transforms.pmap import pmap as pmap
from weft._transforms.reverse import linear_transpose as linear_transpose
from weft._transforms.reverse import vjp as vjp
from weft._transforms.shard_map import shard_map as shard_map
from weft._transforms.stages import ShapeDtypeStruct as ShapeDtypeStruct
from weft._transforms.transfers import block_until_ready as block_until_ready
from weft._transforms.transfers import copy_to_host_async as copy_to_host_async
from weft._transforms.transfers import device_get as device_get
from weft._transforms.transfers import device_put as device_put
from weft._transforms.vmap import vmap as vmap
from weft.config import check_tracer_leaks as check_tracer_leaks
from weft.config import checking_leaks as checking_leaks
from weft.config import config as config
from weft.config import debug_infs as debug_infs
from weft.config import debug_key_reuse as debug_key_reuse
from weft.config import debug_nans as debug_nans
from weft.config import default_device as default_device
from weft.config import default_matmul_precision as default_matmul_precision
from weft.config import default_prng_impl as default_prng_impl
from weft.config import disable_jit as disable_jit
from weft.config import enable_checks as enable_checks
from weft.config import enable_custom_prng as enable_custom_prng
from weft.config import enable_x64 as enable_x64
from weft.config import explain_cache_misses as explain_cache_misses
from weft.config import jax2tf_associative_scan_reductions as jax2tf_associative_scan_reductions
from weft.config import legacy_prng_key as legacy_prng_key
from weft.config import log_compiles as log_compiles
from weft.config import make_user_context as make_user_context
from weft.config import no_execution as no_execution
from weft.config import no_retrace as no_retrace
from weft.config import no_tracing as no_tracing
from weft.config import numpy_dtype_promotion as numpy_dtype_promotion
from weft.config import numpy_rank_promotion as numpy_rank_promotion
from weft.config import remove_size_one_mesh_axis_from_type as remove_size_one_mesh_axis_from_type
from weft.config import softmax_custom_jvp as softmax_custom_jvp
from weft.config import thread_guard as thread_guard
from weft.config import threefry_partitionable as threefry_partitionable
from weft.config import transfer_guard as transfer_guard
from weft.config import transfer_guard_device_to_device as transfer_guard_device_to_device
from weft.config import transfer_guard_device_to_host as transfer_guard_device_to_host
from weft.config import transfer_guard_host_to_device as transfer_guard_host_to_device
from weft.dtypes import float0 as float0
from weft_runtime import Device as Device
from weft_runtime import NamedSharding as NamedSharding
from weft_runtime import PartitionSpec as P
from weft_runtime import default_backend as default_backend
from weft_runtime import device_count as device_count
from weft_runtime import devices as devices
from weft_runtime import local_device_count as local_device_count
from weft_runtime import local_devices as local_devices
from weft_runtime import make_mesh as make_mesh
from weft_runtime import process_count as host_count
from weft_runtime import process_count as process_count
from weft_runtime import process_index as host_id
from weft_runtime import process_index as process_index
from weft_runtime import process_indices as host_ids
from weft_runtime import process_indices as process_indices

if TYPE_CHECKING:
    from weft import debug as debug
    from weft import experimental as experimental
    from weft import export as export
    from weft import image as image
    from weft import nn as nn
    from weft import ops as ops
    from weft import profiler as profiler
    from weft import random as random
    from weft import stages as stages
    from weft import test_util as test_util
    from weft_runtime import Array as Array
else:
    from weft._tracing.array_class import Array as Array

__version__ = "0.1.0"

_LAZY = frozenset(
    {"debug", "experimental", "export", "image", "nn", "ops", "profiler", "random", "stages", "test_util"}
)


def __getattr__(name: str) -> ModuleType:
    """Submodules that many programs do without are imported when they are named."""
    if name in _LAZY:
        return importlib.import_module(f"weft.{name}")
    raise AttributeError(f"module 'weft' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


_methods.attach()
_runtime_options.connect()
_guard.release()
