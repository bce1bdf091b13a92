"""Transformations of functions: jit, grad, jvp, vjp, vmap, and what is made of them."""
