"""Plans of hubs side by side: their figures, minutes, reach and rank, in tables and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from access.analysis.hub_plans import DEPRIVED, PlanPair
from access.analysis.results import (
    HubPlan,
    HubPlans,
    StudyResults,
)
from access.disclosure import public_count
from access.document.table import Column, Table, Value
from access.labels import how, trip
from access.report.findings import Wording
from access.siting.plans import FIRM_FROM, NOBODY, USUAL_MINUTES, Choice
from access.siting.set_figures import BesideStays
from access.text import (
    NOT_APPLICABLE,
    Claim,
    Said,
    about_ordinal,
    capital,
    figure,
    joined,
    listed,
    number,
    percent,
    sentence,
    share_figure,
    shares_of,
)

if TYPE_CHECKING:
    from access.charts.chart import Chart


_PROOF = {
    "proven_optimal": "proven best",
    USUAL_MINUTES: "best by usual minutes",
    "feasible": "good, not proven",
    "infeasible": "no such set",
}


def _proof(status: str, gap: float) -> str:
    """Say what an optimiser proved, and no more."""
    if status == "within_gap" and gap < 1:
        # the gap is a share of the answer; a reader takes it as a share of the best
        return f"within {share_figure(max(gap / (1 - gap), 0.001), 1)} of the best"
    return _PROOF.get(status, "not proven")


# --- plans side by side -------------------------------------------------------------------------


def _plan_letters(plans: HubPlans) -> dict[str, str]:
    """Give each plan a letter, in order, by its key."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return {p.key: letters[k] if k < 26 else f"Z{k - 25}" for k, p in enumerate(plans.plans)}


def _wished(plans: HubPlans, *, other: bool = False) -> str:
    """Say that only sets are counted that have what must be and lack what may not, if asked."""
    asked = "the other rules asked for" if other else "the rules asked for"
    return f" that keep {asked}" if plans.wishes else ""


def _place_note(plans: HubPlans) -> str:
    """Say among which sets plans have their places; nothing where none has one."""
    ruled = [p.standing is not None for p in plans.plans if p.standing or p.freely]
    if not ruled:
        return ""
    rule = f" with {plans.rule}" if any(ruled) and plans.rule else ""
    few = " (where as many can keep that)" if rule and not all(ruled) else ""
    kept = f"{rule}{few}{_wished(plans, other=bool(rule))}"
    return f"Place: among sets of as many{kept}, by average trip."


def _some_out(plans: HubPlans) -> bool:
    """Tell whether some reach no hub of a plan: sets are then compared with those alike in that."""
    return any(p.figures.unserved > NOBODY for p in plans.plans)


def _left_out(plan: HubPlan) -> str:
    """Say how many reach no hub of a plan, and so are in none of its minutes, if any."""
    share = plan.figures.unserved
    return f" ({share_figure(share, 1)} reach none)" if share > NOBODY else ""


def _left_out_note(plans: HubPlans) -> tuple[str, ...]:
    """Say below a table of minutes who is in none of them."""
    letters = _plan_letters(plans)
    some = [f"{letters[p.key]} {share_figure(p.figures.unserved, 1)}" for p in plans.plans
            if p.figures.unserved > NOBODY]  # fmt: skip
    return (f"In no mean, for they reach no hub of the plan: {listed(some)}.",) if some else ()


def _plan_name(plan: HubPlan, plans: HubPlans) -> str:
    """Name a plan within a sentence."""
    text = plan.title[0].lower() + plan.title[1:]
    return text if plan.choice is None else f"the {text.replace('best', f'best{_found(plan)}', 1)}"


def _found(plan: HubPlan | None) -> str:
    """Say of a plan that is called best that it is the best found, where it is not proven."""
    sure = plan is None or plan.choice is None or plan.choice.status == "proven_optimal"
    return "" if sure else " found"


def _named(plan: HubPlan, names: Mapping[str, str]) -> str:
    return listed([names.get(i, i) for i in plan.chosen])


_NO_MINUTES = 1e-6


def _of_them(choice: Choice) -> str:
    """Say of which sets near the best a site is in nine of ten: not all may be known."""
    return "them" if choice.near_complete else f"the {len(choice.near)} nearest to it"


def _lie_words(least: float, most: float) -> str:
    """Say between what averages lie; there may be none where somebody then reaches no hub."""
    if not np.isfinite(most):
        return "in some of them somebody reaches none of its hubs, so that it has no average there"
    low, high = figure(least), figure(most)
    lie = f"are about {low}" if low == high else f"lie between {low} and {high}"
    return f"nine of ten of its averages {lie} minutes"


def _plan_proof(plan: HubPlan) -> str:
    if plan.choice is None:
        return "given"
    rule = " with the rule" if plan.rule else ""
    if plan.choice.assigned is not None:
        rule += ", everybody where there is room"
    if plan.choice.sets is not None:
        many = plan.choice.sets
        return f"{'the only set' if many == 1 else f'best of all {many:,} sets'}{rule}"
    return _proof(plan.choice.status, plan.choice.gap) + rule


def _minutes_column(key: str, label: str, decimals: int = 0) -> Column:
    return Column(key, label, "minutes", unit="min", decimals=decimals)


def _holds_words(plans: HubPlans) -> str:
    """Say of what "holds" is a share: a plan asked for by another measure holds by that one."""
    if not plans.draws:
        return ""
    return (
        f" Holds: share of {plans.draws:,} drawn settings in which the plan is within "
        f"{percent(plans.within)} of the best of those compared, by what was asked of it."
    )


def _idle_note(plans: HubPlans) -> tuple[str, ...]:
    """Say of the plan beside the sites that stay that it is one of many, where none does more."""
    plan = plans.get("stays")
    if plan is None or plan.stays is None or plan.stays.lost:
        return ()
    if plan.stays.given_back >= _NO_MINUTES:
        return ()
    letter = _plan_letters(plans)[plan.key]
    return (
        "Beside the sites that stay, no hubs among these sites make the trip any shorter: plan "
        f"{letter} is no better for it than any other set.",
    )


def _place(plan: HubPlan) -> str:
    """Say a plan's place by average trip among sets of as many that keep the locality rule."""
    place = plan.standing or plan.freely
    if place is None:
        return "not listed"
    if not place.within_rules:
        return "breaks the rules"
    return about_ordinal(place.rank["mean"], place.sets)


_CHANGE_LABELS = (
    "over 10 minutes nearer", "5 to 10 minutes nearer", "1 to 5 minutes nearer",
    "within a minute", "1 to 5 minutes further", "5 to 10 minutes further",
    "over 10 minutes further",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class PlanFindings:
    """What is told of plans of hubs side by side, in words, tables and a map."""

    plans: HubPlans
    names: Mapping[str, str] = field(default_factory=dict)
    wording: Wording = field(default_factory=Wording)

    def words(self) -> list[Said]:
        """Say all that is said of plans of hubs, paragraph by paragraph."""
        return [
            self._asked(),
            self.council(),
            self._stays(),
            self._firm(),
            self._room(),
        ]

    def _asked(self) -> Said:
        """Say what a hub gives, to whom, and how the offers count."""
        plans = self.plans
        parts = [f"{o.title}{f' ({o.ages})' if o.ages else ''}" for o in plans.offers]
        claims = [Claim("offers", "is", (float(len(parts)),))]
        claims += [Claim(f"offer_share:{o.key}", "is", (o.share,)) for o in plans.offers]
        if len(parts) == 1:
            return Said(sentence(f"a hub gives one offer: {parts[0]}"), claims)
        counts = shares_of({part: o.share for part, o in zip(parts, plans.offers, strict=True)})
        if counts.endswith("alike"):
            claims.append(Claim("offer_shares", "same"))
        text = f"a hub gives {number(len(parts), 'offer')}: {counts}"
        return Said(sentence(text), claims)

    def council(self) -> Said:
        """Set the council's own beside the best under the same rule, and say its place."""
        plans = self.plans
        council = plans.get("council")
        best = plans.get("locality") or plans.get("freely")
        if best is None or council is None:
            return Said("")
        claims = [
            Claim(f"hub_mean:{plan.key}", "is", (plan.figures.joint,))
            for plan in (best, council)
            if np.isfinite(plan.figures.joint)
        ]
        said = [
            f"{capital(_plan_name(best, plans))}: {_named(best, self.names)}, "
            f"{self.wording.minutes(best.figures.joint)} on average by the {trip(plans.mode)}"
            f"{_left_out(best)}; the council's own: {_named(council, self.names)}, "
            f"{self.wording.minutes(council.figures.joint)}{_left_out(council)}."
        ]
        place = council.standing or council.freely
        if place is None or not place.sets:
            why = f"No {len(council.chosen)} sites keep the rules asked for"
            why = "There are too many sets to list" if place is None else why
            return Said(" ".join([*said, f"{why}, so the council's own has no place."]), claims)
        words = {"mean": "by average trip", "deprived": f"by the {DEPRIVED}'s own average",
                 "worst": "by the worst-off area"}  # fmt: skip
        ranks = [f"{about_ordinal(r, place.sets)} {words[by]}" for by, r in place.rank.items()]
        claims += [Claim(f"hub_rank:{by}", "is", (float(r),)) for by, r in place.rank.items()]
        claims.append(Claim("hub_sets", "is", (float(place.sets),)))
        rule = f" with {plans.rule}" if council.standing is not None and plans.rule else ""
        n, only = len(council.chosen), place.sets == 1
        among = f"the {place.sets:,} sets of {n}{rule}"
        if place.within_rules and only:
            said.append(f"There is only one set of {n} to choose here, the council's own.")
        elif place.within_rules:
            wished = _wished(plans, other=bool(rule))
            first = "1st is best"
            if _some_out(plans):
                first += "; sets that leave fewer people out come first"
            said.append(f"Among {among}{wished}, the council's own is {listed(ranks)} ({first}).")
        else:
            claims.append(Claim("council_keeps_rules", "none", (0.0,)))
            which = f"is none of {among} that keep the rules"
            which = f"is not the only set of {n}{rule} that keeps the rules" if only else which
            said.append(f"It {which}; it would be {listed(ranks)}.")
        free = council.freely
        if rule and free is not None and free.within_rules and free.sets > 1:
            claims.append(Claim("hub_free_rank:mean", "is", (float(free.rank["mean"]),)))
            claims.append(Claim("hub_free_sets", "is", (float(free.sets),)))
            said.append(
                f"Without that rule it is {about_ordinal(free.rank['mean'], free.sets)} of all "
                f"{free.sets:,}{_wished(plans)} by average trip."
            )
        if place.rank["mean"] > 1:
            claims.append(Claim("hub_rank:mean", "some"))
            said.append(
                "By travel alone another set would come first: it is to be read as chosen by more "
                "than travel, and what else was weighed is not in these figures."
            )
        return Said(" ".join(said), claims)

    def _stays(self) -> Said:
        """Say what the closures add and how much of it each plan of hubs gives back."""
        plans = self.plans
        known = next((p.stays for p in plans.plans if p.stays is not None), None)
        if known is None:
            return Said("")
        out = [o.title for o in plans.offers if o.key not in known.shares]
        apart = (
            f" {listed(out)}: no site that stays is known to give it, so it is in neither figure."
            if out
            else ""
        )
        if any(p.stays is not None and p.stays.lost > 0 for p in plans.plans):
            return Said(
                "What hubs give back beside the sites that stay is not told in minutes: some "
                f"people reach a site under one plan and none under another.{apart}",
                [Claim("hub_cut_off", "some")],
            )
        if known.added < _NO_MINUTES:
            told = self._nothing_added()
        else:
            back = self._back(known)
            told = joined([self._added(known), back])
        return Said(f"{told}{apart}", told.claims)

    def _nothing_added(self) -> Said:
        """Say that no trip grows on average, and what hubs would still shorten."""
        claims, best = [Claim("hub_added", "none", (0.0,))], self.plans.get("stays")
        said = "The study closes no site."
        if self.plans.closures:
            said = ("On average over the offers, the closures do not lengthen the trip to the "
                    "nearest site.")  # fmt: skip
        if best is not None and best.stays is not None and best.stays.given_back >= _NO_MINUTES:
            claims.append(Claim("hub_back:stays", "is", (best.stays.given_back,)))
            said += (
                f" Hubs at {_named(best, self.names)} beside today's sites would shorten it by "
                f"{self.wording.minutes(best.stays.given_back)}."
            )
        return Said(said, claims)

    def _added(self, known: BesideStays) -> Said:
        """Say how much longer the closures make the trip, in all and for each offer."""
        plans = self.plans
        titles = {o.key: o.title for o in plans.offers}
        longer = {key: known.kept[key] - known.today[key] for key in known.shares}
        claims = [Claim("hub_added", "is", (known.added,))]
        claims += [Claim(f"hub_added:{key}", "is", (minutes,)) for key, minutes in longer.items()]
        each = [f"{titles[key]} {self.wording.change(minutes) if minutes else 'as long as today'}"
                for key, minutes in longer.items()]  # fmt: skip
        over = f" ({listed(each)})" if len(each) > 1 else ""
        return Said(
            f"{listed(plans.closures)}: {'together ' if len(plans.closures) > 1 else ''}"
            f"{self.wording.minutes(known.added)} more on average "
            f"to the nearest site, by the {trip(plans.mode)}{over}.",
            claims,
        )

    def _back(self, known: BesideStays) -> Said:
        """Say how much of it the council's own hubs give back, and the best hubs for this."""
        claims: list[Claim] = []
        back = []
        best, council = self.plans.get("stays"), self.plans.get("council")
        for_this = f"the best hubs{_found(best)} for this"
        for plan, what in ((council, "the council's own hubs"), (best, for_this)):
            if plan is None or plan.stays is None:
                continue
            minutes = plan.stays.given_back
            claims.append(Claim(f"hub_back:{plan.key}", "is", (minutes,)))
            if minutes < _NO_MINUTES and plan is best and not _found(best):
                back.append("no hubs among these sites give any of it back")
                continue
            part = f"{percent(minutes / known.added)} of it"
            if minutes >= known.added:
                claims.append(Claim(f"hub_back:{plan.key}", "all", (minutes, known.added)))
            if minutes > known.added:
                part = "all of it and more"
            where = "" if plan is council else f" ({_named(plan, self.names)})"
            back.append(f"{what}{where} give back {self.wording.minutes(minutes)}, {part}")
        if not back:
            return Said("", claims)
        given = f"With each offer given at hubs and at kept sites alike, {'; '.join(back)}."
        return Said(given, claims)

    def _firm(self) -> Said:
        """Say which sites are firm choices, and how the best set holds."""
        plans = self.plans
        main = plans.get("locality") or plans.get("freely")
        if main is None or main.choice is None:
            return Said("")
        choice, share = main.choice, percent(plans.within)
        claims = [Claim("hub_near", "is" if choice.near_complete else "least",
                        (float(choice.near_count),))]  # fmt: skip
        said = []
        if choice.near_count > 1:
            more = "" if choice.near_complete else " or more"
            sets = capital(number(choice.near_count, "set"))
            alike = " that leave as few people out" if _some_out(plans) else ""
            text = f"{sets}{more}{alike} are within {share} of the best{_found(main)}"
            firm, them = listed([self.names.get(i, i) for i in choice.firm]), _of_them(choice)
            claims += [Claim(f"hub_firm:{i}", "firm") for i in choice.firm]
            if choice.firm:
                rest = (
                    " the other places are free for the board's other reasons"
                    if len(choice.firm) < len(main.chosen)
                    else ""
                )
                text += f"; firm, in nine of ten of {them}: {firm}" + (f";{rest}" if rest else "")
            elif choice.near_count >= FIRM_FROM:
                claims.append(Claim("hub_firm", "none", (0.0,)))
                text += (
                    f"; no site of the best is in nine of ten of {them}, so travel settles none: "
                    "the board's other reasons may decide"
                )
            said.append(f"{text}.")
        elif choice.near_complete:
            claims.append(Claim("hub_near", "one"))
            alone = "There is no other set to choose: these sites and rules allow this one alone."
            alike = " that leaves as few people out" if _some_out(plans) else ""
            other = f"No other set{alike} is within {share} of the best{_found(main)}."
            own = plans.get("council")
            if choice.sets != 1:
                said.append(other)
            elif own is None or set(own.chosen) != set(
                main.chosen
            ):  # else it is said of the council's
                said.append(alone)
        if main.held is not None and plans.draws and main.held.rivals > 1:
            h = main.held
            claims += [
                Claim(f"hub_held:{what}", "is", (value,))
                for what, value in (
                    ("near", h.near), ("best", h.best), ("low", h.low), ("high", h.high),
                )
            ]  # fmt: skip
            said.append(
                f"Over {plans.draws:,} drawn settings the set stays within {share} of "
                f"the best of {h.rivals} compared in {percent(h.near)} of them, and is best in "
                f"{percent(h.best)}; {_lie_words(h.low, h.high)}."
            )
        return Said(" ".join(said), claims)

    def _room(self) -> Said:
        """Say the best hubs that have room for everybody, how sure that is, and what it costs."""
        plans = self.plans
        plan = plans.get("room")
        if plan is None or plan.choice is None:
            return Said("")
        claims = [Claim("hub_mean:room", "is", (plan.figures.joint,))]
        free = plans.get("locality" if plan.rule else "freely")
        text = (
            f"{capital(_plan_name(plan, plans))}, an area going as a whole to one hub and each "
            f"person counted once, {'are' if len(plan.chosen) > 1 else 'is'} "
            f"{_named(plan, self.names)}: {self.wording.minutes(plan.figures.joint)} on average "
            f"to where there is room ({_proof(plan.choice.status, plan.choice.gap)})"
        )
        if free is not None and len(free.chosen) == len(plan.chosen):
            more = plan.figures.joint - free.figures.joint
            if more > _NO_MINUTES:
                claims.append(Claim("hub_more:room", "is", (more,)))
                longer = self.wording.minutes(more)
                text += f", {longer} more than to the nearest of the best without limit"
        return Said(sentence(text), claims)

    @staticmethod
    def after_minutes(plan: HubPlan) -> str:
        """Say behind a plan's minutes who reaches no hub of it, and its place among how many."""
        place = plan.standing or plan.freely
        if place is None or not place.sets:
            return _left_out(plan)
        of = f" of {place.sets:,}" if place.within_rules else ""
        return f"{_left_out(plan)}; {_place(plan)}{of}"

    def asked_table(self) -> Table:
        """List the plans: what was asked, where, and what is proven."""
        plans = self.plans
        letters = _plan_letters(plans)
        rows = [
            (letters[p.key], p.title, _named(p, self.names), _plan_proof(p)) for p in plans.plans
        ]
        notes = (f"The rule: {plans.rule}.",) if plans.rule else ()
        return Table(
            "Plans of hubs side by side",
            (
                Column("plan", "Plan", width=0.5), Column("asked", "What is asked", width=2.2),
                Column("where", "Where", width=3.6), Column("proof", "Proof", width=1.5),
            ),
            tuple(rows),
            notes=notes,
            short="Hub plans",
        )  # fmt: skip

    def beside_table(self) -> Table:
        """List the plans on one page: where, their minutes, their place, and how they hold."""
        plans = self.plans
        letters = _plan_letters(plans)
        foot = f"{'Without a car' if plans.car_known else 'All'}, {how(plans.without_car)}"
        known = any(DEPRIVED in p.figures.by_group for p in plans.plans)
        rows: list[tuple[Value, ...]] = []
        for p in plans.plans:
            held = NOT_APPLICABLE if p.held is None or p.held.rivals < 2 else p.held.near
            poor = p.figures.by_group.get(DEPRIVED)
            row: list[Value] = [letters[p.key], p.title, _named(p, self.names), p.figures.joint]
            row += [NOT_APPLICABLE if poor is None else poor] if known else []
            rows.append((*row, p.on_foot.joint, p.figures.worst_minutes, _place(p), held))
        chosen = [p for p in plans.plans if p.choice is not None]
        sure = sum(p.choice is not None and p.choice.status == "proven_optimal" for p in chosen)
        proof = "Every plan chosen here is" if sure == len(chosen) else f"{sure} of these are"
        place = f" {note}" if (note := _place_note(plans)) else ""
        return Table(
            f"Plans of hubs side by side ({trip(plans.mode)} to the nearest hub)",
            (
                Column("plan", "Plan", width=0.4), Column("asked", "What is asked", width=1.5),
                Column("where", "Where", width=3.4), _minutes_column("joint", "Mean"),
                *([_minutes_column("deprived", "Most deprived fifth")] if known else []),
                _minutes_column("foot", foot), _minutes_column("worst", "Furthest area"),
                Column("rank", "Place"), Column("held", "Holds", "share", decimals=0),
            ),
            tuple(rows),
            notes=(f"{proof} proven best of what was asked.{place}{_holds_words(plans)}",
                   *_left_out_note(plans), *_idle_note(plans)),
            short="Hub plans side by side",
        )  # fmt: skip

    def minutes_table(self) -> Table:
        """List each plan's minutes by offer and group, and its furthest area."""
        plans = self.plans
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
            f"Plans of hubs: mean {trip(plans.mode)} to the nearest hub, by offer and group",
            (
                Column("plan", "Plan", width=0.6),
                _minutes_column("joint", "Together" if offers else "All"),
                *(_minutes_column(o.key, o.title) for o in offers),
                *(_minutes_column(f"group_{k}", capital(g)) for k, g in enumerate(groups)),
                _minutes_column("foot", foot), _minutes_column("worst", "Furthest area"),
                Column("area", "Which", width=2.6),
            ),
            tuple(rows),
            notes=(
                f"Groups: all offers together. {foot}: the nearest hub {how(plans.without_car)}.",
                *_left_out_note(plans),
            ),
            short="Hub plans, minutes",
        )  # fmt: skip

    def reach_table(self) -> Table:
        """List each plan's reach: the share within so many minutes of a hub."""
        plans = self.plans
        letters = _plan_letters(plans)
        limits = list(plans.plans[0].figures.reach) if plans.plans else []
        who = "those without a car" if plans.car_known else "all"
        way, foot = trip(plans.mode), how(plans.without_car)
        rows: list[tuple[Value, ...]] = [
            (letters[p.key], *p.figures.reach.values(), *p.on_foot.reach.values())
            for p in plans.plans
        ]
        return Table(
            f"Plans of hubs: share within so many minutes of a hub, by the {trip(plans.mode)} "
            f"and, of {who}, {how(plans.without_car)}",
            (
                Column("plan", "Plan", width=0.6),
                *(Column(f"in_{m:g}", f"{capital(way)}, {m:g} min", "share") for m in limits),
                *(Column(f"foot_{m:g}", f"{capital(foot)}, {m:g} min", "share") for m in limits),
            ),
            tuple(rows),
            short="Hub plans, reach",
        )  # fmt: skip

    def standing_table(self) -> Table:
        """List each plan's place, what is near it, how it holds, and what it gives back."""
        plans = self.plans
        letters = _plan_letters(plans)
        beside = any(p.stays is not None for p in plans.plans)
        rows: list[tuple[Value, ...]] = []
        for p in plans.plans:
            near: Value = NOT_APPLICABLE
            firm: Value = NOT_APPLICABLE
            if p.choice is not None:
                near = f"{p.choice.near_count:,}{'' if p.choice.near_complete else ' or more'}"
                if p.choice.near_count >= FIRM_FROM:
                    firm = listed([self.names.get(i, i) for i in p.choice.firm])
                    firm += "" if p.choice.near_complete else f" (of {_of_them(p.choice)})"
            held = NOT_APPLICABLE if p.held is None or p.held.rivals < 2 else p.held.near
            back = NOT_APPLICABLE if p.stays is None or p.stays.lost else p.stays.given_back
            rank = _place(p)
            rows.append((letters[p.key], rank, near, firm, held, *([back] if beside else [])))
        of = f"{note} " if (note := _place_note(plans)) else ""
        return Table(
            "Plans of hubs: place, near-best sets, how they hold"
            + (", and what they give back beside the sites that stay" if beside else ""),
            (
                Column("plan", "Plan", width=0.6), Column("rank", "Place", width=1.2),
                Column("near", f"Sets within {percent(plans.within)}"),
                Column("firm", "In nine of ten of them", width=2.5),
                Column("held", "Holds in draws", "share"),
                *([_minutes_column("back", "Given back", 1)] if beside else []),
            ),
            tuple(rows),
            notes=(
                f"{of}Sets within {percent(plans.within)}: of the best by what was asked of the "
                f"plan.{_holds_words(plans)}",
            ),
            short="Hub plans, standing",
        )  # fmt: skip

    def pair_words(self, pair: PlanPair) -> Said:
        """Say who is nearer and who is further under the second of two plans."""
        plans = self.plans
        parts = [
            f"{o.title}: {public_count(pair.gain[o.key], internal=self.wording.internal)} nearer, "
            f"{public_count(pair.lose[o.key], internal=self.wording.internal)} further"
            for o in plans.offers
        ]
        claims = [Claim(f"hub_nearer:{o.key}", "is", (pair.gain[o.key],)) for o in plans.offers]
        claims += [Claim(f"hub_further:{o.key}", "is", (pair.lose[o.key],)) for o in plans.offers]
        return Said(
            f"From '{pair.one.title}' to '{pair.two.title}', by the {trip(plans.mode)} (people of "
            f"each offer; those within a minute are neither): {'; '.join(parts)}.",
            claims,
        )

    def pair_chart(self, results: StudyResults, pair: PlanPair) -> Chart:
        """Draw who gains and who loses between two plans."""
        from access.charts.chart import CHANGE_COLOURS, CHANGE_EDGES
        from access.maps.ground import area_chart

        one, two = (f"{p.title[0].lower()}{p.title[1:]}" for p in (pair.one, pair.two))
        sites = results.sites.set_index("id")
        known = [[i for i in p.chosen if i in sites.index] for p in (pair.one, pair.two)]
        marks = [
            sites.loc[ids].assign(service=which)
            for ids, which in zip(known, ("first", "second"), strict=True)
        ]
        return area_chart(
            results.study,
            pair.table["change"].to_numpy(float),
            title=f"Who is nearer and who is further: {one} or {two}",
            edges=CHANGE_EDGES,
            colours=CHANGE_COLOURS,
            labels=_CHANGE_LABELS,
            alt=f"Map of areas by the change in minutes. {self.pair_words(pair)}",
            caption=f"Change in minutes by the {trip(self.plans.mode)} to the nearest hub. "
            + f"{results.whose_streets}.",
            sites=pd.concat(marks),
        )
