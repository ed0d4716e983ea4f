"""Sites open on some weekdays: the expected trip over a week beside that of an open day."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.measure import trips
from access.measure.distribution import nearest
from access.measure.trips import expected_week
from access.network.matrix import TravelMatrix
from access.network.windowed import WindowedTravel
from access.scenario import Baseline, Modification, Scenario, compare

IDS = ["X", "Y", "Z"]
M = TravelMatrix.from_minutes(
    [[5.0, 12.0, 30.0], [9.0, 4.0, 20.0], [7.0, np.inf, np.inf]],
    area_ids=["a", "b", "c"],
    site_ids=IDS,
)
DEMAND = pd.DataFrame({"id": ["a", "b", "c"], "count": [10, 20, 10]})
SITES = pd.DataFrame({"id": IDS, "name": ["Ash", "Beech", "Cedar"]})
TODAY = Baseline.of("today", SITES)


def test_by_hand():
    found = expected_week(M, IDS, {"X": 2, "Y": 1})
    # a: 2/5 at 5; 3/5 * 1/5 at 12; 3/5 * 4/5 * 1 at 30
    assert found.minutes[0] == pytest.approx(0.4 * 5 + 0.12 * 12 + 0.48 * 30)
    # b: Y first: 1/5 at 4; 4/5 * 2/5 at 9; 4/5 * 3/5 at 20
    assert found.minutes[1] == pytest.approx(0.2 * 4 + 0.32 * 9 + 0.48 * 20)
    # c reaches X alone: 7 minutes on two days, nothing on the three others
    assert found.minutes[2] == pytest.approx(7.0)
    assert found.share_without.tolist() == pytest.approx([0, 0, 0.6])


def test_seven_days_a_week_are_no_more_than_every_weekday():
    seven, five = (expected_week(M, IDS, dict.fromkeys(IDS, d)) for d in (7.0, 5.0))
    assert seven.minutes.tolist() == five.minutes.tolist() == nearest(M, IDS).minutes.tolist()
    assert not five.share_without.any()


def test_an_area_that_reaches_nothing_is_without_all_week():
    cut = TravelMatrix.from_minutes([[np.inf]], area_ids=["a"], site_ids=["X"])
    found = expected_week(cut, ["X"], {"X": 2})
    assert (found.minutes.item(), found.share_without.item()) == (np.inf, 1.0)


_DAYS = st.lists(st.floats(0.1, 7), min_size=3, max_size=3)


@given(
    minutes=st.lists(st.floats(0, 300), min_size=3, max_size=3),
    days=_DAYS,
    fewer=st.lists(st.floats(0.1, 1), min_size=3, max_size=3),
)
def test_fewer_days_never_bring_a_site_nearer(minutes, days, fewer):
    matrix = TravelMatrix.from_minutes([minutes], area_ids=["a"], site_ids=IDS)
    less = [d * f for d, f in zip(days, fewer, strict=True)]
    more_week = expected_week(matrix, IDS, dict(zip(IDS, days, strict=True)))
    less_week = expected_week(matrix, IDS, dict(zip(IDS, less, strict=True)))
    assert less_week.share_without.item() >= more_week.share_without.item() - 1e-12
    # one site that is open all week: the trip itself never shortens
    far = TravelMatrix.from_minutes([[*minutes, 301.0]], area_ids=["a"], site_ids=[*IDS, "far"])
    week = [expected_week(far, [*IDS, "far"], dict(zip(IDS, d, strict=True))).minutes.item()
            for d in (days, less)]  # fmt: skip
    assert week[1] >= week[0] - 1e-9 >= min(minutes) - 1e-9


def _plan(*steps):
    return Scenario("Plan", TODAY, steps)


def test_a_comparison_gives_both_readings():
    plan = _plan(Modification.status("X", "outreach", days=2))
    impact = compare(M, after=plan, demand=DEMAND)
    assert impact.summary["mean_minutes_change"] == 0.0
    week = expected_week(M, IDS, {"X": 2})
    assert impact.areas["week_minutes_after"].tolist() == week.minutes.tolist()
    assert impact.areas["week_minutes_before"].tolist() == [5.0, 4.0, 7.0]
    assert impact.summary["mean_week_minutes_before"] == pytest.approx((50 + 80 + 70) / 40)
    expected = (10 * (0.4 * 5 + 0.6 * 12) + 80 + 70) / 40
    assert impact.summary["mean_week_minutes_after"] == pytest.approx(expected)
    assert impact.summary["share_of_weekdays_without_after"] == pytest.approx(10 * 0.6 / 40)
    assert "Changing Ash to outreach on 2 days a week" in impact.sentence()
    assert "Over the week" in impact.sentence()
    assert any("five weekdays" in note for note in impact.notes)


def test_open_all_week_says_nothing_of_a_week():
    impact = compare(M, before=IDS, after=["X", "Z"], demand=DEMAND)
    assert not [k for k in impact.summary if "week" in k]
    assert "week" not in impact.sentence()


@pytest.mark.parametrize("status", ["part_time", "outreach"])
def test_days_that_are_not_known_are_told_as_such(status):
    impact = compare(M, after=_plan(Modification.status("X", status)), demand=DEMAND)
    assert any(n == "Ash: days not known: counted as open every weekday" for n in impact.notes)


def test_a_deregistered_site_is_no_offer_and_said_to_be():
    impact = compare(M, after=_plan(Modification.status("X", "deregistered")), demand=DEMAND)
    assert impact.closed == ("X",)
    assert any("Ash: deregistered, counted as no offer" in note for note in impact.notes)


def test_on_many_areas_and_sites_the_week_is_the_sum_over_all_ways():
    rng = np.random.default_rng(3)
    ids = [f"S{k}" for k in range(12)]
    minutes = rng.uniform(1, 60, (200, 12))
    days = {i: float(rng.integers(1, 6)) for i in ids}
    matrix = TravelMatrix.from_minutes(
        minutes, area_ids=[f"a{k}" for k in range(200)], site_ids=ids
    )
    found = expected_week(matrix, ids, days)
    share = np.array([days[i] / 5 for i in ids])
    for row in range(0, 200, 40):  # every one of the 4,096 weeks that may be
        opened = np.array(np.meshgrid(*[[0, 1]] * 12)).reshape(12, -1).T.astype(bool)
        chance = np.where(opened, share, 1 - share).prod(axis=1)
        trip = np.where(opened, minutes[row], np.inf).min(axis=1)
        some = opened.any(axis=1)
        expected = (chance[some] * trip[some]).sum() / chance[some].sum()
        assert found.minutes[row] == pytest.approx(expected)


def test_some_areas_at_a_time_are_all_areas(monkeypatch):
    rng = np.random.default_rng(3)
    minutes = rng.integers(1, 60, (7, 4, 3)).astype(float)
    minutes[rng.random(minutes.shape) < 0.2] = np.inf
    areas = tuple("abcdefg")
    by_bus = WindowedTravel(areas, tuple(IDS), "bus", tuple(range(4)), minutes).percentile(50)
    whole = expected_week(by_bus, IDS, {"X": 2, "Y": 3})
    monkeypatch.setattr(trips, "_CELLS", 24)
    parted = expected_week(by_bus, IDS, {"X": 2, "Y": 3})
    assert whole.minutes.tolist() == parted.minutes.tolist()
    assert whole.share_without.tolist() == parted.share_without.tolist()


def test_by_the_minute_first_and_the_percentile_last():
    """Of two sites that are near at different minutes one is near at most: so over a week too."""
    minutes = np.array([[[5, 30, 60], [30, 5, 60], [30, 30, 60]], [[np.inf] * 3] * 3], float)
    by_bus = WindowedTravel(("a", "b"), tuple(IDS), "bus", (480, 481, 482), minutes).percentile(50)
    assert nearest(by_bus, IDS).minutes[0] == 5
    every = expected_week(by_bus, IDS, {"Z": 2})  # Z is nearest to nobody
    assert every.minutes.tolist() == [5, np.inf]
    assert every.share_without.tolist() == [0, 1]
    # X on two days of five: 2/5 * 5 + 3/5 * 30, 2/5 * 5 + 3/5 * 5 and 30: the middle one
    some = expected_week(by_bus, ["X", "Y"], {"X": 2})
    assert sorted([0.4 * 5 + 0.6 * 30, 5, 30])[1] == pytest.approx(some.minutes[0])


def test_a_site_named_twice_is_one():
    assert expected_week(M, ["X", "X"], {"X": 2}).share_without[0] == pytest.approx(0.6)
    assert nearest(M, ["X", "X"]).second_minutes.tolist() == [np.inf] * 3


def test_fewer_days_than_every_weekday_where_none_were_said():
    plan = Scenario("Plan", TODAY, [Modification.status("X", "outreach", days=2)])
    summary = compare(M, after=plan, demand=DEMAND).summary
    assert summary["fewer_days"] == 20  # of a and c, whose nearest is X
    away = Baseline.of("before", ["Y"])
    summary = compare(M, before=away, after=plan, demand=DEMAND).summary
    assert summary["fewer_days"] == 10  # c reached none before


def test_the_mean_of_days_is_over_everybody_who_reaches_a_site():
    plan = Scenario("Plan", TODAY, [Modification.status("X", "outreach", days=2)])
    found = compare(M, after=plan, demand=DEMAND)
    reached = found.areas[found.areas["nearest_after"] != ""]
    days = np.where(reached["nearest_after"] == "X", 2, 5)
    assert found.summary["mean_days_before"] == 5
    mean = np.average(days, weights=reached["count"])
    assert 2 < found.summary["mean_days_after"] < 5
    assert found.summary["mean_days_after"] == pytest.approx(mean)


def test_what_becomes_full_is_open_every_weekday():
    part = Baseline.of(
        "today", SITES.assign(status=["part_time", "full", "closed"], days=[2, 4, 3])
    )
    for steps in (
        [Modification.status("X", "full")],
        [Modification.close("X"), Modification.open("X")],
    ):
        assert Scenario("Plan", part, steps).days == {"Y": 4.0}
    assert Scenario("Plan", part, [Modification.status("X", "full", days=3)]).days["X"] == 3
    assert Scenario("Plan", part, [Modification.status("X", "outreach")]).days["X"] == 2
    assert "Z" not in Scenario("Plan", part, [Modification.open("Z")]).days
