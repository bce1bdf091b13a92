"""Writing StableHLO: `b.stablehlo.<op>(operands, result=aval, attribute=value)` for the `lower` rules."""

from collections.abc import Callable, Sequence
from typing import Any

from weft_compiler.attributes import _BOOL, _I64S, _INT, _STRING, _SYMBOL, Kind
from weft_compiler.avals import BOOL, Aval, kind_of
from weft_compiler.bindings import context, ir, stablehlo
from weft_compiler.dialect.builder import Val
from weft_compiler.folding import Folding
from weft_compiler.symbolic import DimExpr

create = ir.Operation.create
_KIND_OF_VALUE: dict[type, Kind[Any]] = {bool: _BOOL, int: _INT, DimExpr: _INT, tuple: _I64S, str: _STRING}
_CACHE: dict[Any, ir.Attribute] = {}


def encode(value: Any) -> ir.Attribute:
    """A Python value as StableHLO spells it: ints i64, tuples dense arrays; attributes pass."""
    kind = _KIND_OF_VALUE.get(type(value))
    return value if kind is None else kind.encode(value)


def symbol(name: str) -> ir.Attribute:
    """A reference to a function."""
    return _SYMBOL.encode(name)


def cached(make: Callable[..., ir.Attribute], *args: Any) -> ir.Attribute:
    """An attribute of the extension, made once for equal arguments (making one costs microseconds)."""
    key = (make, args)
    found = _CACHE.get(key)
    if found is None:
        with context():
            found = _CACHE[key] = make(*[list(a) if isinstance(a, tuple) else a for a in args])
    return found


def parsed(text: str) -> ir.Attribute:
    """An attribute from its text, parsed once."""
    found = _CACHE.get(text)
    if found is None:
        found = _CACHE[text] = ir.Attribute.parse(text, context())
    return found


_ENCODED: dict[tuple[tuple[str, Any], ...], dict[str, ir.Attribute]] = {}


def _encoded(attrs: tuple[tuple[str, Any], ...]) -> dict[str, ir.Attribute]:
    found = _ENCODED.get(attrs)
    if found is None:
        found = _ENCODED[attrs] = {k: encode(v) for k, v in attrs}
    return found


class StableHLO:
    """Op writers over the builder `b`; `result` left out is the result of the op being lowered."""

    def __init__(self, b: "LoweringBuilder") -> None:
        self.b = b

    def op(
        self,
        name: str,
        operands: Sequence[Val],
        result: Aval | Sequence[Aval] | None = None,
        regions: int = 0,
        **attrs: Any,
    ) -> Any:
        """Any op by its full name, `stablehlo.sine` or `chlo.erf`; one Val, or a tuple of several."""
        b = self.b
        outs = b.outs if result is None else (result,) if isinstance(result, Aval) else tuple(result)
        encoded = _encoded(tuple(attrs.items())) if attrs else None
        made = create(
            name, [a.ty for a in outs], [v.ir for v in operands], encoded, None, regions, b.loc, b.ip
        )
        b.made = made
        if len(outs) == 1:
            value = Val(made.result, outs[0])
            b.written = None if regions else (value, name, operands, encoded)
            return value
        b.written = None
        return tuple([Val(r, a) for r, a in zip(made.results, outs, strict=True)])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        full = f"stablehlo.{name}"

        def writer(
            self: "StableHLO", *operands: Val, result: Aval | Sequence[Aval] | None = None, **attrs: Any
        ) -> Any:
            return self.op(full, operands, result, **attrs)

        setattr(StableHLO, name, writer)
        return getattr(self, name)

    def compare(self, x: Val, y: Val, direction: str, *, total_order: bool = False) -> Val:
        """Elementwise comparison; `total_order` puts -0 before 0 and nan last."""
        extension = stablehlo()
        kind = kind_of(x.dtype)
        if total_order and kind == "f":
            how = "TOTALORDER"
        else:
            how = "FLOAT" if kind in "fc" else "SIGNED" if kind == "i" else "UNSIGNED"
        return self.op(
            "stablehlo.compare",
            (x, y),
            Aval.of(x.shape, BOOL),
            comparison_direction=cached(extension.ComparisonDirectionAttr.get, direction),
            compare_type=cached(extension.ComparisonTypeAttr.get, how),
        )

    def region(
        self,
        index: int,
        avals: Sequence[Aval],
        write: Callable[..., Sequence[Val]],
        terminator: str = "stablehlo.return",
    ) -> None:
        """Fills a region of the op made last: one block with these arguments; `write` returns its results.

        Only a region of StableHLO sees constants from outside.
        """
        b = self.b
        made, ip, constants = b.made, b.ip, b._constants
        block = made.regions[index].blocks.append(*[a.ty for a in avals], arg_locs=[b.loc] * len(avals))
        b.ip = ir.InsertionPoint(block)
        # Those made inside are not known outside.
        b._constants = dict(constants) if terminator == "stablehlo.return" else {}
        try:
            results = write(*[Val(v, a) for v, a in zip(block.arguments, avals, strict=True)])
            create(terminator, [], [v.ir for v in results], None, None, 0, b.loc, b.ip)
        finally:
            b.ip, b.made, b._constants = ip, made, constants

    def reduce(self, x: Val, init: Val, axes: tuple[int, ...], combiner: str) -> Val:
        """Reduction over `axes` by a named two-operand StableHLO op."""
        b = self.b
        ty, loc = init.aval.ty, b.loc
        result = self.op("stablehlo.reduce", (x, init), b.outs[0], 1, dimensions=axes)
        block = b.made.regions[0].blocks.append(ty, ty, arg_locs=[loc, loc])
        ip = ir.InsertionPoint(block)
        made = create(f"stablehlo.{combiner}", [ty], list(block.arguments), None, None, 0, loc, ip)
        create("stablehlo.return", [], [made.result], None, None, 0, loc, ip)
        return result


class LoweringBuilder(Folding):
    """A builder on which every weft op is lowered as it is emitted, so rules may mix both dialects.

    With `folds`, an op is first asked for a simpler equal value.
    """

    def __init__(self, module: Any, ip: ir.InsertionPoint, loc: ir.Location, *, folds: bool = False) -> None:
        self._asked = 0
        """How often rules have asked for something but StableHLO ops."""
        super().__init__(module, ip, loc)
        self.folds = folds
        self.stablehlo = StableHLO(self)
        self.outs: tuple[Aval, ...] = ()
        self.made: ir.Operation
        self.written: tuple[Val, str, Sequence[Val], dict[str, ir.Attribute] | None] | None = None
        """The result, name, operands and attributes of the StableHLO op written last, if it has one result."""

    @property
    def module(self) -> Any:
        """The module that is lowered. A rule that asks for it has more to say than the op that it writes."""
        self._asked += 1
        return self._module

    @module.setter
    def module(self, module: Any) -> None:
        self._module = module

    def create(self, inst: Any, plan: Any, operands: Sequence[Val]) -> Any:
        """Lowers the op instead of creating it."""
        if self.folds and inst.can_fold:
            folded = self.fold(inst, plan.out, operands)
            if folded is not None:
                return folded
        self._asked += 1
        recipe = plan.recipe
        if recipe is None:
            made = self._lower(inst, plan, operands)
        else:
            name, attrs = recipe
            op = create(name, plan.types, [v.ir for v in operands], attrs, None, 0, self.loc, self.ip)
            made = Val(op.result, plan.single)
            if operands:
                self._producers[made.ir] = inst, operands
                return made
        if self.folds:
            self.note(inst, operands, made if type(made) is tuple else (made,))
        return made

    def _lower(self, inst: Any, plan: Any, operands: Sequence[Val]) -> Any:
        outer, self.outs = self.outs, plan.avals
        asked, self.written = self._asked, None
        try:
            if plan.has_key and not inst.takes_keys:
                return _lower_on_words(self, inst, plan, operands)
            made = inst.lower(self, *operands)
        except TypeError:
            inst.rule("lower")  # which says why there is none
            raise
        finally:
            self.outs = outer
        if self._asked == asked and self.written is not None:
            self._remember(plan, operands, made)
        return made

    def _remember(self, plan: Any, operands: Sequence[Val], made: Any) -> None:
        """Notes a rule that has written one op on the operands as they are, and asked for nothing else."""
        assert self.written is not None
        result, name, given, attrs = self.written
        is_same = len(given) == len(operands) and all(v is x for v, x in zip(given, operands, strict=True))
        if made is result and is_same and result.aval is plan.single and not plan.has_key:
            plan.recipe = name, attrs

    def call_lowered(self, fn: str, operands: Sequence[Val]) -> tuple[Val, ...]:
        """A call of a function that is lowered on its own."""
        outs = self.module.signature(fn).outputs
        types = [a.physical.ty for a in outs]
        made = create(
            "func.call", types, [v.ir for v in operands], {"callee": symbol(fn)}, None, 0, self.loc, self.ip
        )
        return tuple([Val(r, a) for r, a in zip(made.results, outs, strict=True)])

    # Vals of key type carry their logical aval; the value behind is the tensor of their words.

    def words(self, key: Val) -> Val:
        """The words of keys, as a uint32 array with one more axis."""
        return Val(key.ir, key.aval.physical)

    def keys(self, words: Val, aval: Aval) -> Val:
        """Words as keys of type `aval`."""
        return Val(words.ir, aval)

    # An op on keys is the same op on their words, batched over the words' axis.

    axis_size = 0

    def is_batched(self, x: Val) -> bool:
        """Whether `x` has the batch axis (while an op on keys is lowered through its batch rule)."""
        return x.ir in self._batched

    def with_batch(self, x: Val) -> Val:
        """`x` with the batch axis first, repeated where it had none."""
        if x.ir in self._batched:
            return x
        shape = (self.axis_size, *x.shape)
        return self.broadcast_in_dim(x, shape=shape, dims=tuple(range(1, len(shape))))

    _batched: frozenset[ir.Value] = frozenset()


def _lower_on_words(b: LoweringBuilder, inst: Any, plan: Any, operands: Sequence[Val]) -> Any:
    moved, batched, size = [], set(), 0
    for v in operands:
        if v.aval.kind == "k":
            words = b.words(v)
            size = words.shape[-1]
            words = b.transpose(words, permutation=(words.ndim - 1, *range(words.ndim - 1)))
            batched.add(words.ir)
            moved.append(words)
        else:
            moved.append(v)
    outer = b._batched, b.axis_size
    b._batched, b.axis_size = frozenset(batched), size
    try:
        outs = inst.rule("batch")(b, *moved)
    finally:
        b._batched, b.axis_size = outer
    results = []
    for out, aval in zip(outs if isinstance(outs, tuple) else (outs,), plan.avals, strict=True):
        back = b.transpose(out, permutation=(*range(1, out.ndim), 0))
        results.append(b.keys(back, aval))
    return results[0] if plan.single is not None else tuple(results)
