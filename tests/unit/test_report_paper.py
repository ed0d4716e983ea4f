"""The parts of the paper that the figures do not fill: law, money, time, and what came later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access.analysis.results import as_known_then
from access.errors import StudyError
from access.report.board import board_report
from access.report.findings import Wording, findings_of
from access.report.paper import _duties_table, _mitigation_table, _papers_words, _rule_table
from access.report.summary import _since_blocks
from access.study import load_study
from access.study.config import StudyConfig, is_later
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
        text = repr(board_report(told(results, report={"since": since}), draws=0).blocks)
        assert text.count("A bridge was built") == 1
        assert text.index("What happened since") < text.index("A bridge was built")
        assert not _since_blocks(results, WORDING)

    def test_a_choice_made_later_is_not_in_the_paper(self, results):
        hubs = {"council_choice": ("C1",), "council_source": "A paper", "council_date": "2024"}
        given = told(results, hubs=hubs)
        assert as_known_then(given).study.config.hubs.council_choice == ()
        assert as_known_then(results) is results
        early = told(results, hubs=hubs | {"council_date": "2017"})
        assert as_known_then(early).study.config.hubs.council_choice == ("C1",)

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
