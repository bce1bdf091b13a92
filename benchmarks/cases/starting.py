"""From the start of a process: import, first result, first training step."""

from case import Script, add

add(
    Script(
        "start/import", "import of the package and its numpy", "importing.py", "import_s", bar=0.6, goal=0.5
    )
)
add(
    Script(
        "start/first-result",
        "process start to the first jitted result",
        "first_result.py",
        "since_start_s",
        bar=0.6,
    )
)
add(
    Script(
        "start/second-start",
        "the same with weft's cache on disk warm; JAX as it comes",
        "first_result.py",
        "since_start_s",
        bar=0.5,
        cache="warm",
    )
)
add(
    Script(
        "start/second-start-both",
        "the same; JAX with its cache on disk turned on and warm too",
        "first_result.py",
        "since_start_s",
        bar=0.5,
        cache="warm",
        peer_cache="warm",
    )
)
add(
    Script(
        "start/transformer-lower",
        "the first trace + grad + lower in a process: the training step of the 6-layer transformer",
        "first_lowering.py",
        "lower_s",
        bar=0.3,
    )
)
add(
    Script(
        "start/transformer",
        "the first training step of the 6-layer transformer: trace, lower, compile, run",
        "first_step.py",
        "first_step_s",
        bar=0.6,
    )
)
add(
    Script(
        "start/transformer-second",
        "the same in a second process, with both caches on disk warm",
        "first_step.py",
        "first_step_s",
        bar=0.5,
        cache="warm",
        peer_cache="warm",
    )
)
