"""Every sentence carries what it claims as data; here each claim is worked out a second time.

The studies are small and random, with ties, zeros, ones, everybody and nobody, and sites out of
reach. Nothing of the package's own sums is used to say what is true: plain loops over areas.
"""

from __future__ import annotations

import itertools
import math
import re
import warnings
from dataclasses import dataclass
from functools import cache
from statistics import fmean

import numpy as np
import pandas as pd
import pytest

from access import TravelMatrix, compare, rank_closures
from access.analysis.results import ProposalResult
from access.charts import pareto_chart
from access.charts.ranking import _front_words, _two_way_front, joint_best_words
from access.report import alternatives, board
from access.report import sentences as say
from access.report.findings import ProposalFindings
from access.report.robustness import _firm_sentence
from access.report.sentences import Wording
from access.scenario.robustness import Robustness
from access.text import Said

STUDIES = 300
INF = math.inf
WHO = "children"


@dataclass(frozen=True)
class Small:
    """A random study: minutes of areas to sites, who lives where, and what stays open."""

    minutes: list[list[float]]
    count: list[int]
    decile: list[int]
    ward: list[str]
    after: list[int]

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
    )


def findings_of(small: Small) -> ProposalFindings:
    areas = [f"a{k}" for k in range(len(small.count))]
    sites = [f"S{k}" for k in small.sites]
    after = [sites[k] for k in small.after]
    matrix = TravelMatrix.from_minutes(np.array(small.minutes), area_ids=areas, site_ids=sites)
    demand = pd.DataFrame(
        {"id": areas, "count": small.count, "imd_decile": small.decile, "ward": small.ward}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        impact = compare(matrix, before=sites, after=after, demand=demand, who=WHO)
    ranking = None
    if len(after) < len(sites):
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


def rank_truth(small: Small) -> dict[str, float]:
    """Where the proposal stands by mean and worst among all sets of as many, one by one."""
    sets = list(itertools.combinations(small.sites, len(small.after)))
    met = [a for a, who in enumerate(small.count) if who and small.nearest(a, small.sites) < INF]

    def means(kept):
        trips = [small.nearest(a, kept) for a in met]
        if INF in trips:
            return INF
        return sum(small.count[a] * t for a, t in zip(met, trips, strict=True)) / sum(
            small.count[a] for a in met
        )

    def worst(kept):
        return max(small.nearest(a, kept) for a in met)

    own = tuple(small.after)
    out: dict[str, float] = {"options": len(sets)}
    for name, measure in (("mean", means), ("worst", worst)):
        values = {kept: round(measure(kept), 9) for kept in sets}
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
        return of not in ("mean", "worst") or (numbers == (true[f"rank:{of}"], true[f"tied:{of}"]))
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
    if relation in ("is", "largest"):
        return numbers[0] == pytest.approx(true[what], abs=1e-6)
    raise AssertionError(f"no rule for {claim}")


#: Words that claim something, and the relations of which one must stand beside the sentence.
LOADED = {
    r"\bmost are\b|\btake on most\b": {"most"},
    r"\bbest itself\b|\bno other set has a shorter\b": {"best"},
    r"^All\b|\ball of the\b": {"all"},
    r"^None\b|\bno other (set comes|option is)\b|\bnobody\b|averaged over everyone": {"none"},
    r"\btimes as many\b": {"times"},
    r"\blargest rise\b": {"largest"},
    r"stays at \d": {"none"},
    r"^0$": {"none"},
    r"^(joint )?best$": {"rank", "best"},
}  # fmt: skip


def sentences_of(found: ProposalFindings) -> list[Said]:
    told = []
    for wording in (Wording(), Wording(internal=True, decimals=1)):
        told += [
            say.affected(found.impact, "Centre", wording),
            say.every_mode(found.result.impacts, wording),
            say.furthest(found.impact, wording),
            say.most_added(found.impact, {}, wording),
            alternatives.better(found, wording),
            *(figure for figure, _ in board._key_figures([found], wording)),
        ]
    fifths = found.impact.by("imd_fifth")
    return [
        *told,
        say.deprivation(fifths, WHO),
        board._wards(found),
        alternatives._standing_words(found),
        alternatives.near_ties(found, modelled=True),
    ]


@pytest.mark.parametrize("tens", range(STUDIES // 10))
def test_every_claim_of_every_sentence_is_so(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        small = study(seed)
        true = truth(small)
        for said in sentences_of(findings_of(small)):
            assert isinstance(said, Said)
            for claim in said.claims:
                assert holds(claim, true), (seed, str(said), claim)
            given = {claim.relation for claim in said.claims}
            for pattern, needed in LOADED.items():
                if re.search(pattern, said):
                    assert needed & given, (seed, str(said), "claims more than its data")


def test_the_studies_hold_the_edges():
    true = [truth(study(seed)) for seed in range(STUDIES)]
    assert any(t["lengthened"] == 0 for t in true)
    assert any(t["lengthened"] == t["families"] for t in true)
    assert any(t["families"] == 1 for t in true)
    assert any(t["lost"] for t in true)
    assert any(t["tied:mean"] for t in true)
    assert any(t["options"] == 1 for t in true)
    said = [s for seed in range(0, STUDIES, 3) for s in sentences_of(findings_of(study(seed)))]
    assert sum(len(s.claims) for s in said) > 1_000
    assert fmean(bool(s) for s in said) > 0.5


@pytest.mark.parametrize("seed", range(0, STUDIES, 10))
def test_to_beat_on_both_is_to_be_better_on_each(seed):
    found = findings_of(study(seed))
    ranking = found.ranking
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


@pytest.mark.parametrize("seed", range(0, STUDIES, 10))
def test_equals_and_betters_on_every_measure_are_counted_one_by_one(seed):
    found = findings_of(study(seed))
    said = alternatives._dominated(found)
    if not said:
        return
    ranking = found.ranking
    rows = ranking.table[list(ranking.criteria)].to_numpy(float)
    own = np.array([INF if ranking.proposal[c] is None else ranking.proposal[c]
                    for c in ranking.criteria])  # fmt: skip
    claims = {claim.what: claim.numbers[0] for claim in said.claims}
    ahead = sum(all(r <= own) and any(r < own) for r in rows)
    assert claims["dominating"] == ahead
    if "equal_on_all" in claims:
        assert claims["equal_on_all"] == sum(all(r == own) for r in rows) - 1


@pytest.mark.parametrize("seed", range(STUDIES))
def test_where_the_unbeaten_lie_is_worked_out_one_by_one(seed):
    small = study(seed)
    if len(small.after) == len(small.sites):
        return
    ranking = findings_of(small).ranking
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
            "best": max(times) / many, "alike": alike}  # fmt: skip


@pytest.mark.parametrize("tens", range(STUDIES // 10))
def test_how_firm_an_order_is_said_to_be_is_counted_setting_by_setting(tens):
    told = 0
    for seed in range(10 * tens, 10 * tens + 10):
        robust, values = drawn(seed)
        said, true = _firm_sentence(findings_of(study(seed)), robust), firm_truth(values)
        told += len(said.claims)
        for claim in said.claims:
            if claim.what == "rank_interval:mean":
                assert claim.numbers == (true["low"], true["high"]), (seed, said)
                assert true["inside"] >= 0.9 - 1e-12
            elif claim.what == "best_share:mean":
                assert claim.numbers[0] == pytest.approx(true["best"]), (seed, said)
                assert (claim.relation == "all") == (true["best"] == 1), (seed, said)
                assert (claim.relation == "all") == ("always" in said), (seed, said)
            elif claim.what == "alike:mean":
                assert claim.numbers == (true["alike"],), (seed, said)
                assert (claim.relation == "none") == (true["alike"] == 0)
                assert ("cannot tell" in said) == (true["alike"] > 0)
            else:
                raise AssertionError(f"no rule for {claim}")
    assert told == 30


def test_shares_of_options_that_are_best_together_are_said_not_to_add_up():
    shares = pd.DataFrame({"share": [0.7, 0.7]})
    assert joint_best_words(shares).claims[0].numbers == (1.4,)
    assert not joint_best_words(pd.DataFrame({"share": [0.7, 0.3]}))
