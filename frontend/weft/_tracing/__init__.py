"""Tracing: from calls of Python functions to IR, and running what was traced."""
