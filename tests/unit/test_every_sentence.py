"""No sentence is written that nothing holds to account: each is named here, with what holds it."""

from __future__ import annotations

import ast
from pathlib import Path

import access

PACKAGE = Path(access.__file__).parent
TESTS = Path(__file__).parents[1]
RANDOM, MORE, HUBS, ANY = (
    f"property/test_{name}.py" for name in ("claims", "more_claims", "hub_claims", "any_study")
)
#: Where each function that makes a sentence with figures is held to an independent computation.
HELD = {
    "analysis/headline.py BesideHeadline.words": ANY,
    "analysis/headline.py BesideHeadline.neighbours_rank_words": ANY,
    "analysis/headline.py BesideHeadline.neighbours_words": ANY,
    "analysis/headline.py BesideHeadline.on_foot_words": ANY,
    "analysis/headline.py BesideHeadline.walk_words": ANY,
    "analysis/headline.py _walk_words": ANY,
    "analysis/places.py Isochrones.sentence": "unit/test_places.py",
    "analysis/places.py Path.sentence": "unit/test_places.py",
    "analysis/places.py Within.sentence": "unit/test_places.py",
    "analysis/results.py ProposalResult.stays_words": ANY,
    "charts/results.py _change_title": RANDOM,
    "charts/results.py _further_title": RANDOM,
    "charts/results.py _group_title": RANDOM,
    "charts/results.py _front_words": RANDOM,
    "charts/results.py joint_best_words": RANDOM,
    "notebook/place_views.py TodayAnswer.sentence": MORE,
    "report/alternatives.py _StandingWords.dominated": RANDOM,
    "report/alternatives.py _StandingWords.on_foot": RANDOM,
    "report/alternatives.py _StandingWords.place": RANDOM,
    "report/alternatives.py _strongest_words": RANDOM,
    "report/alternatives.py _StandingWords.better": RANDOM,
    "report/alternatives.py _StandingWords.near_ties": RANDOM,
    "report/findings.py ProposalFindings.most_deprived_fifth": RANDOM,
    "report/summary.py _key_figures": RANDOM,
    "report/summary.py _size": MORE,
    "report/summary.py _wards": RANDOM,
    "report/bus.py BusFindings.none_sentence": MORE,
    "report/hub_plans.py PlanFindings._added": HUBS,
    "report/hub_plans.py PlanFindings._asked": HUBS,
    "report/hubs.py _back_sentence": HUBS,
    "report/hub_plans.py PlanFindings._back": HUBS,
    "report/hubs.py _best_sentence": HUBS,
    "report/hub_plans.py PlanFindings.council": HUBS,
    "report/hub_plans.py PlanFindings._firm": HUBS,
    "report/hubs.py _hub_sentence": HUBS,
    "report/hubs.py _leeway_sentence": HUBS,
    "report/hub_plans.py PlanFindings._nothing_added": HUBS,
    "report/hub_plans.py PlanFindings._room": HUBS,
    "report/hubs.py _standing_sentence": HUBS,
    "report/hub_plans.py PlanFindings._stays": HUBS,
    "report/hubs.py council_told": HUBS,
    "report/hub_plans.py PlanFindings.pair_words": HUBS,
    "report/hub_plans.py PlanFindings.words": HUBS,
    "report/paper.py _harm": RANDOM,
    "report/paper.py _package_sentence": MORE,
    "report/paper.py _proposal_belief": RANDOM,
    "report/paper.py _room_risk": RANDOM,
    "report/robustness.py _firm_sentence": RANDOM,
    "report/robustness.py _switching": MORE,
    "report/findings.py ImpactWords.affected": RANDOM,
    "report/summary.py _fifth_and_others": RANDOM,
    "report/findings.py _every_mode": RANDOM,
    "report/findings.py ImpactWords.furthest": RANDOM,
    "report/people.py _group_rises": MORE,
    "report/findings.py ImpactWords.most_added": RANDOM,
    "report/findings.py ImpactWords.week": MORE,
    "run/summary.py _headline": ANY,
    "run/summary.py _place_words": ANY,
    "run/summary.py _standing": ANY,
    "run/summary.py _whom": ANY,
    "scenario/users.py Equality.sentence": MORE,
    "scenario/impact.py Impact._mean_words": RANDOM,
    "scenario/impact.py Impact._week": MORE,
    "scenario/impact.py Impact._who_gains_and_loses": RANDOM,
    "scenario/impact.py Impact.sentence": RANDOM,
    "scenario/offer.py OfferChange.sentence": MORE,
    "scenario/ranking.py Ranking._against_the_best": RANDOM,
    "scenario/ranking.py Ranking._beaten_words": RANDOM,
    "scenario/ranking.py Ranking._best_words": RANDOM,
    "scenario/ranking.py Ranking.sentence": RANDOM,
    "scenario/robustness.py Robustness.often_best": RANDOM,
    "scenario/robustness.py Robustness.sentence": RANDOM,
    "scenario/sampled.py SampledRanking.sentence": MORE,
    "scenario/scenario.py Money.sentence": MORE,
    "scenario/switching.py Switching._plain_sentence": MORE,
    "scenario/switching.py Switching.sentence": MORE,
    "scenario/users.py Attendance.sentence": MORE,
    "scenario/users.py TakeUpChange.sentence": MORE,
    "siting/hubs.py HubSearch._best_words": HUBS,
    "siting/hubs.py HubSearch._council_words": HUBS,
    "siting/hubs.py HubSearch._near_words": HUBS,
    "siting/hubs.py HubSearch._unserved_words": HUBS,
    "siting/hubs.py HubSearch.words": HUBS,
    "siting/hubs.py bend_words": HUBS,
}
#: Those that pass on what another says, or tell settings and files and no finding.
NO_FINDING = {
    "analysis/bus.py BusTimes.rule_sentences": "settings and the timetable's own audit",
    "analysis/anew.py _speeds_sentence": "settings",
    "notebook/tables.py StreetsAnswer.sentence": "which file is read",
    "notebook/place_views.py HubView.sentence": "passes on HubSearch.words",
    "notebook/reach_views.py _BusAnswer.sentence": "passes on BusFindings.none_sentence",
    "notebook/tables.py _View.sentence": "passes on what was found",
    "report/summary.py _first_sentences": "cuts a text",
    "report/findings.py _joined": "joins names",
    "run/write.py _Replay.sentence": "counts files, in its own tests",
    "study/study.py Study.sentence": "counts rows, in its own tests",
}


def _sayers(path: Path) -> list[str]:
    """Name the functions of a file that make a sentence."""
    found: list[str] = []

    def look(node: ast.AST, inside: tuple[str, ...]) -> None:
        for n in getattr(node, "body", []):
            if isinstance(n, ast.ClassDef):
                look(n, (*inside, n.name))
            elif isinstance(n, ast.FunctionDef):
                gives = ast.unparse(n.returns) if n.returns else ""
                told = n.name == "sentence" or n.name.endswith(("_sentence", "_sentences"))
                if told or "Said" in gives:
                    found.append(".".join((*inside, n.name)))

    source = path.read_text(encoding="utf-8")
    if "sentence" in source or "Said" in source:  # else there is nothing to find: few files are
        look(ast.parse(source), ())
    return found


def test_every_sentence_is_held_by_a_test():
    here = {
        f"{path.relative_to(PACKAGE).as_posix()} {name}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in ("maps", "text.py")
        for name in _sayers(path)
    }
    assert here == set(HELD) | set(NO_FINDING)


def test_what_holds_a_sentence_is_there():
    assert all((TESTS / file).exists() for file in HELD.values())
