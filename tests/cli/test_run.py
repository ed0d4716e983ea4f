"""`access run`: the embedded study, real streets, and all that can go wrong."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest

from access.files import sha256_of
from access.sources.folder import new_study
from tests.conftest import few_draws, no_draws, one_picture, plain_pages
from tests.newport import make_newport

OUTPUTS = {
    "summary.json",
    "areas.csv",
    "alternatives.csv",
    "study.gpkg",
    "map.html",
    "explorer.html",
    "report.docx",
    "report.pdf",
    "tables.xlsx",
    "ledger.json",
    "evidence.zip",
    "hubs.csv",
    "chart-hubs.png",
}


def small_study(tmp_path: Path) -> Path:
    """Make the made-up study of `access new`: quick, and with everything that a study needs."""
    new_study(tmp_path / "my_town")
    return tmp_path / "my_town"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def failed_plainly(done, code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


# --- wrong inputs -------------------------------------------------------------------------------


def test_a_faulty_study_leaves_former_outputs_whole(access_command, town_run, tmp_path):
    folder = small_study(tmp_path)
    out = Path(shutil.copytree(town_run / "out", tmp_path / "out"))
    before = {f.name: sha256_of(f) for f in out.iterdir()}
    edit(folder / "study.toml", 'close = ["C3"]', 'close = ["C3", "C99"]')
    failed_plainly(access_command("run", folder, "--out", out), 3, "C99", "study.toml")
    assert {f.name: sha256_of(f) for f in out.iterdir()} == before


def test_out_that_is_a_file(access_command, tmp_path):
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    done = access_command("run", small_study(tmp_path), "--out", tmp_path / "taken", "--quiet")
    failed_plainly(done, 8, "cannot write into", "--out")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_network_file_that_is_not_there(access_command, tmp_path):
    done = access_command("run", "--network", tmp_path / "no.osm.pbf", "--out", tmp_path / "o")
    failed_plainly(done, 4, "no.osm.pbf")


@pytest.mark.parametrize("kind", ["truncated", "not a map"])
def test_network_file_that_cannot_be_read(access_command, tmp_path, shared_data, kind):
    good = shared_data("newport/newport-2023-06-13.osm.pbf").read_bytes()
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(good[: len(good) // 2] if kind == "truncated" else b"<html>not found</html>")
    done = access_command("run", "--network", bad, "--out", tmp_path / "out")
    failed_plainly(done, 4, "bad.osm.pbf")
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_network_of_another_place(access_command, tmp_path, shared_data):
    streets = shared_data("newport/newport-2023-06-13.osm.pbf")
    done = access_command("run", "--network", streets, "--out", tmp_path / "out")
    failed_plainly(done, 4, "misses the study")


def test_a_centre_that_does_not_snap_is_named(access_command, tmp_path, shared_data):
    folder = make_newport(tmp_path / "newport", shared_data)
    centres = pd.read_csv(folder / "centres.csv")
    centres.loc[0, ["lon", "lat"]] = [-3.20, 51.70]
    centres.to_csv(folder / "centres.csv", index=False)
    streets = shared_data("newport/newport-2023-06-13.osm.pbf")
    done = access_command("run", folder, "--network", streets, "--out", tmp_path / "out")
    failed_plainly(done, 4, "N01", "snap_limit_m")


# --- the embedded study -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rotherham(rotherham_run, rotherham_results):
    """Give what the command measured of the embedded study, and where it wrote."""
    return rotherham_results, rotherham_run / "maps" / "rotherham"


@pytest.mark.slow
def test_the_command_runs_anywhere_and_speaks_plainly(rotherham_run):
    folder = rotherham_run / "maps" / "rotherham"
    said = (rotherham_run / "said.txt").read_text(encoding="utf-8")
    assert {f.name for f in folder.iterdir()} >= OUTPUTS
    for words in ("Children's Centres from 12 to 9", "Youth Centres from 11 to 6",
                  "Park View", "Modelled streets: not a survey", "stand-in",
                  "Family Hubs, by family trip", "The best 3 hubs",
                  "Only travel is weighed"):  # fmt: skip
        assert words in said
    assert "nan" not in said
    assert "inf " not in said


@pytest.mark.slow
def test_what_was_measured_is_told_alike_each_time(rotherham, tmp_path):
    """What the command measured, kept and read back: its tables are the files it wrote."""
    from access.files import to_json
    from access.run import summary_of
    from access.run.write import _TABLES, _write_table

    results, out = rotherham
    assert to_json(summary_of(results)) == (out / "summary.json").read_text(encoding="utf-8")
    for name, make in _TABLES.items():
        _write_table(results, make, tmp_path, name)
    written = sorted(file.name for file in tmp_path.iterdir())
    assert len(written) == 6
    for name in written:
        assert sha256_of(tmp_path / name) == sha256_of(out / name), name


def test_two_runs_give_the_same_bytes(town_run, town_again):
    """Every output, in processes with another order of sets and dictionaries, and on another CPU.

    The second is `access replay` of the first, and wrote its ledger and its pack anew as well.
    """
    one, other = town_run / "out", town_again / "out"
    names = {file.name for file in one.iterdir()}
    assert names >= OUTPUTS
    assert names == {file.name for file in other.iterdir()}
    for name in names:
        assert sha256_of(one / name) == sha256_of(other / name), name


@pytest.mark.slow
def test_ledger_holds_inputs_settings_versions_and_output_hashes(rotherham):
    _, out = rotherham
    ledger = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    assert {row["file"] for row in ledger["inputs"]} >= {"study.toml", "areas.csv", "centres.csv"}
    assert all(len(row["sha256"]) == 64 and row["vintage"] for row in ledger["inputs"])
    assert ledger["parameters"]["study"]["travel"]["walk_km_h"] == 4.8
    written = {f.name for f in out.iterdir()} - {"ledger.json", "evidence.zip"}
    assert OUTPUTS - {"ledger.json", "evidence.zip"} <= written
    assert ledger["outputs"] == {name: sha256_of(out / name) for name in written}
    assert any("Modelled streets" in a for a in ledger["assumptions"])
    assert any(
        a.startswith("Joint demand: Children's Centre offer (0 to 4), Youth offer (11 to 18)")
        and "which count alike" in a
        for a in ledger["assumptions"]
    )
    assert "numpy" in ledger["versions"]


@pytest.mark.slow
def test_every_area_and_every_family_comes_out_again(rotherham):
    results, out = rotherham
    with (out / "areas.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 854
    assert sum(float(r["children_0_4"]) for r in rows) == 15_972
    for proposal in results.proposals.values():
        for impact in proposal.impacts.values():
            assert impact.areas["count"].sum() == impact.summary["families"]


@pytest.mark.slow
def test_summary_agrees_with_the_area_table(rotherham):
    _, out = rotherham
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    areas = pd.read_csv(out / "areas.csv")
    for key, count in (("childrens_centres_12_to_9", "children_0_4"),
                       ("youth_centres_11_to_6", "young_11_18")):  # fmt: skip
        for mode in ("walk", "drive", "typical"):
            figures = summary["proposals"][key]["modes"][mode]["figures"]
            for when in ("before", "after"):
                minutes = areas[f"{key}__{mode}__minutes_{when}"]
                mean = np.average(minutes, weights=areas[count])
                assert figures[f"mean_minutes_{when}"] == pytest.approx(mean, abs=2e-3)


@pytest.mark.slow
def test_closing_never_shortens_a_trip(rotherham):
    _, out = rotherham
    areas = pd.read_csv(out / "areas.csv")
    changes = areas.filter(like="change_minutes")
    assert changes.shape[1] == 6
    assert (changes >= 0).all().all()
    assert (changes > 10).any().any()


@pytest.mark.slow
def test_geopackage_opens_with_all_its_layers(rotherham):
    _, out = rotherham
    layers = dict(pyogrio.list_layers(out / "study.gpkg"))
    assert set(layers) == {
        "areas", "area_points", "boundary", "centres", "candidates", "neighbours", "hub_candidates",
        "snap_lines", "network_walk", "network_drive", "layer_styles",
    }  # fmt: skip
    hubs = gpd.read_file(out / "study.gpkg", layer="hub_candidates")
    assert len(hubs) == 88
    assert hubs["best_for"].str.split().explode().eq("3").sum() == hubs["council"].sum() == 3
    areas = gpd.read_file(out / "study.gpkg", layer="areas")
    assert len(areas) == 854
    assert areas.crs.to_epsg() == 27700
    centres = gpd.read_file(out / "study.gpkg", layer="centres")
    assert len(centres) == 23
    assert (centres["closed_by"] == "youth_centres_11_to_6").sum() == 5
    network = gpd.read_file(out / "study.gpkg", layer="network_walk")
    assert len(network) > 2000


@pytest.mark.slow
def test_map_holds_everything_itself_and_names_what_is_modelled(rotherham):
    _, out = rotherham
    page = (out / "map.html").read_text(encoding="utf-8")
    assert "Modelled streets: not a survey" in page
    assert "cdn." not in page
    assert "<script src" not in page
    assert len(page) < 8_000_000


# --- real streets -------------------------------------------------------------------------------


def test_the_same_command_runs_on_real_streets(access_command, tmp_path, shared_data):
    folder = make_newport(tmp_path / "newport", shared_data)
    streets = shared_data("newport/newport-2023-06-13.osm.pbf")
    out = tmp_path / "out"
    with no_draws(), few_draws(), one_picture():
        done = access_command("run", folder, "--network", streets, "--out", out)
    assert done.returncode == 0, done.stderr
    assert {f.name for f in out.iterdir()} >= OUTPUTS
    assert "OpenStreetMap contributors" in done.stdout
    assert "Modelled" not in done.stdout
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    modes = summary["proposals"]["places_18_to_15"]["modes"]
    assert set(modes) == {"walk", "drive"}, "no car figures, so no typical trip"
    walk, drive = modes["walk"]["figures"], modes["drive"]["figures"]
    assert walk["sites_before"] == 18
    assert walk["sites_after"] == 15
    assert walk["lengthened"] > 0
    assert 8 < walk["mean_minutes_before"] < 25
    assert drive["mean_minutes_before"] < walk["mean_minutes_before"]
    ledger = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    assert any(row["file"] == streets.name for row in ledger["inputs"])


def test_hostile_names_are_text_everywhere(tmp_path):
    from access.run import run_job, write_outputs
    from access.study import load_study

    folder = small_study(tmp_path)
    hostile = "<script>alert(1)</script>{{ 7*7 }}`${9*9}`"
    edit(folder / "centres.csv", "Market Street Children's Centre", hostile)
    edit(folder / "centres.csv", "Hilltop Children's Centre", "=cmd|' /C calc'!A0")
    text = (folder / "areas.csv").read_text(encoding="utf-8")
    lines = [f"{line},=1+1" for line in text.splitlines()]
    lines[0] = text.splitlines()[0] + ",ward"
    (folder / "areas.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    # charts and reports of such names: `tests/unit/test_hostile_text.py`
    with no_draws(), few_draws(), one_picture(), plain_pages():
        write_outputs(run_job(load_study(folder)), out)
    for name in ("map.html", "explorer.html"):
        assert "<script>alert(1)" not in (out / name).read_text(encoding="utf-8"), name
    page = (out / "map.html").read_text(encoding="utf-8")
    assert "&#123;&#123; 7*7 &#125;&#125;&#96;&#36;&#123;9*9&#125;&#96;" in page
    assert "`${9*9}`" not in page
    for name in ("areas.csv", "alternatives.csv"):
        with (out / name).open(encoding="utf-8", newline="") as file:
            cells = [v for row in csv.DictReader(file) for v in row.values()]
        assert not any(c.startswith("=") for c in cells), name
    with (out / "areas.csv").open(encoding="utf-8", newline="") as file:
        assert {row["ward"] for row in csv.DictReader(file)} == {"'=1+1"}


def test_only_files_that_are_there_are_named_at_the_end(access_command, tmp_path):
    new_study(tmp_path / "town")
    text = (tmp_path / "town" / "study.toml").read_text("utf-8")
    start, end = text.index("[proposals."), text.index("[travel]")
    (tmp_path / "town" / "study.toml").write_text(text[:start] + text[end:], "utf-8")
    with few_draws(), one_picture():
        done = access_command("run", tmp_path / "town", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert "explorer.html for the public" in last
    assert not (tmp_path / "out" / "report.pdf").exists() and "report.pdf" not in last
