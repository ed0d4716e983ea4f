"""Tables of who is affected: by change, threshold, group, area and protected characteristic."""

from __future__ import annotations

import pandas as pd

from access.report import sentences as say
from access.report.cells import Value
from access.report.columns import Column
from access.report.deprivation import tenths
from access.report.findings import ProposalFindings
from access.report.grouped import grouped
from access.report.tables import Table, Totals
from access.report.words import listed, sentence
from access.results import MODE_TITLES
from access.scenario.equality import equality, groups_counted
from access.scenario.figures import figure_key

_CLASSES = {
    "gain": "Less far",
    "unchanged": "No change",
    "lose_0_5": "Up to 5 minutes more",
    "lose_5_10": "5 to 10 minutes more",
    "lose_10_plus": "More than 10 minutes more",
    "newly_unreachable": "Could no longer reach any",
    "newly_reached": "Could reach one for the first time",
    "unreached_both": "Cannot reach any, before or after",
}


def classes_table(found: ProposalFindings) -> Table:
    """Count families by how much their trip changes, mode by mode.

    Parameters
    ----------
    found : ProposalFindings

    Returns
    -------
    Table
    """
    impacts = found.result.impacts
    columns = [Column("class", "Change of the trip, each way")]
    columns += [Column(m, _capital(MODE_TITLES.get(m, m)), "people") for m in impacts]
    rows = [
        (label, *(impact.summary.get(key) or 0.0 for impact in impacts.values()))
        for key, label in _CLASSES.items()
    ]
    rows = [row for k, row in enumerate(rows) if k in range(1, 5) or any(row[1:])]
    return Table(
        f"How much further: {found.noun} by the change of their trip",
        tuple(columns),
        tuple(rows),
        short=f"Change, {found.title}",
    ).with_total("All")


def within_table(found: ProposalFindings) -> Table:
    """Give the share within each threshold, before and after.

    Parameters
    ----------
    found : ProposalFindings

    Returns
    -------
    Table
    """
    impact, mode = found.impact, say.trip(found.mode)
    s = impact.summary
    limits = [(f"{t:g} minutes", f"share_within_{t:g}_min") for t in impact.within_minutes]
    limits += [(label, f"share_within_{figure_key(label)}") for label in impact.within_metres]
    rows: list[tuple[Value, ...]] = []
    for label, key in limits:
        before, after = s.get(f"{key}_before"), s.get(f"{key}_after")
        if isinstance(before, int | float) and isinstance(after, int | float):
            rows.append((label, before, after, after - before))
    return Table(
        f"Share of {found.noun} within a {mode} of the nearest {found.one}",
        (
            Column("within", "Within"),
            Column("before", "Today", "share"),
            Column("after", "After", "share"),
            Column("change", "Change", "share", unit="percentage points", signed=True),
        ),
        tuple(rows),
        notes=("The limits are presets to compare with, not legal tests.",),
        short=f"Within, {found.title}",
    )


def group_table(found: ProposalFindings, column: str, words: str, note: str = "") -> Table:
    """Give the impact group by group, with everyone last.

    Parameters
    ----------
    found : ProposalFindings
    column : str
        Of demand, as `Impact.by` takes it.
    words : str
        What the groups are.
    note : str

    Returns
    -------
    Table
    """
    frame = grouped(found.impact, column)
    s = found.impact.summary
    hidden = ("families", "further")
    columns = (
        Column("group", _capital(words)),
        Column("families", _capital(found.noun), "people"),
        Column("further", "Further to go", "people"),
        Column("share", "Share", "share", decimals=0, hidden_with=hidden),
        Column("before", "Trip today", "minutes", unit="min", hidden_with=hidden),
        Column("after", "Trip after", "minutes", unit="min", hidden_with=hidden),
        Column("change", "Rise, mean", "minutes", unit="min", signed=True, hidden_with=hidden),
        Column("ratio", "Rise against the others'", "number", unit="times", decimals=1,
               hidden_with=hidden),
    )  # fmt: skip
    rows = tuple(
        (
            str(r["group"]),
            r["families"],
            r["further"],
            _ratio(r["further"], r["families"]),
            r["mean_minutes_before"],
            r["mean_minutes_after"],
            r["mean_minutes_change"],
            r["ratio_to_others"],
        )
        for r in frame.to_dict("records")
    )
    table = Table(
        f"{found.title}: who has further to go, by {words} ({say.trip(found.mode)})",
        columns,
        rows,
        notes=(*([note] if note else []), *say.further_note(found.impact)),
        short=f"By {words}, {found.title}",
    )
    return table.with_total(
        "Everyone",
        share=_ratio(frame["further"].sum(), s["families"]),
        before=s["mean_minutes_before"],
        after=s["mean_minutes_after"],
        change=s["mean_minutes_change"],
    )


def worst_table(found: ProposalFindings, n: int = 10) -> Table:
    """Name the areas whose trip grows most.

    Parameters
    ----------
    found : ProposalFindings
    n : int

    Returns
    -------
    Table
    """
    hidden = ("families",)
    columns = (
        Column("area", "Area"),
        Column("families", _capital(found.noun), "people"),
        Column("decile", "Deprivation tenth", "number"),
        Column("from", "Nearest today"),
        Column("to", "Nearest after"),
        Column("before", "Today", "minutes", unit="min", hidden_with=hidden),
        Column("after", "After", "minutes", unit="min", hidden_with=hidden),
        Column("change", "Rise", "minutes", unit="min", hidden_with=hidden),
    )
    worst = found.impact.worst_areas(n)
    known = tenths(worst)
    rows = tuple(
        (
            say.place(pd.Series(r)),
            r["count"],
            None if known is None else known.iloc[k],
            found.names.get(r["nearest_before"], r["nearest_before"]),
            found.names.get(r["nearest_after"], r["nearest_after"]) or "none in reach",
            r["minutes_before"],
            r["minutes_after"],
            r["change_minutes"],
        )
        for k, r in enumerate(worst.to_dict("records"))
    )
    return Table(
        f"{found.title}: the areas whose {say.trip(found.mode)} grows most",
        columns,
        rows,
        short=f"Worst areas, {found.title}",
    )


def equality_table(found: ProposalFindings) -> tuple[Table | None, str]:
    """Set each equality group's rise beside everyone else's.

    Parameters
    ----------
    found : ProposalFindings

    Returns
    -------
    (Table or None, str)
        ``None`` where demand counts no group; the warning that must stand beside the table.
    """
    if not groups_counted(list(map(str, found.impact.demand.columns))):
        return None, ""
    result = equality(found.impact)
    left_out = f"not counted by area: {listed(result.left_out)}" if result.left_out else ""
    hidden = ("people",)
    columns = (
        Column("group", "Group"),
        Column("people", "In the study area", "people"),
        Column("before", "Trip today", "minutes", unit="min", hidden_with=hidden),
        Column("change", "Rise, mean", "minutes", unit="min", signed=True, hidden_with=hidden),
        Column("others", "Everyone else's rise", "minutes", unit="min", signed=True,
               hidden_with=hidden),
        Column("ratio", "Ratio", "number", unit="times", decimals=2, hidden_with=hidden),
        Column("longer", "Further to go", "share", decimals=0, hidden_with=hidden),
        Column("others_longer", "Everyone else", "share", decimals=0, hidden_with=hidden),
    )  # fmt: skip
    rows = tuple(
        (
            _capital(str(r["group"])),
            r["people"],
            r["mean_minutes_before"],
            r["mean_minutes_change"],
            r["others_mean_minutes_change"],
            r["ratio_to_others"],
            r["share_lengthened"] + r["share_newly_unreachable"],
            r["others_share_lengthened"] + r["others_share_newly_unreachable"],
        )
        for r in result.table.to_dict("records")
    )
    table = Table(
        f"{found.title}: where groups live, and how the {say.trip(found.mode)} changes there",
        columns,
        rows,
        totals=Totals.NONE,
        notes=(*filter(None, [sentence(left_out)]), *say.further_note(found.impact)),
        short=f"Equality, {found.title}",
    )
    return table, result.warning


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ratio(part: object, whole: object) -> float | None:
    if not isinstance(part, int | float) or not isinstance(whole, int | float) or not whole:
        return None
    return float(part) / float(whole)
