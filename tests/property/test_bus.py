"""On random small timetables the minutes by bus are those of a slow search written apart."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.network import Network
from access.network.bus import bus_matrix
from access.network.feed_day import _Rides
from access.network.timetable import Timetable
from access.network.windowed import WindowedTravel
from tests.bus_oracle import MINUTE, Oracle

LON, LAT = -1.36, 53.43
COLUMNS, ROWS = 6, 3


def streets(seed: int = 3) -> Network:
    """A grid of streets, quicker one way than the other, as on a hill."""
    rng = np.random.default_rng(seed)
    at = np.array(
        [(LON + 0.006 * i, LAT + 0.0035 * j) for j in range(ROWS) for i in range(COLUMNS)]
    )
    node = np.arange(COLUMNS * ROWS).reshape(ROWS, COLUMNS)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    ahead, back = rng.uniform(6, 20, (2, len(u)))
    return Network.from_edges(*at.T, u, v, minutes_forward=ahead, minutes_backward=back)


STREETS = streets()


def somewhere(rng, n, prefix):
    """Places on the grid; some twice at the same point."""
    corner = STREETS.node_lonlat[rng.integers(0, STREETS.n_nodes, n)]
    lonlat = corner + rng.choice([0.0, 0.001, -0.002], (n, 2))
    return pd.DataFrame({"id": [f"{prefix}{i}" for i in range(n)], "lon": lonlat[:, 0],
                         "lat": lonlat[:, 1]})  # fmt: skip


def make_timetable(seed: int, *, middle: int, n_stops: int = 7, n_trips: int = 16) -> Timetable:
    """Trips around a time of day: loops, overtaking, rides of no time, shut doors."""
    rng = np.random.default_rng(seed)
    stops = somewhere(rng, n_stops, "stop").assign(name=lambda f: f["id"])
    rows = []
    for trip in range(n_trips):
        route = rng.integers(0, n_stops, rng.integers(2, 7))  # the same stop twice, even at once
        now = (middle + int(rng.integers(-15, 30))) * MINUTE + int(rng.choice([0, 0, 30_000, 123]))
        for a, b in pairwise(route):
            there = now + int(rng.choice([0, 0, 30_000, 60_000, 120_000, 240_000, 61_001]))
            rows.append((trip, a, b, now, there, rng.random() < 0.85, rng.random() < 0.85))
            now = there + int(rng.choice([0, 0, 60_000]))
    trip, a, b, dep, arr, board, alight = map(np.array, zip(*rows, strict=True))
    rides = _Rides(trip.astype(np.int32), a.astype(np.int32), b.astype(np.int32),
                  dep.astype(np.int64), arr.astype(np.int64), board, alight)  # fmt: skip
    names = [f"t{i}" for i in range(n_trips)]
    trips = pd.DataFrame(
        {"trip_id": names, "route_id": names, "route": names, "kind": "bus", "agency": "A",
         "headsign": "", "service_day": 0}
    )  # fmt: skip
    checks = pd.DataFrame({"check": [], "found": [], "of": [], "words": []})
    return Timetable(date(2023, 6, 13), stops, trips, rides, checks)


seeds = st.integers(0, 10**6)
options = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["to_site", "from_site"]),
        "arrive_by": st.booleans(),
        "boardings": st.integers(1, 4),
        "slack_seconds": st.sampled_from([0, 60, 90]),
        "max_walk_minutes": st.sampled_from([5.0, 12.0]),
        "max_change_minutes": st.sampled_from([0.5, 8.0]),
    }
)
calm = settings(max_examples=15, suppress_health_check=list(HealthCheck))
thorough = settings(calm, max_examples=35)


def case(seed, middle=600, **asked):
    rng = np.random.default_rng(seed + 1)
    table = make_timetable(seed, middle=middle)
    areas, sites = somewhere(rng, 3, "a"), somewhere(rng, 2, "s")
    asked = {"window": (middle - 10, middle + 10), **asked}
    return table, areas, sites, bus_matrix(STREETS, table, areas, sites, **asked)


@thorough
@given(seed=seeds, middle=st.sampled_from([600, 1437, 4]), asked=options)
def test_every_minute_is_the_slow_search_s(seed, middle, asked):
    window = (max(middle - 10, 0), middle + 10)
    table, areas, sites, found = case(seed, middle, **asked, window=window)
    boardings, by = asked.pop("boardings"), asked.pop("arrive_by")
    oracle = Oracle(STREETS, table, areas, sites, **asked)
    ask = oracle.being_there if by else oracle.setting_out
    rng = np.random.default_rng(seed)
    ridden = np.argwhere(found.boardings > 0)
    some = [rng.integers(0, n, 12) for n in found.shape]
    for i, k, j in [*zip(*some, strict=True), *ridden[:: max(1, len(ridden) // 10)]]:
        origin, target = (i, j) if asked["direction"] == "to_site" else (j, i)
        ms, used = ask(origin, target, found.marks[k] * MINUTE, boardings)
        assert found.minutes[i, k, j] == pytest.approx(ms / MINUTE, abs=2e-5), (i, k, j)
        assert found.boardings[i, k, j] == used, (i, k, j)


@calm
@given(seed=seeds, asked=options)
def test_a_journey_in_words_is_one_that_can_be_made(seed, asked):
    table, _, _, found = case(seed, **asked)
    ride = table.rides
    home = asked["direction"] == "from_site"
    for i, k, j in np.argwhere(found.boardings > 0)[:: max(1, found.minutes.size // 12)]:
        legs = found._study._journey(f"a{i}", f"s{j}", found.marks[k])
        assert len(legs) == found.boardings[i, k, j]
        leave = found.marks[k] - (found.minutes[i, k, j] if asked["arrive_by"] else 0)
        first, last = ride.dep[legs[0].board] / MINUTE, ride.arr[legs[-1].alight] / MINUTE
        assert leave + asked["slack_seconds"] / 60 <= first + 1e-4
        assert last <= leave + found.minutes[i, k, j] + 1e-4
        for leg in legs:
            assert leg.board <= leg.alight and ride.trip[leg.board] == ride.trip[leg.alight]
            assert ride.board[leg.board] and ride.alight[leg.alight]
        for a, b in pairwise(legs):
            wait = ride.dep[b.board] - ride.arr[a.alight]
            assert wait >= asked["slack_seconds"] * 1000
        words = found.explain(f"a{i}", f"s{j}", found.marks[k])
        here, there = (f"s{j}", f"a{i}") if home else (f"a{i}", f"s{j}")
        assert words.startswith(f"Leave {here} at ") and there in words
        assert words.count("bus t") == len(legs)


@calm
@given(seed=seeds, asked=options)
def test_more_boardings_never_lengthen_and_closing_never_shortens(seed, asked):
    boardings = asked.pop("boardings")
    table, areas, sites, found = case(seed, **asked, boardings=boardings)
    window = (found.marks[0], found.marks[-1] + 1)

    def again(timetable, n):
        return bus_matrix(STREETS, timetable, areas, sites, window=window, **asked, boardings=n)

    assert (again(table, boardings + 1).minutes <= found.minutes).all()
    for fewer in (table.without(routes=["t0", "t3"]), table.without(stops=["stop1"])):
        assert (again(fewer, boardings).minutes >= found.minutes).all()
    nothing = table.without(routes=list(table.trips["route_id"]))
    walked = again(nothing, boardings)
    assert (walked.boardings <= 0).all()
    assert np.array_equal(walked.percentile().total_minutes, found.walk.total_minutes)


@calm
@given(seed=seeds, asked=options)
def test_time_turned_round_is_arriving_by(seed, asked):
    """Run the day backwards, streets and doors too, and arriving by becomes setting out."""
    asked = {**asked, "direction": "to_site", "slack_seconds": 0, "arrive_by": True}
    table, areas, sites, found = case(seed, **asked)
    noon = 1200 * MINUTE
    back = Timetable(table.day, table.stops, table.trips, table.rides.reversed(noon), table.checks)
    streets_back = Network.from_edges(
        *STREETS.node_lonlat.T, STREETS.edge_to, STREETS.edge_from,
        minutes_forward=STREETS.edge_minutes_forward,
        minutes_backward=STREETS.edge_minutes_backward,
    )  # fmt: skip
    window = (1200 - found.marks[-1], 1200 - found.marks[0] + 1)
    turned = bus_matrix(
        streets_back, back, areas, sites,
        **{**asked, "arrive_by": False, "direction": "from_site"}, window=window,
    )  # fmt: skip
    np.testing.assert_allclose(turned.minutes[:, ::-1], found.minutes, atol=2e-4)


@calm
@given(seed=seeds, asked=options)
def test_blocks_give_the_same_and_legs_add_up(seed, asked):
    *_, found = case(seed, **asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("access.network.bus._BLOCK_BYTES", 1)
        patch.setattr("access.network.bus_search._GATHERED", 3)
        patch.setattr("access.network.bus_search._FEW", 0)
        *_, again = case(seed, **asked)
    assert np.array_equal(again.minutes, found.minutes)
    assert np.array_equal(again.boardings, found.boardings)
    for q in (50, 75):
        m = found.percentile(q)
        rank = int(np.ceil(q / 100 * len(found.marks))) - 1
        ranked = np.sort(found.minutes, axis=1)[:, rank]
        np.testing.assert_allclose(m.total_minutes, ranked, rtol=1e-6)
        parts = m.entry_minutes + m.network_minutes + m.exit_minutes
        np.testing.assert_allclose(parts, m.total_minutes, atol=1e-9)
        assert (m.total_minutes <= found.walk.total_minutes).all()


@given(st.integers(1, 40), st.integers(0, 10**6), st.sampled_from([1, 25, 50, 75, 90, 100]))
def test_the_nearest_is_ranked_minute_by_minute(n, seed, q):
    minutes = np.random.default_rng(seed).choice([5.0, 12, 30, np.inf], (2, n, 3))
    trips = WindowedTravel(("a", "b"), ("X", "Y", "Z"), "bus", tuple(range(n)), minutes)
    rank = -(-q * n // 100) - 1
    truth = np.sort(minutes[:, :, [2, 0]].min(axis=2), axis=1)[:, rank]
    found = trips.nearest(["Z", "X"], q=q)
    assert found["minutes"].tolist() == truth.tolist()
    medians = trips.percentile(q).sites(["Z", "X"]).total_minutes.min(axis=1)
    assert (found["minutes"].to_numpy() <= medians).all()


def test_one_may_change_where_no_street_is():
    """A bus station beyond the streets at hand: its stop joins no street, and one changes there."""
    far = [LON + 0.5, LAT + 0.5]
    at = STREETS.node_lonlat
    stops = pd.DataFrame({"id": ["here", "far", "there"], "name": ["here", "far", "there"],
                          "lon": [at[0, 0], far[0], at[-1, 0]],
                          "lat": [at[0, 1], far[1], at[-1, 1]]})  # fmt: skip
    minutes = np.array([[602, 605], [607, 611]], np.int64) * MINUTE
    yes = np.ones(2, bool)
    rides = _Rides(np.array([0, 1], np.int32), np.array([0, 1], np.int32),
                  np.array([1, 2], np.int32), minutes[:, 0], minutes[:, 1], yes, yes)  # fmt: skip
    plain = make_timetable(0, middle=600, n_trips=2)
    table = Timetable(plain.day, stops, plain.trips, rides, plain.checks)
    homes, centres = (stops.iloc[[k]] for k in (0, 2))
    found = bus_matrix(STREETS, table, homes, centres, window=("10:00", "10:03"))
    assert found.minutes.ravel()[:2].tolist() == [11.0, 10.0]
    assert found.boardings.ravel().tolist() == [2, 2, 0]  # at 10.02 the minute's slack is missed
    assert found.explain("here", "there", "10:01") == (
        "Leave here at 10.01: walk 0 minutes to here, bus t0 at 10.02 to far, there at 10.05; "
        "change at far, bus t1 at 10.07 to there, there at 10.11; walk 0 minutes, and be at there "
        "at 10.11 (10 minutes in all)."
    )
