"""The page's figures are Python's: an independent reference, and the package itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest

from access import compare, rank_closures
from access.analysis.analysis import Analysis
from access.errors import ScenarioError
from access.maps.explorer import write_explorer
from access.maps.explorer_data import explorer_data
from access.measure import typical_matrix
from access.run import measure_study
from tests.small import small_study

CRITERIA = (
    "mean", "weighted_mean", "deprived_mean", "deprived_p90", "p90", "worst", "share_beyond"
)  # fmt: skip
#: What the page finds for each option: of ``wanted`` alone, for minutes of every area are long.
ASK = """([asked, wanted]) => asked.map((a) => {
  const index = (id) => App.data.sites.findIndex((s) => s.id === id);
  Object.assign(App.state, { mode: a.mode, speed: a.speed, limit: a.limit, service: a.service });
  const option = { keep: new Set(a.keep.map(index)), hubs: new Set(a.hubs.map(index)) };
  const { figures, ranks, tied, ways } = App.optionFigures(option, App.service());
  const near = App.core.nearest(App.minutes_(a.mode), App.model.n, App.openIn(option, App.service()));
  const spread = App.core.distribution(App.service().counts,
    App.core.change(App.core.leastMinutes(App.minutes_(a.mode), App.model.n, App.service().before), near.minutes));
  const found = {
    figures: { ...figures, fifths: figures.fifths.map((f) => f.mean) }, ranks, tied, count: ways && ways.count,
    minutes: Array.from(near.minutes), second: Array.from(near.secondMinutes),
    site: Array.from(near.site, (s) => App.data.sites[s].id), people: spread.people, loss: spread.meanLoss,
    shown: { mean: App.min(figures.mean, 1), worst: App.min(figures.worst, 1), share: App.percent(figures.share_beyond, 1) },
  };
  return Object.fromEntries(wanted.map((name) => [name, found[name]]));
})"""  # noqa: E501


class Reference:
    """Plain numpy, written from the definitions and not from the package."""

    def __init__(self, data):
        self.areas = data.areas.sort_values("id").reset_index(drop=True)
        self.walk = data.walk.areas(self.areas["id"].tolist())
        self.drive = data.drive.areas(self.areas["id"].tolist())
        self.ids = list(self.walk.site_ids)

    def matrix(self, mode: str, speed: float) -> np.ndarray:
        walk = self.walk.total_minutes * 4.8 / (3.6 * speed / 4.8 if mode == "pram" else speed)
        if mode == "drive":
            return self.drive.total_minutes
        if mode == "typical":
            p = self.areas["p_no_car"].to_numpy(float)[:, None]
            return p * walk + (1 - p) * np.minimum(walk, self.drive.total_minutes + 3)
        return walk

    def figures(self, minutes: np.ndarray, count: np.ndarray, limit: float) -> dict[str, float]:
        g = self.areas["weight"].to_numpy(float)
        fifth = np.ceil(self.areas["imd_decile"].to_numpy(float) / 2)
        # Every family on a line of its own, so that P90 is the family at nine tenths of the line.
        line = np.sort(np.repeat(minutes, count.astype(int)))
        own = np.sort(np.repeat(minutes[fifth == 1], count[fifth == 1].astype(int)))
        mean = [np.average(minutes[fifth == f], weights=count[fifth == f]) for f in range(1, 6)]
        return {
            "mean": line.mean(),
            "weighted_mean": (minutes * count * g).sum() / (count * g).sum(),
            "p90": line[int(np.ceil(0.9 * len(line) - 1e-9)) - 1],
            "worst": line.max(),
            "share_beyond": (line > limit).mean(),
            "deprived_mean": mean[0],
            "deprived_p90": own[int(np.ceil(0.9 * len(own) - 1e-9)) - 1],
        }


def random_options(data, n: int, *, hubs: bool) -> list[dict]:
    random = np.random.default_rng(20180312)
    out = []
    for k in range(n):
        index = k % 2
        before = list(data.services[index].before)
        keep = sorted(random.choice(before, int(random.integers(1, len(before) + 1)), False))
        extra = random.choice(data.candidates["id"], int(random.integers(0, 4)), False)
        out.append(
            {
                "service": index, "keep": [str(i) for i in keep],
                "hubs": [str(i) for i in extra] if hubs else [],
                "mode": ("walk", "pram", "drive", "typical")[int(random.integers(4))],
                "speed": float(random.choice([3.0, 4.8, 5.6])),
                "limit": float(random.choice([10, 15, 20, 30])),
            }
        )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def reference(rotherham):
    return Reference(rotherham)


def test_sixty_random_options_with_hubs_equal_an_independent_reference(
    loaded, rotherham, rotherham_page, reference
):
    asked = random_options(rotherham, 60, hubs=True)
    answers = loaded(rotherham_page).evaluate(ASK, [asked, ["minutes", "figures", "shown"]])
    for a, got in zip(asked, answers, strict=True):
        minutes = reference.matrix(a["mode"], a["speed"])
        opened = sorted([*a["keep"], *a["hubs"]])
        least = minutes[:, [reference.ids.index(i) for i in opened]]
        count = reference.areas[rotherham.services[a["service"]].count].to_numpy(float)
        expected = reference.figures(least.min(axis=1), count, a["limit"])
        np.testing.assert_allclose(got["minutes"], least.min(axis=1), atol=2e-4)
        for name in CRITERIA:
            assert got["figures"][name] == pytest.approx(expected[name], abs=2e-4), (name, a)
        assert got["shown"]["mean"] == f"{expected['mean']:.1f}"
        assert got["shown"]["worst"] == f"{expected['worst']:.1f}"
        assert got["shown"]["share"] == f"{100 * expected['share_beyond']:.1f}%"


def matrix_of(data, mode: str):
    """Give the package's own matrix of a mode, on today's centres."""
    if mode == "walk":
        return data.walk
    if mode == "drive":
        return data.drive
    p = data.areas.set_index("id")["p_no_car"]
    return typical_matrix(data.walk, data.drive, p, data.parking_minutes)


def demand_of(data, index: int) -> pd.DataFrame:
    columns = ["id", "imd_rank", "imd_decile"]
    return data.areas[columns].assign(count=data.areas[data.services[index].count].astype(float))


def test_fifty_random_options_equal_the_package(loaded, rotherham, rotherham_page):
    asked = [a for a in random_options(rotherham, 160, hubs=False) if a["mode"] != "pram"]
    asked = [{**a, "speed": 4.8} for a in asked if len(a["keep"]) > 2][:60]
    assert len(asked) >= 50
    wanted = ["figures", "ranks", "tied", "count"]
    answers = loaded(rotherham_page).evaluate(ASK, [asked, wanted])
    tables: dict = {}
    for a, got in zip(asked, answers, strict=True):
        service = rotherham.services[a["service"]]
        matrix = matrix_of(rotherham, a["mode"]).sites(list(service.before))
        demand = demand_of(rotherham, a["service"])
        key = (a["service"], a["mode"], len(a["keep"]), a["limit"])
        if key not in tables:
            ranking = rank_closures(
                matrix, keep=len(a["keep"]), demand=demand, threshold_minutes=a["limit"]
            )
            tables[key] = ranking.table.assign(kept=ranking.table["kept"].map(tuple))
        table = tables[key]
        row = table[table["kept"] == tuple(a["keep"])].iloc[0]
        alone = len(table) == 1  # what stands beside no other has no rank
        assert (got["count"], bool(got["ranks"])) == (None if alone else len(table), not alone)
        for name in CRITERIA:
            assert got["figures"][name] == pytest.approx(row[name], abs=2e-6), (name, a)
            if alone:
                continue
            assert got["ranks"][name] == row[f"rank_{name}"], (name, a)
            level = (table[f"rank_{name}"] == row[f"rank_{name}"]).sum()
            assert got["tied"][name] == level - 1, (name, a)


def test_the_proposal_before_and_after_equals_compare(loaded, rotherham, rotherham_page):
    for index, service in enumerate(rotherham.services):
        impact = compare(
            rotherham.walk, before=service.before, after=service.after,
            demand=demand_of(rotherham, index),
        )  # fmt: skip
        asked = {"service": index, "keep": list(service.after), "hubs": [], "mode": "walk",
                 "speed": 4.8, "limit": 20.0}  # fmt: skip
        wanted = ["minutes", "second", "site", "people", "loss", "figures"]
        (got,) = loaded(rotherham_page).evaluate(ASK, [[asked], wanted])
        areas = impact.areas.sort_values("id")
        np.testing.assert_allclose(got["minutes"], areas["minutes_after"], atol=1e-6)
        np.testing.assert_allclose(got["second"], areas["second_minutes_after"], atol=1e-6)
        assert got["site"] == areas["nearest_after"].tolist()
        for name, people in got["people"].items():
            assert people == pytest.approx(impact.summary[name]), name
        assert got["loss"] == pytest.approx(
            impact.summary["mean_minutes_change_lengthened"], abs=1e-6
        )
        assert got["figures"]["median"] == pytest.approx(
            impact.summary["median_minutes_after"], abs=1e-6
        )
        fifths = impact.by("imd_fifth").set_index("group")["mean_minutes_after"]
        assert got["figures"]["fifths"] == pytest.approx(fifths.to_list(), abs=1e-6)


def test_a_rank_that_others_share_is_called_joint_as_the_package_does(
    visit, rotherham, rotherham_page
):
    page = visit(rotherham_page, fragment="#your-option")
    service = rotherham.services[0]
    ranking = rank_closures(
        rotherham.walk.sites(list(service.before)), keep=len(service.after),
        demand=demand_of(rotherham, 0), proposal=service.after,
    )  # fmt: skip
    p = ranking.proposal
    assert p["tied_worst"] > 9
    rows = page.locator("#option-ranks tbody tr").all_inner_texts()
    (worst,) = (row for row in rows if row.startswith("Longest trip"))
    # the option and the proposal are the same here, so both cells say so
    assert worst.count(f"joint rank {p['rank_worst']} of 220") == 2
    assert worst.count(f"(with {p['tied_worst']} others)") == 2
    (mean,) = (row for row in rows if row.startswith("Average trip (min"))
    assert p["tied_mean"] == 0
    assert f"rank {p['rank_mean']} of 220" in mean
    assert "joint" not in mean


def test_an_option_with_a_hub_shares_with_every_alternative_of_its_rank(loaded, example_page):
    got = loaded(example_page).evaluate(
        """() => [[[1, 2, 2], 2], [[1, 2, 2], 5], [[Infinity, 3, Infinity], Infinity], [[2, 2 + 1e-12], 2]]
             .map(([values, value]) => App.core.levelWith(values, value))"""  # noqa: E501
    )
    assert got == [2, 0, 2, 2]


def test_float_noise_takes_nobody_beyond_a_limit_in_any_figure(loaded, example_page):
    got = loaded(example_page).evaluate(
        """() => {
          const { n, services } = App.model;
          const minutes = new Float64Array(n).fill(20.000000000000004);
          const found = App.core.summary(App.model, services[0].counts, minutes, 20, [19, 20, 21]);
          const none = new Float64Array(n).fill(Infinity);
          const lost = App.core.summary(App.model, services[0].counts, none, 20, [20]);
          return [found.within, ...found.shares, lost.within, ...lost.shares];
        }"""
    )
    assert got == [1, 0, 1, 1, 0, 0]


def test_the_best_option_is_the_packages_best(loaded, rotherham, rotherham_page):
    page = loaded(rotherham_page)
    for index, service in enumerate(rotherham.services):
        ranking = rank_closures(
            rotherham.walk.sites(list(service.before)), keep=len(service.after),
            demand=demand_of(rotherham, index), proposal=service.after,
        )  # fmt: skip
        best = page.evaluate(
            """([index, names]) => {
              const s = App.model.services[index];
              const ways = App.core.alternatives(App.model, s, 'walk', 4.8, s.after.length, 20);
              return names.map((n) => ways.sets[App.core.bestOf(ways[n])].map((i) => App.data.sites[i].id));
            }""",  # noqa: E501
            [index, list(CRITERIA)],
        )
        assert [tuple(b) for b in best] == [tuple(ranking.best(name)["kept"]) for name in CRITERIA]


def test_every_way_of_keeping_some_is_listed_once(loaded, example, example_page):
    sets = loaded(example_page).evaluate(
        """() => [1, 2, 3, 4, 5].map((k) => App.core.alternatives(
             App.model, App.model.services[0], 'walk', 4.8, k, 20).sets)"""
    )
    for k, found in enumerate(sets, start=1):
        assert [tuple(s) for s in found] == list(combinations(range(5), k))


def test_rounded_minutes_of_a_large_study_are_read_as_they_were_meant(
    visit, example, tmp_path, monkeypatch
):
    monkeypatch.setattr("access.maps.explorer_encode._EXACT_BYTES", 0)
    minutes = example.walk.to_frame()
    minutes.iloc[0, 0] = np.inf
    walk = type(example.walk).from_minutes(minutes, mode="walk")
    page = visit(write_explorer(replace(example, walk=walk), tmp_path / "x.html"))
    sites = page.evaluate("App.data.sites.map((s) => s.id)")
    areas = page.evaluate("App.data.areas.id")
    found = page.evaluate("[...App.model.walk].map((m) => m < Infinity ? m : -1)")
    found = np.array(found).reshape(len(sites), len(areas)).T
    expected = minutes.loc[areas, sites].replace(np.inf, -1).to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1 / 60)
    assert (found == -1).sum() == 1
    page.click("nav a[href='#about']")
    assert "tenth of a per cent" in page.inner_text("#about")


# ---- where the study says what must stay open

RULES = """
[localities]
never_close = ["C2", "C7"]
minimum_open = 2
names = ["North", "South"]

[proposals.fewer]
title = "Fewer clubs"
service = "club"
close = ["C1", "C3", "C5"]
"""
RANKS = """(asked) => asked.map((ids) => {
  const keep = new Set(ids.map((id) => App.data.sites.findIndex((s) => s.id === id)));
  Object.assign(App.state, { mode: 'walk', speed: 4.8, limit: 20, service: 0 });
  const found = App.optionFigures({ keep, hubs: new Set() }, App.service());
  const { ranks, tied, of, ways, sample, only } = found;
  return { ranks, tied, of, count: ways && ways.count, only, sample: sample && { ...sample, mean: Array.from(sample.mean) } };
})"""  # noqa: E501


@pytest.fixture(scope="module")
def ruled(tmp_path_factory):
    """Measure a study of eighteen clubs in three localities, and write its page."""
    folder = tmp_path_factory.mktemp("ruled")
    places = ["North", "South", "Elsewhere"]
    more = [{"id": f"C{k + 1}", "locality": places[k % 3]} for k in range(18)]
    study = small_study(folder / "s", services={"club": 18}, proposals=RULES, more=more)
    results = measure_study(study, network=None, keep=False)
    return results, write_explorer(explorer_data(results), folder / "explorer.html")


def test_a_study_s_rules_rank_in_the_page_as_in_the_package(loaded, ruled):
    results, path = ruled
    random = np.random.default_rng(11)
    clubs = [f"C{k + 1}" for k in range(18)]
    asked = [sorted(random.choice(clubs, keep, False)) for keep in (3, 4, 5, 13, 14, 15, 16, 17)]
    for kept in (4, 5, 13, 14, 15, 16):  # the same, with what never closes
        others = [i for i in clubs if i not in ("C2", "C7")]
        asked.append(sorted([*random.choice(others, kept - 2, False), "C2", "C7"]))
    asked.append(sorted(set(clubs) - {"C1", "C3", "C5"}))
    analysis = Analysis(results)
    allowed = []
    page = loaded(path)
    for ids, got in zip(
        asked, page.evaluate(RANKS, [list(map(str, s)) for s in asked]), strict=True
    ):
        try:
            ranking = analysis.rank("club", after=list(map(str, ids)), mode="walk")
        except ScenarioError as refused:
            assert "no way" in str(refused) or "no option" in str(refused), refused
            assert (got["count"], got["sample"]) == (None, None)
            continue
        if got["only"]:
            assert len(ranking.table) == 1
            continue
        p = ranking.proposal
        assert got["count"] == len(ranking.table)
        assert got["of"] == len(ranking.table) + (0 if p["allowed"] else 1)
        for name in ("mean", "p90", "worst", "share_beyond"):
            told = (got["ranks"][name], got["tied"][name])
            assert told == (p[f"rank_{name}"], p[f"tied_{name}"]), (name, ids)
        allowed.append(p["allowed"])
    assert 4 <= sum(allowed) < len(allowed)


def test_ways_too_many_to_list_are_drawn_from_those_that_keep_the_rules(loaded, ruled):
    results, path = ruled
    kept = [f"C{k + 1}" for k in range(9)]
    (got,) = loaded(path).evaluate(RANKS, [kept])
    table = Analysis(results).rank("club", keep=9, mode="walk").table
    assert got["sample"]["count"] == len(table) < 11440 == comb(16, 7)
    drawn, true = np.array(got["sample"]["mean"]), table["mean"].to_numpy()
    assert np.abs(drawn[:, None] - true).min(axis=1).max() < 1e-5  # each is one of those
    # a way drawn more often than another would move their mean: within three standard errors
    assert abs(drawn.mean() - true.mean()) < 3 * true.std() / np.sqrt(len(drawn))


def test_the_page_says_what_its_ranks_are_among(visit, ruled):
    page = visit(ruled[1], fragment="#your-option")
    note = page.inner_text("#option-ranks p")
    count = len(Analysis(ruled[0]).rank("club", keep=15, mode="walk").table)
    assert f"Ranked among all {count} ways of keeping 15 of today’s 18 centres under the" in note
    assert "Club house 2 and Club house 7 stay open; at least 2 stay open in North" in note
    assert "counted as one more" not in note
    assert f"of {count} ways to keep as many under the study’s rules" in page.inner_text(
        "#option-headline"
    )
    page.locator("#option-boxes label").filter(has_text="Club house 2").first.click()
    page.locator("#option-boxes label").filter(has_text="Club house 1").first.click()
    note = page.inner_text("#option-ranks p")
    assert "An option that breaks a rule of the study is none of these" in note


def test_a_rule_on_one_centre_is_told_of_one(visit, ruled, tmp_path):
    data = explorer_data(ruled[0])
    one = replace(data.services[0], never_close=("C2",), least_open={"North": (("C1", "C4"), 1)})
    page = visit(
        write_explorer(replace(data, services=(one,)), tmp_path / "explorer.html"),
        fragment="#your-option",
    )
    told = "The study’s rules: Club house 2 stays open; at least 1 stays open in North."
    assert page.inner_text("#option-ranks p").endswith(told)


def test_a_swap_that_breaks_a_rule_has_no_rank_and_says_so(visit, ruled):
    page = visit(ruled[1], fragment="#your-option")
    page.select_option("#swap-site", label="Club house 1")
    rows = page.locator("#swap-rows tbody tr").all_inner_texts()
    breaks = [row.split("\t")[0].strip() for row in rows if "breaks a rule of the study" in row]
    assert sorted(breaks) == ["Club house 2", "Club house 7"]
    assert sum("of 560" in row for row in rows) == len(rows) - 2 == 13


def test_where_no_way_keeps_the_rules_there_is_no_rank(visit, ruled):
    page = visit(ruled[1], fragment="#your-option")
    page.evaluate("App.changeOption((o) => { o.keep = new Set([...o.keep].slice(0, 1)); }, '')")
    assert page.inner_text("#option-headline").count("no rank") == 1
    note = page.inner_text("#option-ranks p")
    assert note.startswith("There is no rank: no way of keeping 1 of today’s 18 centres keeps the")
    assert "Club house 2 and Club house 7 stay open" in note
