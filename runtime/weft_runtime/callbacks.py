"""Python functions that a compiled program calls while it runs.

XLA does not look at what a callback returns: a wrong shape would be read as garbage, a wrong type ends the
process. So every function is wrapped with a check, and works on copies of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any  # a user's function, on arrays of every kind

import numpy as np


def call_target(platform: str) -> str:
    """The custom call by which a program for this platform (cpu, gpu, ...) calls a host callback."""
    return "xla_ffi_python_cpu_callback" if platform == "cpu" else "xla_ffi_python_gpu_callback"


@dataclass(frozen=True)
class HostCallback:
    """A function from numpy arrays to numpy arrays (a sequence, or one array where there is one result).

    The program names it by its index in the list given to `compile`:

        stablehlo.custom_call @<call_target>(...) {api_version = 4 : i32, backend_config = {index = 0 : ui64}}
    """

    fn: Callable[..., Any]
    results: Sequence[tuple[tuple[int, ...], Any]] = field(default=())
    """Shape and dtype of each result, as the program has them, tokens left out."""
    is_ordered: bool = False
    """Whether the first operand and the first result are the token that keeps callbacks in order."""
    name: str = ""
    """How messages call it; by default the name of the function."""
    interrupts: list[KeyboardInterrupt] = field(default_factory=list, compare=False, repr=False)
    """Interrupts that ended a call, until the caller of the program is told."""

    def __call__(self, *args: Any) -> tuple[Any, ...]:
        token, args = (args[:1], args[1:]) if self.is_ordered else ((), args)
        # The memory of the arguments is the program's, and is used for other things afterwards.
        try:
            results = self.fn(*(np.array(arg) for arg in args))
        except KeyboardInterrupt as interrupt:
            self.interrupts.append(interrupt)  # XLA makes an ordinary error of it
            raise
        return (*token, *self._checked(results))

    def _checked(self, results: Any) -> list[np.ndarray]:
        name = self.name or getattr(self.fn, "__name__", "the function")
        if results is None:
            results = ()
        elif not isinstance(results, (tuple, list)):
            results = (results,)
        if len(results) != len(self.results):
            raise TypeError(f"callback {name}: expected {len(self.results)} results, got {len(results)}")
        checked = []
        for position, (result, (shape, dtype)) in enumerate(zip(results, self.results, strict=True)):
            value, dtype = np.asarray(result), np.dtype(dtype)
            if value.shape != tuple(shape) or value.dtype != dtype:
                raise TypeError(
                    f"callback {name}: result {position} must be {dtype.name}{list(shape)}, "
                    f"got {value.dtype.name}{list(value.shape)}"
                )
            checked.append(np.ascontiguousarray(value, dtype).reshape(shape))
        return checked
