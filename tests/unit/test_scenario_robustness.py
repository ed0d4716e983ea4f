"""Robustness: declared ranges, seeded draws, and answers that follow from them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError
from access.measure import typical_matrix
from access.network.matrix import TravelMatrix
from access.scenario import Uncertainty, rank_closures, robustness
from access.scenario.uncertainty import (
    _draw_settings,
    _in_discs,
    _MinutesSample,
    _sd,
    _StreetErrors,
)

rng = np.random.default_rng(11)
IDS = [f"a{i:02d}" for i in range(30)]
SITES = list("PQRST")
AREA_POINTS = pd.DataFrame(
    {"id": IDS, "lon": -1.4 + 0.1 * rng.random(30), "lat": 53.4 + 0.06 * rng.random(30)}
)
SITE_POINTS = pd.DataFrame(
    {"id": SITES, "lon": -1.4 + 0.1 * rng.random(5), "lat": 53.4 + 0.06 * rng.random(5)}
)
WALK = TravelMatrix.from_minutes(rng.uniform(2, 70, (30, 5)), area_ids=IDS, site_ids=SITES)
DRIVE = TravelMatrix.from_minutes(
    WALK.total_minutes / 6 + 1, area_ids=IDS, site_ids=SITES, mode="drive"
)
DEMAND = pd.DataFrame(
    {
        "id": IDS,
        "count": rng.integers(1, 40, 30),
        "imd_rank": rng.integers(1, 32845, 30),
        "p_no_car": rng.random(30),
    }
)
P = DEMAND.set_index("id")["p_no_car"]


def ask(uncertainty, **more):
    return robustness(
        WALK,
        **{
            "keep": 3,
            "demand": DEMAND,
            "uncertainty": uncertainty,
            "proposal": ["P", "Q", "R"],
            "draws": 40,
            **more,
        },
    )


def one_draw(maker, setting, seed):
    """Give the minutes of one draw, areas by columns."""
    (made,) = maker.make([setting], [np.random.default_rng(seed)])
    return made.T


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"walk_kmh": (5, 4)}, "walk_kmh"),
        ({"walk_kmh": (0, 4)}, "above 0"),
        ({"lam": (-1, 1)}, "lam"),
        ({"threshold_minutes": (10,)}, "threshold_minutes"),
        ({"parking_minutes": (0, 5)}, "needs drive and p_no_car"),
        ({"drive": DRIVE}, "go together"),
        ({"count_error": "normal"}, "expected 'poisson'"),
        ({"position_error_m": {"P": 100}}, "needs area_points and site_points"),
        (
            {
                "position_error_m": {"P": float("nan")},
                "area_points": AREA_POINTS,
                "site_points": SITE_POINTS,
            },
            "position_error_m.*0 or more",
        ),
        ({"made_at_kmh": 0}, "made_at_kmh"),
    ],
)
def test_ranges_that_make_no_sense(wrong, said):
    with pytest.raises(ParameterError, match=said):
        Uncertainty(**wrong)


def test_calls_that_make_no_sense():
    with pytest.raises(ParameterError, match="nothing may be otherwise"):
        ask(Uncertainty())
    with pytest.raises(ParameterError, match="draws=0"):
        ask(Uncertainty(lam=(0, 1)), draws=0)
    with pytest.raises(ParameterError, match="grid"):
        ask(Uncertainty(), grid={"speed": [1]})
    with pytest.raises(ParameterError, match="parking_minutes needs drive"):
        ask(Uncertainty(), grid={"parking_minutes": [1]})
    with pytest.raises(ParameterError, match="stand-in's site"):
        ask(Uncertainty(stand_ins={"Z": ["P"]}))
    with pytest.raises(ParameterError, match="position_error_m's site"):
        ask(
            Uncertainty(position_error_m={"Z": 5}, area_points=AREA_POINTS, site_points=SITE_POINTS)
        )


def test_unknown_criterion_or_no_proposal():
    found = ask(Uncertainty(lam=(0, 1)), proposal=None, draws=2)
    with pytest.raises(ParameterError, match="no proposal to rank"):
        found.ranks()
    with pytest.raises(ParameterError, match="'median' is not here"):
        found.best_options("median")


def test_same_seed_same_answer_whatever_the_threads():
    u = Uncertainty(walk_kmh=(3.6, 5.4), lam=(0, 2), count_error="poisson")
    one, two = ask(u, workers=1), ask(u, workers=2)
    pd.testing.assert_frame_equal(one.draws, two.draws)
    assert not one.draws.equals(ask(u, seed=2).draws)


def test_ranges_of_one_value_are_the_plain_ranking():
    u = Uncertainty(walk_kmh=(2.4, 2.4), lam=(3, 3), threshold_minutes=(30, 30))
    found = ask(u, draws=3)
    slow = TravelMatrix.from_minutes(WALK.total_minutes * 2, area_ids=IDS, site_ids=SITES)
    plain = rank_closures(
        slow, keep=3, demand=DEMAND, proposal=["P", "Q", "R"], lam=3, threshold_minutes=30
    )
    for c in plain.criteria:
        assert (found.draws[f"rank_{c}"] == plain.proposal[f"rank_{c}"]).all(), c
        assert found.draws[f"regret_{c}"].to_numpy() == pytest.approx(plain.proposal[f"regret_{c}"])
        best = found.options.iloc[int(found.draws[f"best_{c}"].iloc[0])]
        assert best["closed"] == plain.best(c)["closed"]


def test_one_speed_for_all_changes_no_rank_of_the_mean():
    found = ask(Uncertainty(walk_kmh=(3, 6)))
    assert len(set(found.draws["rank_mean"])) == 1
    assert len(set(found.draws["regret_mean"])) == 40
    assert found.ranks().set_index("criterion").loc["mean", "p5"] == found.draws["rank_mean"][0]


def test_the_typical_trip_is_blended_in_every_draw():
    u = Uncertainty(parking_minutes=(5, 5), drive=DRIVE, p_no_car=P)
    found = ask(u, draws=2)
    typical = typical_matrix(WALK, DRIVE, P, 5.0)
    plain = rank_closures(typical, keep=3, demand=DEMAND, proposal=["P", "Q", "R"])
    assert (found.draws["rank_mean"] == plain.proposal["rank_mean"]).all()
    assert found.draws["regret_mean"][0] == pytest.approx(plain.proposal["regret_mean"])


def test_positions_move_within_their_error_and_nothing_else_does():
    u = Uncertainty(position_error_m={"P": 800.0}, area_points=AREA_POINTS, site_points=SITE_POINTS)
    maker = _MinutesSample(WALK, SITES, u)
    pace = maker.pace[0]
    moved = [one_draw(maker, {}, i) for i in range(200)]
    for minutes in moved:
        shift = minutes - WALK.total_minutes
        assert (shift[:, 1:] == 0).all()
        assert np.abs(shift[:, 0]).max() <= 800 * pace + 1e-9
        assert (minutes >= 0).all()


def test_points_in_a_disc_are_drawn_evenly():
    rng_ = np.random.default_rng(3)
    far = np.hypot(*_in_discs(np.full(20_000, 300.0), [rng_])[0].T)
    assert far.max() <= 300
    assert far.mean() == pytest.approx(200, rel=0.02), "two thirds of the way out"
    assert (far < 150).mean() == pytest.approx(0.25, abs=0.015), "a quarter of the area"


def test_draws_made_together_are_those_made_one_by_one():
    u = replace(
        blended(drive_error=0.2), walk_kmh=(3, 6), parking_minutes=(1, 9),
        position_error_m={"Q": 300.0, "S": 50.0}, site_points=SITE_POINTS,
        stand_ins={"P": ["S", "T"]},
    )  # fmt: skip
    maker = _MinutesSample(WALK, ["P", "R", "Q"], u)
    settings = _draw_settings(u, 12, 3).to_dict("records")
    together = maker.make(settings, [np.random.default_rng(k) for k in range(12)])
    assert together.shape == (12, 3, 30)
    for k, setting in enumerate(settings):
        assert np.array_equal(together[k].T, one_draw(maker, setting, k))


def test_stand_ins_take_another_column():
    u = Uncertainty(stand_ins={"P": ["S", "T"]})
    maker = _MinutesSample(WALK, ["P", "Q"], u)
    got = one_draw(maker, {"stand_in:P": "T"}, 0)
    assert np.array_equal(got, WALK.total_minutes[:, [4, 1]])
    drawn = _draw_settings(u, 300, seed=1)["stand_in:P"].value_counts()
    assert set(drawn.index) == {"P", "S", "T"}
    assert drawn.min() > 70
    found = ask(u, sites=["P", "Q", "R"], keep=2, proposal=["P", "Q"], draws=10)
    assert "stand_in:P" in found.draws


def test_always_open_sites_stay():
    found = ask(
        Uncertainty(lam=(1, 1)),
        sites=list("PQRS"),
        always_open=["T"],
        keep=2,
        proposal=["P", "Q"],
        draws=1,
    )
    plain = rank_closures(
        WALK, keep=2, demand=DEMAND, sites=list("PQRS"), always_open=["T"], proposal=["P", "Q"]
    )
    assert found.draws["regret_mean"][0] == pytest.approx(plain.proposal["regret_mean"])


def test_a_grid_is_every_combination():
    found = ask(Uncertainty(), grid={"lam": [0, 1, 2], "threshold_minutes": [15, 30]})
    assert len(found.draws) == 6
    assert any("grid over lam, threshold_minutes" in note for note in found.notes)


def test_counts_add_up_and_words_are_for_people():
    found = ask(Uncertainty(lam=(0, 2), threshold_minutes=(10, 30)), names={"S": "Swinton"})
    for c in found.criteria:
        assert found.best_options(c)["times"].sum() >= 40  # more where options are jointly best
        assert found.best_options(c)["share"].is_monotonic_decreasing
    ranks = found.ranks()
    order = ranks[["least", "p5", "median", "p95", "greatest"]].to_numpy()
    assert (np.diff(order, axis=1) >= 0).all()
    assert found.sentence().startswith("Over 40 settings, by average walk closing")
    assert "the proposal's rank is " in found.sentence()
    assert "lambda 0 to 2" in found.notes
    assert "criterion" in repr(found)


def test_without_ranks_there_is_no_weighted_mean():
    found = ask(Uncertainty(threshold_minutes=(10, 30)), demand=DEMAND[["id", "count"]])
    assert "weighted_mean" not in found.criteria


def test_streets_are_wrong_by_so_much_and_alike_for_areas_near_each_other():
    points = pd.DataFrame({"id": ["a", "b", "c"], "lon": [-1.4, -1.4005, -1.3], "lat": 53.4})
    errors = _StreetErrors(points)
    drawn = _sd(0.09) * np.array(
        [
            errors.draw(np.arange(2)[None], [np.random.default_rng(k)], 1)[0, 0].T
            for k in range(4000)
        ]
    )
    assert np.abs(drawn).mean() == pytest.approx(0.09, rel=0.02)
    assert np.abs(np.median(drawn)) < 0.005
    a, b, c = drawn[:, :, 0].T
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(0.7, abs=0.03)  # 33 m apart
    assert abs(np.corrcoef(a, c)[0, 1]) < 0.05
    assert abs(np.corrcoef(a, drawn[:, 0, 1])[0, 1]) < 0.05  # each site has errors of its own


def test_errors_of_streets_do_not_follow_the_order_of_rows_or_of_sites():
    u = Uncertainty(street_error=0.09, area_points=AREA_POINTS, count_error="poisson")
    plain = ask(u)
    turned = WALK.areas(IDS[::-1]).sites(SITES[::-1])
    other = robustness(
        turned, keep=3, demand=DEMAND.iloc[::-1], proposal=["R", "Q", "P"], draws=40,
        uncertainty=replace(u, area_points=AREA_POINTS.iloc[::-1]),
    )  # fmt: skip
    for c in plain.criteria:
        assert plain.draws[f"rank_{c}"].tolist() == other.draws[f"rank_{c}"].tolist()
        assert set(map(frozenset, plain.alike(c)["kept"])) == set(
            map(frozenset, other.alike(c)["kept"])
        )
    assert "street_error" in plain.varied
    assert any("9% on average" in note for note in plain.notes)


def test_options_alike_are_those_that_neither_side_beats_in_nearly_all_settings():
    found = ask(Uncertainty(street_error=0.3, area_points=AREA_POINTS), draws=200)
    for c in found.criteria:
        better, worse = (t[c] / 200 for t in (found.times_better, found.times_worse))
        alike = set(found.alike(c)["kept"])
        for k, kept in enumerate(found.options["kept"]):
            told = better[k] >= 0.95 or worse[k] >= 0.95
            assert (kept in alike) == (not told and set(kept) != {"P", "Q", "R"})
    assert found.ranks()["alike"].tolist() == [len(found.alike(c)) for c in found.criteria]
    sure = ask(Uncertainty(walk_kmh=(3, 6)))
    assert sure.alike("mean").empty  # a speed for all moves no rank of the mean


@pytest.mark.parametrize("wrong", [-0.1, 1.0, float("nan")])
def test_an_error_of_streets_is_a_share_and_needs_points(wrong):
    with pytest.raises(ParameterError, match="street_error"):
        Uncertainty(street_error=wrong, area_points=AREA_POINTS)
    with pytest.raises(ParameterError, match="area_points"):
        Uncertainty(street_error=0.1)


def blended(**more) -> Uncertainty:
    """Give the uncertainty of a family trip whose drives take a third of the walks."""
    drive = TravelMatrix.from_minutes(WALK.total_minutes / 3, area_ids=IDS, site_ids=SITES)
    no_car = dict.fromkeys(IDS, 0.0) | {IDS[0]: 1.0}
    given = {"drive": drive, "p_no_car": no_car, "area_points": AREA_POINTS, "street_error": 0.09}
    return Uncertainty(**{**given, **more})


def test_who_goes_by_car_sees_the_drives_error_and_who_walks_the_walks():
    """The mean errors of each leg, by the blend's own minutes without time to park."""
    made = _MinutesSample(WALK, SITES, blended(drive_error=0.2))
    plain = _MinutesSample(WALK, SITES, blended(street_error=None))
    setting = {"parking_minutes": 0.0}
    true = one_draw(plain, setting, 0)
    drawn = np.array([one_draw(made, setting, k) for k in range(3000)])
    keep = true > 0
    wrong = np.abs(np.log(drawn[:, keep] / true[keep]))
    rows = np.nonzero(keep)[0]
    assert wrong[:, rows == 0].mean() == pytest.approx(0.09, rel=0.05)
    assert wrong[:, rows > 0].mean() == pytest.approx(0.20, rel=0.05)


def test_an_error_of_drives_holds_that_of_their_streets():
    assert any("9% of a walk, 20% of a drive" in n for n in blended(drive_error=0.2).notes())
    same = _MinutesSample(WALK, SITES, blended(drive_error=0.09))
    lone = _MinutesSample(WALK, SITES, blended())
    setting = {"parking_minutes": 1.0}
    assert np.allclose(one_draw(same, setting, 5), one_draw(lone, setting, 5))
    for wrong in (0.05, 1.0, float("nan")):
        with pytest.raises(ParameterError, match="drive_error"):
            blended(drive_error=wrong)
    with pytest.raises(ParameterError, match="drive_error needs"):
        Uncertainty(street_error=0.1, drive_error=0.2, area_points=AREA_POINTS)


@pytest.mark.parametrize(
    "shares", [[0.2], [2.0] * 30, [np.nan] * 30, "x", P.iloc[1:], {"a00": 0.3}]
)
def test_shares_without_a_car_are_read_as_everywhere(shares):
    with pytest.raises(ParameterError, match="p_no_car"):
        ask(Uncertainty(walk_kmh=(4, 5), drive=DRIVE, p_no_car=shares))


def test_a_grid_measures_the_matrix_and_not_other_days():
    elsewhere = {"another day": TravelMatrix.from_minutes(
        WALK.total_minutes[:, ::-1], area_ids=IDS, site_ids=SITES)}  # fmt: skip
    grid = {"threshold_minutes": [10, 25]}
    found = ask(Uncertainty(among=elsewhere), grid=grid)
    assert found.draws.equals(ask(Uncertainty(threshold_minutes=(10, 25)), grid=grid).draws)


def test_ranges_may_be_arrays_and_what_is_by_site_is_read_by_site():
    drawn = ask(Uncertainty(walk_kmh=np.array([4, 5.0]), stand_ins={"P": np.array(["T"])}))
    assert drawn.draws.equals(ask(Uncertainty(walk_kmh=(4, 5), stand_ins={"P": ("T",)})).draws)
    points = {"area_points": AREA_POINTS, "site_points": SITE_POINTS}
    for wrong in ({"position_error_m": {"P": "far"}}, {"position_error_m": [3]},
                  {"stand_ins": {"P": "Q"}}, {"stand_ins": ["P"]}):  # fmt: skip
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            Uncertainty(**wrong, **points)


def test_a_site_that_may_stay_where_it_is_stays_as_often_as_it_is_elsewhere():
    drawn = _draw_settings(Uncertainty(stand_ins={"P": ["P", "T"]}), 2000, 1)["stand_in:P"]
    assert (drawn == "P").mean() == pytest.approx(0.5, abs=0.05)


def test_a_regret_is_that_of_some_setting_and_endless_where_people_are_cut_off():
    found = ask(Uncertainty(walk_kmh=(4, 5)), draws=10)
    row = found.rank("mean")
    regrets = sorted(found.draws["regret_mean"])
    assert (row["median_regret"], row["p95_regret"]) == (regrets[4], regrets[9])
    minutes = WALK.total_minutes.copy()
    minutes[0, :3] = np.inf  # an area that P, Q and R do not reach
    cut = TravelMatrix.from_minutes(minutes, area_ids=IDS, site_ids=SITES)
    found = robustness(cut, keep=3, demand=DEMAND, uncertainty=Uncertainty(walk_kmh=(4, 5)),
                       proposal=["P", "Q", "R"], draws=10)  # fmt: skip
    assert found.rank("mean")["median_regret"] == np.inf


def test_a_place_of_few_people_is_ranked_in_every_draw():
    few = DEMAND.assign(count=[1, 1] + [0] * 28)
    found = ask(Uncertainty(count_error="poisson"), demand=few, draws=300)
    assert len(found.draws) == 300
    assert np.isfinite(found.draws["regret_mean"]).all()
