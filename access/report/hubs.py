"""Family Hubs: the best sets for all offers, the council's own choice, and what is said of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from access.analysis.hub_minutes import HubMinutes, HubOffer
from access.analysis.hub_plans import PlanPair
from access.analysis.results import HubPlans, HubResult, HubTerms, StudyResults
from access.document.document import Block, BulletList, Figure, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.errors import ParameterError
from access.labels import trip
from access.measure.distribution import weighted_mean
from access.report.findings import Wording
from access.report.hub_plans import (
    _NO_MINUTES,
    PlanFindings,
    _found,
    _proof,
)
from access.siting.alternatives import SetRank
from access.siting.hubs import HubSearch, bend_words
from access.siting.plans import NOBODY
from access.text import (
    Claim,
    Said,
    about_ordinal,
    at_most,
    counted,
    listed,
    number,
    sentence,
    share_figure,
    shares_of,
)


class _BestSet(Protocol):
    """What the tables need of an optimiser's answer: `access.siting.Solution` has it."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the hubs."""

    @property
    def status(self) -> str:
        """What was proven."""

    @property
    def gap(self) -> float:
        """How far from the best it may be, as a share."""


def _mean_minutes(results: StudyResults, chosen: Sequence[str], mode: str) -> dict[str, float]:
    """Average the trip to the nearest of a set of sites, service by service and jointly."""
    return _averages(results, mode)(chosen)


def _averages(results: StudyResults, mode: str) -> Callable[[Sequence[str]], dict[str, float]]:
    """Give what averages the trip to any set of sites: who lives where is put together once."""
    study = results.study
    there, offers = HubMinutes.by(results, mode), HubOffer.of(study)
    people = {o.key: o.people(study).loc[study.areas["id"]] for o in offers}

    def of(chosen: Sequence[str]) -> dict[str, float]:
        if not chosen:
            raise ParameterError("no hub is chosen; expected at least one site")
        near = [matrix.least(list(chosen)) for matrix in there.matrices]
        means = {o.key: weighted_mean(near[there.window[o.key]], people[o.key]) for o in offers}
        means["joint"] = sum(o.share * means[o.key] for o in offers if o.share)
        return means

    return of


@dataclass(frozen=True, eq=False)
class HubTables:
    """The tables of where hubs would best stand: by number of hubs, near the best, trade-offs."""

    results: StudyResults
    found: HubSearch
    mode: str
    names: Mapping[str, str]

    def by_number(self) -> Table:
        """List the best set for each number of hubs, and the council's own."""
        offers = HubOffer.of(self.results.study)
        means = _averages(self.results, self.mode)
        rows = [
            _row(means(h.chosen), str(len(h.chosen)), h.chosen, self.names, _proof(h.status, h.gap))
            for h in self.found.curve.solutions.values()
            if h.chosen
        ]
        council = self.results.study.config.hubs.council_choice
        if council:
            label = f"{len(council)}, {self.results.council_words()}"
            rows.append(_row(means(council), label, council, self.names, "given"))
        unit = "min"
        columns = (
            Column("hubs", "Hubs", width=0.7),
            Column("where", "Where", width=4.0),
            *(Column(o.key, o.title, "minutes", unit=unit, decimals=0) for o in offers),
            *(
                [Column("joint", "Together", "minutes", unit=unit, decimals=0)]
                if len(offers) > 1
                else []
            ),
            Column("proof", "Proof"),
        )
        parts = {o.title: o.share for o in offers}
        notes = (sentence(f"together: {shares_of(parts)}"),) if len(parts) > 1 else ()
        return Table(
            f"Hubs: the best sets by number of hubs (mean {trip(self.mode)} to the nearest)",
            columns,
            tuple(rows),
            notes=notes,
            source=self.results.study.config.hubs.council_source,
            short="Hubs",
        )

    def near_best(self) -> Table:
        """List the sets that are almost as good as the best."""
        frame = self.found.alternatives_frame()
        rows = zip(frame["names"], frame["mean_minutes"], frame["worse"], strict=True)
        n = len(self.found.best.chosen)
        more = "" if self.found.near_best.complete else "; there may be more"
        return Table(
            f"Hubs: the best {counted(len(frame), 'set')} of {n} (mean {trip(self.mode)}{more})",
            (
                Column("where", "Where", width=3.0),
                Column("mean", "Mean", "minutes", unit="min", decimals=0),
                Column("worse", "Above the best", "share", decimals=2),
            ),
            tuple((str(names), float(mean), float(worse)) for names, mean, worse in rows),
            short="Hubs near the best",
        )

    def trade_offs(self) -> Table:
        """List the sets that no other beats on both the mean and the worst-off area."""
        frame = self.found.front_frame()
        has_cost = "cost" in frame
        n = len(self.found.best.chosen)
        more = "" if self.found.front.complete else "; there may be more"
        columns = [
            Column("where", "Where", width=3.0),
            Column("mean", "Mean", "minutes", unit="min"),
            Column("worst", "Worst-off area", "minutes", unit="min"),
            *([Column("cost", "Cost", "money")] if has_cost else []),
        ]
        keys = ["names", "mean_minutes", "worst_minutes", *(["cost"] if has_cost else [])]
        rows: list[tuple[Value, ...]] = [
            (str(names), *(float(v) for v in values))
            for names, *values in frame[keys].itertuples(index=False, name=None)
        ]
        return Table(
            f"Hubs: every trade-off of {n} between the average {trip(self.mode)} and the "
            f"worst-off area{more}",
            tuple(columns),
            tuple(rows),
            short="Hubs trade-offs",
        )


def _row(
    means: Mapping[str, float],
    label: str,
    chosen: Sequence[str],
    names: Mapping[str, str],
    proof_words: str,
) -> tuple[Value, ...]:
    where = listed([names.get(i, i) for i in chosen])
    figures = list(means.values())
    return (label, where, *(figures if len(figures) > 2 else figures[:1]), proof_words)


def _best_sets(answer: HubResult) -> list[_BestSet]:
    """Give the best set for each number of hubs, fewest first."""
    return list(answer.plain.curve.solutions.values())


def _hub_blocks(results: StudyResults, wording: Wording) -> list[Block]:
    """Write the section on Family Hubs."""
    # here, as below: `access site` says its answer in words, and what draws takes long to import
    from access.charts.results import hub_chart
    from access.report.figures import _beside

    answer = results.hubs
    if answer is None:
        return [Paragraph("Where hubs would best stand is not part of this run.")]
    sets, names, mode = _best_sets(answer), results.site_names(), answer.mode
    blocks: list[Block] = [Paragraph(_best_sentence(results, sets, names, mode, wording))]
    if answer.plans is not None:
        blocks += _plan_blocks(answer, PlanFindings(answer.plans, names, wording))
    elif answer.plain.council is not None:
        blocks.append(Paragraph(_standing_sentence(answer.plain.council)))
    curve = hub_chart(results, answer.plain, mode, len(answer.candidates))
    blocks += [Paragraph(_leeway_sentence(answer)), _beside(curve, "hub-curve")]
    pair = _pair_figures(results, answer)
    tables = HubTables(results, answer.plain, mode, names)
    near, trades, by_number = tables.near_best(), tables.trade_offs(), tables.by_number()
    if pair:
        blocks += pair
    if len(near.rows) > 1:
        blocks.append(TableBlock(near, compact=True, share=0.5, paged=not pair))
    blocks.append(TableBlock(by_number, key="hubs", compact=True, paged=answer.plans is None))
    if len(trades.rows) > 1:
        blocks.append(TableBlock(trades, compact=True, paged=False))
    notes = () if answer.plans is None else answer.plans.notes
    return [*blocks, BulletList((*answer.plain.assumptions, *notes))]


def _pair_figures(results: StudyResults, answer: HubResult) -> list[Figure]:
    """Draw who gains and who loses from the council's own hubs to the best; none without both."""
    from access.report.figures import _beside

    pair = _council_pair(answer)
    if pair is None or answer.plans is None:
        return []
    return [_beside(PlanFindings(answer.plans).pair_chart(results, pair), "hub-pair", height=3.1)]


def _council_pair(answer: HubResult) -> PlanPair | None:
    """Set the best plan beside the council's own, where they differ."""
    plans = answer.plans
    if plans is None:
        return None
    one, two = plans.get("council"), plans.get("locality") or plans.get("freely")
    if one is None or two is None or set(one.chosen) == set(two.chosen):
        return None
    return PlanPair.of(plans, answer.minutes, one, two)


def _council_blocks(results: StudyResults, wording: Wording) -> list[Block]:
    """Set the council's own hubs beside the best of as many, apart from everything else."""
    answer = results.hubs
    if answer is None:
        return []
    told = council_told(results, answer, wording)
    return [*(Paragraph(text) for text in told), *_pair_figures(results, answer)]


def council_told(results: StudyResults, answer: HubResult, wording: Wording) -> list[Said]:
    """Say all that is said of the council's own hubs alone."""
    sets, names = _best_sets(answer), results.site_names()
    told: list[Said] = []
    if answer.plans is None:
        told.append(_hub_sentence(results, sets, names, answer.mode, wording))
        if answer.plain.council is not None:
            told.append(_standing_sentence(answer.plain.council))
    else:
        plans = PlanFindings(answer.plans, names, wording)
        told.append(plans.council())
        told.append(_back_sentence(answer.plans, wording))
        pair = _council_pair(answer)
        if pair is not None:
            told.append(plans.pair_words(pair))
    return [said for said in told if said]


def _plan_blocks(answer: HubResult, plans: PlanFindings) -> list[Block]:
    """Write the plans side by side."""
    blocks: list[Block] = [Paragraph(text) for text in plans.words() if text]
    blocks.append(TableBlock(plans.beside_table(), key="hub-plans-beside", compact=True))
    blocks += [
        TableBlock(table, key=key, compact=True, paged=False)
        for key, table in (
            ("hub-plans", plans.asked_table()),
            ("hub-plans-minutes", plans.minutes_table()),
            ("hub-plans-reach", plans.reach_table()),
            ("hub-plans-standing", plans.standing_table()),
        )
    ]
    pair = _council_pair(answer)
    if pair is not None:
        blocks.append(Paragraph(plans.pair_words(pair)))
    return blocks


def _hub_sentence(
    results: StudyResults,
    hubs: Sequence[_BestSet],
    names: Mapping[str, str],
    mode: str,
    wording: Wording,
) -> Said:
    """Say for a board where hubs would best stand, and what they would give back."""
    plans = None if results.hubs is None else results.hubs.plans
    told = [_best_sentence(results, hubs, names, mode, wording)]
    told += [] if plans is None else [_back_sentence(plans, wording)]
    return Said(" ".join(filter(None, told)), [claim for said in told for claim in said.claims])


def _back_sentence(plans: HubPlans, wording: Wording) -> Said:
    """Say how many of the minutes that closures add each plan of hubs gives back."""
    asked = [
        (plan, what)
        for plan, what in (
            (plans.get("council"), "the council's own"),
            (plans.get("stays"), f"the best hubs{_found(plans.get('stays'))} for this"),
        )
        if plan is not None and plan.stays is not None
    ]
    known = next((p.stays for p, _ in asked if p.stays is not None), None)
    if known is None or known.added < _NO_MINUTES or any(p.stays.lost for p, _ in asked if p.stays):
        return Said("")
    parts = [
        "no hubs among these sites give any of it back"
        if p.key == "stays" and p.stays.given_back < _NO_MINUTES and not _found(p)
        else f"{what} give back {wording.minutes(p.stays.given_back)}"
        for p, what in asked
        if p.stays
    ]
    claims = [Claim("hub_added", "is", (known.added,))]
    claims += [Claim(f"hub_back:{p.key}", "is", (p.stays.given_back,)) for p, _ in asked if p.stays]
    return Said(
        f"What is proposed, {listed(plans.closures)}, adds {wording.minutes(known.added)} on "
        "average to the trip to the nearest site; with "
        f"the offers given at hubs as well, {listed(parts)}.",
        claims,
    )


def _best_sentence(
    results: StudyResults,
    hubs: Sequence[_BestSet],
    names: Mapping[str, str],
    mode: str,
    wording: Wording,
) -> Said:
    """Set the council's own hubs beside the best set of as many."""
    council = results.study.config.hubs.council_choice
    asked = len(council)
    if not council and results.hubs is not None:
        asked = len(results.hubs.plain.best.chosen)
    same = [h for h in hubs if len(h.chosen) == asked and h.status != "infeasible"]
    best = same[0] if same else next((h for h in hubs if h.status != "infeasible"), None)
    if best is None:
        return Said("No set of hubs meets the rules that were asked for.")
    joint = _mean_minutes(results, best.chosen, mode)["joint"]
    proven = best.status == "proven_optimal"
    claims = [Claim("hub_best_mean", "best" if proven else "is", (joint,)),
              Claim("hub_best_size", "is", (float(len(best.chosen)),))]  # fmt: skip
    called = HubTerms.of(results.study)
    hubs_words = number(len(best.chosen), called.one, called.many)
    first = sentence(
        f"the {'best' if proven else 'best found'} {hubs_words} by average {trip(mode)}"
        f"{_together(results)} would be {listed([names.get(i, i) for i in best.chosen])}: "
        f"{wording.minutes(joint)} on average"
    )
    if not same or not council:
        return Said(first, claims)
    if set(council) == set(best.chosen):
        claims.append(Claim("hub_council_more", "none", (0.0,)))
        return Said(f"{first} These are the council's own.", claims)
    more = _mean_minutes(results, council, mode)["joint"] - joint
    claims.append(Claim("hub_council_more", "is", (more,)))
    own = listed([names.get(i, i) for i in council])
    missed = 0.0 if results.hubs is None or results.hubs.plain.council is None else (
        results.hubs.plain.council.missed)  # fmt: skip
    if missed > NOBODY:
        claims[-1] = Claim("hub_council_missed", "is", (missed,))
        text = (
            f"the council chose {own}: {wording.minutes(more + joint)} on average for those who "
            f"reach one; {share_figure(missed, 1)} more of the demand reaches none"
        )
        return Said(f"{first} {sentence(text)}", claims)
    if abs(more) < _NO_MINUTES:
        return Said(f"{first} {sentence(f'the council chose {own}: as long on average')}", claims)
    return Said(f"{first} {sentence(f'the council chose {own}: {wording.change(more)}')}", claims)


def _together(results: StudyResults) -> str:
    """Say that several offers are weighed at once."""
    many = len(HubOffer.of(results.study))
    return {1: "", 2: ", both offers together,"}.get(
        many, f", all {number(many, 'offer')} together,"
    )


def _standing_sentence(council: SetRank) -> Said:
    """Say where the council's own choice stands among all sets of as many."""
    k = number(len(council.chosen), "hub")
    if council.rank_mean is None or council.rank_worst is None:
        text = f"there are too many sets of {k} to list, so the council's own has no rank"
        return Said(sentence(text))
    keeps = council.within_rules
    claims = [Claim("hub_sets", "is", (float(council.sets),)),
              Claim("hub_rank:mean", "is", (float(council.rank_mean),)),
              Claim("hub_rank:worst", "is", (float(council.rank_worst),))]  # fmt: skip
    ranks = (
        f"{about_ordinal(council.rank_mean, council.sets)} by average trip and "
        f"{about_ordinal(council.rank_worst, council.sets)} by the worst-off area"
    )
    first = "1st is best"
    if council.missed > NOBODY:
        first += "; sets that leave fewer people out come first"
    if keeps and council.sets == 1:
        return Said(f"There is only one way to place {k}, the council's own.", claims)
    if keeps:
        whole = f"all {council.sets:,} ways to place {k}"
        text = f"among {whole}, the council's own is {ranks} ({first})"
        return Said(sentence(text), claims)
    claims.append(Claim("council_keeps_rules", "none", (0.0,)))
    text = f"it is none of the {council.sets:,} ways to place {k} that keep the rules; beside them "
    if council.sets == 1:
        text = f"it is not the only way to place {k} that keeps the rules; beside that "
    return Said(sentence(f"{text}it would be {ranks} ({first})"), claims)


def _leeway_sentence(answer: HubResult) -> Said:
    """Say how free the choice is: the near-best, the bend, and what weighting would change."""
    found, said, claims = answer.plain, [], []
    near = found.near_best.table
    if len(near) > 1:
        share = float(near["worse"].max())
        claims.append(Claim("hub_listed_worse", "largest", (share,)))
        within = "as good as one another" if share <= 0 else f"within {at_most(share)} of the best"
        said.append(
            sentence(
                f"{number(len(near), 'set')} listed are {within} in average {trip(answer.mode)}, "
                "so what else is known of the buildings may decide among them"
            )
        )
    bend = bend_words(found.curve)
    if bend:
        said.append(bend)
        claims += bend.claims
    if answer.weighted is not None:
        mine, other = found.best, answer.weighted.best
        sure = all(best.status == "proven_optimal" for best in (mine, other))
        best = "best" if sure else "best found"
        if _as_good(mine.chosen, answer.weighted):
            claims.append(Claim("hub_weighted_best", "same"))
            said.append(f"With deprived areas counting more, the same set is {best}.")
        else:
            claims.append(Claim("hub_weighted_best", "other"))
            said.append(
                sentence(
                    f"with deprived areas counting more, the {best} set is "
                    f"{answer.weighted.named(other.chosen)}"
                )
            )
    return Said(" ".join(said), claims)


def _as_good(chosen: Sequence[str], found: HubSearch) -> bool:
    """Tell whether a set is the best that was found, or exactly as good."""
    near = found.near_best.table
    level = [set(ids) for ids in near["chosen"][near["worse"] <= 1e-9]]
    return set(chosen) in [set(found.best.chosen), *level]
