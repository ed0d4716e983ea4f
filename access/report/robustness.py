"""How firm the order is: ranked again under speeds, positions and weights within their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from access.analysis.analysis import DRAWS, Analysis
from access.analysis.results import LeftOut, Parts, ProposalResult, StudyResults
from access.charts.results import joint_best_words
from access.display import records
from access.document.document import Block, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.errors import ParameterError, ScenarioError
from access.labels import criterion_words, trip
from access.report.findings import ProposalFindings
from access.scenario.robustness import SURE, Robustness
from access.text import (
    NOT_APPLICABLE,
    Claim,
    Said,
    capital,
    listed,
    number,
    ordinal,
    percent,
    place_of,
    sentence,
)

_SHOWN = 5

#: By proposal, then by mode and draws, with what was left out: whoever asks reads the same draws.
_KEPT: WeakKeyDictionary[
    ProposalResult, dict[tuple[str, int], tuple[Robustness | None, tuple[LeftOut, ...]]]
]
_KEPT = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class StudyRobustness:
    """How firm the ranking of every proposal of a study is: drawn once, and kept.

    Without a mode, in the study's headline mode; with no draws, nothing is drawn.
    """

    results: StudyResults
    mode: str | None = None
    draws: int = DRAWS

    def draw(
        self,
        *,
        progress: Callable[[str], None] = lambda step: None,
        parts: Parts | None = None,
    ) -> Mapping[str, Robustness]:
        """Rank every proposal again, within what the study says may be wrong."""
        found: dict[str, Robustness] = {}
        for key, result in self.results.proposals.items():
            if not self._has_order(result):
                continue
            kept = _KEPT.setdefault(result, {})
            if self._asked not in kept:
                progress(f"how firm the ranking is: {result.title}")
                mode, draws = self._asked
                asked: dict[str, Any] = {
                    "before": result.before, "after": result.after, "mode": mode, "draws": draws,
                } | dict(result.options)  # fmt: skip
                ask = partial(Analysis(self.results).robustness, result.service, **asked)
                own = Parts()
                name = f"how firm the ranking of {result.title} is"
                made = ask() if parts is None else own.make(name, ask)
                kept[self._asked] = made, own.left_out
            made, left_out = kept[self._asked]
            if parts is not None:
                parts.take(left_out)
            if made is not None:
                found[key] = made
        return found

    @property
    def is_drawn(self) -> bool:
        """Whether `draw` has nothing left to draw."""
        asked = (p for p in self.results.proposals.values() if self._has_order(p))
        return all(self._asked in _KEPT.get(p, {}) for p in asked)

    @property
    def _asked(self) -> tuple[str, int]:
        """Mode and draws: what is kept is kept by them."""
        return self.mode or self.results.headline, self.draws

    def _has_order(self, result: ProposalResult) -> bool:
        """Tell whether there is an order of options to draw anew."""
        mode, draws = self._asked
        return bool(draws) and (mode in result.rankings or mode in result.sampled)


def _robustness_blocks(
    found: ProposalFindings, robust: Robustness | None, *, modelled: bool
) -> list[Block]:
    """Say how firm the order of the options is."""
    if robust is None or robust.proposal is None:
        return [
            Paragraph(
                "How the order shifts when what is uncertain is varied is not part of this run."
            )
        ]
    key = found.result.key
    text = robust.sentence() if robust.drawn_of else str(_firm_sentence(found, robust))
    if modelled and "street_error" not in robust.varied:
        text = f"{text} The error of the modelled streets is not among what was varied."
    if robust.drawn_of:
        return [
            Paragraph(text),
            TableBlock(_interval_table(found, robust), key=f"firm-{key}", compact=True),
        ]
    varied = f"what was let vary, and by how much: {'; '.join(_varied(found, robust))}"
    return [
        Paragraph(text),
        Paragraph(sentence(varied), style="small"),
        TableBlock(_interval_table(found, robust), key=f"firm-{key}", compact=True, paged=False),
        TableBlock(_often_best_table(found, robust), key=f"often-{key}", compact=True, paged=False),
    ]


def _varied(found: ProposalFindings, robust: Robustness) -> list[str]:
    """Give the notes on what was let vary that stand nowhere else."""
    return [note for note in robust.notes if note not in found.impact.notes]


def _firm_sentence(found: ProposalFindings, robust: Robustness) -> Said:
    """Say between which places the proposal falls, and how often another option is best."""
    row = robust.rank(robust.criteria[0])
    settings = f"over {len(robust.draws):,} settings"
    low, high = int(row["p5"]), int(row["p95"])
    places = (
        f"the proposal is {ordinal(low)}"
        if low == high
        else f"the proposal is between {ordinal(low)} and {ordinal(high)}"
    )
    of = "beside" if found.broken else "of"
    first = sentence(
        f"{settings}, {places} {of} {int(row['options']):,} by average {trip(found.mode)} in nine "
        "of ten"
    )
    often = replace(robust, names=found.names).often_best(robust.criteria[0])
    claims = [Claim("rank_interval:mean", "is", (float(low), float(high))), *often.claims]
    told, claim = _alike(robust)
    return Said(f"{first} {sentence(often)} {told}", [*claims, claim])


def _alike(robust: Robustness) -> tuple[str, Claim]:
    """Say how many other sets the data cannot tell from the proposal by average trip."""
    same = len(robust.alike(robust.criteria[0]))
    claim = Claim("alike:mean", "none" if not same else "is", (float(same),))
    sure = f"in {percent(SURE)} of the settings or more"
    if same:
        told = f"the data cannot tell {number(same, 'other set', 'other sets')} from the proposal"
        return sentence(f"{told}: on average neither is the better {sure}"), claim
    told = f"every other set is better than the proposal on average, or worse, {sure}"
    return sentence(told) if len(robust.options) > 1 else "", claim


def _place_range(robust: Robustness) -> str:
    """Say between which places the proposal falls by average trip."""
    row = robust.rank(robust.criteria[0])
    low, high = int(row["p5"]), int(row["p95"])
    return ordinal(low) if low == high else f"{ordinal(low)} to {ordinal(high)}"


def _interval_table(found: ProposalFindings, robust: Robustness) -> Table:
    """Give the interval of the proposal's place, measure by measure."""
    rows = tuple(
        (
            capital(criterion_words(r["criterion"], found.mode)),
            r["p5"],
            r["median"],
            r["p95"],
            r["share_best"],
            r["share_best_tenth"],
            r["alike"],
        )
        for r in records(robust.ranks())
    )
    drawn = f" among {len(robust.options):,} options drawn of {robust.drawn_of:,}"
    return Table(
        f"{found.label}: the proposal's place{drawn if robust.drawn_of else ''} when what is "
        "uncertain is varied",
        (
            Column("criterion", "Measure"),
            Column("p5", "From", "number", unit="place"),
            Column("median", "Middle", "number", unit="place"),
            Column("p95", "To", "number", unit="place"),
            Column(
                "best",
                "Best of these" if robust.drawn_of else "Best of all",
                "share",
                unit="% of settings",
            ),
            Column("tenth", "In the best tenth", "share", unit="% of settings"),
            Column("alike", "Not told from it", "number", unit="sets"),
        ),
        rows,
        notes=(
            "From and to: nine in ten settings fall between these places; equals share the better.",
            "Not told from it: other sets that are neither better nor worse than the proposal in "
            f"{percent(SURE)} of the settings.",
            *(sentence(note) for note in _varied(found, robust)),
        ),
        short=f"Firmness, {found.label}",
    )


def _often_best_table(found: ProposalFindings, robust: Robustness) -> Table:
    """List the options that are best most often."""
    every = robust.best_options(robust.criteria[0])
    best = every.head(_SHOWN)
    rows = tuple(
        (listed(found.named(r["closed"]), none="nothing"), r["share"]) for r in records(best)
    )
    return Table(
        f"{found.label}: the sets that are best by average {trip(found.mode)} most often",
        (
            Column("closes", "Closes"),
            Column("share", "Best in", "share", unit="% of settings"),
        ),
        rows,
        notes=tuple(filter(None, [joint_best_words(every)])),
        short=f"Often best, {found.label}",
    )


_WEIGHTS = {"none": "Unweighted", "linear": "Weighted by deprivation", "green_book": "Green Book"}


def _weights_blocks(results: StudyResults, found: ProposalFindings) -> list[Block]:
    """Set the choice under each weight side by side, with the weight at which it changes."""
    result, analysis = found.result, Analysis(results)
    asked: dict[str, Any] = {
        "before": result.before,
        "after": result.after,
        "mode": found.mode,
    } | dict(result.options)
    try:
        table = analysis.weights_side_by_side(result.service, **asked)
    except (ParameterError, ScenarioError) as error:
        return [Paragraph(f"The weights cannot be set side by side: {error.message}.")]
    rows = tuple(
        (
            _WEIGHTS.get(r["weights"], r["weights"]),
            listed(found.named(r["best_closed"]), none="nothing"),
            r["best_mean"],
            r.get("proposal_mean", NOT_APPLICABLE),
            _place(r, found),
        )
        for r in records(table)
    )
    block = TableBlock(
        Table(
            f"{found.label}: the best set and the proposal under each weight ({trip(found.mode)})",
            (
                Column("weights", "Weight"),
                Column("closes", "The best closes", width=1.3),
                Column("best", "Its mean", "minutes", unit="min"),
                Column("own", "Proposal's mean", "minutes", unit="min"),
                Column("rank", "Proposal's place"),
            ),
            rows,
            notes=tuple(sentence(str(note)) for note in table["note"]),
            short=f"Weights, {found.label}",
        ),
        compact=True,
        paged=False,
    )
    return [block, Paragraph(_switching(analysis, found, asked))]


def _place(row: Mapping[Any, Any], found: ProposalFindings) -> Value:
    ranking = found.ranking
    if "proposal_rank" not in row or ranking is None or ranking.proposal is None:
        return NOT_APPLICABLE
    rank, tied = int(row["proposal_rank"]), int(row["proposal_tied"])
    allowed = bool(ranking.proposal["allowed"])
    return place_of(rank, tied, options=len(ranking.table), others=False, allowed=allowed)


def _switching(analysis: Analysis, found: ProposalFindings, asked: Mapping[str, Any]) -> Said:
    """Say at which weight of deprivation the best choice changes."""
    if "imd_rank" not in analysis.study.areas:
        return Said(
            "Ranks of deprivation were not given, so whether the best choice changes with how much "
            "deprivation counts is not known."
        )
    try:
        switching = analysis.switching(found.result.service, **asked)
    except (ParameterError, ScenarioError) as error:
        return Said(f"The weight at which the choice changes cannot be given: {error.message}.")
    scheme = switching.scheme_words()
    scheme = f"{scheme[0].lower()}{scheme[1:]}: " if scheme else ""
    closed = [listed(found.named(ids), none="nothing") for ids in switching.table["closed"]]
    changes = switching.table["lam_from"].tolist()[1:]
    if not changes:
        return Said(
            sentence(
                f"{scheme}however much deprivation counts, no set has a shorter weighted mean than "
                f"closing {closed[0]}: the best choice never changes"
            ),
            switching.claims(),
        )
    steps = [
        f"beyond {1 + lam:.2f} times, closing {names}"
        for lam, names in zip(changes, closed[1:], strict=True)
    ]
    return Said(
        sentence(
            f"{scheme}switching value: with all {found.noun} counting alike, no set has a shorter "
            f"average than closing {closed[0]}. The best choice changes with how much one in "
            f"{found.nation}'s most deprived area counts for one in its least: {'; '.join(steps)}"
        ),
        switching.claims(),
    )
