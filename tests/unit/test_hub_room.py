"""Hubs with limited room: by hand, by listing, from the register to every output."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from access import load_study
from access.analysis.analysis import Analysis
from access.analysis.job import run_job
from access.cli.app import app
from access.errors import ParameterError
from access.report.findings import Wording
from access.report.hub_plans import PlanFindings
from access.run.findings import HubFindings
from access.siting import AtLeast, AtMost, Capacity, Demand, Goal, Problem, capacitated, site
from access.siting.plans import HubField, PlanRules, with_room
from tests.conftest import few_draws
from tests.unit.test_hub_plans import (
    CHILDREN,
    CLOSING,
    LIBRARY,
    MINUTES,
    SITES,
    YOUNG,
    lay_down,
    town,
    write,
)


class TestByHand:
    def test_who_finds_no_room_goes_further_and_the_figure_says_so(self):
        # b holds 70 and e 50; the east is 60 people, so its 10 nearest to b go there: 20 minutes
        # instead of 10. Children 400 / 60, young 500 / 60.
        room = dict.fromkeys(SITES, 0.0) | {"b": 70.0, "e": 50.0}
        found = with_room(town(), 2, room, PlanRules())
        assert (found.chosen, found.status) == (("b", "e"), "proven_optimal")
        assert found.value == pytest.approx((400 + 500) / 120)
        assert found.assigned.tolist() == [1, 1, 1, 1, 4, 4]

    def test_too_little_room_is_told_and_no_room_is_no_answer(self):
        room = dict.fromkeys(SITES, 0.0) | {"b": 70.0, "e": 49.0}
        assert with_room(town(), 2, room, PlanRules()).status == "infeasible"

    def test_who_can_reach_no_site_takes_no_room_and_hinders_no_plan(self):
        # nobody of the first area gets anywhere: b holds the other 30 children and 10 young
        minutes = town().minutes.copy()
        minutes[0] = np.inf
        room = dict.fromkeys(SITES, 0.0) | {"b": 40.0, "e": 50.0}
        found = with_room(replace(town(), minutes=minutes), 2, room, PlanRules())
        assert (found.chosen, found.status) == (("b", "e"), "proven_optimal")
        # children 20 x 0 + 10 x 10 over 30; young 10 x 20 + 20 x 0 + 30 x 10 over 60
        assert found.assigned[1:].tolist() == [1, 1, 1, 4, 4]
        # they are missed where no site of known room can be reached, too
        minutes[0] = [np.inf, np.inf, 5.0, np.inf, np.inf, np.inf]
        some = PlanRules(among=("b", "e"))
        again = with_room(replace(town(), minutes=minutes), 2, room, some)
        assert again.assigned[1:].tolist() == found.assigned[1:].tolist()
        nobody = with_room(
            replace(town(), minutes=np.full_like(minutes, np.inf)), 2, room, PlanRules()
        )
        assert (nobody.chosen, nobody.status) == ((), "infeasible")

    def test_by_bus_an_area_goes_to_one_hub_and_counts_once(self):
        # play is given in one window, youth in another: each stands in rows of its own
        asked = town()
        windows = tuple(np.repeat(MINUTES[:, None], 2, axis=1).astype(np.float32) for _ in "ab")
        nobody = np.zeros(6)
        offers = tuple(
            replace(o, block=k, people=np.concatenate(pair))
            for k, (o, pair) in enumerate(zip(asked.offers, (
                (CHILDREN + YOUNG, nobody), (nobody, CHILDREN + YOUNG)), strict=True))
        )  # fmt: skip
        by_bus = HubField(SITES, np.vstack([MINUTES, MINUTES]), offers, each=windows)
        once = HubField(SITES, MINUTES, tuple(
            replace(o, people=CHILDREN + YOUNG) for o in asked.offers))  # fmt: skip
        room = dict.fromkeys(SITES, 0.0) | {"b": 60.0, "e": 60.0}  # 120 people, each once
        found, told = with_room(by_bus, 2, room, PlanRules()), with_room(once, 2, room, PlanRules())
        assert found.status == told.status == "proven_optimal"
        assert found.value == pytest.approx(told.value)
        assert found.assigned.tolist() == [*told.assigned, *told.assigned]


def listed(cost, uses, room, p, keeps):
    """Give the least cost of sending whole areas to p sites, by trying everything."""
    n, m = cost.shape
    best = np.inf
    ways = np.array(list(itertools.product(range(p), repeat=n)))
    loads = np.stack([(ways == k) @ uses for k in range(p)], axis=1)
    for ids in itertools.combinations(range(m), p):
        if not keeps(ids):
            continue
        fits = (loads <= room[list(ids)] + 1e-9).all(axis=1)
        costs = cost[np.arange(n), np.array(ids)[ways[fits]]].sum(axis=1)
        best = min(best, costs.min(initial=np.inf))
    return best


@pytest.mark.parametrize("seed", range(24))
def test_branch_and_price_finds_what_listing_finds(seed):
    rng = np.random.default_rng(seed)
    n, m, p = 7, 5, int(rng.integers(2, 4))
    cost = rng.integers(1, 40, (n, m)).astype(float)
    uses = rng.integers(1, 9, n).astype(float)
    room = np.full(m, np.ceil(uses.sum() / p * rng.uniform(1.0, 1.4)))
    rules, keeps = [], []
    if seed % 3 == 1:
        rules.append(AtLeast(("3", "4"), 1, "east"))
        keeps.append(lambda ids: bool({3, 4} & {*ids}))
    if seed % 4 == 2:
        rules.append(AtMost(("0", "1"), 1, "pair"))
        keeps.append(lambda ids: not {0, 1} <= {*ids})
    names = [str(k) for k in range(m)]
    problem = Problem(
        Demand(pd.DataFrame(cost, columns=names)), p=p, goals=Goal.total(),
        rules=(*rules, Capacity(dict(zip(names, room, strict=True)), dict(zip(
            map(str, range(n)), uses, strict=True)))),
    )  # fmt: skip
    best = listed(cost, uses, room, p, lambda ids: all(k(ids) for k in keeps))
    found = site(problem)
    if not np.isfinite(best):
        assert found.status == "infeasible"
        return
    assert (found.status, found.objective, found.bound) == ("proven_optimal", best, best)
    near = site(problem, gap=0.1)
    assert near.bound <= best + 1e-9 <= near.objective + 2e-9
    assert near.objective * 0.9 <= near.bound + 1e-9


def crowded(n=60, p=6):
    rng = np.random.default_rng(4)
    xy, uses = rng.integers(1, 101, (n, 2)), rng.integers(1, 21, n).astype(float)
    minutes = np.floor(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)))
    return Problem(
        Demand(pd.DataFrame(minutes)), p=p, goals=Goal.total(),
        rules=(Capacity(float(np.ceil(uses.sum() / p / 0.95)), uses),),
    )  # fmt: skip


def test_work_ends_a_search_at_the_same_place_whatever_the_clock_says(monkeypatch):
    monkeypatch.setattr("access.siting.search._clock", lambda: 0.0)  # it stands still
    few = [site(crowded(), work_limit=20_000_000) for _ in range(2)]
    assert few[0] == few[1] and few[0].status == "within_gap"
    assert "work limit" in few[0].note and few[0].bound < few[0].objective
    more = site(crowded(), work_limit=400_000_000)
    assert few[0].bound <= more.bound <= more.objective <= few[0].objective


def test_swapping_sites_leaves_time_for_the_bound(monkeypatch):
    """Each filling of a set of sites takes 5 of 100 seconds here: few come before the bound."""
    now, taken = [0.0], []
    real, branch = capacitated._close_proof, capacitated._Searching._branch

    def slow(*given, **more):
        now[0] += 5.0
        taken.append(now[0])
        return real(*given, **more)

    monkeypatch.setattr("access.siting.search._clock", lambda: now[0])
    monkeypatch.setattr(capacitated, "_close_proof", slow)
    before: list[int] = []
    monkeypatch.setattr(
        capacitated._Searching, "_branch",
        lambda self, *given: (before.append(len(taken)), branch(self, *given))[1],
    )  # fmt: skip
    found = site(crowded(), time_limit_s=100)
    assert before[0] <= 1 + 3, "a tenth of the time, and the filling that is begun in it"
    assert found.gap < 0.05


def test_the_clock_ends_a_search_with_its_gap(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr("access.siting.search._clock", lambda: next(ticks) * 1.0)
    found = site(crowded(), time_limit_s=40)
    assert found.status == "within_gap" and 0 < found.gap < 0.5 and "time limit" in found.note


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room")
    lay_down(folder, LIBRARY + CLOSING)
    for name, room in (("centres.csv", [2000, 2600, 2000]), ("candidates.csv", [2500, 1500, 2600])):
        table = pd.read_csv(folder / name)
        table.assign(capacity=room, places_2030=[9000] * 3).to_csv(folder / name, index=False)
    with few_draws():
        return run_job(load_study(folder))


def test_a_run_gives_the_plan_with_room_its_proof_and_its_own_minutes(results):
    plans = results.hubs.plans
    plan, free = plans.get("room"), plans.get("freely")
    assert plan.choice.status in ("proven_optimal", "within_gap")
    areas = results.study.areas
    uses = areas["residents"].to_numpy(float)
    room = pd.concat([results.study.centres, results.study.candidates]).set_index("id")["capacity"]
    columns = results.hubs.candidates["id"].to_numpy()
    load = pd.Series(uses).groupby(columns[plan.choice.assigned]).sum()
    assert (load <= room[load.index]).all() and set(load.index) <= set(plan.chosen)
    minutes = results.hubs.minutes.to_numpy()[np.arange(len(uses)), plan.choice.assigned]
    assert plan.figures.joint == pytest.approx(np.average(minutes, weights=uses))
    assert plan.figures.joint >= free.figures.joint - 1e-9
    assert plan.standing is None and plan.freely is None and plan.stays is None
    said = PlanFindings(plans, results.names(), Wording(decimals=1)).words()[-1]
    assert "to where there is room (" in said and "proven best" in said
    assert "with room for everybody" in HubFindings(results, results.hubs).words()
    json.dumps(HubFindings(results, results.hubs).summary(), allow_nan=False)
    assert "room and running cost" not in " ".join(plans.notes)


def test_another_column_of_the_register_may_say_the_room(results):
    found = Analysis(results).hubs(3, capacity="places_2030", draws=0)
    plan, free = found.plans.get("room"), found.plans.get("freely")
    assert plan.figures.joint == pytest.approx(free.figures.joint)  # room for all everywhere
    with pytest.raises(ParameterError, match=r"is none of the columns .*places_2030"):
        Analysis(results).hubs(3, capacity="seats")
    with pytest.raises(ParameterError, match=r"'name' holds .*how many people each site can take"):
        Analysis(results).hubs(3, capacity="name")


def test_without_room_in_the_register_it_is_said_once(tmp_path):
    found = write(tmp_path, LIBRARY)
    said = HubFindings(found, found.hubs).words()
    assert said.count("are not known, so no plan is limited by it") == 1
    assert found.hubs.plans.get("room") is None


def test_the_command_line_takes_the_column(results):
    words = ["site", str(results.study.folder), "--hubs", "3", "--quiet", "--json"]
    done = CliRunner().invoke(app, [*words, "--capacity", "places_2030"])
    assert done.exit_code == 0, done.output
    plans = {p["key"]: p for p in json.loads(done.stdout)["plain"] and json.loads(done.stdout)[
        "plans"]["plans"]}  # fmt: skip
    assert plans["room"]["status"] == "proven_optimal" and plans["room"]["gap"] is not None
    done = CliRunner().invoke(app, [*words, "--capacity", "seats"])
    assert done.exit_code != 0 and "Traceback" not in done.output


def test_no_plan_of_limited_room_is_called_best_when_it_is_not_proven(results):
    plans = results.hubs.plans
    room = plans.get("room")
    loose = replace(room, choice=replace(room.choice, status="within_gap", gap=0.03))
    told = replace(plans, plans=tuple(loose if p is room else p for p in plans.plans))
    said = PlanFindings(told, results.names(), Wording()).words()[-1]
    assert "within 3.1% of the best" in said and "proven" not in said
