"""Tables of who leaves which site for which other, linked so that none gives another away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.anew import Buildings
from access.analysis.results import StudyResults
from access.disclosure import THRESHOLD, hidden_moves
from access.display import records
from access.document.document import (
    Block,
    Heading,
    Paragraph,
    TableBlock,
)
from access.document.table import Column, Table, Value
from access.labels import how, trip
from access.measure.distribution import weighted_mean
from access.report.findings import ProposalFindings, Wording, _most_deprived
from access.scenario import Impact
from access.text import NOT_APPLICABLE, ROUNDED_ONCE, capital, is_missing, listed, sentence

#: A trip beside the headline: key, words, impact, how much slower.
_Trip = tuple[str, str, Impact, float]


@dataclass(frozen=True, eq=False)
class SiteTables:
    """The tables of the sites of one proposal: which close, who goes where, what others take on."""

    found: ProposalFindings
    results: StudyResults | None = None

    def closed(self) -> Table:
        """Set the sites that would close side by side; given results, by every trip."""
        found = self.found
        impact, others = found.impact, _other_trips(self.results, found)
        rows = [_closed_row(found, row, others) for row in records(impact.closed_sites)]
        linked = hidden_moves(impact).leaving
        also = {(k, "families") for k, i in enumerate(impact.closed_sites["site"]) if i in linked}
        return (
            Table(
                f"{found.whose}{found.title} that would close, and who is nearest to them "
                f"({found.noun}, {trip(found.mode)})",
                _closed_columns(found, others),
                tuple(rows),
                notes=(ROUNDED_ONCE, *_pram_note(self.results, others)),
                also_hidden=frozenset(also),
                short=f"Closing, {found.label}",
            )
            .with_total()
            .without_unknown("deprived", "no_car")
        )

    def moves(self) -> Table:
        """Say where those nearest to a closing site would go, and what that adds to their trips."""
        found = self.found
        impact = found.impact
        moves = impact.moves[impact.moves["from_site"].isin(impact.closed)]
        moves = moves.sort_values(
            ["from_site", "families", "to_site"], ascending=[True, False, True]
        )
        hidden = ("families",)
        linked = hidden_moves(impact)
        columns = (
            Column("from", "Nearest today"),
            Column("to", "Would go to"),
            Column("families", "Who", "people", note=found.noun),
            Column("rise", "Rise, mean", "minutes", unit="min", hidden_with=hidden),
            Column("most", "Rise, largest", "minutes", unit="min", hidden_with=hidden),
        )
        fields = ["from_site", "to_site", "families", "mean_extra_minutes", "max_extra_minutes"]
        pairs = list(moves[fields].itertuples(index=False, name=None))
        rows = tuple(
            (
                found.names.get(left, left),
                found.names.get(to, to) if to else "no site in reach",
                *more,
            )
            for left, to, *more in pairs
        )
        also = {
            (k, "families") for k, (left, to, *_) in enumerate(pairs) if (left, to) in linked.pairs
        }
        return Table(
            f"{found.label}: where those nearest to each site would go ({trip(found.mode)})",
            columns,
            rows,
            short=f"Moves, {found.label}",
            also_hidden=frozenset(also),
        ).with_total()

    def receiving(self) -> Table:
        """Say what the remaining sites of one service would take on."""
        found = self.found
        frame = found.impact.receiving_sites
        frame = frame.sort_values(["families_added", "site"], ascending=[False, True])
        linked = hidden_moves(found.impact)
        left = _leaving_for_opened(found.impact)
        # who a site that stays loses to one that opens: today and added are then more than after
        some = any(left.get(site, 0.0) for site in frame["site"])
        known = bool(frame["capacity"].notna().any())
        unknown = () if known else ("What each site can take is not known.",)
        rows = tuple(
            (found.names.get(r["site"], r["name"]), r["families_before"], r["families_added"],
             *((r["families_before"] + r["families_added"], left.get(r["site"], 0.0))
               if some else ()),
             r["families_after"], *((r["capacity"], _over(r)) if known else ()))
            for r in records(frame)
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
            *((Column("capacity", "Capacity", "number"),
               Column("over", "Over capacity", "share", decimals=0, hidden_with=("after",)))
              if known else ()),
        )  # fmt: skip
        also = {(k, "added") for k, site in enumerate(frame["site"]) if site in linked.arriving}
        sums: tuple[tuple[str, tuple[str, str]], ...] = (("after", ("today", "added")),)
        if some:
            sums = (("all", ("today", "added")), ("all", ("left", "after")))
            also |= {(k, "left") for k, site in enumerate(frame["site"]) if site in linked.leaving}
        stay = "stay or open" if found.result.opened else "stay"
        return Table(
            f"{found.whose}What the {found.title} that {stay} would take on ({found.noun}, "
            f"{trip(found.mode)})",
            columns,
            rows,
            sums=sums,
            notes=unknown,
            also_hidden=frozenset(also),
            short=f"Receiving, {found.label}",
        ).with_total()


def _closed_columns(found: ProposalFindings, others: Sequence[_Trip]) -> tuple[Column, ...]:
    """Name what is told of a site that would close."""
    minutes = partial(Column, kind="minutes", unit="min", hidden_with=("families",))
    share = partial(Column, kind="share", decimals=0, hidden_with=("families",))
    return (
        Column("site", "Site"),
        Column("families", "Nearest to", "people", note=f"{found.noun} nearest to it today"),
        minutes("before", "Trip today"),
        minutes("after", "Trip after"),
        minutes("extra", "Rise, mean", rise_of=("before", "after")),
        minutes("worst", "Rise, largest"),
        *(minutes(f"rise_{key}", f"Rise, {words}") for key, words, _, _ in others),
        share("deprived", "In most deprived fifth", share_of="families"),
        share("no_car", "Households without a car"),
    )


def _closed_row(
    found: ProposalFindings, row: Mapping[str, Any], others: Sequence[_Trip]
) -> tuple[Value, ...]:
    """Tell of a site that would close, in the order of `_closed_columns`."""
    own = _own_areas(found.impact, row["site"])
    return (
        found.names.get(row["site"], row["name"]),
        row["families"],
        row["mean_minutes_before"],
        row["mean_minutes_after"],
        row["mean_extra_minutes"],
        row["max_extra_minutes"],
        *(_mean_rise(other, own) * slower for _, _, other, slower in others),
        _deprived_share(own),
        _mean_of(own, "p_no_car"),
    )


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


def _over(row: Mapping[str, Any]) -> Value:
    """Give the share over capacity: of a site known to take nobody there is none."""
    share: Value = row["share_over_capacity"]
    return NOT_APPLICABLE if row["capacity"] == 0 else share


def _leaving_for_opened(impact: Impact) -> dict[str, float]:
    """Count who leaves each site that stays, by site."""
    moves = impact.moves[~impact.moves["from_site"].isin(impact.closed)]
    return {str(k): float(v) for k, v in moves.groupby("from_site")["families"].sum().items()}


_WORDS = {"csc": "customer service centre", "gp": "GP"}
#: Kinds of one word, of which a building may have several; an own kind's words are one kind.
_SINGLE = ("library", "health", "leisure")
#: Words that belong together where a kind is written with underscores.
_PHRASES = (
    "former childrens centre linked site",
    "former childrens centre",
    "health centre",
    "secondary school",
    "post16 college",
    "community centre",
)
_SHOWN = 2


def _shared_table(results: StudyResults, found: ProposalFindings) -> Table:
    """List, for each closing site, the candidate buildings nearest to those who lose it."""
    rows: list[tuple[Value, ...]] = []
    lost = float(found.impact.summary["newly_unreachable"] or 0)
    note = "After the proposal, and the difference: of those who still reach a site."
    for site in found.result.closed:
        own = _own_areas(found.impact, site)
        name = found.names.get(site, site)
        rows += [(name, *row) for row in _nearest_buildings(results, found, own)]
    return Table(
        f"{found.label}: buildings near those who lose a site, to share or visit (mean "
        f"{trip(found.mode)})",
        (
            Column("site", "In place of"),
            Column("building", "Building", width=1.4),
            Column("kind", "Kind"),
            Column("after", "After the proposal", "minutes", unit="min"),
            Column("mean", "To the building", "minutes", unit="min"),
            Column(
                "gain", "Difference", "minutes", unit="min", signed=True, rise_of=("after", "mean")
            ),
        ),
        tuple(rows),
        notes=(
            "Whether any has room or would agree, and what it would cost, is not known.",
            *([note] if lost else []),
        ),
        short=f"Shared buildings, {found.label}",
    )


def _nearest_buildings(
    results: StudyResults, found: ProposalFindings, own: pd.DataFrame
) -> list[tuple[Value, ...]]:
    """Give the candidates with the shortest mean trip for those of some areas."""
    sites = results.sites
    candidates = sites[sites["kind"] == "candidate"]
    if candidates.empty or own.empty or own["count"].sum() < THRESHOLD:
        return []
    register = results.study.candidates
    kinds = dict(zip(register["id"], register["kind"], strict=True)) if "kind" in register else {}
    count = own["count"].to_numpy(float)
    matrix = results.matrix(found.mode, found.result.service).sites(candidates["id"].tolist())
    minutes = matrix.areas(own["id"].tolist()).total_minutes
    then = own["minutes_after"].to_numpy(float)
    stay = np.isfinite(then)  # the others reach none any more: for them any building is nearer
    after = _of_some(weighted_mean(then, count))
    means, gains = {}, {}
    for k, site in enumerate(matrix.site_ids):
        if np.isfinite(minutes[:, k]).all():
            means[site] = weighted_mean(minutes[:, k], count)
            gain = np.subtract(minutes[:, k], then, out=np.full(len(then), np.inf), where=stay)
            gains[site] = weighted_mean(gain, count)
    order = sorted(means, key=lambda site: (means[site], site))[:_SHOWN]
    return [
        (
            found.names.get(i, i),
            _kind_words(str(kinds.get(i, ""))),
            after,
            means[i],
            _of_some(gains[i]),
        )
        for i in order
        if gains[i] < 0 or not stay.all()
    ]


def _of_some(minutes: float) -> Value:
    """Give a mean; of nobody there is none."""
    return NOT_APPLICABLE if np.isnan(minutes) else minutes


def _kind_words(kind: str) -> str:
    """Write a candidate's kind as words."""
    if not kind:
        return "not stated"
    for phrase in _PHRASES:
        kind = kind.replace(phrase.replace(" ", "_"), phrase)
    parts = kind.split("_")
    several = all(part in {*_WORDS, *_PHRASES, *_SINGLE} for part in parts)
    return (", " if several else " ").join(_WORDS.get(part, part) for part in parts)


_UNKNOWN_UNTIL_GIVEN = {
    "annual_cost_gbp": ("Running cost", "£{:,.0f} a year"),
    "annual_visits": ("Visits", "{:,.0f} a year"),
    "capacity": ("Capacity", "{:,.0f} {who}"),
    "condition": ("Condition of the building", "{:g}"),
}


def _site_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], wording: Wording
) -> list[Block]:
    """Write the appendix of sites: what is known of the buildings, then each service's sites."""
    blocks: list[Block] = [
        Heading("Sites that would close", appendix=True, key="sites"),
        Paragraph(
            "Everybody is counted at the site that is nearest to them today. Who in fact uses each "
            "building is not known: no attendance figures were given."
            if _attendance_unknown(results)
            else "Everybody is counted at the site nearest to them today, whichever they use."
        ),
    ]
    closed = list(dict.fromkeys(i for f in findings for i in f.result.closed))
    if closed:
        facts = _facts_table(results, findings, closed)
        blocks += [
            *([TableBlock(facts, key="facts", compact=True)] if len(facts.columns) > 2 else []),
            Paragraph(f"{_unknown_facts(results, closed)} {_DAYS}"),
        ]
    for found in findings:
        blocks.append(Heading(found.label, 2, appendix=True))
        told = [sentence(text) for text in Buildings(results.study).knock_on(found.result.closed)]
        if told:
            blocks.append(Paragraph(" ".join(told)))
        if not found.result.closed:
            blocks.append(Paragraph(sentence(f"{found.result.title} closes no site")))
            continue
        key = found.result.key
        blocks += [
            TableBlock(SiteTables(found, results).closed(), key=f"closed-{key}", compact=True),
            *_move_blocks(found),
            *_soften_blocks(results, found),
        ]
    return blocks


#: Rows up to which where people go stands in the report, beside what each site takes on.
_MOST_MOVES = 24
#: Columns up to which what each site takes on stands beside it: of more, words would be broken.
_BESIDE_COLUMNS = 4


def _move_blocks(found: ProposalFindings) -> list[Block]:
    """Say where people would go, and what the sites that stay would take on."""
    key, tables = found.result.key, SiteTables(found)
    moves, receiving = tables.moves(), tables.receiving()
    short = max(len(moves.rows), len(receiving.rows)) <= _MOST_MOVES
    short = short and not found.result.opened  # what people leave for a new site needs columns
    beside = short and len(receiving.columns) <= _BESIDE_COLUMNS
    return [
        TableBlock(
            moves, key=f"moves-{key}", compact=True, share=0.56 if beside else 1.0, paged=short
        ),
        TableBlock(receiving, key=f"receiving-{key}", compact=True, share=0.44 if beside else 1.0),
    ]


_DAYS = (
    "Part-time or outreach days in the present buildings would keep the trip of today on those "
    "days; what that would cost is not known."
)


def _soften_blocks(results: StudyResults, found: ProposalFindings) -> list[Block]:
    """Name the buildings near by that could soften the closures."""
    table = _shared_table(results, found)
    if results.study.candidates.empty:
        return [Paragraph("The study names no candidate buildings, so none near by is looked for.")]
    if not table.rows:
        none = "No candidate building of the study is shown to be nearer to them than what stays."
        return [Paragraph(none)]
    return [TableBlock(table, key=f"shared-{found.result.key}", compact=True)]


def _attendance_unknown(results: StudyResults) -> bool:
    register = results.study.centres
    return "annual_visits" not in register or bool(register["annual_visits"].isna().all())


def _facts_table(
    results: StudyResults, findings: Sequence[ProposalFindings], closed: Sequence[str]
) -> Table:
    """Set what is known of the closing buildings side by side; what no building has is told below.

    A column in which nothing is known is left out.
    """
    register = results.study.centres.set_index("id")
    names = findings[0].names
    services = results.study.config.services
    columns = [Column("site", "Site"), Column("service", "For", width=0.8)]
    held: list[list[Value]] = [
        [names.get(i, i) for i in closed],
        [services[str(register.loc[i, "service"])].title for i in closed],
    ]
    facts: dict[str, list[Value]] = {
        "Address": [_address(register.loc[i]) for i in closed],
        "Locality": [_with_basis(register.loc[i]) for i in closed],
        "Position, good to": [_position(register.loc[i]) for i in closed],
        "Also in the building": [
            "; ".join(Buildings(results.study).also_there(i)) or None for i in closed
        ],
    }
    for column, (label, form) in _UNKNOWN_UNTIL_GIVEN.items():
        given = [register.loc[i].get(column) for i in closed]
        whom = [services[str(register.loc[i, "service"])].noun for i in closed]
        facts[label] = [_fact(value, form, who) for value, who in zip(given, whom, strict=True)]
    wide = {"Address": 1.7}
    for label, values in facts.items():
        if any(v is not None for v in values):
            columns.append(Column(label, label, width=wide.get(label, 1.0)))
            held.append(values)
    return Table(
        "What is known of the buildings that would close",
        tuple(columns),
        tuple(zip(*held, strict=True)),
        short="Buildings",
    )


def _fact(value: object, form: str, who: str = "") -> str | None:
    if is_missing(value):
        return None
    return form.format(value, who=who) if isinstance(value, float | int) else str(value)


def _unknown_facts(results: StudyResults, closed: Sequence[str]) -> str:
    """Name, once, the facts that are known of none of the closing buildings."""
    register = results.study.centres.set_index("id").loc[list(closed)]
    lost = [
        label.lower()
        for column, (label, _) in _UNKNOWN_UNTIL_GIVEN.items()
        if column not in register or all(is_missing(v) for v in register[column])
    ]
    if all(_address(row) is None for _, row in register.iterrows()):
        lost.insert(0, "address")
    assumed = register[register["assumed"].astype(bool)] if "assumed" in register else register[:0]
    which = "this building" if len(closed) == 1 else "any of these buildings"
    text = sentence(
        f"not known of {which}: {listed([*lost, 'lease or ownership'])}; these are "
        "not zero, and nothing is estimated from them"
    )
    if len(assumed):
        names = listed([str(n) for n in assumed["name"]])
        text += f" Assumed, as the real building is not known here: {names}."
    return text


def _address(row: pd.Series) -> str | None:
    parts = [text for column in ("address", "postcode") if (text := _text(row, column))]
    return ", ".join(parts) or None


def _position(row: pd.Series) -> str | None:
    error = row.get("position_error_m")
    return f"{error:,.0f} m" if pd.notna(error) else None


def _text(row: pd.Series, column: str) -> str | None:
    value = row.get(column)
    return value if isinstance(value, str) and value.strip() else None


def _with_basis(row: pd.Series) -> str | None:
    locality, basis = _text(row, "locality"), _text(row, "locality_basis")
    return f"{locality} ({basis})" if locality and basis else locality


def _other_trips(results: StudyResults | None, found: ProposalFindings) -> list[_Trip]:
    """Give the trips that stand beside the headline: key, words, impact, how much slower."""
    if results is None:
        return []
    travel = results.study.config.travel
    others = [
        (mode, how(mode), impact, 1.0)
        for mode, impact in found.result.impacts.items()
        if mode != found.mode
    ]
    walk = found.result.impacts.get("walk")
    pram = results.study.config.services[found.result.service].pram
    if walk is not None and pram and "pram_toddler" not in found.result.impacts:
        others.append(("pram", how("pram"), walk, travel.walk_km_h / travel.pram_km_h))
    return others


def _pram_note(results: StudyResults | None, others: Sequence[_Trip]) -> tuple[str, ...]:
    if results is None or not any(key == "pram" for key, *_ in others):
        return ()
    return (
        f"{capital(how('pram'))}: the walk at {results.study.config.travel.pram_km_h:g} km/h, a "
        "declared assumption; steps and surfaces are not considered.",
    )


def _mean_rise(impact: Impact, own: pd.DataFrame) -> float:
    """Average the rise of one trip over those of some areas."""
    areas = impact.areas.set_index("id").loc[own["id"]]
    return float(weighted_mean(areas["change_minutes"].to_numpy(float), areas["count"]))
