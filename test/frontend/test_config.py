"""`weft.config`: process values, thread-local overrides, and the key that stands for them."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from weft._config.checks import boolean
from weft._config.state import Config, Shared
from weft.config import (
    checking_leaks,
    config,
    default_device,
    default_matmul_precision,
    disable_jit,
    enable_x64,
    log_compiles,
    make_user_context,
    numpy_rank_promotion,
    transfer_guard,
)


def in_thread(function):
    """What `function` returns in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(10)


@pytest.fixture
def restored():
    """`config`, whose process values are put back after the test."""
    before = config.values
    yield config
    for name, value in before.items():
        if config.read(name) != value:
            config.update(name, value)


def test_override_is_seen_in_its_thread_only():
    assert not config.x64
    with enable_x64(True):
        assert config.x64 and config.enable_x64 and config.jax_enable_x64 and config.x64_enabled
        assert enable_x64.value
        assert not in_thread(lambda: config.x64)
    assert not config.x64


def test_update_reaches_threads_that_run_already(restored):
    started, updated = threading.Event(), threading.Event()

    def look():
        first = config.x64
        started.set()
        updated.wait(10)
        return first, config.x64

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(look)
        started.wait(10)
        restored.update("jax_enable_x64", True)
        updated.set()
        assert seen.result(10) == (False, True)
    assert in_thread(lambda: config.x64)


def test_update_leaves_open_overrides_alone(restored):
    with enable_x64(False):
        restored.update("enable_x64", True)
        assert not config.x64
    assert config.x64


def test_trace_key_stands_for_the_traced_options():
    plain = config.trace_key
    with enable_x64(True):
        wide = config.trace_key
        with enable_x64(False):
            assert config.trace_key == plain
        with log_compiles(True):  # does not change what is traced
            assert config.trace_key == wide
        with default_matmul_precision("highest"):
            assert config.trace_key not in (plain, wide)
    assert config.trace_key == plain
    with enable_x64():
        assert config.trace_key == wide
    assert in_thread(lambda: config.trace_key) == plain


def test_a_new_option_leaves_keys_as_they_were():
    plain = config.trace_key
    make_user_context("unused")
    assert config.trace_key == plain


def test_one_override_can_be_entered_twice_and_left_in_any_order():
    override = enable_x64(True)
    with override, override:
        assert config.x64
    assert not config.x64
    first, second = numpy_rank_promotion("warn"), numpy_rank_promotion("raise")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert config.numpy_rank_promotion == "raise"
    second.__exit__(None, None, None)
    assert config.numpy_rank_promotion == "allow"
    with pytest.raises(RuntimeError, match="thread that entered it"):
        second.__exit__(None, None, None)


def test_override_as_decorator():
    @enable_x64(True)
    def look():
        return config.x64

    assert look() and not config.x64


def test_wrong_values_and_names():
    with pytest.raises(ValueError, match="numpy_rank_promotion: expected one of 'allow', 'warn', 'raise'"):
        config.update("jax_numpy_rank_promotion", "bogus")
    with pytest.raises(ValueError, match="enable_x64: expected True or False, got 'no'"):
        enable_x64("no")
    with pytest.raises(TypeError, match="needs the value"):
        numpy_rank_promotion()
    with pytest.raises(AttributeError, match="did you mean 'enable_x64'"):
        config.update("jax_enabel_x64", True)
    with pytest.raises(AttributeError, match=r"config\.update"):
        config.enable_x64 = True
    with pytest.raises(ValueError, match=r"default_device: .*weft\.devices"):
        default_device(3)


def test_environment_variables():
    fresh = Config(Shared())
    environment = {"WEFT_LOUD": "yes", "WEFT_QUIET": "0"}
    fresh.define("loud", False, boolean, "", environment=environment)
    fresh.define("quiet", True, boolean, "", environment=environment)
    assert fresh.loud and not fresh.quiet
    with pytest.raises(ValueError, match="WEFT_ODD: expected true or false, got 'maybe'"):
        fresh.define("odd", False, boolean, "", environment={"WEFT_ODD": "maybe"})
    with pytest.raises(AttributeError):
        _ = fresh.odd


def test_value_from_the_environment_counts_in_the_key():
    fresh = Config(Shared())
    fresh.define("loud", False, boolean, "", is_traced=True, environment={"WEFT_LOUD": "1"})
    assert fresh.trace_key != 0
    fresh.update("loud", False)
    assert fresh.trace_key == 0


def test_transfer_guard_sets_three_directions(restored):
    with transfer_guard("disallow"):
        assert config.transfer_guard_host_to_device == "disallow"
        assert config.transfer_guard_device_to_host == "disallow"
        assert config.transfer_guard_device_to_device == "disallow"
    assert config.transfer_guard_host_to_device is None
    restored.update("jax_transfer_guard", "log")
    assert config.transfer_guard_device_to_host == "log"


def test_watch_reports_both_scopes(restored):
    seen = []
    config.watch("transfer_guard_device_to_host", lambda scope, value: seen.append((scope, value)))
    restored.update("transfer_guard_device_to_host", "log")
    with sys.modules["weft.config"].transfer_guard_device_to_host("disallow"):
        pass
    assert seen == [("process", None), ("process", "log"), ("thread", "disallow"), ("thread", None)]


def test_user_context():
    mode = make_user_context("train")
    plain = config.trace_key
    with mode("test"):
        assert mode.value == "test"
        assert config.trace_key != plain
    assert mode.value == "train" and config.trace_key == plain
    with pytest.raises(TypeError, match="hashable"), mode([]):
        pass
    assert mode.value == "train"


def test_true_and_one_are_different_user_values():
    number = make_user_context(None)
    with number(1):
        one = config.trace_key
    with number(True):
        assert config.trace_key != one


def test_shorthands():
    with checking_leaks():
        assert config.check_tracer_leaks
    with disable_jit():
        assert config.disable_jit
        with disable_jit(False):
            assert not config.disable_jit
    assert "enable_x64 = False" in repr(config)
