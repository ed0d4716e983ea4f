"""The report's first two pages: what is decided, what it does, for whom, and how sure it is."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.bus import BUS_NOT_KNOWN
from access.analysis.headline import BesideHeadline
from access.analysis.results import HubTerms, StudyResults
from access.disclosure import THRESHOLD, further, is_small, public_count
from access.document.document import (
    Block,
    Bold,
    BulletList,
    Callout,
    Heading,
    KeyFigures,
    Paragraph,
    Ref,
    TableBlock,
    Text,
    long_date,
)
from access.document.table import Column, Table, Value
from access.errors import ParameterError
from access.escape import plain
from access.labels import further_words, grouping_words, trip
from access.report import findings as say
from access.report.alternatives import (
    _readings,
    _sampled_share,
    _StandingWords,
)
from access.report.findings import (
    _PUBLIC,
    NO_CHANGE,
    ProposalFindings,
    Wording,
    _further_note,
    _most_deprived,
    _Option,
)
from access.report.hubs import _best_sets, _council_blocks, _hub_sentence
from access.report.paper import (
    _later_method,
    _later_sources,
    _package_sentence,
    _package_table,
    _papers_words,
    _rule_table,
    _since_table,
    _standing_table,
    _words_of,
)
from access.report.people import PeopleTables
from access.report.robustness import _place_range
from access.scenario import Ranking
from access.scenario.robustness import Robustness
from access.text import (
    NOT_APPLICABLE,
    Claim,
    Said,
    capital,
    is_missing,
    joined,
    listed,
    number,
    percent,
    place_of,
    pounds,
    sentence,
)


def _rivals_table(findings: Sequence[ProposalFindings], *, beside: bool = False) -> Table:
    """Put several proposals for one service side by side, no change first, the best others last."""
    first = findings[0]
    own = [o for f in findings for o in f.options[1:2]]
    named = [replace(o, name=f.result.title) for f, o in zip(findings, own, strict=True)]
    each = [first, *findings]
    told = {o.kept for o in own}
    others = [(found, o) for found in findings for o in found.options[2:]] if beside else []
    lists = {f.ranking.what for f in findings if f.ranking is not None}
    for found, other in others:
        if other.kept not in told:
            told.add(other.kept)
            # of several lists each has a best: whose it is must be said
            of = f", of {found.ranking.what}" if found.ranking and len(lists) > 1 else ""
            named.append(replace(other, name=f"{other.name}{of}"))
            each.append(found)
    whole = replace(first, options=(first.options[0], *named))
    table = options_table(whole, each=each)
    best = ", and the best others" if beside else ""
    return replace(
        table,
        title=f"{first.title}: every proposal beside no change{best} ({trip(first.mode)} to the "
        "nearest)",
        notes=(*table.notes, "One of these at most comes about: their figures do not add up."),
        short=f"{'Options' if beside else 'Proposals'}, {first.title}",
    )


def options_table(
    findings: ProposalFindings, source: str = "", each: Sequence[ProposalFindings] = ()
) -> Table:
    """Put the options of one service side by side; `each` option may be of findings of its own."""
    altered = any(option.impact.altered for option in findings.options)
    spent = altered or any(option.opened for option in findings.options)
    priced = _priced(findings.options)
    ranks = [o for o in findings.options if o.ranks and findings.ranking is not None]
    told = {"spent": spent, "priced": priced, "ranked": bool(ranks)}
    owns = each or [findings] * len(findings.options)
    rows = [_row(option, own, **told) for option, own in zip(findings.options, owns, strict=True)]
    columns = _option_columns(findings, **told)
    if altered:
        columns[1] = replace(columns[1], label="Closes, opens and changes")
    split = {
        (k, "deprived") for k, (option, own) in enumerate(zip(findings.options, owns, strict=True))
        if option.impact is own.impact and own.splits_hidden()
    }  # fmt: skip
    return Table(
        f"{findings.label}: the options side by side ({trip(findings.mode)} to the nearest)",
        tuple(columns),
        tuple(rows),
        notes=(
            say._in_all(findings.noun, say._figure(findings.impact.summary, "families")),
            *_rank_notes(each or [findings], ranks),
            *(say._none_of_them(each or [findings]) if ranks else ()),
            *(() if priced else ("What each option would save is not known.",)),
            *next((note for o in findings.options if (note := _further_note(o.impact))), ()),
        ),
        source=source,
        also_hidden=frozenset(split),
        short=f"Options, {findings.label}",
    ).without_unknown("deprived")


def _option_columns(
    findings: ProposalFindings, *, spent: bool, priced: bool, ranked: bool
) -> list[Column]:
    """Name what is told of an option, in the order of `_row`."""
    mode, deprived = trip(findings.mode), f"in {findings.nation}'s most deprived fifth of areas"
    few: dict[str, Any] = {"hidden_with": ("further",)}
    columns = [
        Column("option", "Option", width=1.15),
        Column("closes", "Closes and opens" if spent else "Closes", width=1.2),
        Column("further", "Further to go", "people", note=f"{findings.noun} whose {mode} grows"),
        Column("deprived", "Of these, most deprived fifth", "share", unit="%", decimals=0,
               note=deprived, share_of="further", **few),
        Column("extra", "Rise for these, mean", "minutes", unit="min",
               note=f"how much longer their {mode} is, each way", **few),
        Column("worst_rise", "Rise, largest", "minutes", unit="min", **few),
        Column("mean", "Everyone, mean", "minutes", unit="min",
               note=f"{mode} of all {findings.noun}"),
    ]  # fmt: skip
    if priced:
        saved = "Saved at closed sites a year" if spent else "Saving a year"
        columns.append(Column("saving", saved, "money"))
    if priced and spent:
        columns.append(Column("spent", "Spent at opened sites a year", "money"))
    if ranked:
        first = "1 is the shortest average of all sets of this size"
        columns.append(Column("rank", "Rank by mean", "number", note=first))
    return columns


def _rank_notes(findings: Sequence[ProposalFindings], ranked: Sequence[_Option]) -> tuple[str, ...]:
    """Say what the ranks are of, and which of them others share."""
    lists = dict.fromkeys(f.ranking.what for f in findings if f.ranking is not None)
    if not ranked or not lists:
        return ()
    shared = [f"{o.name} with {number(o.tied['mean'], 'other')}" for o in ranked if o.tied["mean"]]
    each = ", each among its own" if len(lists) > 1 else ""
    return (
        f"Ranks are of {listed(list(lists))}{each}; 1 is the shortest average.",
        *([sentence(f"shared ranks: {listed(shared)}")] if shared else []),
    )


def _priced(options: Sequence[_Option]) -> bool:
    """Say whether money is known of any option that changes something."""
    return any(
        not o.name.startswith(NO_CHANGE)
        and not (is_missing(o.savings) and (is_missing(o.spent) or not o.opened))
        for o in options
    )


def _row(
    option: _Option, findings: ProposalFindings, *, spent: bool, priced: bool, ranked: bool
) -> tuple[Value, ...]:
    s = option.impact.summary
    longer = float(s["lengthened"] or 0)
    further = longer + float(s["newly_unreachable"] or 0)
    share: Value = _share_in_fifth(option) if further else NOT_APPLICABLE
    mean: Value = s["mean_minutes_change_lengthened"] if longer else NOT_APPLICABLE
    most: Value = s["max_minutes_change"] if longer else NOT_APPLICABLE
    rank: Value = option.ranks["mean"] if option.ranks else NOT_APPLICABLE
    nothing = option.name.startswith(NO_CHANGE)
    return (
        option.name,
        _option_line(option, findings),
        further,
        share,
        mean,
        most,
        s["mean_minutes_after"],
        *([0.0 if nothing else option.savings] if priced else []),
        *([option.spent] if spent and priced else []),
        *([rank] if ranked else []),
    )


def _option_line(option: _Option, findings: ProposalFindings) -> str:
    """Say what an option closes, opens and changes."""
    parts = [listed(findings.named(option.closed), none="none")]
    parts += [f"opens {listed(findings.named(option.opened))}"] if option.opened else []
    parts += [f"changes {option.impact.altered}"] if option.impact.altered else []
    return "; ".join(parts)


def _share_in_fifth(option: _Option) -> float | None:
    """Give the share of those with further to go who live in the most deprived fifth."""
    areas = option.impact.areas
    deprived = _most_deprived(areas)
    if deprived is None:
        return None
    longer = areas["change_minutes"].to_numpy(float) > option.impact.tolerance_minutes
    count = np.where(longer, areas["count"].to_numpy(float), 0.0)
    return float(count[deprived].sum() / count.sum()) if count.sum() else None


_CRITERIA = {
    "mean": "the shortest trips on average",
    "worst": "who lives furthest away",
    "deprived_mean": "the most deprived fifth's own average",
    "deprived_p90": "nine in ten of the most deprived fifth",
    "deprived_moved": "fewest of the most deprived fifth moved further",
    "weighted_mean": "everyone's mean, deprived counting more",
}


def _summary_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    wording: Wording,
    robustness: Mapping[str, Robustness],
) -> list[Block]:
    """Write the first page: what is asked, what it would do, and how sure that is."""
    blocks: list[Block] = [
        Heading("Summary", key="summary"),
        Paragraph(_question(results, findings), style="lead"),
        KeyFigures(_key_figures(findings, wording)),
    ]
    package = len({f.result.service for f in findings}) == len(findings) > 1
    if package:
        blocks.append(TableBlock(_package_table(findings), key="package", compact=True))
        blocks.append(Paragraph(_package_sentence(findings, wording)))
    for service in dict.fromkeys(f.result.service for f in findings if f.rivals):
        own = [f for f in findings if f.result.service == service]
        blocks.append(TableBlock(_rivals_table(own), key=f"rivals-{service}", compact=True))
    for found in findings:
        blocks.append(Paragraph((Bold(f"{found.result.title}. "), _short(results, found, wording))))
    money = _papers_words(results)
    if money:
        blocks.append(Paragraph((Bold("Money in the papers, all proposals together. "), money)))
    return [*blocks, *_certainty(results, findings, robustness)]


def _recommendation_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], wording: Wording
) -> list[Block]:
    """Write the second page: a rule to decide by, and where the rest stands."""
    given = plain(results.study.config.report.recommendation)
    return [
        Heading("Recommendations", key="recommendations"),
        Paragraph(sentence(given) if given else "The officer's recommendation: not given."),
        TableBlock(_rule_table(results, findings, wording), key="rule", compact=True),
        Callout("decision", "Worth asking for before deciding", (_to_ask(results),)),
        TableBlock(_standing_table(results, findings), key="standing", compact=True),
    ]


def _issue_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], wording: Wording
) -> list[Block]:
    """Say of each proposal what it changes for whom."""
    blocks: list[Block] = []
    for found in findings:
        blocks += [
            Paragraph(found.result.title, style="key"),
            BulletList(_proposal_points(results, found, wording)),
        ]
    return blocks


def _option_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    wording: Wording,
    *,
    later_hubs: bool = False,
) -> list[Block]:
    """Put the options side by side, and say where the proposals stand by each measure.

    Where a council chose its hubs later than the paper, hubs are no option that it considered.
    """
    blocks: list[Block] = [
        TableBlock(options_table(found), key=f"options-{found.result.key}", compact=True)
        for found in findings
        if not found.rivals
    ]
    for service in dict.fromkeys(f.result.service for f in findings if f.rivals):
        own = [f for f in findings if f.result.service == service]
        table = _rivals_table(own, beside=True)
        blocks.append(TableBlock(table, key=f"options-{service}", compact=True))
    places = _priority_table(findings)
    if places.rows:
        blocks.append(TableBlock(places, key="priorities", compact=True))
    answer = results.hubs
    if answer is not None and not later_hubs:
        sets, names = _best_sets(answer), results.site_names()
        told = _hub_sentence(results, sets, names, answer.mode, wording)
        blocks.append(Paragraph((Bold(f"{HubTerms.of(results.study).title}: "), told)))
    return [*blocks, Paragraph(("The alternatives, and how firm their order is: ",
                                Ref("alternatives"), "."))]  # fmt: skip


def _since_blocks(results: StudyResults, wording: Wording) -> list[Block]:
    """Tell what became known later than the paper's date, apart from everything else."""
    config = results.study.config
    table, sources = _since_table(results), _later_sources(results)
    when, later = config.hubs.council_date, results.chosen_later
    if table is None and not sources and not later and not results.study.later:
        return []
    blocks: list[Block] = [
        Heading("What happened since", appendix=True, key="since"),
        Paragraph(
            f"Nothing in this part was known on {long_date(_as_of(results))}, the date of the "
            "paper, and no figure or sentence elsewhere rests on what happened later"
            f"{results.as_many_hubs()}."
        ),
    ]
    if table is not None:
        blocks.append(TableBlock(table, key="later", compact=True))
    if later and results.hubs is not None:
        hubs = HubTerms.of(results.study).many
        blocks.append(Paragraph(f"The {hubs} that the council chose ({when})", style="key"))
        blocks += _council_blocks(results, wording)
    if results.study.later:
        opened = (
            f"opened later, and so not among the candidate sites: {listed(results.study.later)}"
        )
        blocks.append(Paragraph(sentence(opened)))
    if sources:
        blocks.append(Paragraph(sentence(
            f"sources of a later date than the paper, wholly or partly: {listed(sources)}; what "
            "each was used for is in the table of data"
        )))  # fmt: skip
    method = _later_method(results)
    return [*blocks, Paragraph(method)] if method else blocks


def _to_ask(results: StudyResults) -> str:
    """List what is not known and would change a decision."""
    register = results.study.centres
    wants = []
    for column, words in (
        ("annual_cost_gbp", "what each building costs to run"),
        ("annual_visits", "who in fact attends each building"),
        ("condition", "the buildings' condition"),
        ("capacity", "how many people each building can take"),
    ):
        missing = [is_missing(v) for v in register[column]] if column in register else [True]
        if any(missing):
            wants.append(words if all(missing) else f"{words}, which is known of some")
    if bool(register["assumed"].any()):
        wants.append("which buildings the assumed stand-ins really are")
    if results.modelled:
        wants.append("the same figures on real streets")
    if not wants:
        return "The register is complete, and the streets are real."
    return sentence(f"not known, and not estimated here: {listed(wants)}")


def _question(results: StudyResults, findings: Sequence[ProposalFindings]) -> str:
    alone = [f for f in findings if not f.rivals]
    kept = [_whole(f) for f in alone if set(f.result.before) != set(f.result.after)]
    asked = [f"keep {listed(kept)}"] if kept else []
    asked += [
        f"change {f.impact.altered or f.title}"
        for f in alone
        if set(f.result.before) == set(f.result.after)
    ]
    asked = [f"{listed(asked)} as proposed"] if asked else []
    for service in dict.fromkeys(f.result.service for f in findings if f.rivals):
        own = [f for f in findings if f.result.service == service]
        told = listed([f"{plain(f.result.title)} (keep {_whole(f)})" for f in own])
        options = number(len(own), "option")
        asked.append(f"choose one of {options} for {own[0].title}: {told}")
    place = results.study.config.study.place
    other = "keep other ones, " if kept or len(alone) < len(findings) else ""
    return sentence(
        f"the question for the Board: should {place} {'; '.join(asked)}, {other}or make no change?"
    ).replace("?.", "?")


def _whole(found: ProposalFindings) -> str:
    """Say how many stay, what opens, and what else would change."""
    altered = found.impact.altered
    return f"{_size(found)} and change {altered}" if altered else _size(found)


def _size(found: ProposalFindings) -> Said:
    """Say how many stay, of how many, and that others open."""
    before, after = found.result.before, found.result.after
    stay, opened = len(set(after) & set(before)), found.named(found.result.opened)
    claims = [Claim("kept", "is", (float(stay), float(len(before))))]
    claims += [Claim("opened", "is", (float(len(opened)),))] if opened else []
    if stay < len(before):
        kept = (
            f"{stay} of {len(before)} {found.title}" if stay else f"none of today's {found.title}"
        )
    else:
        kept = f"all {stay} {found.title}" if stay > 1 else f"the one {found.one} of today"
    return Said(f"{kept} and open {listed(opened)}" if opened else kept, claims)


#: Proposals that have a large figure on the first page, where there are more than two.
_MOST_FIGURES = 8


def _key_figures(
    findings: Sequence[ProposalFindings], wording: Wording
) -> tuple[tuple[Said, str], ...]:
    """Give the figures that stand largest, each with its words."""
    items: list[tuple[Said, str]] = []
    for f in findings[: 2 if len(findings) < 3 else _MOST_FIGURES]:
        s = f.impact.summary
        longer = float(s["lengthened"] or 0)
        counted = public_count(longer, internal=wording.internal)
        where = f" under {f.label}" if f.rivals else ""
        all_of = [Claim("lengthened", "none", (0.0,))] if not longer else []
        figure = Said(capital(counted), [Claim("lengthened", "is", (longer,)), *all_of])
        items.append((figure, f"{f.noun} would have {further_words(f.mode)}{where}"))
        mean = s["mean_minutes_change_lengthened"]
        if longer and mean is not None and len(findings) < 3:
            more = wording.minutes(float(mean)).replace("minutes", "min").replace("minute", "min")
            figure = Said(f"+{more}", [Claim("mean_rise", "is", (float(mean),))])
            items.append((figure, f"on their {trip(f.mode)} each way, on average"))
        p = f.standing
        if f.sampled is not None and len(findings) == 1:
            share, words = _sampled_share(f.sampled)
            items.append((Said(share), f"{words}, by average {trip(f.mode)}"))
        if p is not None and f.ranking is not None and len(findings) == 1:
            place = place_of(p["rank_mean"], f.tied("mean"), options=len(f.ranking.table),
                             of=False, others=False, allowed=p["allowed"])  # fmt: skip
            rank = Claim("rank:mean", "rank", (p["rank_mean"], f.tied("mean")))
            items.append((Said(place, [rank]), f"of {f.ranking.what}, by average {trip(f.mode)}"))
    return tuple(items)


def _short(results: StudyResults, found: ProposalFindings, wording: Wording) -> str:
    """Say in a few sentences what a proposal does, and to whom."""
    said = say.ImpactWords(found.impact, wording)
    does = f"the proposal {said.does(found.names)}"
    words = _words_of(results, found.result)
    if words and found.result.closed:
        does += f" (in the paper's own words: {words})"
    beside = BesideHeadline(results, found.result).neighbours_words(internal=wording.internal)
    told = [sentence(does), said.affected(found.one), said.week(), beside]
    told.append(_deprivation(found, wording))
    return " ".join(str(t) for t in told if t)


def _proposal_points(
    results: StudyResults, found: ProposalFindings, wording: Wording
) -> tuple[Text, ...]:
    """Say where, to whom and by how much trips change under a proposal."""
    said, stands = say.ImpactWords(found.impact, wording), _StandingWords(found)
    points = [
        BesideHeadline(results, found.result).on_foot_words(internal=wording.internal),
        f"{_wards(found)} {said.furthest()}".strip(),
        found.most_deprived_fifth(wording),
        said.most_added(found.names),
        say._every_mode(found.result.impacts, wording),
        " ".join(
            filter(
                None,
                (
                    stands.better(wording),
                    stands.dominated(),
                    stands.on_foot(),
                    BesideHeadline(results, found.result).neighbours_rank_words(),
                ),
            )
        ),
        said.week(),
        found.result.stays_words(found.names) if found.result.stays else "",
    ]
    return tuple(p for p in points if p)


def _fifth_and_others(
    fifths: pd.DataFrame, who: str, nation: str = "the nation", wording: Wording = _PUBLIC
) -> Said:
    """Say whether the most deprived are affected more or less than everyone else."""
    first = (fifths["group"].astype(str) == "1").to_numpy(bool)
    families, moved = fifths["families"].to_numpy(float), further(fifths).to_numpy(float)
    own_total, other_total = families[first].sum(), families[~first].sum()
    if not own_total or not other_total:
        return Said("")
    counts = float(moved[first].sum()), float(moved[~first].sum())
    mine, theirs = float(counts[0] / own_total), float(counts[1] / other_total)
    few = [bool(is_small(count)) and not wording.internal for count in counts]
    claims = [Claim("share_further:deprived", "is", (mine,)),
              Claim("share_further:others", "is", (theirs,))]  # fmt: skip
    claims += [
        Claim(f"share_further:{whose}", end, (share,))
        for whose, share in (("deprived", mine), ("others", theirs))
        for end, at in (("none", 0.0), ("all", 1.0))
        if share == at
    ]
    place_words = f"the {who} in {nation}'s most deprived fifth"
    if mine == theirs == 0:
        text = f"none of {place_words} would have further to go, nor any of the others"
    elif any(few):  # a share of the others, taken from all, would give the few away
        whose = place_words if few[0] else f"all others than {place_words}"
        text = f"{public_count(counts[0] if few[0] else counts[1])} of {whose} would have "
        text += "further to go"
    else:
        text = (
            f"{percent(mine)} of {place_words} would have further to go, against "
            f"{percent(theirs)} of the others"
        )
    return Said(sentence(text), claims)


def _deprivation(found: ProposalFindings, wording: Wording = _PUBLIC) -> str:
    if _most_deprived(found.impact.demand) is None:
        return "How deprived each area is was not given, so nothing is said of it here."
    if not wording.internal and found.splits_hidden():
        return (
            f"How many of the {found.noun} in {found.nation}'s most deprived fifth would have "
            f"further to go is not told: it would narrow a number below {THRESHOLD} that is hidden."
        )
    return _fifth_and_others(found.impact.by("imd_fifth"), found.noun, found.nation, wording)


def _priority_table(findings: Sequence[ProposalFindings]) -> Table:
    """Say, measure by measure, where each proposal stands if that one matters most."""
    columns, held = [Column("priority", "What matters most", width=1.3)], []
    for k, f in enumerate(findings):
        many = f.sampled is not None or f.standing is not None
        if many:
            columns.append(Column(f"lead_{k}", f.label))
            held.append([_priority(f, f.ranking, c) for c in _CRITERIA])
        extra = _readings(f) if f.standing is not None and len(findings) < 3 else {}
        for key, other in extra.items():
            said = {"walk": "on foot", "beside": _other_centres(f)}[key]
            columns.append(Column(f"{key}_{k}", f"{f.label}, {said}"))
            held.append([_priority(f, other, c) for c in _CRITERIA])
    rows = [
        (capital(words), *(values[r] for values in held))
        for r, words in enumerate(_CRITERIA.values())
    ]
    of = [f"{f.label}: {f.ranking.what}, 1st is best" for f in findings if f.standing and f.ranking]
    if any(f.sampled is not None for f in findings):
        of.append("shares are of sets that are better than the proposal, from a sample")
    none = [f for f in findings if f.standing is None and f.sampled is None]
    for why, some in (
        ("it opens a site or closes none", [f.label for f in none if f.ranking is None]),
        ("there is one way to close as many", [f.label for f in none if f.ranking is not None]),
    ):
        if some and of:
            of.append(f"not ranked, for {why}: {listed(some)}")
    return Table(
        f"Where the proposals stand, by what matters most ({trip(findings[0].mode)})",
        tuple(columns),
        tuple(row for row in rows if any(v is not NOT_APPLICABLE for v in row[1:])),
        notes=(*(sentence(text) for text in of), *say._none_of_them(findings)),
        short="What matters most",
    )


def _other_centres(found: ProposalFindings) -> str:
    return "own sites only" if found.result.neighbours else "with the neighbours' sites"


def _priority(found: ProposalFindings, ranking: Ranking | None, criterion: str) -> Value:
    """Write the place by one measure, or the share of sets that are better."""
    if found.sampled is not None and criterion in found.sampled.criteria:
        return _sampled_share(found.sampled, criterion)[0]
    if ranking is None or ranking.proposal is None or criterion not in ranking.criteria:
        return NOT_APPLICABLE
    p = ranking.proposal
    rank, tied = int(p[f"rank_{criterion}"]), int(p[f"tied_{criterion}"])
    return place_of(rank, tied, options=len(ranking.table), of=False, others=rank == 1,
                    allowed=p["allowed"])  # fmt: skip


def _money(findings: Sequence[ProposalFindings]) -> str:
    """Say what the proposals save, where every cost is known."""
    stated = [
        f"{f.label}: the proposal itself says that it saves "
        f"{pounds(f.result.money.stated_saving_gbp)} a year"
        + (f" ({plain(f.result.source)})" if plain(f.result.source) else "")
        for f in findings
        if f.result.money.stated_saving_gbp is not None
    ]
    own = " ".join(sentence(text) for text in stated)
    if all(f.saved_gbp is None for f in findings):
        unknown = "Savings by building are not known, so no option can be weighed by money here."
        return f"{unknown} {own}".strip()
    told = [f"{f.label} {_saves(f)}" for f in findings]
    who = "the proposal saves" if len(findings) == 1 else "the proposals save"
    lead = f"{who} a year, by the register: {'; '.join(told)}"
    return f"{sentence(lead)} {own}".strip()


def _saves(found: ProposalFindings) -> str:
    """Say what is saved at what closes, and what is spent at what opens."""
    money, saved = found.result.money, found.saved_gbp
    text = "a sum that is not known" if saved is None else pounds(saved)
    if saved is not None and found.impact.altered:
        text += " at what closes, and what the other changes save is not known"
    if money.spent_gbp is None:
        return f"{text}, and what the sites that open would cost is not known"
    return text + (f", and {pounds(money.spent_gbp)} is spent at what opens" if money.spent_gbp
                   else "")  # fmt: skip


def _first_sentences(text: str, count: int) -> str:
    """Give the first sentences of a text."""
    return " ".join(re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)[:count])


def _wards(found: ProposalFindings) -> Said:
    """Name the wards with most people further away, by what a public table may show."""
    if "ward" not in found.impact.demand:
        return Said("")
    table = PeopleTables(found).by_group("ward", grouping_words("ward"))
    rows = [row for row in table.view().rows if row[2].state == "value" and row[2].value]
    rows = sorted(rows, key=lambda row: (-float(row[2].value), row[0].text))[:3]
    if not rows:
        return Said("")
    named = [f"{row[0].text} ({row[2].text} of {row[1].text})" for row in rows]
    told = [float(row[2].value) for row in rows]
    total = sum(float(row[2]) for row in table.rows if isinstance(row[2], int | float))
    one = len(rows) == 1
    claims = [
        Claim(f"further:{row[0].text}", "is", (n,)) for row, n in zip(rows, told, strict=True)
    ]
    if total and sum(told) > 0.5 * total:
        claims.append(Claim("further", "most", (sum(told), total)))
        text = f"most are in {'this ward' if one else 'these wards'}: {listed(named)}"
    else:
        text = f"the ward{'' if one else 's'} with the largest numbers that may be told: "
        text += listed(named)
    return Said(sentence(text), claims)


def _firm(found: ProposalFindings, robust: Robustness | None, *, modelled: bool) -> str:
    """Say how firm the proposal's place is, as far as it was tried."""
    ties = _StandingWords(found).near_ties(modelled=modelled)
    # places among options that were drawn are no places among all, be all of them listed or not
    few = found.sampled is not None or (robust is not None and bool(robust.drawn_of))
    if few and robust is not None and robust.proposal is not None:
        told = robust.sentence()
        own = Said(f"{found.label}: {told[0].lower()}{told[1:]}", told.claims)
        return joined([own, ties])
    if not ties:
        return ""
    text = f"{ties[0].lower()}{ties[1:]}"
    if robust is None or robust.proposal is None:
        return f"{found.label}: {text}"
    return (
        f"{found.label}: with what is uncertain varied {len(robust.draws):,} times, the proposal "
        f"is {_place_range(robust)} in nine of ten; {text}"
    )


def _certainty(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    robustness: Mapping[str, Robustness],
) -> list[Block]:
    modelled = results.modelled
    ties = [_firm(f, robustness.get(f.result.key), modelled=modelled) for f in findings]
    ties = [text for text in ties if text]
    sites = results.sites[results.sites["kind"] == "centre"]
    stand_ins, proxies = int(sites["assumed"].sum()), int(sites["proxy"].sum())
    # where the model was held against real streets is in the appendix
    warned = [f"{results.whose_streets}."]
    if modelled:
        warned = [re.sub(r" \([^)]*\)", "", _first_sentences(results.streets, 2))]
    if stand_ins:
        warned.append(sentence(say._stand_ins(stand_ins)))
    if proxies:
        warned.append(
            sentence(
                number(
                    proxies,
                    "site stands at a position that is only roughly known",
                    "sites stand at positions that are only roughly known",
                )
            )
        )
    if "bus" not in results.matrices:
        warned.append(BUS_NOT_KNOWN)
    elif results.bus is not None:
        warned.append(results.bus.of_another_time(results.study))
    warned.append("Everything that is assumed is in ")
    spans = (" ".join(filter(None, warned)), Ref("method"), ".")
    blocks: list[Block] = []
    if ties:
        blocks = [Paragraph("How sure we are", style="key"), BulletList(tuple(ties))]
    return [*blocks, Callout("assumption", "What these figures rest on", (spans,))]


def _for(results: StudyResults) -> str:
    return f"Report to the {plain(results.study.config.report.reader)}"


def _author(results: StudyResults) -> str:
    """Name who answers for the report; a report that nobody signed says what made it."""
    given = plain(results.study.config.report.author)
    return given or f"Made with family-access from the study {results.study.name}; no author given"


def _as_of(results: StudyResults) -> datetime.date:
    given = results.study.config.study.as_of
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        raise ParameterError(
            f"the study's as_of is {given!r}, which is no date such as 2018-03-12; mend it in "
            "study.toml, or give the report's date"
        ) from None
