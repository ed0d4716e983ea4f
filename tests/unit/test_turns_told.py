"""Turns that are not modelled are told wherever minutes of real streets stand."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from access.analysis.job import travel_times
from access.national.authority import Ask, _rests_on
from access.sources.folder import new_study
from access.study import load_study
from tests.conftest import call_here

TOLD = "Driving heeds 1 of the 2 turn restrictions"


def street_file(path: Path, study: Path) -> Path:
    """Draw a grid of streets over a study, with a ban at a junction and one over a whole street."""
    areas = load_study(study).areas
    east = np.arange(areas["lon"].min() - 0.005, areas["lon"].max() + 0.006, 0.003).round(6)
    north = np.arange(areas["lat"].min() - 0.005, areas["lat"].max() + 0.006, 0.002).round(6)
    node = {(i, j): 1 + i * len(north) + j for i, j in product(range(len(east)), range(len(north)))}
    parts = [
        f'<node id="{key}" version="1" lon="{east[i]}" lat="{north[j]}"/>'
        for (i, j), key in node.items()
    ]
    ways = {}
    for (i, j), side in product(node, ((1, 0), (0, 1))):
        if (end := node.get((i + side[0], j + side[1]))) is not None:
            way = ways[i, j, side] = len(ways) + 1
            parts.append(
                f'<way id="{way}" version="1"><nd ref="{node[i, j]}"/><nd ref="{end}"/>'
                '<tag k="highway" v="residential"/></way>'
            )
    over = f'type="way" ref="{ways[2, 1, (0, 1)]}"'
    at = f'type="node" ref="{node[2, 1]}"'
    for key, (via, to) in enumerate(((over, (1, 2, (1, 0))), (at, (2, 1, (0, 1)))), 1):
        parts.append(
            f'<relation id="{key}" version="1">'
            f'<member type="way" ref="{ways[1, 1, (1, 0)]}" role="from"/><member {via} role="via"/>'
            f'<member type="way" ref="{ways[to]}" role="to"/>'
            '<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation>'
        )
    path.write_text(f'<osm version="0.6">{"".join(parts)}</osm>', encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("turns")
    new_study(folder / "town")
    return folder / "town", street_file(folder / "streets.osm", folder / "town")


def test_results_and_their_ledger_tell_once_how_many_are_modelled(town):
    study, streets = town
    results = travel_times(load_study(study), network=streets, keep=False)
    for told in (results.assumptions, results.ledger.assumptions):
        assert sum(TOLD in words for words in told) == 1
    assert "over whole streets" in next(words for words in results.assumptions if TOLD in words)


def test_modelled_streets_have_no_turns_to_tell_of(town):
    told = travel_times(load_study(town[0])).assumptions
    assert not any("turn restrictions" in words for words in told)


@pytest.mark.parametrize(
    "asked", [("compare", "--close", "C3"), ("site", "--hubs", "1"), ("rank",)]
)
def test_the_screen_of_a_question_tells_it_once(town, tmp_path, asked):
    study, streets = town
    command, *more = asked
    more += {"rank": ["--draws", "0"], "run": ["--out", tmp_path / "out"]}.get(command, [])
    done = call_here(tmp_path, command, study, *more, "--network", streets, "--no-cache")
    assert done.returncode == 0, done.stderr
    assert " ".join(done.stdout.split()).count(TOLD) == 1


def test_the_stocktake_tells_it_too(town, tmp_path):
    study, streets = town
    words = ("network", streets, "--study", study, "--profile", "drive")
    done = call_here(tmp_path, *words, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(TOLD) == 1
    ledger = json.loads((tmp_path / "out" / "ledger.json").read_text("utf-8"))
    assert sum(TOLD in words for words in ledger["assumptions"]) == 1


def test_many_authorities_by_car_on_real_streets_say_it(tmp_path):
    ask = Ask(("best",), 0.25, "", "families", None, (tmp_path / "a.osm.pbf",), "drive", 33_755)
    assert "over whole streets, which are not modelled" in _rests_on(ask, ())[0]
