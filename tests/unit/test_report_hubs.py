"""Family Hubs in the report: best sets, the council's own, and what was proven."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from access.analysis.analysis import Analysis
from access.document.document import BulletList, Figure, Paragraph, TableBlock
from access.errors import ParameterError
from access.report.board import board_report
from access.report.findings import Wording
from access.report.hub_plans import (
    PlanFindings,
    _proof,
)
from access.report.hubs import (
    HubTables,
    _hub_blocks,
    _hub_sentence,
    _leeway_sentence,
    _mean_minutes,
    _standing_sentence,
)
from access.siting.hubs import bend_words
from access.siting.set_figures import Held
from tests.conftest import one_picture
from tests.unit.report_results import AREAS, CANDIDATES, CENTRES, line_results

WORDING = Wording()


@dataclass(frozen=True)
class Answer:
    chosen: tuple[str, ...]
    status: str = "proven_optimal"
    gap: float = 0.0


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return line_results(tmp_path_factory.mktemp("line"))


def with_council(results, *ids):
    config = results.study.config
    hubs = config.hubs.model_copy(update={"council_choice": ids, "council_source": "A paper"})
    return replace(
        results, study=replace(results.study, config=config.model_copy(update={"hubs": hubs}))
    )


class TestWrongInputs:
    def test_no_site_at_all_is_refused(self, results):
        with pytest.raises(ParameterError, match="at least one"):
            _mean_minutes(results, (), "walk")

    def test_a_site_that_was_not_measured_is_refused(self, results):
        with pytest.raises(ParameterError, match="Q9"):
            _mean_minutes(results, ("Q9",), "walk")


def test_the_mean_is_the_hand_worked_one(results):
    place = {c[0]: c[2] for c in CENTRES}
    minutes = [min(abs(at - place["C1"]), abs(at - place["C3"])) + 1 for at, *_ in AREAS]
    counts = [n for _, n, *_ in AREAS]
    expected = np.average(minutes, weights=counts)
    means = _mean_minutes(results, ("C1", "C3"), "walk")
    assert means["childrens_centre"] == pytest.approx(expected)
    assert means["joint"] == pytest.approx(expected)


def test_not_asked_is_said_to_be_not_asked(results):
    (block,) = _hub_blocks(results, WORDING)
    assert isinstance(block, Paragraph)
    assert "not part of this run" in block.text


def test_the_council_s_own_set_stands_beside_the_best(results):
    given = with_council(results, "C1", "C4")
    names = given.short_names()
    hubs = (Answer(("C3",)), Answer(("C2", "C4")), Answer(("C1", "C3", "C4"), "within_gap", 0.02))
    text = _hub_sentence(given, hubs, names, "walk", WORDING)
    assert text.startswith(
        "The best two Family Hubs by average walk would be "
        "Mill & <b>Lane</b> and Bridge (assumed): "
    )
    assert "The council chose West and Bridge (assumed): " in text
    assert text.endswith("longer.")
    curve = SimpleNamespace(solutions=dict(enumerate(hubs)))
    table = HubTables(given, SimpleNamespace(curve=curve), "walk", names).by_number()
    assert [row[0] for row in table.rows] == ["1", "2", "3", "2, the council's own"]
    assert [row[-1] for row in table.rows][-2:] == ["within 2.0% of the best", "given"]


def test_the_same_set_is_called_the_same(results):
    given = with_council(results, "C2", "C4")
    text = _hub_sentence(given, [Answer(("C4", "C2"))], given.short_names(), "walk", WORDING)
    assert text.endswith("These are the council's own.")


def test_what_is_not_proven_is_not_called_best(results):
    text = _hub_sentence(results, [Answer(("C2",), "feasible", 0.3)], {}, "walk", WORDING)
    assert text.startswith("The best found one Family Hub")
    assert _proof("feasible", 0.3) == "good, not proven"
    assert _proof("something new", 0.0) == "not proven"
    assert _proof("within_gap", 0.00001) == "within 0.1% of the best"


def test_rules_that_nothing_meets_are_told(results):
    text = _hub_sentence(results, [Answer((), "infeasible", float("inf"))], {}, "walk", WORDING)
    assert text == "No set of hubs meets the rules that were asked for."


@pytest.fixture(scope="module")
def asked(results):
    """The line's own hubs, found by the optimiser."""
    return Analysis(with_council(results, "C1", "C4")).with_hubs()


def listed_by_hand(results, k):
    """Mean and worst minutes of every set of k of the sites that no proposal closes."""
    closing = {i for p in results.study.config.proposals.values() for i in p.closes}
    place = {c[0]: c[2] for c in (*CENTRES, *CANDIDATES) if c[0] not in closing}
    counts = [n for _, n, *_ in AREAS]
    for chosen in itertools.combinations(place, k):
        near = [min(abs(at - place[i]) for i in chosen) + 1 for at, *_ in AREAS]
        yield (
            chosen,
            np.average(near, weights=counts),
            max(m for m, n in zip(near, counts, strict=True) if n),
        )


def test_the_section_holds_what_listing_every_set_by_hand_gives(asked):
    every = sorted(listed_by_hand(asked, 2), key=lambda row: row[1])
    found = asked.hubs.plain
    assert set(found.best.chosen) == set(every[0][0])
    assert found.best.objective == pytest.approx(every[0][1])
    own = next(mean for chosen, mean, _ in every if set(chosen) == {"C1", "C4"})
    assert found.council.rank_mean == 1 + sum(mean < own - 1e-9 for _, mean, _ in every)
    sets = list(found.curve.solutions.values())
    said = _hub_sentence(asked, sets, asked.short_names(), "walk", WORDING)
    claims = {c.what: c for c in said.claims}
    assert claims["hub_best_mean"].relation == "best"
    assert claims["hub_best_mean"].numbers[0] == pytest.approx(every[0][1])
    assert claims["hub_council_more"].numbers[0] == pytest.approx(own - every[0][1])
    tables = HubTables(asked, found, "walk", asked.short_names())
    rows = tables.near_best().rows
    assert rows[0][1] == pytest.approx(every[0][1])
    front = tables.trade_offs().rows
    assert front[-1][2] == pytest.approx(min(worst for *_, worst in every))


def test_the_section_has_words_picture_tables_and_what_is_assumed(asked):
    blocks = _hub_blocks(asked, WORDING)
    assert [type(b) for b in blocks[:2]] == [Paragraph, Paragraph]
    assert isinstance(blocks[-1], BulletList)
    assert any("Only travel is weighed" in item for item in blocks[-1].items)
    pictures = [b for b in blocks if isinstance(b, Figure)]
    assert any("a cross marks the council's 2" in p.alt.lower() for p in pictures)
    titles = [b.table.short for b in blocks if isinstance(b, TableBlock)]
    assert titles[:5] == [
        "Hub plans side by side", "Hub plans", "Hub plans, minutes", "Hub plans, reach",
        "Hub plans, standing",
    ]  # fmt: skip
    paged = [b.table.short for b in blocks if isinstance(b, TableBlock) and b.paged]
    assert paged == ["Hub plans side by side"]


def test_the_council_s_place_is_told_and_its_edges(asked):
    council = asked.hubs.plain.council
    text = _standing_sentence(council)
    assert text.startswith(f"Among all {council.sets} ways to place two hubs, the council's own")
    assert "no rank" in _standing_sentence(replace(council, rank_mean=None))
    assert "sets that leave fewer people out" not in text
    assert "come first)" in _standing_sentence(replace(council, missed=0.1))
    broken = _standing_sentence(replace(council, within_rules=False))
    assert broken.startswith(f"It is none of the {council.sets} ways to place two hubs that keep")


def test_no_rank_in_round_numbers_comes_after_the_last(asked):
    last = replace(asked.hubs.plain.council, sets=216, rank_mean=216, rank_worst=211)
    text = _standing_sentence(last)
    assert "216th by average trip and about 210th by the worst-off area" in text


def test_weighting_that_changes_the_best_is_told(asked):
    answer = asked.hubs
    same = replace(answer, weighted=answer.plain)
    assert _leeway_sentence(same).endswith("the same set is best.")
    found = answer.plain
    other = next(s for s in found.curve.solutions.values() if s.chosen != found.best.chosen)
    alone = replace(found.near_best, table=found.near_best.table[:0])
    weighted = replace(found, best=other, near_best=alone)
    text = _leeway_sentence(replace(answer, weighted=weighted))
    assert text.endswith(f"the best set is {found.named(other.chosen)}.")
    for plain, status in ((found, "feasible"), (weighted, "usual_minutes")):  # neither is proven
        unsure = replace(plain, best=replace(plain.best, status=status))
        both = {"plain": found, "weighted": unsure} if plain is weighted else {"plain": unsure}
        text = _leeway_sentence(replace(answer, **{"weighted": weighted, **both}))
        assert text.endswith(f"the best found set is {found.named(other.chosen)}.")
    # one that is exactly as good by weight is as good a choice
    level = replace(found.near_best, table=found.near_best.table.head(1).assign(worse=0.0))
    tied = replace(answer, weighted=replace(weighted, near_best=level))
    assert _leeway_sentence(tied).endswith("the same set is best.")
    assert "counting more" not in _leeway_sentence(replace(answer, weighted=None))


def test_the_first_pages_name_the_hubs_when_they_were_asked_for(asked):
    with one_picture(laid_out=True):
        document = board_report(asked, draws=0)
    told = [document.words(b.text) for b in document.blocks if isinstance(b, Paragraph)]
    assert any(p.startswith("Family Hubs: The best two Family Hubs") for p in told)
    assert any(isinstance(b, TableBlock) and b.key == "hubs" for b in document.blocks)


def test_hubs_that_were_chosen_later_stand_only_under_what_happened_since(asked):
    """No place, plan, map or sentence of them is in the paper's own pages."""
    config = asked.study.config
    when = str(int(config.study.as_of[:4]) + 3)
    hubs = config.hubs.model_copy(update={"council_date": when})
    study = replace(asked.study, config=config.model_copy(update={"hubs": hubs}))
    with one_picture(laid_out=True):
        document = board_report(replace(asked, study=study), draws=0)
    at = next(k for k, b in enumerate(document.blocks) if getattr(b, "key", "") == "since")
    paper, since = (repr(blocks) for blocks in (document.blocks[:at], document.blocks[at:]))
    for words in (r"council's own(?! (records|use))", "A paper", "council chose", "'hub-pair'"):
        assert re.search(words, paper) is None, words
    assert "council's own" in since and "hub-pair" in since
    # where hubs would stand is no option that the paper considered
    first = repr(document.blocks[: [getattr(b, "key", "") for b in document.blocks].index("sites")])
    assert "Family Hub" not in first


def test_one_set_alone_is_not_said_to_have_no_rival_near_it(asked):
    plans = asked.hubs.plans
    main = plans.get("locality") or plans.get("freely")

    def firm(sets, near=1, out=0.0):
        choice = replace(main.choice, sets=sets, near_count=near, near_complete=True, firm=())
        made = replace(main, choice=choice, figures=replace(main.figures, unserved=out))
        return PlanFindings(replace(plans, plans=(made,)))._firm()

    assert firm(10).startswith("No other set is within")
    assert firm(1).startswith("There is no other set to choose")
    # of other people the minutes are no nearer: sets that leave more out are not compared
    assert firm(10, out=0.1).startswith("No other set that leaves as few people out is within")
    assert firm(10, near=3).startswith("Three sets are within")
    assert firm(10, near=3, out=0.1).startswith("Three sets that leave as few people out are")


def test_a_plan_that_gives_nothing_back_is_not_said_to_be_better_than_another(asked):
    plans = asked.hubs.plans
    plan = plans.get("stays")

    def notes(after):
        made = replace(plan, stays=replace(plan.stays, after=after, lost=0.0))
        return PlanFindings(replace(plans, plans=(made,))).beside_table().notes

    nearer = dict.fromkeys(plan.stays.kept, 0.0)
    assert not any("no better for it" in note for note in notes(nearer))
    assert any("plan A is no better for it than any other" in n for n in notes(plan.stays.kept))


def test_what_further_hubs_save_is_said_up_to_the_most_that_were_looked_at():
    minutes = enumerate((30.0, 20.0, 19.0, 18.0, 17.0, 16.0), start=1)
    proven = {"status": "proven_optimal"}
    solutions = {p: SimpleNamespace(objective=mean, **proven) for p, mean in minutes}
    curve = SimpleNamespace(elbow=2, solutions=solutions)
    assert bend_words(curve) == (
        "Up to two hubs each further one saves 10.0 minutes on average; beyond, up to six, "
        "1.0 minutes."
    )
    solutions[6].status = "feasible"
    assert bend_words(curve) == ""


@pytest.mark.parametrize("table", [PlanFindings.beside_table, PlanFindings.standing_table])
def test_by_what_a_plan_holds_is_said_and_nothing_of_settings_that_were_not_drawn(asked, table):
    plans = asked.hubs.plans
    drawn = " ".join(table(PlanFindings(replace(plans, draws=50))).notes)
    assert "share of 50 drawn settings" in drawn and "by what was asked of it" in drawn
    assert "drawn settings" not in " ".join(table(PlanFindings(replace(plans, draws=0))).notes)


def test_averages_that_read_alike_have_no_two_ends(asked):
    plans = asked.hubs.plans
    main = plans.get("locality") or plans.get("freely")

    def said(low, high):
        made = replace(main, held=Held(1.0, 1.0, low, high, 3))
        return PlanFindings(replace(plans, plans=(made,), draws=50))._firm()

    assert said(6.1, 6.4).endswith("nine of ten of its averages are about 6 minutes.")
    assert said(5.5, 7.5).endswith("nine of ten of its averages lie between 6 and 8 minutes.")
