"""What cannot be seen is no text: blank names, ids that look alike, numbers that read as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import StudyError
from access.escape import seen
from access.sources.folder import new_study
from access.study import find_study, load_study

#: A blank of no width, a mark of byte order, a joiner, blank letters of Korean and of Braille.
UNSEEN = ("\u200b", "\ufeff", "\u034f", "\u3164", "\u2800", "\u00ad", "\ufe0f", "\u2060")


@pytest.fixture
def town(tmp_path):
    new_study(tmp_path / "town")
    return tmp_path / "town"


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("mark", UNSEEN)
def test_an_id_that_looks_like_another_is_refused_by_both_rows(town, mark):
    edit(town / "areas.csv", "\nA01,", f"\nA02{mark},")
    with pytest.raises(StudyError, match=r"areas\.csv, id: 2 times, row 2 .*, row 3 'A02'"):
        load_study(town)


def test_one_letter_written_in_two_ways_is_one_letter(town):
    edit(town / "centres.csv", "\nC1,", "\n\u00e9,")
    edit(town / "centres.csv", "\nC2,", "\ne\u0301,")
    with pytest.raises(StudyError, match="does not look like another's"):
        load_study(town)


def test_capitals_are_seen(town):
    edit(town / "areas.csv", "\nA01,", "\na02,")
    assert load_study(town).areas["id"].tolist()[:2] == ["a02", "A02"]


@pytest.mark.parametrize("mark", UNSEEN)
def test_a_name_or_a_title_of_nothing_seen_is_empty(town, mark):
    edit(town / "centres.csv", "Hilltop Children's Centre", mark)
    with pytest.raises(StudyError, match=r"centres\.csv, row 3, name: .*not empty"):
        load_study(town)
    edit(town / "study.toml", 'place = "Example Town"', f'place = " {mark}"')
    with pytest.raises(StudyError, match=r"study\.place: expected a text that is not empty"):
        load_study(town)


@pytest.mark.parametrize("values", ["[10, 10.00001]", "[1e-300]", "[10, 9]", "[0]"])
def test_thresholds_that_read_as_one_are_refused(town, values):
    edit(town / "study.toml", "thresholds_minutes = [10, 15, 20, 30]",
         f"thresholds_minutes = {values}")  # fmt: skip
    with pytest.raises(StudyError, match=r"measures\.thresholds_minutes"):
        load_study(town)


@given(st.text())
def test_what_is_seen_stays_when_seen_again(text):
    assert seen(seen(text)) == seen(text)


def test_no_study_is_named_by_nothing():
    with pytest.raises(StudyError, match="no study is named"):
        find_study("")
