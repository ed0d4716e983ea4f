"""Family Hubs: plans side by side, the best sets for all offers, and the council's own choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd

from access.analysis.hub_minutes import hub_minutes, offers_of, people_of
from access.analysis.hub_plans import DEPRIVED, PlanPair, plan_pair
from access.analysis.results import HubPlan, HubPlans, HubResult, StudyResults, site_names
from access.charts.chart import Chart
from access.charts.ranking import hub_chart
from access.charts.style import CHANGE_COLOURS, CHANGE_EDGES
from access.disclosure import public_count
from access.document.document import Block, BulletList, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.errors import ParameterError
from access.labels import how, trip
from access.maps.area_chart import area_chart
from access.measure.distribution import weighted_mean
from access.report.figures import _figure_of
from access.report.sentences import Wording
from access.siting.alternatives import SetRank
from access.siting.hubs import HubSearch
from access.siting.plans import USUAL_MINUTES
from access.text import (
    NOT_APPLICABLE,
    about_ordinal,
    capital,
    listed,
    number,
    percent,
    sentence,
    share_figure,
)

_PROOF = {
    "proven_optimal": "proven best",
    USUAL_MINUTES: "best by usual minutes",
    "feasible": "good, not proven",
    "infeasible": "no such set",
}


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
    if not chosen:
        raise ParameterError("no hub is chosen; expected at least one site")
    study = results.study
    there = hub_minutes(results, mode)
    offers = offers_of(study)
    ids = study.areas["id"]
    near = [matrix.least(list(chosen)) for matrix in there.matrices]
    means = {
        o.key: weighted_mean(near[there.window[o.key]], people_of(study, o).loc[ids])
        for o in offers
    }
    means["joint"] = sum(o.share * means[o.key] for o in offers if o.share)
    return means


def hub_table(
    results: StudyResults, hubs: Sequence[_BestSet], names: Mapping[str, str], mode: str
) -> Table:
    """List the best set for each number of hubs, and the council's own."""
    offers = offers_of(results.study)
    rows = [
        _row(results, str(len(h.chosen)), h.chosen, names, mode, _proof(h.status, h.gap))
        for h in hubs
        if h.chosen
    ]
    council = results.study.config.hubs.council_choice
    if council:
        label = f"{len(council)}, the council's own"
        rows.append(_row(results, label, council, names, mode, "given"))
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
    parts = [f"{o.title} {percent(o.share)}" for o in offers]
    notes = (sentence(f"together: {listed(parts)}"),) if len(parts) > 1 else ()
    return Table(
        f"Family Hubs: the best sets by number of hubs (mean {trip(mode)} to the nearest)",
        columns,
        tuple(rows),
        notes=notes,
        source=results.study.config.hubs.council_source,
        short="Family Hubs",
    )


def _row(
    results: StudyResults,
    label: str,
    chosen: Sequence[str],
    names: Mapping[str, str],
    mode: str,
    proof_words: str,
) -> tuple[Value, ...]:
    means = _mean_minutes(results, chosen, mode)
    where = listed([names.get(i, i) for i in chosen])
    figures = list(means.values())
    return (label, where, *(figures if len(figures) > 2 else figures[:1]), proof_words)


def near_best_table(found: HubSearch, mode: str) -> Table:
    """List the sets that are almost as good as the best."""
    frame = found.alternatives_frame()
    rows = zip(frame["names"], frame["mean_minutes"], frame["worse"], strict=True)
    n, more = len(found.best.chosen), "" if found.near_best.complete else "; there may be more"
    return Table(
        f"Family Hubs: the best {len(frame)} sets of {n} (mean {trip(mode)}{more})",
        (
            Column("where", "Where", width=3.0),
            Column("mean", "Mean", "minutes", unit="min", decimals=0),
            Column("worse", "Above the best", "share", decimals=2),
        ),
        tuple((str(names), float(mean), float(worse)) for names, mean, worse in rows),
        short="Hubs near the best",
    )


def trade_off_table(found: HubSearch, mode: str) -> Table:
    """List the sets that no other beats on both the mean and the worst-off area."""
    frame = found.front_frame()
    has_cost = "cost" in frame
    n, more = len(found.best.chosen), "" if found.front.complete else "; there may be more"
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
        f"Family Hubs: every trade-off of {n} between the average {trip(mode)} and the "
        f"worst-off area{more}",
        tuple(columns),
        tuple(rows),
        short="Hubs trade-offs",
    )


def _proof(status: str, gap: float) -> str:
    """Say what an optimiser proved, and no more."""
    if status == "within_gap" and gap < 1:
        # the gap is a share of the answer; a reader takes it as a share of the best
        return f"within {share_figure(max(gap / (1 - gap), 0.001), 1)} of the best"
    return _PROOF.get(status, "not proven")


def _best_sets(answer: HubResult) -> list[_BestSet]:
    """Give the best set for each number of hubs, fewest first."""
    return list(answer.plain.curve.solutions.values())


def _hub_blocks(results: StudyResults, wording: Wording) -> list[Block]:
    """Write the section on Family Hubs."""
    answer = results.hubs
    if answer is None:
        return [Paragraph("Where Family Hubs would best stand is not part of this run.")]
    sets, names, mode = _best_sets(answer), site_names(results), answer.mode
    blocks: list[Block] = [Paragraph(_best_sentence(results, sets, names, mode, wording))]
    if answer.plans is not None:
        blocks += _plan_blocks(results, answer, answer.plans, names, wording)
    elif answer.plain.council is not None:
        blocks.append(Paragraph(_standing_sentence(answer.plain.council)))
    blocks.append(TableBlock(hub_table(results, sets, names, mode), key="hubs", compact=True))
    blocks.append(
        _figure_of(hub_chart(results, answer.plain, mode, len(answer.candidates)), "hub-curve")
    )
    blocks.append(Paragraph(_leeway_sentence(answer)))
    for table in (near_best_table(answer.plain, mode), trade_off_table(answer.plain, mode)):
        if len(table.rows) > 1:
            blocks.append(TableBlock(table, compact=True))
    notes = () if answer.plans is None else answer.plans.notes
    return [*blocks, BulletList((*answer.plain.assumptions, *notes))]


# --- plans side by side -------------------------------------------------------------------------


def _plan_letters(plans: HubPlans) -> dict[str, str]:
    """Give each plan a letter, in order, by its key."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return {p.key: letters[k] if k < 26 else f"Z{k - 25}" for k, p in enumerate(plans.plans)}


def _asked_words(plans: HubPlans) -> str:
    """Say what a hub gives, to whom, and how the offers count."""
    parts = [f"{o.title}{f' ({o.ages})' if o.ages else ''}" for o in plans.offers]
    if len(parts) == 1:
        return sentence(f"a hub gives one offer: {parts[0]}")
    shares = {round(o.share, 6) for o in plans.offers}
    count = "a minute counts alike for each"
    if len(shares) > 1:
        count = f"of a minute count {listed([percent(o.share) for o in plans.offers])}"
    return sentence(f"a hub gives {number(len(parts), 'offer')}: {listed(parts)}; {count}")


def _council_words(plans: HubPlans, names: Mapping[str, str], wording: Wording) -> list[str]:
    """Set the council's own beside the best under the same rule, and say its place."""
    council = plans.get("council")
    best = plans.get("locality") or plans.get("freely")
    if best is None or council is None:
        return []
    said = [
        f"{capital(_plan_name(best, plans))}: {_named(best, names)}, "
        f"{wording.minutes(best.figures.joint)} on average by the {trip(plans.mode)}; the "
        f"council's own: {_named(council, names)}, {wording.minutes(council.figures.joint)}."
    ]
    place = council.standing or council.freely
    if place is None or not place.sets:
        return [*said, "There are too many sets to list, so the council's own has no place."]
    words = {"mean": "by average trip", "deprived": f"by the {DEPRIVED}'s own average",
             "worst": "by the worst-off area"}  # fmt: skip
    ranks = [f"{about_ordinal(rank)} {words[by]}" for by, rank in place.rank.items()]
    rule = f" with {plans.rule}" if council.standing is not None and plans.rule else ""
    sets = f"the {place.sets:,} sets of {len(council.chosen)}{rule}"
    if place.within_rules:
        said.append(f"Among {sets}, the council's own is {listed(ranks)} (1st is best).")
    else:
        said.append(f"It is none of {sets} that keep the rules; it would be {listed(ranks)}.")
    if council.standing is not None and council.freely is not None and rule:
        free = council.freely
        said.append(
            f"Without that rule it is {about_ordinal(free.rank['mean'])} of all {free.sets:,} by "
            "average trip."
        )
    if place.rank["mean"] > 1 and best.choice is not None:
        said.append(
            "By travel alone another set would come first: it is to be read as chosen by more "
            "than travel, and what else was weighed is not in these figures."
        )
    return said


def _plan_name(plan: HubPlan, plans: HubPlans) -> str:
    """Name a plan within a sentence."""
    text = plan.title[0].lower() + plan.title[1:]
    return f"the {text}" if plan.choice is not None else text


def _named(plan: HubPlan, names: Mapping[str, str]) -> str:
    return listed([names.get(i, i) for i in plan.chosen])


def _stays_words(plans: HubPlans, names: Mapping[str, str], wording: Wording) -> list[str]:
    """Say what the closures add and how much of it each plan of hubs gives back."""
    known = next((p.stays for p in plans.plans if p.stays is not None), None)
    if known is None:
        return []
    titles = {o.key: o.title for o in plans.offers}
    out = [o.title for o in plans.offers if o.key not in known.shares]
    apart = (
        f" {listed(out)}: no centre of today is known to give it, so it is in neither figure."
        if out
        else ""
    )
    best, council = plans.get("stays"), plans.get("council")
    if any(p.stays is not None and p.stays.lost > 0 for p in plans.plans):
        return [
            "What hubs give back beside the centres that stay is not told in minutes: some people "
            "reach a centre under one plan and none under another." + apart
        ]
    if known.added < _NO_MINUTES:
        said = ["No centre's closing makes the average trip to the nearest centre longer."]
        if best is not None and best.stays is not None:
            said.append(
                f"Hubs at {_named(best, names)} beside today's centres would shorten it by "
                f"{wording.minutes(best.stays.given_back)}."
            )
        return [" ".join(said) + apart]
    each = [
        f"{titles[k]} {wording.minutes(max(known.kept[k] - known.today[k], 0.0))}"
        for k in known.shares
    ]
    over = f" ({listed(each)})" if len(each) > 1 else ""
    said = [f"{listed(plans.closures)}: together {wording.minutes(known.added)} more on average "
            f"to the nearest centre, by the {trip(plans.mode)}{over}."]  # fmt: skip
    back = []
    for plan, what in ((council, "the council's own hubs"), (best, "the best hubs for this")):
        if plan is None or plan.stays is None:
            continue
        minutes = plan.stays.given_back
        share = percent(minutes / known.added)
        part = f"{share} of it" if minutes <= known.added else "all of it and more"
        where = "" if plan is council else f" ({_named(plan, names)})"
        back.append(f"{what}{where} give back {wording.minutes(minutes)}, {part}")
    if back:
        said.append(f"With each offer given at hubs and at kept centres alike, {'; '.join(back)}.")
    return [" ".join(said) + apart]


_NO_MINUTES = 1e-6


def _firm_words(plans: HubPlans, names: Mapping[str, str]) -> list[str]:
    """Say which sites are firm choices, and how the best set holds."""
    main = plans.get("locality") or plans.get("freely")
    if main is None or main.choice is None:
        return []
    choice, share = main.choice, percent(plans.within)
    said = []
    if choice.near_count > 1:
        more = "" if choice.near_complete else " or more"
        said.append(
            f"{capital(number(choice.near_count, 'set'))}{more} are within {share} of the best"
            if choice.near_count < 10 else
            f"{choice.near_count:,}{more} sets are within {share} of the best"
        )  # fmt: skip
        firm = listed([names.get(i, i) for i in choice.firm])
        if choice.firm:
            rest = (
                " the other places are free for the board's other reasons"
                if len(choice.firm) < len(main.chosen)
                else ""
            )
            said[0] += f"; firm, in nine of ten of them: {firm}" + (f";{rest}." if rest else ".")
        else:
            said[0] += (
                "; no site is in nine of ten of them, so none is needed: the board's other "
                "reasons may decide."
            )
    else:
        said.append(f"No other set is within {share} of the best.")
    if main.held is not None and plans.draws and main.held.rivals > 1:
        h = main.held
        said.append(
            f"Over {plans.draws:,} drawn settings the set stays within {share} of "
            f"the best of {h.rivals} compared in {percent(h.near)} of them, and is best in "
            f"{percent(h.best)}; nine of ten of its averages lie between {h.low:.0f} and "
            f"{h.high:.0f} minutes."
        )
    return said


def plan_words(plans: HubPlans, names: Mapping[str, str], wording: Wording) -> list[str]:
    """Say all that is said of plans of hubs, paragraph by paragraph."""
    return [
        _asked_words(plans),
        " ".join(_council_words(plans, names, wording)),
        *_stays_words(plans, names, wording),
        " ".join(_firm_words(plans, names)),
        _room_words(plans, names, wording),
    ]


def _room_words(plans: HubPlans, names: Mapping[str, str], wording: Wording) -> str:
    """Say the best hubs that have room for everybody, how sure that is, and what it costs."""
    plan = plans.get("room")
    if plan is None or plan.choice is None:
        return ""
    free = plans.get("locality" if plan.rule else "freely")
    text = (
        f"{capital(_plan_name(plan, plans))}, an area going as a whole to one hub and each person "
        f"counted once, {'are' if len(plan.chosen) > 1 else 'is'} {_named(plan, names)}: "
        f"{wording.minutes(plan.figures.joint)} on average to where there is room "
        f"({_proof(plan.choice.status, plan.choice.gap)})"
    )
    if free is not None and len(free.chosen) == len(plan.chosen):
        more = plan.figures.joint - free.figures.joint
        if more > _NO_MINUTES:
            text += f", {wording.minutes(more)} more than to the nearest of the best without limit"
    return sentence(text)


def plan_table(plans: HubPlans, names: Mapping[str, str]) -> Table:
    """List the plans: what was asked, where, and what is proven."""
    letters = _plan_letters(plans)
    rows = [(letters[p.key], p.title, _named(p, names), _plan_proof(p)) for p in plans.plans]
    notes = (f"The rule: {plans.rule}.",) if plans.rule else ()
    return Table(
        "Plans of Family Hubs side by side",
        (
            Column("plan", "Plan", width=0.5), Column("asked", "What is asked", width=2.2),
            Column("where", "Where", width=3.6), Column("proof", "Proof", width=1.5),
        ),
        tuple(rows),
        notes=notes,
        short="Hub plans",
    )  # fmt: skip


def _plan_proof(plan: HubPlan) -> str:
    if plan.choice is None:
        return "given"
    rule = " with the rule" if plan.rule else ""
    if plan.choice.assigned is not None:
        rule += ", everybody where there is room"
    if plan.choice.sets is not None:
        return f"best of all {plan.choice.sets:,} sets{rule}"
    return _proof(plan.choice.status, plan.choice.gap) + rule


def _minutes_column(key: str, label: str, decimals: int = 0) -> Column:
    return Column(key, label, "minutes", unit="min", decimals=decimals)


def plan_minutes_table(plans: HubPlans) -> Table:
    """List each plan's minutes by offer and group, and its furthest area."""
    letters = _plan_letters(plans)
    offers = plans.offers if len(plans.offers) > 1 else ()
    groups = list(plans.plans[0].figures.by_group) if plans.plans else []
    foot = f"{'Without a car' if plans.car_known else 'All'}, {how(plans.without_car)}"
    rows: list[tuple[Value, ...]] = []
    for p in plans.plans:
        f = p.figures
        area = "" if f.worst_area is None else plans.worst_words.get(f.worst_area, "")
        rows.append(
            (letters[p.key], f.joint, *(f.by_offer[o.key] for o in offers),
             *(f.by_group[g] for g in groups), p.on_foot.joint, f.worst_minutes, area)
        )  # fmt: skip
    return Table(
        f"Plans of Family Hubs: mean {trip(plans.mode)} to the nearest hub, by offer and group",
        (
            Column("plan", "Plan", width=0.6),
            _minutes_column("joint", "Together" if offers else "All"),
            *(_minutes_column(o.key, o.title) for o in offers),
            *(_minutes_column(f"group_{k}", capital(g)) for k, g in enumerate(groups)),
            _minutes_column("foot", foot), _minutes_column("worst", "Furthest area"),
            Column("area", "Which", width=2.6),
        ),
        tuple(rows),
        notes=(f"Groups: all offers together. {foot}: the nearest hub {how(plans.without_car)}.",),
        short="Hub plans, minutes",
    )  # fmt: skip


def plan_reach_table(plans: HubPlans) -> Table:
    """List each plan's reach: the share within so many minutes of a hub."""
    letters = _plan_letters(plans)
    limits = list(plans.plans[0].figures.reach) if plans.plans else []
    who = "those without a car" if plans.car_known else "all"
    way, foot = trip(plans.mode), how(plans.without_car)
    rows: list[tuple[Value, ...]] = [
        (letters[p.key], *p.figures.reach.values(), *p.on_foot.reach.values()) for p in plans.plans
    ]
    return Table(
        f"Plans of Family Hubs: share within so many minutes of a hub, by the {trip(plans.mode)} "
        f"and, of {who}, {how(plans.without_car)}",
        (
            Column("plan", "Plan", width=0.6),
            *(Column(f"in_{m:g}", f"{capital(way)}, {m:g} min", "share") for m in limits),
            *(Column(f"foot_{m:g}", f"{capital(foot)}, {m:g} min", "share") for m in limits),
        ),
        tuple(rows),
        short="Hub plans, reach",
    )  # fmt: skip


def place_words(plan: HubPlan) -> str:
    """Say a plan's place by average trip among sets of as many that keep the locality rule."""
    place = plan.standing or plan.freely
    if place is None or not place.sets:
        return "not listed"
    return about_ordinal(place.rank["mean"]) if place.within_rules else "breaks the rules"


def plan_standing_table(plans: HubPlans, names: Mapping[str, str]) -> Table:
    """List each plan's place, what is near it, how it holds, and what it gives back."""
    letters = _plan_letters(plans)
    beside = any(p.stays is not None for p in plans.plans)
    rows: list[tuple[Value, ...]] = []
    for p in plans.plans:
        near: Value = NOT_APPLICABLE
        firm: Value = NOT_APPLICABLE
        if p.choice is not None:
            near = f"{p.choice.near_count:,}{'' if p.choice.near_complete else ' or more'}"
            firm = listed([names.get(i, i) for i in p.choice.firm])
        held = NOT_APPLICABLE if p.held is None or p.held.rivals < 2 else p.held.near
        back = NOT_APPLICABLE if p.stays is None or p.stays.lost else p.stays.given_back
        rank = place_words(p)
        rows.append((letters[p.key], rank, near, firm, held, *([back] if beside else [])))
    sets = next((p.standing or p.freely for p in plans.plans if p.standing or p.freely), None)
    rule = f" with {plans.rule}" if plans.rule else ""
    of = "" if sets is None else f"Place: among sets of as many{rule}, by average trip. "
    return Table(
        "Plans of Family Hubs: place, near-best sets, how they hold"
        + (", and what they give back beside the centres that stay" if beside else ""),
        (
            Column("plan", "Plan", width=0.6), Column("rank", "Place", width=1.2),
            Column("near", f"Sets within {percent(plans.within)}"),
            Column("firm", "In nine of ten of them", width=2.5),
            Column("held", "Holds in draws", "share"),
            *([_minutes_column("back", "Given back", 1)] if beside else []),
        ),
        tuple(rows),
        notes=(
            f"{of}Holds: share of {plans.draws:,} drawn settings in which the plan is within "
            f"{percent(plans.within)} of the best of those compared.",
        ),
        short="Hub plans, standing",
    )  # fmt: skip


def pair_words(plans: HubPlans, pair: PlanPair, *, internal: bool = False) -> str:
    """Say who is nearer and who is further under the second of two plans."""
    parts = [
        f"{o.title}: {public_count(pair.gain[o.key], internal=internal)} nearer, "
        f"{public_count(pair.lose[o.key], internal=internal)} further"
        for o in plans.offers
    ]
    return (
        f"From '{pair.one.title}' to '{pair.two.title}', by the {trip(plans.mode)} (people of each "
        f"offer; those within a minute are neither): {'; '.join(parts)}."
    )


_CHANGE_LABELS = (
    "over 10 minutes nearer", "5 to 10 minutes nearer", "1 to 5 minutes nearer",
    "within a minute", "1 to 5 minutes further", "5 to 10 minutes further",
    "over 10 minutes further",
)  # fmt: skip


def pair_chart(results: StudyResults, plans: HubPlans, pair: PlanPair) -> Chart:
    """Draw who gains and who loses between two plans."""
    sites = results.sites.set_index("id")
    known = [[i for i in p.chosen if i in sites.index] for p in (pair.two, pair.one)]
    marks = [
        sites.loc[known[0]].assign(service="second"), sites.loc[known[1]].assign(service="first"),
    ]  # fmt: skip
    return area_chart(
        results.study,
        pair.table["change"].to_numpy(float),
        title=f"Who is nearer and who is further: {pair.one.title[0].lower()}{pair.one.title[1:]} "
        f"or {pair.two.title[0].lower()}{pair.two.title[1:]}",
        edges=CHANGE_EDGES,
        colours=CHANGE_COLOURS,
        labels=_CHANGE_LABELS,
        alt=f"Map of areas by the change in minutes. {pair_words(plans, pair)}",
        caption=f"Change in minutes by the {trip(plans.mode)} to the nearest hub. "
        + results.streets.split(". ")[0].rstrip(".")
        + ".",
        sites=pd.concat(marks[::-1]),
    )


def _plan_blocks(
    results: StudyResults,
    answer: HubResult,
    plans: HubPlans,
    names: Mapping[str, str],
    wording: Wording,
) -> list[Block]:
    """Write the plans side by side."""
    blocks: list[Block] = [Paragraph(text) for text in plan_words(plans, names, wording) if text]
    blocks += [
        TableBlock(table, key=key, compact=True)
        for key, table in (
            ("hub-plans", plan_table(plans, names)),
            ("hub-plans-minutes", plan_minutes_table(plans)),
            ("hub-plans-reach", plan_reach_table(plans)),
            ("hub-plans-standing", plan_standing_table(plans, names)),
        )
    ]
    one, two = plans.get("council"), plans.get("locality") or plans.get("freely")
    if one is not None and two is not None and set(one.chosen) != set(two.chosen):
        pair = plan_pair(plans, answer.minutes, one, two)
        blocks.append(Paragraph(pair_words(plans, pair, internal=wording.internal)))
        blocks.append(_figure_of(pair_chart(results, plans, pair), "hub-pair"))
    return blocks


def _hub_sentence(
    results: StudyResults,
    hubs: Sequence[_BestSet],
    names: Mapping[str, str],
    mode: str,
    wording: Wording,
) -> str:
    """Say for a board where hubs would best stand, and what they would give back."""
    plans = None if results.hubs is None else results.hubs.plans
    back = "" if plans is None else _back_sentence(plans, wording)
    return f"{_best_sentence(results, hubs, names, mode, wording)} {back}".strip()


def _back_sentence(plans: HubPlans, wording: Wording) -> str:
    """Say how many of the minutes that closures add each plan of hubs gives back."""
    asked = [
        (plan, what)
        for plan, what in (
            (plans.get("council"), "the council's own"),
            (plans.get("stays"), "the best hubs for this"),
        )
        if plan is not None and plan.stays is not None
    ]
    known = next((p.stays for p, _ in asked if p.stays is not None), None)
    if known is None or known.added < _NO_MINUTES or any(p.stays.lost for p, _ in asked if p.stays):
        return ""
    parts = [
        f"{what} give back {wording.minutes(p.stays.given_back)}" for p, what in asked if p.stays
    ]
    return (
        f"{listed(plans.closures)} add {wording.minutes(known.added)} on average to the trip to "
        "the nearest centre; with "
        f"the offers given at hubs as well, {listed(parts)}."
    )


def _best_sentence(
    results: StudyResults,
    hubs: Sequence[_BestSet],
    names: Mapping[str, str],
    mode: str,
    wording: Wording,
) -> str:
    """Set the council's own hubs beside the best set of as many."""
    council = results.study.config.hubs.council_choice
    same = [h for h in hubs if len(h.chosen) == len(council) and h.status != "infeasible"]
    best = same[0] if same else next((h for h in hubs if h.status != "infeasible"), None)
    if best is None:
        return "No set of hubs meets the rules that were asked for."
    joint = _mean_minutes(results, best.chosen, mode)["joint"]
    known = "best" if best.status == "proven_optimal" else "best found"
    hubs_words = number(len(best.chosen), "Family Hub")
    first = sentence(
        f"the {known} {hubs_words} by average {trip(mode)}{_together(results)} would be "
        f"{listed([names.get(i, i) for i in best.chosen])}: {wording.minutes(joint)} on average"
    )
    if not same or not council:
        return first
    if set(council) == set(best.chosen):
        return f"{first} These are the council's own."
    more = _mean_minutes(results, council, mode)["joint"] - joint
    own = listed([names.get(i, i) for i in council])
    return f"{first} {sentence(f'the council chose {own}: {wording.change(max(more, 0.0))}')}"


def _together(results: StudyResults) -> str:
    """Say that several offers are weighed at once."""
    many = len(offers_of(results.study))
    return {1: "", 2: ", both offers together,"}.get(
        many, f", all {number(many, 'offer')} together,"
    )


def _standing_sentence(council: SetRank) -> str:
    """Say where the council's own choice stands among all sets of as many."""
    k = number(len(council.chosen), "hub")
    if council.rank_mean is None or council.rank_worst is None:
        text = f"there are too many sets of {k} to list, so the council's own has no rank"
        return sentence(text)
    whole = f"all {council.sets:,} ways to place {k}"
    return sentence(
        f"among {whole}, the council's own is {about_ordinal(council.rank_mean)} by average trip "
        f"and {about_ordinal(council.rank_worst)} by the worst-off area (1st is best)"
    ) + ("" if council.within_rules else " It does not keep the rules: compared without them.")


def _leeway_sentence(answer: HubResult) -> str:
    """Say how free the choice is: the near-best, the bend, and what weighting would change."""
    found, said = answer.plain, []
    near = found.near_best.table
    if len(near) > 1:
        share = float(near["worse"].max())
        said.append(
            sentence(
                f"the best {len(near)} sets are within {percent(share)} of one another in average "
                f"{trip(answer.mode)}, so what else is known of the buildings may decide among them"
            )
        )
    if found.curve.elbow is not None:
        said.append(
            sentence(f"beyond {number(found.curve.elbow, 'hub')} each further one saves less")
        )
    if answer.weighted is not None:
        best, other = set(found.best.chosen), answer.weighted.best.chosen
        if set(other) == best:
            said.append("With deprived families counting more, the same set is best.")
        else:
            said.append(
                sentence(
                    "with deprived families counting more, the best set is "
                    f"{answer.weighted.named(other)}"
                )
            )
    return " ".join(said)
