"""Proposals that open, move, open part of the week, deregister: in study.toml and elsewhere."""

from __future__ import annotations

import pytest

from access.analysis.analysis import Analysis
from access.analysis.job import measure_study
from access.errors import ParameterError, ScenarioError, StudyError
from access.notebook.answers import Answers
from access.report.board import board_report
from access.scenario import Modification
from access.study import load_study
from tests.conftest import one_picture
from tests.small import small_study, spot, write_study
from tests.unit.test_report_board import as_text

LIBRARY = {"library": 4}
LON, LAT = spot(3.5, 3.5)
PLAN = f"""
[proposals.plan]
title = "A plan"
service = "library"
close = ["L1"]
source = "A paper, 3"
saving_per_year_gbp = 25000
[[proposals.plan.change]]
action = "open"
site = "M1"
name = "Mobile stop"
lon = {LON}
lat = {LAT}
status = "outreach"
days = 1
annual_cost_gbp = 300
comment = "a van"
[[proposals.plan.change]]
action = "status"
site = "L2"
status = "part_time"
days = 2
"""


@pytest.mark.parametrize("side", [6, 40])
def test_a_new_position_gets_minutes_of_its_own(tmp_path, side):
    lon, lat = spot(side / 2, side / 2)
    plan = PLAN.replace(str(LON), str(lon)).replace(str(LAT), str(lat))
    study = small_study(tmp_path / "s", services=LIBRARY, proposals=plan, side=side)
    results = measure_study(study)
    plan = results.proposals["plan"]
    assert results.sites.set_index("id").loc["M1", ["name", "kind"]].tolist() == [
        "Mobile stop",
        "new",
    ]
    assert plan.closed == ("L1",) and plan.opened == ("M1",) and not plan.rankings
    impact = plan.impacts["walk"]
    assert impact.summary["gain"] > 0
    assert "Mobile stop" in impact.sentence() and "Library house 1" in impact.sentence()
    assert "Library house 2 to part-time opening on 2 days a week" in impact.sentence()
    assert impact.summary["mean_week_minutes_after"] > impact.summary["mean_minutes_after"]
    # the minutes are those that the streets give, wherever the site is asked for
    again = Analysis(results).change("library", close=["L1"], changes=[
        c.said for c in study.config.proposals["plan"].change])  # fmt: skip
    assert again.impacts["walk"].summary == impact.summary


def test_a_proposal_asked_with_other_options_keeps_all_its_steps(tmp_path):
    results = measure_study(small_study(tmp_path / "s", services=LIBRARY, proposals=PLAN))
    answers = Answers(results)
    usual = answers.impact("plan", mode="walk")
    again = answers.impact("plan", mode="walk", weights="none")
    assert again.found.summary == usual.found.summary
    assert again.sentence() == usual.sentence() and again.found.altered == usual.found.altered
    for name in ("after", "money", "title", "source", "comment", "key"):
        assert getattr(again.result, name) == getattr(usual.result, name), name
    slow = answers.impact("plan", mode="walk", walk_km_h=results.study.config.travel.walk_km_h / 2)
    for figure in ("mean_minutes_after", "mean_week_minutes_after"):
        assert slow.found.summary[figure] == pytest.approx(2 * usual.found.summary[figure])
    assert slow.result.opened == ("M1",)
    # and a change of one's own that was measured, once more
    own = answers.what_if(close=["L1"], changes=[{"action": "status", "site": "L2", "days": 2,
                                                  "status": "part_time"}])  # fmt: skip
    once_more = Analysis(results).again(own.result)
    assert once_more.impacts["walk"].summary == own.by_mode("walk").found.summary


def test_a_bus_question_is_about_a_proposal_or_a_change_of_ones_own(tmp_path):
    answers = Answers(measure_study(small_study(tmp_path / "s", services=LIBRARY, proposals=PLAN)))
    for own in ({"close": ["L2"]}, {"service": "library"}):
        with pytest.raises(ParameterError, match="expected one of them"):
            answers.bus("plan", **own)


def test_money_is_kept_apart(tmp_path):
    study = small_study(tmp_path / "s", services=LIBRARY, proposals=PLAN)
    money = measure_study(study).proposals["plan"].money
    assert (money.saved_gbp, money.spent_gbp, money.net_saving_gbp) == (1000.0, 300.0, 700.0)
    assert (money.stated_saving_gbp, money.source) == (25000.0, "A paper, 3")
    words = money.sentence({"L1": "One"})
    assert "£1,000" in words and "£300" in words and "£25,000" in words and "(A paper, 3)" in words


def test_money_that_is_not_known_is_said_to_be_not_known(tmp_path):
    study = small_study(tmp_path / "s", services=LIBRARY, proposals=PLAN, costs=False)
    money = measure_study(study).proposals["plan"].money
    assert (money.saved_gbp, money.spent_gbp, money.net_saving_gbp) == (None, 300.0, None)
    assert "not known (no yearly cost of One)" in money.sentence({"L1": "One"})


def test_a_candidate_opens_at_its_cost_of_the_register(tmp_path):
    plan = '[proposals.p]\ntitle = "P"\nservice = "library"\nclose = ["L1"]\nopen = ["K1"]\n'
    made = measure_study(small_study(tmp_path / "s", services=LIBRARY, proposals=plan))
    money = made.proposals["p"].money
    assert (money.saved_gbp, money.spent_gbp) == (1000.0, 700.0)


def test_a_move_to_a_new_position(tmp_path):
    plan = f"""
[proposals.p]
title = "P"
service = "library"
[[proposals.p.change]]
action = "move"
site = "L1"
to = "N1"
name = "New building"
lon = {LON}
lat = {LAT}
"""
    found = measure_study(small_study(tmp_path / "s", services=LIBRARY, proposals=plan))
    assert found.proposals["p"].closed == ("L1",) and found.proposals["p"].opened == ("N1",)


def test_deregistered_is_read_twice(tmp_path):
    plan = """
[proposals.p]
title = "P"
service = "library"
[[proposals.p.change]]
action = "status"
site = "L1"
status = "deregistered"
"""
    made = measure_study(small_study(tmp_path / "s", services=LIBRARY, proposals=plan))
    found = made.proposals["p"]
    closed = Analysis(made).change("library", close=["L1"])
    assert found.closed == ("L1",) and found.deregistered == ("L1",)
    assert found.impacts["walk"].summary == closed.impacts["walk"].summary
    assert found.rankings, "no offer is a closing, which is ranked"
    assert found.stays["walk"].summary["affected"] == 0
    assert any("some services stay" in note for note in found.stays["walk"].notes)
    assert not closed.stays


@pytest.mark.parametrize("given", ["", "leases given up"])
def test_a_paper_is_quoted_only_where_the_study_gives_its_words(tmp_path, given):
    plan = f"""
[proposals.p]
title = "P"
service = "library"
close = ["L2"]
status_words = "{given}"
[[proposals.p.change]]
action = "status"
site = "L1"
status = "deregistered"
"""
    study = small_study(tmp_path / "s", services=LIBRARY, proposals=plan)
    with one_picture():
        text = as_text(board_report(measure_study(study), draws=0))
    assert "would be deregistered, and some services stay" in text
    assert text.count("own words: leases given up") == text.count("own words:") == 2 * bool(given)


@pytest.mark.parametrize(
    ("said", "column", "expected"),
    [
        ('action = "open"\nsite = "M1"', "site", "or a lon and a lat for a new site"),
        ('action = "open"\nsite = "K1"\nlon = -1.39\nlat = 53.41', "site", "an id of its own"),
        ('action = "open"\nsite = "M1"\nlon = 3.0\nlat = 53.41', "lon, lat", "inside the study"),
        ('action = "status"\nsite = "Q"\nstatus = "outreach"', "site", "a library of centres"),
        ('action = "open"\nsite = "M1"\nlon = -1.39', "change.0", "lat beside lon"),
        ('action = "resize"\nsite = "L1"', "change.0", "capacity, which resize needs"),
        ('action = "close"\nsite = "L1"\ndays = 2', "change.0", "no days, which close"),
        ('action = "status"\nsite = "L1"\nstatus = "outreach"\ndays = 9', "change.0", "up to 7"),
        ('action = "shut"\nsite = "L1"', "action", "'close', 'open', 'move'"),
        ('action = "status"\nsite = "L1"\nstatus = "gone"', "status", "'deregistered'"),
    ],
)
def test_faults_are_told_by_proposal_change_and_key(tmp_path, said, column, expected):
    plan = f'[proposals.p]\ntitle = "P"\nservice = "library"\n[[proposals.p.change]]\n{said}\n'
    folder = write_study(tmp_path / "s", services=LIBRARY, proposals=plan)
    with pytest.raises(StudyError) as error:
        load_study(folder)
    told = [f"{f.where} {f.column}: {f.expected}" for f in error.value.faults]
    assert any("proposals.p.change.0" in t and column in t and expected in t for t in told), told


def test_what_is_shut_today_has_no_offer_to_move(tmp_path):
    move = 'action = "move"\nsite = "L1"\nto = "K1"'
    plan = f'[proposals.p]\ntitle = "P"\nservice = "library"\n[[proposals.p.change]]\n{move}\n'
    shut = [{"id": "L1", "status": "closed"}]
    folder = write_study(tmp_path / "s", services=LIBRARY, proposals=plan, more=shut)
    with pytest.raises(StudyError, match="a library that is not closed today"):
        load_study(folder)


def test_one_new_id_has_one_place(tmp_path):
    two = PLAN + PLAN.replace("proposals.plan", "proposals.other").replace(
        f"lat = {LAT}", f"lat = {LAT + 0.001}"
    )
    folder = write_study(tmp_path / "s", services=LIBRARY, proposals=two)
    with pytest.raises(StudyError, match=r"the place that proposals\.plan gives it"):
        load_study(folder)


def test_a_change_of_ones_own_at_a_new_position(tmp_path):
    results = measure_study(small_study(tmp_path / "s", services=LIBRARY))
    stop = {"action": "open", "site": "M1", "lon": LON, "lat": LAT, "status": "outreach", "days": 1}
    changes = [stop, Modification.status("library house 2", "part_time", days=2)]
    here = Analysis(results).with_places_of(changes)
    found = here.change("library", close=["L1"], changes=changes)
    assert found.opened == ("M1",) and "M1" in here.results.matrices["walk"].site_ids
    assert here.with_places_of(changes).results is here.results
    for wrong, words in (
        ({**stop, "site": "K1"}, "an id of its own"),
        ({**stop, "lat": 54.9}, "inside the study's box"),
    ):
        with pytest.raises(ScenarioError, match=words):
            Analysis(results).with_places_of([wrong])
    with pytest.raises(ScenarioError, match="days a week"):
        Analysis(results).with_places_of([{**stop, "days": 12}])


def test_a_change_is_of_the_service_whose_centre_it_names_by_id_or_by_name(tmp_path):
    study = small_study(tmp_path / "s", services={"library": 3, "hall": 3})
    asked = Analysis(measure_study(study))
    part_time = {"action": "status", "status": "part_time", "days": 2}
    for step in (
        {"action": "close"},
        part_time,
        {"action": "move", "to": "K1"},
        {"action": "move", "to": "town library 1"},
    ):
        one, other = (
            asked.change(changes=[{**step, "site": site}]) for site in ("H2", "hall house 2")
        )
        assert one.service == other.service == "hall"
        assert one.impacts["walk"].summary == other.impacts["walk"].summary
    # what opens in another service's building is none of that service's
    opens = {"action": "open", "site": "L2"}
    step, said = (
        asked.change(close=["H2"], changes=[opens]),
        asked.change(close=["H2"], open=["L2"]),
    )
    assert step.service == said.service == "hall" and step.after == said.after
    with pytest.raises(ParameterError, match="of several services"):
        asked.change(close=["H2"], changes=[{"action": "close", "site": "Library house 2"}])


def test_what_opened_at_a_new_position_may_change_in_a_later_step(tmp_path):
    stop = {"action": "open", "site": "M1", "lon": LON, "lat": LAT, "days": 1}
    moved = {"action": "move", "site": "L2", "to": "M2", "lon": LON, "lat": LAT}
    results = measure_study(small_study(tmp_path / "s", services=LIBRARY))
    for first in (stop, moved):
        new = first.get("to", "M1")
        changes = [first, {"action": "status", "site": new, "status": "part_time", "days": 3}]
        changes += [{"action": "resize", "site": new, "capacity": 40}]
        found = Analysis(results).with_places_of(changes).change("library", changes=changes)
        site = {s.id: s for s in found.sides[1].sites}[new]
        assert (site.status, site.days, site.capacity) == ("part_time", 3.0, 40.0)
        assert new in found.opened


@pytest.mark.parametrize(
    ("opening", "words"),
    [("C1", "asked to close and to open"), ("C2", "would open and is open today")],
)
def test_what_is_asked_opens_only_what_is_not_open(tmp_path, opening, words):
    from access.analysis.questions import Meant
    from access.sources.folder import new_study

    new_study(tmp_path / "town")
    with pytest.raises(ParameterError, match=f"{opening} {words}"):
        Meant(load_study(tmp_path / "town")).questions(close=["C1"], opening=[opening])


def test_so_many_in_each_locality_needs_localities(tmp_path):
    """A rule that nothing given can be held to is refused by all who can be asked for it."""
    asked = Analysis(measure_study(small_study(tmp_path / "s", services=LIBRARY)))
    with pytest.raises(ParameterError, match="the locality of L1, L2, L3 and L4 is not given"):
        asked.rank("library", keep=2, min_per_locality=1)
    with pytest.raises(ParameterError, match="no site to choose from has its locality given"):
        asked.hubs(2, min_per_locality=1)
