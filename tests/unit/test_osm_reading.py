"""OpenStreetMap files become networks: junctions, squares, barriers, one-way, missing nodes."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
import osmium
import pytest

import access
from access.network import Profile, Status
from access.network.osm import _read_streets
from access.units import great_circle_m
from tests.streets import at, places, write_osm

STREET = {"highway": "residential"}


def build(tmp_path, *town, **options):
    return access.build_network(write_osm(tmp_path / "town.osm", *town), **options)


def metres(net, origin, target, **options):
    m = access.travel_matrix(net, places(o=origin), places(t=target), minimise="metres", **options)
    return m.network_metres.item()


def walked(*corners):
    return sum(great_circle_m(*a, *b) for a, b in itertools.pairwise(corners))


CROSS = (
    {1: at(0, 0), 2: at(1, 0), 3: at(2, 0), 4: at(1, 1), 5: at(1, -1), 6: at(1.5, 0.2)},
    [(10, [1, 2, 6, 3], {**STREET, "name": "High Street"}), (11, [4, 2, 5], STREET)],
)


@pytest.mark.parametrize("name", ["t.osm", "t.osm.gz", "t.osm.bz2"])
def test_every_format_gives_the_same_network(tmp_path, name):
    path = write_osm(tmp_path / name, *CROSS)
    net = access.build_network(path)
    assert net.digest == build(tmp_path, *CROSS).digest
    assert net.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "OpenStreetMap" in net.source.licence


@pytest.mark.parametrize("first", [2**53 - 2, 2**53, 2**62, 2**63 - 5])
@pytest.mark.parametrize("kind", ["osm", "osm.pbf"])
def test_ids_of_64_bits_are_kept_apart(tmp_path, first, kind):
    spots = {first + i: at(i, 0) for i in range(4)}
    ways = [(first, [*spots][:3], STREET), (first + 1, [*spots][2:], STREET)]
    path = write_osm(tmp_path / "town.osm", spots, ways)
    if kind != "osm":
        path, plain = tmp_path / f"town.{kind}", path
        with osmium.SimpleWriter(str(path)) as writer:
            for one in osmium.FileProcessor(str(plain)):
                writer.add(one)
    net = access.build_network(path)
    assert net.node_ids.tolist() == [first, first + 2, first + 3]
    assert net.edge_way.tolist() == [first, first + 1]
    assert net.edge_metres == pytest.approx(
        [walked(at(0, 0), at(2, 0)), walked(at(2, 0), at(3, 0))]
    )


def test_an_id_beyond_64_bits_is_a_fault(tmp_path):
    spots = {1: at(0, 0), 2**63: at(1, 0)}
    path = write_osm(tmp_path / "town.osm", spots, [(1, [1, 2**63], STREET)])
    with pytest.raises(access.AccessError, match="a whole number of 64 bits"):
        access.build_network(path)


def test_ways_are_cut_where_they_meet_and_nowhere_else(tmp_path):
    net = build(tmp_path, *CROSS)
    assert (net.n_nodes, net.n_edges) == (5, 4)
    assert sorted(net.node_ids.tolist()) == [1, 2, 3, 4, 5]
    longest = net.edges_frame().query("name == 'High Street'").metres.max()
    assert longest == pytest.approx(walked(at(1, 0), at(1.5, 0.2), at(2, 0)))
    assert net.edge_metres.sum() == pytest.approx(
        walked(at(0, 0), at(1, 0), at(1.5, 0.2), at(2, 0)) + walked(at(1, 1), at(1, 0), at(1, -1))
    )


def test_frames_for_a_map_have_degrees_or_metres(tmp_path):
    net = build(tmp_path, *CROSS)
    grid, degrees = net.edges_frame(), net.edges_frame(crs="EPSG:4326")
    assert grid.crs.to_epsg() == 27700
    assert degrees.total_bounds == pytest.approx([*at(0, -1), *at(2, 1)], abs=1e-7)
    assert grid.geometry.length.to_numpy() == pytest.approx(grid.metres.to_numpy(), rel=4e-3)


def test_the_csr_holds_both_directions_of_every_open_street(tmp_path):
    nodes, ways = CROSS
    one_way = [(10, ways[0][1], {**STREET, "oneway": "yes"}), ways[1]]
    profile = Profile.preset("drive")
    csr = build(tmp_path, nodes, one_way, profile=profile, keep="all").csr
    assert csr.indptr[-1] == len(csr.indices) == 6
    assert (csr.minutes > 0).all()
    assert len(build(tmp_path, *CROSS).csr.indices) == 8


def test_on_foot_one_way_streets_go_both_ways_and_cars_go_round(tmp_path):
    corners = {1: at(0, 0), 2: at(2, 0), 3: at(2, 1), 4: at(0, 1)}
    ways = [(10, [1, 2], {**STREET, "oneway": "yes"}), (11, [2, 3, 4, 1], STREET)]
    walk = build(tmp_path, corners, ways)
    drive = build(tmp_path, corners, ways, mode="drive")
    there, back = (at(0.5, 0), at(1.5, 0)), (at(1.5, 0), at(0.5, 0))
    short = walked(*there)
    assert metres(walk, *there) == pytest.approx(short, abs=0.01)
    assert metres(walk, *back) == pytest.approx(short, abs=0.01)
    assert metres(drive, *there) == pytest.approx(short, abs=0.01)
    ring = walked(at(0, 0), at(2, 0), at(2, 1), at(0, 1), at(0, 0))
    assert metres(drive, *back) == pytest.approx(ring - short, abs=0.01)
    assert metres(drive, *there, direction="from_site") == pytest.approx(ring - short, abs=0.01)


def test_minus_one_turns_the_street_round(tmp_path):
    corners = {1: at(0, 0), 2: at(2, 0), 3: at(2, 1), 4: at(0, 1)}
    ways = [(10, [1, 2], {**STREET, "oneway": "-1"}), (11, [2, 3, 4, 1], STREET)]
    drive = build(tmp_path, corners, ways, mode="drive")
    assert metres(drive, at(1.5, 0), at(0.5, 0)) == pytest.approx(66.3, abs=0.1)


def test_a_bollard_stops_cars_and_not_people(tmp_path):
    nodes = {
        1: at(0, 0),
        2: at(
            2,
            0,
        ),
        3: at(4, 0),
        4: at(4, 1),
        5: at(0, 1),
    }
    nodes[2] = (*nodes[2], {"barrier": "bollard"})
    ways = [(10, [1, 2, 3], STREET), (11, [3, 4, 5, 1], STREET)]
    walk, drive = (build(tmp_path, nodes, ways, mode=m) for m in ("walk", "drive"))
    pair = at(1, 0), at(3, 0)
    straight = walked(*pair)
    ring = walked(at(0, 0), at(4, 0), at(4, 1), at(0, 1), at(0, 0))
    assert metres(walk, *pair) == pytest.approx(straight, abs=0.01)
    assert metres(drive, *pair) == pytest.approx(ring - straight, abs=0.01)
    assert drive.counts["barriers_closed"] == 1


def test_a_square_mapped_as_an_area_is_walked_round(tmp_path):
    nodes = {1: at(0, 0), 2: at(1, 0), 3: at(2, 0), 4: at(2, 1), 5: at(1, 1), 6: at(3, 1)}
    ways = [
        (10, [1, 2], STREET),
        (11, [2, 3, 4, 5, 2], {"highway": "pedestrian", "area": "yes"}),
        (12, [4, 6], STREET),
    ]
    net = build(tmp_path, nodes, ways)
    round_it = walked(at(0, 0), at(1, 0), at(1, 1), at(2, 1), at(3, 1))
    assert metres(net, at(0, 0), at(3, 1)) == pytest.approx(
        min(round_it, walked(at(0, 0), at(2, 0), at(2, 1), at(3, 1))), abs=0.01
    )
    assert not any(
        "pedestrian" in n for n in build(tmp_path, nodes, ways, mode="drive").class_names
    )


def test_a_square_drawn_as_a_multipolygon_counts_too(tmp_path):
    nodes = {1: at(0, 0), 2: at(1, 0), 3: at(2, 0), 4: at(2, 1), 5: at(1, 1), 6: at(3, 1)}
    ways = [(10, [1, 2], STREET), (11, [2, 3, 4], {}), (13, [4, 5, 2], {}), (12, [4, 6], STREET)]
    square = [(99, [11, 13], {"type": "multipolygon", "highway": "pedestrian"})]
    with_square = build(tmp_path, nodes, ways, square)
    assert metres(with_square, at(0, 0), at(3, 1)) < np.inf
    without = build(tmp_path, nodes, ways, keep="all")
    assert metres(without, at(0, 0), at(3, 1)) == np.inf


def test_nodes_outside_the_extract_cut_a_way_and_are_counted(tmp_path):
    nodes, ways = CROSS
    ways = [*ways, (12, [3, 777, 1], STREET), (13, [888, 4], STREET)]
    path = write_osm(tmp_path / "t.osm", nodes, ways)
    streets = _read_streets(path)
    assert streets.missing_nodes == 2
    assert access.build_network(path).digest == build(tmp_path, *CROSS).digest


def test_a_way_that_crosses_itself_is_cut_there(tmp_path):
    nodes = {1: at(0, 0), 2: at(2, 0), 3: at(1, 1), 4: at(1, 0), 5: at(1, -1)}
    net = build(tmp_path, nodes, [(10, [1, 4, 2, 3, 4, 5], STREET)])
    assert metres(net, at(0, 0), at(1, -1)) == pytest.approx(
        walked(at(0, 0), at(1, 0), at(1, -1)), abs=0.01
    )


def test_a_street_of_repeated_points_does_no_harm(tmp_path):
    nodes, ways = CROSS
    nodes = {**nodes, 7: nodes[3], 8: at(3, 0)}
    ways = [*ways, (12, [3, 7, 8], STREET), (13, [8, 8], STREET), (14, [3, 3], STREET)]
    net = build(tmp_path, nodes, ways)
    assert metres(net, at(1, 0), at(3, 0)) == pytest.approx(
        walked(at(1, 0), at(1.5, 0.2), at(2, 0), at(3, 0)), abs=0.01
    )


def test_junctions_and_lights_delay_cars_only(tmp_path):
    nodes, ways = CROSS
    lit = {**nodes, 6: (*nodes[6], {"highway": "traffic_signals"})}
    profile = Profile.preset("drive")
    net = build(tmp_path, lit, ways, mode="drive")
    m = access.travel_matrix(net, places(o=at(0, 0)), places(t=at(2, 0)))
    length = walked(at(0, 0), at(1, 0), at(1.5, 0.2), at(2, 0))
    moving = length * 0.06 / (profile.speed("residential") * profile.urban_factor)
    wait = (profile.junction_seconds + profile.signal_seconds) / 60
    assert m.network_minutes.item() == pytest.approx(moving + wait)
    on_foot = access.travel_matrix(
        build(tmp_path, lit, ways), places(o=at(0, 0)), places(t=at(2, 0))
    )
    assert on_foot.network_minutes.item() == pytest.approx(length / 80)


def test_a_driveway_mouth_does_not_delay_the_street(tmp_path):
    nodes, ways = CROSS
    ways = [ways[0], (11, [4, 2], {"highway": "service"})]
    net = build(tmp_path, nodes, ways, mode="drive")
    assert net.node_delay_minutes.max() == 0


def test_a_ferry_is_used_by_those_who_ask_and_its_wait_is_paid_once(tmp_path):
    from dataclasses import replace

    nodes = {1: at(0, 0), 2: at(1, 0), 3: at(5, 0), 4: at(9, 0), 5: at(10, 0)}
    ways = [(10, [1, 2], STREET), (11, [2, 3, 4], {"route": "ferry"}), (12, [4, 5], STREET),
            (13, [3, 3], STREET)]  # fmt: skip
    profile = replace(Profile.preset("walk"), ferries=True, ferry_wait_minutes=7.0)
    net = build(tmp_path, nodes, ways, profile=profile)
    m = access.travel_matrix(net, places(o=at(0, 0)), places(t=at(10, 0)))
    on_foot, afloat = walked(at(0, 0), at(1, 0)) * 2, walked(at(1, 0), at(9, 0))
    assert m.network_minutes.item() == pytest.approx(on_foot / 80 + afloat / 250 + 7, rel=1e-3)
    stays = build(tmp_path, nodes, ways)
    assert access.travel_matrix(stays, places(o=at(0, 0)), places(t=at(10, 0))).status.item() in (
        Status.UNSNAPPED, Status.UNREACHABLE,
    )  # fmt: skip


def test_islands_are_cut_off_counted_and_never_snapped_to(tmp_path):
    nodes, ways = CROSS
    nodes = {**nodes, 20: at(5, 5), 21: at(5.5, 5)}
    ways = [*ways, (30, [20, 21], STREET)]
    net = build(tmp_path, nodes, ways)
    assert net.counts["cut_off_parts"] == 1
    assert net.counts["cut_off_nodes"] == 2
    assert net.counts["cut_off_km"] == pytest.approx(walked(at(5, 5), at(5.5, 5)) / 1000)
    m = access.travel_matrix(net, places(island=at(5.2, 5)), places(centre=at(0, 0)))
    assert m.status.item() == Status.UNSNAPPED
    whole = build(tmp_path, nodes, ways, keep="all")
    m = access.travel_matrix(whole, places(island=at(5.2, 5)), places(centre=at(0, 0)))
    assert m.status.item() == Status.UNREACHABLE


def test_a_street_one_can_leave_but_not_enter_is_an_origin_and_no_destination(tmp_path):
    nodes, ways = CROSS
    nodes = {**nodes, 20: at(4, 0), 21: at(4, 1)}
    ways = [*ways, (30, [20, 3], {**STREET, "oneway": "yes"}), (31, [20, 21], STREET)]
    net = build(tmp_path, nodes, ways, mode="drive")
    assert net.counts["way_out_only_km"] > 0
    out = access.travel_matrix(net, places(home=at(4, 1)), places(centre=at(0, 0)))
    assert out.status.item() == Status.OK
    assert out.exit_minutes.item() == pytest.approx(0, abs=1e-6)
    back = access.travel_matrix(
        net, places(home=at(4, 1)), places(centre=at(0, 0)), direction="from_site"
    )
    assert back.status.item() == Status.OK  # driven to the nearest street that can be entered
    assert back.entry_minutes.item() > 1
