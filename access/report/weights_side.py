"""Weighted beside unweighted, with the weight at which the best choice changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from access.errors import ParameterError, ScenarioError
from access.report import sentences as say
from access.report.blocks import Block, Paragraph, TableBlock
from access.report.cells import NOT_APPLICABLE, Value
from access.report.columns import Column
from access.report.findings import ProposalFindings
from access.report.tables import Table
from access.report.words import listed, sentence
from access.results import StudyResults
from access.scenario.switching import switching_values, weights_side_by_side
from access.scenario.words import place_of

_WEIGHTS = {"none": "Unweighted", "linear": "Weighted by deprivation", "green_book": "Green Book"}


def weights_blocks(results: StudyResults, found: ProposalFindings) -> list[Block]:
    """Set the choice under each weight side by side, with the weight at which it changes.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings

    Returns
    -------
    list of block
    """
    study, result = results.study, found.result
    common: dict[str, Any] = {
        "keep": len(result.after),
        "demand": study.demand(result.service),
        "proposal": result.after,
        "sites": result.before,
        "national_areas": study.config.weights.national_areas,
        **study.rules(result.service),
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
            _place(r, found),
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
            short=f"Weights, {found.title}",
        ),
        compact=True,
    )
    return [block, Paragraph(_switching(results, found, matrix, common))]


def _place(row: Mapping[Any, Any], found: ProposalFindings) -> Value:
    if "proposal_rank" not in row or found.ranking is None:
        return NOT_APPLICABLE
    options = len(found.ranking.table)
    rank, tied = int(row["proposal_rank"]), int(row["proposal_tied"])
    return place_of(rank, tied, options=options, others=False)


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
