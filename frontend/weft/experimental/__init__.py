"""Interfaces that may still change."""

from weft._transforms.callbacks import io_callback as io_callback

__all__ = ["io_callback"]
