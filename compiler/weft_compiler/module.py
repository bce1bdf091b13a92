"""Modules and their functions: single-block `func.func`s that call each other by symbol."""

import functools
import re
from collections import ChainMap
from collections.abc import Iterator, Sequence
from typing import Any

from weft_compiler.avals import Aval, aval_of
from weft_compiler.bindings import context, ir
from weft_compiler.callback_sites import CallbackSite
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.builder import Builder, Step, Val
from weft_compiler.dialect.op import REGISTRY, Op, Plan, Signature

_RETURN = "func.return"
_MODULE = re.compile(r"(\s|//[^\n]*\n|#[^\n]*\n)*(builtin\.)?module\b")


class Function:
    """One `func.func`: name, argument values, the block they belong to.

    `steps` is what builders noted while they wrote the body, None once something else has edited it: a pass
    reads a body through `body.read_body`, which takes the notes where there are any.
    """

    __slots__ = ("_args", "_returned", "_signature", "block", "is_spliced", "name", "op", "steps")

    def __init__(self, op: ir.Operation, name: str | None = None, block: ir.Block | None = None) -> None:
        self.op = op
        self.name: str = op.attributes["sym_name"].value if name is None else name
        if block is None:
            blocks = op.regions[0].blocks
            block = blocks[0] if len(blocks) == 1 else None
        self.block: ir.Block | None = block
        self._signature: Signature | None = None
        self._args: list[Val] | None = None
        self.is_spliced = False
        """The body has moved into the caller; an empty shell is left."""
        self.steps: list[Step] | None = None
        self._returned: list[Val] | None = None

    @property
    def body(self) -> ir.Block:
        """The block; raises DiagnosticError for a declaration and for control flow between blocks."""
        if self.block is None:
            count = len(self.op.regions[0].blocks)
            what = (
                f"has {count} blocks, weft's functions have one" if count else "is declared, but has no body"
            )
            raise DiagnosticError(f"@{self.name} {what}", self.op.location)
        return self.block

    @property
    def is_declaration(self) -> bool:
        """Whether there is no body: the function is defined elsewhere."""
        return self.block is None and not len(self.op.regions[0].blocks)

    @property
    def args(self) -> list[Val]:
        """The arguments as values."""
        if self._args is None:
            self._args = [Val(a, aval_of(a.type)) for a in self.body.arguments]
        return self._args

    def add_arg(self, aval: Aval) -> Val:
        """One more argument, the last."""
        args = self.args
        args.append(Val(self.body.add_argument(aval.ty, self.op.location), aval))
        return args[-1]

    def set_args(self, wanted: Sequence[Val | Aval]) -> None:
        """Gives the finished function these arguments: its own in another order, and for an aval a new one.

        The `Val`s of the arguments stay the same objects.
        """
        count = len(self.args)
        args = []
        self.forget_returned()
        for entry in wanted:
            aval = entry.aval if isinstance(entry, Val) else entry
            made = self.body.add_argument(aval.ty, self.op.location)
            if isinstance(entry, Val):
                entry.ir.replace_all_uses_with(made)
                entry.ir = made
                args.append(entry)
            else:
                args.append(Val(made, aval))
        for _ in range(count):
            self.body.erase_argument(0)
        self._args = args
        self.update_type(self.signature.outputs)

    @property
    def signature(self) -> Signature:
        """Argument and result avals."""
        if self._signature is None:
            ty = ir.TypeAttr(self.op.attributes["function_type"]).value
            self._signature = Signature(tuple(map(aval_of, ty.inputs)), tuple(map(aval_of, ty.results)))
        return self._signature

    def operations(self) -> list[ir.Operation]:
        """The ops of the body without the return; none of a declaration."""
        if self.is_declaration:
            return []
        return [o.operation for o in self.body.operations][:-1]

    def callees(self) -> list[str]:
        """Functions that the ops of the body name, with repetitions."""
        names: list[str] = []
        if self.steps is not None:
            for step in self.steps:
                if step.inst.callee_attrs:
                    names.extend(step.inst.callees())
            return names
        for op in self.operations():
            cls = REGISTRY.get(op.name)
            if cls is not None and cls.callee_attrs:
                names.extend(cls.read(op).callees())
        return names

    @property
    def terminator(self) -> ir.Operation:
        """The `func.return`."""
        return self.body.operations[len(self.body.operations) - 1].operation

    def returned(self) -> list[ir.Value]:
        """The values that the function returns."""
        if self.steps is not None and self._returned is not None:
            return [v.ir for v in self._returned]
        return list(self.terminator.operands)

    def forget_returned(self) -> None:
        """To be called when the return has been edited, but the notes have been kept in step."""
        self._returned = None

    def results(self) -> list[Val]:
        """The values that the function returns."""
        if self.steps is not None and self._returned is not None:
            return list(self._returned)
        return [Val(v, a) for v, a in zip(self.returned(), self.signature.outputs, strict=True)]

    def finish(self, results: Sequence[Val], loc: ir.Location) -> None:
        """Ends the body with a return and sets the function's type from its arguments and `results`."""
        ir.Operation.create(
            _RETURN, [], [v.ir for v in results], None, None, 0, loc, ir.InsertionPoint(self.body)
        )
        self.update_type([v.aval for v in results])
        self._returned = list(results)
        if self.steps is not None and len(self.steps) != len(self.body.operations) - 1:
            self.steps = None  # not every op was made by a builder that notes

    @property
    def is_public(self) -> bool:
        """Whether the function is visible outside of the module."""
        attributes = self.op.attributes
        return "sym_visibility" not in attributes or attributes["sym_visibility"].value == "public"

    def hide(self) -> None:
        """Makes the function private to the module."""
        with context():
            self.op.attributes["sym_visibility"] = ir.StringAttr.get("private")

    def publish(self) -> None:
        """Makes the function visible outside of the module."""
        if "sym_visibility" in self.op.attributes:
            del self.op.attributes["sym_visibility"]

    def set_results(self, results: Sequence[Val]) -> None:
        """Replaces what the function returns."""
        old = self.terminator
        loc = old.location
        old.erase()
        self.steps = None
        self.finish(results, loc)

    def update_type(self, outputs: Sequence[Aval]) -> None:
        """Makes the function type agree with the block's arguments and these results."""
        inputs = tuple([a.aval for a in self.args])
        self.op.attributes["function_type"] = _function_type(inputs, tuple(outputs))
        self._signature = Signature(inputs, tuple(outputs))


@functools.lru_cache(maxsize=4096)
def _function_type(inputs: tuple[Aval, ...], outputs: tuple[Aval, ...]) -> ir.Attribute:
    with context():
        return ir.TypeAttr.get(ir.FunctionType.get([a.ty for a in inputs], [a.ty for a in outputs]))


@functools.lru_cache(maxsize=4096)
def _string(text: str) -> ir.Attribute:
    with context():
        return ir.StringAttr.get(text)


class Module:
    """An MLIR module with its functions by name and a memo of what was derived from them."""

    def __init__(self, module: ir.Module | ir.OpView) -> None:
        self.ir = module
        self.memo: dict[Any, Any] = {}
        """(transformation, function, configuration) -> what the transformation made."""
        self.held: dict[int, Any] = {}
        """Rules in Python that ops name by number: they live as long as a module that has such ops."""
        self.scopes: list[str] = []
        """Names of the ops of a lowered module that the user gave one."""
        self.callbacks: list[CallbackSite] = []
        """The Python functions that the program calls, once it is lowered."""
        self.meshes: dict[str, str] = {}
        """Meshes that the functions run on, by name: their axes as Shardy has them."""
        self._functions: dict[str, Function] | None = None
        self._suffix: dict[str, int] = {}

    @classmethod
    def new(cls, loc: ir.Location | None = None) -> "Module":
        """An empty module."""
        with context():
            return cls(ir.Module.create(loc or ir.Location.unknown()))

    @classmethod
    def over(cls, base: "Module") -> "Module":
        """A module that sees the functions of `base` beside its own, so that `base` stays as it is."""
        made = cls.new()
        made._functions = ChainMap({}, base.functions)  # type: ignore[assignment]
        made.memo = ChainMap({}, base.memo)  # type: ignore[assignment]
        made.held.update(base.held)
        return made

    @classmethod
    def parse(cls, text: str | bytes, source_name: str = "-") -> "Module":
        """Reads a module from text or bytecode; raises ir.MLIRError with its diagnostics."""
        with context():
            if isinstance(text, bytes):
                return cls(ir.Module.parse(text))
            if _MODULE.match(text) is None:
                text = f"module {{{text}\n}}"
            return cls(ir.Operation.parse(text, source_name=source_name).opview)

    @property
    def functions(self) -> dict[str, Function]:
        """Functions by name, in the order of the module."""
        if self._functions is None:
            ops = [o.operation for o in self.ir.body.operations]
            made = [Function(o) for o in ops if o.name == "func.func"]
            self._functions = {f.name: f for f in made}
        return self._functions

    def own_functions(self) -> list["Function"]:
        """The functions of the module itself, without those of the module that it was made over."""
        functions = self.functions
        return list(functions.maps[0].values() if isinstance(functions, ChainMap) else functions.values())

    def invalidate(self) -> None:
        """Forgets what is known of the functions, after something else has changed the module."""
        self._functions = None
        self.memo.clear()

    def function(self, name: str) -> Function:
        """A function by name; raises DiagnosticError where there is none."""
        try:
            return self.functions[name]
        except KeyError:
            known = ", ".join(f"@{n}" for n in sorted(self.functions))
            raise DiagnosticError(
                f"no function @{name}; the module has {known}", self.ir.operation.location
            ) from None

    def mask(self, fn: str, positions: Sequence[int], what: str) -> tuple[bool, ...]:
        """For each argument of a function, whether `positions` has it; DiagnosticError out of range."""
        function = self.function(fn)
        count = len(function.args)
        for i in positions:
            if not 0 <= i < count:
                raise DiagnosticError(
                    f"{what} {i} is out of range: @{fn} takes {count} arguments", function.op.location
                )
        return tuple(i in positions for i in range(count))

    def signature(self, name: str) -> Signature:
        """Argument and result avals of a function."""
        return self.function(name).signature

    def plan(self, inst: Op, avals: tuple[Aval, ...]) -> Plan:
        """Result types of an op that names functions of the module, inferred once."""
        signatures = [self.signature(c) for c in inst.callees()]
        key = (avals, *[(s.inputs, s.outputs) for s in signatures])
        found = inst.plans.get(key)
        if found is None:
            found = inst.plans[key] = inst.plan_with(signatures, avals)
        return found

    def unique_name(self, base: str) -> str:
        """A symbol that is not taken: `base`, or `base_1`, `base_2`, …"""
        taken = self.functions
        if base not in taken:
            return base
        count = self._suffix.get(base, 0)
        while True:
            count += 1
            if f"{base}_{count}" not in taken:
                self._suffix[base] = count
                return f"{base}_{count}"

    def add_function(
        self, name: str, inputs: Sequence[Aval], loc: ir.Location, *, public: bool = False
    ) -> Function:
        """A new function with an empty body; `finish` gives it its results."""
        name = self.unique_name(name)
        types = [a.ty for a in inputs]
        attrs = {"sym_name": _string(name), "function_type": _function_type(tuple(inputs), ())}
        if not public:
            attrs["sym_visibility"] = _string("private")
        made = ir.Operation.create("func.func", [], [], attrs, None, 1, loc, ir.InsertionPoint(self.ir.body))
        block = made.regions[0].blocks.append(*types, arg_locs=[loc] * len(types))
        function = Function(made, name, block)
        function._args = (
            [Val(a, aval) for a, aval in zip(block.arguments, inputs, strict=True)] if inputs else []
        )
        function.steps = []
        self.functions[name] = function
        return function

    def clone_function(self, fn: str, name: str) -> Function:
        """A private copy of a function under another name."""
        source = self.function(fn)
        name = self.unique_name(name)
        made = source.op.clone(ir.InsertionPoint(self.ir.body)).operation
        with context():
            made.attributes["sym_name"] = ir.StringAttr.get(name)
            made.attributes["sym_visibility"] = ir.StringAttr.get("private")
        function = Function(made)
        self.functions[name] = function
        return function

    def copy(self) -> "Module":
        """A module of its own with the same functions."""
        with context():
            made = Module(self.ir.operation.clone().opview)
        made.held.update(self.held)
        return made

    def rename(self, old: str, new: str) -> None:
        """Gives a function another name, also where it is called."""
        for caller in self.functions.values():
            if caller.steps is not None and old in caller.callees():
                caller.steps = None  # the notes say the old name
        function = self.functions.pop(old)
        with context():
            ir.SymbolTable.replace_all_symbol_uses(old, new, self.ir.operation)
            function.op.attributes["sym_name"] = ir.StringAttr.get(new)
        function.name = new
        self.functions[new] = function
        self.memo.clear()  # which speaks of functions by name

    def import_from(self, source: "Module", entry: str) -> str:
        """Copies a function of another module with all that it needs; the name that it has here."""
        needed: list[str] = []
        todo = [entry]
        while todo:
            name = todo.pop()
            if name not in needed:
                needed.append(name)
                todo.extend(source.function(name).callees())
        holder = Module.new()
        for name in needed:
            made = source.function(name).op.clone(ir.InsertionPoint(holder.ir.body)).operation
            holder.functions[name] = Function(made)
        target = entry
        for name in needed:
            if name in self.functions:
                fresh = self.unique_name(name)
                while fresh in holder.functions:
                    fresh = self.unique_name(fresh + "_")
                holder.rename(name, fresh)
                target = fresh if name == entry else target
        for function in list(holder.functions.values()):
            self.ir.body.append(function.op)
            function.hide()
            self.functions[function.name] = Function(function.op)
        self.held.update(source.held)
        return target

    def remove_function(self, name: str) -> None:
        """Erases a function that nothing names any more."""
        self.functions.pop(name).op.erase()

    def defined(self) -> list[Function]:
        """The functions that have a body."""
        return [f for f in self.functions.values() if not f.is_declaration]

    def builder(self, function: Function) -> Builder:
        """A builder at the end of a function's body."""
        return Builder(self, ir.InsertionPoint(function.body), function.op.location, function.steps)

    def reopened(self, function: Function) -> Builder:
        """A builder at the end of a finished function, whose return is taken away: `finish` it again."""
        function.terminator.erase()
        return self.builder(function)

    def __iter__(self) -> Iterator[Function]:
        return iter(list(self.functions.values()))

    def text(self, *, debug_info: bool = False) -> str:
        """The module as MLIR text."""
        return self.ir.operation.get_asm(enable_debug_info=debug_info)

    __str__ = text
