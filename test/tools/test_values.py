"""Values are read and written in one form."""

import ml_dtypes
import numpy as np
import pytest

from weft_tools.values import ValueTextError, random_value, read_value, write_value

DTYPES = ["bool", "int8", "uint32", "int64", "float16", "float32", "float64", "complex64", "complex128"]
EXTENSIONS = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"]


def dtype_of(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name) if name in EXTENSIONS else name)


@pytest.mark.parametrize("name", DTYPES + EXTENSIONS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 1, 3)])
def test_written_values_read_back(name, shape):
    dtype = dtype_of(name)
    value = random_value(5, shape, dtype)
    again = read_value(write_value(value), shape, dtype)
    assert again.dtype == dtype and again.shape == shape
    assert again.tobytes() == value.tobytes()
    assert random_value(5, shape, dtype).tobytes() == value.tobytes()


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e-40", "3.4028235e38", "-0.0"])
def test_corners_of_float32(text):
    value = read_value(text, (), np.dtype("float32"))
    assert read_value(write_value(value), (), np.dtype("float32")).tobytes() == value.tobytes()


def test_digits_round():
    assert write_value(np.array([1 / 3, 2.0, 1e10, 0.0]), digits=3) == "[0.333, 2.0, 1e+10, 0.0]"


def test_npy_files(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([[1.5, 2.5]]))
    assert write_value(read_value(str(path), (1, 2), np.dtype("float32"))) == "[[1.5, 2.5]]"
    with pytest.raises(ValueTextError, match=r"has shape \[1, 2\], the argument has \[2\]"):
        read_value(str(path), (2,), np.dtype("float32"))
    with pytest.raises(ValueTextError, match="has dtype float64, the argument has int32"):
        read_value(str(path), (1, 2), np.dtype("int32"))


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("[1, 2] 3", "float32", "'3' after the end of the value"),
        ("[1 2]", "float32", "a comma is missing before '2'"),
        ("[[1], 2]", "float32", "the rows are not all of one shape"),
        ("[[1, 2]]", "float32", "has the shape [1, 2], the argument has [2]"),
        ("[]", "float32", "has the shape [0], the argument has [2]"),
        ("", "float32", "a number or [ is missing"),
        ("1j", "float32", "1j is not a value of float32"),
        ("2", "bool", "2 is not a value of bool"),
        ("true", "int32", "True is not a value of int32"),
        ("-1", "uint8", "-1 does not fit into uint8"),
        ("8", "int4", "8 does not fit into int4"),
        ("random:x", "int4", "the seed after random: must be a number"),
    ],
)
def test_mistakes_are_sentences(text, name, message):
    with pytest.raises(ValueTextError) as error:
        read_value(text, (2,), dtype_of(name))
    assert message in str(error.value)
