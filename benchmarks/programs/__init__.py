"""The programs that are measured: written once, handed `weft` or `jax` as `api` and its numpy as `np`."""
