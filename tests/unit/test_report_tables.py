"""One table model: what is wrong with a table, what it shows, and what it hides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.document.table import Column, Table, Totals, _cell
from access.errors import ParameterError
from access.escape import plain
from access.text import NOT_APPLICABLE, figure

CENTRE = Column("centre", "Centre")
FAMILIES = Column("families", "Families", "people")
SHARE = Column("share", "Share of families", "share", hidden_with=("families",))


class TestWrongInputs:
    def test_every_fault_of_a_table_is_told_at_once(self):
        with pytest.raises(ParameterError) as caught:
            Table(
                "Too much wrong",
                (CENTRE, CENTRE, FAMILIES, Column("x", "X", "colour")),
                (("Wath", "Wath", -3, 1), ("Park View", "", "many", 2), ("short",)),
            )
        told = str(caught.value)
        assert len(caught.value.faults) == 5
        for words in (
            "every column's key once",
            "colour",
            "0 or more",
            "'many'",
            "1 cells",
        ):
            assert words in told

    def test_a_column_may_only_hide_with_a_people_column(self):
        with pytest.raises(ParameterError, match="a people column, any of"):
            Table("T", (CENTRE, Column("share", "S", "share", hidden_with=("centre",))), ())

    def test_a_sum_may_only_name_people_columns(self):
        with pytest.raises(ParameterError, match="centre"):
            Table("T", (CENTRE, FAMILIES), (), sums=(("families", ("centre",)),))

    def test_a_frame_without_the_column_is_refused_and_says_what_it_has(self):
        frame = pd.DataFrame({"center": ["Wath"]})
        with pytest.raises(ParameterError, match=r"\['centre'\].*\['center'\]"):
            Table.from_frame(frame, "T", (CENTRE,))

    def test_a_figure_in_a_column_of_texts_is_refused(self):
        """It would stand as 466.0 on the page, and as a text in the workbook."""
        with pytest.raises(ParameterError, match="a kind of column for numbers"):
            Table("T", (CENTRE, Column("room", "Capacity")), (("Wath", 466.0),))

    def test_a_number_without_end_is_no_figure(self):
        with pytest.raises(ParameterError, match="words"):
            figure(float("inf"))


class TestCells:
    @pytest.mark.parametrize(
        ("value", "kind", "places", "shown"),
        [
            (4884.0, "people", 0, "4,884"),
            (0, "people", 0, "0"),
            (2.5, "minutes", 0, "3"),
            (0.05, "minutes", 1, "0.1"),
            (-0.04, "minutes", 1, "0.0"),
            (-12.34, "minutes", 1, "\u221212.3"),
            (0.5, "share", 0, "50"),
            (1.0, "share", 1, "100.0"),
            (np.int64(498000), "money", 0, "498,000"),
            (None, "money", 0, "not known"),
            (float("nan"), "minutes", 1, "not known"),
            (pd.NA, "people", 0, "not known"),
            ("", "text", 0, "not known"),
            (float("inf"), "minutes", 1, "cannot be reached"),
            (NOT_APPLICABLE, "minutes", 1, "[z]"),
            ("Coleridge\u202e", "text", 0, "Coleridge"),
        ],
    )
    def test_what_a_cell_shows(self, value, kind, places, shown):
        assert _cell(value, kind, places).text == shown

    def test_a_rise_has_a_plus_and_no_change_has_none(self):
        assert [figure(v, 1, signed=True) for v in (2, 0, -2)] == ["+2.0", "0.0", "\u22122.0"]

    def test_the_workbooks_value_carries_no_more_digits_than_the_page(self):
        # 7 of 61 families is 0.114754...: in full it gives both numbers away.
        assert _cell(7 / 61, "share", 1).value == 0.115
        assert _cell(12.3456, "minutes", 1).value == 12.3
        assert _cell(12.0, "people", 0).value == 12
        assert isinstance(_cell(12.0, "people", 0).value, int)

    def test_not_known_stays_not_known_beside_a_hidden_count(self):
        assert _cell(None, "share", 1, hidden=True).text == "not known"

    @pytest.mark.parametrize(
        ("families", "share", "shown"),
        [(0, None, "[z]"), (0, 0.0, "0.0"), (7, None, "not known"), (None, None, "not known")],
    )
    def test_a_share_of_nobody_does_not_apply_and_is_not_said_to_be_ungiven(
        self, families, share, shown
    ):
        view = Table("T", (CENTRE, FAMILIES, SHARE), (("Wath", families, share),)).view()
        assert view.rows[0][2].text == shown
        assert any("nobody has given" in note for note in view.notes) is (shown == "not known")

    @given(st.floats(-1e9, 1e9), st.integers(0, 2))
    def test_a_figure_is_within_half_a_unit_of_its_number(self, number, places):
        text = figure(number, places).replace(",", "").replace("\u2212", "-")
        assert abs(float(text) - number) <= 0.5 * 10**-places + 1e-6 * abs(number)

    @given(st.text())
    def test_any_text_becomes_one_line_that_xml_can_hold(self, text):
        line = plain(text)
        assert not any(ch < " " or "\ud800" <= ch <= "\udfff" for ch in line)
        assert plain(line) == line


class TestViews:
    def table(self, *counts):
        rows = tuple((f"Centre {k}", n, n / 100) for k, n in enumerate(counts))
        return Table("Families", (CENTRE, FAMILIES, SHARE), rows)

    def test_a_share_is_hidden_with_its_count(self):
        view = self.table(3, 50).view()
        assert [c.text for c in view.rows[0]] == ["Centre 0", "[c]", "[c]"]
        assert [c.text for c in view.rows[1]] == ["Centre 1", "50", "50.0"]
        assert view.notes[-1].startswith("[c]: hidden")

    def test_an_internal_view_keeps_everything_and_says_that_it_is_one(self):
        view = self.table(3, 50).view(internal=True)
        assert view.internal
        assert view.rows[0][1].value == 3
        assert not any("[c]" in note for note in view.notes)

    def test_without_a_total_one_small_count_hides_alone(self):
        assert self.table(3, 50, 60).hidden()[:, 1].tolist() == [True, False, False]

    def test_a_total_that_adds_up_takes_a_second_count(self):
        table = self.table(3, 50, 60).with_total(share=1.13)
        assert table.totals is Totals.ADDS_UP
        assert table.hidden()[:, 1].tolist() == [True, True, False, False]
        assert [c.text for c in table.view().total] == ["Total", "113", "113.0"]

    def test_a_total_says_not_known_where_a_part_is_not_known(self):
        table = Table("T", (CENTRE, FAMILIES), (("A", None), ("B", 7))).with_total()
        assert table.view().total[1].text == "not known"

    def test_a_row_for_everyone_that_is_no_sum_hides_no_more(self):
        table = Table(
            "T",
            (CENTRE, FAMILIES),
            (("Disabled", 3), ("Lone parents", 40)),
            total=("Everyone", 55),
            totals=Totals.APART,
        )
        assert table.hidden()[:, 1].tolist() == [True, False, False]

    def test_sums_along_a_row_are_guarded_too(self):
        columns = (
            CENTRE,
            FAMILIES,
            Column("further", "Further", "people"),
            Column("same", "Same", "people"),
        )
        table = Table(
            "T", columns, (("Wath", 60, 2, 58),), sums=(("families", ("further", "same")),)
        )
        assert table.hidden()[0].tolist() == [False, False, True, True]

    def test_a_table_without_rows_is_still_a_table(self):
        view = Table("Nobody", (CENTRE, FAMILIES), ()).with_total().view()
        assert view.rows == ()
        assert [c.text for c in view.total] == ["Total", "0"]

    def test_units_stand_in_the_header_once(self):
        assert SHARE.header == "Share of families (%)"
        assert Column("m", "Walk", "minutes").header == "Walk (minutes)"
        assert CENTRE.header == "Centre"
        assert Column("m", "Mean", "minutes", unit="").header == "Mean"

    def test_from_frame_keeps_the_order_that_is_asked_for(self):
        frame = pd.DataFrame({"families": [12, 9], "centre": ["Wath", "Park View"]})
        table = Table.from_frame(frame, "T", (CENTRE, FAMILIES))
        assert table.rows == (("Wath", 12), ("Park View", 9))

    @given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
    @settings(max_examples=60)
    def test_a_reader_cannot_subtract_the_way_to_a_hidden_count(self, counts):
        view = self.table(*counts).with_total().view()
        shown = [c for (_, c, _) in view.rows]
        hidden = [c for c in shown if c.state == "hidden"]
        total = view.total[1]
        for count, c in zip(counts, shown, strict=True):
            assert (c.state == "hidden") or not 0 < count < 5
        if hidden and total.state == "value":
            rest = total.value - sum(c.value for c in shown if c.state == "value")
            assert len(hidden) > 1
            assert rest - len(hidden) >= 3
