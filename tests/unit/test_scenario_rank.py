"""Every alternative ranked: a plain double loop must agree, and rules must be kept."""

import json
import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError, ScenarioError
from access.measure import weighted_quantile
from access.network.matrix import TravelMatrix
from access.scenario import ServiceChoice, Uncertainty, rank_closures, robustness

INF = math.inf
SITES = list("PQRST")
LOCALITY = {"P": "North", "Q": "North", "R": "South", "S": "South", "T": "South"}


def borough(seed=3, areas=40, sites=SITES, unreachable=0.0):
    rng = np.random.default_rng(seed)
    minutes = rng.integers(1, 60, (areas, len(sites))).astype(float)
    minutes[rng.random(minutes.shape) < unreachable] = INF
    ids = [f"a{i:02d}" for i in range(areas)]
    demand = pd.DataFrame(
        {"id": ids, "count": rng.integers(0, 30, areas), "imd_rank": rng.integers(1, 32845, areas)}
    )
    return TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=sites), demand


M, DEMAND = borough()


def rank(**more):
    return rank_closures(M, **{"keep": 3, "demand": DEMAND, **more})


@pytest.mark.parametrize("keep", [0, 6, -1, 2.5, "3", True, None])
def test_keep_must_be_a_number_of_sites(keep):
    with pytest.raises(ParameterError, match="from 1 to"):
        rank(keep=keep)


def test_a_proposal_of_another_size():
    with pytest.raises(ScenarioError, match="names 4 of 5 sites, but keep=3"):
        rank(proposal=list("PQRS"))


def test_a_proposal_of_unknown_sites():
    with pytest.raises(ParameterError, match=r"proposal: unknown site id \['Z'\]"):
        rank(proposal=["P", "Q", "Z"])
    with pytest.raises(ParameterError, match="expected a list"):
        rank(proposal="PQR")


def test_unknown_criteria_and_never_close():
    with pytest.raises(ParameterError, match=r"\['median'\] are not known; expected any of"):
        rank(criteria=["mean", "median"])
    with pytest.raises(ParameterError, match=r"never_close names \['Z'\]"):
        rank(never_close=["Z"])


def test_criteria_that_the_data_cannot_bear():
    bare = DEMAND[["id", "count"]]
    with pytest.raises(ParameterError, match="no imd_rank column"):
        rank(demand=bare, criteria=["weighted_mean"])
    with pytest.raises(ParameterError, match=r"'gap' cannot be given.*imd_decile or imd_rank"):
        rank(demand=bare, criteria=["gap"])
    with pytest.raises(ParameterError, match="'savings' cannot be given"):
        rank(criteria=["savings"])
    with pytest.raises(ParameterError, match=r"no income column.*Green Book"):
        rank(weights="green_book")


def test_what_is_left_out_by_default_is_said():
    ranking = rank(demand=DEMAND[["id", "count"]], proposal=list("PQR"))
    assert ranking.criteria == ("mean", "p90", "worst", "share_beyond")
    assert any(n.startswith("weighted_mean left out") for n in ranking.notes)
    assert any(n.startswith("deprived_mean left out") for n in ranking.notes)
    assert "rank_gap" not in ranking.proposal


def test_rules_that_leave_nothing():
    with pytest.raises(ScenarioError, match="never_close leaves 1 that may close"):
        rank(never_close=list("PQRS"))
    with pytest.raises(ScenarioError, match="at least 2 in North, 3 in South"):
        rank(localities=LOCALITY, min_per_locality={"North": 2, "South": 3})
    with pytest.raises(ScenarioError, match="at least 3 sites must stay open in North"):
        rank(localities=LOCALITY, min_per_locality=3)


def test_locality_rules_that_cannot_be_read():
    with pytest.raises(ParameterError, match="needs localities"):
        rank(min_per_locality=1)
    with pytest.raises(ParameterError, match=r"no entry for sites \['T'\]"):
        rank(localities={k: v for k, v in LOCALITY.items() if k != "T"}, min_per_locality=1)
    with pytest.raises(ParameterError, match="the locality of S and T is not given"):
        rank(localities=LOCALITY | {"S": "", "T": " "}, min_per_locality=1)
    assert rank(localities=LOCALITY | {"T": ""}, min_per_locality=0).proposal is None
    with pytest.raises(ParameterError, match=r"\['East'\], where no site is"):
        rank(localities=LOCALITY, min_per_locality={"East": 1})
    with pytest.raises(ParameterError, match="whole number"):
        rank(localities=LOCALITY, min_per_locality=0.5)


def test_too_many_options_points_to_the_optimiser():
    wide, demand = borough(sites=[f"s{i:02d}" for i in range(60)])
    with pytest.raises(ScenarioError, match=r"too many to list.*p_median"):
        rank_closures(wide, keep=30, demand=demand)


def test_savings_that_cannot_be_read():
    with pytest.raises(ParameterError) as error:
        rank(savings={"P": "lots", "Z": 1})
    assert [f.where for f in error.value.faults] == ["P", "Z"]


@pytest.mark.parametrize("threshold", [-1, float("nan")])
def test_threshold_must_be_minutes(threshold):
    with pytest.raises(ParameterError, match="threshold_minutes"):
        rank(threshold_minutes=threshold)


def plain_loop(m, demand, keep, threshold=20.0, lam=1.0):
    """Every criterion by the book, one option and one area at a time."""
    demand = demand.set_index("id").loc[list(m.area_ids)]
    count = demand["count"].to_numpy(float)
    weight = count * (1 + lam * (32844 - demand["imd_rank"].to_numpy(float)) / 32843)
    fifth = np.ceil(demand["imd_rank"].to_numpy(float) * 5 / 32844)
    ids = sorted(m.site_ids)
    minutes = m.to_frame()[ids].to_numpy()
    someone = (count > 0) & np.isfinite(minutes.min(axis=1))
    rows = {}
    for closed in combinations(ids, len(ids) - keep):
        cols = [j for j, i in enumerate(ids) if i not in closed]
        near = [min(minutes[a, j] for j in cols) for a in range(len(count))]
        t, n, w, f = np.array(near)[someone], count[someone], weight[someone], fifth[someone]
        lost = np.isinf(t).any()
        means = [np.average(t[f == k], weights=n[f == k]) for k in (1, 5)]
        best = minutes[:, :].min(axis=1)[someone]
        own, poor = t[f == 1], n[f == 1]
        line = np.argsort(own, kind="stable")
        nine = np.cumsum(poor[line]) >= 0.9 * poor.sum() - 1e-9
        place = np.argsort(t, kind="stable")
        reach = np.cumsum(n[place]) >= 0.9 * n.sum() - 1e-9
        rows[closed] = {
            "mean": INF if lost else (t * n).sum() / n.sum(),
            "weighted_mean": INF if lost else (t * w).sum() / w.sum(),
            "p90": t[place][reach][0],
            "worst": t.max(),
            "share_beyond": count[(np.array(near) > threshold)].sum() / count.sum(),
            "deprived_mean": INF if np.isinf(own).any() else means[0],
            "deprived_moved": poor[own > best[f == 1]].sum() / poor.sum(),
            "deprived_p90": own[line][nine][0],
            "gap": INF if np.isinf(means).any() else means[0] - means[1],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


@pytest.mark.parametrize("unreachable", [0.0, 0.25])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_plain_double_loop_agrees(seed, unreachable):
    m, demand = borough(seed, unreachable=unreachable)
    ranking = rank_closures(m, keep=2, demand=demand, threshold_minutes=25)
    slow = plain_loop(m, demand, 2, threshold=25)
    assert ranking.table["closed"].tolist() == list(slow.index)
    for c in slow.columns:
        np.testing.assert_allclose(ranking.table[c], slow[c], rtol=0, atol=1e-8, err_msg=c)
        if c not in ranking.criteria:
            continue
        expected = slow[c].round(8).rank(method="min")
        np.testing.assert_array_equal(ranking.table[f"rank_{c}"], expected, err_msg=c)


def test_always_open_sites_count_but_are_never_closed():
    ranking = rank(sites=list("PQRS"), always_open=["T"], keep=2, proposal=["P", "Q"])
    assert len(ranking.table) == 6
    near = M.sites(["P", "Q", "T"]).total_minutes.min(axis=1)
    assert ranking.proposal["mean"] == pytest.approx(np.average(near, weights=DEMAND["count"]))
    assert "open in every option: T" in ranking.notes


def test_rules_are_kept():
    kept = rank(never_close=["T"]).table["kept"]
    assert len(kept) == 6
    assert all("T" in k for k in kept)
    one_each = rank(localities=LOCALITY, min_per_locality=1).table["kept"]
    assert len(one_each) == 9, "all ten but the one that keeps R, S and T"
    assert ("R", "S", "T") not in list(one_each)


def test_a_proposal_that_breaks_the_rules_is_still_placed():
    p = rank(localities=LOCALITY, min_per_locality=1, proposal=list("RST")).proposal
    assert p["allowed"] is False
    assert p["option"] is None
    free = rank(proposal=list("RST"))
    assert p["mean"] == free.proposal["mean"]
    assert p["rank_mean"] == 1 + (free.table["mean"] < p["mean"]).sum()


def test_a_proposal_given_by_what_it_closes():
    kept, closed = rank(proposal=list("PQR")), rank(proposal=list("ST"))
    assert kept.proposal == closed.proposal
    assert "proposal read as the sites closed: S, T" in closed.notes


def test_ties_share_the_least_rank_and_the_first_by_id_is_best():
    m = TravelMatrix.from_minutes([[5.0, 5.0, 9.0]], area_ids=["a"], site_ids=["C", "B", "A"])
    ranking = rank_closures(m, keep=1, demand=pd.DataFrame({"id": ["a"], "count": [2]}))
    assert ranking.table["kept"].tolist() == [("C",), ("B",), ("A",)]
    assert ranking.table["rank_mean"].tolist() == [1, 1, 3]
    assert ranking.best()["closed"] == ("A", "B")
    assert len(ranking.near_ties("mean", 0.0)) == 2


SHARED = TravelMatrix.from_minutes(
    [[1.0, 2.0, 4.0, 9.0, 9.0], [9.0, 9.0, 9.0, 5.0, 5.0]], area_ids=["a", "b"], site_ids=SITES
)
TWO = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})


def test_no_place_without_a_proposal_or_on_another_criterion():
    ranking = rank_closures(SHARED, keep=3, demand=TWO, criteria=["mean"])
    with pytest.raises(ParameterError, match="no proposal to place"):
        ranking.place("mean")
    with pytest.raises(ParameterError, match="'worst' is not in this ranking"):
        ranking.place("worst")


def test_a_place_that_others_share_is_called_joint():
    ranking = rank_closures(SHARED, keep=3, demand=TWO, proposal=list("PST"), threshold_minutes=6)
    p = ranking.proposal
    # a mean of 3, as every way to keep P and one of S and T: PQS PQT PRS PRT and PST itself
    assert (p["rank_mean"], p["tied_mean"]) == (1, 4)
    assert ranking.place("mean") == "joint 1st (with 4 others)"
    assert ranking.place("mean", others=False) == "joint 1st"
    assert "is joint 1st (with 4 others) by average walk" in ranking.sentence()
    assert "joint 1st (with 4 others)" in repr(ranking).split("\n", 1)[1]
    assert "joint 1st (with 4 others)</td>" in ranking._repr_html_()


def test_a_place_of_its_own_is_not_joint():
    ranking = rank_closures(SHARED, keep=3, demand=TWO, proposal=list("PQR"), criteria=["mean"])
    p = ranking.proposal
    assert (p["rank_mean"], p["tied_mean"]) == (10, 0)  # a mean of 5; all others keep S or T
    assert ranking.place("mean") == "10th"


def test_a_proposal_outside_the_list_shares_with_all_of_its_rank():
    rules = {"never_close": ["Q"], "criteria": ["mean"]}
    ranking = rank_closures(SHARED, keep=3, demand=TWO, proposal=list("PST"), **rules)
    # the list holds PQS and PQT, which are as good; the proposal itself breaks the rule
    assert ranking.proposal["allowed"] is False
    assert (ranking.proposal["rank_mean"], ranking.proposal["tied_mean"]) == (1, 2)
    values = ranking.table["mean"]
    worse = (values > ranking.proposal["mean"]).sum()
    assert 0 < ranking.proposal["percentile_mean"] == 100 * worse / len(values) < 100


def test_regret_percentile_and_near_ties_by_hand():
    minutes = [[100.0, 100.5, 104.0, 120.0, 120.0]]
    m = TravelMatrix.from_minutes(minutes, area_ids=["a"], site_ids=SITES)
    demand = pd.DataFrame({"id": ["a"], "count": [1]})
    p = rank_closures(m, keep=1, demand=demand, proposal=["R"]).proposal
    assert p["rank_mean"] == 3
    assert p["regret_mean"] == 4.0
    assert p["percentile_mean"] == 50.0
    assert p["near_ties_1pct_mean"] == 1
    assert p["near_ties_5pct_mean"] == 2
    assert (p["within_1pct_mean"], p["within_5pct_mean"]) == (False, True)
    assert p["dominated_by"] == 2
    assert p["on_front"] is False


def test_savings_enter_when_given_and_more_is_better():
    savings = {"P": 10, "Q": 20, "R": 30, "S": 40, "T": 50}
    ranking = rank(savings=savings, proposal=list("PQR"))
    p = ranking.proposal
    assert (p["savings"], p["rank_savings"], p["regret_savings"]) == (90, 1, 0)
    assert ranking.table.set_index("closed")["savings"].loc[[("P", "Q")]].item() == 30
    partly = rank(savings={**savings, "T": None})
    assert "savings" not in partly.criteria
    assert any("savings are not known for T" in n for n in partly.notes)
    assert partly.table["savings"].isna().sum() == 4


@pytest.mark.parametrize("criteria", [["mean", "savings"], ["savings", "gap"]])
def test_the_front_begins_with_the_best_by_the_first_criterion(criteria):
    savings = {"P": 10, "Q": 20, "R": 30, "S": 40, "T": 50}
    ranking = rank(savings=savings, criteria=criteria)
    front = ranking.front
    assert len(front) > 1
    first = ranking.criteria[0]
    assert front[f"rank_{first}"].is_monotonic_increasing
    assert front[first].iloc[0] == ranking.best(first)[first]


def test_savings_of_sites_that_never_close_need_not_be_known():
    ranking = rank(savings={"P": 1, "Q": 2, "R": 3, "S": 4}, never_close=["T"])
    assert "savings" in ranking.criteria


def test_unreached_families_are_never_averaged_away():
    m = TravelMatrix.from_minutes(
        [[1.0, INF], [50.0, 60.0], [INF, INF]], area_ids=["a", "b", "c"], site_ids=["X", "Y"]
    )
    demand = pd.DataFrame({"id": ["a", "b", "c"], "count": [1, 9, 5]})
    ranking = rank_closures(m, keep=1, demand=demand, proposal=["Y"], threshold_minutes=55)
    table = ranking.table.set_index("kept")
    assert table["mean"].tolist() == [INF, pytest.approx(45.1)]
    assert table["share_beyond"].tolist() == [1.0, pytest.approx(5 / 15)]
    assert table["unreached"].tolist() == [6.0, 5.0]
    p = ranking.proposal
    assert (p["mean"], p["regret_mean"], p["rank_mean"]) == (None, None, 2)
    json.dumps(p, allow_nan=False)
    assert "some people no longer reach any site" in ranking.sentence()


def test_nobody_reached_at_all():
    m = TravelMatrix.from_minutes([[INF, INF]], area_ids=["a"], site_ids=["X", "Y"])
    with pytest.raises(ParameterError, match="no site reaches any family"):
        rank_closures(m, keep=1, demand=pd.DataFrame({"id": ["a"], "count": [1]}))


def test_the_gap_signed_and_absolute():
    m = TravelMatrix.from_minutes(
        [[5.0, 30.0], [20.0, 20.0]], area_ids=["a", "b"], site_ids=["X", "Y"]
    )
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 1], "imd_decile": [1, 10]})
    signed = rank_closures(m, keep=1, demand=demand).table.set_index("kept")["gap"]
    assert signed.loc[[("X",)]].item() == -15
    absolute = rank_closures(m, keep=1, demand=demand, absolute_gap=True).table["gap"]
    assert sorted(absolute) == [10, 15]


def test_the_gap_is_shown_and_ranked_by_only_when_asked():
    # Y is the better for the deprived family; X has the gap that rewards the other's long trip
    m = TravelMatrix.from_minutes(
        [[12.0, 10.0], [90.0, 5.0]], area_ids=["a", "b"], site_ids=["X", "Y"]
    )
    demand = pd.DataFrame({"id": ["a", "b"], "count": [9, 9], "imd_decile": [1, 10]})
    ranking = rank_closures(m, keep=1, demand=demand, proposal=["X"])
    assert "gap" not in ranking.criteria
    assert ranking.best("deprived_mean")["kept"] == ("Y",)
    assert (ranking.proposal["gap"], ranking.proposal["rank_gap"]) == (-78, 1)
    assert ranking.table["on_front"].tolist() == [kept == ("Y",) for kept in ranking.table["kept"]]
    assert "gap" not in ranking.sentence()
    asked = rank_closures(m, keep=1, demand=demand, proposal=["X"], criteria=["mean", "gap"])
    assert asked.criteria == ("mean", "gap")
    assert asked.best("gap")["kept"] == ("X",)


def test_the_deprived_fifths_own_figures_by_hand():
    m = TravelMatrix.from_minutes(
        [[2.0, 8.0, 9.0], [6.0, 4.0, 7.0], [1.0, 1.0, 50.0]],
        area_ids=["a", "b", "c"],
        site_ids=["X", "Y", "Z"],
    )
    demand = pd.DataFrame({"id": ["a", "b", "c"], "count": [30, 10, 500], "imd_decile": [1, 2, 9]})
    table = rank_closures(m, keep=1, demand=demand).table.set_index("kept")
    figures = table[["deprived_mean", "deprived_moved", "deprived_p90"]]
    assert figures.loc[[("X",)]].to_numpy().tolist() == [[3.0, 0.25, 6.0]]
    assert figures.loc[[("Y",)]].to_numpy().tolist() == [[7.0, 0.75, 8.0]]
    assert figures.loc[[("Z",)]].to_numpy().tolist() == [[8.5, 1.0, 9.0]]


def test_joint_options_are_every_pair_and_agree_with_pooling_by_hand():
    first, youth = borough(5, areas=25, sites=list("ABCD"))
    second, older = borough(6, areas=30, sites=list("VWXYZ"), unreachable=0.1)
    ranking = rank_closures(
        first,
        keep=2,
        demand=youth,
        proposal=["A", "B"],
        joint=ServiceChoice(second, 3, older, proposal=["V", "W", "X"]),
    )
    assert len(ranking.table) == 6 * 10
    for _, row in ranking.table.iterrows():
        near, counts, weights, fifths = [], [], [], []
        for m, d in ((first, youth), (second, older)):
            cols = [i for i in m.site_ids if i in row["kept"]]
            near.append(m.sites(cols).total_minutes.min(axis=1))
            counts.append(d["count"].to_numpy(float))
            rank_ = d["imd_rank"].to_numpy(float)
            weights.append(counts[-1] * (1 + (32844 - rank_) / 32843))
            fifths.append(np.ceil(rank_ * 5 / 32844))
        t, n, w, f = map(np.concatenate, (near, counts, weights, fifths))
        use = n > 0
        t, n, w, f = t[use], n[use], w[use], f[use]
        if np.isinf(t).any():
            assert row["mean"] == INF
            assert row["worst"] == INF
        else:
            assert row["mean"] == pytest.approx(np.average(t, weights=n), abs=1e-8)
            assert row["weighted_mean"] == pytest.approx(np.average(t, weights=w), abs=1e-8)
            assert row["p90"] == weighted_quantile(t, n, 0.9)
            assert row["worst"] == t.max()
            assert row["deprived_mean"] == pytest.approx(np.average(t[f == 1], weights=n[f == 1]))
            assert row["deprived_p90"] == weighted_quantile(t[f == 1], n[f == 1], 0.9)
            most, least = (np.average(t[f == k], weights=n[f == k]) for k in (1, 5))
            assert row["gap"] == pytest.approx(most - least, abs=1e-8)
        assert row["share_beyond"] == pytest.approx(n[t > 20].sum() / n.sum())
    assert ranking.proposal["option"] == ranking.table["kept"].tolist().index(
        ("A", "B", "V", "W", "X")
    )


def test_joint_shares_weigh_services_not_heads():
    one = TravelMatrix.from_minutes([[10.0, 30.0]], area_ids=["a"], site_ids=["X", "Y"])
    few, many = (pd.DataFrame({"id": ["a"], "count": [c]}) for c in (1, 99))
    joint = ServiceChoice(one, 1, many)
    pooled = rank_closures(one, keep=1, demand=few, joint=joint).table
    even = rank_closures(one, keep=1, demand=few, joint=joint, shares=(0.5, 0.5)).table
    assert pooled["mean"].tolist() == [30.0, pytest.approx(10.2), pytest.approx(29.8), 10.0]
    assert even["mean"].tolist() == [30.0, 20.0, 20.0, 10.0]
    with pytest.raises(ParameterError, match="two numbers above 0"):
        rank_closures(one, keep=1, demand=few, joint=joint, shares=(1, 0))


def test_joint_needs_both_proposals_or_neither():
    joint = ServiceChoice(M, 3, DEMAND)
    with pytest.raises(ParameterError, match="for both services, or for neither"):
        rank(proposal=list("PQR"), joint=joint)


def test_unknown_criterion_of_a_result():
    with pytest.raises(ParameterError, match="'savings' is not in this ranking"):
        rank().best("savings")
    with pytest.raises(ParameterError, match="within=-1"):
        rank().near_ties(within=-1)


def test_sentences_and_tables_are_for_people():
    ranking = rank(proposal=list("PQR"), names={"S": "Swinton", "T": "Treeton"})
    text = ranking.sentence()
    assert text.startswith("Of 10 ways to keep 3 of 5, the proposal (closing Swinton and Treeton)")
    assert "by average walk" in text
    assert rank().sentence().startswith("Of 10 ways to keep 3 of 5, closing")
    assert ">criterion</th>" in ranking._repr_html_()
    assert ranking.to_frame()["closed"].iloc[0] == "P Q"
    assert "rank of 10" in repr(ranking)


def test_neither_order_of_ids_nor_of_rows_changes_anything():
    turned = M.areas(M.area_ids[::-1]).sites(M.site_ids[::-1])
    one = rank(proposal=list("PQR"))
    two = rank_closures(
        turned, keep=3, demand=DEMAND.sample(frac=1, random_state=1), proposal=list("RQP")
    )
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.proposal == two.proposal
    assert one.sentence() == two.sentence()


def test_assumptions_of_the_matrix_are_carried():
    told = replace(M, assumptions=("modelled streets: not a survey",))
    assert "modelled streets: not a survey" in rank_closures(told, keep=3, demand=DEMAND).notes


def test_equal_savings_are_equal_in_whatever_order_they_add_up():
    """0.1 and 0.2 are as much as 0.3 and 0: for the list, the proposal, joint and over settings."""
    savings = {"P": 0.1, "Q": 0.2, "R": 0.3, "S": 0.0, "T": 0.7}
    ask = {"savings": savings, "proposal": {"closed": ["P", "Q"]}}
    ranking = rank(**ask)
    closed = ranking.table.set_index("closed")
    assert closed["rank_savings"]["P", "Q"] == closed["rank_savings"]["R", "S"]
    assert ranking.proposal["rank_savings"] == closed["rank_savings"]["P", "Q"]
    assert ranking.proposal["tied_savings"] == 1
    drawn = robustness(M, keep=3, demand=DEMAND, uncertainty=Uncertainty(walk_kmh=(4, 5)), draws=3,
                       **ask)  # fmt: skip
    assert ("R", "S") in set(drawn.alike("savings")["closed"])
    other = ServiceChoice(M, 4, DEMAND, {"closed": ["R"]}, savings=savings)
    both = rank(**ask, joint=other)
    own = both.table[[c == ("P", "Q", "R") for c in both.table["closed"]]]
    assert own["rank_savings"].item() == both.proposal["rank_savings"]
    alike = both.table["closed"].isin([("R", "S", "R"), ("P", "S", "R"), ("R", "S", "R")])
    assert both.table.loc[alike, "savings"].round(9).tolist() == both.table.loc[
        alike, "savings"].tolist()  # fmt: skip


@pytest.mark.parametrize("pounds", [1e6, 1e8])
def test_a_proposals_savings_are_those_of_its_row(pounds):
    draw = np.random.default_rng(5)
    ids = [f"s{i:02d}" for i in range(12)]
    matrix = TravelMatrix.from_minutes(draw.random((2, 12)), area_ids=["a", "b"], site_ids=ids)
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 2]})
    savings = dict(zip(ids, (draw.random(12) * pounds).round(2).tolist(), strict=True))
    for _ in range(20):
        closed = sorted(draw.choice(ids, 9, replace=False).tolist())
        found = rank_closures(matrix, keep=3, demand=demand, savings=savings,
                              proposal={"closed": closed})  # fmt: skip
        row = found.table.iloc[found.proposal["option"]]
        assert row["savings"] == found.proposal["savings"]
        assert row["rank_savings"] == found.proposal["rank_savings"]


@pytest.mark.parametrize("shares", [(0.5, 0.5), "ab", (1, "x")])
def test_shares_of_one_service_are_refused(shares):
    with pytest.raises(ParameterError, match="shares"):
        rank(shares=shares)


def test_shares_that_are_no_numbers_are_refused_beside_a_second_service():
    with pytest.raises(ParameterError, match="shares"):
        rank(shares="ab", joint=ServiceChoice(M, 4, DEMAND))


def test_a_proposal_that_closes_what_is_open_in_every_option_is_told_so():
    with pytest.raises(ParameterError, match="closes T, open in every option"):
        rank(always_open=["T"], proposal={"closed": ["T", "P"]})


def test_no_criterion_at_all_is_told_as_that():
    with pytest.raises(ParameterError, match="criteria is empty"):
        rank(criteria=[])
