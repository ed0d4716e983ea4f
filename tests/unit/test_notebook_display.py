"""What a notebook and a terminal show: escaped, told in words, and never a guess."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from access.display import _html_table, frame_cells, html_answer, records, text_answer
from access.network import Network, TravelMatrix
from access.siting import Within, p_median
from access.study import load_study

NASTY = "<script>alert('x')</script> & \"quotes\""


class Tags(HTMLParser):
    """Collects the tags of a page, and the words between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_nothing_from_outside_is_taken_for_html():
    page = html_answer(NASTY, [NASTY, "b"], [[NASTY, NASTY]], notes=[NASTY], title=NASTY)
    found = read(page)
    assert "script" not in found.tags
    assert found.words.count(NASTY) == 6


def test_a_table_has_header_cells_for_those_who_listen_to_it():
    page = _html_table(["site", "minutes"], [["Wath", 5], ["Aston", 12]])
    assert page.count("scope='col'") == 2
    assert page.count("scope='row'") == 2


def test_nothing_is_written_for_what_is_not_there():
    assert html_answer("") == ""
    assert "<table" not in html_answer("A sentence.")
    assert "<details" not in html_answer("A sentence.", ["a"], [["b"]])
    assert text_answer("") == ""


def test_a_terminal_gets_lines_that_fit_and_figures_that_line_up():
    text = text_answer("word " * 40, ["site", "minutes"], [["Wath", 5], ["Aston", 112]])
    assert max(map(len, text.splitlines())) <= 88
    ends = {len(line) for line in text.splitlines()[-2:]}
    assert len(ends) == 1


# ---- the study


@pytest.fixture(scope="module")
def study():
    return load_study("rotherham")


def test_a_study_tells_what_it_holds_what_is_not_known_and_what_is_assumed(study):
    words = " ".join(read(study._repr_html_()).words)
    assert "854 areas (Output Area 2011), 23 centres, 73 candidate sites" in words
    assert "Not known of any centre: yearly cost, yearly visits, condition, capacity" in words
    for note in study.assumptions:
        assert note in words


def test_a_studys_table_counts_stand_ins_and_proxies(study):
    frame = study.to_frame().set_index("service")
    assert frame.loc["Children's Centres", ["today", "proposed"]].tolist() == [12, 9]
    assert frame.loc["Youth Centres", ["stand_ins", "proxies"]].tolist() == [6, 5]
    assert frame["families"].tolist() == [15972, 24192]


def test_a_study_without_a_proposal_says_none(study):
    from dataclasses import replace

    bare = replace(study, config=study.config.model_copy(update={"proposals": {}}))
    assert bare.to_frame()["proposed"].isna().all()
    assert read(bare._repr_html_()).words.count("none") == 2


def test_a_studys_names_are_escaped(study):
    from dataclasses import replace

    place = study.config.study.model_copy(update={"title": NASTY})
    odd = replace(study, config=study.config.model_copy(update={"study": place}))
    assert "script" not in read(odd._repr_html_()).tags
    assert html.escape(NASTY) in odd._repr_html_()


# ---- the travel matrix


def test_a_matrix_tells_how_many_pairs_are_reached_and_why_others_are_not():
    m = TravelMatrix.from_minutes(
        [[5.0, np.inf]], area_ids=["a"], site_ids=["X", "Y"], assumptions=[NASTY]
    )
    words = read(m._repr_html_()).words
    assert "no way through the network" in words
    assert "reached along the network" in words
    assert NASTY in words
    assert "area or site is too far from any usable street" not in words


def test_rows_of_a_table_are_what_pandas_gives():
    table = pd.DataFrame({
        "text": ["a", "b"], "gap": ["a", None], "whole": [1, 2], "number": [0.1, np.nan],
        "flag": [True, False], "either": np.array([np.float64(2.5), "x"], dtype=object),
        "ids": [("X", "Y"), ()], "known": pd.array([1, None], dtype="Int64"),
    })  # fmt: skip
    assert repr(records(table)) == repr(table.to_dict("records"))
    assert records(table.iloc[:0]) == []
    assert records(pd.DataFrame()) == []


def test_pandas_missing_values_do_not_break_a_table():
    assert "&lt;NA&gt;" in _html_table(["a"], [[pd.NA]])


# ---- the network


def test_a_network_tells_whose_streets_and_how_many_kilometres():
    net = Network.from_edges(
        [-1.36, -1.35, -1.34], [53.43, 53.43, 53.43], [0, 1], [1, 2],
        metres=[1500.0, 500.0], edge_class=["residential", NASTY], assumptions=["Made up."],
        source=NASTY,
    )  # fmt: skip
    found = read(net._repr_html_())
    assert "script" not in found.tags
    assert "2 pieces, 3 junctions and ends, 2 km" in " ".join(found.words)
    assert found.words.count(NASTY) == 1
    assert "Made up." in found.words


# ---- the optimiser's answer


def test_a_solution_tells_its_sites_whom_they_serve_and_what_is_proven():
    costs = pd.DataFrame(
        [[1.0, 9.0], [2.0, 9.0], [9.0, np.inf]], index=["a", "b", "c"], columns=[NASTY, "Y"]
    )
    found = read(p_median(costs, 1)._repr_html_())
    assert "script" not in found.tags
    words = " ".join(found.words)
    assert "proven best" in words
    assert NASTY in found.words
    assert found.words[found.words.index(NASTY) + 1 :][:2] == ["3", "9.0"]
    assert "What is proven, and how" in words


def test_a_solution_that_cannot_be_says_why():
    costs = pd.DataFrame([[30.0]], index=["a"], columns=["X"])
    words = " ".join(read(p_median(costs, 1, rules=[Within(10)])._repr_html_()).words)
    assert "No answer keeps all the rules" in words
    assert "table" not in read(p_median(costs, 1, rules=[Within(10)])._repr_html_()).tags


def test_no_text_of_an_answer_commands_the_terminal():
    obeyed = "\u202egnp\u2066 \x1b[31m\x07"
    text = text_answer(obeyed, [obeyed, "minutes"], [[obeyed, 5]])
    assert not set(obeyed) & set(text) - set("[]gnp31m ")
    assert text.count("\\u202egnp") == 3


def test_figures_of_a_frame_are_written_as_in_every_table():
    frame = pd.DataFrame({"site": ["X", "", "Z"], "minutes": [np.nan, np.inf, -0.001]})
    frame["families"] = [1234.5, None, 2.0]
    assert frame_cells(frame)[1] == [
        ["X", "not known", "1,234.50"],
        ["", "cannot be reached", "not known"],
        ["Z", "0.00", "2.00"],
    ]
