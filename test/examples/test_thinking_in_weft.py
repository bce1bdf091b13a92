"""What examples/thinking_in_weft.py prints."""

import re
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "thinking_in_weft.py"
EXPECTED = HERE / "thinking_in_weft.txt"

_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


@pytest.fixture(scope="module")
def printed(request):
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr("builtins.print", lambda *values: lines.append(" ".join(map(str, values))))
        runpy.run_path(str(EXAMPLE), run_name="__main__")
    return "\n".join(lines).strip() + "\n"


def test_words_are_exact(printed):
    assert _NUMBER.sub("#", printed) == _NUMBER.sub("#", EXPECTED.read_text())


def test_numbers_agree(printed):
    """To a few units in the last place: the machine decides how a loop is cut up."""
    numbers, expected = (_NUMBER.findall(text) for text in (printed, EXPECTED.read_text()))
    assert [float(n) for n in numbers] == pytest.approx([float(n) for n in expected], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "[0 1 2 3 4 5 6 7 8 9]",
        "[0.25       0.19661197 0.10499357]",
        "-0.0353256",
        "Array(-1, dtype=int32, weak_type=True)",
        "0.07520543 0.07520543",
        "draw 0: -1.9133632183074951",
        "draw 1: -1.4749839305877686",
        "draw 2: -0.36703771352767944",
    ],
)
def test_promised_to_the_last_digit(printed, line):
    assert line in printed.splitlines()
