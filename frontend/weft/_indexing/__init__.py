"""NumPy's indexing: `x[index]`, `x.at[index]` and iteration, of arrays and tracers."""

from weft._indexing.getitem import getitem
from weft._indexing.helper import IndexUpdateHelper, IndexUpdateRef
from weft._indexing.rows import rows

__all__ = ["IndexUpdateHelper", "IndexUpdateRef", "getitem", "rows"]
