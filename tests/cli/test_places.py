"""`access isochrones`, `path`, `minutes`, `within`: files whole, JSON alone, refusals in words."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from access.files import sha256_of
from access.sources.folder import new_study
from tests import town
from tests.conftest import call_here
from tests.small import write_study

pytestmark = pytest.mark.usefixtures("measured_once")


@pytest.fixture
def home(tmp_path):
    new_study(tmp_path / "town")
    return tmp_path


@pytest.fixture
def sites(home):
    return pd.read_csv(home / "town" / "centres.csv")


@pytest.fixture
def area(home):
    return str(pd.read_csv(home / "town" / "areas.csv", dtype={"id": str})["id"].iloc[0])


def holds(folder, *names):
    """The folder holds these, and its ledger names all but itself with their hashes."""
    ledger = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    there = {file.name for file in folder.iterdir()}
    assert there == {*names, "ledger.json"}
    assert ledger["outputs"] == {n: sha256_of(folder / n) for n in sorted(names)}
    return ledger


def test_isochrones_as_layers_a_map_and_a_table(home, sites, access_command):
    name = sites["name"].iloc[0]
    done = access_command("isochrones", "town", name, sites["id"].iloc[1],
                          "--minutes", 5, "--minutes", 10, "--out", "reach")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert name in done.stdout and "km of streets" in done.stdout
    ledger = holds(home / "reach", "isochrones.csv", "isochrones.geojson", "isochrones.gpkg",
                   "isochrones.parquet", "map.html", "summary.json")  # fmt: skip
    assert ledger["command"]["command"] == "isochrones"
    assert ledger["command"]["question"]["minutes"] == [5, 10]
    shapes = gpd.read_file(home / "reach" / "isochrones.geojson")
    layer = gpd.read_file(home / "reach" / "isochrones.gpkg", layer="isochrones")
    streets = gpd.read_file(home / "reach" / "isochrones.gpkg", layer="streets")
    assert len(shapes) == len(layer) == len(streets) == 4
    assert shapes.crs == layer.crs == "EPSG:4326"
    page = (home / "reach" / "map.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page and "within 5 minutes" in page


def test_a_path_with_its_steps(home, sites, area, access_command):
    done = access_command("path", "town", area, sites["id"].iloc[0], "--out", "way", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    holds(home / "way", "path.geojson", "path.gpkg", "steps.csv", "steps.parquet", "summary.json")
    assert said == json.loads((home / "way" / "summary.json").read_text())
    steps = pd.read_csv(home / "way" / "steps.csv")
    assert steps["metres"].sum() == pytest.approx(said["metres"])
    line = gpd.read_file(home / "way" / "path.gpkg").geometry.item()
    assert list(line.coords[0]) == pytest.approx(said["line"]["coordinates"][0], abs=1e-9)


def test_the_long_table_as_a_file_or_a_folder(home, access_command):
    for ending, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        done = access_command("minutes", "town", "--out", f"od{ending}", "--quiet")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        table = read(home / f"od{ending}")
        assert table.columns.tolist() == ["area", "site", "mode", "minutes", "metres", "status"]
        told = json.loads((home / f"od{ending}.ledger.json").read_text())
        assert told["outputs"] == {f"od{ending}": sha256_of(home / f"od{ending}")}
    done = access_command("minutes", "town", "--mode", "drive", "--out", "od", "--json")
    summary = json.loads(done.stdout)
    holds(home / "od", "minutes.csv", "minutes.parquet", "summary.json")
    assert summary["rows"] == len(table) == sum(summary["status"].values())
    both = pd.read_parquet(home / "od" / "minutes.parquet")
    assert np.isfinite(both["minutes"]).equals(both["status"].isin(["ok", "same_place"]))


def test_who_lives_within_hides_what_is_small_unless_asked(home, sites, access_command):
    areas = pd.read_csv(home / "town" / "areas.csv")
    near = access_command("within", "town", sites["id"].iloc[0], "--minutes", 12, "--mode", "walk",
                          "--out", "near")  # fmt: skip
    assert near.returncode == 0, near.stderr
    assert f"Within 12 minutes (walking) of {sites['name'].iloc[0]}" in near.stdout
    holds(home / "near", "summary.json", "within.csv", "within.parquet")
    table = pd.read_csv(home / "near" / "within.csv", keep_default_na=False)
    said = access_command("within", "town", sites["id"].iloc[0], "--minutes", 12, "--mode", "walk",
                          "--json", "--internal")  # fmt: skip
    whole = json.loads(said.stdout)
    assert whole["internal"] is True
    assert len(whole["groups"]) == len(table) and len(areas) >= whole["areas_within"]
    for row, full in zip(table.to_dict("records"), whole["groups"], strict=True):
        for column in ("within", "beyond", "all"):
            if column in row["hidden"].split():
                assert row[column] == ""
            else:
                assert float(row[column]) == full[column]
                assert not 0 < full[column] < 5


def test_the_councils_own_copy_tells_small_counts_in_words_too(home, access_command):
    folder = write_study(home / "small", services={"hall": 3}, side=4)
    table = pd.read_csv(folder / "areas.csv")
    table["people_hall"] = 2
    table.to_csv(folder / "areas.csv", index=False)
    words = ("within", folder, "H1", "--minutes", 2)
    count = json.loads(access_command(*words, "--internal", "--json").stdout)["groups"][0]["within"]
    assert 0 < count < 5
    assert f"{count:.0f} of 32 hall people" in access_command(*words, "--internal").stdout
    assert "too small to tell" in access_command(*words).stdout


def twin(home, small: int):
    """Write a made-up town with small counts of a council's own, and its streets."""
    folder = town.write_study(home / "trefelin")
    settings = (folder / "study.toml").read_text(encoding="utf-8").split("[disclosure")[0]
    (folder / "study.toml").write_text(settings, encoding="utf-8")
    areas = pd.read_csv(folder / "areas.csv")
    few = [small if k % 3 == 0 else n for k, n in enumerate(areas["children_0_4"])]
    areas.assign(children_0_4=few).to_csv(folder / "areas.csv", index=False)
    town.write_town(home / "streets.osm")
    return home


@pytest.mark.parametrize(
    "words",
    ["within trefelin T1 --minutes 5", "within trefelin T1 --minutes 60", "minutes trefelin",
     "path trefelin W01 T1", "isochrones trefelin T1 --minutes 5",
     "network streets.osm --study trefelin"],
)  # fmt: skip
def test_what_is_told_of_places_does_not_change_with_protected_counts(tmp_path, words):
    """Set beside what a run publishes it would give them away, and so would a ledger's hash."""
    told = []
    for name, small in (("one", 1), ("other", 4)):
        home = twin(tmp_path / name, small)
        done = call_here(home, *words.split(), "--json", "--out", "out")
        assert done.returncode == 0, done.stderr
        files = {f.name: f.read_bytes() for f in sorted((home / "out").iterdir())}
        told.append((done.stdout, files))
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["isochrones", "town", "Nowhere"], "sites: ['Nowhere'] are no sites of the study"),
        (["isochrones", "town", "{site}", "--minutes", "-3"], "minutes=-3"),
        (["isochrones", "town", "{site}", "--mode", "typical"], "no streets of its own"),
        (["isochrones", "town", "{site}", "--buffer", "0"], "buffer_m=0"),
        (["path", "town", "Nowhere", "{site}"], "unknown area id ['Nowhere']"),
        (["path", "town", "{area}", "Nowhere"], "site: ['Nowhere'] are no sites"),
        (["minutes", "town", "--mode", "bus"], "bus.timetable of study.toml"),
        (["within", "town", "{site}", "--minutes", "nan"], "minutes=nan"),
        (["within", "nowhere", "{site}"], "nowhere"),
        (["minutes", "town", "--out", "town/areas.csv"], "areas.csv"),
        (["within", "town", "{site}", "--out", "town"], "town"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_written(
    home, sites, area, access_command, words, said
):
    before = {p: p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}
    given = [w.format(site=sites["id"].iloc[0], area=area) for w in words]
    done = access_command(*given)
    assert done.returncode not in (0, 70), done.stdout
    assert said in done.stderr and "Traceback" not in done.stderr
    after = {p: p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}
    assert {p: b for p, b in after.items() if "home" not in p.parts} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["isochrones", "town", "Nowhere"], "sites: ['Nowhere']"),
        (["isochrones", "town", "C1", "--mode", "swim"], "no mode 'swim'"),
        (["path", "town", "A01", "C1", "--mode", "swim"], "expected walk or drive\n"),
        (["path", "town", "Nowhere", "C1"], "unknown area id ['Nowhere']"),
        (["path", "town", "A01", "Nowhere"], "site: ['Nowhere']"),
        (["within", "town", "Nowhere"], "site: ['Nowhere']"),
        (["minutes", "town", "--mode", "swim"], "no mode 'swim'"),
        (["compare", "town", "--by", "shoe_size"], "shoe_size"),
        (["compare", "town", "--mode", "swim"], "no mode 'swim'"),
        (["rank", "town", "--never-close", "Nowhere"], "never_close: ['Nowhere']"),
        (["site", "town", "--plan", "Nowhere"], "plans: ['Nowhere']"),
        (["site", "town", "--open", "Nowhere"], "locked_open: ['Nowhere']"),
        (["site", "town", "--never", "Nowhere"], "locked_closed: ['Nowhere']"),
        (["site", "town", "--open", "C3"], "C3 cannot be chosen"),
        (["site", "town", "--plan", "C3"], "C3 cannot be chosen"),
        (["site", "town", "--between", "council"], "two keys of plans"),
        (["site", "town", "--between", "council,nothing"], "no plan 'nothing'"),
        (["site", "town", "--between", "freely,asked_1"], "no plan 'asked_1'"),
        (["report", "town", "--mode", "swim"], "no mode 'swim'"),
        (["map", "town", "--static", "--mode", "swim"], "no mode 'swim'"),
        (["map", "town", "--mode", "walk"], "--static"),
        *(
            ([*command, "--mode", "bus"], "--timetable where a command has it")
            for command in (
                ["compare", "town"], ["rank", "town"], ["site", "town"], ["minutes", "town"],
                ["within", "town", "C1"], ["report", "town"], ["map", "town", "--static"],
            )
        ),
        *(
            ([*command, "--walk-km-h", "40"], "walk_km_h=40")
            for command in (
                ["compare", "town"], ["rank", "town"], ["site", "town"], ["minutes", "town"],
                ["within", "town", "C1"], ["path", "town", "A01", "C1"],
                ["isochrones", "town", "C1"],
            )
        ),
        *(
            ([command, "town", "--weights", "shoe_size"], "weights='shoe_size'")
            for command in ("compare", "rank", "site")
        ),
        (["compare", "town", "--without-bus", "22"], "no timetable was given"),
        (["rank", "town", "--threshold", "-1"], "threshold_minutes=-1"),
        (["isochrones", "town", "C1", "--minutes", "-1"], "minutes=-1"),
        (["isochrones", "town", "C1", "--buffer", "9999"], "buffer_m=9999"),
        (["isochrones", "town", "C1", "--mode", "typical"], "no streets of its own"),
        (["path", "town", "A01", "C1", "--mode", "typical"], "no streets of its own"),
        (["within", "town", "C1", "--minutes", "0"], "minutes=0"),
        (["site", "town", "--greenfield", "999"], "greenfield=999"),
        (["site", "placed", "--min-per-locality", "9"], "9 hubs in North, which has"),
        (["site", "placed", "--hubs", "1", "--min-per-locality", "1"], "expected 2 hubs or more"),
        (["site", "town", "--hubs", "99"], "size=99 is no use here; expected a whole"),
        (["site", "town", "--capacity", "shoe_size"], "capacity 'shoe_size' is none of"),
        (["site", "town", "--time-limit", "0"], "time_limit_s=0"),
        (["site", "town", "--alternatives", "99999"], "near_best=99999"),
        (["site", "town", "--open", "C1", "--never", "C1"], "must be a hub and may not be one"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_anything_is_measured(
    home, access_command, words, said
):
    if "placed" in words:
        new_study(home / "placed")
        centres = pd.read_csv(home / "placed" / "centres.csv", dtype=str)
        where = ["North" if k % 2 else "South" for k in range(len(centres))]
        centres.assign(locality=where).to_csv(home / "placed" / "centres.csv", index=False)
    done = access_command(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "..." not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["rank", "town", "--min-per-locality", "9"], 2, "locality"),
        (["site", "town", "--min-per-locality", "9"], 2, "locality"),
        (["rank", "town", "--close", "C1", "--never-close", "C1", "--never-close", "C2",
          "--never-close", "C3"], 6, "keep more"),
        *(
            ([*command, "--out", "seen.csv/reach"], 8, "cannot write into seen.csv/reach")
            for command in (["run", "town"], ["report", "town"], ["map", "town"], ["site", "town"],
                            ["isochrones", "town", "C1"], ["minutes", "town"])
        ),
        (["compare", "town", "--timetable", "none.zip"], 9, "there is no file none.zip"),
        (["report", "town", "--timetable", "seen.csv"], 9, "is not a whole zip"),
        (["minutes", "town", "--out", "seen.csv/od.csv"], 8, "seen.csv/od.csv cannot be written"),
        (["site", "town", "--costs", "none.csv"], 3, "none.csv cannot be read"),
        (["compare", "town", "--attendance", "seen.csv"], 2, "attendance, row 3, site: found 'C9'"),
    ],
)  # fmt: skip
def test_rules_and_tables_that_leave_nothing_are_refused_as_early(
    home, access_command, words, code, said
):
    (home / "seen.csv").write_text("area,site,attendances\nA01,C1,10\nA01,C9,10\n", "utf-8")
    done = access_command(*words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "..." not in done.stderr


@pytest.mark.parametrize("name", ["isochrones", "path", "minutes", "within"])
def test_help_teaches_by_example(access_command, name):
    done = access_command(name, "--help")
    assert done.returncode == 0
    assert f"access {name} " in done.stdout and "ledger.json" in done.stdout
