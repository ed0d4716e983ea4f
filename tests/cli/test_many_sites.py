"""A service of 45 sites of which 12 close: every command answers, and says what it cannot know."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from typer.testing import CliRunner

from access.cli.app import app
from tests.conftest import no_hubs
from tests.studies import write_study

pytestmark = pytest.mark.usefixtures("quick_runs", "no_pages", "measured_once")

WAYS = math.comb(45, 12)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many") / "libraries"
    return write_study(folder, areas=24, sites=45, close=12, costs=True)


def asked(*words: object):
    return CliRunner().invoke(app, [str(w) for w in words])


def test_check_says_how_many_ways_there_are_before_anything_starts(libraries):
    said = asked("check", libraries)
    assert said.exit_code == 0, said.output
    assert f"{WAYS:,} ways" in said.output
    assert "not listed" in said.output
    facts = json.loads(asked("check", libraries, "--json").output)
    assert facts["alternatives"]["close_12_0"]["ways"] == WAYS
    assert facts["alternatives"]["close_12_0"]["listed"] is False


def test_run_is_whole(libraries, tmp_path):
    done = asked("run", libraries, "--out", tmp_path / "out", "--quiet")
    assert done.exit_code == 0, done.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["left_out"] == []
    for mode in summary["proposals"]["close_12_0"]["modes"].values():
        told = mode["alternatives"]
        assert told["options"] == WAYS
        assert told["listed"] is False
        assert told["on_front"] is None  # it is not known
        first = told["standing"][0]
        assert first["proven"]
        assert first["best"] == pytest.approx(first["bound"])
        assert first["regret"] == pytest.approx(first["proposal"] - first["best"], abs=1e-6)
        assert 1 <= first["rank_low"] <= first["rank_high"] <= WAYS
        assert len(told["near_the_best"]) > 1
    table = pd.read_csv(tmp_path / "out" / "alternatives.csv")
    assert table["is_the_proposal"].any()
    assert {"report.docx", "map.html", "explorer.html"} <= {
        f.name for f in (tmp_path / "out").iterdir()
    }


def test_rank_tells_the_proven_best_and_a_sampled_place(libraries, tmp_path):
    done = asked("rank", libraries, "--out", tmp_path / "out", "--draws", "5")
    assert done.exit_code == 0, done.output
    for words in (f"{WAYS:,} ways", "proven best", "95% sure", "drawn", "Near the best"):
        assert words in " ".join(done.output.split())
    assert (tmp_path / "out" / "standing.csv").exists()


@pytest.mark.parametrize("command", ["map", "report"])
def test_the_other_commands_answer(command, libraries, tmp_path):
    more = ["--draws", "5"] if command == "report" else []
    with no_hubs():  # those of the whole run are there
        done = asked(command, libraries, "--out", tmp_path / "out", *more)
    assert done.exit_code == 0, done.output
