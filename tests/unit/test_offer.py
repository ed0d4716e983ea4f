"""What is on offer within reach: worked by hand, kept in sum, and the same wherever it is asked."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import access
from access.analysis.analysis import Analysis
from access.analysis.job import measure_study
from access.cli.app import app
from access.errors import AccessError, ParameterError
from access.files import to_json
from access.measure import cumulative, enhanced_two_step, gravity, three_step, two_step
from access.measure.catchment import every_catchment
from access.measure.decay import exponential, stepped
from access.network import TravelMatrix
from access.report.findings import findings_of
from access.report.people import offer_table
from access.scenario import Baseline, Modification, Scenario, offer_change
from tests.drawn import cells
from tests.small import small_study
from tests.unit.report_results import line_results, line_study


def town(minutes, *, room=(None, None), days=(None, None), counts=(300, 100, 50)):
    """Three areas, two sites, and the second closes."""
    areas, sites = ["a", "b", "c"], ["X", "Y"]
    matrix = TravelMatrix.from_minutes(minutes, area_ids=areas, site_ids=sites)
    demand = pd.DataFrame({"id": areas, "count": counts, "imd_decile": [1, 9, 10]})
    table = pd.DataFrame({"id": sites, "capacity": room, "days": days})
    return matrix, demand, Baseline.of("today", table)


MINUTES = [[5, 9], [40, 9], [np.inf, np.inf]]


@pytest.mark.parametrize("seed", range(20))
def test_all_measures_at_once_are_each_alone(seed):
    rng = np.random.default_rng(seed)
    minutes = rng.integers(1, 50, (7, 4)).astype(float)
    minutes[rng.random(minutes.shape) < 0.2] = np.inf
    areas, sites = [f"a{k}" for k in range(7)], [f"S{k}" for k in range(4)]
    matrix = TravelMatrix.from_minutes(minutes, area_ids=areas, site_ids=sites)
    demand = pd.DataFrame({"id": areas[::-1], "count": rng.integers(0, 90, 7) + (seed == 0)})
    supply = {site: float(rng.integers(0, 40)) for site in rng.permutation(sites)[:3]}
    decay, zones = exponential(0.07), stepped([10, 20, 30], [1.0, 0.68, 0.22])
    found = every_catchment(
        matrix, supply=supply, demand=demand, cutoff_minutes=25.0, decay=decay, zones=zones
    )
    asked = {"sites": list(supply), "supply": supply, "demand": demand}
    alone = {
        "cumulative": cumulative(matrix, **asked, cutoff_minutes=25.0),
        "gravity": gravity(matrix, **asked, decay=decay),
        "two_step": two_step(matrix, **asked, cutoff_minutes=25.0),
        "enhanced_two_step": enhanced_two_step(matrix, **asked, decay=zones),
        "three_step": three_step(matrix, **asked, decay=zones),
    }
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.tolist() for name, values in alone.items()
    }


def test_before_and_after_by_hand():
    matrix, demand, today = town(MINUTES)
    found = offer_change(
        matrix, before=today, after=Scenario.closing("one", today, ["X"]), demand=demand
    )
    areas = found.areas.set_index("id")
    # before: X is within 30 minutes of a's 300, Y of a's and b's 400; after: Y alone
    assert areas["two_step_before"].tolist() == pytest.approx([1000 / 300 + 2.5, 2.5, 0])
    assert areas["two_step_after"].tolist() == pytest.approx([2.5, 2.5, 0])
    assert areas["cumulative_before"].tolist() == [2, 1, 0]
    assert areas["cumulative_after"].tolist() == [1, 1, 0]
    assert areas["gravity_before"].tolist() == pytest.approx(
        [np.exp(-0.5) + np.exp(-0.9), np.exp(-4) + np.exp(-0.9), 0]
    )
    # within ten minutes all weigh 1, so that the enhanced is the plain one
    assert areas["enhanced_two_step_before"].tolist() == pytest.approx([1000 / 300 + 2.5, 2.5, 0])
    # a's 300 go to each half the time: X has 150, Y 150 and b's 100
    assert areas["three_step_before"].tolist() == pytest.approx([0.5 * (1000 / 150 + 4), 4, 0])
    assert areas["reach_before"].tolist() == ["within", "within", "unreachable"]
    row = found.table.set_index("measure").loc["two_step"]
    assert row["mean_before"] == pytest.approx(2000 / 450)
    assert row["mean_after"] == pytest.approx(1000 / 450)
    assert (row["none_before"], row["none_after"], row["less"]) == (50, 50, 300)
    assert (row["most_have_before"], row["most_have_after"]) == (0, 0)  # 50 of 450 have none
    assert row["deprived_before"] == pytest.approx(1000 / 300 + 2.5)
    assert found.sentence() == (
        "What is on offer within 30 minutes (walk) goes from 4.44 to 2.22 sites per 1,000 families "
        "on average; less than before for 300 of 450, none for 50."
    )
    assert "no capacity is given: each site counts the same" in found.assumptions


@pytest.mark.parametrize(("times", "per"), [(1, 1e3), (100, 1e4), (1000, 1e5), (10**9, 1e6)])
def test_shares_are_of_so_many_people_that_they_can_be_seen(times, per):
    matrix, demand, today = town(MINUTES, counts=[n * times for n in (300, 100, 50)])
    found = offer_change(matrix, before=today, after=["Y"], demand=demand)
    row = found.table.set_index("measure").loc["two_step"]
    assert found.per == found.summary["per"] == per
    assert row["mean_before"] == pytest.approx(per * 2 / (450 * times))
    assert f"sites per {per:,.0f} families on average" in found.sentence()
    assert row["unit"] == f"sites per {per:,.0f} families"
    assert any(f"shares are per {per:,.0f} of" in told for told in found.assumptions)
    gravity = found.table.set_index("measure").loc["gravity"]
    assert gravity["unit"] == "sites"


def test_capacities_count_where_all_are_known_and_none_where_some_are():
    matrix, demand, today = town(MINUTES, room=(60, 40))
    plan = Scenario("larger", today, (Modification.resize("Y", capacity=80),))
    found = offer_change(matrix, before=today, after=plan, demand=demand)
    assert found.supply[["before", "after"]].to_numpy().tolist() == [[60, 60], [40, 80]]
    assert found.unit == "places"
    matrix, demand, today = town(MINUTES, room=(60, None))
    found = offer_change(matrix, before=today, after=["Y"], demand=demand)
    assert found.supply[["before", "after"]].to_numpy().tolist() == [[1, 0], [1, 1]]
    assert any(
        "given for 1 of 2 sites alone: each site counts the same" in a for a in found.assumptions
    )


def test_fewer_days_are_less_of_an_offer():
    matrix, demand, today = town(MINUTES, days=(5, 4))
    plan = Scenario("less", today, (Modification.status("Y", "part_time", days=2),))
    found = offer_change(matrix, before=today, after=plan, demand=demand)
    assert found.supply[["before", "after"]].to_numpy().tolist() == [[1, 1], [0.8, 0.4]]
    matrix, demand, today = town(MINUTES, room=(60, 40), days=(5, 4))
    plan = Scenario("less", today, (Modification.status("Y", "part_time", days=2),))
    found = offer_change(matrix, before=today, after=plan, demand=demand)
    assert found.supply[["before", "after"]].to_numpy().tolist() == [[60, 60], [40, 20]]


@pytest.mark.parametrize("room", [(60, 40), (None, None)])
@pytest.mark.parametrize(("was", "now"), [(2, None), (2, 4), (None, 2), (2, 7)])
def test_days_count_in_proportion_whichever_way_they_change(room, was, now):
    matrix, demand, today = town(MINUTES, room=room, days=(5, was))
    step = Modification.status("Y", "full" if now is None else "part_time", days=now)
    sites = [replace(s, status="part_time") if s.days == 2 else s for s in today.sites]
    plan = Scenario("other", Baseline("today", tuple(sites)), (step,))
    found = offer_change(matrix, before=plan.baseline, after=plan, demand=demand)
    before, after = found.supply.set_index("site").loc["Y", ["before", "after"]]
    assert after / before == pytest.approx(min(now or 5, 5) / (was or 5))


@pytest.mark.parametrize("limit", [0.3, 30.0, 33.3])
def test_a_limit_is_kept_alike_by_every_measure_whatever_its_last_digits(limit):
    hair = float(np.nextafter(limit, np.inf))
    matrix = TravelMatrix.from_minutes([[hair]], area_ids=["a"], site_ids=["X"])
    demand = pd.DataFrame({"id": ["a"], "count": [10]})
    found = offer_change(matrix, before=["X"], after=["X"], demand=demand, catchment_minutes=limit)
    assert found.areas["reach_after"].tolist() == ["within"]
    assert (found.areas[[f"{k}_after" for k in found.table["measure"]]] > 0).all(axis=None)
    assert not any("catchment of nobody" in told for told in found.assumptions)
    zone = stepped([limit, 3 * limit], [1.0, 0.5])
    assert zone([hair, limit * 1.001]).tolist() == [1.0, 0.5]


@pytest.mark.parametrize("known", [["imd_decile"], ["imd_fifth"], ["imd_fifth", "imd_decile"]])
def test_the_deprived_are_known_by_tenths_or_by_fifths(known):
    matrix, demand, base = town(MINUTES)
    fifths = demand.assign(imd_fifth=[1, 5, 5])[["id", "count", *known]]
    found = offer_change(matrix, before=base, after=["X"], demand=fifths).table
    whole = offer_change(matrix, before=base, after=["X"], demand=demand).table
    pd.testing.assert_frame_equal(found, whole)
    cumulative_ = found.set_index("measure").loc["cumulative"]
    assert (cumulative_["deprived_before"], cumulative_["deprived_after"]) == (2.0, 1.0)
    without = offer_change(matrix, before=base, after=["X"], demand=demand[["id", "count"]]).table
    assert without["deprived_before"].isna().all()


def test_a_site_that_nobody_reaches_is_named():
    matrix, demand, today = town([[5, 90], [5, 90], [5, 90]])
    found = offer_change(matrix, before=today, after=["X"], demand=demand, names={"Y": "Far"})
    assert "within the catchment of nobody before: Far" in found.assumptions
    assert not any("nobody after" in text for text in found.assumptions)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "x", True])
@pytest.mark.parametrize("what", ["catchment_minutes", "decay_per_minute"])
def test_what_cannot_be_a_number_of_minutes_is_refused(what, wrong):
    matrix, demand, today = town(MINUTES)
    with pytest.raises(ParameterError, match=what):
        offer_change(matrix, before=today, after=["X"], demand=demand, **{what: wrong})


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_shares_add_up_to_what_those_reached_offer(data):
    n, m = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    trips = [*np.arange(0, 60.1, 0.1).round(1), *[np.inf] * 600]
    minutes = data.draw(cells((n, m), trips))
    counts = [*data.draw(cells((n - 1,), range(10))).tolist(), 4]
    room = data.draw(cells((m,), range(51)))
    ids, sites = [f"a{i}" for i in range(n)], [f"S{j}" for j in range(m)]
    matrix = TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=sites)
    today = Baseline.of("today", pd.DataFrame({"id": sites, "capacity": room}))
    kept = data.draw(st.lists(st.sampled_from(sites), min_size=1, unique=True))
    demand = pd.DataFrame({"id": ids, "count": counts})
    plan = Scenario.closing("fewer", today, sorted({*sites} - {*kept})) if len(kept) < m else today
    found = offer_change(matrix, before=today, after=plan, demand=demand)
    for when, open_ in (("before", sites), ("after", kept)):
        within = (np.array(minutes) <= 30) & (np.array(counts)[:, None] > 0)
        offered = sum(r for s, r, near in zip(sites, room, within.T, strict=True)
                      if s in open_ and near.any())  # fmt: skip
        for key in ("two_step", "enhanced_two_step", "three_step"):
            shared = (found.areas[f"{key}_{when}"] * found.areas["count"]).sum() / 1000
            assert shared == pytest.approx(offered), (key, when)
        far = found.areas[f"reach_{when}"] == "unreachable"
        assert (found.areas.loc[far, [f"{k}_{when}" for k in found.table["measure"]]] == 0).all(
            axis=None
        )
    assert found.areas["count"].tolist() == counts


# ---- the same however it is asked


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offer") / "line"
    line_study(folder)
    centres = pd.read_csv(folder / "centres.csv", dtype=str)
    centres["capacity"] = ["20", "30", "40", "50", "60"]
    centres.to_csv(folder / "centres.csv", index=False)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    own = "[measures]\ncatchment_minutes = 12\ndecay_per_minute = 0.2\n"
    (folder / "study.toml").write_text(text.replace("[measures]\n", own), encoding="utf-8")
    return folder


def test_command_notebook_and_report_say_the_same(folder, tmp_path):
    out = tmp_path / "out"
    words = ["compare", str(folder), "--close", "C2", "--mode", "walk", "--measures", "--json",
             "--out", str(out)]  # fmt: skip
    done = CliRunner().invoke(app, words)
    if isinstance(done.exception, AccessError):
        raise done.exception
    told = json.loads(done.stdout)["asked"]["measures"]
    asked = access.answer(folder).what_if(close=["C2"], mode="walk")
    found = asked.offer()
    assert told == json.loads(to_json(found.summary))
    assert (told["catchment_minutes"], told["unit"]) == (12, "places")
    shown = asked.table("offer", internal=True).to_frame()
    assert shown["Everyone today, mean"].tolist() == pytest.approx(
        [round(r["mean_before"], 2) for r in told["measures"]], abs=0.0051
    )
    assert len(pd.read_csv(out / "measures.csv")) == 5
    areas = pd.read_csv(out / "measures_by_area.csv")
    row = found.table.set_index("measure").loc["two_step"]
    mean = np.average(areas["two_step_before"], weights=areas["count"])
    assert mean == pytest.approx(row["mean_before"])
    ledger = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    assert ledger["command"]["question"]["measures"] is True
    assert "<b>" not in asked.offer()._repr_html_()


def test_the_report_has_one_table_with_what_it_assumes(tmp_path):
    results = line_results(tmp_path / "line")
    findings = findings_of(results, mode="walk")
    table = offer_table(results, findings)
    assert len(table.rows) == 5
    assert any(note.startswith("No capacity is given: each site counts the same")
               for note in table.notes)  # fmt: skip
    other = replace(findings[0], result=replace(findings[0].result, key="b"))
    both = offer_table(results, [*findings, other])
    assert len(both.rows) == 10 and both.notes == table.notes
    found = Analysis(results).offer_of(findings[0].result, "walk")
    assert found.table["mean_after"].tolist() == [r[2] for r in table.rows]


@pytest.mark.parametrize("column", ["imd_decile", "imd_fifth"])
def test_hubs_protect_the_deprived_whichever_column_knows_them(tmp_path, column):
    study = small_study(tmp_path / "s", services={"club": 3}, side=5)
    results = measure_study(study)
    most = {"imd_decile": 2, "imd_fifth": 1}[column]
    known = study.areas.assign(**{column: [most] * 5 + [most + 1] * 20})
    asked = Analysis(replace(results, study=replace(study, areas=known)))
    with pytest.raises(ParameterError, match="most deprived national fifth no more"):
        asked.hubs(1, protect_minutes=0.5)
    found = asked.hubs(1, protect_minutes=6.0)
    today = results.matrices["walk"].least(study.open_ids("club"))[:5]
    there = found.minutes[list(found.plain.best.chosen)].min(axis=1).to_numpy()[:5]
    assert 0.5 < (there - today).max() <= 6.0
