"""Empty modules that the MLIR bindings import when they wrap an op (a failed import costs 50 us per op)."""
