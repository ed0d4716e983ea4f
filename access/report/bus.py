"""The report's page on buses: there and home, how often, and for whom there is none."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from access.analysis.analysis import Analysis
from access.analysis.bus import NEAR_METRES, BusChange, frequencies
from access.analysis.results import StudyResults, site_names
from access.disclosure import public_count
from access.document.document import Block, BulletList, Heading, PageBreak, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.labels import criterion_words
from access.network.service_days import spoken
from access.network.windowed import clock
from access.report.findings import ProposalFindings
from access.text import about, capital, listed

_WAYS = {"there": "The way there", "home": "The way home"}


def _bus_blocks(results: StudyResults, findings: Sequence[ProposalFindings]) -> list[Block]:
    """Write the appendix of buses; nothing where no timetable was given."""
    times = results.bus
    if times is None:
        return []
    analysis = Analysis(results)
    rules = [a for a in results.assumptions if a.startswith("By bus: ")]
    blocks: list[Block] = [
        PageBreak(),
        Heading("By bus, there and home", appendix=True, key="bus"),
        *(Paragraph(rule) for rule in rules),
    ]
    for found in findings:
        result = found.result
        change = analysis.by_bus(result.service, before=result.before, after=result.after)
        key = result.key
        blocks += [
            Heading(f"{found.title}, by bus", level=2),
            Paragraph(none_sentence(found.noun, change)),
            TableBlock(
                without_table(found.title, found.noun, change), key=f"bus-none-{key}", compact=True
            ),
            TableBlock(numbers_table(found.title, change), key=f"bus-minutes-{key}", compact=True),
            TableBlock(_places_table(results, found), key=f"bus-often-{key}", compact=True),
        ]
    return [
        *blocks,
        Heading("How far the timetable can be believed", level=2),
        BulletList(tuple(times.timetable.audit_words(results.study.areas[["id", "lon", "lat"]]))),
    ]


def none_sentence(noun: str, change: BusChange) -> str:
    """Say for how many there is no journey, there and home, today and after."""
    told = [
        f"{_WAYS[way].lower()} for {public_count(before)} today and {public_count(after)} after"
        for way, _, before, after in _rows(change, {"without": ""})
    ]
    total = about(change.areas["count"].sum())
    return (
        f"Of {total} {noun}, in half of the minutes or more there is no journey by bus or on foot "
        f"under {change.limit_minutes:g} minutes {listed(told)}."
    )


def without_table(title: str, noun: str, change: BusChange) -> Table:
    """Count those for whom there is no bus or walk under the limit, today and after."""
    rows: list[tuple[Value, ...]] = []
    words = {
        "without": "none in half of the minutes or more",
        "never": "none at any minute",
    }
    for way, measure, before, after in _rows(change, words):
        rows.append((f"{_WAYS[way]}: {words[measure]}", before, after))
    return Table(
        f"{title}: {noun} with no journey by bus or on foot under {change.limit_minutes:g} minutes",
        (
            Column("way", "No journey", width=1.6),
            Column("before", "Today", "people"),
            Column("after", "After the proposal", "people"),
        ),
        tuple(rows),
        notes=(
            f"{capital(noun)} in all: {change.areas['count'].sum():,.0f}.",
            *((_HOME_NOTE,) if change.has_home else ()),
        ),
        short=f"None by bus, {title}",
    )


_HOME_NOTE = (
    "The way home is from the centre that is nearest by bus on the way there, setting out at any "
    "minute after the session."
)


def numbers_table(title: str, change: BusChange) -> Table:
    """Give minutes by bus today and after, there and home."""
    words = {name: criterion_words(name, "bus") for name in ("mean", "p90")}
    rows: list[tuple[Value, ...]] = [
        (f"{_WAYS[way]}: {words[measure]}", before, after, after - before)
        for way, measure, before, after in _rows(change, words)
    ]
    return Table(
        f"{title}: minutes by bus, or on foot where that is quicker",
        (
            Column("way", "Trip", width=1.6),
            Column("before", "Today", "minutes"),
            Column("after", "After the proposal", "minutes"),
            Column("rise", "Change", "minutes", signed=True),
        ),
        tuple(rows),
        notes=("Over those who have a way at all.",),
        short=f"Minutes by bus, {title}",
    )


def _rows(change: BusChange, wanted: dict[str, str]) -> list[tuple[str, str, float, float]]:
    figures = change.figures()
    rows = figures[figures["measure"].isin(list(wanted))]
    return [
        (str(way), str(measure), float(before), float(after))
        for way, measure, before, after in rows.itertuples(index=False)
    ]


def _places_table(results: StudyResults, found: ProposalFindings) -> Table:
    """Say how often buses leave near each centre of today."""
    assert results.bus is not None
    result, names = found.result, site_names(results)
    sites = results.sites.set_index("id", drop=False).loc[list(result.before)]
    table = frequencies(results.bus, result.service, pd.DataFrame(sites))
    closed = set(result.closed)
    rows: list[tuple[Value, ...]] = []
    home = bool(table["home"].notna().all())
    for id_, _, stops, there, back in table.itertuples(index=False):
        stays = "closes" if id_ in closed else "stays"
        row: tuple[Value, ...] = (names[id_], stays, stops, there)
        rows.append((*row, back) if home else row)
    columns = (
        Column("name", "Centre", width=1.6),
        Column("closes", "Proposal"),
        Column("stops", "Stops nearby", "number"),
        Column("there", "Buses an hour, window", "number", decimals=1),
        Column("home", "Buses an hour, after the session", "number", decimals=1),
    )
    return Table(
        f"{found.title}: how often buses leave near each centre",
        columns if home else columns[:-1],
        tuple(rows),
        notes=(
            f"Stops within {NEAR_METRES:g} m in a straight line; a bus that calls at several of "
            "them is counted once.",
        ),
        short=f"Buses nearby, {found.title}",
    )


def _bus_rows(results: StudyResults) -> list[tuple[str, str]]:
    """Give the settings of minutes by bus, in words."""
    assert results.bus is not None
    own, services = results.study.config.bus, results.study.config.services
    rows = [("Day of the timetable", spoken(results.bus.timetable.day))]
    for key, bus in results.bus.there.items():
        first, after = clock(bus.marks[0]), clock(bus.marks[-1] + 1)
        rows.append((f"Setting out by bus, {services[key].title}", f"{first} to {after}"))
    for key, bus in results.bus.home.items():
        first, after = clock(bus.marks[0]), clock(bus.marks[-1] + 1)
        rows.append((f"Setting out for home, {services[key].title}", f"{first} to {after}"))
    return [
        *rows,
        ("Percentile of the minutes by bus", f"{own.percentile:g}"),
        ("A journey by bus counts as none beyond", f"{own.limit_minutes:g} min"),
        ("Longest walk to a stop or from one", f"{own.max_walk_minutes:g} min"),
        ("Longest walk between two stops", f"{own.max_change_minutes:g} min"),
        ("Most buses one after the other", f"{own.boardings}"),
        ("At the stop before the bus", f"{own.slack_seconds:g} s"),
    ]
