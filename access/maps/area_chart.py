"""Still pictures of a place: areas in colours, sites, streets. No internet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from access.charts.chart import Chart
from access.charts.style import CATEGORICAL, FIFTH_COLOURS, INK, MARKERS, NO_DATA, PAPER, QUIET
from access.errors import ParameterError
from access.maps.ground import area_cells
from access.network import Network
from access.study import Study
from access.units import project

_SIZE = (7.4, 5.6)
_CELLS_NOTE = "Areas are drawn as cells around their points, not as their boundaries."
_FIFTHS = ("most deprived fifth", "second", "third", "fourth", "least deprived fifth")
#: Sites that are of no service, in the key.
_WORDS = {
    "": "other sites", "hub": "best hubs", "council": "the council's choice",
    "first": "hubs of the first plan", "second": "hubs of the second plan",
}  # fmt: skip
_OWN_MARKS = {
    **MARKERS, "council": ("D", CATEGORICAL[3]), "first": ("D", CATEGORICAL[3]),
    "second": ("*", CATEGORICAL[2]),
}  # fmt: skip
_SIZES = {"hub": 17, "second": 17}
#: Width of a street by its class, points; other classes are thinnest.
_WIDTHS = {"motorway": 1.6, "trunk": 1.4, "primary": 1.2, "secondary": 0.9, "tertiary": 0.7}


def area_chart(
    study: Study,
    values: ArrayLike,
    *,
    title: str,
    edges: Sequence[float],
    colours: Sequence[str],
    labels: Sequence[str],
    alt: str,
    caption: str = "",
    sites: pd.DataFrame | None = None,
) -> Chart:
    """Draw a study's areas, coloured by classes of a value, with sites on them.

    Parameters
    ----------
    study : Study
    values : array_like, shape (areas,)
        In the order of ``study.areas``; ``nan`` where not known and ``inf`` where there is none.
    title : str
        Says the finding.
    edges : sequence of float
        Where the classes begin, rising; a value below the first is in no class.
    colours, labels : sequence of str
        One a class.
    alt, caption : str
    sites : DataFrame, optional
        ``lon lat`` and ``service``; today's centres when not given.

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If there is not one value an area, or not one colour and label a class.

    Examples
    --------
    >>> from access.study import load_study
    >>> study = load_study("rotherham")
    >>> chart = area_chart(study, study.areas["imd_decile"], title="Deprivation", edges=[1, 6],
    ...                    colours=["#49214f", "#efe3f1"], labels=["more", "less"], alt="A map.")
    >>> chart.title
    'Deprivation'
    """
    numbers = np.asarray(pd.to_numeric(pd.Series(np.asarray(values))), dtype=float)
    if numbers.shape != (len(study.areas),):
        raise ParameterError(
            f"values are of shape {numbers.shape}; expected one an area, ({len(study.areas)},)"
        )
    if not len(edges) == len(colours) == len(labels):
        raise ParameterError(
            f"{len(edges)} edges, {len(colours)} colours and {len(labels)} labels; expected as many"
            " of each: one a class"
        )
    known = np.isfinite(numbers)
    at = np.searchsorted(edges, numbers, side="right") - 1
    fills = [colours[k] if ok and k >= 0 else NO_DATA for k, ok in zip(at, known, strict=True)]
    key = [Patch(facecolor=c, edgecolor=QUIET, label=t) for c, t in zip(colours, labels,
                                                                        strict=True)]  # fmt: skip
    if not known.all():
        key.append(Patch(facecolor=NO_DATA, edgecolor=INK, label="no figure"))
    shown = study.centres if sites is None else sites

    def draw(figure: Figure, axes: Axes) -> None:
        cells = area_cells(study).to_crs(study.crs)
        rings, colour = [], []
        for shape, fill in zip(cells, fills, strict=True):
            for part in shapely.get_parts(shape):
                rings.append(np.asarray(part.exterior.coords)[:, :2])
                colour.append(fill)
        axes.add_collection(
            PolyCollection(rings, facecolors=colour, edgecolors=QUIET, linewidths=0.2)
        )
        handles = [*key, *_draw_sites(axes, study, shown)]
        _label_places(axes, study)
        _furnish(axes, np.concatenate(rings))
        axes.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9
        )

    note = "" if study.shapes is not None else _CELLS_NOTE
    return Chart(title, alt, f"{caption} {note}".strip(), draw, _SIZE)


def places_chart(study: Study, *, caption: str = "") -> Chart:
    """Draw a study's centres over the deprivation of its areas.

    Parameters
    ----------
    study : Study
    caption : str
        Place, date and source; a plain one is made where it is empty.

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If the study's areas have no ``imd_decile``.

    Examples
    --------
    >>> from access.study import load_study
    >>> places_chart(load_study("rotherham")).title
    '23 centres, and deprivation around them: 272 of 854 areas are in the most deprived fifth'
    """
    if "imd_decile" not in study.areas:
        raise ParameterError("the study's areas have no imd_decile to colour them by")
    tenths = pd.to_numeric(study.areas["imd_decile"], errors="coerce").to_numpy(float)
    counts = [int(((tenths >= 2 * k + 1) & (tenths <= 2 * k + 2)).sum()) for k in range(5)]
    title = (
        f"{len(study.centres)} centres, and deprivation around them: {counts[0]:,} of "
        f"{len(tenths):,} areas are in the most deprived fifth"
    )
    alt = (
        f"Map of {study.config.study.place}: areas by fifth of deprivation in {study.nation}, "
        + ("; ".join(f"{word} {n:,}" for word, n in zip(_FIFTHS, counts, strict=True)) + ".")
    )
    place = study.config.study
    below = (
        caption
        or f"{place.place}, {place.as_of}. Fifths are {study.nation}'s, by rank of deprivation."
    )
    return area_chart(
        study, tenths, title=title, edges=(1, 3, 5, 7, 9), colours=FIFTH_COLOURS, labels=_FIFTHS,
        alt=alt, caption=below,
    )  # fmt: skip


def streets_chart(network: Network, *, caption: str = "") -> Chart:
    """Draw the streets of a network, main ones thicker.

    Parameters
    ----------
    network : Network
    caption : str
        What is assumed of the network when not given.

    Returns
    -------
    Chart

    Examples
    --------
    >>> net = Network.from_edges([-1.36, -1.35], [53.43, 53.43], [0], [1], mode="walk")
    >>> streets_chart(net).title
    '1 km of streets to walk along, from edges handed over'
    """
    km = network.edge_metres.sum() / 1000
    title = f"{km:,.0f} km of streets to {network.mode} along, from {network.source.name}"
    names = [str(c).removesuffix("_link") for c in network.class_names]
    widths = np.array([_WIDTHS.get(name, 0.35) for name in names])[network.edge_class]

    def draw(figure: Figure, axes: Axes) -> None:
        offsets = network.geometry_offsets
        lines = [network.geometry_xy[a:b] for a, b in pairwise(offsets)]
        axes.add_collection(LineCollection(lines, colors=INK, linewidths=widths, rasterized=True))
        _furnish(axes, network.geometry_xy)

    alt = f"Map of {network.n_edges:,} streets; {network.n_nodes:,} junctions and ends."
    below = caption or " ".join(network.assumptions[:1])
    return Chart(title, alt, below, draw, _SIZE)


def minutes_labels(edges: Sequence[float]) -> list[str]:
    """Word classes of minutes by where they begin."""
    return [f"{a:g} to {b:g} minutes" for a, b in pairwise(edges)] + [
        f"{edges[-1]:g} minutes or more"
    ]


def _draw_sites(axes: Axes, study: Study, sites: pd.DataFrame) -> list[Line2D]:
    """Mark sites by service, each with its own sign, and give the lines of the key."""
    handles = []
    services = study.config.services
    for k, (key, own) in enumerate(sites.groupby("service", sort=True)):
        marker, colour = _OWN_MARKS.get(str(key), ("D", CATEGORICAL[k % len(CATEGORICAL)]))
        xy = project(own["lon"], own["lat"], study.crs)
        word = services[str(key)].title if str(key) in services else _WORDS.get(str(key), str(key))
        handles += axes.plot(
            xy[:, 0], xy[:, 1], marker, color=colour, markeredgecolor=PAPER, markeredgewidth=0.9,
            markersize=_SIZES.get(str(key), 9), linestyle="none", label=word, zorder=5,
        )  # fmt: skip
    return handles


def _label_places(axes: Axes, study: Study) -> None:
    """Name the chief places, for orientation."""
    if "rank" not in study.places:
        return
    chief = study.places[study.places["rank"] == 1]
    xy = project(chief["lon"], chief["lat"], study.crs)
    for name, (x, y) in zip(chief["name"], xy, strict=True):
        axes.annotate(
            str(name), (x, y), xytext=(0, 9), textcoords="offset points", ha="center",
            fontsize=9, color=INK, zorder=6,
            path_effects=[withStroke(linewidth=2.5, foreground=PAPER)],
        )  # fmt: skip


def _furnish(axes: Axes, xy: np.ndarray) -> None:
    """True proportions, no frame, and a bar of 5 km."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = high - low
    axes.set_xlim(low[0] - 0.02 * span[0], high[0] + 0.02 * span[0])
    axes.set_ylim(low[1] - 0.07 * span[1], high[1] + 0.02 * span[1])
    axes.set_aspect("equal")
    axes.set_axis_off()
    length = 5000.0 if span[0] > 12_000 else 1000.0
    y = low[1] - 0.04 * span[1]
    axes.plot([low[0], low[0] + length], [y, y], color=INK, linewidth=2)
    axes.annotate(
        f"{length / 1000:g} km", (low[0] + length / 2, y), xytext=(0, 3),
        textcoords="offset points", ha="center", fontsize=9,
    )  # fmt: skip
