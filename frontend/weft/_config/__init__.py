"""Machinery of `weft.config`: options, thread-local overrides and the key that caches use."""
