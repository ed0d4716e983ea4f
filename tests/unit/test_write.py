"""Outputs are all or nothing, and text stays text in spreadsheets and maps."""

from __future__ import annotations

import pandas as pd
import pytest

from access.errors import OutputError
from access.escape import template_text
from access.run.tables import safe_cells
from access.run.write import all_or_nothing


def test_a_failure_half_way_leaves_what_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError), all_or_nothing(tmp_path) as work:
        (work / "a.txt").write_text("new", encoding="utf-8")
        raise RuntimeError("half way")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_told_plainly(tmp_path):
    with pytest.raises(OutputError, match="cannot write into"), all_or_nothing(tmp_path):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="--out"), all_or_nothing(tmp_path / "file" / "out"):
        pass


def test_success_replaces_and_leaves_other_files_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")
    with all_or_nothing(tmp_path) as work:
        (work / "a.txt").write_text("new", encoding="utf-8")
    assert {p.name: p.read_text(encoding="utf-8") for p in tmp_path.iterdir()} == {
        "a.txt": "new",
        "mine.txt": "mine",
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_become_text(start):
    frame = pd.DataFrame({"name": [f"{start}cmd()"], "minutes": [-1.5]})
    safe = safe_cells(frame)
    assert safe["name"].iloc[0] == f"'{start}cmd()"
    assert safe["minutes"].iloc[0] == -1.5, "numbers stay numbers"


def test_text_for_maps_has_nothing_left_that_html_jinja_or_javascript_reads():
    nasty = "<script>`${alert(1)}`</script>{{ x }}{% raw %}\\u0041\n'\""
    safe = template_text(nasty)
    assert not set(safe) & set("<>`$\\{}%\n'\"")
