"""What a rule refuses, told at the op it was asked for: the same error, with the place of the op."""

from collections.abc import Iterator
from contextlib import contextmanager

from weft_compiler.bindings import ir
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.builder import Builder
from weft_compiler.dialect.op import OpTypeError, OpValueError


class MissingRuleError(DiagnosticError, NotImplementedError):
    """An op has no such rule, or none for this use of it."""


class LocatedTypeError(DiagnosticError, OpTypeError):
    """A wrong use for which JAX raises TypeError."""


class LocatedValueError(DiagnosticError, OpValueError):
    """A wrong use for which JAX raises ValueError."""


@contextmanager
def errors_located(b: Builder) -> Iterator[None]:
    """What a rule refuses inside becomes an error at the op where the builder is."""
    try:
        yield
    except DiagnosticError:
        raise
    except (NotImplementedError, OpTypeError, OpValueError) as error:
        raise located(error, b.loc) from error


def located(error: NotImplementedError | OpTypeError | OpValueError, place: ir.Location) -> DiagnosticError:
    """The same error at a place; it can still be caught as what it was."""
    if isinstance(error, OpTypeError):
        return LocatedTypeError(str(error), place)
    if isinstance(error, OpValueError):
        return LocatedValueError(str(error), place)
    return MissingRuleError(str(error), place)
