"""Charts: titles that say the finding, words for those who cannot see, the same bytes each time."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from access.errors import OutputError, ParameterError
from access.network.matrix import TravelMatrix
from access.report.charts import (
    Chart,
    change_chart,
    group_chart,
    pareto_chart,
    rank_chart,
    robustness_chart,
)
from access.scenario import Uncertainty, compare, rank_closures, robustness
from access.scenario.words import ordinal

INF = math.inf
MINUTES = [[4, 20, 30], [6, 10, 30], [25, 8, 11], [INF, INF, 12], [3, INF, INF], [INF, INF, INF]]
M = TravelMatrix.from_minutes(MINUTES, area_ids=list("abcdef"), site_ids=list("XYZ"))
DEMAND = pd.DataFrame(
    {
        "id": list("abcdef"),
        "count": [1000, 2000, 3000, 2500, 500, 70],
        "imd_rank": [1, 1, 32844, 32844, 1, 1],
        "imd_decile": [1, 1, 10, 10, 1, 3],
        "p_no_car": [0.4, 0.35, 0.1, 0.1, 0.3, 0.2],
    }
)
IMPACT = compare(
    M, before=list("XYZ"), after=["Y", "Z"], demand=DEMAND, who="under-fives", names={"X": "Park"}
)
REACHED = M.areas(list("abc"))
NEAR = DEMAND[DEMAND["id"].isin(list("abc"))]
RANKING = rank_closures(REACHED, keep=2, demand=NEAR, proposal=["Y", "Z"], names={"X": "Park"})
ROBUST = robustness(
    REACHED,
    keep=2,
    demand=NEAR,
    proposal=["Y", "Z"],
    uncertainty=Uncertainty(lam=(0, 2), threshold_minutes=(5, 25)),
    draws=20,
)


def test_rankings_without_a_proposal():
    bare = rank_closures(REACHED, keep=2, demand=NEAR)
    with pytest.raises(ParameterError, match="no proposal to show"):
        rank_chart(bare)
    assert "not beaten on both counts" in pareto_chart(bare).title


def test_unknown_columns_and_criteria():
    with pytest.raises(ParameterError, match="no column 'ward'"):
        group_chart(IMPACT, "ward")
    with pytest.raises(ParameterError, match="'savings' is not in this ranking"):
        pareto_chart(RANKING, "mean", "savings")
    with pytest.raises(ParameterError, match="'median' is not here"):
        robustness_chart(ROBUST, "median")


def test_options_that_all_leave_families_unreached_make_no_picture():
    m = TravelMatrix.from_minutes([[1, INF], [INF, 1]], area_ids=["a", "b"], site_ids=["X", "Y"])
    ranking = rank_closures(m, keep=1, demand=pd.DataFrame({"id": ["a", "b"], "count": [1, 1]}))
    with pytest.raises(ParameterError, match="no picture"):
        pareto_chart(ranking)


def test_files_of_another_kind_or_nowhere(tmp_path):
    chart = change_chart(IMPACT)
    with pytest.raises(OutputError, match=r"neither .png nor .svg"):
        chart.save(tmp_path / "a.gif")
    with pytest.raises(OutputError, match="cannot be written"):
        chart.save(tmp_path / "nowhere" / "a.png")


EVERY = {
    "change": change_chart(IMPACT),
    "decile": group_chart(IMPACT),
    "car": group_chart(IMPACT, "p_no_car"),
    "rank": rank_chart(RANKING, ROBUST),
    "pareto": pareto_chart(RANKING, "mean", "share_beyond"),
    "robust": robustness_chart(ROBUST),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_chart_has_words_and_gives_the_same_bytes(name, tmp_path):
    chart = EVERY[name]
    assert isinstance(chart, Chart)
    assert len(chart.title) > 20
    assert not chart.title.endswith(".")
    assert any(c.isdigit() for c in chart.alt)
    assert chart.alt.endswith(".")
    assert chart.png(dpi=50) == chart.png(dpi=50)
    assert chart.svg() == chart.svg()
    assert b"<dc:date>" not in chart.svg()
    assert chart.save(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert chart.save(tmp_path / "a.svg").read_bytes().startswith(b"<?xml")


def test_pictures_without_their_title_for_documents():
    chart = EVERY["change"]
    assert chart.figure(titled=True).get_suptitle() != ""
    assert chart.figure(titled=False).get_suptitle() == ""


def test_nothing_is_left_open():
    from matplotlib import pyplot

    EVERY["rank"].png(dpi=40)
    assert pyplot.get_fignums() == []


def test_the_change_chart_counts_everybody():
    axes = EVERY["change"].figure().axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == 9070
    # a 1,000 by 16, b 2,000 by 4 minutes; c, d stay; e cut off; f never reached
    assert EVERY["change"].title == (
        "About 3,000 of about 9,100 under-fives walk further, about 1,000 of them over 10 minutes "
        "more"
    )
    assert "no site in reach any more about 500" in EVERY["change"].alt
    hatched = [bar for bar in axes.patches if bar.get_hatch()]
    assert len(hatched) == 2, "what cannot be reached is hatched, never a colour"


def test_the_group_chart_says_where_the_trip_grows_most():
    chart = EVERY["decile"]
    # most deprived: 16 x 1,000 and 4 x 2,000 over 3,000; everyone over 8,500
    assert chart.title == (
        "The trip grows most in the most deprived tenth: by 8.0 minutes, against 2.8 for everyone"
    )
    widths = [bar.get_width() for bar in chart.figure().axes[0].patches]
    assert widths == [8.0, 0.0]
    assert "not known" not in chart.alt


def test_a_gain_is_not_called_a_loss():
    opening = compare(M, before=["Y", "Z"], after=list("XYZ"), demand=DEMAND)
    assert group_chart(opening).title.startswith("No group's trip grows")
    assert "shorter" in change_chart(opening).alt


def test_the_rank_chart_says_best_and_worst():
    p = RANKING.proposal
    ranks = {c: p[f"rank_{c}"] for c in RANKING.criteria}
    assert len(set(ranks.values())) == 1 or "and" in EVERY["rank"].title
    for rank in ranks.values():
        assert f" {ordinal(rank)}" in EVERY["rank"].alt
    assert "between" in EVERY["rank"].alt


def test_the_rank_charts_title_says_joint_of_a_place_that_others_share():
    m = TravelMatrix.from_minutes([[1, 2, 4], [9, 5, 5]], area_ids=["a", "b"], site_ids=list("XYZ"))
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})
    more = {"keep": 2, "demand": demand, "threshold_minutes": 7}
    # worst is 5 for all three; the means are 3 3 3.5
    ranking = rank_closures(m, proposal=["Y", "Z"], criteria=["mean", "worst"], **more)
    chart = rank_chart(ranking)
    assert chart.title.startswith(
        "Of 3 options the proposal is joint 1st by the worst-off area and 3rd by mean minutes"
    )
    assert "joint 1st (with 2 others)" in chart.alt
    same = rank_chart(rank_closures(m, proposal=["X", "Y"], criteria=["mean", "worst"], **more))
    assert same.title == "Of 3 options the proposal is joint 1st on every count"
    texts = [t.get_text() for t in same.figure().axes[0].texts]
    assert texts == ["joint 1st", "joint 1st"]


def test_the_pareto_chart_counts_what_beats_the_proposal():
    t, p = RANKING.table, RANKING.proposal
    both = (t["mean"] <= p["mean"]) & (t["share_beyond"] <= p["share_beyond"])
    better = both & ((t["mean"] < p["mean"]) | (t["share_beyond"] < p["share_beyond"]))
    said = f"{better.sum()} beat the proposal" if better.any() else "none beats the proposal"
    assert said in EVERY["pareto"].title


def test_the_robustness_chart_adds_up():
    axes = EVERY["robust"].figure().axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(100)
    assert "20 settings" in EVERY["robust"].title


NAMES = {
    f"YC{k:02d}": name
    for k, name in enumerate(
        ["Herringthorpe", "Treeton", "Kiveton Park", "Maltby Linx", "Swinton", "Mowbray Gardens",
         "Rawmarsh (assumed)"]
    )
}  # fmt: skip


def many_options(names):
    """Draw settings in which many options are best at times, each closing four of seven."""
    rng = np.random.default_rng(5)
    ids = [f"a{i}" for i in range(8)]
    m = TravelMatrix.from_minutes(rng.uniform(20, 30, (8, 7)), area_ids=ids, site_ids=list(NAMES))
    return robustness(
        m,
        keep=3,
        demand=pd.DataFrame({"id": ids, "count": 3}),
        proposal=list(NAMES)[:3],
        names=names,
        uncertainty=Uncertainty(count_error="poisson"),
        draws=60,
    )


def test_the_robustness_chart_names_sites_and_no_two_labels_touch():
    chart = robustness_chart(many_options(NAMES))
    assert not any(i in chart.title + chart.alt for i in NAMES)
    assert " 0 %" not in chart.alt
    figure = chart.figure()
    labels = figure.axes[0].get_yticklabels()
    figure.canvas.draw()
    assert len(labels) > 5
    assert all(label.get_text().startswith("Closing") for label in labels[:-1])
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(two) for one, two in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0, "no label runs out of the picture"


def test_the_robustness_chart_has_ids_where_no_name_is_known():
    chart = robustness_chart(many_options({}), most=1)
    labels = [label.get_text() for label in chart.figure().axes[0].get_yticklabels()]
    assert labels[0].startswith("Closing YC0")
    assert labels[1].endswith("others")
    assert chart.title.startswith("Closing YC0")
