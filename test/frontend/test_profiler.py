"""Profiles of time and memory."""

import gzip
import json
import queue
import subprocess
import sys
import threading
import urllib.request

import pytest

import weft
import weft.numpy as jnp
from weft import profiler
from weft._perfetto import serve


def events(folder):
    (path,) = folder.glob("plugins/profile/*/*.trace.json.gz")
    with gzip.open(path) as file:
        return {event.get("name") for event in json.load(file)["traceEvents"]}


def test_trace(tmp_path):
    f = weft.jit(lambda x: jnp.sin(x) @ x)
    x = f(jnp.ones((50, 50)))
    with profiler.trace(tmp_path):
        with profiler.TraceAnnotation("my own part", size=50):
            f(x).block_until_ready()
        with profiler.StepTraceAnnotation("train", step_num=3):
            f(x).block_until_ready()
        profiler.annotate_function(lambda: f(x).block_until_ready(), name="a function")()
    names = events(tmp_path)
    assert {"my own part", "train", "a function"} <= names
    (xspace,) = tmp_path.glob("plugins/profile/*/*.xplane.pb")
    data = profiler.ProfileData.from_file(str(xspace))
    found = [event for plane in data.planes for line in plane.lines for event in line.events]
    steps = [event for event in found if event.name == "train"]
    assert len(steps) == 1 and steps[0].duration_ns > 0 and ("step_num", 3) in list(steps[0].stats)
    assert isinstance(data.find_plane_with_name("/host:CPU"), profiler.ProfilePlane)
    assert isinstance(steps[0], profiler.ProfileEvent)


def test_start_and_stop(tmp_path):
    with pytest.raises(RuntimeError, match="No profile started"):
        profiler.stop_trace()
    options = profiler.ProfileOptions()
    options.python_tracer_level = 0
    profiler.start_trace(str(tmp_path), create_perfetto_trace=True, profiler_options=options)
    with pytest.raises(RuntimeError, match="already been started"):
        profiler.start_trace(tmp_path)
    (jnp.ones(3) + 1).block_until_ready()
    profiler.stop_trace()
    (path,) = tmp_path.glob("plugins/profile/*/perfetto_trace.json.gz")
    with gzip.open(path) as file:
        assert json.load(file)["traceEvents"]


def test_exception_ends_the_trace(tmp_path):
    with pytest.raises(KeyError), profiler.trace(tmp_path):
        raise KeyError
    assert events(tmp_path)
    with profiler.trace(tmp_path / "another"):
        pass


def test_perfetto_fetches_the_trace(tmp_path):
    path = tmp_path / "perfetto_trace.json.gz"
    path.write_bytes(gzip.compress(b"{}"))
    links = queue.Queue()
    thread = threading.Thread(target=serve, args=(path, 0, links.put))
    thread.start()
    site, _, address = links.get(timeout=20).partition("/#!/?url=")
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert gzip.decompress(answer.read()) == b"{}"
        assert answer.headers["Access-Control-Allow-Origin"] == site == "https://ui.perfetto.dev"
    thread.join(20)
    assert not thread.is_alive()


def test_memory_profile(tmp_path):
    kept = jnp.ones((333, 777))
    kept.block_until_ready()
    content = gzip.decompress(profiler.device_memory_profile())
    assert b"test_profiler.py" in content and b"cpu" in content
    profiler.save_device_memory_profile(tmp_path / "memory.prof", backend="cpu")
    assert gzip.decompress((tmp_path / "memory.prof").read_bytes())


def test_server():
    code = """
from weft import profiler
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]
server = profiler.start_server(port)
try: profiler.start_server(port)
except ValueError as error: print(error)
socket.create_connection(("127.0.0.1", port), 10).close()
profiler.stop_server()
try: profiler.stop_server()
except ValueError as error: print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Only one profiler server can be active at a time.",
        "No active profiler server.",
    ]


def test_profiler_is_loaded_when_it_is_used():
    code = "import sys, weft; print('jaxlib._profiler' in sys.modules); weft.profiler.TraceAnnotation('x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        profiler.nothing
