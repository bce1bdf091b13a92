"""Makes the bindings' look-up of Python op classes for `vhlo` succeed at once; it has none."""
