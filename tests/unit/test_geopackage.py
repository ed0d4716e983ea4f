"""The GeoPackage for QGIS: its layers, their looks, and what is written inside of each."""

from __future__ import annotations

import sqlite3
from xml.etree import ElementTree

import pyogrio
import pytest
import shapely

from access.run import measure_study
from access.run.write import write_geopackage
from access.study import load_study
from access.units import WGS84
from tests.small import small_study

PROPOSAL = """
[proposals.four_to_three]
title = "Clubs \\"4\\" to <3> & more"
service = "club"
close = ["C2"]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers") / "s"
    small_study(folder, services={"club": 4}, proposals=PROPOSAL)
    rows = "id,name,lon,lat\nN1,Next door,-1.36,53.42\n"
    (folder / "neighbours.csv").write_text(rows, encoding="utf-8")
    return measure_study(load_study(folder), network=None, keep=False)


@pytest.fixture(scope="module")
def package(results, tmp_path_factory):
    return write_geopackage(results, tmp_path_factory.mktemp("gpkg") / "study.gpkg")


def asked(package, question: str) -> list[tuple]:
    base = sqlite3.connect(package)
    rows = base.execute(question).fetchall()
    base.close()
    return rows


def test_areas_are_polygons_and_sites_are_layers_of_their_own(package, results):
    layers = {name for name, _ in pyogrio.list_layers(package)}
    assert {"areas", "area_points", "centres", "candidates", "neighbours"} <= layers
    areas = pyogrio.read_dataframe(package, layer="areas")
    assert set(areas.geom_type) <= {"Polygon", "MultiPolygon"}
    assert areas["id"].tolist() == results.study.areas["id"].tolist()
    own = pyogrio.read_dataframe(package, layer="area_points")
    near = areas.geometry.buffer(1).contains(own.geometry)
    assert near.all(), "each area holds its own point"
    centres = pyogrio.read_dataframe(package, layer="centres")
    assert centres["id"].tolist() == ["C1", "C2", "C3", "C4"]
    assert centres["closed_by"].tolist() == ["", "four_to_three", "", ""]
    assert len(pyogrio.read_dataframe(package, layer="candidates")) == 3
    assert pyogrio.read_dataframe(package, layer="neighbours")["name"].tolist() == ["Next door"]


def test_real_boundaries_come_before_cells(results, tmp_path):
    from dataclasses import replace

    squares = results.study.areas.buffer(90, cap_style="square").to_crs(WGS84)
    study = replace(results.study, shapes=squares.set_axis(results.study.areas["id"]))
    package = write_geopackage(replace(results, study=study), tmp_path / "real.gpkg")
    areas = pyogrio.read_dataframe(package, layer="areas")
    assert areas.area.round().eq(180**2).all()
    bound = pyogrio.read_dataframe(package, layer="boundary")
    assert bound.geometry.iloc[0].area > areas.area.sum() * 0.99
    told = asked(package, "SELECT description FROM gpkg_contents WHERE table_name = 'areas'")
    assert "no boundaries" not in told[0][0]


def test_every_layer_has_one_usual_look_that_can_be_read(package):
    layers = [name for name, kind in pyogrio.list_layers(package) if kind is not None]
    rows = asked(package, "SELECT f_table_name, styleQML, useAsDefault FROM layer_styles")
    assert sorted(name for name, _, usual in rows if usual) == sorted(layers)
    for _, text, _ in rows:
        root = ElementTree.fromstring(text)
        drawn = root.find("renderer-v2")
        assert drawn.get("type") in ("singleSymbol", "RuleRenderer")
        symbols = {symbol.get("name") for symbol in drawn.iter("symbol")}
        assert {rule.get("symbol") for rule in drawn.iter("rule") if rule.get("symbol")} <= symbols


@pytest.mark.parametrize("layer", ["areas", "centres"])
def test_every_feature_falls_under_exactly_one_rule(package, layer):
    looks = asked(package, f"SELECT styleQML FROM layer_styles WHERE f_table_name = '{layer}'")
    total = asked(package, f"SELECT COUNT(*) FROM {layer}")[0][0]
    for (text,) in looks:
        rules = [r.get("filter") for r in ElementTree.fromstring(text).iter("rule")]
        counts = [asked(package, f"SELECT COUNT(*) FROM {layer} WHERE {r}")[0][0] for r in rules]
        assert sum(counts) == total
    assert max(counts) > 0


def test_licence_and_warning_stand_inside_for_the_file_and_each_layer(package, results):
    rows = asked(
        package,
        "SELECT reference_scope, table_name, metadata FROM gpkg_metadata_reference "
        "JOIN gpkg_metadata ON gpkg_metadata.id = md_file_id",
    )
    assert [scope for scope, *_ in rows].count("geopackage") == 1
    named = {name for _, name, _ in rows}
    assert {"areas", "centres", "network_walk", None} <= named
    for _, _, text in rows:
        words = " ".join(ElementTree.fromstring(text).itertext())
        assert results.streets in words
        assert "2024-02-29" in words
    about = dict(asked(package, "SELECT table_name, description FROM gpkg_contents"))
    assert results.streets in about["areas"]
    assert "no boundaries" in about["areas"]


def test_the_same_study_gives_the_same_bytes(package, results, tmp_path):
    again = write_geopackage(results, tmp_path / "again.gpkg")
    assert again.read_bytes() == package.read_bytes()
    assert shapely.is_valid(pyogrio.read_dataframe(again, layer="areas").geometry).all()
