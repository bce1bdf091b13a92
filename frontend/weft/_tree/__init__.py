"""Parts of `weft.tree_util`: flattening, registration, paths and the comparison of structures."""
