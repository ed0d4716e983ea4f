"""Tables of who is affected: by change, threshold, group, area and protected characteristic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from access.analysis.analysis import Analysis
from access.analysis.results import StudyResults
from access.charts.chart import Chart
from access.disclosure import grouped
from access.display import records
from access.document.document import (
    Block,
    Bold,
    BulletList,
    Heading,
    Paragraph,
    TableBlock,
    Text,
)
from access.document.table import Column, Table, Totals, Value
from access.labels import grouping_words, mode_title, trip
from access.report import findings as say
from access.report.figures import _change_figures, _map_figure
from access.report.findings import ProposalFindings, Wording
from access.scenario.compare import figure_key
from access.scenario.offer import OfferChange
from access.scenario.users import equality
from access.study.config import Characteristic, Group
from access.text import (
    NOT_APPLICABLE,
    ROUNDED_ONCE,
    Claim,
    Said,
    capital,
    is_missing,
    limit_words,
    listed,
    sentence,
    times_as_much,
)

#: Rows of the table of what is on offer that a page has room for; more stand in the workbook.
_MOST_OFFER_ROWS = 20
_CLASSES = {
    "gain": "Less far",
    "unchanged": "No change",
    "lose_0_5": "Up to 5 minutes more",
    "lose_5_10": "5 to 10 minutes more",
    "lose_10_plus": "At least 10 minutes more",
    "newly_unreachable": "Could no longer reach any",
    "newly_reached": "Could reach one for the first time",
    "unreached_both": "Cannot reach any, before or after",
}


_SHARES_ONCE = "Shares are rounded first; a change is the rounded after less the rounded today."


@dataclass(frozen=True, eq=False)
class PeopleTables:
    """The tables of whom one proposal affects, and by how much."""

    found: ProposalFindings

    def by_change(self) -> Table:
        """Count families by how much their trip changes, mode by mode."""
        found = self.found
        impacts = found.result.impacts
        columns = [Column("class", "Change of the trip, each way")]
        columns += [Column(m, capital(mode_title(m)), "people") for m in impacts]
        rows = [
            (label, *(impact.summary.get(key) or 0.0 for impact in impacts.values()))
            for key, label in _CLASSES.items()
        ]
        rows = [row for k, row in enumerate(rows) if k in range(1, 5) or any(row[1:])]
        return Table(
            f"{found.whose}How much further: {found.noun} by the change of their trip",
            tuple(columns),
            tuple(rows),
            short=f"Change, {found.label}",
        ).with_total("All")

    def within(self) -> Table:
        """Give the share within each threshold, before and after."""
        found = self.found
        impact, mode = found.impact, trip(found.mode)
        s = impact.summary
        limits = [(limit_words(t), f"share_within_{t:g}_min") for t in impact.within_minutes]
        limits += [(label, f"share_within_{figure_key(label)}") for label in impact.within_metres]
        rows: list[tuple[Value, ...]] = []
        for label, key in limits:
            before, after = s.get(f"{key}_before"), s.get(f"{key}_after")
            if isinstance(before, int | float) and isinstance(after, int | float):
                rows.append((label, before, after, after - before))
        return Table(
            f"{found.whose}Share of {found.noun} within a {mode} of the nearest {found.one}",
            (
                Column("within", "Within"),
                Column("before", "Today", "share"),
                Column("after", "After", "share"),
                Column(
                    "change",
                    "Change",
                    "share",
                    unit="percentage points",
                    signed=True,
                    rise_of=("before", "after"),
                ),
            ),
            tuple(rows),
            notes=("The limits are presets to compare with, not legal tests.", _SHARES_ONCE),
            short=f"Within, {found.label}",
        )

    def by_group(self, column: str, words: str, note: str = "") -> Table:
        """Give the impact group by group, with everyone last."""
        found = self.found
        frame = grouped(found.impact, column)
        s = found.impact.summary
        hidden = ("families", "further")
        columns = (
            Column("group", capital(words)),
            Column("families", capital(found.noun), "people"),
            Column("further", "Further to go", "people"),
            Column("share", "Share", "share", decimals=0, hidden_with=hidden),
            Column("before", "Trip today", "minutes", unit="min", hidden_with=hidden),
            Column("after", "Trip after", "minutes", unit="min", hidden_with=hidden),
            Column("change", "Rise, mean", "minutes", unit="min", signed=True, hidden_with=hidden,
                   rise_of=("before", "after")),
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
                _of_some(r["ratio_to_others"]),
            )
            for r in records(frame)
        )
        table = Table(
            f"{found.label}: who has further to go, by {words} ({trip(found.mode)})",
            columns,
            rows,
            notes=(*([note] if note else []), ROUNDED_ONCE, *say._further_note(found.impact)),
            short=f"By {words}, {found.label}",
        )
        return table.with_total(
            f"All {found.noun}",
            share=_ratio(frame["further"].sum(), s["families"]),
            before=s["mean_minutes_before"],
            after=s["mean_minutes_after"],
            change=s["mean_minutes_change"],
        )

    def worst_areas(self, n: int = 10) -> Table:
        """Name the areas whose trip grows most."""
        found = self.found
        hidden = ("families",)
        columns = (
            Column("area", "Area"),
            Column("families", capital(found.noun), "people"),
            Column("decile", "Deprivation tenth", "number"),
            Column("from", "Nearest today"),
            Column("to", "Nearest after"),
            Column("before", "Today", "minutes", unit="min", hidden_with=hidden),
            Column("after", "After", "minutes", unit="min", hidden_with=hidden),
            Column(
                "change",
                "Rise",
                "minutes",
                unit="min",
                hidden_with=hidden,
                rise_of=("before", "after"),
            ),
        )
        rows = tuple(
            (
                r["place"],
                r["count"],
                r["tenth"],
                found.names.get(r["nearest_before"], r["nearest_before"]),
                found.names.get(r["nearest_after"], r["nearest_after"]) or "none in reach",
                r["minutes_before"],
                r["minutes_after"],
                r["change_minutes"],
            )
            for r in records(found.worst_areas(n))
        )
        return Table(
            f"{found.label}: the areas whose {trip(found.mode)} grows most",
            columns,
            rows,
            notes=(ROUNDED_ONCE,),
            short=f"Worst areas, {found.label}",
        ).without_unknown("decile")

    def equality(self) -> tuple[Table | None, str]:
        """Set each equality group's rise beside everyone else's."""
        found = self.found
        if not any(group.columns for group in found.groups):
            return None, ""
        result = equality(found.impact, found.groups)
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
            Column("longer", "Further to go", "share", decimals=0, hidden_with=hidden,
                   share_of="people"),
            Column("others_longer", "Everyone else", "share", decimals=0, hidden_with=hidden),
        )  # fmt: skip
        rows = tuple(
            (
                capital(str(r["group"])),
                r["people"],
                r["mean_minutes_before"],
                r["mean_minutes_change"],
                _of_some(r["others_mean_minutes_change"]),
                _of_some(r["ratio_to_others"]),
                r["share_lengthened"] + r["share_newly_unreachable"],
                _of_some(r["others_share_lengthened"] + r["others_share_newly_unreachable"]),
            )
            for r in records(result.table)
        )
        table = Table(
            f"{found.label}: where groups live, and how the {trip(found.mode)} changes there",
            columns,
            rows,
            totals=Totals.NONE,
            notes=(*filter(None, [sentence(left_out)]), *say._further_note(found.impact)),
            short=f"Equality, {found.label}",
        )
        return table, result.warning


def offer_table(
    results: StudyResults, findings: Sequence[ProposalFindings], offers: Sequence[OfferChange] = ()
) -> Table:
    """Give what is on offer within reach before and after: gravity and floating catchments."""
    offers = offers or [Analysis(results).offer_of(f.result, f.mode) for f in findings]
    several = len(findings) > 1
    columns = (
        *((Column("option", "Proposal", width=1.6),) if several else ()),
        Column("measure", "On offer within reach", width=3.6),
        Column("before", "Everyone today, mean", "number", decimals=2),
        Column("after", "After", "number", decimals=2),
        Column("most_before", "Nine in ten have, today", "number", decimals=2),
        Column("most_after", "After", "number", decimals=2),
        Column("fifth_before", "Most deprived fifth, today", "number", decimals=2),
        Column("fifth_after", "After", "number", decimals=2),
        Column("none_before", "With none today", "people"),
        Column("none_after", "With none after", "people"),
        Column("less", "With less after", "people"),
    )
    rows = tuple(
        (
            *((found.label,) if several else ()),
            capital(str(r["words"])), r["mean_before"], r["mean_after"],
            r["most_have_before"], r["most_have_after"],
            r["deprived_before"], r["deprived_after"],
            r["none_before"], r["none_after"], r["less"],
        )
        for found, offer in zip(findings, offers, strict=True)
        for r in records(offer.table)
    )  # fmt: skip
    own = [(found.label, note) for found, offer in zip(findings, offers, strict=True)
           for note in offer.assumptions]  # fmt: skip
    shared = [note for _, note in own if sum(n == note for _, n in own) == len(findings)]
    told = [note if note in shared else f"{label}: {note}" for label, note in own]
    return (
        Table(
            f"What is on offer within reach, before and after ({trip(findings[0].mode)})",
            columns,
            rows,
            totals=Totals.NONE,
            notes=tuple(sentence(note) for note in dict.fromkeys(told)),
            short="On offer within reach",
        )
        .without_unknown("fifth_before")
        .without_unknown("fifth_after")
    )


def _ratio(part: object, whole: object) -> float | None:
    if not isinstance(part, int | float) or not isinstance(whole, int | float) or not whole:
        return None
    return float(part) / float(whole)


def _of_some(value: Value) -> Value:
    """Give a figure that is worked out from others: of nobody, and of no rise, there is none."""
    return NOT_APPLICABLE if is_missing(value) else value


def _characteristic_points(
    results: StudyResults, findings: Sequence[ProposalFindings]
) -> tuple[Text, ...]:
    """Say of every protected characteristic what is known by area, and what is not."""
    groups = [group for group in results.study.groups if group.columns]
    known: list[Text] = []
    missing = []
    for name in get_args(Characteristic):
        told = [group.note or f"{group.label}, by area" for group in groups
                if group.characteristic == name]  # fmt: skip
        pointers = [group.points_to[name] for group in groups if name in group.points_to]
        if name == "age":
            known.append((Bold("Age: "), sentence(_ages(groups, findings))))
        elif told:
            known.append((Bold(f"{name.capitalize()}: "), sentence("; ".join(told))))
        elif pointers:
            missing.append(f"{name} ({listed(pointers)} are a pointer only)")
        else:
            missing.append(name)
    known.append((Bold("No data by area: "), sentence(listed(missing, none="no characteristic"))))
    known.append(
        "For those without data nothing is shown here, and that is not a finding of no effect: "
        "consultation replies and the council's own records are where to look."
    )
    return tuple(known)


def _ages(groups: Sequence[Group], findings: Sequence[ProposalFindings]) -> str:
    """Say whom the services' tables count, and which ages are set beside everyone else."""
    services = listed(list(dict.fromkeys(f"{f.noun} ({f.title})" for f in findings)))
    bands = [group.label for group in groups if group.characteristic == "age"]
    if not bands:
        return f"counted: {services}; no ages are told apart within them"
    beside = f"set beside people of all other ages: {listed(bands)}"
    return f"counted: {services}; {beside}; other ages are not told apart"


_GROUPINGS = (
    ("imd_decile", "1 is the most deprived tenth of areas in {nation}."),
    ("locality", ""),
    ("p_no_car", "Share of households without a car where they live."),
    ("ward", ""),
)


#: Proposals that stand side by side in one table of groups.
_BESIDE = 2


def _beside_table(findings: Sequence[ProposalFindings], own: Sequence[Table], words: str) -> Table:
    """Put who has further to go, group by group, of several proposals side by side.

    What any of the proposals' own tables hides, this hides.
    """
    seen: dict[str, None] = {}
    for table in own:
        seen |= dict.fromkeys(str(row[0]) for row in table.rows)
    keys = list(seen)
    columns = [Column("group", capital(words), width=1.4)]
    rows: list[list[Value]] = [[key] for key in keys]
    total: list[Value] = ["All"]
    hidden: set[tuple[int, str]] = set()
    for k, (found, table) in enumerate(zip(findings, own, strict=True)):
        few, with_ = f"further_{k}", (f"further_{k}",)
        label = found.label
        columns += [
            Column(few, f"{label}: further to go", "people"),
            Column(f"share_{k}", "Share", "share", decimals=0, hidden_with=with_),
            Column(f"before_{k}", "Trip today", "minutes", unit="min", hidden_with=with_),
            Column(f"after_{k}", "after", "minutes", unit="min", hidden_with=with_),
        ]  # fmt: skip
        at = {c.key: j for j, c in enumerate(table.columns)}
        named = {str(row[0]): (r, row) for r, row in enumerate(table.rows)}
        mask = table.hidden()
        shown = [at[key] for key in ("further", "share", "before", "after")]
        for r, key in enumerate(keys):
            place, row = named.get(key, (-1, None))
            rows[r] += [0.0, *(NOT_APPLICABLE,) * 3] if row is None else [
                row[j] for j in shown
            ]  # fmt: skip
            if row is not None and mask[place, [at["families"], at["further"]]].any():
                hidden.add((r, few))
        last = table.total
        assert last is not None
        total += [last[j] for j in shown]
        if mask[-1, at["further"]]:
            hidden.add((-1, few))
    return Table(
        f"Who has further to go, by {words} ({trip(findings[0].mode)})",
        tuple(columns),
        tuple(map(tuple, rows)),
        total=tuple(total),
        totals=Totals.ADDS_UP,
        also_hidden=frozenset(hidden),
        short=f"By {words}",
    )


def _group_blocks(findings: Sequence[ProposalFindings]) -> list[Block]:
    """Give the tables group by group: of one proposal in full, of several side by side."""
    blocks: list[Block] = []
    alone = len(findings) == 1
    notes = dict(_GROUPINGS)
    told = {f.nation for f in findings}
    for column, note in notes.items():
        known = [f for f in findings if column in f.impact.demand.columns]
        words = grouping_words(column)
        own = [PeopleTables(f).by_group(column, words, note.format(nation=f.nation)) for f in known]
        for start in range(0, len(known) if not alone else 0, _BESIDE):
            some = known[start : start + _BESIDE]
            table = _beside_table(some, own[start : start + _BESIDE], words)
            given = (note.format(nation=", ".join(sorted(told))),) if note else ()
            table = replace(table, notes=(*given, *_further_notes(some)))
            blocks.append(TableBlock(table, key=f"by-{column}-{start}", compact=True))
        for found, full in zip(known, own, strict=True):
            key = f"by-{column}-{found.result.key}"
            blocks.append(TableBlock(full, key=key, compact=True, paged=alone))
    if alone or not blocks:
        return blocks
    return [Heading("Group by group, the proposals side by side", 2, appendix=True), *blocks]


def _further_notes(findings: Sequence[ProposalFindings]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for f in findings for note in say._further_note(f.impact)))


def _who_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    wording: Wording,
    *,
    maps: Mapping[str, Chart],
) -> list[Block]:
    """Write the appendix of who is affected, each service in its own right."""
    blocks: list[Block] = [Heading("Who is affected", appendix=True, key="who")]
    for found in findings:
        blocks += _service(found, wording, maps.get(found.result.key))
    blocks += _group_blocks(findings)
    offer = offer_table(results, findings)
    paged = len(offer.rows) <= _MOST_OFFER_ROWS
    where = "here" if paged else "in the workbook"
    blocks += [
        Heading("What is on offer within reach", 2, appendix=True),
        Paragraph(
            "Nearness leaves out how much there is to share. Gravity and floating catchments count "
            f"it; they are set beside the trips {where}, and nothing else in this report rests on "
            "them."
        ),
        TableBlock(offer, key="offer", compact=True, paged=paged),
        Heading("Protected characteristics", 2, appendix=True),
        Paragraph(
            "The Equality Act 2010 names nine. What can be said of each, from the data given:"
        ),
        BulletList(_characteristic_points(results, findings)),
    ]
    return blocks


def _group_rises(table: Table) -> Said:
    """Say how the rise where each equality group lives compares with everyone else's."""
    where = {column.key: k for k, column in enumerate(table.columns)}
    alike: dict[str, list[str]] = {}
    claims = []
    for row, shown in zip(table.rows, table.view().rows, strict=True):
        ratio = row[where["ratio"]]
        if shown[where["ratio"]].state == "value" and isinstance(ratio, int | float):
            group = str(row[where["group"]])
            alike.setdefault(times_as_much(float(ratio), "everyone else"), []).append(group)
            claims.append(Claim(f"ratio:{group}", "times", (float(ratio),)))
    parts = [
        f"{words}: {listed([g[:1].lower() + g[1:] for g in groups])}"
        for words, groups in alike.items()
    ]
    text = f"the rise where they live is {'; '.join(parts)}" if parts else ""
    return Said(sentence(text), claims)


def _service(found: ProposalFindings, wording: Wording, still: Chart | None) -> list[Block]:
    tables = PeopleTables(found)
    blocks: list[Block] = [
        Heading(found.label, 2, appendix=True),
        Paragraph(say.ImpactWords(found.impact, wording).affected(found.one)),
        TableBlock(tables.by_change(), compact=True, share=0.55),
        TableBlock(tables.within(), compact=True, share=0.45),
        *([_map_figure(still, f"map-{found.result.key}")] if still else []),
        *_change_figures(found, internal=wording.internal),
        TableBlock(
            tables.worst_areas(), key=f"worst-{found.result.key}", compact=True, paged=False
        ),
    ]
    by_group, warning = tables.equality()
    if by_group is None:
        return [*blocks, Paragraph("No counts of equality groups by area were given.")]
    told = _group_rises(by_group)
    return [
        *blocks,
        TableBlock(by_group, compact=True),
        *([Paragraph(told)] if told else []),
        Paragraph((Bold("These are areas, not people. "), warning), style="small"),
    ]
