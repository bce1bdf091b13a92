"""Calls of LAPACK, which the CPU backend knows as custom calls.

LAPACK wants columns next to each other: layouts say so, and the backend copies where it must. `info` tells of a
failure, upon which results are nan.
"""

import numpy as np

from weft_compiler.avals import INT32, Aval
from weft_compiler.stablehlo import parsed

PREFIX = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}


def _layout(rank, lead):
    """Axes from the fastest to the slowest: matrices by columns, what is before them by rows."""
    order = list(reversed(range(rank)))
    if rank - lead == 2:
        order[:2] = [rank - 2, rank - 1]
    return f"dense<{order if order else ''}> : tensor<{rank}xindex>"


def _layouts(values, lead):
    return parsed(f"[{', '.join(_layout(len(v.shape), lead) for v in values)}]")


def lapack(b, routine, operands, results, lead, **config):
    """A call of e.g. `getrf` on `operands`, in the variant for the dtype of the first; results with `info` if any.

    `lead` axes of every operand and result number the matrices. Values in `config` are attribute texts.
    """
    name = f"lapack_{PREFIX[operands[0].dtype.name]}{routine}_ffi"
    made = b.stablehlo.custom_call(
        *operands,
        result=tuple(results),
        call_target_name=name,
        api_version=parsed("4 : i32"),
        backend_config=parsed(f"{{{', '.join(f'{k} = {v}' for k, v in config.items())}}}"),
        operand_layouts=_layouts(operands, lead),
        result_layouts=_layouts(results, lead),
    )
    return made if isinstance(made, tuple) else (made,)


def letter(word):
    """LAPACK's letter for a choice, as an attribute text."""
    return f"{ord(word)} : ui8"


def info_aval(x):
    """The aval of `info` for the matrices `x`."""
    return Aval.of(x.shape[:-2], INT32)


def nan_where_failed(b, info, *xs, direction="EQ"):
    """Values as they are where `info` is 0 (or compares otherwise), else nan."""
    succeeded = b.compare(info, 0, direction=direction)
    made = []
    for x in xs:
        nan = b.full(x.aval, complex(np.nan, np.nan) if x.aval.kind == "c" else np.nan)
        where = b.broadcast_in_dim(succeeded, shape=x.shape, dims=tuple(range(info.ndim)))
        made.append(b.select(where, x, nan))
    return made[0] if len(made) == 1 else tuple(made)
