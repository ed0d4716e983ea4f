"""A centre that the register says is shut is none of today's, whichever door one asks by."""

from __future__ import annotations

import pandas as pd
import pytest

from access.analysis.analysis import Analysis, Beforehand
from access.analysis.job import travel_times
from access.errors import StudyError
from access.sources.folder import new_study
from access.study import load_study

pytestmark = pytest.mark.usefixtures("quick_runs")


def town(folder, statuses, close):
    new_study(folder)
    centres = pd.read_csv(folder / "centres.csv", dtype=str, keep_default_na=False)
    extra = centres.iloc[[0]].assign(id="C4", name="Fourth", lon="-1.33", lat="53.42")
    centres = pd.concat([centres, extra]).assign(status=statuses)
    centres.to_csv(folder / "centres.csv", index=False)
    text = (folder / "study.toml").read_text("utf-8").replace('close = ["C3"]', close)
    (folder / "study.toml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("status", ["closed", "deregistered"])
def test_check_counts_what_is_compared_and_ranked(tmp_path, status):
    study = load_study(town(tmp_path / "s", ["", "part_time", "full", status], 'close = ["C3"]'))
    facts = study.facts()
    assert facts["centres"]["childrens_centre"]["today"] == 3
    proposal = facts["proposals"]["three_to_two"]
    assert (proposal["before"], proposal["after"]) == (3, 2)
    assert Beforehand(study).ways_words()["three_to_two"]["ways"] == 3
    analysis = Analysis(travel_times(study))
    assert len(analysis.today("childrens_centre")) == 3


def test_what_is_shut_cannot_close_and_can_open(tmp_path):
    statuses = ["", "", "", "closed"]
    with pytest.raises(StudyError, match="found 'C4'; expected a childrens_centre that is open"):
        load_study(town(tmp_path / "a", statuses, 'close = ["C4"]'))
    study = load_study(town(tmp_path / "b", statuses, 'close = ["C3"]\nopen = ["C4"]'))
    assert study.facts()["proposals"]["three_to_two"]["after"] == 3
    with pytest.raises(StudyError, match="found 'C2'; expected a site that is no open"):
        load_study(town(tmp_path / "c", statuses, 'close = ["C3"]\nopen = ["C2"]'))
    with pytest.raises(StudyError, match="3 of 3"):
        load_study(town(tmp_path / "d", statuses, 'close = ["C1", "C2", "C3"]'))


@pytest.mark.parametrize("pace", ["0.1", "13"])
def test_a_walking_speed_is_one_that_the_command_takes(tmp_path, pace):
    folder = town(tmp_path / "s", [""] * 4, 'close = ["C3"]')
    text = (folder / "study.toml").read_text("utf-8")
    text = text.replace("walk_km_h = 4.8", f"walk_km_h = {pace}")
    (folder / "study.toml").write_text(text, "utf-8")
    with pytest.raises(
        StudyError,
        match=r"travel.walk_km_h: found .*; expected a number of (at most 12|0.5 or more)",
    ):
        load_study(folder)
