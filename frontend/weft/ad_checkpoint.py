"""Trading time for memory: names for values that a checkpoint may keep, and what it does keep."""

from weft._transforms.custom.checkpoint import checkpoint_name as checkpoint_name
from weft._transforms.custom.policies import checkpoint_policies as checkpoint_policies
from weft._transforms.custom.saved_residuals import print_saved_residuals as print_saved_residuals
