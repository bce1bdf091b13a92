"""Makes the bindings' look-up of Python op classes for `weft` succeed at once; it has none."""
