"""What a street file holds, who joins it where, and how far it must reach past the boundary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from access.errors import NetworkError, ParameterError
from access.network.build import build_network
from access.network.data import NEITHER, _Draft, _finish, _LeftOut
from access.network.matrix import TravelMatrix
from access.network.network import Network, _nearest_piece, _segment_index
from access.network.osm import _is_street_file, _read_streets
from access.network.profiles import Profile
from access.network.routing import travel_matrix
from access.network.snapping import Points, read_points, snap
from access.text import counted, share_figure
from access.units import project, unproject

#: Share of a drive network's kilometres that should carry a speed limit.
_FEW_LIMITS = 0.5
_MUCH_CUT_OFF = 0.05
_LONG_LEG_M = 200.0


def _network_warnings(network: Network, parts: pd.DataFrame) -> list[str]:
    """What to know of the streets themselves."""
    counts, words = network.counts, []
    km, cut = float(counts["km"]), float(counts["cut_off_km"])
    if cut > _MUCH_CUT_OFF * (km + cut):
        gone = share_figure(cut / (km + cut))
        words.append(
            f"{cut:,.1f} km of street ({gone}) in {counted(counts['cut_off_parts'], 'part')} "
            "cannot be reached from the rest and is left out; the largest part has "
            f"{float(parts['km'].max()):.1f} km."
        )
    if counts.get("nodes_outside_file", 0):
        words.append(
            f"{counts['nodes_outside_file']:,} street corners lie outside the file: streets end "
            "at the edge of the extract. Take an extract that reaches past the study's boundary."
        )
    if network.mode == "drive":
        tagged = float(network.edge_metres[network.edge_speed_tagged].sum())
        share = tagged / float(network.edge_metres.sum())
        if share < _FEW_LIMITS:
            words.append(
                f"Only {share_figure(share)} of the street length carries a speed limit in the "
                "data; the rest is driven at the profile's speed for its class."
            )
        one_sided = counts["way_out_only_km"] + counts["way_in_only_km"]
        if one_sided > 0.05:
            words.append(
                f"{counts['way_out_only_km']:.1f} km of street can be left but not driven back "
                f"to, and {counts['way_in_only_km']:.1f} km driven to but not left: trips start "
                "or end there, never pass."
            )
    return words


def _place_warnings(network: Network, table: pd.DataFrame) -> list[str]:
    """What to know of how places join the streets."""
    if table.empty:
        return []
    words: list[str] = []
    for what, rows in table.groupby("what", sort=False):
        outside = _outside(network, rows)
        lost = ~rows["joined"].to_numpy(bool)
        far = rows["leg_metres"].to_numpy(float) > _LONG_LEG_M
        for which, where in (
            (lost & outside, "outside the street file"),
            (lost & ~outside, "further from any usable street than the limit allows"),
            (far, f"more than {_LONG_LEG_M:.0f} m from the street joined"),
            (rows["side"].to_numpy() == "way out", "on a street to drive out of but not back to"),
        ):
            if which.any():
                words.append(f"{_who(rows[which], str(what), 'is', 'are')} {where}"
                             f"{_ids(rows[which])}.")  # fmt: skip
        words += [
            _nearer(str(reason), some, str(what))
            for reason, some in rows.groupby("nearer_reason", sort=True)
            if reason
        ]
    return words


def _outside(network: Network, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which places lie outside the box of everything that was read, used or not."""
    known = np.vstack([network.geometry_xy, network.left_out.xy])
    xy = project(rows["lon"], rows["lat"], network.crs)
    inside = (xy >= known.min(axis=0)) & (xy <= known.max(axis=0))
    outside: NDArray[np.bool_] = ~inside.all(axis=1)
    return outside


def _who(rows: pd.DataFrame, what: str, one: str, many: str) -> str:
    n = len(rows)
    counts = rows["count"]
    people = f" (with {counts.sum():,.0f} people)" if counts.notna().any() else ""
    return f"{n:,} {what.removesuffix('s') if n == 1 else what}{people} {one if n == 1 else many}"


_NEARER_WORDS = {
    "private": "on a private road",
    "cut off from the main part": "on streets that are cut off from the rest",
    "one-way trap": "on streets that one-way rules cut off",
    "foot=no": "on a street closed to walkers",
    "access=no": "on a street closed to all",
    "closed to cars": "on a street closed to cars",
}


def _nearer(reason: str, rows: pd.DataFrame, what: str) -> str:
    place = _NEARER_WORDS.get(reason, f"on a closed street ({reason})")
    joined = rows["joined"].to_numpy(bool)
    further = (rows["leg_metres"] - rows["nearer_metres"]).to_numpy(float)[joined]
    instead = f"; the street joined is {np.median(further):.0f} m further" if len(further) else ""
    return f"{_who(rows, what, 'stands', 'stand')} {place}{instead}{_ids(rows)}."


def _ids(rows: pd.DataFrame, most: int = 5) -> str:
    ids = rows["id"].astype(str).tolist()
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return f" ({', '.join(ids[:most])}{more})"


#: A closed street counts as a place's own if it is nearer than the joined one by this much.
_NEARER_M = 1.0


@dataclass(frozen=True, eq=False)
class _Audit:
    """What is known of a network and of the places that join it.

    Parameters
    ----------
    classes : DataFrame
        One row a street class: ``street_class``, ``km``, ``share``, ``speed_tagged_share``,
        ``one_way_share``.
    parts : DataFrame
        One row a cut-off part, largest first: ``part``, ``reason``, ``km``, ``streets``,
        ``lon``, ``lat``.
    places : DataFrame
        The snap table; empty if no places were given.
    counts : dict
        Totals, as `Network.counts`.
    warnings : tuple of str
        What a planner should know before using the numbers, in words.
    """

    classes: pd.DataFrame
    parts: pd.DataFrame
    places: pd.DataFrame
    counts: dict[str, Any]
    warnings: tuple[str, ...]


def _audit_network(network: Network, places: pd.DataFrame | None = None) -> _Audit:
    """Take stock of a network."""
    table = pd.DataFrame() if places is None else places
    parts = _part_table(network)
    warnings = _network_warnings(network, parts) + _place_warnings(network, table)
    return _Audit(_class_table(network), parts, table, dict(network.counts), tuple(warnings))


def _class_table(network: Network) -> pd.DataFrame:
    """Kilometres by class of street, and how many of them carry a speed limit."""
    one_way = ~(
        np.isfinite(network.edge_minutes_forward) & np.isfinite(network.edge_minutes_backward)
    )
    rows = pd.DataFrame(
        {
            "street_class": np.array(network.class_names, object)[network.edge_class],
            "km": network.edge_metres / 1000,
            "tagged": network.edge_metres / 1000 * network.edge_speed_tagged,
            "one_way": network.edge_metres / 1000 * one_way,
        }
    )
    table = rows.groupby("street_class", sort=True).sum().reset_index()
    table = table.sort_values(["km", "street_class"], ascending=[False, True], ignore_index=True)
    km = table["km"].to_numpy()
    whole = np.where(km > 0, km, 1.0)
    return pd.DataFrame(
        {
            "street_class": table["street_class"],
            "km": km,
            "share": km / max(float(km.sum()), 1e-12),
            "speed_tagged_share": table["tagged"].to_numpy() / whole,
            "one_way_share": table["one_way"].to_numpy() / whole,
        }
    )


def _part_table(network: Network) -> pd.DataFrame:
    """List the parts that a network leaves out because nothing joins them to the rest."""
    out = network.left_out
    columns = ["part", "reason", "km", "streets", "lon", "lat"]
    cut = np.flatnonzero(out.part > 0)
    if not len(cut):
        return pd.DataFrame({c: pd.Series(dtype=object if c == "reason" else float)
                             for c in columns})  # fmt: skip
    middle = out.xy[(out.offsets[cut] + out.offsets[cut + 1] - 1) // 2]
    lonlat = unproject(middle, network.crs)
    frame = pd.DataFrame(
        {
            "part": out.part[cut],
            "reason": np.array(out.reason, object)[out.reason_code[cut]],
            "km": out.metres[cut] / 1000,
            "lon": lonlat[:, 0],
            "lat": lonlat[:, 1],
        }
    )
    table = frame.groupby(["part", "reason"], sort=True).agg(
        km=("km", "sum"), streets=("km", "size"), lon=("lon", "first"), lat=("lat", "first")
    )
    return table.reset_index()[columns]


def _snap_table(
    network: Network,
    places: pd.DataFrame | gpd.GeoDataFrame | Points,
    *,
    what: str = "areas",
    limit_m: float = 500.0,
    as_origin: bool = True,
    counts: pd.Series | None = None,
) -> pd.DataFrame:
    """How each place joins a network, and which nearer streets it cannot use."""
    read = read_points(places, what)
    found = snap(network, read, limit_m=limit_m, as_origin=as_origin)
    edge = np.maximum(found.edge, 0)
    joined = found.found
    joints = found.joints_lonlat(network)

    def where_joined(values: NDArray[Any], blank: Any) -> NDArray[Any]:
        return np.where(joined, values, blank)

    sides = np.array(["both", "way out", "way in", "neither"], object)[network.edge_sides[edge]]
    names = np.array(network.street_names, object)[network.edge_name[edge]]
    table = pd.DataFrame(
        {
            "id": read.ids,
            "what": what,
            "joined": joined,
            "leg_metres": np.where(joined, found.metres, np.nan),
            "street_class": where_joined(
                np.array(network.class_names, object)[network.edge_class[edge]], ""
            ),
            "street": where_joined(names, ""),
            "way": where_joined(network.edge_way[edge], -1),
            "side": where_joined(sides, ""),
            "lon": read.lonlat[:, 0],
            "lat": read.lonlat[:, 1],
            "joint_lon": joints[:, 0],
            "joint_lat": joints[:, 1],
            "count": np.nan if counts is None else _aligned(counts, read.ids),
        }
    )
    return pd.concat([table, _nearer_audit(network, read, found.metres, limit_m)], axis=1)


def _aligned(counts: pd.Series, ids: tuple[str, ...]) -> NDArray[np.float64]:
    by_id = pd.Series(counts.to_numpy(float), index=counts.index.map(str))
    return by_id.reindex(list(ids)).to_numpy(float)


def _nearer_audit(
    network: Network, places: Points, joined_m: NDArray[np.float64], limit_m: float
) -> pd.DataFrame:
    """The closed or cut-off street nearer to each place than the one that it joins."""
    out = network.left_out
    n = len(places.ids)
    reason, metres = np.full(n, "", object), np.full(n, np.nan)
    part = np.zeros(n, np.int32)
    if len(out.metres):
        xy = project(places.lonlat[:, 0], places.lonlat[:, 1], network.crs)
        finder = _segment_index(out.xy, out.offsets, np.ones(len(out.metres), bool))
        piece, _, far = _nearest_piece(finder, out.xy, xy, limit_m=limit_m)
        closer = np.flatnonzero((piece >= 0) & (far < joined_m - _NEARER_M))
        street = finder.edge[piece[closer]]
        reason[closer] = np.array(out.reason, object)[out.reason_code[street]]
        metres[closer], part[closer] = far[closer], out.part[street]
    return pd.DataFrame({"nearer_reason": reason, "nearer_metres": metres, "nearer_part": part})


def _demand_left_out(table: pd.DataFrame) -> pd.DataFrame:
    """Count who stands on streets that are closed or cut off."""
    some = table[table["nearer_reason"] != ""]
    groups = some.groupby(["what", "nearer_reason", "nearer_part"], sort=True)
    return groups.agg(
        places=("id", "size"), count=("count", "sum"), joined=("joined", "sum")
    ).reset_index()


def _snap_lines(network: Network, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Draw the legs of a snap table: from each place to its joint, as a layer for QGIS."""
    start = project(table["lon"], table["lat"], network.crs)
    end = project(
        table["joint_lon"].fillna(table["lon"]), table["joint_lat"].fillna(table["lat"]),
        network.crs,
    )  # fmt: skip
    lines = shapely.linestrings(np.stack([start, end], axis=1))
    return gpd.GeoDataFrame(table.copy(), geometry=lines, crs=network.crs)


def _left_out_frame(network: Network) -> gpd.GeoDataFrame:
    """Draw the streets that a network leaves out, as a layer for QGIS."""
    out = network.left_out
    which = np.repeat(np.arange(len(out.metres)), np.diff(out.offsets))
    return gpd.GeoDataFrame(
        {
            "reason": np.array(out.reason or ("",), object)[out.reason_code],
            "part": out.part,
            "metres": out.metres,
        },
        geometry=shapely.linestrings(out.xy, indices=which) if len(which) else [],
        crs=network.crs,
    )


def _clip_network(network: Network, shape: BaseGeometry) -> Network:
    """Cut a network down to the streets that lie wholly inside a shape."""
    shapely.prepare(shape)
    keep = shapely.contains_properly(shape, network.lines)
    if not keep.any():
        raise NetworkError(f"no street of {network.source.name} lies inside the shape")
    # A closed edge is one that may be travelled in neither direction: finish() leaves it out.
    names = {f.name for f in fields(_Draft)} - {"refused", "counts", "edge_joinable"}
    given = {name: getattr(network, name) for name in names}
    given["edge_minutes_forward"] = np.where(keep, network.edge_minutes_forward, np.inf)
    given["edge_minutes_backward"] = np.where(keep, network.edge_minutes_backward, np.inf)
    return _finish(
        Network,
        _Draft(
            **given,
            refused=_LeftOut(),
            counts={},
            edge_joinable=network.edge_sides != NEITHER,
        ),
        network.profile,
        crs=network.crs,
        source=network.source,
        assumptions=network.assumptions,
    )


def _buffer_sensitivity(
    network: Network,
    areas: pd.DataFrame,
    sites: pd.DataFrame,
    *,
    buffers_m: Sequence[float] = (0, 500, 1000, 2500, 5000),
    boundary: BaseGeometry | None = None,
    snap_limit_m: float = 500.0,
) -> pd.DataFrame:
    """What a smaller buffer would change in the minutes to the nearest site."""
    bad = [b for b in buffers_m if not 0 <= b < np.inf]
    if bad:
        raise ParameterError(f"buffers_m holds {bad}; expected metres, 0 or more")
    if boundary is None:
        lonlat = read_points(areas, "areas").lonlat
        points = shapely.multipoints(project(lonlat[:, 0], lonlat[:, 1], network.crs))
        # A little more than the hull: the outermost homes' own street belongs to the place.
        boundary = shapely.convex_hull(points).buffer(1.0)
    whole = _nearest(travel_matrix(network, areas, sites, snap_limit_m=snap_limit_m))
    rows = []
    for metres in sorted({float(b) for b in buffers_m}):
        km, found = 0.0, (np.full(len(whole[0]), np.inf), whole[1])
        with suppress(NetworkError):  # round few areas no street lies, or none that they join
            part = _clip_network(network, boundary.buffer(metres))
            km = float(part.counts["km"])
            found = _nearest(travel_matrix(part, areas, sites, snap_limit_m=snap_limit_m))
        rows.append(_compare(metres, km, found, whole))
    rows.append(_compare(np.inf, float(network.counts["km"]), whole, whole))
    return pd.DataFrame(rows)


def _nearest(matrix: TravelMatrix) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(np.array(matrix.site_ids, object), kind="stable")
    minutes = matrix.total_minutes[:, order]
    return minutes.min(axis=1), order[minutes.argmin(axis=1)]


def _compare(
    metres: float,
    km: float,
    found: tuple[np.ndarray, np.ndarray],
    whole: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    both = np.isfinite(found[0]) & np.isfinite(whole[0])
    added = found[0][both] - whole[0][both] if both.any() else np.full(1, np.nan)
    return {
        "buffer_m": metres,
        "km": km,
        "areas_reached": int(np.isfinite(found[0]).sum()),
        "areas_slower": int((added > 0.1).sum()),
        "areas_lost": int((~np.isfinite(found[0]) & np.isfinite(whole[0])).sum()),
        "areas_with_another_nearest": int((both & (found[1] != whole[1])).sum()),
        "mean_added_minutes": float(added.mean()),
        "most_added_minutes": float(added.max()),
    }


@dataclass(frozen=True, eq=False)
class _Stocktake:
    """What `access network` found.

    Parameters
    ----------
    networks : dict of str to Network
        By profile name.
    sensitivity : dict of str to DataFrame
        Empty unless asked for.
    """

    networks: dict[str, Network]
    audits: dict[str, _Audit]
    sensitivity: dict[str, pd.DataFrame]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            name: {
                "network": self.networks[name].to_dict(),
                "classes": audit.classes.to_dict("records"),
                "parts": audit.parts.to_dict("records"),
                "demand_left_out": [] if audit.places.empty
                else _demand_left_out(audit.places).to_dict("records"),
                "warnings": list(audit.warnings),
                "sensitivity": [] if name not in self.sensitivity
                else self.sensitivity[name].to_dict("records"),
            }
            for name, audit in self.audits.items()
        }  # fmt: skip

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables to write, by file name without its ending."""
        found = {}
        for name, audit in self.audits.items():
            found[f"classes_{name}"] = audit.classes
            found[f"parts_{name}"] = audit.parts
            if len(audit.places):
                found[f"snaps_{name}"] = audit.places
                found[f"demand_left_out_{name}"] = _demand_left_out(audit.places)
            if name in self.sensitivity:
                found[f"sensitivity_{name}"] = self.sensitivity[name]
        return found

    def layers(self) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
        """Layers for QGIS: streets in use, streets left out, and every place's leg."""
        for name, network in self.networks.items():
            yield f"streets_{name}", network.edges_frame()
            yield f"left_out_{name}", _left_out_frame(network)
            if len(self.audits[name].places):
                yield f"snap_lines_{name}", _snap_lines(network, self.audits[name].places)

    def to_text(self) -> str:
        """Everything in words and small tables."""
        return "\n\n".join(self._one(name) for name in self.audits)

    def _one(self, name: str) -> str:
        audit, network = self.audits[name], self.networks[name]
        counts = audit.counts
        classes = audit.classes.copy()
        percent = ["share", "speed_tagged_share", "one_way_share"]
        classes[percent] = (classes[percent] * 100).round(0).astype(int)
        classes["km"] = classes["km"].round(1)
        classes.columns = ["street class", "km", "% of km", "% with limit", "% one-way"]
        lines = [
            f"{name}: {network.source.name}"
            + (f", data of {network.source.data_date}" if network.source.data_date else ""),
            f"{counts['km']:,.1f} km in use, {counts['nodes']:,} nodes, {counts['edges']:,} edges; "
            f"{counts['cut_off_km']:,.1f} km in "
            f"{counted(counts['cut_off_parts'], 'part')} left out",
            "",
            classes.to_string(index=False),
        ]
        if len(audit.parts):
            head = audit.parts.head(5).round({"km": 2, "lon": 5, "lat": 5})
            lines += ["", "Largest parts left out", head.to_string(index=False)]
        if name in self.sensitivity:
            table = self.sensitivity[name].round(2)
            lines += ["", "What a smaller extract would change (metres past the areas' hull)",
                      table.to_string(index=False, na_rep="-")]  # fmt: skip
        words = audit.warnings or ("Nothing to warn of.",)
        return "\n".join([*lines, "", *(f"- {word}" for word in (*words, *network.assumptions))])


def take_stock(
    source: str | Path,
    profiles: Sequence[Profile],
    *,
    areas: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
    snap_limit_m: float = 500.0,
    sensitivity: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> _Stocktake:
    """Build networks from one street file and audit them.

    Parameters
    ----------
    source : str or Path
    profiles : sequence of Profile
    areas, sites : DataFrame, optional
        Points that join; ``residents`` of areas are counted when there.
    snap_limit_m : float
    sensitivity : bool
        Also measure what smaller extracts change; needs areas and sites.
    progress : callable
        Told each step.

    Returns
    -------
    Stocktake

    Raises
    ------
    NetworkError
        If the source cannot be read.
    ParameterError
        If sensitivity is asked for without places.
    """
    if sensitivity and (areas is None or sites is None):
        raise ParameterError("the sensitivity to the buffer needs a study's areas and centres")
    progress(f"reading {Path(source).name}")
    streets = _read_streets(source) if _is_street_file(source) else Path(source)
    networks, audits, buffers = {}, {}, {}
    for profile in profiles:
        progress(f"building the {profile.name} network")
        network = build_network(streets, profile=profile)
        tables = []
        if areas is not None:
            people = None
            if "residents" in areas.columns and "id" in areas.columns:
                people = areas.set_index("id")["residents"]
            tables.append(_snap_table(network, areas, limit_m=snap_limit_m, counts=people))
        if sites is not None:
            tables.append(
                _snap_table(network, sites, what="centres", limit_m=snap_limit_m, as_origin=False)
            )
        table = pd.concat(tables, ignore_index=True) if tables else None
        networks[profile.name] = network
        audits[profile.name] = _audit_network(network, table)
        if sensitivity and areas is not None and sites is not None:
            progress(f"smaller extracts, {profile.name}")
            buffers[profile.name] = _buffer_sensitivity(
                network, areas, sites, snap_limit_m=snap_limit_m
            )
    return _Stocktake(networks, audits, buffers)
