"""Legs, statuses, limits and directions of the travel matrix, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import access
from access.analysis.job import travel_times
from access.errors import NetworkError
from access.network import Network, Profile, Status, network
from access.sources.folder import new_study
from access.study import load_study
from access.units import great_circle_m
from tests.streets import at, places, write_osm

#: A straight street of 1,000 m and a side street of 400 m from its middle.
#:
#:                 2 (400 m north)
#:                 |
#:   0 --- 500 --- 1 --- 500 --- 3
NODES = [at(0, 0), at(7.5, 0), at(7.5, 3.6), at(15, 0)]


@pytest.fixture
def town() -> Network:
    lon, lat = zip(*NODES, strict=True)
    return Network.from_edges(lon, lat, [0, 1, 1], [1, 3, 2], metres=[500.0, 500.0, 400.0])


def test_distances_by_hand(town):
    areas = places(west=at(0, 0), middle=at(3.75, 0), north=at(7.5, 3.6))
    sites = places(east=at(15, 0), corner=at(7.5, 0))
    m = access.travel_matrix(town, areas, sites)
    assert m.network_metres == pytest.approx(
        np.array([[1000, 500], [750, 250], [900, 400]]), abs=0.05
    )
    assert m.total_minutes == pytest.approx(m.network_metres / 80, abs=1e-3)
    assert (m.status == Status.OK).all()
    assert (m.mode, m.direction) == ("walk", "to_site")


def test_the_legs_are_counted_and_walked_at_walking_speed(town):
    home, centre = at(2, 1), at(12, -2)
    m = access.travel_matrix(town, places(home=home), places(centre=centre))
    entry = great_circle_m(*home, *at(2, 0)).item()
    exit_ = great_circle_m(*centre, *at(12, 0)).item()
    assert m.entry_minutes.item() == pytest.approx(entry / 80, rel=1e-3)
    assert m.exit_minutes.item() == pytest.approx(exit_ / 80, rel=1e-3)
    total = m.entry_minutes + m.network_minutes + m.exit_minutes
    assert m.total_minutes.item() == total.item()
    crawl = replace(town.profile, off_network_kmh=2.4)
    slow = access.travel_matrix(replace(town, profile=crawl), places(home=home), places(c=centre))
    assert slow.entry_minutes.item() == pytest.approx(2 * m.entry_minutes.item())


def test_the_nearest_point_on_a_street_not_the_nearest_corner(town):
    """A home near a street's middle joins there, though a corner of another street is nearer."""
    m = access.travel_matrix(town, places(home=at(5, 0.1)), places(centre=at(7.5, 0)))
    assert m.network_metres.item() == pytest.approx(500 / 7.5 * 2.5, abs=0.1)


def test_co_located_places_are_the_same_place_even_far_from_any_street(town):
    spots = {"a": at(3, 0.5), "b": at(3, 30)}
    m = access.travel_matrix(
        town, places(**spots), places(**{f"s{k}": v for k, v in spots.items()})
    )
    assert m.status.tolist() == [
        [Status.SAME_PLACE, Status.UNSNAPPED], [Status.UNSNAPPED, Status.SAME_PLACE],
    ]  # fmt: skip
    assert np.diag(m.total_minutes).tolist() == [0, 0]
    assert np.diag(m.network_metres).tolist() == [0, 0]


def test_two_homes_at_one_corner_both_stay(town):
    areas = places(a=at(7.5, 0), b=at(7.5, 0), c=at(7.5, 0.00001))
    m = access.travel_matrix(town, areas, places(centre=at(0, 0)))
    assert m.area_ids == ("a", "b", "c")
    assert m.network_metres[:, 0] == pytest.approx([500, 500, 500], abs=0.05)


def test_the_snap_limit_is_kept_on_both_sides(town):
    homes = places(near=at(3, 2), far=at(3, 4))  # 222 m and 445 m from the street
    centre = places(centre=at(0, 0))
    statuses = [
        access.travel_matrix(town, homes, centre, snap_limit_m=limit).status[:, 0].tolist()
        for limit in (100, 300, 500)
    ]
    no, yes = Status.UNSNAPPED, Status.OK
    assert statuses == [[no, no], [yes, no], [yes, yes]]


def test_the_limit_is_on_the_total_and_says_beyond_not_unreachable(town):
    areas = places(home=at(0, 0), set_back=at(0, 0.9))  # 100 m leg
    m = access.travel_matrix(town, areas, places(middle=at(7.5, 0), east=at(15, 0)), max_minutes=7)
    ok, beyond = Status.OK, Status.BEYOND_LIMIT
    assert m.status.tolist() == [[ok, beyond], [beyond, beyond]]
    assert np.isinf(m.total_minutes[1]).all()
    for by in ("minutes", "metres"):
        again = access.travel_matrix(
            town, areas, places(middle=at(7.5, 0), east=at(15, 0)), max_minutes=7, minimise=by
        )
        assert np.array_equal(again.status, m.status)


def test_unreachable_is_told_from_beyond_the_limit():
    lon, lat = zip(*[at(0, 0), at(5, 0), at(0, 2), at(5, 2)], strict=True)
    net = Network.from_edges(lon, lat, [0, 2], [1, 3], keep="all")
    m = access.travel_matrix(
        net, places(home=at(0, 0)), places(far=at(5, 0), other=at(5, 2)), max_minutes=1
    )
    assert m.status.tolist() == [[Status.BEYOND_LIMIT, Status.UNREACHABLE]]


@pytest.mark.parametrize("by", ["minutes", "metres"])
def test_a_quick_way_round_against_a_short_way_through(by):
    """Straight through: 300 m, 10 minutes. Round: 800 m, 4 minutes."""
    lon, lat = zip(*[at(0, 0), at(4, 0), at(2, 3)], strict=True)
    net = Network.from_edges(
        lon, lat, [0, 0, 2], [1, 2, 1], metres=[300.0, 400.0, 400.0],
        minutes_forward=[10.0, 2.0, 2.0],
    )  # fmt: skip
    m = access.travel_matrix(net, places(o=at(0, 0)), places(t=at(4, 0)), minimise=by)
    expected = (4, 800) if by == "minutes" else (10, 300)
    assert (m.network_minutes.item(), m.network_metres.item()) == pytest.approx(expected)


def test_of_two_parallel_streets_the_better_is_taken_for_each_purpose():
    lon, lat = zip(*[at(0, 0), at(4, 0)], strict=True)
    net = Network.from_edges(
        lon, lat, [0, 0], [1, 1], metres=[300.0, 200.0], minutes_forward=[2.0, 5.0]
    )
    for by, expected in (("minutes", (2, 300)), ("metres", (5, 200))):
        m = access.travel_matrix(net, places(o=at(0, 0)), places(t=at(4, 0)), minimise=by)
        assert (m.network_minutes.item(), m.network_metres.item()) == pytest.approx(expected)


def test_there_and_back_differ_on_a_hill_of_minutes():
    lon, lat = zip(*[at(0, 0), at(4, 0)], strict=True)
    net = Network.from_edges(lon, lat, [0], [1], minutes_forward=[9.0], minutes_backward=[3.0])
    areas, sites = places(bottom=at(0, 0)), places(top=at(4, 0))
    there = access.travel_matrix(net, areas, sites)
    back = access.travel_matrix(net, areas, sites, direction="from_site")
    assert (there.total_minutes.item(), back.total_minutes.item()) == pytest.approx((9, 3))
    assert there.shape == back.shape == (1, 1)


def test_order_and_number_of_rows_are_the_callers(town):
    rng = np.random.default_rng(5)
    spots = {f"z{i}": at(*p) for i, p in enumerate(rng.uniform(0, 15, (40, 2)) * [1, 0.4])}
    areas = places(**spots)
    sites = places(**dict(list(spots.items())[:7]))
    m = access.travel_matrix(town, areas, sites)
    mixed = areas.sample(frac=1, random_state=1)
    again = access.travel_matrix(town, mixed, sites.iloc[::-1])
    assert again.area_ids == tuple(mixed["id"])
    assert np.array_equal(again.areas(m.area_ids).sites(m.site_ids).total_minutes, m.total_minutes)


def test_more_sites_than_areas_searches_from_the_areas(town):
    rng = np.random.default_rng(6)
    a = places(**{f"a{i}": at(*p) for i, p in enumerate(rng.uniform(0, 15, (3, 2)) * [1, 0.3])})
    s = places(**{f"s{i}": at(*p) for i, p in enumerate(rng.uniform(0, 15, (20, 2)) * [1, 0.3])})
    few, many = access.travel_matrix(town, a, s), access.travel_matrix(town, s, a)
    assert few.total_minutes == pytest.approx(many.total_minutes.T)


def test_the_same_call_gives_the_same_bytes(town):
    homes = places(a=at(1, 1), b=at(9, 2), c=at(7.5, 3))
    one, two = (access.travel_matrix(town, homes, places(s=at(14, 0))) for _ in range(2))
    assert one.total_minutes.tobytes() == two.total_minutes.tobytes()
    assert one.provenance == two.provenance


def test_provenance_names_network_and_parameters(town):
    m = access.travel_matrix(town, places(a=at(1, 1)), places(s=at(14, 0)), snap_limit_m=300)
    assert m.provenance["network"]["digest"] == town.digest
    assert m.provenance["network"]["profile"]["kmh"] == 4.8
    assert m.provenance["snap_limit_m"] == 300


def test_the_digest_follows_what_decides_a_travel_time(town):
    lon, lat = zip(*NODES, strict=True)
    ends = [0, 1, 1], [1, 3, 2]
    longer = Network.from_edges(lon, lat, *ends, metres=[500.0, 500.0, 401.0])
    slower = Network.from_edges(
        lon, lat, *ends, metres=[500.0, 500.0, 400.0], profile=replace(town.profile, kmh=3.0)
    )
    again = Network.from_edges(lon, lat, *ends, metres=[500.0, 500.0, 400.0])
    assert again.digest == town.digest
    assert len({town.digest, longer.digest, slower.digest}) == 3


def test_a_network_cannot_be_changed_by_accident(town):
    with pytest.raises(ValueError, match="read-only"):
        town.edge_metres[0] = 1.0


def test_assumptions_travel_with_the_matrix():
    lon, lat = zip(*NODES, strict=True)
    net = Network.from_edges(lon, lat, [0], [1], assumptions=["modelled streets: not a survey"])
    m = access.travel_matrix(net, places(a=at(1, 0)), places(s=at(2, 0)))
    assert m.assumptions == ("modelled streets: not a survey",)


def test_leaving_the_borough_and_coming_back_is_the_short_way():
    """The bridge lies outside the boundary: cut there, the trip is three times as long."""
    inside = [at(0, 0), at(4, 0), at(0, -9), at(4, -9)]
    outside = [at(0, 3), at(4, 3)]
    lon, lat = zip(*inside, *outside, strict=True)
    streets = ([0, 2, 3, 0, 4, 5], [2, 3, 1, 4, 5, 1])
    home, centre = places(home=at(0, 0)), places(centre=at(4, 0))
    whole = access.travel_matrix(Network.from_edges(lon, lat, *streets), home, centre)
    cut = access.travel_matrix(
        Network.from_edges(lon, lat, *([*ends[:3]] for ends in streets)), home, centre
    )
    over_bridge = 2 * great_circle_m(*at(0, 0), *at(0, 3)) + great_circle_m(*at(0, 3), *at(4, 3))
    assert whole.network_metres.item() == pytest.approx(over_bridge.item())
    assert cut.network_metres.item() > 2.4 * whole.network_metres.item()


def test_areas_and_sites_may_be_one_table(town):
    spots = pd.concat([places(a=at(0, 0)), places(b=at(15, 0))])
    m = access.travel_matrix(town, spots, spots)
    assert m.network_metres == pytest.approx(np.array([[0, 1000], [1000, 0]]), abs=0.05)


def test_profiles_walk_by_default():
    assert Network.from_edges([-1.36, -1.35], [53.4, 53.4], [0], [1]).profile == (
        Profile.preset("walk")
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_tree_of_whole_stretches_finds_what_a_tree_of_pieces_does(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 6, 12)
    # on a grid many stretches are equally near, and some have no length
    xy = (
        rng.integers(0, 6, (sizes.sum(), 2)) * 50.0
        if seed % 2
        else rng.uniform(0, 900, (sizes.sum(), 2))
    )
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    places = np.concatenate([xy[:10], rng.uniform(-200, 1200, (60, 2)).round(1)])
    found = []
    for few in (10_000, -1):
        monkeypatch.setattr(network, "_FEW", few)
        finder = network._segment_index(xy, offsets, np.arange(len(sizes)) > 0)
        piece, along, metres = network._nearest_piece(finder, xy, places, limit_m=123.4)
        corner = np.where(piece < 0, -1, finder.corner[piece])
        found.append((corner, along, metres))
    assert (found[0][0] < 0).any() and (found[0][0] >= 0).any()
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_services_for_people_of_one_name_are_each_held_to_the_limit(tmp_path):
    """Whose families join no street is counted by service, whatever its people are called."""
    new_study(tmp_path / "town")
    path = tmp_path / "town" / "study.toml"
    text = path.read_text(encoding="utf-8")
    own = text[text.index("[services.") : text.index("[proposals.")]
    other = own.replace(".childrens_centre]", ".library]").replace('"children_0_4"', '"residents"')
    path.write_text(text.replace(own, own + other), encoding="utf-8")
    areas = pd.read_csv(path.parent / "areas.csv")
    south = areas["lat"] < 53.41  # a kilometre from every street, with all the children
    areas = areas.assign(residents=np.where(south, 1, 900), children_0_4=np.where(south, 1, 0))
    areas.to_csv(path.parent / "areas.csv", index=False)
    centres = pd.read_csv(path.parent / "centres.csv")
    more = centres.assign(id="L" + centres["id"], service="library")
    pd.concat([centres, more]).to_csv(path.parent / "centres.csv", index=False)
    lons, lats = np.arange(-1.41, -1.28, 0.005), np.arange(53.41, 53.47, 0.005)
    nodes = {i * 100 + j: (x, y) for i, x in enumerate(lons, 1) for j, y in enumerate(lats)}
    lines = [[n for n in nodes if n // 100 == i] for i in range(1, len(lons) + 1)]
    lines += [[n for n in nodes if n % 100 == j] for j in range(len(lats))]
    ways = [(k, line, {"highway": "residential"}) for k, line in enumerate(lines, 1)]
    streets = write_osm(tmp_path / "streets.osm", nodes, ways)
    with pytest.raises(NetworkError, match=r"5 areas with 100\.0% of the children under five"):
        travel_times(load_study(path.parent), network=streets, keep=False)


def test_an_area_and_a_site_may_have_one_id(tmp_path):
    """Who numbers both tables from 1 gets the legs of both."""
    new_study(tmp_path / "town")
    sizes = []
    for name in ("areas.csv", "centres.csv"):
        table = pd.read_csv(tmp_path / "town" / name)
        sizes.append(len(table))
        table.assign(id=range(1, len(table) + 1)).to_csv(tmp_path / "town" / name, index=False)
    path = tmp_path / "town" / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"C3"', '"3"'), encoding="utf-8")
    legs = travel_times(load_study(path.parent)).snaps["walk"]
    assert legs["id"].tolist() == [str(i) for n in sizes for i in range(1, n + 1)]
    assert legs["joined"].all()
