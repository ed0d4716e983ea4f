"""The two pages that come first: what is asked, what the options do, how sure we are."""

from __future__ import annotations

from collections.abc import Sequence

from access.report import sentences as say
from access.report.blocks import (
    Block,
    Bold,
    BulletList,
    Callout,
    Heading,
    KeyFigures,
    Paragraph,
    TableBlock,
)
from access.report.findings import ProposalFindings
from access.report.options_table import options_table
from access.report.words import Voice, about, listed, number, place_of, sentence
from access.results import StudyResults

_CRITERIA = {
    "mean": "the shortest trips on average",
    "worst": "the family that lives furthest away",
    "weighted_mean": "families in deprived areas",
    "gap": "the gap between deprived and other areas",
}


def summary_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], voice: Voice
) -> list[Block]:
    """Write the first two pages.

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
        Paragraph(_question(results, findings), style="lead"),
        KeyFigures(_key_figures(findings, voice)),
    ]
    for found in findings:
        blocks += _proposal_blocks(found, voice)
    blocks += [
        Heading("Where the proposals stand, by what matters most"),
        BulletList(_criteria(findings)),
    ]
    blocks += [Heading("How sure we are"), *_certainty(results, findings)]
    return blocks


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
        s, total = f.impact.summary, len(f.ranking.table)
        longer = float(s["lengthened"] or 0)
        counted = about(longer) if longer == 0 or longer >= 5 or voice.internal else "fewer than 5"
        further = say.FURTHER.get(f.mode, "a longer trip")
        items.append((counted[0].upper() + counted[1:], f"{f.noun} would have {further}"))
        mean = s["mean_minutes_change_lengthened"]
        if longer and mean is not None:
            more = voice.minutes(float(mean)).replace("minutes", "min").replace("minute", "min")
            items.append((f"+{more}", f"on their {say.trip(f.mode)} each way, on average"))
        p = f.ranking.proposal
        if p is not None and len(findings) == 1:
            place = place_of(p["rank_mean"], total, f.tied("mean"), of=False)
            items.append((place, f"of {f.ranking.what}, by average {say.trip(f.mode)}"))
    return tuple(items)


def _proposal_blocks(found: ProposalFindings, voice: Voice) -> list[Block]:
    impact = found.impact
    closed = listed(found.named(found.result.closed), none="none")
    first = f"{sentence(f'the proposal closes {closed}')} {say.affected(impact, found.one, voice)}"
    points = [
        say.furthest(impact, voice),
        _deprivation(found),
        say.most_added(impact, found.names, voice),
        say.every_mode(found.result.impacts, voice),
        f"{say.better(found, voice)} {say.dominated(found)}".strip(),
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
            p = f.ranking.proposal
            if p is None or criterion not in f.ranking.criteria:
                continue
            place = place_of(p[f"rank_{criterion}"], len(f.ranking.table), f.tied(criterion))
            parts.append(f"{f.title} {place}")
        if parts:
            points.append((Bold(f"{words[0].upper()}{words[1:]}: "), sentence("; ".join(parts))))
    costs = "Savings by building are not known, so no option can be weighed by money here."
    if all(f.options[-1].savings is not None for f in findings):
        costs = "Savings stand beside each option above."
    points.append((Bold("Money: "), costs))
    return tuple(points)


def _certainty(results: StudyResults, findings: Sequence[ProposalFindings]) -> list[Block]:
    ties = [
        f"{f.title}: {say.near_ties(f, modelled=results.modelled)}"
        for f in findings
        if say.near_ties(f, modelled=results.modelled)
    ]
    sites = results.sites[results.sites["kind"] == "centre"]
    stand_ins, proxies = int(sites["assumed"].sum()), int(sites["proxy"].sum())
    warned = [results.streets]
    if stand_ins:
        warned.append(
            sentence(f"{number(stand_ins, 'centre is a stand-in', 'centres are stand-ins')} for "
                     "buildings that the papers do not name")
        )  # fmt: skip
    if proxies:
        warned.append(
            sentence(f"{number(proxies, 'centre stands', 'centres stand')} at a position that is "
                     "only roughly known")
        )  # fmt: skip
    blocks: list[Block] = [Callout("assumption", "What these figures rest on", (" ".join(warned),))]
    if ties:
        blocks.append(BulletList(tuple(ties)))
    return blocks
