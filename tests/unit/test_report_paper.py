"""The parts of the paper that the figures do not fill: law, money, time, and what came later."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest

from access.errors import StudyError
from access.network.modelled import REAL_STREETS
from access.report.board import _replay, _speeds, _weights_words, board_report
from access.report.findings import Wording, findings_of
from access.report.paper import (
    _by_group,
    _duties_table,
    _mitigation_table,
    _other_belief,
    _papers_words,
    _proposal_belief,
    _rule_table,
)
from access.report.sites import _kind_words, _shared_table, _soften_blocks
from access.report.summary import (
    _certainty,
    _money,
    _question,
    _since_blocks,
    options_table,
)
from access.scenario.scenario import Money
from access.study import load_study
from access.study.config import StudyConfig, is_later
from access.text import NOT_APPLICABLE
from tests.conftest import one_picture
from tests.unit.report_results import TOML, line_results, line_study

WORDING = Wording()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return line_results(tmp_path_factory.mktemp("line"))


def told(results, **groups):
    """Give the results with some settings changed: `study={"nation": "Wales"}`."""
    raw = results.study.config.model_dump()
    for name, changes in groups.items():
        raw[name] = {**raw[name], **changes} if isinstance(changes, dict) else changes
    config = StudyConfig.model_validate(raw)
    return replace(results, study=replace(results.study, config=config))


def of_kind(results, nation, kind, as_of="2024-01-01"):
    service = results.study.config.services["childrens_centre"].model_dump() | {"kind": kind}
    changed = told(
        results,
        study={"nation": nation, "as_of": as_of},
        services={"childrens_centre": service},
    )
    return [row[0] for row in _duties_table(changed, findings_of(changed)).rows]


class TestDuties:
    def test_an_english_act_stands_in_no_other_nation(self, results):
        assert of_kind(results, "England", "childrens_centre")[:2] == [
            "Childcare Act 2006, section 5A", "Childcare Act 2006, section 5D",
        ]  # fmt: skip
        for nation in ("Wales", "Scotland", "Northern Ireland"):
            duties = of_kind(results, nation, "childrens_centre")
            assert not any("Childcare" in d or "Education Act" in d for d in duties)
            assert duties[0].startswith("Of Children")

    def test_a_library_has_its_own_act_and_no_childrens(self, results):
        assert of_kind(results, "Wales", "library")[0].startswith("Public Libraries")
        assert not any("Childcare" in d for d in of_kind(results, "England", "library"))

    def test_a_duty_not_yet_in_force_is_not_named(self, results):
        early, late = (
            of_kind(results, "Wales", "library", d) for d in ("2018-03-12", "2022-01-01")
        )
        assert "Equality Act 2010, section 1" not in early
        assert "Equality Act 2010, section 1" in late
        assert "Equality Act 2010, section 1 (not in force in England)" in of_kind(
            results, "England", "library"
        )

    @pytest.mark.parametrize(("nation", "kind"), [("Ireland", "library"), ("England", None)])
    def test_what_is_not_said_is_for_the_officer(self, results, nation, kind):
        duties = of_kind(results, nation, kind)
        assert any(d.startswith("Of ") for d in duties)
        assert not any("Childcare" in d or "Public Libraries" in d for d in duties)


class TestRule:
    def test_no_option_is_chosen_for_a_measure_on_which_the_proposal_is_as_good(self, results):
        (found,) = findings_of(results)
        rows = _rule_table(results, [found], WORDING).rows
        assert [row[0] for row in rows][:2] == ["No change", "The proposal"]
        assert len({row[0] for row in rows}) == len(rows)
        own = {c for c, rank in found.options[1].ranks.items() if rank == 1}
        assert not own or all("furthest away" not in row[1] for row in rows[2:] if "worst" in own)

    def test_money_of_the_papers_stands_as_a_whole_and_in_parts(self, results):
        money = (
            {"what": "Full year", "year": "2019/20", "gbp": 498000.0, "source": "Cabinet, 7.2"},
            {
                "what": "from the service",
                "year": "2019/20",
                "gbp": 380000.0,
                "part_of": "Full year",
            },
        )
        given = told(results, report={"money": money})
        assert _papers_words(given) == (
            "Full year, 2019/20: £498,000, of which £380,000 from the service (Cabinet, 7.2)."
        )
        assert "£498,000" in str(_rule_table(given, findings_of(given), WORDING).rows[0])
        assert _papers_words(results) == ""

    def test_every_closing_site_has_a_row_for_what_softens_it(self, results):
        given = told(results, report={"mitigation": ({"site": "C2", "what": "A van"},)})
        rows = _mitigation_table(given, findings_of(given)).rows
        assert [row[1:] for row in rows] == [
            ("A van", "not given", "not given"), ("not given", "not given", "not given"),
        ]  # fmt: skip


class TestLater:
    def test_dates_are_compared_as_exactly_as_they_are_known(self):
        assert is_later("2018-04", "2018-03-12")
        assert not is_later("2018", "2018-03-12")
        assert not is_later("2018-03-12", "2018-03-12")

    def test_what_happened_since_stands_in_its_own_part_alone(self, results):
        since = ({"when": "2019-05", "what": "A bridge was built", "source": "News"},)
        with one_picture(laid_out=True):
            text = repr(board_report(told(results, report={"since": since}), draws=0).blocks)
        assert text.count("A bridge was built") == 1
        assert text.index("What happened since") < text.index("A bridge was built")
        assert not _since_blocks(results, WORDING)

    def test_a_choice_made_later_is_not_in_the_paper(self, results):
        hubs = {"council_choice": ("C1",), "council_source": "A paper", "council_date": "2024"}
        given = told(results, hubs=hubs)
        assert given.as_known_then().study.config.hubs.council_choice == ()
        assert results.as_known_then() is results
        early = told(results, hubs=hubs | {"council_date": "2017"})
        assert early.as_known_then().study.config.hubs.council_choice == ("C1",)

    def test_a_site_that_opened_later_is_no_candidate_and_is_told(self, tmp_path):
        folder = tmp_path / "line"
        assert len(line_study(folder).candidates) == 2
        path = folder / "candidates.csv"
        lines = path.read_text().splitlines()
        dated = [lines[0] + ",open_from", lines[1] + ",2019", lines[2] + ","]
        path.write_text("\n".join(dated))
        study = load_study(folder)
        assert study.candidates["id"].tolist() == ["L2"]
        assert study.later == ("Mill Library (from 2019)",)

    def test_what_was_known_then_is_refused_among_what_came_since(self, tmp_path):
        line_study(tmp_path / "line")
        early = '[[report.since]]\nwhen = "2018-03-12"\nwhat = "x"\n'
        (tmp_path / "line" / "study.toml").write_text(TOML + early)
        with pytest.raises(StudyError, match=r"later than study\.as_of"):
            load_study(tmp_path / "line")

    def test_a_mitigation_of_no_site_is_refused(self, tmp_path):
        line_study(tmp_path / "line")
        wrong = '[[report.mitigation]]\nsite = "Q9"\nwhat = "x"\n'
        (tmp_path / "line" / "study.toml").write_text(TOML + wrong)
        with pytest.raises(StudyError, match="Q9"):
            load_study(tmp_path / "line")


def without(found, *columns):
    """Give what was found where nothing was known of the areas by these columns."""
    impacts = {
        mode: replace(i, **{name: getattr(i, name).drop(columns=list(columns), errors="ignore")
                            for name in ("demand", "areas")})
        for mode, i in found.result.impacts.items()
    }  # fmt: skip
    return replace(found, result=replace(found.result, impacts=impacts))


class TestWhatIsHeld:
    def held(self, results, findings, nation="Wales"):
        changed = told(results, study={"nation": nation, "as_of": "2024-01-01"})
        return {row[0]: row[3] for row in _duties_table(changed, findings).rows}

    def test_it_holds_what_was_given(self, results):
        held = self.held(results, findings_of(results))
        assert (
            held["Equality Act 2010, section 149"]
            == "where groups live, and how their trips change"
        )
        assert held["Equality Act 2010, section 1"] == "the most deprived fifth's own trips"

    def test_it_is_not_said_to_hold_what_was_not_given(self, results, tmp_path):
        bare = line_results(tmp_path / "line", groups="")
        poor = ("imd_rank", "imd_decile", "imd_fifth")
        held = self.held(bare, [without(f, *poor) for f in findings_of(bare)])
        assert held["Equality Act 2010, section 149"].startswith(
            "nothing: no counts of such groups"
        )
        assert held["Equality Act 2010, section 1"].startswith("nothing: how deprived")
        assert not any("all groups" in words for words in held.values())

    def test_no_table_of_groups_is_pointed_to_where_there_is_none(self, results, tmp_path):
        assert _by_group(results, findings_of(results)) == "Group by group"
        bare = line_results(tmp_path / "line", groups="")
        assert _by_group(bare, findings_of(bare)) == "Group by group", "by deprivation and ward"
        columns = ("imd_rank", "imd_decile", "p_no_car", "ward", "locality")
        none = [without(f, *columns) for f in findings_of(bare)]
        assert _by_group(bare, none).startswith("No groups are told apart")


def test_one_site_and_one_better_set_are_said_as_one(results):
    found = findings_of(results)[0]
    other = found.options[2]
    assert "these sites can close for as much" in _other_belief(found, other, WORDING)
    one = replace(other, closed=other.closed[:1])
    assert "this site can close for as much" in _other_belief(found, one, WORDING)
    cost = _other_belief(found, replace(one, savings=5.0), WORDING)
    assert "that this site costs is saving enough" in cost
    second = replace(found.ranking, proposal={**found.ranking.proposal, "rank_mean": 2})
    belief = _proposal_belief(results, replace(found, ranking=second), WORDING)
    assert "against the set with a shorter average" in belief


@pytest.mark.parametrize("name", ["streets (1).osm.pbf", "St. Ives. North.osm.pbf"])
def test_a_street_file_is_named_whole_everywhere(results, name):
    real = replace(results, modelled=False, streets=REAL_STREETS.format(name=name))
    assert name in repr(_certainty(real, findings_of(real), {}))
    assert name in real.caption("walk", "people")


def test_what_a_change_of_days_saves_is_not_known(results):
    found = findings_of(results)[0]
    kept = found.result.before
    part = {
        m: replace(i, altered="C1 to part-time opening") for m, i in found.result.impacts.items()
    }
    money = Money(saved_gbp=0.0, spent_gbp=0.0)
    made = replace(found, result=replace(found.result, after=kept, impacts=part, money=money))
    assert made.saved_gbp is None
    assert _money([made]).startswith("Savings by building are not known")
    some = replace(made, result=replace(made.result, after=found.result.after,
                                        money=Money(saved_gbp=100.0, spent_gbp=0.0)))  # fmt: skip
    assert "£100 at what closes, and what the other changes save is not known" in _money([some])


class TestMethod:
    def test_unweighted_figures_stand_beside_none_where_nothing_is_weighted(self, results):
        assert _weights_words(results).endswith("unweighted figures stand beside them")
        assert (
            _weights_words(told(results, weights={"scheme": "none"})) == "everybody counts the same"
        )

    def test_no_pram_is_spoken_of_where_nobody_brings_one(self, results):
        assert "with a pram 3.6 km/h" in _speeds(results)
        service = results.study.config.services["childrens_centre"].model_dump() | {"pram": False}
        assert "pram" not in _speeds(told(results, services={"childrens_centre": service}))


class TestBuildingsNearBy:
    def test_a_row_can_be_worked_out_from_itself(self, results):
        found = findings_of(results)[0]
        for row in _shared_table(results, found).view().rows:
            after, mean, gain = (float(str(c.text).replace("\u2212", "-")) for c in row[3:6])
            assert gain == pytest.approx(mean - after)

    def test_those_who_reach_none_any_more_have_every_building_nearer(self, results):
        found = findings_of(results)[0]
        impact = found.impact
        far = impact.areas.assign(minutes_after=np.inf, change_minutes=np.inf)
        lost = replace(impact, areas=far, summary={**impact.summary, "newly_unreachable": 240.0})
        cut = replace(found, result=replace(found.result, impacts={"walk": lost}))
        table = _shared_table(results, cut)
        assert {row[0] for row in table.rows} == {found.names[i] for i in found.result.closed}
        assert all(row[3] is NOT_APPLICABLE and row[5] is NOT_APPLICABLE for row in table.rows)

    def test_none_is_said_to_be_looked_for_where_the_study_names_none(self, results):
        study = replace(results.study, candidates=results.study.candidates[:0])
        bare = replace(results, study=study, sites=results.sites[results.sites["kind"] == "centre"])
        told_of = repr(_soften_blocks(bare, findings_of(results)[0]))
        assert "names no candidate buildings" in told_of and "nearer" not in told_of


def test_the_command_to_run_it_again_can_be_typed_whatever_the_files_are_called(results):
    names = {"study": "my study", "network": "St. Ives (1).osm.pbf", "timetables": ["a b.zip"]}
    ran = replace(results, ledger=replace(results.ledger, command=names))
    command = _replay(ran, internal=False)[0].text[-1].text
    words = ["my study", "--network", "St. Ives (1).osm.pbf", "--timetable", "a b.zip"]
    assert shlex.split(command) == ["access", "run", *words]
    plain = replace(results, ledger=replace(results.ledger, command={"study": "town"}))
    assert _replay(plain, internal=True)[0].text[-1].text == "access run town --internal"


def test_an_own_kind_of_building_is_one_kind_however_many_words_it_has():
    assert _kind_words("council_office") == "council office"
    assert _kind_words("library_csc") == "library, customer service centre"
    assert _kind_words("gp_health_centre") == "GP, health centre"
    assert _kind_words("post16_college") == "post16 college"


def test_what_else_a_proposal_changes_is_in_the_question_and_beside_the_options(results):
    found = findings_of(results)[0]
    altered = "Cross to part-time opening on 1 day a week"
    impacts = {mode: replace(i, altered=altered) for mode, i in found.result.impacts.items()}
    options = tuple(
        replace(o, impact=impacts["walk"]) if o.kept == tuple(found.result.after) else o
        for o in found.options
    )
    made = replace(found, result=replace(found.result, impacts=impacts), options=options)
    question = _question(results, [made])
    assert f"keep 3 of 5 Children's Centres and change {altered} as proposed" in question
    assert "change" not in _question(results, [found]).split("make no change")[0]
    table = options_table(made)
    assert table.columns[1].label == "Closes, opens and changes"
    assert [altered in str(row[1]) for row in table.rows].count(True) == 1
    assert options_table(found).columns[1].label == "Closes"
