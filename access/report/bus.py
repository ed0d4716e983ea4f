"""The report's page on buses: there and home, how often, and for whom there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.analysis.analysis import Analysis
from access.analysis.bus import NEAR_METRES, BusChange
from access.analysis.results import StudyResults
from access.disclosure import public_count
from access.display import records
from access.document.document import Block, Heading, PageBreak, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.labels import criterion_words
from access.network.gtfs import spoken
from access.network.windowed import clock
from access.report.findings import ProposalFindings, _in_all
from access.text import NOT_APPLICABLE, ROUNDED_ONCE, Claim, Said, capital, limit_words

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
        Heading(_bus_title(results), appendix=True, key="bus"),
        *(Paragraph(rule) for rule in rules),
    ]
    for found in findings:
        result = found.result
        change = analysis.by_bus(
            result.service, before=result.before, after=result.after, neighbours=result.neighbours
        )
        key, by_bus = result.key, BusFindings(change, found.noun, found.label)
        blocks += [
            Heading(f"{found.label}, by bus", level=2),
            Paragraph(by_bus.none_sentence()),
            TableBlock(by_bus.none_table(), key=f"bus-none-{key}", compact=True),
            TableBlock(by_bus.minutes_table(), key=f"bus-minutes-{key}", compact=True),
            *_areas_blocks(results, found, change),
            TableBlock(_places_table(results, found), key=f"bus-often-{key}", compact=True),
        ]
    return [
        *blocks,
        Heading("How far the timetable can be believed", level=2),
        TableBlock(_audit_table(results), key="bus-audit", compact=True),
    ]


def _bus_title(results: StudyResults) -> str:
    """Name the part on buses, by the ways that were measured."""
    home = results.bus is not None and bool(results.bus.home)
    return "By bus, there and home" if home else "By bus, on the way there"


def _audit_table(results: StudyResults) -> Table:
    """Give what was found in the feeds, check by check, in figures and in words."""
    assert results.bus is not None
    found = results.bus.audit(results.study)
    rows = tuple(
        (str(check), float(count), NOT_APPLICABLE if np.isnan(of) else float(of), str(words))
        for check, count, of, words in found.itertuples(index=False)
    )
    return Table(
        f"What was found in the timetable of {spoken(results.bus.timetable.day)}",
        (
            Column("check", "Check", width=1.1),
            Column("found", "Found", "number"),
            Column("of", "Of", "number"),
            Column("words", "In words", width=2.6),
        ),
        rows,
        short="Audit of the timetable",
    )


@dataclass(frozen=True, eq=False)
class BusFindings:
    """What is told of a change by bus: for whom there is none, and the minutes of the others."""

    change: BusChange
    noun: str
    title: str = ""

    def none_sentence(self) -> Said:
        """Say for how many there is no journey, there and home, today and after."""
        people = float(self.change.areas["count"].sum())
        claims, counts = [Claim("bus_people", "is", (people,))], {}
        for way, _, before, after in _rows(self.change, {"without": ""}):
            claims += [Claim(f"bus_without:{way}:before", "is", (before,)),
                       Claim(f"bus_without:{way}:after", "is", (after,))]  # fmt: skip
            counts[way] = f"{_nobody(before)} today and {_nobody(after)} after"
        home = f"; on the way home {counts['home']}" if "home" in counts else ""
        return Said(
            f"Of {public_count(people)} {self.noun}, these have no journey by bus or on foot under "
            f"{limit_words(self.change.limit_minutes)}, in half of the minutes of the window or "
            f"more: on the way there {counts['there']}{home}.",
            claims,
        )

    def none_table(self) -> Table:
        """Count those for whom there is no bus or walk under the limit, today and after."""
        rows: list[tuple[Value, ...]] = []
        words = {
            "without": "none in half of the minutes or more",
            "never": "none at any minute",
        }
        for way, measure, before, after in _rows(self.change, words):
            rows.append((f"{_WAYS[way]}: {words[measure]}", before, after))
        return Table(
            f"{self.title}: {self.noun} with no journey by bus or on foot under "
            f"{limit_words(self.change.limit_minutes)}",
            (
                Column("way", "No journey", width=1.6),
                Column("before", "Today", "people"),
                Column("after", "After the proposal", "people"),
            ),
            tuple(rows),
            notes=(
                _in_all(self.noun, float(self.change.areas["count"].sum())),
                _HOME_NOTE if self.change.has_home else _NO_HOME_NOTE,
            ),
            short=f"None by bus, {self.title}",
        )

    def minutes_table(self) -> Table:
        """Give minutes by bus today and after, there and home."""
        words = {name: criterion_words(name, "bus") for name in ("mean", "p90")}
        rows: list[tuple[Value, ...]] = [
            (f"{_WAYS[way]}: {words[measure]}", before, after, after - before)
            for way, measure, before, after in _rows(self.change, words)
        ]
        return Table(
            f"{self.title}: minutes by bus, or on foot where that is quicker",
            (
                Column("way", "Trip", width=1.6),
                Column("before", "Today", "minutes"),
                Column("after", "After the proposal", "minutes"),
                Column("rise", "Change", "minutes", signed=True, rise_of=("before", "after")),
            ),
            tuple(rows),
            notes=("Over those who have a way at all.", ROUNDED_ONCE),
            short=f"Minutes by bus, {self.title}",
        )


def _nobody(count: float) -> str:
    """Say how many, none of them as such."""
    return public_count(count) if count else "none"


_HOME_NOTE = (
    "The way home is from the site that is nearest by bus on the way there, setting out at any "
    "minute after the session."
)


_NO_HOME_NOTE = "The way home is not known: when people set out for it was not given."


_MOST_AREAS = 15


def _areas_blocks(
    results: StudyResults, found: ProposalFindings, change: BusChange
) -> list[TableBlock]:
    """List the areas with most people whom no bus or walk serves in half of the minutes or more."""
    ways = ("there", "home") if change.has_home else ("there",)
    shares = [f"{way}_without_{when}" for way in ways for when in ("before", "after")]
    lost = change.areas[(change.areas[shares] >= 0.5).any(axis=1) & (change.areas["count"] > 0)]
    if lost.empty:
        return []
    first = lost.sort_values(["count", "id"], ascending=[False, True]).head(_MOST_AREAS)
    where = pd.DataFrame(results.study.areas).set_index("id")
    named = next((c for c in ("name", "ward", "lsoa") if c in where), None)
    rows: list[tuple[Value, ...]] = [
        (
            id_ if named is None else f"{where.loc[id_, named]} ({id_})",
            float(count),
            *(float(s) for s in shares_),
        )
        for id_, count, *shares_ in first[["id", "count", *shares]].itertuples(index=False)
    ]
    columns = [
        Column(f"{way}_{when}", f"{_WAYS[way]}, {said}", "share", decimals=0,
               hidden_with=("people",))
        for way in ways
        for when, said in (("before", "today"), ("after", "after"))
    ]  # fmt: skip
    table = Table(
        f"{found.label}: areas with no journey under {limit_words(change.limit_minutes)} in half "
        "of the minutes or more",
        (Column("area", "Area", width=1.6), Column("people", capital(found.noun), "people"),
         *columns),
        tuple(rows),
        notes=(
            f"Shares of the minutes of the window. {len(lost):,} of {len(change.areas):,} areas"
            + (f"; the {_MOST_AREAS} with most people." if len(lost) > _MOST_AREAS else "."),
        ),
        short=f"Areas with none, {found.label}",
    )  # fmt: skip
    return [TableBlock(table, key=f"bus-areas-{found.result.key}", compact=True)]


def _rows(change: BusChange, wanted: dict[str, str]) -> list[tuple[str, str, float, float]]:
    return [
        (str(row["way"]), str(row["measure"]), float(row["before"]), float(row["after"]))
        for row in records(change.figures())
        if row["measure"] in wanted
    ]


def _places_table(results: StudyResults, found: ProposalFindings) -> Table:
    """Say how often buses leave near each centre of today."""
    assert results.bus is not None
    result, names = found.result, results.site_names()
    sites = results.sites.set_index("id", drop=False).loc[list(result.before)]
    table = results.bus.frequencies(result.service, pd.DataFrame(sites))
    closed = set(result.closed)
    rows: list[tuple[Value, ...]] = []
    home = bool(table["home"].notna().all())
    for id_, _, stops, there, back in table.itertuples(index=False):
        stays = "closes" if id_ in closed else "stays"
        row: tuple[Value, ...] = (names[id_], stays, stops, there)
        rows.append((*row, back) if home else row)
    columns = (
        Column("name", "Site", width=1.6),
        Column("closes", "Proposal"),
        Column("stops", "Stops nearby", "number"),
        Column("there", "Buses an hour, window", "number", decimals=1),
        Column("home", "Buses an hour, after the session", "number", decimals=1),
    )
    return Table(
        f"{found.label}: how often buses leave near each site",
        columns if home else columns[:-1],
        tuple(rows),
        notes=(
            f"Stops within {NEAR_METRES:g} m in a straight line; a bus that calls at several of "
            "them is counted once.",
        ),
        short=f"Buses nearby, {found.label}",
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
