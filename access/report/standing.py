"""Sentences on where a proposal stands among all alternatives."""

from __future__ import annotations

from collections.abc import Sequence

from access.report.findings import ProposalFindings
from access.report.options import best_kept
from access.report.sentences import criterion_words, trip
from access.report.voice import Voice
from access.report.words import listed, number, sentence
from access.scenario.words import place_of


def standing(findings: ProposalFindings, criteria: Sequence[str] = ()) -> str:
    """Say where the proposal stands among all options.

    Parameters
    ----------
    findings : ProposalFindings
    criteria : sequence of str
        Those that are named; the first few of the ranking when not given.

    Returns
    -------
    str
        Empty where there is nothing to stand among.
    """
    ranking, p = findings.ranking, findings.standing
    if p is None or ranking is None:
        return ""
    options = len(ranking.table)
    named = [c for c in (criteria or ranking.criteria) if c in ranking.criteria]
    places = [
        f"{place_of(p[f'rank_{c}'], findings.tied(c), options=options, of=False)} by "
        f"{criterion_words(c, findings.mode)}"
        for c in named
    ]
    return sentence(f"of {ranking.what}, the proposal is {listed(places)}")


def better(findings: ProposalFindings, voice: Voice) -> str:
    """Say what the best set on average closes, and by how much it is better.

    Parameters
    ----------
    findings : ProposalFindings
    voice : Voice

    Returns
    -------
    str
    """
    ranking, p = findings.ranking, findings.standing
    if p is None or ranking is None:
        return ""
    mode = trip(findings.mode)
    if p["rank_mean"] == 1:
        text = f"no other set has a shorter {mode} on average"
        return sentence(text)
    kept, _ = best_kept(ranking, "mean")
    before = findings.result.before
    closed = listed(findings.named([i for i in before if i not in kept]), none="nothing")
    regret = p["regret_mean"]
    if regret is None:
        return sentence(f"closing {closed} instead would leave nobody out of reach")
    text = (
        f"closing {closed} instead would make everyone's average {mode} {_shorter(regret, voice)}"
    )
    return sentence(f"{text} than the proposal does")


def _shorter(minutes: float, voice: Voice) -> str:
    return f"{voice.minutes(minutes)} shorter"


def dominated(findings: ProposalFindings) -> str:
    """Say how many options are as good on every measure and better on one.

    Parameters
    ----------
    findings : ProposalFindings

    Returns
    -------
    str
    """
    p = findings.standing
    if p is None or findings.ranking is None:
        return ""
    count = int(p["dominated_by"])
    measures = number(len(findings.ranking.criteria), "measure")
    if count == 0:
        return sentence(
            f"no other option is at least as good on all {measures} and better on one: "
            "every alternative gives something up"
        )
    verb = "is" if count == 1 else "are"
    return sentence(
        f"{number(count, 'option')} {verb} at least as good on all {measures} and better on at "
        "least one"
    )


def near_ties(findings: ProposalFindings, *, modelled: bool) -> str:
    """Say how many options are so close to the best that better data could turn them round.

    Parameters
    ----------
    findings : ProposalFindings
    modelled : bool
        The streets are modelled, and wrong by more than the difference.

    Returns
    -------
    str
    """
    p = findings.standing
    if p is None:
        return ""
    close = int(p["near_ties_5pct_mean"])
    if close == 0:
        return sentence("no other set comes within 5% of the best on average")
    own = "; the proposal is one of them" if p["within_5pct_mean"] else ""
    if p["rank_mean"] == 1:
        own = "; the proposal is the best itself"
    return sentence(
        f"{number(close, 'other set comes', 'other sets come')} within 5% of the best on average"
        + (", closer than modelled streets can tell" if modelled else "")
        + own
    )
