"""`access site`: the Family Hub question from the command line."""

from __future__ import annotations

import itertools
import json
import signal

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from access.analysis import hubs
from access.analysis.analysis import Analysis
from access.cli.app import app
from access.cli.terminal import _searching
from access.errors import AccessError, OutputError, ParameterError, StudyError
from access.files import sha256_of
from access.run.findings import HubFindings
from access.run.write import replay
from access.siting.search import Progress as Search
from access.sources.folder import new_study
from access.study import load_study

# no test counts how firm a plan is, or looks at a picture
pytestmark = pytest.mark.usefixtures("quick_runs")


def call(*words: object) -> str:
    done = CliRunner().invoke(app, ["site", *map(str, words)])
    if isinstance(done.exception, AccessError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def study():
    return load_study("rotherham")


@pytest.fixture(scope="module")
def times(rotherham_results):
    return rotherham_results


@pytest.mark.parametrize(
    ("question", "error", "said"),
    [
        ({"mode": "swim"}, ParameterError, "swim"),
        ({"most": 3, "size": 99}, ParameterError, "size"),
        ({"locked_open": ["CC99"]}, ParameterError, "CC99"),
        ({"most": 2, "size": 1, "protect_minutes": 0}, ParameterError, "instead of"),
    ],
)
def test_wrong_questions(study, times, question, error, said):
    with pytest.raises(error, match=said):
        Analysis(times).hubs(**question)


def test_costs_must_be_a_readable_table(study, times, tmp_path):
    (tmp_path / "costs.csv").write_text("site,pounds\nCC01,4\n", encoding="utf-8")
    with pytest.raises(StudyError, match="id and cost"):
        Analysis(times).hubs(costs=tmp_path / "costs.csv")


def test_ctrl_c_ends_every_search_and_a_second_one_the_command():
    before = signal.getsignal(signal.SIGINT)
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), _searching(said.append) as go_on:
        assert go_on(Search("tree", 95.0, 100.0, 7, 3.2))
        signal.raise_signal(signal.SIGINT)
        assert not go_on(Search("tree", 96.0, 100.0, 9, 9.9))
        assert not go_on(Search("bound", 0.0, 100.0, 0, 0.0))
        signal.raise_signal(signal.SIGINT)
    assert said == [
        "best so far 100, none below 95 (gap 5.00%, 3 s, 7 nodes)",
        "stopping: what is found so far is kept, with its gap",
    ]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def no_plans(monkeypatch):
    """Set no plans side by side: for questions whose one answer alone is looked at."""
    monkeypatch.setattr(hubs, "_hub_plans", lambda *given, **more: None)


@pytest.mark.usefixtures("no_plans")
def test_an_ended_search_claims_no_more_than_it_knows(times):
    left = iter([True] * 60)
    found = Analysis(times).hubs(5, most=6, near_best=3, search=lambda p: next(left, False))
    best = found.plain.best
    assert best.status == "within_gap"
    assert best.bound < best.objective
    assert "hubs found for joint demand" in found.plain.words
    assert "proven: no other" not in found.plain.words
    assert "curve bends" not in found.plain.words
    assert not found.plain.front.complete


@pytest.mark.slow
@pytest.mark.usefixtures("no_plans")
def test_rules_and_new_sites(study, times):
    question = {"most": 3, "size": 3, "min_per_locality": 1, "protect_minutes": 60, "greenfield": 3}
    answer = Analysis(times).hubs(**question, near_best=1)
    assert len(answer.candidates) == 88 + 3
    best = answer.plain.best
    assert best.status == "proven_optimal"
    places = answer.candidates.set_index("id")["locality"]
    assert {"North", "Central", "South"} <= set(places[list(best.chosen)])
    assert "3 candidates are new sites" in HubFindings(times, answer).words()
    assert "Assumed sites among the candidates" in HubFindings(times, answer).words()


@pytest.mark.slow
def test_the_embedded_study_end_to_end(study, times, tmp_path):
    summary = json.loads(call("--json", "--out", tmp_path / "hubs"))
    plain = summary["plain"]
    assert summary["candidates"] == 88
    assert [row["p"] for row in plain["curve"]] == list(range(1, 13))
    assert {row["status"] for row in plain["curve"]} == {"proven_optimal"}
    assert plain["council"]["sets"] == 109_736
    assert plain["council"]["chosen"] == ["CC02", "CC07", "CC09"]
    assert plain["front_complete"]
    assert plain["alternatives_complete"]
    assert plain["alternatives"][0]["chosen"] == plain["best"]["chosen"]
    assert "modell" in summary["streets"].lower()
    curve = pd.read_csv(tmp_path / "hubs" / "curve.csv")
    assert curve["mean_minutes"].is_monotonic_decreasing
    assert (tmp_path / "hubs" / "tables.gpkg").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("service", "keep"), [("childrens_centre", 9), ("youth_centre", 6)])
def test_listing_and_optimiser_agree_on_the_councils_own_question(study, times, service, keep):
    """12 to 9 and 11 to 6, for every objective."""
    from access.siting import Demand, Goal, Problem, max_cover
    from access.siting import site as optimise

    sites = study.centres_of(service)["id"].tolist()
    counts = study.demand(service).set_index("id")["count"]
    for mode in ("walk", "typical"):
        minutes = times.matrices[mode].sites(sites).to_frame()
        listed = []
        by_site, people = minutes[sites].to_numpy().T.copy(), counts.to_numpy()
        for kept in itertools.combinations(range(len(sites)), keep):
            nearest = by_site[list(kept)].min(axis=0)
            listed.append((np.average(nearest, weights=people), nearest[people > 0].max(),
                           people[nearest > 20].sum()))  # fmt: skip
        mean, worst, beyond = (min(column) for column in zip(*listed, strict=True))
        for goal, value in ((Goal.mean(), mean), (Goal.worst(), worst),
                            (Goal.beyond(20), beyond / counts.sum()),
                            (Goal.blend((1, Goal.mean()), (0.2, Goal.worst())),
                             min(m + 0.2 * w for m, w, _ in listed))):  # fmt: skip
            found = optimise(Problem(Demand(minutes, counts), p=keep, goals=goal))
            assert found.status == "proven_optimal"
            assert found.objective == pytest.approx(value)
        cover = max_cover(minutes, keep, 20, weights=counts)
        assert cover.objective == pytest.approx(counts.sum() - beyond)
        near = [m for m, w, _ in listed if w <= worst * 1.1 + 1e-9]
        ordered = optimise(
            Problem(Demand(minutes, counts), p=keep, goals=(Goal.worst(within=0.1), Goal.mean()))
        )
        assert ordered.objective == pytest.approx(min(near))


@pytest.fixture(scope="module")
def answer(times):
    assert times.hubs.mode == times.headline
    return times.hubs


@pytest.fixture(scope="module")
def every(study, times, answer):
    """Measure each of the 109,736 sets of three in plain numpy, with nothing of the package's."""
    ids = answer.candidates["id"].tolist()
    areas = study.areas
    minutes = times.matrices[answer.mode].sites(ids).total_minutes
    columns = [offer.columns for offer in study.config.hubs.offers.values()]
    families = [areas[list(c)].sum(axis=1).to_numpy(float) for c in columns]
    poor = areas["imd_decile"].to_numpy() <= 2
    kept = []
    for service, closed in (
        ("childrens_centre", {"CC04", "CC11", "CC12"}),
        ("youth_centre", {f"YC0{k}" for k in range(1, 6)}),
    ):
        stay = [i for i in study.centres_of(service)["id"] if i not in closed]
        kept.append(times.matrices[answer.mode].sites(stay).total_minutes.min(axis=1))
    weights = np.stack(
        [
            sum(w / w.sum() for w in families) / 3,
            sum(w * poor / w[poor].sum() for w in families) / 3,
        ]
    ).T
    beside = [w / w.sum() / 2 for w in families[:2]]
    used = weights[:, 0] > 0
    sets, means, worst, stays = [], [], [], []
    for a, b in itertools.combinations(range(len(ids)), 2):
        if b + 1 < len(ids):
            near = np.minimum(
                np.minimum(minutes[:, a], minutes[:, b])[:, None], minutes[:, b + 1 :]
            )
            sets += [(a, b, c) for c in range(b + 1, len(ids))]
            means.append(near.T @ weights)
            worst.append(near[used].max(axis=0))
            stays.append(
                sum(w @ np.minimum(near, k[:, None]) for w, k in zip(beside, kept, strict=True))
            )
    table = pd.DataFrame(np.concatenate(means), columns=["mean", "deprived"])
    table["worst"], table["stays"] = np.concatenate(worst), np.concatenate(stays)
    table["ids"] = [frozenset(ids[k] for k in row) for row in sets]
    where = answer.candidates["locality"].to_numpy()[np.array(sets)]
    held = [(where == name).any(axis=1) for name in ("North", "Central", "South")]
    table["ruled"] = np.logical_and.reduce(held)
    return table


@pytest.mark.slow
def test_the_best_three_and_the_councils_rank_by_listing_all_sets(study, times, answer, every):
    assert len(every) == 109_736
    found = answer.plain
    assert found.best.objective == pytest.approx(every["mean"].min())
    assert set(found.best.chosen) == every.loc[every["mean"].idxmin(), "ids"]
    own = every.loc[every["ids"] == frozenset(study.config.hubs.council_choice), "mean"].item()
    assert found.council.mean_minutes == pytest.approx(own)
    assert found.council.rank_mean == 1 + (every["mean"] < own - 1e-7).sum()
    near = every["mean"].nsmallest(10).tolist()
    assert found.alternatives_frame()["mean_minutes"].tolist() == pytest.approx(near)
    points = HubFindings(times, answer).points().set_index("id")
    assert set(points.index[points["council"]]) == set(study.config.hubs.council_choice)
    assert "3" in points.loc[found.best.chosen[0], "best_for"].split()


@pytest.mark.slow
def test_every_plan_of_three_hubs_is_the_best_by_listing_all_sets(study, answer, every):
    plans = answer.plans
    ruled = every[every["ruled"]]
    assert len(ruled) == plans.plan("council").standing.sets == 23_232
    kinds = study.candidates.set_index("id")["kind"]
    council = set(kinds.index[kinds.str.startswith("library") | (kinds == "community_centre")])
    stay = set(answer.candidates.loc[answer.candidates["kind"] == "centre", "id"])
    asked = {
        "locality": ("mean", ruled), "freely": ("mean", every), "deprived": ("deprived", ruled),
        "worst": ("worst", ruled), "stays": ("stays", ruled),
        "kept": ("mean", ruled[[ids <= stay for ids in ruled["ids"]]]),
        "among_1": ("mean", ruled[[ids <= council for ids in ruled["ids"]]]),
    }  # fmt: skip
    for key, (by, among) in asked.items():
        plan = plans.plan(key)
        row = every[every["ids"] == frozenset(plan.chosen)].iloc[0]
        assert plan.choice.value == pytest.approx(among[by].min()), key
        assert row[by] == pytest.approx(among[by].min()), key
        assert plan.choice.sets == len(among), key
        assert plan.choice.near_count == (among[by] <= among[by].min() * 1.02 + 1e-9).sum(), key
        assert plan.figures.joint == pytest.approx(row["mean"]), key
        assert plan.figures.worst_minutes == pytest.approx(row["worst"]), key
        assert plan.figures.by_group["most deprived fifth"] == pytest.approx(row["deprived"]), key
        assert plan.stays.joint(plan.stays.after) == pytest.approx(row["stays"]), key
    criteria = ("mean", "deprived", "worst")
    short = pd.concat([ruled[c] / ruled[c].min() - 1 for c in criteria], axis=1).max(axis=1)
    assert plans.plan("compromise").choice.value == pytest.approx(short.min(), abs=1e-6)
    rank = plans.plan("council").standing.rank
    own = every[every["ids"] == frozenset(plans.plan("council").chosen)].iloc[0]
    for by in criteria:
        assert rank[by] == 1 + (ruled[by] < own[by] - 1e-7 * max(1, own[by])).sum()


@pytest.mark.slow
def test_the_answer_carries_its_ledger(tmp_path):
    new_study(tmp_path / "town")
    more = ("--most", 2, "--hubs", 2, "--alternatives", 1, "--quiet")
    call(tmp_path / "town", *more, "--out", tmp_path / "hubs")
    ledger = json.loads((tmp_path / "hubs" / "ledger.json").read_text(encoding="utf-8"))
    assert ledger["command"]["command"] == "site"
    assert ledger["command"]["question"]["size"] == 2
    assert "three_to_two" in ledger["parameters"]["study"]["proposals"]
    assert any("Only travel is weighed" in told for told in ledger["assumptions"])
    written = {f.name: sha256_of(f) for f in (tmp_path / "hubs").iterdir()}
    assert ledger["outputs"] == {k: v for k, v in written.items() if k != "ledger.json"}
    with pytest.raises(OutputError, match="ledger of `access site`"):
        replay(tmp_path / "hubs" / "ledger.json")
