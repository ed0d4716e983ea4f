"""`access report` and `access map` in a hostile world: texts, places to write, files asked for."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import socket
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from access.files import sha256_of
from access.report import board
from access.sources.folder import new_study
from tests.conftest import call_here, pdf_text
from tests.hostile import CORPUS, hostile_study

pytestmark = pytest.mark.usefixtures("quick_runs")  # charts: `tests/unit/test_hostile_text.py`

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def log_of(path: Path, names=CORPUS) -> Path:
    options = [{"name": n[:200], "reason": n[:200], "close": ["C1"]} for n in names]
    path.write_text(json.dumps({"options": options}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ran(quick_runs, tmp_path_factory):
    """Give what `access report` wrote of the hostile study and a hostile log of options."""
    folder = tmp_path_factory.mktemp("report")
    marker = folder / "marker"
    study = hostile_study(folder / "study", marker)
    done = call_here(
        folder, "report", study, "--draws", 0, "--asked", log_of(folder / "log.json"),
        "--out", folder / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "out", marker, done


class TestHostileTexts:
    def test_nothing_is_run_and_the_terminal_is_told_nothing(self, ran):
        _, marker, done = ran
        assert not marker.exists()
        assert not STEERS.search(done.stdout + done.stderr)
        assert "Warning" not in done.stderr

    def test_the_word_file_and_the_pdf_hold_texts_as_they_were_written(self, ran):
        with zipfile.ZipFile(ran[0] / "report.docx") as word:
            text = html.unescape(word.read("word/document.xml").decode())
        pdf = re.sub(r"\s+", " ", pdf_text((ran[0] / "report.pdf").read_bytes()))
        for name in ("{{ 7*7 }}", "#panic(1)", "Kid$$tart", "[bold]x[/bold]", ":smile:"):
            assert name in text, name
            assert name in pdf, name

    def test_no_cell_of_the_workbook_is_a_formula(self, ran):
        for sheet in openpyxl.load_workbook(ran[0] / "tables.xlsx"):
            assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


@pytest.fixture
def home(tmp_path):
    new_study(tmp_path / "town")
    return tmp_path


def prints(folder: Path) -> dict[str, str]:
    return {str(p): sha256_of(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def made(home: Path, kind: str) -> Path:
    """Make an odd place to write into."""
    place = home / "place"
    if kind in ("its study", "above its study", "a link to its study"):
        place.symlink_to(home / "town")
        return {"its study": home / "town", "above its study": home}.get(kind, place)
    if kind == "a file":
        place.write_text("mine")
    elif kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a loop of links":
        (home / "other").symlink_to(place)
        place.symlink_to(home / "other")
    elif kind == "under a file":
        place.write_text("mine")
        return place / "deep"
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(place))
    elif kind == "a device":
        return Path("/dev/full")
    elif kind == "no text in UTF-8":
        return home / os.fsdecode(b"caf\xe9")
    elif kind == "300 letters":
        return home / ("x" * 300)
    else:
        place.mkdir()
        inner = place / ("explorer.html" if "explorer" in kind else "report.pdf")
        if "pipe" in kind:
            os.mkfifo(inner)
        elif "input" in kind:
            inner.symlink_to(home / "town" / "areas.csv")
        elif "folder" in kind:
            inner.mkdir()
            (inner / "mine.txt").write_text("mine")
        else:
            inner.write_text("my own words")
    return place


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pipes or links like these")
@pytest.mark.parametrize("command", ["report", "map"])
@pytest.mark.parametrize(
    "kind",
    ["its study", "above its study", "a link to its study", "a file", "a pipe", "a loop of links",
     "under a file", "a socket", "a device", "no text in UTF-8", "300 letters",
     "a folder with a pipe report.pdf", "a folder with a pipe explorer.html",
     "a folder with a link report.pdf to an input", "a folder with a folder report.pdf",
     "a folder with my own report.pdf", "a folder with my own explorer.html"],
)  # fmt: skip
def test_an_odd_place_is_refused_and_nothing_is_changed(home, command, kind):
    out = made(home, kind)
    before = prints(home)
    done = call_here(home, command, home / "town", *(["--draws", 0] if command == "report" else []),
                     "--out", out)  # fmt: skip
    assert done.returncode == 8, (done.stdout, done.stderr)
    assert done.stderr.splitlines()[-1].startswith("access: ")
    assert "Traceback" not in done.stderr
    assert prints(home) == before
    assert not list(home.rglob(".unfinished*"))


@pytest.mark.parametrize("broken", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_and_control_c_leave_the_former_report(home, monkeypatch, broken):
    out = home / "out"
    out.mkdir()
    (out / "report.pdf").write_bytes(b"%PDF-1.7 former")

    def breaks(*given, **named):
        raise broken

    monkeypatch.setattr(board, "_report_files", breaks)
    done = call_here(home, "report", home / "town", "--draws", 0, "--out", out)
    assert done.returncode == (130 if isinstance(broken, KeyboardInterrupt) else 8), done.stderr
    assert "Traceback" not in done.stderr
    assert [(p.name, p.read_bytes()) for p in out.iterdir()] == [("report.pdf", b"%PDF-1.7 former")]
    assert not list(home.rglob(".unfinished*"))


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "getuid"), reason="no such rights")
@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(home):
    (home / "shut").mkdir(mode=0o500)
    done = call_here(home, "report", home / "town", "--draws", 0, "--out", home / "shut" / "out")
    assert done.returncode == 8


@pytest.mark.parametrize(
    "text",
    ["[" * 5000, '"text"', "NaN", '{"options": 1}', '{"options": [{"close": 3}]}', "\0" * 100,
     '{"options": ' + "9" * 10_000 + "}", "", '{"options": [{"close": ["C1", {}]}]}'],
)  # fmt: skip
def test_a_log_of_options_that_is_none_is_refused_in_few_words(home, text):
    (home / "log.json").write_text(text)
    done = call_here(home, "report", home / "town", "--draws", 0, "--asked", home / "log.json",
                     "--out", home / "out")  # fmt: skip
    assert done.returncode in (2, 3), done.stderr
    assert "access: " in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 3000
    assert not (home / "out").exists()


def test_what_compare_writes_of_a_hostile_log_holds_no_formula(home):
    log = log_of(home / "log.json", ["=1+1", "@SUM(A1)"])
    done = call_here(
        home, "compare", home / "town", "--service", "childrens_centre", "--scenario", log,
        "--out", home / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not STEERS.search(done.stdout)
    for path in (home / "out").rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_bytes().decode())):
            assert not any(c.startswith(("=", "+", "@", "\uff1d")) for c in row)
