"""The Python of docs/export.md runs."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


def test_code_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for code in re.findall(r"^```python\n(.*?)^```\n", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "<Loaded predict: (float32[8,4]) -> (int32[8])>" in printed
    assert "Symbolic dimension comparison 'b' > '3' is inconclusive" in printed
    assert (tmp_path / "predict.weft").exists()
