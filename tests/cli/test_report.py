"""`access report` as a user calls it: three files, and what is said when something is wrong."""

from __future__ import annotations

import json

import pytest

from access.files import RunLedger
from access.sources.folder import new_study
from tests.conftest import one_picture, plain_pages


@pytest.fixture
def names_only():
    """Draw and lay out nothing, where only the files' names are looked at."""
    with one_picture(), plain_pages():
        yield


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "mine"
    new_study(folder)
    return folder


class TestWrongInputs:
    def test_a_log_that_is_not_there(self, access_command, study, tmp_path):
        done = access_command("report", study, "--asked", tmp_path / "none.json")
        assert done.returncode == 3
        assert "none.json cannot be read" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_mode_that_is_not_there(self, access_command, study, tmp_path):
        done = access_command("report", study, "--mode", "bus", "--out", tmp_path / "out")
        assert done.returncode == 2
        assert "no mode 'bus' is measured" in done.stderr
        assert not (tmp_path / "out").exists()

    def test_a_date_that_is_no_date(self, access_command, study):
        done = access_command("report", study, "--date", "12 March")
        assert done.returncode == 2
        assert "%Y-%m-%d" in done.stderr

    def test_a_folder_that_cannot_be_made(self, access_command, study, tmp_path):
        blocker = tmp_path / "file"
        blocker.write_text("in the way")
        done = access_command("report", study, "--draws", 0, "--out", blocker)
        assert done.returncode == 8
        assert blocker.read_text() == "in the way"


def test_three_files_and_one_sentence(access_command, study, tmp_path):
    out = tmp_path / "out"
    done = access_command("report", study, "--out", out, "--draws", 20, "--date", "2020-02-29")
    assert done.returncode == 0, done.stderr
    names = ["report.docx", "report.ledger.json", "report.pdf", "tables.xlsx"]
    assert sorted(p.name for p in out.iterdir()) == names
    assert "report.docx, report.pdf, tables.xlsx" in done.stdout


@pytest.mark.usefixtures("names_only")
def test_an_internal_copy_has_names_of_its_own(access_command, study, tmp_path):
    out = tmp_path / "out"
    asked = tmp_path / "options.json"
    asked.write_text(json.dumps({"options": [{"name": "Keep it", "close": ["C1"]}]}))
    done = access_command(
        "report", study, "--out", out, "--internal", "--json", "--draws", 0, "--asked", asked
    )
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)["files"]
    assert [f.rsplit("/", 1)[-1] for f in files] == [
        "report-internal.docx",
        "report-internal.pdf",
        "tables-internal.xlsx",
    ]


@pytest.mark.usefixtures("names_only")
def test_an_internal_copy_lies_apart_from_what_is_published(access_command, study, tmp_path):
    done = access_command("report", study, "--internal", "--draws", 0)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "maps" / "mine-internal" / "report-internal.pdf").exists()
    assert not (tmp_path / "maps" / "mine").exists()
    public = tmp_path / "public"
    public.mkdir()
    (public / "map.html").write_text("a page")
    ledger = RunLedger({"command": "run", "study": "mine"}, (), outputs={"map.html": "0" * 64})
    (public / "ledger.json").write_text(ledger.to_json())
    refused = access_command("report", study, "--internal", "--draws", 0, "--out", public)
    assert refused.returncode == 8
    assert "files for the public" in refused.stderr
    assert sorted(file.name for file in public.iterdir()) == ["ledger.json", "map.html"]


def test_help_teaches(access_command):
    done = access_command("report", "--help")
    assert done.returncode == 0
    assert "two pages to decide from" in done.stdout
    assert "--internal" in done.stdout
