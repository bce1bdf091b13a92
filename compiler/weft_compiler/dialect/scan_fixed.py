"""Carried values that no step changes: they are constants, and are no residuals of each step."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from weft_compiler.bindings import ir
from weft_compiler.dialect.builder import Val
from weft_compiler.masks import Mask, inverse, parts, picked
from weft_compiler.module import Module

_CALL = "func.call"


class Unfixed(NamedTuple):
    """A scan `inst` without the carried values that `fixed` marks, which are its last constants."""

    inst: Any
    fixed: Mask

    def operands(self, groups: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
        """The operands, or what belongs to them, for `inst`."""
        consts, carry, slices = groups
        return (*consts, *picked(carry, self.fixed), *picked(carry, inverse(self.fixed)), *slices)

    def results(self, outs: Sequence[Any], carry: Sequence[Any]) -> tuple[Any, ...]:
        """The results of the scan as it was, from those of `inst` and its first carry."""
        moving, count = iter(outs), len(self.fixed) - sum(self.fixed)
        last = [x if is_fixed else next(moving) for x, is_fixed in zip(carry, self.fixed, strict=True)]
        return (*last, *outs[count:])


def without_fixed(b: Any, scan: Any) -> Unfixed | None:
    """The scan without carried values that stay as they are; None if all of them change."""
    fixed = tuple(passed_through(b.module, scan.body, i) == scan.consts + i for i in range(scan.carry))
    if not any(fixed):
        return None
    consts, carry, slices = scan.groups(b.module.signature(scan.body).inputs)
    order = Unfixed(scan, fixed)

    def write(inner: Any, *args: Val) -> list[Val]:
        same, stays, moves, along = parts(args, len(consts), sum(fixed), len(carry) - sum(fixed))
        stays_iter, moves_iter = iter(stays), iter(moves)
        merged = [next(stays_iter) if is_fixed else next(moves_iter) for is_fixed in fixed]
        outs = inner.call(scan.body, (*same, *merged, *along))
        return [*picked(outs[: len(carry)], inverse(fixed)), *outs[len(carry) :]]

    body = b.define(f"{scan.body}.unfixed", order.operands((consts, carry, slices)), write)
    inst = scan.replace(body=body, consts=scan.consts + sum(fixed), carry=scan.carry - sum(fixed))
    return Unfixed(inst, fixed)


def passed_through(module: Module, fn: str, result: int) -> int | None:
    """The argument that a function returns as this result, also through calls; None for anything else."""
    function = module.function(fn)
    value = function.returned()[result]
    return _argument_behind(module, value, list(function.body.arguments))


def _argument_behind(module: Module, value: ir.Value, arguments: list[ir.Value]) -> int | None:
    if isinstance(value.owner, ir.Block):
        return arguments.index(value)
    call = value.owner.operation
    if call.name != _CALL:
        return None
    number = list(call.results).index(value)
    inner = passed_through(module, ir.FlatSymbolRefAttr(call.attributes["callee"]).value, number)
    return None if inner is None else _argument_behind(module, call.operands[inner], arguments)
