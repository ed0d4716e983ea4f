"""Before the first question: faults are shown, and streets found or said to be missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from access.errors import ParameterError
from access.notebook import check, find_streets, register, sources
from access.sources.folder import new_study
from access.study import load_study


@pytest.fixture(autouse=True)
def no_streets_named(monkeypatch):
    monkeypatch.delenv("ACCESS_STREETS", raising=False)


# ---- wrong inputs


def test_a_name_that_points_nowhere_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("ACCESS_STREETS", str(tmp_path / "gone.osm.pbf"))
    with pytest.raises(ParameterError, match=r"gone\.osm\.pbf', which is no file"):
        find_streets(tmp_path)


def test_a_study_that_is_not_there_is_a_fault_to_read_not_an_error():
    found = check("rotheram")
    assert found.study is None
    assert "Is 'rotherham' meant?" in repr(found)
    assert found.to_frame().empty


def test_every_fault_is_listed_with_its_row_and_column(tmp_path):
    folder = tmp_path / "town"
    new_study(folder)
    table = folder / "centres.csv"
    text = table.read_text(encoding="utf-8").replace("-1.38,53.41", "53.41,-1.38")
    table.write_text(text.replace("C2,", "C1,"), encoding="utf-8")
    found = check(folder)
    assert found.study is None
    frame = found.to_frame()
    assert set(frame["file"]) == {"centres.csv"}
    assert {"id", "lon", "lat"} <= set(",".join(frame["column"]).replace(" ", "").split(","))
    for expected in frame["expected"]:
        assert " ".join(expected.split())[:20] in " ".join(repr(found).split())


def test_what_stands_in_a_faulty_cell_is_escaped(tmp_path):
    folder = tmp_path / "town"
    new_study(folder)
    table = folder / "centres.csv"
    text = table.read_text(encoding="utf-8").replace("-1.38", "<script>")
    table.write_text(text, encoding="utf-8")
    page = check(folder)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# ---- right ones


def test_a_sound_study_is_handed_on(tmp_path):
    folder = tmp_path / "town"
    new_study(folder)
    found = check(folder)
    assert len(found.study.areas) == 20
    assert found.message.startswith("No faults found. An example to replace")
    assert "Everything in this study is made up." in found._repr_html_()


def test_without_streets_it_says_that_they_are_modelled_and_how_to_bring_some(tmp_path):
    (tmp_path / "streets.txt").write_text("no streets")
    found = find_streets(tmp_path)
    assert found.path is None
    words = " ".join(repr(found).split())
    assert "modelled and every number says so" in words
    assert "ACCESS_STREETS" in words
    assert str(tmp_path) in words


def test_of_several_extracts_the_first_by_name_is_taken(tmp_path):
    for name in ("b.osm.pbf", "a.osm", "c.graphml"):
        (tmp_path / name).touch()
    assert find_streets(tmp_path).path == tmp_path / "a.osm"


def test_a_named_extract_goes_before_one_that_lies_there(monkeypatch, tmp_path):
    (tmp_path / "a.osm").touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "z.osm.pbf").touch()
    monkeypatch.setenv("ACCESS_STREETS", str(elsewhere / "z.osm.pbf"))
    assert find_streets(tmp_path).path == elsewhere / "z.osm.pbf"
    assert repr(find_streets(tmp_path)) == "Streets are read from z.osm.pbf."


# ---- the register and the sources


def test_the_register_says_not_known_and_never_nought():
    found = register(load_study("rotherham"))
    frame = found.to_frame()
    assert len(frame) == 23
    assert (frame["Assumed"].value_counts()).to_dict() == {
        "no": 12, "stand-in": 6, "proxy position": 5,
    }  # fmt: skip
    assert repr(found).count("not known") >= 4 * 23
    assert "nan" not in repr(found)


@pytest.mark.parametrize(
    ("stand_ins", "proxies", "words"),
    [(0, 0, "none are assumed stand-ins, none stand at proxy positions"),
     (1, 1, "1 is an assumed stand-in, 1 stands at a proxy position")],
)  # fmt: skip
def test_the_register_counts_none_and_one(stand_ins, proxies, words):
    study = load_study("rotherham")
    marks = [i < stand_ins for i in range(23)], [20 < i <= 20 + proxies for i in range(23)]
    centres = study.centres.assign(assumed=marks[0], proxy=marks[1], annual_cost_gbp=1000.0)
    sentence = register(replace(study, centres=centres)).sentence
    assert words in sentence
    assert "cost a year" not in sentence


def test_sources_tell_a_table_that_has_changed(tmp_path):
    study = load_study("rotherham")
    assert sources(study).sentence.endswith("All are as the manifest says.")
    inputs = ({**study.inputs[0], "changed": "yes"}, {**study.inputs[1], "changed": "not listed"})
    words = sources(replace(study, inputs=inputs)).sentence
    assert words == (
        f"2 tables. Changed since the manifest was written: {inputs[0]['file']}. "
        f"Not in the manifest: {inputs[1]['file']}."
    )
