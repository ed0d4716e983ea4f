"""Take-up and observed attendance: kept apart from travel facts, with their error and warning."""

import math

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError
from access.measure import TAKE_UP_WARNING, TakeUp, fit_take_up
from access.network.matrix import TravelMatrix
from access.scenario import attendance_beside_nearest, compare, take_up_change

INF = math.inf
M = TravelMatrix.from_minutes(
    [[5, 15, 30], [9, 7, 30], [40, INF, 8]], area_ids=list("abc"), site_ids=list("XYZ")
)
DEMAND = pd.DataFrame({"id": list("abc"), "count": [10, 20, 30]})
IMPACT = compare(M, before=list("XYZ"), after=["Y", "Z"], demand=DEMAND, names={"X": "Park"})
SEEN = pd.DataFrame({"area": list("aabbc"), "site": list("XYXYX"), "attendances": [6, 2, 4, 4, 4]})


@pytest.mark.parametrize("ends", [(0, 0.9), (0.9, 0.8), (0.5, 1.1), (float("nan"), 1)])
def test_declared_factors_must_be_factors(ends):
    with pytest.raises(ParameterError, match="factors per ten minutes"):
        TakeUp.declared(*ends)


def test_too_little_to_fit():
    ids = [f"a{i}" for i in range(5)]
    demand = pd.DataFrame({"id": ids, "count": 10})
    same = pd.Series(5.0, ids)
    spread = pd.Series(range(5), ids, dtype=float)
    for visits, minutes in ((same, same), (0 * same, spread)):
        with pytest.raises(ParameterError, match="too little to fit"):
            fit_take_up(visits, minutes, demand=demand)
    with pytest.raises(ParameterError, match="too little to fit: 4 areas"):
        fit_take_up(same.iloc[:4], spread.iloc[:4], demand=demand.iloc[:4])


def test_fits_that_do_not_match():
    ids = [f"a{i}" for i in range(6)]
    demand = pd.DataFrame({"id": ids, "count": 10, "flat": 1})
    minutes = pd.Series(range(6), ids, dtype=float)
    with pytest.raises(ParameterError, match="attendance and the matrix do not hold the same"):
        fit_take_up(pd.Series(1.0, ids[:4]), minutes, demand=demand)
    with pytest.raises(ParameterError, match="attendance has values"):
        fit_take_up(pd.Series([-1, 1, 1, 1, 1, 1], ids), minutes, demand=demand)
    with pytest.raises(ParameterError, match=r"no columns \['income'\]"):
        fit_take_up(minutes, minutes, demand=demand, controls=["income"])
    with pytest.raises(ParameterError, match="the same everywhere"):
        fit_take_up(minutes, minutes, demand=demand, controls=["flat"])


def made_up(seed, factor=0.8, areas=400, extra=0.0):
    rng = np.random.default_rng(seed)
    ids = [f"a{i}" for i in range(areas)]
    minutes = pd.Series(rng.uniform(2, 60, areas), ids)
    demand = pd.DataFrame({"id": ids, "count": rng.integers(5, 60, areas)})
    demand["imd_rank"] = rng.integers(1, 32845, areas)
    mean = demand["count"].to_numpy() * 3 * factor ** (minutes.to_numpy() / 10)
    if extra:
        mean = mean * rng.gamma(1 / extra, extra, areas)
    return pd.Series(rng.poisson(mean), ids), minutes, demand


def test_a_fit_finds_what_was_put_in_with_its_error():
    inside = 0
    for seed in range(20):
        visits, minutes, demand = made_up(seed, areas=60)
        got = fit_take_up(visits, minutes, demand=demand)
        inside += got.low <= 0.8 <= got.high
        assert 0.5 < got.dispersion < 1.7
    assert inside >= 17, "a 95 % interval should miss about one time in twenty"


def test_more_spread_than_counts_have_widens_the_interval():
    even = fit_take_up(*made_up(1)[:2], demand=made_up(1)[2])
    visits, minutes, demand = made_up(1, extra=0.5)
    spread = fit_take_up(visits, minutes, demand=demand)
    assert spread.dispersion > 5
    assert (spread.high - spread.low) > 2 * (even.high - even.low)
    assert spread.low < 0.8 < spread.high


def test_the_fit_solves_the_likelihood_equations():
    visits, minutes, demand = made_up(3)
    got = fit_take_up(visits, minutes, demand=demand)
    mean = demand["count"].to_numpy() * got.per_family * got.middle ** (minutes.to_numpy() / 10)
    residual = visits.to_numpy() - mean
    assert residual.sum() == pytest.approx(0, abs=1e-3)
    assert (residual * minutes.to_numpy()).sum() == pytest.approx(0, abs=1e-1)
    assert 0 < got.deviance_explained < 1
    assert got.per_family == pytest.approx(3, rel=0.1)


def test_controls_are_held_and_said():
    visits, minutes, demand = made_up(4)
    got = fit_take_up(visits, minutes, demand=demand, controls=["imd_rank"])
    assert "holding imd_rank" in got.note
    assert got.middle == pytest.approx(0.8, abs=0.03)


def test_unreached_areas_take_no_part_in_the_fit():
    visits, minutes, demand = made_up(5)
    minutes.iloc[:10] = INF
    assert fit_take_up(visits, minutes, demand=demand).areas == 390


def test_take_up_is_a_range_apart_from_the_facts():
    before = dict(IMPACT.summary)
    change = take_up_change(IMPACT, TakeUp.declared(0.8, 1.0))
    # a goes 10 minutes further, b stays, c stays
    assert change.summary["use_before"] == 60
    assert change.summary["change_low"] == pytest.approx(-2 / 60)
    assert change.summary["change_high"] == pytest.approx(0)
    assert change.warning == TAKE_UP_WARNING
    assert TAKE_UP_WARNING in change.sentence()
    assert IMPACT.summary == before
    assert not any("use" in key or "take" in key for key in before)


def test_a_range_whose_ends_read_alike_is_no_range():
    told = take_up_change(IMPACT, TakeUp.declared(0.9001, 0.9002)).sentence()
    assert "by between" not in told and told.count("%") == 1


def test_take_up_of_those_cut_off_is_nought_and_of_the_unknown_not_counted():
    cut = compare(M, before=list("XYZ"), after=["Y"], demand=DEMAND)
    change = take_up_change(cut, TakeUp.declared(0.9, 1.0))
    assert change.areas.set_index("id").loc["c", "use_after_high"] == 0
    opening = compare(M, before=["Y"], after=["X", "Y"], demand=DEMAND)
    change = take_up_change(opening, TakeUp.declared(0.9, 0.9))
    assert change.summary["use_not_counted"] == 30
    assert change.summary["change_middle"] > 0
    own = pd.Series({"a": 1.0, "b": 0.0, "c": 2.0})
    assert take_up_change(IMPACT, TakeUp.declared(0.9, 1), own).summary["use_before"] == 3


def test_attendance_that_does_not_match_is_told_row_by_row():
    wrong = pd.DataFrame(
        {"area": ["a", "q", "b"], "site": ["X", "Y", "W"], "attendances": [-1, 2, 3]}
    )
    with pytest.raises(ParameterError, match="does not match the areas and sites") as error:
        attendance_beside_nearest(IMPACT, M, wrong)
    assert [(f.where, f.column) for f in error.value.faults] == [
        ("row 2", "attendances"),
        ("row 3", "area"),
        ("row 4", "site"),
    ]


def test_attendance_without_columns_or_postcodes_without_areas():
    with pytest.raises(ParameterError, match=r"no columns \['postcode', 'site'\]"):
        attendance_beside_nearest(IMPACT, M, pd.DataFrame({"attendances": [1]}))
    with pytest.raises(ParameterError, match="needs area_of"):
        attendance_beside_nearest(IMPACT, M, SEEN.rename(columns={"area": "postcode"}))
    with pytest.raises(ParameterError, match="0 throughout"):
        attendance_beside_nearest(IMPACT, M, SEEN.assign(attendances=0))


def test_attendance_by_hand():
    found = attendance_beside_nearest(IMPACT, M, SEEN)
    s = found.summary
    # nearest: a X, b Y, c Z. At their nearest: 6 of a, 4 of b = 10 of 20.
    assert s["attendances"] == 20
    assert s["share_at_nearest"] == 0.5
    # minutes: 6x5 + 2x15 + 4x9 + 4x7 + 4x40 = 284; further: 2x10 + 4x2 + 4x32 = 156
    assert s["mean_minutes_travelled"] == pytest.approx(284 / 20)
    assert s["mean_extra_minutes"] == pytest.approx(156 / 20)
    assert s["attendances_at_closing"] == 14
    assert s["families_nearest_to_closing"] == 10
    sites = found.sites.set_index("site")
    assert sites.loc["X", ["name", "nearest_families", "attendances", "closing"]].tolist() == [
        "Park",
        10,
        14,
        True,
    ]
    assert sites.loc["X", "attended_as_nearest"] == pytest.approx(6 / 14)
    assert sites["attendances"].sum() == 20
    assert "50% of the attendances" in found.sentence()


@pytest.mark.parametrize("apart", [0.0, 1e-12, 0.005])
def test_of_sites_no_further_than_each_other_each_is_the_nearest(apart):
    """Two services of a building, or sites at one point: which has the lesser id tells nothing."""
    shares = []
    for one, other in ("XY", "YX"):
        minutes = [[5.0, 5.0 + apart, 40.0], [9.0, 9.0 + apart, 2.0]]
        m = TravelMatrix.from_minutes(minutes, area_ids=list("ab"), site_ids=[one, other, "Z"])
        demand = pd.DataFrame({"id": list("ab"), "count": [10, 20]})
        impact = compare(m, before=list("XYZ"), after=["X", "Z"], demand=demand)
        seen = pd.DataFrame(
            {"area": list("aabb"), "site": list("XYYZ"), "attendances": [1, 6, 2, 1]}
        )
        found = attendance_beside_nearest(impact, m, seen)
        sites = found.sites.set_index("site")["attended_as_nearest"]
        shares.append((found.summary["share_at_nearest"], *sites.tolist()))
    assert shares[0] == shares[1] == (0.8, 1.0, 0.75, 1.0)


def test_attendance_by_postcode_in_any_spelling():
    coded = SEEN.assign(postcode=["S60 1AA", "s601aa", "S60 1AB", "S60 1ab", "S60 1AC"])
    lookup = {"S601AA": "a", "S60 1AB": "b", "S60  1ac": "c"}
    found = attendance_beside_nearest(IMPACT, M, coded.drop(columns="area"), area_of=lookup)
    assert found.summary == attendance_beside_nearest(IMPACT, M, SEEN).summary
    with pytest.raises(ParameterError) as error:
        attendance_beside_nearest(
            IMPACT, M, coded.drop(columns="area"), area_of={"S60 1AA": "a", "S60 1AB": "b"}
        )
    assert error.value.faults[0].value == "S60 1AC"


@pytest.mark.parametrize("control", [["flat"], ["minutes"], ["twin", "other"]])
def test_controls_that_tell_nothing_of_their_own(control):
    """The same wherever people live, what the minutes say already, or each other's."""
    visits, minutes, demand = made_up(1, areas=30)
    demand["count"] = [*demand["count"][:-1], 0]
    demand["flat"] = [1] * 29 + [2]
    demand["minutes"] = minutes.to_numpy() * 3 + 1
    demand["twin"] = demand["imd_rank"]
    demand["other"] = 9 - 2 * demand["imd_rank"]
    with pytest.raises(ParameterError, match="cannot be told apart"):
        fit_take_up(visits, minutes, demand=demand, controls=control)


@pytest.mark.parametrize("far", [10.0, 100.0, 5000.0])
def test_visits_from_one_distance_alone_fix_no_factor(far):
    ids = [f"a{i}" for i in range(9)]
    minutes = pd.Series(np.arange(9) * far, ids)
    demand = pd.DataFrame({"id": ids, "count": 100})
    with pytest.raises(ParameterError, match="too little to fit: 1 of 9 areas have visits"):
        fit_take_up(pd.Series([50] + [0] * 8, ids), minutes, demand=demand)
