"""Sites that share a name, and a choice of hubs that a proposal closes: told apart, and told."""

from __future__ import annotations

import pandas as pd
import pytest

from access.analysis.analysis import Analysis
from access.analysis.job import travel_times
from access.sources.folder import new_study
from access.study import load_study

pytestmark = pytest.mark.usefixtures("quick_runs")


def measured(folder, *, names=("Central", "Central", "Mill"), more=""):
    new_study(folder)
    centres = pd.read_csv(folder / "centres.csv", dtype=str, keep_default_na=False)
    centres["name"] = names
    centres.to_csv(folder / "centres.csv", index=False)
    rows = "id,name,kind,lon,lat\nL1,Mill,school,-1.35,53.44\nL2,Old School,school,-1.34,53.43\n"
    (folder / "candidates.csv").write_text(rows, "utf-8")
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(more)
    return travel_times(load_study(folder))


def test_two_of_a_service_or_a_candidate_of_one_name_are_told_apart_by_their_ids(tmp_path):
    results = measured(tmp_path / "s")
    assert results.names() == {
        "C1": "Central (C1)", "C2": "Central (C2)", "C3": "Mill (C3)",
        "L1": "Mill (L1)", "L2": "Old School",
    }  # fmt: skip
    impact = Analysis(results).compare("childrens_centre", after=["C2", "C3"])
    assert "Closing Central (C1)" in str(impact)
    assert "Central (C2)" in impact.closed_sites["goes_to"].iloc[0]


def test_names_that_differ_stay_as_they_are(tmp_path):
    results = measured(tmp_path / "s", names=("A", "B", "C"))
    assert set(results.names().values()) == {"A", "B", "C", "Mill", "Old School"}


def test_a_choice_of_hubs_that_a_proposal_closes_is_told_and_ends_no_search(tmp_path):
    more = '[hubs]\ncouncil_choice = ["C3", "L1"]\n'
    found = Analysis(measured(tmp_path / "s", more=more)).hubs()
    assert found.plain.council is None
    assert any("has no place among the others: C3" in a for a in found.plain.assumptions)
