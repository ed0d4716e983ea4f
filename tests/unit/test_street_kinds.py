"""Street files and graphs as people, editors and servers really write them."""

from __future__ import annotations

import gzip
import itertools
import os
from dataclasses import replace

import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

import access
from access.errors import AccessError, NetworkError, ParameterError
from access.network import Profile
from access.network.access_rules import _barrier_closed, _duration_minutes, _judge, _limit_kmh
from tests.streets import at, osm_xml, places, write_osm

WALK, DRIVE = Profile.preset("walk"), Profile.preset("drive")
STREET = {"highway": "residential"}
MPH = 1.609344
# A square of streets, and a street through its middle: 2 - 5.
NODES = {1: at(0, 0), 2: at(2, 0), 3: at(4, 0), 4: at(4, 2), 5: at(2, 2), 6: at(0, 2)}
RING = (10, [1, 2, 3, 4, 5, 6, 1], STREET)
MIDDLE = (11, [2, 5], STREET)
THROUGH, ROUND = 222.4, 487.4


def metres(source, mode="walk", start=NODES[2], end=NODES[5], **options):
    net = access.build_network(source, mode=mode)
    m = access.travel_matrix(net, places(o=start), places(t=end), minimise="metres", **options)
    return m.network_metres.item()


def text(*town):
    return osm_xml(*town)


def put(tmp_path, content, name="t.osm"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- files of any order and state -------------------------------------------------------------


def parts(*town):
    lines = text(*town).split("\n")
    body = lines[1:-1]
    return lines[0], [x for x in body if "<node" in x], [x for x in body if "<way" in x]


@pytest.mark.parametrize("order", ["ways first", "backwards", "mixed"])
def test_objects_may_stand_in_any_order(tmp_path, order):
    head, nodes, ways = parts(NODES, [RING, MIDDLE])
    body = {
        "ways first": ways + nodes,
        "backwards": (nodes + ways)[::-1],
        "mixed": [ways[0], *nodes[:3], ways[1], *nodes[3:]],
    }[order]
    path = put(tmp_path, "\n".join([head, *body, "</osm>"]))
    plain = write_osm(tmp_path / "plain.osm", NODES, [RING, MIDDLE])
    assert access.build_network(path).digest == access.build_network(plain).digest


def test_a_pbf_with_ways_first_or_negative_ids_is_sorted_out(tmp_path):
    mutable = osmium.osm.mutable
    for sign, first in ((1, "ways"), (-1, "nodes")):
        path = tmp_path / f"{first}.osm.pbf"
        with osmium.SimpleWriter(str(path)) as writer:
            steps = [
                lambda w=writer, s=sign: [
                    w.add_node(mutable.Node(id=s * k, location=v)) for k, v in NODES.items()
                ],
                lambda w=writer, s=sign: [
                    w.add_way(mutable.Way(id=s * k, nodes=[s * r for r in refs], tags=tags))
                    for k, refs, tags in (RING, MIDDLE)
                ],
            ]
            for step in steps if first == "nodes" else steps[::-1]:
                step()
        assert metres(path) == pytest.approx(THROUGH, abs=0.5)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('id="11" version="1"', 'id="11" version="3" visible="false"', ROUND),
        ('id="11" version="1"', 'id="11" action="delete"', ROUND),
        ('id="11" version="1"', 'id="11" action="modify" version="1"', THROUGH),
        ('id="11" version="1"', 'id="11"', THROUGH),
    ],
)
def test_what_is_deleted_is_gone(tmp_path, old, new, expected):
    path = put(tmp_path, text(NODES, [RING, MIDDLE]).replace(old, new))
    assert metres(path) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("newest_first", [False, True])
def test_of_several_versions_the_newest_counts(tmp_path, newest_first):
    head, nodes, ways = parts(NODES, [RING, MIDDLE])
    gone = '<way id="11" version="2"><nd ref="2"/><nd ref="5"/><tag k="note" v="built on"/></way>'
    both = [gone, *ways] if newest_first else [*ways, gone]
    path = put(tmp_path, "\n".join([head, *nodes, *both, "</osm>"]))
    assert metres(path) == pytest.approx(ROUND, abs=0.5)
    moved = [*nodes, '<node id="5" version="2" lat="53.44" lon="-1.358"/>']
    path = put(tmp_path, "\n".join([head, *(moved[::-1] if newest_first else moved), *ways,
                                    "</osm>"]))  # fmt: skip
    assert access.build_network(path).node_lonlat[:, 1].max() == pytest.approx(53.44)


def test_a_way_counted_twice_is_one_street(tmp_path):
    once = access.build_network(write_osm(tmp_path / "a.osm", NODES, [RING, MIDDLE]), mode="drive")
    twice = access.build_network(
        write_osm(tmp_path / "b.osm", NODES, [MIDDLE, RING, MIDDLE, RING]), mode="drive"
    )
    assert twice.digest == once.digest


def test_positions_inside_the_ways_will_do(tmp_path):
    _, _, ways = parts(NODES, [RING, MIDDLE])
    for key, (lon, lat) in NODES.items():
        ways = [w.replace(f'<nd ref="{key}"/>', f'<nd ref="{key}" lat="{lat}" lon="{lon}"/>')
                for w in ways]  # fmt: skip
    path = put(tmp_path, '<osm version="0.6">' + "".join(ways) + "</osm>")
    assert metres(path) == pytest.approx(THROUGH, abs=0.5)


@pytest.mark.parametrize("lon", [(179.98, 180.0, -180.0, -179.98), (179.98, 180.0, 180.0, -179.98)])
def test_ways_cut_at_the_180th_meridian_meet_there(tmp_path, lon):
    nodes = {i: (x, -16.8) for i, x in enumerate(lon, 1)}
    path = write_osm(tmp_path / "t.osm", nodes, [(1, [1, 2], STREET), (2, [3, 4], STREET)])
    assert metres(path, start=(179.985, -16.8), end=(-179.985, -16.8)) == pytest.approx(3194, abs=2)


@pytest.mark.parametrize("name", ["T.OSM", "t.osm.pbf", "t.osm.gz", "t.xml"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_what_it_holds_whatever_its_name(tmp_path, name, pack):
    path = put(tmp_path, pack(text(NODES, [RING, MIDDLE]).encode()), name)
    assert metres(path) == pytest.approx(THROUGH, abs=0.5)


GOOD = text(NODES, [RING, MIDDLE])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD.replace('lat="53.43"', 'lat="999"', 1), "node 1.*WGS84 degrees"),
        (GOOD.replace('lat="53.43"', 'lat="nan"', 1), "node 1.*WGS84 degrees"),
        (GOOD.replace('lat="53.43"', 'lat="north"', 1), r"node 1 \(line 2\).*WGS84 degrees"),
        (GOOD.replace('ref="5"', 'ref="5.5"'), "way 1[01].*whole number"),
        (GOOD.replace('id="11"', f'id="{10**30}"'), "whole number"),
        (GOOD.replace('v="residential"', f'v="{"x" * 2000}"'), "way 10.*at most 255"),
        (GOOD.replace("<way", "<a>" * 50 + "<way", 1), "deep in each other"),
        (GOOD.replace("<osm", "<gpx"), "mismatched|<gpx>"),
        ("<html><p>Too many requests</p></html>", "<html>"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + GOOD.partition("?>")[2], "entities"),
        (GOOD.replace("<node", "<remark>timed out</remark><node", 1), "timed out"),
        (GOOD[:300], "stopped short"),
        ('{"elements": []}', "JSON"),
        ("", "empty"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, words):
    with pytest.raises(NetworkError, match=words):
        access.build_network(put(tmp_path, content))


@pytest.mark.parametrize("instead", [b"\xff\xfe\xff\xfe", b"abc\xe2", b"\0\0\0\0"])
def test_a_pbf_with_letters_that_are_none_ends_in_words(tmp_path, instead):
    mutable = osmium.osm.mutable
    path = tmp_path / "t.osm.pbf"
    plain = osmium.io.File(str(path), "pbf,pbf_compression=none")
    with osmium.SimpleWriter(plain) as writer:
        for key, spot in NODES.items():
            writer.add_node(mutable.Node(id=key, location=spot))
        for key in range(1, 2000):
            tags = {"highway": "residential", "name": "Wxyz"}
            writer.add_way(mutable.Way(id=key, nodes=[1, 2, 3], tags=tags))
    path.write_bytes(path.read_bytes().replace(b"Wxyz", instead))
    try:
        access.build_network(path)
    except NetworkError as error:
        assert "damaged" in str(error)


def test_faults_are_counted_and_not_all_printed(tmp_path):
    nodes = "".join(f'<node id="{i}" lat="x" lon="1"/>' for i in range(1000))
    with pytest.raises(NetworkError, match="1,000 objects") as caught:
        access.build_network(put(tmp_path, f"<osm>{nodes}</osm>"))
    assert len(caught.value.faults) == 20


def test_a_packed_file_without_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("access.network.osm_objects._LEAST_UNPACKED", 1_000_000)
    path = put(tmp_path, gzip.compress(b"<osm>" + b" " * 5_000_000), "bomb.osm.gz")
    with pytest.raises(NetworkError, match="unpacks to more than 1 MB"):
        access.build_network(path)


@pytest.mark.parametrize("name", ["a.osm", "a.osm.pbf", "a.graphml"])
@pytest.mark.parametrize("what", ["folder", "pipe", "device", "circle"])
def test_only_regular_files_are_read(tmp_path, name, what):
    path = tmp_path / name
    make = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "circle": lambda: path.symlink_to(path),
    }
    make[what]()
    with pytest.raises(NetworkError, match="not a regular file"):
        access.build_network(path, cache=tmp_path / "cache")


def test_a_file_too_large_names_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("access.network.osm._MOST_BYTES", 100)
    with pytest.raises(NetworkError, match="expected at most"):
        access.build_network(put(tmp_path, GOOD))


# --- what tags mean ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "walk", "drive"),
    [
        ({"access": "agricultural"}, "access=agricultural", "closed to cars"),
        ({"vehicle": "psv; bicycle"}, "", "closed to cars"),
        ({"access": "no;private"}, "access=no", "closed to cars"),
        ({"motor_vehicle": "agricultural;destination"}, "", ""),
        ({"access": "Private"}, "private", "private"),
        ({"access": "no", "foot": "destination"}, "", "closed to cars"),
        ({"foot": "use_sidepath"}, "foot=use_sidepath", ""),
        ({"foot": "no;use_sidepath"}, "foot=no", ""),
    ],
)
def test_lists_in_access_tags_name_all_who_may_pass(tags, walk, drive):
    whole = {"highway": "service", **tags}
    assert (_judge(whole, WALK).reason, _judge(whole, DRIVE).reason) == (walk, drive)


@pytest.mark.parametrize(
    ("value", "kmh"),
    [
        ("1000", None), ("1", None), ("20;30 mph", 20 * MPH), ("30 mph|20 mph", 20 * MPH),
        ("GB:zone:20", 20 * MPH), ("de:zone30", 30), ("uk:nsl_single", 60 * MPH),
        ("signals;40 mph", 40 * MPH), ("none", None), ("-30", None), ("inf", None),
    ],
)  # fmt: skip
def test_limits_that_cannot_be_are_none(value, kmh):
    assert _limit_kmh(value) == (None if kmh is None else pytest.approx(kmh))


def test_no_class_is_driven_faster_than_its_road():
    for kind in ("trunk_link", "tertiary_link", "road"):
        assert _judge({"highway": kind, "maxspeed": "90 mph"}, DRIVE).kmh_forward <= 70 * MPH


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        ("01:30", 90), ("00:20", 20), ("00:02:30", 2.5), ("PT1H30M", 90), ("P1DT1H", 1500),
        ("45", 45), ("45 min", 45), ("0", None), ("00:00", None), ("soon", None), ("P", None),
    ],
)  # fmt: skip
def test_durations(value, minutes):
    found = _duration_minutes(value)
    assert np.isnan(found) if minutes is None else found == pytest.approx(minutes)


def test_a_moving_staircase_goes_one_way():
    up = _judge({"highway": "steps", "conveying": "forward"}, WALK)
    assert (up.forward, up.backward) == (True, False)
    down = _judge({"highway": "footway", "conveying": "backward"}, WALK)
    assert (down.forward, down.backward) == (False, True)
    assert _judge({"highway": "steps", "conveying": "yes"}, WALK).backward


@pytest.mark.parametrize(
    ("tags", "walk", "drive"),
    [
        ({"barrier": "gate", "locked": "yes"}, True, True),
        ({"barrier": "gate", "locked": "yes", "foot": "yes"}, False, True),
        ({"barrier": "gate", "locked": "no"}, False, False),
        ({"barrier": "lift_gate", "locked": "yes", "motor_vehicle": "permissive"}, True, False),
        ({"barrier": "gate", "access": "private;no"}, True, True),
        ({"barrier": "swing_gate", "motor_vehicle": "forestry;agricultural"}, False, True),
    ],
)
def test_locked_gates(tags, walk, drive):
    assert [_barrier_closed(tags, p) for p in (WALK, DRIVE)] == [walk, drive]


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "residential", "tunnel": "yes"},
        {"highway": "trunk", "motorroad": "yes", "oneway": "no"},
        {"highway": "motorway_link"},
        {"route": "ferry", "motorcar": "yes"},
    ],
)
def test_nobody_joins_a_tunnel_a_motorway_or_a_ferry(tmp_path, tags):
    nodes = {**NODES, 7: at(4, 0.1), 8: at(0, 0.1)}
    ways = [RING, (12, [1, 8, 7, 3], tags)]
    path = write_osm(tmp_path / "t.osm", nodes, ways)
    # 11 m off the closed way and on the street: the street it is
    net = access.build_network(path, mode="drive")
    m = access.travel_matrix(net, places(o=at(2, 0.09)), places(t=at(3, 0)))
    assert m.network_metres.item() == pytest.approx(66.3, abs=0.5)
    assert m.entry_minutes.item() == pytest.approx(10 / 80, abs=0.01)


@pytest.mark.parametrize("value", ["destination", "customers", "residents;visitors"])
def test_local_streets_are_for_those_who_live_there(tmp_path, value):
    nodes = {**NODES, 7: at(2, -1), 8: at(2, 3)}
    ways = [RING, (11, [2, 5], {**STREET, "motor_vehicle": value}), (12, [7, 2], STREET),
            (13, [5, 8], STREET)]  # fmt: skip
    path = write_osm(tmp_path / "t.osm", nodes, ways)
    ends = {"start": at(2, -1), "end": at(2, 3)}
    assert metres(path, "drive", **ends) == pytest.approx(ROUND + THROUGH, abs=0.5)
    assert metres(path, "walk", **ends) == pytest.approx(THROUGH * 2, abs=0.5)
    home = {"start": at(2, 0.5), "end": at(2, 3)}
    assert metres(path, "drive", **home) == pytest.approx(THROUGH * 1.25, abs=0.5)
    assert metres(path, "drive", **home, direction="from_site") == pytest.approx(
        THROUGH * 1.25, abs=0.5
    )


def test_a_pond_in_a_square_is_walked_round(tmp_path):
    pond_and_ends = {11: at(1, 0.5), 12: at(3, 0.5), 13: at(3, 1.5), 14: at(1, 1.5)}
    nodes = {**NODES, **pond_and_ends, 15: at(2, -1), 16: at(2, 3)}
    ways = [(10, [1, 2, 3, 4, 5, 6, 1], {}), (20, [11, 12, 13, 14, 11], {}),
            (21, [15, 2], STREET), (22, [16, 5], STREET)]  # fmt: skip
    xml = text(nodes, ways, [(9, [10, 20], {"type": "multipolygon", "highway": "pedestrian"})])
    pond = xml.replace('ref="20" role="outer"', 'ref="20" role="inner"')
    dry = text(nodes, ways, [(9, [10], {"type": "multipolygon", "highway": "pedestrian"})])
    walk = replace(WALK, name="crossing", cross_squares=True)

    def length(content):
        net = access.build_network(put(tmp_path, content), profile=walk)
        m = access.travel_matrix(net, places(o=at(2, -1)), places(t=at(2, 3)))
        return m.network_metres.item()

    assert length(dry) == pytest.approx(2 * THROUGH, abs=0.5)
    assert length(pond) == pytest.approx(ROUND + THROUGH, abs=0.5)


# --- turns ------------------------------------------------------------------------------------


def turn(kind, before, via, after, more="", of=""):
    return (
        f'<relation id="900" version="1"><member type="way" ref="{before}" role="from"/>'
        f'<member type="node" ref="{via}" role="via"/><member type="way" ref="{after}" role="to"/>'
        f'<tag k="type" v="restriction{of}"/><tag k="restriction" v="{kind}"/>'
        f"{more}</relation></osm>"
    )


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        (turn("no_straight_on", 12, 2, 11), "round"),
        (turn("only_left_turn", 12, 2, 15), "round"),
        (turn("only_straight_on", 12, 2, 11), "through"),
        (turn("no_left_turn", 12, 2, 15), "through"),
        (turn("no_straight_on", 11, 2, 12), "through"),
        (turn("no_straight_on", 12, 2, 11, '<tag k="except" v="bicycle;motorcar"/>'), "through"),
        (turn("no_straight_on", 12, 77, 11), "through"),
        (turn("no_straight_on", 12, 2, 11, of=":hgv"), "through"),
        (turn("no_straight_on", 12, 2, 11, of=":motorcar"), "round"),
    ],
)
def test_banned_turns_bind_cars(tmp_path, relation, expected):
    nodes = {**NODES, 7: at(2, -1)}
    ways = [(14, [2, 3, 4, 5], STREET), (15, [5, 6, 1, 2], STREET), MIDDLE, (12, [7, 2], STREET)]
    path = put(tmp_path, text(nodes, ways).replace("</osm>", relation))
    trip = {"start": at(2, -1), "end": at(2, 2)}
    length = {"through": THROUGH * 1.5, "round": ROUND + THROUGH / 2}
    assert metres(path, "drive", **trip) == pytest.approx(length[expected], abs=0.5)
    assert metres(path, "walk", **trip) == pytest.approx(THROUGH * 1.5, abs=0.5)
    told = access.build_network(path, mode="drive").assumptions
    assert not told or "turn" in told[0]


# --- graphs -----------------------------------------------------------------------------------


def pair(graph=None, *, a=NODES[1], b=NODES[2], crs=None, **edge):
    graph = nx.Graph() if graph is None else graph
    if crs is not None:
        graph.graph["crs"] = crs
    graph.add_node("a", x=a[0], y=a[1])
    graph.add_node("b", x=b[0], y=b[1])
    graph.add_edge("a", "b", **edge)
    return graph


BEND = [at(0, 0), at(1.8, 1), at(2, 0)]


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph])
def test_a_line_may_run_against_its_edge(kind):
    def found(line):
        net = access.build_network(pair(kind(), geometry=LineString(line)))
        m = access.travel_matrix(net, places(o=at(0, 0)), places(t=at(1.8, 1)))
        return m.network_metres.item()

    assert found(BEND) == pytest.approx(found(BEND[::-1])) == pytest.approx(163, abs=1)


@pytest.mark.parametrize("length", [0, 0.1325, 100.0, 132.5 * 3.28])
def test_lengths_that_are_not_metres_are_refused(length):
    with pytest.raises(NetworkError, match=r"expected (lengths in )?metres"):
        access.build_network(pair(length=length))
    assert access.build_network(pair(length=132.5)).edge_metres.tolist() == [132.5]


@pytest.mark.parametrize(
    "town",
    [
        {"crs": "nonsense"}, {"crs": {}}, {"crs": 5}, {"crs": "EPSG:27700"}, {"crs": "EPSG:4978"},
        {"a": (-1.36, 999)}, {"a": (float("nan"), 53)}, {"a": ("west", 53)},
        {"geometry": "rubbish"}, {"geometry": 5}, {"geometry": Point(0, 0)},
        {"geometry": LineString()}, {"geometry": LineString([(0, 0), (1, 1)])},
        {"geometry": LineString([at(0, 0), (-1.36, 999), at(2, 0)])}, {"minutes": "soon"},
    ],
)  # fmt: skip
def test_nonsense_in_a_graph_is_refused(town):
    with pytest.raises(NetworkError):
        access.build_network(pair(**town))


@pytest.mark.parametrize("flag", [True, "True", "true", "yes", "1", 1])
def test_flags_however_written(flag):
    graph = pair(nx.Graph(), highway="residential", oneway=flag)
    net = access.build_network(graph, mode="drive")
    assert np.isinf(net.edge_minutes_backward).all()
    graph = pair(nx.Graph(), highway="residential", tunnel=flag)
    assert (access.build_network(graph).edge_sides == 3).all() == (str(flag) != "no")


def test_junctions_lights_and_gates_count_in_graphs_too(tmp_path):
    graph = nx.Graph()
    for key, (lon, lat) in NODES.items():
        graph.add_node(key, x=lon, y=lat)
    ring = RING[1]
    graph.add_edges_from(itertools.pairwise(ring), highway="residential")
    graph.add_edge(2, 5, highway="residential")
    graph.nodes[3]["highway"] = "traffic_signals"
    nodes = {**NODES, 3: (*NODES[3], {"highway": "traffic_signals"})}
    path = write_osm(tmp_path / "t.osm", nodes, [RING, MIDDLE])
    one, two = (access.build_network(source, mode="drive") for source in (path, graph))
    trip = places(o=at(1, 0)), places(t=at(4, 1), u=at(2, 1))
    assert access.travel_matrix(two, *trip).total_minutes == pytest.approx(
        access.travel_matrix(one, *trip).total_minutes, abs=0.01
    )
    graph.nodes[2]["barrier"] = "bollard"
    assert access.build_network(graph, mode="drive", keep="all").n_nodes > len(NODES)


def test_a_ferry_takes_its_time_in_graphs_too():
    graph = pair(route="ferry", motor_vehicle="yes", duration="00:30")
    net = access.build_network(graph, mode="drive")
    assert net.edge_minutes_forward.tolist() == [45]


# --- arguments --------------------------------------------------------------------------------


TWICE = pd.DataFrame([["a", 1, 2, 3]], columns=["id", "lon", "lon", "lat"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minimise", []), ("snap_limit_m", "far"), ("snap_limit_m", True), ("max_minutes", "x"),
        ("max_minutes", float("nan")), ("direction", None), ("cache", 5), ("network", 5),
        ("areas", None), ("sites", TWICE),
    ],
)  # fmt: skip
def test_arguments_of_travel_matrix_are_named(name, value):
    given = {"network": access.build_network(pair()), "areas": places(o=at(0, 0)),
             "sites": places(t=at(1, 0)), name: value}  # fmt: skip
    with pytest.raises(ParameterError, match=name):
        access.travel_matrix(given.pop("network"), given.pop("areas"), given.pop("sites"), **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [("mode", []), ("profile", 5), ("keep", None), ("heights", 5), ("cache", 5), ("source", None)],
)
def test_arguments_of_build_network_are_named(name, value):
    given = {"source": pair(), name: value}
    with pytest.raises(ParameterError, match=name):
        access.build_network(given.pop("source"), **given)


def test_profiles_take_numbers_only():
    for wrong in ({"kmh": "fast"}, {"urban_factor": None}, {"junction_seconds": True}):
        with pytest.raises(AccessError, match=next(iter(wrong)).split("_")[0]):
            replace(DRIVE, **wrong)
