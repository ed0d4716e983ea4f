"""Charts: titles that say the finding, words for those who cannot see, the same bytes each time."""

import io
import itertools
import math
import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from PIL import Image

from access.charts import (
    Chart,
    change_chart,
    group_chart,
    pareto_chart,
    rank_chart,
    robustness_chart,
)
from access.charts.chart import _SETTINGS, _letter
from access.charts.results import _change_bars, hub_chart
from access.disclosure import Sum, _intervals
from access.errors import OutputError, ParameterError
from access.network.matrix import TravelMatrix
from access.report.people import _CLASSES
from access.run.write import _chart_of
from access.scenario import Uncertainty, compare, rank_closures, robustness
from access.text import ordinal

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
    assert "beaten by none on both counts" in pareto_chart(bare).title


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


@cache
def drawn(name):
    """Give what was done to draw a chart as both its files, and the files."""
    done = []

    def counted(patch, kind, owner, method):
        whole = getattr(owner, method)
        patch.setattr(owner, method, lambda self, *args: (done.append(kind), whole(self, *args))[1])

    with pytest.MonkeyPatch.context() as patch:
        counted(patch, "laid out", ConstrainedLayoutEngine, "execute")
        counted(patch, "drawn", Figure, "draw")
        return done, *EVERY[name].pictures()


@pytest.mark.parametrize("name", EVERY)
def test_every_chart_has_words_and_gives_the_same_bytes(name, tmp_path):
    chart = EVERY[name]
    assert isinstance(chart, Chart)
    assert len(chart.title) > 20
    assert not chart.title.endswith(".")
    assert any(c.isdigit() for c in chart.alt)
    assert chart.alt.endswith(".")
    _, png, svg = drawn(name)
    assert chart.save(tmp_path / "a.png").read_bytes() == png
    assert chart.save(tmp_path / "a.svg").read_bytes() == svg
    assert png[:4] == b"\x89PNG"
    assert svg.startswith(b"<?xml")
    assert b"<dc:date>" not in svg


def test_pictures_without_their_title_for_documents():
    chart = EVERY["change"]
    assert chart.figure(titled=True).get_suptitle() != ""
    assert chart.figure(titled=False).get_suptitle() == ""


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_is_laid_out_once_and_drawn_once_for_each_file(name):
    done, *_ = drawn(name)
    assert done == ["laid out", "drawn"] * 2


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_has_the_dots_that_matplotlib_draws(name):
    chart, theirs, dpi = EVERY[name], io.BytesIO(), 72.5
    with mpl.rc_context(_SETTINGS):
        figure = chart.figure()
        figure.savefig(theirs, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.12)
    ours = chart.png(dpi=dpi)
    mine, plain = Image.open(io.BytesIO(ours)), Image.open(theirs)
    assert mine.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(mine.convert("RGBA")), np.asarray(plain))
    assert mine.info["dpi"] == plain.info["dpi"]
    assert len(ours) < len(theirs.getvalue())


def test_words_are_measured_as_matplotlib_does_without_reading_their_font_anew(monkeypatch):
    with mpl.rc_context(_SETTINGS):
        figure = EVERY["rank"].figure()
        figure.text(0.5, 0.5, "two lines\nof words", fontsize=7, fontweight="bold", rotation=30)
        words = [text for text in figure.findobj(Text) if text.get_text()]
        theirs = [w.get_window_extent(RendererAgg(700, 400, figure.dpi)).bounds for w in words]
        read = []
        monkeypatch.setattr(mpl.text, "get_font", read.append)
        ours = figure._get_renderer()
        assert [w.get_window_extent(ours).bounds for w in words] == theirs
    assert len({*theirs}) > 10
    assert read == []


def test_nothing_is_left_open():
    from matplotlib import pyplot

    drawn("rank")
    assert pyplot.get_fignums() == []


def test_the_change_chart_counts_everybody():
    axes = EVERY["change"].figure().axes[0]
    assert sum(bar.get_width() for bar in axes.patches) == 9070
    # a 1,000 by 16, b 2,000 by 4 minutes; c, d stay; e cut off; f never reached
    assert EVERY["change"].title == (
        "3,000 of about 9,100 under-fives would walk further, 1,000 of them by 10 minutes or "
        "more; 500 could no longer reach any"
    )
    assert "no site in reach any more 500" in EVERY["change"].alt
    hatched = [bar for bar in axes.patches if bar.get_hatch()]
    assert len(hatched) == 2, "what cannot be reached is hatched, never a colour"


SMALL = TravelMatrix.from_minutes(
    [[5, 5], [5, 8], [5, 12], [5, 17], [5, 22], [5, INF]],
    area_ids=list("abcdef"),
    site_ids=["X", "Y"],
)


def small(*counts, **columns):
    """Close X, which adds 0 3 7 12 17 minutes in areas a to e and leaves f with nothing."""
    demand = pd.DataFrame({"id": list("abcdef"), "count": counts, **columns})
    return compare(SMALL, before=["X", "Y"], after=["Y"], demand=demand, who="children")


def bars_of(chart):
    """Give what a reader of the picture can measure: each label, and the length of its bar."""
    axes = chart.figure().axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    lengths = [bar.get_width() for bar in axes.patches]
    return dict(zip(labels, lengths, strict=True)), [t.get_text() for t in axes.texts]


def test_counts_of_1_to_4_have_no_bar_and_no_number():
    chart = change_chart(small(400, 3, 60, 50, 70, 0))
    bars, texts = bars_of(chart)
    # up to 5 minutes more: 3; and the smallest beside it, or the total would tell
    assert bars == {"no change": 400, "up to 5 minutes more": 0, "5 to 10 more": 0,
                    "10 or more": 120}  # fmt: skip
    assert texts == ["400", "hidden [c]", "hidden [c]", "120"]
    assert "up to 5 minutes more hidden [c]; 5 to 10 more hidden [c]" in chart.alt
    assert "[c]: hidden." in chart.caption
    assert chart.title == (
        "About 180 of about 580 children would walk further, 120 of them by 10 minutes or more"
    )
    assert not re.search(r"\b3\b|\b60\b", chart.alt + chart.title)


def test_no_title_parts_what_is_hidden():
    # hidden are 3 who walk further and 9 who do not: 53 longer would tell that 53 - 50 are 3
    chart = change_chart(small(9, 3, 0, 50, 0, 0))
    bars, _ = bars_of(chart)
    assert bars == {"no change": 0, "up to 5 minutes more": 0, "5 to 10 more": 0, "10 or more": 50}
    assert chart.title == "Some of 62 children would walk further, 50 of them by 10 minutes or more"


def test_fewer_than_five_in_all_are_not_counted():
    chart = change_chart(small(0, 0, 0, 2, 0, 1))
    assert chart.title == (
        "Some of fewer than 5 children would walk further; some could no longer reach any"
    )
    assert "(fewer than 5 in all)" in chart.figure().axes[0].get_xlabel()
    assert not re.search(r"\b[1-4]\b", chart.alt.replace("10 or", "").replace("5 to 10", ""))
    inside = change_chart(small(0, 0, 0, 2, 0, 1), internal=True)
    assert inside.title.startswith("2 of 3 children would walk further, 2 of them")


def test_a_class_of_small_bins_that_is_large_is_shown_whole():
    chart = change_chart(small(400, 30, 60, 3, 20, 0))
    bars, texts = bars_of(chart)
    assert bars["10 or more"] == 23, "3 of 10 to 15 and 20 of 15 to 20 minutes, told together"
    assert "hidden [c]" not in texts
    assert "[c]" not in chart.caption


def test_large_counts_keep_their_fine_bars_and_an_inside_copy_keeps_all():
    assert set(bars_of(change_chart(small(400, 30, 60, 50, 20, 9)))[0]) >= {
        "10 to 15 more", "15 to 20 more", "no site in reach any more",
    }  # fmt: skip
    inside = change_chart(small(400, 3, 60, 50, 70, 1), internal=True)
    bars, texts = bars_of(inside)
    assert (bars["up to 5 minutes more"], bars["no site in reach any more"]) == (3, 1)
    assert "hidden" not in inside.alt + " ".join(texts)


@given(st.lists(st.integers(0, 40), min_size=6, max_size=6))
@settings(max_examples=60)
def test_no_chart_of_changes_gives_a_small_count_away(counts):
    """Whoever reads bars and total cannot narrow a hidden count to fewer than four values."""
    assume(sum(counts) > 0)
    bars = _change_bars(small(*counts))
    assert sum(b.count for b in bars) == sum(counts)
    assert not any(0 < b.width < 5 for b in bars)
    if any(b.hidden for b in bars):
        true = [*(b.count for b in bars), sum(counts)]
        hidden = [*(b.hidden for b in bars), sum(counts) < 5]
        low, high = _intervals(true, hidden, [Sum(len(bars), tuple(range(len(bars))))])
        assert all(h - w >= 3 for w, h, b in zip(low, high, bars, strict=False) if b.hidden)


def test_a_small_group_has_no_bar_and_is_not_named_as_the_worst():
    impact = small(400, 200, 60, 50, 3, 0, ward=["A", "A", "B", "B", "C", "C"])
    chart = group_chart(impact, "ward")
    bars, texts = bars_of(chart)
    # ward C: 3 children with 17 minutes more; B beside it, or the total would tell C's
    assert bars == {"A": 1, "B": 0, "C": 0}
    assert texts.count("hidden [c]") == 2
    assert chart.title.startswith("Of the groups shown the trip grows most in A: by 1.0 minutes")
    low, high = chart.figure().axes[0].get_xlim()
    assert low <= 0 < impact.summary["mean_minutes_change"] < high, "everyone's line is in view"
    assert "C hidden [c]" in chart.alt
    assert "17.0" not in chart.alt + chart.title
    assert "grows most in C: by 17.0" in group_chart(impact, "ward", internal=True).title


def test_every_group_too_small_is_no_failure():
    chart = group_chart(small(2, 2, 0, 0, 0, 0, ward=list("AABBCC")), "ward")
    assert chart.title.endswith("every group is too small")
    assert chart.png(dpi=40)


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
        "Of 3 options the proposal is joint 1st by the longest walk and 3rd by average walk"
    )
    assert "joint 1st (with 2 others)" in chart.alt
    same = rank_chart(rank_closures(m, proposal=["X", "Y"], criteria=["mean", "worst"], **more))
    assert same.title == "Of 3 options the proposal is joint 1st on every count"
    texts = [t.get_text() for t in same.figure().axes[0].texts]
    assert texts == ["joint 1st", "joint 1st"]


def test_the_pareto_chart_counts_what_beats_the_proposal():
    t, p = RANKING.table, RANKING.proposal
    better = (t["mean"] < p["mean"]) & (t["share_beyond"] < p["share_beyond"])
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
    assert " 0%" not in chart.alt
    figure = chart.figure()
    labels = figure.axes[0].get_yticklabels()
    figure.canvas.draw()
    assert len(labels) > 5
    assert all(label.get_text().startswith("Closing") for label in labels[:-1])
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(two) for one, two in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0, "no label runs out of the picture"


def test_the_proposal_that_is_most_often_best_is_told_once():
    found = many_options(NAMES)
    first = found.best_options().iloc[0]
    same = robustness_chart(replace(found, proposal=first["kept"])).title
    assert ", as is proposed, is best in" in same and "the proposal" not in same
    other = robustness_chart(replace(found, proposal=found.best_options()["kept"].iloc[-1])).title
    assert "as is proposed" not in other and ", the proposal in" in other


def test_the_robustness_chart_has_ids_where_no_name_is_known():
    chart = robustness_chart(many_options({}), most=1)
    labels = [label.get_text() for label in chart.figure().axes[0].get_yticklabels()]
    assert labels[0].startswith("Closing YC0")
    assert re.match(r"Each of \d+ others", labels[1])
    assert chart.title.startswith("Closing YC0")


def test_one_option_that_beats_the_proposal_is_one():
    m = TravelMatrix.from_minutes([[1, 9], [2, 9]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [1, 1]})
    ranking = rank_closures(m, keep=1, demand=demand, proposal=["Y"], criteria=["mean", "p90"])
    chart = pareto_chart(ranking)
    assert chart.title.startswith("Of 2 options, 1 beats the proposal on both")
    assert "1 beats it on both" in chart.alt


def no_figure_is_wrong(chart):
    """Every text of the picture, and its words: one true minus, and nothing is minus nothing."""
    drawn = [text.get_text() for text in chart.figure().findobj(Text)]
    for words in (chart.title, chart.alt, chart.caption, *drawn):
        assert not re.search(r"(?<![\w-])-\d|[+\u2212]0(\.0+)?(?!\d|\.\d)", words), words
        assert not re.search(r"\b1 (options|beat)\b|\b(nan|inf)\b", words), words
    return drawn


def test_figures_of_a_picture_are_written_and_rounded_as_in_every_table():
    minutes = [[5, 5.04], [9, 8.97], [9, 9.25], [20, 15]]
    m = TravelMatrix.from_minutes(minutes, area_ids=list("abcd"), site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": list("abcd"), "count": [300, 200, 100, 10],
                           "imd_decile": [1, 2, 3, 4]})  # fmt: skip
    chart = group_chart(compare(m, before=["X"], after=["Y"], demand=demand))
    drawn = no_figure_is_wrong(chart)
    assert {"0.0", "+0.3", "\u22125.0"} <= set(drawn)  # a half goes away from zero, as in the title
    assert "by 0.3 minutes" in chart.title


def test_a_group_of_whom_nothing_is_known_is_told_as_such():
    demand = DEMAND.assign(imd_decile=[10, 10, 10, 10, 10, 10]).astype({"imd_decile": float})
    demand.loc[[0, 1], "imd_decile"] = np.nan
    chart = group_chart(compare(M, before=list("XYZ"), after=["Y", "Z"], demand=demand))
    assert "grows most in areas whose deprivation tenth is not known: by" in chart.title
    assert "least deprived tenth" in chart.alt


@pytest.mark.parametrize(
    ("keep", "proposal", "said"),
    [
        (1, ["Z"], "Two options that leave people unreached are not shown."),
        (1, ["X"], "Two options that leave people unreached are not shown, the proposal among"),
        (2, ["X", "Z"], "One option that leaves people unreached is not shown."),
        (2, ["X", "Y"], "The proposal leaves people unreached and is not shown."),
    ],
)
@pytest.mark.parametrize("caption", ["", "Of the study."])
def test_a_picture_of_options_counts_those_it_shows_and_says_which_not(
    keep, proposal, said, caption
):
    m = TravelMatrix.from_minutes([[5, 15, 20], [9, 7, 8], [INF, INF, 3]], area_ids=list("abc"),
                                  site_ids=list("XYZ"))  # fmt: skip
    demand = pd.DataFrame({"id": list("abc"), "count": [300, 200, 100]})
    ranking = rank_closures(m, keep=keep, demand=demand, proposal=proposal)
    chart = pareto_chart(ranking, caption=caption)
    no_figure_is_wrong(chart)
    assert said in chart.alt
    assert said in chart.caption
    shown = len(chart.figure().axes[0].collections[0].get_offsets())
    assert f"Scatter of {shown} of 3 options" in chart.alt
    assert shown == (1 if keep == 1 else 2)


def test_one_option_alone_is_called_that():
    m = TravelMatrix.from_minutes([[5, 15], [9, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [300, 200]})
    only = rank_closures(m, keep=1, demand=demand, proposal=["X"], always_open=["X"])
    chart = rank_chart(only)
    assert chart.title == "The proposal is the only option"
    ticks = [label.get_text() for label in chart.figure().axes[0].get_xticklabels()]
    assert len(ticks) == len(set(ticks)) == 1
    no_figure_is_wrong(chart)
    no_figure_is_wrong(pareto_chart(only))
    words = {t.get_text(): t for t in pareto_chart(only).figure().axes[0].texts}
    above, below = words["the proposal"], words["not beaten"]
    assert (
        above.xyann[1] - below.xyann[1] >= above.get_fontsize() * 1.5
    )  # one does not hide the other


def hubs_found(status, council, unserved=0.0):
    curve = pd.DataFrame({"mean_minutes": [10.25, 6.0], "status": ["proven_optimal", status],
                          "unserved_weight": [0.0, unserved]}, index=[1, 2])  # fmt: skip
    return SimpleNamespace(
        curve_frame=lambda: curve, best=SimpleNamespace(chosen=("a", "b"), objective=6.0,
                                                        status=status),
        council=council, shares={"x": 1.0},
    )  # fmt: skip


def test_the_chart_of_hubs_claims_no_more_than_was_found():
    told = SimpleNamespace(place="Town", as_of="2020")
    study = SimpleNamespace(config=SimpleNamespace(study=told))
    results = SimpleNamespace(
        study=study, whose_streets="Modelled streets", council_dated=lambda: ""
    )
    council = SimpleNamespace(chosen=("a",) * 4, mean_minutes=7.25)
    sure = hub_chart(results, hubs_found("proven_optimal", None), "walk", 1)
    assert sure.title == "The best 2 hubs have a mean walk of 6.0 minutes"
    assert "1 site to choose from" in sure.caption
    assert "10.3" in sure.alt
    assert "no mean" not in sure.caption
    unsure = hub_chart(results, hubs_found("feasible", council, 3.0), "walk", 9)
    assert unsure.title.startswith("The best 2 hubs found have a mean walk of 6.0 minutes, the ")
    assert unsure.title.endswith("council's 4 one of 7.3")
    assert unsure.alt.startswith("Line of the least found mean minutes")
    assert "cannot reach any of the hubs are in no mean" in unsure.caption
    assert 4 in unsure.figure().axes[0].get_xticks()  # where the cross stands


@pytest.mark.parametrize(
    ("rise", "told"), [(9.4, "none of them by 10"), (9.6, ""), (10.0, "10 of them by 10")]
)
def test_a_rise_that_stands_as_ten_minutes_elsewhere_is_not_said_to_be_none(rise, told):
    m = TravelMatrix.from_minutes([[5, 5 + rise], [3, 9]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 90]})
    title = change_chart(compare(m, before=["X"], after=["Y"], demand=demand)).title
    assert title.startswith("100 of 100 families would walk further")
    assert title.endswith(f", {told} minutes or more" if told else "walk further")


def test_a_caption_says_what_opens_and_changes_as_well():
    m = TravelMatrix.from_minutes(
        [[5, 15, 9], [9, 7, 2]], area_ids=["a", "b"], site_ids=list("XYZ")
    )
    demand = pd.DataFrame({"id": ["a", "b"], "count": [300, 200]})
    impact = compare(m, before=["X", "Y"], after=["Y", "Z"], demand=demand)
    assert change_chart(impact).caption.endswith("after closing X and opening Z.")


def test_ten_minutes_exactly_stand_alike_in_the_chart_and_in_the_table():
    m = TravelMatrix.from_minutes([[5, 15]], area_ids=["a"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a"], "count": [300]})
    impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    assert "300 of them by 10 minutes or more" in change_chart(impact).title
    assert impact.summary["lose_10_plus"] == 300
    assert _CLASSES["lose_10_plus"] == "At least 10 minutes more"


@pytest.mark.parametrize(
    "name", ["Ο Παιδικός Σταθμός", "Архив", "مركز الأطفال", "Łódź, Ystradgynlais"]
)
def test_letters_of_other_scripts_are_drawn_and_not_as_boxes(name):
    m = TravelMatrix.from_minutes([[5, 15]], area_ids=["a"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a"], "count": [300]})
    impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand, who=name)
    svg = change_chart(impact).svg()
    assert b"LastResort" not in svg and b"OpenSans" in svg


def test_a_file_of_a_run_says_of_which_proposal_its_chart_is():
    chart = _chart_of("Libraries from 3 to 2", lambda: change_chart(IMPACT))
    assert chart.caption.startswith("Libraries from 3 to 2. ")


@pytest.mark.parametrize(("notes", "said"), [(6, "Varied: "), (7, "Varied, among other things: ")])
def test_a_list_of_what_varied_that_is_cut_says_so(notes, said):
    told = tuple(f"note {k}" for k in range(notes))
    assert robustness_chart(replace(ROBUST, notes=told)).caption.startswith(said)


def test_letters_are_drawn_dot_for_dot_as_matplotlib_draws_them(monkeypatch):
    """Each is drawn once and put where it stands again: turned, between dots, of any font."""

    def draw(figure, axes):
        words = ("Łódź, Ἀθήνα, Київ", "AVAVA To we\nll $x$ 漢", "1,234.5 min", "العربية")
        for k, text in enumerate(words * 6):
            axes.text(0.137 * (k % 7), 0.041 * k, text, rotation=(0, 90, 33.3, -17)[k % 4],
                      fontsize=7 + 0.7 * (k % 5), fontweight=("normal", "bold")[k % 2],
                      antialiased=k % 11 > 0)  # fmt: skip
        axes.set_xlabel("Minutes")

    chart = Chart("As it is drawn", "words", "A caption", draw)
    ours = [chart.png(), chart.png(dpi=97), chart.svg()]
    again = chart.png()
    monkeypatch.setattr("access.charts.chart._DRAWN_AS", None)
    theirs = [chart.png(), chart.png(dpi=97), chart.svg()]
    assert ours == theirs
    assert again == theirs[0]
    assert _letter.cache_info().hits > 0
