"""Named pipelines: a name that stands for a list of passes wherever a pass name may stand.

An entry is a pass with its options as `weft-opt --passes=` takes it (`"weft-cse"`, `"canonicalize"`,
`"func.func(cse)"`), or the name of another pipeline.
"""

PIPELINES: dict[str, tuple[str, ...]] = {
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
