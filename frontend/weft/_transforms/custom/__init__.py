"""Functions that bring their own rules: derivatives, batching, what a checkpoint keeps."""
