"""The alternatives: how they rank, why not the others, and how firm the order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from access.report import standing as stands
from access.report.alternative_tables import criteria_table, rejected_table
from access.report.asked import asked_blocks
from access.report.blocks import Block, Heading, PageBreak, Paragraph, TableBlock
from access.report.figures import rank_figures
from access.report.findings import ProposalFindings
from access.report.firmness import firmness_blocks
from access.report.hubs import hub_blocks
from access.report.requests import Request
from access.report.voice import Voice
from access.report.weights_side import weights_blocks
from access.results import StudyResults
from access.scenario.robustness import Robustness


def alternatives_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    voice: Voice,
    *,
    reasons: Mapping[tuple[str, ...], str] | None = None,
    requests: Sequence[Request] | None = None,
    robustness: Mapping[str, Robustness] | None = None,
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
    return [
        *blocks,
        Heading("Family Hubs", 2, appendix=True),
        *hub_blocks(results, voice),
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
        Paragraph(f"{stands.standing(found)} {stands.dominated(found)}"),
        *rank_figures(found, robust),
        TableBlock(criteria_table(results, found, ranking), compact=True),
        TableBlock(rejected_table(results, found, ranking, reasons), compact=True),
        Heading("Weighted and unweighted", 3),
    ]
    blocks += weights_blocks(results, found)
    blocks += [
        Heading("How firm the order is", 3),
        Paragraph(stands.near_ties(found, modelled=results.modelled)),
        *firmness_blocks(found, robust, modelled=results.modelled),
    ]
    return blocks
