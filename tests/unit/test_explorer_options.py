"""What the explorer saves is what `access compare --scenario` reads."""

from __future__ import annotations

import json

import pytest

from access.analysis.questions import Meant, _read_options
from access.errors import ScenarioError, StudyError
from access.study import load_study
from tests.small import small_study, spot

MOVES = """
[proposals.young]
title = "Young people into a children's centre"
service = "youth"
close = ["Y1"]
open = ["C2", "K1"]

[proposals.new]
title = "A new place"
service = "youth"
[[proposals.new.change]]
action = "open"
site = "N1"
name = "New place"
lon = {}
lat = {}
days = 3
annual_cost_gbp = 900

[proposals.kids]
title = "Fewer for children"
service = "children"
close = ["C2"]
"""


@pytest.fixture(scope="module")
def study():
    return load_study()


def saved(tmp_path, *options, name="options.json"):
    path = tmp_path / name
    log = {"format": "access-options", "version": 1, "options": list(options)}
    path.write_text(json.dumps(log), encoding="utf-8")
    return path


# Wrong inputs first.


def test_unknown_sites_are_all_named(study, tmp_path):
    path = saved(tmp_path, {"name": "a", "close": ["NOPE"]}, {"name": "b", "open": ["NOWHERE"]})
    with pytest.raises(ScenarioError) as caught:
        Meant(study).questions(scenario=path)
    assert [fault.value for fault in caught.value.faults] == ["NOPE", "NOWHERE"]


def test_options_that_change_nothing_are_said_to(study, tmp_path):
    with pytest.raises(ScenarioError, match="holds no option that changes"):
        same = saved(tmp_path, {"name": "as today", "close": [], "open": []})
        Meant(study).questions(scenario=same)


def test_files_that_are_no_log(study, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="a column named 'close'"):
        Meant(study).questions(scenario=tmp_path / "x.csv")
    with pytest.raises(ScenarioError, match="cannot be read as CSV"):
        Meant(study).questions(scenario=tmp_path / "gone.csv")
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(StudyError, match="is not JSON"):
        Meant(study).questions(scenario=tmp_path / "x.json")


def test_options_of_another_place_are_refused_by_name(study, tmp_path):
    """Ids alone say nothing: CC04 may be a centre there too."""
    path = saved(tmp_path, {"name": "Keep Wath", "close": ["CC04"], "open": []})
    file = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(file | {"place": "Elsewhere"}), encoding="utf-8")
    with pytest.raises(StudyError, match=r"holds options for Elsewhere; expected .* Rotherham"):
        Meant(study).questions(scenario=path)
    path.write_text(json.dumps(file | {"place": study.config.study.place}), encoding="utf-8")
    assert len(Meant(study).questions(scenario=path)) == 1


# What is asked.


def test_one_question_an_option_and_service(study, tmp_path):
    path = saved(
        tmp_path,
        {"name": "Keep Wath", "reason": "the bus", "close": ["CC04", "YC02"], "open": []},
        {"name": "A hub", "close": [], "open": ["LIB15"]},
    )
    asked = Meant(study).questions(scenario=path)
    assert [(q.title, q.service) for q in asked] == [
        ("Keep Wath", "childrens_centre"), ("Keep Wath", "youth_centre"),
        ("A hub", "childrens_centre"), ("A hub", "youth_centre"),
    ]  # fmt: skip
    assert "CC04" not in asked[0].scenario.open_ids
    assert len(asked[0].scenario.open_ids) == 11
    assert asked[0].scenario.comment == "the bus"
    assert "LIB15" in asked[3].scenario.open_ids
    assert len({q.key for q in asked}) == 4
    only = Meant(study).questions(scenario=path, service="youth_centre")
    assert {q.service for q in only} == {"youth_centre"}


def test_the_table_says_the_same_as_the_file(tmp_path):
    option = {"name": "=1+1", "reason": 'a, "b"', "close": ["CC04", "CC11"], "open": ["LIB15"]}
    table = tmp_path / "options.csv"
    table.write_text(
        '\ufeffname,reason,noted,close,open\r\n\'=1+1,"a, ""b""",,CC04 CC11,LIB15\r\n',
        encoding="utf-8",
    )
    (from_table,), (from_file,) = _read_options(table), _read_options(saved(tmp_path, option))
    assert from_table == from_file


def test_a_folder_of_logs_is_merged_and_no_option_asked_twice(study, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    one = {"name": "Keep Wath", "reason": "the bus", "close": ["CC04"], "noted": "2018-03-12 10:00"}
    two = {"name": "Keep Park View", "close": ["CC12"]}
    saved(logs, one, two, name="b.json")
    saved(logs, one, name="a.json")
    (logs / "notes.txt").write_text("not a log", encoding="utf-8")
    assert [o.name for o in _read_options(logs)] == ["Keep Wath", "Keep Park View"]
    assert len(Meant(study).questions(scenario=logs)) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScenarioError, match="holds no file that the explorer saved"):
        Meant(study).questions(scenario=tmp_path / "empty")


def test_what_proposals_open_is_open_to_their_own_service_alone(tmp_path):
    """In `access compare` as in the explorer and the report."""
    services, plans = {"children": 3, "youth": 3}, MOVES.format(*spot(1.5, 4.5))
    study = small_study(tmp_path / "s", services=services, proposals=plans)
    path = saved(tmp_path, {"name": "x", "close": ["C2", "Y1"], "open": ["C2", "K1", "K2", "N1"]})
    children, youth = Meant(study).questions(scenario=path)
    assert set(children.scenario.open_ids) == {"C1", "C3", "K2"}
    assert set(youth.scenario.open_ids) == {"Y2", "Y3", "C2", "K1", "K2", "N1"}
    (new,) = (m for m in youth.scenario.modifications if m.site == "N1")
    assert (new.name, new.days, new.annual_cost_gbp) == ("New place", 3, 900)
    for key, opened in (("children", ["C1", "K2"]), ("youth", ["C2", "K1", "K2", "N1"])):
        serves = Meant(study).opens_for(key)
        assert [i for i in ("C1", "C2", "K1", "K2", "N1") if serves(i)] == opened
    same = saved(tmp_path, {"name": "y", "close": [], "open": ["C2"]}, name="y.json")
    assert [q.service for q in Meant(study).questions(scenario=same)] == ["youth"]
