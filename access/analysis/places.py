"""What planners ask of one place: what is near it, the way to it, and who lives there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from access.analysis.anew import _proposed_places
from access.analysis.questions import _places_of, _site_ids
from access.analysis.results import StudyResults
from access.arguments import ids, number, pick, refuse
from access.disclosure import Sum, suppress
from access.errors import ParameterError
from access.labels import grouping_words, mode_title
from access.measure.distribution import within
from access.network import Network, Status, TravelMatrix
from access.network.matrix import positions
from access.network.reach import REACHED, UNSNAPPED, Route, isochrones
from access.network.snapping import Points, snap
from access.scenario.impact import group_labels
from access.scenario.users import group_counts
from access.study import Study
from access.study.tables import without_shapes
from access.text import figure, limit_words, listed
from access.units import WGS84, unproject

_MOST_MINUTES = 600.0
_MOST_BUFFER_M = 2000.0
BUFFER_M = 50.0
"""How far round a reached street its isochrone goes, metres: about one plot on either side."""
_DIRECTIONS = ("to_site", "from_site")
_STATUS_WORDS = {
    REACHED: "",
    UNSNAPPED: "is too far from any street of this mode: nothing is reached",
    "too_far_from_street": "is so far from its street that the minutes are used up before it",
}


@dataclass(frozen=True, eq=False)
class Isochrones:
    """What lies within so many minutes of sites, along the streets.

    Parameters
    ----------
    table : GeoDataFrame
        One row a site and number of minutes, WGS84: ``site site_name mode direction minutes
        status leg_minutes street_km area_km2 geometry``. ``status`` is ``reached``,
        ``unsnapped`` or ``too_far_from_street``; the polygon is then empty.
    streets : GeoDataFrame
        The same rows with the reached streets as lines, cut where the minutes are used up.
    buffer_m : float
    assumptions : tuple of str
        What must stand beside them.
    """

    table: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    buffer_m: float
    assumptions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Give the figures without the shapes.

        Returns
        -------
        DataFrame
        """
        return without_shapes(self.table)

    def sentence(self) -> str:
        """Say what is reached from each site.

        Returns
        -------
        str
        """
        told = []
        for _, rows in self.table.groupby("site", sort=False):
            name, last = str(rows["site_name"].iloc[0]), rows.iloc[-1]
            reached = rows[rows["status"] == REACHED]
            if reached.empty:
                told.append(f"{name} {_STATUS_WORDS[last['status']]}.")
                continue
            parts = [
                f"{limit_words(r['minutes'])} {figure(r['street_km'], 1)} km of streets"
                for r in reached.to_dict("records")
            ]
            trip = mode_title(str(last["mode"]))
            way = "to" if last["direction"] == "to_site" else "from"
            told.append(f"{trip.capitalize()} {way} {name}: within {listed(parts)}.")
        return " ".join(told)

    def __repr__(self) -> str:
        return self.sentence()


@dataclass(frozen=True, eq=False)
class Path:
    """The way from one area to one site that the travel matrix measures.

    Parameters
    ----------
    area, site, site_name, mode : str
    minutes : float
        In all, as in the matrix; ``inf`` where there is no way.
    entry_minutes, network_minutes, exit_minutes : float
        The leg from the area to its street, along the streets, and the leg to the site.
    metres : float
        Along the streets, as in the matrix.
    status : str
        As in `access.network.Status`, in small letters.
    line : LineString
        Along the streets from where the area joins them to where the site does, WGS84; empty
        where there is no way.
    steps : DataFrame
        One row a street in the order they are gone along: ``street metres minutes``.
    assumptions : tuple of str
    """

    area: str
    site: str
    site_name: str
    mode: str
    minutes: float
    entry_minutes: float
    network_minutes: float
    exit_minutes: float
    metres: float
    status: str
    line: shapely.LineString
    steps: pd.DataFrame
    assumptions: tuple[str, ...]

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """The line as a layer of one row, WGS84."""
        row = {k: [v] for k, v in self.summary.items()}
        return gpd.GeoDataFrame(row, geometry=[self.line], crs=WGS84)

    @property
    def summary(self) -> dict[str, Any]:
        """Every figure of the whole way."""
        keys = ("area", "site", "site_name", "mode", "minutes", "entry_minutes",
                "network_minutes", "exit_minutes", "metres", "status")  # fmt: skip
        return {key: getattr(self, key) for key in keys}

    def to_frame(self) -> pd.DataFrame:
        """Give the steps.

        Returns
        -------
        DataFrame
        """
        return self.steps

    def sentence(self) -> str:
        """Say how long the way is, and over which streets.

        Returns
        -------
        str
        """
        trip = mode_title(self.mode)
        if not np.isfinite(self.minutes):
            why = self.status.replace("_", " ")
            return f"There is no way {trip} from {self.area} to {self.site_name} ({why})."
        named = list(dict.fromkeys(s for s in self.steps["street"] if not s.startswith("(")))
        over = f", by {listed(named, most=6)}" if named else ""
        return (
            f"{trip.capitalize()} from {self.area} to {self.site_name}: "
            f"{figure(self.minutes, 1)} minutes, {figure(self.metres)} m along the streets{over}."
        )

    def __repr__(self) -> str:
        return self.sentence()


@dataclass(frozen=True, eq=False)
class Within:
    """Who lives within so many minutes of a site, group by group.

    Parameters
    ----------
    site, site_name, mode : str
    minutes : float
    areas : tuple of str
        Ids of the areas within.
    counts : DataFrame
        One row a group: ``who grouping group within beyond all share_within``, everything told:
        not for publication.
    hidden : ndarray of bool, shape (rows, 3)
        Which of ``within beyond all`` the public may not see.
    status : str
        ``unsnapped`` where the site is too far from any street, else ``measured``.
    assumptions : tuple of str
    """

    site: str
    site_name: str
    mode: str
    minutes: float
    areas: tuple[str, ...]
    counts: pd.DataFrame
    hidden: NDArray[np.bool_]
    status: str
    assumptions: tuple[str, ...]

    def to_frame(self, *, internal: bool = False) -> pd.DataFrame:
        """Give the table, by default as it may be published.

        Parameters
        ----------
        internal : bool
            Keep small counts; not for publication.

        Returns
        -------
        DataFrame
            ``who grouping group within beyond all share_within hidden``: a count that is hidden
            is missing, and ``hidden`` names it.
        """
        table = self.counts.copy()
        if internal:
            return table.assign(hidden="")
        for k, column in enumerate(_COUNTED):
            table[column] = table[column].where(~self.hidden[:, k])
        covered = self.hidden[:, 0] | self.hidden[:, 2]
        table["share_within"] = table["share_within"].where(~covered)
        said = [" ".join(c for c, h in zip(_COUNTED, row, strict=True) if h) for row in self.hidden]
        return table.assign(hidden=said)

    def sentence(self, *, internal: bool = False) -> str:
        """Say how many of those the services are for live within, and how many not.

        Parameters
        ----------
        internal : bool
            Tell small counts; not for publication.

        Returns
        -------
        str
        """
        if self.status == "unsnapped":
            return f"{self.site_name} {_STATUS_WORDS['unsnapped']}."
        shown = self.to_frame(internal=internal)
        rows = shown[shown["grouping"] == _EVERYONE].to_dict("records")
        told = []
        for row in rows:
            if pd.isna(row["within"]) or pd.isna(row["all"]):
                told.append(f"a number of {row['who']} too small to tell apart")
            else:
                told.append(f"{figure(row['within'])} of {figure(row['all'])} {row['who']}")
        trip = mode_title(self.mode)
        who = listed(told) if told else "nobody who is counted"
        return f"Within {limit_words(self.minutes)} ({trip}) of {self.site_name}: {who}."

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self.to_frame().to_string(index=False)}"


_EVERYONE = "everyone"
_COUNTED = ["within", "beyond", "all"]
#: Column to group by, where it comes from, and its words.
_GROUPINGS = (("imd_fifth", "imd_decile", grouping_words("imd_fifth")), ("ward", "ward", "ward"))


def _check_streets(mode: str) -> None:
    """Refuse a way to travel that has no streets of its own."""
    if mode == "typical":
        raise ParameterError(
            "mode='typical' blends two trips and has no streets of its own; expected mode='walk' "
            "or mode='drive'"
        )


def _streets_of(results: StudyResults, mode: str) -> Network:
    _check_streets(mode)
    return pick(results.networks, mode, "mode")


def check_places(
    study: Study,
    sites: Sequence[str] | str,
    areas: Sequence[str] = (),
    *,
    minutes: float | Sequence[float] | None = None,
    buffer_m: float | None = None,
    streets_of: str | None = None,
) -> None:
    """Refuse what cannot be asked of places of a study: before anything is measured.

    Parameters
    ----------
    study : Study
    sites : str or sequence of str
        One site, or several: ids or names.
    areas : sequence of str
        Ids.
    minutes, buffer_m
        As in `access.analysis.analysis.Analysis.isochrones`.
    streets_of : str, optional
        A way to travel whose streets are asked for.

    Raises
    ------
    ParameterError
        As the questions about them.
    """
    new = _proposed_places(study)[["id", "name"]].assign(kind="new")
    places = pd.concat([_places_of(study), new], ignore_index=True)
    name, given = ("site", [sites]) if isinstance(sites, str) else ("sites", list(sites))
    _site_ids(study, given, places, name=name, what="sites of the study")
    positions(tuple(study.areas["id"].astype(str)), ids(areas, "area"), "area")
    if minutes is not None:
        _limits(minutes)
    if buffer_m is not None:
        _buffer(buffer_m)
    if streets_of is not None:
        _check_streets(streets_of)


def _site(results: StudyResults, site: str, name: str = "site") -> str:
    if not isinstance(site, str):
        raise refuse(name, site, "one site's id or name, such as 'CC04'")
    return _sites(results, [site], name)[0]


def _sites(results: StudyResults, given: Sequence[str] | str, name: str = "sites") -> list[str]:
    wanted = [given] if isinstance(given, str) else ids(given, name)
    if not wanted:
        raise refuse(name, given, "at least one site's id or name")
    places = results.sites[["id", "name", "kind"]]
    found = _site_ids(results.study, wanted, places, name=name, what="sites of the study")
    measured = set(places["id"].astype(str))
    if strange := [i for i in found if i not in measured]:
        raise ParameterError(f"{name}: {strange} are not measured; expected sites of the run")
    return list(dict.fromkeys(found))


def _points(table: pd.DataFrame, wanted: Sequence[str]) -> Points:
    rows = table.set_index(table["id"].astype(str)).loc[list(wanted)]
    return Points(tuple(wanted), rows[["lon", "lat"]].to_numpy(float))


def _buffer(buffer_m: float) -> float:
    return float(number(0, _MOST_BUFFER_M, above=True)(buffer_m, "buffer_m"))


def _limits(minutes: float | Sequence[float]) -> list[float]:
    check = number(0, _MOST_MINUTES, above=True)
    if isinstance(minutes, str) or not np.iterable(minutes):
        return [check(minutes, "minutes")]
    found = sorted({float(check(m, "minutes")) for m in minutes})
    if not found:
        raise refuse("minutes", minutes, "numbers above 0, such as [10, 20, 30]")
    return found


def _reach_of(
    results: StudyResults,
    sites: Sequence[str] | str,
    *,
    mode: str,
    minutes: float | Sequence[float],
    direction: str,
    buffer_m: float,
) -> Isochrones:
    """Do the work of `Analysis.isochrones`; see there."""
    network = _streets_of(results, mode)
    limits = _limits(minutes)
    if direction not in _DIRECTIONS:
        raise refuse("direction", direction, "'to_site' or 'from_site'")
    buffer_m = _buffer(buffer_m)
    wanted, names = _sites(results, sites), results.names()
    found = isochrones(
        network,
        _points(results.sites, wanted),
        limits,
        to_site=direction == "to_site",
        snap_limit_m=results.study.config.travel.snap_limit_m,
        buffer_m=buffer_m,
    )
    flat = [(site, one) for site, own in zip(wanted, found, strict=True) for one in own]
    polygons = gpd.GeoSeries([one.polygon for _, one in flat], crs=WGS84)
    table = pd.DataFrame(
        {
            "site": [site for site, _ in flat],
            "site_name": [str(names[site]) for site, _ in flat],
            "mode": mode,
            "direction": direction,
            "minutes": [one.minutes for _, one in flat],
            "status": [one.status for _, one in flat],
            "leg_minutes": [one.leg_minutes for _, one in flat],
            "street_km": [one.street_metres / 1000 for _, one in flat],
            # a thousandth of a square metre: what is left of sums below that is dust
            "area_km2": (polygons.to_crs(network.crs).area.to_numpy() / 1e6).round(9),
        }
    )
    streets = [one.streets for _, one in flat]
    drawn = (
        f"An isochrone holds what lies within {buffer_m:g} m of a street that is reached in the "
        "minutes, the site's own way to its street counted and nobody else's; tunnels, motorways "
        "and ferries are gone along but not drawn round."
    )
    return Isochrones(
        table=gpd.GeoDataFrame(table, geometry=polygons.to_numpy(), crs=WGS84),
        streets=gpd.GeoDataFrame(table, geometry=streets, crs=WGS84),
        buffer_m=buffer_m,
        assumptions=(drawn, *results.assumptions),
    )


def _path_of(results: StudyResults, area: str, site: str, *, mode: str) -> Path:
    """Do the work of `Analysis.path`; see there."""
    network = _streets_of(results, mode)
    matrix = results.matrices[mode]
    site = _site(results, site)
    row = int(positions(matrix.area_ids, ids([area], "area"), "area")[0])
    column = int(positions(matrix.site_ids, [site], "site")[0])
    area, status = matrix.area_ids[row], Status(int(matrix.status[row, column]))
    line, steps = shapely.LineString(), pd.DataFrame(columns=["street", "metres", "minutes"])
    if np.isfinite(matrix.total_minutes[row, column]):
        limit_m = results.study.config.travel.snap_limit_m
        start = snap(network, _points(results.study.areas, [area]), limit_m=limit_m)
        stop = snap(network, _points(results.sites, [site]), limit_m=limit_m, as_origin=False)
        few_sites = len(matrix.site_ids) <= len(matrix.area_ids)
        route = None
        if start.found[0] and stop.found[0]:
            route = Route.between(network, start, stop, backwards=few_sites)
        if route is not None and status is not Status.SAME_PLACE:
            corners = route.corners(start.xy[0])
            line, steps = shapely.LineString(unproject(corners, network.crs)), _steps(route)
        else:
            point = results.study.areas.set_index("id").loc[area]
            line = shapely.LineString([(point["lon"], point["lat"])] * 2)

    def figure_at(values: NDArray[np.float64]) -> float:
        return float(values[row, column])

    return Path(
        area=area,
        site=site,
        site_name=str(results.names()[site]),
        mode=mode,
        minutes=figure_at(matrix.total_minutes),
        entry_minutes=figure_at(matrix.entry_minutes),
        network_minutes=figure_at(matrix.network_minutes),
        exit_minutes=figure_at(matrix.exit_minutes),
        metres=figure_at(matrix.network_metres),
        status=status.name.lower(),
        line=line,
        steps=steps,
        assumptions=results.assumptions,
    )


def _steps(route: Route) -> pd.DataFrame:
    """Put stretches of one street after another together; a nameless one goes by its kind."""
    network, (minutes, metres) = route.network, route.costs()
    edge = np.array([p.half // 2 for p in route.parts], np.intp)
    names = [network.street_names[k] for k in network.edge_name[edge]]
    kinds = [network.class_names[k] for k in network.edge_class[edge]]
    street = pd.Series([n or f"({kind})" for n, kind in zip(names, kinds, strict=True)], dtype=str)
    run = (street != street.shift()).cumsum()
    table = pd.DataFrame({"street": street, "metres": metres, "minutes": minutes})
    summed = {"street": "first", "metres": "sum", "minutes": "sum"}
    return table.groupby(run).agg(summed).reset_index(drop=True)


def _long_minutes(matrix: TravelMatrix) -> pd.DataFrame:
    """Do the work of `Analysis.minutes_table`; see there."""
    areas, sites = matrix.shape
    words = np.array([Status(k).name.lower() for k in range(len(Status))], dtype=object)
    return pd.DataFrame(
        {
            "area": np.repeat(np.array(matrix.area_ids, dtype=object), sites),
            "site": np.tile(np.array(matrix.site_ids, dtype=object), areas),
            "mode": matrix.mode,
            "minutes": matrix.total_minutes.ravel(),
            "metres": matrix.network_metres.ravel(),
            "status": words[matrix.status.ravel()],
        }
    )


def _within_of(results: StudyResults, site: str, *, minutes: float, mode: str) -> Within:
    """Do the work of `Analysis.within`; see there."""
    matrix = results.matrix_by_site(mode)
    limit = number(0, _MOST_MINUTES, above=True)(minutes, "minutes")
    site = _site(results, site)
    column = int(positions(matrix.site_ids, [site], "site")[0])
    near = within(matrix.total_minutes[:, column], limit)
    counts, hidden = _counted(results, near)
    off = bool((matrix.status[:, column] == Status.UNSNAPPED).all())
    return Within(
        site=site,
        site_name=str(results.names()[site]),
        mode=mode,
        minutes=limit,
        areas=tuple(np.array(matrix.area_ids, dtype=object)[near].tolist()),
        counts=counts,
        hidden=hidden,
        status="unsnapped" if off else "measured",
        assumptions=(_POINTS_NOTE, *results.assumptions),
    )


_POINTS_NOTE = (
    "An area is within or beyond as a whole, by the trip from its point; in a real area some live "
    "nearer and some further. People are counted where they live, not as users of the service."
)


def _counted(
    results: StudyResults, near: NDArray[np.bool_]
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Count every group within and beyond, and decide which counts the public may see."""
    book = _Book(near)
    for key, service in results.study.config.services.items():
        demand = results.study.demand(key)
        count = demand["count"].to_numpy(float)
        everyone = book.add(service.noun, _EVERYONE, _EVERYONE, count)
        for column, source, words in _GROUPINGS:
            if not {column, source} & set(demand):
                continue
            labels = group_labels(demand, column).astype(str).to_numpy()
            rows = [
                book.add(service.noun, words, group, np.where(labels == group, count, 0.0))
                for group in sorted(set(labels))
            ]
            book.adds_up(everyone, rows)
    areas = without_shapes(results.study.areas)
    for group in results.study.groups:
        if group.columns:
            inside, base, faults = group_counts(areas, group)
            if not faults:
                row = book.add(str(group.columns[1]), "equality group", group.label, inside)
                book.adds_up(book.unseen(base), [row, book.unseen(base - inside)])
    return book.table()


class _Book:
    """Counts within, beyond and in all, and the sums that a reader can make of them."""

    def __init__(self, near: NDArray[np.bool_]) -> None:
        self.near = near
        self.rows: list[tuple[str, str, str]] = []
        self.cells: list[float] = []
        self.seen: list[int] = []
        self.sums: list[Sum] = []

    def unseen(self, count: NDArray[np.float64]) -> int:
        """Note a count that the table does not show, but that its reader may work out."""
        at = len(self.cells)
        near, far = float(count[self.near].sum()), float(count[~self.near].sum())
        self.cells += [near, far, near + far]
        self.sums.append(Sum(at + 2, (at, at + 1)))
        return at

    def add(self, who: str, grouping: str, group: str, count: NDArray[np.float64]) -> int:
        """Note a row of the table."""
        at = self.unseen(count)
        self.rows.append((who, grouping, group))
        self.seen.append(at)
        return at

    def adds_up(self, whole: int, parts: Sequence[int]) -> None:
        """Note that rows add up to another, within and beyond and in all."""
        self.sums += [Sum(whole + k, tuple(p + k for p in parts)) for k in range(3)]

    def table(self) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
        """Give the rows, and which of their counts are hidden."""
        frame = pd.DataFrame(self.rows, columns=["who", "grouping", "group"])
        at = np.add.outer(np.array(self.seen, np.intp), np.arange(3))
        cells = np.array(self.cells)
        frame[_COUNTED] = cells[at]
        whole = frame["all"].to_numpy(float)
        share = np.full(len(frame), np.nan)
        np.divide(frame["within"].to_numpy(float), whole, out=share, where=whole > 0)
        return frame.assign(share_within=share), suppress(cells, self.sums)[at]
