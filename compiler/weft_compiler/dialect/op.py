"""What an op of the dialect is: one class with operands, attributes, and every rule about it.

Rules, in this order in a class (`x`, `y` operands, `b` the builder that new ops go to):

    infer(self, x, y)                result aval (or a tuple of avals) from operand avals, or `self.fail(...)`
    jvp(self, b, x, y, dx, dy)       result tangent(s); a tangent that is None is zero; `b.out` is the result
    transpose(self, b, ct, x, y)     cotangent(s) of the linear operands, which come as `Linear` placeholders
    batch(self, b, x, y)             result(s) with the batch axis first; `b.is_batched(x)`: x has it, first
    lower(self, b, x, y)             result(s) in StableHLO through `b.stablehlo`, or other weft ops; what a rule
                                     writes depends on attributes and operand types alone, and may be written
                                     again without asking
    fold(self, b, x, y)              an equal value that is simpler, or None
    samples                          operands and attributes to check the rules on
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn, TypeAlias, TypeVar

from weft_compiler.attributes import Kind
from weft_compiler.avals import Aval, Dtype
from weft_compiler.bindings import ir
from weft_compiler.dialect.registry import Registry

T = TypeVar("T")


class OpTypeError(TypeError):
    """An op was given operands or attributes that it cannot take."""


class OpValueError(ValueError):
    """The same, where JAX raises ValueError."""


class NoRule:
    """A rule that an op cannot have, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def no_rule(reason: str) -> Any:
    """Says that an op cannot have a rule. `Any`, as it stands where a method would."""
    return NoRule(reason)


ZERO_TANGENT: Any = NoRule("the derivative is zero wherever it is defined")
"""As `jvp`: results carry no tangent."""
NOT_LINEAR: Any = NoRule("not linear in any operand")
NOTHING_TO_FOLD: Any = NoRule("no identity makes it simpler")

RULES = ("infer", "jvp", "transpose", "batch", "lower", "fold", "samples")


class OperandSpec:
    """One declared operand: the dtype kinds it takes (letters of `avals.KINDS`), and if it stands for many.

    Many operands are `alike` if they must all have one type.
    """

    def __init__(self, kinds: str, variadic: bool = False, alike: bool = True) -> None:
        self.kinds = kinds
        self.variadic = variadic
        self.alike = alike
        self.name = ""


class AttrSpec:
    """One declared attribute and its default, if any."""

    def __init__(self, kind: Kind[Any]) -> None:
        self.kind = kind
        self.name = ""
        self.required = True
        self.default: Any = None


class DtypeKinds:
    """A set of dtype kinds, to be named in `Operand[...]`."""

    def __init__(self, kinds: str, words: str) -> None:
        self.kinds = kinds
        self.words = words


class _Bracket:
    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __getitem__(self, item: Any) -> Any:
        return self._make(item)


if TYPE_CHECKING:
    Operand = Annotated[T, "operand"]
    Operands = Annotated[T, "operands"]
    Alike = Annotated[T, "operands"]
    Attr = Annotated[T, "attribute"]
    Number: TypeAlias = Aval
    Floating: TypeAlias = Aval
    Inexact: TypeAlias = Aval
    Integer: TypeAlias = Aval
    Boolean: TypeAlias = Aval
    Bits: TypeAlias = Aval
    Real: TypeAlias = Aval
    NumberOrBool: TypeAlias = Aval
    RealOrBool: TypeAlias = Aval
    Key: TypeAlias = Aval
    Anything: TypeAlias = Aval
else:
    Operand = _Bracket(lambda kinds: OperandSpec(kinds.kinds))
    Operands = _Bracket(lambda kinds: OperandSpec(kinds.kinds, variadic=True, alike=False))
    Alike = _Bracket(lambda kinds: OperandSpec(kinds.kinds, variadic=True))
    Attr = _Bracket(AttrSpec)
    Number = DtypeKinds("iufc", "a number")
    Floating = DtypeKinds("f", "a float")
    Inexact = DtypeKinds("fc", "a float or complex number")
    Integer = DtypeKinds("iu", "an integer")
    Boolean = DtypeKinds("b", "a boolean")
    Bits = DtypeKinds("biu", "an integer or boolean")
    Real = DtypeKinds("iuf", "an integer or float")
    NumberOrBool = DtypeKinds("biufc", "a number or boolean")
    RealOrBool = DtypeKinds("biuf", "a real number or boolean")
    Key = DtypeKinds("k", "a PRNG key")
    Anything = DtypeKinds("biufck", "any element type")

KIND_WORDS = {
    "b": "bool",
    "i": "int",
    "u": "uint",
    "f": "float",
    "c": "complex",
    "k": "key",
}


class Linear:
    """Stands for a linear operand in a `transpose` rule: its aval is known, its value is not."""

    __slots__ = ("aval",)

    def __init__(self, aval: Aval) -> None:
        self.aval = aval

    @property
    def shape(self) -> tuple[int, ...]:
        return self.aval.shape

    @property
    def dtype(self) -> Dtype:
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        return self.aval.ndim


class Plan:
    """What is known of an op instance for given operand avals: result avals and types."""

    __slots__ = ("avals", "has_key", "out", "outs", "recipe", "single", "types")

    def __init__(self, operands: "Sequence[Aval]", result: "Aval | Sequence[Aval]") -> None:
        self.single = result if isinstance(result, Aval) else None
        self.avals = (result,) if isinstance(result, Aval) else tuple(result)
        self.types = [a.ty for a in self.avals]
        self.has_key = "k" in [a.kind for a in (*operands, *self.avals)]
        self.outs = tuple([Linear(a) for a in self.avals])
        """Stand for the results where only their avals are known."""
        self.out: Linear | tuple[Linear, ...] = self.outs if self.single is None else self.outs[0]
        """The same, one alone where the op has exactly one result."""
        self.recipe: tuple[str, Any] | None = None
        """The StableHLO op, with its attributes, that `lower` has been seen to write on the same operands."""


class Signature:
    """Argument and result avals of a function."""

    __slots__ = ("inputs", "outputs")

    def __init__(self, inputs: tuple[Aval, ...], outputs: tuple[Aval, ...]) -> None:
        self.inputs = inputs
        self.outputs = outputs

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.inputs))}) -> ({', '.join(map(str, self.outputs))})"


Rule = Callable[..., Any]


class Op:
    """An op with its attribute values. Interned: equal attributes give one instance."""

    name: ClassVar[str]
    ir_name: ClassVar[str]
    operand_specs: ClassVar[tuple[OperandSpec, ...]]
    attr_specs: ClassVar[tuple[AttrSpec, ...]]
    is_family: ClassVar[bool] = True
    results: ClassVar[int | None] = 1
    """Number of results; None where it varies."""
    linear_in: ClassVar[tuple[str, ...]] = ()
    """Operands in which the op is jointly linear: `jvp` is then the op itself."""
    bilinear_in: ClassVar[tuple[str, ...]] = ()
    """Two operands in each of which the op is linear."""
    is_partly_linear: ClassVar[bool] = False
    """Whether it has to be looked at which operands are linear. Of a higher-order op, what it calls tells."""
    no_slope_in: ClassVar[tuple[str, ...]] = ()
    """Float operands in which no derivative is known; `jvp` raises where they have a tangent."""
    callee_attrs: ClassVar[tuple[str, ...]] = ()
    """Attributes that name functions."""
    has_effect: ClassVar[bool] = False
    """Must be kept though nothing uses its results, and keeps its place among others with effects."""
    only_looks: bool = False
    """Of an op with an effect: all it does is to look at values, so it may run more often, or for values that do
    not count."""
    is_cheap: ClassVar[bool] = False
    """Computed again rather than kept as a residual."""
    can_fold: ClassVar[bool] = False
    """Whether asking `fold` can bring anything."""
    fold_needs_splat: ClassVar[bool] = False
    """`fold` brings nothing unless some operand is a constant of one value."""
    takes_keys: ClassVar[bool] = False
    """`lower` deals with PRNG keys itself; other ops on keys are lowered through their `batch` rule."""

    key_use: ClassVar[str] = "consumed"
    """What the op does with keys, as a method of `key_uses.Walk`: consumed, kept, derived, same, moved, joined."""

    _single: ClassVar["Op | None"]
    _by_call: ClassVar[dict[tuple[Any, ...], "Op"]]
    _by_values: ClassVar[dict[tuple[Any, ...], "Op"]]
    _by_ir: ClassVar[dict[tuple[Any, ...], "Op"]]

    attrs: dict[str, ir.Attribute] | None
    plans: dict[tuple[Any, ...], Plan]

    infer: Rule
    jvp: Rule
    transpose: Rule
    batch: Rule
    lower: Rule
    fold: Rule
    samples: Any  # a callable without arguments, see samples.py, or NoRule

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.attr_values = values
        encoded = {}
        for spec, value in zip(self.attr_specs, values, strict=True):
            setattr(self, spec.name, value)
            if spec.required or value != spec.default:
                encoded[spec.name] = spec.kind.encode(value)
        self.attrs = encoded or None
        self.plans = {}

    @property
    def named_axes(self) -> tuple[str, ...]:
        """Axes that the op speaks of by name. If there are any, `batch` says which results have the batch axis."""
        return ()

    @property
    def bound_axes(self) -> tuple[str, ...]:
        """Names of axes that mean, in the functions that the op names, what the op says."""
        return ()

    @classmethod
    def of(cls, **attrs: Any) -> "Op":
        """The instance with these attribute values."""
        try:
            key = tuple(attrs.items())
            found = cls._by_call.get(key)
            if found is None:
                found = cls._by_call[key] = cls._of_values(attrs)
            return found
        except TypeError:
            return cls._of_values(attrs)  # a value that cannot be hashed before it is normalized

    @classmethod
    def _of_values(cls, attrs: dict[str, Any]) -> "Op":
        values = []
        for spec in cls.attr_specs:
            if spec.name in attrs:
                values.append(spec.kind.normalize(attrs[spec.name]))
            elif spec.required:
                raise TypeError(f"{cls.name}: attribute {spec.name} is missing")
            else:
                values.append(spec.default)
        if len(attrs) > len(values) or any(a not in {s.name for s in cls.attr_specs} for a in attrs):
            raise TypeError(
                f"{cls.name}: attributes are {[s.name for s in cls.attr_specs]}, not {sorted(attrs)}"
            )
        key = tuple(values)
        found = cls._by_values.get(key)
        return found if found is not None else cls._by_values.setdefault(key, cls(key))

    @classmethod
    def read(cls, operation: ir.Operation) -> "Op":
        """The instance that an operation of the IR is."""
        if cls._single is not None:
            return cls._single
        given = operation.attributes
        key = tuple([given[s.name] if s.required or s.name in given else None for s in cls.attr_specs])
        found = cls._by_ir.get(key)
        if found is None:
            pairs = zip(cls.attr_specs, key, strict=True)
            values = {s.name: s.kind.decode(a) for s, a in pairs if a is not None}
            found = cls._by_ir[key] = cls._of_values(values)
        return found

    def by_name(self) -> dict[str, Any]:
        """Attribute values by attribute."""
        return dict(zip([s.name for s in self.attr_specs], self.attr_values, strict=True))

    def replace(self, **attrs: Any) -> "Op":
        """The instance with some attribute values changed."""
        return self.of(**(self.by_name() | attrs))

    def plan(self, avals: tuple[Aval, ...]) -> Plan:
        """Result types for these operands, inferred once."""
        self.check_operands(avals)
        made = self.plans[avals] = Plan(avals, self.infer(*avals))
        return made

    def plan_with(self, signatures: "Sequence[Signature]", avals: tuple[Aval, ...]) -> Plan:
        """Result types of a higher-order op: its `infer` takes the signatures of its callees first."""
        self.check_operands(avals)
        return Plan(avals, self.infer(signatures, *avals))

    def check_operands(self, avals: Sequence[Aval]) -> None:
        """Number and dtype kinds of the operands as declared."""
        specs = self.operand_specs
        if specs and specs[-1].variadic:
            specs = specs[:-1] + (specs[-1],) * (len(avals) - len(specs) + 1)
        if len(avals) != len(specs):
            self.fail(f"takes {len(specs)} operands, got {len(avals)}")
        for spec, aval in zip(specs, avals, strict=True):
            if aval.kind not in spec.kinds:
                wanted = ", ".join(KIND_WORDS[k] for k in spec.kinds)
                self.fail(f"{spec.name} has dtype {aval.dtype} ({aval}); it must be one of: {wanted}")

    def fail(self, message: str, kind: type[Exception] = OpTypeError) -> NoReturn:
        """Raises the error of a wrong use, prefixed by the op's name."""
        raise kind(f"{self.name}: {message}")

    def rule(self, name: str) -> Rule:
        """A rule to call; raises NotImplementedError with the written reason where the op has none."""
        found = getattr(self, name)
        if isinstance(found, NoRule):
            raise NotImplementedError(f"{self.name} has no {name} rule: {found.reason}")
        return found

    def capture_position(self, callee: str, count: int) -> int | None:
        """Where `callee`, of `count` arguments, may take values that the op hands on as they are; None: nowhere."""
        return None

    def use_keys(self, walk: Any, *xs: Any) -> Any:
        """What happens to keys, see `key_uses`: operands and results are arrays of numbers, None without keys."""
        return getattr(walk, self.key_use)(xs)

    def callees(self) -> tuple[str, ...]:
        """Functions that the op names."""
        names: list[str] = []
        for attr in self.callee_attrs:
            value = getattr(self, attr)
            names.extend((value,) if isinstance(value, str) else value)
        return tuple(names)

    def renamed(self, names: Mapping[str, str]) -> "Op":
        """The instance that names other functions in place of some."""
        changes: dict[str, Any] = {}
        for attr in self.callee_attrs:
            value = getattr(self, attr)
            new = names.get(value, value) if isinstance(value, str) else tuple(names.get(v, v) for v in value)
            if new != value:
                changes[attr] = new
        return self.replace(**changes) if changes else self

    def __repr__(self) -> str:
        attrs = " ".join(f"{name}={value}" for name, value in self.by_name().items())
        return f"{self.name}{{{attrs}}}" if attrs else self.name


def _linear_jvp(self: Op, b: Any, *args: Any) -> Any:
    """The op itself on tangents in its linear operands; zeros where some of these have none."""
    half = len(args) // 2
    if half == 1:
        return b.emit(self, args[1:])
    operands = list(args[:half])
    specs = self.operand_specs
    for i, (x, tangent) in enumerate(zip(args[:half], args[half:], strict=True)):
        if specs[min(i, len(specs) - 1)].name in self.linear_in:
            operands[i] = b.zeros(x.aval) if tangent is None else tangent
    return b.emit(self, operands)


def _bilinear_jvp(self: Op, b: Any, *args: Any) -> Any:
    """Product rule."""
    half = len(args) // 2
    total = None
    for i, tangent in enumerate(args[half:]):
        if tangent is not None:
            operands = list(args[:half])
            operands[i] = tangent
            part = b.emit(self, operands)
            total = part if total is None else b.add(total, part)
    return total


REGISTRY = Registry()
"""IR name -> op class."""


def op(name: str, ir_name: str | None = None) -> Callable[[type[Op]], type[Op]]:
    """Registers a class as the op `weft.<name>` (or another IR name).

    Ops with any number of operands or results of different types are `weftn.<name>`: IRDL makes all members
    of a variadic group one type, so these stand in a namespace of their own that IRDL does not check.
    """

    def register(cls: type[Op]) -> type[Op]:
        cls.name = name
        cls.is_family = False
        operands: list[OperandSpec] = []
        attrs: list[AttrSpec] = []
        for base in reversed(cls.__mro__):
            for field, spec in inspect.get_annotations(base).items():
                if isinstance(spec, OperandSpec):
                    named = OperandSpec(spec.kinds, spec.variadic, spec.alike)
                    named.name = field
                    operands = [o for o in operands if o.name != field] + [named]
                elif isinstance(spec, AttrSpec):
                    made = AttrSpec(spec.kind)
                    made.name = field
                    if field in base.__dict__:
                        made.required, made.default = False, base.__dict__[field]
                    attrs = [a for a in attrs if a.name != field] + [made]
        cls.operand_specs, cls.attr_specs = tuple(operands), tuple(attrs)
        is_nary = cls.results is None or not all(o.alike for o in operands)
        cls.ir_name = ir_name or f"{'weftn' if is_nary else 'weft'}.{name}"
        if is_missing(cls, "jvp") and (cls.linear_in or cls.bilinear_in):
            cls.jvp = _linear_jvp if cls.linear_in else _bilinear_jvp
        names = cls.linear_in or cls.bilinear_in
        cls.is_partly_linear = bool(names) and (
            bool(cls.bilinear_in) or {o.name for o in operands} != set(names)
        )
        cls._by_call, cls._by_values, cls._by_ir = {}, {}, {}
        cls._single = None if attrs else cls(())
        cls.can_fold = not isinstance(cls.__dict__.get("fold", getattr(cls, "fold", None)), NoRule)
        REGISTRY.add(cls)
        return cls

    return register


def is_missing(cls: type[Op], rule: str) -> bool:
    """Whether an op neither has a rule nor says why not."""
    return getattr(cls, rule, None) is None


def check_complete() -> None:
    """Every op has every rule or a reason: a silent gap is an error when the dialect loads."""
    gaps = [f"{cls.name}.{rule}" for cls in REGISTRY.imported() for rule in RULES if is_missing(cls, rule)]
    if gaps:
        raise TypeError(f"ops without a rule or a reason: {', '.join(gaps)}")
