"""Any service, any nation, any options: a run ends, keeps its counts, and says what is so.

Each study is made at random (`tests/any_study.py`) and measured whole; what its sentences claim is
worked out a second time from the travel minutes, area by area, without the package's own sums.
"""

from __future__ import annotations

import itertools
import math
import re
import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from access.analysis.headline import BesideHeadline
from access.analysis.job import measure_study
from access.files import to_json
from access.maps.explorer_data import explorer_data
from access.measure.distribution import TOLERANCE_MINUTES
from access.report.findings import Wording, findings_of
from access.report.summary import _key_figures
from access.run.findings import _closed_words
from access.run.summary import RunSummary, _headline, _place_words, _whom, summary_of
from access.study import load_study
from access.text import Said
from tests.any_study import NATIONS, SERVICES, AnyStudy, any_study

pytestmark = pytest.mark.usefixtures("settings_few")

#: Chosen to hold every kind and few options: a run of many is slow.
STUDIES = (0, 1, 3, 6, 8, 9, 11, 12, 17, 18)
INF = math.inf


@cache
def measured(seed: int):
    """Measure a study once for all tests; few are held at a time, for each is small."""
    with TemporaryDirectory() as folder:
        made = any_study(Path(folder) / "s", seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return made, measure_study(load_study(made.folder))


def nearest(results, mode: str, sites) -> dict[str, tuple[float, str]]:
    """Give every area its nearest of some sites; of equals the first id."""
    matrix = results.matrices[mode]
    at = {s: k for k, s in enumerate(matrix.site_ids)}
    found = {}
    for row, area in enumerate(matrix.area_ids):
        minutes = [(float(matrix.total_minutes[row, at[s]]), s) for s in sorted(sites)]
        least = min(minutes)
        found[area] = least if least[0] < INF else (INF, "")
    return found


def counts_of(results, service: str) -> dict[str, float]:
    areas = results.study.areas
    column = results.study.config.services[service].demand
    return dict(zip(areas["id"], areas[column].astype(float), strict=True))


def mean(pairs) -> float:
    pairs = [(n, m) for n, m in pairs if n > 0 and m < INF]
    total = sum(n for n, _ in pairs)
    return sum(n * m for n, m in pairs) / total if total else math.nan


def reading(results, proposal, mode: str, more=()) -> dict[str, float]:
    """Work out who has further to go, and how much, with sites that stay open beside."""
    people = counts_of(results, proposal.service)
    old = nearest(results, mode, {*proposal.before, *more})
    new = nearest(results, mode, {*proposal.after, *more})
    longer = {a for a in people if old[a][0] + TOLERANCE_MINUTES < new[a][0] < INF}
    lost = {a for a in people if old[a][0] < INF == new[a][0]}
    return {
        "lengthened": sum(people[a] for a in longer),
        "lost": sum(people[a] for a in lost),
        "shortened": sum(n for a, n in people.items() if new[a][0] < old[a][0] - TOLERANCE_MINUTES),
        "mean_rise": mean((people[a], new[a][0] - old[a][0]) for a in longer),
    }


def truth(results, proposal) -> dict[str, float]:
    """Work out all that the sentences of a run may claim of a proposal."""
    mode, people = results.headline, counts_of(results, proposal.service)
    total = sum(people.values())
    out = {"families": total, **reading(results, proposal, mode)}
    others = list(results.study.neighbours_of(proposal.service)["id"])
    for name, more in (("own", ()), ("with_neighbours", others)):
        for ending, way in (("", mode), ("_on_foot", "walk")):
            found = reading(results, proposal, way, more)
            out |= {f"{name}{ending}:{key}": value for key, value in found.items()}
    limit = results.study.config.measures.threshold_minutes
    far = results.study.config.measures.walk_limit_minutes
    walks = {}
    for when, sites in (("before", proposal.before), ("after", proposal.after)):
        here, walk = nearest(results, mode, sites), nearest(results, "walk", sites)
        walks[when] = walk
        out[f"within:{when}"] = sum(n for a, n in people.items() if here[a][0] <= limit) / total
        out[f"walk_within:{when}"] = sum(n for a, n in people.items() if walk[a][0] <= far) / total
        out[f"mean_{when}:walk"] = mean((n, walk[a][0]) for a, n in people.items())
    out["walk_lost"] = sum(n for a, n in people.items()
                           if walks["before"][a][0] <= far < walks["after"][a][0])  # fmt: skip
    return out | sites_of(results, proposal, people) | places_of(results, proposal, people)


def sites_of(results, proposal, people) -> dict[str, float]:
    mode = results.headline
    old, new = (nearest(results, mode, s) for s in (proposal.before, proposal.after))
    walks = [nearest(results, "walk", s) for s in (proposal.before, proposal.after)]
    out: dict[str, float] = {}
    if proposal.stays:  # what is deregistered stays open, as the second reading has it
        kept = [*proposal.after, *proposal.deregistered]
        then = nearest(results, next(iter(proposal.stays)), kept)
        was = nearest(results, next(iter(proposal.stays)), proposal.before)
        out["stays:further"] = sum(
            n for a, n in people.items() if then[a][0] > was[a][0] + TOLERANCE_MINUTES
        )
    for site in proposal.closed:
        own = [a for a in people if old[a][1] == site]
        out[f"nearest:{site}"] = sum(people[a] for a in own)
        out[f"mean_before:{site}"] = mean((people[a], old[a][0]) for a in own)
        out[f"mean_after:{site}"] = mean((people[a], new[a][0]) for a in own)
        far = results.study.config.measures.walk_limit_minutes
        for when, walk in (("before", walks[0]), ("after", walks[1])):
            out[f"walk_{when}:{site}"] = mean((people[a], walk[a][0]) for a in own)
            out[f"walk_within:{when}:{site}"] = sum(people[a] for a in own if walk[a][0] <= far)
        gone = [a for a in own if walks[0][a][0] <= far < walks[1][a][0]]
        out[f"walk_lost:{site}"] = sum(people[a] for a in gone)
        out[f"walk_lost:before:{site}"] = mean((people[a], walks[0][a][0]) for a in gone)
        for a in own:
            key = f"move:{site}:{new[a][1]}"
            out[key] = out.get(key, 0) + people[a]
    return out


def places_of(results, proposal, people) -> dict[str, tuple[int, int] | float]:
    """Rank a proposal by mean and longest trip among all sets of as many sites, one by one."""
    out: dict[str, tuple[int, int] | float] = {}
    others = list(results.study.neighbours_of(proposal.service)["id"])
    lead = others if proposal.neighbours else []
    asked = [("", mode, lead) for mode in dict.fromkeys((results.headline, "walk"))]
    asked += [("own:", results.headline, []), ("with_neighbours:", results.headline, others)]
    for name, mode, more in asked:
        sets = list(itertools.combinations(sorted(proposal.before), len(proposal.after)))
        out[f"{name}options"] = len(sets)
        found = {}
        for kept in sets:
            trips = nearest(results, mode, [*kept, *more])
            met = [(n, trips[a][0]) for a, n in people.items() if n]
            found[kept] = (
                INF if any(m == INF for _, m in met) else mean(met), max(m for _, m in met)
            )  # fmt: skip
        own = found.get(tuple(sorted(proposal.after)))
        if own is None:
            continue
        for k, by in enumerate(("mean", "worst")):
            better = sum(v[k] < own[k] - 1e-9 for v in found.values())
            same = sum(abs(v[k] - own[k]) <= 1e-9 or v[k] == own[k] for v in found.values()) - 1
            out[f"{name}rank:{by}:{mode}"] = (better + 1, same)
            least = min(v[k] for v in found.values())
            level = sum(v[k] == least or abs(v[k] - least) <= 1e-9 for v in found.values()) - 1
            out[f"{name}option_best:{by}:{mode}"] = level
    return out


def holds(claim, true, mode: str) -> bool:
    what, numbers = claim.what, claim.numbers
    if what.startswith("option_best:"):
        level = true.get(f"{what}:{mode}")
        return level is None or numbers == (level,)
    if claim.relation == "rank":
        known = true.get(f"{what}:{mode}")
        return known is None or tuple(numbers) == known
    if claim.relation == "none":
        return true[what] == 0
    if claim.relation == "all":
        return numbers[0] == numbers[1] == true[what] == true["families"]
    if claim.relation == "same":
        return true["own:lengthened"] == true["with_neighbours:lengthened"]
    return true[what] == pytest.approx(numbers[0], rel=1e-6, abs=1e-6)


@cache
def told(seed: int) -> dict[str, list[tuple[str, Said]]]:
    """Give what a run's summary says of each proposal."""
    _, results = measured(seed)
    found = {f.result.key: f for f in findings_of(results)} if results.proposals else {}
    return {
        key: told_of(results, proposal, found.get(key))
        for key, proposal in results.proposals.items()
    }


def told_of(results, proposal, found) -> list[tuple[str, Said]]:
    """Give every sentence of the run's summary on a proposal, with the mode that it is of."""
    mode = results.headline
    rows = proposal.impacts[mode].closed_sites.to_dict("records")
    said = [(mode, _headline(results, proposal))]
    said += [(mode, words) for words in BesideHeadline(results, proposal).words()]
    said += [(mode, _whom(row, BesideHeadline(results, proposal))) for row in rows]
    if proposal.stays:
        said.append((mode, proposal.stays_words(results.names())))
    said += [(mode, option.name) for option in found.options if isinstance(option.name, Said)]
    said += [(mode, figure) for figure, _ in _key_figures([found], Wording(internal=True))]
    if proposal.rankings:
        said += [(m, _place_words(proposal, m)) for m in dict.fromkeys((mode, "walk"))]
    return said


@pytest.mark.parametrize("seed", STUDIES)
def test_a_run_ends_whole_and_keeps_every_count(seed):
    made, results = measured(seed)
    assert not results.left_out, [str(part) for part in results.left_out]
    assert list(results.proposals) == made.proposals
    for proposal in results.proposals.values():
        total = sum(counts_of(results, proposal.service).values())
        for impact in proposal.impacts.values():
            classes = ("gain", "unchanged", "lose_0_5", "lose_5_10", "lose_10_plus",
                       "newly_unreachable", "newly_reached", "unreached_both")  # fmt: skip
            s = impact.summary
            assert s["families"] == total == sum(float(s.get(c) or 0) for c in classes)
            assert impact.closed_sites["families"].sum() <= total
    assert len(RunSummary(results).areas()) == len(results.study.areas)


@pytest.mark.parametrize("seed", STUDIES)
def test_no_sentence_of_a_run_claims_what_is_not_so(seed):
    _, results = measured(seed)
    for proposal in results.proposals.values():
        true = truth(results, proposal)
        for mode, said in told(seed)[proposal.key]:
            for claim in said.claims:
                assert holds(claim, true, mode), (seed, proposal.key, str(said), claim)


@pytest.mark.parametrize("seed", STUDIES)
def test_no_word_of_another_study_stands_where_it_is_not_true(seed):
    made, results = measured(seed)
    plans = [plan for service in explorer_data(results).services for plan in service.plans]
    page = " ".join(" ".join(plan.beside) for plan in plans)
    impacts = [
        i for p in results.proposals.values() for i in (*p.impacts.values(), *p.beside.values())
    ]
    closed = " ".join(
        _closed_words(r, i.who) for i in impacts for r in i.closed_sites.to_dict("records")
    )
    text = f"{RunSummary(results).words()} {page} {closed} {to_json(summary_of(results))}"
    assert no_foreign_words(made, text) == []


def no_foreign_words(made: AnyStudy, text: str) -> list[str]:
    """Find words that only another study could mean; a measure that is left out may be named."""
    text = re.sub(r'"[^"]*left out:[^"]*"', "", text)
    wrong = [rf"\b{nation}\b" for nation in NATIONS if nation and nation != made.nation]
    wrong += [rf"\b{noun}\b" for *_, noun in SERVICES if noun not in made.nouns]
    wrong += [r"\bchild", r"young (people|person)", r"\bnan\b", r"\binf\b", r"  -0\.0\b",
              r"from (\S+ minutes?) to \1\b", r"Rotherham"]  # fmt: skip
    wrong += [] if len(made.services) == 2 else [r"both services", r"two services"]
    wrong += [] if made.deprived else [r"(?<!_)deprived(?!_)", r"\bweighted\b(?=.*minutes, mean)"]
    wrong += [] if made.cars else [r"family trip"]
    return [pattern for pattern in wrong if re.search(pattern, text)]


def test_the_studies_hold_every_kind():
    made = [measured(seed)[0] for seed in STUDIES]
    assert {m.nation for m in made} == set(NATIONS)
    assert {len(m.services) for m in made} >= {1, 2, 3, 4, 5}
    assert {m.deprived for m in made} == {m.cars for m in made} == {True, False}
    assert any(not m.proposals for m in made) and any(len(m.proposals) > 5 for m in made)
    claims = sum(len(said.claims) for seed in STUDIES for sentences in told(seed).values()
                 for _, said in sentences)  # fmt: skip
    assert claims > 300
