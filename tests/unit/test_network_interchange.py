"""Graphs of networkx and osmnx, and GraphML files, become the same networks."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from shapely.geometry import LineString

import access
from access.errors import NetworkError
from access.network.profiles import MPH
from tests.streets import at, places, write_osm


def test_a_graph_without_edges():
    with pytest.raises(NetworkError, match="has no edges"):
        access.build_network(nx.empty_graph(3))


def test_a_graph_of_motorways_is_nothing_to_walk_on():
    graph = nx.Graph()
    graph.add_node(0, x=-1.36, y=53.43)
    graph.add_node(1, x=-1.35, y=53.43)
    graph.add_edge(0, 1, highway="motorway")
    with pytest.raises(NetworkError, match="no street that the profile 'walk' may use"):
        access.build_network(graph)


@pytest.fixture
def osmnx():
    """Import it where it is asked for: each process that finds tests would take a second to."""
    import osmnx

    return osmnx


@pytest.fixture
def town(tmp_path):
    """Six corners, a one-way street, a bend, a cycleway: as a file and as osmnx reads it."""
    nodes = {
        1: at(0, 0), 2: at(2, 0), 3: at(4, 0), 4: at(4, 2), 5: at(2, 2), 6: at(0, 2),
        7: at(3, 0.4), 8: at(1, 3),
    }  # fmt: skip
    ways = [
        (10, [1, 2, 7, 3], {"highway": "residential", "maxspeed": "20 mph"}),
        (11, [3, 4, 5], {"highway": "primary", "maxspeed": "30 mph"}),
        (12, [5, 6, 1], {"highway": "residential", "maxspeed": "20 mph"}),
        (13, [2, 5], {"highway": "residential", "oneway": "yes", "maxspeed": "20 mph"}),
        (14, [6, 8, 5], {"highway": "cycleway"}),
    ]
    return write_osm(tmp_path / "town.osm", nodes, ways)


AREAS = places(a=at(0.5, 0), b=at(3, 2), c=at(2, 1.5), d=at(1, 2))
SITES = places(s=at(2, 0.5), t=at(4, 1))


def matrix(network, by="metres"):
    return access.travel_matrix(network, AREAS, SITES, minimise=by)


@pytest.mark.parametrize("mode", ["walk", "drive"])
@pytest.mark.parametrize("simplify", [False, True])
def test_an_osmnx_graph_gives_what_its_file_gives(town, osmnx, mode, simplify, monkeypatch):
    monkeypatch.setattr(osmnx.settings, "useful_tags_way", ["highway", "maxspeed", "oneway"])
    graph = osmnx.graph_from_xml(town, simplify=simplify, retain_all=True)
    from_file, from_graph = (access.build_network(s, mode=mode) for s in (town, graph))
    one, two = matrix(from_file), matrix(from_graph)
    assert two.network_metres == pytest.approx(one.network_metres, abs=0.05)
    assert from_graph.edge_metres.sum() == pytest.approx(from_file.edge_metres.sum(), rel=1e-3)
    if mode == "walk":  # what osmnx draws together has one speed only; on foot there is but one
        assert matrix(from_graph, "minutes").network_minutes == pytest.approx(
            matrix(from_file, "minutes").network_minutes, abs=0.01
        )


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_tags_of_merged_streets_are_the_same_in_any_order(mode):
    """What osmnx merged it lists in no order, and otherwise in each direction of one street."""
    made = []
    for there, back in (
        (["residential", "primary"], ["primary", "residential"]),
        (["primary", "residential"], ["primary", "residential"]),
        ("['residential', 'primary']", {"primary", "residential"}),
    ):
        graph = nx.MultiDiGraph(crs="EPSG:4326")
        for i, (x, y) in enumerate([at(0, 0), at(3, 0)]):
            graph.add_node(i, x=x, y=y)
        kept = {"osmid": [10, 11], "length": 300.0, "maxspeed": ["30 mph", "20 mph"]}
        graph.add_edge(0, 1, highway=there, **kept)
        graph.add_edge(1, 0, highway=back, **kept)
        made.append(access.build_network(graph, mode=mode))
    assert [len(network.edge_metres) for network in made] == [1, 1, 1]
    assert len({network.digest for network in made}) == 1


def test_a_projected_osmnx_graph_too(town, osmnx):
    graph = osmnx.project_graph(osmnx.graph_from_xml(town, retain_all=True), to_crs="EPSG:27700")
    assert matrix(access.build_network(graph)).network_metres == pytest.approx(
        matrix(access.build_network(town)).network_metres, abs=0.05
    )


def test_graphml_of_osmnx_and_of_networkx(town, osmnx, tmp_path):
    graph = osmnx.graph_from_xml(town, retain_all=True)
    osmnx.save_graphml(graph, tmp_path / "osmnx.graphml")
    found = access.build_network(tmp_path / "osmnx.graphml", mode="drive")
    direct = access.build_network(graph, mode="drive")
    assert matrix(found).network_minutes == pytest.approx(matrix(direct).network_minutes)
    assert len(found.source.sha256) == 64

    plain = nx.Graph()
    for i, (x, y) in enumerate([at(0, 0), at(3, 0), at(3, 2)]):
        plain.add_node(f"n{i}", x=x, y=y)
    nx.add_path(plain, ["n0", "n1", "n2"], length=250.0)
    nx.write_graphml(plain, tmp_path / "plain.graphml")
    net = access.build_network(tmp_path / "plain.graphml")
    assert net.edge_metres.tolist() == [250, 250]


def test_directions_of_a_plain_graph():
    def built(kind, mode):
        graph = kind()
        for i, spot in enumerate([at(0, 0), at(2, 0), at(1, 2)]):
            graph.add_node(i, x=spot[0], y=spot[1])
        graph.add_edges_from([(0, 1), (1, 2), (2, 0)], length=250.0)
        m = access.travel_matrix(access.build_network(graph, mode=mode),
                                 places(o=at(2, 0)), places(t=at(0, 0)))  # fmt: skip
        return m.network_metres.item()

    assert built(nx.Graph, "walk") == built(nx.Graph, "drive") == 250
    assert built(nx.DiGraph, "walk") == 250  # one-way binds cars only
    assert built(nx.DiGraph, "drive") == 500


def test_parallel_edges_minutes_and_geometry_are_heeded():
    graph = nx.MultiGraph()
    graph.add_node(0, lon=at(0, 0)[0], lat=at(0, 0)[1])
    graph.add_node(1, lon=at(4, 0)[0], lat=at(4, 0)[1])
    bend = LineString([at(0, 0), at(2, 2), at(4, 0)])
    graph.add_edge(0, 1, length=265.0, minutes=9.0)
    graph.add_edge(0, 1, geometry=bend, minutes=4.0)
    net = access.build_network(graph)
    m = access.travel_matrix(net, places(o=at(0, 0)), places(t=at(4, 0)))
    assert m.network_minutes.item() == 4
    assert m.network_metres.item() == pytest.approx(bend.length * 95_000, rel=0.1)
    on_bend = access.travel_matrix(net, places(o=at(2, 2)), places(t=at(4, 0)))
    assert on_bend.entry_minutes.item() == pytest.approx(0, abs=1e-6)
    assert on_bend.network_minutes.item() == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_each_direction_of_a_street_has_minutes_of_its_own(mode):
    graph = nx.MultiDiGraph()
    for i in (0, 1):
        graph.add_node(i, x=-1.36 + i / 100, y=53.43)
    graph.add_edge(0, 1, length=700.0, minutes=5.0, osmid=7)
    graph.add_edge(1, 0, length=700.0, minutes=9.0, osmid=7)
    net = access.build_network(graph, mode=mode)
    assert (net.edge_minutes_forward.tolist(), net.edge_minutes_backward.tolist()) == ([5], [9])


def test_each_direction_of_a_street_has_a_speed_of_its_own():
    both, plain = nx.DiGraph(), nx.Graph()
    for graph in (both, plain):
        for i in (0, 1):
            graph.add_node(i, x=-1.36 + i / 100, y=53.43)
    street = {"length": 700.0, "highway": "primary"}
    both.add_edge(0, 1, **street, maxspeed="50 mph")
    both.add_edge(1, 0, **street, maxspeed="20 mph")
    limits = {"maxspeed:forward": "50 mph", "maxspeed:backward": "20 mph"}
    plain.add_edge(0, 1, **street, **limits)
    for graph in (both, plain):
        net = access.build_network(graph, mode="drive")
        there, back = net.edge_minutes_forward.item(), net.edge_minutes_backward.item()
        assert there == pytest.approx(0.7 / (50 * MPH * 0.95) * 60)
        assert back == pytest.approx(0.7 / (20 * MPH * 0.85) * 60)


def test_two_directions_of_different_streets_stay_two():
    graph = nx.DiGraph()
    for i in (0, 1):
        graph.add_node(i, x=-1.36 + i / 100, y=53.43)
    graph.add_edge(0, 1, length=700.0, highway="primary")
    graph.add_edge(1, 0, length=700.0, highway="residential", access="destination")
    net = access.build_network(graph, mode="drive")
    assert [net.class_names[k] for k in net.edge_class] == ["primary", "residential"]


def test_streets_of_two_names_take_the_first_class():
    graph = nx.Graph()
    for i in (0, 1):
        graph.add_node(i, x=-1.36 + i / 100, y=53.43)
    graph.add_edge(0, 1, highway=["footway", "steps"], osmid=[17, 18])
    net = access.build_network(graph)
    assert net.class_names == ("footway",)
    assert net.edge_way.tolist() == [17]
    assert np.isfinite(net.edge_minutes_backward).all()
