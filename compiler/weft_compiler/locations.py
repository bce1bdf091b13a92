"""Source locations of ops: the user's file, line and column."""

from weft_compiler.bindings import context, ir


def in_file(filename: str, line: int, column: int = 0) -> ir.Location:
    """A place in a source file; lines count from 1."""
    return ir.Location.file(filename, line, column, context())


def unknown() -> ir.Location:
    """No place at all."""
    return ir.Location.unknown(context())


def described(loc: ir.Location) -> tuple[str, int] | None:
    """File and line of a location, or None if it names none."""
    while isinstance(loc, ir.NameLoc):
        loc = loc.child_loc
    return (loc.filename, loc.start_line) if isinstance(loc, ir.FileLineColLoc) else None
