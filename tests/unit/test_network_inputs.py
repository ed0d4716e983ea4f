"""Wrong inputs to `build_network` and `travel_matrix` are refused in words that mend them."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

import access
from access.errors import NetworkError, ParameterError
from access.network import Network, Profile, Status
from tests.streets import at, places, write_osm


@pytest.fixture
def street() -> Network:
    (w, s), (e, _) = at(0, 0), at(10, 0)
    return Network.from_edges([w, e], [s, s], [0], [1])


HOME = places(home=at(2, 0))
CENTRE = places(centre=at(8, 0))


# --- sources -------------------------------------------------------------------------------


def test_no_such_file(tmp_path):
    with pytest.raises(NetworkError, match=r"no street file at .*gone\.osm\.pbf"):
        access.build_network(tmp_path / "gone.osm.pbf")


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "streets.csv"
    path.write_text("id,lon,lat\n")
    with pytest.raises(NetworkError, match=r"not a street file; expected one of \.osm\.pbf"):
        access.build_network(path)


@pytest.mark.parametrize("name", ["a.osm.pbf", "a.osm", "a.osm.gz", "a.osm.bz2"])
def test_a_file_of_rubbish_cannot_be_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"this is not a map" * 50)
    with pytest.raises(NetworkError, match=r"cannot be read to its end"):
        access.build_network(path)


@pytest.mark.parametrize("name", ["a.osm", "a.osm.gz", "a.osm.bz2"])
def test_a_truncated_file_is_not_taken_for_whole(tmp_path, name):
    ways = [(i, [i, i + 1], {"highway": "residential"}) for i in range(1, 400)]
    path = write_osm(tmp_path / name, {i: at(i / 10, i % 7) for i in range(1, 401)}, ways)
    whole = path.read_bytes()
    for share in (0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(NetworkError, match="stopped short"):
            access.build_network(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_pbf_is_not_taken_for_whole(tmp_path, shared_data, share):
    whole = shared_data("newport/newport-2023-06-13.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(NetworkError, match="stopped short"):
        access.build_network(path)


def test_a_map_without_streets(tmp_path):
    town = ({1: at(0, 0), 2: at(1, 0)}, [(1, [1, 2], {"waterway": "river"})])
    with pytest.raises(NetworkError, match="holds no streets"):
        access.build_network(write_osm(tmp_path / "river.osm", *town))


def test_a_map_without_streets_for_this_traveller(tmp_path):
    town = ({1: at(0, 0), 2: at(1, 0)}, [(1, [1, 2], {"highway": "steps"})])
    path = write_osm(tmp_path / "steps.osm", *town)
    with pytest.raises(NetworkError, match="no street that the profile 'drive' may use"):
        access.build_network(path, mode="drive")


def test_a_source_of_no_known_kind():
    with pytest.raises(ParameterError, match="source is a int"):
        access.build_network(7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mode": "cycle"}, "mode is 'cycle'; expected one of"),
        ({"profile": "skate"}, "unknown profile 'skate'"),
        ({"profile": 4.8}, "profile is a float"),
        ({"mode": "drive", "profile": "pram_toddler"}, "is for 'walk'"),
    ],
)
def test_unknown_travellers(arguments, words):
    with pytest.raises(ParameterError, match=words):
        access.build_network(nx.path_graph(2), **arguments)


def test_a_profile_with_impossible_speeds_says_all_of_them():
    with pytest.raises(ParameterError) as error:
        replace(Profile.preset("drive"), kmh=0.0, urban_factor=2.0, slope="steep")
    for words in ("speed kmh is 0.0", "urban_factor is 2.0", "slope is 'steep'"):
        assert words in str(error.value)


def test_a_graph_without_coordinates_names_its_nodes():
    graph = nx.Graph([("a", "b")])
    graph.nodes["a"].update(x=-1.36, y=53.43)
    with pytest.raises(NetworkError, match="node b, x, y"):
        access.build_network(graph)


def test_a_graph_in_metres_that_names_no_crs():
    graph = nx.Graph([("a", "b")])
    graph.nodes["a"].update(x=442600.0, y=392800.0)
    graph.nodes["b"].update(x=442700.0, y=392800.0)
    with pytest.raises(NetworkError, match=r"set graph\.graph\['crs'\]"):
        access.build_network(graph)
    graph.graph["crs"] = "EPSG:27700"
    assert access.build_network(graph).edge_metres[0] == pytest.approx(100, abs=0.4)


@pytest.mark.parametrize("length", [-5.0, "long", float("nan"), float("inf")])
def test_a_graph_with_a_bad_length(length):
    graph = nx.Graph()
    graph.add_node("a", x=-1.36, y=53.43)
    graph.add_node("b", x=-1.35, y=53.43)
    graph.add_edge("a", "b", length=length)
    with pytest.raises(NetworkError, match="edge a to b, length"):
        access.build_network(graph)


def test_a_broken_graphml(tmp_path):
    path = tmp_path / "streets.graphml"
    path.write_text("<graphml><graph>")
    with pytest.raises(NetworkError, match="cannot be read as GraphML"):
        access.build_network(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"edge_to": [2]}, "edge 0, ends: found '0, 2'; expected node rows 0 to 1"),
        ({"node_lat": [53.4, np.nan]}, "node 1, lon, lat"),
        ({"metres": [-1.0]}, "edge 0, metres: found '-1.0'"),
        ({"metres": [1.0, 2.0]}, "metres: found"),
        ({"minutes_forward": [np.nan]}, "edge 0, minutes_forward"),
        ({"edge_from": [0, 1]}, "expected two lists of node rows of one length"),
        ({"edge_class": ["a", "b"]}, "edge_class"),
        ({"geometry": []}, "geometry has 0 lines"),
        ({"keep": "some"}, "keep is 'some'"),
        ({"minutes_forward": [np.inf]}, "no street that the profile"),
        ({"profile": Profile.preset("drive")}, "is for 'drive'"),
    ],
)
def test_edges_that_make_no_network(change, words):
    given = {"node_lon": [-1.36, -1.35], "node_lat": [53.4, 53.4], "edge_from": [0], "edge_to": [1]}
    with pytest.raises(NetworkError, match=words):
        Network.from_edges(**{**given, **change})


# --- places --------------------------------------------------------------------------------


def test_missing_columns_are_named_together(street):
    with pytest.raises(ParameterError) as error:
        access.travel_matrix(street, pd.DataFrame({"name": ["x"], "longitude": [1.0]}), CENTRE)
    message = str(error.value)
    assert all(f"areas, {c}: found 'name, longitude'" in message for c in ("id", "lon", "lat"))


def test_duplicated_and_missing_ids_are_named(street):
    homes = pd.DataFrame({"id": ["a", "a", None], "lon": [-1.358] * 3, "lat": [53.43] * 3})
    with pytest.raises(ParameterError) as error:
        access.travel_matrix(street, homes, CENTRE)
    assert "areas, id a, id: found 'a'; expected each id once" in str(error.value)
    assert "areas, row 4, id: expected an id" in str(error.value)


def test_an_empty_table(street):
    with pytest.raises(ParameterError, match="sites has no rows"):
        access.travel_matrix(street, HOME, CENTRE.iloc[:0])


def test_not_a_table(street):
    with pytest.raises(ParameterError, match="areas is a list"):
        access.travel_matrix(street, [(-1.36, 53.43)], CENTRE)


def test_swapped_longitude_and_latitude_are_found(street):
    swapped = HOME.rename(columns={"lon": "lat", "lat": "lon"})
    with pytest.raises(ParameterError, match=r"1 of 1 areas have longitude and latitude swapped"):
        access.travel_matrix(street, swapped, CENTRE)


def test_one_swapped_row_among_good_ones_is_named(street):
    homes = pd.concat([HOME, pd.DataFrame({"id": ["odd"], "lon": [53.43], "lat": [-1.358]})])
    with pytest.raises(ParameterError, match="areas, id odd, lon, lat"):
        access.travel_matrix(street, homes, CENTRE)


def test_metres_given_as_degrees_are_refused_with_the_mend(street):
    metres = pd.DataFrame({"id": ["home"], "lon": [442600.0], "lat": [392800.0]})
    with pytest.raises(ParameterError, match=r"set_crs\('EPSG:27700'\)\.to_crs\('EPSG:4326'\)"):
        access.travel_matrix(street, metres, CENTRE)


def test_coordinates_that_are_no_numbers(street):
    bad = pd.DataFrame({"id": ["a", "b"], "lon": [None, "west"], "lat": [53.43, 53.43]})
    with pytest.raises(ParameterError) as error:
        access.travel_matrix(street, bad, CENTRE)
    told = str(error.value)
    assert "2 times, id a" in told
    assert "id b" in told
    assert told.count("a longitude and a latitude in degrees") == 1


def test_a_geometry_without_a_crs(street):
    bare = gpd.GeoDataFrame({"id": ["home"]}, geometry=[Point(at(2, 0))])
    with pytest.raises(ParameterError, match=r"frame\.set_crs"):
        access.travel_matrix(street, bare, CENTRE)


def test_geometries_in_another_crs_are_brought_home(street):
    homes = gpd.GeoDataFrame({"id": ["home"]}, geometry=[Point(at(2, 0))], crs=4326)
    plain = access.travel_matrix(street, HOME, CENTRE).total_minutes
    assert access.travel_matrix(street, homes, CENTRE).total_minutes == pytest.approx(plain)
    grid = homes.to_crs(27700)
    assert access.travel_matrix(street, grid, CENTRE).total_minutes == pytest.approx(
        plain, abs=1e-5
    )
    around = grid.set_geometry([box(p.x - 5, p.y - 5, p.x + 5, p.y + 5) for p in grid.geometry])
    assert access.travel_matrix(street, around, CENTRE).total_minutes == pytest.approx(
        plain, abs=0.2
    )


def test_ids_may_stand_in_the_index_and_numbers_become_text(street):
    homes = HOME.assign(id=[17]).set_index("id")
    assert access.travel_matrix(street, homes, CENTRE).area_ids == ("17",)


def test_a_network_that_misses_the_study_area_says_so_plainly(street):
    far = places(home=(-0.12, 51.5))
    with pytest.raises(NetworkError, match=r"misses the study area: its streets lie between lon"):
        access.travel_matrix(street, far, far.assign(id="centre"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimise": "time"}, "minimise is 'time'"),
        ({"direction": "there"}, "direction is 'there'"),
        ({"snap_limit_m": 0}, "snap_limit_m is 0"),
        ({"snap_limit_m": float("nan")}, "snap_limit_m is nan"),
        ({"max_minutes": -5}, "max_minutes is -5"),
    ],
)
def test_options_that_make_no_sense(street, arguments, words):
    with pytest.raises(ParameterError, match=words):
        access.travel_matrix(street, HOME, CENTRE, **arguments)


def test_sites_that_do_not_snap_get_a_status_not_a_crash(street):
    sites = places(centre=at(8, 0), moor=at(8, 40), far=(-0.12, 51.5))
    m = access.travel_matrix(street, HOME, sites)
    assert m.status[0].tolist() == [Status.OK, Status.UNSNAPPED, Status.UNSNAPPED]
    assert np.isinf(m.total_minutes[0, 1:]).all()
    assert m.site_ids == ("centre", "moor", "far")


def test_more_pairs_than_fit_are_refused_before_anything_is_measured(street, monkeypatch):
    monkeypatch.setattr(access.network.routing, "_MOST_PAIRS", 3)
    two = places(a=at(1, 0), b=at(2, 0))
    with pytest.raises(ParameterError, match="2 areas x 2 sites would take about 0 GB"):
        access.travel_matrix(street, two, two)
