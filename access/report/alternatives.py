"""The alternatives: how they rank, why not the others, and how firm the order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError, ScenarioError
from access.report import sentences as say
from access.report.asked import asked_blocks
from access.report.blocks import Block, Heading, PageBreak, Paragraph, TableBlock
from access.report.cells import NOT_APPLICABLE, Value, figure
from access.report.columns import Column
from access.report.figures import rank_figures
from access.report.findings import ProposalFindings, best_kept
from access.report.firmness import firmness_blocks
from access.report.hubs import HubAnswer, hub_blocks
from access.report.requests import Request
from access.report.tables import Table
from access.report.words import Voice, listed, number, place_of, sentence
from access.results import StudyResults
from access.scenario import Ranking
from access.scenario.robustness import Robustness
from access.scenario.switching import switching_values, weights_side_by_side

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
_WEIGHTS = {"none": "Unweighted", "linear": "Weighted by deprivation", "green_book": "Green Book"}


def alternatives_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    voice: Voice,
    *,
    reasons: Mapping[tuple[str, ...], str] | None = None,
    requests: Sequence[Request] | None = None,
    robustness: Mapping[str, Robustness] | None = None,
    hubs: Sequence[HubAnswer] | None = None,
) -> list[Block]:
    """Write the appendix of alternatives.

    Parameters
    ----------
    results : StudyResults
    findings : sequence of ProposalFindings
    voice : Voice
    reasons : mapping of tuple of str to str, optional
        Why the council does not take an option, by the ids it closes, sorted.
    requests : sequence of Request, optional
        What consultees asked for.
    robustness : mapping of str to Robustness, optional
        By proposal.
    hubs : sequence of HubAnswer, optional
        The best set for each number of Family Hubs.

    Returns
    -------
    list of block
    """
    blocks: list[Block] = [
        PageBreak(),
        Heading("Alternatives, and how firm their order is", appendix=True, key="alternatives"),
    ]
    for found in findings:
        robust = (robustness or {}).get(found.result.key)
        blocks.append(Heading(found.title, 2, appendix=True))
        blocks += _service(results, found, reasons or {}, robust)
    first = findings[0]
    return [
        *blocks,
        Heading("Family Hubs", 2, appendix=True),
        *hub_blocks(results, hubs, first.names, first.mode, voice),
        Heading("What consultees asked for", 2, appendix=True),
        *asked_blocks(results, findings, voice, requests),
    ]


def _service(
    results: StudyResults,
    found: ProposalFindings,
    reasons: Mapping[tuple[str, ...], str],
    robust: Robustness | None,
) -> list[Block]:
    ranking = found.ranking
    if ranking is None:
        return [
            Paragraph(
                "The proposal opens a site or closes none, so there is no list of all alternatives "
                "of the same size to set it among."
            )
        ]
    if found.standing is None:
        return [Paragraph("There is no other set of this size to compare the proposal with.")]
    blocks: list[Block] = [
        Paragraph(f"{say.standing(found)} {say.dominated(found)}"),
        *rank_figures(found, robust),
        TableBlock(criteria_table(results, found, ranking), compact=True),
        TableBlock(rejected_table(results, found, ranking, reasons), compact=True),
        Heading("Weighted and unweighted", 3),
    ]
    blocks += _weights(results, found)
    blocks += [
        Heading("How firm the order is", 3),
        Paragraph(say.near_ties(found, modelled=results.modelled)),
        *firmness_blocks(found, robust, modelled=results.modelled),
    ]
    return blocks


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
                place_of(p.get(f"rank_{c}"), len(ranking.table), found.tied(c)),
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
        short=f"{found.title} ranks",
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
        short=f"{found.title} alternatives",
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


def _weights(results: StudyResults, found: ProposalFindings) -> list[Block]:
    """Set the choice under each weight side by side, with the weight at which it changes."""
    study, result = results.study, found.result
    common: dict[str, Any] = {
        "keep": len(result.after),
        "demand": study.demand(result.service),
        "proposal": result.after,
        "sites": result.before,
        "national_areas": study.config.weights.national_areas,
    }
    matrix = results.matrices[found.mode]
    try:
        table = weights_side_by_side(matrix, lam=study.config.weights.lam, **common)
    except (ParameterError, ScenarioError) as error:
        return [Paragraph(f"The weights cannot be set side by side: {error.message}.")]
    rows = tuple(
        (
            _WEIGHTS.get(r["weights"], r["weights"]),
            listed(found.named(r["best_closed"]), none="nothing"),
            r["best_mean"],
            r.get("proposal_mean", NOT_APPLICABLE),
            _place(r.get("proposal_rank"), found),
        )
        for r in table.to_dict("records")
    )
    block = TableBlock(
        Table(
            f"{found.title}: the best set and the proposal under each weight "
            f"({say.trip(found.mode)})",
            (
                Column("weights", "Weight"),
                Column("closes", "The best closes", width=1.3),
                Column("best", "Its mean", "minutes", unit="min"),
                Column("own", "Proposal's mean", "minutes", unit="min"),
                Column("rank", "Proposal's place"),
            ),
            rows,
            notes=tuple(sentence(str(note)) for note in table["note"]),
            short=f"{found.title} weights",
        ),
        compact=True,
    )
    return [block, Paragraph(_switching(results, found, matrix, common))]


def _place(rank: object, found: ProposalFindings) -> Value:
    if not isinstance(rank, int | float) or found.ranking is None:
        return NOT_APPLICABLE
    return place_of(int(rank), len(found.ranking.table))


def _switching(
    results: StudyResults, found: ProposalFindings, matrix: Any, common: Mapping[str, Any]
) -> str:
    """Say at which weight of deprivation the best choice changes."""
    if "imd_rank" not in common["demand"].columns:
        return "Ranks of deprivation were not given, so no weight at which the choice changes."
    try:
        switching = switching_values(matrix, **common)
    except (ParameterError, ScenarioError) as error:
        return f"The weight at which the choice changes cannot be given: {error.message}."
    closed = [listed(found.named(ids), none="nothing") for ids in switching.table["closed"]]
    changes = switching.table["lam_from"].tolist()[1:]
    if not changes:
        return sentence(
            f"however much deprivation counts, closing {closed[0]} has the shortest weighted mean: "
            "the best choice never changes"
        )
    steps = [
        f"beyond {1 + lam:.2f} times, closing {names}"
        for lam, names in zip(changes, closed[1:], strict=True)
    ]
    return sentence(
        f"switching value: with all {found.noun} counting alike, closing {closed[0]} is best. "
        "It changes with how much one in England's most deprived area counts for one in its "
        f"least: {'; '.join(steps)}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
