"""Walks between stops, areas and sites: only those that are short enough to matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.network import Network, travel_matrix
from access.network.bus_search import Near
from access.units import project

Floats = NDArray[np.float64]
_PER_MINUTE = 60_000
#: Stops of one block of searches, so that memory does not grow with the number of stops.
_BLOCK = 400


def walks_between(
    network: Network, origins: Floats, targets: Floats, *, minutes: float, snap_limit_m: float
) -> Near:
    """Walks from origins to targets (degrees) of at most some minutes, by origin.

    The streets are searched block by block of neighbouring targets, from the origins that are near
    enough in a straight line at the network's highest speed.
    """
    a, b = (project(points[:, 0], points[:, 1], network.crs) for points in (origins, targets))
    reach = minutes * _fastest(network) * 1.01 + 1.0
    origin_on, target_on = (over_streets(network, p, snap_limit_m) for p in (origins, targets))
    found = []
    for block in _blocks(b, np.flatnonzero(target_on), reach):
        low, high = b[block].min(axis=0) - reach, b[block].max(axis=0) + reach
        near = np.flatnonzero(origin_on & np.logical_and.reduce((a >= low) & (a <= high), axis=1))
        if not len(near):
            continue
        m = travel_matrix(
            network, _table(origins[near]), _table(targets[block]), max_minutes=minutes,
            snap_limit_m=snap_limit_m,
        )  # fmt: skip
        i, j = np.nonzero(np.isfinite(m.total_minutes))
        found.append((near[i], block[j], as_ms(m.total_minutes[i, j])))
    if not found:
        nothing = np.zeros(0, np.int64)
        return Near(np.zeros(len(origins) + 1, np.int64), nothing, nothing)
    row, other, ms = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Near.of_pairs(row, other, ms, len(origins))


def over_streets(network: Network, lonlat: Floats, snap_limit_m: float) -> NDArray[np.bool_]:
    """Which points lie over the box of the streets, or as near to it as may be joined to them."""
    west, south, east, north = network.bounds_lonlat
    margin = snap_limit_m / 111_000
    aside = margin / max(np.cos(np.radians(max(abs(south), abs(north)))), 0.01)
    low, high = np.array([west - aside, south - margin]), np.array([east + aside, north + margin])
    return np.logical_and.reduce((lonlat >= low) & (lonlat <= high), axis=1)


def as_ms(minutes: Floats) -> NDArray[np.int64]:
    """Minutes as whole thousandths of a second."""
    return np.rint(minutes * _PER_MINUTE).astype(np.int64)


def _table(lonlat: Floats) -> pd.DataFrame:
    return pd.DataFrame({"id": np.arange(len(lonlat)), "lon": lonlat[:, 0], "lat": lonlat[:, 1]})


def _fastest(network: Network) -> float:
    """Highest speed anywhere on the network or beside it, metres a minute."""
    steps = np.hypot(*np.diff(network.geometry_xy, axis=0).T)
    edge = np.repeat(np.arange(network.n_edges), np.diff(network.geometry_offsets))
    within = edge[1:] == edge[:-1]
    long = np.bincount(edge[1:][within], steps[within], minlength=network.n_edges)
    quick = np.minimum(network.edge_minutes_forward, network.edge_minutes_backward)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = np.where(long > 0, long / quick, 0.0)
    return max(float(speed.max(initial=0.0)), network.profile.off_network_kmh / 0.06)


def _blocks(xy: Floats, rows: NDArray[np.intp], reach: float) -> list[NDArray[np.intp]]:
    """Rows that lie near each other: squares of the reach, and not too many at once."""
    if not len(rows):
        return []
    if np.isfinite(reach):
        cell = np.floor(xy[rows] / (2 * reach)).astype(np.int64)
        _, square = np.unique(cell, axis=0, return_inverse=True)
    else:
        square = np.zeros(len(rows), np.int64)
    order = np.argsort(square.ravel(), kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(square.ravel()[order])) + 1)
    parts = [rows[part] for part in parts]
    return [part[i : i + _BLOCK] for part in parts for i in range(0, len(part), _BLOCK)]
