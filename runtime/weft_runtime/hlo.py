"""Programs in XLA's own form, HLO, before XLA optimises them."""

from __future__ import annotations

from typing import Any

from weft_runtime import pjrt
from weft_runtime.devices import client


def computation(module: bytes) -> Any:
    """XLA's computation of an MLIR module in bytecode."""
    return pjrt.hlo_computation(module)


def text(module: bytes, *, with_metadata: bool = False) -> str:
    """The HLO text of a module; `with_metadata` says which source lines ops come from."""
    return pjrt.hlo_text(module, with_metadata)


def cost_analysis(module: bytes) -> dict[str, float]:
    """Estimates for the program as it is: `flops`, `bytes accessed`, …"""
    return pjrt.hlo_cost_analysis(client(), module)
