"""Trees under short names: `weft.tree.map(f, tree)`."""

from weft._tree.functions import tree_all as all
from weft._tree.functions import tree_flatten as flatten
from weft._tree.functions import tree_flatten_with_path as flatten_with_path
from weft._tree.functions import tree_leaves as leaves
from weft._tree.functions import tree_leaves_with_path as leaves_with_path
from weft._tree.functions import tree_map as map
from weft._tree.functions import tree_map_with_path as map_with_path
from weft._tree.functions import tree_reduce as reduce
from weft._tree.functions import tree_reduce_associative as reduce_associative
from weft._tree.functions import tree_structure as structure
from weft._tree.functions import tree_unflatten as unflatten
from weft._tree.rearrange import tree_broadcast as broadcast
from weft._tree.rearrange import tree_transpose as transpose
from weft._tree.registration import static

__all__ = [
    "all",
    "broadcast",
    "flatten",
    "flatten_with_path",
    "leaves",
    "leaves_with_path",
    "map",
    "map_with_path",
    "reduce",
    "reduce_associative",
    "static",
    "structure",
    "transpose",
    "unflatten",
]
