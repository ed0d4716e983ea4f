"""Route lengths and times that other engines publish, on real streets."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest

import access
from access.network import Profile, Status
from tests.conftest import SHARED
from tests.streets import places

ANSWERS = SHARED / "reference" / "answers.csv"
ROWS = pd.read_csv(ANSWERS).to_dict("records") if ANSWERS.exists() else []


@cache
def network(path, profile):
    return access.build_network(path, profile=profile)


def test_the_published_answers_are_at_hand(shared_data):
    assert len(pd.read_csv(shared_data("reference/answers.csv"))) == len(ROWS) > 0


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['mode']} {r['expected']} {r['unit']}")
def test_published_answer(shared_data, row):
    mode = row["mode"].split()[0]
    profile = Profile.preset(mode)
    if "at 3.6 km/h" in row["mode"]:
        profile = replace(profile, name="slow walk", kmh=3.6, off_network_kmh=3.6)
    m = access.travel_matrix(
        network(shared_data(row["dataset"]), profile),
        places(origin=(row["o_lon"], row["o_lat"])),
        places(destination=(row["d_lon"], row["d_lat"])),
        minimise="metres" if row["unit"] == "m" else "minutes",
    )
    ours = m.network_metres if row["unit"] == "m" else m.total_minutes
    assert m.status.item() == Status.OK
    assert ours.item() == pytest.approx(row["expected"], abs=row["tolerance"])


def test_the_square_and_the_cycleway_are_what_makes_the_difference(shared_data):
    """Without squares mapped as areas, the walk over the palace square is a long way round."""
    answers = pd.read_csv(shared_data("reference/answers.csv")).to_dict("records")
    row = next(r for r in answers if r["expected"] == 1566)
    walk = Profile.preset("walk")
    without = replace(walk, name="no squares", classes=tuple(
        c for c in walk.classes if c not in ("pedestrian", "cycleway")))  # fmt: skip
    m = access.travel_matrix(
        network(shared_data(row["dataset"]), without),
        places(origin=(row["o_lon"], row["o_lat"])),
        places(destination=(row["d_lon"], row["d_lat"])),
        minimise="metres",
    )
    assert m.network_metres.item() > 1566 + 50
