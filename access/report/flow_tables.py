"""Tables of who leaves which site for which other, linked so that none gives another away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from access.measure.distribution import weighted_mean
from access.report.columns import Column
from access.report.deprivation import most_deprived
from access.report.findings import ProposalFindings
from access.report.linked import hidden_moves
from access.report.sentences import trip
from access.report.tables import Table
from access.scenario import Impact


def closed_table(found: ProposalFindings) -> Table:
    """Set the sites of one service that would close side by side.

    Parameters
    ----------
    found : ProposalFindings

    Returns
    -------
    Table
    """
    hidden, impact = ("families",), found.impact
    columns = (
        Column("site", "Site"),
        Column("families", "Nearest to", "people", note=f"{found.noun} nearest to it today"),
        Column("before", "Trip today", "minutes", unit="min", hidden_with=hidden),
        Column("after", "Trip after", "minutes", unit="min", hidden_with=hidden),
        Column("extra", "Rise, mean", "minutes", unit="min", hidden_with=hidden),
        Column("worst", "Rise, largest", "minutes", unit="min", hidden_with=hidden),
        Column("deprived", "In most deprived fifth", "share", decimals=0, hidden_with=hidden),
        Column("no_car", "Households without a car", "share", decimals=0, hidden_with=hidden),
    )
    rows = []
    for row in impact.closed_sites.to_dict("records"):
        own = own_areas(impact, row["site"])
        rows.append(
            (
                found.names.get(row["site"], row["name"]),
                row["families"],
                row["mean_minutes_before"],
                row["mean_minutes_after"],
                row["mean_extra_minutes"],
                row["max_extra_minutes"],
                deprived_share(own),
                mean_of(own, "p_no_car"),
            )
        )
    linked = hidden_moves(impact).leaving
    also = {(k, "families") for k, i in enumerate(impact.closed_sites["site"]) if i in linked}
    return Table(
        f"{found.title} that would close, and who is nearest to them ({found.noun}, "
        f"{trip(found.mode)})",
        columns,
        tuple(rows),
        also_hidden=frozenset(also),
        short=f"Closing, {found.title}",
    ).with_total()


def own_areas(impact: Impact, site: str) -> pd.DataFrame:
    """Give the areas with families to whom a site is nearest today.

    Parameters
    ----------
    impact : Impact
    site : str

    Returns
    -------
    DataFrame
        Rows of `Impact.areas`.
    """
    areas = impact.areas
    return areas[(areas["nearest_before"] == site) & (areas["count"] > 0)]


def deprived_share(areas: pd.DataFrame) -> float | None:
    """Give the share of families in England's most deprived fifth of areas.

    Parameters
    ----------
    areas : DataFrame
        With ``count`` and ``imd_decile``.

    Returns
    -------
    float or None
        ``None`` where deprivation is not known, or there are no families.

    Examples
    --------
    >>> deprived_share(pd.DataFrame({"count": [30.0, 10.0], "imd_decile": [2, 3]}))
    0.75
    """
    deprived = most_deprived(areas)
    if deprived is None or not areas["count"].sum():
        return None
    return float(areas.loc[deprived, "count"].sum() / areas["count"].sum())


def mean_of(areas: pd.DataFrame, column: str) -> float | None:
    """Average a column over families.

    Parameters
    ----------
    areas : DataFrame
        With ``count``.
    column : str

    Returns
    -------
    float or None
        ``None`` where there is no such column, or nobody to average over.
    """
    if column not in areas:
        return None
    values = pd.to_numeric(areas[column], errors="coerce").to_numpy(float)
    mean = weighted_mean(np.where(np.isnan(values), np.inf, values), areas["count"])
    return None if np.isnan(mean) else mean


def moves_table(found: ProposalFindings, site: str, name: str) -> Table:
    """Say where the families of a closing site would go, and what that adds there.

    Parameters
    ----------
    found : ProposalFindings
    site, name : str

    Returns
    -------
    Table
    """
    impact = found.impact
    moves = impact.moves[impact.moves["from_site"] == site]
    moves = moves.sort_values(["families", "to_site"], ascending=[False, True])
    hidden = ("families",)
    linked = hidden_moves(impact)
    columns = (
        Column("to", "Would go to"),
        Column("families", "From here", "people", note=f"{found.noun} nearest to {name} today"),
        Column("rise", "Rise, mean", "minutes", unit="min", hidden_with=hidden),
        Column("most", "Rise, largest", "minutes", unit="min", hidden_with=hidden),
    )
    rows = tuple(
        (found.names.get(to, to) if to else "no site in reach", families, rise, most)
        for to, families, rise, most in moves[
            ["to_site", "families", "mean_extra_minutes", "max_extra_minutes"]
        ].itertuples(index=False)
    )
    also = {(r, "families") for r, to in enumerate(moves["to_site"]) if (site, to) in linked.pairs}
    also |= {(-1, "families")} if site in linked.leaving else set()
    return Table(
        f"Where those nearest to {name} would go ({found.noun}, {trip(found.mode)})",
        columns,
        rows,
        short=f"{name} moves",
        also_hidden=frozenset(also),
    ).with_total()


def receiving_table(found: ProposalFindings) -> Table:
    """Say what the remaining sites of one service would take on.

    Parameters
    ----------
    found : ProposalFindings

    Returns
    -------
    Table
    """
    frame = found.impact.receiving_sites
    frame = frame.sort_values(["families_added", "site"], ascending=[False, True])
    linked = hidden_moves(found.impact)
    rows = tuple(
        (found.names.get(r["site"], r["name"]), r["families_before"], r["families_added"],
         r["families_after"], r["capacity"], r["share_over_capacity"])
        for r in frame.to_dict("records")
    )  # fmt: skip
    columns = (
        Column("site", "Site"),
        Column("today", "Nearest to today", "people", adds=False),
        Column("added", "Added", "people"),
        Column("after", "Nearest to after", "people", adds=False),
        Column("capacity", "Capacity"),
        Column("over", "Over capacity", "share", decimals=0, hidden_with=("after",)),
    )
    also = {(k, "added") for k, site in enumerate(frame["site"]) if site in linked.arriving}
    return Table(
        f"What the {found.title} that stay would take on ({found.noun}, {trip(found.mode)})",
        columns,
        rows,
        sums=(("after", ("today", "added")),),
        also_hidden=frozenset(also),
        short=f"Receiving, {found.title}",
    ).with_total()
