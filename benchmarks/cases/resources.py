"""Memory: what compiling takes at its peak, what calls leave behind."""

from case import Script, add

add(
    Script(
        "memory/compile-peak",
        "largest resident size of a process that compiles the training step",
        "compile_memory.py",
        "peak_bytes",
        bar=1.0,
        unit="B",
        cache="off",
    )
)
add(
    Script(
        "memory/compile-growth",
        "of which: growth while it traces, lowers, compiles and runs it, libraries loaded before",
        "compile_memory.py",
        "growth_bytes",
        bar=1.0,
        unit="B",
        cache="off",
    )
)
add(
    Script(
        "memory/20000-calls",
        "growth over 20,000 calls: jitted, eager, grad",
        "many_calls.py",
        "growth_bytes",
        limit=512 << 10,
        unit="B",
        cache="off",
    )
)
