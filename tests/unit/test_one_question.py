"""One question has one answer, whoever asks it: commands, notebook and report agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import access
from access.analysis.analysis import Analysis
from access.analysis.questions import Meant
from access.analysis.results import Parts
from access.document.document import Figure, TableBlock
from access.errors import ParameterError, ScenarioError
from access.network import TravelMatrix
from access.report.board import board_report
from access.report.robustness import StudyRobustness
from access.run.findings import RankingFindings
from access.scenario import Uncertainty, rank_closures, robustness, switching_values
from access.sources.folder import new_study
from access.study import load_study
from tests.unit.report_results import line_results

pytestmark = pytest.mark.usefixtures("quick_runs")

TODAY = ("C1", "C2", "C3", "C4", "C5")


@lru_cache(maxsize=1)
def line():
    """Five centres on a line, with a neighbour's library, localities and errors of position."""
    with TemporaryDirectory() as folder:
        found = line_results(Path(folder) / "line")
    study = found.study
    neighbours = study.candidates.iloc[:1].assign(id="L2", name="East School")
    centres = study.centres.assign(locality=["West", "West", "Mid", "East", "East"])
    study = replace(study, neighbours=neighbours, centres=centres)
    sites = found.sites.assign(position_error_m=[300.0, np.nan, 500.0, *[np.nan] * 4])
    return replace(found, study=study, sites=sites)


def with_scheme(results, scheme, **more):
    config = results.study.config
    weights = config.weights.model_copy(update={"scheme": scheme, **more})
    study = replace(results.study, config=config.model_copy(update={"weights": weights}))
    return replace(results, study=study)


def closing(results, ids):
    return Meant(results.study).questions(close=ids)[0]


def sides(question):
    return {"before": question.baseline, "after": question.scenario}


def ranking_of(results, question, **options):
    return Analysis(results).rank(question.service, **sides(question), **options)


def robustness_of(results, question, **options):
    return Analysis(results).robustness(question.service, **sides(question), **options)


QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["walk", "drive", "typical"]),
        "neighbours": st.booleans(),
        "threshold_minutes": st.sampled_from([3.0, 8.0, 15.0, 20.0, 31.5]),
        "never_close": st.lists(st.sampled_from(TODAY), max_size=2, unique=True),
        "min_per_locality": st.integers(0, 1),
        "savings": st.just({i: 1000.0 * k for k, i in enumerate(TODAY, 1)}),
        "weights": st.sampled_from(["none", "linear", "p_no_car", "residents"]),
    },
)
SCHEMES = st.sampled_from(["none", "linear", "p_no_car"])


def answered(results, close, options):
    """Ask as `access rank` does; None where the rules leave nothing to rank."""
    try:
        return ranking_of(results, closing(results, close), **options)
    except ScenarioError:
        return None


@settings(max_examples=14)
@given(
    close=st.sampled_from([c for k in (1, 2, 3) for c in combinations(TODAY, k)]),
    scheme=SCHEMES,
    options=QUESTIONS,
)
def test_commands_notebook_and_robustness_ask_the_same(close, scheme, options):
    results = with_scheme(line(), scheme)
    question = closing(results, list(close))
    ranking = answered(results, close, options)
    if ranking is None:
        with pytest.raises(ScenarioError):
            robustness_of(results, question, draws=2, **options)
        return
    firm = robustness_of(results, question, draws=3, **options)
    assert firm.options["closed"].tolist() == ranking.table["closed"].tolist()
    assert firm.criteria == ranking.criteria
    assert set(firm.proposal) == set(ranking.proposal["kept"])
    weights = [note for note in ranking.notes if note.startswith("weights:")]
    assert [note for note in firm.notes if note.startswith("weights:")] == weights
    assert ("lam" in firm.draws) == weights[0].startswith("weights: linear")
    summary = RankingFindings(ranking, firm).summary(results, question)
    assert {r["options"] for r in summary["robustness"]["ranks"]} == {summary["options"]}

    result = Analysis(results).change("childrens_centre", close=list(close))
    result = replace(result, key="own", rankings={"walk": None})
    book = access.Answers(replace(results, proposals={"own": result}))
    told = book.ranking("own", **options)
    pd.testing.assert_frame_equal(told.table, ranking.table)
    assert told.proposal == ranking.proposal
    assert told.notes == ranking.notes
    pd.testing.assert_frame_equal(book.robustness("own", draws=3, **options).draws, firm.draws)
    switching = Analysis(results).switching(question.service, **sides(question), **options)
    pd.testing.assert_frame_equal(book.weights("own", **options).table, switching.table)
    assert set(switching.table["closed"]) <= set(ranking.table["closed"])
    travel = {k: v for k, v in options.items() if k in ("mode", "neighbours", "weights")}
    impact = Analysis(results).compare(question.service, **sides(question), **travel)
    assert impact.summary["mean_minutes_after"] == pytest.approx(ranking.proposal["mean"])


@settings(max_examples=4)
@given(
    close=st.sampled_from(list(combinations(TODAY, 2))),
    scheme=SCHEMES,
    mode=st.sampled_from(["walk", "drive"]),
)
def test_the_report_says_what_the_command_says(close, scheme, mode):
    results = with_scheme(line(), scheme)
    result = Analysis(results).change("childrens_centre", close=list(close))
    own = Analysis(results)
    rankings = {m: own.rank(result.service, after=result.after, mode=m) for m in results.matrices}
    results = replace(results, proposals={"own": replace(result, key="own", rankings=rankings)})
    ranking = ranking_of(results, closing(results, list(close)), mode=mode)
    firm = robustness_of(results, closing(results, list(close)), draws=5, mode=mode)
    document = board_report(results, mode=mode, draws=5)
    tables = {b.key: b.table for b in document.blocks if isinstance(b, TableBlock)}
    rows = tables["firm-own"].rows
    ranks = firm.ranks()
    assert [row[1:4] for row in rows] == list(
        ranks[["p5", "median", "p95"]].itertuples(index=False, name=None)
    )
    assert len(rows) == len(ranking.criteria)
    side = own.weights_side_by_side(result.service, after=result.after, mode=mode)
    row = side.set_index("weights").loc[scheme]
    criterion = "mean" if scheme == "none" else "weighted_mean"
    assert row["proposal_rank"] == ranking.proposal[f"rank_{criterion}"]


# ---- the faults that were seen


def test_a_protected_centre_is_never_best_to_close():
    results = line()
    options = {"never_close": ["C2"], "threshold_minutes": 10}
    question = closing(results, ["C3", "C5"])
    firm = robustness_of(results, question, draws=20, **options)
    assert len(firm.options) == 6, "two of the four others"
    assert all("C2" not in closed for closed in firm.options["closed"])
    drawn = firm.draws["threshold_minutes"]
    assert 7.5 <= drawn.min() <= drawn.max() <= 15


def test_weights_by_a_column_are_those_of_the_draws():
    results = with_scheme(line(), "p_no_car")
    question = closing(results, ["C1", "C2"])
    ranking = ranking_of(results, question)
    firm = robustness_of(results, question, draws=5)
    assert "lam" not in firm.draws
    still = robustness(
        results.matrices["walk"],
        keep=3,
        demand=results.study.demand("childrens_centre"),
        uncertainty=Uncertainty(threshold_minutes=(20, 20)),
        proposal=question.scenario.open_ids,
        sites=TODAY,
        weights="p_no_car",
        draws=1,
    )
    for c in ranking.criteria:
        assert still.draws[f"rank_{c}"][0] == ranking.proposal[f"rank_{c}"], c
        assert still.draws[f"regret_{c}"][0] == pytest.approx(ranking.proposal[f"regret_{c}"]), c


M = TravelMatrix.from_minutes(
    [[5, 12, 30], [9, 4, 8], [20, 7, 3]], area_ids=["a", "b", "c"], site_ids=["X", "Y", "Z"]
)
DEMAND = pd.DataFrame({"id": ["a", "b", "c"], "count": [10, 20, 5], "imd_rank": [1, 900, 32844],
                       "poor": [3.0, 1.0, 0.0], "income": [200.0, 400.0, 500.0]})  # fmt: skip


@pytest.mark.parametrize("weights", [None, "none", "linear", "green_book", "poor"])
def test_where_nothing_moves_robustness_is_the_ranking(weights):
    common = {"keep": 2, "demand": DEMAND, "proposal": ["X", "Z"], "weights": weights,
              "savings": {"X": 5.0, "Y": 9.0, "Z": 1.0}, "lam": 2.0}  # fmt: skip
    ranking = rank_closures(M, **common)
    still = Uncertainty(threshold_minutes=(20, 20))
    firm = robustness(M, **common, uncertainty=still, draws=1)
    assert firm.criteria == ranking.criteria
    for c in ranking.criteria:
        assert firm.draws[f"rank_{c}"][0] == ranking.proposal[f"rank_{c}"], c
        assert firm.draws[f"regret_{c}"][0] == pytest.approx(ranking.proposal[f"regret_{c}"]), c


@pytest.mark.parametrize("weights", ["none", "poor"])
def test_lambda_varies_only_where_weights_are_linear(weights):
    with pytest.raises(ParameterError, match="lam may vary only with linear weights"):
        robustness(M, keep=2, demand=DEMAND, weights=weights, uncertainty=Uncertainty(lam=(0, 2)))


def test_settings_that_move_one_rank_only_are_named():
    u = Uncertainty(lam=(0, 2), threshold_minutes=(10, 20), walk_kmh=(3.6, 5.4))
    firm = robustness(M, keep=2, demand=DEMAND, proposal=["X", "Z"], uncertainty=u, draws=50)
    said = [note for note in firm.notes if "moves no rank but" in note]
    assert len(said) == 3
    for c in set(firm.criteria) - {"share_beyond", "weighted_mean"}:
        assert len(set(firm.draws[f"rank_{c}"])) == 1, c


def test_switching_values_say_that_they_are_for_linear_weights():
    assert switching_values(M, keep=2, demand=DEMAND, weights="linear").scheme_words() == ""
    for weights, words in (("poor", "weighs by poor"), ("none", "counts all alike")):
        found = switching_values(M, keep=2, demand=DEMAND, weights=weights)
        assert found.sentence().startswith("For linear weights by deprivation, though the ranking")
        assert words in found.sentence()


def test_savings_unknown_for_what_the_proposal_closes_are_left_out():
    ranking = rank_closures(M, keep=2, demand=DEMAND, proposal=["X", "Z"], never_close=["Y"],
                            savings={"X": 5.0, "Z": 1.0})  # fmt: skip
    assert "savings" not in ranking.criteria
    assert any("savings are not known for Y" in note for note in ranking.notes)


def test_an_option_that_no_question_has_is_refused():
    with pytest.raises(TypeError, match="never_shut"):
        Analysis(line()).rank("childrens_centre", keep=3, never_shut=["C1"])


def test_a_mode_that_was_not_measured_is_refused_by_every_question():
    own = Analysis(line())
    for ask in (own.compare, own.rank, own.robustness, own.switching, own.weights_side_by_side):
        with pytest.raises(ParameterError, match="no mode 'bus' is measured"):
            ask("childrens_centre", after=["C1", "C2"], mode="bus")


# ---- one report


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "made_up"
    new_study(folder)
    return access.answer(folder)


def contents(document):
    return Counter(
        (type(b).__name__, b.key) for b in document.blocks if isinstance(b, TableBlock | Figure)
    )


def test_the_notebook_the_run_and_the_command_write_one_report(answers, tmp_path, monkeypatch):
    import access.cli.jobs as command
    import access.report.board as writing
    import access.run.write as running
    from access.notebook import answers as book

    seen = []

    def caught(document, *args, **kwargs):
        seen.append(contents(document))
        return {}

    for module, name in ((running, "report_writers"), (book, "write_report"), (book, "write_xlsx"),
                         (writing, "write_report")):  # fmt: skip
        monkeypatch.setattr(module, name, caught)
    answers.report(tmp_path)
    answers.to_excel(tmp_path / "tables.xlsx")
    told = (lambda parts, progress: None, lambda step: None)
    running._write_report(answers._whole, tmp_path, *told, Parts(), internal=False)
    command._report(study=str(answers.study.folder), out=tmp_path, quiet=True)
    assert len(seen) == 4
    assert all(found == seen[0] for found in seen)
    keys = {key for _, key in seen[0]}
    assert {"firm-three_to_two", "often-three_to_two"} <= keys
    assert any(key.startswith("map-") for key in keys)


def test_charts_and_report_show_the_same_draws(answers):
    one, two = (StudyRobustness(answers.results, draws=4).draw() for _ in range(2))
    assert one.keys() == two.keys()
    assert all(one[key] is two[key] for key in one)
    assert StudyRobustness(answers.results, draws=0).draw() == {}


# ---- the real place


@pytest.mark.slow
def test_rotherham_with_a_protected_centre_and_a_column_of_weights():
    from access.analysis.job import travel_times

    study = load_study("rotherham")
    results = travel_times(study)
    question = Meant(study).questions(proposal="childrens_centres_12_to_9")[0]
    options = {"never_close": ["CC02"], "threshold_minutes": 10.0}
    ranking = ranking_of(results, question, **options)
    firm = robustness_of(results, question, draws=20, **options)
    assert len(ranking.table) == len(firm.options) == 165
    assert all("CC02" not in closed for closed in firm.options["closed"])
    for scheme in ("p_no_car", "none"):
        own = ranking_of(results, question, weights=scheme)
        drawn = robustness_of(results, question, draws=20, weights=scheme)
        assert drawn.criteria == own.criteria
        for row in drawn.ranks().to_dict("records"):
            if row["criterion"] in ("mean", "weighted_mean", "gap"):
                rank = own.proposal[f"rank_{row['criterion']}"]
                assert row["least"] <= rank <= row["greatest"]
