"""Still maps: classes as in the page, words with numbers, the same bytes each time."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image

from access import compare
from access.charts import chart as style
from access.errors import OutputError, ParameterError
from access.maps.explorer import _strings
from access.maps.explorer_data import _example_data
from access.maps.static_map import (
    _MEASURES,
    NOT_KNOWN,
    UNREACHED,
    _classify,
    _name_places,
    _nice_length,
    _short_name,
    static_map,
    write_static_maps,
)
from access.network.matrix import TravelMatrix
from tests.conftest import one_picture

DATA = _example_data()
WORDS = _strings("en")


def classes_of(data, measure: str, mode: str = "walk", service: str = "childrens_centre"):
    areas = data.areas.sort_values("id").reset_index(drop=True)
    return _classify(data, data.service(service), measure, mode, areas, WORDS)


# Wrong inputs first.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"service": "library"}, "service='library'; expected one of"),
        ({"measure": "beauty"}, "measure='beauty'; expected one of"),
        ({"mode": "fly"}, "mode='fly'; expected one of"),
    ],
)
def test_what_there_is_not_is_named(words, said):
    asked = {"service": "childrens_centre", "measure": "change", "mode": "walk", **words}
    with pytest.raises(ParameterError, match=said):
        static_map(DATA, asked["service"], asked["measure"], mode=asked["mode"])


def test_modes_and_measures_that_the_data_cannot_support():
    with pytest.raises(ParameterError, match="needs a drive matrix"):
        static_map(replace(DATA, drive=None), "childrens_centre", mode="typical")
    bare = replace(DATA, areas=DATA.areas.drop(columns=["p_no_car", "imd_decile"]))
    with pytest.raises(ParameterError, match="p_no_car"):
        static_map(bare, "childrens_centre", mode="typical")
    with pytest.raises(ParameterError, match="imd_decile"):
        static_map(bare, "childrens_centre", "deprivation")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be made"):
        write_static_maps(DATA, tmp_path / "file" / "maps")


# Classes.


def test_extra_minutes_fall_in_the_classes_of_the_page():
    service = DATA.services[0]
    demand = DATA.areas[["id"]].assign(count=DATA.areas[service.count].astype(float))
    impact = compare(DATA.walk, before=service.before, after=service.after, demand=demand)
    changes = impact.areas.sort_values("id")["change_minutes"].to_numpy(float)
    expected = [max(k for k, edge in enumerate(style.ADDED_EDGES) if c >= edge) for c in changes]
    found = classes_of(DATA, "change")
    assert found.of_area.tolist() == expected
    assert found.labels[0] == "no change"
    assert len(found.labels) == len(found.colours) == len(style.ADDED_EDGES)
    worst = impact.worst_areas(1).iloc[0]
    assert found.title.endswith(f"by {worst['change_minutes']:.0f} minutes")


def test_minutes_saved_have_colours_of_their_own():
    service = replace(DATA.services[0], before=("CC1",), after=("CC1", "CC2", "CC3"))
    data = replace(DATA, services=(service, DATA.services[1]))
    found = classes_of(data, "change")
    assert found.labels[:3] == ("10 less or more", "5 to 10 less", "up to 5 less")
    assert found.colours[:3] == tuple(reversed(style.SAVED_COLOURS))
    today = data.walk.sites(["CC1"]).total_minutes[:, 0]
    after = data.walk.sites(["CC1", "CC2", "CC3"]).total_minutes.min(axis=1)
    saved = today - after
    assert ((found.of_area == 0) == (saved >= 10)).all()
    assert ((found.of_area == 1) == ((saved >= 5) & (saved < 10))).all()
    assert ((found.of_area == 2) == ((saved > 0.5) & (saved < 5))).all()
    assert found.title.startswith("Nobody")


def test_unreached_and_unknown_are_classes_of_their_own():
    minutes = DATA.walk.to_frame()
    minutes.iloc[0] = np.inf
    data = replace(DATA, walk=TravelMatrix.from_minutes(minutes))
    for measure in ("change", "today", "after"):
        assert classes_of(data, measure).of_area[0] == UNREACHED
    assert "cannot be reached 1" in static_map(data, "childrens_centre", "today").alt
    areas = DATA.areas.assign(imd_decile=[np.nan, *DATA.areas["imd_decile"][1:]])
    assert classes_of(replace(DATA, areas=areas), "deprivation").of_area[0] == NOT_KNOWN


def test_counts_under_five_are_one_class():
    counts = DATA.areas["children_0_4"].to_numpy().copy()
    counts[:6] = [0, 1, 2, 3, 4, 5]
    data = replace(DATA, areas=DATA.areas.assign(children_0_4=counts))
    found = classes_of(data, "people")
    assert found.of_area[:6].tolist() == [0, 0, 0, 0, 0, 1]
    assert found.labels[0] == "fewer than 5"


def test_a_pram_is_slower_by_the_two_speeds():
    walk, pram = classes_of(DATA, "today"), classes_of(DATA, "today", "pram")
    minutes = DATA.walk.sites(list(DATA.services[0].before)).total_minutes.min(axis=1)
    edges = style.MINUTES_EDGES
    expected = np.searchsorted(edges, minutes * 4.8 / 3.6, "right") - 1
    assert pram.of_area.tolist() == expected.tolist()
    assert (pram.of_area >= walk.of_area).all()


@pytest.mark.parametrize("mode", ["walk", "pram", "drive", "typical"])
def test_every_mode_has_a_finding(mode):
    title = static_map(DATA, "youth_centre", mode=mode).title
    assert "{" not in title
    assert "would grow most around" in title


# Pictures.


@cache
def usual():
    """Give the files of the map of the usual study."""
    return static_map(DATA, "childrens_centre").pictures()


@pytest.mark.parametrize("measure", _MEASURES)
def test_each_map_says_in_words_what_it_shows(measure):
    chart = static_map(DATA, "childrens_centre", measure)
    assert "{" not in chart.title + chart.alt + chart.caption
    assert "48 areas" in chart.alt
    assert "Would close: Northfield Children's Centre and Riverside Children's Centre." in chart.alt
    assert "Exampleton" in chart.caption
    assert "They are not boundaries." in chart.caption
    assert chart.svg().rstrip().endswith(b"</svg>"), "it is drawn as well"


def test_the_same_map_has_the_same_bytes_and_the_badge():
    png, svg = usual()
    assert static_map(_example_data(), "childrens_centre").pictures() == (png, svg)
    real = static_map(replace(DATA, modelled=False), "childrens_centre")
    assert real.svg() != svg, "modelled streets are badged"


def test_the_colours_of_the_classes_are_in_the_picture():
    png, _ = usual()
    with Image.open(io.BytesIO(png)) as picture:
        colours = {c for _, c in picture.convert("RGB").getcolors(maxcolors=2**24)}
    found = classes_of(DATA, "change")
    for k in set(found.of_area):
        r, g, b = (int(found.colours[k][i : i + 2], 16) for i in (1, 3, 5))
        assert (r, g, b) in colours


def test_all_maps_are_written_and_deprivation_only_once(tmp_path):
    with one_picture():  # each is drawn above
        names = [p.name for p in write_static_maps(DATA, tmp_path / "maps")]
    assert len(names) == len(set(names)) == 18
    assert "map-deprivation.png" in names
    assert "map-youth_centre-change-walk.svg" in names
    bare = replace(DATA, areas=DATA.areas.drop(columns="imd_decile"))
    assert len(write_static_maps(bare, tmp_path / "bare", measures=("deprivation",))) == 0


def test_hubs_and_streets_are_drawn():
    import geopandas as gpd
    import shapely

    service = replace(DATA.services[0], after=("CC1", "L1"))
    line = shapely.LineString([(-1.36, 53.42), (-1.30, 53.45)])
    streets = gpd.GeoDataFrame(geometry=[line], crs="EPSG:4326")
    data = replace(DATA, services=(service, DATA.services[1]), streets=streets)
    assert "Central Library" in static_map(data, "childrens_centre").alt
    png, _ = usual()
    assert static_map(data, "childrens_centre").png() != png


# Furniture.


@pytest.mark.parametrize(("metres", "nice"), [(1.0, 1.0), (19.9, 10.0), (50.0, 50.0), (7e3, 5e3)])
def test_scale_bars_have_round_lengths(metres, nice):
    assert _nice_length(metres) == nice


def test_names_never_cover_each_other():
    from matplotlib.figure import Figure

    axes = Figure((6, 6)).add_subplot()
    axes.set_xlim(0, 10_000)
    axes.set_ylim(0, 10_000)
    crowd = [(2, f"Place {k}", 5_000.0 + 30 * k, 5_000.0) for k in range(40)]
    _name_places(
        axes, [(5_000.0, 5_000.0)], [("Closing centre with a long name", 5e3, 5.2e3)], crowd
    )
    shown = [text.get_position() for text in axes.texts]
    assert 2 <= len(shown) < 41
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize(
    ("name", "one", "short"),
    [
        ("Herringthorpe Youth Centre (and Library)", "Youth Centre", "Herringthorpe"),
        ("The Arnold Centre", "Children's Centre", "The Arnold Centre"),
        ("Youth Centre", "Youth Centre", "Youth Centre"),
    ],
)
def test_names_are_shortened_but_never_to_nothing(name, one, short):
    assert _short_name(name, one) == short
