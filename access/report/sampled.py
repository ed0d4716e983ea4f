"""Alternatives that are too many to list: the best with its proof, the place from a sample."""

from __future__ import annotations

import numpy as np

from access.document.document import Block, Heading, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.labels import criterion_words, trip
from access.report.findings import ProposalFindings
from access.report.robustness import robustness_blocks
from access.scenario.robustness import Robustness
from access.scenario.sampled import CONFIDENCE, SampledRanking
from access.text import figure, listed, sentence

PERCENT = ("share_beyond",)
MONEY = ("savings",)


def amount(criterion: str, value: object) -> str | None:
    """Write a criterion's value with its unit."""
    if not isinstance(value, int | float | np.number) or np.isnan(value):
        return None
    if np.isinf(value):
        return "some out of reach"
    if criterion in PERCENT:
        return f"{figure(100 * float(value), 1)}%"
    return f"£{figure(float(value))}" if criterion in MONEY else f"{figure(float(value), 1)} min"


def sampled_share(ranking: SampledRanking, criterion: str = "mean") -> tuple[str, str]:
    """Say which share of all alternatives is better: the figure, and its words."""
    row = ranking.row(criterion)
    if row["rank_high"] == 1:
        return "none", f"of {ranking.what} is better: the proposal is proven best"
    low, high = 100 * row["share_better_low"], 100 * row["share_better_high"]
    places = 1 if high >= 1 else 3
    words = f"of {ranking.what} are better than the proposal (from a sample, {CONFIDENCE:.0%} sure)"
    return f"{figure(low, places)} to {figure(high, places)}%", words


def sampled_blocks(
    found: ProposalFindings,
    ranking: SampledRanking,
    robust: Robustness | None,
    *,
    modelled: bool,
) -> list[Block]:
    """Write the appendix of one proposal among alternatives that are too many to list."""
    share, words = sampled_share(ranking)
    return [
        Paragraph(
            f"{sentence(f'by average {trip(found.mode)}, {share} {words}')} The exact place, and "
            "which alternatives no other beats on every measure, are not known: "
            f"{ranking.ways:,} are too many to list. The best was searched for, with a proof "
            f"where the table says so; {ranking.draws:,} alternatives were drawn at random."
        ),
        TableBlock(
            _standing_table(found, ranking), key=f"sampled-{found.result.key}", compact=True
        ),
        TableBlock(_near_table(found, ranking), key=f"near-{found.result.key}", compact=True),
        Heading("How firm the order is", 3),
        *robustness_blocks(found, robust, modelled=modelled),
    ]


def _standing_table(found: ProposalFindings, ranking: SampledRanking) -> Table:
    """Set the proposal beside the best on every measure, with what is known of its place."""
    rows: list[tuple[Value, ...]] = []
    for c in ranking.criteria:
        row = ranking.row(c)
        words = criterion_words(c, found.mode)
        rows.append(
            (
                f"{words[:1].upper()}{words[1:]}",
                amount(c, row.get("proposal")),
                amount(c, row["best"]),
                "yes" if row["proven"] else "no",
                listed(found.named(row["best_closed"]), none="nothing"),
                sampled_share(ranking, c)[0],
            )
        )
    return Table(
        f"{found.title}: the proposal among {ranking.what}, measure by measure",
        (
            Column("criterion", "Measure"),
            Column("own", "Proposal"),
            Column("best", "Best"),
            Column("proven", "Proven"),
            Column("closes", "The best closes", width=1.3),
            Column("share", "Better than the proposal"),
        ),
        tuple(rows),
        notes=tuple(sentence(note) for note in ranking.notes[:2]),
        short=f"Ranks, {found.title}",
    )


def _near_table(found: ProposalFindings, ranking: SampledRanking) -> Table:
    """List the ways that are best or near it."""
    rows: list[tuple[Value, ...]] = [
        (
            listed(found.named(row["closed"]), none="nothing"),
            row["why"],
            float(row["mean"]) if np.isfinite(row["mean"]) else None,
        )
        for row in ranking.table.to_dict("records")
    ]
    return Table(
        f"{found.title}: alternatives that are best, or near the best",
        (
            Column("closes", "Closes", width=2.0),
            Column("why", "Why it is here", width=1.2),
            Column("mean", "Average", "minutes", unit="min"),
        ),
        tuple(rows),
        notes=(
            "Found by the search within 1% of the best average, or best by a measure; there may "
            "be more near the best.",
        ),
        short=f"Alternatives, {found.title}",
    )
