"""Abstract values: the shape and element type of an IR value, interned, with the MLIR type ready."""

import math
from typing import TypeAlias

import ml_dtypes
import numpy as np

from weft_compiler.bindings import context, ir
from weft_compiler.symbolic import as_dim, decoded, encoded


class KeyDtype:
    """Element type of PRNG keys of one generator; a key is `physical_shape` words of `physical_dtype`."""

    __slots__ = ("impl", "itemsize", "name", "physical_dtype", "physical_shape")

    kind = "k"

    def __init__(self, impl: str, name: str, words: int) -> None:
        self.impl = impl
        self.name = name
        self.physical_dtype = np.dtype(np.uint32)
        self.physical_shape = (words,)
        self.itemsize = 4 * words

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return key_dtype, (self.impl,)


FRY = KeyDtype("threefry2x32", "key<fry>", 2)
RBG = KeyDtype("rbg", "key<rbg>", 4)
UNSAFE_RBG = KeyDtype("unsafe_rbg", "key<urbg>", 4)
KEY_DTYPES = {k.impl: k for k in (FRY, RBG, UNSAFE_RBG)}


def key_dtype(impl: str) -> KeyDtype:
    """The key type of a generator's name."""
    return KEY_DTYPES[impl]


Dtype: TypeAlias = np.dtype | KeyDtype

# dtype name -> (short name in messages, MLIR spelling)
_NAMES = {
    "bool": ("bool", "i1"),
    "int2": ("i2", "i2"),
    "int4": ("i4", "i4"),
    "int8": ("i8", "i8"),
    "int16": ("i16", "i16"),
    "int32": ("i32", "i32"),
    "int64": ("i64", "i64"),
    "uint2": ("u2", "ui2"),
    "uint4": ("u4", "ui4"),
    "uint8": ("u8", "ui8"),
    "uint16": ("u16", "ui16"),
    "uint32": ("u32", "ui32"),
    "uint64": ("u64", "ui64"),
    "float16": ("f16", "f16"),
    "bfloat16": ("bf16", "bf16"),
    "float32": ("f32", "f32"),
    "float64": ("f64", "f64"),
    "complex64": ("c64", "complex<f32>"),
    "complex128": ("c128", "complex<f64>"),
    "float4_e2m1fn": ("f4_e2m1fn", "f4E2M1FN"),
    "float8_e3m4": ("f8_e3m4", "f8E3M4"),
    "float8_e4m3": ("f8_e4m3", "f8E4M3"),
    "float8_e4m3b11fnuz": ("f8_e4m3b11fnuz", "f8E4M3B11FNUZ"),
    "float8_e4m3fn": ("f8_e4m3fn", "f8E4M3FN"),
    "float8_e4m3fnuz": ("f8_e4m3fnuz", "f8E4M3FNUZ"),
    "float8_e5m2": ("f8_e5m2", "f8E5M2"),
    "float8_e5m2fnuz": ("f8_e5m2fnuz", "f8E5M2FNUZ"),
    "float8_e8m0fnu": ("f8_e8m0fnu", "f8E8M0FNU"),
}


def _numpy_dtype(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, None) or name)


DTYPES: dict[str, np.dtype] = {name: _numpy_dtype(name) for name in _NAMES}
BOOL, INT32, INT64, UINT32 = (DTYPES[n] for n in ("bool", "int32", "int64", "uint32"))
FLOAT32, FLOAT64 = DTYPES["float32"], DTYPES["float64"]
_SHORT: dict[Dtype, str] = {DTYPES[n]: short for n, (short, _) in _NAMES.items()}
_SPELLING: dict[Dtype, str] = {DTYPES[n]: text for n, (_, text) in _NAMES.items()}
_ELEMENT: dict[Dtype, ir.Type] = {}
_DTYPE_OF_ELEMENT: dict[ir.Type, Dtype] = {}

KINDS: dict[Dtype, str] = {}
"""dtype -> one of "b" (bool), "i" (signed), "u" (unsigned), "f" (float), "c" (complex), "k" (key)."""
for _name, _dtype in DTYPES.items():
    KINDS[_dtype] = "u" if _name.startswith("uint") else "f" if _name.startswith("bfloat") else _name[0]
for _key in KEY_DTYPES.values():
    KINDS[_key] = "k"
    _SHORT[_key] = _key.name
    _SPELLING[_key] = f'!weft.key<"{_key.impl}">'


def kind_of(dtype: Dtype) -> str:
    """One letter for the kind of a dtype, see `KINDS`."""
    return KINDS[dtype]


def short_name(dtype: Dtype) -> str:
    """`f32` for float32 and so on, the way messages write a dtype."""
    return _SHORT.get(dtype) or str(dtype)


def bit_width(dtype: Dtype) -> int:
    """Bits of an element as StableHLO counts them: 1 for bool, 2 and 4 for the small integers."""
    if isinstance(dtype, KeyDtype):
        return 8 * dtype.itemsize
    kind = KINDS[dtype]
    if kind in "iu":
        return int(ml_dtypes.iinfo(dtype).bits)
    return 1 if kind == "b" else 8 * dtype.itemsize if kind == "c" else int(ml_dtypes.finfo(dtype).bits)


def whole_bytes(dtype: Dtype) -> Dtype:
    """A dtype with all numbers of `dtype` and no fewer than 8 bits: backends lack kernels for narrower ones."""
    if bit_width(dtype) >= 8 or KINDS[dtype] == "b":
        return dtype
    return DTYPES[{"i": "int8", "u": "uint8", "f": "float16"}[KINDS[dtype]]]


def element_type(dtype: Dtype) -> ir.Type:
    """The MLIR element type of a dtype."""
    found = _ELEMENT.get(dtype)
    if found is None:
        found = ir.Type.parse(_SPELLING[dtype], context())
        _ELEMENT[dtype] = found
        _DTYPE_OF_ELEMENT[found] = dtype
    return found


def dtype_of_element(element: ir.Type) -> Dtype:
    """The dtype of an MLIR element type; raises TypeError for one that weft does not have."""
    if not _DTYPE_OF_ELEMENT or element not in _DTYPE_OF_ELEMENT:
        for dtype in _SPELLING:
            element_type(dtype)
    if element not in _DTYPE_OF_ELEMENT:
        raise TypeError(f"element type {element} is not one of weft's")
    return _DTYPE_OF_ELEMENT[element]


class Aval:
    """Shape and dtype of a value. Interned: equal avals are one object."""

    __slots__ = ("dtype", "kind", "ndim", "shape", "size", "ty")

    shape: tuple[int, ...]
    dtype: Dtype
    ndim: int
    size: int
    kind: str
    ty: ir.Type

    def __init__(self) -> None:
        raise TypeError("use Aval.of(shape, dtype)")

    @staticmethod
    def of(shape: tuple[int, ...], dtype: Dtype) -> "Aval":
        """The aval of a shape and a dtype."""
        found = _AVALS.get((shape, dtype))
        return found if found is not None else _make(tuple([as_dim(n) for n in shape]), dtype)

    def with_shape(self, shape: tuple[int, ...]) -> "Aval":
        """The same dtype in another shape."""
        return Aval.of(shape, self.dtype)

    def with_dtype(self, dtype: Dtype) -> "Aval":
        """The same shape of another dtype."""
        return Aval.of(self.shape, dtype)

    @property
    def physical(self) -> "Aval":
        """What is stored: keys as their words, everything else as it is."""
        if isinstance(self.dtype, KeyDtype):
            return Aval.of(self.shape + self.dtype.physical_shape, self.dtype.physical_dtype)
        return self

    def __str__(self) -> str:
        return f"{short_name(self.dtype)}[{','.join(map(str, self.shape))}]"

    __repr__ = __str__

    def __reduce__(self) -> tuple[object, tuple[tuple[int, ...], Dtype]]:
        return Aval.of, (self.shape, self.dtype)


_AVALS: dict[tuple[tuple[int, ...], Dtype], Aval] = {}
_AVAL_OF_TYPE: dict[ir.Type, Aval] = {}


def _make(shape: tuple[int, ...], dtype: Dtype) -> Aval:
    if not isinstance(dtype, KeyDtype):
        dtype = np.dtype(dtype)
    if dtype not in KINDS:
        raise TypeError(f"dtype {dtype} is not one of weft's")
    aval = object.__new__(Aval)
    aval.shape, aval.dtype, aval.ndim = shape, dtype, len(shape)
    aval.size = math.prod(shape)
    aval.kind = KINDS[dtype]
    with context():
        aval.ty = ir.RankedTensorType.get(
            [encoded(n) for n in shape], element_type(dtype), loc=ir.Location.unknown()
        )
    aval = _AVALS.setdefault((shape, dtype), aval)
    _AVAL_OF_TYPE.setdefault(aval.ty, aval)
    return aval


def aval_of(ty: ir.Type) -> Aval:
    """The aval of an MLIR type; raises TypeError where it is no ranked static tensor of weft's elements."""
    found = _AVAL_OF_TYPE.get(ty)
    if found is not None:
        return found
    if not isinstance(ty, ir.RankedTensorType) or not ty.has_static_shape:
        raise TypeError(f"{ty} is not a tensor of known shape")
    return Aval.of(tuple([decoded(n) for n in ty.shape]), dtype_of_element(ty.element_type))
