"""Parts of `weft.dtypes`: kinds of dtypes, the promotion lattice, promotion of values."""
