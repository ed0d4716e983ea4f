"""The board report's equality table and the nine characteristics, on the embedded study."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from access.analysis.analysis import Analysis
from access.analysis.job import travel_times
from access.analysis.questions import Meant
from access.analysis.results import StudyResults
from access.document.document import Bold
from access.report.findings import findings_of
from access.report.people import PeopleTables, _characteristic_points
from access.study import load_study
from access.study.config import Characteristic
from tests.unit.report_results import line_results

#: Counts of the embedded study that are no group of people with a characteristic.
NO_GROUPS = {"residents", "people", "households"}


@pytest.fixture(scope="module")
def rotherham(rotherham_answers) -> StudyResults:
    return rotherham_answers.results


def points_of(results: StudyResults) -> dict[str, str]:
    points = _characteristic_points(results, findings_of(results))
    return {p[0].text.removesuffix(": "): p[1] for p in points if isinstance(p[0], Bold)}


def test_without_declared_groups_nothing_is_claimed(tmp_path):
    made = line_results(tmp_path / "line", groups="")
    assert {"people", "disabled"} <= set(made.study.areas.columns), "nothing is guessed from names"
    told = points_of(made)
    assert "Disability" not in told
    assert "isability" in told["No data by area"]
    assert PeopleTables(findings_of(made)[0]).equality() == (None, "")


def test_a_group_that_nothing_counts_is_no_data(tmp_path):
    groups = '[[groups]]\nlabel = "disabled people"\ncharacteristic = "disability"\n'
    made = line_results(tmp_path / "line", groups=groups)
    assert "isability" in points_of(made)["No data by area"]


def test_every_group_that_the_embedded_study_counts_stands_in_the_table(rotherham):
    config = rotherham.study.config.areas
    counted = {*config.shared_counts} - NO_GROUPS
    used = {group.column for group in rotherham.study.groups if group.columns}
    assert used == counted
    assert {"lone_parent_households", "disabled", "white_british", "children_5_10"} <= used
    for found in findings_of(rotherham):
        table, warning = PeopleTables(found).equality()
        people = {row[0]: row[1] for row in table.rows}
        assert people["Lone-parent households"] == 7_908
        assert people["Disabled people"] == 56_588
        assert people["People other than White British"] == 257_280 - 236_438
        assert people["Children under 5"] == 15_972
        assert people["Children 5 to 10"] == 19_906
        assert people["Young people 11 to 18"] == 24_192
        assert len(people) == len(table.rows) == len(used)
        assert "Not counted by area: people aged 65 and over." in table.notes
        assert "fallacy" in warning


def test_lone_parents_of_the_embedded_study_by_a_second_way(rotherham):
    """Average the change of each area by hand, lone-parent households against the others."""
    results = travel_times(load_study("rotherham"))
    (question, _) = Meant(results.study).questions()
    impact = Analysis(results).compare(
        question.service, before=question.baseline, after=question.scenario
    )
    change = impact.areas.set_index("id")["change_minutes"]
    areas = results.study.areas.set_index("id").loc[change.index]
    own = areas["lone_parent_households"]
    others = areas["households"] - own
    table, _ = PeopleTables(findings_of(rotherham)[0]).equality()
    (row,) = (r for r in table.rows if r[0] == "Lone-parent households")
    assert row[3] == pytest.approx((change * own).sum() / own.sum())
    assert row[4] == pytest.approx((change * others).sum() / others.sum())


def test_the_characteristics_without_data_are_those(rotherham):
    told = points_of(rotherham)
    assert set(told) == {"Age", "Disability", "Race", "No data by area"}
    missing = told["No data by area"].lower()
    for name in get_args(Characteristic):
        said = re.search(rf"\b{name}\b", missing) is not None
        assert said == (name.capitalize() not in told), name
    assert "children 5 to 10" in told["Age"]
    assert "sex (lone-parent households are a pointer only)" in missing
    assert "pregnancy and maternity (very young children are a pointer only)" in missing
