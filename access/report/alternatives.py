"""The alternatives: how they rank, why not the others, and how firm the order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.questions import Meant, Request
from access.analysis.results import HubTerms, StudyResults
from access.display import records
from access.document.document import Block, Heading, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.labels import criterion_kind, criterion_short, criterion_words, trip
from access.report.figures import _rank_figures
from access.report.findings import (
    ProposalFindings,
    Wording,
    _best_kept,
    _further_note,
    _none_of_them,
)
from access.report.hubs import _hub_blocks
from access.report.robustness import _robustness_blocks, _weights_blocks
from access.scenario import Ranking
from access.scenario.criteria import SHOWN
from access.scenario.robustness import SURE, Robustness
from access.scenario.sampled import CONFIDENCE, SampledRanking
from access.text import (
    NOT_APPLICABLE,
    Claim,
    Said,
    capital,
    figure,
    listed,
    number,
    percent,
    place_of,
    pounds,
    sentence,
    share_figure,
    share_span,
)


def _amount(criterion: str, value: object, places: int) -> str | None:
    """Write a criterion's value with its unit, minutes with so many decimals."""
    if not isinstance(value, int | float | np.number) or np.isnan(value):
        return None
    if np.isinf(value):
        return "some out of reach"
    kind = criterion_kind(criterion)
    if kind == "share":
        return f"{figure(100 * float(value), 1)}%"
    return pounds(float(value)) if kind == "money" else f"{figure(float(value), places)} min"


def _sampled_share(ranking: SampledRanking, criterion: str = "mean") -> tuple[str, str]:
    """Say which share of all alternatives is better: the figure, and its words."""
    row = ranking.row(criterion)
    if row["rank_high"] == 1:
        return "none", f"of {ranking.what} is better: the proposal is proven best"
    span = share_span(row["share_better_low"], row["share_better_high"])
    none = "0 to "
    told = f"at most {span.removeprefix(none)}" if span.startswith(none) else span
    return told, _better_words(ranking)


def _better_words(ranking: SampledRanking) -> str:
    sure = share_figure(CONFIDENCE)
    return f"of {ranking.what} are better than the proposal (from a sample, {sure} sure)"


def _sampled_blocks(
    found: ProposalFindings,
    ranking: SampledRanking,
    robust: Robustness | None,
    wording: Wording,
    *,
    modelled: bool,
) -> list[Block]:
    """Write the appendix of one proposal among alternatives that are too many to list."""
    share, words = _sampled_share(ranking)
    return [
        Paragraph(
            f"{sentence(f'by average {trip(found.mode)}, {share} {words}')} The exact place, and "
            "which alternatives no other beats on every measure, are not known: "
            f"{ranking.ways:,} are too many to list. The best was searched for, with a proof "
            f"where the table says so; {ranking.draws:,} alternatives were drawn at random."
        ),
        TableBlock(
            _standing_table(found, ranking, wording.places),
            key=f"sampled-{found.result.key}",
            compact=True,
        ),
        TableBlock(_near_table(found, ranking), key=f"near-{found.result.key}", compact=True),
        Heading("How firm the order is", 3),
        *_robustness_blocks(found, robust, modelled=modelled),
    ]


def _standing_table(found: ProposalFindings, ranking: SampledRanking, places: int = 1) -> Table:
    """Set the proposal beside the best on every measure, with what is known of its place."""
    rows: list[tuple[Value, ...]] = []
    for c in ranking.criteria:
        row = ranking.row(c)
        words = criterion_words(c, found.mode)
        rows.append(
            (
                capital(words),
                _amount(c, row.get("proposal"), places),
                _amount(c, row["best"], places),
                "yes" if row["proven"] else "no",
                listed(found.named(row["best_closed"]), none="nothing"),
                _sampled_share(ranking, c)[0],
            )
        )
    return Table(
        f"{found.label}: the proposal among {ranking.what}, measure by measure",
        (
            Column("criterion", "Measure"),
            Column("own", "Proposal"),
            Column("best", "Best"),
            Column("proven", "Proven"),
            Column("closes", "The best closes", width=1.3),
            Column("share", "Better than the proposal"),
        ),
        tuple(rows),
        notes=tuple(sentence(note) for note in ranking.notes[:2]),
        short=f"Ranks, {found.label}",
    )


def _near_table(found: ProposalFindings, ranking: SampledRanking) -> Table:
    """List the ways that are best or near it."""
    rows: list[tuple[Value, ...]] = [
        (
            listed(found.named(row["closed"]), none="nothing"),
            row["why"],
            float(row["mean"]) if np.isfinite(row["mean"]) else None,
        )
        for row in records(ranking.table)
    ]
    return Table(
        f"{found.label}: alternatives that are best, or near the best",
        (
            Column("closes", "Closes", width=2.0),
            Column("why", "Why it is here", width=1.2),
            Column("mean", "Average", "minutes", unit="min"),
        ),
        tuple(rows),
        notes=(
            "Found by the search within 1% of the best average, or best by a measure; there may "
            "be more near the best.",
        ),
        short=f"Alternatives, {found.label}",
    )


_SHOWN = 5
#: Unit of a difference between two options, by what a criterion counts.
_DIFFERENCE = {"share": "% points", "money": "£", "minutes": "min"}


def _criteria_table(
    results: StudyResults, found: ProposalFindings, ranking: Ranking, places: int = 1
) -> Table:
    """Set the proposal beside the best option on every criterion."""
    p: dict[str, Any] = ranking.proposal or {}
    threshold = results.study.config.measures.threshold_minutes
    rows: list[tuple[Value, ...]] = []
    for c in ranking.criteria:
        kept, level = _best_kept(ranking, c)
        closed = found.named([i for i in found.result.before if i not in kept])
        best = ranking.table[c][ranking.table[f"rank_{c}"] == 1].iloc[0]
        closes = listed(closed, none="nothing")
        if level > 1:
            closes += f", and {number(level - 1, 'other')} as good"
        rows.append(
            (
                capital(criterion_words(c, found.mode, threshold)),
                _amount(c, p.get(c), places) or "some out of reach",
                p.get(f"rank_{c}"),
                found.tied(c),
                _amount(c, best, places) or "some out of reach",
                closes,
                p.get(f"near_ties_1pct_{c}"),
                p.get(f"near_ties_5pct_{c}"),
            )
        )
    nothing = (NOT_APPLICABLE,) * 6
    rows += [
        (capital(criterion_words(c, found.mode)), _amount(c, p.get(c), places)
         or "some out of reach", *nothing)
        for c in SHOWN
        if c in ranking.table and c not in ranking.criteria
    ]  # fmt: skip
    return Table(
        f"{found.label}: the proposal among {ranking.what}, measure by measure",
        (
            Column("criterion", "Measure"),
            Column("own", "Proposal"),
            Column("rank", "Its rank", "number"),
            Column("tied", "Others level", "number"),
            Column("best", "Best"),
            Column("closes", "The best closes", width=1.3),
            Column("near1", "Others within 1% of best", "number"),
            Column("near5", "Within 5%", "number"),
        ),
        tuple(rows),
        notes=(
            f"Ranks are of {len(ranking.table):,}; 1 is best.",
            *_none_of_them([found]),
            *_left_out(ranking, found.mode),
            *(sentence(n) for n in ranking.notes if "gap:" in n),
        ),
        short=f"Ranks, {found.label}",
    )


def _places_table(
    results: StudyResults,
    found: ProposalFindings,
    ranking: Ranking,
    robust: Robustness | None,
    places: int = 1,
) -> Table:
    """Give the proposal's place by every measure: as it is, read otherwise, and how firm."""
    p: dict[str, Any] = ranking.proposal or {}
    threshold = results.study.config.measures.threshold_minutes
    lead = "the neighbours' sites too" if found.result.neighbours else "own sites only"
    other = "own sites only" if found.result.neighbours else "with the neighbours'"
    readings = _readings(found)
    firm = None if robust is None or robust.drawn_of or robust.proposal is None else robust.ranks()
    rows: list[tuple[Value, ...]] = []
    for c in ranking.criteria:
        best = ranking.table[c].min() if criterion_kind(c) != "money" else ranking.table[c].max()
        held = None if firm is None else firm[firm["criterion"] == c]
        rows.append(
            (
                capital(criterion_words(c, found.mode, threshold)),
                _amount(c, p.get(c), places) or "some out of reach",
                _amount(c, best, places) or "some out of reach",
                p.get(f"rank_{c}"),
                found.tied(c),
                *(_rank_in(r, c) for r in readings.values()),
                *(() if held is None else _range_of(held)),
                p.get(f"near_ties_5pct_{c}"),
            )
        )
    named = {"walk": "Rank on foot", "beside": f"Rank {other}"}
    ranks = [Column(key, named[key], "number") for key in readings]
    firmness = [
        Column("low", "Nine in ten: from", "number"),
        Column("high", "to", "number"),
        Column("alike", "Sets not told from it", "number"),
    ]
    return Table(
        f"{found.label}: the proposal's place among {ranking.what}, measure by measure",
        (
            Column("criterion", "Measure", width=1.2),
            Column("own", "Proposal"),
            Column("best", "Best of all"),
            Column("rank", f"Rank, {trip(found.mode)}", "number"),
            Column("tied", "Others level", "number"),
            *ranks,
            *(firmness if firm is not None else ()),
            Column("near5", "Others within 5% of best", "number"),
        ),
        tuple(rows),
        notes=(
            f"1 is best of {len(ranking.table):,}."
            + (f" The rank by {trip(found.mode)} counts {lead}." if "beside" in readings else ""),
            *_none_of_them([found]),
            *([_FIRM_NOTE] if firm is not None else []),
            *_left_out(ranking, found.mode),
        ),
        short=f"Places, {found.label}",
    )


def _left_out(ranking: Ranking, mode: str) -> list[str]:
    """Say which measures are not there and why, by the words for them."""
    out: dict[str, list[str]] = {}
    for note in ranking.notes:
        criterion, told, why = note.partition(" left out: ")
        if told:
            out.setdefault(why, []).append(criterion_words(criterion, mode))
    return [sentence(f"left out: {listed(words)} ({why})") for why, words in out.items()]


_FIRM_NOTE = (
    "Nine in ten: of the drawn settings, nine in ten have the proposal's rank between these. Not "
    "told from it: sets that are neither better nor worse than the proposal in "
    f"{percent(SURE)} of the settings."
)


def _readings(found: ProposalFindings) -> dict[str, Ranking]:
    """Give the other rankings that stand beside the headline's: on foot, and the neighbours'."""
    out: dict[str, Ranking] = {}
    walk, beside = found.result.rankings.get("walk"), found.result.rankings_beside.get(found.mode)
    if found.mode != "walk" and walk is not None and walk.proposal is not None:
        out["walk"] = walk
    if beside is not None and beside.proposal is not None:
        out["beside"] = beside
    return out


def _rank_in(ranking: Ranking, criterion: str) -> Value:
    if criterion not in ranking.criteria or ranking.proposal is None:
        return NOT_APPLICABLE
    return int(ranking.proposal[f"rank_{criterion}"])


def _range_of(held: pd.DataFrame) -> tuple[Value, ...]:
    if held.empty:
        return (NOT_APPLICABLE,) * 3
    row = held.iloc[0]
    return int(row["p5"]), int(row["p95"]), int(row["alike"])


def _rejected_table(
    results: StudyResults,
    found: ProposalFindings,
    ranking: Ranking,
    reasons: Mapping[tuple[str, ...], str],
    only: Sequence[str] = (),
) -> Table:
    """List the strongest alternatives, what each gives and takes, and why it is not proposed.

    With `only`, of those criteria; an alternative is still counted better on all.
    """
    named = [c for c in ranking.criteria if not only or c in only]
    p: dict[str, Any] = ranking.proposal or {}
    own = tuple(sorted(p.get("closed", ())))
    rows: list[tuple[Value, ...]] = []
    others = [r for _, r in _strongest(ranking).iterrows() if tuple(sorted(r["closed"])) != own]
    for row in others[:_SHOWN]:
        closed = tuple(sorted(row["closed"]))
        gaps = [_gap(row[c], p.get(c)) for c in ranking.criteria]
        wins = sum(_better(c, g) for c, g in zip(ranking.criteria, gaps, strict=True))
        rows.append(
            (
                listed(found.named(closed), none="nothing"),
                f"{wins} of {len(gaps)}",
                *(gap for c, gap in zip(ranking.criteria, gaps, strict=True) if c in named),
                *([reasons.get(closed, "not given")] if reasons else []),
            )
        )
    threshold = results.study.config.measures.threshold_minutes
    measures = [
        Column(
            c,
            capital(criterion_short(c, threshold)),
            criterion_kind(c),
            unit=_DIFFERENCE[criterion_kind(c)],
            signed=True,
        )
        for c in named
    ]
    return Table(
        f"{found.label}: alternatives that are not proposed, and what each gives and takes"
        f"{'' if only else ' on every measure'}",
        (
            Column("closes", "Closes", width=4.0),
            Column("wins", "Better on"),
            *measures,
            *([Column("reason", "The council's reason", width=0.6)] if reasons else []),
        ),
        tuple(rows),
        notes=(
            f"Differences from the proposal; {_better_side(named)} "
            f"{_strongest_words(len(rows), len(others), len(ranking.table))} "
            "No change is in the options side by side."
            + ("" if reasons else " The council's reasons against them: not given."),
        ),
        short=f"Alternatives, {found.label}{'' if only else ', all'}",
    )


def _better_side(criteria: Sequence[str]) -> str:
    """Say on which side of zero an option is better: more is better of money that is saved."""
    saved = [criterion_short(c) for c in criteria if criterion_kind(c) == "money"]
    more = f", and in {listed(saved)} above zero" if saved else ""
    return f"below zero is better than the proposal{more}."


#: Measures of which a page has room to show what an alternative gives and takes.
_GAPS = ("mean", "deprived_mean", "deprived_moved", "p90", "worst", "savings")


def _strongest_words(shown: int, strong: int, options: int) -> Said:
    """Say how many of the options that are beaten by none on all measures are shown."""
    claims = [Claim("shown", "is", (float(shown),)), Claim("strong", "is", (float(strong),))]
    which = f"beaten by none on all measures at once, of {options:,}"
    if not strong:
        claims.append(Claim("strong", "none", (0.0,)))
        return Said(sentence(f"no other is {which}"), claims)
    if shown == strong:
        claims.append(Claim("shown", "all", (float(shown), float(strong))))
        verb = "is the only other one" if strong == 1 else f"are all {number(strong, 'other')}"
        text = f"{'this' if strong == 1 else 'these'} {verb} that {'is' if strong == 1 else 'are'}"
        return Said(sentence(f"{text} {which}"), claims)
    return Said(sentence(f"these are {shown:,} of the {strong:,} others that are {which}"), claims)


def _strongest(ranking: Ranking) -> pd.DataFrame:
    """Give the options that none beats: first one that is best on each measure, then by mean."""
    front = ranking.table.reset_index(drop=True)
    front = front[front["on_front"]].sort_values(ranking.criteria[0], kind="stable")
    picked: list[int] = []
    for c in ranking.criteria:  # of those best on a measure, one at least is beaten by none
        picked += front.index[front[f"rank_{c}"] == 1][:1].tolist()
    return front.loc[list(dict.fromkeys([*picked, *front.index]))]


def _gap(value: float, own: float | None) -> float | None:
    """Take a proposal's value from an option's, where both have one."""
    if own is None or not np.isfinite(value):
        return None
    gap = float(value) - float(own)
    return 0.0 if abs(gap) < 1e-9 else gap


def _better(criterion: str, gap: float | None) -> bool:
    if gap is None:
        return False
    return gap > 0 if criterion_kind(criterion) == "money" else gap < 0


@dataclass(frozen=True, eq=False)
class _StandingWords:
    """What is said of where a proposal stands among all options of its size."""

    found: ProposalFindings

    def place(self, criteria: Sequence[str] = ()) -> Said:
        """Say where the proposal stands among all options."""
        ranking, p = self.found.ranking, self.found.standing
        if p is None or ranking is None:
            return Said("")
        options = len(ranking.table)
        named = [c for c in (criteria or ranking.criteria) if c in ranking.criteria]
        allowed = bool(p["allowed"])  # one that breaks a rule is none of them

        def placed(c: str) -> str:
            rank, tied = p[f"rank_{c}"], self.found.tied(c)
            return place_of(rank, tied, options=options, of=False, allowed=allowed)

        places = [
            f"{placed(c)} by {criterion_words(c, self.found.mode, ranking.threshold_minutes)}"
            for c in named
        ]
        claims = [Claim("options", "is", (float(options),))]
        for c in named:
            claims.append(Claim(f"rank:{c}", "rank", (p[f"rank_{c}"], self.found.tied(c))))
        of = "of" if allowed else "set beside"
        return Said(sentence(f"{of} {ranking.what}, the proposal is {listed(places)}"), claims)

    def on_foot(self, criteria: Sequence[str] = ("mean", "worst")) -> Said:
        """Say where the proposal stands by walking, where another trip leads."""
        ranking = self.found.result.rankings.get("walk")
        if self.found.mode == "walk" or ranking is None or len(ranking.table) < 2:
            return Said("")
        return _StandingWords(replace(self.found, mode="walk", ranking=ranking)).place(criteria)

    def better(self, wording: Wording) -> Said:
        """Say what the best set on average closes, and by how much it is better."""
        ranking, p = self.found.ranking, self.found.standing
        if p is None or ranking is None:
            return Said("")
        mode = trip(self.found.mode)
        if p["rank_mean"] == 1:
            text = f"no other set has a shorter {mode} on average"
            return Said(sentence(text), [Claim("rank:mean", "best", (1.0,))])
        kept, _ = _best_kept(ranking, "mean")
        before = self.found.result.before
        closed = listed(self.found.named([i for i in before if i not in kept]), none="nothing")
        regret = p["regret_mean"]
        if regret is None:
            claims = [Claim("unreached_at_best", "none", (0.0,))]
            text = f"closing {closed} instead would leave nobody out of reach who is in reach today"
            return Said(sentence(text), claims)
        whom = "everyone's" if not float(p["unreached"]) else "the"
        text = f"closing {closed} instead would make {whom} average {mode} "
        text += f"{wording.minutes(regret)} shorter than the proposal does"
        return Said(sentence(text), [Claim("regret:mean", "is", (float(regret),))])

    def dominated(self) -> Said:
        """Say how many options are as good on every measure and better on one."""
        p = self.found.standing
        if p is None or self.found.ranking is None:
            return Said("")
        count = int(p["dominated_by"])
        measures = number(len(self.found.ranking.criteria), "measure")
        claims = [Claim("dominating", "none" if not count else "is", (float(count),))]
        if count == 0:
            same = self._as_good()
            claims.append(Claim("equal_on_all", "is", (float(same),)))
            rest = "every alternative" if not same else "every alternative that is not its equal"
            text = (
                f"no option is at least as good on all {measures} and better on one: "
                f"{rest} gives something up"
            )
            return Said(sentence(text), claims)
        verb = "is" if count == 1 else "are"
        text = (
            f"{number(count, 'option')} {verb} at least as good on all {measures} and better on at "
            "least one"
        )
        return Said(sentence(text), claims)

    def near_ties(self, *, modelled: bool) -> Said:
        """Say how many options are so close to the best that better data could turn them round."""
        p = self.found.standing
        if p is None:
            return Said("")
        close = int(p["near_ties_5pct_mean"])
        claims = [Claim("near_best", "none" if not close else "is", (float(close),))]
        if close == 0:
            return Said(sentence("no other set comes within 5% of the best on average"), claims)
        which = "it is the proposal" if close == 1 else "the proposal is one of them"
        own = f"; {which}" if p["within_5pct_mean"] else ""
        if not p["allowed"]:  # one that breaks a rule is none of them
            own = own and "; the proposal, which is none of them, does so too"
        elif p["rank_mean"] == 1:
            tied = self.found.tied("mean")
            claims.append(Claim("rank:mean", "best", (1.0,)))
            own = f"; the proposal is {'joint best' if tied else 'the best itself'}"
        text = sentence(
            f"{number(close, 'other set comes', 'other sets come')} within 5% of the best on "
            "average" + (", closer than modelled streets can tell" if modelled else "") + own
        )
        return Said(text, claims)

    def _as_good(self) -> int:
        """Count the other options that are the proposal's equal on every measure."""
        ranking, p = self.found.ranking, self.found.standing
        if ranking is None or p is None:
            return 0
        same = np.ones(len(ranking.table), dtype=bool)
        for c in ranking.criteria:
            own = np.inf if p[c] is None else float(p[c])
            same &= ranking.table[c].to_numpy(float) == own
        return max(int(same.sum()) - 1, 0)


def _asked_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    wording: Wording,
    requests: Sequence[Request] | None,
) -> list[Block]:
    """List the options in the explorer's log with the outcome of each."""
    if requests is None:
        return [Paragraph("No log of options tried at consultation events was given.")]
    if not requests:
        return [Paragraph("The log of the consultation events holds no option.")]
    blocks: list[Block] = [
        Paragraph(
            sentence(
                f"{number(len(requests), 'option was', 'options were')} noted; the names and "
                "reasons are as typed by those who asked"
            )
        )
    ]
    for found in findings:
        table = _asked_table(results, found, requests)
        if table.rows:
            blocks.append(TableBlock(table, key=f"asked-{found.result.key}", compact=True))
        else:
            none = f"no option in the log changes which {found.title} stay"
            blocks.append(Paragraph(sentence(none)))
    return blocks


def _asked_table(
    results: StudyResults, found: ProposalFindings, requests: Sequence[Request]
) -> Table:
    """Measure every option that consultees asked for, for one service."""
    rows: list[tuple[Value, ...]] = []
    notes: tuple[str, ...] = ()
    columns = set(results.matrices[found.mode].site_ids)
    before = set(found.result.before)
    serves = Meant(results.study).opens_for(found.result.service)
    for request in requests:
        closed = before & set(request.close)
        opened = {i for i in request.open if i in columns and serves(i)}
        unknown = sorted((set(request.close) | set(request.open)) - columns)
        if not closed and not opened and not unknown:
            continue
        kept = sorted((before - closed) | opened)
        if not kept or unknown:
            why = "closes every site" if not kept else f"unknown sites: {listed(unknown)}"
            nothing: tuple[Value, ...] = (NOT_APPLICABLE,) * 4
            rows.append((request.name, request.reason or "none given", why, *nothing))
            continue
        made = found.option(results, request.name, kept)
        s = made.impact.summary
        notes = _further_note(made.impact) or notes
        changes = [f"closes {listed(found.named(made.closed))}"] if closed else []
        changes += [f"opens {listed(found.named(sorted(opened)))}"] if opened else []
        place: Value = made.ranks["mean"] if made.ranks else NOT_APPLICABLE
        most: Value = s["max_minutes_change"] if s["lengthened"] else NOT_APPLICABLE
        rows.append(
            (
                request.name,
                request.reason or "none given",
                "; ".join(changes),
                float(s["lengthened"] or 0) + float(s["newly_unreachable"] or 0),
                s["mean_minutes_change"],
                most,
                place,
            )
        )
    return Table(
        f"{found.label}: options that consultees asked for, and what came out ({trip(found.mode)})",
        (
            Column("name", "Option"),
            Column("reason", "Reason given", width=1.2),
            Column("changes", "What it changes", width=1.2),
            Column("further", "Further to go", "people"),
            Column("mean", "Everyone's rise", "minutes", unit="min", signed=True),
            Column("most", "Largest rise", "minutes", unit="min", hidden_with=("further",)),
            Column("rank", "Rank by mean", "number"),
        ),
        tuple(rows),
        notes=(*notes, "A rank is given to options of the proposal's size; 1 is best."),
        short=f"Asked for, {found.label}",
    )


def _alternatives_blocks(
    results: StudyResults,
    findings: Sequence[ProposalFindings],
    wording: Wording,
    *,
    reasons: Mapping[tuple[str, ...], str] | None = None,
    requests: Sequence[Request] | None = None,
    robustness: Mapping[str, Robustness] | None = None,
) -> list[Block]:
    """Write the appendix of alternatives."""
    blocks: list[Block] = [
        Heading("Alternatives, and how firm their order is", appendix=True, key="alternatives"),
    ]
    for found in findings:
        robust = (robustness or {}).get(found.result.key)
        blocks += _rank_figures(found, robust, alone=len(findings) == 1)
    for found in findings:
        robust = (robustness or {}).get(found.result.key)
        blocks.append(Heading(found.label, 2, appendix=True))
        blocks += _service(results, found, reasons or {}, robust, wording)
    if results.hubs is not None:
        blocks += [
            Heading(HubTerms.of(results.study).title, 2, appendix=True),
            *_hub_blocks(results, wording),
        ]
    return [
        *blocks,
        Heading("What consultees asked for", 2, appendix=True),
        *_asked_blocks(results, findings, wording, requests),
    ]


def _service(
    results: StudyResults,
    found: ProposalFindings,
    reasons: Mapping[tuple[str, ...], str],
    robust: Robustness | None,
    wording: Wording,
) -> list[Block]:
    ranking = found.ranking
    if found.sampled is not None:
        return _sampled_blocks(found, found.sampled, robust, wording, modelled=results.modelled)
    if ranking is None and set(found.result.after) < set(found.result.before):
        return [Paragraph("The alternatives had to be left out; the reason is on the first page.")]
    if ranking is None:
        return [
            Paragraph(
                "The proposal opens a site or closes none, so there is no list of all alternatives "
                "of the same size to set it among."
            )
        ]
    if found.standing is None:
        return [Paragraph("There is no other set of this size to compare the proposal with.")]
    key, places, words = found.result.key, wording.places, _StandingWords(found)
    firm = _robustness_blocks(found, robust, modelled=results.modelled)
    blocks: list[Block] = [
        TableBlock(_places_table(results, found, ranking, robust, places), key=f"places-{key}",
                   compact=True),
        TableBlock(_criteria_table(results, found, ranking, places), key=f"criteria-{key}",
                   compact=True, paged=False),
        Paragraph(f"{words.dominated()} {words.near_ties(modelled=results.modelled)}"),
        *firm,
        *_weights_blocks(results, found),
        TableBlock(_rejected_table(results, found, ranking, reasons, only=_GAPS),
                   key=f"rejected-{key}", compact=True),
        TableBlock(_rejected_table(results, found, ranking, reasons), key=f"rejected-all-{key}",
                   compact=True, paged=False),
    ]  # fmt: skip
    return blocks
