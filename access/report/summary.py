"""The two pages that come first: what is asked, what the options do, how sure we are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from access.report import sentences as say
from access.report import standing as stands
from access.report.blocks import (
    Block,
    Bold,
    BulletList,
    Callout,
    Heading,
    KeyFigures,
    Paragraph,
    Ref,
    TableBlock,
)
from access.report.cells import is_missing
from access.report.findings import ProposalFindings
from access.report.firmness import place_range
from access.report.hubs import best_sets, hub_sentence
from access.report.names import site_names
from access.report.options_table import options_table
from access.report.voice import Voice
from access.report.who_tables import group_table
from access.report.words import about, listed, number, pounds, sentence
from access.results import StudyResults
from access.scenario.robustness import Robustness
from access.scenario.words import place_of

_CRITERIA = {
    "mean": "the shortest trips on average",
    "worst": "whoever lives furthest away",
    "weighted_mean": "families in deprived areas",
    "gap": "the gap by deprivation",
}


def summary_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    voice: Voice,
    *,
    robustness: Mapping[str, Robustness],
) -> list[Block]:
    """Write the first two pages.

    Parameters
    ----------
    results : StudyResults
    findings : sequence of ProposalFindings
    voice : Voice
    robustness : mapping of str to Robustness
        By proposal; empty where it was not asked.

    Returns
    -------
    list of block
    """
    blocks: list[Block] = [
        Paragraph(_question(results, findings), style="lead"),
        KeyFigures(_key_figures(findings, voice)),
    ]
    for found in findings:
        blocks += _proposal_blocks(found, voice)
    points = _criteria(findings)
    answer = results.hubs
    if answer is not None:
        sets, names = best_sets(answer), site_names(results)
        told = hub_sentence(results, sets, names, answer.mode, voice)
        points = (*points, (Bold("Family Hubs: "), told))
    blocks += [
        Heading("Where the proposals stand, by what matters most"),
        BulletList(points),
    ]
    blocks += [Heading("How sure we are"), *_certainty(results, findings, robustness)]
    return [*blocks, Callout("decision", "Worth asking for before deciding", (_to_ask(results),))]


def _to_ask(results: StudyResults) -> str:
    """List what is not known and would change a decision."""
    register = results.study.centres
    wants = []
    for column, words in (
        ("annual_cost_gbp", "what each building costs to run"),
        ("annual_visits", "who in fact attends each one"),
        ("condition", "its condition"),
        ("capacity", "how many families it can take"),
    ):
        if column not in register or all(is_missing(v) for v in register[column]):
            wants.append(words)
    if bool(register["assumed"].any()):
        wants.append("which buildings the assumed stand-ins really are")
    if results.modelled:
        wants.append("the same figures on real streets")
    if not wants:
        return "The register is complete, and the streets are real."
    return sentence(f"not known, and not estimated here: {listed(wants)}")


def _question(results: StudyResults, findings: Sequence[ProposalFindings]) -> str:
    sizes = [
        f"{len(f.result.after)} of {len(f.result.before)} {f.title}"
        if len(f.result.after) < len(f.result.before)
        else f"{len(f.result.after)} {f.title} instead of {len(f.result.before)}"
        for f in findings
    ]
    place = results.study.config.study.place
    return sentence(
        f"the question for the Board: should {place} keep {listed(sizes)} as proposed, keep "
        "other ones, or make no change?"
    ).replace("?.", "?")


def _key_figures(findings: Sequence[ProposalFindings], voice: Voice) -> tuple[tuple[str, str], ...]:
    items: list[tuple[str, str]] = []
    for f in findings[:2]:
        s = f.impact.summary
        longer = float(s["lengthened"] or 0)
        counted = about(longer) if longer == 0 or longer >= 5 or voice.internal else "fewer than 5"
        further = say.FURTHER.get(f.mode, "a longer trip")
        items.append((counted[0].upper() + counted[1:], f"{f.noun} would have {further}"))
        mean = s["mean_minutes_change_lengthened"]
        if longer and mean is not None:
            more = voice.minutes(float(mean)).replace("minutes", "min").replace("minute", "min")
            items.append((f"+{more}", f"on their {say.trip(f.mode)} each way, on average"))
        p = f.standing
        if p is not None and f.ranking is not None and len(findings) == 1:
            total = len(f.ranking.table)
            place = place_of(p["rank_mean"], f.tied("mean"), options=total, of=False, others=False)
            items.append((place, f"of {f.ranking.what}, by average {say.trip(f.mode)}"))
    return tuple(items)


def _proposal_blocks(found: ProposalFindings, voice: Voice) -> list[Block]:
    impact = found.impact
    closed = listed(found.named(found.result.closed), none="none")
    first = f"{sentence(f'the proposal closes {closed}')} {say.affected(impact, found.one, voice)}"
    points = [
        f"{_wards(found)} {say.furthest(impact, voice)}".strip(),
        _deprivation(found),
        say.most_added(impact, found.names, voice),
        say.every_mode(found.result.impacts, voice),
        f"{stands.better(found, voice)} {stands.dominated(found)}".strip(),
    ]
    return [
        Heading(found.result.title),
        Paragraph(first),
        BulletList(tuple(p for p in points if p)),
        TableBlock(options_table(found), key=f"options-{found.result.key}", compact=True),
    ]


def _deprivation(found: ProposalFindings) -> str:
    if "imd_decile" not in found.impact.demand:
        return "How deprived each area is was not given, so nothing is said of it here."
    return say.deprivation(found.impact.by("imd_fifth"), found.noun)


def _criteria(findings: Sequence[ProposalFindings]) -> tuple[tuple[str | Bold, ...], ...]:
    """Say, criterion by criterion, what the Board would choose if that one mattered most."""
    points: list[tuple[str | Bold, ...]] = []
    for criterion, words in _CRITERIA.items():
        parts = []
        for f in findings:
            p = f.standing
            if p is None or f.ranking is None or criterion not in f.ranking.criteria:
                continue
            options = len(f.ranking.table)
            place = place_of(p[f"rank_{criterion}"], f.tied(criterion), options=options)
            parts.append(f"{f.title} {place}")
        if parts:
            points.append((Bold(f"{words[0].upper()}{words[1:]}: "), sentence("; ".join(parts))))
    points.append((Bold("Money: "), _money(findings)))
    return tuple(points)


def _money(findings: Sequence[ProposalFindings]) -> str:
    """Say what the proposals save, where every cost is known."""
    saved = {f.title: f.options[1].savings for f in findings if len(f.options) > 1}
    if any(amount is None for amount in saved.values()):
        return "Savings by building are not known, so no option can be weighed by money here."
    told = [f"{title} {pounds(amount)}" for title, amount in saved.items()]
    return sentence(f"the proposal saves a year: {listed(told, none='nothing')}")


def _first_sentences(text: str, count: int) -> str:
    """Give the first sentences of a text."""
    return " ".join(re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)[:count])


def _wards(found: ProposalFindings) -> str:
    """Name the wards with most people further away, by what a public table may show."""
    if "ward" not in found.impact.demand:
        return ""
    view = group_table(found, "ward", "ward").view()
    rows = [row for row in view.rows if row[2].state == "value" and row[2].value]
    rows = sorted(rows, key=lambda row: (-float(row[2].value), row[0].text))[:3]
    named = [f"{row[0].text} ({row[2].text} of {row[1].text})" for row in rows]
    return sentence(f"most are in these wards: {listed(named)}") if named else ""


def _firm(found: ProposalFindings, robust: Robustness | None, *, modelled: bool) -> str:
    """Say how firm the proposal's place is, as far as it was tried."""
    ties = stands.near_ties(found, modelled=modelled)
    if not ties:
        return ""
    text = f"{ties[0].lower()}{ties[1:]}"
    if robust is None or robust.proposal is None:
        return f"{found.title}: {text}"
    return (
        f"{found.title}: with what is uncertain varied {len(robust.draws):,} times, the proposal "
        f"is {place_range(robust)} in nine of ten; {text}"
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
    warned = [_first_sentences(results.streets, 2)]
    if stand_ins:
        warned.append(
            sentence(
                number(
                    stand_ins,
                    "centre is a stand-in for a building that the papers do not name",
                    "centres are stand-ins for buildings that the papers do not name",
                )
            )
        )
    if proxies:
        warned.append(
            sentence(
                number(
                    proxies,
                    "centre stands at a position that is only roughly known",
                    "centres stand at positions that are only roughly known",
                )
            )
        )
    warned.append("Everything that is assumed is in ")
    spans = (" ".join(warned), Ref("method"), ".")
    blocks: list[Block] = [Callout("assumption", "What these figures rest on", (spans,))]
    if ties:
        blocks.append(BulletList(tuple(ties)))
    return blocks
