"""Still maps for reports: the explorer's colours, classes and signs, as PNG and SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as MplPath

from access.errors import OutputError
from access.maps import style
from access.maps.explorer_encode import area_shapes
from access.maps.explorer_words import fill_text, published_date, strings
from access.maps.payload import ExplorerData, ExplorerService
from access.maps.static_classes import MEASURES, NOT_KNOWN, UNREACHED, Classes, classify
from access.maps.static_furniture import furnish, name_places, sign
from access.report.chart import Chart
from access.scenario.words import list_words
from access.units import WGS84, metric_crs

_SHAPE_BYTES = 30_000
"""What the packed shapes may take: fewer corners than the page's, for a picture on paper."""
_HATCHES = (
    (UNREACHED, style.UNREACHABLE_HATCH, "legend_unreached"),
    (NOT_KNOWN, style.NO_DATA_HATCH, "legend_no_data"),
)


def static_map(
    data: ExplorerData, service: str, measure: str = "change", *, mode: str = "walk"
) -> Chart:
    """Draw one map.

    Parameters
    ----------
    data : ExplorerData
    service : str
        Key of a service.
    measure : str
        ``"change"`` (minutes added by the proposal), ``"today"`` or ``"after"`` (minutes to the
        nearest centre), ``"people"`` (whom the service is for) or ``"deprivation"``.
    mode : str
        ``"walk"``, ``"pram"``, ``"drive"`` or ``"typical"``.

    Returns
    -------
    Chart
        With a title that says the finding, a caption, words for those who cannot see it, and
        ``png()`` and ``svg()``: the same bytes each time.

    Raises
    ------
    ParameterError
        If there is no such service, measure or mode, or the data lack what it needs.

    Examples
    --------
    >>> from access.maps.explorer_example import example_data
    >>> static_map(example_data(), "childrens_centre").title
    'The walk would grow most around Exampleton: by 30 minutes'
    """
    chosen = data.service(service)
    words = strings(data.language)
    areas = _in_order(data)
    classes = classify(data, chosen, measure, mode, areas, words)
    of_minutes = measure in ("change", "today", "after")
    caption_key = "static_caption" if of_minutes else "static_caption_areas"
    caption = fill_text(
        words, caption_key, measure=classes.legend, one=chosen.one, place=data.place,
        all=f"{len(areas):,}",
    )  # fmt: skip
    extra = [words["credits_cells"]] if data.shapes is None or data.shapes_approximate else []
    extra += data.attributions
    if data.as_of:
        extra.append(fill_text(words, "footer_as_of", date=published_date(data.as_of, words)))
    return Chart(
        title=classes.title,
        alt=_alt(data, chosen, classes, words),
        caption=" ".join([caption, *extra]),
        draw=lambda figure, axes: _draw(data, chosen, areas, classes, words, axes),
        size=(7.6, 5.6),
    )


def write_static_maps(
    data: ExplorerData,
    folder: str | Path,
    *,
    measures: Sequence[str] = MEASURES,
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


def _in_order(data: ExplorerData) -> pd.DataFrame:
    areas = data.areas.assign(id=data.areas["id"].astype(str)).sort_values("id")
    return areas.reset_index(drop=True)


@lru_cache(maxsize=1)
def _outlines(data: ExplorerData) -> gpd.GeoSeries:
    """Simplify the shapes once for all maps of the same data: it takes longer than drawing."""
    return area_shapes(data, _in_order(data), budget_bytes=_SHAPE_BYTES)


def _alt(
    data: ExplorerData, service: ExplorerService, classes: Classes, words: dict[str, Any]
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
    sites = fill_text(words, "static_stay", names=list_words([names[i] for i in service.after]))
    if service.closing:
        closing = list_words([names[i] for i in service.closing])
        sites += " " + fill_text(words, "static_close", names=closing)
    return fill_text(
        words, "static_alt", place=data.place, all=f"{len(classes.of_area):,}",
        legend=classes.legend, classes="; ".join(counts), sites=sites,
    )  # fmt: skip


def _draw(
    data: ExplorerData, service: ExplorerService, areas: pd.DataFrame, classes: Classes,
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
    axes.autoscale_view()
    if data.streets is not None:
        data.streets.to_crs(crs).plot(ax=axes, color=style.QUIET, linewidth=0.3, zorder=2)
    entries = _legend(classes, words) + _sites(data, service, crs, words, axes)
    legend = axes.legend(
        [entry[0] for entry in entries], [entry[1] for entry in entries],
        handler_map={tuple: HandlerTuple(ndivide=1)}, loc="upper left", bbox_to_anchor=(1.0, 1.0),
        frameon=False, fontsize=10, title=classes.legend, alignment="left", handlelength=1.6,
        title_fontproperties={"size": 10.5, "weight": "bold"}, borderaxespad=0.2,
    )  # fmt: skip
    legend.set_zorder(10)
    furnish(axes, badge=str(words["badge"]) if data.modelled else "")


def _fill(axes: Axes, shapes: gpd.GeoSeries, **look: Any) -> None:
    """Fill all areas of one class as one path: a small file, each outline still drawn."""
    rings = [
        MplPath(np.asarray(ring.coords)[:, :2], closed=True)
        for shape in shapes
        if shape is not None
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    if rings:
        path = MplPath.make_compound_path(*rings)
        axes.add_patch(PathPatch(path, edgecolor="#9aa3a8", linewidth=0.25, **look))


def _legend(classes: Classes, words: dict[str, Any]) -> list[tuple[Any, str]]:
    edge: dict[str, Any] = {"edgecolor": "#6f777b", "linewidth": 0.5}
    entries: list[tuple[Any, str]] = [
        (Patch(facecolor=colour, **edge), label)
        for colour, label in zip(classes.colours, classes.labels, strict=True)
    ]
    for code, hatch, key in _HATCHES:
        if (classes.of_area == code).any():
            entries.append((Patch(facecolor=style.NO_DATA, hatch=hatch, **edge), str(words[key])))
    return entries


def _sites(
    data: ExplorerData, service: ExplorerService, crs: str, words: dict[str, Any], axes: Axes
) -> list[tuple[Any, str]]:
    frames = [data.sites] if data.candidates is None else [data.sites, data.candidates]
    sites = pd.concat(frames, ignore_index=True).astype({"id": str}).set_index("id")
    points = gpd.GeoSeries.from_xy(sites["lon"], sites["lat"], crs=WGS84).to_crs(crs)
    points.index = sites.index
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
            xy = np.column_stack([points[ids].x, points[ids].y])
            label = fill_text(words, key, one=service.one)
            entries.append((sign(axes, xy, kind, service.key), label[0].upper() + label[1:]))
            if kind != "closing":
                taken += xy.tolist()
    closing = [(short_name(str(sites.at[i, "name"]), service.one), points[i].x, points[i].y)  # noqa: PD008
               for i in service.closing]  # fmt: skip
    places = []
    if data.places is not None:
        rank = data.places["rank"] if "rank" in data.places else pd.Series(2, data.places.index)
        at = gpd.GeoSeries.from_xy(data.places["lon"], data.places["lat"], crs=WGS84)
        at = at.to_crs(crs)
        places = sorted(
            (int(r), str(n), float(p.x), float(p.y))
            for r, n, p in zip(rank, data.places["name"], at, strict=True)
        )
    name_places(axes, taken, closing, places)
    return entries


def short_name(name: str, one: str) -> str:
    """Shorten a centre's name for a map: without its kind, and without brackets.

    Parameters
    ----------
    name : str
    one : str
        The kind of centre, singular.

    Returns
    -------
    str

    Examples
    --------
    >>> short_name("Broom Valley (registered as Valley) Children's Centre", "children's centre")
    'Broom Valley'
    """
    bare = re.sub(r"\s*\([^)]*\)", "", name)
    short = re.sub(rf"\s*{re.escape(one)}\s*", " ", bare, count=1, flags=re.IGNORECASE).strip()
    return short if len(short) > 2 else bare
