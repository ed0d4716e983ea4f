"""What a street network holds: nodes, edges, minutes, metres, geometry, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from access.network.profiles import Profile

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]

#: Values of `Network.edge_sides`.
BOTH, WAY_OUT, WAY_IN, NEITHER = 0, 1, 2, 3


class _Csr(NamedTuple):
    """Open directed edges in compressed rows: `indices[indptr[n]:indptr[n + 1]]` leave node n."""

    indptr: _Ints
    indices: _Ints
    metres: _Floats
    minutes: _Floats
    edge: _Ints


@dataclass(frozen=True)
class _SourceInfo:
    """Where streets came from, for the ledger.

    Parameters
    ----------
    name : str
        File name or a plain description.
    sha256 : str
        Of the file's bytes; empty where there is no file.
    data_date : str
        The date of the data as the file's header gives it; empty where it gives none.
    licence : str
        Attribution that every output showing these streets must carry.
    """

    name: str
    sha256: str = ""
    data_date: str = ""
    licence: str = ""


@dataclass(frozen=True, eq=False)
class _LeftOut:
    """Streets that are not in a network, kept to say whom that concerns.

    Parameters
    ----------
    reason : tuple of str
        Words that `reason_code` points to.
    part : ndarray of int32, shape (k,)
        Number of the cut-off part, from 1; 0 where the street itself is refused.
    xy, offsets : ndarray
        Geometry in the network's CRS, as in `Network`.
    """

    reason: tuple[str, ...] = ()
    reason_code: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    part: _Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    metres: _Floats = field(default_factory=lambda: np.zeros(0))
    xy: _Floats = field(default_factory=lambda: np.zeros((0, 2)))
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))


@dataclass(frozen=True, eq=False)
class _NetworkData:
    """What a network is made of; see `Network` for what can be asked of it.

    Parameters
    ----------
    mode : str
        ``"walk"`` or ``"drive"``.
    crs : str
        Metric CRS of `node_xy` and `geometry_xy`.
    profile : Profile
    node_lonlat, node_xy : ndarray, shape (nodes, 2)
        WGS84 degrees; metres of `crs`.
    node_ids : ndarray of int64, shape (nodes,)
        OpenStreetMap ids, or row numbers. Not unique where a barrier cuts a street.
    node_delay_minutes : ndarray, shape (nodes,)
        Lost on entering the node: junctions and lights when driving.
    edge_from, edge_to : ndarray of int32, shape (edges,)
    edge_metres : ndarray, shape (edges,)
        On the ground, never grid metres.
    edge_minutes_forward, edge_minutes_backward : ndarray, shape (edges,)
        As drawn and against it; ``inf`` where it may not be travelled.
    edge_class : ndarray of int16, shape (edges,)
        Position in `class_names`.
    class_names : tuple of str
    edge_way : ndarray of int64, shape (edges,)
        OpenStreetMap way id; -1 where there is none.
    edge_name : ndarray of int32, shape (edges,)
        Position in `street_names`.
    street_names : tuple of str
    edge_speed_tagged : ndarray of bool, shape (edges,)
        Whether a tagged speed limit gave the minutes.
    geometry_xy : ndarray, shape (points, 2)
        Corner points of all edges, metres of `crs`.
    geometry_metres : ndarray, shape (points,)
        Metres on the ground from the start of its edge to each corner point.
    geometry_offsets : ndarray of int64, shape (edges + 1,)
        Where each edge begins in `geometry_xy`.
    source : SourceInfo
    counts : dict
        What was read, kept, refused and cut off.
    left_out : LeftOut
        Cut-off parts and private streets, for the audit.
    assumptions : tuple of str
        What readers of any number made with this network must be told.
    edge_sides : ndarray of uint8, shape (edges,)
        `BOTH`; `WAY_OUT` where one can leave for the rest of the network but not come back;
        `WAY_IN` where one can only be reached from it. Origins never join a `WAY_IN` street,
        destinations never a `WAY_OUT` street; none joins a tunnel, a motorway or a ferry
        (`NEITHER`).
    edge_local : ndarray of bool, shape (edges,)
        Streets that only trips which begin or end on them (or beyond) may use.
    banned_turns : ndarray of int32, shape (turns, 2)
        Half-edges (`Network.half_edges`) that may not follow each other.
    """

    mode: str
    crs: str
    profile: Profile
    node_lonlat: _Floats
    node_xy: _Floats
    node_ids: NDArray[np.int64]
    node_delay_minutes: _Floats
    edge_from: _Ints
    edge_to: _Ints
    edge_metres: _Floats
    edge_minutes_forward: _Floats
    edge_minutes_backward: _Floats
    edge_class: NDArray[np.int16]
    class_names: tuple[str, ...]
    edge_way: NDArray[np.int64]
    edge_name: _Ints
    street_names: tuple[str, ...]
    edge_speed_tagged: NDArray[np.bool_]
    geometry_xy: _Floats
    geometry_metres: _Floats
    geometry_offsets: NDArray[np.int64]
    source: _SourceInfo
    counts: dict[str, Any]
    left_out: _LeftOut = field(default_factory=_LeftOut)
    assumptions: tuple[str, ...] = ()
    edge_sides: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    edge_local: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    banned_turns: _Ints = field(default_factory=lambda: np.zeros((0, 2), np.int32))

    def __post_init__(self) -> None:
        for value in (*vars(self).values(), *vars(self.left_out).values()):
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
