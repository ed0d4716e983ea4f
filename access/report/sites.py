"""Tables of who leaves which site for which other, linked so that none gives another away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from access.analysis.new_places import also_there, knock_on
from access.analysis.results import StudyResults, stays_words
from access.disclosure import THRESHOLD, hidden_moves
from access.document.document import (
    Block,
    Bold,
    BulletList,
    Heading,
    PageBreak,
    Paragraph,
    TableBlock,
)
from access.document.table import Column, Table, Value
from access.escape import plain
from access.labels import how, trip
from access.measure.distribution import weighted_mean
from access.report.findings import ProposalFindings, _most_deprived
from access.report.sentences import _Wording
from access.scenario import Impact
from access.text import ROUNDED_ONCE, capital, is_missing, percent, rise_between, sentence


def closed_table(found: ProposalFindings) -> Table:
    """Set the sites of one service that would close side by side."""
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
        own = _own_areas(impact, row["site"])
        before, after = row["mean_minutes_before"], row["mean_minutes_after"]
        rows.append(
            (
                found.names.get(row["site"], row["name"]),
                row["families"],
                before,
                after,
                rise_between(before, after, row["mean_extra_minutes"]),
                row["max_extra_minutes"],
                _deprived_share(own),
                _mean_of(own, "p_no_car"),
            )
        )
    linked = hidden_moves(impact).leaving
    also = {(k, "families") for k, i in enumerate(impact.closed_sites["site"]) if i in linked}
    return Table(
        f"{found.title} that would close, and who is nearest to them ({found.noun}, "
        f"{trip(found.mode)})",
        columns,
        tuple(rows),
        notes=(ROUNDED_ONCE,),
        also_hidden=frozenset(also),
        short=f"Closing, {found.label}",
    ).with_total()


def _own_areas(impact: Impact, site: str) -> pd.DataFrame:
    """Give the areas with families to whom a site is nearest today."""
    areas = impact.areas
    return areas[(areas["nearest_before"] == site) & (areas["count"] > 0)]


def _deprived_share(areas: pd.DataFrame) -> float | None:
    """Give the share of families in the nation's most deprived fifth of areas."""
    deprived = _most_deprived(areas)
    if deprived is None or not areas["count"].sum():
        return None
    return float(areas.loc[deprived, "count"].sum() / areas["count"].sum())


def _mean_of(areas: pd.DataFrame, column: str) -> float | None:
    """Average a column over families."""
    if column not in areas:
        return None
    values = pd.to_numeric(areas[column], errors="coerce").to_numpy(float)
    mean = weighted_mean(np.where(np.isnan(values), np.inf, values), areas["count"])
    return None if np.isnan(mean) else mean


def _moves_table(found: ProposalFindings, site: str, name: str) -> Table:
    """Say where the families of a closing site would go, and what that adds there."""
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
    """Say what the remaining sites of one service would take on."""
    frame = found.impact.receiving_sites
    frame = frame.sort_values(["families_added", "site"], ascending=[False, True])
    linked = hidden_moves(found.impact)
    left = _leaving_for_opened(found.impact)
    # who a site that stays loses to one that opens: today and added are then more than after
    some = any(left.get(site, 0.0) for site in frame["site"])
    rows = tuple(
        (found.names.get(r["site"], r["name"]), r["families_before"], r["families_added"],
         *((r["families_before"] + r["families_added"], left.get(r["site"], 0.0)) if some else ()),
         r["families_after"], r["capacity"], r["share_over_capacity"])
        for r in frame.to_dict("records")
    )  # fmt: skip
    between = (
        Column("all", "Today and added", "people", adds=False),
        Column("left", "Of these, go to a site that opens", "people"),
    )
    columns = (
        Column("site", "Site"),
        Column("today", "Nearest to today", "people", adds=False),
        Column("added", "Added", "people"),
        *(between if some else ()),
        Column("after", "Nearest to after", "people", adds=False),
        Column("capacity", "Capacity"),
        Column("over", "Over capacity", "share", decimals=0, hidden_with=("after",)),
    )
    also = {(k, "added") for k, site in enumerate(frame["site"]) if site in linked.arriving}
    sums: tuple[tuple[str, tuple[str, str]], ...] = (("after", ("today", "added")),)
    if some:
        sums = (("all", ("today", "added")), ("all", ("left", "after")))
        also |= {(k, "left") for k, site in enumerate(frame["site"]) if site in linked.leaving}
    stay = "stay or open" if found.result.opened else "stay"
    return Table(
        f"What the {found.title} that {stay} would take on ({found.noun}, {trip(found.mode)})",
        columns,
        rows,
        sums=sums,
        also_hidden=frozenset(also),
        short=f"Receiving, {found.label}",
    ).with_total()


def _leaving_for_opened(impact: Impact) -> dict[str, float]:
    """Count who leaves each site that stays, by site."""
    moves = impact.moves[~impact.moves["from_site"].isin(impact.closed)]
    return {str(k): float(v) for k, v in moves.groupby("from_site")["families"].sum().items()}


_WORDS = {"csc": "customer service centre", "gp": "GP"}
#: Words that belong together where a kind is written with underscores.
_PHRASES = (
    "former childrens centre linked site",
    "former childrens centre",
    "health centre",
    "secondary school",
    "post16 college",
    "community centre",
)
_SHOWN = 3


def _mitigation_blocks(
    results: StudyResults, found: ProposalFindings, site: str, own: pd.DataFrame, wording: _Wording
) -> list[Block]:
    """Say what could soften the closure of one site."""
    name = found.names.get(site, site)
    now = weighted_mean(own["minutes_before"], own["count"])
    points = [
        sentence(
            "part-time or outreach days in the present building: on those days the "
            f"{trip(found.mode)} stays at {wording.minutes(now)} on average for those nearest to it"
        ),
        "A shared building: see below for those nearest to the same families. Whether any of them "
        "has room, or would agree, is not known.",
        "What either would cost is not known.",
    ]
    table = _shared_buildings(results, found, own, name)
    if not table.rows:
        points[1] = "A shared building: the study lists no candidate sites to try."
        return [BulletList(tuple(points))]
    return [BulletList(tuple(points)), TableBlock(table, in_workbook=False, compact=True)]


def _shared_buildings(
    results: StudyResults, found: ProposalFindings, own: pd.DataFrame, name: str
) -> Table:
    """List the candidate buildings nearest to the families of a closing site."""
    sites = results.sites
    candidates = sites[sites["kind"] == "candidate"]
    register = results.study.candidates
    kinds = dict(zip(register["id"], register["kind"], strict=True)) if "kind" in register else {}
    count = own["count"].to_numpy(float)
    rows: list[tuple[str, str, float, float]] = []
    if len(candidates) and len(own):
        matrix = results.matrices[found.mode].sites(candidates["id"].tolist())
        minutes = matrix.areas(own["id"].tolist()).total_minutes
        after = weighted_mean(own["minutes_after"], count)
        for k, site in enumerate(matrix.site_ids):
            reached = np.isfinite(minutes[:, k])
            if not reached.all():
                continue
            mean = weighted_mean(minutes[:, k], count)
            label = _kind_words(str(kinds.get(site, "")))
            rows.append((found.names.get(site, site), label, mean, mean - after))
        order = sorted(range(len(rows)), key=lambda k: (rows[k][2], matrix.site_ids[k]))
        rows = [rows[k] for k in order[:_SHOWN]]
    return Table(
        f"Buildings that a shared offer for those nearest to {name} could use",
        (
            Column("site", "Building", width=1.4),
            Column("kind", "Kind"),
            Column("mean", f"Mean {trip(found.mode)} to it", "minutes", unit="min"),
            Column("gain", "Against the proposal", "minutes", unit="min", signed=True),
        ),
        tuple(rows),
    )


def _kind_words(kind: str) -> str:
    """Write a candidate's kind as words."""
    if not kind:
        return "not stated"
    for phrase in _PHRASES:
        kind = kind.replace(phrase.replace(" ", "_"), phrase)
    return ", ".join(_WORDS.get(part, part) for part in kind.split("_"))


_UNKNOWN_UNTIL_GIVEN = {
    "annual_cost_gbp": ("Running cost", "£{:,.0f} a year"),
    "annual_visits": ("Visits", "{:,.0f} a year"),
    "capacity": ("Capacity", "{:,.0f} families"),
    "condition": ("Condition of the building", "{:g}"),
}


def _site_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], wording: _Wording
) -> list[Block]:
    """Write the appendix of sites: a table for each service, then a sheet for each site."""
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
        if found.result.stays:
            told.append(stays_words(found.result, found.names))
        told += [sentence(text) for text in knock_on(results.study, found.result.closed)]
        if any(told):
            blocks.append(Paragraph((Bold(f"{found.result.title}: "), " ".join(told).strip())))
        if found.result.closed:
            table = closed_table(found)
            blocks.append(TableBlock(table, key=f"closed-{found.result.key}", compact=True))
            blocks.append(TableBlock(receiving_table(found), compact=True))
        else:
            blocks.append(Paragraph(sentence(f"{found.result.title} closes no site")))
    times = Counter(site for found in findings for site in found.result.closed)
    for found in findings:
        for site in found.result.closed:
            blocks += _sheet(results, found, site, wording, several=times[site] > 1)
    return blocks


def _sheet(
    results: StudyResults, found: ProposalFindings, site: str, wording: _Wording, *, several: bool
) -> list[Block]:
    name = found.names.get(site, site)
    own = _own_areas(found.impact, site)
    title = f"{name} ({found.one})"
    if several:
        title += f": {found.result.title}"
    head: list[Block] = [
        PageBreak(),
        Heading(title, 2, appendix=True, key=f"site-{found.result.key}-{site}"),
    ]
    facts = TableBlock(_facts_table(results, site, name), in_workbook=False, compact=True)
    if own["count"].sum() < THRESHOLD and not wording.internal:
        few = f"{wording.people(float(own['count'].sum()), found.noun)} live nearest to it today"
        return [*head, Paragraph(sentence(few)), facts]
    return [
        *head,
        Paragraph(_need(results, found, site, own, wording)),
        facts,
        TableBlock(_minutes_table(results, found, own, name), in_workbook=False, compact=True),
        TableBlock(_moves_table(found, site, name), compact=True),
        Heading("What could soften it", 3),
        *_mitigation_blocks(results, found, site, own, wording),
    ]


def _need(
    results: StudyResults, found: ProposalFindings, site: str, own: pd.DataFrame, wording: _Wording
) -> str:
    reach = results.study.config.measures.thresholds_minutes[0]
    for limit in results.study.config.measures.thresholds_minutes:
        reach = 15 if limit == 15 else reach
    matrix = results.matrices[found.mode].sites([site])
    near = pd.Series(matrix.total_minutes[:, 0] <= reach, index=list(matrix.area_ids))
    areas = found.impact.areas
    around = areas[near.reindex(areas["id"]).to_numpy(bool) & (areas["count"] > 0)]
    count = float(own["count"].sum())
    hidden = site in hidden_moves(found.impact).leaving and not wording.internal
    told = f"some {found.noun}" if hidden else wording.people(count, found.noun)
    first = sentence(f"this is the nearest {found.one} for {told}")
    second = sentence(
        f"{wording.people(float(around['count'].sum()), found.noun)} live within a "
        f"{reach:g}-minute {trip(found.mode)} of it"
    )
    share = _deprived_share(own)
    if share is None or count < THRESHOLD:
        return f"{first} {second}"
    third = (
        f"{percent(share)} of those it is nearest to live in {found.nation}'s most deprived fifth"
    )
    cars = _mean_of(own, "p_no_car")
    if cars is not None:
        third += f" of areas, and {percent(cars)} of households around them have no car"
    return f"{first} {second} {sentence(third)}"


def _facts_table(results: StudyResults, site: str, name: str) -> Table:
    """List what is known of a building, and what is not."""
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
    known.append(("Lease or ownership", None))
    beside = also_there(results.study, site)
    known.append(("Other services in the building", "; ".join(beside) if beside else None))
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


def _minutes_table(
    results: StudyResults, found: ProposalFindings, own: pd.DataFrame, name: str
) -> Table:
    """Give the trips of the families nearest to a site, today and after, by every mode."""
    travel = results.study.config.travel
    pram = results.study.config.services[found.result.service].pram
    pram = pram and "pram_toddler" not in found.result.impacts
    rows: list[tuple[Value, ...]] = []
    for mode, impact in found.result.impacts.items():
        rows.append(_mode_row(capital(how(mode)), impact, own, 1.0))
        if mode == "walk" and pram:
            slower = travel.walk_km_h / travel.pram_km_h
            rows.append(_mode_row(capital(how("pram")), impact, own, slower))
    with_pram = (
        f"With a pram: the walk at {travel.pram_km_h:g} km/h, a declared assumption; steps "
        "and surfaces are not considered."
    )
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
        notes=(ROUNDED_ONCE, *((with_pram,) if pram else ())),
    )


def _mode_row(label: str, impact: Impact, own: pd.DataFrame, slower: float) -> tuple[Value, ...]:
    areas = impact.areas.set_index("id").loc[own["id"]]
    count = areas["count"]
    change = areas["change_minutes"].to_numpy(float)
    finite = change[np.isfinite(change)]
    columns = (areas["minutes_before"], areas["minutes_after"], change)
    before, after, rise = (float(weighted_mean(c, count)) * slower for c in columns)
    return (
        label,
        before,
        after,
        rise_between(before, after, rise),
        finite.max() * slower if finite.size else None,
    )
