"""Equality groups beside everyone else, never without the warning."""

import math

import pandas as pd
import pytest

from access.errors import ParameterError
from access.network.matrix import TravelMatrix
from access.scenario import ECOLOGICAL_WARNING, compare, equality
from access.scenario.users import group_counts
from access.study.config import Group

INF = math.inf
M = TravelMatrix.from_minutes(
    [[5, 15], [5, 7], [4, INF]], area_ids=list("abc"), site_ids=["X", "Y"]
)
DEMAND = pd.DataFrame(
    {
        "id": list("abc"),
        "count": [10, 20, 5],
        "people": [100, 200, 50],
        "disabled": [60, 20, 10],
        "white_british": [90, 150, 50],
        "households": [40, 80, 20],
        "lone_parents": [10, 0, 20],
    }
)


GROUPS = (
    Group(label="disabled people", column="disabled", denominator="people"),
    Group(label="people other than White British", column="white_british", denominator="people",
          others=True),
    Group(label="lone-parent households", column="lone_parents", denominator="households"),
    Group(label="people aged 65 and over"),
)  # fmt: skip


def impact(demand=DEMAND):
    return compare(M, before=["X", "Y"], after=["Y"], demand=demand)


@pytest.mark.parametrize("groups", [(), (Group(label="carers"),), {}])
def test_no_group_at_all(groups):
    with pytest.raises(ParameterError, match="no equality group to count"):
        equality(impact(), groups)


def test_columns_that_are_not_there():
    with pytest.raises(ParameterError, match=r"no columns \['carers', 'folk'\]"):
        equality(impact(), {"carers": ("carers", "folk")})


def test_more_of_a_group_than_there_are_people_and_counts_that_are_none():
    wrong = DEMAND.assign(disabled=[101, -1, 3], lone_parents=["x", 0, 21])
    with pytest.raises(ParameterError, match="cannot be counted") as error:
        equality(impact(wrong), GROUPS)
    assert [(f.where, f.column) for f in error.value.faults] == [
        ("b", "disabled"),
        ("a", "disabled"),
        ("a", "lone_parents"),
        ("c", "lone_parents"),
    ]


def test_groups_by_hand():
    table = equality(impact(), GROUPS).table.set_index("group")
    # a +10, b +2, c cut off: disabled 60 and 20 -> 640 / 80; others 40 and 180 -> 760 / 220
    row = table.loc["disabled people"]
    assert row["people"] == 90
    assert row["share_of_base"] == pytest.approx(90 / 350)
    assert row["mean_minutes_change"] == pytest.approx(8)
    assert row["others_mean_minutes_change"] == pytest.approx(760 / 220)
    assert row["ratio_to_others"] == pytest.approx(8 / (760 / 220))
    # 80 of 90 walk further and 10 reach nothing; of the others 220 of 260 and 40
    assert row["share_lengthened"] == pytest.approx(80 / 90)
    assert row["share_newly_unreachable"] == pytest.approx(10 / 90)
    assert row["others_share_lengthened"] == pytest.approx(220 / 260)
    assert row["others_share_newly_unreachable"] == pytest.approx(40 / 260)
    assert row["newly_unreachable"] == 10
    # those who are not White British: 10 and 50
    other = table.loc["people other than White British"]
    assert other["people"] == 60
    assert other["mean_minutes_change"] == pytest.approx((100 + 100) / 60)


def test_groups_of_ones_own():
    got = equality(impact(), {"others": ("not white_british", "people")}).table
    assert got["people"].tolist() == [60]
    assert got["group"].tolist() == ["others"]


def test_ages_of_another_date_may_count_more_than_the_census_did():
    # b had 15 people at the census; 20 children live there now, who are then all of its people
    demand = DEMAND[["id", "count", "people"]].assign(children_0_4=[10, 20, 0])
    demand["people"] = [100, 15, 50]
    ages = Group(label="children under 5", column="children_0_4", denominator="people",
                 other_date=True)  # fmt: skip
    found = equality(impact(demand), [ages]).table.set_index("group").loc["children under 5"]
    assert (found["people"], found["share_of_base"]) == (30, pytest.approx(30 / 170))
    with pytest.raises(ParameterError, match="cannot be counted"):
        equality(impact(demand), {"children": ("children_0_4", "people")})


def test_groups_left_out_are_named_and_the_warning_stands_everywhere():
    found = equality(impact(), GROUPS)
    assert found.notes == ("people aged 65 and over left out: not counted by area",)
    assert found.left_out == ("people aged 65 and over",)
    assert found.warning == ECOLOGICAL_WARNING
    assert ECOLOGICAL_WARNING in repr(found)
    assert ECOLOGICAL_WARNING in found._repr_html_()
    assert found.sentence().startswith(
        "The trip grows most where lone-parent households live: by 10.0 minutes on average"
    )


def test_others_who_do_not_change_make_no_ratio():
    demand = DEMAND.assign(disabled=[100, 0, 0])
    m = TravelMatrix.from_minutes(
        [[5, 15], [5, 5], [4, 4]], area_ids=list("abc"), site_ids=["X", "Y"]
    )
    table = equality(compare(m, before=["X", "Y"], after=["Y"], demand=demand), GROUPS[:1]).table
    assert math.isnan(table.set_index("group").loc["disabled people", "ratio_to_others"])


def test_a_group_of_everybody_leaves_nobody_whatever_the_last_digits():
    demand = pd.DataFrame({"part": [0.1 + 0.2, 5.0], "whole": [0.3, 5.0]}, index=["a", "b"])
    group = Group.model_construct(label="all", column="part", denominator="whole")
    inside, base, faults = group_counts(demand, group)
    assert not faults
    assert (base - inside >= 0).all()
