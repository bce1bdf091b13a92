"""Control flow on traced values: branches, loops, scans."""

from weft.lax.control_flow.associative import associative_scan
from weft.lax.control_flow.branches import cond, platform_dependent, switch
from weft.lax.control_flow.loops import fori_loop, while_loop
from weft.lax.control_flow.scans import map, scan
from weft.lax.control_flow.solves import custom_linear_solve, custom_root

__all__ = [
    "associative_scan",
    "cond",
    "custom_linear_solve",
    "custom_root",
    "fori_loop",
    "map",
    "platform_dependent",
    "scan",
    "switch",
    "while_loop",
]
