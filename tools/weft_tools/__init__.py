"""Command-line tools over the compiler and the runtime."""
