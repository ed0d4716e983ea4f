"""Many authorities: one by hand, the same bytes whoever does them, and what dies on the way."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pyarrow.dataset as ds
import pytest
from typer.testing import CliRunner

from access.analysis.analysis import Analysis
from access.analysis.job import travel_times
from access.analysis.questions import _baseline_of
from access.cli.app import app
from access.errors import AccessError, OutputError, ParameterError, StudyError
from access.files import one_writer, sha256_of
from access.national import authority, dataset
from access.national.authority import (
    Ask,
    _gather,
    _how_many_close,
    _measure_authority,
    _parquet_bytes,
    _Task,
)
from access.national.dataset import (
    _minutes,
    _picture,
    _with_dask,
    _with_pool,
    _work,
    _workers_for,
    _worst,
    run_national,
)
from access.network import TravelMatrix
from access.release import _stand_in
from access.study import load_study
from tests.small import write_study as write_small
from tests.town import at, write_study, write_town

if not all(map(find_spec, ("dask", "distributed"))):  # imported by who runs the tests alone
    pytest.skip("the extra 'national' is not installed", allow_module_level=True)

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["access.national.dataset", "distributed", "pytest", __name__])


class Here(Executor):
    """Does at once, and in this process, what a pool would be given."""

    def __init__(self, workers: int, mp_context: object) -> None:
        pass

    def submit(self, do: Callable[..., Any], *given: Any) -> Future[Any]:  # type: ignore[override]
        done: Future[Any] = Future()
        done.set_result(do(*given))
        return done


@pytest.fixture(scope="module", autouse=True)
def forked() -> Iterator[None]:
    """Start no process and draw one map: tests of either ask for `processes` or draw it.

    Nor are the minutes of an authority measured again for another rule, or in another folder.
    """
    drawn: dict[str, bytes] = {}
    minutes: dict[str, TravelMatrix] = {}
    measure = authority._matrix

    def matrix(task: _Task) -> TravelMatrix:
        key = replace(task, rules=(), closures=(), share=0.5).key
        return minutes[key] if key in minutes else minutes.setdefault(key, measure(task))

    def picture(*given: Any) -> bytes:
        return drawn["a map"] if drawn else drawn.setdefault("a map", _picture(*given))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "ProcessPoolExecutor", Here)
        patch.setattr(dataset, "_picture", picture)
        patch.setattr(authority, "_matrix", matrix)
        yield


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make each process from one that has imported everything: they die and start as others do."""
    import dask
    import distributed  # noqa: F401  its settings stand before one of them is changed

    monkeypatch.setattr(dataset, "ProcessPoolExecutor", ProcessPoolExecutor)
    monkeypatch.setattr(dataset, "_picture", _picture)
    monkeypatch.setattr(dataset, "get_context", lambda _: SERVER)
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        yield


def tables(folder: Path, authorities: int = 3, seed: int = 0) -> Path:
    """Made-up national tables: each authority a scatter of areas with four sites."""
    rng, areas, sites = np.random.default_rng(seed), [], []
    for k in range(authorities):
        code, lon, lat = f"E0{k}", -2.0 + 0.5 * k, 53.0
        at = rng.normal(0, 0.02, (12, 2))
        areas.append(pd.DataFrame({
            "authority": code, "authority_name": f"Town {k}",
            "id": [f"{code}a{i}" for i in range(12)],
            "lon": lon + at[:, 0], "lat": lat + at[:, 1], "families": rng.integers(0, 30, 12),
            "imd_rank": rng.integers(1, 33756, 12)}))  # fmt: skip
        sites.append(pd.DataFrame({
            "authority": code, "id": [f"{code}s{i}" for i in range(4)], "name": "Centre",
            "service": "centres", "lon": lon + at[:4, 0], "lat": lat + at[:4, 1],
            "annual_visits": [400, 100, 300, 200]}))  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    pd.concat(areas).to_csv(folder / "areas.csv", index=False)
    pd.concat(sites).to_csv(folder / "centres.csv", index=False)
    return folder


def without_visits(source: Path, *codes: str) -> Path:
    """Take the visits of some authorities away: their sites cannot be put in that order."""
    centres = pd.read_csv(source / "centres.csv")
    centres.loc[centres["authority"].isin(codes), "annual_visits"] = np.nan
    centres.to_csv(source / "centres.csv", index=False)
    return source


def line_of_four() -> _Task:
    """Four areas along one street, 1,000 m apart, a site at each but the second."""
    lon = -1.36 + np.arange(4) * 1000 / 66_300
    areas = pd.DataFrame({"id": list("abcd"), "lon": lon, "lat": 53.43, "count": [10, 20, 5, 30],
                          "imd_rank": [1.0, 90, 50, 60]})  # fmt: skip
    sites = pd.DataFrame({"id": ["A", "C", "D"], "name": "x", "lon": lon[[0, 2, 3]], "lat": 53.43,
                          "annual_visits": [5, 1, 9]})  # fmt: skip
    return _Task("E1", "Line", "centres", areas, sites, ("best", "fewest-visits"),
                share=0.34, national_areas=100)  # fmt: skip


def test_a_town_of_four_areas_by_hand() -> None:
    areas, options = _measure_authority(line_of_four())
    step = 1000 * 1.21 / 80  # minutes along one modelled link at 4.8 km/h
    best = areas[areas["option"] == "best"]
    # 20 families at b walk one link to A or C. Without A: a walks 2, b 1 -> 20 more; without C:
    # c walks 1 -> 5 more; without D: d walks 1 -> 30 more. C closes.
    assert options["closed"].tolist() == ["C", "C"]
    assert options["proof"].tolist() == ["proven best", "by visits"]
    assert best["minutes_before"].tolist() == pytest.approx([0, step, 0, 0], rel=2e-3, abs=1e-9)
    assert best["added_minutes"].tolist() == pytest.approx([0, 0, step, 0], rel=2e-3, abs=1e-9)
    assert best["site_after"].tolist() == ["A", "A", "D", "D"]
    row = options.iloc[0]
    assert (row["families"], row["moved"], row["sites_before"], row["sites_closed"]) == (
        65,
        5,
        3,
        1,
    )
    assert row["mean_added_all"] == pytest.approx(5 * step / 65, rel=2e-3)
    assert (row["count_deprived_fifth"], row["mean_after_deprived_fifth"]) == (10, 0)


def test_the_best_rule_is_the_least_of_all_ways(tmp_path: Path) -> None:
    from itertools import combinations

    for seed in range(4):
        for task in _gather(tables(tmp_path / str(seed), 2, seed), Ask(share=0.5)).tasks:
            areas, _ = _measure_authority(task)
            found = float((areas["count"] * areas["minutes_after"]).sum())
            ids = list(task.sites["id"])
            costs = []
            for gone in combinations(ids, 2):
                listed = replace(task, rules=("listed",), closures=gone)
                other, _ = _measure_authority(listed)
                costs.append(float((other["count"] * other["minutes_after"]).sum()))
            assert found == pytest.approx(min(costs), abs=1e-6)


@pytest.mark.parametrize(
    ("sites", "share", "many"),
    [
        (12, 0.25, 3),
        (4, 0.25, 1),
        (2, 0.1, 1),
        (1, 0.9, 0),
        (0, 0.5, 0),
        (3, 0.99, 2),
        (10, 0.3, 3),
    ],
)
def test_a_share_closes_at_least_one_and_never_all(sites: int, share: float, many: int) -> None:
    assert _how_many_close(sites, share) == many


def test_counts_in_are_counts_out_and_small_ones_are_protected(tmp_path: Path) -> None:
    found = run_national(tables(tmp_path / "in"), tmp_path / "out", Ask(), pool=True, workers=1)
    read = ds.dataset(tmp_path / "out/areas", partitioning="hive").to_table().to_pandas()
    assert len(read) == 36 and set(read["authority"]) == {"E00", "E01", "E02"}
    assert not read["count"].isin([1, 4]).any()
    given = pd.read_csv(tmp_path / "in/areas.csv")["families"]
    assert abs(read["count"].sum() - given.sum()) <= 2 * given.between(1, 4).sum()
    assert found.options["families"].sum() == read["count"].sum()


@pytest.mark.parametrize(("mode", "words"), [("walk", "by walk"), ("drive", "constant")])
def test_every_output_says_what_it_rests_on(mode: str, words: str, tmp_path: Path) -> None:
    asked = Ask(mode=mode)
    found = run_national(tables(tmp_path / "in", 1), tmp_path / "out", asked, pool=True, workers=1)
    ledger = json.loads((tmp_path / "out/ledger.json").read_text())
    for told in (found.to_text(), " ".join(ledger["assumptions"]), str(found.to_dict())):
        for said in (
            "Modelled streets: not a survey",
            "neighbours are not counted",
            "2 or 3",
            words,
        ):
            assert said in told


@pytest.mark.usefixtures("processes")
def test_the_same_bytes_from_a_pool_and_from_one_or_two_workers(tmp_path: Path) -> None:
    source = without_visits(tables(tmp_path / "in"), "E01")
    ledgers = []
    for name, options in {"pool": {"pool": True}, "one": {}, "two": {}}.items():
        workers = 1 if name == "one" else 2
        run_national(source, tmp_path / name, Ask(("best", "fewest-visits")), workers=workers,
                     **options)  # fmt: skip
        ledgers.append((tmp_path / name / "ledger.json").read_bytes())
    assert ledgers[0] == ledgers[1] == ledgers[2]
    outputs = json.loads(ledgers[0])["outputs"]
    assert len(outputs) == 6 + 6 and all(
        sha256_of(tmp_path / "two" / path) == sha for path, sha in outputs.items()
    )
    left_out = json.loads(ledgers[0])["left_out"]
    assert [part["part"] for part in left_out] == ["E01 centres fewest-visits"]


def test_a_run_goes_on_where_it_was_and_clears_parts_of_another_question(tmp_path: Path) -> None:
    source, out = tables(tmp_path / "in"), tmp_path / "out"
    said: list[str] = []
    run_national(source, out, Ask(), pool=True, workers=1)
    first = {p: p.stat().st_mtime_ns for p in out.glob("areas/*/*")}
    gone = sorted(first)[0]
    gone.write_bytes(b"cut off")
    run_national(source, out, Ask(), pool=True, workers=1, progress=said.append)
    assert "2 of 3 are there from a former run" in said
    assert [p for p in first if p.stat().st_mtime_ns != first[p]] == [gone]
    run_national(source, out, Ask(share=0.5), pool=True, workers=1)
    assert len(list(out.glob("areas/*/*"))) == 3 and not set(out.glob("areas/*/*")) & set(first)


def test_two_runs_at_once_are_told_apart(tmp_path: Path) -> None:
    source, out = tables(tmp_path / "in", 1), tmp_path / "out"
    run_national(source, out, Ask(), pool=True, workers=1)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    with one_writer(out), pytest.raises(OutputError, match="another run is writing into"):
        run_national(source, out, Ask(share=0.5), pool=True, workers=1)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    run_national(source, out, Ask(share=0.5), pool=True, workers=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


class Poison(str):
    """A rule that ends the process it is asked in, always or the first time only."""

    def __new__(cls, text: str, marker: str = "", spared: int = 0) -> Poison:
        self = super().__new__(cls, text)
        self.marker, self.spared = marker, spared or os.getpid()
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return Poison, (str(self), self.marker, self.spared)

    def __eq__(self, other: object) -> bool:
        if os.getpid() != self.spared and (not self.marker or not Path(self.marker).exists()):
            if self.marker:
                Path(self.marker).touch()
            os._exit(9)
        return str(self) == other

    __hash__ = str.__hash__


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("do", [_with_pool, _with_dask])
def test_a_worker_that_dies_takes_nobody_along(do: object, tmp_path: Path) -> None:
    tasks = list(_gather(tables(tmp_path / "in"), Ask()).tasks)
    tasks[0] = replace(tasks[0], rules=(Poison("best"),))
    tasks[1] = replace(tasks[1], rules=(Poison("best", str(tmp_path / "once")),))
    outcomes = {o.authority: o.why for o in do(tasks, tmp_path, 2, None, lambda step: None)}
    assert "its process ended" in outcomes["E00"]
    assert outcomes["E01"] == outcomes["E02"] == ""


@pytest.mark.usefixtures("processes")
def test_a_failing_authority_is_a_row_and_stops_nothing(tmp_path: Path) -> None:
    source = tables(tmp_path / "in")
    centres = pd.read_csv(source / "centres.csv")
    centres.loc[centres["authority"] == "E01", "annual_visits"] = np.nan
    centres[centres["authority"] != "E02"].to_csv(source / "centres.csv", index=False)
    command = ["national", str(source), "--out", str(tmp_path / "out"), "--rule", "fewest-visits",
               "--pool", "--workers", "1", "--json"]  # fmt: skip
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 10, result.output
    said = json.loads(result.stdout)
    assert said["done"] == 1 and {f["authority"] for f in said["failed"]} == {"E01", "E02"}
    why = pd.read_csv(tmp_path / "out/failures.csv").set_index("authority")["why"]
    assert "annual_visits are not known" in why["E01"] and "no centres" in why["E02"]


def listed_too(folder: Path, source: Path) -> Ask:
    """Ask all three rules; the file of closures names a site that E02 does not have."""
    (folder / "closures.csv").write_text("authority,site\nE00,E00s1\nE02,nobody\n")
    return Ask(("listed", "fewest-visits", "best"), closures=folder / "closures.csv")


def test_a_listed_site_closes_in_its_own_service(tmp_path: Path) -> None:
    """Of two services each closes what is listed of its own; an unknown site is told by each."""
    source = tables(tmp_path / "in")
    centres = pd.read_csv(source / "centres.csv")
    youth = centres.assign(service="youth", id="y" + centres["id"])
    youth = youth[youth["authority"] != "E02"]
    pd.concat([centres, youth]).to_csv(source / "centres.csv", index=False)
    file = tmp_path / "closures.csv"
    file.write_text("authority,site\nE00,E00s1\nE00,yE00s0\nE01,yE01s1\nE02,E02s0\n")
    asked = Ask(("listed",), closures=file)
    tasks = {(t.authority, t.service): t for t in _gather(source, asked).tasks}
    closes = {key: task.closures for key, task in tasks.items()}
    assert closes == {
        ("E00", "centres"): ("E00s1",), ("E00", "youth"): ("yE00s0",), ("E01", "centres"): (),
        ("E01", "youth"): ("yE01s1",), ("E02", "centres"): ("E02s0",),
    }  # fmt: skip
    table, row = (found.iloc[0] if k else found for k, found in
                  enumerate(_measure_authority(tasks["E01", "centres"])))  # fmt: skip
    assert row["sites_closed"] == 0 and not table["added_minutes"].any()
    # of one service alone, what is listed of others, and of who has none of it, is no fault
    alone = _gather(source, replace(asked, service="youth"))
    assert [t.closures for t in alone.tasks] == [("yE00s0",), ("yE01s1",)]
    file.write_text("authority,site\nE00,E00s1\nE00,nobody\n")
    told = [t.closures for t in _gather(source, asked).tasks if t.authority == "E00"]
    assert told == [("E00s1", "nobody"), ("nobody",)]


def test_only_who_is_hurt_is_listed_and_who_is_counted_twice_is_said(tmp_path: Path) -> None:
    source = tables(tmp_path / "in", authorities=2)
    centres = pd.read_csv(source / "centres.csv")
    areas = pd.read_csv(source / "areas.csv")
    areas.loc[[0, *range(12, 24)], "authority_name"] = np.nan
    areas.to_csv(source / "areas.csv", index=False)
    file = tmp_path / "closures.csv"
    file.write_text("authority,site\nE00,E00s1\n")
    asked = Ask(("listed",), closures=file)
    alone = run_national(source, tmp_path / "one", asked, pool=True, workers=1)
    assert list(alone.options["name"]) == ["Town 0", "E01"]
    assert list(_worst(alone.options, "listed")["authority"]) == ["E00"]
    assert "counted once" not in alone.to_text() and "E01" not in alone.to_text()
    again = centres.assign(service="youth", id="y" + centres["id"])
    pd.concat([centres, again]).to_csv(source / "centres.csv", index=False)
    both = run_national(source, tmp_path / "two", asked, pool=True, workers=1)
    assert "would travel further, counted once for each of 2 services" in both.to_text()
    assert both.to_dict()["options"][0]["families"] == 2 * alone.options["families"].sum()
    assert (_minutes(0.04), _minutes(0.05), _minutes(7.0)) == ("less than 0.1", "0.1", "7.0")


def test_a_rule_that_cannot_be_asked_leaves_the_others_their_answers(tmp_path: Path) -> None:
    source = without_visits(tables(tmp_path / "in"), "E01", "E02")
    asked, out = listed_too(tmp_path, source), tmp_path / "out"
    found = run_national(source, out, asked, pool=True, workers=1)
    table = pd.read_csv(out / "failures.csv")
    assert list(table.columns) == ["authority", "name", "service", "rule", "why"]
    assert table[["authority", "service", "rule"]].to_numpy().tolist() == [
        ["E01", "centres", "fewest-visits"], ["E02", "centres", "listed"],
        ["E02", "centres", "fewest-visits"],
    ]  # fmt: skip
    assert table["why"][0].startswith("annual_visits are not known") and "nobody" in table["why"][1]
    options = pd.read_csv(out / "options.csv")
    assert options.groupby("authority")["option"].agg(list).to_dict() == {
        "E00": ["listed", "fewest-visits", "best"], "E01": ["listed", "best"], "E02": ["best"],
    }  # fmt: skip
    alone = run_national(source, tmp_path / "best", Ask(), pool=True, workers=1).options
    best = found.options[found.options["option"] == "best"].reset_index(drop=True)
    pd.testing.assert_frame_equal(best, alone)
    said = found.to_dict()
    assert said["done"] == 3 and [o["option"] for o in said["options"]] == list(asked.rules)
    assert [f["rule"] for f in said["failed"]] == ["fewest-visits", "listed", "fewest-visits"]


def test_a_rule_that_nobody_can_be_asked_has_no_map(tmp_path: Path) -> None:
    source, out = without_visits(tables(tmp_path / "in"), "E00", "E01", "E02"), tmp_path / "out"
    run_national(source, out, Ask(("fewest-visits", "best")), pool=True, workers=1)
    assert {p.name for p in out.glob("*-*.*")} == {"map-best.png", "worst-best.csv"}
    none = run_national(source, tmp_path / "none", Ask(("fewest-visits",)), pool=True, workers=1)
    assert none.done == 0 and [f.rule for f in none.failures] == ["fewest-visits"] * 3
    assert not list((tmp_path / "none").glob("areas/*/*"))


def test_a_run_that_goes_on_tells_what_could_not_be_asked_and_asks_it_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = without_visits(tables(tmp_path / "in"), "E01", "E02")
    asked, out = listed_too(tmp_path, source), tmp_path / "out"
    run_national(source, out, asked, pool=True, workers=1)
    first = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    worked: list[str] = []
    real = dataset._work
    monkeypatch.setattr(dataset, "_work", lambda t, o: (worked.append(t.authority), real(t, o))[1])
    run_national(source, out, asked, pool=True, workers=1)
    assert not worked
    next(out.glob("options/authority=E02/*")).write_bytes(b"cut off")
    run_national(source, out, asked, pool=True, workers=1)
    assert worked == ["E02"]
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == first


def test_a_rule_that_took_too_long_is_asked_again_another_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tables(tmp_path / "in")
    asked = Ask(("best", "fewest-visits"))
    whole = run_national(source, tmp_path / "whole", asked, pool=True, workers=1)
    assert not whole.failures
    with monkeypatch.context() as patch:
        patch.setattr(authority, "_SECONDS_A_CHOICE", 1e-9)
        hurried = run_national(source, tmp_path / "out", asked, pool=True, workers=1)
    assert {f.rule for f in hurried.failures} == {"best"} and hurried.done == 3
    run_national(source, tmp_path / "out", asked, pool=True, workers=1)
    for one in (p for p in (tmp_path / "whole").rglob("*") if p.is_file()):
        assert (tmp_path / "out" / one.relative_to(tmp_path / "whole")).read_bytes() == (
            one.read_bytes()
        )


def test_study_folders_do_as_well_as_tables(tmp_path: Path) -> None:
    from access.sources.folder import new_study

    for code in ("e01", "e02"):
        new_study(tmp_path / "in" / code)
    (tmp_path / "in/bad name").mkdir()
    (tmp_path / "in/bad name/study.toml").write_text("x = 1")
    found = run_national(tmp_path / "in", tmp_path / "out", Ask(), pool=True, workers=1)
    assert [o.authority for o in found.failures] == ["bad name"]
    assert set(found.options["authority"]) == {"e01", "e02"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"families": "2.5"}, "a whole number"),
        ({"lat": "-1.4", "lon": "53.0"}, "look swapped"),
        ({"imd_rank": "40000"}, "--national-areas"),
        ({"authority": "../../etc"}, "a code of up to 40 letters"),
        ({"id": "E00a1"}, "an id that is used once"),
    ],
)
def test_faults_of_a_national_table_name_their_row(
    change: dict[str, str], words: str, tmp_path: Path
) -> None:
    source = tables(tmp_path / "in")
    areas = pd.read_csv(source / "areas.csv", dtype=str)
    for column, value in change.items():
        areas.loc[0, column] = value
    areas.to_csv(source / "areas.csv", index=False)
    with pytest.raises(StudyError, match=words) as caught:
        _gather(source, Ask())
    assert "row 2" in str(caught.value) or "row 3" in str(caught.value)


def test_wrong_questions_are_refused(tmp_path: Path) -> None:
    for wrong in (
        {"rules": ("nearest",)}, {"rules": ()}, {"rules": ("best", "best")}, {"share": 1.0},
        {"share": 0.0}, {"mode": "fly"}, {"rules": ("listed",)}, {"national_areas": 0},
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            Ask(**wrong)
    with pytest.raises(StudyError, match="neither areas"):
        _gather(tmp_path, Ask())
    source = tables(tmp_path / "in")
    (tmp_path / "closures.csv").write_text("authority,site\nE00,nobody\nE01,E01s0\n")
    asked = Ask(("listed",), closures=tmp_path / "closures.csv")
    found = run_national(source, tmp_path / "out", asked, pool=True, workers=1)
    assert "names nobody" in found.failures[0].why
    (tmp_path / "closures.csv").write_text("authority,site\nE99,x\n")
    with pytest.raises(StudyError, match="E99"):
        _gather(source, asked)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("mine")
    with pytest.raises(OutputError):
        run_national(source, tmp_path / "mine", Ask(), pool=True)
    with pytest.raises(AccessError):
        run_national(source, source, Ask(), pool=True)
    (tmp_path / "other").mkdir()
    kept = '{"command": {"command": "run"}, "inputs": [], "outputs": {}, "versions": {}}'
    (tmp_path / "other/ledger.json").write_text(kept)
    with pytest.raises(OutputError, match="another kind"):
        run_national(source, tmp_path / "other", Ask(), pool=True)
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["ledger.json"]
    assert sorted(p.name for p in source.iterdir()) == ["areas.csv", "centres.csv"]


def test_a_task_is_named_by_all_that_decides_it() -> None:
    task = line_of_four()
    moved = task.areas.assign(lat=53.44)
    others = [replace(task, areas=moved), replace(task, share=0.5), replace(task, rules=("best",)),
              replace(task, streets_sha256="x"), replace(task, mode="drive"),
              replace(task, national_areas=7), replace(task, closures=("A",)),
              replace(task, walk_km_h=3.6), replace(task, snap_limit_m=100.0)]  # fmt: skip
    assert len({task.key, *(other.key for other in others)}) == len(others) + 1
    assert task.key == line_of_four().key == replace(task, cache="elsewhere").key


def test_memory_bounds_the_workers() -> None:
    class Huge(_Task):
        bytes_needed = 10**15

    task = line_of_four()
    huge = Huge(**task.__dict__)
    assert _workers_for([huge, task], 50) == 1
    assert _workers_for([task], 50) == 1  # no more than there are tasks


def test_pictures_and_parts_are_the_same_twice_and_names_stay_plain() -> None:
    areas, options = _measure_authority(line_of_four())
    options["name"] = "$x^2$ <b>"
    for option in ("best", "fewest-visits"):
        own = areas[areas["option"] == option]
        assert _picture(own, options, option) == _picture(own, options, option)
    assert _parquet_bytes(areas) == _parquet_bytes(areas.copy())
    assert _worst(options, "best")["mean_added_all"].is_monotonic_decreasing


def test_a_fault_of_the_program_is_told_and_stops_nothing(tmp_path: Path) -> None:
    broken = replace(line_of_four(), areas=pd.DataFrame({"id": ["a"]}))
    assert "fault of the program" in _work(broken, str(tmp_path)).why


# ---- on real streets: a made-up town in OpenStreetMap's own form, beside the ordinary door


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("town") / "T1-T2-T3.osm")


def two_towns(folder: Path) -> Path:
    """Two studies of the town: one as it is, one where people walk slowly and a centre is shut."""
    for code in ("T1", "T2"):
        write_study(folder / code)
    settings = folder / "T2/study.toml"
    settings.write_text(f"{settings.read_text()}\n[travel]\nwalk_km_h = 3.6\n", encoding="utf-8")
    centres = pd.read_csv(folder / "T2/centres.csv").assign(status=["", "part_time", "", "closed"])
    centres.to_csv(folder / "T2/centres.csv", index=False)
    return folder


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_on_streets_it_says_what_compare_says(mode: str, streets: Path, tmp_path: Path) -> None:
    source = two_towns(tmp_path / "in")
    asked = Ask(share=0.5, mode=mode, streets=(streets,))
    found = run_national(source, tmp_path / "out", asked, pool=True, workers=1)
    assert not found.failures
    for row in found.options.to_dict("records"):
        study = load_study(source / row["authority"])
        analysis = Analysis(travel_times(study, network=streets, keep=False))
        today = _baseline_of(study, "childrens_centre")
        after = sorted(set(today.open_ids) - set(row["closed"].split(";")))
        own = analysis.compare("childrens_centre", before=today, after=after, mode=mode).summary
        assert row["sites_before"] == own["sites_before"] == (4 if row["authority"] == "T1" else 3)
        assert study.areas["children_0_4"].between(1, 4).any(), "and the study declares them"
        for ours, theirs in {
            "families": "families", "moved": "lengthened", "mean_added_all": "mean_minutes_change",
            "mean_before_all": "mean_minutes_before", "mean_after_all": "mean_minutes_after",
            "p90_before_all": "p90_minutes_before", "p90_after_all": "p90_minutes_after",
            "unreached_before": "not_reached_before", "unreached_after": "not_reached_after",
        }.items():  # fmt: skip
            assert row[ours] == pytest.approx(own[theirs], rel=1e-9), ours
        assert own["mean_minutes_change"] > 0


def test_small_counts_of_a_study_stand_open_only_where_it_declares_them(tmp_path: Path) -> None:
    source = two_towns(tmp_path / "in")
    settings = source / "T2/study.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('children_0_4 = "made up', '# = "made up'), encoding="utf-8")
    own = {t.authority: t.areas["count"].tolist() for t in _gather(source, Ask()).tasks}
    given = load_study(source / "T1").areas["children_0_4"].tolist()
    small = [k for k, count in enumerate(given) if 1 <= count <= 4]
    assert own["T1"] == given
    assert len(small) == 3
    assert [own["T2"][k] for k in small] == [_stand_in(k) for k in small] != [2, 2, 2]


def test_a_study_with_streets_of_its_own_is_measured_on_them(streets: Path, tmp_path: Path) -> None:
    source = two_towns(tmp_path / "in")
    with osmium.SimpleWriter(str(source / "T1/streets.osm.pbf")) as own:
        for thing in osmium.FileProcessor(str(streets)):
            own.add(thing)
    found = run_national(source, tmp_path / "out", Ask(), pool=True, workers=1)
    given = run_national(source, tmp_path / "given", Ask(streets=(streets,)), pool=True, workers=1)
    one, two = (f.options.set_index("authority") for f in (found, given))
    assert one.loc["T1"].equals(two.loc["T1"])
    assert one.loc["T2", "mean_after_all"] != two.loc["T2", "mean_after_all"]
    told = found.to_text()
    assert "T1/streets.osm.pbf (© OpenStreetMap contributors, ODbL)" in told
    assert "The other authority: Modelled streets: not a survey" in told
    ledger = json.loads((tmp_path / "out/ledger.json").read_text())
    hashed = {row["file"]: row["sha256"] for row in ledger["inputs"]}
    assert hashed["T1/streets.osm.pbf"] == sha256_of(source / "T1/streets.osm.pbf")


def test_whose_streets_and_how_fast_people_walk_stand_beside_the_figures(
    streets: Path, tmp_path: Path
) -> None:
    source = two_towns(tmp_path / "in")
    found = run_national(
        source, tmp_path / "out", Ask(streets=(streets,)), pool=True, workers=1
    )  # fmt: skip
    assert "T1-T2-T3.osm (© OpenStreetMap contributors, ODbL)" in found.to_text()
    assert "by walk at each study's own speed, 3.6 to 4.8 km/h" in found.to_text()
    assert re.search(r"1\. Trefelin \(childrens_centre\): \d+\.\d min more", found.to_text())


def test_a_site_off_the_streets_and_streets_of_another_place_fail_with_their_reason(
    streets: Path, tmp_path: Path
) -> None:
    source = two_towns(tmp_path / "in")
    write_study(source / "T3")
    for code, table, rows in (("T1", "centres", 1), ("T3", "areas", 5)):
        frame = pd.read_csv(source / code / f"{table}.csv")
        frame.loc[: rows - 1, ["lon", "lat"]] = at(5, 60)
        frame.to_csv(source / code / f"{table}.csv", index=False)
    found = run_national(source, tmp_path / "out", Ask(streets=(streets,)), pool=True, workers=1)
    assert [o.authority for o in found.failures] == ["T1", "T3"]
    assert "1 centre(s) do not join the walk network" in found.failures[0].why
    assert "7 areas with" in found.failures[1].why  # with the two that no street is near
    elsewhere = tables(tmp_path / "far", 1)
    lost = run_national(elsewhere, tmp_path / "no", Ask(streets=(streets,)), pool=True, workers=1)
    assert "misses the study area" in lost.failures[0].why


def test_what_is_not_known_of_deprivation_is_no_nought(tmp_path: Path) -> None:
    task = line_of_four()
    _, options = _measure_authority(replace(task, areas=task.areas.drop(columns="imd_rank")))
    assert options["count_deprived_fifth"].isna().all()
    assert options["mean_after_deprived_fifth"].isna().all()


def test_a_service_that_a_study_does_not_have_is_told_and_one_that_none_has_refused(tmp_path):
    for code, services in (("E08000001", {"hall": 3, "club": 3}), ("E08000002", {"hall": 3})):
        write_small(tmp_path / "all" / code, services=services, side=3)
    some = _gather(tmp_path / "all", Ask(service="club"), cache="")
    assert [task.authority for task in some.tasks] == ["E08000001"]
    assert [(o.authority, o.service) for o in some.left_out] == [("E08000002", "club")]
    assert "study.toml" in some.left_out[0].why
    with pytest.raises(ParameterError, match=r"no study in .* has a service 'baths'; they have"):
        _gather(tmp_path / "all", Ask(service="baths"), cache="")
    with pytest.raises(ParameterError, match="national tables"):
        _gather(tmp_path / "all", Ask(demand="babies"), cache="")
