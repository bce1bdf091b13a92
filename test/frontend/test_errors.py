"""`weft.errors`: classes, and what the messages say."""

import pickle

import pytest

from weft import errors


class Traced:
    """Stands for a tracer, of which the messages use the type and the origin."""

    def __init__(self, aval, origin=""):
        self.aval = aval
        self.origin = origin

    def _origin(self):
        return self.origin


FROM_TRACER = [
    errors.ConcretizationTypeError,
    errors.TracerBoolConversionError,
    errors.TracerArrayConversionError,
    errors.TracerIntegerConversionError,
    errors.NonConcreteBooleanIndexError,
]


@pytest.mark.parametrize("kind", FROM_TRACER)
def test_message_names_type_origin_and_remedy(kind):
    error = kind(Traced("f32[3]", "argument `neg` of function f at train.py:12"))
    first, second, *rest = str(error).splitlines()
    assert "f32[3]" in first
    assert second == "  it comes from argument `neg` of function f at train.py:12"
    assert rest and all(line.startswith("  try ") for line in rest)


@pytest.mark.parametrize("kind", FROM_TRACER)
def test_message_without_origin(kind):
    class Bare:
        aval = "bool[10]"

    text = str(kind(Bare()))
    assert "bool[10]" in text and "it comes from" not in text
    assert "it comes from" not in str(kind(Traced("bool[10]")))


def test_context_is_part_of_the_message():
    text = str(errors.ConcretizationTypeError(Traced("i32[]"), "the axis of sum must be known"))
    assert text.splitlines()[1] == "  the axis of sum must be known"


@pytest.mark.parametrize("kind", FROM_TRACER)
def test_errors_pickle_by_their_text(kind):
    error = kind(Traced("f32[3]"))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == str(error)


def test_base_classes():
    assert issubclass(errors.TracerBoolConversionError, errors.ConcretizationTypeError)
    assert issubclass(errors.NonConcreteBooleanIndexError, IndexError)
    assert issubclass(errors.JaxRuntimeError, RuntimeError)
    for kind in (errors.ConcretizationTypeError, errors.UnexpectedTracerError, errors.KeyReuseError):
        assert issubclass(kind, errors.JAXTypeError) and issubclass(kind, TypeError)


def test_base_classes_are_those_of_jax():
    theirs = pytest.importorskip("jax.errors")
    ours_alone = {name for name in errors.__all__ if not hasattr(theirs, name)}
    assert ours_alone <= {"RetraceError"}
    for name in set(errors.__all__) - ours_alone:
        bases = {base.__name__ for base in getattr(theirs, name).__mro__} - {"_JAXErrorMixin"}
        ours = {base.__name__ for base in getattr(errors, name).__mro__}
        assert bases <= ours, name


def test_explain_aligns_rows():
    text = errors.explain(
        "matmul: inner sizes differ, 4 and 3",
        [
            ("x", "f32[8,4]", "train.py:31", "h = relu(x @ w1)"),
            ("w2", "f32[3,2]", "train.py:12", "w2 = random.normal(key, (3, 2))"),
        ],
        "w2 with shape (4, 2)",
    )
    assert text.splitlines() == [
        "matmul: inner sizes differ, 4 and 3",
        "  x  f32[8,4] train.py:31  h = relu(x @ w1)",
        "  w2 f32[3,2] train.py:12  w2 = random.normal(key, (3, 2))",
        "  try w2 with shape (4, 2)",
    ]


def test_explain_leaves_empty_columns_out():
    assert errors.explain("add: shapes differ", [("x", "f32[3]", "", "")]) == "add: shapes differ\n  x f32[3]"
