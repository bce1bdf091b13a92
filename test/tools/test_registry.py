"""Passes are found by name, and their options are read from and written to pipeline text."""

from dataclasses import dataclass

import pytest

from weft_compiler.passes.options import PipelineError, option_docs, options_of, read_options
from weft_compiler.passes.registry import ModulePass, Registry, find_pass, list_passes, pass_names


def made_registry() -> Registry:
    registry = Registry("weft_compiler.passes")

    @registry.register("weft-sample")
    @dataclass(frozen=True)
    class Sample(ModulePass):
        """A pass with an option of every kind."""

        fn: str
        """The function."""
        wrt: tuple[int, ...] = (0,)
        """The inputs
        that count."""
        names: tuple[str, ...] = ()
        max_size: int = 8
        ratio: float = 0.5
        is_loud: bool = False

        def run(self, module):
            raise AssertionError("not run here")

    return registry


@pytest.mark.parametrize(
    "text",
    [
        "fn=f",
        "fn=f wrt=0,2,-1",
        'fn=f wrt=""',
        "fn=f names=a,b.c max-size=3 ratio=0.25 is-loud=true",
        'fn="two words"',
        "fn='say \"x\"'",
    ],
)
def test_options_written_read_back(text):
    registry = made_registry()
    sample = registry.make("weft-sample", text)
    written = str(sample)
    assert registry.make("weft-sample", written.removeprefix("weft-sample{").removesuffix("}")) == sample


def test_options_in_any_spelling():
    sample = made_registry().make("weft-sample", "  fn=f   is_loud  max_size=0x10 wrt={1,2} ")
    assert (sample.fn, sample.is_loud, sample.max_size, sample.wrt) == ("f", True, 16, (1, 2))
    assert str(made_registry().make("weft-sample", "fn=f wrt=0 is-loud=false")) == "weft-sample{fn=f}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "weft-sample: option 'fn' is missing; write weft-sample{fn=...}"),
        ("fn=f fn=g", "option 'fn' is given twice"),
        ("fn", "option 'fn' needs a value, a name"),
        ("fn=f size=1", "no option 'size'; it has 'fn', 'wrt', 'names', 'max-size', 'ratio', 'is-loud'"),
        ("fn=f max-size=big", "option 'max-size' must be an integer, not 'big'"),
        ("fn=f is-loud=maybe", "option 'is-loud' must be true or false, not 'maybe'"),
        ("fn=f wrt=1,,2", "option 'wrt' must be integers separated by commas, not '1,,2'"),
        ("fn=f ratio=half", "option 'ratio' must be a number, not 'half'"),
        ("fn='f", 'missing "\'" at the end'),
    ],
)
def test_option_errors_are_sentences(text, message):
    with pytest.raises(PipelineError) as error:
        made_registry().make("weft-sample", text)
    assert message in str(error.value)


def test_field_docs():
    sample = made_registry().find("weft-sample")
    assert option_docs(sample) == {"fn": "The function.", "wrt": "The inputs\nthat count."}
    assert [o.name for o in options_of(sample)] == ["fn", "wrt", "names", "max-size", "ratio", "is-loud"]


def test_wrong_registrations_are_refused():
    registry = made_registry()
    with pytest.raises(ValueError, match=r"the name of a pass is weft-<verb>-<object>"):
        registry.register("Sample")

    class Plain(ModulePass):
        def run(self, module):
            raise AssertionError("not run here")

    with pytest.raises(TypeError, match="put @register above @dataclass"):
        registry.register("weft-plain")(Plain)

    @dataclass(frozen=True)
    class Odd(Plain):
        sizes: dict[str, int] | None = None

    with pytest.raises(TypeError, match=r"Odd.sizes: .* cannot be an option of a pass"):
        registry.register("weft-odd")(Odd)
    with pytest.raises(ValueError, match="weft-sample is registered twice"):
        registry.register("weft-sample")(dataclass(frozen=True)(Plain))


def test_a_module_of_the_package_that_is_no_pass_is_not_found():
    assert find_pass("weft-registry") is None
    assert find_pass("weft-no-such-thing") is None
    assert find_pass("canonicalize") is None


def test_every_pass_of_the_package_is_found_and_described():
    names = pass_names()
    assert "weft-verify" in names
    assert [cls.pass_name for cls in list_passes()] == names
    for cls in list_passes():
        assert cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}("), (
            f"{cls.pass_name} has no docstring"
        )
        missing = {o.field for o in options_of(cls)} - set(option_docs(cls))
        assert not missing, f"{cls.pass_name}: no docstring after {missing}"


def test_read_options_of_a_pass_without_any():
    with pytest.raises(PipelineError, match="weft-verify: no option 'x'; it has no options"):
        read_options("weft-verify", find_pass("weft-verify"), "x=1")
