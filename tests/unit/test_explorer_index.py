"""The names that the explorer finds: what is packed comes back, and no more is promised."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from access.maps.explorer import _explorer_html, _find_kinds, _findable, _strings
from access.maps.explorer_data import _example_data
from access.maps.explorer_encode import _encode
from access.maps.explorer_parts import _ALPHABET, _encode_names, _index_names
from access.network.surroundings import StreetGround, _read_names
from access.study import load_study
from tests.streets import write_osm

NAMES = pd.DataFrame(
    {
        "name": ["Stryd Fawr", "High Street", "Llanfair", "Ysgol Bro", "شارع النيل", "Two\nlines"],
        "kind": ["street", "street", "village", "School", "street", "GP surgery"],
        "within": ["Llanfair", "Llanfair", None, "", "", ""],
        "lon": [-1.35, -1.34, -1.33, -1.32, -1.31, -1.30],
        "lat": [53.42, 53.421, 53.422, 53.423, 53.424, 53.425],
    }
)


def number(letters: str) -> int:
    out = 0
    for letter in letters:
        out = out * 64 + _ALPHABET.index(letter)
    return out


def unpacked(table: dict) -> pd.DataFrame:
    rows = []
    for i, name in enumerate(table["names"].split("\n")):
        at = table["at"][7 * i : 7 * i + 7]
        rows.append(
            (name, table["kinds"][number(at[0])][0], table["within"][number(at[1:3])],
             table["low"][0] + table["step"][0] * number(at[3:5]),
             table["low"][1] + table["step"][1] * number(at[5:7]))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "kind", "within", "lon", "lat"])


def test_without_names_there_is_no_index():
    assert _encode_names(None) is None
    assert _encode_names(NAMES.head(0)) is None


def test_every_name_comes_back_in_its_script_where_it_was():
    back = unpacked(_encode_names(NAMES)).set_index("name")
    assert len(back) == len(NAMES)
    given = NAMES.set_index(NAMES["name"].str.replace("\n", " "))
    assert np.allclose(back["lon"], given["lon"].reindex(back.index), atol=1e-4)
    assert np.allclose(back["lat"], given["lat"].reindex(back.index), atol=1e-4)
    assert back["within"].to_dict()["Stryd Fawr"] == "Llanfair"
    assert back["kind"].to_dict() == {
        "Stryd Fawr": "street", "High Street": "street", "شارع النيل": "street",
        "Llanfair": "place", "Ysgol Bro": "school", "Two lines": "site",
    }  # fmt: skip


def test_the_index_is_small():
    many = pd.concat([NAMES.assign(name=NAMES["name"] + f" {i}") for i in range(100)])
    table = _encode_names(many)
    assert len(table["names"]) + len(table["at"]) <= 25 * len(many)


def test_the_label_promises_only_what_can_be_found():
    words = _strings("en")
    example = _example_data()
    bare = _encode(replace(example, places=None, areas=example.areas.drop(columns="ward")))
    assert _find_kinds(_findable(bare), words) == "nearest centre"
    assert "postcode" not in _find_kinds(_findable(_encode(example)), words)
    named = _encode(replace(example, names=NAMES))
    assert _find_kinds(_findable(named), words) == "street, place, ward or school"
    html = _explorer_html(replace(example, names=NAMES))
    assert "Your street, place, ward or school" in html


def test_a_hostile_name_is_text_and_never_markup():
    hostile = NAMES.assign(name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in _explorer_html(replace(_example_data(), names=hostile))


TOWN = {
    1: (-1.30, 53.40), 2: (-1.302, 53.40), 3: (-1.304, 53.40),
    4: (-1.31, 53.40, {"place": "village", "name": "Aberdare", "name:cy": "Aberdâr"}),
    5: (-3.0, 50.0, {"place": "town", "name": "Far Away"}),
}  # fmt: skip


@pytest.fixture
def extract(tmp_path):
    streets = [
        (10, [1, 2, 3], {"highway": "residential", "name": "High Street", "name:cy": "Stryd Fawr"}),
        (11, [1, 2], {"highway": "service"}),
        (12, [2, 3], {"building": "yes", "name": "No street"}),
        (
            13,
            [1, 2, 3, 1],
            {"amenity": "school", "name": "Dale School", "name:cy": "Ysgol y Dyffryn"},
        ),
    ]  # fmt: skip
    return write_osm(tmp_path / "streets.osm", TOWN, streets)


WORLD = (-180.0, -90.0, 180.0, 90.0)


def results_of(extract):
    areas = gpd.GeoDataFrame(
        {"id": ["A"], "lon": [-1.302], "lat": [53.401]},
        geometry=gpd.points_from_xy([-1.302], [53.401], crs="EPSG:4326").to_crs("EPSG:27700"),
    )
    empty = pd.DataFrame({"name": [], "lon": [], "lat": []})
    study = SimpleNamespace(areas=areas, gazetteer=NAMES.head(1), places=empty, crs="EPSG:27700")
    ground = StreetGround(extract, "", WORLD)
    return SimpleNamespace(
        study=study, modelled=False, networks={}, bus=None, ground=ground, surroundings=True
    )


def test_streets_and_places_of_an_extract_are_found_in_each_language(extract):
    found = _read_names(extract, WORLD)
    assert sorted(found["name"]) == [
        "Aberdare", "Aberdâr", "Dale School", "Far Away", "High Street", "Stryd Fawr",
        "Ysgol y Dyffryn",
    ]  # fmt: skip
    near = _read_names(extract, (-1.4, 53.3, -1.2, 53.5))
    assert sorted(near["name"]) == sorted(set(found["name"]) - {"Far Away"})
    named = _index_names(results_of(extract))
    got = set(map(tuple, named[["name", "kind", "within"]].to_numpy()))
    assert {"Far Away", "No street"}.isdisjoint(named["name"])
    assert ("Aberdâr", "village", "") in got
    assert ("Ysgol y Dyffryn", "school", "") in got
    # a place has one name where others are said to lie in it: its own, and none of its others
    assert {(n, within) for n, kind, within in got if kind == "street"} == {
        ("High Street", "Aberdare"), ("Stryd Fawr", "Aberdare"), ("Stryd Fawr", "Llanfair"),
    }  # fmt: skip


def test_of_one_name_in_two_parts_both_are_kept_and_beside_itself_it_is_one(extract):
    results = results_of(extract)
    spots = [(-1.302, 53.401), (-1.3021, 53.4011), (-1.352, 53.401)]
    results.study.gazetteer = pd.DataFrame(spots, columns=["lon", "lat"]).assign(
        name="Newton", kind="village", within=""
    )
    named = _index_names(results)
    kept = named.loc[named["name"] == "Newton", ["lon", "lat"]]
    assert list(map(tuple, kept.to_numpy())) == [spots[0], spots[2]]


def test_rotherham_brings_every_postcode_village_and_estate():
    study = load_study()
    assert len(study.postcodes) == 6700
    assert set(study.postcodes["area_id"]) <= set(study.areas["id"])
    kinds = study.gazetteer["kind"].value_counts()
    assert kinds.to_dict() == {"street": 483, "locality": 102, "school": 96}
    table = _encode_names(study.gazetteer)
    assert len(table["names"]) + len(table["at"]) <= 27_000
    files = {row["file"]: row for row in study.inputs}
    for name in ("gazetteer.csv", "postcodes.csv"):
        assert files[name]["changed"] == "no" and "OGL" not in files[name]["source"]
        assert "Open Government Licence" in files[name]["licence"]
