"""Traces and tracers: a function of the IR under construction, and the values that stand for its results.

A `Trace` belongs to one call of a Python function and to one thread. *Staged* traces (under `jit`, or inside
the body of a loop) know no values. The others (under `grad`, `vmap`, … outside of `jit`) have concrete inputs
at hand, and when Python asks for a value, what was traced so far is evaluated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from weft._tracing import source
from weft.config import config
from weft.errors import UnexpectedTracerError, explain
from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import OpTypeError, OpValueError
from weft_compiler.module import Module
from weft_runtime import Array

if TYPE_CHECKING:
    from weft_compiler.dialect.op import Op


class State(threading.local):
    """The innermost trace of this thread, None where ordinary Python runs."""

    trace: Trace | None = None
    is_counted = False
    """Whether `config.moment` knows that this thread traces."""

    def replace(self, trace: Trace | None) -> Trace | None:
        """Makes another trace the innermost one (the only way to do it), and returns the one before."""
        outer, self.trace = self.trace, trace
        # An interrupt between two of these lines leaves one too many, which costs time, never one too few.
        if trace is not None and not self.is_counted:
            config.except_by(1)
            self.is_counted = True
        elif trace is None and self.is_counted:
            self.is_counted = False
            config.except_by(-1)
        return outer


STATE = State()
MOMENT = config.moment
"""Its `key` is `call_key()`, unless it is None."""


def call_key() -> int | None:
    """What a cache of compiled programs needs to know of this thread's settings; None while it traces."""
    return None if STATE.trace is not None else config.trace_key


class Tracer:
    """Stands for an array while a function is traced. Operators and methods are those of `Array`."""

    __slots__ = ("__weakref__", "_trace", "val", "weak_type")

    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]  # equality is elementwise

    def __init__(self, trace: Trace, val: Val, weak_type: bool) -> None:
        self._trace = trace
        self.val = val
        self.weak_type = weak_type

    @property
    def shape(self) -> tuple[int, ...]:
        return self.val.aval.shape

    @property
    def dtype(self) -> Any:
        return self.val.aval.dtype

    @property
    def ndim(self) -> int:
        return self.val.aval.ndim

    @property
    def size(self) -> int:
        return self.val.aval.size

    @property
    def aval(self) -> Aval:
        return self.val.aval

    def _origin(self) -> str:
        """Where the value comes from, as messages say it."""
        return self._trace.origin(self.val)


class Trace:
    """A function of the IR that a Python call is writing."""

    def __init__(
        self, parent: Trace | None, name: str, kind: str, staged: bool, module: Module | None = None
    ) -> None:
        self.parent = parent
        self.kind = kind
        """The transformation: jit, grad, vmap, scan, …; tracers print it."""
        self.staged: bool = staged or (parent is not None and parent.staged)
        self._root: Trace | None = None if parent is None or module is not None else parent.root
        self.module: Module = module or (parent.module if parent is not None else Module.new())
        loc = source.location()
        self.function = self.module.add_function(name, (), loc)
        self.builder = self.module.builder(self.function)
        self.active = True
        self.fun: Any = None
        self.arg_names: Callable[[], Sequence[str]] | Sequence[str] = ()
        self.captures: list[Any] = []
        """Values from outside that the function uses: they follow its arguments."""
        self._captured: dict[Any, Val] = {}
        self.sources: dict[Any, Any] = {}
        """Block argument -> the outer value (Array or Tracer) that it has in this call."""
        self.values: dict[Any, Array] = {}
        """What has been evaluated so far."""
        self.imported: dict[Any, Any] = {}
        """Functions traced elsewhere -> their names in this module."""
        self.args: list[tuple[Val, bool]] = []
        """The arguments and their weak types; not as tracers, which would refer back to the trace."""

    @property
    def root(self) -> Trace:
        """The outermost trace that writes to the same module."""
        return self._root or self

    # The function

    def add_arg(self, aval: Aval, weak_type: bool, outer: Any = None) -> Tracer:
        """One more argument; `outer` is its value in this call, where it has one."""
        val = self._block_argument(aval)
        if outer is not None:
            self.sources[val.ir] = outer
        self.args.append((val, weak_type))
        return Tracer(self, val, weak_type)

    def _block_argument(self, aval: Aval) -> Val:
        return self.function.add_arg(aval)

    def lift(self, x: Any) -> Val:
        """A value of this trace for a tracer of it or of an outer trace, or for an Array."""
        if type(x) is Tracer:
            if x._trace is self:
                return x.val
            self._check_outer(x)
            key: Any = x.val.ir
            aval = x.val.aval
        else:
            key = id(x)
            aval = aval_of_array(x)
        found = self._captured.get(key)
        if found is None:
            found = self._captured[key] = self._block_argument(aval)
            self.captures.append(x)
            self.sources[found.ir] = x
        return found

    def _check_outer(self, x: Tracer) -> None:
        trace = self.parent
        while trace is not None:
            if trace is x._trace:
                return
            trace = trace.parent
        raise UnexpectedTracerError(leak_message(x))

    def emit(self, inst: Op, operands: Sequence[Any], weak_type: bool = False) -> Any:
        """Appends one op; Tracers of its results."""
        vals = [x.val if type(x) is Tracer and x._trace is self else self.lift(x) for x in operands]
        builder = self.builder
        builder.loc = source.location()
        try:
            made = builder.emit(inst, vals)
        except (OpTypeError, OpValueError) as error:
            raise explained(error, inst, operands) from None
        if type(made) is tuple:
            return tuple([Tracer(self, v, False) for v in made])
        return Tracer(self, made, weak_type)

    def constant(self, aval: Aval, value: Any, weak_type: bool = False) -> Tracer:
        """A number, repeated into the shape of `aval`."""
        return Tracer(self, self.builder.full(aval, value), weak_type)

    def finish(self, outputs: Sequence[Any]) -> None:
        """Ends the function with these results."""
        self.function.finish([self.lift(x) for x in outputs], self.function.op.location)

    def discard(self) -> None:
        """Removes the unfinished function, after an exception."""
        self.active = False
        if self._root is not None:
            self.module.remove_function(self.function.name)

    def __enter__(self) -> Trace:
        self._outer = STATE.replace(self)
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        STATE.replace(self._outer)
        self.active = False

    # What messages tell

    def origin(self, val: Val) -> str:
        """Which arguments of the traced function a value depends on."""
        names = self._arguments_of(val)
        where = source.describe_function(self.fun) if self.fun is not None else ""
        function = f" of {where}" if where else ""
        if not names:
            return f"a computation inside{function.removeprefix(' of')}" if where else ""
        plural = "argument" if len(names) == 1 else "arguments"
        return f"{plural} {', '.join(f'`{n}`' for n in names)}{function}"

    def _arguments_of(self, val: Val) -> list[str]:
        positions = {v.ir: i for i, (v, _) in enumerate(self.args)}
        todo, seen, found = [val.ir], set(), set()
        while todo:
            value = todo.pop()
            if value in seen:
                continue
            seen.add(value)
            if value in positions:
                found.add(positions[value])
            elif value not in self.sources:
                todo.extend(value.owner.operands)
        names = self.arg_names() if callable(self.arg_names) else self.arg_names
        return [names[i] for i in sorted(found) if i < len(names)]


def aval_of_array(x: Array) -> Aval:
    """Shape and dtype of an array, as the compiler knows them."""
    spec = x.spec
    return Aval.of(spec.shape, spec.dtype)  # type: ignore[arg-type]  # the runtime's name for the same dtypes


def explained(error: Exception, inst: Op, operands: Sequence[Any]) -> Exception:
    """The error of an op with one row for each operand: its type and where it was made."""
    rows = []
    for i, x in enumerate(operands):
        where, line = source.describe(x.val.ir.location) if type(x) is Tracer else ("", "")
        name = inst.operand_specs[min(i, len(inst.operand_specs) - 1)].name
        rows.append((name, x.aval, where, line))
    return type(error)(explain(str(error), rows))


def leak_message(x: Tracer) -> str:
    """What to say when a tracer is used after its function has ended."""
    where, line = source.describe(x.val.ir.location)
    made = f" It was made at {where}: {line}" if where else ""
    kind = x._trace.kind
    return (
        f"a tracer of {x.aval} has left the function that was traced under {kind}"
        f"{' (' + source.describe_function(x._trace.fun) + ')' if x._trace.fun is not None else ''}.{made}\n"
        "  A traced function must hand its results out by returning them, not through a global, an attribute "
        "or a list.\n  try returning the value, or weft.debug.print to look at it"
    )


Value: TypeAlias = Any
"""An Array or a Tracer. `Any`, as their methods are attached when weft is imported."""
