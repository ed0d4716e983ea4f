"""Networks from nodes and edges that are handed over as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from access.errors import Fault, NetworkError
from access.network.components import Draft, N, finish
from access.network.osm import SourceInfo
from access.network.profiles import Profile
from access.units import great_circle_m, metric_crs, project

_Floats = NDArray[np.float64]


def network_from_arrays(
    cls: type[N],
    node_lon: ArrayLike,
    node_lat: ArrayLike,
    edge_from: ArrayLike,
    edge_to: ArrayLike,
    *,
    mode: str,
    metres: ArrayLike | None,
    minutes_forward: ArrayLike | None,
    minutes_backward: ArrayLike | None,
    edge_class: str | Sequence[str],
    geometry: Sequence[ArrayLike] | None,
    node_delay_minutes: ArrayLike | None,
    profile: Profile | None,
    crs: str | None,
    keep: str,
    source: SourceInfo | str,
    assumptions: Sequence[str],
) -> N:
    """Do the work of `Network.from_edges`; see there."""
    profile = profile or Profile.preset(mode)
    if profile.mode != mode:
        raise NetworkError(f"mode is {mode!r} but profile {profile.name!r} is for {profile.mode!r}")
    source = source if isinstance(source, SourceInfo) else SourceInfo(source)
    lonlat = np.column_stack([np.asarray(node_lon, float), np.asarray(node_lat, float)])
    u, v = np.asarray(edge_from, np.int64), np.asarray(edge_to, np.int64)
    _check_nodes(lonlat, u, v, source.name)
    shapes = [lonlat[[a, b]] for a, b in zip(u, v, strict=True)] if geometry is None else geometry
    if len(shapes) != len(u):
        raise NetworkError(
            f"geometry has {len(shapes)} lines; expected one for each of {len(u)} edges"
        )
    sizes = np.array([len(np.asarray(line)) for line in shapes], np.int64)
    points = np.concatenate([np.asarray(line, float).reshape(-1, 2) for line in shapes])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    length = line_metres(points, offsets) if metres is None else np.asarray(metres, float)
    names = [edge_class] * len(u) if isinstance(edge_class, str) else [str(c) for c in edge_class]
    classes, code = np.unique(np.array(names, dtype=object), return_inverse=True)
    speed = np.array([profile.speed(name) for name in classes])[code]
    ahead = length * 0.06 / speed if minutes_forward is None else np.asarray(minutes_forward, float)
    back = ahead if minutes_backward is None else np.asarray(minutes_backward, float)
    _check_edges(length, ahead, back, code, len(u), source.name)
    crs = crs or metric_crs(*lonlat[0])
    draft = Draft(
        node_lonlat=lonlat,
        node_xy=project(lonlat[:, 0], lonlat[:, 1], crs),
        node_ids=np.arange(len(lonlat)),
        edge_from=u.astype(np.int32),
        edge_to=v.astype(np.int32),
        edge_metres=length.copy(),
        edge_minutes_forward=ahead.copy(),
        edge_minutes_backward=back.copy(),
        edge_class=code.astype(np.int16),
        class_names=tuple(map(str, classes)),
        geometry_xy=project(points[:, 0], points[:, 1], crs),
        geometry_metres=corner_metres(points, offsets),
        geometry_offsets=offsets,
        node_delay_minutes=None
        if node_delay_minutes is None
        else np.array(node_delay_minutes, float),
    )
    return finish(cls, draft, profile, crs=crs, source=source, keep=keep, assumptions=assumptions)


def corner_metres(lonlat: _Floats, offsets: NDArray[np.int64]) -> _Floats:
    """Metres on the ground (great circle) from the start of each line to its corner points."""
    step = great_circle_m(lonlat[:-1, 0], lonlat[:-1, 1], lonlat[1:, 0], lonlat[1:, 1])
    so_far = np.concatenate([[0.0], np.cumsum(step)])
    out: _Floats = so_far - np.repeat(so_far[offsets[:-1]], np.diff(offsets))
    return out


def line_metres(lonlat: _Floats, offsets: NDArray[np.int64]) -> _Floats:
    """Length on the ground of lines of lon/lat corner points (great circle)."""
    return corner_metres(lonlat, offsets)[offsets[1:] - 1]


def _check_nodes(lonlat: _Floats, u: NDArray[Any], v: NDArray[Any], name: str) -> None:
    if u.shape != v.shape or u.ndim != 1 or not len(u):
        raise NetworkError(
            f"{name}: edge_from and edge_to have shapes {u.shape} and {v.shape}; "
            "expected two lists of node rows of one length, not empty"
        )
    bad = ~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat) > (180, 90)).any(axis=1)
    faults = [
        Fault(name, f"node {i}", "lon, lat", str(tuple(lonlat[i].tolist())), "WGS84 degrees")
        for i in np.flatnonzero(bad)[:20]
    ]
    off = np.flatnonzero((u < 0) | (v < 0) | (u >= len(lonlat)) | (v >= len(lonlat)))
    faults += [
        Fault(name, f"edge {i}", "ends", f"{u[i]}, {v[i]}", f"node rows 0 to {len(lonlat) - 1}")
        for i in off[:20]
    ]
    if faults:
        raise NetworkError("nodes and edges do not make a network", faults)


def _check_edges(
    metres: _Floats, ahead: _Floats, back: _Floats, code: NDArray[Any], n: int, name: str
) -> None:
    faults = []
    for column, values, top in (
        ("metres", metres, "metres, 0 or more"),
        ("minutes_forward", ahead, "minutes, 0 or more, or inf where closed"),
        ("minutes_backward", back, "minutes, 0 or more, or inf where closed"),
    ):
        if values.shape != (n,):
            faults.append(Fault(name, "", column, str(values.shape), f"one value for {n} edges"))
            continue
        wrong = np.isnan(values) | (values < 0)
        if column == "metres":
            wrong |= np.isinf(values)
        faults += [
            Fault(name, f"edge {i}", column, str(values[i]), top)
            for i in np.flatnonzero(wrong)[:20]
        ]
    if len(code) != n:
        faults.append(Fault(name, "", "edge_class", str(len(code)), f"one value for {n} edges"))
    if faults:
        raise NetworkError("edges do not make a network", faults)
