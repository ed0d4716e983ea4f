"""The hub answer of a notebook: wrong questions first, then that it hands on what was proven."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import numpy as np
import openpyxl
import pytest

from access.errors import OutputError, ParameterError

pytestmark = pytest.mark.usefixtures("settings_few")  # no test counts how firm a plan is


@pytest.fixture(scope="module")
def rotherham(rotherham_answers):
    return rotherham_answers


@pytest.fixture(scope="module")
def hubs(rotherham):
    return rotherham.hubs()


# ---- wrong questions


def test_a_mode_or_a_site_that_is_not_there_is_told(rotherham):
    with pytest.raises(ParameterError, match="no mode 'bus'"):
        rotherham.hubs(3, mode="bus")
    with pytest.raises(ParameterError, match=r"\['X9'\] are no sites of the study"):
        rotherham.hubs(1, among=["CC02", "X9"])


@pytest.mark.parametrize("wrong", [0, -1, 2.5, 4])
def test_a_number_of_hubs_that_cannot_be_is_told(rotherham, wrong):
    with pytest.raises(ParameterError, match="size"):
        rotherham.hubs(wrong, among=["CC02", "CC07", "CC09"])


def test_a_locality_without_a_site_to_choose_cannot_be_forced(rotherham):
    with pytest.raises(ParameterError, match="keep the rules"):
        rotherham.hubs(2, among=["CC02", "CC07", "CC09"], each_locality=True)


def test_a_number_that_was_not_looked_for_has_no_map(hubs):
    with pytest.raises(ParameterError, match=r"the best 40 hubs were not looked for"):
        hubs.map(40)


def test_a_table_that_is_not_there_is_told(hubs):
    with pytest.raises(ParameterError, match="no table 'costs'"):
        hubs.table("costs")


def test_a_workbook_must_be_named_as_one(hubs, tmp_path):
    with pytest.raises(OutputError):
        hubs.to_excel(tmp_path / "hubs.csv")


# ---- the answer is the optimiser's, and the right one


def test_it_chooses_among_the_centres_that_stay_and_the_candidates(rotherham, hubs):
    closing = {"CC04", "CC11", "CC12", "YC01", "YC02", "YC03", "YC04", "YC05"}
    assert len(hubs.among) == 9 + 6 + 73
    assert not closing & set(hubs.among)
    neighbours = rotherham.study.neighbours["id"]
    assert not set(neighbours) & set(hubs.among)


def test_the_best_is_the_best_of_all_sets_listed_by_hand(rotherham):
    among = ["CC02", "CC07", "CC09", "LIB14", "SEC09", "GP04", "GP17"]
    found = rotherham.hubs(2, among=among, mode="walk")
    minutes = rotherham.travel("walk").sites(among).total_minutes
    areas = rotherham.study.areas
    counts = [areas[list(offer.columns)].sum(axis=1).to_numpy(float)
              for offer in rotherham.study.config.hubs.offers.values()]  # fmt: skip
    assert len(counts) == 3

    def mean(pair):
        near = minutes[:, list(pair)].min(axis=1)
        return np.mean([np.average(near, weights=c) for c in counts])

    best = min(itertools.combinations(range(len(among)), 2), key=mean)
    assert found.best.status == "proven_optimal"
    assert {among[k] for k in best} == set(found.best.chosen)
    assert found.best.objective == pytest.approx(mean(best))


def test_the_councils_choice_is_compared_only_with_as_many(rotherham, hubs):
    assert hubs.found.council.chosen == ("CC02", "CC07", "CC09")
    assert "The council's 3 (Coleridge" in hubs.sentence()
    among = ["CC01", "CC02", "CC03", "CC05", "CC07", "CC09"]
    other = rotherham.hubs(2, among=among)
    assert other.found.council.sets == 20
    assert "more than the best 3" in other.sentence()
    lacking = [i for i in among if i != "CC07"]
    alone = rotherham.hubs(2, among=lacking)
    assert alone.found.council is None
    assert "council's 3" not in alone.sentence()
    assert "council" not in alone.plot().title


def test_weights_change_the_mean_and_are_told(rotherham):
    among = ["CC02", "CC07", "CC09", "LIB14", "SEC09", "GP04"]
    plain, weighted = (rotherham.hubs(2, among=among, weighted=w) for w in (False, True))
    assert weighted.best.objective != plain.best.objective
    assert "weights: linear" in weighted._repr_html_()
    assert "weights: linear" not in plain._repr_html_()


def test_one_in_each_locality_is_kept(rotherham):
    among = ["CC02", "CC07", "CC09", "LIB14", "SEC09", "GP04"]
    assert len(set(rotherham.results.sites.set_index("id").loc[among, "locality"])) == 3
    found = rotherham.hubs(3, among=among, each_locality=True)
    places = rotherham.results.sites.set_index("id")["locality"]
    assert sorted(places.loc[list(found.best.chosen)]) == ["Central", "North", "South"]
    assert found.to_frame().index.min() == 3


# ---- what is shown


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data):
        self.words.append(data)


def test_it_prints_as_a_sentence_and_a_table_with_what_it_assumes(rotherham, hubs):
    text = repr(hubs)
    assert text.startswith("Family trip: The best 3 hubs")
    assert " ".join(text.split()).startswith(hubs.sentence())
    reader = Words()
    reader.feed(hubs._repr_html_())
    for note in rotherham.assumptions:
        assert note in reader.words
    assert "The council's choice: Rotherham MBC, Family Hubs opened by 2024." in reader.words
    assert "not known" in " ".join(reader.words)


def test_minutes_are_rounded_once(hubs):
    for n, row in hubs.to_frame().iterrows():
        line = next(ln for ln in repr(hubs).splitlines() if re.match(rf"\s+{n}\s", ln))
        assert f"{row['mean_minutes']:.1f}" in line


@pytest.mark.parametrize(
    "what", ["near_best", "front", "curve", "plans", "minutes", "reach", "standing"]
)
def test_every_table_can_be_read_and_framed(hubs, what):
    table = hubs.table(what)
    assert len(table.to_frame()) > 1
    assert ("Where" if what in ("near_best", "front", "curve", "plans") else "Plan") in repr(table)


def test_plans_are_told_and_two_are_drawn(hubs):
    text = hubs.plan_words()
    assert "0 to 18: those aged 19 are not counted by area" in text
    assert "23,232 sets of 3 with at least one hub in each of Central, North and South" in text
    assert "Children's Centres from 12 to 9 and Youth Centres from 11 to 6" in text
    chart = hubs.between("council", "locality")
    assert chart.title.startswith("Who is nearer and who is further: the council's own or best")
    with pytest.raises(ParameterError, match="no plan 'mine'"):
        hubs.between("council", "mine")


def test_the_map_marks_the_hubs_and_the_councils_choice(hubs):
    axes = hubs.map().figure().axes[0]
    words = [t.get_text() for t in axes.get_legend().get_texts()]
    assert "best hubs" in words
    assert "the council's choice" in words
    marks = {line.get_label(): len(line.get_xdata()) for line in axes.lines}
    assert marks["best hubs"] == marks["the council's choice"] == 3


def test_the_chart_is_the_same_each_time(hubs):
    assert hubs.plot().png(dpi=40) == hubs.plot().png(dpi=40)
    assert f"{hubs.best.objective:.1f} minutes" in hubs.plot().title


def test_the_workbook_holds_every_table(hubs, tmp_path):
    book = openpyxl.load_workbook(hubs.to_excel(tmp_path / "hubs.xlsx"))
    assert len(book.sheetnames) == 8
    cells = [c.value for row in book.worksheets[2].iter_rows() for c in row]
    best = hubs.best.objective
    assert round(best) in cells
