"""Makes the bindings' look-up of Python op classes for `chlo` succeed at once; it has none."""
