"""Passes over the weft dialect: one pass, one file, one class, found by name through `registry`."""
