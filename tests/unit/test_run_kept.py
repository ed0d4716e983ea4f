"""What a run keeps of a street extract: never wrong, never in the way, and the same answers."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from access.analysis.job import measure_study, run_job, travel_times
from access.errors import NetworkError
from access.files import sha256_of
from access.network import build, surroundings
from access.network import cache as kept
from access.network.matrix import TravelMatrix
from access.run import write_outputs
from access.sources.folder import new_study
from access.sources.http import _CACHE_VARIABLE, user_cache
from access.study import Study, load_study
from tests.conftest import plain_pages
from tests.newport import make_newport
from tests.streets import write_osm

pytestmark = pytest.mark.usefixtures("quick_runs")

STREET = {"highway": "residential", "name": "Grid Street"}
LINES = 9


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Keep things in a folder of the test's own."""
    monkeypatch.setenv(_CACHE_VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def study(tmp_path) -> Study:
    new_study(tmp_path / "my_town")
    return load_study(tmp_path / "my_town")


@pytest.fixture
def streets(tmp_path, study) -> Path:
    """Lay a grid of streets over the made-up town."""
    places = [study.areas, study.centres]
    ends = {
        c: (min(f[c].min() for f in places) - 0.002, max(f[c].max() for f in places) + 0.002)
        for c in ("lon", "lat")
    }

    def step(column: str, k: int) -> float:
        low, high = ends[column]
        return round(low + (high - low) * k / (LINES - 1), 7)

    grid = range(LINES)
    nodes = {1 + LINES * i + j: (step("lon", i), step("lat", j)) for i in grid for j in grid}
    ways = [(100 + i, [1 + LINES * i + j for j in grid], STREET) for i in grid]
    ways += [(200 + j, [1 + LINES * i + j for i in grid], STREET) for j in grid]
    return write_osm(tmp_path / "town.osm", nodes, ways)


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Count how often a street file is really read."""
    names: list[str] = []
    read = build._read_streets
    monkeypatch.setattr(build, "_read_streets", lambda path: names.append(path.name) or read(path))
    return names


def same(one: TravelMatrix, two: TravelMatrix) -> bool:
    arrays = ("entry_minutes", "network_minutes", "exit_minutes", "total_minutes",
              "network_metres", "status")  # fmt: skip
    return one.provenance == two.provenance and all(
        getattr(one, a).tobytes() == getattr(two, a).tobytes() for a in arrays
    )


# --- the folder: wrong ones first ----------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_said_and_stops_nothing(
    tmp_path, monkeypatch, caplog, study, streets
):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    monkeypatch.setenv(_CACHE_VARIABLE, str(tmp_path / "taken"))
    with caplog.at_level(logging.WARNING):
        assert user_cache() is None
        assert travel_times(study, network=streets).matrices
    assert "nothing is kept for the next run" in caplog.text
    assert "ACCESS_CACHE" in caplog.text


def test_a_folder_that_cannot_be_written_is_said(folder, monkeypatch, caplog):
    monkeypatch.setattr(os, "access", lambda path, how: False)  # root may write everywhere
    with caplog.at_level(logging.WARNING):
        assert user_cache() is None
    assert "cannot be written" in caplog.text


def test_a_full_disk_is_said_and_stops_nothing(folder, monkeypatch, caplog, study, streets):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "_save_network", full)
    monkeypatch.setattr(kept, "_write_matrix", full)
    with caplog.at_level(logging.WARNING):
        assert travel_times(study, network=streets).matrices
    assert caplog.text.count("could not be kept for the next time") == 4


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "{home}/xdg"}, "xdg/family-access"),
        ("linux", {}, ".cache/family-access"),
        ("darwin", {}, "Library/Caches/family-access"),
        ("win32", {"LOCALAPPDATA": "{home}/local"}, "local/family-access"),
    ],
)
def test_each_system_has_its_own_folder(tmp_path, monkeypatch, system, variables, expected):
    for name in (_CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=tmp_path))
    monkeypatch.setattr(sys, "platform", system)
    assert user_cache() == tmp_path / expected


@pytest.mark.parametrize("word", ["off", "OFF", " off "])
def test_off_keeps_nothing(tmp_path, monkeypatch, word, study, streets, reads):
    monkeypatch.setenv(_CACHE_VARIABLE, word)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert user_cache() is None
    for _ in range(2):
        travel_times(study, network=streets)
    assert reads == ["town.osm", "town.osm"], "once a run, for both modes"
    assert not (tmp_path / "home").exists()


# --- found again ---------------------------------------------------------------------------------


def test_the_second_run_does_not_read_the_extract(folder, study, streets, reads):
    told: list[str] = []
    first = travel_times(study, network=streets, progress=told.append)
    assert told[:3] == ["reading town.osm", "building the walk network",
                        "building the drive network"]  # fmt: skip
    assert len(list(folder.glob("network-*.npz"))) == 2
    assert len(list(folder.glob("matrix-*.parquet"))) == 2
    told.clear()
    second = travel_times(study, network=streets, progress=told.append)
    assert reads == ["town.osm"]
    assert told[0] == "taking the walk network kept from an earlier run on town.osm"
    for mode in ("walk", "drive"):
        assert first.networks[mode].digest == second.networks[mode].digest
        assert same(first.matrices[mode], second.matrices[mode])


def test_another_extract_or_another_speed_is_read_again(folder, tmp_path, study, streets, reads):
    travel_times(study, network=streets)
    settings = tmp_path / "my_town" / "study.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("walk_km_h = 4.8", "walk_km_h = 4.0"), encoding="utf-8")
    slow = load_study(tmp_path / "my_town")
    assert slow.config.travel.walk_km_h == 4.0
    slower = travel_times(slow, network=streets)
    assert reads == ["town.osm"] * 2
    text = streets.read_text(encoding="utf-8").replace("Grid Street", "Grid Road")
    streets.write_text(text, encoding="utf-8")
    other = travel_times(study, network=streets)
    assert reads == ["town.osm"] * 3
    one, two = (r.matrices["walk"].total_minutes for r in (slower, other))
    assert (one > two).any()


def test_not_to_keep_neither_reads_nor_writes_the_folder(folder, study, streets, reads):
    travel_times(study, network=streets, keep=False)
    assert not folder.exists()
    travel_times(study, network=streets)
    travel_times(study, network=streets, keep=False)
    assert len(reads) == 3


def test_modelled_streets_keep_nothing(folder, study):
    travel_times(study)
    assert not folder.exists()


def test_only_so_many_are_kept_and_the_least_used_goes(folder, monkeypatch, study, streets):
    monkeypatch.setattr(kept, "_MOST_KEPT", 3)
    folder.mkdir()
    for age, name in enumerate(("network-b.npz", "network-a.npz")):
        (folder / name).write_bytes(b"old")
        os.utime(folder / name, (1000 + age, 1000 + age))
    (folder / "mine.npz").write_bytes(b"not ours")
    travel_times(study, network=streets)
    names = {path.name for path in folder.iterdir()}
    assert "network-b.npz" not in names
    assert {"network-a.npz", "mine.npz"} <= names
    assert len([n for n in names if n.startswith("network-")]) == 3


# --- damaged -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("network-*.npz", "empty"),
        ("network-*.npz", "cut"),
        ("network-*.npz", "bit"),
        ("matrix-*.parquet", "empty"),
        ("matrix-*.parquet", "cut"),
    ],
)
def test_a_damaged_file_is_said_and_made_again(folder, study, streets, caplog, reads, what, how):
    first = travel_times(study, network=streets)
    spoilt = sorted(folder.glob(what))
    for path in spoilt:
        data = bytearray(path.read_bytes())
        if how == "bit":
            data[len(data) // 2] ^= 1
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2]}.get(how, data))
    with caplog.at_level(logging.WARNING):
        second = travel_times(study, network=streets)
    for path in spoilt:
        assert f"{path} cannot be used" in caplog.text
    assert caplog.text.count("again") == 2
    assert len(reads) == (2 if what.startswith("network") else 1)
    for mode in ("walk", "drive"):
        assert same(first.matrices[mode], second.matrices[mode])
    caplog.clear()
    travel_times(study, network=streets)
    assert not caplog.text, "what was made again is whole"


# --- what maps show beside the streets ------------------------------------------------------------


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """Count how often a street file is read for what lies beside the streets."""
    done: list[str] = []
    for name in ("_read_surroundings", "_read_names"):
        read = getattr(surroundings, name)
        monkeypatch.setattr(
            surroundings, name,
            lambda *given, _name=name, _read=read: done.append(_name) or _read(*given),
        )  # fmt: skip
    return done


def with_water(streets: Path) -> Path:
    """Add a named pond, a river, a village and a school to a grid of streets."""
    said = """<way id="900"><nd ref="1"/><nd ref="2"/><nd ref="11"/><nd ref="1"/>
    <tag k="natural" v="water"/><tag k="name" v="Afon &amp; Mere"/></way>
    <way id="901"><nd ref="1"/><nd ref="12"/><tag k="waterway" v="river"/></way>
    <way id="902"><nd ref="1"/><nd ref="2"/><nd ref="1"/>
    <tag k="amenity" v="school"/><tag k="name" v="Dale"/><tag k="name:cy" v="Dôl"/></way></osm>"""
    text = streets.read_text(encoding="utf-8").replace("</osm>", said)
    village = '<tag k="place" v="village"/><tag k="name" v="Llan"/></node>'
    text = re.sub(r'(<node id="20"[^>]*>)</node>', rf"\1{village}", text)
    streets.write_text(text, encoding="utf-8")
    return streets


def shown(results) -> tuple[pd.DataFrame, ...]:
    around = results.surroundings
    return pd.DataFrame(around.shapes), around.places, results.ground.names


def test_what_lies_beside_the_streets_is_read_once_and_comes_back_as_it_was(
    folder, study, streets, looks
):
    with_water(streets)
    fresh = shown(travel_times(study, network=streets, keep=False))
    assert looks == ["_read_surroundings", "_read_names"]
    assert set(fresh[0]["kind"]) == {"water", "river"}
    assert fresh[1]["name"].tolist() == ["Llan"]
    assert {"Grid Street", "Llan", "Dale", "Dôl"} == set(fresh[2]["name"])
    for _ in range(2):
        again = travel_times(study, network=streets)
        for one, two in zip(fresh, shown(again), strict=True):
            pd.testing.assert_frame_equal(one, two)
        assert again.surroundings.shapes.crs == "EPSG:4326"
    assert len(looks) == 4
    assert len(list(folder.glob("around-*.npz"))) == 1


def test_a_question_without_a_map_does_not_look_beside_the_streets(folder, study, streets, looks):
    assert measure_study(study, network=streets).proposals
    assert not looks
    assert not list(folder.glob("around-*"))


def test_other_bytes_and_other_areas_are_looked_at_anew(folder, tmp_path, study, streets, looks):
    with_water(streets)
    shown(travel_times(study, network=streets))
    areas = tmp_path / "my_town" / "areas.csv"
    frame = pd.read_csv(areas)
    frame[frame["lon"] < frame["lon"].max()].to_csv(areas, index=False)
    shown(travel_times(load_study(tmp_path / "my_town"), network=streets))
    streets.write_text(streets.read_text(encoding="utf-8").replace("Llan", "Lan"), encoding="utf-8")
    found = shown(travel_times(study, network=streets))
    assert found[1]["name"].tolist() == ["Lan"]
    assert len(looks) == 6


@pytest.mark.parametrize("how", ["empty", "cut", "bit", "other"])
def test_damaged_ground_is_said_and_read_again(folder, study, streets, looks, caplog, how):
    first = shown(travel_times(study, network=with_water(streets)))
    (path,) = folder.glob("around-*.npz")
    data = bytearray(path.read_bytes())
    if how == "bit":
        data[len(data) // 2] ^= 1
    if how == "other":  # what was kept of another place, under this one's name
        kept._write_tables({"places": first[1].iloc[:0]}, path, "another key")
    else:
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2]}.get(how, data))
    with caplog.at_level(logging.WARNING):
        second = shown(travel_times(study, network=streets))
    assert f"{path} cannot be used" in caplog.text
    assert len(looks) == 4
    for one, two in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(one, two)
    caplog.clear()
    shown(travel_times(study, network=streets))
    assert not caplog.text, "what was made again is whole"


def test_a_street_file_that_is_gone_is_said_when_a_map_asks(study, streets):
    results = travel_times(study, network=streets, keep=False)
    streets.unlink()
    with pytest.raises(
        NetworkError, match=r"town\.osm, the file of the streets, is no longer there"
    ):
        _ = results.surroundings


# --- the same answers ----------------------------------------------------------------------------


def hashes(out: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(out.iterdir())}


@pytest.mark.slow
def test_every_output_is_the_same_with_and_without_what_was_kept(folder, tmp_path, study, streets):
    travel_times(study, network=streets, keep=True)  # from here on there is something kept
    outs = []
    for name, keep in (("without", False), ("with", True)):
        with plain_pages():  # all that the report holds, word for word
            write_outputs(run_job(study, network=streets, keep=keep), tmp_path / name)
        outs.append(hashes(tmp_path / name))
    assert len(outs[0]) > 10
    assert outs[0] == outs[1]


def test_newports_figures_are_the_same_from_kept_networks(folder, tmp_path, shared_data, reads):
    streets = shared_data("newport/newport-2023-06-13.osm.pbf")
    newport = load_study(make_newport(tmp_path / "newport", shared_data))
    found = [measure_study(newport, network=streets, keep=k) for k in (False, True, True)]
    assert len(reads) == 2
    for results in found[1:]:
        for mode in ("walk", "drive"):
            assert same(found[0].matrices[mode], results.matrices[mode])
            assert found[0].networks[mode].digest == results.networks[mode].digest
        (one, two) = (next(iter(r.proposals.values())) for r in (found[0], results))
        assert one.impacts["walk"].summary == two.impacts["walk"].summary
        assert results.ledger.parameters == found[0].ledger.parameters
