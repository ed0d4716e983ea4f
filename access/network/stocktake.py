"""How far a network must reach past the boundary: the same trips on smaller extracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from access.errors import NetworkError, ParameterError
from access.network.audit import (
    Audit,
    audit_network,
    demand_left_out,
    left_out_frame,
    snap_lines,
    snap_table,
)
from access.network.build import build_network
from access.network.components import Draft, finish
from access.network.data import LeftOut
from access.network.matrix import TravelMatrix
from access.network.network import Network
from access.network.osm import is_street_file, read_streets
from access.network.profiles import Profile
from access.network.routing import travel_matrix
from access.network.snapping import read_points
from access.units import project


def clip_network(network: Network, shape: BaseGeometry) -> Network:
    """Cut a network down to the streets that lie wholly inside a shape."""
    shapely.prepare(shape)
    keep = shapely.contains_properly(shape, network.lines)
    if not keep.any():
        raise NetworkError(f"no street of {network.source.name} lies inside the shape")
    # A closed edge is one that may be travelled in neither direction: finish() leaves it out.
    names = {f.name for f in fields(Draft)} - {"refused", "counts"}
    given = {name: getattr(network, name) for name in names}
    given["edge_minutes_forward"] = np.where(keep, network.edge_minutes_forward, np.inf)
    given["edge_minutes_backward"] = np.where(keep, network.edge_minutes_backward, np.inf)
    return finish(
        Network,
        Draft(**given, refused=LeftOut(), counts={}),
        network.profile,
        crs=network.crs,
        source=network.source,
        assumptions=network.assumptions,
    )


def reach_past(network: Network, areas: pd.DataFrame) -> float:
    """Metres that a network reaches past the areas, on the side where it reaches least."""
    lonlat = read_points(areas, "areas").lonlat
    points = shapely.multipoints(project(lonlat[:, 0], lonlat[:, 1], network.crs))
    reached = shapely.convex_hull(shapely.geometrycollections(network.lines))
    if not shapely.covers(reached, points):
        return 0.0
    return float(shapely.distance(points, shapely.boundary(reached)))


def buffer_sensitivity(
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
        part = clip_network(network, boundary.buffer(metres))
        found = _nearest(travel_matrix(part, areas, sites, snap_limit_m=snap_limit_m))
        rows.append(_compare(metres, part, found, whole))
    rows.append(_compare(np.inf, network, whole, whole))
    return pd.DataFrame(rows)


def _nearest(matrix: TravelMatrix) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(np.array(matrix.site_ids, object), kind="stable")
    minutes = matrix.total_minutes[:, order]
    return minutes.min(axis=1), order[minutes.argmin(axis=1)]


def _compare(
    metres: float,
    network: Network,
    found: tuple[np.ndarray, np.ndarray],
    whole: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    both = np.isfinite(found[0]) & np.isfinite(whole[0])
    added = (found[0][both] - whole[0][both]) if both.any() else np.zeros(1)
    return {
        "buffer_m": metres,
        "km": float(network.counts["km"]),
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
    audits: dict[str, Audit]
    sensitivity: dict[str, pd.DataFrame]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            name: {
                "network": self.networks[name].to_dict(),
                "classes": audit.classes.to_dict("records"),
                "parts": audit.parts.to_dict("records"),
                "demand_left_out": [] if audit.places.empty
                else demand_left_out(audit.places).to_dict("records"),
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
                found[f"demand_left_out_{name}"] = demand_left_out(audit.places)
            if name in self.sensitivity:
                found[f"sensitivity_{name}"] = self.sensitivity[name]
        return found

    def layers(self) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
        """Layers for QGIS: streets in use, streets left out, and every place's leg."""
        for name, network in self.networks.items():
            yield f"streets_{name}", network.edges_frame()
            yield f"left_out_{name}", left_out_frame(network)
            if len(self.audits[name].places):
                yield f"snap_lines_{name}", snap_lines(network, self.audits[name].places)

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
            f"{counts['cut_off_km']:,.1f} km in {counts['cut_off_parts']} parts left out",
            "",
            classes.to_string(index=False),
        ]
        if len(audit.parts):
            head = audit.parts.head(5).round({"km": 2, "lon": 5, "lat": 5})
            lines += ["", "Largest parts left out", head.to_string(index=False)]
        if name in self.sensitivity:
            table = self.sensitivity[name].round(2)
            lines += ["", "What a smaller extract would change (metres past the areas' hull)",
                      table.to_string(index=False)]  # fmt: skip
        words = audit.warnings or ("Nothing to warn of.",)
        return "\n".join([*lines, "", *(f"- {word}" for word in words)])


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
    streets = read_streets(source) if is_street_file(source) else Path(source)
    networks, audits, buffers = {}, {}, {}
    for profile in profiles:
        progress(f"building the {profile.name} network")
        network = build_network(streets, profile=profile)
        tables = []
        if areas is not None:
            people = None
            if "residents" in areas.columns and "id" in areas.columns:
                people = areas.set_index("id")["residents"]
            tables.append(snap_table(network, areas, limit_m=snap_limit_m, counts=people))
        if sites is not None:
            tables.append(
                snap_table(network, sites, what="centres", limit_m=snap_limit_m, as_origin=False)
            )
        table = pd.concat(tables, ignore_index=True) if tables else None
        networks[profile.name] = network
        audits[profile.name] = audit_network(network, table)
        if sensitivity and areas is not None and sites is not None:
            progress(f"smaller extracts, {profile.name}")
            buffers[profile.name] = buffer_sensitivity(
                network, areas, sites, snap_limit_m=snap_limit_m
            )
    return _Stocktake(networks, audits, buffers)
