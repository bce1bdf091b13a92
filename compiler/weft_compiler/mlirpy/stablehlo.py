"""Makes the bindings' look-up of Python op classes for `stablehlo` succeed at once; it has none."""
