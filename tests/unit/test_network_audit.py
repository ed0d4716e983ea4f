"""Audits count what is there, and say in words who stands where they cannot walk or drive."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

import access
from access.cli.app import app
from access.errors import NetworkError, ParameterError
from access.network import Network, Status
from access.network.stocktake import (
    _audit_network,
    _buffer_sensitivity,
    _clip_network,
    _demand_left_out,
    _left_out_frame,
    _snap_lines,
    _snap_table,
    take_stock,
)
from access.units import great_circle_m
from tests.newport import make_newport
from tests.streets import at, places, write_osm

STREET = {"highway": "residential"}

#: A street 0-4, a private road above it, an island to the north, a one-way mouth in the east.
NODES = {
    1: at(0, 0), 2: at(4, 0), 3: at(1, 1), 4: at(3, 1), 5: at(0, 9), 6: at(2, 9), 7: at(6, 0),
    8: at(6, 1), 9: at(4, 1),
}  # fmt: skip
WAYS = [
    (10, [1, 2], {**STREET, "name": "High Street", "maxspeed": "20 mph"}),
    (11, [3, 4], {"highway": "service", "access": "private"}),
    (12, [5, 6], STREET),
    (13, [7, 2], {**STREET, "oneway": "yes"}),
    (14, [7, 8], STREET),
    (15, [2, 9], {"highway": "footway"}),
]


@pytest.fixture
def file(tmp_path):
    return write_osm(tmp_path / "town.osm", NODES, WAYS)


HOMES = places(town=at(1, 0.1), drive=at(2, 0.95), island=at(1, 9), east=at(6, 0.9), moor=at(2, 20))


# --- wrong inputs --------------------------------------------------------------------------


def test_buffers_that_are_no_lengths(file):
    net = access.build_network(file)
    with pytest.raises(ParameterError, match="expected metres, 0 or more"):
        _buffer_sensitivity(net, HOMES, HOMES, buffers_m=[-1])


def test_a_shape_without_streets(file):
    net = access.build_network(file)
    with pytest.raises(NetworkError, match="lies inside the shape"):
        _clip_network(net, shapely.box(0, 0, 1, 1))


def test_sensitivity_without_places(file):
    with pytest.raises(ParameterError, match="needs a study's areas and centres"):
        take_stock(file, [access.Profile.preset("walk")], sensitivity=True)


# --- tables --------------------------------------------------------------------------------


def test_kilometres_by_class_by_hand(file):
    table = _audit_network(access.build_network(file, mode="drive")).classes
    assert table["street_class"].tolist() == ["residential"]
    row = table.iloc[0]
    high, mouth, close = (
        great_circle_m(*a, *b).item() / 1000
        for a, b in ((at(0, 0), at(4, 0)), (at(4, 0), at(6, 0)), (at(6, 0), at(6, 1)))
    )
    assert row["km"] == pytest.approx(high + mouth + close)
    assert row["speed_tagged_share"] == pytest.approx(high / (high + mouth + close))
    assert row["one_way_share"] == pytest.approx(mouth / (high + mouth + close))


def test_parts_left_out_are_listed_with_where_they_are(file):
    parts = _audit_network(access.build_network(file)).parts
    assert parts["reason"].tolist() == ["cut off from the main part"]
    assert parts["km"].item() == pytest.approx(great_circle_m(*at(0, 9), *at(2, 9)).item() / 1000)
    assert parts["lat"].item() == pytest.approx(at(0, 9)[1], abs=1e-6)


def test_the_snap_table_keeps_every_place_in_order(file):
    net = access.build_network(file)
    counts = pd.Series([10, 20, 30, 40, 50], index=HOMES["id"])
    table = _snap_table(net, HOMES, counts=counts)
    assert table["id"].tolist() == HOMES["id"].tolist()
    assert table["count"].tolist() == [10, 20, 30, 40, 50]
    assert table["joined"].tolist() == [True, True, False, True, False]
    assert table.loc[0, "street"] == "High Street"
    assert table.loc[1, "nearer_reason"] == "private"
    assert table.loc[1, "nearer_metres"] == pytest.approx(0.05 * 111.2, abs=0.1)
    assert table.loc[2, "nearer_reason"] == "cut off from the main part"
    assert table.loc[2, "nearer_part"] == 1
    assert table.loc[0, "nearer_reason"] == ""


def test_demand_in_parts_left_out_is_counted(file):
    counts = pd.Series([10.0, 20, 30, 40, 50], index=HOMES["id"])
    table = _demand_left_out(_snap_table(access.build_network(file), HOMES, counts=counts))
    assert table.to_dict("records") == [
        {"what": "areas", "nearer_reason": "cut off from the main part", "nearer_part": 1,
         "places": 1, "count": 30.0, "joined": 0},
        {"what": "areas", "nearer_reason": "private", "nearer_part": 0, "places": 1,
         "count": 20.0, "joined": 1},
    ]  # fmt: skip


def test_the_snap_table_says_what_the_matrix_does(file):
    net = access.build_network(file, mode="drive")
    table = _snap_table(net, HOMES)
    m = access.travel_matrix(net, HOMES, places(centre=at(2, 0)))
    assert table["joined"].tolist() == (m.status[:, 0] != Status.UNSNAPPED).tolist()
    legs = table["leg_metres"].to_numpy()[table["joined"]]
    assert legs / 80 == pytest.approx(m.entry_minutes[table["joined"], 0])


def test_snap_lines_run_from_place_to_street(file):
    net = access.build_network(file)
    table = _snap_table(net, HOMES)
    layer = _snap_lines(net, table)
    assert layer.crs.to_epsg() == 27700
    length = layer.geometry.length.to_numpy()
    joined = table["joined"].to_numpy()
    assert length[joined] == pytest.approx(
        table["leg_metres"][joined].to_numpy(), rel=5e-3, abs=0.01
    )
    assert (length[~joined] == 0).all()


def test_left_out_streets_are_a_layer_too(file):
    layer = _left_out_frame(access.build_network(file))
    assert sorted(layer["reason"]) == ["cut off from the main part", "private"]
    whole = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1])
    assert len(_left_out_frame(whole)) == 0


# --- words ---------------------------------------------------------------------------------


def test_warnings_in_words(file):
    net = access.build_network(file, mode="drive")
    counts = pd.Series([10.0, 20, 30, 40, 50], index=HOMES["id"])
    words = "\n".join(_audit_network(net, _snap_table(net, HOMES, counts=counts)).warnings)
    assert "1 area (with 20 people) stands on a private road; the street joined is 1" in words
    assert "1 area (with 30 people) stands on streets that are cut off from the rest" in words
    assert "1 area (with 50 people) is outside the street file (moor)" in words
    assert "1 area (with 30 people) is further from any usable street than the limit" in words
    assert "0.1 km of street (21%) in 1 part cannot be reached from the rest" in words
    assert "1 area (with 40 people) is on a street to drive out of but not back to (east)" in words
    assert "carries a speed limit" not in words  # more than half does


def test_a_network_with_nothing_odd_has_no_warnings(tmp_path):
    ways = [(1, [1, 2], STREET), (2, [2, 7, 8, 9], STREET)]
    net = access.build_network(write_osm(tmp_path / "t.osm", NODES, ways))
    audit = _audit_network(net, _snap_table(net, places(home=at(1, 0.01))))
    assert audit.warnings == ()


def test_few_speed_limits_and_a_cut_extract_are_told(tmp_path):
    ways = [(1, [1, 2, 999], STREET)]
    net = access.build_network(write_osm(tmp_path / "t.osm", NODES, ways), mode="drive")
    words = " ".join(_audit_network(net).warnings)
    assert "Only 0% of the street length carries a speed limit" in words
    assert "1 street corners lie outside the file" in words


# --- buffer --------------------------------------------------------------------------------


def bridge_town():
    """Two homes by a river; the bridge stands 330 m north of them, the long way is inside."""
    spots = [at(0, 0), at(4, 0), at(0, -9), at(4, -9), at(0, 3), at(4, 3)]
    lon, lat = zip(*spots, strict=True)
    return Network.from_edges(lon, lat, [0, 2, 3, 0, 4, 5], [2, 3, 1, 4, 5, 1])


def test_the_buffer_shows_what_a_smaller_extract_would_change():
    net = bridge_town()
    homes = places(home=at(0, 0), south=at(0, -9), other=at(4, -9))
    corners = net.node_xy[:4]
    borough = shapely.box(*corners.min(axis=0), *corners.max(axis=0))
    table = _buffer_sensitivity(
        net, homes, places(centre=at(4, 0)), buffers_m=[10, 1000], boundary=borough
    )
    assert table["buffer_m"].tolist() == [10, 1000, np.inf]
    assert table["areas_slower"].tolist() == [1, 0, 0]
    assert table["areas_lost"].tolist() == [0, 0, 0]
    south = 2 * great_circle_m(*at(0, 0), *at(0, -9)) + great_circle_m(*at(0, -9), *at(4, -9))
    north = 2 * great_circle_m(*at(0, 0), *at(0, 3)) + great_circle_m(*at(0, 3), *at(4, 3))
    assert table["most_added_minutes"][0] == pytest.approx((south - north).item() / 80, abs=0.01)


def test_where_a_smaller_extract_holds_no_street_nobody_is_reached_on_it():
    net = bridge_town()  # the hull of a single area holds no street
    table = _buffer_sensitivity(
        net, places(home=at(0, 0)), places(centre=at(4, 0)), buffers_m=[0, 5000]
    )
    assert table["km"].tolist()[0] == 0 and table["km"][1] == table["km"][2] > 0
    assert table["areas_lost"].tolist() == [1, 0, 0]
    assert table["areas_reached"].tolist() == [0, 1, 1]
    assert np.isnan(table["mean_added_minutes"][0]) and np.isnan(table["most_added_minutes"][0])


def test_a_clipped_network_is_the_network_of_a_clipped_file():
    net = bridge_town()
    north = net.node_xy[:, 1].max()
    west, south = net.node_xy.min(axis=0) - 10
    part = _clip_network(net, shapely.box(west, south, net.node_xy[:, 0].max() + 10, north - 50))
    lon, lat = net.node_lonlat[:4].T
    assert part.digest == Network.from_edges(lon, lat, [0, 2, 3], [2, 3, 1]).digest


# --- the command ---------------------------------------------------------------------------


@pytest.fixture
def call():
    def run(*words):
        return CliRunner().invoke(app, ["network", *map(str, words)])

    return run


def test_the_command_needs_a_file(call):
    assert "no street file given" in str(call().exception)


def test_the_command_prints_profiles(call):
    done = call("--show-profile", "--profile", "pram_toddler")
    assert done.exit_code == 0
    assert "kmh                      3.6" in done.stdout
    shown = json.loads(call("--show-profile", "--json").stdout)
    assert shown["drive"]["one_way"] is True


def test_the_command_knows_its_profiles(call):
    assert "unknown profile 'skate'" in str(call("--profile", "skate").exception)


def test_the_command_takes_stock_of_a_real_town(call, tmp_path, shared_data):
    study = make_newport(tmp_path / "newport", shared_data)
    pbf = shared_data("newport/newport-2023-06-13.osm.pbf")
    out = tmp_path / "out"
    done = call(pbf, "--study", study, "--sensitivity", "--out", out, "--profile", "walk")
    assert done.exit_code == 0, done.exception
    assert "913.5 km in use" in done.stdout
    assert "4 areas (with 814 people) stand on a private road" in done.stdout
    assert "What a smaller extract would change" in done.stdout
    assert len(pd.read_csv(out / "snaps_walk.csv")) == 342 + 18
    layer = gpd.read_file(out / "network.gpkg", layer="snap_lines_walk")
    assert len(layer) == 360
    streets = gpd.read_file(out / "network.gpkg", layer="streets_walk")
    assert streets["metres"].sum() == pytest.approx(913_498, abs=1)


def test_the_command_answers_as_json(call, file):
    body = json.loads(call(file, "--study", "none", "--json", "--profile", "drive").stdout)
    assert body["drive"]["network"]["counts"]["cut_off_parts"] == 1
    assert body["drive"]["classes"][0]["street_class"] == "residential"
