"""Operands on which the rules of every scatter op are checked."""

from typing import Any

import numpy as np

from weft_compiler.dialect.samples import Samples, cases

_ELEMENTS = {"update_window_dims": (), "inserted_window_dims": (0,), "scatter_dims_to_operand_dims": (0,)}
_ROWS = {"update_window_dims": (1,), "inserted_window_dims": (0,), "scatter_dims_to_operand_dims": (0,)}
_WHOLE = {"update_window_dims": (1,), "inserted_window_dims": (), "scatter_dims_to_operand_dims": ()}
_CORNERS = {"update_window_dims": (0, 2), "inserted_window_dims": (), "scatter_dims_to_operand_dims": (1, 0)}
_EACH = {
    "update_window_dims": (2,),
    "inserted_window_dims": (1,),
    "scatter_dims_to_operand_dims": (1,),
    "operand_batching_dims": (0,),
    "scatter_indices_batching_dims": (0,),
}


def scatter_samples(*dtypes: str, unique: bool = False) -> Samples:
    """Every form of window and index dtype, in the first of `dtypes`, and one form in the others.

    With `unique` no two windows overlap; else some do.
    """
    first, clip, fill = dtypes[0], {"mode": "clip"}, {"mode": "fill"}
    rows = np.array([[4], [0], [7], [2 if unique else 0]], "int32")
    corners = np.array([[2, 2], [0, 0]] if unique else [[2, 1], [1, 1]], "int32")
    one, two = ((5, 3), (4, 3)), ((2, 3, 4), (2, 2, 3))
    listed: list[tuple[Any, dict[str, Any]]] = [
        *[(((one[0], dtype), rows, (one[1], dtype)), _ROWS | fill) for dtype in dtypes],
        (
            ((one[0], first), np.where(rows == 7, 1, rows), (one[1], first)),
            _ROWS | {"mode": "promise_in_bounds"},
        ),
        *[
            ((((300,), first), np.array(places, index), ((2,), first)), _ELEMENTS | mode)
            for index, places in (
                ("int8", [[-1], [127]]),
                ("uint8", [[255], [0]]),
                ("uint32", [[2**32 - 1], [7]]),
                ("int64", [[2**33], [7]]),
            )
            for mode in (clip, fill)
        ],
        ((((5, 6), first), corners, ((2, 2, 3), first)), _CORNERS | fill),
        ((((5, 6), first), corners * 2, ((2, 2, 3), first)), _CORNERS | clip),
        (
            (((3,), first), np.zeros((1 if unique else 2, 0), "int32"), ((1 if unique else 2, 3), first)),
            _WHOLE | fill,
        ),
        (((two[0], first), np.array([[[0], [5]], [[2], [1]]], "int32"), (two[1], first)), _EACH | clip),
        (((two[0], first), np.array([[[0], [5]], [[2], [1]]], "int32"), (two[1], first)), _EACH | fill),
        ((((3,), first), np.zeros((0, 1), "int32"), ((0,), first)), _ELEMENTS | clip),
        ((((0,), first), np.zeros((2, 1), "int32"), ((2,), first)), _ELEMENTS | fill),
    ]
    return cases(*[(operands, attrs | {"unique_indices": unique}) for operands, attrs in listed])
