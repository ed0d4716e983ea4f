"""What may be wrong is gathered once: no setting changes it for closures and not for hubs."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from access.analysis import analysis as closures
from access.analysis import hub_minutes as hubs
from access.analysis import hubs as search_room
from access.analysis.analysis import Analysis
from access.analysis.anew import _what_may_be_wrong
from access.analysis.job import measure_study
from access.scenario import Uncertainty
from access.scenario.uncertainty import _draw_normals
from access.siting.hubs import hub_search
from access.sources.folder import new_study
from access.study import load_study

#: Of the question itself: hubs have no threshold and no lambda to be otherwise.
OF_THE_QUESTION = {"lam", "threshold_minutes"}


def with_sites(results, **columns):
    """Say of every centre what a register may say of it."""
    return replace(results, sites=results.sites.assign(**columns))


def with_areas(results, **columns):
    return replace(
        results, study=replace(results.study, areas=results.study.areas.assign(**columns))
    )


def with_travel(results, **more):
    config = results.study.config
    travel = config.travel.model_copy(update=more)
    config = config.model_copy(update={"travel": travel})
    return replace(results, study=replace(results.study, config=config))


#: What a study may say that bears on what may be wrong, each changed alone.
CHANGES = {
    "position_error_m": lambda r: with_sites(r, position_error_m=150.0),
    "position_error_m of nothing": lambda r: with_sites(r, position_error_m=0.0),
    "assumed": lambda r: with_sites(r, assumed=True),
    "parking_minutes": lambda r: with_travel(r, parking_minutes=7.0),
    "walk_km_h": lambda r: with_travel(r, walk_km_h=4.0),
    "p_no_car": lambda r: with_areas(r, p_no_car=0.25),
    "where areas are": lambda r: with_areas(r, lon=r.study.areas["lon"] + 0.001),
    "real streets": lambda r: replace(r, modelled=False),
    "trips that hold minutes of others": lambda r: replace(
        r, matrices={**r.matrices, "bus": replace(r.matrices["walk"], mode="bus")}
    ),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Measure a small study; one candidate stands near a centre."""
    folder = tmp_path_factory.mktemp("uncertain") / "town"
    new_study(folder)
    table = "id,name,kind,lon,lat\nL1,A library,library,-1.361,53.431\nL2,A hall,hall,-1.33,53.44\n"
    (folder / "candidates.csv").write_text(table)
    return measure_study(load_study(folder))


@pytest.fixture(scope="module")
def gathered(measured):
    """Give what each question was told may be wrong, by change and mode; each is asked once."""

    @cache
    def gather(change: str | None, mode: str) -> dict[str, Uncertainty]:
        return asked(measured if change is None else CHANGES[change](measured), mode)

    return gather


class _ToldError(Exception):
    """What may be wrong is told: what a question makes of it is not looked at here."""


_SEARCHED: list[object] = []


def _searched_once(*args, **settings):
    """Search in earnest the first time: any set of three will do for all that ask."""
    if not _SEARCHED:
        _SEARCHED.append(hub_search(*args, **settings))
    return _SEARCHED[0]


def asked(results, mode) -> dict[str, Uncertainty]:
    """Ask both, and keep what each was told may be wrong; no set of hubs is sought for it."""
    found: dict[str, Uncertainty] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_room, "hub_search", _searched_once)
        for name, module in (("closures", closures), ("hubs", hubs)):

            def spy(*args, name=name, **asked):
                found[name] = _what_may_be_wrong(*args, **asked)
                raise _ToldError

            patch.setattr(module, "_what_may_be_wrong", spy)
        analysis, hall = Analysis(results), ["C1", "C2", "L1"]
        with pytest.raises(_ToldError):
            analysis.robustness("childrens_centre", after=["C1", "C2"], mode=mode, draws=2)
        with pytest.raises(_ToldError):
            analysis.hubs(
                3, mode=mode, draws=2, plans=[hall], among=["C1", "C2", "C3", "L1"], most=3
            )
    assert set(found) == {"closures", "hubs"}
    return found


def told(uncertain: Uncertainty) -> dict[str, object]:
    """Write down everything that may be wrong, sites left out, which are each question's own."""
    out: dict[str, object] = {}
    for name in {f.name for f in fields(Uncertainty)} - OF_THE_QUESTION:
        value = getattr(uncertain, name)
        if name == "drive":
            value = None if value is None else value.total_minutes.tobytes()
        elif isinstance(value, pd.DataFrame):
            value = value.to_csv()
        elif name in ("position_error_m", "stand_ins") and value:
            value = sorted({str(each) for each in value.values()})
        out[name] = value
    return out


@pytest.mark.parametrize("mode", ["walk", "drive", "typical"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_setting_changes_what_may_be_wrong_for_closures_and_hubs_or_for_neither(
    gathered, change, mode
):
    before = {name: told(u) for name, u in gathered(None, mode).items()}
    after = {name: told(u) for name, u in gathered(change, mode).items()}
    assert before["closures"] == before["hubs"]
    assert after["closures"] == after["hubs"]


@pytest.mark.parametrize(
    ("change", "mode", "setting"),
    [
        ("position_error_m", "walk", "position_error_m"),
        ("assumed", "drive", "stand_ins"),
        ("parking_minutes", "typical", "parking_minutes"),
        ("walk_km_h", "walk", "made_at_kmh"),
        ("p_no_car", "typical", "p_no_car"),
        ("where areas are", "drive", "area_points"),
        ("real streets", "walk", "street_error"),
        ("real streets", "typical", "drive_error"),
        ("trips that hold minutes of others", "typical", "street_error"),
    ],
)
def test_each_setting_is_read(gathered, change, mode, setting):
    before, after = gathered(None, mode), gathered(change, mode)
    for name in ("closures", "hubs"):
        assert told(before[name])[setting] != told(after[name])[setting], name


def test_an_error_that_is_declared_is_not_told_as_if_it_were_measured(measured):
    sites = list(measured.sites["id"])
    for mode in ("walk", "drive", "typical"):
        told = {
            results.modelled: " ".join(
                _what_may_be_wrong(results, mode, sites, by_the_minute=False).notes()
            )
            for results in (measured, CHANGES["real streets"](measured))
        }
        assert "streets' own error" in told[True] and "streets' own error" in told[False]
        assert "% on average, assumed and not measured;" in told[False]
        assert "assumed and not measured;" not in told[True]


def test_a_position_that_is_exact_is_not_said_to_be_drawn(measured):
    sites = list(measured.sites["id"])
    exact = with_sites(measured, position_error_m=np.where(measured.sites["id"] == "C1", 80.0, 0.0))
    found = _what_may_be_wrong(exact, "walk", sites, by_the_minute=False)
    assert found.position_error_m == {"C1": 80.0}


def test_by_the_minute_the_day_and_the_time_stand_in_place_of_speeds_and_streets(measured):
    found = _what_may_be_wrong(
        with_sites(measured, position_error_m=90.0), "typical", [], by_the_minute=True,
        service="childrens_centre", lam=(0.0, 2.0),
    )  # fmt: skip
    assert found.given == ("lam", "count_error")  # without a timetable there is no other day


def test_the_noise_of_streets_is_normal_and_every_value_a_draw_of_its_own():
    drawn = np.empty(400_003, np.float32)  # no multiple of four: the last bits are part used
    _draw_normals(np.random.default_rng(1), drawn)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1) < 0.01
    for share in (0.001, 0.05, 0.25, 0.5, 0.9, 0.999):
        below = (drawn < NormalDist().inv_cdf(share)).mean()
        assert abs(below - share) < 5 * (share * (1 - share) / len(drawn)) ** 0.5
    for apart in (1, 2, 3, 4):  # four are made of one number
        assert abs(np.corrcoef(drawn[:-apart], drawn[apart:])[0, 1]) < 0.01
    again = np.empty(400_003, np.float32)
    _draw_normals(np.random.default_rng(1), again)
    assert np.array_equal(drawn, again)
