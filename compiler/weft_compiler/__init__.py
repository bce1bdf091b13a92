"""The weft compiler: an MLIR dialect for numerical programs, passes over it, and its lowerings."""
