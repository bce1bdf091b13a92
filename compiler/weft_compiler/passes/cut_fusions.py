"""Values that XLA would compute again in many kernels are computed once: a barrier stands behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weft_compiler.avals import aval_of
from weft_compiler.bindings import context, ir
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register

create = ir.Operation.create
_BARRIER = "stablehlo.optimization_barrier"
_MOVES = frozenset(
    [
        "bitcast_convert",
        "broadcast",
        "broadcast_in_dim",
        "concatenate",
        "convert",
        "dynamic_slice",
        "dynamic_update_slice",
        "gather",
        "pad",
        "reshape",
        "reverse",
        "slice",
        "transpose",
    ]
)
_CHEAP = frozenset(
    [
        "abs",
        "add",
        "and",
        "ceil",
        "clamp",
        "compare",
        "complex",
        "count_leading_zeros",
        "floor",
        "imag",
        "is_finite",
        "maximum",
        "minimum",
        "multiply",
        "negate",
        "not",
        "or",
        "popcnt",
        "real",
        "reduce_precision",
        "round_nearest_afz",
        "round_nearest_even",
        "select",
        "shift_left",
        "shift_right_arithmetic",
        "shift_right_logical",
        "sign",
        "subtract",
        "xor",
    ]
)
_DEAR = frozenset(
    [
        "atan2",
        "cbrt",
        "cosine",
        "divide",
        "exponential",
        "exponential_minus_one",
        "log",
        "log_plus_one",
        "logistic",
        "power",
        "remainder",
        "rsqrt",
        "sine",
        "sqrt",
        "tan",
        "tanh",
    ]
)
_FUSIBLE = _MOVES | _CHEAP | _DEAR
_FREE = frozenset({"constant", "iota"})
_NESTED = frozenset({"while", "if", "case"})
_SMALL_BYTES = 256
"""Smaller values cost less to compute again than the start of a kernel."""
_SMALL_IN_LOOP_BYTES = 4096
"""The same in loops, and in functions that may be called there: XLA makes small loops one kernel, in which a
barrier has no place."""
_MANY = 8
"""Kernels and operands are counted up to here."""
_MOST_OPS = 1000
_OPS_PER_READ = 8
"""So many elementwise ops take about as long as one read from memory."""


@register("weft-cut-fusions")
@dataclass(frozen=True)
class CutFusions(ModulePass):
    """Puts an optimization barrier behind values whose repeated computation costs more than memory does.

    XLA's CPU backend fuses an elementwise op into every kernel that uses its result, and these into the next:
    the sum along the residual connections of a deep network is computed again in each layer, from all
    layers before. Code, compile time and memory traffic then grow with the square of the depth.

    Needs:  StableHLO; a backend that keeps barriers (see `weft_runtime.executable`).
    Leaves: the same values; a module in which nothing is worth it stays as it is.
    """

    def run(self, module: Module) -> None:
        with context():
            program = _Program(module)
            for function in module.defined():
                program.edge(function.name)


@dataclass
class Edge:
    """How a function looks to the ops around a call of it: XLA sets its body in the place of the call."""

    kernels: list[int]
    """For each argument, the number of kernels that read it."""
    work: list[Work]
    """For each result, what computing it again takes."""


@dataclass
class Work:
    """What one more computation of a value takes."""

    leaves: frozenset[object] = frozenset()
    """What it reads from memory and is as large as itself."""
    ops: int = 0

    @property
    def cost(self) -> float:
        """In reads of an array of the value's size."""
        return min(len(self.leaves), _MANY) + self.ops / _OPS_PER_READ


class _Program:
    """The functions of a module, each done when its edge is first asked for: callees before callers."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._edges: dict[str, Edge] = {}

    def edge(self, name: str) -> Edge:
        """The edge of a function, whose body is cut."""
        found = self._edges.get(name)
        if found is None:
            function = self._module.function(name)
            least = _SMALL_BYTES if function.is_public else _SMALL_IN_LOOP_BYTES
            block = _Block(function.body, self, is_inlined=not function.is_public, least_bytes=least)
            if block.cut():
                function.steps = None
            found = self._edges[name] = block.edge
        return found

    def callee(self, call: ir.Operation) -> Edge:
        """The edge of the function that an op calls."""
        return self.edge(ir.FlatSymbolRefAttr(call.attributes["callee"]).value)


class _Block:
    """The ops of one block: who uses what, where kernels begin and end."""

    def __init__(
        self,
        block: ir.Block,
        program: _Program,
        *,
        is_inlined: bool = False,
        least_bytes: int = _SMALL_IN_LOOP_BYTES,
    ) -> None:
        self.program, self.is_inlined = program, is_inlined
        self.least_bytes = least_bytes
        self.arguments = list(block.arguments)
        self.kernels: dict[ir.Value, set[object]] = {}
        """The kernels that would compute a value."""
        self.stored: set[ir.Value] = set()
        """What is needed in memory anyway."""
        self.passed_on: set[ir.Value] = set()
        """What one cheap op alone uses: to cut behind that op is better."""
        self.edge: Edge
        self.inner = 0
        ops = [o.operation for o in block.operations]
        self.rows = [(op, op.name.removeprefix("stablehlo."), list(op.operands)) for op in ops]

    def cut(self) -> int:
        """Makes the barriers, in blocks inside too; their number."""
        self._find_kernels()
        work, cuts = self._weigh()
        for op, after in cuts:
            value = op.result
            made = create(
                _BARRIER, [value.type], [value], None, None, 0, op.location, ir.InsertionPoint(after)
            )
            value.replace_all_uses_except(made.result, made)
        arguments = [len(self.kernels.get(a, ())) for a in self.arguments]
        self.edge = Edge(arguments, [work.get(v) or Work() for v in self.rows[-1][2]])
        return self.inner + len(cuts)

    def _find_kernels(self) -> None:
        """Backwards: which kernels an op would be part of."""
        kernels, stored = self.kernels, self.stored
        for op, name, operands in reversed(self.rows):
            if name in _FUSIBLE:
                own = kernels.get(op.result) or set()
                if len(own) > 1 and name in _DEAR:
                    own = {op}  # XLA does not compute these twice
                    stored.add(op.result)
                for x in operands:
                    found = kernels.get(x)
                    if found is None:
                        kernels[x] = set(own)
                        if name in _CHEAP:
                            self.passed_on.add(x)
                    else:
                        self.passed_on.discard(x)
                        if len(found) < _MANY:
                            found |= own
            elif name == "reduce":
                for x in operands:
                    self._read(x, (op,))
            elif name == "func.call":
                for i, (x, count) in enumerate(zip(operands, self.program.callee(op).kernels, strict=True)):
                    self._read(x, [(op, i, n) for n in range(min(count, _MANY))])
            elif name == "func.return" and self.is_inlined:
                for i, x in enumerate(operands):
                    self._read(x, ((op, i),))
            else:
                if name in _NESTED:
                    self.inner += sum(_Block(region.blocks[0], self.program).cut() for region in op.regions)
                for x in operands:  # read from memory, so computed by a kernel of its own
                    self._read(x, (x,))
                    stored.add(x)

    def _read(self, x: ir.Value, readers: Sequence[object]) -> None:
        self.kernels.setdefault(x, set()).update(readers)
        self.passed_on.discard(x)

    def _weigh(self) -> tuple[dict[ir.Value, Work], list[tuple[ir.Operation, ir.Operation]]]:
        """Forwards: what computing each value again takes; the ops to cut behind, each with the next."""
        work: dict[ir.Value, Work] = {}
        cuts = []
        for i, (op, name, operands) in enumerate(self.rows):
            if name in _FUSIBLE:
                value = op.result
                count = len(self.kernels.get(value, ()))
                if count > 1 and name in _DEAR:
                    continue  # stored
                aval = aval_of(value.type)
                size = aval.size
                made = _joined(operands, size, work, name not in _MOVES)
                if (
                    count > 1
                    and name in _CHEAP
                    and aval.size * aval.dtype.itemsize >= self.least_bytes
                    and self._pays(value, made)
                ):
                    cuts.append((op, self.rows[i + 1][0]))
                else:
                    work[value] = made
            elif name in _FREE:
                work[op.result] = Work()
            elif name == "func.call":
                for n, (value, inside) in enumerate(
                    zip(op.results, self.program.callee(op).work, strict=True)
                ):
                    if inside.ops:
                        leaves = frozenset((op, n, leaf) for leaf in range(len(inside.leaves)))
                        work[value] = Work(leaves, inside.ops)
        return work, cuts

    def _pays(self, value: ir.Value, work: Work) -> bool:
        """Whether storing the value moves less memory than each kernel computing it again."""
        if value in self.passed_on:
            return False
        count = min(len(self.kernels[value]), _MANY)
        again = count * work.cost
        once = work.cost + (count - 1 if value in self.stored else count + 1)
        return again > once


def _joined(operands: Sequence[ir.Value], size: int, work: dict[ir.Value, Work], ops: int) -> Work:
    """What computing an op on these operands takes, with what it takes to compute them."""
    leaves: frozenset[object] = frozenset()
    for x in operands:
        inside = work.get(x)
        if inside is not None:
            ops += inside.ops
            if len(leaves) < _MANY:
                leaves |= inside.leaves
        elif aval_of(x.type).size * 2 >= size:
            leaves |= {x}
    return Work(leaves, min(ops, _MOST_OPS))
