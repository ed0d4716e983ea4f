"""The explorer's input: every fault at once, the same bytes whatever the order, exact minutes."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.errors import ParameterError
from access.maps.explorer import _explorer_html
from access.maps.explorer_data import _example_data, _ExplorerData, _ExplorerService
from access.maps.explorer_encode import (
    _ALPHABET,
    _areas_before,
    _encode,
    _encode_minutes,
    _encode_postcodes,
    _encode_rounded,
)
from access.network.matrix import TravelMatrix
from access.units import great_circle_m

DATA = _example_data()


def raised(**changes) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        replace(DATA, **changes)
    return caught.value


# Wrong inputs first.


def test_every_fault_is_told_at_once():
    areas = DATA.areas.copy()
    areas.loc[0, "children_0_4"] = -1
    areas.loc[1, "id"] = "A00"
    areas.loc[2, "lon"] = 443_000.0
    service = replace(DATA.services[0], after=("CC1", "NOPE"))
    error = raised(areas=areas, services=(service, DATA.services[1]), walk_km_h=0.0)
    text = str(error)
    for words in ("an id that stands once", "WGS84 degrees; reproject metres first",
                  "'NOPE'; expected an id that is in it", "'-1'; expected a count of 0 or more",
                  "walk_km_h: found '0.0'; expected a number above 0"):  # fmt: skip
        assert words in text
    assert len(error.faults) == 5


@pytest.mark.parametrize(
    ("frame", "column"),
    [("areas", "lon"), ("areas", "young_11_18"), ("sites", "service"), ("candidates", "name"),
     ("places", "lat")],
)  # fmt: skip
def test_a_missing_column_is_named(frame, column):
    error = raised(**{frame: getattr(DATA, frame).drop(columns=column)})
    assert f"{frame}, {column}: expected a column named {column!r}" in str(error)


def test_a_matrix_without_an_area_or_site_is_refused():
    some = DATA.walk.areas(DATA.walk.area_ids[1:])
    assert "walk matrix, A00, area_ids" in str(raised(walk=some))
    some = DATA.drive.sites(DATA.drive.site_ids[:-1])
    assert "drive matrix, L2, site_ids" in str(raised(drive=some))


def test_a_service_with_nothing_open_is_refused():
    service = replace(DATA.services[0], after=())
    assert "at least one open site's id" in str(raised(services=(service,)))


def test_no_services_and_no_areas():
    assert "at least one service" in str(raised(services=()))
    assert "at least one row" in str(raised(areas=DATA.areas.iloc[:0]))


@pytest.mark.parametrize(("column", "value"), [("p_no_car", 1.5), ("weight", -1.0)])
def test_shares_and_weights_have_their_bounds(column, value):
    assert f"A05, {column}" in str(raised(areas=DATA.areas.assign(
        **{column: np.where(DATA.areas["id"] == "A05", value, 0.5)})))  # fmt: skip


def test_an_unknown_service_key():
    with pytest.raises(ParameterError, match="expected one of"):
        DATA.service("library")


# What goes into the page.


def decoded(block: dict) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(block["data"]), np.uint8).reshape(-1, block["bytes"])
    codes = (raw.astype(np.uint64) * 256 ** np.arange(block["bytes"], dtype=np.uint64)).sum(axis=1)
    top = 256 ** block["bytes"] - 1
    return np.where(codes == top, np.inf, codes * block["step"])


@settings(max_examples=60)
@given(
    rows=st.integers(1, 5),
    cols=st.integers(1, 4),
    n_bytes=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_minutes_come_back_within_half_a_step(rows, cols, n_bytes, seed):
    random = np.random.default_rng(seed)
    minutes = random.uniform(0, 200, (rows, cols))
    minutes[random.random((rows, cols)) < 0.2] = np.inf
    block = _encode_minutes(minutes, n_bytes)
    back = decoded(block).reshape(cols, rows).T
    assert np.array_equal(np.isinf(back), np.isinf(minutes))
    finite = np.isfinite(minutes)
    np.testing.assert_allclose(back[finite], minutes[finite], atol=block["step"] / 2 * 1.001)


def test_all_zero_and_all_unreached_matrices_have_a_step():
    assert decoded(_encode_minutes(np.zeros((2, 1)), 2)).tolist() == [0, 0]
    assert decoded(_encode_minutes(np.full((2, 1), np.inf), 3)).tolist() == [np.inf, np.inf]


def test_today_is_kept_to_under_a_millionth_of_a_minute():
    assert _encode(DATA)["minutes"]["walk"][0]["step"] < 1e-6


def test_the_order_of_rows_and_columns_changes_nothing():
    mixed = replace(
        DATA,
        areas=DATA.areas.sample(frac=1, random_state=3),
        sites=DATA.sites.sample(frac=1, random_state=4),
        candidates=DATA.candidates.iloc[::-1],
        places=DATA.places.iloc[::-1],
        walk=DATA.walk.areas(DATA.walk.area_ids[::-1]),
        drive=DATA.drive.sites(DATA.drive.site_ids[::-1]),
    )
    assert json.dumps(_encode(mixed)) == json.dumps(_encode(DATA))


def test_counts_in_are_counts_out():
    counts = _encode(DATA)["services"][0]["counts"]
    assert sum(counts) == DATA.areas["children_0_4"].sum()


def test_missing_texts_and_numbers_are_left_out_not_written_as_nan():
    sites = DATA.sites.assign(address=[pd.NA, *["x"] * 8], position_error_m=np.nan,
                              annual_cost_gbp=np.nan, assumed=pd.NA)  # fmt: skip
    first, second = _encode(replace(DATA, sites=sites))["sites"][:2]
    assert "address" not in first
    assert second["address"] == "x"
    assert not {"error_m", "cost", "assumed"} & set(first)
    json.dumps(_encode(replace(DATA, sites=sites)), allow_nan=False)


def test_an_area_takes_its_own_name_else_its_places_else_its_wards():
    def names(data):
        coded = _encode(data)["areas"]["name"]
        return [coded["of"][i] for i in coded["at"]]

    assert names(DATA)[0] == "Little Example"
    assert names(replace(DATA, places=None))[0] == "Ward 1"
    own = DATA.areas.assign(name=[f"Street {i}" for i in range(48)])
    assert names(replace(DATA, areas=own))[7] == "Street 7"
    bare = DATA.areas.drop(columns=["ward", "locality"])
    assert set(names(replace(DATA, areas=bare, places=None))) == {""}


def test_unknown_deprivation_is_nought_and_known_is_kept():
    areas = DATA.areas.assign(imd_decile=[np.nan, *DATA.areas["imd_decile"][1:]])
    deciles = _encode(replace(DATA, areas=areas))["areas"]["decile"]
    assert deciles[0] == 0
    assert deciles[1:] == DATA.areas["imd_decile"].tolist()[1:]


def test_postcodes_elsewhere_or_misshapen_are_left_out():
    table = pd.DataFrame(
        {
            "postcode": ["S1 1AA", "s1 1ab", "S1 1AC", "??", "S1 1AA"],
            "lon": -1.4, "lat": 53.4, "area_id": ["a", "b", "elsewhere", "a", "a"],
        }
    )  # fmt: skip
    packed = _encode_postcodes(table, ["a", "b"])
    assert packed["sectors"] == {"S11": "AAAAAAAAAABAABAAAA"}
    assert _encode_postcodes(table[table["area_id"] == "elsewhere"], ["a"]) is None


def test_closing_is_what_was_open_and_will_not_be():
    service = _ExplorerService("k", "T", "t", "p", "n", ("A", "B", "C"), ("B", "HUB"))
    assert service.closing == ("A", "C")


def test_a_hub_may_be_part_of_the_proposal():
    service = replace(DATA.services[0], after=("CC1", "L1"))
    found = _encode(replace(DATA, services=(service, DATA.services[1])))
    assert found["sites"][found["services"][0]["after"][1]]["id"] == "L1"


def test_without_a_car_matrix_there_is_no_drive():
    assert set(_encode(replace(DATA, drive=None))["minutes"]) == {"walk"}
    assert isinstance(DATA.drive, TravelMatrix)


# Large studies.


def rounded(block, before) -> np.ndarray:
    """Decode as the page does."""
    numbers, value, shift = [], 0, 0
    for letter in block["data"]:
        bits = _ALPHABET.index(letter)
        value, shift = value + ((bits & 31) << shift), shift + 5
        if bits < 32:
            numbers.append((value >> 1) ^ -(value & 1))
            value, shift = 0, 0
    codes = np.array(numbers).reshape(block["sites"], len(before)).T
    for i, k in enumerate(before):
        codes[i] += codes[k] if i else 0
    minutes = block["even"] * np.expm1(codes * block["ratio"])
    return np.where(codes == block["levels"], np.inf, minutes)


@pytest.mark.parametrize("longest", [45.0, 1600.0, 2971.0, 1e6])
def test_rounded_minutes_are_as_near_beside_a_trip_of_days(longest):
    """What a page says of its rounding holds at every length, most narrowly at 17 minutes."""
    minutes = np.append(np.linspace(0, 40, 4001), longest)[:, None]
    found = rounded(_encode_rounded(minutes, np.zeros(len(minutes), np.intp)), np.zeros(4002, int))
    assert (np.abs(found - minutes) <= np.maximum(0.001 * minutes, 1 / 60)).all()


@given(st.data(), st.integers(1, 30), st.integers(1, 3))
def test_rounded_minutes_are_within_a_thousandth_or_a_second(data, areas, sites):
    some = st.lists(st.one_of(st.floats(0, 3000), st.just(np.inf)), min_size=areas * sites,
                    max_size=areas * sites)  # fmt: skip
    given_minutes = np.array(data.draw(some)).reshape(areas, sites)
    before = np.array([data.draw(st.integers(0, max(i - 1, 0))) for i in range(areas)])
    found = rounded(_encode_rounded(given_minutes, before), before)
    finite = np.isfinite(given_minutes)
    assert (np.isfinite(found) == finite).all()
    far = np.abs(found[finite] - given_minutes[finite])
    assert (far <= np.maximum(0.001 * given_minutes[finite], 1 / 60)).all()


def test_the_area_before_is_the_nearest_of_those_before():
    lon, lat = np.array([0.0, 1.0, 0.1, 0.9, 0.1]), np.array([53.0, 53.0, 53.0, 53.0, 53.0])
    assert _areas_before(lon, lat).tolist() == [0, 0, 0, 1, 2]


def large_study(areas: int, services: int, centres: int, candidates: int):
    """Make a county of straight lines: forty towns, each service in ten of them."""
    rng = np.random.default_rng(5)
    towns = rng.uniform([-1.9, 53.2], [-1.1, 53.7], (40, 2))
    town = rng.integers(0, 40, areas)
    at = (towns[town] + rng.normal(0, 0.02, (areas, 2))).round(5)
    table = pd.DataFrame(
        {
            "id": [f"E00{100000 + i}" for i in range(areas)], "lon": at[:, 0], "lat": at[:, 1],
            "ward": [f"Ward {t}" for t in town], "imd_decile": 1 + np.arange(areas) % 10,
            "p_no_car": (0.1 + 0.4 * rng.random(areas)).round(3),
            "weight": (1 + rng.random(areas)).round(3),
            **{f"people_{s}": rng.integers(2, 60, areas) for s in range(services)},
        }
    )  # fmt: skip
    made, rows = [], []
    for s in range(services):
        ids = [f"S{s}_{i:02d}" for i in range(centres)]
        where = towns[rng.choice(40, centres, replace=False)] + rng.normal(0, 0.01, (centres, 2))
        rows += [{"id": i, "name": f"Centre {i}", "service": f"s{s}", "lon": x, "lat": y}
                 for i, (x, y) in zip(ids, where, strict=True)]  # fmt: skip
        made.append(_ExplorerService(f"s{s}", f"Service {s}", f"centre of {s}", "people",
                                     f"people_{s}", tuple(ids), tuple(ids[3:])))  # fmt: skip
    where = towns[rng.integers(0, 40, candidates)] + rng.normal(0, 0.02, (candidates, 2))
    halls = pd.DataFrame({"id": [f"K{i:02d}" for i in range(candidates)],
                          "name": [f"Hall {i}" for i in range(candidates)],
                          "lon": where[:, 0], "lat": where[:, 1]})  # fmt: skip
    sites = pd.DataFrame(rows)
    every = pd.concat([sites, halls], ignore_index=True)
    metres = 1.3 * great_circle_m(
        at[:, 0][:, None], at[:, 1][:, None],
        every["lon"].to_numpy()[None], every["lat"].to_numpy()[None],
    )  # fmt: skip
    ids = {"area_ids": table["id"].tolist(), "site_ids": every["id"].tolist()}
    return _ExplorerData(
        title="A county", place="Countyshire", services=tuple(made), areas=table, sites=sites,
        candidates=halls, walk=TravelMatrix.from_minutes(metres / 80, mode="walk", **ids),
        drive=TravelMatrix.from_minutes(metres / 500 + 1, mode="drive", **ids),
    )  # fmt: skip


def test_seven_thousand_areas_and_four_services_stay_under_four_megabytes():
    page = _explorer_html(large_study(7000, services=4, centres=10, candidates=60))
    assert len(page.encode()) < 3_200_000
    assert "rounded to within a tenth of a per cent" in page


def test_a_study_of_usual_size_is_held_exactly_and_says_nothing_of_rounding():
    page = _explorer_html(DATA)
    assert '"levels"' not in page
    assert "rounded to within a tenth" not in page.split("explorer-strings")[0]
