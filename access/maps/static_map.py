"""Still maps of a study: areas in classes with their colours and words, and the finding."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from numpy.typing import NDArray

from access.charts import chart as style
from access.charts.chart import Chart
from access.disclosure import THRESHOLD
from access.errors import OutputError, ParameterError
from access.maps.explorer import _fill_text, _published_date, _strings
from access.maps.explorer_data import _beside_buses, _ExplorerData, _ExplorerService
from access.maps.explorer_encode import _area_names, _area_shapes
from access.maps.explorer_parts import _least_by_minute
from access.maps.ground import _length_words, _nice_length, _path_of
from access.measure import change, nearest, share_within, typical_matrix
from access.measure.distribution import TOLERANCE_MINUTES
from access.network.matrix import TravelMatrix
from access.text import about, capital, listed, minutes_words, percent
from access.units import WGS84, metric_crs

_MEASURES = ("change", "today", "after", "people", "deprivation")
_MODES = ("walk", "pram", "drive", "typical", "bus")
UNREACHED, NOT_KNOWN = -1, -2
_PEOPLE_EDGES = (0.0, THRESHOLD, 10.0, 20.0, 30.0, 50.0)


@dataclass(frozen=True, eq=False)
class _Classes:
    """What the areas are coloured by.

    Parameters
    ----------
    legend : str
        The legend's title: the measure, with its unit.
    labels, colours : tuple of str
        One of each a class.
    of_area : ndarray of int, shape (areas,)
        Class of each area; `UNREACHED` or `NOT_KNOWN` where it has none, and is hatched.
    title : str
        The finding.
    """

    legend: str
    labels: tuple[str, ...]
    colours: tuple[str, ...]
    of_area: NDArray[np.intp]
    title: str


def _classify(
    data: _ExplorerData,
    service: _ExplorerService,
    measure: str,
    mode: str,
    areas: pd.DataFrame,
    words: dict[str, Any],
) -> _Classes:
    """Put every area in its class."""
    if measure not in _MEASURES:
        raise ParameterError(f"measure={measure!r}; expected one of {list(_MEASURES)}")
    if measure == "people":
        return _people(data, service, areas, words)
    if measure == "deprivation":
        return _deprivation(areas, words)
    found = _situations(data, service, areas, mode)
    if measure == "change":
        return _changes(data, service, areas, words, mode, found)
    return _minutes(data, service, areas, words, mode, measure, found[measure])


def _matrix(data: _ExplorerData, mode: str) -> TravelMatrix:
    if mode not in _MODES:
        raise ParameterError(f"mode={mode!r}; expected one of {list(_MODES)}")
    if mode in ("drive", "typical") and data.drive is None:
        raise ParameterError(f"mode={mode!r} needs a drive matrix, and there is none")
    if mode == "bus":
        if data.bus_matrix is None:
            raise ParameterError("mode='bus' needs a timetable, and there is none")
        return data.bus_matrix
    if mode == "walk":
        return data.walk
    if mode == "pram" or data.drive is None:
        minutes = data.walk.to_frame() * (data.walk_km_h / data.pram_km_h)
        return TravelMatrix.from_minutes(minutes, mode="pram")
    if mode == "drive":
        return data.drive
    if "p_no_car" not in data.areas:
        raise ParameterError("mode='typical' needs the areas' column p_no_car, and there is none")
    no_car = data.areas.set_index("id")["p_no_car"]
    return typical_matrix(data.walk, data.drive, no_car, data.parking_minutes)


def _situations(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame, mode: str
) -> dict[str, NDArray[np.float64]]:
    if data.bus is not None and mode in ("bus", "typical"):
        page, ground = data.bus.pages[service.key], _beside_buses(data, areas, {})
        by_minute = {
            name: _least_by_minute(page, sites, mode, ground)
            for name, sites in (("today", service.before), ("after", service.after))
        }
        if known := {k: v for k, v in by_minute.items() if v is not None}:
            return known
    matrix = _matrix(data, mode).areas(areas["id"].tolist())
    return {
        "today": nearest(matrix, service.before).minutes,
        "after": nearest(matrix, service.after).minutes,
    }


def _changes(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame, words: dict[str, Any],
    mode: str, found: dict[str, NDArray[np.float64]],
) -> _Classes:  # fmt: skip
    changes = change(found["today"], found["after"])
    edges = style.ADDED_EDGES
    labels = [words["no_change"], *(f"+{text}" for text in _ranges(edges[1:], words))]
    colours = list(style.ADDED_COLOURS)
    of_area = np.searchsorted(edges, np.maximum(np.nan_to_num(changes, posinf=0), 0), "right") - 1
    saved = changes < -edges[1]
    if saved.any():
        labels = [words[key] for key in ("saved_most", "saved_more", "saved_some")] + labels
        if np.isneginf(changes).any():  # the same class: to reach one at all saves most
            labels[0] += f"; {words['newly_reached']}"
        colours = [*reversed(style.SAVED_COLOURS), *colours]
        of_area = np.where(saved, 2 - np.searchsorted((5.0, 10.0), -changes, "right"), of_area + 3)
    of_area = np.where(np.isnan(changes) | np.isposinf(changes), -1, of_area)
    counts = areas[service.count].to_numpy(float)
    grows = np.where((counts > 0) & np.isfinite(changes), changes, -np.inf)
    worst = int(grows.argmax())
    how = str(words[f"mode_{mode}"])
    lost = (np.isposinf(changes) & (counts > 0)).any()
    title = _fill_text(words, "static_lost" if lost else "static_nobody", one=service.one, mode=how)
    if grows[worst] > TOLERANCE_MINUTES:
        place = _area_names(data, areas)[worst] or str(areas["id"].iloc[worst])
        amount = minutes_words(float(grows[worst]), 0)
        title = _fill_text(words, f"map_title_{mode}", place=place, minutes=amount)
    legend = _fill_text(words, "static_legend_change", mode=how)
    return _Classes(legend, tuple(labels), tuple(colours), of_area, title)


def _minutes(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame, words: dict[str, Any],
    mode: str, measure: str, minutes: NDArray[np.float64],
) -> _Classes:  # fmt: skip
    edges = style.MINUTES_EDGES
    first = _fill_text(words, "range_under", to=f"{edges[1]:g}")
    labels = (first, *_ranges(edges[1:], words))
    of_area = np.where(np.isfinite(minutes), np.searchsorted(edges, minutes, "right") - 1, -1)
    counts = areas[service.count].to_numpy(float)
    share = share_within(minutes, counts, data.threshold_minutes)
    how = str(words[f"mode_{mode}"])
    title = _fill_text(
        words, f"static_{measure}", share=capital(percent(share, ends=False)),
        people=service.people, limit=f"{data.threshold_minutes:g}", mode=how, one=service.one,
    )  # fmt: skip
    legend = _fill_text(words, "static_legend_minutes", mode=how)
    return _Classes(legend, labels, style.MINUTES_COLOURS, of_area, title)


def _people(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame, words: dict[str, Any]
) -> _Classes:
    counts = areas[service.count].to_numpy(float)
    edges = _PEOPLE_EDGES
    labels = [_fill_text(words, "fewer_than", number=str(THRESHOLD))]
    for low, high in pairwise(edges[1:]):
        labels.append(
            _fill_text(words, "count_range", **{"from": f"{low:g}", "to": f"{high - 1:g}"})
        )
    labels.append(_fill_text(words, "count_over", **{"from": f"{edges[-1]:g}"}))
    of_area = np.searchsorted(edges, np.round(counts), "right") - 1
    total = about(counts.sum())
    title = _fill_text(
        words, "static_people", total=capital(total), people=service.people,
        place=data.place,
    )  # fmt: skip
    legend = capital(service.people)
    return _Classes(legend, tuple(labels), style.MINUTES_COLOURS[:6], of_area, title)


def _deprivation(areas: pd.DataFrame, words: dict[str, Any]) -> _Classes:
    if "imd_decile" not in areas:
        raise ParameterError("measure='deprivation' needs the areas' column imd_decile")
    decile = pd.to_numeric(areas["imd_decile"], errors="coerce").to_numpy(float)
    of_area = np.where(np.isfinite(decile), np.ceil(np.nan_to_num(decile) / 2) - 1, -2).astype(int)
    labels = tuple(str(words[f"fifth_{k}"]) for k in range(1, 6))
    title = _fill_text(
        words, "static_deprivation", n=f"{(of_area == 0).sum():,}", all=f"{len(areas):,}"
    )
    return _Classes(str(words["layer_deprivation"]), labels, style.FIFTH_COLOURS, of_area, title)


def _ranges(edges: Sequence[float], words: dict[str, Any]) -> list[str]:
    texts = [
        _fill_text(words, "range", **{"from": f"{np.ceil(low):g}", "to": f"{high:g}"})
        for low, high in pairwise(edges)
    ]
    return [*texts, _fill_text(words, "range_over", **{"from": f"{edges[-1]:g}"})]


_Box = tuple[float, float, float, float]
_HALO = [patheffects.withStroke(linewidth=2.6, foreground=style.PAPER)]
_NAME_CHARACTERS = 18
_LETTER, _LINE = 0.54, 1.35
"""Width and height of a letter, in sizes of the letters: a rough measure, the same everywhere."""


def _sign(axes: Axes, xy: NDArray[np.float64], kind: str, service: str) -> tuple[Line2D, ...]:
    """Draw centres of one kind, and give their sign for the legend."""
    marker, colour = style.MARKERS.get(kind, ("o", style.CATEGORICAL[0]))
    if kind != "closing":
        size = 15 if kind == "hub" else 9
        look = _marker(marker, size, colour, style.PAPER, 1.1)
        axes.plot(xy[:, 0], xy[:, 1], zorder=6, **look)
        return (Line2D([], [], **look),)
    shape, colour = style.MARKERS.get(service, ("o", style.CATEGORICAL[0]))
    outer = _marker(shape, 11, style.PAPER, colour, 2.2)
    inner = _marker("x", 5.5, style.INK, style.INK, 2.0)
    axes.plot(xy[:, 0], xy[:, 1], zorder=7, **outer)
    axes.plot(xy[:, 0], xy[:, 1], zorder=8, **inner)
    return Line2D([], [], **outer), Line2D([], [], **inner)


def _marker(shape: str, size: float, face: str, edge: str, width: float) -> dict[str, Any]:
    return {
        "marker": shape,
        "color": face,
        "markersize": size,
        "markeredgecolor": edge,
        "markeredgewidth": width,
        "linestyle": "none",
    }


def _name_places(
    axes: Axes,
    taken: Sequence[Sequence[float]],
    closing: Sequence[tuple[str, float, float]],
    places: Sequence[tuple[int, str, float, float]],
) -> None:
    """Write names where they cover neither a centre nor each other."""
    metres_a_point = _metres_a_point(axes)
    walls = _walls(axes)
    signs: list[_Box] = [*walls, *(_around(x, y, 6 * metres_a_point) for x, y in taken)]
    boxes: list[_Box] = [_around(x, y, 7 * metres_a_point) for _, x, y in closing]
    for full, x, y in closing:
        name = textwrap.fill(full, _NAME_CHARACTERS)
        spot = _free(name, x, y, 9.5, 8 * metres_a_point, metres_a_point, signs, boxes)
        if spot:
            axes.text(spot[0], spot[1], name, fontsize=9.5, fontweight="bold", zorder=9,
                      ha="center", va="center",
                      bbox={"facecolor": "white", "edgecolor": style.INK, "pad": 1.6,
                            "linewidth": 0.7})  # fmt: skip
    for rank, name, x, y in places:
        size = 11.0 if rank == 1 else 9.0
        spot = _free(name, x, y, size, 0.0, metres_a_point, signs, boxes)
        if spot is None and rank == 1:  # a town may cover a centre rather than go unnamed
            spot = _free(name, x, y, size, 0.0, metres_a_point, walls, boxes)
        if spot:
            axes.text(spot[0], spot[1], name, fontsize=size, zorder=5, ha="center", va="center",
                      fontweight="bold" if rank == 1 else "normal", color="#262a2c",
                      path_effects=_HALO)  # fmt: skip


def _walls(axes: Axes) -> list[_Box]:
    """Box in the map and its arrow: a name outside would lie over the legend or be cut off."""
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    far = 1e9
    more = 0.03 * (x1 - x0)
    return [
        (x0 - more, y1 - 0.15 * (y1 - y0), x0 + 0.07 * (x1 - x0), y1 + more),
        (x1 + more, -far, far, far), (-far, -far, x0 - more, far),
        (-far, y1 + more, far, far), (-far, -far, far, y0 - more),
    ]  # fmt: skip


def _metres_a_point(axes: Axes) -> float:
    """Metres on the ground that one point (1/72 inch) of paper stands for."""
    figure = axes.get_figure(root=True)
    width, height = figure.get_size_inches() if figure is not None else (6.0, 6.0)
    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    # The legend takes about a third of the width, or a fifth of the height below a narrow map.
    across, up = (0.96, 0.76) if _is_narrow(axes) else (0.66, 0.88)
    return max((x1 - x0) / (across * width * 72), (y1 - y0) / (up * height * 72))


_NARROW_INCHES = 6.5


def _is_narrow(axes: Axes) -> bool:
    """Say whether a picture is too narrow for a legend beside its map."""
    figure = axes.get_figure(root=True)
    return figure is not None and float(figure.get_size_inches()[0]) < _NARROW_INCHES


def _around(x: float, y: float, far: float) -> _Box:
    return (x - far, y - far, x + far, y + far)


def _free(
    name: str, x: float, y: float, size: float, gap: float, metres: float, signs: list[_Box],
    boxes: list[_Box],
) -> tuple[float, float] | None:  # fmt: skip
    """Find the first spot around a point for a name, and take it."""
    lines = name.split("\n")
    half = 0.5 * max(map(len, lines)) * size * _LETTER * metres + 2 * metres
    up = 0.5 * len(lines) * size * _LINE * metres + metres
    beside, above = half + gap, up + max(gap, 3 * metres)
    spots = [(beside, 0.0), (-beside, 0.0), (0.0, above), (0.0, -above),
             (beside, above), (-beside, above), (beside, -above), (-beside, -above)]  # fmt: skip
    if gap == 0:  # a place's name stands on it or clear of a sign there, and no further off
        clear = 7 * metres
        wide, tall = half + clear, up + clear
        spots = [
            (0.0, 0.0), *spots, (wide, 0.0), (-wide, 0.0), (0.0, -tall), (0.0, tall),
            (half, -tall), (-half, -tall), (half, tall), (-half, tall),
        ]  # fmt: skip
    for dx, dy in spots:
        box = (x + dx - half, y + dy - up, x + dx + half, y + dy + up)
        if not any(_meet(box, other) for other in (*signs, *boxes)):
            boxes.append(box)
            return x + dx, y + dy
    return None


def _meet(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]


def _furnish(axes: Axes, badge: str = "") -> None:
    """Add scale bar, north arrow and, where streets are modelled, the badge."""
    x0, x1 = axes.get_xlim()
    width = x1 - x0
    length = _nice_length(width / 5)
    share = length / width
    look: dict[str, Any] = {
        "transform": axes.transAxes,
        "color": style.INK,
        "clip_on": False,
        "zorder": 9,
    }
    axes.plot([0.0, share], [-0.015, -0.015], linewidth=2.2, solid_capstyle="butt", **look)
    for x in (0.0, share):
        axes.plot([x, x], [-0.022, -0.005], linewidth=1.2, **look)
    axes.text(share / 2, 0.0, _length_words(length), transform=axes.transAxes, ha="center",
              va="bottom", fontsize=9, path_effects=_HALO, zorder=9)  # fmt: skip
    axes.annotate("N", (0.035, 0.985), (0.035, 0.9), xycoords="axes fraction", ha="center",
                  fontsize=10, fontweight="bold", zorder=9,
                  arrowprops={"arrowstyle": "-|>", "color": style.INK, "lw": 1.4})  # fmt: skip
    if badge:
        axes.text(1.0, -0.02, badge, transform=axes.transAxes, ha="right", va="bottom",
                  fontsize=8.5, color="white", zorder=9,
                  bbox={"facecolor": style.INK, "edgecolor": "none", "pad": 2.5})  # fmt: skip


_SHAPE_BYTES = 30_000
"""What the packed shapes may take: fewer corners than the page's, for a picture on paper."""
_HATCHES = (
    (UNREACHED, style.UNREACHABLE_HATCH, "legend_unreached"),
    (NOT_KNOWN, style.NO_DATA_HATCH, "legend_no_data"),
)


def static_map(
    data: _ExplorerData,
    service: str,
    measure: str = "change",
    *,
    mode: str = "walk",
    after: Sequence[str] | None = None,
) -> Chart:
    """Draw one map; of another proposal than the first where `after` gives its open sites."""
    chosen = data.service(service)
    if after is not None:
        chosen = replace(chosen, after=tuple(after))
    words = _strings("en", data.nation)  # still pictures go into the report, which is in English
    areas = _in_order(data)
    classes = _classify(data, chosen, measure, mode, areas, words)
    of_minutes = measure in ("change", "today", "after")
    caption_key = "static_caption" if of_minutes else "static_caption_areas"
    caption = _fill_text(
        words, caption_key, measure=classes.legend, one=chosen.one, place=data.place,
        all=f"{len(areas):,}",
    )  # fmt: skip
    extra = [words["credits_cells"]] if data.shapes is None or data.shapes_approximate else []
    extra += data.attributions
    if data.as_of:
        extra.append(_fill_text(words, "footer_as_of", date=_published_date(data.as_of, words)))
    return Chart(
        title=classes.title,
        alt=_alt(data, chosen, classes, words),
        caption=" ".join([caption, *extra]),
        draw=lambda figure, axes: _draw(data, chosen, areas, classes, words, axes),
        size=(7.6, 5.6),
    )


def write_static_maps(
    data: _ExplorerData,
    folder: str | Path,
    *,
    measures: Sequence[str] = _MEASURES,
    mode: str = "walk",
) -> list[Path]:
    """Write every map of every service as PNG and SVG.

    Parameters
    ----------
    data : ExplorerData
    folder : path
        Made where it is not there.
    measures : sequence of str
        See `static_map`; deprivation is left out where it is not known, and drawn once.
    mode : str
        See `static_map`.

    Returns
    -------
    list of Path
        ``map-<service>-<measure>-<mode>.png`` and ``.svg``, ``map-deprivation.png`` and ``.svg``.

    Raises
    ------
    OutputError
        If the folder cannot be made or a file cannot be written.
    ParameterError
        As `static_map`.
    """
    out = Path(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be made: {error.strerror}; expected a folder that may be written to"
        ) from error
    written = []
    for service in data.services:
        for measure in measures:
            once = measure == "deprivation"
            if once and ("imd_decile" not in data.areas or service is not data.services[0]):
                continue
            suffix = "" if measure in ("people", "deprivation") else f"-{mode}"
            name = "map-deprivation" if once else f"map-{service.key}-{measure}{suffix}"
            chart = static_map(data, service.key, measure, mode=mode)
            written += [chart.save(out / f"{name}.{kind}") for kind in ("png", "svg")]
    return written


def _in_order(data: _ExplorerData) -> pd.DataFrame:
    areas = data.areas.assign(id=data.areas["id"].astype(str)).sort_values("id")
    return areas.reset_index(drop=True)


@lru_cache(maxsize=1)
def _outlines(data: _ExplorerData) -> gpd.GeoSeries:
    """Simplify the shapes once for all maps of the same data: it takes longer than drawing."""
    return _area_shapes(data, _in_order(data), budget_bytes=_SHAPE_BYTES)


def _alt(
    data: _ExplorerData, service: _ExplorerService, classes: _Classes, words: dict[str, Any]
) -> str:
    names = dict(zip(data.sites["id"].astype(str), data.sites["name"].astype(str), strict=True))
    if data.candidates is not None:
        names |= dict(zip(data.candidates["id"].astype(str), data.candidates["name"], strict=True))
    counts = [
        f"{label} {int((classes.of_area == k).sum()):,}" for k, label in enumerate(classes.labels)
    ]
    for code, _, key in _HATCHES:
        if (classes.of_area == code).any():
            counts.append(f"{words[key]} {int((classes.of_area == code).sum()):,}")
    sites = _fill_text(words, "static_stay", names=listed([names[i] for i in service.after]))
    if service.closing:
        closing = listed([names[i] for i in service.closing])
        sites += " " + _fill_text(words, "static_close", names=closing)
    return _fill_text(
        words, "static_alt", place=data.place, all=f"{len(classes.of_area):,}",
        legend=classes.legend, classes="; ".join(counts), sites=sites,
    )  # fmt: skip


def _draw(
    data: _ExplorerData, service: _ExplorerService, areas: pd.DataFrame, classes: _Classes,
    words: dict[str, Any], axes: Axes,
) -> None:  # fmt: skip
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    shapes = _outlines(data).to_crs(crs)
    axes.set_axis_off()
    axes.set_aspect("equal")
    for code, hatch, _ in _HATCHES:
        _fill(axes, shapes[classes.of_area == code], facecolor=style.NO_DATA, hatch=hatch)
    for k, colour in enumerate(classes.colours):
        _fill(axes, shapes[classes.of_area == k], facecolor=colour)
    sites = _shown_sites(data, service, crs)
    axes.update_datalim(sites[["x", "y"]].to_numpy(float))  # a site may lie outside every area
    axes.autoscale_view()
    _ground(axes, data, crs)
    entries = _legend(classes, words) + _sites(data, service, sites, crs, words, axes)
    below: dict[str, Any] = {"bbox_to_anchor": (0.0, -0.04), "ncols": 3, "columnspacing": 1.2}
    beside: dict[str, Any] = {"bbox_to_anchor": (1.0, 1.0)}
    legend = axes.legend(
        [entry[0] for entry in entries], [entry[1] for entry in entries],
        handler_map={tuple: HandlerTuple(ndivide=1)}, loc="upper left", frameon=False, fontsize=10,
        title=classes.legend, alignment="left", handlelength=1.6, borderaxespad=0.2,
        title_fontproperties={"size": 10.5, "weight": "bold"},
        **(below if _is_narrow(axes) else beside),
    )  # fmt: skip
    legend.set_zorder(10)
    _furnish(axes, badge=str(words["badge"]) if data.modelled else "")


#: Width and colour of streets by rank, and of what lies around them.
_STREETS = {1: (1.1, "#6f777b"), 2: (0.6, "#8d9599"), 3: (0.25, "#a9b0b4")}
_AROUND = {"river": (1.1, "#4f86b0"), "canal": (0.7, "#4f86b0"), "coast": (0.8, "#4f86b0"),
           "rail": (0.8, "#3d3d3d")}  # fmt: skip


def _ground(axes: Axes, data: _ExplorerData, crs: str) -> None:
    """Draw water, streets, railways and the boundary over the areas, and keep their frame."""
    limits = axes.get_xlim(), axes.get_ylim()
    around = data.surroundings
    if around is not None and len(around):
        kinds = around.to_crs(crs)
        water = kinds[(kinds["kind"] == "water") & (kinds.area > 3e3)]
        if len(water):
            water.plot(ax=axes, color="#cfe1f2", edgecolor="#4f86b0", linewidth=0.3, zorder=2)
        for kind, (width, colour) in _AROUND.items():
            own = kinds[kinds["kind"] == kind]
            dash: Any = (0, (4, 2)) if kind == "rail" else "solid"
            if len(own):
                own.plot(ax=axes, color=colour, linewidth=width, linestyle=dash, zorder=2.5)
    if data.streets is not None:
        streets = data.streets.to_crs(crs)
        ranks = streets["rank"] if "rank" in streets else pd.Series(2, streets.index)
        for rank, (width, colour) in _STREETS.items():
            own = streets[ranks == rank]
            look = {"color": colour, "linewidth": width, "zorder": 2.2, "rasterized": True}
            if data.modelled:  # links between points: faint, as what they are
                look |= {"linewidth": 0.2, "alpha": 0.35, "linestyle": (0, (1, 3))}
            if len(own):
                own.plot(ax=axes, **look)
    if data.outline is not None:
        bound = gpd.GeoSeries([shapely.boundary(data.outline)], crs=WGS84).to_crs(crs)
        bound.plot(ax=axes, color=style.INK, linewidth=1.0, zorder=3)
    if limits != ((0.0, 1.0), (0.0, 1.0)):
        axes.set_xlim(*limits[0])
        axes.set_ylim(*limits[1])


def _fill(axes: Axes, shapes: gpd.GeoSeries, **look: Any) -> None:
    """Fill all areas of one class as one path: a small file, each outline still drawn."""
    if len(shapes):
        path = _path_of(shapes.to_numpy())
        # `add_patch` would look along every edge for where it bulges: these are straight
        axes.add_artist(PathPatch(path, edgecolor="#9aa3a8", linewidth=0.25, **look))
        axes.update_datalim(path.vertices)


def _legend(classes: _Classes, words: dict[str, Any]) -> list[tuple[Any, str]]:
    edge: dict[str, Any] = {"edgecolor": "#6f777b", "linewidth": 0.5}
    entries: list[tuple[Any, str]] = [
        (Patch(facecolor=colour, **edge), label)
        for colour, label in zip(classes.colours, classes.labels, strict=True)
    ]
    for code, hatch, key in _HATCHES:
        if (classes.of_area == code).any():
            entries.append((Patch(facecolor=style.NO_DATA, hatch=hatch, **edge), str(words[key])))
    return entries


def _shown_sites(data: _ExplorerData, service: _ExplorerService, crs: str) -> pd.DataFrame:
    """Give name and place of the sites that a map shows, by their ids."""
    frames = [data.sites] if data.candidates is None else [data.sites, data.candidates]
    sites = pd.concat(frames, ignore_index=True).astype({"id": str}).set_index("id")
    shown = sites.loc[[i for i in sites.index if i in {*service.before, *service.after}]]
    points = gpd.GeoSeries.from_xy(shown["lon"], shown["lat"], crs=WGS84).to_crs(crs)
    return pd.DataFrame({"name": shown["name"], "x": points.x.to_numpy(), "y": points.y.to_numpy()})


def _sites(
    data: _ExplorerData, service: _ExplorerService, sites: pd.DataFrame, crs: str,
    words: dict[str, Any], axes: Axes,
) -> list[tuple[Any, str]]:  # fmt: skip
    hubs = [i for i in service.after if i not in service.before]
    stay = [i for i in service.after if i in service.before]
    entries: list[tuple[Any, str]] = []
    taken: list[list[float]] = []
    for ids, kind, key in (
        (stay, service.key, "kind_open"),
        (list(service.closing), "closing", "kind_closing"),
        (hubs, "hub", "kind_hub"),
    ):
        if ids:
            xy = sites.loc[ids, ["x", "y"]].to_numpy(float)
            label = _fill_text(words, key, one=service.one)
            entries.append((_sign(axes, xy, kind, service.key), capital(label)))
            if kind != "closing":
                taken += xy.tolist()
    closing = [
        (_short_name(str(name), service.one), float(x), float(y))
        for name, x, y in sites.loc[list(service.closing)].itertuples(index=False, name=None)
    ]
    places = []
    if data.places is not None:
        rank = data.places["rank"] if "rank" in data.places else pd.Series(2, data.places.index)
        at = gpd.GeoSeries.from_xy(data.places["lon"], data.places["lat"], crs=WGS84)
        at = at.to_crs(crs)
        places = sorted(
            (int(r), str(n), float(p.x), float(p.y))
            for r, n, p in zip(rank, data.places["name"], at, strict=True)
        )
    _name_places(axes, taken, closing, places)
    return entries


def _short_name(name: str, one: str) -> str:
    """Shorten a centre's name for a map: without its kind, and without brackets."""
    bare = re.sub(r"\s*\([^)]*\)", "", name)
    short = re.sub(rf"\s*{re.escape(one)}\s*", " ", bare, count=1, flags=re.IGNORECASE).strip()
    return short if len(short) > 2 else bare
