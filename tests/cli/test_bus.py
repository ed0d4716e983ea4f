"""`--timetable` as a user gives it: minutes by bus, cut buses, and what is wrong said in words."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

from access.run import write
from access.sources.folder import new_study
from tests.bus_feed import town_feed
from tests.conftest import no_draws, no_hubs

pytestmark = pytest.mark.usefixtures("quick_runs", "no_pages")


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "mine"
    new_study(folder)
    return folder


@pytest.fixture
def feed(tmp_path):
    return town_feed(tmp_path / "buses.zip")


@pytest.fixture
def measured_alone():
    """Seek no hubs and draw no setting: both are found again by the run with one feed."""
    with no_hubs(), no_draws():
        yield


@pytest.fixture
def tables_alone(measured_alone, monkeypatch):
    """Write neither pages nor a report: for runs that differ in how their feeds are named.

    All files of a run with one feed, and of one with two, are made again by other tests here.
    """
    monkeypatch.setattr(write, "_WRITERS", {})
    monkeypatch.setattr(write, "_write_report", _no_report)


def _no_report(results, folder, written, progress, parts, *, internal):
    """Take what is written beside the report."""
    written(parts, progress)


def test_compare_and_rank_by_bus(access_command, study, feed):
    given = ("--timetable", feed, "--mode", "bus", "--json", "--quiet")
    done = access_command("compare", study, *given)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["three_to_two"]
    assert "the bus trip to the nearest site" in found["sentence"]
    ranked = access_command("rank", study, *given)
    assert ranked.returncode == 0, ranked.stderr
    proposal = json.loads(ranked.stdout)["three_to_two"]["proposal"]
    assert proposal["mean"] == pytest.approx(found["figures"]["mean_minutes_after"], abs=1e-6)
    cut = access_command("compare", study, *given, "--without-bus", "1")
    assert cut.returncode == 0, cut.stderr
    longer = json.loads(cut.stdout)["three_to_two"]
    assert longer["figures"]["mean_minutes_after"] > found["figures"]["mean_minutes_after"]
    assert any("route 1 withdrawn" in note for note in longer["notes"])


def test_minutes_within_and_site_take_a_timetable_too(access_command, study, feed, tmp_path):
    given = ("--timetable", feed, "--mode", "bus", "--quiet")
    table = tmp_path / "od.csv"
    done = access_command("minutes", study, *given, "--out", table)
    assert done.returncode == 0, done.stderr
    assert set(pd.read_csv(table)["mode"]) == {"bus"}
    ledger = json.loads(table.with_name("od.csv.ledger.json").read_text())
    assert "buses.zip" in [row["file"] for row in ledger["inputs"]]
    near = {
        mode: json.loads(access_command("within", study, "C1", "--minutes", "25", "--mode", mode,
                                        "--timetable", feed, "--json").stdout)
        for mode in ("walk", "bus")
    }  # fmt: skip
    assert near["bus"]["areas_within"] >= near["walk"]["areas_within"]
    assert near["bus"]["mode"] == "bus"
    hubs = access_command("site", study, *given, "--hubs", "1", "--json")
    assert hubs.returncode == 0, hubs.stderr
    assert json.loads(hubs.stdout)["mode"] == "bus"
    for command in (("minutes", study), ("within", study, "C1"), ("site", study)):
        lost = access_command(*command, "--mode", "bus")
        assert lost.returncode == 2 and "By bus: not known" in lost.stderr, lost.stderr


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--mode", "bus"), 2, "By bus: not known"),
        (("--without-bus", "1"), 2, "By bus: not known"),
        (
            ("--timetable", "FEED", "--without-bus", "1", "--mode", "walk"),
            2,
            "nothing changes by mode 'walk'",
        ),
        (("--timetable", "FEED", "--mode", "bus", "--without-bus", "99"), 2, "no route ['99']"),
        (("--timetable", "none.zip"), 9, "there is no file none.zip"),
        (("--timetable", "STUDY"), 9, "holds no stop_times.txt"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(access_command, study, feed, options, code, said):
    given = [{"FEED": str(feed), "STUDY": str(study)}.get(o, o) for o in options]
    done = access_command("compare", study, *given)
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_run_with_buses_can_be_run_again(access_command, study, feed, tmp_path):
    out = tmp_path / "out"
    done = access_command("run", study, "--timetable", feed, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    ledger = json.loads((out / "ledger.json").read_text())
    assert ledger["command"]["timetables"] == ["buses.zip"]
    assert "buses.zip" in [row["file"] for row in ledger["inputs"]]
    assert ledger["parameters"]["study"]["bus"]["window"] == ["09:00", "12:00"]
    asked = ("replay", out / "ledger.json", "--study", study)
    without = access_command(*asked)
    assert without.returncode == 3 and "give it with --timetable" in without.stderr
    other = access_command(
        *asked, "--timetable", town_feed(tmp_path / "buses2.zip", every_minutes=60)
    )
    assert other.returncode == 3 and "buses.zip" in other.stderr
    again = access_command(*asked, "--timetable", feed)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "byte for byte" in again.stdout


@pytest.mark.usefixtures("measured_alone")
def test_unpacked_feeds_of_one_name_can_be_run_again(access_command, study, feed, tmp_path):
    """A folder has a hash as a file has, and two feeds of one name are two inputs."""
    given = []
    for place, every in (("north", 30), ("south", 60)):
        folder = tmp_path / place / "our buses"
        with zipfile.ZipFile(town_feed(tmp_path / f"{place}.zip", every_minutes=every)) as packed:
            packed.extractall(folder)
        given += ["--timetable", folder]
    out = tmp_path / "out"
    done = access_command("run", study, *given, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    asked = ("replay", out / "ledger.json", "--study", study, *given)
    again = access_command(*asked)
    assert again.returncode == 0 and "byte for byte" in again.stdout, again.stdout + again.stderr
    with zipfile.ZipFile(out / "evidence.zip") as pack:  # as it is typed
        assert pack.read("README.txt").decode().count("--timetable 'our buses'") == 2
    table = tmp_path / "south" / "our buses" / "stops.txt"
    table.write_text(table.read_text().replace("Stop e0", "Stop E0"))
    other = access_command(*asked)
    assert other.returncode == 3 and "1 input(s) are not those" in other.stderr


@pytest.mark.usefixtures("tables_alone")
def test_a_run_on_the_study_s_own_feed_and_another_can_be_run_again(
    access_command, study, feed, tmp_path
):
    town_feed(study / "own.zip", every_minutes=60)
    settings = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(settings + '\n[bus]\ntimetable = "own.zip"\n', "utf-8")
    out, both = tmp_path / "out", ("--timetable", study / "own.zip", "--timetable", feed)
    done = access_command("run", study, *both, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out / "evidence.zip") as pack:
        assert "--timetable study/own.zip --timetable buses.zip" in pack.read("README.txt").decode()
    asked = ("replay", out / "ledger.json", "--study", study)
    one = access_command(*asked, "--timetable", feed)
    assert one.returncode == 3 and "own.zip, buses.zip" in one.stderr
    again = access_command(*asked, *both)
    assert again.returncode == 0 and "byte for byte" in again.stdout, again.stdout + again.stderr


@pytest.mark.usefixtures("tables_alone")
def test_a_feed_given_beside_the_study_s_own_of_that_name_is_asked_for_again(
    access_command, study, feed, tmp_path
):
    town_feed(study / "buses.zip", every_minutes=60)
    settings = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(settings + '\n[bus]\ntimetable = "buses.zip"\n', "utf-8")
    out = tmp_path / "out"
    done = access_command("run", study, "--timetable", feed, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(out / "evidence.zip") as pack:
        assert "--timetable buses.zip" in pack.read("README.txt").decode()
    asked = ("replay", out / "ledger.json", "--study", study)
    without = access_command(*asked)
    assert without.returncode == 3 and "not those of the ledger" in without.stderr
    again = access_command(*asked, "--timetable", feed)
    assert again.returncode == 0 and "byte for byte" in again.stdout, again.stdout + again.stderr
