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


def scoped(loc: ir.Location, scope: str) -> ir.Location:
    """The place, with the names that the user gave to the code around it, as in `encoder/attention`."""
    return ir.Location.name(scope, loc, context())


def scope_of(loc: ir.Location) -> str:
    """The names given with `scoped`; empty where there are none."""
    names = []
    while isinstance(loc, ir.NameLoc):
        if not loc.name_str.endswith(")"):
            names.append(loc.name_str)
        loc = loc.child_loc
    return "/".join(names)


def in_scope(loc: ir.Location, outer: str, op: str) -> ir.Location:
    """The place of an op that XLA shall know by its name, below the names given to the code around it."""
    names = [name for name in (outer, scope_of(loc)) if name]
    while isinstance(loc, ir.NameLoc):
        loc = loc.child_loc
    return scoped(loc, "/".join([*names, op])) if names else loc


class Derivations:
    """Whether ops that a rule makes say so in their location: while someone asks, as checks for nan do."""

    named = 0
    """How many ask."""


DERIVATIONS = Derivations()


def derived(loc: ir.Location, rule: str, op: str) -> ir.Location:
    """The place of what a rule of an op makes: that of the op, with the name `rule(op)` if that is asked for."""
    return ir.Location.name(f"{rule}({op})", loc, context()) if DERIVATIONS.named else loc


def derivation(loc: ir.Location) -> list[tuple[str, str]]:
    """The rules by which an op was made, the last one first: pairs of rule and op that it was asked for."""
    rules = []
    while isinstance(loc, ir.NameLoc):
        rule, _, op = loc.name_str.removesuffix(")").partition("(")
        if op:  # what is left is a name of the user's
            rules.append((rule, op))
        loc = loc.child_loc
    return rules
