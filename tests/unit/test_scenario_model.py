"""Scenarios: immutable, commented, read from TOML, and never silently the baseline."""

import dataclasses
import warnings

import pandas as pd
import pytest

from access.errors import ScenarioError
from access.network.matrix import TravelMatrix
from access.scenario import (
    Baseline,
    Modification,
    NothingChangesWarning,
    Scenario,
    Site,
    compare,
    rank_closures,
)

SITES = pd.DataFrame(
    {
        "id": ["A", "B", "C"],
        "name": ["Aughton", "Brook", "Coleridge"],
        "days": [5, 5, None],
        "capacity": [100, None, 40],
        "lon": [-1.3, -1.31, -1.32],
        "lat": [53.4, 53.41, 53.42],
        "colour": ["x", "y", "z"],
    }
)
BASE = Baseline.of("2018", SITES)
M = TravelMatrix.from_minutes(
    [[5.0, 9.0, 30.0, 2.0], [20.0, 4.0, 12.0, 30.0]],
    area_ids=["p", "q"],
    site_ids=["A", "B", "C", "A2"],
)
DEMAND = pd.DataFrame({"id": ["p", "q"], "count": [10, 30]})


def test_empty_scenario():
    with pytest.raises(ScenarioError, match="'Plan' is empty"):
        Scenario("Plan", BASE, ())


def test_everything_closed():
    with pytest.raises(ScenarioError, match="'Plan' closes everything"):
        Scenario.closing("Plan", BASE, ["A", "B", "C"])


def test_all_unknown_ids_at_once_with_their_place():
    with pytest.raises(ScenarioError, match="cannot be applied") as error:
        Scenario.closing("Plan", BASE, ["A", "Q", "Z"])
    assert [(f.where, f.value) for f in error.value.faults] == [
        ("modification 2", "Q"),
        ("modification 3", "Z"),
    ]


@pytest.mark.parametrize(
    ("build", "column"),
    [
        (lambda: Modification("shut", "A"), "action"),
        (lambda: Modification.close(""), "site"),
        (lambda: Modification.status("A", "half"), "status"),
        (lambda: Modification.status("A", "outreach", days=8), "days"),
        (lambda: Modification.status("A", "outreach", days=0), "days"),
        (lambda: Modification.resize("A", capacity="many"), "capacity"),
        (lambda: Modification.resize("A", capacity=-1), "capacity"),
        (lambda: Modification.resize("A", capacity=float("nan")), "capacity"),
        (lambda: Modification("resize", "A"), "capacity"),
        (lambda: Modification("move", "A"), "to"),
        (lambda: Modification.open("N", lon=445000), "lon"),
        (lambda: Modification.open("N", lat=True), "lat"),
    ],
)
def test_modifications_that_say_nonsense(build, column):
    with pytest.raises(ScenarioError) as error:
        build()
    assert [f.column for f in error.value.faults] == [column]


def test_a_move_to_where_it_is():
    with pytest.raises(ScenarioError) as error:
        Scenario("Plan", BASE, [Modification.move("A", to="A")])
    assert error.value.faults[0].column == "to"


@pytest.mark.parametrize(
    ("steps", "column"),
    [
        ([Modification.move("A", to="B")], "to"),
        ([Modification.open("N"), Modification.move("A", to="N")], "to"),
        ([Modification.close("A"), Modification.move("A", to="B")], "site"),
        ([Modification.close("A"), Modification.move("A", to="N")], "site"),
    ],
)
def test_a_move_overwrites_no_open_site_and_moves_no_closed_one(steps, column):
    base = Baseline("now", (Site("A", status="outreach", days=2, capacity=9), Site("B")))
    with pytest.raises(ScenarioError) as error:
        Scenario("Plan", base, steps)
    assert [f.column for f in error.value.faults] == [column]


@pytest.mark.parametrize("step", [Modification.open("B"), Modification.status("B", "outreach")])
def test_what_opens_is_not_said_to_change_too(step):
    m = TravelMatrix.from_minutes([[5, 9], [9, 5]], area_ids=["a", "b"], site_ids=["A", "B"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})
    base = Baseline("now", (Site("A"), Site("B", status="deregistered")))
    found = compare(m, after=Scenario("Plan", base, [step]), demand=demand)
    assert found.sentence().startswith("Opening B shortens") and not found.altered


def test_a_move_into_what_closed_before():
    base = Baseline("now", (Site("A", status="outreach", days=2), Site("B", capacity=9)))
    plan = Scenario("Plan", base, [Modification.close("B"), Modification.move("A", to="B")])
    assert (plan.open_ids, plan.days) == (("B",), {"B": 2})


def test_baselines_that_cannot_be_used():
    with pytest.raises(ScenarioError, match="at least one site"):
        Baseline.of("none", [])
    with pytest.raises(ScenarioError) as error:
        Baseline("two", (Site("A"), Site("A", status="half")))
    assert [f.column for f in error.value.faults] == ["id", "status"]


BAD_TOML = """
name = "Plan"
baseline = "2017"
coment = "typo"
[[modification]]
action = "close"
site = "A"
capacity = 3
[[modification]]
action = "status"
site = "B"
stauts = "outreach"
days = 9
"""


def test_every_fault_of_a_file_at_once_with_what_was_meant():
    with pytest.raises(ScenarioError) as error:
        Scenario.from_toml(BAD_TOML, BASE, file="plan.toml")
    told = [(f.where, f.column) for f in error.value.faults]
    assert told == [
        ("", "coment"),
        ("", "baseline"),
        ("modification 1", "capacity"),
        ("modification 2", "stauts"),
        ("modification 2", "status"),
        ("modification 2", "days"),
    ]
    assert "did you mean 'comment'?" in str(error.value)
    assert "did you mean 'status'?" in str(error.value)


def test_files_that_are_not_scenarios():
    with pytest.raises(ScenarioError, match=r"plan.toml is not TOML"):
        Scenario.from_toml("name = ", BASE, file="plan.toml")
    with pytest.raises(ScenarioError, match=r"at least one \[\[modification\]\] table"):
        Scenario.from_toml('name = "Plan"', BASE)
    with pytest.raises(ScenarioError, match="at least one"):
        Scenario.from_toml('name = "Plan"\nmodification = "close A"', BASE)


@pytest.mark.parametrize(
    "step",
    [
        Modification.status("A", "full"),
        Modification.resize("A", capacity=100),
        Modification.open("A"),
    ],
)
def test_a_step_that_changes_nothing_warns(step):
    with pytest.warns(NothingChangesWarning, match="modification 2"):
        Scenario("Plan", BASE, [Modification.close("C"), step])


def test_closing_what_is_closed_warns():
    with pytest.warns(NothingChangesWarning, match="close C changes nothing"):
        Scenario.closing("Plan", BASE, ["C", "C"])


def test_steps_follow_each_other_and_the_baseline_stays():
    before = dataclasses.astuple(BASE)
    plan = Scenario(
        "Plan",
        BASE,
        [
            Modification.status("A", "part_time", days=2, comment="11.2"),
            Modification.move("A", to="A2", lon=-1.4, lat=53.5, name="Library"),
            Modification.resize("C", capacity=60),
            Modification.status("B", "deregistered"),
        ],
        comment="Cabinet, March 2018",
    )
    assert plan.open_ids == ("A2", "C")
    moved = {s.id: s for s in plan.sites}["A2"]
    assert moved == Site("A2", "Library", "part_time", 2.0, 100, -1.4, 53.5)
    assert plan.days == {"A2": 2.0}
    assert plan.capacities == {"A": 100, "A2": 100, "C": 60.0}
    assert plan.new_sites()["id"].tolist() == ["A2"]
    assert dataclasses.astuple(BASE) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.name = "other"


def test_what_changed_is_listed():
    plan = Scenario(
        "Plan",
        BASE,
        [Modification.status("A", "outreach", days=2, comment="11.2"), Modification.open("N")],
    )
    table = plan.changes()
    assert table.loc[0].to_dict() == {
        "step": 1,
        "action": "status",
        "site": "A",
        "what": "status, days",
        "before": "full, 5",
        "after": "outreach, 2",
        "changed": True,
        "comment": "11.2",
    }
    assert table.loc[1, ["what", "before", "after"]].tolist() == ["N", "not there", "added"]


def test_a_deregistered_centre_counts_only_when_told_so():
    steps = [Modification.status("A", "deregistered")]
    assert Scenario("Plan", BASE, steps).open_ids == ("B", "C")
    wide = dataclasses.replace(BASE, open_statuses=("full", "deregistered"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Scenario("Plan", wide, steps).open_ids == ("A", "B", "C")


def test_then_leaves_the_former_as_it_was():
    one = Scenario.closing("One", BASE, ["A"])
    two = one.then(Modification.close("C"), name="Two")
    assert (one.open_ids, two.open_ids) == (("B", "C"), ("B",))
    assert (one.name, two.name) == ("One", "Two")


def test_toml_there_and_back():
    plan = Scenario(
        'The "plan"\n of é',
        BASE,
        [
            Modification.close("C", comment="small \\ numbers"),
            Modification.move("A", to="A2", lon=-1.4, lat=53.5),
            Modification.status("B", "part_time", days=2.5),
            Modification.resize("B", capacity=30),
            Modification.open("C", days=1),
        ],
        comment="tab\there",
    )
    text = plan.to_toml()
    again = Scenario.from_toml(text, BASE)
    assert again == plan
    assert again.to_toml() == text


def test_any_two_scenarios_compare_and_the_baseline_is_the_default():
    closes = Scenario.closing("Close", BASE, ["B"])
    moves = Scenario("Move", BASE, [Modification.move("A", to="A2")])
    default = compare(M, after=closes, demand=DEMAND)
    assert default.before == ("A", "B", "C")
    # p stays at A (5); q goes from B (4) to C (12): 30 families, 8 minutes
    assert default.summary["mean_minutes_change"] == 6
    assert default.sentence().startswith("Closing Brook")
    between = compare(M, before=closes, after=moves, demand=DEMAND)
    assert between.before == ("A", "C")
    assert between.after == ("A2", "B", "C")
    assert between.summary["gain"] == 40


def test_capacity_and_days_of_a_scenario_are_used():
    plan = Scenario(
        "Plan", BASE, [Modification.close("B"), Modification.status("A", "outreach", days=1)]
    )
    impact = compare(M, after=plan, demand=DEMAND)
    assert impact.receiving_sites.set_index("site").loc["C", "capacity"] == 40
    assert impact.areas["days_after"].tolist()[0] == 1
    assert impact.summary["fewer_days"] == 10
    assert impact.summary["mean_days_before"] == 5


@pytest.mark.parametrize(
    ("days", "said"), [(1, "on 1 day a week"), (2.5, "on 2.5 days a week"), (None, "to outreach ")]
)
def test_days_a_week_are_said_as_people_say_them(days, said):
    m = TravelMatrix.from_minutes([[5, 9], [9, 5]], area_ids=["a", "b"], site_ids=["A", "B"])
    demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})
    base = Baseline("now", (Site("A"), Site("B")))
    plan = Scenario("Plan", base, [Modification.status("B", "outreach", days=days)])
    assert said in f"{compare(m, after=plan, demand=demand).sentence()} "


def test_fewer_days_alone_are_a_change():
    plan = Scenario("Plan", BASE, [Modification.status("A", "outreach", days=1)])
    impact = compare(M, after=plan, demand=DEMAND)
    assert impact.summary["affected"] == 0
    assert impact.summary["fewer_days"] == 10


def test_a_scenario_is_a_proposal():
    m = M.sites(["A", "B", "C"])
    plan = Scenario.closing("Plan", BASE, ["B"])
    assert rank_closures(m, keep=2, demand=DEMAND, proposal=plan).proposal["closed"] == ("B",)
