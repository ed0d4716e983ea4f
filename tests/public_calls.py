"""One good call of every public function, and values that no parameter may choke on."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import access
import access.measure
import access.scenario
import access.siting
from access.measure import TakeUp, decay
from access.scenario import ServiceChoice, Uncertainty
from access.siting import Demand, Goal, Problem

AREAS, SITES = ["a", "b", "c", "d"], ["X", "Y", "Z"]
MINUTES = [[5.0, 12.0, 30.0], [9.0, 4.0, 20.0], [25.0, 18.0, 6.0], [14.0, 15.0, 16.0]]


def good_calls() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Name every public function with arguments that it answers."""
    walk = access.TravelMatrix.from_minutes(MINUTES, area_ids=AREAS, site_ids=SITES)
    drive = access.TravelMatrix.from_minutes(
        np.array(MINUTES) / 3, area_ids=AREAS, site_ids=SITES, mode="drive"
    )
    demand = pd.DataFrame(
        {"id": AREAS, "count": [10, 20, 30, 5], "imd_rank": [1, 9000, 20000, 32844],
         "disabled": [1, 2, 3, 1], "everyone": [30, 40, 60, 20]}
    )  # fmt: skip
    impact = access.compare(walk, before=SITES, after=["X", "Z"], demand=demand)
    problem = Problem([Demand(walk, dict(zip(AREAS, [1, 2, 3, 4], strict=True)))], p=2,
                      goals=Goal.mean())  # fmt: skip
    solution = access.site(problem)
    values, weights, rank = [5.0, 4.0, 6.0], [1.0, 2.0, 3.0], [1, 2, 3]
    ranked = {
        "matrix": walk, "keep": 2, "demand": demand, "proposal": ["X", "Z"], "sites": SITES,
        "always_open": [], "never_close": [], "savings": dict.fromkeys(SITES, 5.0),
        "localities": {"X": "N", "Y": "N", "Z": "S"}, "min_per_locality": 1,
    }  # fmt: skip
    reach = {"matrix": walk, "sites": SITES, "supply": dict.fromkeys(SITES, 1.0), "demand": demand}
    costs = {"costs": MINUTES, "weights": [1, 2, 3, 4], "locked_open": (), "locked_closed": (),
             "time_limit_s": 60.0, "seed": 0, "rules": ()}  # fmt: skip
    m, s, o = access.measure, access.scenario, access.siting
    calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (access.compare, {"matrix": walk, "before": SITES, "after": ["X"], "demand": demand,
                          "weights": "linear", "lam": 1.0, "national_areas": 32844,
                          "within_minutes": (10.0, 20.0), "within_metres": {"2 km": 2000.0},
                          "tolerance_minutes": 0.01, "neighbours": (), "capacity": {"X": 40},
                          "names": {"X": "Ex"}, "who": "families"}),
        (access.rank_closures, {**ranked, "weights": "linear", "lam": 1.0, "names": {"X": "Ex"},
                                "national_areas": 32844, "threshold_minutes": 20.0,
                                "criteria": ["mean", "worst"]}),
        (s.robustness, {**ranked, "draws": 3, "seed": 1, "lam": 1.0, "threshold_minutes": 20.0,
                        "uncertainty": Uncertainty(walk_kmh=(3.6, 5.4)), "workers": 1}),
        (s.switching_values, {**ranked, "national_areas": 32844, "names": {"X": "Ex"}}),
        (s.weights_side_by_side, {**ranked, "lam": 1.0}),
        (s.equality, {"impact": impact, "groups": {"Disabled": ("disabled", "everyone")}}),
        (s.plausible_sites, {
            "assumed": pd.DataFrame({"id": ["X"], "lon": [-1.3], "lat": [53.4]}),
            "candidates": pd.DataFrame({"id": ["K"], "lon": [-1.31], "lat": [53.4]}),
            "within_m": 2000.0}),
        (s.take_up_change, {"impact": impact, "take_up": TakeUp.declared(0.8, 0.9)}),
        (m.align_demand, {"demand": demand, "area_ids": AREAS}),
        (m.change, {"before": values, "after": [6.0, 4.0, 9.0]}),
        (m.change_class, {"changes": values, "tolerance_minutes": 0.01}),
        (m.concentration_index, {"values": values, "weights": weights, "rank": rank}),
        (m.gini, {"values": values, "weights": weights, "rank": rank}),
        (m.palma, {"values": values, "weights": weights, "rank": rank}),
        (m.slope_index, {"values": values, "weights": weights, "rank": rank}),
        (m.inequality, {"before": values, "after": [6.0, 4.0, 9.0], "weights": weights,
                        "rank": rank, "measures": ("gini",)}),
        (m.describe, {"values": values, "weights": weights}),
        (m.share_within, {"values": values, "weights": weights, "limit": 5.0}),
        (m.weighted_mean, {"values": values, "weights": weights}),
        (m.weighted_quantile, {"values": values, "weights": weights, "q": 0.5}),
        (m.deprivation_weights, {"demand": demand, "weights": "linear", "lam": 1.0,
                                 "national_areas": 32844}),
        (m.nearest, {"matrix": walk, "sites": SITES}),
        (m.cumulative, {**reach, "cutoff_minutes": 15.0}),
        (m.gravity, {**reach, "decay": decay.exponential(0.1)}),
        (m.enhanced_two_step, {**reach, "decay": decay.binary(20)}),
        (m.three_step, {**reach, "decay": decay.binary(20)}),
        (m.two_step, {**reach, "cutoff_minutes": 15.0}),
        (m.nearest_minutes, {**reach, "n": 1}),
        (m.typical_matrix, {"walk": walk, "drive": drive, "p_no_car": [0.1, 0.2, 0.3, 0.4],
                            "parking_minutes": 3.0}),
        (m.fit_take_up, {
            "visits": pd.Series([30, 20, 14, 9, 6, 4, 3, 2], index=list("abcdefgh")),
            "minutes": pd.Series([2.0, 5, 9, 12, 18, 22, 30, 41], index=list("abcdefgh")),
            "demand": pd.DataFrame({"id": list("abcdefgh"), "count": [40] * 8}),
            "controls": ()}),
        (o.p_median, {**costs, "p": 2, "must_serve_all": False, "gap": 0.0}),
        (o.p_centre, {**costs, "p": 2, "must_serve_all": False}),
        (o.max_cover, {**costs, "p": 1, "minutes": 10.0, "gap": 0.0}),
        (o.set_cover, {**costs, "minutes": 16.0}),
        (o.capacitated_p_median, {**costs, "p": 2, "capacities": [9, 9, 9], "split": False}),
        (o.per_locality, {"localities": {"X": "N", "Y": "S"}, "minimum": 1}),
        (o.site, {"problem": problem, "time_limit_s": 60.0, "seed": 0, "gap": 0.0}),
        (o.verify, {"problem": problem, "solution": solution}),
        (o.alternatives, {"problem": problem, "count": 2, "within": 0.5}),
        (o.curve, {"problem": problem, "sizes": [1, 2]}),
        (o.pareto_front, {"problem": problem, "most_points": 5}),
        (o.greenfield, {"points": pd.DataFrame({"easting": [0.0, 100, 200, 300],
                                                "northing": [5.0, 15, 25, 35]}, index=AREAS),
                        "count": 2, "weights": [1, 2, 3, 4], "prefix": "GF", "seed": 0}),
        (access.load_study, {"path": "rotherham"}),
        (access.TravelMatrix.from_minutes, {"minutes": MINUTES, "area_ids": AREAS,
                                            "site_ids": SITES, "mode": "walk"}),
        (ServiceChoice, {"matrix": walk, "keep": 2, "demand": demand}),
    ]  # fmt: skip
    return {f"{f.__module__}.{f.__qualname__}": (f, k) for f, k in calls}


def strange_values() -> list[Any]:
    """Values that people hand over by mistake."""
    frame = pd.DataFrame({"id": ["a"], "other": [1]})
    return [
        None, True, False, 0, -1, 3, 2.5, 10**30, float("nan"), float("inf"), -float("inf"), 1e300,
        5e-324, "", "3", "nan", "X", "no such", b"X", [], [None], [float("nan")], ["X", "X"],
        ["X", 3], [[]], [1, 2], [True], (), {}, {"X": None}, {"X": "much"}, {1: 2},
        {"X": float("nan")}, {"a", "b"}, frame, frame.iloc[:0], pd.Series(dtype=float),
        pd.Series([1.0], index=["a"]), pd.Series(["x"]), np.array([]), np.array(3.0),
        np.array([[1.0, np.nan]]), np.array(["x"]), np.array([1 + 2j]), object(), len,
        datetime.date(2020, 1, 1), Path("nowhere"), range(3), iter(()), Ellipsis, int, "a" * 5000,
        [1e300] * 4, [0, 0, 0, 0], [-1.0, 2, 3, 4],
    ]  # fmt: skip


def parameters(function: Callable[..., Any]) -> list[str]:
    """Names of what a function takes by name."""
    every = inspect.signature(function).parameters.values()
    named = [p for p in every if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return [p.name for p in named if p.name != "progress"]
