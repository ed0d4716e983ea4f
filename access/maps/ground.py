"""The ground of every map (areas, boundary, streets), and still pictures of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path as MplPath
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from access.analysis.results import StudyResults
from access.charts.chart import (
    CATEGORICAL,
    FIFTH_COLOURS,
    INK,
    MARKERS,
    NO_DATA,
    PAPER,
    QUIET,
    Chart,
)
from access.errors import ParameterError
from access.network import Network
from access.network.reach import street_ways
from access.study import Study
from access.study.sheet import offers_today
from access.study.tables import without_shapes
from access.text import capital, figure, number
from access.units import WGS84, metric_crs, project

# The ground of every map: the areas' shapes, the boundary, the streets and what lies around.

#: Streets that a map shows first, by class; every other class comes last.
_RANKS = {
    "motorway": 1, "trunk": 1, "primary": 1, "secondary": 2, "tertiary": 2, "unclassified": 3,
    "residential": 3,
}  # fmt: skip
#: What a point that lies outside the boundary keeps around it, metres.
_OUTSIDE_M = 150.0


def _only_polygons(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """Drop the points and lines that an intersection leaves beside its polygons."""
    if shape is None or shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    return shapely.multipolygons(
        [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    )


def _approximate_cells(
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    radius_m: float = 450.0,
    within: shapely.Geometry | None = None,
) -> gpd.GeoSeries:
    """Draw a cell around each area's point where no boundaries may be shown.

    Each cell is the ground nearer to its point than to any other (Voronoi): all of it that lies
    within a place's boundary (WGS84), or, where that is not known, no further than a radius from a
    point. The cells are pictures, not boundaries, and every map that shows them must say so.
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    if not radius_m > 0 or lon.size == 0:
        raise ParameterError(f"radius_m={radius_m!r} over {lon.size} points; expected both above 0")
    return _cells(lon.tobytes(), lat.tobytes(), radius_m, within).copy()


@lru_cache(2)
def _cells(
    lon_bytes: bytes, lat_bytes: bytes, radius_m: float, within: shapely.Geometry | None
) -> gpd.GeoSeries:
    """Draw the cells; every map and layer of a run asks for the same."""
    lon, lat = np.frombuffer(lon_bytes), np.frombuffer(lat_bytes)
    crs = metric_crs(float(lon.mean()), float(lat.mean()))
    xy = project(lon, lat, crs).round(1)
    where, position = np.unique(xy, axis=0, return_inverse=True)
    points = shapely.points(where)
    ground = _open_ground(points, radius_m) if within is None else _own_ground(points, within, crs)
    if len(points) > 1:
        frame = shapely.box(*(where.min(axis=0) - 9e4), *(where.max(axis=0) + 9e4))
        cells = np.asarray(
            shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame).geoms
        )
        cell_of, point_of = shapely.STRtree(points).query(cells, predicate="contains")
        order = np.empty(len(points), np.intp)
        order[point_of] = cell_of
        cells = cells[order]
    else:
        cells = np.array([ground])
    if within is None:  # a cell reaches no further than this from its point
        x, y = where.T
        far = radius_m + 150
        cells = shapely.intersection(cells, shapely.box(x - far, y - far, x + far, y + far))
    cut = _cut(cells, ground)
    whole = np.array([_only_polygons(cell) for cell in cut], dtype=object)
    return gpd.GeoSeries(whole[position.ravel()], crs=crs)


#: Corners of the ground that are cut out of at once.
_MOST_CORNERS = 400


def _cut(cells: np.ndarray, ground: shapely.Geometry) -> np.ndarray:
    """Intersect every cell with the ground, halving both until the ground is simple.

    Each cell meets all of the ground within its bounds, so that no seam shows. The time grows
    with cells times the logarithm of the ground's corners, not with their product.
    """
    if len(cells) <= 2 or shapely.get_num_coordinates(ground) <= _MOST_CORNERS:
        whole: np.ndarray = shapely.intersection(cells, ground, grid_size=0.1)
        return whole
    bounds = shapely.bounds(cells)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    wide = int(np.ptp(middle[:, 1]) > np.ptp(middle[:, 0]))
    order = np.argsort(middle[:, wide], kind="stable")
    out = np.empty(len(cells), dtype=object)
    for part in np.array_split(order, 2):
        low, high = bounds[part, :2].min(axis=0), bounds[part, 2:].max(axis=0)
        window = shapely.box(*(low - 1), *(high + 1))
        out[part] = _cut(cells[part], shapely.intersection(ground, window))
    return out


def _open_ground(points: np.ndarray, radius_m: float) -> shapely.Geometry:
    """Take what lies near the points; out and in again closes gaps between their circles."""
    return shapely.union_all(shapely.buffer(points, radius_m + 150)).buffer(-150)


def _own_ground(points: np.ndarray, within: shapely.Geometry, crs: str) -> shapely.Geometry:
    """Take what lies within the boundary, and a little around each point outside it."""
    bound = gpd.GeoSeries([within], crs=WGS84).to_crs(crs).iloc[0]
    outside = points[~shapely.contains(bound, points)]
    return shapely.union_all([bound, *shapely.buffer(outside, _OUTSIDE_M)])


def _area_cells(study: Study) -> gpd.GeoSeries:
    """Give the areas' real shapes, or cells around their points within the place's boundary."""
    if study.shapes is not None:
        return study.shapes
    areas = study.areas
    cells = _approximate_cells(areas["lon"], areas["lat"], within=study.boundary)
    return cells.set_axis(areas["id"])


#: By results: both pages and the report show the same.
_STREETS: WeakKeyDictionary[StudyResults, gpd.GeoDataFrame | None] = WeakKeyDictionary()


def _ranked_streets(results: StudyResults) -> gpd.GeoDataFrame | None:
    best = "walk" if results.modelled else "drive"
    network = results.networks.get(best, next(iter(results.networks.values()), None))
    if network is None:  # minutes that were handed over have no streets
        return None
    frame = network.edges_frame()
    ranks = [_RANKS.get(str(c).removesuffix("_link"), 3) for c in frame["street_class"]]
    streets = frame[["geometry"]].assign(rank=ranks)
    if not results.modelled or results.study.boundary is None:
        return streets
    bound = gpd.GeoSeries([results.study.boundary], crs=WGS84).to_crs(streets.crs).iloc[0]
    inside = shapely.intersection(streets.geometry.to_numpy(), bound)
    return streets.assign(geometry=inside)[~shapely.is_empty(inside)]


#: Ways are drawn to so many of an area's nearest sites of a service; in no study of more areas.
_NEAREST_WAYS, _MOST_AREAS = 3, 3000
#: A way whose minutes are further from the measured ones has other turns: it is not drawn.
_SAME_MINUTES = 0.05


@dataclass(frozen=True, eq=False)
class MapGround:
    """The ground of every map of results: areas, streets, ways, places, and whose data they are."""

    results: StudyResults

    @property
    def cells(self) -> gpd.GeoSeries:
        """The areas' real shapes, or cells around their points within the place's boundary."""
        return _area_cells(self.results.study)

    @property
    def streets(self) -> gpd.GeoDataFrame | None:
        """The streets with their rank: real ones by class; modelled ones last, and at home."""
        if self.results not in _STREETS:
            _STREETS[self.results] = _ranked_streets(self.results)
        return _STREETS[self.results]

    @property
    def places(self) -> pd.DataFrame:
        """The study's own names of places, else those of the streets' file."""
        if len(self.results.study.places) or self.results.surroundings is None:
            return pd.DataFrame(self.results.study.places)
        return self.results.surroundings.places

    @property
    def attributions(self) -> tuple[str, ...]:
        """Every licence once, short enough to stand under a map."""
        rows = self.results.study.inputs
        parts = [part.strip() for row in rows for part in row["licence"].split(";")]
        licences = [p for p in dict.fromkeys(parts) if p not in ("MIT", "not stated")]
        told = [f"{'; '.join(licences)}."] if licences else []
        if not self.results.modelled:
            told.append("Streets © OpenStreetMap contributors, ODbL.")
        return tuple(told)

    def ways(self, plans: Sequence[Sequence[str]]) -> pd.DataFrame | None:
        """Find the ways on foot that a map draws, the nearest of each area first.

        `plans` are the sites that are open, for each service today and under each proposal. Columns
        ``area_id site_id order geometry``; None where streets are modelled or areas too many.
        """
        walk = self.results.matrices["walk"]
        if self.results.modelled or len(walk.area_ids) > _MOST_AREAS:
            return None
        rows = []
        for sites in plans:
            own = walk.sites(list(sites))
            near = np.argsort(own.total_minutes, axis=1, kind="stable")[:, :_NEAREST_WAYS]
            rows += [
                (area, own.site_ids[column], rank)
                for area, columns in zip(own.area_ids, near, strict=True)
                for rank, column in enumerate(columns)
            ]
        every = pd.DataFrame(rows, columns=["area_id", "site_id", "order"])
        wanted = every.groupby(["area_id", "site_id"])["order"].min().reset_index()
        network = self.results.networks["walk"]
        ways = street_ways(
            network, without_shapes(self.results.study.areas), self.results.sites,
            wanted[["area_id", "site_id"]].itertuples(index=False, name=None),
            snap_limit_m=self.results.study.config.travel.snap_limit_m,
        ).merge(wanted, on=["area_id", "site_id"])  # fmt: skip
        if ways.empty:
            return None
        legs = self.results.snaps["walk"].set_index("id")["metres"]
        metres = legs.loc[ways["area_id"]].to_numpy() + legs.loc[ways["site_id"]].to_numpy()
        minutes = ways["minutes"] + metres * 60 / (1000 * network.profile.off_network_kmh)
        at = [pd.Index(ids).get_indexer(pd.Index(ways[column])) for ids, column in
              ((walk.area_ids, "area_id"), (walk.site_ids, "site_id"))]  # fmt: skip
        same = (minutes - walk.total_minutes[at[0], at[1]]).abs() <= _SAME_MINUTES
        drawn: pd.DataFrame = ways[same].drop(columns="minutes")
        return drawn.sort_values(["order", "area_id", "site_id"])


# ------------------------------------------------------------------------------
# Still pictures of a place: areas in colours, sites, streets. No internet.

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
#: Of services that have no sign of their own: never told apart by colour alone.
_OTHER_MARKS = "D^vPph<>"
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
    shown = _open_today(study) if sites is None else sites

    def draw(figure: Figure, axes: Axes) -> None:
        cells = _area_cells(study).to_crs(study.crs)
        paths = [_path_of([shape]) for shape in cells]
        axes.add_collection(
            PathCollection(paths, facecolors=fills, edgecolors=QUIET, linewidths=0.2)
        )
        handles = [*key, *_draw_sites(axes, study, shown)]
        _label_places(axes, study)
        corners = [path.vertices for path in paths]
        _furnish(axes, np.concatenate([*corners, project(shown["lon"], shown["lat"], study.crs)]))
        axes.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9
        )

    note = "" if study.shapes is not None else _CELLS_NOTE
    return Chart(title, alt, f"{caption} {note}".strip(), draw, _SIZE)


def _path_of(shapes: Sequence[shapely.Geometry] | np.ndarray) -> MplPath:
    """Make one path of the edges of shapes: what lies in a hole of them is not painted over."""
    # rings of holes run the other way round than those they lie in
    parts = shapely.normalize(shapely.get_parts(np.asarray(shapes, dtype=object)))
    corners, ring = shapely.get_coordinates(shapely.get_rings(parts), return_index=True)
    codes = np.full(len(corners), MplPath.LINETO, MplPath.code_type)
    codes[np.flatnonzero(np.diff(ring, prepend=-1))] = MplPath.MOVETO
    codes[np.flatnonzero(np.diff(ring, append=len(ring)))] = MplPath.CLOSEPOLY
    return MplPath(corners, codes)


def _open_today(study: Study) -> pd.DataFrame:
    """Give the centres that are open today."""
    return pd.DataFrame(study.centres[offers_today(study.centres)])


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
        f"{capital(number(len(_open_today(study)), 'centre'))}, and deprivation around them: "
        f"{counts[0]:,} of {len(tenths):,} areas {'is' if counts[0] == 1 else 'are'} in the most "
        "deprived fifth"
    )
    alt = (
        f"Map of {study.config.study.place}: areas by fifth of deprivation in {study.nation}, "
        + "; ".join(f"{word} {n:,}" for word, n in zip(_FIFTHS, counts, strict=True))
        + (f"; not known {unknown:,}." if (unknown := len(tenths) - sum(counts)) else ".")
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
    '0.7 km of streets to walk along, from edges handed over'
    """
    km = network.edge_metres.sum() / 1000
    shown = figure(km, 0 if km >= 10 else 1)
    title = f"{shown} km of streets to {network.mode} along, from {network.source.name}"
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


def _draw_sites(axes: Axes, study: Study, sites: pd.DataFrame) -> list[Line2D]:
    """Mark sites by service, each with its own sign, and give the lines of the key."""
    handles = []
    services = study.config.services
    for k, (key, own) in enumerate(sites.groupby("service", sort=True)):
        other = (_OTHER_MARKS[k % len(_OTHER_MARKS)], CATEGORICAL[k % len(CATEGORICAL)])
        marker, colour = _OWN_MARKS.get(str(key), other)
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
    """True proportions, no frame, and a bar that says how far."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = np.maximum(high - low, 0.05 * (high - low).max())  # one street may run due north
    axes.set_xlim(low[0] - 0.02 * span[0], high[0] + 0.02 * span[0])
    axes.set_ylim(low[1] - 0.07 * span[1], high[1] + 0.02 * span[1])
    axes.set_aspect("equal")
    axes.set_axis_off()
    length = _nice_length(span[0] / 4)
    y = low[1] - 0.04 * span[1]
    axes.plot([low[0], low[0] + length], [y, y], color=INK, linewidth=2)
    axes.annotate(
        _length_words(length), (low[0] + length / 2, y), xytext=(0, 3),
        textcoords="offset points", ha="center", fontsize=9,
    )  # fmt: skip


def _nice_length(metres: float) -> float:
    """Round a length down to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(metres))  # of 999.9999999999999 it is 1000
    return float(max(step for step in (0.5, 1, 2, 5) if step * power <= metres) * power)


def _length_words(metres: float) -> str:
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
