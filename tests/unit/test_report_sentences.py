"""The report's sentences at their edges, from results small enough to work by hand."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from access import TravelMatrix, compare, rank_closures
from access.analysis.results import ProposalResult
from access.charts import rank_chart
from access.disclosure import hidden_moves
from access.report import findings as say
from access.report.alternatives import _StandingWords
from access.report.findings import ImpactWords, ProposalFindings, Wording
from access.report.people import PeopleTables
from access.report.robustness import _firm_sentence, _interval_table, _place_range
from access.report.sites import SiteTables, _move_blocks
from access.report.summary import _fifth_and_others, _firm
from access.scenario.robustness import robustness
from access.scenario.uncertainty import Uncertainty
from access.text import ROUNDED_ONCE

WORDING = Wording()
INF = float("inf")


def impact_of(minutes, counts, after, *, before=None, **columns):
    """Compare on a matrix of sites X, Y, Z ... and areas a, b, c ..."""
    minutes = np.asarray(minutes, float)
    sites = list("XYZVW")[: minutes.shape[1]]
    areas = list("abcdefgh")[: minutes.shape[0]]
    matrix = TravelMatrix.from_minutes(minutes, area_ids=areas, site_ids=sites)
    demand = pd.DataFrame({"id": areas, "count": counts, **columns})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        impact = compare(
            matrix, before=before or sites, after=after, demand=demand, who="children under five"
        )
    return matrix, demand, impact


def findings(minutes, counts, after, **columns) -> ProposalFindings:
    matrix, demand, impact = impact_of(minutes, counts, after, **columns)
    ranking = None
    if 0 < len(after) < matrix.shape[1]:
        ranking = rank_closures(matrix, keep=len(after), demand=demand, proposal=after)
    result = ProposalResult(
        key="p",
        title="Fewer",
        service="s",
        before=matrix.site_ids,
        after=tuple(after),
        impacts={"walk": impact},
    )
    names = {"X": "Exe", "Y": "Wye", "Z": "Zed"}
    return ProposalFindings(
        result, "Centres", "Centre", "children under five", "walk", ranking, (), names
    )


class TestAffected:
    @pytest.mark.parametrize(
        ("minutes", "counts", "after", "said"),
        [
            (
                [[5, 12], [9, 3]],
                [300, 100],
                ["Y"],
                "About 300 children under five (75% of all) would have further to walk to their "
                "nearest Centre, 7 minutes more on average.",
            ),
            (
                [[5, 12], [9, 3]],
                [300, 100],
                ["X", "Y"],
                "None of the children under five would have further to walk to their nearest "
                "Centre.",
            ),
            (
                [[5, 12]],
                [3],
                ["Y"],
                "All fewer than 5 children under five would have further to walk to their "
                "nearest Centre, 7 minutes more on average.",
            ),
            (
                [[5, INF], [9, 3]],
                [30, 10],
                ["Y"],
                "None of the children under five would have further to walk to their nearest "
                "Centre; 30 children under five could no longer reach any.",
            ),
        ],
    )
    def test_one_many_none_and_out_of_reach(self, minutes, counts, after, said):
        _, _, impact = impact_of(minutes, counts, after)
        text = ImpactWords(impact, WORDING).affected("Centre")
        assert text == said.replace("about 300", "300").replace("About 300", "300")

    def test_a_gain_is_told_beside_a_loss(self):
        _, _, impact = impact_of([[5, 12, 5], [9, 30, 2]], [30, 10], ["Y", "Z"], before=["X", "Y"])
        assert "; 10 children under five would have less far to go" in (
            ImpactWords(impact, WORDING).affected("Centre")
        )

    @given(st.lists(st.integers(0, 60), min_size=2, max_size=5))
    @settings(max_examples=60)
    def test_public_words_never_tell_a_small_count(self, counts):
        assume(sum(counts) > 0)
        minutes = [[5 + k, 12 + 3 * k] for k in range(len(counts))]
        _, _, impact = impact_of(minutes, counts, ["Y"])
        said = ImpactWords(impact, WORDING)
        text = said.affected("Centre") + said.most_added({})
        for told in re.findall(r"(\d[\d,]*) children", text):
            assert int(told.replace(",", "")) >= 5


class TestWhere:
    def test_nobody_loses_nothing_is_said(self):
        _, _, impact = impact_of([[5, 12]], [30], ["X", "Y"])
        assert ImpactWords(impact, WORDING).furthest() == ""

    def test_a_ward_is_named_where_it_is_known(self):
        _, _, impact = impact_of([[5, 12]], [30], ["Y"], ward=["Keppel"])
        said = ImpactWords(impact, WORDING).furthest()
        assert said == "The largest rise is 7 minutes, in Keppel ward."
        _, _, impact = impact_of([[5, 12]], [30], ["Y"])
        said = ImpactWords(impact, WORDING).furthest()
        assert said == "The largest rise is 7 minutes, in area a."

    @pytest.mark.parametrize("ward", ["Keppel", "Keppel ward", "Keppel Ward", " Keppel  ward "])
    @pytest.mark.parametrize("lost", [12, INF])
    def test_a_ward_whose_name_ends_in_the_word_is_called_one_once(self, ward, lost):
        _, _, impact = impact_of([[5, lost]], [30], ["Y"], ward=[ward])
        row = impact.worst_areas(1).iloc[0]
        for text in (ImpactWords(impact, WORDING).furthest(), say._place(row)):
            assert len(re.findall("ward", text, re.IGNORECASE)) == 1
            assert re.search("Keppel ward", text, re.IGNORECASE)
        _, _, impact = impact_of([[5, lost]], [30], ["Y"], ward=["Ward 1"])
        assert say._place(impact.worst_areas(1).iloc[0]) == "Ward 1 (area a)"
        for nameless in ("", "  ", None, float("nan")):
            assert say._place(row.where(row.index != "ward", nameless)) == "area a"

    def test_out_of_reach_is_no_number(self):
        _, _, impact = impact_of([[5, INF], [2, 3]], [30, 9], ["Y"])
        assert "could be reached any more" in ImpactWords(impact, WORDING).furthest()

    def test_deprivation_needs_both_sides(self):
        one = {"group": [1], "families": [10.0], "lengthened": [4.0], "newly_unreachable": [0.0]}
        assert _fifth_and_others(pd.DataFrame(one), "children") == ""
        none = {"group": [1, 2], "families": [10.0, 5.0]}
        none |= {key: [0.0, 0.0] for key in ("lengthened", "newly_unreachable")}
        assert _fifth_and_others(pd.DataFrame(none), "children").startswith("None of the children")

    def test_those_who_lose_every_site_are_among_those_with_further_to_go(self):
        found = findings([[5, INF], [9, 12], [2, 3]], [30, 20, 50], ["Y"], imd_decile=[1, 1, 10])
        fifths = found.impact.by("imd_fifth")
        assert say.further(fifths).tolist() == [50, 50]
        table = PeopleTables(found).by_group("imd_decile", "tenth")
        rows = {row[0]: row for row in table.rows}
        assert (rows["1"][2], rows["1"][3]) == (50, 1.0)
        assert any("could no longer reach any" in note for note in table.notes)
        whole = findings([[5, 9], [2, 3]], [30, 50], ["Y"], imd_decile=[1, 10])
        assert PeopleTables(whole).by_group("imd_decile", "tenth").notes == (ROUNDED_ONCE,)

    def test_every_mode_says_where_nothing_changes(self):
        _, _, impact = impact_of([[5, 12]], [30], ["X", "Y"])
        text = say._every_mode({"walk": impact}, WORDING)
        assert text == "Averaged over everyone, the walk stays at 5 minutes."


class TestStanding:
    MINUTES = ((5, 12, 9), (9, 3, 30), (20, 8, 4))

    def test_best_says_that_none_is_better(self):
        best = findings(self.MINUTES, [10, 30, 30], ["Y", "Z"])
        assert _StandingWords(best).better(WORDING) == "No other set has a shorter walk on average."

    def test_worse_names_the_better_set_and_by_how_much(self):
        worst = findings(self.MINUTES, [10, 30, 30], ["X", "Z"])
        text = _StandingWords(worst).better(WORDING)
        assert text.startswith("Closing Exe instead would make everyone's average walk ")
        assert text.endswith("shorter than the proposal does.")
        own, best = worst.standing["mean"], worst.ranking.table["mean"].min()
        assert f"{WORDING.minutes(own - best)} shorter" in text

    def test_a_place_is_said_of_each_criterion(self):
        found = findings(self.MINUTES, [10, 30, 30], ["X", "Z"])
        text = _StandingWords(found).place(("mean", "worst"))
        assert text.startswith("Of 3 ways to keep 2 of 3, the proposal is last by average walk")

    def test_ties_are_called_joint(self):
        tied = findings(((5, 5, 5), (5, 5, 5)), [10, 30], ["X", "Y"])
        text = _StandingWords(tied).place(("mean",))
        assert "level with all 2 others by average walk" in text

    def test_without_alternatives_nothing_is_claimed(self):
        only = findings(((5, 12),), [10], ["X", "Y"])
        assert only.standing is None
        words = _StandingWords(only)
        said = (words.place(), words.better(WORDING))
        for text in (*said, words.dominated(), words.near_ties(modelled=True)):
            assert text == ""

    def test_close_calls_are_told_as_such(self):
        near = findings(((10, 10.1, 30), (10.1, 10, 30)), [10, 10], ["X", "Z"])
        assert _StandingWords(near).near_ties(modelled=True) == (
            "Two other sets come within 5% of the best on average, closer than modelled streets "
            "can tell; the proposal is one of them."
        )
        own = findings(((10, 10.2, 30), (30, 31, 10)), [10, 1], ["Y", "Z"])
        said = _StandingWords(own).near_ties(modelled=False)
        assert said.endswith("on average; it is the proposal.")
        far = findings(((10, 60, 90), (10, 60, 90)), [10, 10], ["Y", "Z"])
        assert "modelled" not in _StandingWords(far).near_ties(modelled=False)


def test_a_site_that_can_take_nobody_is_known_to_and_has_no_share_over():
    found = findings([[1, 5, 9], [9, 5, 1]], [30, 40], ["Y", "Z"])
    table = found.impact.receiving_sites.assign(capacity=[0.0], share_over_capacity=[np.nan])
    impact = replace(found.impact, receiving_sites=table)
    found = replace(found, result=replace(found.result, impacts={"walk": impact}))
    shown = SiteTables(found).receiving().view()
    row = [cell.text for cell in shown.rows[0]]
    assert row[-2:] == ["0", "[z]"]
    assert not any("nobody has given" in note for note in shown.notes)


def test_two_tables_stand_side_by_side_only_where_their_words_have_room():
    found = findings([[1, 5, 9], [9, 5, 1]], [30, 40], ["Y", "Z"])
    assert [b.share for b in _move_blocks(found)] == [0.56, 0.44]
    table = found.impact.receiving_sites.assign(capacity=[90.0], share_over_capacity=[0.0])
    impact = replace(found.impact, receiving_sites=table)
    found = replace(found, result=replace(found.result, impacts={"walk": impact}))
    assert [b.share for b in _move_blocks(found)] == [1.0, 1.0]


class TestLinkedMoves:
    """The families of one closing site stand in three tables; none gives another away."""

    def small(self) -> ProposalFindings:
        # X closes: 3 go to Y, 40 to Z. W closes: 50 go to Y, 60 to Z.
        minutes = [
            [1, 5, 9, 20, 30],
            [1, 9, 5, 20, 30],
            [30, 5, 9, 20, 1],
            [30, 9, 5, 20, 1],
        ]
        return findings(minutes, [3, 40, 50, 60], ["Y", "Z", "V"])

    def test_the_same_counts_are_hidden_in_every_table(self):
        found = self.small()
        hidden = hidden_moves(found.impact)
        assert hidden.pairs == {("X", "Y"), ("X", "Z"), ("W", "Y"), ("W", "Z")}
        assert not hidden.leaving
        assert not hidden.arriving
        assert SiteTables(found).moves().hidden()[:, 2].tolist() == [True, True, True, True, False]
        assert not SiteTables(found).closed().hidden()[:, 1].any()
        assert not SiteTables(found).receiving().hidden()[:, 2].any()

    def test_the_three_tables_together_leave_four_values_open(self):
        found = self.small()
        public: dict[tuple[str, str], float | None] = {}
        for row in SiteTables(found).moves().view().rows:
            left = {name: site for site, name in found.names.items()}.get(row[0].text, row[0].text)
            public[left, row[1].text] = row[2].value if row[2].state == "value" else None
        leave = {"X": 43, "W": 110}
        arrive = {"Wye": 53, "Zed": 100}
        fits = []
        for guess in range(1, 44):
            cells = {("X", "Wye"): guess, ("X", "Zed"): leave["X"] - guess,
                     ("W", "Wye"): arrive["Wye"] - guess}  # fmt: skip
            cells["W", "Zed"] = leave["W"] - cells["W", "Wye"]
            known = all(v is None or cells[k] == v for k, v in public.items())
            if known and min(cells.values()) >= 1:
                fits.append(guess)
        assert len(fits) >= 4
        assert 3 in fits

    def test_large_moves_hide_nothing(self):
        found = findings([[1, 5], [5, 1]], [30, 40], ["Y"])
        assert hidden_moves(found.impact).pairs == frozenset()

    def test_nobody_moving_is_no_trouble(self):
        found = findings([[1, 5], [5, 1]], [30, 40], ["X", "Y"])
        assert hidden_moves(found.impact).pairs == frozenset()


class TestFirmness:
    def test_the_interval_and_the_best_are_those_of_the_draws(self):
        found = findings(((5, 12, 9), (9, 3, 30)), [10, 30], ["X", "Z"], imd_rank=[1, 32844])
        matrix = TravelMatrix.from_minutes(
            [[5, 12, 9], [9, 3, 30]], area_ids=["a", "b"], site_ids=["X", "Y", "Z"]
        )
        robust = robustness(
            matrix,
            keep=2,
            demand=pd.DataFrame({"id": ["a", "b"], "count": [10, 30], "imd_rank": [1, 32844]}),
            uncertainty=Uncertainty(walk_kmh=(3.6, 5.4)),
            proposal=["X", "Z"],
            draws=50,
        )
        assert _place_range(robust) == "3rd"
        text = _firm_sentence(found, robust)
        assert text == (
            "Over 50 settings, the proposal is 3rd of 3 by average walk in nine of ten. "
            "Closing Zed is always best. Every other set is better than the proposal on average, "
            "or worse, in 95% of the settings or more."
        )
        assert robust.alike().empty
        without = replace(robust, proposal=None)
        assert without.proposal is None


def test_a_place_among_options_that_were_drawn_is_not_told_as_one_among_all():
    """All are listed and ranked, but too many to be ranked again in every setting."""
    found = findings([[1, 5, 9], [9, 5, 1], [4, 2, 8]], [30, 40, 20], ["Y", "Z"])
    matrix = TravelMatrix.from_minutes(
        [[1, 5, 9], [9, 5, 1], [4, 2, 8]], area_ids=list("abc"), site_ids=list("XYZ")
    )
    demand = pd.DataFrame({"id": list("abc"), "count": [30, 40, 20]})
    firm = robustness(
        matrix, keep=2, demand=demand, proposal=["Y", "Z"], draws=20,
        uncertainty=Uncertainty(walk_kmh=(3.6, 5.4), count_error="poisson"),
    )  # fmt: skip
    few = replace(firm, drawn_of=18_564)
    told = _firm(found, few, modelled=False)
    assert "3 options drawn at random from 18,564 are better than the proposal" in told
    assert "the proposal is" not in told.split("settings")[1]
    assert rank_chart(found.ranking, few).caption.endswith("ways to keep 2 of 3; walk.")
    assert "Bars: the rank" in rank_chart(found.ranking, firm).caption
    table = _interval_table(found, few)
    assert "among 3 options drawn of 18,564" in table.title
    assert [c.label for c in table.columns if c.key == "best"] == ["Best of these"]
    assert [c.label for c in _interval_table(found, firm).columns if c.key == "best"] == [
        "Best of all"
    ]
