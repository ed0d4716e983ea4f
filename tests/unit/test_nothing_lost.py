"""Each part of a run is made to fail once: it is left out and named, and the rest is written."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

import access.analysis.analysis
import access.analysis.hubs
import access.analysis.job
import access.charts
import access.report.board
import access.report.robustness
import access.run.write
from access.analysis.results import LeftOut, Parts
from access.cli.app import main
from access.errors import PARTLY_DONE, NetworkError, ScenarioError
from tests.conftest import few_draws, one_picture
from tests.studies import write_study

#: Where a part is asked for, what it is called where it is left out, and the files it would be.
FAULTS = {
    "ranking": (access.analysis.analysis, "rank_closures", "alternatives to ", ()),
    "robustness": (access.analysis.analysis, "robustness", "how firm the ranking of ", ()),
    "hubs": (
        access.analysis.hubs,
        "_hub_result",
        "Hubs",
        ("hubs.csv", "chart-hubs.png"),
    ),
    "pair": (access.analysis.analysis, "compare", "before and after", ()),
    "map": (access.run.write.PlannerMap, "of_study", "map.html", ("map.html",)),
    "explorer": (access.run.write, "explorer_data", "explorer.html", ("explorer.html",)),
    "geopackage": (access.run.write, "write_layers", "study.gpkg", ("study.gpkg",)),
    "areas": (access.run.write._TABLES, "areas", "areas.csv", ("areas.csv", "areas.parquet")),
    "chart": (access.charts, "change_chart", "-change.png", ("chart-close_4_0-change.png",)),
    "pareto": (access.charts, "pareto_chart", "pareto", ("chart-close_4_0-pareto_p90.png",)),
    "report": (access.report.board, "findings_of", "the report", ("report.docx", "report.pdf")),
    "maps": (access.report.board, "_proposal_maps", "report: maps", ()),
    "sheets": (access.report.board, "_site_blocks", "report: Sites", ()),
    "who": (access.report.board, "_who_blocks", "report: Who", ()),
    "appendix": (access.report.board, "_alternatives_blocks", "report: Alternatives", ()),
    "method": (access.report.board, "_method_blocks", "report: Method", ()),
    "evidence": (access.run.write, "_write_evidence", "evidence.zip", ("evidence.zip",)),
}
ERRORS = [
    KeyError("count"),
    ScenarioError("this is too large"),
    MemoryError(),
    OSError(5, "Input/output error"),
    RecursionError("deep"),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return write_study(tmp_path_factory.mktemp("town") / "small", areas=12, sites=7, close=4)


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Draw one picture and few settings, write no documents: what fails is told before that."""
    with one_picture(), few_draws(), pytest.MonkeyPatch.context() as patch:
        writers = dict.fromkeys(access.report.board._WRITERS, lambda document: b"written")
        patch.setattr(access.report.board, "_WRITERS", writers)
        yield


@pytest.fixture(scope="module")
def measured() -> list[bytes]:
    """Give what the whole run measured, once it is run: what fails in writing alone may read it."""
    return []


@pytest.fixture(scope="module")
def whole(study, measured, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    real = access.analysis.job.run_job

    def kept(*args, **options):
        results = real(*args, **options)
        measured.append(pickle.dumps(results))
        return results

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access.analysis.job, "run_job", kept)
        assert run(study, out) == 0
    return out


def make_fail(monkeypatch, parts, measured, errors=None) -> None:
    """Make the parts fail; where none of them is measured, take what was measured before."""
    for part in parts:
        module, name, *_ = FAULTS[part]
        error = (errors or ERRORS)[list(FAULTS).index(part) % len(errors or ERRORS)]
        put = monkeypatch.setitem if isinstance(module, dict) else monkeypatch.setattr
        put(module, name, partial(_fails, error))
    if not {"ranking", "hubs", "pair"} & {*parts}:
        again = measured[0]
        monkeypatch.setattr(access.analysis.job, "run_job", lambda *a, **k: pickle.loads(again))


def run(study: Path, out: Path, *more: str) -> int:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as done:
        patch.setattr("sys.argv", ["access", "run", str(study), "--out", str(out), "-q", *more])
        main()
    return int(done.value.code or 0)


#: Parts that fail in one run: none of a group is made from another of it.
TOGETHER = [
    ("ranking", "areas", "map", "explorer", "geopackage", "chart", "report"),
    ("hubs", "robustness", "pareto", "evidence", "maps", "sheets", "who", "appendix", "method"),
    ("pair",),
]


def test_every_part_fails_once():
    assert sorted(part for parts in TOGETHER for part in parts) == sorted(FAULTS)


@pytest.mark.parametrize("parts", TOGETHER, ids="+".join)
def test_parts_that_fail_are_left_out_and_named(
    parts, study, whole, measured, tmp_path, monkeypatch, capsys
):
    make_fail(monkeypatch, parts, measured)
    assert run(study, tmp_path / "out") == PARTLY_DONE
    said = capsys.readouterr().err
    assert "partly done" in said
    assert "Traceback" not in said
    out = tmp_path / "out"
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    ledger = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    left_out = summary["left_out"]
    there = {file.name for file in out.iterdir()}
    for part in parts:
        _, _, told, files = FAULTS[part]
        assert any(told in p["part"] for p in left_out), part
        assert not there & set(files), part
    assert all(p["reason"] for p in left_out)
    assert all(any(FAULTS[part][2] in p["part"] for part in parts) for p in left_out) or (
        "pair" in parts  # without a proposal there is nothing to report on or to draw
    )
    assert ledger["left_out"] == left_out
    assert all(p["part"] in said for p in left_out)
    if "pair" not in parts:
        gone = {p["part"] for p in left_out} | {f for part in parts for f in FAULTS[part][3]}
        missing = {f.name for f in whole.iterdir()} - there - gone
        assert {m for m in missing if not any(_follows(m, part) for part in parts)} == set()
    assert set(ledger["outputs"]) == there - {"ledger.json", "evidence.zip"}


def _fails(error: BaseException, *args, **kwargs):
    raise error


def _follows(file: str, part: str) -> bool:
    """A file that has nothing to show without the part."""
    rank = ("rank.png", "pareto_p90.png", "pareto_worst.png", "often_best.png")
    return (
        (part == "ranking" and file.endswith(rank))
        or (part == "robustness" and file.endswith("often_best.png"))
        or (part == "report" and file.startswith(("report", "tables")))
        or (file.startswith("hubs.") and part == "hubs")
    )


@pytest.mark.parametrize("parts", [("ranking", "sheets"), ("robustness", "maps")], ids="+".join)
def test_the_report_names_what_is_left_out(parts, study, whole, measured, tmp_path, monkeypatch):
    found = []
    real = access.run.write.board_report

    def kept(*args, **kwargs):
        found.append(real(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(access.run.write, "board_report", kept)
    monkeypatch.setattr(access.run.write, "_write_views", lambda *given: None)  # not in the report
    make_fail(monkeypatch, parts, measured, [KeyError("count")])
    run(study, tmp_path / "out")
    box = next(b for b in found[-1].blocks if "Left out" in getattr(b, "title", ""))
    lines = [str(line).casefold() for line in box.paragraphs]
    for part in parts:
        assert any(FAULTS[part][2].casefold() in line for line in lines), part
    assert sum("keyerror" in line for line in lines) >= len(parts)


def test_minutes_may_end_the_run(study, tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise NetworkError("no streets")

    monkeypatch.setattr("access.analysis.job.travel_matrix", fails)
    assert run(study, tmp_path / "out") == NetworkError.exit_code
    assert not (tmp_path / "out").exists()


def test_a_former_run_is_replaced_by_what_there_is(
    study, whole, measured, tmp_path, monkeypatch, capsys
):
    out = Path(shutil.copytree(whole, tmp_path / "out"))
    make_fail(monkeypatch, (), measured)
    monkeypatch.setattr(access.run.write.PlannerMap, "of_study", lambda results: 1 / 0)
    monkeypatch.setenv("ACCESS_TRACEBACK", "1")
    assert run(study, out) == PARTLY_DONE
    assert not (out / "map.html").exists()  # never the map of another run beside these figures
    said = capsys.readouterr().err
    assert "Traceback" in said and "ZeroDivisionError" in said, "it is shown when asked for"


def test_nothing_half_written_stays(tmp_path):
    def half():
        (tmp_path / "a.txt").write_text("half")
        raise OSError(28, "No space left on device")

    (tmp_path / "before.txt").write_text("mine")
    parts = Parts()
    assert not parts.write("a.txt", tmp_path, half)
    assert [f.name for f in tmp_path.iterdir()] == ["before.txt"]
    assert parts.left_out == (LeftOut("a.txt", "No space left on device"),)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_stops_a_run_stops_all_of_it(stop):
    def stops():
        raise stop

    with pytest.raises(stop):
        Parts().make("any", stops)


def test_a_part_is_named_once_with_its_first_reason():
    parts = Parts([LeftOut("one", "known before")])
    parts.make("one", lambda: 1 / 0)
    assert parts.left_out == (LeftOut("one", "known before"),)
    assert parts.make("two", lambda: 2) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="a copy is made on Linux alone")
@pytest.mark.parametrize("parts", [(), ("chart", "map", "robustness")], ids="+".join)
def test_the_second_core_writes_the_same_and_names_what_fails(
    parts, study, whole, measured, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(access.analysis.job, "_a_core_is_free", lambda: True)
    one = tmp_path / "one" if parts else whole
    for part in parts:
        module, name, *_ = FAULTS[part]
        monkeypatch.setattr(module, name, partial(_fails, ScenarioError("it cannot be drawn")))
    if parts:  # they fail in writing alone
        again = measured[0]
        monkeypatch.setattr(access.analysis.job, "run_job", lambda *a, **k: pickle.loads(again))
        unwritten = partial(_fails, ScenarioError("it cannot be written"))
        monkeypatch.setitem(access.report.board._WRITERS, "tables.xlsx", unwritten)
        assert run(study, one) == PARTLY_DONE
        assert not (one / "tables.xlsx").exists()
        assert "tables.xlsx: it cannot be written" in str(capsys.readouterr().err)
    monkeypatch.setattr(access.analysis.job, "_MANY_AREAS", 0)
    assert run(study, tmp_path / "out") == (PARTLY_DONE if parts else 0)
    files = {file.name: file.read_bytes() for file in one.iterdir()}
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == files
