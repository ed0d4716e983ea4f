"""The same question through the command line, the notebook and the report: the same answer."""

from __future__ import annotations

import json
import random
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

import access
import access.analysis.job
import access.release
import access.study
from access.analysis.analysis import Analysis
from access.analysis.job import travel_times
from access.analysis.questions import _site_ids
from access.cli.app import app
from access.errors import AccessError, ParameterError, ScenarioError
from access.files import to_json
from access.release import released
from access.report.findings import findings_of
from access.report.robustness import _weights_blocks
from access.study import load_study
from tests.conftest import one_picture
from tests.unit.report_results import line_study

TODAY = ("C1", "C2", "C3", "C4", "C5")
NAMES = {
    "C1": "West",
    "C2": "Mill & <b>Lane</b> Children's Centre",
    "C3": "cross children\u2019s centre",
}
TRAVEL = ("mode", "neighbours", "weights", "walk_km_h")
QUESTIONS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five centres on a line, with localities, yearly costs and a neighbour's centre."""
    folder = tmp_path_factory.mktemp("asked") / "line"
    line_study(folder)
    centres = pd.read_csv(folder / "centres.csv", dtype=str)
    centres["locality"] = ["West", "West", "Mid", "East", "East"]
    centres["annual_cost_gbp"] = ["10000", "20000", "5000", "70000", "1000"]
    centres.to_csv(folder / "centres.csv", index=False)
    near = {"id": ["N1"], "name": ["Next Door"], "lon": [-1.33], "lat": [53.421]}
    pd.DataFrame(near).to_csv(folder / "neighbours.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def answers(folder):
    return access.answer(folder)


@pytest.fixture(scope="module", autouse=True)
def measured_once():
    """Let the command line read, release and measure the folder once, when it is first asked."""
    studies, copies, minutes = {}, {}, {}

    def load(path):
        if path not in studies:
            studies[path] = load_study(path)
        return studies[path]

    @contextmanager
    def public(study):
        if study not in copies:
            copies[study] = until_the_end.enter_context(released(study))
        yield copies[study]

    def times(study, **options):
        if study not in minutes:
            minutes[study] = travel_times(study, **options)
        return replace(minutes[study])

    with ExitStack() as until_the_end, pytest.MonkeyPatch.context() as patch:
        patch.setattr(access.study, "load_study", load)
        patch.setattr(access.release, "released", public)
        patch.setattr(access.analysis.job, "travel_times", times)
        yield


def drawn(seed):
    """Draw a question: what closes, and what is said of it."""
    rng = random.Random(seed)
    close = sorted(rng.sample(TODAY, rng.choice([1, 2, 2, 3])))
    options = {"mode": rng.choice(["walk", "drive", "typical"])}
    maybe = {
        "neighbours": True,
        "weights": rng.choice(["none", "linear", "p_no_car"]),
        "walk_km_h": rng.choice([3.6, 6.0]),
        "threshold_minutes": rng.choice([3.0, 8.0, 31.5]),
        "never_close": rng.sample([i for i in TODAY if i not in close], 1),
        "min_per_locality": rng.choice([0, 1]),
    }
    options |= {key: value for key, value in maybe.items() if rng.random() < 0.5}
    return close, options


def by_name(ids):
    return [NAMES.get(i, i) for i in ids]


def command(folder, verb, close, options):
    """Ask through the command line, sites by name where they have one."""
    words = [verb, str(folder), "--json"]
    for site in by_name(close):
        words += ["--close", site]
    flags = {
        "mode": "--mode",
        "weights": "--weights",
        "walk_km_h": "--walk-km-h",
        "threshold_minutes": "--threshold",
        "min_per_locality": "--min-per-locality",
    }
    for key, value in options.items():
        if key == "neighbours":
            words.append("--neighbours")
        elif key == "never_close":
            words += [w for site in by_name(value) for w in ("--never-close", site)]
        else:
            words += [flags[key], str(value)]
    done = CliRunner().invoke(app, words)
    if isinstance(done.exception, AccessError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["asked"]


def as_written(value):
    return json.loads(to_json(value))


@pytest.mark.parametrize("seed", range(QUESTIONS))
def test_three_ways_to_ask_give_one_answer(folder, answers, seed):
    close, options = drawn(seed)
    try:
        told = command(folder, "rank", close, options)
    except ScenarioError as refused:
        with pytest.raises(ScenarioError) as also:
            answers.rank(close=close, **options)
        assert also.value.message == refused.message
        return
    impact = answers.what_if(close=close, **options)
    ranking = impact.rank()
    assert told["options"] == len(ranking.table)
    assert told["criteria"] == list(ranking.criteria)
    assert told["proposal"] == as_written(ranking.proposal)
    assert told["notes"] == list(ranking.notes), "the weights and the rules are told in them"

    of_mode = {options["mode"]: impact.result.impacts[options["mode"]]}  # others are not read
    ranked = Analysis(impact.results).ranked(replace(impact.result, impacts=of_mode))
    shown = impact.results.only(ranked)
    found = findings_of(shown, mode=options["mode"])[0]
    assert found.ranking.criteria == ranking.criteria
    pd.testing.assert_frame_equal(found.ranking.table, ranking.table)
    side_by_side = {o.kept: o for o in found.options}[tuple(ranked.after)]
    assert side_by_side.ranks == {c: told["proposal"][f"rank_{c}"] for c in told["criteria"]}
    side = _weights_blocks(shown, found)[0].table
    assert len(side.rows) >= 1
    for option in found.options:
        mean = option.impact.summary["mean_minutes_after"]
        row = ranking.table[[tuple(sorted(k)) == option.kept for k in ranking.table["kept"]]]
        assert row.empty or row["mean"].item() == pytest.approx(mean)


@pytest.mark.parametrize("seed", range(100, 104))
def test_what_a_change_does_is_the_same_however_it_is_asked(folder, answers, seed):
    close, options = drawn(seed)
    travel = {key: value for key, value in options.items() if key in TRAVEL}
    told = command(folder, "compare", close, travel)
    assert told["figures"] == as_written(answers.what_if(close=close, **travel).summary)
    best = answers.rank(close=close, **travel)
    mean = best.best_impact("mean").summary["mean_minutes_after"]
    assert mean == pytest.approx(best.best("mean")["mean"])


def test_savings_come_from_the_register(answers):
    ranking = answers.rank(close=["C2", "C4"])
    assert "savings" in ranking.criteria
    assert ranking.proposal["savings"] == 90000
    assert "savings" not in answers.rank(close=["C2"], savings={}).criteria


# ---- another walking speed


@pytest.mark.parametrize("walk_km_h", [2.4, 3.6, 9.0])
def test_another_walking_speed_is_as_if_it_had_been_measured(folder, answers, walk_km_h):
    study = load_study(folder)
    travel = study.config.travel.model_copy(update={"walk_km_h": walk_km_h})
    measured = travel_times(
        replace(study, config=study.config.model_copy(update={"travel": travel}))
    )
    asked = Analysis(answers.results).at(walk_km_h).results
    for mode, matrix in measured.matrices.items():
        assert asked.matrices[mode].total_minutes == pytest.approx(matrix.total_minutes), mode
    assert asked.assumptions == measured.assumptions
    assert asked.ledger.to_json() == measured.ledger.to_json()


def test_a_ferry_keeps_its_pace_at_another_walking_speed(answers):
    walk = answers.network("walk")
    by_ferry = replace(walk, class_names=("ferry",))
    results = replace(answers.results, networks={**answers.results.networks, "walk": by_ferry})
    slow = Analysis(results).at(2.4).results
    legs = slow.matrices["walk"], answers.travel("walk")
    assert legs[0].network_minutes == pytest.approx(legs[1].network_minutes)
    assert legs[0].entry_minutes == pytest.approx(2 * legs[1].entry_minutes)


@pytest.mark.parametrize("wrong", [0, -1, 0.1, 100, float("nan"), True])
def test_nobody_walks_at_such_a_speed(answers, wrong):
    with pytest.raises(ParameterError, match="walk_km_h"):
        answers.today(walk_km_h=wrong)


# ---- names


def read(study, given):
    places = study.centres[["id", "name"]].assign(kind="centre")
    return _site_ids(study, given, places, name="close", what="centres")


def test_names_are_read_as_people_type_them(answers):
    study = answers.study
    assert read(study, ["west", "  CROSS  Children\u2019s centre", "Bridge", "C5"]) == [
        "C1", "C3", "C4", "C5"]  # fmt: skip


def test_an_unknown_name_lists_those_near_it(answers):
    with pytest.raises(
        ParameterError, match=r"one of these meant\? Cross Children's Centre \(C3\)"
    ):
        read(answers.study, ["Crosss"])


def test_a_name_of_two_places_is_not_guessed(answers):
    centres = answers.study.centres.assign(name=["Mill", "Mill", "Cross", "Bridge", "East"])
    study = replace(answers.study, centres=centres)
    with pytest.raises(ParameterError, match=r"names 2 centres: Mill \(C1\), Mill \(C2\)"):
        read(study, ["Mill"])


def test_an_option_that_no_question_has_is_refused(answers):
    with pytest.raises(TypeError, match="never_shut"):
        answers.what_if(close=["C1"], never_shut=["C2"])


# ---- what a what-if can write, and hubs


def test_a_what_if_can_be_taken_elsewhere(answers, tmp_path):
    asked = answers.what_if(close=["West", "C4"], neighbours=True, walk_km_h=3.6)
    assert asked.to_geopackage(tmp_path / "a.gpkg").read_bytes()[:6] == b"SQLite"
    assert asked.to_excel(tmp_path / "a.xlsx").stat().st_size > 1000
    with one_picture():
        names = {p.name for p in asked.report(tmp_path / "report", draws=3)}
    assert names == {"report.docx", "report.pdf", "tables.xlsx"}
    with pytest.raises(access.AccessError, match=r"ends in \.gpkg"):
        asked.to_geopackage(tmp_path / "a.shp")


def test_hubs_may_be_forced_forbidden_and_new(answers):
    found = answers.hubs(2, locked_open=["Cross"], locked_closed=["Mill Library"], greenfield=2)
    assert "C3" in found.best.chosen
    assert "L1" not in found.best.chosen
    assert sum(found.answer.candidates["kind"] == "greenfield") == 2
    assert found.map().alt
    assert len(found.table("curve").to_frame()) > 1


def test_hubs_keep_the_studys_rule_of_localities(answers):
    config = answers.study.config
    rule = config.localities.model_copy(update={"minimum_open": 1})
    study = replace(answers.study, config=config.model_copy(update={"localities": rule}))
    found = Analysis(replace(answers.results, study=study)).hubs(among=TODAY).plain
    where = study.centres.set_index("id")["locality"]
    assert set(where[list(found.best.chosen)]) == {"West", "Mid", "East"}
    free = Analysis(replace(answers.results, study=study)).hubs(1, among=TODAY, min_per_locality=0)
    assert len(free.plain.best.chosen) == 1
