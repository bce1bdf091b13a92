"""Named pipelines: a name that stands for a list of passes wherever a pass name may stand.

An entry is a pass with its options as `weft-opt --passes=` takes it (`"weft-cse"`, `"canonicalize"`,
`"func.func(cse)"`), or the name of another pipeline.
"""

PIPELINES: dict[str, tuple[str, ...]] = {
    "weft-check": ("weft-verify", "weft-check-key-reuse"),
    "weft-lower-checked": (
        "weft-expand-transforms",
        "weft-check-nan",
        "weft-inline",
        "weft-cse",
        "weft-dce",
        "weft-to-stablehlo",
        "weft-order-effects",
    ),
    "weft-lower": (
        "weft-expand-transforms",
        "weft-inline",
        "weft-simplify",
        "weft-cse",
        "weft-dce",
        "weft-to-stablehlo",
        "weft-order-effects",
    ),
}
