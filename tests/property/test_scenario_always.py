"""What no change of sites may ever do, on made-up boroughs of every kind."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from access.network.matrix import TravelMatrix
from access.scenario import compare
from tests.drawn import cells

CLASSES = [
    "gain",
    "unchanged",
    "lose_0_5",
    "lose_5_10",
    "lose_10_plus",
    "newly_unreachable",
    "newly_reached",
    "unreached_both",
]


@st.composite
def boroughs(draw):
    areas, sites = draw(st.integers(1, 8)), draw(st.integers(2, 5))
    minutes = draw(cells((areas, sites), [*range(61), *[float("inf")] * 30]))
    counts = draw(cells((areas,), range(41)))
    counts[0] += not counts.any()  # nobody at all is refused
    ids = [f"a{i}" for i in range(areas)]
    rank = draw(cells((areas,), range(1, 32845)))
    decile = (rank - 1) * 10 // 32844 + 1
    demand = pd.DataFrame({"id": ids, "count": counts, "imd_rank": rank, "imd_decile": decile})
    m = TravelMatrix.from_minutes(minutes, area_ids=ids, site_ids=[f"s{j}" for j in range(sites)])
    kept = draw(st.integers(1, sites - 1))
    return m, demand, list(m.site_ids), list(draw(st.permutations(m.site_ids)))[:kept]


@settings(max_examples=60)
@given(boroughs())
def test_closing_never_shortens_and_opening_never_lengthens(borough):
    m, demand, every, kept = borough
    closing = compare(m, before=every, after=kept, demand=demand)
    opening = compare(m, before=kept, after=every, demand=demand)
    assert (closing.areas["minutes_after"] >= closing.areas["minutes_before"]).all()
    assert (opening.areas["minutes_after"] <= opening.areas["minutes_before"]).all()
    assert closing.summary["lengthened"] == opening.summary["gain"]
    assert closing.summary["newly_unreachable"] == opening.summary["newly_reached"]


@settings(max_examples=60)
@given(boroughs())
def test_everybody_in_is_everybody_out(borough):
    m, demand, every, kept = borough
    impact = compare(m, before=every, after=kept, demand=demand)
    total = demand["count"].sum()
    s = impact.summary
    assert sum(s[c] for c in CLASSES) == total == impact.areas["count"].sum()
    assert s["reached_after"] + s["not_reached_after"] == total
    assert impact.by("imd_decile")["families"].sum() == total
    assert impact.closed_sites["families"].sum() == s["displaced"]


@settings(max_examples=40)
@given(boroughs(), st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_changes_nothing(borough, random):
    m, demand, every, kept = borough
    areas, sites = list(m.area_ids), list(m.site_ids)
    random.shuffle(areas)
    random.shuffle(sites)
    one = compare(m, before=every, after=kept, demand=demand)
    two = compare(m.areas(areas).sites(sites), before=every, after=kept, demand=demand)
    same = two.areas.set_index("id").loc[one.areas["id"]].reset_index()
    pd.testing.assert_frame_equal(one.areas, same[one.areas.columns])
    for key, value in one.summary.items():
        if isinstance(value, float):
            np.testing.assert_allclose(two.summary[key], value, rtol=1e-12)
        else:
            assert two.summary[key] == value, key
