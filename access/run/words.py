"""What a run found, in words that a councillor could read aloud."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from access.results import MODE_TITLES, ProposalResult, StudyResults
from access.scenario.words import count_words, list_words, named


def spoken_summary(results: StudyResults) -> str:
    """Say what every proposal does, mode by mode, then what the numbers assume.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    str
        Lines of at most 90 characters.
    """
    lines = [results.study.config.study.title, ""]
    for proposal in results.proposals.values():
        lines += _wrap(_headline(results, proposal))
        lines.append(f"    {'minutes, mean':<24}{'before':>8}{'after':>8}{'more':>8}"
                     f"{'longest':>9}{'weighted':>10}")  # fmt: skip
        for mode, impact in proposal.impacts.items():
            s = impact.summary
            lines.append(
                f"    {MODE_TITLES.get(mode, mode):<24}"
                + "".join(f"{_one(s[k]):>{w}}" for k, w in (
                    ("mean_minutes_before", 8), ("mean_minutes_after", 8),
                    ("mean_minutes_change", 8), ("max_minutes_after", 9),
                    ("weighted_mean_minutes_change", 10)))
            )  # fmt: skip
        lines += ["", *_closed_lines(results, proposal), "", *_standing(proposal), ""]
    if results.hubs is not None:
        mode = results.hubs.mode
        by = MODE_TITLES.get(mode, mode)
        lines.append(f"Family Hubs, by {by}, every family counted the same:")
        found = results.hubs.plain
        for sentence in (*found.words.splitlines(), *found.assumptions):
            lines += textwrap.wrap(sentence, 86, initial_indent="    ", subsequent_indent="      ")
        lines.append("")
    lines.append("What these numbers assume:")
    for sentence in results.assumptions:
        lines += textwrap.wrap(sentence, 88, initial_indent="  - ", subsequent_indent="    ")
    return "\n".join(lines)


def _headline(results: StudyResults, proposal: ProposalResult) -> str:
    impact = next(iter(proposal.impacts.values()))
    noun = results.study.config.services[proposal.service].noun
    s = impact.summary
    longer, total = float(s["lengthened"] or 0), float(s["families"] or 0)
    names = list_words(named(proposal.closed, results.names())) if proposal.closed else "no centre"
    text = (
        f"{proposal.title}: closes {names}. {count_words(longer).capitalize()} of "
        f"{count_words(total)} {noun} would have further to walk to their nearest centre"
    )
    extra = s["mean_minutes_change_lengthened"]
    if longer and extra is not None:
        text += f", by {float(extra):.0f} minutes on average"
    if lost := float(s["newly_unreachable"] or 0):
        text += f"; {_public_count(lost)} could no longer reach any centre"
    within = s.get("share_within_20_min_before")
    after = s.get("share_within_20_min_after")
    if within is not None and after is not None:
        text += f". Within a 20-minute walk: {float(within):.0%} today, {float(after):.0%} after"
    return text + "."


def _standing(proposal: ProposalResult) -> list[str]:
    """Say where the proposal stands among all alternatives, by the criteria people ask about."""
    if not proposal.rankings:
        return ["    Not ranked: it opens a site, or closes none."]
    mode, ranking = next(iter(proposal.rankings.items()))
    words = {"mean": "on average", "worst": "for the worst-off area",
             "weighted_mean": "with deprived families counting more"}  # fmt: skip
    places = [
        f"{ranking.place(c)} {text}"
        for c, text in words.items()
        if ranking.proposal is not None and c in ranking.criteria
    ]
    text = (
        f"Of all {len(ranking.table):,} ways to close as many, it is {list_words(places)} "
        f"({MODE_TITLES.get(mode, mode)}; 1st is best)."
    )
    return textwrap.wrap(text, 86, initial_indent="    ", subsequent_indent="      ")


def _closed_lines(results: StudyResults, proposal: ProposalResult) -> list[str]:
    impact = next(iter(proposal.impacts.values()))
    lines = []
    for row in impact.closed_sites.to_dict("records"):
        lines += textwrap.wrap(
            f"{row['name']}: {_whom(row, impact.moves)}",
            86,
            initial_indent="    ",
            subsequent_indent="      ",
        )
    return lines


def _whom(row: dict, moves: pd.DataFrame) -> str:
    if not row["families"]:
        return "nearest to nobody in this study, so its closing moves nobody."
    goes = moves[moves["from_site"] == row["site"]].sort_values(
        ["families", "to_site"], ascending=[False, True]
    )
    to = [
        f"{name or 'no centre in reach'} ({_public_count(families)})"
        for name, families in zip(goes["to_name"], goes["families"], strict=True)
    ]
    return (
        f"nearest to {_public_count(row['families'])}, who would walk "
        f"{_one(row['mean_minutes_after'])} minutes instead of "
        f"{_one(row['mean_minutes_before'])}. They would go to {list_words(to)}."
    )


def _public_count(count: float) -> str:
    """Write a count as the public may see it: below five it is not told."""
    return "fewer than 5" if 0 < count < 5 else count_words(count)


def _one(value: float | int | str | None) -> str:
    if value is None or not np.isfinite(float(value)):
        return "not known"
    return f"{float(value):.1f}"


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, 90, subsequent_indent="  ")
