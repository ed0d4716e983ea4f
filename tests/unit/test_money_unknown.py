"""Money that nobody knows is not known: never nought pounds."""

from __future__ import annotations

from access.analysis.results import ProposalResult
from access.scenario.scenario import Money
from access.scenario.sites import Baseline, Site


def test_money_that_was_never_worked_out_is_not_known():
    never = ProposalResult("k", "t", "s", ("A",), ("A",), {}).money
    for money in (Money(), never):
        figures = money.figures()
        assert figures["saved_at_closed_sites_gbp"] is None
        assert figures["spent_at_opened_sites_gbp"] is None
        assert figures["net_saving_gbp"] is None
        assert "£" not in money.sentence({}) and "not known" in money.sentence({})


def test_nothing_is_saved_or_spent_where_nothing_closes_or_opens():
    same = Baseline("s", (Site("A", annual_cost_gbp=9e4),))
    assert Money.of(same, same).net_saving_gbp == 0
