"""The parts of a Cabinet report that the figures do not fill: from the study, or for an officer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from access.analysis.analysis import Analysis
from access.analysis.anew import Buildings
from access.analysis.results import ProposalResult, StudyResults
from access.disclosure import public_count
from access.display import records
from access.document.document import Block, Bold, BulletList, Heading, Paragraph, Ref, TableBlock
from access.document.table import Column, Table, Value
from access.escape import plain
from access.labels import further_words, trip
from access.network.modelled import MEASURED_ON
from access.report import findings as say
from access.report.findings import (
    NO_CHANGE,
    PROPOSAL,
    ProposalFindings,
    Wording,
    _most_deprived,
    _Option,
)
from access.report.people import _GROUPINGS
from access.study.config import is_later
from access.text import (
    NOT_APPLICABLE,
    Claim,
    Said,
    capital,
    is_missing,
    listed,
    number,
    numeral,
    place_of,
    pounds,
    sentence,
)

#: Stands wherever only an officer knows.
_NOT_GIVEN = "not given"
_TO_FILL = "Not given: for the officer to fill."


@dataclass(frozen=True, slots=True)
class _Duty:
    """A duty in law: where it holds, for which kind of service, and what it asks.

    Parameters
    ----------
    kind : str
        Of the service; empty for a duty on everything that a council decides.
    since : str
        When it came into force, where that may be later than a study's date.
    """

    nations: tuple[str, ...]
    kind: str
    name: str
    asks: str
    held: str
    since: str = ""


_NEED = "need, trips and alternatives, site by site"
_GROUPS, _EVERYBODY = "where groups live, and how their trips change", "trips of all groups"
_POOREST = "the most deprived fifth's own trips"
#: Of acts that are named in council papers; no list of every duty, and no advice.
_DUTIES = (
    _Duty(("England",), "childrens_centre", "Childcare Act 2006, section 5A",
          "sufficient children's centres, so far as reasonably practicable, to meet local need",
          _NEED),
    _Duty(("England",), "childrens_centre", "Childcare Act 2006, section 5D",
          "consultation before a significant change in what a children's centre provides, or "
          "before one ceases to be a children's centre", "the fields of the consultation"),
    _Duty(("England",), "youth", "Education Act 1996, section 507B",
          "access, so far as reasonably practicable, to sufficient leisure-time activities for the "
          "well-being of young people, whose views are ascertained and taken into account", _NEED),
    _Duty(("England", "Wales"), "library", "Public Libraries and Museums Act 1964, section 7",
          "a comprehensive and efficient library service for all who wish to use it", _NEED),
    _Duty(("England", "Wales", "Scotland"), "", "Equality Act 2010, section 149",
          "due regard to eliminating discrimination, advancing equality of opportunity and "
          "fostering good relations", _GROUPS),
    _Duty(("England",), "", "Equality Act 2010, section 1 (not in force in England)",
          "due regard to inequalities of outcome from socio-economic disadvantage, once in force",
          _POOREST),
    _Duty(("Scotland",), "", "Equality Act 2010, section 1",
          "due regard to inequalities of outcome from socio-economic disadvantage, in decisions of "
          "a strategic nature", _POOREST, "2018-04-01"),
    _Duty(("Wales",), "", "Equality Act 2010, section 1",
          "due regard to inequalities of outcome from socio-economic disadvantage, in decisions of "
          "a strategic nature", _POOREST, "2021-03-31"),
    _Duty(("Wales",), "", "Well-being of Future Generations (Wales) Act 2015, section 3",
          "sustainable development: well-being objectives, and reasonable steps to meet them",
          _EVERYBODY, "2016-04-01"),
    _Duty(("Northern Ireland",), "", "Northern Ireland Act 1998, section 75",
          "due regard to promoting equality of opportunity", _GROUPS),
)  # fmt: skip


def _duties_table(results: StudyResults, findings: Sequence[ProposalFindings]) -> Table:
    """List the legal duties that hold for the services and the nation of a study."""
    study, services = results.study.config.study, results.study.config.services
    without = _held_without(results, findings)
    rows: list[tuple[Value, ...]] = []
    for key in dict.fromkeys(f.result.service for f in findings):
        own = [d for d in _known(results.study.nation, study.as_of) if d.kind == services[key].kind]
        rows += [(d.name, services[key].title, d.asks, d.held) for d in own if d.kind]
        if not own or services[key].kind is None:
            rows.append((f"Of {services[key].title} in particular", services[key].title,
                         _TO_FILL, _NOT_GIVEN))  # fmt: skip
    rows += [(d.name, "all", d.asks, without.get(d.held, d.held))
             for d in _known(results.study.nation, study.as_of) if not d.kind]  # fmt: skip
    if not any(results.study.nation in duty.nations for duty in _DUTIES):
        rows.append(
            ("Of every decision", "all", _TO_FILL, "the study does not say whose law holds")
        )
    rows += [
        (d.duty, services[d.service].title if d.service else "all", d.asks, d.source or _NOT_GIVEN)
        for d in results.study.config.report.duties
    ]
    return Table(
        "Legal duties, by section",
        (Column("duty", "Duty"), Column("of", "Of", width=0.7),
         Column("asks", "What it asks", width=1.8),
         Column("held", "What this report holds of it", width=1.1)),
        tuple(rows),
        notes=("Named for orientation: whether each applies, and is met, is for a lawyer to say.",),
        short="Legal duties",
    )  # fmt: skip


def _held_without(results: StudyResults, findings: Sequence[ProposalFindings]) -> dict[str, str]:
    """Say what the report holds in place of what no figures were given for."""
    held = {}
    if not any(group.columns for group in results.study.groups):
        held[_GROUPS] = "nothing: no counts of such groups by area were given"
        held[_EVERYBODY] = "trips of all who are counted, not told apart by group"
    if all(_most_deprived(f.impact.demand) is None for f in findings):
        held[_POOREST] = "nothing: how deprived each area is was not given"
    return held


def _known(nation: str | None, as_of: str) -> list[_Duty]:
    """Give the duties of a nation that were in force on a day."""
    return [
        d for d in _DUTIES if nation in d.nations and not (d.since and is_later(d.since, as_of))
    ]


def _rule_table(
    results: StudyResults, findings: Sequence[ProposalFindings], wording: Wording
) -> Table:
    """Say for each option what the Board would have to believe to choose it."""
    rows: list[tuple[Value, ...]] = []
    services = dict.fromkeys(f.result.service for f in findings)
    for service in services:
        own = [f for f in findings if f.result.service == service]
        before = f"{own[0].title}: " if len(services) > 1 else ""
        rows.append((_named(before, NO_CHANGE), _no_change_belief(results, own[0])))
        for found in own:
            does = say.ImpactWords(found.impact).does(found.names)
            name = f"{found.result.title} ({does})" if found.rivals else PROPOSAL
            belief = _proposal_belief(results, found, wording)
            rows.append((_named("" if found.rivals else before, name), belief))
        told = {f.result.closed for f in own}
        for found, other in ((f, o) for f in own for o in f.options[2:]):
            if other.closed not in told:
                told.add(other.closed)
                name = f"close {listed(found.named(other.closed))}"
                rows.append((_named(before, name), _other_belief(found, other, wording)))
    return Table(
        "A rule to decide by: what the Board would have to believe to choose each option",
        (Column("option", "Option", width=1.0), Column("belief", "Choose it if you believe that",
                                                       width=2.2)),
        tuple(rows),
        notes=("The figures do not choose: which of these is believed is for the Board.",),
        short="Rule to decide by",
    )  # fmt: skip


def _named(before: str, name: str) -> str:
    return f"{before}{name[:1].lower()}{name[1:]}" if before else capital(name)


def _saving(results: StudyResults, found: ProposalFindings) -> str:
    """Say what a proposal saves, by the best word there is on it."""
    money = found.result.money
    if money.stated_saving_gbp is not None:
        return f"the {pounds(money.stated_saving_gbp)} a year that the proposal says it saves"
    if money.net_saving_gbp is not None and found.saved_gbp is not None:
        return f"the {pounds(money.net_saving_gbp)} a year that the proposal saves by the register"
    whole = [s for s in results.study.config.report.money if not s.part_of]
    if whole:
        most = max(whole, key=lambda s: s.gbp)
        return (
            f"the proposal's part, which is {_NOT_GIVEN}, of the {pounds(most.gbp)} that the "
            f"papers expect of the proposals together ({plain(most.year)})"
        )
    return "a saving that is not known"


def _papers_words(results: StudyResults) -> str:
    """Say what the papers expect the proposals to save as a whole, with where they say so."""
    told = []
    given = results.study.config.report.money
    for whole in (s for s in given if not s.part_of):
        parts = [f"{pounds(p.gbp)} {plain(p.what)}" for p in given if p.part_of == whole.what]
        of = f", of which {listed(parts)}" if parts else ""
        source = f" ({plain(whole.source)})" if plain(whole.source) else ""
        what = plain(whole.what)
        told.append(f"{what}, {plain(whole.year)}: {pounds(whole.gbp)}{of}{source}")
    return " ".join(sentence(text) for text in told)


def _no_change_belief(results: StudyResults, found: ProposalFindings) -> str:
    if found.rivals:
        rest = "what any of the proposals would save can be found elsewhere or done without"
        return f"nobody should have further to go to reach the nearest {found.one}, and {rest}"
    if not _harm(found, _proposed(found), Wording()):
        return f"the {found.title} should stay as they are"
    return (
        f"nobody should have further to go to reach the nearest {found.one}, and "
        f"{_saving(results, found)} can be found elsewhere or done without"
    )


def _proposal_belief(results: StudyResults, found: ProposalFindings, wording: Wording) -> Said:
    harm = _harm(found, _proposed(found), wording)
    claims, text = list(harm.claims), f"{_saving(results, found)} justifies {harm}"
    if not harm:
        days = (
            " on a day on which the nearest is open" if say.ImpactWords(found.impact).week() else ""
        )
        text = f"the change is right for other reasons: nobody would have further to go{days}"
    p = found.standing
    if p is not None and found.ranking is not None and p["rank_mean"] > 1:
        place = place_of(p["rank_mean"], found.tied("mean"), options=len(found.ranking.table),
                         others=False, allowed=p["allowed"])  # fmt: skip
        sets = "the set" if p["rank_mean"] == 2 else "the sets"
        text += (
            f"; and there are reasons, other than trips, against {sets} with a shorter average "
            f"(it is {place})"
        )
        claims.append(Claim("rank:mean", "rank", (p["rank_mean"], found.tied("mean"))))
    if found.sampled is not None and "mean" not in _best_on(found, _proposed(found)):
        text += "; and there are reasons, other than trips, against sets with a shorter average"
    return Said(text, claims)


_BELIEFS = {
    "mean": "the average trip",
    "worst": "the trip of those who live furthest away",
    "deprived_mean": "the most deprived fifth's own average trip",
    "weighted_mean": "the average trip with deprived areas counting more",
}


def _proposed(found: ProposalFindings) -> _Option:
    """Give the proposal among the options; one that neither closes nor opens is no change."""
    return next((o for o in found.options if o.kept == tuple(found.result.after)), found.options[0])


def _best_on(found: ProposalFindings, option: _Option) -> list[str]:
    """Name the measures that an option is best by, or proven best by where not all are listed."""
    if found.sampled is None:
        return [c for c, rank in option.ranks.items() if rank == 1]
    rows = {c: found.sampled.row(c) for c in found.sampled.criteria}
    closed = set(option.closed)
    return [c for c, row in rows.items() if row["proven"] and set(row["best_closed"]) == closed]


def _other_belief(found: ProposalFindings, other: _Option, wording: Wording) -> str:
    own = _best_on(found, _proposed(found))
    # a measure on which the proposal is as good decides nothing
    best = [_BELIEFS[c] for c in _best_on(found, other) if c in _BELIEFS and c not in own]
    parts = [f"what counts most is {listed(best)}"] if best else []
    sites, cost = ("this site", "costs") if len(other.closed) == 1 else ("these sites", "cost")
    parts.append(
        f"{sites} can close for as much"
        if other.savings is None
        else f"the {pounds(other.savings)} a year that {sites} {cost} is saving enough"
    )
    harm = _harm(found, other, wording)
    decides = f"{harm} is the lesser harm" if harm else "nobody having further to go decides it"
    return "; and ".join([*parts, decides])


def _harm(found: ProposalFindings, option: _Option, wording: Wording) -> Said:
    """Say who has further to go under an option; empty where nobody has."""
    s = option.impact.summary
    longer, lost = float(s["lengthened"] or 0), float(s["newly_unreachable"] or 0)
    rise, told = s["mean_minutes_change_lengthened"], []
    claims = [Claim(what, "is" if n else "none", (n,))
              for what, n in (("lengthened", longer), ("lost", lost))]  # fmt: skip
    if longer:
        told.append(f"{wording.people(longer, found.noun)} having {further_words(found.mode)}")
        if rise is not None:
            claims.append(Claim("mean_rise", "is", (float(rise),)))
            told[-1] += f" (by {wording.minutes(float(rise))} on average)"
    if lost:
        told.append(f"{wording.people(lost, found.noun)} no longer reaching any")
    return Said(listed(told, none=""), claims)


def _package_table(findings: Sequence[ProposalFindings]) -> Table:
    """Put the proposals for different services side by side, as one package."""
    rows: list[tuple[Value, ...]] = []
    for f in findings:
        s = f.impact.summary
        longer = float(s["lengthened"] or 0)
        further = longer + float(s["newly_unreachable"] or 0)
        whole = float(s["families"] or 0)
        rows.append((
            f.title, len(f.result.before), len(f.result.after), f.noun, further,
            further / whole if whole else NOT_APPLICABLE,
            s["mean_minutes_change_lengthened"] if longer else NOT_APPLICABLE,
            s["max_minutes_change"] if longer else NOT_APPLICABLE,
            f.standing["rank_mean"] if f.standing else NOT_APPLICABLE,
            len(f.ranking.table) if f.standing and f.ranking is not None else NOT_APPLICABLE,
        ))  # fmt: skip
    further_column = ("further",)
    return Table(
        f"The package: every proposal together ({trip(findings[0].mode)} to the nearest)",
        (
            Column("service", "Service"),
            Column("today", "Open today", "number"),
            Column("after", "After", "number"),
            Column("who", "Who is counted", width=1.2),
            Column("further", "Further to go", "people"),
            Column("share", "Of all", "share", decimals=0, hidden_with=further_column),
            Column("rise", "Rise for these, mean", "minutes", unit="min",
                   hidden_with=further_column),
            Column("most", "Rise, largest", "minutes", unit="min", hidden_with=further_column),
            Column("rank", "Rank by mean, 1 is best", "number"),
            Column("of", "Of so many sets", "number"),
        ),
        tuple(rows),
        notes=(
            "The services' people are not the same people, and are not added up.",
            *say._none_of_them(findings),
        ),
        short="Package",
    )  # fmt: skip


def _package_sentence(findings: Sequence[ProposalFindings], wording: Wording) -> Said:
    """Say who would lose by more than one proposal of the package at once."""
    grown: list[set[str]] = []
    for f in findings:
        areas, slack = f.impact.areas, f.impact.tolerance_minutes
        lived = areas["count"].to_numpy(float) > 0
        longer = (areas["change_minutes"].to_numpy(float) > slack) & lived
        grown.append(set(areas["id"].to_numpy(object)[longer]))
    both = set.intersection(*grown)
    if not both:
        none = Claim("both:areas", "none", (0.0,))
        return Said("In no area would the trip grow for all of these services at once.", [none])
    counts, claims = [], [Claim("both:areas", "is", (float(len(both)),))]
    for f in findings:
        inside = f.impact.areas["id"].isin(both)
        people = float(np.where(inside, f.impact.areas["count"], 0.0).sum())
        claims.append(Claim(f"both:{f.result.key}", "is", (people,)))
        counts.append(f"{public_count(people, internal=wording.internal)} {f.noun}")
    every = "both" if len(findings) == 2 else "all"
    text = f"in the areas where the trip to {every} would grow live {listed(counts)}"
    return Said(sentence(text), claims)


def _given(text: str) -> str:
    """Write what an officer gave, or that nothing was."""
    return sentence(text) if plain(text) else _TO_FILL


def _words_of(results: StudyResults, result: ProposalResult) -> str:
    """Give the paper's own word for the closing of a proposal's sites, where the study has it."""
    proposal = results.study.config.proposals.get(result.key)
    return plain(proposal.status_words) if proposal is not None else ""


def _standing_table(results: StudyResults, findings: Sequence[ProposalFindings]) -> Table:
    """Say on one page where the parts stand that the figures do not fill."""
    given = results.study.config.report
    asked = results.study.config.consultation
    closing = {i for f in findings for i in f.result.closed}
    owned = {m.site for m in given.mitigation if plain(m.owner)} & closing
    named = _duties_table(results, findings).rows
    duties = [str(row[0]) for row in named if row[2] != _TO_FILL]
    if len(duties) < len(named):
        duties.append("others for the officer to fill" if duties else "for the officer to fill")
    steps = [f"{plain(s.when)}: {plain(s.what)}" for s in given.timetable]
    whole = [f"{plain(s.what)}, {plain(s.year)}: {pounds(s.gbp)}" for s in given.money
             if not s.part_of]  # fmt: skip
    replies = _NOT_GIVEN if asked.replies is None else f"{asked.replies:,}"
    rows: list[tuple[Value, ...]] = [
        ("Money", "; ".join([*whole, _by_building(results, findings)]) if whole else
         "by the papers: not given"),
        ("Legal duties", "; ".join(duties)),
        ("Consultation", f"public: {plain(asked.period) or _NOT_GIVEN}; staff: "
         f"{plain(asked.staff) or _NOT_GIVEN}; replies: {replies}; result: "
         f"{plain(asked.result) or _NOT_GIVEN}"),
        ("Timetable", "; ".join(steps) or _NOT_GIVEN),
        ("Mitigation", _owned_words(len(owned), len(closing))),
        ("Recommendation", plain(given.recommendation) or _NOT_GIVEN),
        ("Accountable officer", plain(given.accountable_officer) or _NOT_GIVEN),
    ]  # fmt: skip
    return Table(
        "Where the rest of the decision stands",
        (Column("part", "Part", width=0.5), Column("known", "What is given", width=2.6)),
        tuple(rows),
        short="Rest of the decision",
    )


def _by_building(results: StudyResults, findings: Sequence[ProposalFindings]) -> str:
    """Say whether what each closing building costs is known."""
    costs = Analysis(results).savings()
    closing = {i for f in findings for i in f.result.closed}
    known = len(closing & set(costs))
    if not closing:
        return "by building: no site closes"
    if not known:
        return "by building: not known"
    if known == len(closing):
        return "by building: known, by the register"
    sites = number(len(closing), "site")
    return f"by building: known for {numeral(known)} of the {sites} that would close"


def _owned_words(owned: int, closing: int) -> str:
    """Say for how many of the sites that close an owner of the mitigation is named.

    Examples
    --------
    >>> _owned_words(0, 8), _owned_words(2, 8), _owned_words(1, 1), _owned_words(0, 0)
    ('an owner is named for none of the eight sites that would close', \
'an owner is named for two of the eight sites that would close', \
'an owner is named for the one site that would close', 'no site closes')
    """
    if not closing:
        return "no site closes"
    sites = f"the {number(closing, 'site')} that would close"
    if closing == 1:
        return f"{'an' if owned else 'no'} owner is named for {sites}"
    many = "none" if not owned else "all" if owned == closing else numeral(owned)
    return f"an owner is named for {many} of {sites}"


def _background(results: StudyResults, findings: Sequence[ProposalFindings]) -> list[Block]:
    """Write what led here: the study's own words, then each proposal's."""
    blocks: list[Block] = [Heading("Background", key="background")]
    given = results.study.config.report.background
    blocks += [Paragraph(sentence(text)) for text in given] or [Paragraph(_TO_FILL)]
    for found in findings:
        told = [sentence(found.result.comment)] if plain(found.result.comment) else []
        words = _words_of(results, found.result)
        if words:
            told.append(sentence(f"in the paper's own words: {words}"))
        if plain(found.result.source):
            told.append(sentence(f"source: {found.result.source}"))
        if told:
            blocks.append(Paragraph((Bold(f"{found.result.title}: "), " ".join(told))))
    return blocks


def _consultation(results: StudyResults) -> list[Block]:
    asked = results.study.config.consultation
    rows: list[tuple[Value, ...]] = [
        ("Public", plain(asked.period) or _NOT_GIVEN),
        ("Staff", plain(asked.staff) or _NOT_GIVEN),
        ("Replies", _NOT_GIVEN if asked.replies is None else f"{asked.replies:,}"),
        ("What they said", plain(asked.result) or _NOT_GIVEN),
        ("What was changed because of it", plain(asked.changed) or _NOT_GIVEN),
    ]
    table = Table(
        "The consultation, and what came of it",
        (Column("field", "Field", width=0.6), Column("given", "Given", width=2.0)),
        tuple(rows),
        source=plain(asked.source),
        short="Consultation",
    )
    return [
        Heading("Consultation", key="consultation"),
        TableBlock(table, compact=True),
        Paragraph(("What consultees asked for: ", Ref("alternatives"), ".")),
    ]


def _timetable(results: StudyResults) -> list[Block]:
    steps = results.study.config.report.timetable
    if not steps:
        return [Heading("Timetable and accountability for it"), Paragraph(_TO_FILL)]
    table = Table(
        "Timetable",
        (Column("when", "When", width=0.8), Column("what", "What", width=1.6),
         Column("source", "Source")),
        tuple((s.when, s.what, plain(s.source) or _NOT_GIVEN) for s in steps),
        short="Timetable",
    )  # fmt: skip
    return [Heading("Timetable and accountability for it"), TableBlock(table, compact=True)]


def _money_blocks(results: StudyResults, told: str) -> list[Block]:
    """Set out the papers' own sums, parts below their whole, and what is known by building."""
    given = results.study.config.report
    blocks: list[Block] = [Heading("Financial and procurement", key="money")]
    if given.money:
        rows: list[tuple[Value, ...]] = []
        for whole in (s for s in given.money if not s.part_of):
            rows.append((whole.what, whole.year, whole.gbp, plain(whole.source) or _NOT_GIVEN))
            rows += [
                (f"of which: {part.what}", part.year, part.gbp, plain(part.source) or _NOT_GIVEN)
                for part in given.money
                if part.part_of == whole.what
            ]
        table = Table(
            "What the papers expect of the proposals as a whole",
            (Column("what", "What", width=1.4), Column("year", "Year"),
             Column("gbp", "Saving", "money"), Column("source", "Source", width=1.4)),
            tuple(rows),
            short="Money in the papers",
        )  # fmt: skip
        blocks.append(TableBlock(table, key="papers-money", compact=True))
    return [
        *blocks,
        Paragraph(told),
        Paragraph((Bold("Procurement: "), _given(given.procurement))),
    ]


def _legal(results: StudyResults, findings: Sequence[ProposalFindings]) -> list[Block]:
    return [
        Heading("Legal", key="legal"),
        TableBlock(_duties_table(results, findings), key="duties", compact=True),
        Paragraph((Bold("Legal advice: "), _given(results.study.config.report.legal))),
    ]


def _people(
    results: StudyResults, findings: Sequence[ProposalFindings], *, equality: str
) -> list[Block]:
    """Write the parts on staff, children, equality and partners."""
    given = results.study.config.report
    shared = [t for f in findings for t in Buildings(results.study).knock_on(f.result.closed)]
    points = tuple(sentence(t) for t in dict.fromkeys(shared))
    return [
        Heading("Human resources"),
        Paragraph(_given(given.human_resources)),
        Heading("Children, young people and vulnerable adults"),
        Paragraph(_given(given.children)),
        Heading("Equalities and human rights"),
        Paragraph((f"{equality} {_by_group(results, findings)}: ".lstrip(), Ref("who"),
                   ". What was found when regard was had to these duties, and what follows from "
                   "it: for the officer to fill.")),
        Heading("Partners and other directorates"),
        Paragraph(_given(given.partners)),
        *([BulletList(points)] if points else []),
    ]  # fmt: skip


def _by_group(results: StudyResults, findings: Sequence[ProposalFindings]) -> str:
    """Name what the appendix holds: groups where any are told apart, else everybody together."""
    told = any(group.columns for group in results.study.groups)
    told |= any(column in f.impact.demand for f in findings for column, _ in _GROUPINGS)
    return "Group by group" if told else "No groups are told apart; who is affected"


def _room_risk(found: ProposalFindings) -> Said:
    """Name the site that would take on the largest number, and whether it is known to have room."""
    table = found.impact.receiving_sites
    if table.empty or not float(table["families_added"].max()) > 0:
        return Said("")
    added = float(table["families_added"].max())
    first = [row for row in records(table) if row["families_added"] >= added - 1e-9]
    first.sort(key=lambda row: row["site"])
    names = [found.names.get(str(row["site"]), str(row["name"])) for row in first]
    claims = [Claim(f"added:{row['site']}", "most", (added,)) for row in first]
    each = " each" if len(first) > 1 else ""
    text = f"{listed(names)} would{each} take on the largest number of those who move to another "
    text += found.one
    if found.label not in text and found.rivals:
        text = f"{found.label}: {text}"
    return Said(text + _room_words(first, names), claims)


def _room_words(sites: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Say whether sites are known to have room for all who would then be nearest to them."""
    named = list(zip(sites, names, strict=True))
    unknown = [n for row, n in named if is_missing(row["capacity"])]
    over = [n for row, n in named if n not in unknown and row["families_after"] > row["capacity"]]
    alone = len(sites) == 1
    if unknown:
        which = "it has" if alone else f"{listed(unknown)} {'has' if len(unknown) == 1 else 'have'}"
        return f": whether {which} room is not known"
    if over:
        which = "it" if alone else listed(over)
        return f": by the register {which} {'has' if len(over) == 1 else 'have'} not room for all"
    return f": by the register {'it has' if alone else 'they have'} room for all"


def _risk_table(results: StudyResults, findings: Sequence[ProposalFindings]) -> Table:
    """List what may go wrong: what the figures themselves show, then what an officer names."""
    rows: list[tuple[Value, ...]] = []
    sites = results.sites[results.sites["kind"] == "centre"]
    if results.modelled:
        rows.append(("Streets are modelled: trips may be shorter or longer than said",
                     "the same figures on real streets before deciding", _NOT_GIVEN))  # fmt: skip
    if int(sites["assumed"].sum()):
        rows.append((capital(say._stand_ins(int(sites["assumed"].sum()))),
                     "name the real buildings, and run it again", _NOT_GIVEN))  # fmt: skip
    register = results.study.centres
    if "annual_visits" not in register or register["annual_visits"].isna().all():
        rows.append(("Everybody is counted at the nearest site; who goes where is not known",
                     "attendance by area", _NOT_GIVEN))  # fmt: skip
    for found in findings:
        risk = _room_risk(found)
        if risk:
            asked = "its capacity, before deciding" if risk.endswith("not known") else _NOT_GIVEN
            rows.append((risk, asked, _NOT_GIVEN))
    rows += [
        (r.risk, plain(r.mitigation) or _NOT_GIVEN, plain(r.owner) or _NOT_GIVEN)
        for r in results.study.config.report.risks
    ]
    owned = any(row[2] != _NOT_GIVEN for row in rows)
    columns = (Column("risk", "Risk", width=1.5), Column("mitigation", "What is done about it"),
               *([Column("owner", "Owner", width=0.6)] if owned else []))  # fmt: skip
    return Table(
        "Risks, what is done about each, and whose that is",
        columns,
        tuple(row[: len(columns)] for row in rows),
        notes=() if owned or not rows else (f"Owners: {_NOT_GIVEN}.",),
        short="Risks",
    )


def _mitigation_table(results: StudyResults, findings: Sequence[ProposalFindings]) -> Table:
    """List for every site that closes what softens it, who answers for that, and by when."""
    given = results.study.config.report.mitigation
    rows: list[tuple[Value, ...]] = []
    for site, name in {i: f.names.get(i, i) for f in findings for i in f.result.closed}.items():
        own = [m for m in given if m.site == site]
        rows += [
            (name, m.what, plain(m.owner) or _NOT_GIVEN, plain(m.by) or _NOT_GIVEN) for m in own
        ]
        if not own:
            beside = Buildings(results.study).also_there(site)
            what = f"{_NOT_GIVEN}; also in the building: {listed(beside)}" if beside else _NOT_GIVEN
            rows.append((name, what, _NOT_GIVEN, _NOT_GIVEN))
    return Table(
        "What would soften the loss of each site",
        (Column("site", "Site"), Column("what", "What is offered", width=1.5),
         Column("owner", "Owner", width=0.7), Column("by", "By", width=0.6)),
        tuple(rows),
        short="Mitigation",
    )  # fmt: skip


def _mitigation_blocks(results: StudyResults, findings: Sequence[ProposalFindings]) -> list[Block]:
    """Say what softens the loss of each site; in one line where nothing is given of any."""
    table = _mitigation_table(results, findings)
    if any(cell != _NOT_GIVEN for row in table.rows for cell in row[1:]):
        return [TableBlock(table, compact=True)]
    sites = number(len(table.rows), "site")
    told = f"what would soften the loss of each of the {sites} that would close, who answers for "
    if len(table.rows) == 1:
        told = f"what would soften the loss of {table.rows[0][0]}, who answers for "
    return [Paragraph((Bold("Mitigation: "), sentence(f"{told}it, and by when: {_NOT_GIVEN}")))]


def _paper_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    *,
    issues: Sequence[Block],
    options: Sequence[Block],
    money: str,
    equality: str,
) -> list[Block]:
    """Write the parts after the first two pages, in the order of a Cabinet report.

    Parameters
    ----------
    issues, options : sequence of block
        Of the key issues, and of the options considered.
    money, equality : str
        What the figures say of each.
    """
    given = results.study.config.report
    closes = any(f.result.closed for f in findings)
    return [
        *_background(results, findings),
        Heading("Key issues", key="issues"),
        *issues,
        Heading("Options considered and recommended proposal", key="options"),
        *options,
        *_consultation(results),
        *_timetable(results),
        *_money_blocks(results, money),
        *_legal(results, findings),
        *_people(results, findings, equality=equality),
        Heading("Risks and mitigation", key="risks"),
        TableBlock(_risk_table(results, findings), compact=True),
        *(_mitigation_blocks(results, findings) if closes else []),
        Heading("Accountable officer"),
        Paragraph(_given(given.accountable_officer)),
    ]


def _since_table(results: StudyResults) -> Table | None:
    """List what the study tells of later days, oldest first."""
    since = sorted(results.study.config.report.since, key=lambda s: s.when)
    if not since:
        return None
    return Table(
        f"Known later than {results.study.config.study.as_of}",
        (Column("when", "When", width=0.5), Column("what", "What", width=2.0),
         Column("source", "Source")),
        tuple((s.when, s.what, plain(s.source) or _NOT_GIVEN) for s in since),
        short="Since then",
    )  # fmt: skip


def _later_sources(results: StudyResults) -> list[str]:
    """Name the inputs that are of a later date than the paper, wholly or partly, with that date."""
    as_of = results.study.config.study.as_of
    dated = {str(row["file"]): _latest(row) for row in results.ledger.inputs}
    return [f"{file} ({when})" for file, when in dated.items() if when and is_later(when, as_of)]


def _latest(row: Mapping[str, object]) -> str:
    """Give the latest date of an input: the one given, or the last year that its vintage names.

    Examples
    --------
    >>> _latest({"date": "2019-05"}), _latest({"vintage": "2011 to 2019 (as stated)"}), _latest({})
    ('2019-05', '2019', '')
    """
    years = re.findall(r"\b(?:19|20)\d\d\b", str(row.get("vintage", "")))
    return str(row.get("date") or max(years, default=""))


def _later_method(results: StudyResults) -> str:
    """Say where the method itself was measured later than the paper."""
    if not (results.modelled and is_later(MEASURED_ON, results.study.config.study.as_of)):
        return ""
    return (
        f"How wrong modelled streets are was measured on another place's map of {MEASURED_ON}: "
        "that is of the method, and no fact of this place."
    )
