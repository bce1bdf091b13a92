"""A jitted function in stages: `jit(f).trace(x)`, `.lower()`, `.compile()`.

>>> import weft, weft.numpy as np
>>> compiled = weft.jit(np.sin).lower(weft.ShapeDtypeStruct((2,), "float32")).compile()
>>> compiled(np.zeros(2))
Array([0., 0.], dtype=float32)
"""

from weft._transforms.stages import ArgInfo as ArgInfo
from weft._transforms.stages import Compiled as Compiled
from weft._transforms.stages import CompilerOptions as CompilerOptions
from weft._transforms.stages import Lowered as Lowered
from weft._transforms.stages import Traced as Traced
from weft._transforms.stages import Wrapped as Wrapped
