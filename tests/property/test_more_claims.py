"""Further sentences held to account on the random studies of `test_claims`: money, use, groups,
weights, samples, buses, packages and today; each claim is worked out again by plain loops."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from access import TravelMatrix, compare
from access.analysis.bus import BusChange
from access.analysis.many import _sampled_ranking
from access.measure import TakeUp
from access.notebook.place_views import TodayAnswer
from access.report import paper
from access.report.bus import BusFindings
from access.report.findings import ImpactWords, Wording
from access.report.people import PeopleTables, _group_rises
from access.report.robustness import _switching
from access.report.summary import _size
from access.scenario import attendance_beside_nearest, equality, switching_values, take_up_change
from access.scenario.offer import offer_change
from access.scenario.options import CriteriaSettings, ServiceChoice
from access.scenario.scenario import Money
from access.scenario.users import _groups
from access.text import Said, share_span
from tests.property.test_claims import (
    INF,
    STUDIES,
    WHO,
    Small,
    findings_of,
    found,
    measured_once,  # noqa: F401 - used by `found`
    on_studies,
    study,
    truth,
    values_of,
    weighed,
)

SITES = [f"S{k}" for k in range(9)]


@cache
def matrix_of(small: Small) -> TravelMatrix:
    areas = [f"a{k}" for k in range(len(small.count))]
    sites = [SITES[k] for k in small.sites]
    return TravelMatrix.from_minutes(np.array(small.minutes), area_ids=areas, site_ids=sites)


@cache  # nobody changes it
def demand_of(small: Small) -> pd.DataFrame:
    table = pd.DataFrame(
        {"id": [f"a{k}" for k in range(len(small.count))], "count": small.count,
         "imd_decile": small.decile}
    )  # fmt: skip
    return table if small.rank is None else table.assign(imd_rank=small.rank)


def numbers(said: Said) -> dict[tuple[str, str], tuple[float, ...]]:
    assert isinstance(said, Said)
    return {(claim.what, claim.relation): claim.numbers for claim in said.claims}


@on_studies()
def test_money_is_added_up_and_what_is_not_known_is_named(seed):
    rng = np.random.default_rng([seed, 1])
    costs = {f"S{k}": rng.choice([0.0, 1200.0, 98765.4]) for k in range(4)}
    unknown = [i for i in costs if rng.random() < 0.2]
    sums = []
    for ids in (list(costs)[:2], list(costs)[2 : 2 + int(rng.integers(0, 3))]):
        lost = tuple(i for i in ids if i in unknown)
        sums.append((None if lost else sum(costs[i] for i in ids), lost))
    stated = None if seed % 2 else float(rng.choice([0, 500]))
    (saved, no_saved), (spent, no_spent) = sums
    money = Money(saved, spent, no_saved, no_spent, stated, "the paper")
    said = money.sentence({})
    got = numbers(said)
    assert got.get(("saved", "is")) == (None if saved is None else (saved,))
    assert got.get(("spent", "is")) == (None if not spent else (spent,))
    assert got.get(("stated", "is")) == (None if stated is None else (stated,))
    assert {w for w, r in got if r == "unknown"} == {
        *(f"saved:{i}" for i in no_saved), *(f"spent:{i}" for i in no_spent)
    }  # fmt: skip
    assert ("not known" in said) == bool(no_saved or no_spent)
    assert ("The proposal's own figure" in said) == (stated is not None)


@on_studies()
def test_observed_use_is_counted_pair_by_pair(seed):
    small, rng = study(seed), np.random.default_rng([seed, 2])
    areas = range(len(small.count))
    seen = {(a, s): int(rng.choice([0, 1, 3, 50])) for a in areas for s in small.sites}
    seen[0, 0] += 1
    rows = [{"area": f"a{a}", "site": SITES[s], "attendances": n} for (a, s), n in seen.items()]
    impact = found(seed).impact
    said = attendance_beside_nearest(impact, matrix_of(small), pd.DataFrame(rows)).sentence()
    got, whole = numbers(said), sum(seen.values())

    own = sum(
        n for (a, s), n in seen.items()
        if small.minutes[a][s] == small.nearest(a, small.sites) < INF
    )  # fmt: skip
    assert got["attended_nearest", "is"][0] == pytest.approx(own / whole)
    pairs = [(n, small.minutes[a][s] - small.nearest(a, small.sites))
             for (a, s), n in seen.items() if n and small.minutes[a][s] < INF]  # fmt: skip
    if pairs:
        mean = sum(n * m for n, m in pairs) / sum(n for n, _ in pairs)
        assert got["attended_extra", "is"][0] == pytest.approx(mean)
    closed = [s for s in small.sites if s not in small.after]
    shut = sum(n for (_, s), n in seen.items() if s in closed)
    if closed:
        assert got["attended_closing", "is" if shut else "none"] == (shut,)
    assert ("at sites that close" in said) == bool(closed)


@on_studies()
def test_the_range_of_use_is_worked_out_person_by_person(seed):
    small = study(seed)
    use = TakeUp.declared(0.8, 1.0)
    change = take_up_change(found(seed).impact, use)
    factors = use.factors([small.change(a) for a in range(len(small.count))])
    base = after_low = after_high = 0.0
    for a, n in enumerate(small.count):
        low, high = float(factors["low"].iloc[a]), float(factors["high"].iloc[a])
        if not math.isnan(low):
            base, after_low, after_high = base + n, after_low + n * low, after_high + n * high
    said = change.sentence()
    if not base:
        assert not said.claims and "not known" in said
        return
    ends = sorted([after_low / base - 1, after_high / base - 1])
    assert numbers(said)["use_change", "between"] == pytest.approx(tuple(ends))


@on_studies()
def test_where_a_group_s_trip_grows_most_is_averaged_area_by_area(seed):
    small, rng = study(seed), np.random.default_rng([seed, 3])
    n = len(small.count)
    whole = rng.choice([0, 2, 60], size=n)
    parts = {label: np.minimum(rng.choice([0, 1, 30, 60], size=n), whole) for label in "AB"}
    own = found(seed)
    demand = own.impact.demand.assign(people=whole, **parts)
    impact = replace(own.impact, demand=demand)
    said = equality(impact, {label: (label, "people") for label in parts}).sentence()
    rises = {}
    for label, inside in parts.items():
        pair = []
        for who in (inside, whole - inside):
            met = [(who[a], small.change(a)) for a in range(n) if math.isfinite(small.change(a))]
            total = sum(w for w, _ in met)
            pair.append(sum(w * c for w, c in met) / total if total else math.nan)
        if not any(math.isnan(x) for x in pair):
            rises[label] = pair
    got = {(what.partition(":")[0], relation): (what.partition(":")[2], values)
           for (what, relation), values in numbers(said).items()}  # fmt: skip
    groups = tuple(_groups({label: (label, "people") for label in parts}))
    result = replace(own.result, impacts={"walk": impact})
    table, _ = PeopleTables(replace(own, result=result, groups=groups)).equality()
    for claim in _group_rises(table).claims:
        mine, theirs = rises[claim.what.split(":")[1]]
        assert claim.numbers[0] == pytest.approx(mine / theirs)
    if not rises:
        assert not said.claims and "can be compared" in said
        return
    label, (most,) = got["group_rise", "largest"]
    assert most == pytest.approx(rises[label][0])
    assert most == pytest.approx(max(pair[0] for pair in rises.values()))
    assert got["others_rise", "is"][1][0] == pytest.approx(rises[label][1])
    assert ("none of these groups" in said) == (most <= 0)
    if ("group_ratio", "is") in got:
        ratio = rises[label][0] / rises[label][1]
        assert got["group_ratio", "is"][1][0] == pytest.approx(ratio) and ratio > 0


@on_studies(2, 1)  # those with ranks of deprivation
def test_no_set_beats_the_one_that_is_said_to_be_best_at_a_weight(seed):
    small = study(seed)
    met = [a for a, n in enumerate(small.count) if n and small.nearest(a, small.sites) < INF]
    sets = list(itertools.combinations(small.sites, len(small.after)))

    people = [(small.count[a], whole - small.count[a]) for a, whole in weighed(small).items()
              if a in met]  # fmt: skip
    near = {kept: [small.nearest(a, kept) for a in met] for kept in sets}

    def mean(kept, lam):
        each = [n + lam * more for n, more in people]
        return sum(n * minutes for n, minutes in zip(each, near[kept], strict=True)) / sum(each)

    if all(mean(kept, 0.0) == INF for kept in sets):
        return
    answer = switching_values(matrix_of(small), keep=len(small.after), demand=demand_of(small))
    said = answer.sentence()
    assert len(said.claims) == len(answer.lambdas) + 1
    asked = SimpleNamespace(
        study=SimpleNamespace(areas={"imd_rank"}), switching=lambda service, **more: answer
    )
    # beyond those that are measured for all, without the ranking, which these words do not read
    own = found(seed) if seed < STUDIES else findings_of(small, ranked=False)
    assert _switching(asked, own, {}).claims == said.claims
    for claim in said.claims:
        kept = tuple(SITES.index(i) for i in claim.what.split(":")[1].split())
        low, high = claim.numbers
        for lam in (low, low + 1 if high == INF else (low + high) / 2, min(high, max(low, 50.0))):
            least = min(mean(other, lam) for other in sets)
            assert mean(kept, lam) <= least * (1 + 1e-9) + 1e-9, (seed, str(said), lam)


def test_what_a_sample_says_holds_of_the_whole_list():
    """An interval is 95% sure by itself: of some hundreds hardly more than one in twenty fails."""
    inside = told = 0
    for seed in range(0, 300, 10):
        small = study(seed)
        met = [a for a, n in enumerate(small.count) if n and small.nearest(a, small.sites) < INF]
        if not met or len(small.after) == len(small.sites):
            continue
        sets = list(itertools.combinations(small.sites, len(small.after)))
        every = {kept: values_of(small, kept, met) for kept in sets}
        own = tuple(small.after)
        choice = ServiceChoice(
            matrix_of(small), len(own), demand_of(small), {"kept": [SITES[k] for k in own]}
        )
        settings = CriteriaSettings(None, 1.0, 32844, None, 20.0)
        answer = _sampled_ranking(choice, settings, mode="walk", names={}, seed=seed, draws=60)
        said = answer.sentence()
        for claim in said.claims:
            kind, _, of = claim.what.partition(":")
            if kind == "ways":
                assert claim.numbers == (math.comb(len(small.sites), len(own)),)
            elif kind == "least":
                least = min(values[of] for values in every.values())
                assert claim.numbers[0] >= least - 1e-6
                if claim.relation == "best":
                    assert claim.numbers[0] == pytest.approx(least, abs=1e-6), (seed, said)
            elif kind == "regret":
                assert claim.numbers[0] == pytest.approx(
                    every[own][of] - min(values[of] for values in every.values()), abs=1e-6
                ) or claim.numbers[0] < every[own][of]  # fmt: skip
            else:
                better = sum(values[of] < every[own][of] - 1e-9 for values in every.values())
                if claim.relation == "none":
                    assert better == 0, (seed, str(said))
                    continue
                told += 1
                low, high = claim.numbers
                inside += low - 1e-9 <= better / len(sets) <= high + 1e-9
                assert share_span(low, high) in said
    assert told > 60
    assert inside >= 0.94 * told


@on_studies()
def test_people_without_a_bus_are_counted_area_by_area(seed):
    rng = np.random.default_rng([seed, 4])
    n = int(rng.integers(1, 8))
    table = {"id": [f"a{k}" for k in range(n)], "count": rng.choice([0, 1, 4, 30, 700], n)}
    for way in ("there", "home") if seed % 2 else ("there",):
        for when in ("before", "after"):
            table[f"{way}_without_{when}"] = rng.choice([0.0, 0.49, 0.5, 1.0], n)
            table[f"{way}_minutes_{when}"] = rng.choice([9.0, 40.0, INF], n)
    frame = pd.DataFrame(table)
    said = BusFindings(BusChange("s", frame, 90.0), WHO).none_sentence()
    got = numbers(said)
    assert got["bus_people", "is"] == (sum(frame["count"]),)
    for way in ("there", "home") if seed % 2 else ("there",):
        for when in ("before", "after"):
            rows = zip(table[f"{way}_without_{when}"], table["count"], strict=True)
            without = sum(people for share, people in rows if share >= 0.5)
            assert got[f"bus_without:{way}:{when}", "is"] == (without,)
    assert len(got) == (5 if seed % 2 else 3)


@on_studies()
def test_who_loses_by_a_whole_package_is_counted_area_by_area(seed):
    first = study(seed)
    rng = np.random.default_rng([seed, 5])
    other = replace(first, count=rng.choice([0, 3, 50], len(first.count)).tolist(),
                    after=sorted(rng.choice(len(first.sites), 1).tolist()))  # fmt: skip
    if not np.isfinite(
        [first.nearest(a, first.sites) for a, n in enumerate(other.count) if n]
    ).any():
        return
    pair = [found(seed), findings_of(other, ranked=False)]
    pair[1] = replace(pair[1], result=replace(pair[1].result, key="q"))
    said = paper._package_sentence(pair, Wording(internal=True))
    both = [
        a for a in range(len(first.count))
        if all(s.count[a] and s.change(a) > 0 for s in (first, other))
    ]  # fmt: skip
    got = numbers(said)
    if not both:
        assert got == {("both:areas", "none"): (0.0,)}
        return
    assert got["both:areas", "is"] == (len(both),)
    for key, small in (("p", first), ("q", other)):
        assert got[f"both:{key}", "is"] == (sum(small.count[a] for a in both),)


@on_studies()
def test_what_is_on_offer_within_reach_is_shared_person_by_person(seed):
    small = study(seed)
    sides = [[SITES[k] for k in ids] for ids in (small.sites, small.after)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        change = offer_change(
            matrix_of(small), before=sides[0], after=sides[1], demand=demand_of(small)
        )
    areas, have = range(len(small.count)), []
    for ids in (small.sites, small.after):
        within = {s: sum(small.count[a] for a in areas if small.minutes[a][s] <= 30) for s in ids}
        have.append([
            sum(1000 / within[s] for s in ids if small.minutes[a][s] <= 30 and within[s])
            for a in areas
        ])  # fmt: skip
    got, total = numbers(change.sentence()), sum(small.count)
    for when, each in zip(("before", "after"), have, strict=True):
        mean = sum(n * x for n, x in zip(small.count, each, strict=True)) / total
        assert got[f"offer_{when}", "is"][0] == pytest.approx(mean), (seed, when)
    rows = list(zip(small.count, *have, strict=True))
    less = sum(n for n, old, new in rows if new < old - 1e-9)
    none = sum(n for n, _, new in rows if new == 0)
    assert got["offer_less", "is" if less else "none"] == (less,)
    assert got["offer_none", "is" if none else "none"] == (none,)


class Side(tuple):
    """Ids of the sites that are open, and the days a week of some."""

    days: dict[str, float]


@on_studies()
def test_a_week_is_averaged_over_every_way_that_sites_may_be_open(seed):
    small, rng = study(seed), np.random.default_rng([seed, 6])
    sides = []
    for ids in (small.sites, small.after):
        side = Side(SITES[k] for k in ids)
        side.days = {i: float(rng.choice([1, 3, 5])) for i in side if rng.random() < 0.5}
        sides.append(side)
    if all(d == 5 for side in sides for d in side.days.values()):
        return
    people = demand_of(small)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        impact = compare(matrix_of(small), before=sides[0], after=sides[1], demand=people, who=WHO)
    got = numbers(ImpactWords(impact).week())
    own = numbers(impact._week())
    for when, side in zip(("before", "after"), sides, strict=True):
        trips, shut = [], 0.0
        for a, n in enumerate(small.count):
            some = minutes = 0.0
            for ways in itertools.product((True, False), repeat=len(side)):
                chance = 1.0
                for i, is_open in zip(side, ways, strict=True):
                    share = side.days.get(i, 5.0) / 5
                    chance *= share if is_open else 1 - share
                ids = [SITES.index(i) for i, is_open in zip(side, ways, strict=True) if is_open]
                nearest = min((small.minutes[a][s] for s in ids), default=INF)
                if nearest < INF:
                    some, minutes = some + chance, minutes + chance * nearest
            shut += n * (1 - some)
            if some > 1e-12 and n:
                trips.append((n, minutes / some))
        if not trips:
            continue
        mean = sum(n * t for n, t in trips) / sum(n for n, _ in trips)
        if (f"week_{when}", "is") in got:
            assert got[f"week_{when}", "is"][0] == pytest.approx(mean), (seed, when)
            assert own[f"week_{when}", "is"][0] == pytest.approx(mean)
        if when == "after" and ("weekdays_without", "is") in own:
            without = own["weekdays_without", "is"][0]
            assert without == pytest.approx(shut / sum(small.count))


@on_studies()
def test_how_many_sites_a_question_keeps_is_counted(seed):
    small = study(seed)
    own = found(seed)
    opened = tuple(f"N{k}" for k in range(seed % 3))
    result = replace(own.result, after=(*own.result.after, *opened))
    said = _size(replace(own, result=result))
    got = numbers(said)
    assert got["kept", "is"] == (len(small.after), len(small.sites))
    assert got.get(("opened", "is"), (0,)) == (len(opened),)
    assert (" open N0" in said) == bool(opened)


@on_studies()
def test_today_is_described_person_by_person(seed):
    small = study(seed)
    own = found(seed)
    service = SimpleNamespace(title="Centres", one="Centre")
    config = SimpleNamespace(services={"s": service})
    results = SimpleNamespace(study=SimpleNamespace(config=config))
    said = TodayAnswer(results, own.impact, own.result).sentence()
    got, true = numbers(said), truth(small)
    people = sorted(
        (small.nearest(a, small.sites), n) for a, n in enumerate(small.count)
        if n and small.nearest(a, small.sites) < INF
    )  # fmt: skip
    each = [minutes for minutes, n in people for _ in range(n)]
    assert got["families", "is"] == (true["families"],)
    assert got["sites", "is"] == (len(small.sites),)
    lost = true["families"] - len(each)
    assert got.get(("not_reached_today", "is"), (0,)) == (lost,)
    if not each:
        assert "not known" in said
        return
    assert got["mean_before:walk", "is"][0] == pytest.approx(sum(each) / len(each))
    assert got["within:half", "is"] == (each[math.ceil(len(each) / 2) - 1],)
    assert got["within:nine_in_ten", "is"] == (each[math.ceil(0.9 * len(each) - 1e-9) - 1],)
    assert got["longest", "largest"] == (each[-1],)
