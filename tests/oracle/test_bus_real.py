"""Real timetables: sampled minutes are those of a slow search, and R5's published ones hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import Delaunay

from access.network import Network, Profile, build_network
from access.network.bus import bus_matrix
from access.network.matrix import TravelMatrix
from access.network.timetable import read_timetable
from access.network.windowed import family_trip
from tests.bus_oracle import MINUTE, Oracle
from tests.conftest import SHARED

NEWPORT = SHARED / "newport"
PORTO_ALEGRE = SHARED / "porto_alegre"


@pytest.fixture(scope="module", autouse=True)
def real(shared_data):
    """Every test here reads real timetables."""
    return shared_data("newport")


@pytest.fixture(scope="module")
def newport():
    streets = build_network(NEWPORT / "newport-2023-06-13.osm.pbf", mode="walk")
    areas = pd.read_csv(NEWPORT / "output_areas_2021.csv").rename(columns={"oa21cd": "id"})
    table = read_timetable(NEWPORT / "newport-20230613_gtfs.zip", day="2023-06-13")
    return streets, table, areas, pd.read_csv(NEWPORT / "places.csv")


@pytest.fixture(scope="module")
def chester():
    """Chester's buses; its streets are not at hand, so stops are joined to their neighbours."""
    table = read_timetable(NEWPORT / "chester-20230816-small_gtfs.zip")
    box = table.stops["lon"].between(-3.0, -2.8) & table.stops["lat"].between(53.1, 53.3)
    at = table.stops[box].drop_duplicates(["lon", "lat"])[["lon", "lat"]].to_numpy()
    corners = Delaunay(at).simplices
    edges = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]]])), axis=0)
    streets = Network.from_edges(*at.T, *edges.T)
    rng = np.random.default_rng(5)
    spots = at[rng.choice(len(at), 40, replace=False)] + rng.normal(0, 5e-4, (40, 2))
    places = pd.DataFrame({"id": [f"p{i}" for i in range(40)], "lon": spots[:, 0],
                           "lat": spots[:, 1]})  # fmt: skip
    return streets, table, places[:30], places[30:]


def in_reach(table, areas, sites):
    """The timetable cut to the stops around the places, so that the slow search is not too slow."""
    everything = pd.concat([areas, sites])
    near = table.stops["lon"].between(
        everything["lon"].min() - 0.03, everything["lon"].max() + 0.03
    )
    near &= table.stops["lat"].between(
        everything["lat"].min() - 0.03, everything["lat"].max() + 0.03
    )
    used = np.zeros(len(table.stops), bool)
    used[table.boarding_stops] = True
    far = table.stops["id"][~near & used]
    return table.without(stops=far.tolist())


@pytest.mark.parametrize("town", ["newport", "chester"])
@pytest.mark.parametrize(
    ("direction", "arrive_by", "window"),
    [("to_site", False, ("09:00", "10:00")), ("from_site", False, ("20:00", "21:00")),
     ("to_site", True, ("08:30", "09:00")), ("to_site", False, ("23:40", "24:20")),
     ("from_site", True, ("21:30", "22:00"))],
)  # fmt: skip
def test_sampled_minutes_are_the_slow_search_s(request, town, direction, arrive_by, window):
    streets, table, areas, sites = request.getfixturevalue(town)
    rng = np.random.default_rng(len(town) + arrive_by)
    some = areas.iloc[rng.choice(len(areas), 12, replace=False)].reset_index(drop=True)
    few = sites.iloc[rng.choice(len(sites), 6, replace=False)].reset_index(drop=True)
    table = in_reach(table, some, few)
    found = bus_matrix(streets, table, some, few, window=window, direction=direction,
                       arrive_by=arrive_by)  # fmt: skip
    table = replace(table, stops=table.stops, rides=table.rides.take(_near(table, found.marks)))
    oracle = Oracle(streets, table, some, few, direction=direction)
    ask = oracle.being_there if arrive_by else oracle.setting_out
    n_picked = 2 if arrive_by else 6  # there the slow search runs once for every try
    picked = [rng.integers(0, n, n_picked) for n in found.shape]
    ridden = np.argwhere(found.boardings > 0)
    ridden = ridden[rng.permutation(len(ridden))[:n_picked]]
    picked = [*zip(*picked, strict=True), *ridden]
    for i, k, j in picked:
        origin, target = (i, j) if direction == "to_site" else (j, i)
        ms, used = ask(origin, target, found.marks[k] * MINUTE, 3)
        assert found.minutes[i, k, j] == pytest.approx(ms / MINUTE, abs=2e-5)
        assert found.boardings[i, k, j] == used
    assert found.boardings.max() > 0 or window[0] == "23:40"


def _near(table, marks, hours=5):
    """Rides within some hours of the window: no walk here takes as long."""
    low, high = (marks[0] - hours * 60) * MINUTE, (marks[-1] + hours * 60) * MINUTE
    return (table.rides.dep >= low) & (table.rides.arr <= high)


@pytest.fixture(scope="module")
def porto_alegre():
    """As r5r's published example: walking 3.6 km/h, up to 1,000 m between stops."""
    at = Profile.preset("walk")
    streets = build_network(
        PORTO_ALEGRE / "poa_osm.pbf", profile=replace(at, kmh=3.6, off_network_kmh=3.6)
    )
    table = read_timetable(
        [PORTO_ALEGRE / "poa_eptc.zip", PORTO_ALEGRE / "poa_trensurb.zip"], day="2019-05-13"
    )
    places = pd.read_csv(PORTO_ALEGRE / "poa_points_of_interest.csv")
    return bus_matrix(streets, table, places, places, window=("14:00", "14:30"),
                      max_walk_minutes=30, max_change_minutes=16.6)  # fmt: skip


def test_published_minutes_of_r5_hold(porto_alegre):
    """R5 gives percentiles as whole minutes that have passed, and single departures to 0.1."""
    found = porto_alegre
    for row in pd.read_csv(PORTO_ALEGRE / "answers.csv").itertuples():
        i, j = found.area_ids.index(row.from_id), found.site_ids.index(row.to_id)
        hour, minute = map(int, row.departure.split(":"))
        k = found.marks.index(hour * 60 + minute)
        series = np.sort(found.minutes[i, k : k + row.window_minutes, j])
        share = {"p50": 0.5, "p75": 0.75, "minute": 1.0}[row.kind]
        minutes = series[int(np.ceil(share * len(series))) - 1]
        passed = np.floor(minutes) if row.kind != "minute" else minutes
        within = 0.2 if row.by == "walk" else 2.0
        assert abs(passed - row.expected_minutes) <= within, row
        boarded = (found.boardings[i, k : k + row.window_minutes, j] > 0).mean()
        assert (boarded > 0.5) == (row.by == "bus"), row


def test_the_median_of_the_nearest_is_below_the_nearest_median_in_newport(newport):
    """That the trap is a trap on real buses; and the family trip, minute by minute."""
    streets, table, areas, sites = newport
    found = bus_matrix(streets, table, areas[::6], sites)
    nearest = found.nearest(["N17", "N16", "N12"])["minutes"].to_numpy()
    medians = found.percentile().sites(["N17", "N16", "N12"]).total_minutes.min(axis=1)
    assert (nearest <= medians + 1e-4).all()
    assert (nearest < medians - 0.5).any()
    drive = TravelMatrix.from_minutes(found.walk.to_frame() / 6, mode="drive")
    family = family_trip(found, drive, np.full(len(found.area_ids), 0.266))
    no_car = family_trip(found, drive, np.ones(len(found.area_ids)))
    np.testing.assert_allclose(no_car.minutes, found.minutes)
    car = np.minimum(found.walk.total_minutes, drive.total_minutes + 3)
    by_hand = 0.266 * found.percentile(50).total_minutes + 0.734 * car
    np.testing.assert_allclose(family.percentile(50).total_minutes, by_hand, rtol=1e-5)
