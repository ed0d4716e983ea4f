"""Whatever is no table, number, list of ids or flag is refused in words that name the argument."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from access import AccessError
from access.siting import (
    AtLeast,
    Demand,
    Goal,
    Problem,
    Within,
    capacitated_p_median,
    max_cover,
    p_centre,
    p_median,
    set_cover,
    site,
)

COSTS = np.random.default_rng(7).integers(1, 60, (12, 6)).astype(float)
CALLS = {
    p_median: {"costs": COSTS, "p": 2},
    p_centre: {"costs": COSTS, "p": 2},
    max_cover: {"costs": COSTS, "p": 2, "minutes": 20},
    set_cover: {"costs": COSTS, "minutes": 40},
    capacitated_p_median: {"costs": COSTS, "p": 2, "capacities": 9},
}
NEVER = [
    True, np.True_, "x", b"\x00", {"0": "x"}, [True], [None], ["x"], float("nan"), [float("nan")],
    -1, object(), np.full((2, 2), np.nan), [[1], [1, 2]], np.array("2020", "datetime64[D]"), 1j,
]  # fmt: skip
ARGUMENTS = {
    "costs": [*NEVER, 3, [], "3", [["1", "2"]], [[True, 1.0]], pd.DataFrame({"a": ["1"]}), None],
    "weights": [*NEVER, [], ["3"] * 12, [True] * 12, [1.0] * 11, {"0": 1}, [10**400] * 12],
    "p": [*NEVER, 0, 7, 2.5, "2", [2], None, 10**400],
    "minutes": [*NEVER, "3", None, [3], float("inf"), 10**400],
    "locked_open": [*NEVER, 3, 3.5, {"0": 1}, ["6"], [True] + [False] * 5, None],
    "locked_closed": [*NEVER, 3, 3.5, {"0": 1}, ["6"], None],
    "rules": [*NEVER, 3, [3], Within, None],
    "time_limit_s": [*NEVER, 0, "3", [3], float("inf"), 10**400],
    "gap": [*NEVER, "0", None],
    "seed": [*NEVER, 2.5, "0", None],
    "progress": [3, "x"],
    "must_serve_all": ["no", 0, 1, None],
    "split": ["no", 0, 1, None],
    "capacities": [*NEVER, None, ["9"] * 6, [9] * 5, 10**400],
    "demands": [*NEVER, ["1"] * 12, [1] * 11],
}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_refused_in_words(call, argument):
    if argument not in call.__kwdefaults__ and argument not in CALLS[call]:
        pytest.skip("not an argument of this call")
    for value in ARGUMENTS[argument]:
        with pytest.raises(AccessError) as refused:
            call(**{**CALLS[call], argument: value})
        assert argument in str(refused.value)
        assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    "problem",
    [
        None,
        3,
        "x",
        Problem(3, p=1),
        Problem([3], p=1),
        Problem(Demand(COSTS), p=2, goals=3),
        Problem(Demand(COSTS), p=2, goals="mean"),
        Problem(Demand(COSTS), p=2, rules=3),
        Problem(Demand(COSTS), p=2, rules=[AtLeast(3, 1)]),
        Problem(Demand(COSTS), p=2, rules=[Within(9, areas=3)]),
        Problem(Demand(COSTS), p=2, locked_open=3),
        Problem(Demand(COSTS), p=2, site_costs=["1"] * 6),
        Problem(Demand(COSTS, name=["x"]), p=2),
        Problem(Demand(COSTS, share="1"), p=2),
        Problem(Demand(COSTS), fewest="1", most="2"),
    ],
)
def test_a_problem_is_refused_in_words(problem):
    with pytest.raises(AccessError, match="found"):
        site(problem)


@pytest.mark.parametrize("part", [3, "ab", (1,), ("1", Goal.mean()), (True, Goal.mean()), (1, 2)])
def test_a_blend_of_no_goals_is_refused(part):
    with pytest.raises(AccessError, match=r"Goal\.blend"):
        Goal.blend(part)


def test_ids_of_one_text_of_numbers_and_of_a_series():
    for ids in ("1", [1], ("1",), pd.Series(["1"]), np.array([1]), {"1"}, iter(["1"])):
        assert "1" in p_median(COSTS, 2, locked_open=ids).chosen


@pytest.mark.parametrize(
    ("minutes", "limit"), [(0.30000000000000004, 0.29999999), (15.0003, 15), (9.004999, 9.0049)]
)
def test_out_of_reach_by_a_hair_says_two_numbers(minutes, limit):
    text = str(set_cover([[minutes]], limit).explanation)
    line = next(line for line in text.splitlines() if "instead of" in line)
    more, less = line.split("with ")[1].rstrip(".").split(" minutes instead of ")
    assert float(less) == limit < float(more)
    assert set_cover([[minutes]], float(more)).status == "proven_optimal"


def test_the_solver_prints_nothing():
    words = (
        "import access; access.p_median([[1, 9], [9, 1], [5, 4]], 1); access.set_cover([[1]], 2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, env={**os.environ}
    )
    assert (done.returncode, done.stdout) == (0, "")
