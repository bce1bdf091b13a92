"""What `weft.debug` is made of: a debugger in running programs, pictures of shardings."""
