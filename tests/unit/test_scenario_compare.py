"""Before and after: hand-worked figures, conservation, and a sentence that can be read aloud."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from access.errors import ParameterError, ScenarioError
from access.network.matrix import TravelMatrix
from access.run.findings import _closed_words
from access.scenario import NothingChangesWarning, compare, rank_closures

INF = math.inf
#            X    Y    Z    N (a site that may open)
MINUTES = [
    [4.0, 20.0, 30.0, 40.0],  # a
    [6.0, 10.0, 30.0, 40.0],  # b
    [25.0, 8.0, 11.0, 2.0],  # c
    [INF, INF, 12.0, 40.0],  # d
    [3.0, INF, INF, INF],  # e: only X can be reached
    [INF, INF, INF, INF],  # f: nothing can
    [1.0, 50.0, 50.0, 50.0],  # g: nobody lives here
]
COUNTS = [10, 20, 30, 25, 5, 7, 0]
M = TravelMatrix.from_minutes(MINUTES, area_ids=list("abcdefg"), site_ids=list("XYZN"))
DEMAND = pd.DataFrame(
    {
        "id": list("abcdefg"),
        "count": COUNTS,
        "imd_rank": [1, 1, 32844, 32844, 1, 1, 1],
        "imd_decile": [1, 1, 10, 10, 1, 1, 1],
        "locality": ["North", "North", "South", None, "South", "South", "South"],
        "p_no_car": [0.45, 0.4, 0.1, 0.05, 0.2, None, 0.3],
    }
)
XYZ = ["X", "Y", "Z"]


def run(before=XYZ, after=("Y", "Z"), **more):
    return compare(M, before=list(before), after=list(after), demand=DEMAND, **more)


def test_unknown_ids_say_which_side():
    with pytest.raises(ParameterError, match=r"after: unknown site id \['Q'\]"):
        run(after=["Y", "Q"])


def test_everything_closed():
    with pytest.raises(ScenarioError, match="everything is closed"):
        run(after=[])


def test_no_before():
    with pytest.raises(ParameterError, match="before is missing"):
        compare(M, after=["X"], demand=DEMAND)


@pytest.mark.parametrize("wrong", ["X", 3])
def test_not_a_list_of_ids(wrong):
    with pytest.raises(ParameterError, match="expected a list of ids"):
        compare(M, before=wrong, after=["X"], demand=DEMAND)


def test_a_site_twice():
    with pytest.raises(ParameterError, match=r"\['Y'\] more than once"):
        run(after=["Y", "Y"])


@pytest.mark.parametrize("tolerance", [-1, float("nan")])
def test_tolerance(tolerance):
    with pytest.raises(ParameterError, match="tolerance_minutes"):
        run(tolerance_minutes=tolerance)


def test_capacity_that_is_not_a_number():
    with pytest.raises(ParameterError, match="capacity") as error:
        run(capacity={"Y": "large", "Z": -1, "X": 3})
    assert [f.where for f in error.value.faults] == ["Y", "Z"]


def test_grouping_by_what_is_not_there():
    with pytest.raises(ParameterError, match=r"no column 'ward'.*locality"):
        run().by("ward")


def test_the_same_sites_warn():
    with pytest.warns(NothingChangesWarning, match="nothing changes"):
        impact = run(after=XYZ)
    assert impact.summary["affected"] == 0
    assert "changes nobody's walk" in impact.sentence()


def test_areas_by_hand():
    areas = run().areas.set_index("id")
    assert areas["nearest_before"].tolist() == ["X", "X", "Y", "Z", "X", "", "X"]
    assert areas["nearest_after"].tolist() == ["Y", "Y", "Y", "Z", "", "", "Y"]
    assert areas["minutes_after"].tolist() == [20, 10, 8, 12, INF, INF, 50]
    assert areas["change_class"].tolist() == [
        "lose_10_plus",
        "lose_0_5",
        "unchanged",
        "unchanged",
        "newly_unreachable",
        "unreached_both",
        "lose_10_plus",
    ]
    assert areas["second_before"].tolist() == ["Y", "Y", "Z", "", "", "", "Y"]
    assert areas["weight"].tolist() == [20, 40, 30, 25, 10, 14, 0]


def test_summary_by_hand():
    s = run().summary
    assert s["families"] == 97
    assert s["weighted_families"] == 139
    assert (s["reached_before"], s["not_reached_before"]) == (90, 7)
    assert (s["reached_after"], s["not_reached_after"]) == (85, 12)
    # before: a 4x10 b 6x20 c 8x30 d 12x25 e 3x5 = 715 over 90 families
    assert s["mean_minutes_before"] == pytest.approx(715 / 90)
    # after: a 20x10 b 10x20 c 8x30 d 12x25 = 940 over 85
    assert s["mean_minutes_after"] == pytest.approx(940 / 85)
    # change, over those reached both times: a 16x10 b 4x20 = 240 over 85
    assert s["mean_minutes_change"] == pytest.approx(240 / 85)
    # weighted: a 16x20 b 4x40 = 480 over 20+40+30+25
    assert s["weighted_mean_minutes_change"] == pytest.approx(480 / 115)
    assert s["affected"] == 35
    assert (s["lengthened"], s["newly_unreachable"]) == (30, 5), "e reaches nothing: no minutes"
    assert s["displaced"] == 35
    assert s["mean_minutes_change_affected"] == pytest.approx(240 / 30)
    assert (s["median_minutes_before"], s["p90_minutes_before"]) == (8, 12)
    assert s["max_minutes_after"] == 20, "nobody lives in g, so its 50 minutes are nobody's"
    assert s["share_within_10_min_before"] == pytest.approx(65 / 97)
    assert s["share_within_10_min_after"] == pytest.approx(50 / 97)
    assert s["share_within_2_miles_before"] is None, "metres are not known"


def test_summary_is_json_without_inf_or_nan():
    text = json.dumps(run().summary, allow_nan=False)
    assert json.loads(text)["newly_unreachable"] == 5


def test_classes_and_groups_hold_everybody():
    impact = run()
    classes = [
        "gain",
        "unchanged",
        "lose_0_5",
        "lose_5_10",
        "lose_10_plus",
        "newly_unreachable",
        "newly_reached",
        "unreached_both",
    ]
    assert sum(impact.summary[c] for c in classes) == 97
    assert sum(impact.summary[f"weighted_{c}"] for c in classes) == 139
    s = impact.summary
    assert s["lengthened"] == s["lose_0_5"] + s["lose_5_10"] + s["lose_10_plus"]
    assert s["affected"] == (
        s["gain"] + s["lengthened"] + s["newly_unreachable"] + s["newly_reached"]
    )
    for column in ("imd_decile", "imd_fifth", "locality", "p_no_car"):
        table = impact.by(column)
        assert table["families"].sum() == 97, column
        assert table["affected"].sum() == 35, column
        assert table["lengthened"].sum() == 30, column
        assert table["newly_unreachable"].sum() == 5, column
        assert table["areas"].sum() == 7, column


def test_groups_by_hand():
    table = run().by("imd_decile").set_index("group")
    # decile 1: a 16x10, b 4x20 over 30 reached both times; decile 10: none changes
    assert table.loc[1, "mean_minutes_change"] == 8
    assert table.loc[10, "mean_minutes_change"] == 0
    assert math.isnan(table.loc[1, "ratio_to_others"])
    assert table.loc[10, "ratio_to_others"] == 0
    assert table.loc[1, "newly_unreachable"] == 5
    assert table.loc[10, "share_within_10_min_after"] == pytest.approx(30 / 55)


def test_fifths_come_from_deciles_and_bands_from_shares():
    assert run().by("imd_fifth")["group"].tolist() == [1, 5]
    assert run().by("p_no_car")["group"].tolist() == [
        "0-10%",
        "10-20%",
        "20-30%",
        "30-40%",
        "40% or more",
        "not known",
    ]
    assert run().by("locality")["group"].tolist() == ["North", "South", "not known"]


def test_closed_and_receiving_sites_by_hand():
    impact = run(capacity={"Y": 50, "Z": None}, names={"X": "Park View"})
    closed = impact.closed_sites.iloc[0]
    assert (closed["site"], closed["name"], closed["families"]) == ("X", "Park View", 35)
    assert closed["mean_extra_minutes"] == 8
    assert closed["newly_unreachable"] == 5
    assert closed["goes_to"] == "Y (30); no site in reach (5)"
    receiving = impact.receiving_sites.set_index("site")
    assert receiving.index.tolist() == ["Y"]
    assert receiving.loc["Y", ["families_before", "families_added", "families_after"]].tolist() == [
        30,
        30,
        60,
    ]
    assert receiving.loc["Y", "share_over_capacity"] == pytest.approx(0.2)
    assert impact.moves["families"].sum() == 35


@pytest.mark.parametrize(
    ("counts", "said"),
    [(COUNTS, "35 families, +8.0 minutes on average; to Y (30); no site in reach (5)"),
     ([0, 0, 30, 25, 5, 7, 0], "5 families; to no site in reach (5)"),
     ([0, 0, 30, 25, 0, 7, 9], "9 families, +49.0 minutes on average; to Y (9)"),
     ([0, 0, 30, 25, 0, 7, 0], "nearest to nobody in this study, so its closing moves nobody")],
)  # fmt: skip
def test_a_closing_site_s_people_are_told_whoever_they_are(counts, said):
    impact = compare(M, before=XYZ, after=["Y", "Z"], demand=DEMAND.assign(count=counts))
    (row,) = impact.closed_sites.to_dict("records")
    assert _closed_words(row, impact.who) == f"X: {said}"


def test_neighbours_count_before_and_after():
    impact = run(neighbours=["N"])
    assert impact.closed == ("X",)
    assert impact.opened == ()
    assert impact.summary["nearest_is_neighbours_before"] == 30
    # a goes on to Y as before (20 < 40), e has only X; c uses the neighbour before and after
    assert impact.areas.set_index("id").loc["c", "nearest_after"] == "N"
    assert any("neighbouring sites that count" in note for note in impact.notes)
    with pytest.raises(ParameterError, match="neighbours: unknown site"):
        run(neighbours=["Q"])


def test_if_one_more_closes():
    table = run().if_one_more_closes().set_index("site")
    # Y serves a 10, b 20, c 30 after: to Z it is 10, 20 and 3 minutes more
    assert table.loc["Y", "families"] == 60
    assert table.loc["Y", "mean_extra_minutes"] == pytest.approx((100 + 400 + 90) / 60)
    assert table.loc["Y", "max_extra_minutes"] == 20
    # Z serves d alone, who reach nothing else
    assert table.loc["Z", "newly_unreachable"] == 25
    assert table.loc["Z", "mean_minutes"] == pytest.approx((200 + 200 + 240) / 60)
    assert table.index.tolist() == ["Y", "Z"]


def test_an_opening_brings_gains():
    impact = run(after=[*XYZ, "N"])
    assert impact.opened == ("N",)
    assert impact.summary["gain"] == 30
    assert impact.receiving_sites["site"].tolist() == ["N"]
    assert "Opening N shortens the walk" in impact.sentence()


def test_newly_reached_families_are_not_averaged():
    impact = run(before=["Y"], after=["Y", "X"])
    assert impact.summary["newly_reached"] == 5
    assert impact.summary["mean_minutes_change"] == pytest.approx(-(16 * 10 + 4 * 20) / 60)


def test_worst_areas_start_with_the_cut_off_and_leave_out_the_empty():
    assert run().worst_areas()["id"].tolist() == ["e", "a", "b"]
    assert run().worst_areas(1)["id"].tolist() == ["e"]
    with pytest.raises(ParameterError, match="n=0"):
        run().worst_areas(0)


def test_metres_known():
    metres = np.where(np.isfinite(MINUTES), np.array(MINUTES) * 300, INF)
    known = replace(M, network_metres=metres)
    s = compare(known, before=XYZ, after=["Y", "Z"], demand=DEMAND).summary
    # 2.5 km is 8.33 minutes: a, b, c, e of 97; after: c only
    assert s["share_within_2_5_km_before"] == pytest.approx(65 / 97)
    assert s["share_within_2_5_km_after"] == pytest.approx(30 / 97)


def test_the_sentence_names_who_where_and_how_much():
    text = run(names={"X": "Park View"}, who="under-fives").sentence()
    assert text.startswith(
        "Closing Park View lengthens the walk to the nearest site for 30 of 97 under-fives, "
        "by 8.0 minutes on average; 5 could no longer reach any site. The mean for those who reach "
        "a site then goes from 7.9 to 11.1 minutes (of those who reach one both times +2.8"
    )


def test_words_where_families_only_lose_or_only_find_a_site():
    m = TravelMatrix.from_minutes([[5, INF], [9, 9]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [30, 10]})
    lost = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    assert (lost.summary["lengthened"], lost.summary["affected"]) == (0, 30)
    assert lost.summary["mean_minutes_change_lengthened"] is None
    assert lost.sentence().startswith(
        "Closing X neither lengthens nor shortens a walk to the nearest site, of 40 families; "
        "30 could no longer reach any site. The mean for those who reach a site then goes from 6.0 "
        "to 9.0 minutes"
    )
    found = compare(m, before=["Y"], after=["X", "Y"], demand=demand)
    assert "; 30 could reach one for the first time. " in found.sentence()
    still = compare(m, before=["X"], after=["X", "Y"], demand=demand).sentence()
    assert still.startswith("Opening Y changes nobody's walk to the nearest site, of 40 families.")
    assert "The mean for everyone stays at 6.0 minutes" in still


def test_shown_in_a_notebook_safely():
    page = run(names={"X": "<b>Park</b>"})._repr_html_()
    assert "&lt;b&gt;Park" in page
    assert ">before</th>" in page
    assert "mean" in repr(run())


def test_weights_are_noted_and_assumptions_carried():
    told = replace(M, assumptions=("modelled streets: not a survey",))
    impact = compare(told, before=XYZ, after=["Y"], demand=DEMAND)
    assert impact.notes[0].startswith("weights: linear (the default")
    assert "modelled streets: not a survey" in impact.notes
    assert run(weights="none").summary["weighted_families"] == 97


def test_all_families_in_one_area():
    demand = DEMAND.assign(count=[0, 9, 0, 0, 0, 0, 0])
    s = compare(M, before=XYZ, after=["Y"], demand=demand).summary
    assert s["mean_minutes_change"] == 4 == s["max_minutes_change"] == s["median_minutes_change"]


def test_to_frame_is_the_summary():
    frame = run().to_frame().set_index("figure")["value"]
    assert frame["families"] == 97


def test_of_areas_that_lose_as_much_the_first_by_id_are_the_worst():
    """As much but for noise: which areas are named must not follow the last digits."""
    ids = [f"a{k}" for k in range(9, 0, -1)]
    near = np.array([0.1, 0.7, 1.3, 2.9, 3.1, 4.7, 5.3, 0.2, 6.1])
    matrix = TravelMatrix.from_minutes(
        np.column_stack([near, near + 21.3]), area_ids=ids, site_ids=["X", "Y"]
    )
    demand = pd.DataFrame({"id": ids, "count": 10})
    change = compare(matrix, before=["X", "Y"], after=["Y"], demand=demand)
    assert len({*(near + 21.3 - near).tolist()}) > 1
    assert change.worst_areas(4)["id"].tolist() == ["a1", "a2", "a3", "a4"]


@pytest.mark.parametrize("n", [0, 1.5, "x", True, None])
def test_so_many_worst_areas_is_a_whole_number(n):
    demand = pd.DataFrame({"id": ["a"], "count": [1]})
    matrix = TravelMatrix.from_minutes([[1, 9]], area_ids=["a"], site_ids=["X", "Y"])
    with pytest.raises(ParameterError, match="n="):
        compare(matrix, before=["X", "Y"], after=["Y"], demand=demand).worst_areas(n)


@pytest.mark.parametrize(
    ("column", "group"),
    [("imd_decile", "imd_fifth"), ("p_no_car", "p_no_car"), ("imd_rank", None)],
)
@pytest.mark.parametrize("cell", ["x", -1, 1e9])
def test_a_cell_that_is_no_figure_of_its_column_is_named(column, group, cell):
    matrix = TravelMatrix.from_minutes([[1, 9]] * 3, area_ids=list("abc"), site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": list("abc"), "count": 1, column: ["1", cell, ""]})
    with pytest.raises(ParameterError, match=f"{column} that cannot be used") as refused:
        if group is None:
            rank_closures(matrix, keep=1, demand=demand, weights="none")
        else:
            compare(matrix, before=["X", "Y"], after=["Y"], demand=demand).by(group)
    assert f"demand, b, {column}" in str(refused.value)


def test_groups_of_every_kind_stand_in_one_order():
    cells = ["1", 10, 9.5, pd.Timestamp("2020-01-01"), True, None]
    ids = [f"a{k}" for k in range(len(cells))]
    matrix = TravelMatrix.from_minutes([[1, 9]] * len(ids), area_ids=ids, site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ids, "count": 1, "kind": pd.Series(cells, dtype=object)})
    found = compare(matrix, before=["X", "Y"], after=["Y"], demand=demand).by("kind")
    assert found["group"].tolist() == [True, 9.5, 10, cells[3], "1", "not known"]


@pytest.mark.parametrize(
    "twice",
    [{"within_minutes": [20, 20.0000001]}, {"within_metres": {"2 km": 2000, "2-km": 5000}}],
)
def test_no_threshold_stands_under_the_name_of_another(twice):
    matrix = TravelMatrix.from_minutes([[1, 9]], area_ids=["a"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a"], "count": [1]})
    with pytest.raises(ParameterError, match=next(iter(twice))):
        compare(matrix, before=["X", "Y"], after=["Y"], demand=demand, **twice)


def test_the_table_of_an_answer_writes_its_figures_as_every_other():
    m = TravelMatrix.from_minutes([[5, 4.98], [9, 8.75]], area_ids=["a", "b"], site_ids=["X", "Y"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [300, 200]})
    shown = repr(compare(m, before=["X"], after=["Y"], demand=demand))
    assert shown.splitlines()[-1].split() == ["longest", "9.0", "8.8", "0.0"]


@pytest.mark.parametrize("column", ["ward", "locality", "other"])
@pytest.mark.parametrize("blank", ["", "  ", None, float("nan"), pd.NA])
def test_a_cell_with_nothing_in_it_names_no_group(column, blank):
    cells = ["north", blank, "south", blank, "north", "south", "south"]
    demand = DEMAND.assign(**{column: cells})
    found = compare(M, before=XYZ, after=["Y", "Z"], demand=demand).by(column)
    assert found["group"].tolist() == ["north", "south", "not known"]
    assert found["areas"].tolist() == [2, 3, 2]
