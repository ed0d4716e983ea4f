"""The summary that a run prints: shared places are joint, and who loses every centre is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from access import compare
from access.analysis.results import StudyResults
from access.run.summary import RunSummary
from tests.unit.report_results import line_results

INF = float("inf")


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> StudyResults:
    return line_results(tmp_path_factory.mktemp("line"))


def with_cut_off(results: StudyResults, areas: list[str]) -> StudyResults:
    """Measure the proposal again where some areas reach only what it closes."""
    (proposal,) = results.proposals.values()
    walk = results.matrices["walk"]
    kept = [k for k, site in enumerate(walk.site_ids) if site in proposal.after]
    minutes = walk.total_minutes.copy()
    minutes[np.ix_([walk.area_ids.index(a) for a in areas], kept)] = INF
    cut = type(walk).from_minutes(minutes, area_ids=walk.area_ids, site_ids=walk.site_ids)
    impact = compare(
        cut,
        before=proposal.before,
        after=proposal.after,
        demand=results.study.demand(proposal.service),
    )
    impacts = {**proposal.impacts, "walk": impact}
    return replace(results, proposals={proposal.key: replace(proposal, impacts=impacts)})


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_those_who_lose_every_centre_are_told_apart_from_those_with_further_to_walk(results):
    (proposal,) = results.proposals.values()
    before = float(proposal.impacts["walk"].summary["lengthened"])
    assert "could no longer reach" not in RunSummary(results).words()
    # A04 has 30 children, of whom all walk further to a centre that is kept
    cut = with_cut_off(results, ["A04"])
    summary = next(iter(cut.proposals.values())).impacts["walk"].summary
    assert (summary["lengthened"], summary["newly_unreachable"]) == (before - 30, 30)
    said = one_line(RunSummary(cut).words())
    assert f"{before - 30:.0f} children" in said.replace("families", "children")
    assert "; 30 families could no longer reach any" in said


def test_fewer_than_five_who_lose_every_centre_are_not_counted_aloud(results):
    said = one_line(RunSummary(with_cut_off(results, ["A05"])).words())
    assert "; fewer than 5 families could no longer reach any" in said


def test_a_place_that_others_share_is_joint(results):
    said = one_line(RunSummary(results).words())
    assert "it is 6th by average walk, joint 4th (with 2 others) by the longest walk" in said
