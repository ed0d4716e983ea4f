"""Who is affected: by how much, where, by deprivation and by protected characteristic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from access.report import sentences as say
from access.report.blocks import (
    Block,
    BulletList,
    Callout,
    Heading,
    PageBreak,
    Paragraph,
    TableBlock,
)
from access.report.characteristics import characteristic_points
from access.report.chart import Chart
from access.report.figures import change_figures, figure_of, group_figures
from access.report.findings import ProposalFindings
from access.report.voice import Voice
from access.report.who_tables import (
    classes_table,
    equality_table,
    group_table,
    within_table,
    worst_table,
)
from access.results import StudyResults

_GROUPINGS = (
    ("imd_decile", "deprivation tenth", "1 is the most deprived tenth of areas in England."),
    ("locality", "locality", ""),
    ("p_no_car", "households without a car", "Share of households without a car where they live."),
    ("ward", "ward", ""),
)


def who_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    voice: Voice,
    *,
    maps: Mapping[str, Chart],
) -> list[Block]:
    """Write the appendix of who is affected, each service in its own right.

    Parameters
    ----------
    results : StudyResults
    findings : sequence of ProposalFindings
    voice : Voice
    maps : mapping of str to Chart
        By proposal.

    Returns
    -------
    list of block
    """
    blocks: list[Block] = [PageBreak(), Heading("Who is affected", appendix=True, key="who")]
    for found in findings:
        blocks += _service(found, voice, maps.get(found.result.key))
    blocks += [
        Heading("Protected characteristics", 2, appendix=True),
        Paragraph(
            "The Equality Act 2010 names nine. What can be said of each, from the data given:"
        ),
        BulletList(characteristic_points(results, findings)),
    ]
    return blocks


def _service(found: ProposalFindings, voice: Voice, still: Chart | None) -> list[Block]:
    impact = found.impact
    blocks: list[Block] = [
        Heading(found.title, 2, appendix=True),
        Paragraph(say.affected(impact, found.one, voice)),
        *([figure_of(still, f"map-{found.result.key}", width=0.95)] if still else []),
        *change_figures(found, internal=voice.internal),
        TableBlock(classes_table(found)),
        TableBlock(within_table(found)),
    ]
    for column, words, note in _GROUPINGS:
        if column in impact.demand.columns:
            if column == "imd_decile":
                blocks += group_figures(found, column, internal=voice.internal)
            table = group_table(found, column, words, note)
            blocks.append(TableBlock(table, key=f"by-{column}-{found.result.key}", compact=True))
    blocks.append(TableBlock(worst_table(found), compact=True))
    by_group, warning = equality_table(found)
    if by_group is None:
        return [*blocks, Paragraph("No counts of equality groups by area were given.")]
    care = Callout("warning", "These are areas, not people", (warning,))
    told = BulletList(tuple(say.group_rises(by_group)))
    return [*blocks, TableBlock(by_group, compact=True), *([told] if told.items else []), care]
