"""What consultees asked for, and what came out of it."""

from __future__ import annotations

from collections.abc import Sequence

from access.report.blocks import Block, Paragraph, TableBlock
from access.report.cells import Value
from access.report.columns import Column
from access.report.findings import ProposalFindings
from access.report.options import option
from access.report.requests import Request
from access.report.sentences import further_note, trip
from access.report.tables import Table
from access.report.voice import Voice
from access.report.words import listed, number, sentence
from access.results import StudyResults
from access.scenario.words import place_of


def asked_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    voice: Voice,
    requests: Sequence[Request] | None,
) -> list[Block]:
    """List the options in the explorer's log with the outcome of each.

    Parameters
    ----------
    results : StudyResults
    findings : sequence of ProposalFindings
    voice : Voice
    requests : sequence of Request or None
        ``None`` where no log was given.

    Returns
    -------
    list of block
    """
    if requests is None:
        return [Paragraph("No log of options tried at consultation events was given.")]
    if not requests:
        return [Paragraph("The log of the consultation events holds no option.")]
    blocks: list[Block] = [
        Paragraph(
            sentence(
                f"{number(len(requests), 'option was', 'options were')} noted; the names and "
                "reasons are as typed by those who asked"
            )
        )
    ]
    for found in findings:
        table = asked_table(results, found, requests)
        if table.rows:
            blocks.append(TableBlock(table, key=f"asked-{found.result.key}", compact=True))
        else:
            none = f"no option in the log changes which {found.title} stay"
            blocks.append(Paragraph(sentence(none)))
    return blocks


def asked_table(
    results: StudyResults, found: ProposalFindings, requests: Sequence[Request]
) -> Table:
    """Measure every option that consultees asked for, for one service.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings
    requests : sequence of Request

    Returns
    -------
    Table
        Options that leave the service as it is are not in it; ids that are not known are named.
    """
    rows: list[tuple[Value, ...]] = []
    notes: tuple[str, ...] = ()
    columns = set(results.matrices[found.mode].site_ids)
    before = set(found.result.before)
    kind = dict(zip(results.sites["id"], results.sites["kind"], strict=True))
    for request in requests:
        closed = before & set(request.close)
        opened = {i for i in request.open if i in columns and kind.get(i) != "centre"}
        unknown = sorted((set(request.close) | set(request.open)) - columns)
        if not closed and not opened and not unknown:
            continue
        kept = sorted((before - closed) | opened)
        if not kept or unknown:
            why = "closes every site" if not kept else f"unknown sites: {listed(unknown)}"
            rows.append((request.name, request.reason or "none given", why, *[None] * 4))
            continue
        made = option(results, found.result, found.ranking, found.mode, request.name, kept)
        s = made.impact.summary
        notes = further_note(made.impact) or notes
        changes = [f"closes {listed(found.named(made.closed))}"] if closed else []
        changes += [f"opens {listed(found.named(sorted(opened)))}"] if opened else []
        place = "of another size, so not ranked"
        if made.ranks and found.ranking is not None:
            total = len(found.ranking.table)
            place = place_of(made.ranks["mean"], made.tied["mean"], options=total, others=False)
        rows.append(
            (
                request.name,
                request.reason or "none given",
                "; ".join(changes),
                float(s["lengthened"] or 0) + float(s["newly_unreachable"] or 0),
                s["mean_minutes_change"],
                s["max_minutes_change"],
                place,
            )
        )
    return Table(
        f"{found.title}: options that consultees asked for, and what came out ({trip(found.mode)})",
        (
            Column("name", "Option"),
            Column("reason", "Reason given", width=1.2),
            Column("changes", "What it changes", width=1.2),
            Column("further", "Further to go", "people"),
            Column("mean", "Everyone's rise", "minutes", unit="min", signed=True),
            Column("most", "Largest rise", "minutes", unit="min", hidden_with=("further",)),
            Column("rank", "Place by mean"),
        ),
        tuple(rows),
        notes=notes,
        short=f"Asked for, {found.title}",
    )
