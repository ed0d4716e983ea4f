"""Words for numbers at their edges, and never more than the number says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.report.findings import Wording
from access.text import (
    about,
    listed,
    number,
    percent,
    place_of,
    pounds,
    sentence,
    times_as_much,
)

PUBLIC, INSIDE, PLANNER = Wording(), Wording(internal=True), Wording(decimals=1)
NAN, INF = float("nan"), float("inf")


class TestPeople:
    @pytest.mark.parametrize(
        ("count", "said"),
        [
            (None, "a number of children that is not known"),
            (NAN, "a number of children that is not known"),
            (0, "no children"),
            (0.4, "fewer than 5 children"),
            (1, "fewer than 5 children"),
            (4.99, "fewer than 5 children"),
            (5, "5 children"),
            (99, "99 children"),
            (104, "about 100 children"),
            (950, "950 children"),
            (996, "about 1,000 children"),
            (4884.0, "about 4,900 children"),
            (15972, "about 16,000 children"),
        ],
    )
    def test_in_public(self, count, said):
        assert PUBLIC.people(count, "children") == said

    @pytest.mark.parametrize(
        ("count", "said"),
        [(0, "no children"), (0.2, "fewer than 1 of the children"), (1, "1 of the children"),
         (3, "3 children")],
    )  # fmt: skip
    def test_for_the_councils_own_use(self, count, said):
        assert INSIDE.people(count, "children") == said

    @given(st.floats(0.01, 4.99))
    def test_a_small_number_is_never_told_in_public(self, count):
        assert PUBLIC.people(count, "children") == "fewer than 5 children"

    @given(st.floats(5, 1e6))
    def test_rounding_is_small_and_owned_up_to(self, count):
        said = about(count)
        told = float(said.removeprefix("about ").replace(",", ""))
        assert abs(told - count) <= max(0.05 * count, 0.5)
        assert said.startswith("about ") == (told != count)


class TestMinutes:
    @pytest.mark.parametrize(
        ("minutes", "public", "planner"),
        [
            (0, "no time", "no time"),
            (0.04, "less than a minute", "less than 0.1 minutes"),
            (0.49, "less than a minute", "0.5 minutes"),
            (0.5, "1 minute", "0.5 minutes"),
            (1.0, "1 minute", "1.0 minutes"),
            (1.5, "2 minutes", "1.5 minutes"),
            (21.92, "22 minutes", "21.9 minutes"),
            (1234.5, "1,235 minutes", "1,234.5 minutes"),
            (INF, "cannot be reached", "cannot be reached"),
            (None, "not known", "not known"),
        ],
    )
    def test_public_is_whole_and_planners_have_one_decimal(self, minutes, public, planner):
        assert PUBLIC.minutes(minutes) == public
        assert PLANNER.minutes(minutes) == planner

    @pytest.mark.parametrize(
        ("minutes", "said"),
        [
            (9.4, "9 minutes longer"),
            (-1.2, "1 minute shorter"),
            (0, "no longer"),
            (-0.2, "less than a minute shorter"),
            (INF, "cannot be reached"),
            (NAN, "not known"),
        ],
    )
    def test_change(self, minutes, said):
        assert PUBLIC.change(minutes) == said

    @given(st.floats(0, 500))
    def test_nobody_is_told_more_than_half_a_minute_wrong(self, minutes):
        said = PUBLIC.minutes(minutes)
        found = re.match(r"[\d,]+", said)
        told = float(found.group().replace(",", "")) if found else 0.0
        assert abs(told - minutes) <= 0.5 + 1e-6


class TestShares:
    @pytest.mark.parametrize(
        ("share", "said"),
        [
            (0, "none"),
            (1e-9, "less than 1%"),
            (0.0099, "less than 1%"),
            (0.01, "1%"),
            (0.195, "20%"),
            (0.99, "99%"),
            (0.9999, "more than 99%"),
            (1, "all"),
            (None, "a share that is not known"),
        ],
    )
    def test_all_and_none_are_said_only_of_all_and_none(self, share, said):
        assert percent(share) == said

    @given(st.floats(1e-9, 1 - 1e-9))
    def test_part_is_never_called_all_or_none(self, share):
        assert percent(share) not in ("all", "none", "0%", "100%")


class TestPlaces:
    @pytest.mark.parametrize(
        ("rank", "options", "tied", "said"),
        [
            (1, 220, 0, "best of 220"),
            (1, 220, 1, "joint best of 220"),
            (2, 220, 0, "2nd of 220"),
            (113, 220, 4, "joint 113th of 220"),
            (220, 220, 0, "last of 220"),
            (218, 220, 2, "joint last of 220"),
            (1, 2, 1, "level with the only other"),
            (1, 220, 219, "level with all 219 others"),
            (1, 1, 0, "the only option"),
            (None, 220, 0, "not ranked"),
            (1200, 101_640, 0, "1,200th of 101,640"),
        ],
    )
    def test_where_something_stands(self, rank, options, tied, said):
        assert place_of(rank, tied, options=options, others=False) == said

    @pytest.mark.parametrize(
        ("rank", "tied", "said"),
        [
            (None, 0, "not ranked"),
            (1, 0, "1st"),
            (1, 1, "joint 1st (with 1 other)"),
            (1, 110, "joint 1st (with 110 others)"),
            (22, 1_200, "joint 22nd (with 1,200 others)"),
        ],
    )
    def test_a_shared_place_is_joint_and_says_with_how_many(self, rank, tied, said):
        assert place_of(rank, tied) == said
        assert place_of(rank, tied, others=False) == said.split(" (")[0]

    @given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
    def test_what_is_none_of_the_options_is_never_their_best_or_last(self, better, tied, worse):
        options = better + tied + worse
        said = place_of(better + 1, tied, options=options, allowed=False)
        assert said == place_of(better + 1, tied)

    @given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500))
    def test_joint_is_said_of_shared_places_only(self, rank, tied, more):
        said = place_of(rank, tied, options=rank + tied + more)
        assert said.startswith(("joint", "level")) == (tied > 0)
        assert ("other" in said) == (tied > 0)


class TestLists:
    def test_a_list_that_is_cut_says_how_many_it_left_out(self):
        names = ["A", "B", "C", "D", "E"]
        assert listed(names, most=3) == "A, B, C and two others"
        assert listed(names, most=4) == "A, B, C, D and E"
        assert listed(names, most=5) == "A, B, C, D and E"

    def test_nothing_is_said_to_be_nothing(self):
        assert listed([], none="no centre") == "no centre"

    def test_names_from_outside_stay_on_one_line(self):
        assert listed(["A\nB", "C"]) == "A B and C"

    @pytest.mark.parametrize(
        ("count", "said"), [(0, "no boxes"), (1, "one box"), (9, "nine boxes"), (10, "10 boxes")]
    )
    def test_numbers_of_things(self, count, said):
        assert number(count, "box", "boxes") == said


class TestTheRest:
    @pytest.mark.parametrize(
        ("amount", "said"),
        [(0, "£0"), (-0.2, "£0"), (498_000.4, "£498,000"), (NAN, "not known")],
    )
    def test_money(self, amount, said):
        assert pounds(amount) == said

    @pytest.mark.parametrize(
        ("ratio", "said"),
        [
            (1.04, "about the same as that of others"),
            (1.06, "1.1 times that of others"),
            (0, "next to nothing beside that of others"),
            (-0.5, "not comparable with that of others"),
            (INF, "not comparable with that of others"),
        ],
    )
    def test_ratios(self, ratio, said):
        assert times_as_much(ratio, "others") == said

    def test_a_question_keeps_its_mark(self):
        assert sentence("which nine?") == "Which nine?"
