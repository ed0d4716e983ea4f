"""Tables of the alternatives: measure by measure, and what each gives and takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from access.report import sentences as say
from access.report.cells import Value, figure
from access.report.columns import Column
from access.report.findings import ProposalFindings
from access.report.options import best_kept
from access.report.tables import Table
from access.report.words import listed, number, sentence
from access.results import StudyResults
from access.scenario import Ranking
from access.scenario.words import place_of

SHOWN = 8
_PERCENT = ("share_beyond",)
_MONEY = ("savings",)
SHORT = {
    "mean": "average",
    "weighted_mean": "weighted average",
    "p90": "nine in ten within",
    "worst": "longest",
    "share_beyond": "beyond {threshold:g} min",
    "gap": "gap by deprivation",
    "savings": "saving",
}


def criteria_table(results: StudyResults, found: ProposalFindings, ranking: Ranking) -> Table:
    """Set the proposal beside the best option on every criterion.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings
    ranking : Ranking

    Returns
    -------
    Table
    """
    p: dict[str, Any] = ranking.proposal or {}
    threshold = results.study.config.measures.threshold_minutes
    rows: list[tuple[Value, ...]] = []
    for c in ranking.criteria:
        kept, level = best_kept(ranking, c)
        closed = found.named([i for i in found.result.before if i not in kept])
        best = ranking.table[c][ranking.table[f"rank_{c}"] == 1].iloc[0]
        closes = listed(closed, none="nothing")
        if level > 1:
            closes += f", and {number(level - 1, 'other')} as good"
        rows.append(
            (
                _capital(say.criterion_words(c, found.mode, threshold)),
                amount(c, p.get(c)),
                place_of(p.get(f"rank_{c}"), found.tied(c), options=len(ranking.table)),
                amount(c, best),
                closes,
                p.get(f"near_ties_1pct_{c}"),
                p.get(f"near_ties_5pct_{c}"),
            )
        )
    return Table(
        f"{found.title}: the proposal among {ranking.what}, measure by measure",
        (
            Column("criterion", "Measure"),
            Column("own", "Proposal"),
            Column("rank", "Its place"),
            Column("best", "Best"),
            Column("closes", "The best closes", width=1.3),
            Column("near1", "Others within 1% of best", "number"),
            Column("near5", "Within 5%", "number"),
        ),
        tuple(rows),
        notes=tuple(
            sentence(note) for note in ranking.notes if "left out" in note or "gap:" in note
        ),
        short=f"Ranks, {found.title}",
    )


def rejected_table(
    results: StudyResults,
    found: ProposalFindings,
    ranking: Ranking,
    reasons: Mapping[tuple[str, ...], str],
) -> Table:
    """List the strongest alternatives, what each gives and takes, and why it is not proposed.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings
    ranking : Ranking
    reasons : mapping of tuple of str to str
        By the ids closed, sorted.

    Returns
    -------
    Table
        Options best on a measure first, then those on the front, best mean first.
    """
    p: dict[str, Any] = ranking.proposal or {}
    own = tuple(sorted(p.get("closed", ())))
    rows: list[tuple[Value, ...]] = []
    for _, row in strongest(ranking).iterrows():
        closed = tuple(sorted(row["closed"]))
        if closed == own or len(rows) == SHOWN:
            continue
        gaps = [_gap(row[c], p.get(c)) for c in ranking.criteria]
        wins = sum(_better(c, g) for c, g in zip(ranking.criteria, gaps, strict=True))
        rows.append(
            (
                listed(found.named(closed), none="nothing"),
                f"{wins} of {len(gaps)}",
                *gaps,
                reasons.get(closed, "not given"),
            )
        )
    threshold = results.study.config.measures.threshold_minutes
    measures = [
        Column(
            c,
            _capital(SHORT.get(c, c).format(threshold=threshold)),
            "share" if c in _PERCENT else "money" if c in _MONEY else "minutes",
            unit="% points" if c in _PERCENT else "£" if c in _MONEY else "min",
            signed=True,
        )
        for c in ranking.criteria
    ]
    return Table(
        f"{found.title}: alternatives that are not proposed, and what each gives and takes",
        (
            Column("closes", "Closes"),
            Column("wins", "Better on"),
            *measures,
            Column("reason", "The council's reason", width=0.6),
        ),
        tuple(rows),
        notes=(
            "Differences from the proposal; below zero is better than the proposal. These are the "
            f"{number(len(rows), 'option')} best on a measure or beaten by none on all of them, of "
            f"{len(ranking.table):,}. No change is in the options side by side.",
        ),
        short=f"Alternatives, {found.title}",
    )


def strongest(ranking: Ranking) -> pd.DataFrame:
    """Give the options best on a measure, then the others on the front by mean.

    Parameters
    ----------
    ranking : Ranking

    Returns
    -------
    DataFrame
        Rows of `Ranking.table`, each once.
    """
    table = ranking.table
    picked: list[int] = []
    for c in ranking.criteria:
        kept, _ = best_kept(ranking, c)
        picked += [k for k, other in enumerate(table["kept"]) if tuple(sorted(other)) == kept]
    front = table.reset_index(drop=True)
    front = front[front["on_front"]].sort_values(ranking.criteria[0], kind="stable")
    picked += front.index.tolist()
    return table.iloc[list(dict.fromkeys(picked))]


def _gap(value: float, own: float | None) -> float | None:
    """Take a proposal's value from an option's, where both have one."""
    if own is None or not np.isfinite(value):
        return None
    gap = float(value) - float(own)
    return 0.0 if abs(gap) < 1e-9 else gap


def _better(criterion: str, gap: float | None) -> bool:
    if gap is None:
        return False
    return gap > 0 if criterion in _MONEY else gap < 0


def amount(criterion: str, value: object) -> str | None:
    """Write a criterion's value with its unit.

    Parameters
    ----------
    criterion : str
    value : object

    Returns
    -------
    str or None
        ``None`` where not known.

    Examples
    --------
    >>> amount("mean", 31.17), amount("share_beyond", 0.61), amount("savings", 498000.0)
    ('31.2 min', '61.0%', '£498,000')
    >>> amount("mean", float("inf"))
    'some out of reach'
    """
    if not isinstance(value, int | float | np.number) or np.isnan(value):
        return None
    if np.isinf(value):
        return "some out of reach"
    if criterion in _PERCENT:
        return f"{figure(100 * float(value), 1)}%"
    return f"£{figure(float(value))}" if criterion in _MONEY else f"{figure(float(value), 1)} min"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
