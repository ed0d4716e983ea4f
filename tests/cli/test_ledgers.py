"""Every command's ledger names every file it was given, and stays true to what lies beside it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from access.files import sha256_of, write_file
from tests import town
from tests.bus_feed import town_feed
from tests.conftest import call_here, no_draws, no_hubs

pytestmark = pytest.mark.usefixtures("quick_runs", "no_pages")


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> Path:
    """Give a town with streets, buses, costs, attendances and a scenario, each in a file."""
    home = tmp_path_factory.mktemp("given")
    town.write_study(home / "trefelin")
    town.write_town(home / "streets.osm")
    town_feed(home / "buses.zip", moved=(-2.23, -1.215))
    ids = [*(row[0] for row in town.CENTRES), *(row[0] for row in town.CANDIDATES)]
    pd.DataFrame({"id": ids, "cost": 10_000}).to_csv(home / "costs.csv", index=False)
    use = pd.DataFrame({"area": ["W01", "W02"], "site": ["T1", "T3"], "attendances": [40, 9]})
    use.to_csv(home / "use.csv", index=False)
    (home / "plan.toml").write_text(
        'name = "A plan"\n[[modification]]\naction = "close"\nsite = "T3"\n', encoding="utf-8"
    )
    return home


@pytest.fixture(autouse=True)
def hubs_for_one(request):
    """Seek hubs and draw settings for the run whose every file is looked at, and for no other."""
    if "test_every_file" in request.node.name and "[run]" in request.node.name:
        yield
    else:
        with no_hubs(), no_draws():
            yield


STREETS = ("--network", "streets.osm")
TIMETABLE = ("--timetable", "buses.zip")
COMMANDS = {
    "compare": ("trefelin", "--scenario", "plan.toml", "--service", "childrens_centre",
                "--attendance", "use.csv", *STREETS, *TIMETABLE),
    "rank": ("trefelin", *STREETS, *TIMETABLE),
    "site": ("trefelin", "--hubs", "1", "--most", "2", "--costs", "costs.csv", *STREETS),
    "isochrones": ("trefelin", "T1", "--minutes", "5", *STREETS),
    "path": ("trefelin", "W01", "T1", *STREETS),
    "minutes": ("trefelin", *STREETS),
    "within": ("trefelin", "T1", *STREETS),
    "network": ("streets.osm", "--study", "trefelin"),
    "run": ("trefelin", *STREETS, *TIMETABLE),
    "report": ("trefelin", "--draws", "0", *STREETS, *TIMETABLE),
    "map": ("trefelin", *STREETS, *TIMETABLE),
}  # fmt: skip
#: Those that add to a folder leave a former run's ledger.json there.
LEDGERS = {"report": "report.ledger.json", "map": "map.ledger.json"}
OWN = {"study.toml", "areas.csv", "centres.csv", "candidates.csv"}


def read(path: Path):
    """Read a ledger."""
    return json.loads(path.read_text(encoding="utf-8"))


def asked(given: Path, home: Path, access_command, command: str, *more: str):
    """Run a command on copies of the files, in a folder of the test's own."""
    shutil.copytree(given, home, dirs_exist_ok=True)
    done = access_command(command, *COMMANDS[command], *more, "--quiet")
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("command", COMMANDS)
def test_every_file_that_was_given_is_named_with_its_hash(given, tmp_path, access_command, command):
    asked(given, tmp_path, access_command, command, "--out", "out")
    ledger = read(tmp_path / "out" / LEDGERS.get(command, "ledger.json"))
    named = {row["file"]: row["sha256"] for row in ledger["inputs"]}
    files = [word for word in COMMANDS[command] if (tmp_path / word).is_file()]
    assert named.keys() >= {*files, *OWN}
    for name in named:
        place = tmp_path / name if name in files else tmp_path / "trefelin" / name
        assert named[name] == hashlib.sha256(place.read_bytes()).hexdigest(), name
    written = {
        file.relative_to(tmp_path / "out").as_posix(): sha256_of(file)
        for file in (tmp_path / "out").rglob("*")
        if file.is_file() and file.name not in {"ledger.json", "evidence.zip", *LEDGERS.values()}
    }
    assert ledger["outputs"] == written
    assert ledger["command"]["command"] == command


@pytest.mark.parametrize("command", COMMANDS)
def test_no_output_goes_where_a_given_file_lies(given, tmp_path, access_command, command):
    shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out").mkdir()
    for name in (word for word in COMMANDS[command] if (tmp_path / word).is_file()):
        moved = shutil.move(tmp_path / name, tmp_path / "out" / name)
        words = [f"out/{name}" if word == name else word for word in COMMANDS[command]]
        done = access_command(command, *words, "--out", "out", "--quiet")
        assert done.returncode != 0, name
        assert f"holds an input (out/{name})" in done.stderr, name
        assert [file.name for file in (tmp_path / "out").iterdir()] == [name]
        shutil.move(moved, tmp_path / name)


@pytest.fixture(scope="module")
def ran(given, tmp_path_factory) -> Path:
    """Give the files, and what a run of them wrote."""
    home = tmp_path_factory.mktemp("ran")
    shutil.copytree(given, home, dirs_exist_ok=True)
    with no_hubs(), no_draws():
        done = call_here(home, "run", "trefelin", "--out", "out", "--quiet")
    assert done.returncode == 0, done.stderr
    return home


def true_of(folder: Path) -> dict:
    """Every ledger there is true of what lies beside it; give the run's own."""
    for file in folder.glob("*ledger.json"):
        for name, sha in read(file)["outputs"].items():
            assert sha256_of(folder / name) == sha, f"{file.name}: {name}"
    return read(folder / "ledger.json")


ADDED = {
    "report": (("--draws", "0", "--date", "2020-01-01"), {"report.pdf", "report.docx",
                                                          "tables.xlsx"}),
    "map": (("--online-tiles",), {"explorer.html"}),
}  # fmt: skip


@pytest.mark.parametrize("command", ADDED)
def test_what_is_added_to_a_run_leaves_its_ledger_true(ran, tmp_path, access_command, command):
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    out, (options, files) = tmp_path / "out", ADDED[command]
    before = true_of(out)
    done = access_command(command, "trefelin", "--out", "out", "--quiet", *options)
    assert done.returncode == 0, done.stderr
    after = true_of(out)
    assert before["outputs"].keys() - after["outputs"].keys() == files
    assert after["replaced"] == dict.fromkeys(files, LEDGERS[command])
    assert read(out / LEDGERS[command])["outputs"].keys() >= files


def test_a_run_writes_what_was_added_anew_and_its_ledger(ran, tmp_path, access_command):
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    out = tmp_path / "out"
    before = true_of(out)
    access_command("map", "trefelin", "--out", "out", "--quiet", "--online-tiles")
    assert true_of(out) != before
    again = access_command("run", "trefelin", "--out", "out", "--quiet")
    assert again.returncode == 0, again.stderr
    assert true_of(out) == before
    assert not (out / LEDGERS["map"]).exists()


def test_what_is_added_with_the_same_bytes_stays_in_the_ledger(ran, tmp_path, access_command):
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "out" / "ledger.json").read_bytes()
    done = access_command("map", "trefelin", "--out", "out", "--quiet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "ledger.json").read_bytes() == before
    true_of(tmp_path / "out")


def test_a_single_file_written_over_a_run_leaves_its_ledger(ran, tmp_path):
    shutil.copytree(ran / "out", tmp_path / "out")
    before = true_of(tmp_path / "out")
    write_file(tmp_path / "out" / "explorer.html", b"<!doctype html>another")
    after = true_of(tmp_path / "out")
    assert after["replaced"] == {"explorer.html": None}
    assert before["outputs"].keys() - after["outputs"].keys() == {"explorer.html"}
