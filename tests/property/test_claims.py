"""Every sentence carries what it claims as data; here each claim is worked out a second time.

The studies are small and random, with ties, zeros, ones, everybody and nobody, and sites out of
reach. Nothing of the package's own sums is used to say what is true: plain loops over areas.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from access import TravelMatrix, compare, rank_closures
from access.analysis.results import ProposalResult
from access.charts import change_chart, group_chart, pareto_chart
from access.charts.results import _front_words, _two_way_front, joint_best_words
from access.errors import ParameterError
from access.report import alternatives, paper, summary
from access.report import findings as say
from access.report.findings import PROPOSAL, ProposalFindings, Wording, _Option
from access.report.robustness import _firm_sentence
from access.scenario.robustness import Robustness
from access.text import Said, listed

#: Of several hundred faults put into the package one by one, these find all that 300 studies find.
STUDIES = 100
#: Of the next 200 those where a rule reaches a line of the package that no study before it does.
RARE = (100, 108, 120, 126, 136, 184, 212, 228, 235)
SEEDS = (*range(STUDIES), *RARE)
#: Areas that the nation's index of deprivation ranks.
RANKED = 32844
INF = math.inf
WHO = "children"


@dataclass(frozen=True, eq=False)  # told apart as objects: what is made of each is kept
class Small:
    """A random study: minutes of areas to sites, who lives where, and what stays open."""

    minutes: list[list[float]]
    count: list[int]
    decile: list[int]
    ward: list[str]
    after: list[int]
    rank: list[int] | None

    @property
    def sites(self) -> range:
        return range(len(self.minutes[0]))

    def nearest(self, area: int, open_sites) -> float:
        return min(self.minutes[area][s] for s in open_sites)

    def change(self, area: int) -> float:
        """After less before; not a number where none is in reach before or after."""
        old, new = self.nearest(area, self.sites), self.nearest(area, self.after)
        return math.nan if old == new == INF else new - old


@cache
def study(seed: int) -> Small:
    rng = np.random.default_rng(seed)
    areas, sites = int(rng.integers(1, 8)), int(rng.integers(2, 6))
    # whole minutes of a narrow range: ties are common
    minutes = rng.integers(1, 9 if seed % 3 else 40, size=(areas, sites)).astype(float)
    if seed % 4 == 0:
        minutes[rng.random(minutes.shape) < 0.25] = INF
    if seed % 11 == 0:
        minutes[:] = minutes[0, 0] if np.isfinite(minutes[0, 0]) else 5.0
    kinds = [[0, 1, 2, 4, 5, 6, 40, 600], [30, 300], [0, 1]][seed % 3 if seed % 5 else 0]
    count = rng.choice(kinds, size=areas)
    if not count.any():
        count[0] = 1
    if not np.isfinite(minutes[count > 0]).any():
        minutes[0, 0], count[0] = 3.0, 7
    keep = int(rng.integers(1, sites + (seed % 7 == 0)))
    return Small(
        minutes.tolist(),
        count.tolist(),
        rng.choice([1, 2, 3, 10], size=areas).tolist(),
        rng.choice(["North", "South", "East", "West"], size=areas).tolist(),
        sorted(rng.choice(sites, size=keep, replace=False).tolist()),
        rng.integers(1, RANKED + 1, size=areas).tolist() if seed % 2 else None,
    )


def on_studies(step: int = 1, first: int = 0):
    """Hold a rule on as many studies, every so many-th from the first, in parts side by side."""

    def wrap(check):
        @pytest.mark.parametrize("part", range(5))
        def run(part):
            seeds = SEEDS if step == 1 else range(first, STUDIES * step, step)
            for seed in seeds[part::5]:
                try:
                    check(seed)
                except Exception as error:
                    error.add_note(f"study {seed}")
                    raise

        run.__doc__ = check.__doc__
        return run

    return wrap


#: Gives a folder that is made once for all workers, where tests run.
ONCE: list[Callable[[str, Callable[[Path], None]], Path]] = []


@pytest.fixture(scope="module", autouse=True)
def measured_once(made_once) -> Iterator[None]:
    """Measure the studies once for both files of claims, in whatever process each runs."""
    ONCE.append(made_once)
    yield
    ONCE.clear()


def found(seed: int) -> ProposalFindings:
    """Give what was measured of a study; nobody changes what is given."""
    tens, k = divmod(SEEDS.index(seed), 10)
    return ten_found(tens)[k]


@cache
def ten_found(tens: int) -> list[ProposalFindings]:
    def make(folder: Path) -> None:
        every = [findings_of(study(seed)) for seed in SEEDS[10 * tens : 10 * tens + 10]]
        (folder / "found.pickle").write_bytes(pickle.dumps(every))

    return pickle.loads((ONCE[0](f"claims-{tens}", make) / "found.pickle").read_bytes())


def findings_of(small: Small, *, ranked: bool = True) -> ProposalFindings:
    areas = [f"a{k}" for k in range(len(small.count))]
    sites = [f"S{k}" for k in small.sites]
    after = [sites[k] for k in small.after]
    matrix = TravelMatrix.from_minutes(np.array(small.minutes), area_ids=areas, site_ids=sites)
    demand = pd.DataFrame(
        {"id": areas, "count": small.count, "imd_decile": small.decile, "ward": small.ward}
    )
    if small.rank is not None:
        demand["imd_rank"] = small.rank
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        impact = compare(matrix, before=sites, after=after, demand=demand, who=WHO)
    ranking = None
    if ranked and len(after) < len(sites):
        ranking = rank_closures(matrix, keep=len(after), demand=demand, proposal=after)
    result = ProposalResult("p", "Fewer", "s", tuple(sites), tuple(after), {"walk": impact})
    return ProposalFindings(result, "Centres", "Centre", WHO, "walk", ranking, (), {})


def truth(small: Small) -> dict[str, float]:
    """Work out what sentences may claim, area by area."""
    n = range(len(small.count))
    change = {a: small.change(a) for a in n}
    who = {a: small.count[a] for a in n}
    out: dict[str, float] = {"families": sum(who.values())}
    longer = [a for a in n if 0 < change[a] < INF]
    lost = [a for a in n if change[a] == INF]
    further = [*longer, *lost]
    out["lengthened"] = sum(who[a] for a in longer)
    out["lengthened_10"] = sum(who[a] for a in longer if change[a] >= 10)
    out["newly_reached"] = sum(who[a] for a in n if change[a] == -INF)
    met = [a for a in n if math.isfinite(change[a])]
    for what, each in (("mean", who), ("weighted", weighed(small))):
        if total := sum(each[a] for a in met):
            rise = sum(each[a] * change[a] for a in met) / total
            out[f"{what}_rise_of_all:walk"] = rise
    out["rise_of_everyone"] = out.get("mean_rise_of_all:walk", 0.0)
    for ward in set(small.ward):
        if total := sum(who[a] for a in met if small.ward[a] == ward):
            rises = [who[a] * change[a] for a in met if small.ward[a] == ward]
            out[f"group_rise:{ward}"] = sum(rises) / total
    out["shortened"] = sum(who[a] for a in n if -INF < change[a] < 0)
    out["lost"] = sum(who[a] for a in lost)
    out["further"] = sum(who[a] for a in further)
    if out["lengthened"]:
        out["mean_rise"] = sum(who[a] * change[a] for a in longer) / out["lengthened"]
    for when, kept in (("before", small.sites), ("after", small.after)):
        met = [a for a in n if small.nearest(a, kept) < INF]
        total = sum(who[a] for a in met)
        if total:
            out[f"mean_{when}:walk"] = sum(who[a] * small.nearest(a, kept) for a in met) / total
        out["not_reached"] = out.get("not_reached", 0) + out["families"] - total
    out["mean_change:walk"] = out.get("mean_after:walk", 0) - out.get("mean_before:walk", 0)
    for a in n:
        out[f"rise:a{a}"] = change[a]
    out["largest_rise"] = max((change[a] for a in further if who[a]), default=0)
    for whose, test in (("deprived", lambda d: d < 3), ("others", lambda d: d > 2)):
        own = [a for a in n if test(small.decile[a])]
        total = sum(who[a] for a in own)
        if total:
            out[f"share_further:{whose}"] = sum(who[a] for a in own if a in further) / total
    poor = [a for a in n if small.decile[a] < 3]
    out["further:deprived"] = sum(who[a] for a in poor if a in further)
    for when, kept in (("before", small.sites), ("after", small.after)):
        if total := sum(who[a] for a in poor if small.nearest(a, kept) < INF):
            trips = [who[a] * small.nearest(a, kept) for a in poor if small.nearest(a, kept) < INF]
            out[f"mean_{when}:deprived"] = sum(trips) / total
    for ward in set(small.ward):
        out[f"further:{ward}"] = sum(who[a] for a in further if small.ward[a] == ward)
    return out | site_truth(small) | rank_truth(small)


def site_truth(small: Small) -> dict[str, float]:
    """Who is nearest to each remaining site, before and after; of equals the first counts."""

    def nearest_site(area, kept):
        least = small.nearest(area, kept)
        return next((s for s in sorted(kept) if small.minutes[area][s] == least), None)

    out: dict[str, float] = {}
    for s in small.after:
        now = then = added = 0
        for a, who in enumerate(small.count):
            old = nearest_site(a, small.sites) if small.nearest(a, small.sites) < INF else None
            new = nearest_site(a, small.after) if small.nearest(a, small.after) < INF else None
            now += who * (old == s)
            then += who * (new == s)
            added += who * (new == s and old != s)
        out[f"added:S{s}"] = added
        out[f"before:S{s}"], out[f"after:S{s}"] = now, then
    return out


def weighed(small: Small) -> dict[int, float]:
    """Count people in more deprived areas for more: from 1 in the least to 2 in the most."""
    ranks = small.rank or [RANKED] * len(small.count)
    return {
        a: n * (1 + (RANKED - r) / (RANKED - 1))
        for a, (n, r) in enumerate(zip(small.count, ranks, strict=True))
    }


def values_of(small: Small, kept: tuple[int, ...], met: list[int]) -> dict[str, float]:
    """Work out every measure of one set, over the areas that any set reaches."""
    near = {a: small.nearest(a, kept) for a in met}
    today = {a: small.nearest(a, small.sites) for a in met}

    def mean(who):
        total = sum(who[a] for a in met)
        if any(near[a] == INF and who[a] for a in met):
            return INF
        return sum(who[a] * near[a] for a in met if who[a]) / total

    def nine_in_ten(who):
        total, sofar = sum(who[a] for a in met), 0
        for minutes, a in sorted((near[a], a) for a in met):
            sofar += who[a]
            if 10 * sofar >= 9 * total:
                return minutes
        raise AssertionError("nobody")

    every = dict(enumerate(small.count))
    poor = {a: n if small.decile[a] < 3 else 0 for a, n in every.items()}
    beyond = sum(n for a, n in every.items() if a not in near or near[a] > 20)
    out = {"mean": mean(every), "worst": max(near.values()), "p90": nine_in_ten(every),
           "share_beyond": beyond / sum(small.count)}  # fmt: skip
    if small.rank is not None:
        out["weighted_mean"] = mean(weighed(small))
    if whole := sum(poor[a] for a in met):
        out["deprived_mean"], out["deprived_p90"] = mean(poor), nine_in_ten(poor)
        out["deprived_moved"] = sum(poor[a] for a in met if near[a] > today[a]) / whole
    return {name: round(value, 9) for name, value in out.items()}


def rank_truth(small: Small) -> dict[str, float]:
    """Where the proposal stands by every measure among all sets of as many, one by one."""
    sets = list(itertools.combinations(small.sites, len(small.after)))
    met = [a for a, who in enumerate(small.count) if who and small.nearest(a, small.sites) < INF]
    own = tuple(small.after)
    out: dict[str, float] = {"options": len(sets)}
    every = {kept: values_of(small, kept, met) for kept in sets}
    out["unbeaten"] = sum(
        not any(
            all(o[m] <= v[m] for m in v) and any(o[m] < v[m] for m in v) for o in every.values()
        )
        for kept, v in every.items()
        if kept != own
    )
    out["dominating"] = sum(
        all(v[m] <= every[own][m] for m in v) and any(v[m] < every[own][m] for m in v)
        for v in every.values()
    )
    for name in every[own]:
        values = {kept: each[name] for kept, each in every.items()}
        out[f"level:{name}"] = sum(v == min(values.values()) for v in values.values()) - 1
        out[f"rank:{name}"] = 1 + sum(v < values[own] for v in values.values())
        out[f"tied:{name}"] = sum(v == values[own] for v in values.values()) - 1
        out[f"least:{name}"], out[f"own:{name}"] = min(values.values()), values[own]
        if name == "mean":
            least = min(values.values())
            near = sum(v <= least * 1.05 + 1e-9 for v in values.values()) - 1 if least < INF else 0
            out["near_best"] = max(near, 0)
    out["regret:mean"] = out["own:mean"] - out["least:mean"]
    out["unreached_at_best"] = 0.0 if out["least:mean"] < INF else 1.0
    return out


def holds(claim, true: dict[str, float]) -> bool:
    """Say whether a claim is so."""
    what, relation, numbers = claim.what, claim.relation, claim.numbers
    kind, _, of = what.partition(":")
    if relation == "rank":
        return numbers == (true[f"rank:{of}"], true[f"tied:{of}"])
    if relation == "best":
        return true[what] == 1
    if relation == "none":
        return true[what] == 0
    if relation == "some":
        return true[what] > 0
    if relation == "most" and kind == "added":
        return true[what] == numbers[0] == max(v for k, v in true.items() if k[:6] == "added:")
    if relation == "most":
        return numbers[1] == pytest.approx(true[what]) and numbers[0] > numbers[1] / 2
    if relation == "all":
        return (numbers[0] == 1.0 == true[what]) or (
            numbers[0] == numbers[1] == true[what] == true["families"]
        )
    if relation == "times":
        now, then, times = numbers
        return (now, then) == (true[f"before:{of}"], true[f"after:{of}"]) and times == then / now
    if relation == "largest" and kind == "group_rise":
        return numbers[0] == pytest.approx(
            max(v for k, v in true.items() if k.startswith("group_rise:"))
        ) == true[what]  # fmt: skip
    if relation in ("is", "largest"):
        return numbers[0] == pytest.approx(true[what], abs=1e-6)
    raise AssertionError(f"no rule for {claim}")


#: Words that claim something, and the relations of which one must stand beside the sentence.
LOADED = {
    r"\bmost are\b|\btake on the largest number\b": {"most"},
    r"\bgrows most\b": {"largest"},
    r"^None of\b": {"none"},
    r"\bbest itself\b|\bno other set has a shorter\b": {"best"},
    r"^All\b|\ball of the\b": {"all"},
    r"^None\b|\bno other (set comes|option is)\b|\bnobody\b|averaged over everyone": {"none"},
    r"\btimes as many\b": {"times"},
    r"\blargest rise\b": {"largest"},
    r"stays at \d": {"none"},
    r"^0$": {"none"},
    r"^(joint )?best$": {"rank", "best"},
}  # fmt: skip


#: Of results, what a belief about money asks for: the papers give none.
NO_MONEY = SimpleNamespace(
    study=SimpleNamespace(config=SimpleNamespace(report=SimpleNamespace(money=())))
)


@cache
def sentences_of(seed: int) -> list[Said]:
    told, own = [], found(seed)
    for wording in (Wording(), Wording(internal=True, decimals=1)):
        told += [
            say.ImpactWords(own.impact, wording).affected("Centre"),
            say._every_mode(own.result.impacts, wording),
            say.ImpactWords(own.impact, wording).furthest(),
            say.ImpactWords(own.impact, wording).most_added({}),
            alternatives._StandingWords(own).better(wording),
            *(figure for figure, _ in summary._key_figures([own], wording)),
        ]
        option = _Option(PROPOSAL, own.result.closed, own.result.after, own.impact, {}, {},
                         None)  # fmt: skip
        told.append(paper._proposal_belief(NO_MONEY, replace(own, options=(option,)), wording))
    # these take long: each of a third of the studies
    if seed % 3 == 0:
        with contextlib.suppress(ParameterError):  # nobody is reached both before and after
            told.append(group_chart(own.impact, "ward", internal=True).title)
    elif seed % 3 == 1:
        told.append(own.most_deprived_fifth(Wording(internal=True)))
    else:
        told += [change_chart(own.impact, internal=inside).title for inside in (False, True)]
    told += [own.impact.sentence(), paper._room_risk(own)]
    if own.ranking is not None:
        told += [own.ranking.sentence(), replace(own.ranking, proposal=None).sentence()]
    fifths = own.impact.by("imd_fifth")
    return [
        *told,
        summary._fifth_and_others(fifths, WHO),
        summary._wards(own),
        alternatives._StandingWords(own).place(),
        alternatives._StandingWords(own).near_ties(modelled=True),
    ]


@pytest.mark.parametrize("tens", range(len(SEEDS) // 10 + 1))
def test_every_claim_of_every_sentence_is_so(tens):
    for seed in SEEDS[10 * tens : 10 * tens + 10]:
        small = study(seed)
        true = truth(small)
        for said in sentences_of(seed):
            assert isinstance(said, Said)
            for claim in said.claims:
                assert holds(claim, true), (seed, str(said), claim)
            given = {claim.relation for claim in said.claims}
            for pattern, needed in LOADED.items():
                if re.search(pattern, said):
                    assert needed & given, (seed, str(said), "claims more than its data")


@on_studies()
def test_what_is_said_of_the_unbeaten_is_counted_one_by_one(seed):
    own = found(seed)
    if own.ranking is None:
        return
    measures = SimpleNamespace(threshold_minutes=20.0)
    results = SimpleNamespace(study=SimpleNamespace(config=SimpleNamespace(measures=measures)))
    table = alternatives._rejected_table(results, own, own.ranking, {})
    strong = truth(study(seed))["unbeaten"]
    shown = len(table.rows)
    assert shown == min(alternatives._SHOWN, strong)
    said = alternatives._strongest_words(shown, strong, len(own.ranking.table))
    assert said in table.notes[0]
    assert {c.what: c.numbers[0] for c in said.claims} == {"shown": shown, "strong": strong}
    closes = {row[0] for row in table.rows}
    for c in own.ranking.criteria:  # one that is best on each measure is among those shown
        best = own.ranking.table[own.ranking.table[f"rank_{c}"] == 1]
        names = {listed(own.named(ids), none="nothing") for ids in best["closed"]}
        own_best = own.ranking.proposal[f"rank_{c}"] == 1
        assert own_best or shown == alternatives._SHOWN or names & closes


def test_the_studies_hold_the_edges():
    true = [truth(study(seed)) for seed in SEEDS]
    assert any(t["lengthened"] == 0 for t in true)
    assert any(t["lengthened"] == t["families"] for t in true)
    assert any(t["families"] == 1 for t in true)
    assert any(t["lost"] for t in true)
    assert any(t["tied:mean"] for t in true)
    assert any(t["options"] == 1 for t in true)
    said = [s for seed in range(0, STUDIES, 3) for s in sentences_of(seed)]
    assert sum(len(s.claims) for s in said) > 1_000
    assert fmean(bool(s) for s in said) > 0.5


@on_studies()
def test_to_beat_on_both_is_to_be_better_on_each(seed):
    ranking = found(seed).ranking
    if ranking is None or ranking.proposal is None:
        return
    rows = [tuple(r) for r in ranking.table[["mean", "worst"]].to_numpy()]
    p = ranking.proposal
    if p["mean"] is None or p["worst"] is None:
        return
    better = sum(m < p["mean"] - 1e-9 and w < p["worst"] - 1e-9 for m, w in rows)
    title = pareto_chart(ranking, "mean", "worst").title
    told = re.search(r"options, (none|[\d,]+) beat", title)
    assert told is not None
    assert (0 if told[1] == "none" else int(told[1].replace(",", ""))) == better


@on_studies()
def test_equals_and_betters_on_every_measure_are_counted_one_by_one(seed):
    said = alternatives._StandingWords(found(seed)).dominated()
    if not said:
        return
    ranking = found(seed).ranking
    rows = ranking.table[list(ranking.criteria)].to_numpy(float)
    own = np.array([INF if ranking.proposal[c] is None else ranking.proposal[c]
                    for c in ranking.criteria])  # fmt: skip
    claims = {claim.what: claim.numbers[0] for claim in said.claims}
    ahead = sum(all(r <= own) and any(r < own) for r in rows)
    assert claims["dominating"] == ahead
    if "equal_on_all" in claims:
        assert claims["equal_on_all"] == sum(all(r == own) for r in rows) - 1


@on_studies()
def test_where_the_unbeaten_lie_is_worked_out_one_by_one(seed):
    small = study(seed)
    if len(small.after) == len(small.sites):
        return
    ranking = found(seed).ranking
    rows = [tuple(r) for r in ranking.table[["mean", "worst"]].to_numpy() if INF not in r]
    if not rows:
        return
    front = {r for r in rows if not any(o != r and o[0] <= r[0] and o[1] <= r[1] for o in rows)}
    finite = ranking.table[np.isfinite(ranking.table[["mean", "worst"]]).all(axis=1)]
    said = _front_words(_two_way_front(finite, "mean", "worst"), "mean", "worst")
    (claim,) = said.claims
    ends = (*min(front), *max(front))
    assert claim.numbers == pytest.approx(ends, abs=1e-9)
    assert (claim.relation == "one") == (len(front) == 1) == (" run from " not in said)


# ---- how firm an order is


def drawn(seed: int) -> tuple[Robustness, np.ndarray]:
    """Draw a mean for every option in every setting, ties among them; the first is the proposal."""
    rng = np.random.default_rng([seed, 5])
    options, draws = int(rng.integers(1, 7)), int(rng.integers(1, 60))
    values = rng.integers(1, [3, 12, 60][seed % 3], size=(draws, options)).astype(float)
    if seed % 7 == 0:
        values[:, 0] = 0.0  # the proposal is always best
    if seed % 13 == 0:
        values[:] = 4.0
    if seed % 17 == 0:
        values[0] = INF
    table = pd.DataFrame({
        "closed": [(f"S{k}",) for k in range(options)],
        "kept": [(f"K{k}",) for k in range(options)],
    })  # fmt: skip
    own, least = values[:, [0]], values.min(axis=1, keepdims=True)
    settings = pd.DataFrame({
        "rank_mean": (values < own).sum(axis=1) + 1,
        "regret_mean": 0.0,
        "best_mean": values.argmin(axis=1),
    })  # fmt: skip
    return Robustness(
        draws=settings,
        options=table,
        times_best={"mean": (values == least).sum(axis=0)},
        criteria=("mean",),
        proposal=("K0",),
        times_better={"mean": (values < own).sum(axis=0)},
        times_worse={"mean": (values > own).sum(axis=0)},
    ), values


def firm_truth(values: np.ndarray) -> dict[str, float]:
    """Count, setting by setting, what a sentence on firmness may claim."""
    rows = values.tolist()
    ranks = sorted(1 + sum(v < row[0] for v in row) for row in rows)
    many = len(ranks)
    times = [sum(row[k] == min(row) for row in rows) for k in range(len(rows[0]))]
    sure = 0.95 * many
    alike = sum(
        sum(row[k] < row[0] for row in rows) < sure and sum(row[k] > row[0] for row in rows) < sure
        for k in range(1, len(rows[0]))
    )
    low = next(r for k, r in enumerate(ranks) if (k + 1) / many >= 0.05 - 1e-12)
    high = next(r for k, r in enumerate(ranks) if (k + 1) / many >= 0.95 - 1e-12)
    return {"low": low, "high": high, "inside": sum(low <= r <= high for r in ranks) / many,
            "middle": next(r for k, r in enumerate(ranks) if (k + 1) / many >= 0.5),
            "best": max(times) / many, "alike": alike,
            "as_often": times.count(max(times)) - 1}  # fmt: skip


@pytest.mark.parametrize("tens", range(STUDIES // 10))
def test_how_firm_an_order_is_said_to_be_is_counted_setting_by_setting(tens):
    told = 0
    for seed in range(10 * tens, 10 * tens + 10):
        robust, values = drawn(seed)
        said, true = _firm_sentence(found(seed), robust), firm_truth(values)
        told += len(said.claims)
        for claim in (*said.claims, *robust.sentence().claims):
            if claim.what == "rank_interval:mean":
                assert claim.numbers == (true["low"], true["high"]), (seed, said)
                assert true["inside"] >= 0.9 - 1e-12
            elif claim.what == "best_share:mean":
                assert claim.numbers[0] == pytest.approx(true["best"]), (seed, said)
                assert (claim.relation == "all") == (true["best"] == 1), (seed, said)
                assert (claim.relation == "all") == ("always" in said), (seed, said)
            elif claim.what == "rank_median:mean":
                assert claim.numbers == (true["middle"],), (seed, said)
            elif claim.what == "as_often_best:mean":
                assert claim.numbers == (true["as_often"],), (seed, said)
                assert ("level with" in said) == (true["as_often"] > 0), (seed, said)
            elif claim.what == "alike:mean":
                assert claim.numbers == (true["alike"],), (seed, said)
                assert (claim.relation == "none") == (true["alike"] == 0)
                assert ("cannot tell" in said) == (true["alike"] > 0)
            else:
                raise AssertionError(f"no rule for {claim}")
    assert told == 40


def test_shares_of_options_that_are_best_together_are_said_not_to_add_up():
    shares = pd.DataFrame({"share": [0.7, 0.7]})
    assert joint_best_words(shares).claims[0].numbers == (1.4,)
    assert not joint_best_words(pd.DataFrame({"share": [0.7, 0.3]}))
