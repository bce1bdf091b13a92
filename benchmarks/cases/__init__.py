"""The benchmarks, one file for each kind. Importing a file registers its cases."""
