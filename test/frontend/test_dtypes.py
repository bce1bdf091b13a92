"""`weft.dtypes`: promotion against a literal table, and against JAX where it is installed."""

import itertools
import warnings

import numpy as np
import pytest

from weft import dtypes
from weft._dtypes import kinds
from weft.config import config, enable_x64, numpy_dtype_promotion

NAMES = [
    *("bool", "uint4", "uint8", "uint16", "uint32", "uint64", "int4", "int8", "int16", "int32", "int64"),
    *("bfloat16", "float16", "float32", "float64", "complex64", "complex128"),
]
# Rows and columns as NAMES, with enable_x64; `-` is no promotion.
TABLE = """
b    u4   u8   u16  u32  u64  i4   i8   i16  i32  i64  bf16 f16  f32  f64  c64  c128
u4   u4   -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
u8   -    u8   u16  u32  u64  -    i16  i16  i32  i64  bf16 f16  f32  f64  c64  c128
u16  -    u16  u16  u32  u64  -    i32  i32  i32  i64  bf16 f16  f32  f64  c64  c128
u32  -    u32  u32  u32  u64  -    i64  i64  i64  i64  bf16 f16  f32  f64  c64  c128
u64  -    u64  u64  u64  u64  -    f64  f64  f64  f64  bf16 f16  f32  f64  c64  c128
i4   -    -    -    -    -    i4   -    -    -    -    -    -    -    -    -    -
i8   -    i16  i32  i64  f64  -    i8   i16  i32  i64  bf16 f16  f32  f64  c64  c128
i16  -    i16  i32  i64  f64  -    i16  i16  i32  i64  bf16 f16  f32  f64  c64  c128
i32  -    i32  i32  i64  f64  -    i32  i32  i32  i64  bf16 f16  f32  f64  c64  c128
i64  -    i64  i64  i64  f64  -    i64  i64  i64  i64  bf16 f16  f32  f64  c64  c128
bf16 -    bf16 bf16 bf16 bf16 -    bf16 bf16 bf16 bf16 bf16 f32  f32  f64  c64  c128
f16  -    f16  f16  f16  f16  -    f16  f16  f16  f16  f32  f16  f32  f64  c64  c128
f32  -    f32  f32  f32  f32  -    f32  f32  f32  f32  f32  f32  f32  f64  c64  c128
f64  -    f64  f64  f64  f64  -    f64  f64  f64  f64  f64  f64  f64  f64  c128 c128
c64  -    c64  c64  c64  c64  -    c64  c64  c64  c64  c64  c64  c64  c128 c64  c128
c128 -    c128 c128 c128 c128 -    c128 c128 c128 c128 c128 c128 c128 c128 c128 c128
"""


def full_name(short):
    """int8 for i8, and so on."""
    letters, digits = short.rstrip("0123456789"), short.lstrip("abcdefghijklmnopqrstuvwxyz")
    return {"b": "bool", "u": "uint", "i": "int", "bf": "bfloat", "f": "float", "c": "complex"}[
        letters
    ] + digits


def promoted(a, b):
    """Name of the promoted dtype, or None."""
    try:
        return dtypes.promote_types(a, b).name
    except dtypes.TypePromotionError:
        return None


def test_literal_table():
    with enable_x64(True):
        for a, row in zip(NAMES, TABLE.split("\n")[1:-1], strict=True):
            for b, cell in zip(NAMES, row.split(), strict=True):
                assert promoted(a, b) == (None if cell == "-" else full_name(cell)), (a, b)


def test_uint32_and_int32_meet_in_int32_without_64_bits():
    assert dtypes.promote_pair(np.dtype("uint32"), False, np.dtype("int32"), False) == (
        np.dtype("int32"),
        False,
    )


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("mode", ["standard", "strict"])
def test_promote_types_as_jax(x64, mode):
    jax = pytest.importorskip("jax")
    everything = [*sorted(kinds.ALL, key=str), int, float, complex, bool]
    with enable_x64(x64), numpy_dtype_promotion(mode), jax.enable_x64(x64), jax.numpy_dtype_promotion(mode):
        for a, b in itertools.product(everything, repeat=2):
            try:
                theirs = jax.numpy.promote_types(a, b).name
            except jax.dtypes.TypePromotionError:
                theirs = None
            assert promoted(a, b) == theirs, (a, b)


@pytest.mark.parametrize("x64", [False, True])
@pytest.mark.parametrize("mode", ["standard", "strict"])
def test_pairs_with_weak_types_as_jax(x64, mode):
    jax = pytest.importorskip("jax")
    from jax._src import dtypes as oracle

    names = "bool uint8 int8 uint32 int32 uint64 int64 int4 bfloat16 float16 float32 float64 complex64"
    names += " float8_e5m2"

    class Value:
        """What JAX needs to see of an array to promote it."""

        def __init__(self, name, weak):
            self.dtype = dtypes.canonicalize_dtype(name)
            self.aval = self
            self.weak_type = weak

    jax_settings = (jax.enable_x64(x64), jax.numpy_dtype_promotion(mode))
    with enable_x64(x64), numpy_dtype_promotion(mode), jax_settings[0], jax_settings[1]:
        values = [Value(name, weak) for name in names.split() for weak in (False, True)]
        values = [value for value in values if not (value.dtype.name == "bool" and value.weak_type)]
        for a, b in itertools.product(values, repeat=2):
            try:
                dtype, weak = oracle.lattice_result_type(a, b)
                theirs = (dtypes.canonicalize_dtype(dtype), weak)
            except jax.dtypes.TypePromotionError:
                theirs = None
            try:
                ours = dtypes.promote_pair(a.dtype, a.weak_type, b.dtype, b.weak_type)
            except dtypes.TypePromotionError:
                ours = None
            assert ours == theirs, (a.dtype, a.weak_type, b.dtype, b.weak_type)


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")
@pytest.mark.parametrize("x64", [False, True])
def test_result_type_as_jax(x64):
    jax = pytest.importorskip("jax")
    scalars = [
        1,
        1.0,
        1j,
        True,
        int,
        float,
        bool,
        None,
        "int64",
        np.float64(3),
        np.arange(3),
        np.uint64,
        np.int8(1),
    ]
    with enable_x64(x64), jax.enable_x64(x64):
        for args in itertools.chain(
            itertools.product(scalars, repeat=1), itertools.product(scalars, repeat=2), [(1, np.int8(2), 1.5)]
        ):
            ours = dtypes.result_type(*args, return_weak_type_flag=True)
            assert ours == jax.dtypes.result_type(*args, return_weak_type_flag=True), args
            assert dtypes.result_type(*args) == ours[0]


def test_scalars():
    assert [dtypes.is_weakly_typed(x) for x in (1, 1.0, 1j, True, np.float64(1))] == [True] * 3 + [False] * 2
    assert [dtypes.is_python_scalar(x) for x in (1, True, np.float64(1), "1")] == [True, True, False, False]
    assert [dtypes.scalar_type_of(x) for x in (True, 1, 1.0, 1j, np.dtype("bfloat16"))] == [
        *(bool, int, float, complex),
        float,
    ]
    assert dtypes.dtype(2**70) == np.int32
    with enable_x64(True):
        assert dtypes.dtype(2) == np.int64 and dtypes.dtype(2.0) == np.float64
    with pytest.raises(ValueError, match="None"):
        dtypes.dtype(None)
    for wrong in ([1, 2], np.dtype("S3"), "no such type"):
        with pytest.raises(TypeError):
            dtypes.dtype(wrong)
    with pytest.raises(ValueError, match="at least one"):
        dtypes.result_type()


def test_canonicalize():
    assert dtypes.canonicalize_dtype("float64") == np.float32
    assert dtypes.canonicalize_dtype(int) == np.int32
    assert dtypes.canonicalize_dtype(None) == np.float32
    assert dtypes.canonicalize_dtype("bfloat16") == dtypes.bfloat16
    with enable_x64(True):
        assert dtypes.canonicalize_dtype("complex128") == np.complex128
    with pytest.raises(TypeError):
        dtypes.canonicalize_dtype(np.arange(3))


def test_explicit_64_bit_dtype():
    with pytest.warns(UserWarning, match="zeros: dtype float64 needs 64-bit types"):
        assert dtypes.canonicalize_explicit("float64", "zeros") == np.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dtypes.canonicalize_explicit(float, "zeros") == np.float32
        assert dtypes.canonicalize_explicit("int16", "zeros") == np.int16
    with config.option("explicit_x64_dtypes")("error"), pytest.raises(ValueError, match="WEFT_ENABLE_X64"):
        dtypes.canonicalize_explicit("float64", "zeros")


def test_widths_as_jax():
    jax = pytest.importorskip("jax")
    for dtype in sorted(kinds.ALL, key=str):
        assert dtypes.itemsize_bits(dtype) == jax.dtypes.itemsize_bits(dtype), dtype
    for wrong in (None, "S3", "O"):
        with pytest.raises(ValueError):
            dtypes.itemsize_bits(wrong)


def test_issubdtype_as_jax():
    jax = pytest.importorskip("jax")
    classes = [
        *(np.generic, np.number, np.integer, np.signedinteger, np.unsignedinteger, np.inexact, np.floating),
        *(np.complexfloating, np.bool_, np.float32, np.void),
    ]
    candidates = [*sorted(kinds.ALL, key=str), *classes, float, int, bool, None, dtypes.float0]
    for a, b in itertools.product(candidates, [*candidates, dtypes.extended]):
        theirs = jax.dtypes.extended if b is dtypes.extended else b
        assert dtypes.issubdtype(a, b) == jax.dtypes.issubdtype(a, theirs), (a, b)


class KeyDtype:
    """Stands for the compiler's dtype of PRNG keys."""

    name = "key<fry>"
    impl = "threefry2x32"


def test_key_dtypes():
    key, other = KeyDtype(), KeyDtype()
    assert dtypes.issubdtype(key, dtypes.prng_key) and dtypes.issubdtype(key, dtypes.extended)
    assert dtypes.issubdtype(key, key) and not dtypes.issubdtype(key, other)
    assert not dtypes.issubdtype(key, np.integer) and not dtypes.issubdtype("float32", dtypes.prng_key)
    assert dtypes.canonicalize_dtype(key, allow_extended_dtype=True) is key
    with pytest.raises(ValueError, match="not numbers"):
        dtypes.canonicalize_dtype(key)
    assert dtypes.promote_pair(key, False, key, False) == (key, False)
    with pytest.raises(ValueError, match="type promotion"):
        dtypes.promote_pair(key, False, np.dtype("int32"), True)


def test_derived_dtypes():
    named = [np.dtype(name) for name in ("bool", "int32", "int64", "bfloat16", "float64", "complex64")]
    assert [dtypes.to_inexact(d).name for d in named] == [
        *("float32", "float32", "float64", "bfloat16", "float64", "complex64")
    ]
    assert [dtypes.to_complex(d).name for d in named] == [
        *("complex64", "complex64", "complex128", "complex64", "complex128", "complex64")
    ]
    assert [dtypes.to_real(d).name for d in named] == [
        "bool",
        "int32",
        "int64",
        "bfloat16",
        "float64",
        "float32",
    ]


def test_promotion_errors_say_what_to_do():
    with pytest.raises(dtypes.TypePromotionError, match=r"8 bits and fewer(.|\n)*astype"):
        dtypes.promote_types("float8_e4m3fn", "float32")
    with pytest.raises(dtypes.TypePromotionError, match="4 bits and fewer"):
        dtypes.promote_types("int4", "int8")
    with numpy_dtype_promotion("strict"), pytest.raises(dtypes.TypePromotionError, match="'strict'"):
        dtypes.promote_types("int32", "float32")


def test_limits():
    assert dtypes.finfo("bfloat16").bits == 16 and dtypes.iinfo("int4").max == 7
