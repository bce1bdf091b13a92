"""Settings: `config.update("enable_x64", True)` for the process, `with enable_x64(True):` for a block.

Each option can be set by an environment variable `WEFT_<NAME>` before start, and `config.update` takes JAX's
names too (`jax_enable_x64`). Inside weft, read options as attributes (`config.x64`), and use
`config.trace_key` as the part of a cache key that stands for all of them.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from weft._config.checks import (
    anything,
    boolean,
    device_or_none,
    names,
    number,
    one_of,
    text_or_none,
    whole_number,
)
from weft._config.state import Config, Option, Override, Shared

config = Config(Shared())

_GUARD_LEVELS = ("allow", "log", "disallow", "log_explicit", "disallow_explicit")
_PRNG_IMPLS = ("threefry2x32", "threefry4x32", "rbg", "unsafe_rbg", "philox2x32", "philox4x32")
_PRECISIONS = ("default", "high", "highest", "bfloat16", "tensorfloat32", "float32")
_DOT_ALGORITHMS = (
    *(
        "ANY_F8_ANY_F8_F32",
        "ANY_F8_ANY_F8_F32_FAST_ACCUM",
        "ANY_F8_ANY_F8_ANY",
        "ANY_F8_ANY_F8_ANY_FAST_ACCUM",
    ),
    *(
        "F16_F16_F16",
        "F16_F16_F32",
        "BF16_BF16_BF16",
        "BF16_BF16_F32",
        "BF16_BF16_F32_X3",
        "BF16_BF16_F32_X6",
    ),
    *("BF16_BF16_F32_X9", "TF32_TF32_F32", "TF32_TF32_F32_X3", "F32_F32_F32", "F64_F64_F64"),
)

# Options that change what is traced. ---------------------------------------------------------------------

enable_x64 = config.define(
    "enable_x64", False, boolean, "Keep 64-bit types; when off they become 32-bit types.", is_traced=True
)
config.alias("x64", "enable_x64")
config.alias("x64_enabled", "enable_x64")
numpy_rank_promotion = config.define(
    "numpy_rank_promotion",
    "allow",
    one_of("allow", "warn", "raise"),
    "What to do when operands of different rank are broadcast.",
    is_traced=True,
)
numpy_dtype_promotion = config.define(
    "numpy_dtype_promotion",
    "standard",
    one_of("standard", "strict"),
    "Whether operands of different dtype are promoted, or ('strict') are an error.",
    is_traced=True,
)
default_matmul_precision = config.define(
    "default_matmul_precision",
    None,
    one_of(*_PRECISIONS, *_DOT_ALGORITHMS, or_none=True),
    "Precision of matrix products that name none.",
    is_traced=True,
)
default_prng_impl = config.define(
    "default_prng_impl",
    "threefry2x32",
    one_of(*_PRNG_IMPLS),
    "Random bit generator of keys that name none.",
    is_traced=True,
)
threefry_partitionable = config.define(
    "threefry_partitionable",
    True,
    boolean,
    "Random bits of element i depend on i and not on the array's size.",
    is_traced=True,
)
enable_custom_prng = config.define(
    "enable_custom_prng", False, boolean, "Make random.PRNGKey return typed keys.", is_traced=True
)
legacy_prng_key = config.define(
    "legacy_prng_key",
    "allow",
    one_of("allow", "warn", "error"),
    "What to do when a raw uint32 array is used as a key.",
    is_traced=True,
)
debug_key_reuse = config.define(
    "debug_key_reuse", False, boolean, "Raise KeyReuseError when a key is consumed twice.", is_traced=True
)
softmax_custom_jvp = config.define(
    "softmax_custom_jvp", False, boolean, "Use a derivative rule of its own for softmax.", is_traced=True
)
high_dynamic_range_gumbel = config.define(
    "high_dynamic_range_gumbel", False, boolean, "Sample Gumbel variates with a longer tail.", is_traced=True
)
random_seed_offset = config.define(
    "random_seed_offset", 0, whole_number, "Number added to every seed.", is_traced=True
)
default_device = config.define(
    "default_device",
    None,
    device_or_none,
    "Device of values whose device nothing else decides.",
    is_traced=True,
)
debug_nans = config.define(
    "debug_nans", False, boolean, "Check results for NaN and raise at the op that made it.", is_traced=True
)
debug_infs = config.define(
    "debug_infs",
    False,
    boolean,
    "Check results for infinities and raise at the op that made it.",
    is_traced=True,
)
check_tracer_leaks = config.define(
    "check_tracer_leaks", False, boolean, "Raise when a tracer outlives its function.", is_traced=True
)
enable_checks = config.define(
    "enable_checks", False, boolean, "Verify the IR after every pass.", is_traced=True
)
remove_size_one_mesh_axis_from_type = config.define(
    "remove_size_one_mesh_axis_from_type",
    False,
    boolean,
    "Leave mesh axes of size one out of shardings in types.",
    is_traced=True,
)
jax2tf_associative_scan_reductions = config.define(
    "jax2tf_associative_scan_reductions",
    False,
    boolean,
    "Lower cumulative reductions by an associative scan instead of a window reduction.",
    is_traced=True,
)
disabled_passes = config.define(
    "disabled_passes",
    (),
    names,
    "Optimisations to leave out, separated by commas: weft-inline, weft-simplify, weft-cse, weft-cut-fusions.",
    is_traced=True,
)
_disable_jit = config.define(
    "disable_jit", False, boolean, "Run functions under jit op by op, as plain Python.", is_traced=True
)

# Options that change how things run, or what is reported. -------------------------------------------------

log_compiles = config.define("log_compiles", False, boolean, "Log each compilation as a warning.")
explain_cache_misses = config.define(
    "explain_cache_misses", False, boolean, "Log why a function under jit is traced again."
)
no_retrace = config.define(
    "no_retrace",
    False,
    boolean,
    "Raise, and say what changed, when anything would be traced or compiled anew.",
)
no_tracing = config.define("no_tracing", False, boolean, "Raise when a function would be traced.")
no_execution = config.define(
    # Traced, although it changes no trace: what is compiled already is then not found.
    "no_execution",
    False,
    boolean,
    "Raise when a computation would run.",
    is_traced=True,
)
thread_guard = config.define(
    "thread_guard", False, boolean, "Raise when a second thread uses devices of several processes."
)
explicit_x64_dtypes = config.define(
    "explicit_x64_dtypes",
    "warn",
    one_of("allow", "warn", "error"),
    "What to do when a 64-bit dtype is asked for while enable_x64 is off.",
)
traceback_filtering = config.define(
    "traceback_filtering",
    "auto",
    one_of("off", "auto", "tracebackhide", "remove_frames", "quiet_remove_frames"),
    "Whether frames of weft are left out of tracebacks.",
)
_guard = config.define(
    "transfer_guard", None, one_of(*_GUARD_LEVELS, or_none=True), "What to do on any implicit transfer."
)
transfer_guard_host_to_device = config.define(
    "transfer_guard_host_to_device",
    None,
    one_of(*_GUARD_LEVELS, or_none=True),
    "What to do on an implicit transfer from the host to a device.",
)
transfer_guard_device_to_device = config.define(
    "transfer_guard_device_to_device",
    None,
    one_of(*_GUARD_LEVELS, or_none=True),
    "What to do on an implicit transfer between devices.",
)
transfer_guard_device_to_host = config.define(
    "transfer_guard_device_to_host",
    None,
    one_of(*_GUARD_LEVELS, or_none=True),
    "What to do on an implicit transfer from a device to the host.",
)
_GUARDS = (
    transfer_guard_host_to_device,
    transfer_guard_device_to_device,
    transfer_guard_device_to_host,
)

# Options read when the runtime starts. -------------------------------------------------------------------

platforms = config.define(
    "platforms",
    None,
    text_or_none,
    "Platforms to try, in order, separated by commas; the first is the default.",
)
num_cpu_devices = config.define(
    "num_cpu_devices", -1, whole_number, "Number of CPU devices to make; -1 leaves it to the runtime."
)
enable_compilation_cache = config.define(
    "enable_compilation_cache",
    True,
    boolean,
    "Keep compiled executables on disk.",
)
compilation_cache_dir = config.define(
    "compilation_cache_dir", None, text_or_none, "Folder of the cache of compiled executables."
)
persistent_cache_min_compile_time_secs = config.define(
    "persistent_cache_min_compile_time_secs",
    0.0,
    number,
    "Shorter compilations are not written to the cache on disk.",
)


def checking_leaks() -> Override:
    """Raise, inside the `with` block, when a tracer outlives its function."""
    return check_tracer_leaks(True)


def disable_jit(disable: bool = True) -> Override:
    """Run functions under jit op by op inside the `with` block, so prints and debuggers see values."""
    return _disable_jit(disable)


def _update_guards(scope: str, value: object) -> None:
    # The general guard set for the process sets the three directions; overrides go by `transfer_guard`.
    if scope == "process" and value is not None:
        for guard in _GUARDS:
            config.update(guard.name, value)


config.watch("transfer_guard", _update_guards)


@contextlib.contextmanager
def transfer_guard(new_val: str) -> Iterator[None]:
    """Say what happens on implicit transfers, in all three directions, inside the `with` block.

    Levels: 'allow', 'log', 'disallow'; 'log_explicit' and 'disallow_explicit' take in device_put too.
    """
    with contextlib.ExitStack() as stack:
        for option in (_guard, *_GUARDS):
            stack.enter_context(option(new_val))
        yield


class UserContext:
    """A thread-local value of the user's that traced functions may depend on; see `make_user_context`."""

    def __init__(self, option: Option) -> None:
        self._option = option

    @property
    def value(self) -> Any:
        """The value in this thread now."""
        return self._option.value

    def __call__(self, new_value: object) -> Override:
        """Set the value inside a `with` block; it must be hashable."""
        return self._option(new_value)


_user_context_numbers = itertools.count()


def make_user_context(default_value: object = None) -> UserContext:
    """A context whose value a function under jit may read: another value means another trace.

    >>> mode = make_user_context("train")
    >>> with mode("test"):
    ...     mode.value
    'test'
    """
    hash(default_value)
    name = f"user_context_{next(_user_context_numbers)}"
    return UserContext(
        config.define(name, default_value, anything, "A value of the user's.", is_traced=True, environment={})
    )
