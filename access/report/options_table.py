"""The options side by side: the table that a member decides from."""

from __future__ import annotations

import numpy as np

from access.report.cells import NOT_APPLICABLE, Value
from access.report.columns import Column
from access.report.deprivation import most_deprived
from access.report.findings import ProposalFindings
from access.report.options import NO_CHANGE, Option
from access.report.sentences import further_note, option_line, trip
from access.report.tables import Table
from access.scenario.words import place_of


def options_table(findings: ProposalFindings, source: str = "") -> Table:
    """Put the options of one service side by side.

    Parameters
    ----------
    findings : ProposalFindings
    source : str

    Returns
    -------
    Table
    """
    mode = trip(findings.mode)
    further = ("further",)
    columns = (
        Column("option", "Option", width=1.15),
        Column("closes", "Closes", width=1.2),
        Column("further", "Further to go", "people", note=f"{findings.noun} whose {mode} grows"),
        Column(
            "deprived",
            "Of these, most deprived fifth",
            "share",
            unit="%",
            decimals=0,
            hidden_with=further,
            note="in England's most deprived fifth of areas",
        ),
        Column(
            "extra",
            "Rise for these, mean",
            "minutes",
            unit="min",
            hidden_with=further,
            note=f"how much longer their {mode} is, each way",
        ),
        Column("worst_rise", "Rise, largest", "minutes", unit="min", hidden_with=further),
        Column(
            "mean", "Everyone, mean", "minutes", unit="min", note=f"{mode} of all {findings.noun}"
        ),
        Column("saving", "Saving a year", "money"),
        Column("rank", "Rank by mean", note="1 is the shortest average of all sets of this size"),
    )
    rows = tuple(_row(option, findings) for option in findings.options)
    s = findings.impact.summary
    return Table(
        f"{findings.title}: the options side by side ({mode} to the nearest)",
        columns,
        rows,
        notes=(
            f"{findings.noun[0].upper()}{findings.noun[1:]} in all: {s['families']:,.0f}.",
            *next((note for o in findings.options if (note := further_note(o.impact))), ()),
        ),
        source=source,
        short=f"Options, {findings.title}",
    )


def _row(option: Option, findings: ProposalFindings) -> tuple[Value, ...]:
    s = option.impact.summary
    longer = float(s["lengthened"] or 0)
    further = longer + float(s["newly_unreachable"] or 0)
    share: Value = share_in_fifth(option) if further else NOT_APPLICABLE
    mean: Value = s["mean_minutes_change_lengthened"] if longer else NOT_APPLICABLE
    most: Value = s["max_minutes_change"] if longer else NOT_APPLICABLE
    rank: Value = NOT_APPLICABLE
    if option.ranks and findings.ranking is not None:
        options = len(findings.ranking.table)
        rank = place_of(option.ranks["mean"], option.tied["mean"], options=options, others=False)
    nothing = option.name.startswith(NO_CHANGE)
    return (
        option.name,
        option_line(option, findings),
        further,
        share,
        mean,
        most,
        s["mean_minutes_after"],
        0.0 if nothing else option.savings,
        rank,
    )


def share_in_fifth(option: Option) -> float | None:
    """Give the share of those with further to go who live in the most deprived fifth.

    Parameters
    ----------
    option : Option

    Returns
    -------
    float or None
        ``None`` where deprivation is not known.
    """
    areas = option.impact.areas
    deprived = most_deprived(areas)
    if deprived is None:
        return None
    longer = areas["change_minutes"].to_numpy(float) > option.impact.tolerance_minutes
    count = np.where(longer, areas["count"].to_numpy(float), 0.0)
    return float(count[deprived].sum() / count.sum()) if count.sum() else None
