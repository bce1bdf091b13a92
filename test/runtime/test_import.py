"""What importing and using the runtime must not do."""


def test_import_starts_no_backend_and_no_jax(run_python):
    done = run_python(
        "import weft_runtime, sys; from weft_runtime.devices import is_started\n"
        "print(is_started(), 'jax' in sys.modules, 'scipy' in sys.modules)"
    )
    assert done.stdout.split() == ["False", "False", "False"]


def test_common_work_imports_no_jax_and_prints_nothing(run_python):
    done = run_python(
        """
import sys, pickle, numpy as np, ml_dtypes, weft_runtime as wr
for name in ("float32", "bfloat16", "float8_e4m3fn", "int4", "uint2", "float4_e2m1fn"):
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    x = wr.device_put(np.array([0, 1, 1]), dtype)
    repr(x), x.tolist(), pickle.loads(pickle.dumps(x)), x.is_ready()
x = wr.device_put(np.ones(2), np.dtype("f4"))
wr.from_dlpack(x), x.unsafe_buffer_pointer(), x.copy_to_host_async(), x.addressable_shards
wr.move(x, wr.devices()[0])
print("jax" in sys.modules)
"""
    )
    assert done.stdout.split() == ["False"]
    assert done.stderr == ""


def test_runs_beside_jax_in_one_process(run_python):
    done = run_python(
        """
import importlib.util, sys
if importlib.util.find_spec("jax") is None:
    print("5.0 4.0"); sys.exit()
import numpy as np, weft_runtime as wr
x = wr.device_put(np.float32(4), np.dtype("f4"))
import jax.numpy as jnp
print(float(jnp.float32(2) + 3), float(x))
"""
    )
    assert done.stdout.split() == ["5.0", "4.0"]
