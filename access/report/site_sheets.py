"""One sheet a site that would close: its need, who uses it, where they would go, what is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from access.escape import plain
from access.measure.distribution import weighted_mean
from access.report.blocks import Block, Bold, Heading, PageBreak, Paragraph, TableBlock
from access.report.cells import Value, is_missing
from access.report.columns import Column
from access.report.findings import ProposalFindings
from access.report.flow_tables import (
    closed_table,
    deprived_share,
    mean_of,
    moves_table,
    own_areas,
    receiving_table,
)
from access.report.linked import hidden_moves
from access.report.mitigation import mitigation_blocks
from access.report.sentences import trip
from access.report.suppression import THRESHOLD
from access.report.tables import Table
from access.report.voice import Voice
from access.report.words import percent, sentence
from access.results import StudyResults
from access.scenario import Impact

_UNKNOWN_UNTIL_GIVEN = {
    "annual_cost_gbp": ("Running cost", "£{:,.0f} a year"),
    "annual_visits": ("Visits", "{:,.0f} a year"),
    "capacity": ("Capacity", "{:,.0f} families"),
    "condition": ("Condition of the building", "{:g}"),
}
MODE_ROWS = {"walk": "On foot", "drive": "By car", "typical": "Usual family trip"}


def site_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], voice: Voice
) -> list[Block]:
    """Write the appendix of sites: a table for each service, then a sheet for each site.

    Parameters
    ----------
    results : StudyResults
    findings : sequence of ProposalFindings
    voice : Voice

    Returns
    -------
    list of block
    """
    blocks: list[Block] = [
        PageBreak(),
        Heading("Sites that would close", appendix=True, key="sites"),
        Paragraph(
            "Everybody is counted at the site that is nearest to them today. Who in fact uses each "
            "building is not known: no attendance figures were given."
        ),
    ]
    for found in findings:
        told = [sentence(found.result.comment)]
        if plain(found.result.source):
            told.append(sentence(f"source of the proposal: {found.result.source}"))
        if any(told):
            blocks.append(Paragraph((Bold(f"{found.result.title}: "), " ".join(told).strip())))
        if found.result.closed:
            table = closed_table(found)
            blocks.append(TableBlock(table, key=f"closed-{found.result.key}", compact=True))
            blocks.append(TableBlock(receiving_table(found), compact=True))
        else:
            blocks.append(Paragraph(sentence(f"{found.result.title} closes no site")))
    for found in findings:
        for site in found.result.closed:
            blocks += _sheet(results, found, site, voice)
    return blocks


def _sheet(results: StudyResults, found: ProposalFindings, site: str, voice: Voice) -> list[Block]:
    name = found.names.get(site, site)
    own = own_areas(found.impact, site)
    head: list[Block] = [
        PageBreak(),
        Heading(f"{name} ({found.one})", 2, appendix=True, key=f"site-{site}"),
    ]
    facts = TableBlock(facts_table(results, site, name), in_workbook=False, compact=True)
    if own["count"].sum() < THRESHOLD and not voice.internal:
        few = f"{voice.people(float(own['count'].sum()), found.noun)} live nearest to it today"
        return [*head, Paragraph(sentence(few)), facts]
    return [
        *head,
        Paragraph(_need(results, found, site, own, voice)),
        facts,
        TableBlock(minutes_table(results, found, own, name), in_workbook=False, compact=True),
        TableBlock(moves_table(found, site, name), compact=True),
        Heading("What could soften it", 3),
        *mitigation_blocks(results, found, site, own, voice),
    ]


def _need(
    results: StudyResults, found: ProposalFindings, site: str, own: pd.DataFrame, voice: Voice
) -> str:
    reach = results.study.config.measures.thresholds_minutes[0]
    for limit in results.study.config.measures.thresholds_minutes:
        reach = 15 if limit == 15 else reach
    matrix = results.matrices[found.mode].sites([site])
    near = pd.Series(matrix.total_minutes[:, 0] <= reach, index=list(matrix.area_ids))
    areas = found.impact.areas
    around = areas[near.reindex(areas["id"]).to_numpy(bool) & (areas["count"] > 0)]
    count = float(own["count"].sum())
    hidden = site in hidden_moves(found.impact).leaving and not voice.internal
    told = f"some {found.noun}" if hidden else voice.people(count, found.noun)
    first = sentence(f"this is the nearest {found.one} for {told}")
    second = sentence(
        f"{voice.people(float(around['count'].sum()), found.noun)} live within a {reach:g}-minute "
        f"{trip(found.mode)} of it"
    )
    share = deprived_share(own)
    if share is None or count < 5:
        return f"{first} {second}"
    third = f"{percent(share)} of those it is nearest to live in England's most deprived fifth"
    cars = mean_of(own, "p_no_car")
    if cars is not None:
        third += f" of areas, and {percent(cars)} of households around them have no car"
    return f"{first} {second} {sentence(third)}"


def facts_table(results: StudyResults, site: str, name: str) -> Table:
    """List what is known of a building, and what is not.

    Parameters
    ----------
    results : StudyResults
    site, name : str

    Returns
    -------
    Table
    """
    row = results.study.centres.set_index("id").loc[site]
    error = row.get("position_error_m")
    position = row.get("position_basis")
    known: list[tuple[Value, ...]] = [
        ("Address", _text(row, "address")),
        ("Postcode", _text(row, "postcode")),
        ("Locality", _with_basis(row)),
        (
            "Position on the map",
            f"{position}, good to about {error:,.0f} m"
            if isinstance(position, str) and pd.notna(error)
            else _text(row, "position_basis"),
        ),
    ]
    if bool(row.get("assumed", False)):
        known.append(("Standing", "assumed: the papers do not name this building"))
    for column, (label, form) in _UNKNOWN_UNTIL_GIVEN.items():
        given = row.get(column)
        if is_missing(given):
            given = None
        known.append((label, form.format(given) if isinstance(given, float | int) else given))
    for label in ("Lease or ownership", "Other services in the building"):
        known.append((label, None))
    return Table(
        f"What is known of the building: {name}",
        (Column("fact", "Fact", width=0.6), Column("value", "Known", width=1.4)),
        tuple(known),
    )


def _text(row: pd.Series, column: str) -> str | None:
    value = row.get(column)
    return value if isinstance(value, str) and value.strip() else None


def _with_basis(row: pd.Series) -> str | None:
    locality, basis = _text(row, "locality"), _text(row, "locality_basis")
    return f"{locality} ({basis})" if locality and basis else locality


def minutes_table(
    results: StudyResults, found: ProposalFindings, own: pd.DataFrame, name: str
) -> Table:
    """Give the trips of the families nearest to a site, today and after, by every mode.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings
    own : DataFrame
        Areas nearest to the site today.
    name : str

    Returns
    -------
    Table
    """
    travel = results.study.config.travel
    pram = results.study.config.services[found.result.service].pram
    pram = pram and "pram_toddler" not in found.result.impacts
    rows: list[tuple[Value, ...]] = []
    for mode, impact in found.result.impacts.items():
        rows.append(_mode_row(MODE_ROWS.get(mode, mode), impact, own, 1.0))
        if mode == "walk" and pram:
            slower = travel.walk_km_h / travel.pram_km_h
            rows.append(_mode_row("On foot with a pram", impact, own, slower))
    return Table(
        f"Mean trip of those nearest to {name} today",
        (
            Column("mode", "Trip"),
            Column("before", "Today", "minutes"),
            Column("after", "After", "minutes"),
            Column("rise", "Rise, mean", "minutes", signed=True),
            Column("most", "Rise, largest", "minutes", signed=True),
        ),
        tuple(rows),
        notes=(
            f"With a pram: the walk at {travel.pram_km_h:g} km/h, a declared assumption; steps "
            "and surfaces are not considered.",
        )
        if pram
        else (),
    )


def _mode_row(label: str, impact: Impact, own: pd.DataFrame, slower: float) -> tuple[Value, ...]:
    areas = impact.areas.set_index("id").loc[own["id"]]
    count = areas["count"]
    change = areas["change_minutes"].to_numpy(float)
    finite = change[np.isfinite(change)]
    return (
        label,
        weighted_mean(areas["minutes_before"], count) * slower,
        weighted_mean(areas["minutes_after"], count) * slower,
        weighted_mean(change, count) * slower,
        finite.max() * slower if finite.size else None,
    )
