"""Kinds of op attributes: how a Python value becomes an MLIR attribute and back, cached both ways."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from weft_compiler.avals import Aval, Dtype, aval_of, dtype_of_element, element_type
from weft_compiler.bindings import context, ir
from weft_compiler.symbolic import DimExpr, as_dim, decoded, encoded

T = TypeVar("T")


class Kind(Generic[T]):
    """One kind of attribute; `words` say in messages what it is.

    `normalize` makes values of equal meaning equal and hashable.
    """

    def __init__(
        self,
        words: str,
        base: str | None,
        normalize: Callable[[Any], T],
        encode: Callable[[T], ir.Attribute],
        decode: Callable[[ir.Attribute], T],
    ) -> None:
        self.words = words
        self.base = base  # the builtin attribute that IRDL requires; None accepts any
        self.normalize = normalize
        self._encode = encode
        self._decode = decode
        self._encoded: dict[T, ir.Attribute] = {}
        self._decoded: dict[ir.Attribute, T] = {}

    def encode(self, value: T) -> ir.Attribute:
        """The MLIR attribute of a normalized value."""
        found = self._encoded.get(value)
        if found is None:
            with context():
                found = self._encode(value)
            self._encoded[value] = found
            self._decoded[found] = value
        return found

    def decode(self, attribute: ir.Attribute) -> T:
        """The value of an attribute; raises TypeError or ValueError for one of another kind."""
        found = self._decoded.get(attribute)
        if found is None:
            found = self.normalize(self._decode(attribute))
            self._decoded[attribute] = found
        return found


def _ints(value: Any) -> tuple[int, ...]:
    if isinstance(value, (int, DimExpr)):
        return (as_dim(value),)
    return tuple([as_dim(v) for v in value])


def _expect(attribute: ir.Attribute, *kinds: type) -> Any:
    for kind in kinds:
        if isinstance(attribute, kind):
            return attribute
    raise TypeError(f"attribute {attribute} is no {' or '.join(k.__name__ for k in kinds)}")


def _symbols(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _encode_symbol(value: str) -> ir.Attribute:
    return ir.FlatSymbolRefAttr.get(value)


def _encode_symbols(value: Sequence[str]) -> ir.Attribute:
    return ir.ArrayAttr.get([ir.FlatSymbolRefAttr.get(v) for v in value])


def _decode_symbols(attribute: ir.Attribute) -> tuple[str, ...]:
    return tuple(_expect(a, ir.FlatSymbolRefAttr).value for a in _expect(attribute, ir.ArrayAttr))


def _decode_int(attribute: ir.Attribute) -> int:
    return decoded(_expect(attribute, ir.IntegerAttr).value)


_I64S = Kind(
    "a list of integers",
    "#builtin.dense_array",
    _ints,
    lambda v: ir.DenseI64ArrayAttr.get([encoded(n) for n in v]),
    lambda a: tuple([decoded(n) for n in _expect(a, ir.DenseI64ArrayAttr)]),
)
_INT = Kind(
    "an integer",
    "#builtin.integer",
    as_dim,
    lambda v: ir.IntegerAttr.get(ir.IntegerType.get_signless(64), encoded(v)),
    _decode_int,
)
_BOOL = Kind(
    "true or false",
    "#builtin.integer",
    bool,
    lambda v: ir.BoolAttr.get(v),
    lambda a: bool(_expect(a, ir.BoolAttr, ir.IntegerAttr).value),
)
_FLOAT = Kind(
    "a number",
    "#builtin.float",
    float,
    lambda v: ir.FloatAttr.get(ir.F64Type.get(), v),
    lambda a: float(_expect(a, ir.FloatAttr).value),
)
_STRING = Kind(
    "a text",
    "#builtin.string",
    str,
    lambda v: ir.StringAttr.get(v),
    lambda a: _expect(a, ir.StringAttr).value,
)
_SYMBOL = Kind(
    "a function", "#builtin.symbol_ref", str, _encode_symbol, lambda a: _expect(a, ir.FlatSymbolRefAttr).value
)
_SYMBOLS = Kind("a list of functions", "#builtin.array", _symbols, _encode_symbols, _decode_symbols)


def _normalize_dtype(value: Any) -> Any:
    from weft_compiler.avals import KeyDtype

    return value if isinstance(value, KeyDtype) else np.dtype(value)


_DTYPE: Kind[Any] = Kind(
    "an element type",
    "#builtin.type",
    _normalize_dtype,
    lambda v: ir.TypeAttr.get(element_type(v)),
    lambda a: dtype_of_element(_expect(a, ir.TypeAttr).value),
)
_AVALS: Kind[tuple[Aval, ...]] = Kind(
    "a list of types",
    "#builtin.array",
    tuple,
    lambda v: ir.ArrayAttr.get([ir.TypeAttr.get(a.ty) for a in v]),
    lambda a: tuple(aval_of(_expect(t, ir.TypeAttr).value) for t in _expect(a, ir.ArrayAttr)),
)
_ELEMENTS: Kind[Any] = Kind("a constant", None, lambda v: v, lambda v: v, lambda a: a)

# In signatures the kinds stand for the Python types of their values.
if TYPE_CHECKING:
    Axes = tuple[int, ...]
    Ints = tuple[int, ...]
    Shape = tuple[int, ...]
    I64 = int
    Flag = bool
    F64 = float
    Text = str
    Symbol = str
    Symbols = tuple[str, ...]
    DtypeAttr = Dtype
    Avals = tuple[Aval, ...]
    Elements = ir.Attribute
else:
    Axes = Ints = Shape = _I64S
    I64, Flag, F64, Text = _INT, _BOOL, _FLOAT, _STRING
    Symbol, Symbols, DtypeAttr, Elements = _SYMBOL, _SYMBOLS, _DTYPE, _ELEMENTS
    Avals = _AVALS


class Splats:
    """Which constant attributes hold one value throughout, and which: what folding looks at."""

    def __init__(self) -> None:
        self._of_attribute: dict[ir.Attribute, Any] = {}
        self._of_value: dict[tuple[Aval, bytes], ir.Attribute] = {}

    def encode(self, aval: Aval, value: np.generic | np.ndarray) -> ir.Attribute:
        """The constant attribute of `aval` with every element equal to the scalar `value`."""
        scalar = np.asarray(value, aval.dtype)  # type: ignore[arg-type] # keys are no constants
        key = (aval, scalar.tobytes())
        found = self._of_value.get(key)
        if found is None:
            with context():
                element = aval.with_shape(())
                one = ir.DenseElementsAttr.get(_storage(scalar.reshape(())), type=element.ty)
                if aval.shape:
                    one = ir.DenseElementsAttr.get_splat(aval.ty, one.get_splat_value())
            self._of_value[key] = found = one
            self._of_attribute[found] = scalar[()]
        return found

    def of(self, attribute: ir.Attribute) -> np.generic | None:
        """The one value of a constant attribute, or None."""
        try:
            return self._of_attribute[attribute]
        except KeyError:
            value = self._of_attribute[attribute] = self._read(attribute)
            return value

    @staticmethod
    def _read(attribute: ir.Attribute) -> Any:
        if not isinstance(attribute, ir.DenseElementsAttr) or not attribute.is_splat:
            return None
        aval = aval_of(attribute.type)
        if isinstance(aval.dtype, np.dtype) and aval.kind in "biuf":
            return np.asarray(attribute.get_splat_value().value).astype(aval.dtype)[()]
        return None


SPLATS = Splats()


def _storage(array: np.ndarray) -> np.ndarray:
    """The array in a dtype that the bindings accept, same bits."""
    array = np.require(array, requirements="C")
    if array.dtype.kind == "V" or array.dtype.name not in _PLAIN:
        return array.view(np.dtype(f"u{array.dtype.itemsize}"))
    return array


_PLAIN = {"bool", "float16", "float32", "float64", "complex64", "complex128"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def elements(array: np.ndarray) -> ir.Attribute:
    """The dense constant attribute of an array (real or integer; small: it is never freed)."""
    aval = Aval.of(array.shape, array.dtype)
    if array.size == 1 or (array.size and not array.any() and array.dtype.kind != "V"):
        return SPLATS.encode(aval, array.ravel()[0])
    with context():
        return ir.DenseElementsAttr.get(_storage(array), type=aval.ty)
