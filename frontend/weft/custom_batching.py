"""Functions that say how they are batched."""

from weft._transforms.custom.custom_vmap import custom_vmap as custom_vmap
from weft._transforms.custom.custom_vmap import sequential_vmap as sequential_vmap
