"""What is said of hubs is worked out a second time, set by set and area by area, 100 times.

The fields are small and random: ties, empty areas, sites out of reach, one site, all of them, one
offer or three, and closures that add nothing. Nothing of the package's own sums says what is true.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from access.analysis.hub_plans import PlanPair
from access.analysis.results import HubPlan, HubPlans
from access.report import hubs as say
from access.report.findings import Wording
from access.siting import Demand
from access.siting.alternatives import SetRank
from access.siting.hubs import hub_search
from access.siting.plans import HubField, Offer, PlanRules, choose, standing
from access.siting.set_figures import BesideStays, Figures, Held, SetDraws, delivery_field
from access.text import Claim, Said
from tests.property.test_claims import SEEDS, STUDIES, on_studies

INF = math.inf
WITHIN = 0.1
DRAWS = 12


@dataclass(frozen=True)
class Small:
    """Minutes of areas to sites; who each offer is for; what is open of today, and what stays."""

    minutes: list[list[float]]
    people: list[list[int]]
    shares: list[float]
    size: int
    council: list[int]
    today: list[int]
    stay: list[int]

    @property
    def sites(self) -> range:
        return range(len(self.minutes[0]))

    def near(self, area: int, chosen) -> float:
        return min((self.minutes[area][s] for s in chosen), default=INF)


@cache
def small(seed: int) -> Small:
    rng = np.random.default_rng([seed, 9])
    areas, sites, offers = int(rng.integers(1, 7)), int(rng.integers(2, 6)), int(rng.integers(1, 4))
    minutes = rng.integers(1, 9 if seed % 3 else 60, size=(areas, sites)).astype(float)
    if seed % 5 == 0:
        minutes[rng.random(minutes.shape) < 0.2] = INF
    if seed % 11 == 0:
        minutes[:] = 7.0
    people = rng.choice([0, 1, 4, 20, 300], size=(offers, areas))
    people[:, 0] = np.maximum(people[:, 0], 1)
    minutes[0] = np.where(np.isfinite(minutes[0]), minutes[0], 9.0)
    shares = np.full(offers, 1 / offers) if seed % 2 else rng.dirichlet(np.ones(offers))
    size = int(rng.integers(1, sites + (seed % 6 == 0)))
    council = sorted(rng.choice(sites, size=size, replace=False).tolist())
    today = sorted(rng.choice(sites, size=int(rng.integers(1, sites + 1)), replace=False).tolist())
    stay = [s for s in today if rng.random() < 0.6] or today
    return Small(minutes.tolist(), people.tolist(), shares.tolist(), size, council, today, stay)


def names_of(chosen) -> tuple[str, ...]:
    return tuple(f"S{s}" for s in chosen)


def made(study: Small) -> HubPlans:
    """Make plans of a field as the package does."""
    minutes = np.array(study.minutes)
    least = {k: minutes[:, sites].min(axis=1) for k, sites in (("today", study.today),
                                                               ("kept", study.stay))}  # fmt: skip
    offers = tuple(
        Offer(f"o{k}", f"Offer {k}", "", share, np.array(people, float), **least)
        for k, (people, share) in enumerate(zip(study.people, study.shares, strict=True))
    )
    field = HubField(names_of(study.sites), minutes, offers)
    plans = [plan(field, "council", names_of(study.council), None)]
    best = choose(field, study.size, within=WITHIN)
    rivals = [names_of(c) for c in itertools.combinations(study.sites, study.size)]
    drawn = drawn_means(field, rivals)
    own = rivals.index(tuple(sorted(best.chosen)))
    firm = Held.of(drawn, drawn, own, range(len(rivals)), WITHIN)
    plans.append(plan(field, "freely", best.chosen, best, firm))
    plans.append(plan(field, "room", names_of(study.council), best))
    beside = delivery_field(field)
    if beside is not None:
        chosen = choose(beside, study.size)
        plans.append(plan(field, "stays", chosen.chosen, chosen))
    return HubPlans(
        tuple(plans), offers, "walk", "walk", car_known=False, rule="", localities=(),
        closures=("The closures",) if study.stay != study.today else (),
        draws=DRAWS, drawn="streets", within=WITHIN, notes=(), worst_words={},
    )  # fmt: skip


def drawn_means(field: HubField, sets) -> np.ndarray:
    """Draw people and trips again and again, each area's trips to a site longer or shorter."""
    served = None if field.whole else np.isfinite([field.near(ids) for ids in sets])
    rng, made = np.random.default_rng(3), SetDraws(field, len(sets), DRAWS, 3, served=served)
    for number in range(DRAWS):
        bent = field.minutes * np.exp(0.1 * rng.standard_normal(field.minutes.shape))
        near = [bent[:, field.columns(ids)].min(axis=1) for ids in sets]
        made.take(number, np.array(near)[None])
    return made.found["mean"]


def plan(field: HubField, key: str, chosen, choice, firm=None) -> HubPlan:
    near = field.minutes[:, field.columns(chosen)].min(axis=1)
    figures = Figures.of(near, field.offers, {}, (20,))
    place = standing(field, chosen, PlanRules())
    return HubPlan(key, f"Plan {key}", tuple(chosen), "mean", False, choice, figures, figures,
                   BesideStays.of(field.offers, near), place, place, firm)  # fmt: skip


def mean(study: Small, offer: int, trips) -> float:
    """Average the trips of an offer's people, those who get there."""
    pairs = [(n, t) for n, t in zip(study.people[offer], trips, strict=True) if t < INF and n]
    whole = sum(n for n, _ in pairs)
    return sum(n * t for n, t in pairs) / whole if whole else math.nan


def joint(study: Small, chosen) -> float:
    """Average over the offers by their shares, of those who get to a hub."""
    trips = [study.near(a, chosen) for a in range(len(study.minutes))]
    return sum(share * mean(study, k, trips) for k, share in enumerate(study.shares))


def lost(study: Small, chosen) -> float:
    """Give the share of people who get to no hub."""
    areas = range(len(study.minutes))
    return sum(
        share * sum(study.people[k][a] for a in areas if study.near(a, chosen) == INF)
        / sum(study.people[k])
        for k, share in enumerate(study.shares)
    )  # fmt: skip


def fewest_out(study: Small, sets) -> list:
    """Keep the sets that leave fewest people out: only their minutes are compared."""
    least = min(lost(study, c) for c in sets)
    return [c for c in sets if lost(study, c) <= least + 1e-9]


def place(study: Small, own, values) -> int:
    """Count who is better: who leaves fewer people out, or as few and has fewer minutes."""
    mine, out = values[own], lost(study, own)
    return 1 + sum(
        lost(study, c) < out - 1e-9
        or (lost(study, c) <= out + 1e-9 and v < mine - 1e-7 * max(1.0, mine))
        for c, v in values.items()
    )


def furthest(study: Small, chosen) -> float:
    """Give the longest trip of those who get to a hub."""
    return max((m for a in used_of(study) if (m := study.near(a, chosen)) < INF), default=0.0)


def truth(study: Small, plans: HubPlans) -> dict[str, float]:
    """Work out what may be claimed, one set and one area after the other."""
    offers, areas = range(len(study.people)), range(len(study.minutes))
    sets = list(itertools.combinations(study.sites, study.size))
    means = {chosen: joint(study, chosen) for chosen in sets}
    worst = {c: furthest(study, c) for c in sets}
    own = tuple(study.council)
    out: dict[str, float] = {"offers": len(offers), "hub_sets": len(sets)}
    for name, values in (("mean", means), ("worst", worst)):
        out[f"hub_rank:{name}"] = place(study, own, values)
    kept = fewest_out(study, sets)
    least = min(means[c] for c in kept)
    near = [c for c in kept if means[c] <= least * (1 + WITHIN) + 1e-6]
    out["hub_near"], out["hub_least"] = len(near), least
    for s in study.sites:
        out[f"hub_in:S{s}"] = sum(s in c for c in near) / len(near)
    for p in plans.plans:
        chosen = [int(i[1:]) for i in p.chosen]
        by_offer = {k: mean(study, k, [study.near(a, chosen) for a in areas]) for k in offers}
        met = [(study.shares[k], m) for k, m in by_offer.items() if not math.isnan(m)]
        total = sum(share for share, _ in met)
        out[f"hub_mean:{p.key}"] = sum(s * m for s, m in met) / total if met else math.nan
        kept, back = 0.0, 0.0
        for k in offers:
            stays = [study.near(a, study.stay) for a in areas]
            both = [min(t, study.near(a, chosen)) for a, t in enumerate(stays)]
            now = mean(study, k, [study.near(a, study.today) for a in areas])
            out[f"hub_added:o{k}"] = mean(study, k, stays) - now
            kept += study.shares[k] * (mean(study, k, stays) - now)
            back += study.shares[k] * (mean(study, k, stays) - mean(study, k, both))
        out["hub_added"], out[f"hub_back:{p.key}"] = kept, back
    out["hub_more:room"] = out["hub_mean:room"] - out["hub_mean:freely"]
    out["hub_cut_off"] = any(
        any(study.people[k][a] for k in offers)
        and len({study.near(a, c) < INF for c in (study.today, study.stay,
                 [*study.stay, *(int(i[1:]) for i in p.chosen)])}) > 1
        for a in areas for p in plans.plans
    )  # fmt: skip
    council, best = (
        [int(i[1:]) for i in next(p for p in plans.plans if p.key == key).chosen]
        for key in ("council", "freely")
    )
    for k in offers:
        for word, sign in (("nearer", 1), ("further", -1)):
            out[f"hub_{word}:o{k}"] = sum(
                study.people[k][a]
                for a in areas
                if not study.near(a, council) == study.near(a, best) == INF
                and sign * (study.near(a, council) - study.near(a, best)) > 1.0
            )
        out[f"offer_share:o{k}"] = study.shares[k]
    return out


def holds(claim, true: dict[str, float]) -> bool:
    what, relation, numbers = claim.what, claim.relation, claim.numbers
    if what == "offer_shares":
        shares = [v for k, v in true.items() if k.startswith("offer_share:")]
        return max(shares) - min(shares) < 1e-9
    if what == "hub_firm":
        return not any(v >= 0.9 for k, v in true.items() if k in numbers_of_best(true))
    if what.startswith("hub_firm:"):
        return true[f"hub_in:{what.split(':')[1]}"] >= 0.9 - 1e-9
    if what.startswith("hub_held:"):
        return numbers[0] >= 0  # counted below, draw by draw
    if relation == "some":
        return true[what] is True or true[what] > 1
    if relation == "one":
        return true[what] == 1
    if relation == "none":
        return true[what] < 1e-6
    if relation == "all":
        return true[what] >= true["hub_added"] - 1e-9
    return true[what] == pytest.approx(numbers[0], abs=1e-6)


def numbers_of_best(true: dict[str, float]) -> set[str]:
    return {f"hub_in:{i}" for i in true["best"]}


def told(plans: HubPlans, wording: Wording) -> list[Said]:
    names = {i: f"Site {i[1:]}" for p in plans.plans for i in p.chosen}
    one, two = plans.plan("council"), plans.plan("freely")
    every = sorted({i for p in plans.plans for i in p.chosen})
    minutes = pd.DataFrame({i: FIELD[id(plans)][int(i[1:])] for i in every})
    said = [*say.PlanFindings(plans, names, wording).words(), say._back_sentence(plans, wording)]
    pair = PlanPair.of(plans, minutes, one, two)
    return [*said, say.PlanFindings(plans).pair_words(pair)]


FIELD: dict[int, list] = {}


@pytest.mark.parametrize("tens", range(STUDIES // 10))
def test_every_claim_on_hubs_is_so(tens):
    claims = room = 0
    for seed in range(10 * tens, 10 * tens + 10):
        study = small(seed)
        plans = made(study)
        FIELD[id(plans)] = np.array(study.minutes).T.tolist()
        true = truth(study, plans) | {"best": plans.plan("freely").chosen}
        for wording in (Wording(), Wording(internal=True, decimals=1)):
            for said in told(plans, wording):
                assert isinstance(said, Said)
                for claim in said.claims:
                    assert holds(claim, true), (seed, str(said), claim)
                    claims += 1
                    room += claim.what.endswith(":room")
        assert "nan" not in " ".join(told(plans, Wording())), seed
    assert claims > 150
    assert room > 20


def head_of(study: Small, best: Any, council: Iterable[int]) -> Said:
    """Give the report's first sentence on hubs, with means that are worked out here."""
    hubs = SimpleNamespace(
        council_choice=tuple(names_of(council)), offers={}, title="Hubs", one="hub"
    )
    results = SimpleNamespace(study=SimpleNamespace(config=SimpleNamespace(hubs=hubs)), hubs=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(say, "_together", lambda results: "")

        def means(results: object, ids: Iterable[str], mode: str) -> dict[str, float]:
            return {"joint": joint(study, [int(i[1:]) for i in ids])}

        patch.setattr(say, "_mean_minutes", means)
        return say._best_sentence(results, [best], {}, "walk", Wording())


def used_of(study: Small) -> list[int]:
    """Name the areas that somebody is counted in."""
    counts = zip(study.people, study.shares, strict=True)
    used = {a for n, share in counts for a, people in enumerate(n) if people * share}
    return sorted(used)


def share_out(study: Small, areas) -> float:
    """Give the part of all people that some areas have, whatever they come for."""
    return sum(n[a] for n in study.people for a in areas) / sum(map(sum, study.people))


def true_of_search(study: Small, found: Any, out) -> tuple[dict[str, float], list[float]]:
    """Work out what a search may claim, and the means of the sets that leave fewest out, rising."""
    sets = list(itertools.combinations(study.sites, study.size))
    kept = fewest_out(study, sets)
    means, worst = {c: joint(study, c) for c in sets}, {c: furthest(study, c) for c in sets}
    own, ordered = tuple(study.council), sorted(means[c] for c in kept)
    return {
        "hub_best_size": study.size, "hub_best_mean": ordered[0],
        "hub_council_mean": means[own], "hub_council_more": means[own] - ordered[0],
        "hub_council_worst": worst[own], "hub_least_worst": min(worst[c] for c in kept),
        "hub_sets": len(sets),
        "hub_rank:mean": place(study, own, means),
        "hub_rank:worst": place(study, own, worst),
        "hub_level": sum(v <= ordered[0] + 1e-7 for v in ordered) - 1,
        "hub_unserved_areas": len(out), "hub_unserved": share_out(study, out),
        "hub_council_missed": lost(study, own) - lost(study, kept[0]),
    }, ordered  # fmt: skip


def check_head(study: Small, found: Any, true: dict[str, float]) -> None:
    """Hold the report's first sentence to what is true."""
    own = study.council
    head = head_of(study, found.best, own)
    claims = {claim.what: claim.numbers[0] for claim in head.claims}
    for what in ("hub_best_mean", "hub_best_size", "hub_council_more"):
        assert claims[what] == pytest.approx(true[what], abs=1e-6), (what, head)
    same, more = set(names_of(own)) == set(found.best.chosen), true["hub_council_more"]
    assert ("These are the council's own" in head) == same
    assert ("as long on average" in head) == (not same and more < 1e-6)


@pytest.mark.parametrize("part", range(5))
def test_what_a_search_says_is_worked_out_set_by_set(part):
    told, cut = set(), 0
    for seed in SEEDS[part::5]:
        study = small(seed)
        areas, sites = range(len(study.minutes)), names_of(study.sites)
        offers = range(len(study.people))
        minutes = pd.DataFrame(study.minutes, index=[f"a{a}" for a in areas], columns=sites)
        demands = [
            Demand(minutes, pd.Series(study.people[k], index=minutes.index, dtype=float),
                   study.shares[k], f"o{k}")
            for k in offers
        ]  # fmt: skip
        found = hub_search(demands, size=study.size, most=len(sites), within=WITHIN,
                           council=names_of(study.council))  # fmt: skip
        said = found.words
        claims = {claim.what: claim for claim in said.claims}
        told |= set(claims)
        chosen = [int(i[1:]) for i in found.best.chosen]
        out = [a for a in areas if study.near(a, chosen) == INF
               and any(study.people[k][a] and study.shares[k] for k in offers)]  # fmt: skip
        assert claims.get("hub_unserved_areas", Claim("", "", (0,))).numbers == (len(out),), seed
        assert ("in no average" in said) == bool(out)
        assert claims["hub_best_size"].numbers == (study.size,)
        if found.best.status != "proven_optimal":
            continue  # who is left out differs by offer among sets that leave as many out
        true, ordered = true_of_search(study, found, out)
        least, missed = ordered[0], true["hub_council_missed"] > 1e-9
        with_out = any(study.near(a, [s]) == INF for a in used_of(study) for s in study.sites)
        cut += missed
        assert ("hub_council_missed" in claims) == missed, seed
        assert ("hub_council_more" in claims) == (not missed), seed
        assert ("no set that leaves as few people out has a lower mean" in said) == with_out, seed
        assert "inf" not in said and "nan" not in said
        if "hub_listed" in claims:
            many = int(claims["hub_listed"].numbers[0])
            full = many == 9  # ten are listed: there may be more of them
            assert claims["hub_listed"].relation == ("least" if full else "is")
            assert ("at least nine other" in said) == full
            all_tied = full and claims["hub_level"].numbers == (9.0,)
            assert ("level with at least 9 others" in said) == all_tied
            true |= {"hub_listed": many, "hub_listed_worse": ordered[many] / least - 1}
            true["hub_level"] = min(true["hub_level"], many)
            assert many == min(9, sum(v <= least * (1 + WITHIN) + 1e-9 for v in ordered) - 1)
        least_of = {
            p: min(joint(study, c)
                   for c in fewest_out(study, list(itertools.combinations(study.sites, p))))
            for p in range(1, len(sites) + 1)
        }  # fmt: skip
        if "hub_saves" in claims:
            at, last = found.curve.elbow, len(sites)
            true["hub_saves:early"] = (least_of[1] - least_of[at]) / (at - 1)
            true["hub_saves:late"] = (least_of[at] - least_of[last]) / (last - at)
            assert claims["hub_saves"].numbers[0] < claims["hub_saves"].numbers[1]
        for what, claim in claims.items():
            if what != "hub_saves":
                assert claim.numbers[0] == pytest.approx(true[what], abs=1e-6), (seed, what, said)
        if not missed:
            check_head(study, found, true)
    assert part or cut  # every fifth has sites out of reach
    assert {"hub_best_mean", "hub_council_more", "hub_listed", "hub_saves", "hub_level"} <= told


@on_studies()
def test_how_a_set_holds_is_counted_draw_by_draw(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 9, size=(int(rng.integers(1, 30)), 4)).astype(float)
    found = Held.of(values, values, 0, range(4), WITHIN)
    rows = values.tolist()
    near = sum(row[0] <= min(row) * (1 + WITHIN) + 1e-9 for row in rows) / len(rows)
    assert found.near == pytest.approx(near)
    assert found.best == pytest.approx(sum(row[0] == min(row) for row in rows) / len(rows))
    inside = sum(found.low - 1e-9 <= row[0] <= found.high + 1e-9 for row in rows)
    assert inside >= 0.9 * len(rows) - 1e-9


@on_studies()
def test_where_more_hubs_begin_to_save_less_is_worked_out_from_the_curve(seed):
    rng = np.random.default_rng([seed, 2])
    sizes = list(range(1, int(rng.integers(2, 9))))
    means = np.sort(rng.integers(1, 40, size=len(sizes)))[::-1].astype(float)
    if seed % 9 == 0:
        means[:] = 5.0
    proven = seed % 4 != 3
    curve = SimpleNamespace(
        elbow=int(rng.choice(sizes)),
        solutions={
            p: SimpleNamespace(objective=m, status="proven_optimal") for p, m in
            zip(sizes, means, strict=True)
        },
    )  # fmt: skip
    if not proven:  # of what was found no step is known
        curve.solutions[int(rng.choice(sizes))].status = str(
            rng.choice(["usual_minutes", "feasible"])
        )
    worse = np.sort(rng.choice([0.0, 0.01, 0.3], size=int(rng.integers(1, 4))))
    plain = SimpleNamespace(
        curve=curve,
        near_best=SimpleNamespace(table=pd.DataFrame({"worse": worse})),
        best=SimpleNamespace(chosen=("A",)),
    )
    said = say._leeway_sentence(SimpleNamespace(plain=plain, weighted=None, mode="walk"))
    by = {claim.what: claim for claim in said.claims}
    assert proven or "saves" not in said
    if "hub_saves" in by:
        at, (late, early) = curve.elbow, by["hub_saves"].numbers
        steps = [(p, means[k] - means[k + 1]) for k, p in enumerate(sizes[1:])]
        assert early == pytest.approx(np.mean([d for p, d in steps if p <= at]))
        assert late == pytest.approx(np.mean([d for p, d in steps if p > at]))
        assert late < early
    else:
        assert "saves" not in said
    if len(worse) > 1:
        assert by["hub_listed_worse"].numbers == (max(worse),)
        assert ("as good as" in said) == (max(worse) == 0)


def test_a_set_s_place_is_never_said_among_sets_that_it_is_not_one_of():
    for keeps, sets in itertools.product((True, False), (1, 12, 4321)):
        rank = SetRank(("A", "B"), 5.0, 9.0, {}, 4.0, 8.0, sets, min(3, sets), 1, keeps)
        said = say._standing_sentence(rank)
        none = "it is none of" if sets > 1 else "it is not the only way"
        assert (none in said.lower()) == (not keeps)
        assert " 1 ways" not in said
        by = {c.what: c.numbers for c in said.claims}
        assert by["hub_sets"] == (sets,) and by["hub_rank:mean"] == (min(3, sets),)
        assert ("council_keeps_rules" in by) == (not keeps)


def test_the_fields_hold_the_edges():
    every = [(small(seed), made(small(seed))) for seed in range(0, STUDIES, 5)]
    true = [truth(study, plans) for study, plans in every]
    assert any(t["hub_cut_off"] for t in true) and any(not t["hub_cut_off"] for t in true)
    assert any(t["hub_near"] == 1 for t in true) and any(t["hub_near"] > 5 for t in true)
    assert any(t["hub_rank:mean"] == 1 for t in true)
    assert any(t["hub_added"] == 0 for t in true) and any(t["hub_added"] > 0 for t in true)
    assert any(t["hub_sets"] == 1 for t in true)
    assert {len(study.people) for study, _ in every} == {1, 2, 3}
